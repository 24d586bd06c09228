/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "intern.h"

#define MANY 20000

static void test_strings(void **state)
{
	AUTO(arena_free) struct arena *a = arena_new();
	AUTO(intern_free) struct intern *in = intern_new(a);
	const char *first[MANY];
	char text[40];

	assert_null(intern_str(in, NULL));
	assert_ptr_equal(intern_str(in, ""), intern_str(in, ""));
	assert_ptr_not_equal(intern_str(in, "a"), intern_str(in, "b"));
	for (int i = 0; i < MANY; i++) {
		snprintf(text, sizeof(text), "host-%d.example.org", i);
		first[i] = intern_str(in, text);
		assert_string_equal(first[i], text);
	}
	for (int i = 0; i < MANY; i++) {
		snprintf(text, sizeof(text), "host-%d.example.org", i);
		assert_ptr_equal(intern_str(in, text), first[i]);
	}
	/* Of bytes the length counts. */
	assert_ptr_not_equal(intern_bytes(in, "ab", 1),
			     intern_bytes(in, "ab", 2));
}

static const char *key(const void *table, uint32_t i)
{
	return ((const char *const *) table)[i];
}

static void test_places(void **state)
{
	AUTO(arena_free) struct arena *a = arena_new();
	AUTO(places_free) struct places p = { .v = NULL };
	const char **table = arena_array(a, MANY, sizeof(*table));

	assert_int_equal(places_find(&p, table, key, "x"), PLACES_NONE);
	for (uint32_t i = 0; i < MANY; i++) {
		table[i] = arena_printf(a, "n%u", i);
		assert_int_equal(places_find(&p, table, key, table[i]),
				 PLACES_NONE);
		places_add(&p, table, key, i);
	}
	for (uint32_t i = 0; i < MANY; i++)
		assert_int_equal(places_find(&p, table, key, table[i]), i);
	assert_int_equal(places_find(&p, table, key, "n"), PLACES_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
