/* SPDX-License-Identifier: MIT */
#ifndef CLOCK_H
#define CLOCK_H

/* The only source of time. Wall time is UTC seconds since 1970; waiting is
 * measured on the monotonic clock, in milliseconds. */

#include <stddef.h>
#include <stdint.h>

int64_t clock_now(void);
int64_t clock_mono_ms(void);

/* "2026-11-23T01:42:02Z"; needs CLOCK_TEXT bytes; returns buf. Times that
 * have no such form (year over 9999 or below 1970) give "-". */
#define CLOCK_TEXT 24
const char *clock_text(int64_t t, char buf[CLOCK_TEXT]);

/* "3 days", "5 h", "40 s": the largest fitting unit, for people. SECONDS
 * may be negative. Returns buf. */
const char *clock_span(int64_t seconds, char buf[CLOCK_TEXT]);

/* "this host's clock says 2026-11-28 (date): see that it is right", or that it
 * is wrong, where this program cannot have been running yet, or any more. The
 * day alone: what is said once a day must not change each hour. Returns buf. */
#define CLOCK_DOUBT 96
const char *clock_doubt(int64_t now, char buf[CLOCK_DOUBT]);

/* Only for unit tests: clock_now() answers T until called with -1. */
void clock_set_for_test(int64_t t);
/* The same of clock_mono_ms(). */
void clock_set_mono_for_test(int64_t ms);

#endif
