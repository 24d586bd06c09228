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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(checks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
