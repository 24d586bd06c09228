/* SPDX-License-Identifier: MIT */
#ifndef TXN_IMPL_H
#define TXN_IMPL_H

/* What the files of a transaction share: txn.c takes the steps, txn_close.c
 * ends them, lay.c is the short one of a placeholder. */

#include "txn.h"

struct txn {
	struct host *run;
	const char *path; /* of the journal */
	struct txn_part *v;
	struct journal *j; /* of each part, in their order */
	size_t n;
	bool going; /* what is on disk may say that it is to be gone on with */
	bool untested; /* it goes back because a test failed */
	bool late;     /* a run before began it, in its hours maybe */
};

const char *txn_state_dir(const struct txn *t);
/* The journal, as it is now. */
int txn_write(const struct txn *t, struct err *err) MUST_CHECK;

/* Name it and its parts, whose svc, state, g and before are set. ERR_CONFLICT:
 * an earlier change of one is not finished. */
int txn_begin(struct txn *t, struct host *r, struct txn_part *parts, size_t n,
	      struct err *err) MUST_CHECK;
/* Nothing the services read was touched: throw away what was prepared. */
void txn_abandon(struct txn *t);
/* Of the parts whose end is proven, throw away what only an unfinished change
 * needs. From here on nothing of them is undone any more, and a killed run must
 * not try to. */
void txn_close(struct txn *t);
/* What nobody goes back to any more. */
void txn_prune(const struct txn *t, const struct txn_part *p);

#endif
