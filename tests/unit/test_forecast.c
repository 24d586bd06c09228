/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "forecast.h"

#define H   3600
#define DAY (24 * H)
#define NOW (20000 * (int64_t) DAY)

/* A certificate of LIFE, AGE old, that is renewed at PART of its life. */
static struct status_name cert(int64_t life, int64_t age, int64_t renew)
{
	return (struct status_name){
		.enabled = true,
		.has_crt = true,
		.ts_not_before = NOW - age,
		.ts_not_after = NOW - age + life,
		.ts_renew = NOW - age + renew,
	};
}

static uint32_t within(const struct status_name *n, int64_t days)
{
	return forecast_renewals(n, NOW, NOW, NOW + days * DAY);
}

/* 30 days are 720 hours: nine times 80. */
static void short_lives_are_counted_again(void **state)
{
	struct status_name n = cert(160 * H, 0, 80 * H);

	assert_int_equal(within(&n, 30), 9);
	n = cert(160 * H, H, 80 * H);
	assert_int_equal(within(&n, 30), 9);
	assert_int_equal(within(&n, 90), 27);
	n = cert(90 * DAY, 0, 60 * DAY);
	assert_int_equal(within(&n, 30), 0);
	assert_int_equal(within(&n, 90), 1);
	n = cert(45 * DAY, 0, 30 * DAY);
	assert_int_equal(within(&n, 90), 3);
}

static void overdue_ones_come_at_once(void **state)
{
	struct status_name n = cert(90 * DAY, 89 * DAY, 60 * DAY);

	assert_int_equal(within(&n, 7), 1);
	assert_int_equal(within(&n, 90), 2);
}

/* What weeks are told is, added up, what is told of all of them. */
static void weeks_add_up(void **state)
{
	struct status_name n = cert(160 * H, 33 * H, 80 * H);
	uint32_t sum = 0;

	for (int w = 0; w < 13; w++)
		sum += forecast_renewals(&n, NOW, NOW + w * 7 * DAY,
					 NOW + (w + 1) * 7 * DAY);
	assert_int_equal(sum, within(&n, 91));
	assert_int_equal(sum, (91 * 24 - 47) / 80 + 1);
}

static void who_is_not_renewed_counts_nowhere(void **state)
{
	struct status_name n = cert(90 * DAY, 89 * DAY, 60 * DAY);

	n.held = true;
	assert_int_equal(within(&n, 90), 0);
	n.held = false;
	n.enabled = false;
	assert_int_equal(within(&n, 90), 0);
	n = (struct status_name){ .enabled = true };
	assert_int_equal(within(&n, 7), 1);
	assert_int_equal(forecast_renewals(&n, NOW, NOW + DAY, NOW + 2 * DAY),
			 0);
	/* Dates that no certificate has. */
	n = cert(-5, 0, 10);
	assert_int_equal(within(&n, 90), 0);
	n = cert(1, 0, 1);
	assert_int_equal(within(&n, 1), 24);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(short_lives_are_counted_again),
		cmocka_unit_test(overdue_ones_come_at_once),
		cmocka_unit_test(weeks_add_up),
		cmocka_unit_test(who_is_not_renewed_counts_nowhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
