/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "jwk.h"
#include "jws.h"
#include "scratch.h"

/* Keys of RFC 7517 appendix A.2 (RSA), RFC 7515 appendix A.3 (EC), and two more
 * of test_jws.c, as JSON Web Keys, by Python's cryptography. */

/* clang-format off */
static const char *const rsa[][2] = {
	{ "n", "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtV"
	       "T86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64t"
	       "Z_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2Q"
	       "vzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbO"
	       "pbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_"
	       "xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw" },
	{ "e", "AQAB" },
	{ "d", "X4cTteJY_gn4FYPsXB8rdXix5vwsg1FLN5E3EaG6RJoVH-HLLKD9M7dx5oo7"
	       "GURknchnrRweUkC7hT5fJLM0WbFAKNLWY2vv7B6NqXSzUvxT0_YSfqijwp3R"
	       "TzlBaCxWp4doFk5N2o8Gy_nHNKroADIkJ46pRUohsXywbReAdYaMwFs9tv8d"
	       "_cPVY3i07a3t8MN6TNwm0dSawm9v47UiCl3Sk5ZiG7xojPLu4sbg1U2jx4IB"
	       "TNBznbJSzFHK66jT8bgkuqsk0GjskDJk19Z4qwjwbsnn4j2WBii3RL-Us2lG"
	       "VkY8fkFzme1z0HbIkfz0Y6mqnOYtqc0X4jfcKoAC8Q" },
	{ "p", "83i-7IvMGXoMXCskv73TKr8637FiO7Z27zv8oj6pbWUQyLPQBQxtPVnwD20R"
	       "-60eTDmD2ujnMt5PoqMrm8RfmNhVWDtjjMmCMjOpSXicFHj7XOuVIYQyqVWl"
	       "WEh6dN36GVZYk93N8Bc9vY41xy8B9RzzOGVQzXvNEvn7O0nVbfs" },
	{ "q", "3dfOR9cuYq-0S-mkFLzgItgMEfFzB2q3hWehMuG0oCuqnb3vobLyumqjVZQO"
	       "1dIrdwgTnCdpYzBcOfW5r370AFXjiWft_NGEiovonizhKpo9VVS78TzFgxkI"
	       "drecRezsZ-1kYd_s1qDbxtkDEgfAITAG9LUnADun4vIcb6yelxk" },
	{ "dp", "G4sPXkc6Ya9y8oJW9_ILj4xuppu0lzi_H7VTkS8xj5SdX3coE0oimYwxIi2e"
	       "mTAue0UOa5dpgFGyBJ4c8tQ2VF402XRugKDTP8akYhFo5tAA77Qe_NmtuYZc"
	       "3C3m3I24G2GvR5sSDxUyAN2zq8Lfn9EUms6rY3Ob8YeiKkTiBj0" },
	{ "dq", "s9lAH9fggBsoFR8Oac2R_E2gw282rT2kGOAhvIllETE1efrA6huUUvMfBcMp"
	       "n8lqeW6vzznYY5SSQF7pMdC_agI3nG8Ibp1BUb0JUiraRNqUfLhcQb_d9GF4"
	       "Dh7e74WbRsobRonujTYN1xCaP6TO61jvWrX-L18txXw494Q_cgk" },
	{ "qi", "GyM_p6JrXySiz1toFgKbWV-JdI3jQ4ypu9rbMWx3rQJBfmt0FoYzgUIZEVFE"
	       "cOqwemRN81zoDAaa-Bk0KWNGDjJHZDdDmFhW3AN7lI-puxk_mHZGJ11rxyR8"
	       "O55XLSe3SPmRfKwZI6yU24ZxvQKFYItdldUKGzO6Ia6zTKhAVRU" },
	{ "kty", "RSA" },
	{ NULL, NULL },
};

static const char *const p256[][2] = {
	{ "kty", "EC" },
	{ "crv", "P-256" },
	{ "x", "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU" },
	{ "y", "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0" },
	{ "d", "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI" },
	{ NULL, NULL },
};

static const char *const p384[][2] = {
	{ "kty", "EC" },
	{ "crv", "P-384" },
	{ "x", "KDwdc2XOR4jyn46_I07f_q1v6Zf76l_6LVjMnfp7HFCLBVJvVbnrsgQPBbSP"
	       "ttDh" },
	{ "y", "lHXJkGHkG4i6Uu_bjBaQRxph2GfteZcp2cks0B29IlYw2E7eMqePnmRmTNrF"
	       "Eu-M" },
	{ "d", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	       "AAAH" },
	{ NULL, NULL },
};

