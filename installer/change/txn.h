/* SPDX-License-Identifier: MIT */
#ifndef TXN_H
#define TXN_H

/*
 * One change of one or several services, from the first backup to the last
 * handshake, or back: all of them, or none. Every step is in the journal
 * before it is taken, and may be taken twice.
 */

#include "txn_part.h"

/* Each part's result and err are set. At most JOURNAL_PARTS_MAX parts. */

/* Install what each part's gather has under PLAN_PUT. HOLD: the digest a
 * failure is held under, by each. */
void txn_install(struct host *r, struct txn_part *parts, size_t n,
		 const char *hold);
/* Go back to the newest backup of each. */
void txn_go_back(struct host *r, struct txn_part *parts, size_t n);
/* Finish or undo what a killed run left in the journal at PATH: svc, state and
 * j of each part are set, j as the journal says, in its order. TXN_BACK
 * without a message in err: there was nothing left to do but tidying. */
void txn_recover(struct host *r, const char *path, struct txn_part *parts,
		 size_t n);

/* What a run would do first with J, a part of a journal that was left: a
 * sentence, or NULL: nothing but tidying. *RET_ENDS: the run then goes on with
 * its service, whatever comes of it. */
const char *txn_outlook(struct host *r, const struct svc *s,
			const struct journal *j, bool *ret_ends);

/* Of the journal NAME. */
const char *txn_journal_path(const struct host *r, const char *name);

#endif
