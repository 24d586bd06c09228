/* SPDX-License-Identifier: MIT */
#ifndef LAY_H
#define LAY_H

/*
 * The short transaction: files where there are none, or a
 * placeholder that nobody can use, of which a backup is made. What a real one
 * does up to the point where it would test and tell, through the same journal,
 * and no further: nothing is run, nothing is looked at, nothing is remembered.
 * A kill leaves it to the next run, of whatever kind, to finish.
 */

#include "txn_impl.h"

/* What P's g has under PLAN_PUT; run is set by it. P->result: TXN_SERVED: they
 * are in place. TXN_FAILED: nothing was touched; TXN_BACK: all is as before;
 * TXN_LOST: it is not, since somebody else has put something there meanwhile;
 * TXN_UNPROVEN: the next run tries again: err says why. */
void lay_install(struct host *r, struct txn_part *p);
/* What a killed one left, past the preparation. */
void lay_recover(struct txn *t);

#endif
