/* SPDX-License-Identifier: MIT */
#ifndef TXN_END_H
#define TXN_END_H

/* The end of one part of a transaction: its result and err, what is said of it,
 * and what is remembered of its service. */

#include "txn_part.h"

/* The new set is in place, and stays, as P->result has it; commands afterwards
 * do not undo it: it works. */
void txn_end_done(struct txn_part *p);
/* The commands after a change that is in STATE; they do not undo it. -1: P->err
 * says so, and it is remembered, so that they are tried again. */
int txn_end_post(struct txn_part *p, enum receipt_state state) MUST_CHECK;
/* The set before is back and served: the attempt is forgotten. */
void txn_end_back(struct txn_part *p);
/* The old set could not be put back, or not be seen: WHAT. */
void txn_end_unproven(struct txn_part *p, const char *what);
/* There is no way back, P->err says why. */
void txn_end_lost(struct txn_part *p);

/* There was nothing before: to go back is to take away. */
bool txn_end_was_first(const struct txn_part *p);

#endif
