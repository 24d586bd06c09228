/* SPDX-License-Identifier: MIT */
#ifndef REPORT_H
#define REPORT_H

/* What the fetcher says: a line for each failure on stderr, progress on
 * stderr when that is a terminal, a summary at the end. State changes go to
 * the log. Silent when all is well. */

#include <stdbool.h>
#include "fail.h"
#include "order.h"

struct report;
struct waits;
struct ca_queue;

/* QUIET: nothing of what became of names, and no summary; who reads the store
 * says it. */
struct report *report_new(bool quiet);
void report_free(struct report **r);

void report_renewed(struct report *r, const struct order *o);
/* QUIET: its CA rests, and has a line of its own. Of rows that are locked or
 * cannot be read, of which there may be as many as names, a few are named and
 * the rest is counted: on stderr even where warnings are mailed, since nothing
 * in the store makes a mail of them. */
/* What shows more of a failure, "; certrepo-fetcher ...", or "". The caller's.
 */
char *report_more(enum fail_class class, const char *name);
void report_failed(struct report *r, const struct order *o, bool quiet);
/* The CA takes its time, and its order is kept: no failure. */
void report_parked(struct report *r, const struct order *o);
/* It was asked for, and is left to another fetcher. */
void report_elsewhere(struct report *r, const struct order *o);
/* A whole CA failed, and rests UNTIL then (0: for this run). */
void report_ca(struct report *r, const char *ca, enum fail_class class,
	       const char *detail, int64_t until);

/* Names that wait for a CA which rests, at the end of a run. */
void report_waits(struct report *r, const struct waits *w,
		  const struct ca_queue *c);

struct report_counts {
	size_t renewed, failed, waiting, parked, in_flight, queued;
	size_t requests;
	int64_t seconds;
	bool account; /* a CA rests until a person acts */
};
/* A few times a second, on a terminal. */
bool report_wants_progress(const struct report *r);
void report_progress(struct report *r, const struct report_counts *c);
/* To the log; to stdout when somebody looks. Nothing when nothing was done. */
void report_summary(struct report *r, const struct report_counts *c);

/* Is there somebody who looks? Then say why nothing was done. */
bool report_wants_reason(const struct report *r);
void report_idle(struct report *r, const char *text);

/* --- pure, for tests --- */

/* "12 renewed, 1 failed, 3 waiting; 00:41; 97 requests" */
#define REPORT_TEXT 200
const char *report_text(const struct report_counts *c, char buf[REPORT_TEXT]);
/* A name whose order is parked is as it should be. 0 nothing wrong, 1 all
 * failed, 2 partly, all wait for their CA: 69, or 78 when it waits for a
 * person. */
int report_status(const struct report_counts *c);
/* "1st", "2nd", "11th" */
const char *report_ordinal(int64_t n, char buf[32]);

#endif
