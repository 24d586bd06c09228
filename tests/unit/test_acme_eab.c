/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "acme_eab.h"
#include "enc.h"
#include "scratch.h"

/* Keys by coreutils' base64. */
static const struct {
	const char *text, *hex; /* NULL: refused: */
	const char *says;
} keys[] = {
	/* the alphabets, padded and not */
	{ "8PHy8/T19vf4+fr7/P3+//v/", "f0f1f2f3f4f5f6f7f8f9fafbfcfdfefffbff",
	  NULL },
	{ "8PHy8_T19vf4-fr7_P3-__v_", "f0f1f2f3f4f5f6f7f8f9fafbfcfdfefffbff",
	  NULL },
	{ "8PHy8_T19vf4+fr7/P3-__v_", /* some tools mend one half */
	  "f0f1f2f3f4f5f6f7f8f9fafbfcfdfefffbff", NULL },
	{ "8PHy8/T19vf4+fr7/P3+/w==", "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
	  NULL },
	{ "8PHy8/T19vf4+fr7/P3+/w", "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff", NULL },
	{ "8PHy8_T19vf4-fr7_P3-_w==", "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
	  NULL },
	{ "8PHy8_T19vf4-fr7_P3-__s", "f0f1f2f3f4f5f6f7f8f9fafbfcfdfefffb",
	  NULL },
	{ "8PHy8_T19vf4-fr7_P3-__s=", "f0f1f2f3f4f5f6f7f8f9fafbfcfdfefffb",
	  NULL },
	/* bits left over: not ours to judge */
	{ "8PHy8_T19vf4-fr7_P3-__t=", "f0f1f2f3f4f5f6f7f8f9fafbfcfdfefffb",
	  NULL },
	/* white space around */
	{ "8PHy8/T19vf4+fr7/P3+//v/\n", "f0f1f2f3f4f5f6f7f8f9fafbfcfdfefffbff",
	  NULL },
	{ " \t8PHy8/T19vf4+fr7/P3+//v/ \r\n\n",
	  "f0f1f2f3f4f5f6f7f8f9fafbfcfdfefffbff", NULL },
	/* no keys */
	{ "", NULL, "is empty" },
	{ " \n", NULL, "is empty" },
	{ "====", NULL, "no base64" },
	{ "8PHy8/T19vf4+fr7/P3+/w=", NULL, "a length" },
	{ "8PHy8/T19vf4+fr7/P3+/w===", NULL, "no base64" },
	{ "8PHy8/T19vf4=fr7/P3+//v/", NULL, "no base64" },
	{ "8PHy8/T19vf4+fr7/P3+//v/8", NULL, "a length" },
	{ "8PHy8/T19vf4 +fr7/P3+//v/", NULL, "more than one word" },
	{ "8PHy8/T19vf4+fr7/P3+//v/\nkid", NULL, "more than one word" },
	{ "{\"key\":\"8PHy8/T19vf4\"}", NULL, "no base64" },
	{ "8PHy8/T19vf4+fr7/P3\x80//v/", NULL, "no base64" },
	/* half of one */
	{ "8PHy8/T19vf4+fr7/P3+", NULL, "this one 15" },
};

static void decodes(void **state)
{
	struct sbuf key = SBUF_INIT(ACME_EAB_FILE_MAX);
	char hex[2 * ACME_EAB_KEY_MAX + 1];

	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		struct err err = ERR_INIT;
		int rc = acme_eab_key_decode(keys[i].text, strlen(keys[i].text),
					     "FILE", &key, &err);

		if (keys[i].hex) {
			if (rc == -1)
				fail_msg("%s: %s", keys[i].text, err.msg);
			assert_string_equal(enc_hex(key.buf, key.len, hex),
					    keys[i].hex);
		} else {
			assert_int_equal(rc, -1);
			assert_int_equal(err.kind, ERR_CONFIG);
			if (!strstr(err.msg, keys[i].says) ||
			    strncmp(err.msg, "FILE: ", 6) != 0)
				fail_msg("%s: %s", keys[i].text, err.msg);
			/* it is a secret, even half of it */
			assert_null(strstr(err.msg, "8PHy"));
		}
		sbuf_erase(&key);
		sbuf_init(&key, ACME_EAB_FILE_MAX);
	}
	/* a NUL is none of the alphabet's */
	{
		struct err err = ERR_INIT;

		assert_int_equal(
			acme_eab_key_decode("8PHy8/T19vf4+fr7/P3+//v/\0AAA", 28,
					    "FILE", &key, &err),
			-1);
	}
	sbuf_erase(&key);
}

