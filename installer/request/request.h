/* SPDX-License-Identifier: MIT */
#ifndef REQUEST_H
#define REQUEST_H

/*
 * --request: a key where a certificate of the configuration has none, or, with
 * --new-key, the next one beside the one in use; a CSR of it, and that to the
 * store or to stdout. The key stays on this host.
 *
 * Nothing that a service reads is changed, but for a key where none is. Twice
 * is once: a key that is there is used, and the store has a request of it once.
 */

#include "host.h"

struct request_how {
	bool print;   /* to stdout, the store is not asked */
	bool new_key; /* the next one */
};

/* Of each certificate that R was asked for; counted in good and bad. -1: the
 * store is away, nothing was made. */
int request_all(struct host *r, const struct request_how *how,
		struct err *err) MUST_CHECK;
/* The next key of NAME, by itself, and a request of it; remembered in R's
 * requested, and not saved. */
int request_next(struct host *r, struct store *store, const char *name,
		 struct err *err) MUST_CHECK;
/* ONE, which the store has lost, is sent again, and remembered like that: 1; 0:
 * its certificate is not configured any more, or its key is gone or another
 * one; -1. */
int request_again(struct host *r, struct store *store,
		  const struct requested_one *one, struct err *err) MUST_CHECK;

#endif
