/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "dns_tsig.h"

/* What dig 9.18 sent (+noedns +nocookie +noadflag -y ...) and BIND 9.18
 * answered, with keys HMAC.key.example of this secret. */
#define SECRET "an example secret for the tests!"
#define SENT   0x6b03a5d7

static const struct {
	const char *algorithm, *digest;
	size_t mac_len;
	const char *query, *answer;
} recorded[] = {
	{ "hmac-sha224", "SHA224", 28,
	  "006f01000001000000000001076578616d706c6504746573740000060001"
	  "0b686d61632d736861323234036b6579076578616d706c650000fa00ff00"
	  "00000000390b686d61632d7368613232340000006b03a5d7012c001c0283"
	  "f9a14eaa7bd132a8c91b59c7cc7fb71d5365b6efecd3e1c81364006f0000"
	  "0000",
	  "006f85000001000100000001076578616d706c6504746573740000060001"
	  "c00c000600010000003c0020026e73c00c04726f6f74c00c000000010000"
	  "00020000000300000004000000050b686d61632d736861323234036b6579"
	  "076578616d706c650000fa00ff0000000000390b686d61632d7368613232"
	  "340000006b03a5d7012c001cb5f6b7c9c2bf7421fcbeb73f3f1c9a11ffd9"
	  "f12073123f31b2dbfc86006f00000000" },
	{ "hmac-sha256", "SHA256", 32,
	  "933401000001000000000001076578616d706c6504746573740000060001"
	  "0b686d61632d736861323536036b6579076578616d706c650000fa00ff00"
	  "000000003d0b686d61632d7368613235360000006b03a5d7012c0020ddc2"
	  "ac62702bd92e76800cf7d8c426229303c84abd5e4fdc323f799940992fcc"
	  "933400000000",
	  "933485000001000100000001076578616d706c6504746573740000060001"
	  "c00c000600010000003c0020026e73c00c04726f6f74c00c000000010000"
	  "00020000000300000004000000050b686d61632d736861323536036b6579"
	  "076578616d706c650000fa00ff00000000003d0b686d61632d7368613235"
	  "360000006b03a5d7012c002059148e589d2812af119e682c0f2ed866b6ac"
	  "2d8ed72c9773082074a4592c8dd7933400000000" },
	{ "hmac-sha384", "SHA384", 48,
	  "818d01000001000000000001076578616d706c6504746573740000060001"
	  "0b686d61632d736861333834036b6579076578616d706c650000fa00ff00"
	  "000000004d0b686d61632d7368613338340000006b03a5d7012c0030e17f"
	  "cf6a41f8c947baf8c1d3683e880b373c77fe2eaa9dc0ea168eb90ebdcd27"
	  "b68749947d46fe003d5528436ab3a438818d00000000",
	  "818d85000001000100000001076578616d706c6504746573740000060001"
	  "c00c000600010000003c0020026e73c00c04726f6f74c00c000000010000"
	  "00020000000300000004000000050b686d61632d736861333834036b6579"
	  "076578616d706c650000fa00ff00000000004d0b686d61632d7368613338"
	  "340000006b03a5d7012c00307f265ddcea0a20e28af936e18c6b4104d45e"
	  "cee491e57d86794125196383c380b9a8fd3adae964561eb3f16c114756f8"
	  "818d00000000" },
	{ "hmac-sha512", "SHA512", 64,
	  "a75a01000001000000000001076578616d706c6504746573740000060001"
	  "0b686d61632d736861353132036b6579076578616d706c650000fa00ff00"
	  "000000005d0b686d61632d7368613531320000006b03a5d7012c00409674"
	  "c76399d89a14fe1c987b283292d5aa07092be7cea706dc8d3d3989117bda"
	  "953cb4ddeb43b15bcb6fcbdc9c528bedf984a4fce8a88f4b7938266eb22c"
	  "7e01a75a00000000",
	  "a75a85000001000100000001076578616d706c6504746573740000060001"
	  "c00c000600010000003c0020026e73c00c04726f6f74c00c000000010000"
	  "00020000000300000004000000050b686d61632d736861353132036b6579"
	  "076578616d706c650000fa00ff00000000005d0b686d61632d7368613531"
	  "320000006b03a5d7012c0040573502acf35471932fd09b8de30817a03dea"
	  "5b81ac3903449627bf946e09caa5dd5bc885d44dc6cac1f684018a445dec"
	  "010ba0081debff438fe5a68af5785e7ca75a00000000" },
};

static const char badsig[] =
	"98fd81090001000000000001076578616d706c6504746573740000060001"
	"0b686d61632d736861323536036b6579076578616d706c650000fa00ff00"
	"000000001d0b686d61632d7368613235360000006b03a5d8012c000098fd"
	"00100000";
static const char badkey[] =
	"04f681090001000000000001076578616d706c6504746573740000060001"
	"056e6f6b65790000fa00ff00000000001d0b686d61632d73686132353600"
	"00006b03a5d8012c000004f600110000";

static size_t unhex(const char *hex, unsigned char *out)
{
	size_t n = strlen(hex) / 2;

	for (size_t i = 0; i < n; i++) {
		unsigned v = 0;

		assert_int_equal(sscanf(hex + 2 * i, "%2x", &v), 1);
		out[i] = (unsigned char) v;
	}
	return n;
}

static void key_of(size_t i, struct dns_key *key)
{
	memset(key, 0, sizeof(*key));
	snprintf(key->name, sizeof(key->name), "%s.key.example",
		 recorded[i].algorithm);
	key->algorithm = recorded[i].algorithm;
	key->digest = recorded[i].digest;
	key->mac_len = recorded[i].mac_len;
	key->secret_len = strlen(SECRET);
	memcpy(key->secret, SECRET, key->secret_len);
}

