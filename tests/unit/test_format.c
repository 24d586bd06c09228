/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <unistd.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <cmocka.h>
#include "scratch.h"
#include "x509_kit.h"
#include "format.h"

static int setup(void **state)
{
	if (scratch_setup(state))
		return -1;
	kit_pki();
	kit_sh("openssl pkey -in leaf.key -out pkcs8.key; chmod 600 pkcs8.key");
	kit_sh("openssl dhparam -dsaparam -out dh.pem 1024; printf text >extra;"
	       "echo text >extra.nl");
	return 0;
}

/* A format by its name, or by its parts separated by spaces. */
static struct format fmt(const char *text)
{
	struct format f = { .n = 0 };
	struct err err = ERR_INIT;
	char copy[200], *save = NULL;

	format_named(text, &f);
	if (f.n > 0)
		return f;
	snprintf(copy, sizeof(copy), "%s", text);
	for (char *p = strtok_r(copy, " ", &save); p;
	     p = strtok_r(NULL, " ", &save))
		if (format_add(&f, p, &err) == -1)
			fail_msg("%s", err.msg);
	return f;
}

static void names(void **state)
{
	struct format chain = fmt("chain"), both = fmt("key-fullchain");
	struct format full = fmt("fullchain");

	assert_false(format_has_leaf(&chain));
	assert_true(format_has_chain(&chain));
	assert_true(format_has_leaf(&both));
	assert_true(format_has_key(&both));
	assert_false(format_has_key(&full));
}

/* What cat(1) makes of openssl's files, for each format. */
static void contents(void **state)
{
	static const struct {
		const char *format, *chain, *files;
	} cases[] = {
		{ "certificate", "full", "leaf.pem" },
		{ "chain", "full", "inter.pem root.pem" },
		{ "chain", "chain", "inter.pem" },
		{ "chain-without-root", "full", "inter.pem" },
		{ "fullchain", "full", "leaf.pem inter.pem" },
		{ "key-fullchain", "full", "pkcs8.key leaf.pem inter.pem" },
		{ "fullchain-key", "full", "leaf.pem inter.pem pkcs8.key" },
		{ "chain root certificate key", "full",
		  "inter.pem root.pem leaf.pem pkcs8.key" },
		/* from the host's anchors */
		{ "certificate root", "chain", "leaf.pem root.pem" },
		{ "root dh key certificate", "chain",
		  "root.pem dh.pem pkcs8.key leaf.pem" },
		{ "key certificate dh extra", "chain",
		  "pkcs8.key leaf.pem dh.pem extra.nl" },
		{ "dh certificate chain", "full", "dh.pem leaf.pem inter.pem" },
		{ "extra certificate", "full", "extra.nl leaf.pem" },
	};
	struct err err = ERR_INIT;
	struct x509_chain *full = kit_chain("full.pem", &err);
	struct x509_chain *chain = kit_chain("chain.pem", &err);
	struct format_from from = { .chain = NULL };
	struct x509_trust *trust = NULL;
	struct x509_key *key = NULL;

	assert_int_equal(kit_key("pkcs8.key", &key, &err), 0);
	assert_int_equal(x509_trust_load(scratch("root.pem"), &trust, &err), 0);
	from.key = key;
	from.trust = trust;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct format f = fmt(cases[i].format);
		struct sbuf out = SBUF_INIT(FORMAT_MAX);
		struct x509_chain *back = NULL;
		char dh[200], extra[200];
		int leaf;

		snprintf(dh, sizeof(dh), "%s", scratch("dh.pem"));
		snprintf(extra, sizeof(extra), "%s", scratch("extra"));
		if (format_has(&f, PART_DH))
			f.dh_file = dh;
		if (format_has(&f, PART_EXTRA))
			f.extra_file = extra;
		if (format_check(&f, &err) == -1)
			fail_msg("%s: %s", cases[i].format, err.msg);
		from.chain = cases[i].chain[0] == 'f' ? full : chain;
		kit_sh("cat %s >want", cases[i].files);
		if (format_build(&f, &from, &out, &err) == -1)
			fail_msg("%s: %s", cases[i].format, err.msg);
		assert_string_equal(sbuf_str(&out),
				    scratch_read(scratch("want")));
		leaf = format_parse(&f, out.buf, out.len, &back);
		assert_int_equal(leaf, format_has_leaf(&f));
		if (leaf)
			assert_string_equal(x509_chain_fingerprint(back),
					    x509_chain_fingerprint(full));
		x509_chain_free(&back);
		sbuf_free(&out);
	}
	x509_trust_free(&trust);
	x509_key_free(&key);
	x509_chain_free(&full);
	x509_chain_free(&chain);
}

