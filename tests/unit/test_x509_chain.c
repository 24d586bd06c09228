/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "scratch.h"
#include "x509_kit.h"

static int setup(void **state)
{
	if (scratch_setup(state))
		return -1;
	kit_pki();
	return 0;
}

static void what_it_says(void **state)
{
	struct err err = ERR_INIT;
	struct x509_chain *c = kit_chain("chain.pem", &err);
	int64_t end, begin;

	assert_non_null(c);
	assert_int_equal(x509_chain_len(c), 2);
	assert_int_equal(x509_chain_ids(c)->n, 2);
	assert_true(x509_ids_have(x509_chain_ids(c), "example.org"));
	assert_string_equal(x509_chain_serial(c), "0A1B2C3D4E");
	assert_string_equal(x509_chain_issuer(c), "Test Intermediate");
	assert_string_equal(x509_chain_key(c)->text, "EC P-256");
	assert_string_equal(x509_chain_fingerprint(c),
			    kit_out("openssl x509 -in leaf.pem -outform DER | "
				    "sha256sum"));
	end = atoll(kit_out("date +%%s -ud \"$(openssl x509 -in leaf.pem "
			    "-noout -enddate | cut -d= -f2)\""));
	begin = atoll(kit_out("date +%%s -ud \"$(openssl x509 -in leaf.pem "
			      "-noout -startdate | cut -d= -f2)\""));
	assert_int_equal(x509_chain_not_after(c), end);
	assert_int_equal(x509_chain_not_before(c), begin);
	assert_int_equal(x509_chain_check_links(c, &err), 0);
	x509_chain_free(&c);
	assert_null(c);
}

static void pem(void **state)
{
	struct err err = ERR_INIT;
	struct x509_chain *c;
	struct sbuf crt = SBUF_INIT(65536), ca = SBUF_INIT(65536);
	char *all;

	kit_sh("{ echo noise; cat leaf.pem; echo 'more noise'; "
	       "cat inter.pem root.pem; } >noisy.pem");
	c = kit_chain("noisy.pem", &err);
	assert_non_null(c);
	assert_int_equal(x509_chain_len(c), 3);
	assert_string_equal(x509_chain_pem(c, 1),
			    scratch_read(scratch("inter.pem")));
	all = x509_chain_pem_from(c, 0, false);
	assert_string_equal(all, scratch_read(scratch("chain.pem")));
	free(all);
	all = x509_chain_pem_from(c, 0, true);
	assert_string_equal(all, scratch_read(scratch("full.pem")));
	free(all);
	all = x509_chain_pem_from(c, 1, false);
	assert_string_equal(all, scratch_read(scratch("inter.pem")));
	free(all);
	all = x509_chain_pem_from(c, 2, false);
	assert_string_equal(all, "");
	free(all);
	x509_chain_free(&c);
	/* a self-signed leaf alone is not a root to be left out */
	c = kit_chain("root.pem", &err);
	all = x509_chain_pem_from(c, 0, false);
	assert_string_equal(all, scratch_read(scratch("root.pem")));
	free(all);
	assert_true(x509_chain_self_signed(c));
	x509_chain_free(&c);
	c = kit_chain("leaf.pem", &err);
	assert_false(x509_chain_self_signed(c));
	x509_chain_free(&c);
	/* the store's two columns; crt may hold the whole chain already */
	kit_read("chain.pem", &crt);
	kit_read("inter.pem", &ca);
	assert_int_equal(
		x509_chain_parse2(crt.buf, crt.len, ca.buf, ca.len, &c, &err),
		0);
	assert_int_equal(x509_chain_len(c), 2);
	x509_chain_free(&c);
	assert_int_equal(x509_chain_parse2(NULL, 0, ca.buf, ca.len, &c, &err),
			 -1);
	kit_says(&err, "no certificate");
	/* both of them go into one file, which is read back */
	kit_sh("{ cat leaf.pem; head -c 40000 /dev/zero | tr '\\0' '\\n'; }"
	       " >long.pem; cat long.pem inter.pem >longer.pem");
	sbuf_clear(&crt);
	sbuf_clear(&ca);
	kit_read("long.pem", &crt);
	kit_read("longer.pem", &ca);
	assert_int_equal(
		x509_chain_parse2(crt.buf, crt.len, ca.buf, 20000, &c, &err),
		0);
	x509_chain_free(&c);
	assert_int_equal(
		x509_chain_parse2(crt.buf, crt.len, ca.buf, ca.len, &c, &err),
		-1);
	kit_says(&err, "larger than 65536 bytes");
	sbuf_free(&crt);
	sbuf_free(&ca);
}

