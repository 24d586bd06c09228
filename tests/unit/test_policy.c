/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "scratch.h"
#include "x509_kit.h"
#include "policy.h"

static struct certrepo_ca le = { .name = "letsencrypt",
				 .client_auth = "left-out" };
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

/* What the CA would not sign, and the command for what it would. */
static void csr(void **state)
{
	static const char *const rsa[] = { "rsa", NULL }, *const ec[] = {
		"ec", NULL
	};
	static struct certrepo_ca any = { .name = "any" },
				  picky_rsa = { .name = "picky",
						.keys = { rsa, 1 } },
				  picky_ec = { .name = "picky",
					       .keys = { ec, 1 } },
				  strict = { .name = "strict",
					     .client_auth = "refused" },
				  two = { .name = "two", .max_names = 2 };
	const struct {
		const struct certrepo_ca *ca;
		const char *csr, *says, *by;
		bool stored_is_taken;
	} cases[] = {
		{ &any, "client", NULL, NULL },
		{ &le, "ec", NULL, NULL },
		{ &le, "client", "asks for clientAuth",
		  "makes it by: openssl req -new -key KEY -subj / -addext "
		  "subjectAltName=DNS:NAME -out NAME.csr",
		  true },
		{ &strict, "client", "asks for clientAuth",
		  "makes it by: openssl req -new -key KEY -subj / -addext "
		  "subjectAltName=DNS:NAME -out NAME.csr" },
		{ &picky_ec, "ec", NULL, NULL },
		{ &picky_ec, "client", "takes EC keys alone",
		  "by: openssl req -new -newkey ec -pkeyopt "
		  "ec_paramgen_curve:P-256 -nodes -keyout NAME.key -subj / "
		  "-addext subjectAltName=DNS:NAME -out NAME.csr" },
		{ &picky_rsa, "ec", "takes RSA keys alone",
		  "by: openssl req -new -newkey rsa:2048 -nodes -keyout "
		  "NAME.key -subj / -addext subjectAltName=DNS:NAME -out "
		  "NAME.csr" },
		{ &two, "three", "it has 3 names, and CA two takes at most 2",
		  NULL },
		{ &any, "p521", "EC P-521", NULL },
	};

	kit_req("ec", KIT_EC " -subj / -addext subjectAltName=DNS:a.example");
	kit_req("client", "-newkey rsa:2048 -subj /CN=a.example -addext "
			  "extendedKeyUsage=serverAuth,clientAuth");
	kit_req("three", KIT_EC " -subj / -addext subjectAltName="
				"DNS:a.example,DNS:b.example,DNS:c.example");
	kit_req("p521", "-newkey ec -pkeyopt ec_paramgen_curve:P-521 -subj "
			"/CN=a.example");
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err err = ERR_INIT;
		struct x509_csr *c = kit_csr(cases[i].csr, &err);
		int stored = policy_csr(&bare, cases[i].ca, c, &err);
		int rc = policy_csr_new(&bare, cases[i].ca, c, &err);

		if ((stored == 0) !=
		    (!cases[i].says || cases[i].stored_is_taken))
			fail_msg("case %zu, stored: %d", i, stored);
		if ((rc == 0) != !cases[i].says)
			fail_msg("case %zu: %d %s", i, rc, err.msg);
		if (cases[i].says)
			kit_says(&err, cases[i].says);
		if (cases[i].by)
			kit_says(&err, cases[i].by);
		else
			assert_null(strstr(err.msg, "; the host that"));
		x509_csr_free(&c);
	}
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
		cmocka_unit_test_setup_teardown(csr, scratch_setup,
						scratch_teardown),
		cmocka_unit_test(webroot),

		cmocka_unit_test(comment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
