/* SPDX-License-Identifier: MIT */
#ifndef DRYRUN_H
#define DRYRUN_H

/* --dry-run: what a run would do, on stdout, one step a line. False: some of
 * it would fail. */

#include "judge.h"
#include "notify_conf.h"

bool dryrun_print(const struct svc *s, const struct judge *g,
		  enum plan_action action, const struct verify_seen *seen);
/* The same of the programs of N, which may be NULL: those that are missing. */
bool dryrun_notify(const struct notify_conf *n);

#endif
