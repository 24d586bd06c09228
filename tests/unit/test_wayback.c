/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "host_kit.h"
#include "wayback.h"

/* A service without endpoints that went from the certificate in its backup to
 * the one in its file, of which the host's key is leaf.key: so are old.pem and
 * new.pem, next.pem is of another. */

#define GEN "20261123T014202Z-00000000"

static struct journal_op op;
static struct journal_cert cert;
static struct journal journal;
static struct txn_part part;

static void begin(const char *was, const char *is)
{
	struct judge g;

	kit_sh("rm -rf d state; mkdir d d/web state state/journal "
	       "state/service state/backup state/backup/web "
	       "state/backup/web/" GEN "; chmod 700 state; cat %s inter.pem "
	       ">state/backup/web/" GEN "/0; cat %s inter.pem >d/web/full.pem",
	       was, is);
	host_kit_load("files = ( { file = \"full.pem\"; format = "
		      "\"fullchain\"; } );\n",
		      "",
		      "{ name = \"web\"; profile = \"x\"; certificates = ( { "
		      "name = \"" LEAF "\"; key = \"@/leaf.key\"; dir = "
		      "\"@/d/web\"; } ); }");
	judge_disk(&svcs.v[0], &g);
	cert = (struct journal_cert){ .name = LEAF,
				      .fingerprint = arena_strdup(
					      arena, x509_chain_fingerprint(
							     g.v[0].disk)),
				      .old = "another" };
	judge_free(&g);
	op = (struct journal_op){ .type = JOURNAL_FILE,
				  .path = host_kit_here("@/d/web/full.pem"),
				  .old = "0" };
	journal = (struct journal){ .version = JOURNAL_VERSION,
				    .service = "web",
				    .gen = GEN,
				    .state = JOURNAL_ROLLBACK,
				    .activated = true,
				    .ops = &op,
				    .n_ops = 1,
				    .certs = &cert,
				    .n_certs = 1 };
	part = (struct txn_part){ .run = &host,
				  .svc = &svcs.v[0],
				  .state = &known,
				  .j = &journal,
				  .result = TXN_BACK };
}

static void forced(void **state)
{
	static const struct {
		bool force, gone;
		const char *only;
		bool forced;
	} cases[] = {
		{ false, false, NULL, false },	{ true, false, NULL, true },
		{ true, false, "web", true },	{ true, false, LEAF, true },
		{ true, false, "mail", false }, { true, true, NULL, false },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		begin("old.pem", "new.pem");
		host.force = cases[i].force;
		if (cases[i].only)
			strlist_add(&host.only, cases[i].only);
		if (cases[i].gone)
			part.svc = NULL;
		if (wayback_forced(&part) != cases[i].forced)
			fail_msg("case %zu", i);
		strlist_free(&host.only);
	}
}

static void given_up(const char *says)
{
	assert_int_equal(part.result, TXN_LOST);
	assert_true(journal.no_hold);
	kit_says(&part.err, says);
}

/* Files that are back and not served: can they be. */
static void ends(void **state)
{
	begin("old.pem", "old.pem");
	assert_false(wayback_ends(&part));
	assert_int_equal(part.result, TXN_BACK);
	begin("next.pem", "next.pem");
	assert_true(wayback_ends(&part));
	given_up("leaf.key is not the key of certificate " LEAF " before");
	/* nothing is known of a key that cannot be read */
	begin("next.pem", "next.pem");
	kit_sh("mv leaf.key away");
	assert_false(wayback_ends(&part));
	kit_sh("mv away leaf.key");
	begin("old.pem", "old.pem");
	op.path = "/elsewhere/full.pem";
	assert_true(wayback_ends(&part));
	given_up("/elsewhere/full.pem is not of this service any more");
}

/* The new files are not to be taken away in favour of the old. */
static void stays(void **state)
{
	begin("old.pem", "new.pem");
	assert_false(wayback_stays(&part));
	begin("next.pem", "new.pem");
	assert_true(wayback_stays(&part));
	given_up("leaf.key is not the key of certificate " LEAF " before");
	/* nobody was told, so who serves the old goes on */
	begin("next.pem", "new.pem");
	journal.activated = false;
	assert_false(wayback_stays(&part));
	/* neither goes with the key; what is there is something else */
	begin("next.pem", "next.pem");
	assert_false(wayback_stays(&part));
	begin("next.pem", "new.pem");
	cert.fingerprint = "00";
	assert_false(wayback_stays(&part));
	/* without an endpoint no first one is seen to be served */
	begin("next.pem", "new.pem");
	op.old = cert.old = NULL;
	assert_false(wayback_stays(&part));
	assert_int_equal(journal.n_ops, 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(forced),
		cmocka_unit_test(ends),
		cmocka_unit_test(stays),
	};

	return cmocka_run_group_tests(tests, host_kit_setup, host_kit_teardown);
}
