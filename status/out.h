/* SPDX-License-Identifier: MIT */
#ifndef OUT_H
#define OUT_H

/*
 * The forms in which the fleet is written out. Each reads the model alone (what
 * filter.h chose of it), writes to F, and gives the exit status of the program:
 * 0 nothing needs anybody, 1 something does. What F did not take is found by
 * its owner.
 */

#include <stdio.h>
#include "err.h"
#include "model.h"

/* Where there is no name at all. */
#define OUT_NONE "nothing is enrolled yet: certrepo-populate add NAME"

/* text.c: for people, what needs somebody first, then the table. VERBOSE: all
 * names, not only a screen of them. */
int out_text(const struct status_model *m, bool verbose, FILE *f);
/* json.c: certrepo-status(8), "JSON"; one object. */
int out_json(const struct status_model *m, FILE *f);
/* prometheus.c: its text format, of all names. */
int out_prometheus(const struct status_model *m, FILE *f);
/* html.c, pictures in svg.c: one file, at most 2 MB. FRESH: seconds after which
 * it says of itself that it is stale. */
int out_html(const struct status_model *m, int64_t fresh, FILE *f);

/* nagios.c: exit status 0, 1, 2, 3. Thresholds are ranges as those of its
 * guidelines, of the share of the life that is left ("20%:") or of time
 * ("7d:"); NULL: the default ones. -1: a threshold is none. */
int out_nagios(const struct status_model *m, const char *warning,
	       const char *critical, FILE *f, struct err *err);

#endif
