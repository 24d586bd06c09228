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
	assert_false(once_a_day_done(scratch_dir, "f", 1000000));
	once_a_day_mark(scratch_dir, "f", 1000000);
	assert_true(once_a_day_done(scratch_dir, "f", 1000000));
	assert_true(once_a_day_done(scratch_dir, "f", 1086399));
	assert_false(once_a_day_done(scratch_dir, "f", 1086400));
	/* the clock was wrong then */
	assert_false(once_a_day_done(scratch_dir, "f", 999999));
	/* another thing */
	assert_false(once_a_day_done(scratch_dir, "g", 1000000));
}

static void mark(void *arg)
{
	once_a_day_mark(scratch_dir, "f", 1000000);
}

static void test_no_sense(void **state)
{
	char path[400];
	FILE *f;

	snprintf(path, sizeof(path), "%s/f", scratch_dir);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs("yesterday", f);
	fclose(f);
	assert_false(once_a_day_done(scratch_dir, "f", 1000000));
	/* longer than a number can be; and no file at all */
	f = fopen(path, "w");
	assert_non_null(f);
	for (int i = 0; i < 1000; i++)
		fputs("1000000 ", f);
	fclose(f);
	assert_false(once_a_day_done(scratch_dir, "f", 1000000));
	once_a_day_mark(scratch_dir, "f", 1000000);
	assert_true(once_a_day_done(scratch_dir, "f", 1000000));
	unlink(path);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_false(once_a_day_done(scratch_dir, "f", 1000000));
	assert_int_equal(scratch_fork(mark, NULL), 0);
	assert_non_null(strstr(scratch_read(scratch("err")), path));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_once_a_day),
		cmocka_unit_test(test_no_sense),
	};

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
