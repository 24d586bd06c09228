/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "deliver.h"

#define HOUR 3600
#define DAY  (24 * (int64_t) HOUR)
#define T0   1700000000

static void rule(void **state)
{
	static const struct {
		const char *what;
		int64_t from, to, configured, want;
	} cases[] = {
		{ "90 days", T0, T0 + 90 * DAY, 0, 26 * HOUR },
		{ "45 days", T0, T0 + 45 * DAY, 0, 26 * HOUR },
		{ "160 hours", T0, T0 + 160 * HOUR, 0, 20 * HOUR },
		{ "a day", T0, T0 + DAY, 0, 3 * HOUR },
		{ "208 hours are the last", T0, T0 + 208 * HOUR, 0, 26 * HOUR },
		{ "207 hours", T0, T0 + 207 * HOUR, 0, 26 * HOUR - HOUR / 8 },
		{ "as configured", T0, T0 + 160 * HOUR, 60, 60 },
		{ "as configured, for long", T0, T0 + DAY, 9 * DAY, 9 * DAY },
		{ "no start", 0, T0, 0, 26 * HOUR },
		{ "no dates", 0, 0, 0, 26 * HOUR },
		{ "backwards", T0, T0 - DAY, 0, 26 * HOUR },
		{ "no life", T0, T0, 0, 26 * HOUR },
		{ "anything", INT64_MIN, INT64_MAX, 0, 26 * HOUR },
		{ "anything else", INT64_MAX, INT64_MIN, 0, 26 * HOUR },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t got = deliver_within(cases[i].from, cases[i].to,
					     cases[i].configured);

		if (got != cases[i].want)
			fail_msg("%s: %lld", cases[i].what, (long long) got);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rule),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
