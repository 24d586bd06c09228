/* SPDX-License-Identifier: MIT */
#ifndef HALT_H
#define HALT_H

/* SIGTERM and SIGINT: no new orders; after a few seconds those in flight are
 * left for the next run; a second one ends it at once. */

#include <stdbool.h>
#include "loop.h"

struct halt;

/* Blocks the two signals for good. */
int halt_new(struct loop *loop, struct halt **ret, struct err *err) MUST_CHECK;
void halt_free(struct halt **h); /* before its loop */

bool halt_stopping(const struct halt *h); /* there was one */
bool halt_leaving(const struct halt *h);  /* ... and the grace is over */
bool halt_hurry(const struct halt *h);	  /* there was a second one */

#endif
