/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include "once_a_day.h"
#include "scratch.h"

static void test_once_a_day(void **state)
{
	struct err err = ERR_INIT;

	assert_int_equal(once_a_day_done(scratch_dir, "f", 1000000, &err), 0);
	assert_int_equal(once_a_day_mark(scratch_dir, "f", 1000000, &err), 0);
	assert_int_equal(once_a_day_done(scratch_dir, "f", 1000000, &err), 1);
	assert_int_equal(once_a_day_done(scratch_dir, "f", 1086399, &err), 1);
	assert_int_equal(once_a_day_done(scratch_dir, "f", 1086400, &err), 0);
	/* the clock was wrong then */
	assert_int_equal(once_a_day_done(scratch_dir, "f", 999999, &err), 0);
	/* another thing */
	assert_int_equal(once_a_day_done(scratch_dir, "g", 1000000, &err), 0);
}

static void test_no_sense(void **state)
{
	char path[400];
	struct err err = ERR_INIT;
	FILE *f;

	snprintf(path, sizeof(path), "%s/f", scratch_dir);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs("yesterday", f);
	fclose(f);
	assert_int_equal(once_a_day_done(scratch_dir, "f", 1000000, &err), 0);
	assert_int_equal(once_a_day_mark("/nonexistent/x/y", "f", 1, &err), -1);
	assert_non_null(strstr(err.msg, "/nonexistent"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_once_a_day),
		cmocka_unit_test(test_no_sense),
	};

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
