/* SPDX-License-Identifier: MIT */
#ifndef SENDING_H
#define SENDING_H

/* What this run has to say goes to the store, and into what is remembered. */

#include "host.h"

/* The end of a run. STORE is NULL when it is away: receipts wait in a file
 * for the next run. */
void sending_all(struct host *r, struct store *store);

#endif
