/* SPDX-License-Identifier: MIT */
#ifndef REMEMBER_H
#define REMEMBER_H

#include "txn_part.h"

/* What the state of P's service keeps of a change that is done: what is
 * installed, and what is not to come back. It is not written. */
void remember_change(struct txn_part *p);

#endif