static void longest(void **state)
{
	struct sbuf key = SBUF_INIT(ACME_EAB_FILE_MAX);
	struct err err = ERR_INIT;
	char text[1400];

	memset(text, 'A', sizeof(text));
	assert_int_equal(acme_eab_key_decode(text, 1366, "FILE", &key, &err),
			 0);
	assert_int_equal(key.len, 1024);
	sbuf_clear(&key);
	assert_int_equal(acme_eab_key_decode(text, 1368, "FILE", &key, &err),
			 -1);
	assert_non_null(strstr(err.msg, "this one 1026"));
	sbuf_free(&key);
}

static void reads(void **state)
{
	struct sbuf key = SBUF_INIT(ACME_EAB_FILE_MAX);
	const char *path = scratch("eab");
	const struct certrepo_ca of = { .eab_key_file = path };
	struct err err = ERR_INIT;

	assert_int_equal(acme_eab_key_read(&of, &key, &err), -1);
	assert_non_null(strstr(err.msg, "eab_key_file"));
	assert_non_null(strstr(err.msg, path));
	scratch_write(path, "8PHy8/T19vf4+fr7/P3+//v/\n", 0644);
	assert_int_equal(acme_eab_key_read(&of, &key, &err), -1);
	assert_int_equal(err.kind, ERR_CONFIG);
	scratch_write(path, "8PHy8/T19vf4+fr7/P3+//v/\n", 0640);
	assert_int_equal(acme_eab_key_read(&of, &key, &err), 0);
	assert_int_equal(key.len, 18);
	scratch_write(path, "8PHy8/T1 9vf4", 0600);
	assert_int_equal(acme_eab_key_read(&of, &key, &err), -1);
	assert_non_null(strstr(err.msg, path));
	sbuf_erase(&key);
}

/* RFC 7515 appendix A.3 the account's key, A.1 the customer's. By Python's
 * hmac and json, of the same members in this order. */
static const char ec_pem[] =
	"-----BEGIN PRIVATE KEY-----\n"
	"MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgjpsQnnGQmL+YBIff\n"
	"H1136cspYG6+0iY7X1fCE9+E9LKhRANCAAR/zc4ncPbEXUGDy+5v20t7WAczNXvp\n"
	"7xO6z248e9FURcfxRM0bvZt+hyzf7bnuufSzaV1uqQskrYpGIyiFiOWt\n"
	"-----END PRIVATE KEY-----\n";
static const char mac_key[] =
	"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4h"
	"cgUuTwjAzZr1Z9CAow";
#define URL "https://ca.example/acme/new-account?p=1"
#define JWK                                                               \
	"eyJjcnYiOiJQLTI1NiIsImt0eSI6IkVDIiwieCI6ImY4M09KM0QyeEYxQmc4dnV" \
	"iOXRMZTFnSE16Vjc2ZThUdXM5dVBIdlJWRVUiLCJ5IjoieF9GRXpSdTltMzZITE" \
	"5fdHVlNjU5TE5wWFc2cEN5U3Rpa1lqS0lXSTVhMCJ9"

