/* SPDX-License-Identifier: MIT */
/* Which servers have procedures for hosts, and their statements. What becomes
 * of them on a server: tests/contract/store_owner.t. */
#include "store_kit.h"
#include "store_owner.h"

static void test_new_enough(void **state)
{
	/* As SELECT VERSION() has it: Debian 10, 11, 12, 13; MySQL. */
	assert_false(store_owner_new_enough("10.3.39-MariaDB-0+deb10u1"));
	assert_false(store_owner_new_enough("10.5.29-MariaDB-0+deb11u1"));
	assert_true(store_owner_new_enough("10.6.0-MariaDB"));
	assert_true(store_owner_new_enough("10.11.14-MariaDB-0+deb12u2"));
	assert_true(store_owner_new_enough("11.8.3-MariaDB-0+deb13u1"));
	assert_true(store_owner_new_enough("11.0.2-MariaDB-log"));
	assert_false(store_owner_new_enough("8.0.40"));
	assert_false(store_owner_new_enough(""));
	assert_false(store_owner_new_enough("MariaDB"));
	assert_false(store_owner_new_enough("10-MariaDB"));
}

static void test_statements(void **state)
{
	size_t n = 0, made = 0, granted = 0, marked = 0;

	for (const char *const *sql = store_routines; *sql; sql++, n++) {
		made += strncmp(*sql, "CREATE OR REPLACE DEFINER", 25) == 0;
		granted += strncmp(*sql, "GRANT EXECUTE", 13) == 0;
		marked += !!strstr(*sql, store_routines_id);
		/* None has an end that only a client knows, or a comment, */
		assert_null(strstr(*sql, "//"));
		assert_null(strstr(*sql, "--"));
		/* or a place for a parameter. */
		assert_null(strchr(*sql, '?'));
	}
	assert_int_equal(n, 11);
	assert_int_equal(made, 5);
	assert_int_equal(granted, 5);
	assert_int_equal(marked, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_new_enough),
		cmocka_unit_test(test_statements),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
