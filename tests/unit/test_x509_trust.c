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
	       "cat other.pem root.pem >both.pem; "
	       "cat inter.pem root.pem >beside.pem");
	/* root -> inter -> sub -> deep */
	kit_sh("openssl req " KIT_EC " -nodes -keyout sub.key -out sub.csr"
	       " -subj '/CN=Test Sub';"
	       "openssl x509 -req -in sub.csr -CA inter.pem -CAkey inter.key"
	       " -extfile ca.ext -days 3000 -out sub.pem;"
	       "openssl x509 -req -in leaf.csr -CA sub.pem -CAkey sub.key"
	       " -extfile leaf.ext -days 90 -out deep.pem;"
	       "cat deep.pem sub.pem inter.pem >deepchain.pem;"
	       "cat deep.pem sub.pem >deepsub.pem;"
	       "cat sub.pem inter.pem >subinter.pem;"
	       "cat sub.pem root.pem >subroot.pem");
	return 0;
}

/* Name and key of root or intermediate once more, with EXT for extensions, "":
 * version 1; signed by the root. */
static void again(const char *name, const char *subject, const char *ext,
		  const char *out)
{
	kit_sh("printf '%s' >x.ext; openssl req -new -key %s.key -out x.csr "
	       "-subj '/CN=%s'; openssl x509 -req -in x.csr %s -days 90 "
	       "$(test -s x.ext && echo '-extfile x.ext') -out %s.pem",
	       ext, name, subject,
	       strcmp(name, "root") == 0 ? "-signkey root.key"
					 : "-CA root.pem -CAkey root.key",
	       out);
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
		{ "inter.pem", "chain.pem", 60, NULL },
		{ "beside.pem", "chain.pem", 60, NULL },
		{ "beside.pem", "leaf.pem", 60,
		  "the chain lacks \"Test Intermediate\", which issued "
		  "\"www.example.org\": that it lies in" },
		{ "beside.pem", "leaf.pem", 60, "issued anew" },
		{ "subinter.pem", "deepsub.pem", 60, NULL },
		{ "subinter.pem", "deep.pem", 60, "lacks \"Test Sub\"" },
		{ "beside.pem", "deepchain.pem", 60, NULL },
		{ "beside.pem", "deepsub.pem", 60,
		  "lacks \"Test Intermediate\"" },
		/* who signed it is not there: somebody trusts it alone */
		{ "subroot.pem", "deep.pem", 60, NULL },
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
		{ "root.pem", "chain.pem", -20000 * (int64_t) DAY,
		  "; this host's clock is wrong, it says 1972-" },
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

/* RFC 5280 section 6.1: of an anchor the name and the key. What is below it
 * is looked at as ever. */
static void anchors(void **state)
{
	static const struct {
		const char *name, *ext;
	} odd[] = {
		{ "v1", "" },
		{ "noca", "basicConstraints=critical,CA:FALSE\\n" },
		{ "nosign", "basicConstraints=critical,CA:TRUE\\n"
			    "keyUsage=critical,digitalSignature\\n" },
		{ "short", "basicConstraints=critical,CA:TRUE,pathlen:0\\n" },
		{ "client", "basicConstraints=critical,CA:TRUE\\n"
			    "extendedKeyUsage=clientAuth\\n" },
		{ "critical", "basicConstraints=critical,CA:TRUE\\n"
			      "1.2.3.4=critical,DER:0500\\n" },
	};
	struct err err = ERR_INIT;
	struct x509_chain *c;

	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		char file[100];

		again("root", "Test Root", odd[i].ext, "odd");
		kit_sh("cat deep.pem sub.pem inter.pem odd.pem >oddfull.pem");
		if (verify("odd.pem", "deepchain.pem", 60, &err) == -1 ||
		    verify("odd.pem", "oddfull.pem", 60, &err) == -1)
			fail_msg("root %s: %s", odd[i].name, err.msg);
		c = kit_chain("oddfull.pem", &err);
		if (x509_chain_check_links(c, &err) == -1)
			fail_msg("links, root %s: %s", odd[i].name, err.msg);
		x509_chain_free(&c);
		again("inter", "Test Intermediate", odd[i].ext, "oddint");
		if (verify("oddint.pem", "deepsub.pem", 60, &err) == -1)
			fail_msg("inter %s: %s", odd[i].name, err.msg);
		snprintf(file, sizeof(file), "below-%s.pem", odd[i].name);
		kit_sh("cat deep.pem sub.pem oddint.pem >%s", file);
		if (verify("root.pem", file, 60, &err) == 0)
			fail_msg("in the chain: %s", odd[i].name);
	}
}

/* What nobody has to sign is left out of a chain. */
static void trimmed(void **state)
{
	static const struct {
		const char *what, *anchors, *chain, *left;
	} cases[] = {
		{ "nothing to do", "root.pem", "chain.pem", "chain.pem" },
		{ "the anchor itself", "root.pem", "full.pem", "full.pem" },
		{ "an intermediate alone is trusted", "inter.pem", "full.pem",
		  "chain.pem" },
		{ "a root of nobody's", "root.pem", "crossed.pem",
		  "chain.pem" },
		{ "above the anchor", "root.pem", "above.pem", "full.pem" },
		{ "another root is trusted, too", "ownroot.pem", "crossed.pem",
		  "crossed.pem" },
		{ "the anchor with other dates", "root.pem", "again.pem",
		  "again.pem" },
		{ "who issued it is trusted, not it", "ownroot.pem",
		  "leafcross.pem", "leafcross.pem" },
		{ "a leaf that is trusted", "leaf.pem", "full.pem",
		  "leaf.pem" },
		{ "no anchor at all", "other.pem", "full.pem", "full.pem" },
	};

	kit_cross("root", "Test Root", "nobody.pem");
	again("root", "Test Root", "basicConstraints=critical,CA:TRUE\n",
	      "dates");
	kit_sh("cat chain.pem nobody.pem >crossed.pem; cat full.pem nobody.pem "
	       ">above.pem; cat own.pem root.pem >ownroot.pem; "
	       "cat chain.pem dates.pem >again.pem; cat chain.pem cross.pem "
	       ">leafcross.pem");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		AUTO(x509_trust_free) struct x509_trust *t = NULL;
		AUTO(x509_chain_free) struct x509_chain *c = NULL;
		AUTO(mem_free_str) char *left = NULL;
		struct err err = ERR_INIT;
		bool cut = strcmp(cases[i].chain, cases[i].left) != 0;

		c = kit_chain(cases[i].chain, &err);
		if (!c ||
		    x509_trust_load(scratch(cases[i].anchors), &t, &err) == -1)
			fail_msg("%s: %s", cases[i].what, err.msg);
		assert_int_equal(x509_trust_trim(t, c), cut);
		left = x509_chain_pem_from(c, 0, true);
		if (strcmp(left, scratch_read(scratch(cases[i].left))) != 0)
			fail_msg("%s: %s", cases[i].what, left);
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
		cmocka_unit_test(anchors),
		cmocka_unit_test(trimmed),
		cmocka_unit_test(loading),
	};

	return cmocka_run_group_tests(tests, setup, scratch_teardown);
}
