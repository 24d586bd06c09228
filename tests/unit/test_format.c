/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
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
	return 0;
}

static void names(void **state)
{
	assert_int_equal(format_of("certificate"), FORMAT_CERTIFICATE);
	assert_int_equal(format_of("fullchain-key"), FORMAT_FULLCHAIN_KEY);
	assert_false(format_has_leaf(FORMAT_CHAIN));
	assert_true(format_has_leaf(FORMAT_KEY_FULLCHAIN));
	assert_false(format_has_chain(FORMAT_CERTIFICATE));
	assert_true(format_has_key(FORMAT_KEY_FULLCHAIN));
	assert_false(format_has_key(FORMAT_FULLCHAIN));
}

/* What cat(1) makes of openssl's files, for each format. */
static void contents(void **state)
{
	static const struct {
		enum format format;
		const char *files;
	} cases[] = {
		{ FORMAT_CERTIFICATE, "leaf.pem" },
		{ FORMAT_CHAIN, "inter.pem root.pem" },
		{ FORMAT_CHAIN_WITHOUT_ROOT, "inter.pem" },
		{ FORMAT_FULLCHAIN, "leaf.pem inter.pem" },
		{ FORMAT_KEY_FULLCHAIN, "pkcs8.key leaf.pem inter.pem" },
		{ FORMAT_FULLCHAIN_KEY, "leaf.pem inter.pem pkcs8.key" },
	};
	struct err err = ERR_INIT;
	struct x509_chain *chain = kit_chain("full.pem", &err);
	struct x509_key *key = NULL;

	assert_non_null(chain);
	assert_int_equal(x509_key_load(scratch("pkcs8.key"), &key, &err), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sbuf out = SBUF_INIT(FORMAT_MAX);
		struct x509_chain *back = NULL;
		int leaf;

		kit_sh("cat %s >want", cases[i].files);
		assert_int_equal(
			format_build(cases[i].format, chain, key, &out, &err),
			0);
		assert_string_equal(sbuf_str(&out),
				    scratch_read(scratch("want")));
		leaf = format_parse(cases[i].format, out.buf, out.len, &back);
		assert_int_equal(leaf, format_has_leaf(cases[i].format));
		if (leaf)
			assert_string_equal(x509_chain_fingerprint(back),
					    x509_chain_fingerprint(chain));
		x509_chain_free(&back);
		sbuf_free(&out);
	}
	x509_key_free(&key);
	x509_chain_free(&chain);
}

static void refuses(void **state)
{
	struct err err = ERR_INIT;
	struct x509_chain *chain = kit_chain("chain.pem", &err), *none = NULL;
	struct sbuf small = SBUF_INIT(100), out = SBUF_INIT(FORMAT_MAX);

	assert_int_equal(
		format_build(FORMAT_KEY_FULLCHAIN, chain, NULL, &out, &err),
		-1);
	kit_says(&err, "needs the setting key");
	assert_int_equal(
		format_build(FORMAT_CERTIFICATE, chain, NULL, &small, &err),
		-1);
	assert_int_equal(err.kind, ERR_LIMIT);
	assert_int_equal(format_parse(FORMAT_FULLCHAIN, "rubbish", 7, &none),
			 0);
	assert_null(none);
	sbuf_free(&small);
	sbuf_free(&out);
	x509_chain_free(&chain);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(contents),
		cmocka_unit_test(refuses),
	};

	return cmocka_run_group_tests(tests, setup, scratch_teardown);
}
