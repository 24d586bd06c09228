/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "fail.h"

static void names(void **state)
{
	/* In the store: they stay as they are. */
	static const struct {
		enum fail_class c;
		const char *name;
		bool of_ca;
	} cases[] = {
		{ FAIL_NONE, "none", false },
		{ FAIL_RATE_LIMITED, "rate-limited", false },
		{ FAIL_CAA, "caa", false },
		{ FAIL_DNS, "dns", false },
		{ FAIL_CONNECTION, "connection", false },
		{ FAIL_UNAUTHORIZED, "unauthorized", false },
		{ FAIL_BAD_CSR, "bad-csr", false },
		{ FAIL_REJECTED, "rejected", false },
		{ FAIL_BAD_CERT, "bad-cert", false },
		{ FAIL_CONFIG, "config", false },
		{ FAIL_CA_RATE_LIMITED, "ca-rate-limited", true },
		{ FAIL_CA_DOWN, "ca-down", true },
		{ FAIL_ACCOUNT, "account", true },
		{ FAIL_CLOCK, "clock", true },
		{ FAIL_INTERNAL, "internal", false },
		{ FAIL_HOST, "host", false },
		{ FAIL_STORE, "store", false },
		{ FAIL_LOCKED, "locked", false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_string_equal(fail_name(cases[i].c), cases[i].name);
		assert_int_equal(fail_of_ca(cases[i].c), cases[i].of_ca);
		assert_int_equal(fail_name_holds(cases[i].name),
				 fail_holds(cases[i].c));
	}
	/* certrepo-fetcher(8), FAILURES */
	assert_true(fail_name_holds("unauthorized"));
	assert_true(fail_name_holds("ca-down"));
	assert_false(fail_name_holds("dns"));
	assert_false(fail_name_holds("rate-limited"));
	assert_false(fail_name_holds("of another version"));
}

static void set(void **state)
{
	struct fail f = { .of_profile = true,
			  .of_usage = true,
			  .lasting = true };
	char big[2000];

	fail_set(&f, FAIL_CAA, 12345, "%s says\n\x1b[31m %d\xff", "peer", 7);
	assert_int_equal(f.class, FAIL_CAA);
	assert_int_equal(f.retry_at, 12345);
	assert_false(f.of_profile || f.of_usage || f.lasting);
	assert_string_equal(f.detail, "peer says??[31m 7?");

	/* Its own text may be an argument. */
	fail_set(&f, FAIL_DNS, 0, "again: %s", f.detail);
	assert_string_equal(f.detail, "again: peer says??[31m 7?");

	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	fail_set(&f, FAIL_DNS, 0, "%s", big);
	assert_int_equal(strlen(f.detail), sizeof(f.detail) - 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
