/* SPDX-License-Identifier: MIT */
#ifndef DNS_WALK_H
#define DNS_WALK_H

/*
 * What the name servers of a zone themselves say about a name: from a zone
 * whose servers are known down to where they refer to no others, without
 * recursion.
 *
 * A resolver remembers for hours what is not there, for one type (RFC 2308),
 * for a whole name, or for a span of names (RFC 8198), and it may be the one
 * the CA asks next. So it is asked only for what is sure to exist: the name
 * servers of the zone a walk begins at and their addresses. A walk begins at
 * the longest configured zone the name lies in, or else at its domain, which
 * is the public suffix and one label.
 *
 * Who has a zone names its servers as he likes, and could have absences of ours
 * remembered by names such as _acme-challenge.OURS: one that begins with '_' is
 * not asked for, and the address of one that lies in a configured zone is asked
 * of the servers of that, unless it is a server of that zone itself.
 *
 * The servers of a zone are found once and kept for some minutes; whoever
 * needs the same ones at the same time shares the look-up.
 */

#include "dns_ask.h"
#include "dns_lookup.h"

#define DNS_WALK_STEPS_MAX 32
#define DNS_WALK_KEEP_MS   300000
/* of a zone's servers: dead ones take their time */
#define DNS_WALK_ADDR_MAX 6
#define DNS_WALK_NS_MAX	  6

/* A configured zone. Its strings and arrays live longer than the walker. */
struct dns_start {
	const char *zone;	     /* canonical */
	const struct dns_addr *addr; /* its servers; none: the resolver says */
	size_t n_addr;
	const struct dns_key *key; /* to sign the questions by, or NULL */
};

struct dns_walker;
struct dns_walk;

/* RESOLVER and STARTS live longer. */
struct dns_walker *dns_walker_new(struct dns_net *net,
				  struct dns_resolver *resolver,
				  const struct dns_start *starts,
				  size_t n_starts);
void dns_walker_free(struct dns_walker **w); /* nobody walks any more */

/*
 * M, valid during the call: NOERROR or NXDOMAIN from a server of ZONE, the
 * last zone that was referred to; the name may lie in a zone below it which
 * those servers have, too. An alias is not followed. NULL:
 *	ERR_UNAVAILABLE	 nobody answers
 *	ERR_INPUT	 the domain does not exist
 *	ERR_CONFIG	 the configured zone does not exist
 * Always from the loop; gone then: forget the pointer.
 */
typedef void dns_walk_fn(void *arg, const struct dns_msg *m, const char *zone,
			 const struct err *err);
/* NAME canonical; it need not outlive the call. */
struct dns_walk *dns_walk(struct dns_walker *w, const char *name, unsigned type,
			  dns_walk_fn *fn, void *arg);
void dns_walk_cancel(struct dns_walk **walk); /* accepts NULL; no callback */

/* --- pure --- */

enum dns_says {
	DNS_SAYS_NOTHING,  /* not the server of that zone, or in trouble */
	DNS_SAYS_REFERRAL, /* to a zone below */
	DNS_SAYS_NO_ZONE,  /* there is no such zone, says one above it */
	DNS_SAYS_ANSWER,   /* this is there, or nothing is */
};
/* What an answer of a server of ZONE about NAME is; ret_cut, for a referral:
 * the zone it refers to, in M. */
enum dns_says dns_walk_says(const struct dns_msg *m, const char *name,
			    const char *zone, const char **ret_cut);

/* The domain NAME belongs to: the public suffix and one label, which is there
 * if anything below it is. Labels that begin with '_' and what stands before
 * them are no part of it; a public suffix is its own. A part of NAME. */
const char *dns_walk_domain(const char *name);

#endif