/* A placeholder stands for whatever a service wants to see. */
static void placeholder(void **state)
{
	static const struct {
		const char *format, *files;
	} cases[] = {
		{ "certificate", "self.pem" },
		{ "chain", "self.pem" },
		{ "chain-without-root", "self.pem" },
		{ "fullchain", "self.pem" },
		{ "key-fullchain", "pkcs8.key self.pem" },
		{ "root", "self.pem" },
		{ "certificate chain root", "self.pem self.pem" },
	};
	static const char *const subjects[] = { "/O=certrepo placeholder",
						"/CN=www.example.org" };
	struct err err = ERR_INIT;
	struct format_from from = { .chain = NULL };
	struct x509_key *key = NULL;

	assert_int_equal(kit_key("pkcs8.key", &key, &err), 0);
	from.key = key;
	for (size_t i = 0; i < ARRAY_LEN(cases) + 1; i++) {
		bool other = i == ARRAY_LEN(cases);
		struct format f = fmt(other ? "chain" : cases[i].format);
		struct sbuf out = SBUF_INIT(FORMAT_MAX);
		struct x509_chain *self;

		kit_sh("openssl req -x509 -key pkcs8.key -subj '%s' -out "
		       "self.pem; cat %s >want",
		       subjects[other], other ? "/dev/null" : cases[i].files);
		self = kit_chain("self.pem", &err);
		from.chain = self;
		if (format_build(&f, &from, &out, &err) == -1)
			fail_msg("%s: %s", cases[i].format, err.msg);
		assert_string_equal(sbuf_str(&out),
				    scratch_read(scratch("want")));
		x509_chain_free(&self);
		sbuf_free(&out);
	}
	x509_key_free(&key);
}

/* A bundle that follows, or comes first, hides nothing. */
static void many(void **state)
{
	static const struct {
		const char *parts, *make;
	} cases[] = {
		{ "certificate chain extra", "cat leaf.pem inter.pem bundle" },
		{ "extra certificate", "cat bundle leaf.pem" },
		{ "certificate extra", "cat leaf.pem; for i in 1 2 3 4 5; do "
				       "sed 's/A/A\\n/g' bundle; done" },
	};

	kit_sh("for i in 1 2 3 4 5 6 7 8 9 10 11 12; do openssl req -x509 "
	       "-key pkcs8.key -subj /CN=$i; done >bundle");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct format f = fmt(cases[i].parts);
		struct sbuf s = SBUF_INIT(FORMAT_MAX);
		struct x509_chain *back = NULL;

		kit_sh("{ %s; } >many.pem", cases[i].make);
		kit_read("many.pem", &s);
		if (format_parse(&f, s.buf, s.len, &back) != 1)
			fail_msg("%s", cases[i].parts);
		assert_string_equal(x509_chain_serial(back), "0A1B2C3D4E");
		x509_chain_free(&back);
		sbuf_free(&s);
	}
}

static void der(void **state)
{
	struct err err = ERR_INIT;
	struct x509_chain *chain = kit_chain("full.pem", &err), *back = NULL;
	struct format_from from = { .chain = chain };
	struct sbuf out = SBUF_INIT(FORMAT_MAX), want = SBUF_INIT(FORMAT_MAX);
	struct format f = fmt("certificate");

	f.encoding = ENCODING_DER;
	assert_int_equal(format_check(&f, &err), 0);
	assert_int_equal(format_build(&f, &from, &out, &err), 0);
	kit_sh("openssl x509 -in leaf.pem -outform der -out leaf.der");
	kit_read("leaf.der", &want);
	assert_int_equal(out.len, want.len);
	assert_memory_equal(out.buf, want.buf, want.len);
	assert_int_equal(format_parse(&f, out.buf, out.len, &back), 1);
	assert_string_equal(x509_chain_fingerprint(back),
			    x509_chain_fingerprint(chain));
	x509_chain_free(&back);
	assert_int_equal(format_parse(&f, out.buf, out.len - 1, &back), 0);
	sbuf_free(&out);
	sbuf_free(&want);
	x509_chain_free(&chain);
}

