/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "conf_inherit.h"

struct thing {
	struct conf_src src;
	const char *name;
	int64_t size;
	bool truth;
	struct conf_strings words;
	int64_t wait;
	uint64_t given;
};

#define AT(field) .name = #field, .offset = offsetof(struct thing, field)

/* Its table has one setting fewer than that of a base, and another order. */
static const struct conf_setting settings[] = {
	{ AT(name), .type = CONF_STRING },
	{ AT(size), .type = CONF_INT, .def = "7" },
	{ AT(truth), .type = CONF_BOOL, .def = "true" },
	{ AT(words), .type = CONF_STRINGS },
	{ AT(wait), .type = CONF_DURATION, .def = "1h" },
	{ .name = NULL },
};
static const struct conf_schema schema = {
	.settings = settings,
	.size = sizeof(struct thing),
	.given = offsetof(struct thing, given),
};
static const struct conf_schema base_schema = {
	.settings = settings + 1,
	.size = sizeof(struct thing),
	.given = offsetof(struct thing, given),
};

static struct arena *arena;

static int setup(void **state)
{
	arena = arena_new();
	return 0;
}

static int teardown(void **state)
{
	arena_free(&arena);
	return 0;
}

static struct thing load(const struct conf_schema *of, const char *text)
{
	struct conf_errors errs = { 0 };
	struct thing t;

	if (conf_load_string("f", text, of, arena, &t, &errs) == -1)
		fail_msg("%s", errs.list.v[0]);
	return t;
}

/* What was not given keeps its default, whatever the base's default is. */
static void takes_what_is_given(void **state)
{
	struct thing t = load(&schema, "name = \"t\";");
	struct thing base =
		load(&base_schema, "truth = false; words = [\"a\", \"b\"];");

	assert_true(conf_given(&schema, &t, offsetof(struct thing, name)));
	assert_false(conf_given(&schema, &t, offsetof(struct thing, size)));
	base.size = 99;
	conf_inherit(&schema, &t, &base_schema, &base);
	assert_string_equal(t.name, "t");
	assert_false(t.truth);
	assert_int_equal(t.words.n, 2);
	assert_string_equal(t.words.v[1], "b");
	assert_int_equal(t.size, 7);
	assert_int_equal(t.wait, 3600);
	assert_true(conf_given(&schema, &t, offsetof(struct thing, words)));
	assert_false(conf_given(&schema, &t, offsetof(struct thing, wait)));
}

/* One's own wins, also where it is what the default is, and an empty list. */
static void own_wins(void **state)
{
	struct thing t = load(&schema, "name = \"t\"; size = 7; truth = true; "
				       "words = [ ]; wait = 0;");
	struct thing base =
		load(&base_schema, "size = 8; truth = false; words = \"a\"; "
				   "wait = \"2h\";");

	conf_inherit(&schema, &t, &base_schema, &base);
	assert_int_equal(t.size, 7);
	assert_true(t.truth);
	assert_int_equal(t.words.n, 0);
	assert_int_equal(t.wait, 0);
}

static void nearest_first(void **state)
{
	struct thing t = load(&schema, "name = \"t\";");
	struct thing near = load(&base_schema, "size = 1;");
	struct thing far = load(&base_schema, "size = 2; wait = 3;");

	conf_inherit(&schema, &t, &base_schema, &near);
	conf_inherit(&schema, &t, &base_schema, &far);
	assert_int_equal(t.size, 1);
	assert_int_equal(t.wait, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_what_is_given),
		cmocka_unit_test(own_wins),
		cmocka_unit_test(nearest_first),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
