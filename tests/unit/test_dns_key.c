/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include "dns_key.h"
#include "scratch.h"

static void test_tsig_keygen(void **state)
{
	/* tsig-keygen -a hmac-sha384 acme.example. */
	static const char text[] =
		"key \"acme.example.\" {\n\talgorithm hmac-sha384;\n"
		"\tsecret \"QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNk"
		"ZWZnaGlqa2xtbm9wcXJzdHV2\";\n};\n";
	struct dns_key *key = NULL;
	struct err err = ERR_INIT;

	if (dns_key_parse(text, "f", &key, &err) == -1)
		fail_msg("%s", err.msg);
	assert_string_equal(key->name, "acme.example");
	assert_string_equal(key->algorithm, "hmac-sha384");
	assert_int_equal(key->mac_len, 48);
	assert_int_equal(key->secret_len, 48);
	assert_memory_equal(key->secret,
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuv",
			    48);
	dns_key_free(&key);
	assert_null(key);
	dns_key_free(&key);
}

static void test_spellings(void **state)
{
	static const char *const good[] = {
		"key k{algorithm hmac-sha256;secret c2VjcmV0;};",
		"KEY \"k\" { ALGORITHM HMAC-SHA256.; SECRET \"c2VjcmV0\"; };",
		"# one\nkey k { // two\n secret /* three\n */ \"c2VjcmV0\";\n"
		"algorithm \"hmac-sha256\"; }; # end",
		"key K. {\r\n\talgorithm hmac-sha256;\r\n\tsecret c2VjcmV0;"
		"\r\n};\r\n",
	};

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct dns_key *key = NULL;
		struct err err = ERR_INIT;

		if (dns_key_parse(good[i], "f", &key, &err) == -1)
			fail_msg("%zu: %s", i, err.msg);
		assert_string_equal(key->name, "k");
		assert_string_equal(key->digest, "SHA256");
		assert_int_equal(key->secret_len, 6);
		assert_memory_equal(key->secret, "secret", 6);
		dns_key_free(&key);
	}
}

static void test_errors_name_the_line(void **state)
{
	static const struct {
		const char *text, *says;
	} bad[] = {
		{ "", "line 1: expected: key" },
		{ "\n\noptions { };", "line 3: expected: key" },
		{ "key { };", "line 1: expected the name" },
		{ "key \"a..b\" { };", "not a DNS name" },
		{ "key k;", "expected '{'" },
		{ "key k {", "'}' is missing" },
		{ "key k {\nalgorithm hmac-md5;", "line 2: the algorithm" },
		{ "key k { algorithm hmac-sha1; };", "tsig-keygen" },
		{ "key k { algorithm; };", "expected the algorithm" },
		{ "key k { secret \"x\" };", "not base64" },
		{ "key k { secret \"\"; };", "empty" },
		{ "key k { secret \"c2VjcmV0\n\"; };", "string without end" },
		{ "key k { secret c2VjcmV0 };", "expected ';'" },
		{ "key k { algorithm hmac-sha256; };", "no secret" },
		{ "key k { secret c2VjcmV0; };", "no algorithm" },
		{ "key k { foo bar; };", "expected \"algorithm\"" },
		{ "key k { algorithm hmac-sha256; secret c2VjcmV0; }",
		  "expected ';' after" },
		{ "key k { algorithm hmac-sha256; secret c2VjcmV0; }; key",
		  "something follows" },
		{ "/* key", "comment without end" },
		{ "Private-key-format: v1.3\n", "this is a .private file" },
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct dns_key *key = NULL;
		struct err err = ERR_INIT;

		assert_int_equal(dns_key_parse(bad[i].text, "f", &key, &err),
				 -1);
		assert_int_equal(err.kind, ERR_CONFIG);
		assert_null(key);
		if (!strstr(err.msg, bad[i].says))
			fail_msg("%zu: %s", i, err.msg);
		assert_null(strstr(err.msg, "c2VjcmV0"));
	}
}

static void test_too_big(void **state)
{
	char text[4096];
	struct dns_key *key = NULL;
	struct err err = ERR_INIT;
	int n = snprintf(text, sizeof(text),
			 "key k { algorithm hmac-sha256; secret \"");

	/* 513 bytes */
	memset(text + n, 'A', 684);
	snprintf(text + n + 684, sizeof(text) - n - 684, "\"; };");
	assert_int_equal(dns_key_parse(text, "f", &key, &err), -1);
	assert_non_null(strstr(err.msg, "too big"));
	memset(text + n, 'A', 2000);
	snprintf(text + n + 2000, sizeof(text) - n - 2000, "\"; };");
	assert_int_equal(dns_key_parse(text, "f", &key, &err), -1);
	assert_non_null(strstr(err.msg, "word too long"));
}

static void test_files(void **state)
{
	static const char text[] =
		"key k { algorithm hmac-sha512; secret \"c2VjcmV0\"; };\n";
	const char *path = scratch("key");
	struct dns_key *key = NULL;
	struct err err = ERR_INIT;

	scratch_write(path, text, 0640);
	assert_int_equal(dns_key_load(path, &key, &err), 0);
	assert_int_equal(key->mac_len, 64);
	dns_key_free(&key);
	scratch_write(path, text, 0644);
	assert_int_equal(dns_key_load(path, &key, &err), -1);
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_int_equal(dns_key_load(scratch("none"), &key, &err), -1);
}

static void test_configuration(void **state)
{
	struct proof_zone zone[2] = {
		{ .src = { "f.conf", 7 }, .zone = "a.org" },
		{ .src = { "f.conf", 9 }, .zone = "b.org" },
	};
	void *zones[] = { &zone[0], &zone[1] };
	struct proof_dns dns = { .src = { "f.conf", 5 },
				 .zones = { zones, 2 } };
	struct conf_errors errs = { .list = { NULL } };
	char good[300], bad[300];
	FILE *f;

	dns_key_check(&dns, &errs); /* none is set */
	assert_int_equal(errs.list.n, 0);
	snprintf(good, sizeof(good), "%s/good.key", scratch_dir);
	f = fopen(good, "w");
	fputs("key k { algorithm hmac-sha256; secret c2VjcmV0; };", f);
	fclose(f);
	chmod(good, 0600);
	snprintf(bad, sizeof(bad), "%s/bad.key", scratch_dir);
	f = fopen(bad, "w");
	fputs("no key", f);
	fclose(f);
	chmod(bad, 0600);
	zone[0].key_file = good;
	dns_key_check(&dns, &errs);
	assert_int_equal(errs.list.n, 0);
	zone[1].key_file = bad;
	dns.key_file = "/nonexistent/x/key";
	dns_key_check(&dns, &errs);
	assert_int_equal(errs.list.n, 2);
	assert_non_null(strstr(errs.list.v[0], "f.conf:5: setting "
					       "`dns.key_file'"));
	assert_non_null(strstr(errs.list.v[0], "/nonexistent/x/key"));
	assert_non_null(strstr(errs.list.v[1], "f.conf:9: setting "
					       "`key_file'"));
	assert_non_null(strstr(errs.list.v[1], "bad.key"));
	conf_errors_free(&errs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tsig_keygen),
		cmocka_unit_test(test_spellings),
		cmocka_unit_test(test_errors_name_the_line),
		cmocka_unit_test(test_too_big),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_configuration),
	};

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
