/* SPDX-License-Identifier: MIT */
#ifndef SENDING_H
#define SENDING_H

/* What this run has to say goes to the store, and into what is remembered. */

#include "host.h"

/* The end of a run. STORE is the one certificates are from, or NULL when it is
 * away; it goes to that of centre.h. What cannot be sent waits in a file for
 * the next run. */
void sending_all(struct host *r, struct store *store);

#endif