/* One that anybody can make of another is the same. */
static void other_form(void **state)
{
	struct err err = ERR_INIT;
	struct x509_chain *a, *b, *c;

	kit_flip("leaf.pem", "form.pem");
	kit_sh("cat inter.pem >>form.pem; openssl x509 -in leaf.pem -outform "
	       "DER -out leaf.der; openssl asn1parse -inform DER -in leaf.der "
	       "-strparse 4 -noout -out tbs; cp leaf.pem two; cat leaf.pem "
	       ">>two");
	a = kit_chain("chain.pem", &err);
	b = kit_chain("form.pem", &err);
	assert_int_equal(x509_chain_check_links(b, &err), 0);
	assert_string_not_equal(x509_chain_fingerprint(a),
				x509_chain_fingerprint(b));
	assert_true(x509_chain_same(a, b));
	assert_string_equal(x509_chain_tbs(a),
			    kit_out("openssl dgst -sha256 -r tbs"));
	c = kit_chain("inter.pem", &err);
	assert_false(x509_chain_same(a, c));
	x509_chain_free(&a);
	x509_chain_free(&b);
	x509_chain_free(&c);
}

static void from_der(void **state)
{
	struct err err = ERR_INIT;
	struct sbuf leaf = SBUF_INIT(65536), inter = SBUF_INIT(65536);
	const unsigned char *der[2];
	size_t len[2];
	struct x509_chain *c = NULL;

	kit_sh("openssl x509 -in leaf.pem -outform DER -out leaf.der;"
	       "openssl x509 -in inter.pem -outform DER -out inter.der");
	kit_read("leaf.der", &leaf);
	kit_read("inter.der", &inter);
	der[0] = (unsigned char *) leaf.buf;
	der[1] = (unsigned char *) inter.buf;
	len[0] = leaf.len;
	len[1] = inter.len;
	assert_int_equal(x509_chain_from_der(der, len, 2, &c, &err), 0);
	assert_int_equal(x509_chain_len(c), 2);
	assert_string_equal(x509_chain_serial(c), "0A1B2C3D4E");
	x509_chain_free(&c);
	len[1]--;
	assert_int_equal(x509_chain_from_der(der, len, 2, &c, &err), -1);
	kit_says(&err, "certificate 2");
	assert_int_equal(x509_chain_from_der(der, len, 0, &c, &err), -1);
	assert_null(c);
	sbuf_free(&leaf);
	sbuf_free(&inter);
}

