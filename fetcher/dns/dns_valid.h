/* SPDX-License-Identifier: MIT */
#ifndef DNS_VALID_H
#define DNS_VALID_H

/*
 * Look-ups whose answers are checked by DNSSEC (RFC 4035), through libunbound
 * in our loop. The resolvers are asked, and the signatures are checked here,
 * down from the trust anchors of a file: nothing on the way need be believed.
 *
 * A resolver that takes the signatures out of its answers makes all of them
 * bogus; so does a zone of one's own below a name that is signed and says that
 * there is no such zone. The latter are named in INSECURE (RFC 7646).
 */

#include <stdbool.h>
#include "dns_addr.h"
#include "dns_msg.h"
#include "loop.h"

struct dns_valid;
struct dns_valid_ask; /* one who waits for an answer */

struct dns_valid_opts {
	const struct dns_addr *servers;
	size_t n_servers;
	const char *anchor; /* DS or DNSKEY records; NULL, "" or no such file:
			     * nothing is checked */
	const char *const *insecure; /* domains; NULL or ended by NULL */
	int64_t timeout_ms;	     /* for one look-up */
};

/* OPTS is copied. ERR_CONFIG: the anchor's file cannot be used. */
int dns_valid_new(struct loop *loop, const struct dns_valid_opts *opts,
		  struct dns_valid **ret, struct err *err) MUST_CHECK;
/* Cancels what is under way. Not from a callback. Accepts NULL. */
void dns_valid_free(struct dns_valid **v);

enum dns_valid_state {
	DNS_VALID_UNCHECKED, /* there is no trust anchor */
	DNS_VALID_INSECURE,  /* nobody signs there, and that is proven */
	DNS_VALID_SECURE,
	DNS_VALID_BOGUS, /* signed, and not by whom it should be */
};
const char *dns_valid_state_text(enum dns_valid_state s); /* "not checked" */

/* Valid during the call. M has rcode NOERROR or NXDOMAIN; NULL when BOGUS,
 * which WHY, other people's words, explains. */
struct dns_valid_answer {
	enum dns_valid_state state;
	const struct dns_msg *m;
	const char *why;
};
/* A is NULL when no usable answer came: ERR_UNAVAILABLE, ERR_INPUT, ERR_LIMIT.
 * Always from the loop; the look-up is gone then: forget the pointer. */
typedef void dns_valid_fn(void *arg, const struct dns_valid_answer *a,
			  const struct err *err);
/* NAME is canonical. */
struct dns_valid_ask *dns_valid_ask(struct dns_valid *v, const char *name,
				    unsigned type, dns_valid_fn *fn, void *arg);
void dns_valid_cancel(struct dns_valid_ask **a); /* accepts NULL */

#endif
