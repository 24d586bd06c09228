/* SPDX-License-Identifier: MIT */
#ifndef DRYRUN_H
#define DRYRUN_H

/* --dry-run: what a run would do, on stdout, one step a line. False: some of
 * it would fail. */

#include "judge.h"

bool dryrun_print(const struct svc *s, const struct judge *g,
		  enum plan_action action, const struct verify_seen *seen);

#endif
