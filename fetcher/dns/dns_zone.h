/* SPDX-License-Identifier: MIT */
#ifndef DNS_ZONE_H
#define DNS_ZONE_H

/*
 * The zones that are changed: the server that takes the UPDATE, the key it
 * takes it from, and the servers that are to answer with the value. What the
 * configuration does not say the zone's own servers do (dns_walk.h): the
 * primary of the SOA, all addresses of all NS.
 *
 * The settings of a zone are those of the longest configured zone it is or
 * lies in.
 */

#include <sys/queue.h>
#include "certrepo_conf.h"
#include "dns_key.h"
#include "dns_walk.h"

#define DNS_ZONE_SERVERS_MAX 8
#define DNS_ZONE_NS_MAX	     16
#define DNS_ZONE_CHECK_MAX   32
#define DNS_ZONE_KEEP_MS     300000

struct dns_zone {
	const char *name;
	struct dns_addr server[DNS_ZONE_SERVERS_MAX]; /* any of these */
	size_t n_server;
	const char *primary; /* who they are, if the SOA said so; or NULL */
	const struct dns_key *key;
	const char *key_file;			   /* for messages */
	struct dns_addr check[DNS_ZONE_CHECK_MAX]; /* all of these */
	size_t n_check;
	bool check_configured;
	bool check_signed; /* ask them with the key */
};

/* One of conf->zones, checked. */
struct dns_setting {
	const struct proof_zone *conf;
	char name[DNS_NAME_TEXT]; /* canonical */
	bool has_server;
	struct dns_addr server;
	struct dns_addr check[DNS_ZONE_CHECK_MAX + 1]; /* and server */
	size_t n_check;
};

struct dns_zones;

/* The addresses in CONF, or in /etc/resolv.conf. ERR_CONFIG, ERR_INPUT. */
int dns_zone_resolvers(const struct proof_dns *conf,
		       struct dns_addr ret[DNS_RESOLVERS_MAX], size_t *ret_n,
		       struct err *err) MUST_CHECK;

/* CONF lives longer. Its names and addresses are checked: ERR_CONFIG. */
int dns_zones_new(const struct proof_dns *conf, struct dns_net *net,
		  struct dns_zones **ret, struct err *err) MUST_CHECK;
void dns_zones_free(struct dns_zones **z); /* nobody waits any more */

struct dns_walker *dns_zones_walker(const struct dns_zones *z);
struct dns_resolver *dns_zones_resolver(const struct dns_zones *z);
/* The settings for NAME, or NULL. */
const struct dns_setting *dns_zones_setting(const struct dns_zones *z,
					    const char *name);
/* May a zone that has no settings be changed? By dns.any_zone; and where no
 * zone at all is configured, the default key can mean no other. */
bool dns_zones_any(const struct dns_zones *z);
/* Is there a key that any_zone would let be used? */
bool dns_zones_default_key(const struct dns_zones *z);
/* The first configured zone, or NULL. */
const char *dns_zones_first(const struct dns_zones *z);

struct dns_zone_wait;
/* ZONE lives as long as the struct dns_zones. NULL: err says why: ERR_CONFIG,
 * ERR_UNAVAILABLE, ERR_INPUT. */
typedef void dns_zone_fn(void *arg, const struct dns_zone *zone,
			 const struct err *err);
struct dns_zone_wait {
	struct entry *entry; /* NULL: not waiting */
	dns_zone_fn *fn;
	void *arg;
	TAILQ_ENTRY(dns_zone_wait) link;
};
/* The zone NAME, whose SOA names PRIMARY (NULL: not known), by the settings
 * of S (may be NULL). WAIT, the caller's, has fn and arg; fn may be called
 * from within. */
void dns_zone_get(struct dns_zones *z, const char *name, const char *primary,
		  const struct dns_setting *s, struct dns_zone_wait *wait);
void dns_zone_get_cancel(struct dns_zone_wait *wait); /* no callback */

/* The zone as this run has located it with SERVER as its first, or NULL. A
 * removal that follows an addition goes by it, or it would overtake. */
const struct dns_zone *dns_zone_known(const struct dns_zones *z,
				      const char *zone, const char *server);

/* The zone NAME (canonical) with the server that its settings name, for
 * removing what an earlier run left, where nobody can say more of the zone:
 * check is empty. 1, 0 where none is named, -1: no key, ERR_CONFIG. */
int dns_zone_given(struct dns_zones *z, const char *name,
		   const struct dns_zone **ret, struct err *err) MUST_CHECK;

#endif
