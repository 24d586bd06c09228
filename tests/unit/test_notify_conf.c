/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>
#include "notify_conf.h"

static void checks(void **state)
{
	static const struct {
		const char *text, *says; /* NULL: nothing */
	} cases[] = {
		{ "mail = [ \"root@example.org\", \"root\" ];", NULL },
		{ "command = [ \"/bin/true\", \"x\" ]; user = \"nobody\";",
		  NULL },
		{ "timeout = \"5s\";", "tells nobody" },
		{ "mail = [ \"-oQ/tmp\" ];", "-oQ/tmp is not a mail address" },
		{ "mail = [ \"hostmaster.example.org\" ];",
		  "hostmaster.example.org is not a mail address: it has no @" },
		{ "mail = [ \"a@b\" ]; from = \"c.d\";", "c.d is not a mail" },
		{ "mail = [ \"a@b\" ]; from = \"a\\nBcc: x\";",
		  "is not a mail address" },
		{ "mail = [ \"a@b\" ]; user = \"x\";", "user is for command" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct arena *arena = arena_new();
		struct conf_errors errs = { 0 };
		struct notify_conf conf;

		assert_int_equal(conf_load_string("t", cases[i].text,
						  &notify_conf_schema, arena,
						  &conf, &errs),
				 0);
		notify_conf_check(&conf, &errs);
		assert_int_equal(errs.list.n, cases[i].says ? 1 : 0);
		if (cases[i].says)
			assert_non_null(strstr(errs.list.v[0], cases[i].says));
		conf_errors_free(&errs);
		arena_free(&arena);
	}
	notify_conf_check(NULL, NULL);
}

/* As the header of a mail may hold it, and a command's line. */
static void addresses(void **state)
{
	static const char *const good[] = {
		"root",	       "a@example.org",	     "a.b+c@example.org",
		"x@localhost", "o'neil@example.org", "a=b@example.org",
	};
	static const char *const bad[] = {
		"",
		"-oQ/tmp",
		"|/bin/sh",
		"/etc/x@y",
		"!x",
		"-f@example.org",
		"a@b, c@d",
		"a@b c@d",
		"a@@b",
		"a@b@c",
		"@example.org",
		"a@",
		"a.example.org",
		"<a@b>",
		"A B <a@b>",
		"\"a b\"@c",
		"a@b\nBcc: c@d",
		"a@b\r",
		"a\t@b",
		"a@b;",
		"a@b:",
		"a@[1.2.3.4]",
		"a(b)@c",
		"a@\xc3\xa4.org",
		"a\\@b",
		"a@b\x7f",
	};
	char longest[256];
	struct err err = ERR_INIT;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (notify_conf_address(good[i], &err) != 0)
			fail_msg("%s", err.msg);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (notify_conf_address(bad[i], &err) != -1)
			fail_msg("%s", bad[i]);
		assert_int_equal(err.kind, ERR_INPUT);
	}
	memset(longest, 'a', sizeof(longest));
	longest[1] = '@';
	longest[255] = '\0';
	assert_int_equal(notify_conf_address(longest, NULL), -1);
	longest[254] = '\0';
	assert_int_equal(notify_conf_address(longest, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses),
		cmocka_unit_test(checks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
