/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <sys/stat.h>
#include <unistd.h>
#include "host_kit.h"
#include "lay.h"
#include "prepare.h"
#include "run.h"

/* Two files at fixed paths; whatever is run, leaves a file "ran". */
#define RAN(hook) hook " = ( { command = [ \"touch\", \"@/ran\" ]; } );\n"
#define PROFILE                                                          \
	"layout = \"%s\"; files = ( { file = \"full.pem\"; "             \
	"format = \"fullchain\"; }, { file = \"both.pem\"; "             \
	"format = \"fullchain-key\"; } );\n" RAN("check") RAN("running") \
		RAN("test") RAN("activate") RAN("start") RAN("post")
#define SERVICES                                                        \
	"{ name = \"web\"; profile = \"x\"; certificates = ( { name = " \
	"\"" LEAF "\"; key = \"@/leaf.key\"; dir = \"@/d/tls\"; } ); "  \
	"verify = ( { address = \"127.0.0.1:1\"; } ); }"

static struct judge g;
static struct txn_part part;
static struct verify_seen seen[1];

/* Nothing is in place; what the change is to put there, is of new.pem. */
static void begin(const char *layout)
{
	struct judge_cert *c;
	struct err err = ERR_INIT;
	struct format_from from = { .chain = NULL };
	struct x509_key *key = NULL;

	kit_sh("rm -rf d state/journal/* state/folders ran; mkdir -p d/tls");
	host_kit_load(arena_printf(arena, PROFILE, layout), "", SERVICES);
	judge_disk(&svcs.v[0], &g);
	c = &g.v[0];
	assert_null(c->disk);
	c->chain = kit_chain("new.pem", &err);
	assert_non_null(c->chain);
	assert_int_equal(kit_key("leaf.key", &key, &err), 0);
	from.chain = c->chain;
	from.key = key;
	for (size_t k = 0; k < c->svc->n_files; k++)
		assert_int_equal(format_build(&c->svc->files[k].format, &from,
					      &c->contents[k], &err),
				 0);
	x509_key_free(&key);
	c->verdict = PLAN_PUT;
	seen[0] = (struct verify_seen){ .unknown = true };
	part = (struct txn_part){ .svc = &svcs.v[0], .g = &g, .before = seen };
}

static void end(void)
{
	judge_free(&g);
}

static bool there(const char *name)
{
	return access(scratch(name), F_OK) == 0;
}

/* All of it, none of it: nothing besides, no journal, nothing run. */
static void is_laid(const char *layout, bool laid)
{
	const char *dir = *layout == 'g' ? "d/tls/current" : "d/tls";

	assert_false(there("ran"));
	kit_sh("test -z \"$(find state/journal state/backup -mindepth 1)\"");
	kit_sh("test -z \"$(find d -name '.*')\"");
	if (!laid) {
		kit_sh("test -z \"$(find d -not -type d)\"");
		return;
	}
	kit_sh("cmp %s/full.pem new.pem; cat new.pem leaf.key >want; test "
	       "\"$(grep -c . %s/both.pem)\" = \"$(grep -c . want)\"; "
	       "stat -c %%a %s/both.pem | grep -qx 600",
	       dir, dir, dir);
}

static const char *const layouts[] = { "generation", "fixed" };

static void lays(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(layouts); i++) {
		begin(layouts[i]);
		lay_install(&host, &part);
		if (part.result != TXN_SERVED)
			fail_msg("%s: %s", layouts[i], part.err.msg);
		is_laid(layouts[i], true);
		/* what would be told or remembered of a certificate */
		assert_int_equal(host.receipts.n, 0);
		kit_sh("test -z \"$(ls state/service)\"");
		end();
	}
}