/* openssl(1) reads it; the same again is the same, all else is not. */
static void pkcs12(void **state)
{
	struct err err = ERR_INIT;
	struct x509_chain *chain = kit_chain("full.pem", &err), *back = NULL;
	struct format_from from = { .chain = chain };
	struct sbuf a = SBUF_INIT(FORMAT_MAX), b = SBUF_INIT(FORMAT_MAX);
	struct format f = fmt("key certificate chain root");
	struct x509_key *key = NULL;
	char password[200];

	assert_int_equal(kit_key("pkcs8.key", &key, &err), 0);
	from.key = key;
	scratch_write(scratch("password"), "geheim 1\nnot this\n", 0600);
	snprintf(password, sizeof(password), "%s", scratch("password"));
	f.encoding = ENCODING_PKCS12;
	f.password_file = password;
	f.friendly_name = "tom cat";
	for (int old = 0; old < 2; old++) {
		sbuf_clear(&a);
		sbuf_clear(&b);
		f.des3 = old;
		if (format_build(&f, &from, &a, &err) == -1 ||
		    format_build(&f, &from, &b, &err) == -1)
			fail_msg("%s", err.msg);
		assert_true(a.len != b.len || memcmp(a.buf, b.buf, a.len) != 0);
		assert_true(format_same(&f, &a, &b));
		assert_int_equal(
			file_replace(scratch("x.p12"), a.buf, a.len,
				     &(struct file_attr){ 0600, FILE_KEEP,
							  (gid_t) FILE_KEEP },
				     &err),
			0);
		kit_sh("openssl pkcs12 -in x.p12 -passin 'pass:geheim 1'"
		       " -info -nodes >x.txt 2>&1");
		kit_sh("grep -q 'friendlyName: tom cat' x.txt;"
		       "test $(grep -c BEGIN.CERT x.txt) = 3;"
		       "grep -q '%s' x.txt && grep -qi '%s' x.txt",
		       old ? "pbeWithSHA1And3-KeyTripleDES-CBC"
			   : "PBES2, PBKDF2, AES-256-CBC",
		       old ? "^MAC: sha1" : "^MAC: sha256");
		kit_sh("openssl pkey -in x.txt | cmp - pkcs8.key");
		assert_int_equal(format_parse(&f, a.buf, a.len, &back), 1);
		assert_string_equal(x509_chain_fingerprint(back),
				    x509_chain_fingerprint(chain));
		assert_int_equal(x509_chain_len(back), 3);
		x509_chain_free(&back);
		f.des3 = !old;
		sbuf_clear(&b);
		assert_int_equal(format_build(&f, &from, &b, &err), 0);
		assert_false(format_same(&f, &a, &b));
	}
	f.des3 = true;
	f.friendly_name = "other";
	sbuf_clear(&b);
	assert_int_equal(format_build(&f, &from, &b, &err), 0);
	assert_false(format_same(&f, &a, &b));
	scratch_write(scratch("password"), "another\n", 0600);
	assert_int_equal(format_parse(&f, a.buf, a.len, &back), 0);
	sbuf_clear(&b);
	assert_int_equal(format_build(&f, &from, &b, &err), 0);
	assert_false(format_same(&f, &a, &b));
	scratch_write(scratch("password"), "\n", 0600);
	assert_int_equal(format_build(&f, &from, &b, &err), -1);
	kit_says(&err, "no password");
	scratch_write(scratch("password"), "another\n", 0644);
	assert_int_equal(format_build(&f, &from, &b, &err), -1);
	sbuf_erase(&a);
	sbuf_erase(&b);
	x509_key_free(&key);
	x509_chain_free(&chain);
}

/* Whoever may write the file chooses how long root works to open it. The
 * openssl command sets the iterations of MAC and of the encryption apart. */
