/* SPDX-License-Identifier: MIT */

#include <stdio.h>
#include <string.h>
#include "window.h"

#define DAY	    (24 * 60)	 /* minutes */
#define SHORT_LIVED (10 * 86400) /* seconds, as due.h has it */

static const char *const days[] = { "Sun", "Mon", "Tue", "Wed",
				    "Thu", "Fri", "Sat" };

/* Each parses what is at *P and moves it on, or returns false. */

static bool take_day(const char **p, int *ret)
{
	for (int i = 0; i < 7; i++) {
		if (strncmp(*p, days[i], 3) == 0) {
			*p += 3;
			*ret = i;
			return true;
		}
	}
	return false;
}

/* "Mon-Fri,Sun " */
static bool take_days(const char **p, unsigned int *ret)
{
	unsigned int set = 0;
	int from, until;

	for (;;) {
		if (!take_day(p, &from))
			return false;
		until = from;
		if (**p == '-') {
			(*p)++;
			if (!take_day(p, &until))
				return false;
		}
		for (; from != until; from = (from + 1) % 7)
			set |= 1u << from;
		set |= 1u << until;
		if (**p != ',')
			break;
		(*p)++;
	}
	if (*(*p)++ != ' ')
		return false;
	*ret = set;
	return true;
}

static bool take_number(const char **p, int *ret)
{
	for (int i = 0; i < 2; i++)
		if ((*p)[i] < '0' || (*p)[i] > '9')
			return false;
	*ret = ((*p)[0] - '0') * 10 + (*p)[1] - '0';
	*p += 2;
	return true;
}

static bool take_time(const char **p, int *ret)
{
	int hour, minute;

	if (!take_number(p, &hour) || *(*p)++ != ':' ||
	    !take_number(p, &minute) || minute > 59)
		return false;
	*ret = hour * 60 + minute;
	return *ret <= DAY;
}

static bool parse(const char *text, struct window_span *ret)
{
	struct window_span s = { .days = 0x7f };
	const char *p = text;

	if ((*p < '0' || *p > '9') && !take_days(&p, &s.days))
		return false;
	if (!take_time(&p, &s.from) || *p++ != '-' ||
	    !take_time(&p, &s.until) || *p != '\0' || s.from == s.until ||
	    s.from == DAY)
		return false;
	*ret = s;
	return true;
}

int window_parse(const struct conf_strings *texts, struct arena *arena,
		 struct window *ret, struct err *err)
{
	struct window w = { .n = texts->n };

	w.v = arena_array(arena, w.n + 1, sizeof(*w.v));
	for (size_t i = 0; i < w.n; i++)
		if (!parse(texts->v[i], &w.v[i]))
			return err_set(err, ERR_CONFIG,
				       "window: \"%s\" is not of the form "
				       "\"Mon-Fri 02:00-05:00\", \"Sat,Sun "
				       "00:00-24:00\" or \"22:00-04:00\"",
				       texts->v[i]);
	*ret = w;
	return 0;
}

static bool within(const struct window_span *s, int day, int minute)
{
	bool today = s->days >> day & 1;
	bool yesterday = s->days >> (day + 6) % 7 & 1;

	if (s->from < s->until)
		return today && minute >= s->from && minute < s->until;
	return (today && minute >= s->from) || (yesterday && minute < s->until);
}

bool window_open(const struct window *w, const struct tm *now)
{
	for (size_t i = 0; i < w->n; i++)
		if (within(&w->v[i], now->tm_wday,
			   now->tm_hour * 60 + now->tm_min))
			return true;
	return w->n == 0;
}

int window_wait(const struct window *w, const struct tm *now)
{
	int minute = now->tm_hour * 60 + now->tm_min;
	int wait = 9 * DAY;

	for (size_t i = 0; i < w->n; i++) {
		for (int d = 0; d <= 7; d++) {
			int from = d * DAY + w->v[i].from;

			if (w->v[i].days >> (now->tm_wday + d) % 7 & 1 &&
			    from > minute && from - minute < wait)
				wait = from - minute;
		}
	}
	return wait;
}

int64_t window_override(int64_t override, int64_t not_before, int64_t not_after)
{
	int64_t quarter;

	if (not_before <= 0 || not_after <= not_before)
		return override;
	quarter = (not_after - not_before) / 4;
	return not_after - not_before < SHORT_LIVED || quarter < override
		       ? quarter
		       : override;
}

const char *window_next(const struct window *w, const struct tm *now,
			char buf[WINDOW_TEXT])
{
	int next = now->tm_hour * 60 + now->tm_min + window_wait(w, now);

	snprintf(buf, WINDOW_TEXT, "%s %02d:%02d",
		 days[(now->tm_wday + next / DAY) % 7], next % DAY / 60,
		 next % 60);
	return buf;
}
