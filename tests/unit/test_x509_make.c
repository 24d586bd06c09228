/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "scratch.h"
#include "x509_kit.h"
#include "x509_make.h"

static struct err err;

static void ok(int rc)
{
	if (rc == -1)
		fail_msg("%s", err.msg);
	assert_int_equal(rc, 0);
}

static void save_key(const struct x509_key *key)
{
	AUTO(sbuf_erase) struct sbuf pem = SBUF_INIT(64u * 1024);

	ok(x509_key_pem(key, &pem, &err));
	scratch_write(scratch("a.key"), sbuf_str(&pem), 0600);
}

static void has(const char *command, const char *part)
{
	const char *all;

	kit_sh("{ %s ; } >text 2>&1", command);
	all = scratch_read(scratch("text"));
	if (!strstr(all, part))
		fail_msg("%s: \"%s\" is not in %s", command, part, all);
}

/* What openssl reads in them. */
static void kinds(void **state)
{
	static const char *const names[] = { "www.example.org", "*.example.org",
					     "www.example.org" };
	static const struct {
		const char *kind, *key, *signature;
	} rows[] = {
		{ "P-256", "ASN1 OID: prime256v1", "ecdsa-with-SHA256" },
		{ "P-384", "ASN1 OID: secp384r1", "ecdsa-with-SHA256" },
		{ "rsa2048", "Private-Key: (2048 bit", "sha256WithRSA" },
		{ "rsa3072", "Private-Key: (3072 bit", "sha256WithRSA" },
		{ "rsa4096", "Private-Key: (4096 bit", "sha256WithRSA" },
	};
	size_t n = 0;

	while (x509_key_kinds[n])
		n++;
	assert_int_equal(n, ARRAY_LEN(rows));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO(sbuf_free) struct sbuf csr = SBUF_INIT(64u * 1024);
		struct x509_key *key = NULL;
		char id[ENC_SHA256_HEX];

		ok(x509_key_make(rows[i].kind, &key, &err));
		assert_string_equal(x509_key_kind(key), rows[i].kind);
		save_key(key);
		has("openssl pkey -in a.key -noout -text", rows[i].key);
		ok(x509_key_id(key, id, &err));
		assert_string_equal(id, kit_out("openssl pkey -in a.key "
						"-pubout -outform DER | "
						"sha256sum"));
		ok(x509_csr_make(key, names, ARRAY_LEN(names), &csr, &err));
		scratch_write(scratch("a.csr"), sbuf_str(&csr), 0644);
		has("openssl req -in a.csr -noout -verify", "OK");
		has("openssl req -in a.csr -noout -subject", "subject=\n");
		has("openssl req -in a.csr -noout -text", rows[i].signature);
		has("openssl req -in a.csr -noout -text",
		    "    DNS:www.example.org, DNS:*.example.org\n");
		kit_sh("openssl pkey -in a.key -pubout >1; openssl req -in "
		       "a.csr -noout -pubkey >2; cmp 1 2");
		x509_key_free(&key);
	}
}

/* No two are alike, and what is none of ours has no kind. */
static void others(void **state)
{
	struct x509_key *a = NULL, *b = NULL;
	char ida[ENC_SHA256_HEX], idb[ENC_SHA256_HEX];

	assert_int_equal(x509_key_make("rsa1024", &a, &err), -1);
	ok(x509_key_make(X509_KEY_KIND, &a, &err));
	ok(x509_key_make(X509_KEY_KIND, &b, &err));
	ok(x509_key_id(a, ida, &err));
	ok(x509_key_id(b, idb, &err));
	assert_int_equal(x509_key_same(a, b, &err), 0);
	assert_int_equal(x509_key_same(a, a, &err), 1);
	assert_string_not_equal(ida, idb);
	x509_key_free(&a);
	x509_key_free(&b);
	kit_sh("openssl genpkey -algorithm ED25519 -out a.key");
	assert_int_equal(kit_key("a.key", &a, &err), 0);
	assert_null(x509_key_kind(a));
	x509_key_free(&a);
}

/* What the centre asks of a request. */
static void checked(void **state)
{
	static const char *const names[] = { "*.example.org" };
	AUTO(sbuf_free) struct sbuf pem = SBUF_INIT(64u * 1024);
	const struct x509_csr_policy policy = { .any_key = false };
	struct x509_key *key = NULL;
	struct x509_csr *csr = NULL;

	ok(x509_key_make(X509_KEY_KIND, &key, &err));
	ok(x509_csr_make(key, names, 1, &pem, &err));
	ok(x509_csr_parse(sbuf_str(&pem), pem.len, &csr, &err));
	ok(x509_csr_check(csr, &policy, &err));
	assert_int_equal(x509_csr_ids(csr)->n, 1);
	assert_string_equal(x509_csr_ids(csr)->v[0].value, "*.example.org");
	x509_csr_free(&csr);
	x509_key_free(&key);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(kinds, scratch_setup,
						scratch_teardown),
		cmocka_unit_test_setup_teardown(others, scratch_setup,
						scratch_teardown),
		cmocka_unit_test_setup_teardown(checked, scratch_setup,
						scratch_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
