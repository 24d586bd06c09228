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
static const char *const prefixes[] = { "/var/www", "/srv/web/", NULL };
static const struct certrepo_conf conf = {
	.ca = { .v = cas, .n = 2 },
	.default_ca = "own",
	.webroot_prefixes = { .v = prefixes, .n = 2 },
};
static const struct certrepo_conf bare;

static void challenge(void **state)
{
	assert_string_equal(policy_challenge(NULL, false), "dns-01");
	assert_string_equal(policy_challenge(NULL, true), "http-01");
	assert_string_equal(policy_challenge("", true), "http-01");
	assert_string_equal(policy_challenge("dns-01", true), "dns-01");
	assert_string_equal(policy_challenge("http-01", false), "http-01");
}

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

static const struct x509_id host_v[] = { { X509_ID_DNS, "a.example.org" } };
static const struct x509_id wild_v[] = { { X509_ID_DNS, "example.org" },
					 { X509_ID_DNS, "*.example.org" } };
static const struct x509_id ip_v[] = { { X509_ID_DNS, "a.example.org" },
				       { X509_ID_IP, "192.0.2.1" } };
static const struct x509_ids host = { host_v, 1 }, wild = { wild_v, 2 },
			     ip = { ip_v, 2 };

static void proof(void **state)
{
	static char too_long[STORE_PATH_MAX + 2] = "/var/www/";
	static const struct {
		const struct x509_ids *ids;
		const char *challenge, *webroot, *says;
	} cases[] = {
		{ &host, "dns-01", NULL, NULL },
		{ &wild, "dns-01", NULL, NULL },
		{ &ip, "dns-01", NULL, "192.0.2.1" },
		{ &ip, "http-01", "/var/www", NULL },
		{ &host, "http-01", "/var/www", NULL },
		{ &host, "http-01", "/var/www/", NULL },
		{ &host, "http-01", "/var/www/html", NULL },
		{ &host, "http-01", "/srv/web/x", NULL },
		{ &host, "http-01", "/srv/web", NULL },
		{ &host, "http-01", "/var/www/..a", NULL },
		{ &wild, "http-01", "/var/www", "*.example.org" },
		{ &host, "http-01", NULL, "--webroot" },
		{ &host, "http-01", "", "--webroot" },
		{ &host, "http-01", "/var/www2", "/var/www, /srv/web" },
		{ &host, "http-01", "/var", "webroot_prefixes" },
		{ &host, "http-01", "/etc", "webroot_prefixes" },
		{ &host, "http-01", "var/www", "absolute" },
		{ &host, "http-01", "/var/www/../../etc", ".." },
		{ &host, "http-01", "/var/www/..", ".." },
		{ &host, "http-01", "/var/www/\n", "ASCII" },
		{ &host, "http-01", too_long, "longer than 255" },
		{ &host, "tls-alpn-01", NULL, "tls-alpn-01" },
	};

	memset(too_long + 9, 'a', sizeof(too_long) - 10);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = ERR_INIT;
		int rc = policy_proof(&conf, cases[i].ids, cases[i].challenge,
				      cases[i].webroot, &err);

		if ((rc == 0) != !cases[i].says)
			fail_msg("case %zu: %d %s", i, rc, err.msg);
		if (cases[i].says && !strstr(err.msg, cases[i].says))
			fail_msg("no \"%s\" in: %s", cases[i].says, err.msg);
	}
}

static void no_prefixes(void **state)
{
	struct err err = ERR_INIT;

	assert_int_equal(
		policy_proof(&bare, &host, "http-01", "/var/www", &err), -1);
	assert_non_null(strstr(err.msg, "webroot_prefixes"));
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
		cmocka_unit_test(challenge), cmocka_unit_test(ca),
		cmocka_unit_test(proof),     cmocka_unit_test(no_prefixes),
		cmocka_unit_test(comment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
