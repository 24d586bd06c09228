/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "account_impl.h"

/* What needs no CA; the rest is tests/e2e/account.t. */

static struct certrepo_ca one = { .name = "one" }, two = { .name = "two" };
static void *const list[] = { &one, &two };
static const struct certrepo_conf conf = { .ca = { .v = list, .n = 2 },
					   .default_ca = "two" };

static void cas(void **state)
{
	static const char *const words[] = { "two", "one", "two", NULL };
	static const char *const wrong[] = { "one", "three", NULL };
	struct arena *arena = arena_new();
	struct command_run run = { .conf = &conf,
				   .config = "/etc/x.conf",
				   .arena = arena };
	struct account_cas ret;
	struct err err = ERR_INIT;

	assert_int_equal(account_cas(&run, &ret, &err), 0);
	assert_int_equal(ret.n, 2); /* all of them */
	assert_ptr_equal(ret.v[0], &one);
	assert_ptr_equal(ret.v[1], &two);
	run.words = words;
	run.n_words = 3;
	assert_int_equal(account_cas(&run, &ret, &err), 0);
	assert_int_equal(ret.n, 3);
	assert_ptr_equal(ret.v[0], &two);
	assert_ptr_equal(ret.v[1], &one);
	run.words = wrong;
	run.n_words = 2;
	assert_int_equal(account_cas(&run, &ret, &err), -1);
	assert_int_equal(err.kind, ERR_USAGE);
	assert_non_null(strstr(err.msg, "no CA \"three\""));
	assert_non_null(strstr(err.msg, "/etc/x.conf"));
	arena_free(&arena);
}

/* When is the account in the store the one of these settings? */
static void known(void **state)
{
	static char key[] = "thumb";
	static const struct {
		const char *directory, *account, *key, *kid, *ca_kid;
		bool known;
	} cases[] = {
		{ "https://ca/d?p=1", "https://ca/1", "thumb", NULL, NULL,
		  true },
		{ "https://ca/d?p=1", "https://ca/1", "thumb", "k", "k", true },
		{ "https://ca/d?p=1", "https://ca/1", "thumb", "k", "l",
		  false },
		{ "https://ca/d?p=1", "https://ca/1", "thumb", NULL, "l",
		  false },
		{ "https://ca/d?p=1", "https://ca/1", "thumb", "k", NULL,
		  false },
		{ "https://ca/d?p=2", "https://ca/1", "thumb", NULL, NULL,
		  false },
		{ "https://ca/d", "https://ca/1", "thumb", NULL, NULL, false },
		{ "https://ca/d?p=1", "https://ca/1", "other", NULL, NULL,
		  false },
		{ "https://ca/d?p=1", "https://ca/1", NULL, NULL, NULL, false },
		{ "https://ca/d?p=1", NULL, "thumb", NULL, NULL, false },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct account a = {
			.ca = { .directory = "https://ca/d?p=1",
				.eab_kid = cases[i].ca_kid },
			.row = { .directory = cases[i].directory,
				 .account = cases[i].account,
				 .account_key = cases[i].key,
				 .eab_kid = cases[i].kid },
			.key = key,
		};
		const char *url = account_url(&a);

		if (!url != !cases[i].known)
			fail_msg("case %zu: %s", i, url ? url : "none");
		a.none = true; /* says the CA */
		assert_null(account_url(&a));
		a.none = false;
		a.key = NULL;
		assert_null(account_url(&a));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cas),
		cmocka_unit_test(known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
