/* SPDX-License-Identifier: MIT */
#ifndef DNS_CLIMB_H
#define DNS_CLIMB_H

/*
 * The CAA records that concern a name (RFC 8659 section 3): its own, else
 * those of the name above it, and so on, below the root; the first set that is
 * there counts, whatever is in it. A name that is an alias has those of where
 * it leads; where there are none, the names above it are next, not those above
 * where it leads.
 *
 * The resolvers are asked. What they do not know is an error, never an
 * absence: then nobody may issue.
 */

#include "dns_caa.h"
#include "dns_lookup.h"

struct dns_climb;

struct dns_climb_found {
	const char *at;	 /* whose set it is; NULL: none has one */
	const char *end; /* where AT leads as an alias, or AT */
	const struct dns_caa *set;
	size_t n;
	const char *alias; /* where the name itself leads, or NULL */
};

/* FOUND, valid during the call, with strings and set in the arena given. NULL:
 * err says why, and of which name. Always from the loop; gone then: forget the
 * pointer.
 *	ERR_UNAVAILABLE	 the resolvers do not know, or cannot be reached
 *	ERR_CONFIG	 aliases that run in a circle, or too many of them
 *	ERR_INPUT	 records that cannot be read, ERR_LIMIT: too many */
typedef void dns_climb_fn(void *arg, const struct dns_climb_found *found,
			  const struct err *err);
/* NAME canonical, no wildcard; it need not outlive the call. */
struct dns_climb *dns_climb(struct dns_resolver *r, const char *name,
			    struct arena *arena, dns_climb_fn *fn, void *arg);
void dns_climb_cancel(struct dns_climb **c); /* accepts NULL; no callback */

#endif
