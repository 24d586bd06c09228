/* SPDX-License-Identifier: MIT */
#ifndef DNS_LOOKUP_H
#define DNS_LOOKUP_H

/*
 * Ask the resolvers, one after another until one gives a usable answer. They
 * remember what is not there: see dns_walk.h for what they may be asked.
 * Answers are kept for some minutes, and whoever asks for the same thing at
 * the same time shares one query. A resolver may be a server that knows its
 * own zones only: its referral or refusal sends us to the next one.
 */

#include "dns_ask.h"

#define DNS_LOOKUP_KEEP_MS 300000

struct dns_resolver;
struct dns_lookup; /* one who waits for an answer */

/* FROM, for messages, lives longer: where their addresses stand. */
struct dns_resolver *dns_resolver_new(struct dns_net *net,
				      const struct dns_addr *servers, size_t n,
				      const char *from);
void dns_resolver_free(struct dns_resolver **r); /* nobody waits any more */

/* M has rcode NOERROR or NXDOMAIN and is valid during the call. NULL: none
 * of the servers gave a usable answer, and where none answered at all, err says
 * that it is them; ERR_UNAVAILABLE. Always from the
 * loop; the lookup is gone then: forget the pointer. */
typedef void dns_lookup_fn(void *arg, const struct dns_msg *m,
			   const struct err *err);
/* NAME is canonical. */
struct dns_lookup *dns_lookup(struct dns_resolver *r, const char *name,
			      unsigned type, dns_lookup_fn *fn, void *arg);
void dns_lookup_cancel(struct dns_lookup **l); /* accepts NULL */

#endif
