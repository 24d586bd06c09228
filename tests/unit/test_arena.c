/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "arena.h"
#include "scratch.h"

static void many(void **state)
{
	struct arena *a = arena_new();
	char *p[5000];
	size_t i, j;

	for (i = 0; i < 5000; i++) {
		size_t size = i % 700;

		p[i] = arena_alloc(a, size);
		assert_int_equal((uintptr_t) p[i] % __alignof__(max_align_t),
				 0);
		for (j = 0; j < size; j++)
			assert_int_equal(p[i][j], 0);
		memset(p[i], (int) (i & 0x7f), size);
	}
	/* None overlaps another. */
	for (i = 0; i < 5000; i++)
		for (j = 0; j < i % 700; j++)
			assert_int_equal(p[i][j], i & 0x7f);
	arena_free(&a);
	assert_null(a);
	arena_free(&a);
}

static void large(void **state)
{
	struct arena *a = arena_new();
	char *small = arena_strdup(a, "small"), *big = arena_alloc(a, 1 << 20);

	memset(big, 1, 1 << 20);
	assert_string_equal(small, "small");
	assert_string_equal(arena_strdup(a, "next"), "next");
	arena_free(&a);
}

static void strings(void **state)
{
	struct arena *a = arena_new();

	assert_null(arena_strdup(a, NULL));
	assert_null(arena_strndup(a, NULL, 3));
	assert_string_equal(arena_strndup(a, "abcdef", 2), "ab");
	assert_string_equal(arena_strndup(a, "ab", 20), "ab");
	assert_string_equal(arena_printf(a, "%d/%s", 7, "x"), "7/x");
	assert_memory_equal(arena_dup(a, "a\0b", 3), "a\0b", 3);
	arena_free(&a);
}

static void cleared_memory_is_zero(void **state)
{
	struct arena *a = arena_new();
	char *p;
	size_t i;

	memset(arena_alloc(a, 3000), 0xff, 3000);
	memset(arena_alloc(a, 100000), 0xff, 100000);
	arena_clear(a);
	p = arena_alloc(a, 4000);
	for (i = 0; i < 4000; i++)
		assert_int_equal(p[i], 0);
	arena_free(&a);
}

static void overflow(void *arg)
{
	arena_array(arg, SIZE_MAX / 2, 3);
}

static void absurd(void *arg)
{
	arena_alloc(arg, SIZE_MAX - 3);
}

static void out_of_memory_ends(void **state)
{
	struct arena *a = arena_new();

	assert_int_equal(scratch_fork(overflow, a), 1);
	assert_int_equal(scratch_fork(absurd, a), 1);
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many),
		cmocka_unit_test(large),
		cmocka_unit_test(strings),
		cmocka_unit_test(cleared_memory_is_zero),
		cmocka_unit_test(out_of_memory_ends),
	};

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
