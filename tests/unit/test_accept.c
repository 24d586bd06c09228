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
		cmocka_unit_test(good),
		cmocka_unit_test(dates),
		cmocka_unit_test(wrong),
		cmocka_unit_test(derive),
	};

	return cmocka_run_group_tests(tests, pki, gone);
}
