/* SPDX-License-Identifier: MIT */
#ifndef RANGE_H
#define RANGE_H

/*
 * Thresholds as monitoring plugins have them: "[@][START:][END]". Without a
 * START it is 0, "~" is minus infinity; "START:" has no end. What is outside of
 * them is an alert, with "@" what is inside, the ends included. Here each
 * number has a unit: "%" of the life, or of time ("7d", "12h", as settings
 * have it); both ends the same kind.
 */

#include <stdbool.h>
#include "err.h"
#include "sbuf.h"

struct range {
	bool inside; /* "@" */
	bool share;  /* of percent; else of seconds */
	double start, end;
};

/* ERR_USAGE names TEXT and what is wrong with it. */
int range_parse(const char *text, struct range *ret,
		struct err *err) MUST_CHECK;
bool range_alerts(const struct range *r, double value);
/* As performance data have it, of percent or seconds. */
void range_text(const struct range *r, struct sbuf *out);

#endif