static void pkcs12_iterations(void **state)
{
	static const struct {
		const char *options;
		int opens;
	} cases[] = {
		{ "-iter 100000", 1 },
		{ "-iter 600000 -noiter", 1 },
		{ "-iter 1000001 -noiter", 0 },	   /* the MAC */
		{ "-iter 1000001 -nomaciter", 0 }, /* certificates and key */
		{ "-iter 1000001 -nomaciter -certpbe NONE", 0 }, /* the key */
		{ "-iter 1000001 -nomaciter -keypbe NONE", 0 },
		{ "-iter 1000001 -nomaciter -certpbe PBE-SHA1-3DES "
		  "-keypbe NONE",
		  0 },
		{ "-iter 400000 -nomaciter", 0 }, /* together too many */
	};
	struct format f = fmt("key certificate chain");
	char password[200];

	scratch_write(scratch("password"), "geheim\n", 0600);
	snprintf(password, sizeof(password), "%s", scratch("password"));
	f.encoding = ENCODING_PKCS12;
	f.password_file = password;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct sbuf a = SBUF_INIT(FORMAT_MAX);
		struct x509_chain *back = NULL;

		kit_sh("openssl pkcs12 -export -in full.pem -inkey leaf.key "
		       "-passout pass:geheim %s -out i.p12",
		       cases[i].options);
		kit_read("i.p12", &a);
		if (format_parse(&f, a.buf, a.len, &back) != cases[i].opens)
			fail_msg("%s", cases[i].options);
		x509_chain_free(&back);
		sbuf_erase(&a);
	}
}

static PKCS8_PRIV_KEY_INFO *p8_from(const char *name)
{
	struct sbuf der = SBUF_INIT(FORMAT_MAX);
	PKCS8_PRIV_KEY_INFO *p8;
	const unsigned char *p;

	kit_read(name, &der);
	p = (const unsigned char *) der.buf;
	p8 = d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, (long) der.len);
	assert_non_null(p8);
	sbuf_erase(&der);
	return p8;
}

enum bag { PLAIN, SHROUDED, NESTED };

static PKCS12_SAFEBAG *bag_of(PKCS8_PRIV_KEY_INFO *p8, enum bag how)
{
	PKCS12_SAFEBAG *bag;

	if (how != SHROUDED)
		return PKCS12_SAFEBAG_create0_p8inf(p8);
	bag = PKCS12_SAFEBAG_create_pkcs8_encrypt(NID_aes_256_cbc, "geheim", -1,
						  NULL, 0, 1, p8);
	PKCS8_PRIV_KEY_INFO_free(p8);
	return bag;
}

/* A bag of these bags (RFC 7292 section 4.2.6). */
static STACK_OF(PKCS12_SAFEBAG) * nested(STACK_OF(PKCS12_SAFEBAG) * bags)
{
	static const unsigned char oid[] = { 6,	   11,	 0x2a, 0x86, 0x48,
					     0x86, 0xf7, 13,   1,    12,
					     10,   1,	 6 };
	unsigned char *der = NULL, head[21] = { 0x30, 0x82 };
	int n = ASN1_item_i2d((ASN1_VALUE *) bags, &der,
			      ASN1_ITEM_rptr(PKCS12_SAFEBAGS));
	STACK_OF(PKCS12_SAFEBAG) *ret = sk_PKCS12_SAFEBAG_new_null();
	struct sbuf all = SBUF_INIT(FORMAT_MAX);
	const unsigned char *p;

	assert_in_range(n, 1, 60000);
	head[2] = (unsigned char) ((n + 17) >> 8);
	head[3] = (unsigned char) (n + 17);
	memcpy(head + 4, oid, sizeof(oid));
	memcpy(head + 17, "\xa0\x82", 2);
	head[19] = (unsigned char) (n >> 8);
	head[20] = (unsigned char) n;
	sbuf_add(&all, head, 21);
	sbuf_add(&all, der, (size_t) n);
	p = (const unsigned char *) all.buf;
	assert_true(sk_PKCS12_SAFEBAG_push(
		ret, d2i_PKCS12_SAFEBAG(NULL, &p, (long) all.len)));
	assert_non_null(sk_PKCS12_SAFEBAG_value(ret, 0));
	sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
	OPENSSL_free(der);
	sbuf_free(&all);
	return ret;
}

/* A PKCS#12 file of the leaf and this key, by OpenSSL's small pieces, which do
 * not look at what the key is. */
static void p12_by_hand(const char *key, enum bag how, struct sbuf *ret)
{
	STACK_OF(PKCS12_SAFEBAG) *bags = NULL;
	PKCS12_SAFEBAG *bag = bag_of(p8_from(key), how);
	STACK_OF(PKCS7) *safes = NULL;
	FILE *f = fopen(scratch("leaf.pem"), "r");
	X509 *leaf = PEM_read_X509(f, NULL, NULL, NULL);
	unsigned char *der = NULL;
	PKCS12 *p12;
	int len;

	fclose(f);
	assert_non_null(PKCS12_add_cert(&bags, leaf));
	assert_true(sk_PKCS12_SAFEBAG_push(bags, bag));
	if (how == NESTED)
		bags = nested(bags);
	assert_true(PKCS12_add_safe(&safes, bags, -1, 0, NULL));
	p12 = PKCS12_add_safes(safes, 0);
	assert_true(PKCS12_set_mac(p12, "geheim", -1, NULL, 0, 1, NULL));
	len = i2d_PKCS12(p12, &der);
	assert_true(len > 0);
	sbuf_clear(ret);
	sbuf_add(ret, der, (size_t) len);
	OPENSSL_free(der);
	X509_free(leaf);
	sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
	sk_PKCS7_pop_free(safes, PKCS7_free);
	PKCS12_free(p12);
}

