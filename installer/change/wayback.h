/* SPDX-License-Identifier: MIT */
#ifndef WAYBACK_H
#define WAYBACK_H

/* Whether there is a way back from a change that failed: to wait for what
 * cannot come would help nobody. */

#include "txn_part.h"

/* A person says so, of what he asked for. */
bool wayback_forced(const struct txn_part *p);
/* TXN_LOST, WHY; it is not held, so that the run goes on with the service. */
void wayback_give_up(struct txn_part *p, const char *why);
/* The old files are back, but not seen to be served: was it given up, since
 * they never can be. */
bool wayback_ends(struct txn_part *p);
/* Before they are: is there none, and the new set, which failed, the better
 * one? Then it was given up, and what died of the new set started with it. What
 * was not there before and is served is left out of P's journal otherwise. */
bool wayback_stays(struct txn_part *p);

#endif
