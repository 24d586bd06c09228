/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <ctype.h>
#include <time.h>
#include "accept.h"
#include "scratch.h"
#include "x509_kit.h"

#define DAY 86400

static struct err err;
static struct x509_csr *csr;

static int pki(void **state)
{
	if (scratch_setup(state) != 0)
		return -1;
	kit_pki();
	csr = kit_csr("leaf.csr", &err);
	return csr ? 0 : -1;
}

static int gone(void **state)
{
	x509_csr_free(&csr);
	return scratch_teardown(state);
}

static int check(const char *file, int64_t now, struct accept_cert *ret)
{
	struct sbuf pem = SBUF_INIT(1 << 20);
	int rc;

	kit_read(file, &pem);
	err_clear(&err);
	rc = accept_check(sbuf_str(&pem), pem.len, csr, now, ret, &err);
	sbuf_free(&pem);
	return rc;
}

/* FILE is refused, because of TEXT. */
static void refused(const char *file, int64_t now, const char *text)
{
	struct accept_cert c = { .crt = NULL };

	if (check(file, now, &c) != -1)
		fail_msg("%s was accepted", file);
	assert_null(c.crt);
	assert_int_equal(err.kind, ERR_INPUT);
	kit_says(&err, text);
}

static int64_t date_of(const char *file, const char *which)
{
	/* openssl prints "notAfter=Feb 21 02:49:00 2027 GMT" */
	return strtoll(kit_out("date -d \"$(openssl x509 -in %s -noout -%s | "
			       "cut -d= -f2)\" +%%s",
			       file, which),
		       NULL, 10);
}

/* Every expected value is from the openssl command. */
static void good(void **state)
{
	struct accept_cert c = { .crt = NULL };
	char md5[ENC_MD5_HEX];
	const char *p;
	size_t i;

	if (check("full.pem", time(NULL), &c) != 0)
		fail_msg("%s", err.msg);
	assert_int_equal(c.not_before, date_of("leaf.pem", "startdate"));
	assert_int_equal(c.not_after, date_of("leaf.pem", "enddate"));
	scratch_write(scratch("crt"), c.crt, 0600);
	scratch_write(scratch("ca"), c.ca, 0600);
	kit_sh("openssl x509 -in leaf.pem >leaf.only; cmp crt leaf.only");
	kit_sh("openssl x509 -in inter.pem >inter.only; cmp ca inter.only");
	assert_string_equal(c.crt_sha256, kit_out("sha256sum <crt"));
	snprintf(md5, sizeof(md5), "%s", kit_out("md5sum <ca"));
	assert_string_equal(c.md5_ca, md5);
	p = kit_out("openssl x509 -in leaf.pem -outform DER | sha256sum");
	for (i = 0; p[i]; i++)
		assert_int_equal(c.fingerprint[i], tolower(p[i]));
	accept_free(&c);
	assert_null(c.crt);
	/* without the intermediate: no chain to check, none stored */
	if (check("leaf.pem", time(NULL), &c) != 0)
		fail_msg("%s", err.msg);
	assert_string_equal(c.ca, "");
	accept_free(&c);
}

static void dates(void **state)
{
	int64_t from = date_of("leaf.pem", "startdate");
	int64_t to = date_of("leaf.pem", "enddate");
	struct accept_cert c = { .crt = NULL };

	refused("chain.pem", to, "expired at");
	refused("chain.pem", to + DAY, "expired at");
	refused("chain.pem", from - ACCEPT_SKEW - 1, "not valid before");
	assert_int_equal(check("chain.pem", to - 1, &c), 0);
	accept_free(&c);
	assert_int_equal(check("chain.pem", from - ACCEPT_SKEW, &c), 0);
	accept_free(&c);
}

static void wrong(void **state)
{
	int64_t now = time(NULL);

	kit_sh("openssl req " KIT_EC " -nodes -keyout k2 -subj /CN=x "
	       "-out k2.csr;"
	       "openssl x509 -req -in k2.csr -CA inter.pem -CAkey inter.key "
	       "-extfile leaf.ext -days 90 -out other.pem;"
	       "cat other.pem inter.pem >other-key.pem");
	refused("other-key.pem", now, "another key");
	kit_sh("printf 'extendedKeyUsage=serverAuth' >cn.ext;"
	       "openssl x509 -req -in leaf.csr -CA inter.pem -CAkey inter.key "
	       "-extfile cn.ext -days 90 -out cn.pem");
	refused("cn.pem", now, "without a subjectAltName");
	kit_sh("openssl x509 -req -in leaf.csr -CA inter.pem -CAkey inter.key "
	       "-extfile ca.ext -days 90 -out ca.pem");
	refused("ca.pem", now, "a CA's certificate");
	kit_sh("printf 'subjectAltName=DNS:www.example.org' >less.ext;"
	       "openssl x509 -req -in leaf.csr -CA inter.pem -CAkey inter.key "
	       "-extfile less.ext -days 90 -out less.pem");
	refused("less.pem", now, "lacks the name example.org");
	kit_sh("printf 'subjectAltName=DNS:www.example.org,DNS:example.org,"
	       "DNS:evil.example' >more.ext;"
	       "openssl x509 -req -in leaf.csr -CA inter.pem -CAkey inter.key "
	       "-extfile more.ext -days 90 -out more.pem");
	refused("more.pem", now, "evil.example, which was not asked for");
	kit_sh("openssl req -x509 " KIT_EC " -nodes -keyout r2.key -out r2.pem"
	       " -subj '/CN=Test Intermediate' -days 30;"
	       "cat leaf.pem r2.pem >broken.pem");
	refused("broken.pem", now, "chain");
	kit_sh("cat inter.pem leaf.pem >turned.pem");
	refused("turned.pem", now, "another key");
	kit_sh("cat leaf.pem leaf.key >with-key.pem");
	refused("with-key.pem", now, "certificate");
	kit_sh(": >empty.pem; printf '<html></html>' >html.pem");
	refused("empty.pem", now, "certificate");
	refused("html.pem", now, "certificate");
}