static void signs(void **state)
{
	static const struct {
		const char *alg, *protected, *signature;
	} cases[] = {
		{ "HS256",
		  "eyJhbGciOiJIUzI1NiIsImtpZCI6ImtpZC0xIiwidXJsIjoiaHR0cHM6Ly9"
		  "jYS5leGFtcGxlL2FjbWUvbmV3LWFjY291bnQ_cD0xIn0",
		  "dX1gvoKoSy3jhc_W9Zskhb_O4-GqGSTLlKbjyZ8BlqE" },
		{ NULL,
		  "eyJhbGciOiJIUzI1NiIsImtpZCI6ImtpZC0xIiwidXJsIjoiaHR0cHM6Ly9"
		  "jYS5leGFtcGxlL2FjbWUvbmV3LWFjY291bnQ_cD0xIn0",
		  "dX1gvoKoSy3jhc_W9Zskhb_O4-GqGSTLlKbjyZ8BlqE" },
		{ "HS384",
		  "eyJhbGciOiJIUzM4NCIsImtpZCI6ImtpZC0xIiwidXJsIjoiaHR0cHM6Ly9"
		  "jYS5leGFtcGxlL2FjbWUvbmV3LWFjY291bnQ_cD0xIn0",
		  "W7U3fPdopiY0JUGZx6qu4az7e7nRD5oTLJlj5E3o1VDAzQbyFlX-ehBezBq6"
		  "kA6l" },
		{ "HS512",
		  "eyJhbGciOiJIUzUxMiIsImtpZCI6ImtpZC0xIiwidXJsIjoiaHR0cHM6Ly9"
		  "jYS5leGFtcGxlL2FjbWUvbmV3LWFjY291bnQ_cD0xIn0",
		  "c24VjQGSo94mtxi1F6ywiDpNiZXwdWerYPnHwpmDbfZm6x_6TNpwhLm-565K"
		  "U2pLc2SpZY6c3nx2p4-eZTjM1Q" },
	};
	struct sbuf key = SBUF_INIT(ACME_EAB_FILE_MAX);
	struct sbuf out = SBUF_INIT(8192), small = SBUF_INIT(100);
	struct jws_key *account = NULL;
	struct err err = ERR_INIT;
	char *kid = mem_alloc(5000);

	assert_int_equal(
		jws_key_parse(ec_pem, strlen(ec_pem), "x", &account, &err), 0);
	assert_int_equal(acme_eab_key_decode(mac_key, strlen(mac_key), "FILE",
					     &key, &err),
			 0);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(mem_free_str)
		char *want =
			mem_printf("{\"protected\":\"%s\",\"payload\":\"" JWK
				   "\",\"signature\":\"%s\"}",
				   cases[i].protected, cases[i].signature);

		sbuf_clear(&out);
		if (acme_eab_sign(&key, cases[i].alg, "kid-1", URL, account,
				  &out, &err) == -1)
			fail_msg("%s", err.msg);
		assert_string_equal(sbuf_str(&out), want);
	}
	assert_int_equal(
		acme_eab_sign(&key, NULL, "kid-1", URL, account, &small, &err),
		-1);
	assert_int_equal(err.kind, ERR_LIMIT);
	memset(kid, 'k', 4999);
	assert_int_equal(
		acme_eab_sign(&key, NULL, kid, URL, account, &out, &err), -1);
	assert_int_equal(err.kind, ERR_LIMIT);
	free(kid);
	sbuf_free(&small);
	sbuf_free(&out);
	sbuf_erase(&key);
	jws_key_free(&account);
}

static const struct certrepo_ca ca = {
	.name = "zerossl",
	.eab_kid = "kid-1",
	.eab_key_file = "/etc/eab.key",
	.account_key = "/var/a.pem",
};

static void explains(void **state)
{
	static const struct {
		const char *detail, *type, *says;
		bool sent;
	} cases[] = {
		/* as CAs have it, in public reports */
		{ "[External Account Binding] The account is not awaiting "
		  "external account binding",
		  "malformed", "eab_kid kid-1 is used up", true },
		{ "Unknown external account binding (EAB) key. This may be due "
		  "to the EAB key expiring which occurs 7 days after creation.",
		  "unauthorized", "kid-1 has expired or is used up", true },
		{ "eab kId mismatch", "malformed",
		  "let account_key of zerossl name another file", true },
		{ "[External Account Binding] Invalid MAC on JWS request",
		  "malformed", "the key in /etc/eab.key is not the one", true },
		{ "External Account Binding JWS verification failed",
		  "unauthorized", "the key in /etc/eab.key is not the one",
		  true },
		{ "the MAC does not verify", "unauthorized",
		  "the key in /etc/eab.key is not the one", true },
		{ "onlyReturnExisting must be true", "userActionRequired",
		  "kid-1 and /etc/eab.key are not a pair", true },
		{ "the field 'kid' references a key that does not exist",
		  "badPublicKey", "does not know eab_kid kid-1", true },
		{ "The request must include a value for the "
		  "\\\"externalAccountBinding\\\" field",
		  "externalAccountRequired", "contact has an address", true },
		{ "unsupported algorithm in external account binding",
		  "malformed", "does not take eab_alg = \"HS256\"", true },
		{ "bad external account binding", "malformed",
		  "did not take the binding of eab_kid kid-1", true },
		/* there was none */
		{ "The request must include a value for the field",
		  "externalAccountRequired", "set eab_kid and eab_key_file",
		  false },
		{ "external account binding is needed", "unauthorized",
		  "certrepo-fetcher account import zerossl FILE", false },
		/* of something else */
		{ "contact must be an address", "invalidContact", NULL, true },
		{ "the signature of the JWS is wrong", "malformed", NULL,
		  true },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fail f, was;

		fail_set(&f, FAIL_ACCOUNT, 77, "the CA refuses: \"%s\" (%s)",
			 cases[i].detail, cases[i].type);
		was = f;
		acme_eab_explain(&ca, cases[i].sent, cases[i].type, &f);
		assert_int_equal(f.class, FAIL_ACCOUNT);
		if (!cases[i].says) {
			assert_string_equal(f.detail, was.detail);
			continue;
		}
		if (!strstr(f.detail, cases[i].says))
			fail_msg("%s: %s", cases[i].detail, f.detail);
		assert_non_null(strstr(f.detail, "zerossl"));
		if (cases[i].sent) {
			assert_int_equal(f.retry_at, 77);
			assert_non_null(strstr(f.detail, was.detail));
		}
	}
}

