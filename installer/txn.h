/* SPDX-License-Identifier: MIT */
#ifndef TXN_H
#define TXN_H

/*
 * One change of one service, from the first backup to the last handshake,
 * or back. Every step is in the journal before it is taken, and may be
 * taken twice.
 */

#include "gather.h"
#include "journal.h"
#include "run.h"
#include "svcstate.h"

enum txn_result {
	TXN_SERVED,   /* done: every endpoint serves it (or there is none) */
	TXN_UNSEEN,   /* in place; an endpoint that could not be reached before
		       * still cannot, or a command afterwards failed */
	TXN_FAILED,   /* nothing was touched */
	TXN_BACK,     /* the old set is in place again, and served */
	TXN_UNPROVEN, /* rolled back, but not seen to be served: the journal
		       * stays, the next run goes on */
};

/* Install what G has under PLAN_PUT. SEEN: the endpoints before. HOLD: the
 * digest a failure is held under. err tells the story of all but SERVED. */
enum txn_result txn_install(struct run *r, const struct svc *s,
			    struct svcstate *state, const struct gather *g,
			    const struct verify_seen *seen, const char *hold,
			    struct err *err);
/* Go back to the newest backup. */
enum txn_result txn_go_back(struct run *r, const struct svc *s,
			    struct svcstate *state, const struct gather *g,
			    const struct verify_seen *seen, struct err *err);
/* The files are right, what is served is not. TXN_SERVED or TXN_FAILED. */
enum txn_result txn_activate(struct run *r, const struct svc *s,
			     const struct gather *g, struct err *err);
/* Finish or undo what a killed run left; J as its journal says. S NULL: the
 * service is no longer configured. */
enum txn_result txn_recover(struct run *r, const struct svc *s,
			    struct svcstate *state, struct journal *j,
			    struct err *err);

const char *txn_journal_path(const struct run *r, const char *service);

#endif
