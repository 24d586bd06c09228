/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include "scratch.h"
#include "x509_change.h"
#include "x509_kit.h"

#define HOUR 3600
#define DAY  86400

/* A certificate of 45 days with these extensions. */
static struct x509_traits made(const char *subject, const char *ext)
{
	struct err err = ERR_INIT;
	struct x509_chain *chain;
	struct x509_traits t;

	kit_sh("printf 'subjectAltName=DNS:a.example\\n%s\\n' >c.ext;"
	       "openssl req " KIT_EC " -nodes -keyout c.key -subj '%s' "
	       "-out c.csr; openssl x509 -req -in c.csr -signkey c.key "
	       "-extfile c.ext -days 45 -out c.pem",
	       ext, subject);
	chain = kit_chain("c.pem", &err);
	assert_non_null(chain);
	t = x509_traits_of(chain);
	x509_chain_free(&chain);
	return t;
}

static void traits(void **state)
{
	struct x509_traits t =
		made("/CN=a.example", "extendedKeyUsage=serverAuth,clientAuth");

	assert_int_equal(t.life, 45 * DAY);
	assert_true(t.client_auth);
	assert_true(t.has_cn);
	t = made("/O=x", "extendedKeyUsage=serverAuth");
	assert_false(t.client_auth);
	assert_false(t.has_cn);
	t = made("/", "extendedKeyUsage=serverAuth");
	assert_false(t.has_cn);
	/* RFC 5280 section 4.2.1.12: without, or with any, it may be one */
	t = made("/CN=a", "basicConstraints=CA:FALSE");
	assert_true(t.client_auth);
	t = made("/CN=a", "extendedKeyUsage=anyExtendedKeyUsage");
	assert_true(t.client_auth);
}

struct change {
	struct x509_traits before, after;
	const char *says;
};

static const struct change table[] = {
	{ { 90 * DAY, true, true }, { 90 * DAY, true, true }, NULL },
	{ { 90 * DAY - 1, true, true }, { 85 * DAY, true, true }, NULL },
	{ { 45 * DAY, false, false }, { 90 * DAY, true, true }, NULL },
	{ { 0, false, false }, { 90 * DAY, false, false }, NULL },
	{ { 90 * DAY, false, false }, { 0, false, false }, NULL },
	{ { 90 * DAY - 1, true, true },
	  { 45 * DAY - 1, true, true },
	  "lives 45 days instead of 90 days" },
	{ { 90 * DAY, true, true },
	  { 160 * HOUR - 1, true, true },
	  "lives 160 hours instead of 90 days" },
	{ { 90 * DAY, true, true },
	  { 90 * DAY, false, true },
	  "has no clientAuth (TLS client authentication)" },
	{ { 90 * DAY, true, true },
	  { 64 * DAY, false, false },
	  "lives 64 days instead of 90 days, has no clientAuth (TLS client "
	  "authentication), has no CN" },
};

static void text(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		char *s = x509_change_text(&table[i].before, &table[i].after);

		if (table[i].says)
			assert_string_equal(s, table[i].says);
		else
			assert_null(s);
		free(s);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(traits),
		cmocka_unit_test(text),
	};

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