static const char *const short_x[][2] = {
	{ "kty", "EC" },
	{ "crv", "P-256" },
	{ "x", "AFVDiUrz0A7X10Cr29dclrBod7eH219w7qeLkKjXwAo" },
	{ "y", "u0yFo9jqKe-q-iRAaRLdhNWxTcMr9lbvbGvVil2UP5I" },
	{ "d", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAXs" },
	{ NULL, NULL },
};
/* clang-format on */

typedef const char *const (*members)[2];

/* As JSON, with member NAME changed to the JSON VALUE, or without it. */
static char *json_of(members m, const char *name, const char *value)
{
	struct sbuf s = SBUF_INIT(65536);

	sbuf_adds(&s, "{");
	for (; (*m)[0]; m++) {
		if (name && strcmp((*m)[0], name) == 0)
			continue;
		sbuf_addf(&s, "%s\"%s\": \"%s\"", s.len > 1 ? ", " : "",
			  (*m)[0], (*m)[1]);
	}
	if (name && value)
		sbuf_addf(&s, ", \"%s\": %s", name, value);
	sbuf_adds(&s, "}\n");
	return sbuf_take(&s, NULL);
}

static struct jws_key *import(const char *text)
{
	struct jws_key *k = NULL;
	struct err err = ERR_INIT;

	if (jws_key_import(text, strlen(text), "FILE", &k, &err) == -1)
		fail_msg("%s", err.msg);
	return k;
}

/* RFC 7638's thumbprint, and Python's for the others. */
static const struct {
	members m;
	const char *thumbprint;
} good[] = {
	{ rsa, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs" },
	{ p256, "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U" },
	{ p384, "VIkcP7ZWxi9OON5HpKbQdQzvD_E4rCTwuc2uVdIfpfI" },
	{ short_x, "7Yxe6c_3bAa6kiaK1G-BZmi9EeNsUmlcbdnrtLeuK4E" },
};

static void imports(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		AUTO(mem_free_str) char *json = json_of(good[i].m, NULL, NULL);
		AUTO(sbuf_erase) struct sbuf pem = SBUF_INIT(JWS_KEY_FILE_MAX);
		struct jws_key *k = import(json), *again;
		struct err err = ERR_INIT;

		assert_string_equal(jws_key_thumbprint(k), good[i].thumbprint);
		assert_int_equal(jws_key_pem(k, &pem, &err), 0);
		assert_memory_equal(sbuf_str(&pem),
				    "-----BEGIN PRIVATE KEY-----\n", 28);
		again = import(sbuf_str(&pem));
		assert_string_equal(jws_key_thumbprint(again),
				    good[i].thumbprint);
		jws_key_free(&k);
		/* openssl's word on it */
		scratch_write(scratch("key.pem"), sbuf_str(&pem), 0600);
		{
			AUTO(mem_free_str)
			char *cmd = mem_printf("openssl pkey -check -noout -in "
					       "'%s' >/dev/null "
					       "2>&1",
					       scratch("key.pem"));

			assert_int_equal(system(cmd), 0);
		}
		jws_key_free(&again);
	}
}

/* What other writers do. */
static void lenient(void **state)
{
	static const struct {
		members m;
		const char *name, *value;
	} cases[] = {
		{ rsa, "alg", "\"RS256\"" },
		{ rsa, "kid", "{\"any\": [1, 2]}" },
		{ rsa, "e", "\"AAEAAQ==\"" }, /* a leading zero, padded */
		/* without its leading zero */
		{ short_x, "x",
		  "\"VUOJSvPQDtfXQKvb11yWsGh3t4fbX3Dup4uQqNfACg\"" },
		{ short_x, "d", "\"AXs\"" },
	};
	static const char *const thumbs[] = {
		"NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",
		"7Yxe6c_3bAa6kiaK1G-BZmi9EeNsUmlcbdnrtLeuK4E",
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(mem_free_str)
		char *json = json_of(cases[i].m, cases[i].name, cases[i].value);
		AUTO(mem_free_str) char *blank = mem_printf(" \n\t%s", json);
		struct jws_key *k = import(blank);

		assert_string_equal(jws_key_thumbprint(k),
				    thumbs[cases[i].m != rsa]);
		jws_key_free(&k);
	}
}

#define LONG_NUMBER "(long)"
static const struct {
	members m;
	const char *name, *value, *says;
} bad[] = {
	{ rsa, "kty", NULL, "no \"kty\"" },
	{ rsa, "kty", "7", "no \"kty\"" },
	{ rsa, "kty", "\"OKP\"", "this one \"OKP\"" },
	{ rsa, "kty", "\"\\u001b[2J\\\"\"", "this one \"?[2J'\"" },
	{ rsa, "kty", "\"EC\"", "P-256 or P-384" },
	{ rsa, "n", NULL, "\"n\" is missing" },
	{ rsa, "d", NULL, "\"d\" is missing: is it a private key" },
	{ rsa, "p", NULL, "\"p\" is missing" },
	{ rsa, "qi", NULL, "\"qi\" is missing" },
	{ rsa, "n", "65537", "\"n\" is missing" },
	{ rsa, "n", "null", "\"n\" is missing" },
	{ rsa, "n", "\"\"", "\"n\" has 0 bytes" },
	{ rsa, "n", "\"AQAB*\"", "\"n\" holds characters" },
	{ rsa, "n", "\"AQAB\\u0000AAA\"", NULL }, /* jansson takes no NUL */
	{ rsa, "n", LONG_NUMBER, "\"n\" is too long" },
	{ rsa, "e", LONG_NUMBER, "\"e\" is too long" },
	{ rsa, "n", "\"AQAB\"", "bits" }, /* 65537: 17 bits */
	{ rsa, "e", "\"AA\"", NULL },
	{ rsa, "e", "\"AQAD\"", "do not belong together" },
	{ rsa, "p", "\"AQAB\"", "do not belong together" },
	{ rsa, "q", "\"AA\"", NULL },
	{ rsa, "dp", "\"AQAB\"", "do not belong together" },
	{ rsa, "qi", "\"AQAB\"", "do not belong together" },
	{ rsa, "oth", "[]", "more than two primes" },
	{ p256, "crv", NULL, "P-256 or P-384" },
	{ p256, "crv", "\"P-521\"", "this one on \"P-521\"" },
	{ p256, "crv", "\"secp256k1\"", "P-256 or P-384" },
	{ p256, "crv", "\"P-384\"", "not those of a key" },
	{ p384, "crv", "\"P-256\"", "\"x\" is too long" },
	{ p256, "d", NULL, "\"d\" is missing" },
	{ p256, "x", NULL, "\"x\" is missing" },
	{ p256, "y", NULL, "\"y\" is missing" },
	{ p256, "x", "\"AQAB\"", "not those of a key" }, /* off the curve */
	{ p256, "x", LONG_NUMBER, "\"x\" is too long" },
	{ p256, "d", LONG_NUMBER, "\"d\" is too long" },
	{ p256, "d", "\"AQAB\"", "do not belong together" },
	{ p256, "d", "\"AA\"", NULL },
	/* the order of the group, and more */
	{ p256, "d", "\"_____wAAAAD__________7zm-q2nF56E87nKwvxjJVE\"", NULL },
	{ p256, "d", "\"__________________________________________8\"", NULL },
};

static void refuses(const char *text, size_t len, const char *says)
{
	struct jws_key *k = NULL;
	struct err err = ERR_INIT;

	if (jws_key_import(text, len, "FILE", &k, &err) == 0) {
		jws_key_free(&k);
		fail_msg("taken: %.200s", text);
	}
	assert_true(err.kind == ERR_CONFIG || err.kind == ERR_LIMIT);
	if (strncmp(err.msg, "FILE: ", 6) != 0 ||
	    (says && !strstr(err.msg, says)))
		fail_msg("%s: %s", says ? says : "-", err.msg);
}

static void hostile(void **state)
{
	AUTO(mem_free_str) char *number = mem_alloc(4000);
	AUTO(mem_free_str) char *deep = mem_alloc(JWS_KEY_FILE_MAX + 2);

	memset(number, 'A', 3000);
	number[0] = number[2999] = '"';
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		const char *value = bad[i].value;
		AUTO(mem_free_str)
		char *json = json_of(bad[i].m, bad[i].name,
				     value && strcmp(value, LONG_NUMBER) == 0
					     ? number
					     : value);

		refuses(json, strlen(json), bad[i].says);
	}
	refuses("", 0, "no private key");
	refuses("{", 1, "no JSON");
	refuses("{}", 2, "no \"kty\"");
	refuses("{\"kty\":\"EC\",\"kty\":\"EC\"}", 23, "no JSON");
	refuses("{\"body\":{},\"uri\":\"https://ca/acct/1\"}", 37,
		"private_key.json");
	memset(deep, '{', JWS_KEY_FILE_MAX + 1);
	refuses(deep, JWS_KEY_FILE_MAX, "no JSON");
	refuses(deep, JWS_KEY_FILE_MAX + 1, "too large");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(imports, scratch_setup,
						scratch_teardown),
		cmocka_unit_test(lenient),
		cmocka_unit_test(hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
