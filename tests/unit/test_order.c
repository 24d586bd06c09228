/* SPDX-License-Identifier: MIT */
/* An order's states are driven by tests/unit/test_engine.c and by the tests
 * in tests/e2e/fetcher_*.t; here is what is pure. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "order.h"

static void challenge(void **state)
{
	assert_string_equal(order_challenge(NULL, false), "dns-01");
	assert_string_equal(order_challenge(NULL, true), "http-01");
	assert_string_equal(order_challenge("dns-01", true), "dns-01");
	assert_string_equal(order_challenge("http-01", false), "http-01");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(challenge) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
