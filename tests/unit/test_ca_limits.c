/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "scratch.h"
#include "x509_kit.h"
#include "ca_limits.h"

#define TWO    "-subj / -addext subjectAltName=DNS:a.example.org,DNS:b.example.org"
#define ONE    "-subj / -addext subjectAltName=DNS:a.example.org"
#define CLIENT ONE " -addext extendedKeyUsage=serverAuth,clientAuth"
#define RSA    "-newkey rsa:2048 "
#define P256   KIT_EC " "

static const char *const rsa[] = { "rsa", NULL }, *const ec[] = { "ec", NULL },
			 *const both[] = { "ec", "rsa", NULL };

enum { OWN, FREE, RSA_ONLY, EC_ONLY, SERVER, BOTH, LEAVES, CAS };

static struct certrepo_ca cas[CAS] = {
	[OWN] = { .name = "own" },
	[FREE] = { .name = "free", .max_names = 1 },
	[RSA_ONLY] = { .name = "rsa-only",
		       .keys = { rsa, 1 },
		       .max_names = 100 },
	[EC_ONLY] = { .name = "ec-only", .keys = { ec, 1 }, .max_names = 100 },
	[SERVER] = { .name = "server",
		     .client_auth = "refused",
		     .max_names = 100 },
	[BOTH] = { .name = "both",
		   .client_auth = "refused",
		   .keys = { both, 2 },
		   .max_names = 2 },
	[LEAVES] = { .name = "leaves", .client_auth = "left-out" },
};

/* OTHER is the only CA beside CA; WHY NULL: it is taken. */
static const struct {
	const char *csr;
	int ca, other;
	const char *why, *ends;
} cases[] = {
	{ RSA TWO, OWN, FREE, NULL, NULL },
	{ P256 CLIENT, OWN, FREE, NULL, NULL },
	{ RSA ONE, FREE, OWN, NULL, NULL },
	{ RSA TWO, FREE, SERVER,
	  "it has 2 names, and CA free takes at most 1 in a certificate",
	  "with fewer, or take the CA server, which would" },
	{ RSA TWO, FREE, EC_ONLY, "it has 2 names", "with fewer" },
	{ RSA ONE, RSA_ONLY, EC_ONLY, NULL, NULL },
	{ P256 ONE, RSA_ONLY, EC_ONLY,
	  "its key is EC P-256, and CA rsa-only takes RSA keys alone",
	  "such a key, or take the CA ec-only, which would" },
	{ RSA ONE, EC_ONLY, RSA_ONLY,
	  "its key is RSA 2048, and CA ec-only takes EC keys alone",
	  "or take the CA rsa-only, which would" },
	{ RSA TWO, EC_ONLY, FREE, "its key is RSA 2048", "with such a key" },
	{ RSA ONE, SERVER, OWN, NULL, NULL },
	{ RSA CLIENT, SERVER, OWN, "it asks for clientAuth",
	  "without that, or take the CA own, which would" },
	{ RSA CLIENT, SERVER, BOTH, "a new CSR is needed", "without that" },
	{ RSA CLIENT, SERVER, LEAVES, "which CA server refuses",
	  "without that" },
	{ RSA ONE, LEAVES, OWN, NULL, NULL },
	{ RSA CLIENT, LEAVES, OWN, NULL, NULL },
	{ RSA TWO, BOTH, OWN, NULL, NULL },
	{ P256 TWO, BOTH, OWN, NULL, NULL },
};

static void table(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(x509_csr_free) struct x509_csr *csr = NULL;
		void *list[] = { &cas[cases[i].ca], &cas[cases[i].other] };
		struct certrepo_conf conf = { .ca = { list, 2 } };
		struct err err = ERR_INIT;
		int rc;

		kit_sh("openssl req -new -nodes -keyout k -out r %s",
		       cases[i].csr);
		csr = kit_csr("r", &err);
		assert_non_null(csr);
		rc = ca_limits_check(&conf, list[0], csr, &err);
		assert_int_equal(rc, cases[i].why ? -1 : 0);
		if (!cases[i].why)
			continue;
		assert_int_equal(err.kind, ERR_INPUT);
		if (!strstr(err.msg, cases[i].why) ||
		    strcmp(err.msg + strlen(err.msg) - strlen(cases[i].ends),
			   cases[i].ends) != 0)
			fail_msg("%zu: %s", i, err.msg);
	}
}

/* What is enrolled goes on at a CA that leaves the usage out, what is new is
 * not enrolled for it. */
static void usage(void **state)
{
	static const struct {
		const char *csr;
		int ca;
		enum ca_usage is;
		bool stored, new, noted;
	} rows[] = {
		{ P256 ONE, OWN, CA_USAGE_ISSUED, true, true, false },
		{ P256 ONE, LEAVES, CA_USAGE_ISSUED, true, true, false },
		{ P256 ONE, SERVER, CA_USAGE_ISSUED, true, true, false },
		{ P256 CLIENT, OWN, CA_USAGE_ISSUED, true, true, false },
		{ P256 CLIENT, LEAVES, CA_USAGE_LEFT_OUT, true, false, true },
		{ P256 CLIENT, SERVER, CA_USAGE_REFUSED, false, false, false },
	};
	void *list[] = { &cas[OWN], &cas[LEAVES], &cas[SERVER] };
	struct certrepo_conf conf = { .ca = { list, 3 } };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct certrepo_ca *ca = &cas[rows[i].ca];
		AUTO(strlist_free) struct strlist notes = STRLIST_INIT;
		AUTO(x509_csr_free) struct x509_csr *csr = NULL;
		struct err err = ERR_INIT;

		kit_sh("openssl req -new -nodes -keyout k -out r %s",
		       rows[i].csr);
		csr = kit_csr("r", &err);
		assert_non_null(csr);
		assert_int_equal(ca_limits_usage(ca, csr), rows[i].is);
		assert_int_equal(ca_limits_check(&conf, ca, csr, &err),
				 rows[i].stored ? 0 : -1);
		assert_int_equal(ca_limits_check_new(&conf, ca, csr, &err),
				 rows[i].new ? 0 : -1);
		if (!rows[i].new &&
		    !strstr(err.msg, "or take the CA own, which would"))
			fail_msg("%zu: %s", i, err.msg);
		ca_limits_note(ca, csr, &notes);
		assert_int_equal(notes.n, rows[i].noted);
		if (rows[i].noted)
			assert_non_null(strstr(notes.v[0],
					       "which CA leaves leaves out"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(table),
					    cmocka_unit_test(usage) };

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
