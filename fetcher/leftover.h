/* SPDX-License-Identifier: MIT */
#ifndef LEFTOVER_H
#define LEFTOVER_H

/*
 * Proofs that a killed run of this instance left behind, known from their
 * rows. They are cleared away at once, but for those whose order will be
 * resumed: the CA may be looking at them. Those wait until the orders of
 * the pass have ended. What cannot be removed is said once a day, and is
 * given up after LEFTOVER_KEEP: no CA looks at it any more.
 */

#include <stdbool.h>
#include "batch.h"
#include "challenge/chall.h"

#define LEFTOVER_MAX  1000 /* in one run; the next goes on */
#define LEFTOVER_KEEP (7 * 86400)
#define LEFTOVER_SAID 20 /* lines in one run */

struct leftovers;

/* Reads the rows; nothing is cleared away yet. STATE_DIR keeps when something
 * was said last. */
int leftovers_new(struct store *store, struct batch *batch,
		  struct chall_ctx *chall, const char *owner,
		  const char *state_dir, struct leftovers **ret,
		  struct err *err) MUST_CHECK;
void leftovers_free(struct leftovers **l); /* leaves what is not done */

/* Begin with those that no order needs; DEFERRED: with the others too. */
void leftovers_begin(struct leftovers *l, bool deferred);
/* An order has removed this one itself. */
void leftovers_gone(struct leftovers *l, const char *proof_id);
bool leftovers_busy(const struct leftovers *l);

#endif
