/* SPDX-License-Identifier: MIT */
#ifndef DNS_PATH_H
#define DNS_PATH_H

/* The aliases that lead from a name to where its records are: CNAME, DNAME,
 * across zones. Pure. */

#include "dns_msg.h"

#define DNS_HOPS_MAX 8

struct dns_path {
	char name[DNS_HOPS_MAX + 1][DNS_NAME_TEXT];
	unsigned hops; /* name[hops] is the present one */
};
/* OWNER canonical. */
void dns_path_init(struct dns_path *p, const char *owner);
const char *dns_path_name(const struct dns_path *p); /* the present one */

/* The alias M says the present name is: 1 with its target, 0 for none, or -1
 * (ERR_LIMIT: a DNAME makes it too long). ret_dname: by a DNAME above it. */
int dns_path_alias(const struct dns_path *p, const struct dns_msg *m,
		   char ret[DNS_NAME_TEXT], bool *ret_dname,
		   struct err *err) MUST_CHECK;
/* ERR_CONFIG: a circle, or more than DNS_HOPS_MAX. */
int dns_path_go(struct dns_path *p, const char *to, struct err *err) MUST_CHECK;

/* The SOA record M gives for NAME, or NULL: the one closest to it. */
const struct dns_rr *dns_path_soa(const struct dns_msg *m, const char *name);

/* For how long resolvers may remember what is not in the zone of SOA (RFC 2308
 * section 5), in seconds. */
uint32_t dns_path_negative_ttl(const struct dns_rr *soa);

#endif
