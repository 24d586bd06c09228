/* SPDX-License-Identifier: MIT */
#ifndef TXN_PART_H
#define TXN_PART_H

/* What a transaction does to one of its services, and what came of it. */

#include "judge.h"
#include "journal.h"
#include "host.h"
#include "svcstate.h"

enum txn_result {
	TXN_SERVED,   /* done: every endpoint serves it (or there is none, or
		       * the service is stopped) */
	TXN_UNSEEN,   /* in place; an endpoint that could not be reached
		       * before still cannot, or this host could not look, or
		       * a command afterwards failed */
	TXN_WAITING,  /* in place, and told, if there is a way; it may take a
		       * person or a reboot until it is served */
	TXN_SAME,     /* in place; an endpoint fails as it did before, which
		       * says nothing against it */
	TXN_FAILED,   /* nothing was touched */
	TXN_BACK,     /* the old set is in place again, and served */
	TXN_LOST,     /* what was before is gone: what is there stays, and the
		       * next look judges it */
	TXN_UNPROVEN, /* rolled back, but not seen to be served: the journal
		       * stays, the next run goes on */
};

struct txn_part {
	/* the caller's; borrowed */
	struct host *run;
	const struct svc *svc; /* NULL: not configured any more */
	struct svcstate *state;
	const struct judge *g;
	const struct verify_seen *before; /* the endpoints, before */

	/* of the transaction */
	struct journal *j;
	struct verify_seen *seen; /* the last look at each endpoint */
	bool stopped;		  /* by the word of its profile */
	bool again;		  /* a run before was on the way back already */
	bool quiet;		  /* nobody was told yet, nor is now */

	enum txn_result result;
	struct err err; /* the story of all but SERVED */
};

/* The word for it in receipts and notices, and whose matter it is there. */
enum receipt_state txn_part_state(const struct txn_part *p);
enum notice_topic txn_part_topic(const struct txn_part *p);

#endif
