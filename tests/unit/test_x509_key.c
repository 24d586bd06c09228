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
		cmocka_unit_test(private_keys),
		cmocka_unit_test(public_keys),
		cmocka_unit_test(pem),
	};

	return cmocka_run_group_tests(tests, setup, scratch_teardown);
}
