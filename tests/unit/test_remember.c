/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "host_kit.h"
#include "plan.h"
#include "remember.h"

#define WEB                                                             \
	"{ name = \"web\"; profile = \"x\"; certificates = ( { name = " \
	"\"" LEAF "\"; key = \"@/leaf.key\"; dir = \"@/d\"; } ); }"

static struct judge g;
static struct journal j;
static struct journal_cert cert;
static struct txn_part part;

/* Of a service that has DISK, the row has ROW. */
static void begin(const char *disk, const char *row)
{
	struct store_host_certs rows = host_kit_rows(row, "inter.pem");

	host_kit_load("files = ( { file = \"full.pem\"; format = "
		      "\"fullchain\"; } );",
		      "", WEB);
	kit_sh("cat %s inter.pem >d/full.pem; chmod 644 d/full.pem", disk);
	judge_rows(&host, &svcs.v[0], &rows, &known, &g);
	cert = (struct journal_cert){ .name = LEAF };
	cert.fingerprint = host_kit_print(row, &cert.not_before);
	cert.old = host_kit_print(disk, NULL);
	j = (struct journal){ .service = "web", .certs = &cert, .n_certs = 1 };
	part = (struct txn_part){ .run = &host,
				  .svc = &svcs.v[0],
				  .state = &known,
				  .g = &g,
				  .j = &j };
}

static const char *tbs_of(const char *name)
{
	struct err err = ERR_INIT;
	struct x509_chain *c = kit_chain(name, &err);
	const char *tbs = arena_strdup(arena, x509_chain_tbs(c));

	x509_chain_free(&c);
	return tbs;
}

static const struct svcstate_cert *ours(void)
{
	return svcstate_cert(&known, LEAF);
}

static void a_renewal(void **state)
{
	begin("old.pem", "new.pem");
	svcstate_hold_cert(&known, arena, LEAF, tbs_of("new.pem"));
	svcstate_hold_cert(&known, arena, LEAF,
			   host_kit_print("new.pem", NULL));
	svcstate_set_hold(&known, "digest", "why");
	svcstate_set_activate(&known, 2, 7);
	part.result = TXN_SERVED;
	remember_change(&part);
	assert_string_equal(ours()->fingerprint,
			    host_kit_print("new.pem", NULL));
	assert_int_equal(ours()->not_before, host.now - 10 * DAY);
	/* Somebody wants it after all, in whatever form. */
	assert_int_equal(ours()->n_held, 0);
	assert_int_equal(ours()->n_stepped, 0);
	assert_null(known.hold);
	assert_int_equal(known.activate_count, 0);
	judge_free(&g);
}

/* A person goes back from new.pem: held is what its issuer signed, or, where
 * that is not known, the fingerprint. */
static void back(void **state)
{
	for (int seen = 0; seen < 2; seen++) {
		begin("new.pem", "new.pem");
		cert.fingerprint = host_kit_print("old.pem", &cert.not_before);
		j.back = true;
		if (!seen)
			part.g = NULL;
		remember_change(&part);
		assert_int_equal(ours()->n_held, 1);
		assert_string_equal(ours()->held[0],
				    seen ? tbs_of("new.pem")
					 : host_kit_print("new.pem", NULL));
		judge_free(&g);
	}
}

static void a_step_sideways(void **state)
{
	host_kit_issue("twin.pem", "leaf.csr", -40 * DAY, 60 * DAY);
	begin("old.pem", "twin.pem");
	assert_int_equal(g.v[0].verdict, PLAN_PUT);
	remember_change(&part);
	assert_true(svcstate_stepped(ours(), tbs_of("old.pem")));
	assert_true(svcstate_stepped(ours(), tbs_of("twin.pem")));
	assert_int_equal(ours()->n_held, 0);
	judge_free(&g);
}

static void what_waits(void **state)
{
	begin("old.pem", "new.pem");
	part.result = TXN_WAITING;
	remember_change(&part);
	assert_int_equal(known.waiting, host.now);
	part.result = TXN_SAME;
	remember_change(&part);
	assert_int_equal(known.waiting, 0);
	assert_int_equal(known.activate_count, PLAN_ACTIVATE_TRIES);
	assert_int_equal(known.activate_at, host.now);
	judge_free(&g);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_renewal),
		cmocka_unit_test(back),
		cmocka_unit_test(a_step_sideways),
		cmocka_unit_test(what_waits),
	};

	return cmocka_run_group_tests(tests, host_kit_setup, host_kit_teardown);
}
