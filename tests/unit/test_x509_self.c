/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "scratch.h"
#include "x509_kit.h"
#include "clock.h"
#include "x509_self.h"

#define LONG64 "abcdefghijklmnopqrstuvwxyz0123456789.abcdefghijklm.example.org"

/* Of the private key KEY, for NAMES, as the file self.pem. */
static struct x509_chain *make(const char *key, const char *const *names,
			       size_t n)
{
	struct x509_self s = { .names = names,
			       .n = n,
			       .from = clock_now() - 60,
			       .until = clock_now() + 86400 };
	struct x509_chain *c = NULL;
	struct err err = ERR_INIT;
	struct x509_key *k = NULL;

	assert_int_equal(kit_key(key, &k, &err), 0);
	s.key = k;
	if (x509_self_make(&s, &c, &err) == -1)
		fail_msg("%s: %s", key, err.msg);
	assert_true(x509_key_matches(k, c));
	scratch_write(scratch("self.pem"), x509_chain_pem(c, 0), 0644);
	x509_key_free(&k);
	return c;
}

static const char *text(const char *option)
{
	kit_sh("openssl x509 -in self.pem -noout %s >text", option);
	return scratch_read(scratch("text"));
}

static void has(const char *option, const char *part)
{
	const char *all = text(option);

	if (!strstr(all, part))
		fail_msg("\"%s\" is not in %s", part, all);
}

static void hasnt(const char *option, const char *part)
{
	const char *all = text(option);

	if (strstr(all, part))
		fail_msg("\"%s\" is in %s", part, all);
}

/* What openssl reads in it, for every kind of key that a host may have. */
static void kinds(void **state)
{
	static const char *const names[] = { "www.example.org", "*.example.org",
					     "www.example.org" };
	static const struct {
		const char *make, *usage, *signature;
	} rows[] = {
		{ "RSA -pkeyopt rsa_keygen_bits:2048",
		  "Digital Signature, Key Encipherment",
		  "sha256WithRSAEncryption" },
		{ "EC -pkeyopt ec_paramgen_curve:P-256", "Digital Signature\n",
		  "ecdsa-with-SHA256" },
		{ "EC -pkeyopt ec_paramgen_curve:P-384", "Digital Signature\n",
		  "ecdsa-with-SHA256" },
		{ "ED25519", "Digital Signature\n", "ED25519" },
		{ "ED448", "Digital Signature\n", "ED448" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct x509_chain *c;

		kit_sh("openssl genpkey -algorithm %s -out a.key",
		       rows[i].make);
		c = make("a.key", names, ARRAY_LEN(names));
		/* its signature is good, and it is good for a server */
		kit_sh("{ openssl verify -purpose sslserver -CAfile self.pem "
		       "-verify_hostname www.example.org self.pem; openssl "
		       "verify -purpose sslclient -CAfile self.pem self.pem; "
		       "} >verify.out");
		has("-subject -issuer -nameopt RFC2253",
		    "subject=CN=www.example.org,O=certrepo placeholder\n"
		    "issuer=CN=www.example.org,O=certrepo placeholder\n");
		has("-ext subjectAltName",
		    "DNS:www.example.org, DNS:*.example.org\n");
		has("-ext basicConstraints", "critical\n    CA:FALSE");
		has("-ext extendedKeyUsage",
		    "TLS Web Server Authentication, TLS Web Client "
		    "Authentication");
		has("-ext keyUsage", "critical\n    ");
		has("-ext keyUsage", rows[i].usage);
		has("-text", rows[i].signature);
		has("-text", "Version: 3");
		assert_true(x509_chain_self_signed(c));
		assert_true(x509_self_is(c));
		x509_chain_free(&c);
	}
}

static void lengths(void **state)
{
	static const char *const longest[] = { "a." LONG64 };
	static const char *const longer[] = { "ab." LONG64 };
	struct x509_chain *c;

	assert_int_equal(strlen(longest[0]), 64);
	kit_sh("openssl genpkey -algorithm EC -pkeyopt "
	       "ec_paramgen_curve:P-256 -out a.key");
	c = make("a.key", longest, 1);
	has("-subject", longest[0]);
	x509_chain_free(&c);
	/* RFC 5280: no CN is that long; a SAN is */
	c = make("a.key", longer, 1);
	hasnt("-subject", "CN");
	has("-ext subjectAltName", longer[0]);
	assert_true(x509_self_is(c));
	x509_chain_free(&c);
}

/* Never the same number twice, as browsers want it of one issuer's. */
static void serials(void **state)
{
	static const char *const names[] = { "www.example.org" };
	struct x509_chain *a, *b;

	kit_sh("openssl genpkey -algorithm ED25519 -out a.key");
	a = make("a.key", names, 1);
	b = make("a.key", names, 1);
	assert_int_equal(strlen(x509_chain_serial(a)), 32);
	assert_string_not_equal(x509_chain_serial(a), x509_chain_serial(b));
	x509_chain_free(&a);
	x509_chain_free(&b);
}

/* What others made is none of ours, whatever it looks like. */
static void others(void **state)
{
	static const struct {
		const char *what, *args;
		bool is;
	} rows[] = {
		{ "another self-signed one", "-subj /CN=www.example.org",
		  false },
		{ "the mark in its CN", "-subj '/CN=certrepo placeholder'",
		  false },
		{ "more than the mark",
		  "-subj '/O=certrepo placeholders/CN=www.example.org'",
		  false },
		{ "less", "-subj '/O=certrepo/CN=www.example.org'", false },
		{ "made by hand just like it",
		  "-subj '/O=certrepo placeholder/CN=www.example.org'", true },
	};
	struct err err = ERR_INIT;
	struct x509_chain *c;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		kit_sh("openssl req -x509 -nodes " KIT_EC " -keyout o.key "
		       "-out o.pem -days 3 %s",
		       rows[i].args);
		c = kit_chain("o.pem", &err);
		assert_non_null(c);
		if (x509_self_is(c) != rows[i].is)
			fail_msg("%s", rows[i].what);
		x509_chain_free(&c);
	}
	/* of a CA, with that subject */
	kit_sh("openssl req -new -nodes " KIT_EC " -keyout l.key -out l.csr "
	       "-subj '/O=certrepo placeholder/CN=www.example.org'; openssl "
	       "x509 -req -in l.csr -CA o.pem -CAkey o.key -set_serial 7 "
	       "-days 3 -out l.pem");
	c = kit_chain("l.pem", &err);
	assert_non_null(c);
	/* o.pem has the same subject, so it names itself; its key differs */
	assert_false(x509_self_is(c));
	x509_chain_free(&c);
}

static void public_key(void **state)
{
	static const char *const names[] = { "www.example.org" };
	struct x509_self s = { .names = names, .n = 1, .until = 86400 };
	AUTO(sbuf_free) struct sbuf pem = SBUF_INIT(100000);
	struct x509_chain *c = NULL;
	struct x509_key *k = NULL;
	struct err err = ERR_INIT;

	kit_sh("openssl genpkey -algorithm ED25519 -out a.key; openssl pkey "
	       "-in a.key -pubout -out a.pub");
	kit_read("a.pub", &pem);
	assert_int_equal(x509_key_parse_public("a.pub", &pem, &k, &err), 0);
	s.key = k;
	assert_int_equal(x509_self_make(&s, &c, &err), -1);
	assert_int_equal(err.kind, ERR_INPUT);
	assert_null(c);
	x509_key_free(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds),      cmocka_unit_test(lengths),
		cmocka_unit_test(serials),    cmocka_unit_test(others),
		cmocka_unit_test(public_key),
	};

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