/* At staging, the settings are those of staging, and nothing is brought. */
static void at_staging(void **state)
{
	static const struct {
		const char *detail, *says;
	} cases[] = {
		{ "not awaiting external account binding",
		  "staging_eab_kid kid-1 is used up" },
		{ "eab kId mismatch", "move that file away" },
		{ "external account binding: Invalid MAC on JWS",
		  "is not the one of staging_eab_kid kid-1" },
		{ "eab unknown", "does not know staging_eab_kid kid-1" },
		{ "eab: onlyReturnExisting must be true",
		  "staging_eab_kid kid-1 and " },
		{ "eab", "did not take the binding of staging_eab_kid kid-1" },
		{ "eab expired", "staging_eab_kid kid-1 has expired" },
	};
	struct certrepo_ca try = ca;
	struct sbuf key = SBUF_INIT(ACME_EAB_FILE_MAX);
	struct err err = ERR_INIT;
	struct fail f;

	try.name = "zerossl-staging";
	try.staging_of = "zerossl";
	try.eab_key_file = "/nowhere/eab.key";
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		fail_set(&f, FAIL_ACCOUNT, 0, "it says: \"%s\"",
			 cases[i].detail);
		acme_eab_explain(&try, true, "malformed", &f);
		if (!strstr(f.detail, cases[i].says) ||
		    strstr(f.detail, "zerossl-staging") ||
		    strstr(f.detail, " eab_kid") || strstr(f.detail, "import"))
			fail_msg("%s: %s", cases[i].detail, f.detail);
	}
	acme_eab_missing(&try, &f);
	if (!strstr(f.detail, "CA zerossl, at its staging directory, wants") ||
	    !strstr(f.detail,
		    "set staging_eab_kid and staging_eab_key_file to") ||
	    strstr(f.detail, "import"))
		fail_msg("%s", f.detail);
	assert_int_equal(acme_eab_key_read(&try, &key, &err), -1);
	assert_non_null(strstr(err.msg, "staging_eab_key_file"));
}

/* Of a CA that says much, and settings that are long, all ends well. */
static void long_words(void **state)
{
	struct certrepo_ca big = ca;
	char words[500], path[3000];
	struct fail f;

	memset(words, 'x', sizeof(words) - 1);
	words[sizeof(words) - 1] = '\0';
	memset(path, 'y', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	big.eab_kid = big.eab_key_file = path;
	fail_set(&f, FAIL_ACCOUNT, 0, "it says: \"eab %s\" (malformed)", words);
	acme_eab_explain(&big, true, "malformed", &f);
	assert_string_equal(f.detail + strlen(f.detail) - 4, "...\"");
	/* an outage is no fault of the binding */
	fail_set(&f, FAIL_CA_DOWN, 0, "eab");
	acme_eab_explain(&big, true, "malformed", &f);
	assert_string_equal(f.detail, "eab");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decodes),
		cmocka_unit_test(longest),
		cmocka_unit_test_setup_teardown(reads, scratch_setup,
						scratch_teardown),
		cmocka_unit_test(signs),
		cmocka_unit_test(explains),
		cmocka_unit_test(at_staging),
		cmocka_unit_test(long_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
