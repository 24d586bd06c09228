/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <unistd.h>
#include <cmocka.h>
#include "scratch.h"
#include "x509_kit.h"

/* Shell functions that print DER with numbers of as many bytes: openssl makes
 * it of a description, and does not look at what it means. */
#define DER_BY_HAND                                                            \
	"ff() { head -c $1 /dev/zero | od -An -v -tx1 | "                      \
	"tr -d ' \\n' | tr 0 f; };"                                            \
	"of() { openssl asn1parse -genconf /dev/stdin -noout -out of.der;"     \
	" cat of.der; };"                                                      \
	"p8() { printf 'asn1=SEQUENCE:k\\n[k]\\nv=INTEGER:0\\na=SEQUENCE:a\\n" \
	"x=%%s\\n[a]\\no=OID:%%s\\np=%%s\\n[p]\\np=INTEGER:0x%%s\\n"           \
	"q=INTEGER:0xff\\ng=INTEGER:0xf1\\n' \"$@\" | of; };"                  \
	"dsa() { p8 OCTWRAP,INTEGER:0x$(ff $1) dsaEncryption SEQUENCE:p "      \
	"$(ff $1); };"                                                         \
	"dh() { p8 OCTWRAP,INTEGER:0x$(ff $1) dhKeyAgreement SEQUENCE:p "      \
	"$(ff $1); };"                                                         \
	"inner() { p8 FORMAT:HEX,OCT:$(od -An -v -tx1 $1 | tr -d ' \\n') "     \
	"id-ecPublicKey OID:prime256v1 0; };"                                  \
	"old() { { printf 'asn1=SEQUENCE:k\\n[k]\\nv=INTEGER:0\\n'; "          \
	"for i in $2; do echo $i=INTEGER:0x$(ff $1); done; } | of; };"         \
	"old_dsa() { old $1 'a b c d e'; };"                                   \
	"rsa() { old $1 'a b c d e f g h'; };"                                 \
	"no_curve() { printf 'asn1=SEQUENCE:k\\n[k]\\nv=INTEGER:1\\n"          \
	"k=FORMAT:HEX,OCT:0102\\n' | of; };"

static int setup(void **state)
{
	if (scratch_setup(state))
		return -1;
	kit_pki();
	kit_sh("openssl genrsa -traditional -out rsa.key 2048;"
	       "openssl ec -in leaf.key -out sec1.key;"
	       "{ openssl ecparam -name prime256v1; cat sec1.key; } >par.key;"
	       "cat chain.pem leaf.key >comb.pem;"
	       "cat leaf.key leaf.key >twice.key;"
	       "cat leaf.key rsa.key >two.key;"
	       "openssl pkey -in leaf.key -aes128 -passout pass:x -out "
	       "enc8.key;"
	       "openssl rsa -traditional -in rsa.key -aes128 -passout pass:x "
	       "-out enc1.key;"
	       "cp leaf.key world.key; head -c 100 leaf.key >cut.key;"
	       "openssl pkey -in leaf.key -pubout -out leaf.pub;"
	       "chmod 600 *.key comb.pem; chmod 644 world.key");
	/* As large as one of 16384 bits. */
	kit_sh(DER_BY_HAND
	       "{ echo '-----BEGIN RSA PRIVATE KEY-----';"
	       "rsa 1160 | base64; echo '-----END RSA PRIVATE KEY-----'; }"
	       " >big.key");
	return 0;
}

static void private_keys(void **state)
{
	static const struct {
		const char *file, *says; /* NULL: leaf's key */
	} cases[] = {
		{ "leaf.key", NULL },	     { "sec1.key", NULL },
		{ "par.key", NULL },	     { "comb.pem", NULL },
		{ "twice.key", NULL },	     { "two.key", "two different" },
		{ "enc8.key", "encrypted" }, { "enc1.key", "encrypted" },
		{ "cut.key", "damaged" },    { "leaf.pub", "leaf.pub" },
	};
	struct err err = ERR_INIT;
	struct x509_chain *leaf = kit_chain("chain.pem", &err),
			  *root = kit_chain("root.pem", &err);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct x509_key *key = NULL;
		int rc = kit_key(cases[i].file, &key, &err);

		if (cases[i].says) {
			assert_int_equal(rc, -1);
			assert_null(key);
			kit_says(&err, cases[i].says);
			continue;
		}
		if (rc == -1)
			fail_msg("%s", err.msg);
		assert_true(x509_key_matches(key, leaf));
		assert_false(x509_key_matches(key, root));
		x509_key_free(&key);
		assert_null(key);
	}
	x509_chain_free(&leaf);
	x509_chain_free(&root);
}

static int load_public(const char *name, struct x509_key **ret, struct err *err)
{
	AUTO(sbuf_free) struct sbuf pem = SBUF_INIT(100000);

	kit_read(name, &pem);
	return x509_key_parse_public(scratch(name), &pem, ret, err);
}

static void public_keys(void **state)
{
	static const char *const files[] = { "leaf.pub", "leaf.pem",
					     "chain.pem" };
	struct err err = ERR_INIT;
	struct x509_chain *leaf = kit_chain("chain.pem", &err),
			  *root = kit_chain("root.pem", &err);
	struct x509_key *key = NULL;
	struct sbuf out = SBUF_INIT(10000);

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		if (load_public(files[i], &key, &err) == -1)
			fail_msg("%s", err.msg);
		assert_true(x509_key_matches(key, leaf));
		assert_false(x509_key_matches(key, root));
		assert_int_equal(x509_key_pem(key, &out, &err), -1);
		assert_int_equal(out.len, 0);
		x509_key_free(&key);
	}
	assert_int_equal(load_public("leaf.csr", &key, &err), -1);
	kit_says(&err, "no public key or certificate");
	sbuf_free(&out);
	x509_chain_free(&leaf);
	x509_chain_free(&root);
}