/* A leaf with these extensions, below ISSUER; more certificates follow it. */
static const char *issued(const char *ext, const char *issuer, const char *opts,
			  const char *above)
{
	kit_sh("printf 'subjectAltName=DNS:www.example.org,DNS:example.org\n"
	       "%s\n' >l.ext;"
	       "openssl x509 -req -in leaf.csr -CA %s.pem -CAkey %s.key "
	       "-extfile l.ext %s -days 90 -out l.pem 2>/dev/null;"
	       "cat l.pem %s >l-chain.pem",
	       ext, issuer, issuer, opts, above);
	return "l-chain.pem";
}

/* An intermediate with these extensions, made from inter.key. */
static void inter(const char *name, const char *ext, int days)
{
	kit_sh("printf 'basicConstraints=critical,CA:TRUE\n%s\n' >i.ext;"
	       "cp inter.key %s.key;"
	       "openssl req -new -key inter.key -subj '/CN=Other' -out i.csr;"
	       "openssl x509 -req -in i.csr -CA root.pem -CAkey root.key "
	       "-extfile i.ext -days %d -out %s.pem",
	       ext, name, days, name);
}

/* Certificates that no TLS client takes; the openssl command says the same. */
static void unusable(void **state)
{
	static const struct {
		const char *ext, *opts, *says;
	} leaves[] = {
		{ "extendedKeyUsage=critical,clientAuth", "",
		  "not meant for TLS servers" },
		{ "keyUsage=critical,cRLSign", "",
		  "not meant for TLS servers" },
		{ "1.2.3.4.5=critical,DER:05:00", "", "critical extension" },
		{ "1.3.6.1.4.1.11129.2.4.3=critical,DER:05:00", "",
		  "critical extension" },
		{ "", "-sha1", "too weak" },
	};
	int64_t now = time(NULL);
	struct accept_cert c = { .crt = NULL };

	for (size_t i = 0; i < ARRAY_LEN(leaves); i++)
		refused(issued(leaves[i].ext, "inter", leaves[i].opts,
			       "inter.pem"),
			now, leaves[i].says);
	inter("short", "", 1);
	refused(issued("", "short", "", "short.pem"), now + 2 * DAY,
		"\"Other\" expired on");
	inter("narrow", "nameConstraints=critical,permitted;DNS:example.com",
	      90);
	refused(issued("", "narrow", "", "narrow.pem"), now, "subtree");
	inter("clients", "extendedKeyUsage=clientAuth", 90);
	refused(issued("", "clients", "", "clients.pem"), now,
		"not meant for TLS servers");
	/* both are for clients and servers; and what is above the issuer may
	 * be over: clients have a root of their own */
	kit_sh("openssl x509 -in root.pem -signkey root.key -days 1 "
	       "-out old.pem");
	if (check(issued("extendedKeyUsage=clientAuth,serverAuth", "inter", "",
			 "inter.pem old.pem"),
		  now + 2 * DAY, &c) != 0)
		fail_msg("%s", err.msg);
	accept_free(&c);
}

static void derive(void **state)
{
	struct sbuf pem = SBUF_INIT(1 << 20);
	struct accept_derived d;
	struct store_blob blob;

	kit_read("leaf.pem", &pem);
	blob = (struct store_blob){ sbuf_str(&pem), pem.len };
	err_clear(&err);
	assert_int_equal(accept_derive(blob, &d, &err), 0);
	assert_string_equal(d.crt_sha256, kit_out("sha256sum <leaf.pem"));
	assert_int_equal(d.not_after, date_of("leaf.pem", "enddate"));
	assert_int_equal(d.not_before, date_of("leaf.pem", "startdate"));
	sbuf_free(&pem);
	blob = (struct store_blob){ "rubbish", 7 };
	assert_int_equal(accept_derive(blob, &d, &err), -1);
	assert_int_equal(err.kind, ERR_INPUT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good),	  cmocka_unit_test(dates),
		cmocka_unit_test(wrong),  cmocka_unit_test(unusable),
		cmocka_unit_test(derive),
	};

	return cmocka_run_group_tests(tests, pki, gone);
}
