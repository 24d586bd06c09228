/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdbool.h>
#include <stdio.h>
#include "jitter.h"

#define N 1000

/* Of numbers that differ in one thing only, how many fifths of the range are
 * met, and how evenly. */
static void spread(int64_t now, int64_t ms, int64_t pid, bool names)
{
	int met[5] = { 0 }, i;
	char name[40] = "a.example.org";

	for (i = 0; i < N; i++) {
		if (names)
			snprintf(name, sizeof(name), "n%d.example.org", i);
		met[jitter_mix(1700000000 + now * i, 5000 + ms * i,
			       4711 + pid * i, name) %
		    5]++;
	}
	for (i = 0; i < 5; i++)
		assert_in_range(met[i], N / 5 - N / 12, N / 5 + N / 12);
}

static void without_the_system(void **state)
{
	spread(1, 0, 0, false);
	spread(0, 1, 0, false);
	spread(0, 0, 1, false);
	spread(0, 0, 0, true);
	/* the same things give the same number: nothing else is in it */
	assert_int_equal(jitter_mix(1, 2, 3, "x"), jitter_mix(1, 2, 3, "x"));
}

static void with_it(void **state)
{
	uint32_t one = jitter_number("x"), two = jitter_number("x"),
		 three = jitter_number("x");

	assert_false(one == two && two == three);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_the_system),
		cmocka_unit_test(with_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