/* The kinds that servers have, as openssl writes them and did of old. A label
 * that is wrong does no harm: other programs read such a file as well. */
static void kinds(void **state)
{
	static const char *const make[] = {
		"cp rsa.key k",
		"cp big.key k",
		"openssl pkey -in rsa.key -out k",
		"openssl pkey -in rsa.key | sed 's/ PRIV/ RSA PRIV/' >k",
		"sed 's/RSA //' rsa.key >k",
		"openssl genpkey -algorithm RSA-PSS -out k "
		"-pkeyopt rsa_pss_keygen_md:sha256",
		"openssl genpkey -algorithm ED25519 -out k",
		"openssl genpkey -algorithm ED448 -out k",
		"openssl ecparam -name secp521r1 -genkey -noout -out k",
		"openssl ec -in sec1.key -no_public -out k",
		"openssl ec -in sec1.key -no_public | openssl pkcs8 -topk8 "
		"-nocrypt -out k",
	};

	for (size_t i = 0; i < ARRAY_LEN(make); i++) {
		struct sbuf out = SBUF_INIT(20000);
		struct err err = ERR_INIT;
		struct x509_key *key = NULL;

		/* OpenSSL 3.5 minds the label */
		kit_sh("%s; openssl pkey -in k -out want 2>err || "
		       "openssl pkey -in rsa.key -out want",
		       make[i]);
		if (kit_key("k", &key, &err) == -1 ||
		    x509_key_pem(key, &out, &err) == -1)
			fail_msg("%s: %s", make[i], err.msg);
		assert_string_equal(sbuf_str(&out),
				    scratch_read(scratch("want")));
		x509_key_free(&key);
		sbuf_erase(&out);
	}
}

/* What openssl would compute with for a second up to a day while it reads it,
 * and what is like it: made by hand, since to generate it takes longer. */
static void costly(void **state)
{
	static const struct {
		const char *label, *what, *says;
	} cases[] = {
		{ "", "dsa 4096", "a DSA key; make an RSA, EC, Ed25519" },
		{ "RSA ", "dsa 4096", "a DSA key" },
		{ "ANY ", "dsa 4096", "a DSA key" },
		{ "", "dsa 9000", "larger than 16384 bytes" },
		{ "DSA ", "old_dsa 1024", "a DSA key" },
		{ "RSA ", "old_dsa 1024", "a DSA key" },
		{ "", "dh 4096", "a DH key" },
		{ "RSA ", "rsa 3000", "larger than 16384 bytes" },
		{ "", "cat explicit.der", "spelled out" },
		{ "EC ", "cat old_explicit.der", "spelled out" },
		{ "", "inner old_explicit.der", "spelled out" },
		{ "EC ", "no_curve", "curve is not named" },
		{ "", "cat leaf.csr.der", "none of the forms" },
		{ "OPENSSH ", "echo hello", "none of the forms" },
	};

	kit_sh("openssl genpkey -algorithm EC -outform DER -out explicit.der "
	       "-pkeyopt ec_paramgen_curve:P-256 "
	       "-pkeyopt ec_param_enc:explicit;"
	       "openssl ec -inform DER -in explicit.der -outform DER "
	       "-param_enc explicit -out old_explicit.der;"
	       "openssl req -in leaf.csr -outform DER -out leaf.csr.der");
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err err = ERR_INIT;
		struct x509_key *key = NULL;

		kit_sh(DER_BY_HAND "{ echo '-----BEGIN %sPRIVATE KEY-----'; "
				   "%s | base64; "
				   "echo '-----END %sPRIVATE KEY-----'; } >k",
		       cases[i].label, cases[i].what, cases[i].label);
		alarm(2);
		if (kit_key("k", &key, &err) == 0)
			fail_msg("%s%s: read", cases[i].label, cases[i].what);
		alarm(0);
		kit_says(&err, cases[i].says);
	}
}

/* Each costs milliseconds, and a file has room for a thousand of them. */
static void many(void **state)
{
	struct err err = ERR_INIT;
	struct x509_key *key = NULL;

	kit_sh("for i in 1 2 3 4 5 6 7 8 9 10; do cat leaf.key; done >ten;"
	       "cat ten leaf.key >eleven");
	assert_int_equal(kit_key("ten", &key, &err), 0);
	x509_key_free(&key);
	assert_int_equal(kit_key("eleven", &key, &err), -1);
	kit_says(&err, "holds more than 10 private keys");
	assert_null(key);
}

static void pem(void **state)
{
	struct err err = ERR_INIT;
	struct sbuf out = SBUF_INIT(10000), tight = SBUF_INIT(20);
	struct x509_key *key = NULL;

	assert_int_equal(kit_key("sec1.key", &key, &err), 0);
	sbuf_adds(&out, "before\n");
	assert_int_equal(x509_key_pem(key, &out, &err), 0);
	assert_memory_equal(sbuf_str(&out), "before\n", 7);
	assert_string_equal(sbuf_str(&out) + 7,
			    scratch_read(scratch("leaf.key")));
	assert_int_equal(x509_key_pem(key, &tight, &err), -1);
	assert_int_equal(err.kind, ERR_LIMIT);
	x509_key_free(&key);
	sbuf_erase(&out);
	sbuf_free(&tight);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(private_keys), cmocka_unit_test(public_keys),
		cmocka_unit_test(kinds),	cmocka_unit_test(costly),
		cmocka_unit_test(many),		cmocka_unit_test(pem),
	};

	return cmocka_run_group_tests(tests, setup, scratch_teardown);
}
