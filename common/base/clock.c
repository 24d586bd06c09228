/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdbool.h>
#include "clock.h"
#include "mem.h"

static int64_t fixed = -1, fixed_mono = -1;

int64_t clock_now(void)
{
	struct timespec ts;

	if (fixed != -1)
		return fixed;
	clock_gettime(CLOCK_REALTIME, &ts); /* cannot fail for this clock */
	return ts.tv_sec;
}

int64_t clock_mono_ms(void)
{
	struct timespec ts;

	if (fixed_mono != -1)
		return fixed_mono;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t) ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

const char *clock_text(int64_t t, char buf[CLOCK_TEXT])
{
	time_t when = t;
	struct tm tm;

	/* 9999-12-31T23:59:59Z */
	if (t < 0 || t > 253402300799 || !gmtime_r(&when, &tm) ||
	    strftime(buf, CLOCK_TEXT, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		snprintf(buf, CLOCK_TEXT, "-");
	return buf;
}

/* When this was written, and a life of a host later. */
#define WRITTEN 1795824000 /* 2026-11-28 */
#define LIFE	(25 * (int64_t) 365 * 86400)

const char *clock_doubt(int64_t now, char buf[CLOCK_DOUBT])
{
	char text[CLOCK_TEXT];
	bool wrong = now < WRITTEN || now > WRITTEN + LIFE;

	snprintf(buf, CLOCK_DOUBT, "this host's clock %s %.10s (date)%s",
		 wrong ? "is wrong, it says" : "says", clock_text(now, text),
		 wrong ? ": set it" : ": see that it is right");
	return buf;
}

const char *clock_span(int64_t seconds, char buf[CLOCK_TEXT])
{
	static const struct {
		uint64_t seconds;
		const char *one, *many;
	} units[] = {
		{ 86400, "day", "days" },
		{ 3600, "h", "h" },
		{ 60, "min", "min" },
		{ 1, "s", "s" },
	};
	uint64_t left = seconds < 0 ? -(uint64_t) seconds : (uint64_t) seconds;
	size_t i;

	/* 90 s and 47 h say more than 1 min and 1 day. */
	for (i = 0; i < ARRAY_LEN(units) - 1; i++)
		if (left >= 2 * units[i].seconds || left == units[i].seconds)
			break;
	left /= units[i].seconds;
	snprintf(buf, CLOCK_TEXT, "%s%" PRIu64 " %s", seconds < 0 ? "-" : "",
		 left, left == 1 ? units[i].one : units[i].many);
	return buf;
}

void clock_set_for_test(int64_t t)
{
	fixed = t;
}

void clock_set_mono_for_test(int64_t ms)
{
	fixed_mono = ms;
}
