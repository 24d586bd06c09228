/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "proof_conf.h"

/* The settings themselves are read in test_certrepo_conf.c. */

static void web_root_rules(void **state)
{
	static const char *const climbs[] = { "..", "../a", "/a/..", "/a/../b",
					      "/.." };
	static const char *const stays[] = { "/",      "/a..b", "/..a/b",
					     "/a../b", "/...",	"/a/.",
					     "" };
	static const struct {
		const char *path, *prefix, *rest;
	} cases[] = {
		{ "/srv/www", "/srv/www", "" },
		{ "/srv/www/", "/srv/www", "" },
		{ "/srv/www/a/b", "/srv/www", "a/b" },
		{ "/srv/www/a", "/srv/www/", "a" },
		{ "/srv/www//a", "/srv/www", "a" },
		{ "/srv/www2", "/srv/www", NULL },
		{ "/srv", "/srv/www", NULL },
		{ "/srv/www", "/", "srv/www" },
		{ "/", "/", "" },
		{ "srv", "/srv", NULL },
	};
	size_t i;

	for (i = 0; i < sizeof(climbs) / sizeof(climbs[0]); i++)
		assert_true(proof_conf_path_climbs(climbs[i]));
	for (i = 0; i < sizeof(stays) / sizeof(stays[0]); i++)
		assert_false(proof_conf_path_climbs(stays[i]));
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *rest =
			proof_conf_path_below(cases[i].path, cases[i].prefix);

		if (cases[i].rest)
			assert_string_equal(rest, cases[i].rest);
		else
			assert_null(rest);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(web_root_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
