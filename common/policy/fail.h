/* SPDX-License-Identifier: MIT */
#ifndef FAIL_H
#define FAIL_H

/* Why an attempt failed: decides whom it counts against, how long to wait
 * and whether a person is needed (backoff.h), and names it in the store. */

#include <stdbool.h>
#include <stdint.h>
#include "err.h"

enum fail_class {
	FAIL_NONE = 0,
	/* the name's: counted, backed off per name */
	FAIL_RATE_LIMITED, /* this name or its registered domain (429) */
	FAIL_CAA,
	FAIL_DNS,	   /* the CA's look-up, or our UPDATE or zone */
	FAIL_CONNECTION,   /* the CA could not fetch the http-01 proof */
	FAIL_UNAUTHORIZED, /* the CA saw a wrong proof */
	FAIL_BAD_CSR,
	FAIL_REJECTED, /* rejectedIdentifier, policy */
	FAIL_BAD_CERT, /* what was issued is not what was asked for */
	FAIL_CONFIG,   /* our configuration or the row is wrong */
	/* the CA's or the account's: back off the CA, count against no name */
	FAIL_CA_RATE_LIMITED,
	FAIL_CA_DOWN, /* unreachable, 5xx, not JSON, cut, endless */
	FAIL_ACCOUNT, /* deactivated, unknown, agreement missing */
	FAIL_CLOCK,   /* the CA's clock and ours are far apart */
	/* ours: short wait, counts against no name */
	FAIL_INTERNAL,
	FAIL_HOST, /* this host is short of descriptors, memory, ports */
	FAIL_STORE,
	FAIL_LOCKED, /* somebody else holds the row */
};

/* "rate-limited", ...: as stored in fail_class and attempts.outcome. */
const char *fail_name(enum fail_class c);
bool fail_of_ca(enum fail_class c);	/* concerns the whole CA or account */
bool fail_of_person(enum fail_class c); /* only a person can mend it */
/* A name that fails so as often as count_fail_limit says, in a row, is held. */
bool fail_holds(enum fail_class c);
/* The same of what is stored. */
bool fail_name_holds(const char *name);

/* One failure on its way up: class, the sentence, and until when the peer
 * asked us to wait (Retry-After as an instant; 0: it did not say). */
struct fail {
	enum fail_class class;
	int64_t retry_at;
	bool limited; /* it counts requests and said so (429) */
	/* A proof in the DNS was looked for and not there: for how many seconds
	 * resolvers may remember that (RFC 2308). 0: it is something else. */
	int64_t absent;
	/* What its words are about, whatever its type: a profile of the CA's;
	 * what a key may be used for (RFC 5280 section 4.2.1.12). */
	bool of_profile, of_usage;
	bool lasting; /* no try mends it before a person does */
	bool later;   /* it seems so: asked once more, hours later */
	bool unspent; /* seen before anything was asked of the CA, which may
		       * mend it: counted against nobody, tried each hour */
	bool here;    /* of our own files or settings, the CA has no part in it:
		       * judged anew by each run */
	char detail[600];
};

void fail_set(struct fail *f, enum fail_class c, int64_t retry_at,
	      const char *fmt, ...) PRINTF_LIKE(4, 5);

#endif
