/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <ctype.h>
#include "scratch.h"
#include "x509_kit.h"
#include "x509_top.h"

static struct arena *arena;

static int pki(void **state)
{
	if (scratch_setup(state) != 0)
		return -1;
	arena = arena_new();
	kit_pki();
	/* an anchor with a DN of several parts, one without a CN */
	kit_sh("openssl req -x509 " KIT_EC " -nodes -keyout dn.key -out dn.pem"
	       " -subj '/C=XT/O=Test, Inc./CN=Test Root X1' -days 99;"
	       "openssl req -x509 " KIT_EC " -nodes -keyout no.key -out no.pem"
	       " -subj '/C=XT/O=Bare' -days 99");
	kit_sh("for i in dn no; do openssl x509 -req -in inter.csr -CA $i.pem "
	       "-CAkey $i.key -extfile ca.ext -days 90 -out $i-inter.pem;"
	       "cat leaf.pem $i-inter.pem >$i-chain.pem; done");
	return 0;
}

static int gone(void **state)
{
	arena_free(&arena);
	return scratch_teardown(state);
}

static struct x509_top top_of(const char *file)
{
	struct err err = ERR_INIT;
	struct x509_chain *chain = kit_chain(file, &err);
	struct x509_top top;

	assert_non_null(chain);
	x509_top_of(chain, arena, &top);
	x509_chain_free(&chain);
	return top;
}

/* As openssl prints it. */
static const char *line_of(const char *command)
{
	char *s;

	kit_sh("%s | sed 's/^[a-z0-9A-Z ]*=//' | tr -d '\\n' >line", command);
	s = arena_strdup(arena, scratch_read(scratch("line")));
	return s;
}

static void issuer(void **state)
{
	struct x509_top plain = top_of("chain.pem"), root = top_of("full.pem");
	struct x509_top d = top_of("dn-chain.pem"), n = top_of("no-chain.pem");

	assert_string_equal(plain.issuer, "Test Root");
	/* a root that comes along changes nothing */
	assert_string_equal(root.issuer, "Test Root");
	assert_string_equal(root.sha256, plain.sha256);
	assert_string_equal(d.issuer, "Test Root X1");
	assert_non_null(strstr(n.issuer, "Bare"));
	assert_true(x509_top_is(&d, "Test Root X1"));
	assert_true(x509_top_is(&d, "test root x1"));
	assert_false(x509_top_is(&d, "Test Root"));
	assert_false(x509_top_is(&d, "Test Root X12"));
	assert_false(x509_top_is(&plain, "Test Root X1"));
	assert_false(x509_top_is(&plain, "Test Intermediate"));
	assert_true(x509_top_is(
		&d, line_of("openssl x509 -in dn-inter.pem -noout -issuer")));
	assert_true(x509_top_is(
		&d, line_of("openssl x509 -in dn-inter.pem -noout -issuer "
			    "-nameopt RFC2253")));
	assert_true(x509_top_is(
		&n, line_of("openssl x509 -in no-inter.pem -noout -issuer")));
	/* as a newer openssl does, without the blanks */
	assert_true(x509_top_is(&d, "C=XT, O=\"Test, Inc.\", CN=Test Root X1"));
	assert_false(x509_top_is(&d, "C=XT"));
	assert_false(x509_top_is(&d, ""));
	assert_false(x509_top_is(&d, " "));
}

static void fingerprint(void **state)
{
	struct x509_top top = top_of("dn-chain.pem"), leaf = top_of("leaf.pem");
	const char *colons = line_of("openssl x509 -in dn-inter.pem -noout "
				     "-fingerprint -sha256");
	const char *hex = kit_out("openssl x509 -in dn-inter.pem -outform DER "
				  "| sha256sum");

	assert_string_equal(top.sha256, hex);
	assert_true(x509_top_is(&top, hex));
	assert_non_null(strchr(colons, ':'));
	assert_true(x509_top_is(&top, colons));
	assert_false(x509_top_is(&leaf, colons));
	/* a leaf alone: its own would be another each time */
	assert_string_equal(leaf.sha256, "");
	assert_string_equal(leaf.issuer, "Test Intermediate");
	assert_false(x509_top_is(&leaf, ":"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(issuer),
		cmocka_unit_test(fingerprint),
	};

	return cmocka_run_group_tests(tests, pki, gone);
}
