/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "mem.h"
#include "scratch.h"

static void allocate(void **state)
{
	unsigned char *p = mem_array(3, 5);
	AUTO(mem_free_str) char *text = NULL;
	size_t i;

	for (i = 0; i < 15; i++)
		assert_int_equal(p[i], 0);
	p = mem_grow(p, 100, 10);
	p[999] = 7;
	free(p);
	/* Nothing is a valid size: the result can be freed. */
	p = mem_alloc(0);
	assert_non_null(p);
	mem_free_any(&p);
	assert_null(p);

	text = mem_printf("%s-%d", "x", 42);
	assert_string_equal(text, "x-42");
	mem_free_str(&text);
	assert_null(text);
	text = mem_strndup("abcdef", 3);
	assert_string_equal(text, "abc");
	mem_free_str(&text);
	text = mem_strndup("ab", 3);
	assert_string_equal(text, "ab");
}

static void take(void **state)
{
	char *p = mem_strdup("abc"), *q = TAKE(p);

	assert_null(p);
	assert_string_equal(q, "abc");
	mem_erase(q, 3);
	assert_memory_equal(q, "\0\0\0", 4);
	free(q);
}

static int released;

static void count_release(int *p)
{
	released += *p;
}

static int leave_early(void)
{
	AUTO(count_release) int x = 5;

	if (x)
		return 1;
	return 0;
}

static void auto_runs_on_return(void **state)
{
	released = 0;
	leave_early();
	assert_int_equal(released, 5);
}

static void overflow(void *arg)
{
	free(mem_array(SIZE_MAX / 2, 3));
}

static void overflow_grow(void *arg)
{
	free(mem_grow(NULL, SIZE_MAX / 2, 3));
}

static void out_of_memory_ends(void **state)
{
	assert_int_equal(scratch_fork(overflow, NULL), 1);
	assert_string_equal(scratch_read(scratch("err")),
			    "certrepo: out of memory\n");
	assert_int_equal(scratch_fork(overflow_grow, NULL), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(allocate),
		cmocka_unit_test(take),
		cmocka_unit_test(auto_runs_on_return),
		cmocka_unit_test(out_of_memory_ends),
	};

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
