/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <time.h>
#include <cmocka.h>
#include "scratch.h"
#include "x509_kit.h"

#define DAY 86400

static int setup(void **state)
{
	if (scratch_setup(state))
		return -1;
	kit_pki();
	kit_sh("printf 'subjectAltName=DNS:www.example.org\\n"
	       "extendedKeyUsage=clientAuth\\n' >client.ext;"
	       "openssl x509 -req -in leaf.csr -CA inter.pem -CAkey inter.key "
	       "-extfile client.ext -days 90 -out client.pem;"
	       "cat client.pem inter.pem >clientchain.pem;"
	       "openssl x509 -req -sha1 -in leaf.csr -CA inter.pem -CAkey "
	       "inter.key -extfile leaf.ext -days 90 -out sha1.pem;"
	       "cat sha1.pem inter.pem >sha1chain.pem;"
	       "openssl req -x509 " KIT_EC " -nodes -keyout k -out other.pem "
	       "-subj '/CN=Other Root' -days 3650;"
	       "cat other.pem root.pem >both.pem");
	return 0;
}

static int verify(const char *anchors, const char *chain, int64_t after,
		  struct err *err)
{
	struct x509_trust *t = NULL;
	struct x509_chain *c = kit_chain(chain, err);
	int rc;

	if (!c || x509_trust_load(scratch(anchors), &t, err) == -1)
		fail_msg("%s", err->msg);
	rc = x509_trust_verify(t, c, (int64_t) time(NULL) + after, err);
	x509_trust_free(&t);
	x509_chain_free(&c);
	return rc;
}

static void verdicts(void **state)
{
	static const struct {
		const char *anchors, *chain;
		int64_t after;
		const char *says; /* NULL: trusted */
	} cases[] = {
		{ "root.pem", "chain.pem", 60, NULL },
		{ "both.pem", "chain.pem", 60, NULL },
		{ "root.pem", "full.pem", 60, NULL },
		{ "inter.pem", "leaf.pem", 60, NULL },
		{ "root.pem", "leaf.pem", 60,
		  "issuer \"Test Intermediate\" of certificate "
		  "\"www.example.org\" is not trusted by" },
		{ "other.pem", "chain.pem", 60, "\"Test Root\"" },
		{ "other.pem", "full.pem", 60,
		  "self-signed certificate \"Test Root\" is not trusted" },
		{ "root.pem", "other.pem", 60, "self-signed" },
		{ "root.pem", "chain.pem", 91 * DAY,
		  "\"www.example.org\" expired on 2" },
		{ "root.pem", "chain.pem", -DAY, "is not valid before 2" },
		{ "root.pem", "clientchain.pem", 60,
		  "not meant for TLS servers" },
		{ "root.pem", "sha1chain.pem", 60, "too weak" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = ERR_INIT;
		int rc = verify(cases[i].anchors, cases[i].chain,
				cases[i].after, &err);

		if (rc == 0 && cases[i].says)
			fail_msg("%s: %s trusted", cases[i].anchors,
				 cases[i].chain);
		if (rc == -1 && !cases[i].says)
			fail_msg("%s: %s: %s", cases[i].anchors, cases[i].chain,
				 err.msg);
		if (cases[i].says)
			kit_says(&err, cases[i].says);
	}
}

static void loading(void **state)
{
	struct err err = ERR_INIT;
	struct x509_trust *t = NULL;

	assert_int_equal(x509_trust_load(scratch("nothing"), &t, &err), -1);
	assert_int_equal(err.kind, ERR_CONFIG);
	kit_says(&err, "nothing");
	kit_sh(": >empty.pem; echo hello >text.pem");
	assert_int_equal(x509_trust_load(scratch("empty.pem"), &t, &err), -1);
	assert_int_equal(x509_trust_load(scratch("text.pem"), &t, &err), -1);
	assert_int_equal(x509_trust_load(scratch("leaf.key"), &t, &err), -1);
	assert_null(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verdicts),
		cmocka_unit_test(loading),
	};

	return cmocka_run_group_tests(tests, setup, scratch_teardown);
}
