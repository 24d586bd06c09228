/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "proof_kind.h"

static const char *const prefixes[] = { "/var/www", "/srv/web/", NULL };
static const struct certrepo_conf conf = {
	.proof.webroot_prefixes = { .v = prefixes, .n = 2 },
};
static const struct certrepo_conf bare;

static void types(void **state)
{
	const struct proof_type *dns = proof_type_find("dns-01");
	const struct proof_type *http = proof_type_find("http-01");

	assert_non_null(dns);
	assert_non_null(http);
	assert_null(proof_type_find("tls-alpn-01"));
	assert_null(proof_type_find(""));
	/* RFC 8555 section 8.4, RFC 8738 sections 4 and 7 */
	assert_ptr_equal(proof_type_for(http, true, false), dns);
	assert_ptr_equal(proof_type_for(dns, false, true), http);
	assert_ptr_equal(proof_type_for(http, false, false), http);
	assert_ptr_equal(proof_type_for(dns, true, false), dns);
	assert_non_null(strstr(PROOF_TYPE_NAMES, dns->name));
	assert_non_null(strstr(PROOF_TYPE_NAMES, http->name));
	assert_string_equal(PROOF_TYPE_WEBROOT, http->name);
}

static void of_row(void **state)
{
	assert_string_equal(proof_type_of_row(NULL, false), "dns-01");
	assert_string_equal(proof_type_of_row(NULL, true), "http-01");
	assert_string_equal(proof_type_of_row("", true), "http-01");
	assert_string_equal(proof_type_of_row("dns-01", true), "dns-01");
	assert_string_equal(proof_type_of_row("http-01", false), "http-01");
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
		{ &host, "http-01", "/var/www/.well-known", NULL },
		{ &host, "http-01", too_long, "longer than 255" },
		{ &host, "tls-alpn-01", NULL, "tls-alpn-01" },
	};

	memset(too_long + 9, 'a', sizeof(too_long) - 10);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = ERR_INIT;
		int rc = proof_check(&conf, cases[i].ids, cases[i].challenge,
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

	assert_int_equal(proof_check(&bare, &host, "http-01", "/var/www", &err),
			 -1);
	assert_non_null(strstr(err.msg, "webroot_prefixes"));
}

/* Where a proof by DNS goes, without asking the DNS. */
static void zones(void **state)
{
	struct proof_zone acme = { .zone = "acme.example.net" },
			  org = { .zone = "example.org" },
			  sub = { .zone = "_acme-challenge.a.example.org" };
	void *list[] = { &acme, &org, &sub };
	struct proof_dns dns = { .zones = { .v = list, .n = 3 } };
	struct certrepo_conf some = { .proof.dns = &dns };
	struct arena *a = arena_new();
	struct err err = ERR_INIT;
	const char *zone;

	assert_int_equal(proof_zone_check(&bare, "dns-01", &err), -1);
	assert_non_null(strstr(err.msg, "dns.zones"));
	assert_int_equal(proof_zone_check(&bare, "http-01", NULL), 0);
	assert_int_equal(proof_zone_check(&some, "dns-01", NULL), 0);
	assert_null(proof_zone_record(&some, "a.example.org", a, &zone));
	assert_string_equal(zone, "_acme-challenge.a.example.org");
	assert_null(proof_zone_record(&some, "*.b.example.org", a, &zone));
	assert_string_equal(zone, "example.org");
	assert_string_equal(
		proof_zone_record(&some, "*.notexample.org", a, &zone),
		"_acme-challenge.notexample.org. CNAME "
		"notexample-org.acme.example.net.");
	assert_null(zone);
	/* a label has 63 characters at most */
	assert_string_equal(
		proof_zone_record(&some,
				  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa."
				  "aaaaaaaaaaaaaaaaaaaaaaaaa.example",
				  a, &zone),
		"_acme-challenge.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa."
		"aaaaaaaaaaaaaaaaaaaaaaaaa.example. CNAME "
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa."
		"aaaaaaaaaaaaaaaaaaaaaaaaa.example.acme.example.net.");
	dns.zones.n = 0;
	dns.any_zone = true;
	assert_int_equal(proof_zone_check(&some, "dns-01", NULL), 0);
	assert_null(proof_zone_record(&some, "a.example.org", a, &zone));
	assert_null(zone);
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(types), cmocka_unit_test(of_row),
		cmocka_unit_test(proof), cmocka_unit_test(no_prefixes),
		cmocka_unit_test(zones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