/* The same question as dig's, not signed: its first 30 bytes. */
static void question_of(size_t i, struct sbuf *msg)
{
	unsigned char wire[512];

	unhex(recorded[i].query, wire);
	assert_int_equal(wire[11], 1);
	wire[11] = 0;
	sbuf_add(msg, wire, 30);
}

static void sign(size_t i, const struct dns_key *key, struct sbuf *msg,
		 struct dns_tsig_mac *mac)
{
	struct err err = ERR_INIT;

	question_of(i, msg);
	if (dns_tsig_sign(key, SENT, msg, mac, &err) == -1)
		fail_msg("%s", err.msg);
}

static void test_signs_as_dig_does(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(recorded); i++) {
		struct sbuf msg = SBUF_INIT(1000);
		unsigned char want[512];
		size_t n = unhex(recorded[i].query, want);
		struct dns_tsig_mac mac;
		struct dns_key key;

		key_of(i, &key);
		sign(i, &key, &msg, &mac);
		assert_int_equal(msg.len, n);
		assert_memory_equal(msg.buf, want, n);
		assert_int_equal(mac.len, recorded[i].mac_len);
		sbuf_free(&msg);
	}
}

/* RFC 8945 section 4.2: the original ID is the message's, however long it is
 * (the signature makes the buffer grow, too). */
static void test_keeps_the_id(void **state)
{
	struct err err = ERR_INIT;
	struct dns_tsig_mac mac;
	struct dns_key key;

	key_of(3, &key);
	for (size_t len = DNS_HEADER; len < 3000; len++) {
		struct sbuf msg = SBUF_INIT(4000);

		question_of(3, &msg);
		while (msg.len < len)
			sbuf_addc(&msg, 'x');
		if (dns_tsig_sign(&key, SENT, &msg, &mac, &err) == -1)
			fail_msg("%s", err.msg);
		assert_memory_equal(msg.buf + msg.len - 6, "\xa7\x5a", 2);
		sbuf_free(&msg);
	}
}

static struct dns_tsig_answer verify(size_t i, const unsigned char *wire,
				     size_t len, int64_t now)
{
	struct sbuf msg = SBUF_INIT(1000);
	struct dns_tsig_answer a = { .present = false };
	struct err err = ERR_INIT;
	struct dns_tsig_mac mac;
	struct dns_key key;

	key_of(i, &key);
	sign(i, &key, &msg, &mac);
	sbuf_free(&msg);
	if (dns_tsig_verify(&key, &mac, now, wire, len, &a, &err) == -1) {
		assert_int_equal(err.kind, ERR_INPUT);
		a.present = a.valid = false;
	}
	return a;
}

static void test_verifies_binds_answers(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(recorded); i++) {
		unsigned char wire[512];
		size_t n = unhex(recorded[i].answer, wire);
		struct dns_tsig_answer a = verify(i, wire, n, SENT + 300);

		assert_true(a.present);
		assert_true(a.valid);
		assert_int_equal(a.error, 0);
		assert_int_equal(a.time_signed, SENT);
		assert_false(verify(i, wire, n, SENT + 301).valid);
		assert_false(verify(i, wire, n, SENT - 301).valid);
	}
}

/* No single bit of an answer may change. */
static void test_any_change_is_seen(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(recorded); i++) {
		unsigned char wire[512];
		size_t n = unhex(recorded[i].answer, wire);
		unsigned let_pass = 0;

		for (size_t bit = 0; bit < 8 * n; bit++) {
			wire[bit / 8] ^= (unsigned char) (1 << bit % 8);
			let_pass += verify(i, wire, n, SENT).valid;
			wire[bit / 8] ^= (unsigned char) (1 << bit % 8);
		}
		/* What the digest leaves out: the message's ID (it takes the
		 * original one), the TSIG's class, TTL and the case of its
		 * two names. */
		assert_in_range(let_pass, 16, 16 + 16 + 32 + 2 * 30);
		for (size_t len = 0; len < n; len++)
			assert_false(verify(i, wire, len, SENT).valid);
	}
}

static void test_answer_to_another_request(void **state)
{
	unsigned char wire[512];
	size_t n = unhex(recorded[1].answer, wire);
	struct dns_tsig_answer a = { .present = false };
	struct dns_tsig_mac mac = { .len = 32 };
	struct err err = ERR_INIT;
	struct dns_key key;

	key_of(1, &key);
	assert_int_equal(dns_tsig_verify(&key, &mac, SENT, wire, n, &a, &err),
			 0);
	assert_true(a.present);
	assert_false(a.valid);
}

static void test_what_the_server_complains_of(void **state)
{
	unsigned char wire[512];
	struct dns_tsig_answer a;
	size_t n;

	n = unhex(badsig, wire);
	a = verify(1, wire, n, SENT);
	assert_true(a.present);
	assert_false(a.valid);
	assert_int_equal(a.error, DNS_TSIG_BADSIG);
	n = unhex(badkey, wire);
	a = verify(1, wire, n, SENT);
	assert_int_equal(a.error, DNS_TSIG_BADKEY);
	/* no TSIG at all: the query's first 30 bytes */
	unhex(recorded[1].query, wire);
	wire[11] = 0;
	a = verify(1, wire, 30, SENT);
	assert_false(a.present);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_signs_as_dig_does),
		cmocka_unit_test(test_keeps_the_id),
		cmocka_unit_test(test_verifies_binds_answers),
		cmocka_unit_test(test_any_change_is_seen),
		cmocka_unit_test(test_answer_to_another_request),
		cmocka_unit_test(test_what_the_server_complains_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
