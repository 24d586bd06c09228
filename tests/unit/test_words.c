/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "child.h"
#include "words.h"

static void text_is(const char *const *argv, const char *want)
{
	char *text = words_text(argv);

	assert_string_equal(text, want);
	free(text);
}

static void quotes(void **state)
{
	text_is((const char *[]){ "nginx", "-s", "reload", NULL },
		"nginx -s reload");
	text_is((const char *[]){ "sh", "-c", "nginx -t; true", NULL },
		"sh -c 'nginx -t; true'");
	text_is((const char *[]){ "x", "", "it's", "\"a\"", "$HOME", "a@b:/c",
				  NULL },
		"x '' 'it'\\''s' '\"a\"' '$HOME' a@b:/c");
	text_is((const char *[]){ NULL }, "");
}

/* A shell makes the same words of it. */
static void as_a_shell(void **state)
{
	const char *const argv[] = { "printf", "%s|",	"a b", "'", "''x",
				     "$(id)",  "`id`",	"\\",  "*", "~",
				     "#",      "a\tb;", "",    NULL };
	char *text = words_text(argv);
	const char *const sh[] = { "sh", "-c", text, NULL };
	struct child_spec spec = { .argv = sh, .timeout_s = 10 };
	struct child_result r;
	struct err err = ERR_INIT;

	assert_int_equal(child_run(&spec, &r, &err), 0);
	assert_string_equal(sbuf_str(&r.output),
			    "a b|'|''x|$(id)|`id`|\\|*|~|#|a\tb;||");
	sbuf_free(&r.output);
	free(text);
}

static void shortens(void **state)
{
	char x[301];
	const char *argv[] = { "echo", x, "end", NULL };
	char *text;

	memset(x, 'x', 300);
	x[300] = '\0';
	text = words_short(argv);
	assert_in_range(strlen(text), 1, WORDS_SHORT_MAX);
	assert_memory_equal(text, "echo xxx", 8);
	assert_non_null(strstr(text, "xx ... xx"));
	assert_string_equal(text + strlen(text) - 5, "x end");
	free(text);
	argv[1] = "short";
	text = words_short(argv);
	assert_string_equal(text, "echo short end");
	free(text);
}

static void list(void **state)
{
	char *text = words_list((const char *[]){ " systemctl  reload\tx",
						  "--no-block", NULL });

	assert_string_equal(
		text, "[ \"systemctl\", \"reload\", \"x\", \"--no-block\" ]");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quotes),
		cmocka_unit_test(as_a_shell),
		cmocka_unit_test(shortens),
		cmocka_unit_test(list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
