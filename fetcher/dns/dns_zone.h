/* SPDX-License-Identifier: MIT */
#ifndef DNS_ZONE_H
#define DNS_ZONE_H

/*
 * Where a TXT record has to go: follow CNAME and DNAME from its name, across
 * zones; find the zone of the last name by its SOA; find the server that
 * takes the UPDATE, the key it takes it from, and the servers that are to
 * answer with the value.
 *
 * The settings of a zone are those of the longest configured zone the name
 * lies in. The zone itself is the longer of that one and the one the SOA
 * names: a sub-zone that has its own SOA is updated with the settings of its
 * parent, and a zone that only we know (split horizon, resolvers that do not
 * see it) is what the configuration says.
 */

#include "certrepo_conf.h"
#include "dns_key.h"
#include "dns_lookup.h"

#define DNS_HOPS_MAX	     8
#define DNS_ZONE_SERVERS_MAX 8
#define DNS_ZONE_NS_MAX	     16
#define DNS_ZONE_CHECK_MAX   32
#define DNS_ZONE_KEEP_MS     300000

/* A name and the aliases that were followed to it. */
struct dns_path {
	char name[DNS_HOPS_MAX + 1][DNS_NAME_TEXT];
	unsigned hops; /* name[hops] is the present one */
};
/* OWNER canonical. */
void dns_path_init(struct dns_path *p, const char *owner);
/* Follow what the answer section says: 1 when the name changed, 0, or -1
 * (ERR_CONFIG: a circle, or more than DNS_HOPS_MAX). */
int dns_path_follow(struct dns_path *p, const struct dns_msg *m,
		    struct err *err) MUST_CHECK;
/* The SOA record M gives for the path's present name, or NULL. */
const struct dns_rr *dns_path_soa(const struct dns_path *p,
				  const struct dns_msg *m);

struct dns_zone {
	const char *name;
	struct dns_addr server[DNS_ZONE_SERVERS_MAX]; /* any of these */
	size_t n_server;
	const struct dns_key *key;
	const char *key_file;			   /* for messages */
	struct dns_addr check[DNS_ZONE_CHECK_MAX]; /* all of these */
	size_t n_check;
	bool check_configured;
};

struct dns_zones;

/* CONF lives longer. Its names and addresses are checked: ERR_CONFIG. */
int dns_zones_new(const struct certrepo_dns *conf, struct dns_net *net,
		  struct dns_zones **ret, struct err *err) MUST_CHECK;
void dns_zones_free(struct dns_zones **z); /* nobody waits any more */

/*
 * OWNER: the name at the end of the path, valid during the call; ZONE lives
 * as long as the struct dns_zones. ZONE NULL: err says why: ERR_CONFIG,
 * ERR_UNAVAILABLE, ERR_INPUT. Always from the loop.
 */
typedef void dns_locate_fn(void *arg, const char *owner,
			   const struct dns_zone *zone, const struct err *err);
struct dns_locate;
struct dns_locate *dns_zone_locate(struct dns_zones *z, const char *owner,
				   dns_locate_fn *fn, void *arg);
void dns_zone_locate_cancel(struct dns_locate **l); /* accepts NULL */

/* The zone as this run has located it with SERVER as its first, or NULL. A
 * removal that follows an addition goes by it, or it would overtake. */
const struct dns_zone *dns_zone_known(const struct dns_zones *z,
				      const char *zone, const char *server);

/* The zone and server of an earlier run, with today's key: for removing
 * what that run left, where the zone cannot be located. check is empty. */
int dns_zone_stored(struct dns_zones *z, const char *zone, const char *server,
		    const struct dns_zone **ret, struct err *err) MUST_CHECK;

#endif
