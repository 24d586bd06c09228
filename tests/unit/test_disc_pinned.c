/* SPDX-License-Identifier: MIT */
/* Which rows are believed is in test_ca_find.c as well. */
#include "store_kit.h"
#include "disc_pinned.h"

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

static const char *below[] = { "Corp.Example", "uk", NULL };
static const char *allow[] = { "certs.example", NULL };

/* What is allowed goes with the settings; a domain that is skipped is none. */
static void of_the_settings(void **state)
{
	struct certrepo_ca ca = { .name = "corp", .discover = { below, 2 } };
	struct store_pin pin = { "https://x.certs.example/d",
				 "corp.example secure x", 1, 0 };
	struct disc_parents parents = { .v = { { "corp.example", NULL },
					       { "uk", "a single label" } },
					.n = 2 };

	assert_false(disc_pinned_ok(&ca, &parents, &pin));
	ca.discover_allow.v = allow;
	ca.discover_allow.n = 1;
	assert_true(disc_pinned_ok(&ca, &parents, &pin));
	pin.discovered = "uk insecure x";
	assert_false(disc_pinned_ok(&ca, &parents, &pin));
	pin.directory = "https://ca.co.uk/d";
	assert_false(disc_pinned_ok(&ca, &parents, &pin));
}

static void for_commands(void **state)
{
	struct certrepo_ca ca = { .name = "corp",
				  .directory = "",
				  .discover = { below, 1 } };
	const struct store_pin good = { "https://ca.corp.example/d",
					"corp.example secure x", 1, 0 };
	const struct store_pin bad = { "https://evil.example/d",
				       "corp.example secure x", 1, 0 };
	const char *got = "x";

	OK(disc_pinned_directory(s, &ca, arena, &got, &err));
	assert_null(got);
	RC(1, store_pin_put(s, "corp", "", &good, &err));
	OK(disc_pinned_directory(s, &ca, arena, &got, &err));
	assert_string_equal(got, good.directory);
	RC(1, store_pin_put(s, "corp", good.directory, &bad, &err));
	OK(disc_pinned_directory(s, &ca, arena, &got, &err));
	assert_null(got);
	ca.directory = "https://elsewhere.example/d"; /* says a person */
	OK(disc_pinned_directory(s, &ca, arena, &got, &err));
	assert_string_equal(got, ca.directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(of_the_settings, setup,
						teardown),
		cmocka_unit_test_setup_teardown(for_commands, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
