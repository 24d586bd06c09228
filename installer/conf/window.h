/* SPDX-License-Identifier: MIT */
#ifndef WINDOW_H
#define WINDOW_H

/*
 * The hours in which a service may be touched, by the clock on this host's
 * wall:
 *
 *	"02:00-05:00"		every day
 *	"Mon-Fri 02:00-05:00"	"Sat,Sun 00:00-24:00"
 *	"Fri 22:00-04:00"	from Friday evening to Saturday morning
 *
 * Pure: what time it is comes from the caller.
 */

#include <time.h>
#include "conf.h"

struct window_span {
	unsigned int days; /* bit N: it begins on tm_wday N */
	int from, until;   /* minutes of the day; until <= from: the next day */
};

struct window {
	struct window_span *v;
	size_t n; /* 0: always open */
};

#define WINDOW_TEXT 16

/* All of TEXTS; ret's list is in ARENA. ERR_CONFIG says which of them is
 * wrong, and how it is written. */
int window_parse(const struct conf_strings *texts, struct arena *arena,
		 struct window *ret, struct err *err) MUST_CHECK;
bool window_open(const struct window *w, const struct tm *now);
/* How many minutes of the wall's clock from now it opens next. Not for one that
 * is always open. */
int window_wait(const struct window *w, const struct tm *now);
/* With how many seconds of its life left a certificate of these dates waits for
 * a window no more: OVERRIDE, a quarter of the life at most. One that lives
 * less than ten days, whose renewal leaves it half of that: a quarter, whatever
 * OVERRIDE says, for a weekly window may not open before its end. Dates that
 * make no sense, or are not known (0): OVERRIDE. */
int64_t window_override(int64_t override, int64_t not_before,
			int64_t not_after);
/* When it opens next: "Fri 02:00". Not for one that is always open. */
const char *window_next(const struct window *w, const struct tm *now,
			char buf[WINDOW_TEXT]);

#endif
