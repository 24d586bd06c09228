/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "window.h"

static struct arena *arena;

static int setup(void **state)
{
	arena = arena_new();
	return 0;
}

static int teardown(void **state)
{
	arena_free(&arena);
	return 0;
}

static void hours(void **state)
{
	static const struct {
		const char *spans[2];
		int day, hour, minute; /* 0 is Sunday */
		bool open;
		const char *next;
	} cases[] = {
		{ { "02:00-05:00" }, 3, 1, 59, false, "Wed 02:00" },
		{ { "02:00-05:00" }, 3, 2, 0, true, "Thu 02:00" },
		{ { "02:00-05:00" }, 3, 4, 59, true, "Thu 02:00" },
		{ { "02:00-05:00" }, 3, 5, 0, false, "Thu 02:00" },
		{ { "Mon-Fri 02:00-05:00" }, 5, 3, 0, true, "Mon 02:00" },
		{ { "Mon-Fri 02:00-05:00" }, 6, 3, 0, false, "Mon 02:00" },
		{ { "Mon-Fri 02:00-05:00" }, 0, 3, 0, false, "Mon 02:00" },
		{ { "Fri-Mon 10:00-11:00" }, 0, 10, 30, true, "Mon 10:00" },
		{ { "Fri-Mon 10:00-11:00" }, 2, 10, 30, false, "Fri 10:00" },
		{ { "Sat,Sun 00:00-24:00" }, 6, 23, 59, true, "Sun 00:00" },
		{ { "Sat,Sun 00:00-24:00" }, 1, 0, 0, false, "Sat 00:00" },
		{ { "22:00-04:00" }, 2, 3, 59, true, "Tue 22:00" },
		{ { "22:00-04:00" }, 2, 4, 0, false, "Tue 22:00" },
		{ { "22:00-04:00" }, 2, 22, 0, true, "Wed 22:00" },
		/* belongs to the day on which it begins */
		{ { "Fri 22:00-04:00" }, 6, 3, 0, true, "Fri 22:00" },
		{ { "Fri 22:00-04:00" }, 5, 3, 0, false, "Fri 22:00" },
		{ { "Fri 22:00-04:00" }, 5, 23, 0, true, "Fri 22:00" },
		{ { "Sat 22:00-04:00" }, 0, 3, 0, true, "Sat 22:00" },
		{ { "Tue 10:00-11:00", "Thu 09:00-09:01" },
		  4,
		  9,
		  0,
		  true,
		  "Tue 10:00" },
		{ { "Tue 10:00-11:00", "Thu 09:00-09:01" },
		  2,
		  11,
		  0,
		  false,
		  "Thu 09:00" },
		{ { "Wed 10:00-11:00" }, 3, 10, 0, true, "Wed 10:00" },
		{ { "00:00-24:00" }, 3, 10, 0, true, "Thu 00:00" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct conf_strings texts = { cases[i].spans,
					      cases[i].spans[1] ? 2 : 1 };
		struct tm now = { .tm_wday = cases[i].day,
				  .tm_hour = cases[i].hour,
				  .tm_min = cases[i].minute };
		struct err err = ERR_INIT;
		char next[WINDOW_TEXT];
		struct window w;

		if (window_parse(&texts, arena, &w, &err) == -1)
			fail_msg("%s", err.msg);
		if (window_open(&w, &now) != cases[i].open)
			fail_msg("%s, day %d, %d:%02d", cases[i].spans[0],
				 cases[i].day, cases[i].hour, cases[i].minute);
		assert_string_equal(window_next(&w, &now, next), cases[i].next);
	}
}

static void minutes(void **state)
{
	static const char *const spans[] = { "Sat,Sun 01:30-04:00",
					     "Wed 10:00-11:00" };
	struct conf_strings texts = { spans, 2 };
	struct tm now = { .tm_wday = 3, .tm_hour = 9, .tm_min = 59 };
	struct err err = ERR_INIT;
	struct window w;

	assert_int_equal(window_parse(&texts, arena, &w, &err), 0);
	assert_int_equal(window_wait(&w, &now), 1);
	now.tm_hour = 10;
	now.tm_min = 0;
	/* Wednesday 10:00 to Saturday 01:30: 2 days, 15 hours and a half */
	assert_int_equal(window_wait(&w, &now), (2 * 24 + 15) * 60 + 30);
	now.tm_wday = 0;
	now.tm_hour = 5;
	/* Sunday 05:00 to Wednesday 10:00 */
	assert_int_equal(window_wait(&w, &now), (3 * 24 + 5) * 60);
}

static void always(void **state)
{
	struct tm now = { .tm_hour = 12 };
	struct conf_strings none = { NULL, 0 };
	struct err err = ERR_INIT;
	struct window w;

	assert_int_equal(window_parse(&none, arena, &w, &err), 0);
	assert_true(window_open(&w, &now));
}

static void refused(void **state)
{
	static const char *const texts[] = {
		"",
		"2:00-05:00",
		"02:00",
		"02:00-",
		"02:00-25:00",
		"02:60-03:00",
		"24:00-03:00",
		"02:00-02:00",
		"02:00-24:01",
		"02:00-05:00 ",
		" 02:00-05:00",
		"Mon02:00-05:00",
		"Mon 02:00 - 05:00",
		"mon 02:00-05:00",
		"Mon- 02:00-05:00",
		"Mon, 02:00-05:00",
		"Monday 02:00-05:00",
		"-Fri 02:00-05:00",
		"Mon-Fri",
	};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct conf_strings one = { &texts[i], 1 };
		struct err err = ERR_INIT;
		struct window w;

		if (window_parse(&one, arena, &w, &err) == 0)
			fail_msg("taken: %s", texts[i]);
		assert_int_equal(err.kind, ERR_CONFIG);
		assert_non_null(strstr(err.msg, texts[i]));
	}
}

/* With how much of its life left nobody waits. */
static void override(void **state)
{
	static const struct {
		const char *what;
		int64_t hours, set, want; /* of its life; the answer */
	} cases[] = {
		{ "90 days", 90 * 24, 48, 48 },
		{ "90 days, never", 90 * 24, 0, 0 },
		{ "90 days, 60 of them", 90 * 24, 60 * 24, 540 },
		{ "10 days, never", 240, 0, 0 },
		{ "10 days, two", 240, 48, 48 },
		{ "10 days, three", 240, 72, 60 },
		{ "160 hours", 160, 48, 40 },
		{ "160 hours, a week", 160, 168, 40 },
		{ "160 hours, never", 160, 0, 40 },
		{ "160 hours, an hour", 160, 1, 40 },
		{ "a day", 24, 48, 6 },
		{ "not known", 0, 48, 48 },
		{ "backwards", -5, 48, 48 },
	};
	const int64_t from = 1700000000;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int64_t got = window_override(cases[i].set * 3600, from,
					      from + cases[i].hours * 3600);

		if (got != cases[i].want * 3600)
			fail_msg("%s: %lld", cases[i].what, (long long) got);
	}
	assert_int_equal(window_override(7, 0, from), 7);
	assert_int_equal(window_override(7, INT64_MIN, INT64_MAX), 7);
	assert_int_equal(window_override(7, INT64_MAX, INT64_MIN), 7);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(hours),    cmocka_unit_test(minutes),
		cmocka_unit_test(always),   cmocka_unit_test(refused),
		cmocka_unit_test(override),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
