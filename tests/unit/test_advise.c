/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "scratch.h"
#include "x509_kit.h"
#include "advise.h"

static const struct certrepo_ca le = { .name = "letsencrypt" };
static const struct certrepo_ca own = { .name = "own", .any_key = true };

/* ADVICE, and ISSUED when there is a certificate already: what is in it, "" for
 * nothing at all. */
static const struct {
	const char *args, *advice, *issued;
} cases[] = {
	{ KIT_EC " -subj /CN=a.example.org "
		 "-addext subjectAltName=DNS:b.example.org,DNS:A.example.org",
	  "", "" },
	{ KIT_EC " -subj / -addext subjectAltName=DNS:b.example.org", "", "" },
	{ KIT_EC " -subj /CN=a.example.org",
	  "the CSR has its name in the CN alone", "" },
	{ KIT_EC " -subj /CN=a.example.org "
		 "-addext subjectAltName=DNS:b.example.org",
	  "the CN of the CSR, a.example.org, is not in its subjectAltName",
	  "" },
	{ KIT_EC " -subj / -addext subjectAltName=DNS:b.example.org "
		 "-addext extendedKeyUsage=serverAuth,clientAuth",
	  "asks for clientAuth", "asks for clientAuth" },
	{ KIT_EC " -subj / -addext subjectAltName=DNS:b.example.org "
		 "-addext extendedKeyUsage=serverAuth",
	  "", "" },
	{ KIT_EC " -subj / -addext subjectAltName=DNS:b.example.org "
		 "-addext extendedKeyUsage=DER:0500",
	  "", "" },
};

static void expect(const struct strlist *l, const char *text)
{
	AUTO(mem_free_str) char *all = strlist_join(l, "\n");

	if (*text ? !strstr(all, text) : l->n > 0)
		fail_msg("no \"%s\" in: %s", text, all);
}

static void advises(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(strlist_free) struct strlist l = STRLIST_INIT;
		AUTO(strlist_free) struct strlist issued = STRLIST_INIT;
		AUTO(x509_csr_free) struct x509_csr *csr = NULL;
		struct err err = ERR_INIT;

		kit_sh("openssl req -new -nodes -keyout k -out r %s",
		       cases[i].args);
		csr = kit_csr("r", &err);
		assert_non_null(csr);
		advise_csr(csr, false, &l);
		expect(&l, cases[i].advice);
		advise_csr(csr, true, &issued);
		expect(&issued, cases[i].issued);
	}
}

static void stored(void **state)
{
	static const struct {
		const char *args, *le, *own;
	} old[] = {
		{ "-newkey rsa:1024",
		  "CA letsencrypt would refuse the CSR: "
		  "the key is RSA 1024",
		  "CA own would refuse the CSR" },
		{ "-newkey ed25519", "CA letsencrypt would refuse", "" },
		{ KIT_EC " -addext tlsfeature=status_request", "must-staple",
		  "must-staple" },
		{ KIT_EC, "", "" },
	};

	for (size_t i = 0; i < ARRAY_LEN(old); i++) {
		AUTO(strlist_free) struct strlist l = STRLIST_INIT;
		AUTO(strlist_free) struct strlist l2 = STRLIST_INIT;
		AUTO(strlist_free) struct strlist l3 = STRLIST_INIT;
		AUTO(x509_csr_free) struct x509_csr *csr = NULL;
		struct err err = ERR_INIT;

		kit_sh("openssl req -new -nodes -keyout k -out r -subj / "
		       "-addext subjectAltName=DNS:a.example.org %s",
		       old[i].args);
		csr = kit_csr("r", &err);
		assert_non_null(csr);
		advise_stored(csr, &le, true, &l);
		expect(&l, old[i].le);
		advise_stored(csr, &own, true, &l2);
		expect(&l2, old[i].own);
		advise_stored(csr, NULL, true, &l3);
		expect(&l3, "");
	}
}

/* What this CA in particular is known to refuse. */
static void limits(void **state)
{
	static const char *const rsa[] = { "rsa", NULL };
	static const struct certrepo_ca picky = { .name = "picky",
						  .keys = { rsa, 1 } };
	AUTO(strlist_free) struct strlist l = STRLIST_INIT;
	AUTO(x509_csr_free) struct x509_csr *csr = NULL;
	struct err err = ERR_INIT;

	kit_sh("openssl req -new -nodes -keyout k -out r -subj / -addext "
	       "subjectAltName=DNS:a.example.org " KIT_EC);
	csr = kit_csr("r", &err);
	assert_non_null(csr);
	advise_stored(csr, &picky, true, &l);
	expect(&l, "CA picky would refuse the CSR: its key is EC P-256, and CA "
		   "picky takes RSA keys alone");
	expect(&l, "; enrol it by certrepo-populate add NAME --csr FILE "
		   "--replace");
	assert_int_equal(l.n, 1);
}

/* Held is what has failed as often as the limit says: who is one short of it.
 */
static void spent(void **state)
{
	const struct certrepo_conf conf = { .count_fail_limit = 10 };
	struct store_cert row = { .count_fail_update = 0 };

	assert_false(advise_spent(&row, &conf));
	row.count_fail_update = 8;
	assert_false(advise_spent(&row, &conf));
	row.count_fail_update = 9;
	assert_true(advise_spent(&row, &conf));
	row.count_fail_update = -3;
	assert_false(advise_spent(&row, &conf));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(advises),
		cmocka_unit_test(stored),
		cmocka_unit_test(limits),
		cmocka_unit_test(spent),
	};

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
