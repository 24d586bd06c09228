/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "host_kit.h"
#include "nextkey.h"
#include "rekey.h"
#include "txn.h"

#define PROFILE                                                        \
	"layout = \"fixed\"; files = ( { file = \"full.pem\"; format " \
	"= \"fullchain\"; } );\n"
#define SERVICE(name, dir)                                                \
	"{ name = \"" name "\"; profile = \"x\"; certificates = ( { name" \
	" = \"" LEAF "\"; key = \"@/leaf.key\"; dir = \"@/" dir "\"; } ); }"

#define SERVICES 2

static struct judge g[SERVICES];
static struct svcstate states[SERVICES];
static struct verify_seen none;
static struct txn_part parts[SERVICES];

static void load(void)
{
	kit_sh("rm -rf d p/* state; mkdir -m 700 state; mkdir -p d/w d/m "
	       "state/journal state/service state/backup; cp -p leaf.right "
	       "leaf.key; chmod 640 leaf.key");
	host_kit_load(PROFILE, "",
		      SERVICE("web", "d/w") ", " SERVICE("mail", "d/m"));
	for (size_t i = 0; i < SERVICES; i++)
		assert_int_equal(svcstate_load(conf.state_dir, svcs.v[i].name,
					       arena, &states[i], NULL),
				 0);
}

static void judge(const char *crt)
{
	struct store_host_certs rows = host_kit_rows(crt, "inter.pem");

	for (size_t i = 0; i < SERVICES; i++) {
		if (g[i].arena)
			judge_free(&g[i]);
		judge_rows(&host, &svcs.v[i], &rows, &states[i], &g[i]);
		parts[i] = (struct txn_part){ .svc = &svcs.v[i],
					      .state = &states[i],
					      .g = &g[i],
					      .before = &none };
	}
}

static void served(size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (parts[i].result != TXN_SERVED)
			fail_msg("%s: %s", svcs.v[i].name, parts[i].err.msg);
}

static void install(const char *crt)
{
	judge(crt);
	for (size_t i = 0; i < SERVICES; i++)
		if (g[i].v[0].verdict != PLAN_PUT)
			fail_msg("%s: %s", crt, g[i].v[0].reason);
	txn_install(&host, parts, SERVICES, "digest");
	served(SERVICES);
}

/* Both certificates, and the key, are these. */
static void there(const char *key, const char *crt)
{
	kit_sh("openssl pkey -in leaf.key -pubout >1; openssl pkey -in %s "
	       "-pubout >2; cmp 1 2; for x in w m; do openssl x509 -in "
	       "d/$x/full.pem >3; openssl x509 -in %s >4; cmp 3 4 || exit 1; "
	       "done; test $(stat -c %%a leaf.key) = 640",
	       key, crt);
}

static void put_next(const char *file)
{
	struct x509_key *key = NULL;
	struct err err = ERR_INIT;

	assert_int_equal(kit_key(file, &key, &err), 0);
	if (nextkey_put(conf.state_dir, LEAF, key, &err) == -1)
		fail_msg("%s", err.msg);
	x509_key_free(&key);
}

static void begin(void)
{
	load();
	install("old.pem");
	there("leaf.right", "old.pem");
	/* Nobody has its key. */
	judge("next.pem");
	assert_int_equal(g[0].v[0].verdict, PLAN_REFUSE);
	assert_non_null(strstr(g[0].v[0].reason, "another key"));
	put_next("next.key");
	judge("old.pem");
	assert_int_equal(g[0].v[0].verdict, PLAN_KEEP);
	install("next.pem");
	assert_true(g[0].v[0].next && rekey_has(&parts[0], LEAF));
	assert_false(rekey_has(&parts[0], "other.example.org"));
	there("next.key", "next.pem");
	assert_int_equal(nextkey_drop(conf.state_dir, LEAF, NULL), 0);
}

static void end(void)
{
	for (size_t i = 0; i < SERVICES; i++)
		judge_free(&g[i]);
}

/* All that have the key go back, or none. */
static void back(void **state)
{
	begin();
	judge("next.pem");
	txn_go_back(&host, parts, 1);
	assert_int_equal(parts[0].result, TXN_FAILED);
	assert_non_null(strstr(parts[0].err.msg,
			       "and service mail, which has it, too"));
	there("next.key", "next.pem");
	txn_go_back(&host, parts, SERVICES);
	served(SERVICES);
	there("leaf.right", "old.pem");
	kit_sh("openssl pkey -in state/next/" LEAF " -pubout >1; openssl pkey "
	       "-in next.key -pubout >2; cmp 1 2");
	end();
}

/* The key in use is not lost for another that waits. */
static void another(void **state)
{
	begin();
	kit_sh("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 "
	       "-out third.key");
	put_next("third.key");
	judge("next.pem");
	txn_go_back(&host, parts, SERVICES);
	assert_int_equal(parts[0].result, TXN_FAILED);
	assert_non_null(strstr(parts[0].err.msg, "there is another next one"));
	there("next.key", "next.pem");
	end();
}

/* Somebody puts another key there, after it was judged. */
static void swapped(void **state)
{
	load();
	install("old.pem");
	put_next("next.key");
	judge("next.pem");
	kit_sh("cat next.key >leaf.key; echo >>leaf.key");
	txn_install(&host, parts, SERVICES, "digest");
	assert_int_equal(parts[0].result, TXN_FAILED);
	assert_non_null(
		strstr(parts[0].err.msg, "changed by somebody else meanwhile"));
	kit_sh("openssl x509 -in d/w/full.pem >3; openssl x509 -in old.pem "
	       ">4; cmp 3 4; test -z \"$(ls state/journal)\"");
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(back),
		cmocka_unit_test(another),
		cmocka_unit_test(swapped),
	};

	return cmocka_run_group_tests(tests, host_kit_setup, host_kit_teardown);
}