static void cannot(void **state)
{
	/* no folder */
	begin("fixed");
	kit_sh("rm -r d");
	lay_install(&host, &part);
	assert_int_equal(part.result, TXN_FAILED);
	assert_non_null(strstr(part.err.msg, "is not there"));
	kit_sh("mkdir d");
	is_laid("fixed", false);
	end();
	/* an earlier change, not finished */
	begin("fixed");
	scratch_write(scratch("state/journal/web"),
		      "certrepo-journal\t2\nservice\tweb\ngen\tg\nstate\t"
		      "install\nend\n",
		      0600);
	lay_install(&host, &part);
	assert_int_equal(part.result, TXN_FAILED);
	assert_non_null(strstr(part.err.msg, "is not finished yet"));
	assert_false(there("d/tls/full.pem"));
	kit_sh("rm state/journal/web");
	end();
	/* somebody was there first: his own stays */
	for (size_t i = 0; i < ARRAY_LEN(layouts); i++) {
		begin(layouts[i]);
		kit_sh("%s", *layouts[i] == 'g' ? "echo his >d/tls/current"
						: "mkdir d/tls/both.pem");
		lay_install(&host, &part);
		assert_int_equal(part.result, TXN_FAILED);
		assert_non_null(strstr(part.err.msg, "in the way"));
		kit_sh("rm -r d/tls/current d/tls/both.pem 2>/dev/null; :");
		is_laid(layouts[i], false);
		end();
	}
}

/* Killed when all was staged. */
static void stage(void)
{
	struct err err = ERR_INIT;
	struct txn t;

	assert_int_equal(txn_begin(&t, &host, &part, 1, &err), 0);
	t.j->placeholder = true;
	assert_int_equal(prepare_install(&part, &g, &err), 0);
	assert_int_equal(txn_write(&t, &err), 0);
	assert_int_equal(prepare_stage(&part, &g, &err), 0);
	t.j->state = JOURNAL_INSTALL;
	assert_int_equal(txn_write(&t, &err), 0);
}

static void recover(void)
{
	struct err err = ERR_INIT;

	assert_int_equal(run_recover(&host, &err), 0);
}

static void recovers(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(layouts); i++) {
		for (int only = 0; only <= 1; only++) {
			begin(layouts[i]);
			stage();
			host.placeholders = only;
			recover();
			is_laid(layouts[i], true);
			assert_int_equal(host.bad, 0);
			assert_int_equal(host.receipts.n, 0);
			end();
		}
		/* of a service that is gone */
		begin(layouts[i]);
		stage();
		svcs.n = 0;
		recover();
		is_laid(layouts[i], false);
		end();
		/* on the way back already */
		begin(layouts[i]);
		stage();
		kit_sh("sed -i 's/^state\tinstall/state\trollback/' "
		       "state/journal/web");
		recover();
		is_laid(layouts[i], false);
		end();
		/* before anything was staged */
		begin(layouts[i]);
		stage();
		kit_sh("sed -i 's/^state\tinstall/state\tprepare/' "
		       "state/journal/web");
		recover();
		is_laid(layouts[i], false);
		end();
	}
}

/* What somebody has put there meanwhile. */
static void theirs(void **state)
{
	begin("fixed");
	stage();
	scratch_write(scratch("d/tls/both.pem"), "his\n", 0644);
	recover();
	assert_string_equal(scratch_read(scratch("d/tls/both.pem")), "his\n");
	assert_false(there("d/tls/full.pem"));
	kit_sh("test -z \"$(ls -A state/journal)\"");
	assert_false(there("ran"));
	end();
	begin("generation");
	stage();
	kit_sh("mkdir d/tls/his; ln -s his d/tls/current");
	recover();
	assert_string_equal(kit_out("readlink d/tls/current"), "his");
	kit_sh("test -z \"$(ls -A state/journal)\"");
	assert_false(there("ran"));
	end();
}

/* A change of another kind would be finished by commands: not by this. */
static void others(void **state)
{
	begin("fixed");
	stage();
	kit_sh("sed -i '/^placeholder/d' state/journal/web");
	host.placeholders = true;
	recover();
	assert_true(there("state/journal/web"));
	assert_false(there("ran"));
	assert_false(there("d/tls/full.pem"));
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lays),	    cmocka_unit_test(cannot),
		cmocka_unit_test(recovers), cmocka_unit_test(theirs),
		cmocka_unit_test(others),
	};

	return cmocka_run_group_tests(tests, host_kit_setup, host_kit_teardown);
}
