/* SPDX-License-Identifier: MIT */
#ifndef TXN_ACTIVATE_H
#define TXN_ACTIVATE_H

/* A service is told of files that are in place already. */

#include "change_part.h"

/* The files are right, what is served is not: WRONG says how, or is "". Nothing
 * is undone. PART_SERVED, PART_WAITING, PART_UNSEEN or PART_FAILED, and err. */
void txn_activate(struct part *p, const char *wrong);

#endif