/* A DSA key of 32768 bits, which OpenSSL reads for ten seconds. */
static void pkcs12_costly(void **state)
{
	struct format f = fmt("key certificate chain");
	struct sbuf a = SBUF_INIT(FORMAT_MAX);
	char password[200];

	kit_sh("openssl pkcs8 -topk8 -nocrypt -in leaf.key -outform DER "
	       "-out leaf.p8; ff=0x$(head -c 4096 /dev/zero | od -An -v -tx1 | "
	       "tr -d ' \\n' | tr 0 f);"
	       "printf 'asn1=SEQUENCE:k\\n[k]\\nv=INTEGER:0\\na=SEQUENCE:a\\n"
	       "x=OCTWRAP,INTEGER:%%s\\n[a]\\no=OID:dsaEncryption\\n"
	       "p=SEQUENCE:p\\n[p]\\np=INTEGER:%%s\\nq=INTEGER:0xff\\n"
	       "g=INTEGER:0xf1\\n' $ff $ff | openssl asn1parse -noout "
	       "-genconf /dev/stdin -out dsa.p8");
	scratch_write(scratch("password"), "geheim\n", 0600);
	snprintf(password, sizeof(password), "%s", scratch("password"));
	f.encoding = ENCODING_PKCS12;
	f.password_file = password;
	for (int how = PLAIN; how <= NESTED; how++) {
		struct x509_chain *back = NULL;

		p12_by_hand("leaf.p8", how, &a);
		assert_int_equal(format_parse(&f, a.buf, a.len, &back), 1);
		x509_chain_free(&back);
		p12_by_hand("dsa.p8", how, &a);
		alarm(2);
		assert_int_equal(format_parse(&f, a.buf, a.len, &back), 0);
		alarm(0);
	}
	sbuf_erase(&a);
}

static void refuses(void **state)
{
	struct err err = ERR_INIT;
	struct x509_chain *chain = kit_chain("chain.pem", &err), *none = NULL;
	struct sbuf small = SBUF_INIT(100), out = SBUF_INIT(FORMAT_MAX);
	struct format_from from = { .chain = chain };
	struct format both = fmt("key-fullchain"), leaf = fmt("certificate");
	struct format root = fmt("certificate root"), dh = fmt("dh");
	struct x509_trust *trust = NULL;

	assert_int_equal(format_build(&both, &from, &out, &err), -1);
	kit_says(&err, "needs the setting key");
	assert_int_equal(format_build(&leaf, &from, &small, &err), -1);
	assert_int_equal(err.kind, ERR_LIMIT);
	assert_int_equal(format_parse(&both, "rubbish", 7, &none), 0);
	assert_null(none);
	assert_int_equal(x509_trust_load(scratch("leaf.pem"), &trust, &err), 0);
	from.trust = trust;
	assert_int_equal(format_build(&root, &from, &out, &err), -1);
	kit_says(&err, "root certificate is neither");
	x509_trust_free(&trust);
	dh.dh_file = scratch("leaf.pem");
	assert_int_equal(format_build(&dh, &from, &out, &err), -1);
	kit_says(&err, "no DH PARAMETERS");
	dh = fmt("extra");
	dh.extra_file = scratch("pkcs8.key");
	assert_int_equal(format_build(&dh, &from, &out, &err), -1);
	kit_says(&err, "the part key");
	sbuf_free(&small);
	sbuf_free(&out);
	x509_chain_free(&chain);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(contents),
		cmocka_unit_test(placeholder),
		cmocka_unit_test(many),
		cmocka_unit_test(der),
		cmocka_unit_test(pkcs12),
		cmocka_unit_test(refuses),
		cmocka_unit_test(pkcs12_iterations),
		cmocka_unit_test(pkcs12_costly),
	};

	return cmocka_run_group_tests(tests, setup, scratch_teardown);
}