static void refused(void **state)
{
	static const struct {
		const char *make, *says;
	} cases[] = {
		{ ": >bad", "no certificate" },
		{ "echo hello >bad", "no certificate" },
		{ "cat leaf.pem leaf.key >bad", "private key" },
		{ "cat leaf.pem leaf.csr >bad",
		  "another block (CERTIFICATE REQUEST) among" },
		{ "sed 's/CERTIFICATE/X, run rm x; Y/' leaf.pem >bad",
		  "another block (PEM) among" },
		{ "head -c 300 leaf.pem >bad", "damaged" },
		{ "sed 's/^MI/NI/' leaf.pem >bad", "cannot be read" },
		{ "head -c 70000 /dev/zero >bad", "larger than" },
		{ "for i in 1 2 3 4 5 6 7 8 9 10 11; do openssl req -x509 -key "
		  "leaf.key -subj /CN=c$i; done >bad",
		  "more than 10" },
		{ "openssl req -x509 -key leaf.key -subj /CN=x -addext "
		  "subjectAltName=DER:31:00 -out bad",
		  "alternative names cannot be read" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = ERR_INIT;
		struct x509_chain *c;

		kit_sh("%s", cases[i].make);
		c = kit_chain("bad", &err);
		if (c)
			fail_msg("accepted: %s", cases[i].make);
		kit_says(&err, cases[i].says);
	}
}

static void broken_links(void **state)
{
	static const struct {
		const char *make, *says;
	} cases[] = {
		{ "cat leaf.pem root.pem >bad", "\"Test Root\" follows" },
		{ "cat inter.pem leaf.pem >bad", "follows" },
		/* same name, another key */
		{ "openssl req -x509 " KIT_EC " -nodes -keyout k -subj "
		  "'/CN=Test Intermediate' -out fake.pem; "
		  "cat leaf.pem fake.pem >bad",
		  "not signed by the key" },
		/* same name, same key, but no CA */
		{ "openssl x509 -req -in inter.csr -CA root.pem -CAkey "
		  "root.key -extfile leaf.ext -out noca.pem; "
		  "cat leaf.pem noca.pem >bad",
		  "not that of a CA" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = ERR_INIT;
		struct x509_chain *c;

		kit_sh("%s", cases[i].make);
		c = kit_chain("bad", &err);
		if (!c)
			fail_msg("%s", err.msg);
		if (x509_chain_check_links(c, &err) == 0)
			fail_msg("accepted: %s", cases[i].make);
		kit_says(&err, cases[i].says);
		x509_chain_free(&c);
	}
}

static void key_of_csr(void **state)
{
	struct err err = ERR_INIT;
	struct x509_chain *c = kit_chain("chain.pem", &err);
	struct x509_csr *own = kit_csr("leaf.csr", &err),
			*other = kit_csr("inter.csr", &err);

	assert_true(x509_chain_same_key_csr(c, own));
	assert_false(x509_chain_same_key_csr(c, other));
	assert_true(x509_ids_equal(x509_chain_ids(c), x509_csr_ids(own)));
	x509_csr_free(&own);
	x509_csr_free(&other);
	x509_chain_free(&c);
}

/* A name that would do harm on a terminal comes out harmless; a CN that is
 * no host name is not one of the certificate's names. */
static void odd_issuer(void **state)
{
	struct err err = ERR_INIT;
	struct x509_chain *c;

	kit_sh("openssl req -x509 -key leaf.key -utf8 -out odd.pem "
	       "-subj \"$(printf '/CN=Bad\\033[31m \xc3\xbc CA')\"");
	c = kit_chain("odd.pem", &err);
	assert_non_null(c);
	assert_string_equal(x509_chain_issuer(c), "Bad?[31m ?? CA");
	assert_int_equal(x509_chain_ids(c)->n, 0);
	x509_chain_free(&c);
	kit_sh("openssl req -x509 -key leaf.key -out odd.pem -subj "
	       "/O=Org/C=DE");
	c = kit_chain("odd.pem", &err);
	assert_string_equal(x509_chain_issuer(c), "C=DE,O=Org");
	x509_chain_free(&c);
	kit_sh("openssl req -x509 -key leaf.key -out odd.pem -subj "
	       "'/CN=x\"; run: rm \"y'; cat odd.pem root.pem >bad");
	c = kit_chain("bad", &err);
	assert_string_equal(x509_chain_issuer(c), "x'; run: rm 'y");
	assert_int_equal(x509_chain_check_links(c, &err), -1);
	kit_says(&err, "issued by \"x'; run: rm 'y\", but");
	x509_chain_free(&c);
}

/* RFC 9525: the SAN alone. Expected: what openssl -checkhost says when it
 * looks at no subject. */
static void san_alone(void **state)
{
	struct err err = ERR_INIT;
	struct x509_chain *c;

	kit_sh("openssl req -x509 -key leaf.key -out cn.pem -subj "
	       "/CN=www.example.org");
	c = kit_chain("cn.pem", &err);
	assert_int_equal(x509_chain_ids(c)->n, 0);
	x509_chain_free(&c);
	kit_sh("openssl req -x509 -key leaf.key -out cn.pem -subj "
	       "/CN=www.example.org -addext "
	       "subjectAltName=DNS:evil.example,DNS:*.Example.COM");
	c = kit_chain("cn.pem", &err);
	assert_int_equal(x509_chain_ids(c)->n, 2);
	assert_false(x509_ids_cover(x509_chain_ids(c), "www.example.org"));
	assert_true(x509_ids_cover(x509_chain_ids(c), "evil.example"));
	assert_true(x509_ids_cover(x509_chain_ids(c), "a.example.com"));
	x509_chain_free(&c);
}

/* RFC 5280 section 4.2.1.12: one without the extension is for anything. */
static void what_for(void **state)
{
	static const struct {
		const char *args;
		bool cn, client;
	} cases[] = {
		{ "-subj /CN=a.example -addext extendedKeyUsage=serverAuth",
		  true, false },
		{ "-subj /O=b -addext extendedKeyUsage=serverAuth,clientAuth",
		  false, true },
		{ "-subj / -addext extendedKeyUsage=anyExtendedKeyUsage", false,
		  true },
		{ "-subj /O=b/CN=c", true, true },
	};
	struct err err = ERR_INIT;
	struct x509_chain *c;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		kit_sh("openssl req -x509 -key leaf.key -out for.pem %s",
		       cases[i].args);
		c = kit_chain("for.pem", &err);
		assert_int_equal(x509_chain_has_cn(c), cases[i].cn);
		assert_int_equal(x509_chain_client_auth(c), cases[i].client);
		x509_chain_free(&c);
	}
}

static void issuers(void **state)
{
	struct err err = ERR_INIT;
	struct x509_chain *leaf = kit_chain("leaf.pem", &err);
	struct x509_chain *inter = kit_chain("inter.pem", &err);
	struct x509_chain *root = kit_chain("root.pem", &err);

	assert_true(x509_chain_same_issuer(leaf, leaf));
	assert_false(x509_chain_same_issuer(leaf, inter));
	assert_true(x509_chain_same_issuer(inter, root));
	x509_chain_free(&leaf);
	x509_chain_free(&inter);
	x509_chain_free(&root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(issuers),	cmocka_unit_test(what_it_says),
		cmocka_unit_test(pem),		cmocka_unit_test(other_form),
		cmocka_unit_test(from_der),	cmocka_unit_test(refused),
		cmocka_unit_test(broken_links), cmocka_unit_test(key_of_csr),
		cmocka_unit_test(odd_issuer),	cmocka_unit_test(san_alone),
		cmocka_unit_test(what_for),
	};

	return cmocka_run_group_tests(tests, setup, scratch_teardown);
}
