/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "disc_txt.h"

#define S(text) text, sizeof(text) - 1

/* NULL: not there. */
static const struct {
	const char *strings;
	size_t len;
	const char *path, *i, *v;
} cases[] = {
	{ S("\12path=/acme\10i=ip,dns"), "/acme", "ip,dns", NULL },
	{ S("\11path=/dir\5i=dns\16v=http-01,nada"), "/dir", "dns",
	  "http-01,nada" },
	/* RFC 6763 section 6.4: whatever its case; the first counts; one that
	 * begins with '=' is none; without '=' it is there without a value */
	{ S("\7PATH=/a\7path=/b\6Path=/"), "/a", NULL, NULL },
	{ S("\6=/path\1v\2I="), NULL, "", "" },
	{ S("\1i\5i=dns"), NULL, "", NULL },
	{ S("\5i=dns\1i"), NULL, "dns", NULL },
	/* section 6.4: blanks belong to the key; 6.5: '=' to the value */
	{ S("\10path =/a\12path=/?a=b"), "/?a=b", NULL, NULL },
	{ S("\10pathx=/a\4pat="), NULL, NULL, NULL },
	/* section 6.1: a record of one empty string says nothing */
	{ S("\0"), NULL, NULL, NULL },
	{ S(""), NULL, NULL, NULL },
	{ S("\0\0\7path=/a"), "/a", NULL, NULL },
	/* cut short: what came before stays */
	{ S("\5i=dns\11path=/a"), NULL, "dns", NULL },
	{ S("\377path=/"), NULL, NULL, NULL },
	/* a NUL would end it early */
	{ S("\12path=/a\0bc\7path=/d"), "/d", NULL, NULL },
};

static bool same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static void test_parse(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(arena_free) struct arena *arena = arena_new();
		struct disc_txt t;
		/* so that the sanitizer sees a step too far */
		const unsigned char *copy =
			arena_dup(arena, cases[i].strings, cases[i].len);

		disc_txt_parse(copy, cases[i].len, arena, &t);
		if (!same(t.path, cases[i].path) || !same(t.i, cases[i].i) ||
		    !same(t.v, cases[i].v))
			fail_msg("case %zu: path %s, i %s, v %s", i,
				 t.path ? t.path : "-", t.i ? t.i : "-",
				 t.v ? t.v : "-");
	}
}

static void test_lists(void **state)
{
	assert_true(disc_txt_lists("dns", "dns"));
	assert_true(disc_txt_lists("ip,DNS", "dns"));
	assert_true(disc_txt_lists("ip, dns ,email", "dns"));
	assert_true(disc_txt_lists(",,dns", "dns"));
	assert_false(disc_txt_lists("ip,dnsx,xdns,dn", "dns"));
	assert_false(disc_txt_lists("", "dns"));
	assert_false(disc_txt_lists(",", "dns"));
	assert_false(disc_txt_lists(NULL, "dns"));
	assert_false(disc_txt_lists("dns,", ""));
}

static void test_path(void **state)
{
	static const char *const good[] = { "/", "/acme", "/acme/directory",
					    "/a?b=c&d=%20", "/a:b@c;d" };
	static const char *const bad[] = {
		"",	"acme", "//evil\\x", "/a b", "/a#b",
		"/a\"", "/<",	"/\303\244", "/a\n", "/a\r\nHost: x"
	};
	char longer[600];

	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_true(disc_txt_path_ok(good[i]));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(disc_txt_path_ok(bad[i]));
	memset(longer, 'a', sizeof(longer));
	longer[0] = '/';
	longer[501] = '\0';
	assert_false(disc_txt_path_ok(longer));
	longer[500] = '\0';
	assert_true(disc_txt_path_ok(longer));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
