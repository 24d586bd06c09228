/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "strlist.h"

static void lists(void **state)
{
	AUTO(strlist_free) struct strlist l = STRLIST_INIT;
	AUTO(mem_free_str) char *text = strlist_join(&l, ", ");
	size_t i;

	assert_string_equal(text, "");
	assert_false(strlist_has(&l, "x"));
	strlist_sort_unique(&l);
	for (i = 0; i < 20; i++)
		strlist_addf(&l, "%zu", i % 7);
	assert_int_equal(l.n, 20);
	assert_null(l.v[20]);
	strlist_add(&l, "10");
	assert_true(strlist_has(&l, "10"));
	assert_false(strlist_has(&l, "1 "));
	strlist_sort_unique(&l);
	assert_null(l.v[l.n]);
	mem_free_str(&text);
	text = strlist_join(&l, ", ");
	assert_string_equal(text, "0, 1, 10, 2, 3, 4, 5, 6");
	strlist_free(&l);
	assert_int_equal(l.n, 0);
	strlist_add(&l, "again");
	assert_string_equal(l.v[0], "again");
	assert_null(l.v[1]);
}

static void argv_at_each_size(void **state)
{
	AUTO(strlist_free) struct strlist l = STRLIST_INIT;
	size_t i;

	for (i = 1; i < 40; i++) {
		strlist_add(&l, "x");
		assert_int_equal(l.n, i);
		assert_null(l.v[i]);
	}
	strlist_sort_unique(&l);
	assert_int_equal(l.n, 1);
	assert_null(l.v[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists),
		cmocka_unit_test(argv_at_each_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
