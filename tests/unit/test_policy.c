/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "policy.h"

static struct certrepo_ca le = { .name = "letsencrypt" };
static struct certrepo_ca own = { .name = "own" };
static void *const cas[] = { &le, &own };
static const struct certrepo_conf conf = {
	.ca = { .v = cas, .n = 2 },
	.default_ca = "own",
};
static const struct certrepo_conf bare;

static void ca(void **state)
{
	const struct certrepo_ca *got = NULL;
	struct err err = ERR_INIT;

	assert_int_equal(policy_ca(&conf, NULL, &got, &err), 0);
	assert_string_equal(got->name, "own");
	assert_int_equal(policy_ca(&conf, "letsencrypt", &got, &err), 0);
	assert_string_equal(got->name, "letsencrypt");
	got = NULL;
	assert_int_equal(policy_ca(&conf, "nope", &got, &err), -1);
	assert_null(got);
	assert_non_null(strstr(err.msg, "letsencrypt, own"));
	assert_int_equal(policy_ca(&bare, NULL, &got, &err), -1);
	assert_int_equal(err.kind, ERR_CONFIG);
}

static void webroot(void **state)
{
	struct err err = ERR_INIT;

	assert_int_equal(policy_webroot(NULL, &err), 0);
	assert_int_equal(policy_webroot("/var/www", &err), 0);
	assert_int_equal(policy_webroot("/var/www/.well-known2", &err), 0);
	assert_int_equal(policy_webroot("/var/www/.well-known", &err), -1);
	assert_int_equal(
		policy_webroot("/var/www/.well-known/acme-challenge", &err),
		-1);
	assert_int_equal(err.kind, ERR_INPUT);
	assert_non_null(strstr(err.msg, "made below it: /var/www"));
}

static void comment(void **state)
{
	char text[STORE_COMMENT_MAX + 2];
	struct err err = ERR_INIT;

	assert_int_equal(policy_comment(NULL, &err), 0);
	assert_int_equal(policy_comment("it's \"ours\" ~", &err), 0);
	memset(text, 'x', sizeof(text) - 1);
	text[STORE_COMMENT_MAX] = '\0';
	assert_int_equal(policy_comment(text, &err), 0);
	text[STORE_COMMENT_MAX] = 'x';
	text[STORE_COMMENT_MAX + 1] = '\0';
	assert_int_equal(policy_comment(text, &err), -1);
	assert_int_equal(policy_comment("caf\xc3\xa9", &err), -1);
	assert_non_null(strstr(err.msg, "ASCII"));
	assert_int_equal(policy_comment("a\nb", &err), -1);
	assert_int_equal(policy_comment("a\x7f", &err), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ca),
		cmocka_unit_test(webroot),

		cmocka_unit_test(comment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
