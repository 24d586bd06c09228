/* SPDX-License-Identifier: MIT */
#ifndef RUN_H
#define RUN_H

/* One run of the installer over its services. */

#include <stdio.h>
#include "host.h"

/* The steps of a run, in their order; what becomes of each service is told
 * as it happens and counted in good and bad. */

/* Finish or undo what killed runs left. Needs no store. */
int run_recover(struct host *r, struct err *err) MUST_CHECK;
/* Ask the store and bring every wanted service up to date, then send the
 * receipts. -1 when the store cannot be used: nothing was touched. */
int run_update(struct host *r, struct err *err) MUST_CHECK;
/* Was the last heartbeat not long ago, or never; else it is said. */
bool run_is_alive(const struct host *r);
/* Are there changes that are not finished? Print them TO a file, unless that is
 * NULL. */
bool run_print_left(const struct host *r, FILE *to);
/* --verify: prints what each endpoint serves; true when all is well. */
bool run_verify(struct host *r);
/* --rollback: NAME is a service's or a certificate's. */
int run_back(struct host *r, const char *name, struct err *err) MUST_CHECK;

#endif
