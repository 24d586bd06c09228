/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "remark.h"

static void kept(void **state)
{
	const struct remark *v;
	size_t n;

	remark_warn(NOTICE_CHAIN, "one", "x1", "no chain of %s", "X1");
	remark_warn(NOTICE_WINDOW, "two", "x2", "at once");
	remark_warn(NOTICE_WINDOW, "two", "x2", "at once");
	v = remark_all(&n);
	assert_int_equal(n, 3);
	assert_int_equal(v[0].topic, NOTICE_CHAIN);
	assert_string_equal(v[0].ca, "one");
	assert_string_equal(v[0].text, "no chain of X1");
	assert_string_equal(v[1].text, "at once");
	/* notice.h leaves out words that have digits in them */
	assert_string_equal(v[1].alike, v[2].alike);
	assert_string_not_equal(v[0].alike, v[1].alike);
	assert_null(strpbrk(v[0].alike, "0123456789 /"));
	remark_clear();
	(void) remark_all(&n);
	assert_int_equal(n, 0);
	remark_clear();
}

static void most(void **state)
{
	size_t n;

	for (int i = 0; i < REMARK_MAX + 5; i++)
		remark_warn(NOTICE_WINDOW, "one", "", "%d", i);
	assert_string_equal(remark_all(&n)[REMARK_MAX - 1].text, "99");
	assert_int_equal(n, REMARK_MAX);
	remark_print();
	(void) remark_all(&n);
	assert_int_equal(n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(kept),
					    cmocka_unit_test(most) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
