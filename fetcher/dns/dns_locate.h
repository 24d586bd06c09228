/* SPDX-License-Identifier: MIT */
#ifndef DNS_LOCATE_H
#define DNS_LOCATE_H

/*
 * Where a TXT record has to go: follow CNAME and DNAME from its name, across
 * zones; find the zone of the last name by its SOA, as its own servers have
 * it (dns_walk.h).
 *
 * The zone is the longer of the one that the SOA names and the configured one
 * the name lies in: a sub-zone that has its own SOA is updated with the
 * settings of its parent, and a zone that only we know is what the
 * configuration says. One that no configured zone covers is changed only with
 * dns.any_zone.
 *
 * A CNAME in a zone of ours that a wildcard made up is not followed: it is
 * there only as long as the name has no record, and with the proof it has.
 * For the same reason a CNAME must not lead to a name that only a wildcard
 * serves with addresses or mail, nor below it: ERR_CONFIG. Where that is the
 * name to be proven itself, the log says so: it is where the proof has to be.
 *
 * Where a firewall keeps us from the servers of a zone that is not ours, the
 * resolvers are asked for the CNAME that has to be there; for that record
 * alone, so that they do not look for its target.
 */

#include "dns_path.h"
#include "dns_zone.h"

struct dns_place {
	const char *owner; /* the name at the end of the path */
	const struct dns_zone *zone;
	bool exists;  /* it has TXT records of its own, with this TTL */
	uint32_t ttl; /* at most a day */
	/* What is not there resolvers remember for so long, by the SOA that its
	 * name servers gave; 0: nobody says. */
	uint32_t negative_ttl;
};

/* PLACE is valid during the call, its zone as long as the struct dns_zones.
 * NULL: err says why: ERR_CONFIG, ERR_UNAVAILABLE, ERR_INPUT. Always from the
 * loop; gone then: forget the pointer. */
typedef void dns_locate_fn(void *arg, const struct dns_place *place,
			   const struct err *err);
struct dns_locate;
/* OWNER canonical. */
struct dns_locate *dns_locate(struct dns_zones *z, const char *owner,
			      dns_locate_fn *fn, void *arg);
void dns_locate_cancel(struct dns_locate **l); /* accepts NULL */

#endif
