/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "near.h"

static const char *meant(struct near n)
{
	static const char *const known[] = {
		"letsencrypt", "zerossl",	  "google",
		"actalis",     "www.example.org", "mail.example.org"
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		(void) near_try(&n, known[i]);
	return n.best;
}

static void words(void **state)
{
	assert_string_equal(meant(near_word("letsencrpyt")), "letsencrypt");
	assert_string_equal(meant(near_word("lets-encrypt")), "letsencrypt");
	assert_string_equal(meant(near_word("zeroSSL")), "zerossl");
	assert_string_equal(meant(near_word("gogle")), "google");
	assert_null(meant(near_word("smallstep")));
	assert_null(meant(near_word("")));
}

/* Others of the same domain are no slips of the finger. */
static void names(void **state)
{
	char many[400];

	assert_string_equal(meant(near_name("www.exmaple.org")),
			    "www.example.org");
	assert_string_equal(meant(near_name("mail.example.or")),
			    "mail.example.org");
	assert_null(meant(near_name("shop.example.net")));
	assert_null(meant(near_name("ldap.example.org")));
	memset(many, 'a', sizeof(many) - 1);
	many[sizeof(many) - 1] = '\0';
	assert_null(meant(near_name(many)));
}

static void text(void **state)
{
	struct near n = near_word("--forec");
	char *s = near_text(&n, "--");

	assert_string_equal(s, "");
	free(s);
	n = near_word("forec");
	assert_true(near_try(&n, "force"));
	assert_false(near_try(&n, "forced"));
	s = near_text(&n, "--");
	assert_string_equal(s, "; is --force meant?");
	free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(words),
					    cmocka_unit_test(names),
					    cmocka_unit_test(text) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
