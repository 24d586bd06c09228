/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "conf_dump.h"

struct inner {
	struct conf_src src;
	const char *text;
};

struct outer {
	struct conf_src src;
	const char *text, *path;
	int64_t number, wait;
	bool yes;
	mode_t mode;
	struct conf_strings list;
	struct inner *one;
	struct conf_groups many;
	struct conf_any any;
	struct conf_vars vars;
};

#define SETTING(n, t, ...)                                                  \
	{                                                                   \
		.name = #n, .type = t, .offset = offsetof(struct outer, n), \
		__VA_ARGS__                                                 \
	}

static const struct conf_setting inner_settings[] = {
	{ .name = "text",
	  .type = CONF_STRING,
	  .offset = offsetof(struct inner, text) },
	{ .name = NULL },
};
static const struct conf_schema inner = { inner_settings,
					  sizeof(struct inner) };
static const struct conf_setting outer_settings[] = {
	SETTING(text, CONF_STRING),
	SETTING(path, CONF_PATH),
	SETTING(number, CONF_INT, .def = "7"),
	SETTING(wait, CONF_DURATION),
	SETTING(yes, CONF_BOOL),
	SETTING(mode, CONF_MODE),
	SETTING(list, CONF_STRINGS),
	SETTING(one, CONF_GROUP, .sub = &inner),
	SETTING(many, CONF_GROUPS, .sub = &inner),
	SETTING(any, CONF_ANY),
	SETTING(vars, CONF_VARS),
	{ .name = NULL },
};
static const struct conf_schema schema = { outer_settings,
					   sizeof(struct outer) };

static char *dump(const char *text)
{
	AUTO(sbuf_free) struct sbuf out = SBUF_INIT(1u << 16);
	struct arena *arena = arena_new();
	struct conf_errors errs = { 0 };
	struct outer o;

	if (conf_load_string("t", text, &schema, arena, &o, &errs) == -1)
		fail_msg("%s", errs.list.v[0]);
	conf_dump(&schema, &o, &out);
	arena_free(&arena);
	return sbuf_take(&out, NULL);
}

static void each_counts(void **state)
{
	static const char *const texts[] = {
		"",
		"text = \"a\";",
		"text = \"b\";",
		"path = \"/a\";",
		"number = 8;",
		"wait = \"1h\";",
		"yes = true;",
		"mode = \"0640\";",
		"list = [ \"a\", \"b\" ];",
		"list = [ \"a b\" ];",
		"list = [ \"a\" ];",
		"one : { };",
		"one : { text = \"a\"; };",
		"many = ( { text = \"a\"; } );",
		"many = ( { text = \"a\"; }, { text = \"b\"; } );",
		"many = ( { text = \"b\"; }, { text = \"a\"; } );",
		"any = 1;",
		"vars : { a = 1; };",
		"vars : { b = 1; };",
	};
	char *all[ARRAY_LEN(texts)];

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		all[i] = dump(texts[i]);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		for (size_t k = 0; k < i; k++)
			if (strcmp(all[i], all[k]) == 0)
				fail_msg("\"%s\" is like \"%s\"", texts[i],
					 texts[k]);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		mem_free_str(&all[i]);
}

static void says_the_same(void **state)
{
	AUTO(mem_free_str) char *a = dump("");
	AUTO(mem_free_str) char *b = dump("\n\n# a comment\nnumber = 7;");
	AUTO(mem_free_str) char *c = dump("wait = 3600; text = \"a\";");
	AUTO(mem_free_str) char *d = dump("text = \"a\";\nwait = \"1h\";");

	assert_string_equal(a, b);
	assert_string_equal(c, d);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_counts),
		cmocka_unit_test(says_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
