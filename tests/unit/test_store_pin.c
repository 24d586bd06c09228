/* SPDX-License-Identifier: MIT */
/* The directory that was found for a CA, on whichever store the kit has. */
#include "store_kit.h"
#include "store_pin.h"

static struct store *s;
static struct arena *arena;

static int setup(void **state)
{
	int from, to;

	if (kit_begin() == -1)
		return -1;
	kit_wipe();
	arena = arena_new();
	OK(store_open(&conf, STORE_ADMIN, &s, &err));
	OK(store_schema_upgrade(s, 1, &from, &to, &err));
	return 0;
}

static int teardown(void **state)
{
	store_free(&s);
	arena_free(&arena);
	kit_end();
	return 0;
}

static void assert_pin(const char *directory, const char *how, int64_t ts,
		       int64_t down)
{
	struct store_pin got;

	RC(1, store_pin_get(s, "corp", arena, &got, &err));
	assert_string_equal(got.directory, directory);
	if (how)
		assert_string_equal(got.discovered, how);
	else
		assert_null(got.discovered);
	assert_int_equal(got.ts_discovered, ts);
	assert_int_equal(got.ts_down, down);
}

static struct store_ca ca(void)
{
	struct store_ca got;

	RC(1, store_ca_get(s, "corp", arena, &got, &err));
	return got;
}

#define ONE "https://one.corp.example/acme"
#define TWO "https://two.corp.example/acme"

static void test_pin(void **state)
{
	struct store_pin pin = { ONE, "corp.example secure x", 100, 0 };
	struct store_ca row = { .name = "corp",
				.directory = ONE,
				.account = "https://one/acct/1",
				.account_key = "key",
				.count_fail = 2,
				.backoff_until = 5,
				.fail_class = "ca-down",
				.fail_detail = "gone" };
	struct store_ca was = { .name = NULL }, got;

	RC(0, store_pin_get(s, "corp", arena, &pin, &err));
	RC(1, store_pin_put(s, "corp", "", &pin, &err));
	assert_pin(ONE, "corp.example secure x", 100, 0);
	/* as often as it is said */
	RC(1, store_pin_put(s, "corp", "", &pin, &err));
	OK(store_ca_put(s, &row, &was, arena, &got, &err));
	OK(store_pin_down(s, "corp", ONE, 200, &err));
	assert_pin(ONE, "corp.example secure x", 100, 200);
	/* of another it is no news */
	OK(store_pin_down(s, "corp", TWO, 300, &err));
	assert_pin(ONE, "corp.example secure x", 100, 200);
	/* the same found again keeps what is known of it */
	pin.ts_discovered = 400;
	RC(1, store_pin_put(s, "corp", ONE, &pin, &err));
	assert_pin(ONE, "corp.example secure x", 400, 0);
	assert_string_equal(ca().account, "https://one/acct/1");
	/* another CA under this name: nothing is known of it */
	pin.directory = TWO;
	RC(1, store_pin_put(s, "corp", ONE, &pin, &err));
	assert_pin(TWO, "corp.example secure x", 400, 0);
	assert_null(ca().account);
	assert_null(ca().account_key);
	assert_null(ca().fail_class);
	assert_int_equal(ca().backoff_until, 0);
	assert_int_equal(ca().count_fail, 0);
	/* who read the old one does not overwrite it */
	pin.directory = "https://three.corp.example/acme";
	RC(0, store_pin_put(s, "corp", ONE, &pin, &err));
	RC(0, store_pin_put(s, "corp", "", &pin, &err));
	assert_pin(TWO, "corp.example secure x", 400, 0);
}

/* A row that an explicit directory, or a rest without any, left. */
static void test_rows(void **state)
{
	struct store_ca row = { .name = "corp", .directory = "" };
	struct store_ca was = { .name = NULL }, got;
	struct store_pin pin = { ONE, "corp.example insecure x", 7, 0 };

	row.count_fail = 1;
	row.backoff_until = 99;
	OK(store_ca_put(s, &row, &was, arena, &got, &err));
	assert_pin("", NULL, 0, 0);
	RC(1, store_pin_put(s, "corp", "", &pin, &err));
	assert_int_equal(ca().count_fail, 0);
}

static void test_long(void **state)
{
	char how[700];
	struct store_pin pin = { ONE, how, 7, 0 };
	struct store_pin got;

	memset(how, 'a', sizeof(how));
	how[sizeof(how) - 1] = '\0';
	RC(1, store_pin_put(s, "corp", "", &pin, &err));
	RC(1, store_pin_get(s, "corp", arena, &got, &err));
	assert_in_range(strlen(got.discovered), 490, STORE_PIN_TEXT_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_pin, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rows, setup, teardown),
		cmocka_unit_test_setup_teardown(test_long, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
