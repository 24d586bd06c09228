/* SPDX-License-Identifier: MIT */
#ifndef PROOF_SWEEP_H
#define PROOF_SWEEP_H

/*
 * Proofs that a killed run of this instance left behind, known from their
 * rows. They are cleared away at once, but for those whose order will be
 * resumed: the CA may be looking at them. Those wait until the orders of
 * the pass have ended. What cannot be removed is said once a day with its
 * cause, and of many that have the same cause the first. After PROOF_SWEEP_KEEP
 * it is given up, and said what lies where and how a person removes it: no CA
 * looks at it any more. A row may be anybody's: where nothing leads to what it
 * says, nothing is sent, and it goes the same way.
 */

#include <stdbool.h>
#include "batch.h"
#include "chall.h"

#define PROOF_SWEEP_MAX	 1000 /* in one run; the next goes on */
#define PROOF_SWEEP_KEEP (7 * 86400)
#define PROOF_SWEEP_SAID 20 /* lines in one run */

struct proof_sweep;

/* Reads the rows; nothing is cleared away yet. STATE_DIR keeps when something
 * was said last. */
int proof_sweep_new(struct store *store, struct batch *batch,
		    struct chall_ctx *chall, const char *owner,
		    const char *state_dir, struct proof_sweep **ret,
		    struct err *err) MUST_CHECK;
void proof_sweep_free(struct proof_sweep **l); /* leaves what is not done */

/* Begin with those that no order needs; DEFERRED: with the others too. */
void proof_sweep_begin(struct proof_sweep *l, bool deferred);
/* An order has removed this one itself. */
void proof_sweep_gone(struct proof_sweep *l, const char *proof_id);
bool proof_sweep_busy(const struct proof_sweep *l);

#endif
