/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "authz.h"

static struct acme_challenge offered[] = {
	{ .type = "dns-persist-01", .url = "https://ca/p" }, /* no token */
	{ .type = "http-01", .url = "https://ca/h", .token = "t" },
	{ .type = "dns-01", .url = "https://ca/d", .token = "t" },
	{ .type = "tls-alpn-01", .url = "https://ca/t", .token = "t" },
};
/* What cannot be read of a challenge is missing. */
static struct acme_challenge broken[] = {
	{ .type = "dns-01", .url = "https://ca/d" },
	{ .type = "dns-01", .token = "t" },
};

static void choose(void **state)
{
	static const struct {
		const char *what;
		bool wildcard;
		enum x509_id_type id;
		const char *want;
		size_t n;
		int expect;
	} cases[] = {
		{ "dns-01", false, X509_ID_DNS, "dns-01", 4, 2 },
		{ "http-01", false, X509_ID_DNS, "http-01", 4, 1 },
		{ "a wildcard has dns-01", true, X509_ID_DNS, "http-01", 4, 2 },
		{ "an address has http-01", false, X509_ID_IP, "dns-01", 4, 1 },
		{ "not offered", false, X509_ID_DNS, "dns-01", 2, -1 },
		{ "nothing offered", false, X509_ID_DNS, "dns-01", 0, -1 },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct acme_authz z = { .wildcard = cases[i].wildcard,
					.id_type = cases[i].id,
					.identifier = "www.example.org",
					.challenges = offered,
					.n_challenges = cases[i].n };
		struct err err = ERR_INIT;
		int got =
			authz_choose(&z, proof_type_find(cases[i].want), &err);

		if (got != cases[i].expect)
			fail_msg("%s: %d", cases[i].what, got);
		if (got == -1 && !strstr(err.msg, "www.example.org"))
			fail_msg("%s: %s", cases[i].what, err.msg);
	}
}

/* Of what the CA offers, half a challenge is none. */
static void choose_broken(void **state)
{
	struct acme_authz z = { .identifier = "www.example.org",
				.challenges = broken,
				.n_challenges = 2 };
	struct err err = ERR_INIT;

	assert_int_equal(authz_choose(&z, proof_type_find("dns-01"), &err), -1);
}

/* The words are those of Boulder, pebble, smallstep and Google. */
static void absences(void **state)
{
	static const struct {
		enum fail_class class;
		const char *said;
		bool want;
	} cases[] = {
		{ FAIL_DNS,
		  "DNS problem: NXDOMAIN looking up TXT for _acme-challenge."
		  "www.example.org - check that a DNS record exists for this "
		  "domain",
		  true },
		{ FAIL_UNAUTHORIZED,
		  "No TXT record found at _acme-challenge.www.example.org",
		  true },
		{ FAIL_UNAUTHORIZED, "No TXT records found for DNS challenge",
		  true },
		{ FAIL_DNS,
		  "error looking up TXT records for domain www.example.org",
		  true },
		{ FAIL_DNS,
		  "Error retrieving TXT records for DNS challenge (lookup "
		  "_acme-challenge.x.test on 127.0.0.1:53: no such host)",
		  true },
		{ FAIL_DNS,
		  "DNS problem: SERVFAIL looking up TXT for _acme-challenge."
		  "www.example.org - the domain's nameservers may be "
		  "malfunctioning",
		  false },
		{ FAIL_DNS,
		  "DNS problem: query timed out looking up TXT for "
		  "_acme-challenge.www.example.org",
		  false },
		{ FAIL_DNS,
		  "DNS problem: networking error looking up TXT for "
		  "_acme-challenge.www.example.org",
		  false },
		{ FAIL_DNS,
		  "DNS problem: looking up TXT for _acme-challenge."
		  "www.example.org: DNSSEC: DNSKEY Missing: validation failure",
		  false },
		{ FAIL_DNS,
		  "Error retrieving TXT records for DNS challenge (lookup "
		  "_acme-challenge.x.test on 127.0.0.1:53: server misbehaving)",
		  false },
		{ FAIL_DNS,
		  "While processing CAA for www.example.org: DNS problem: "
		  "NXDOMAIN looking up CAA for org",
		  false },
		{ FAIL_UNAUTHORIZED,
		  "Incorrect TXT record \"old\" found at _acme-challenge."
		  "www.example.org",
		  false },
		{ FAIL_CONNECTION, "No TXT record found", false },
		{ FAIL_CA_DOWN, "NXDOMAIN", false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fail f;

		fail_set(&f, cases[i].class, 0, "%s", cases[i].said);
		if (authz_absent(&f) != cases[i].want)
			fail_msg("%s", cases[i].said);
	}
}

static void classes(void **state)
{
	static const struct {
		enum err_kind kind;
		enum fail_class dns, http;
	} cases[] = {
		{ ERR_CONFIG, FAIL_CONFIG, FAIL_CONFIG },
		{ ERR_UNAVAILABLE, FAIL_DNS, FAIL_CONFIG },
		{ ERR_TIMEOUT, FAIL_DNS, FAIL_CONFIG },
		{ ERR_INPUT, FAIL_DNS, FAIL_CONFIG },
		{ ERR_IO, FAIL_INTERNAL, FAIL_INTERNAL }, /* disk full */
		{ ERR_INTERNAL, FAIL_INTERNAL, FAIL_INTERNAL },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(
			authz_class(cases[i].kind, proof_type_find("dns-01")),
			cases[i].dns);
		assert_int_equal(
			authz_class(cases[i].kind, proof_type_find("http-01")),
			cases[i].http);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(choose),
		cmocka_unit_test(choose_broken),
		cmocka_unit_test(absences),
		cmocka_unit_test(classes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
