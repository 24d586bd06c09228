/* SPDX-License-Identifier: MIT */
#ifndef BATCH_H
#define BATCH_H

/*
 * Changes to the store, gathered for one round of the loop and committed in
 * one transaction: many orders then cost one commit. While the store is
 * away the batch is kept and tried again, for BATCH_PATIENCE_MS; whoever
 * waits for his commit just waits longer. A change whose row somebody has
 * locked is put back, for a second, doubling to thirty, while the others go
 * on; and, after BATCH_PATIENCE_MS, not made: ERR_LOCKED.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "store.h"

#define BATCH_PATIENCE_MS (120 * 1000)

struct batch;

/* One change, within the transaction. May run more than once, and must not
 * keep anything of a run before the last. ERR_CONFLICT: nothing was changed,
 * the others go on. */
typedef int batch_op(struct store *store, void *arg, struct err *err);
/* err is NULL once the change is committed; else it was not made. */
typedef void batch_done(void *arg, const struct err *err);

struct batch *batch_new(struct store *store);
void batch_free(struct batch **b); /* forgets what was not committed */

/* Order is kept, of what is locked among those of the same ARG. done may be
 * NULL; it is called from batch_flush. */
void batch_add(struct batch *b, batch_op *op, batch_done *done, void *arg);
/* Forget the changes of ARG: neither op nor done is called any more. */
void batch_forget(struct batch *b, const void *arg);
/* A claim: its row may as well be left for another run. ERR_LOCKED already
 * when it is still locked a second later. */
void batch_add_claim(struct batch *b, batch_op *op, batch_done *done,
		     void *arg);
/* Is there something to flush now, other than what was put back; is there
 * nothing at all? */
bool batch_waiting(const struct batch *b);
bool batch_empty(const struct batch *b);
/* Who reads from the store finds it away as well, or, where no change waits to
 * be made, there again. MISSED: 0, or -1 and ERR is left as it is when that has
 * been so for too long. AWAY: it need not be asked yet. */
int batch_missed(struct batch *b, struct err *err) MUST_CHECK;
void batch_met(struct batch *b);
bool batch_away(const struct batch *b);
/* The program is to end: store_hurry(), and what is locked is not made. */
void batch_hurry(struct batch *b);

/*
 * Commit what was gathered. 0: done, or the store is away and *ret_wait_ms
 * says when to try again (0 otherwise). -1: it has been away for too long
 * (ERR_UNAVAILABLE), the batch is still there.
 * A change that the store refuses for a reason of its own fails alone.
 */
int batch_flush(struct batch *b, int64_t *ret_wait_ms,
		struct err *err) MUST_CHECK;

/* Instead of BATCH_PATIENCE_MS and the first second. */
void batch_patience_for_test(struct batch *b, int64_t ms, int64_t locked_ms);

#endif
