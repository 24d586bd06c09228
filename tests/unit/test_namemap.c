/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include "namemap.h"

static void many(void **state)
{
	struct namemap *m = namemap_new();
	char name[32];
	int i;

	assert_int_equal(namemap_get(m, "n1"), -1);
	for (i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		namemap_put(m, name, i % 3);
	}
	for (i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		assert_int_equal(namemap_get(m, name), i % 3);
	}
	assert_int_equal(namemap_get(m, "n5000"), -1);
	assert_int_equal(namemap_count(m, 0), 1667);
	assert_int_equal(namemap_count(m, 2), 1666);
	assert_int_equal(namemap_count(m, 3), 0);
	/* a name met again has its latest value, and counts once */
	namemap_put(m, "n0", 2);
	assert_int_equal(namemap_get(m, "n0"), 2);
	assert_int_equal(namemap_count(m, 0), 1666);
	assert_int_equal(namemap_count(m, 2), 1667);
	namemap_clear(m);
	assert_int_equal(namemap_get(m, "n0"), -1);
	assert_int_equal(namemap_count(m, 2), 0);
	namemap_put(m, "n0", 1);
	assert_int_equal(namemap_count(m, 1), 1);
	namemap_free(&m);
	assert_null(m);
	namemap_free(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(many) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
