/* SPDX-License-Identifier: MIT */
#include "store_kit.h"
#include "ours.h"

#define KEY   "ab0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcd"
#define UPPER "AB0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCD"
#define OTHER "bb0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcd"

static struct store *store;
static struct arena *arena;

static int setup(void **state)
{
	struct store_cert r = { .name = "www.example.org",
				.csr = BLOB("csr"),
				.md5_modulus = "x",
				.key_sha256 = KEY };
	int from, to;

	if (kit_begin() == -1)
		return -1;
	kit_wipe();
	arena = arena_new();
	OK(store_open(&conf, STORE_ADMIN, &store, &err));
	OK(store_schema_upgrade(store, 1, &from, &to, &err));
	OK(store_add(store, &r, &err));
	return 0;
}

static int teardown(void **state)
{
	arena_free(&arena);
	store_free(&store);
	kit_end();
	return 0;
}

static void asks(void **state)
{
	const char *name = NULL;

	RC(1, ours_find(store, KEY, arena, &name, &err));
	assert_string_equal(name, "www.example.org");
	name = NULL;
	RC(1, ours_find(store, UPPER, arena, &name, &err));
	assert_string_equal(name, "www.example.org");
	name = "kept";
	RC(0, ours_find(store, OTHER, arena, &name, &err));
	assert_string_equal(name, "kept");
}

static void refused(void **state)
{
	static const char *const keys[] = { "", "ab", KEY "0", "%" UPPER,
					    " " OTHER };
	char bad[] = KEY;
	const char *name = NULL;

	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		FAILS(ERR_USAGE, "is no SHA-256",
		      ours_find(store, keys[i], arena, &name, &err));
	bad[63] = '_';
	FAILS(ERR_USAGE, "is no SHA-256",
	      ours_find(store, bad, arena, &name, &err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(asks),
		cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
