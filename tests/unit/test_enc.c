/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "enc.h"

/* RFC 4648 section 10. */
static const struct {
	const char *plain, *b64;
} rfc4648[] = {
	{ "", "" },
	{ "f", "Zg==" },
	{ "fo", "Zm8=" },
	{ "foo", "Zm9v" },
	{ "foob", "Zm9vYg==" },
	{ "fooba", "Zm9vYmE=" },
	{ "foobar", "Zm9vYmFy" },
};

static void base64(void **state)
{
	size_t i;

	for (i = 0; i < sizeof(rfc4648) / sizeof(rfc4648[0]); i++) {
		AUTO(sbuf_free) struct sbuf s = SBUF_INIT(100);
		struct err err = ERR_INIT;

		assert_int_equal(enc_b64_decode(rfc4648[i].b64, &s, &err), 0);
		assert_string_equal(sbuf_str(&s), rfc4648[i].plain);
	}
}

/* The alphabets differ in what these vectors do not have. */
static void base64url_vectors(void **state)
{
	size_t i;

	for (i = 0; i < sizeof(rfc4648) / sizeof(rfc4648[0]); i++) {
		AUTO(mem_free_str)
		char *text =
			enc_b64url(rfc4648[i].plain, strlen(rfc4648[i].plain));

		assert_int_equal(strlen(text), strcspn(rfc4648[i].b64, "="));
		assert_memory_equal(text, rfc4648[i].b64, strlen(text));
	}
}

/* RFC 7515 appendix C, and appendix A.1.1's header. */
static void base64url(void **state)
{
	static const unsigned char octets[] = { 3, 236, 255, 224, 193 };
	AUTO(mem_free_str) char *text = enc_b64url(octets, sizeof(octets));
	AUTO(mem_free_str)
	char *json = enc_b64url("{\"typ\":\"JWT\",\r\n \"alg\":\"HS256\"}", 30);

	assert_string_equal(text, "A-z_4ME");
	assert_string_equal(json, "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9");
}

/* "?>?>" and "~~~~" show the two alphabets' last characters. */
static void base64_any(void **state)
{
	static const struct {
		const char *text, *plain; /* NULL: refused */
	} cases[] = {
		{ "", "" },
		{ "Zg==", "f" },
		{ "Zg", "f" },
		{ "Zh", "f" },
		{ "Zm8=", "fo" },
		{ "Zm8", "fo" },
		{ "Zm9v", "foo" },
		{ "Pz4/Pg", "?>?>" },
		{ "Pz4_Pg", "?>?>" },
		{ "fn5+fg==", "~~~~" },
		{ "fn5-fg==", "~~~~" },
		{ "Z", NULL },
		{ "Zg=", NULL },
		{ "Zg===", NULL },
		{ "Zm9v=", NULL },
		{ "Zg=a", NULL },
		{ "Z g", NULL },
		{ "=", NULL },
		{ "Zm9v====", NULL },
		{ "Z*==", NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		AUTO(sbuf_free) struct sbuf s = SBUF_INIT(100);
		struct err err = ERR_INIT;
		int rc = enc_b64_any_decode(cases[i].text,
					    strlen(cases[i].text), &s, &err);

		if (rc != (cases[i].plain ? 0 : -1))
			fail_msg("%s: %d %s", cases[i].text, rc, err.msg);
		assert_string_equal(sbuf_str(&s),
				    cases[i].plain ? cases[i].plain : "");
	}
}

static void refused(const char *text,
		    int (*decode)(const char *, struct sbuf *, struct err *))
{
	AUTO(sbuf_free) struct sbuf s = SBUF_INIT(100);
	struct err err = ERR_INIT;

	sbuf_adds(&s, "kept");
	assert_int_equal(decode(text, &s, &err), -1);
	assert_int_equal(err.kind, ERR_INPUT);
	assert_string_equal(sbuf_str(&s), "kept");
}

static void base64_limits(void **state)
{
	AUTO(sbuf_free) struct sbuf s = SBUF_INIT(3);
	struct err err = ERR_INIT;

	refused("Zg", enc_b64_decode); /* no padding */
	refused("Zg=", enc_b64_decode);
	refused("Zg===", enc_b64_decode);
	refused("Zh==", enc_b64_decode);
	refused("Z===", enc_b64_decode);
	refused("Zg==Zg==", enc_b64_decode);
	refused("Zm9v=", enc_b64_decode);
	refused("A-z_", enc_b64_decode);
	refused("Zm9v\xc3", enc_b64_decode);
	assert_int_equal(enc_b64_decode(" Zm\r\n9v\t\n", &s, &err), 0);
	assert_string_equal(sbuf_str(&s), "foo");
	assert_int_equal(enc_b64_decode("Zg==", &s, &err), -1);
	assert_int_equal(err.kind, ERR_LIMIT);
	assert_string_equal(sbuf_str(&s), "foo");
}

/* base64url in the other alphabet, with padding. */
static void standard(const char *text, struct sbuf *ret)
{
	char *p;

	sbuf_adds(ret, text);
	while (ret->len % 4)
		sbuf_addc(ret, '=');
	for (p = ret->buf; (p = strpbrk(p, "-_"));)
		*p = *p == '-' ? '+' : '/';
}

static void every_byte_comes_back(void **state)
{
	unsigned char all[256];
	size_t i, len;

	for (i = 0; i < 256; i++)
		all[i] = (unsigned char) (255 - i);
	for (len = 250; len <= 256; len++) {
		AUTO(mem_free_str) char *text = enc_b64url(all, len);
		AUTO(sbuf_free) struct sbuf s = SBUF_INIT(256);
		AUTO(sbuf_free) struct sbuf padded = SBUF_INIT(400);
		struct err err = ERR_INIT;

		standard(text, &padded);
		assert_int_equal(enc_b64_decode(sbuf_str(&padded), &s, &err),
				 0);
		assert_int_equal(s.len, len);
		assert_memory_equal(s.buf, all, len);
	}
}

/* FIPS 180-2 appendix B.1, RFC 1321 section A.5, and the empty string. */
static void digests(void **state)
{
	char sha[ENC_SHA256_HEX], md5[ENC_MD5_HEX], hex[7];

	assert_string_equal(enc_sha256_hex("abc", 3, sha),
			    "ba7816bf8f01cfea414140de5dae2223"
			    "b00361a396177a9cb410ff61f20015ad");
	assert_string_equal(enc_sha256_hex(NULL, 0, sha),
			    "e3b0c44298fc1c149afbf4c8996fb924"
			    "27ae41e4649b934ca495991b7852b855");
	assert_string_equal(enc_md5_hex("abc", 3, md5),
			    "900150983cd24fb0d6963f7d28e17f72");
	assert_string_equal(enc_md5_hex("", 0, md5),
			    "d41d8cd98f00b204e9800998ecf8427e");
	assert_string_equal(enc_hex("\x00\xff\x1a", 3, hex), "00ff1a");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(base64),
		cmocka_unit_test(base64url_vectors),
		cmocka_unit_test(base64url),
		cmocka_unit_test(base64_any),
		cmocka_unit_test(base64_limits),
		cmocka_unit_test(every_byte_comes_back),
		cmocka_unit_test(digests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
