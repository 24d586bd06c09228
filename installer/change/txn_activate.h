/* SPDX-License-Identifier: MIT */
#ifndef TXN_ACTIVATE_H
#define TXN_ACTIVATE_H

/* A service is told of files that are in place already. */

#include "txn_part.h"

/* The files are right, what is served is not: WRONG says how, or is "". Nothing
 * is undone. TXN_SERVED, TXN_WAITING, TXN_UNSEEN or TXN_FAILED, and err. */
void txn_activate(struct txn_part *p, const char *wrong);

#endif
