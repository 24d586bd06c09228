/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include "scratch.h"
#include "x509_kit.h"
#include "backup.h"
#include "clock.h"
#include "dryrun.h"
#include "judge.h"
#include "prove.h"
#include "run.h"
#include "txn.h"

/* A service without endpoints, at fixed paths, whose commands are shell
 * scripts in the scratch folder: "test" and "activate". The store's rows are
 * made by hand; the real services are in tests/e2e. */

static struct arena *arena;
static struct installer_conf conf;
static struct svcs svcs;
static struct host run_;
static struct svcstate state_;
static struct judge g;
static struct verify_seen none;
static struct txn_part part;

static int setup(void **state)
{
	static const char *const dirs[] = {
		"p",	       "d", "state", "state/journal", "state/service",
		"state/backup"
	};

	if (scratch_setup(state))
		return -1;
	kit_pki();
	kit_sh("chmod 600 leaf.key; mkdir first");
	/* A newer one with the same key; the clock may tick in between. */
	kit_sh("mv leaf.pem old.pem; "
	       "openssl x509 -req -in leaf.csr -CA inter.pem -CAkey inter.key"
	       " -extfile leaf.ext -days 90 -set_serial 0x02 -out leaf.pem");
	for (size_t i = 0; i < ARRAY_LEN(dirs); i++)
		assert_int_equal(mkdir(scratch(dirs[i]), 0755), 0);
	scratch_write(scratch("p/x.conf"),
		      "files = ( { file = \"full.pem\"; format = "
		      "\"fullchain\"; }, { file = \"both.pem\"; format = "
		      "\"key-fullchain\"; } );\n"
		      "vars = ( { name = \"place\"; value = \"/\"; } );\n"
		      "test = ( { command = [ \"sh\", \"$place\" ]; } );\n"
		      "activate = ( { command = [ \"sh\", \"$place\" ]; } );\n",
		      0644);
	return 0;
}

static int teardown(void **state)
{
	return scratch_teardown(state);
}

/* What the commands do. */
static void commands(const char *test, const char *activate)
{
	scratch_write(scratch("p/x.conf"),
		      arena_printf(arena,
				   "files = ( { file = \"full.pem\"; format = "
				   "\"fullchain\"; }, { file = \"both.pem\"; "
				   "format = \"key-fullchain\"; } );\n"
				   "test = ( { command = [ \"sh\", \"-c\", "
				   "\"%s\" ]; } );\n"
				   "activate = ( { command = [ \"sh\", \"-c\", "
				   "\"%s\" ]; } );\n",
				   test, activate),
		      0644);
}

static void load(void)
{
	struct conf_errors errs = { 0 };
	const char *text = arena_printf(
		arena,
		"store : { path = \"/none\"; }; host = \"h1\";\n"
		"trust_file = \"%s\"; profile_dir = \"%s\"; state_dir = "
		"\"%s\";\n"
		"services = ( { name = \"web\"; profile = \"x\"; certificates "
		"= ( { name = \"www.example.org\"; key = \"%s\"; dir = "
		"\"%s\"; } ); } );",
		scratch("root.pem"), scratch("p"), scratch("state"),
		scratch("leaf.key"), scratch("d"));

	if (installer_conf_load_string("t", text, arena, &conf, &errs) == -1 ||
	    svc_resolve(&conf, arena, &svcs, &errs) == -1)
		fail_msg("%s", errs.list.v[0]);
	run_ = (struct host){ .conf = &conf,
			      .svcs = &svcs,
			      .arena = arena,
			      .receipts = { .arena = arena },
			      .now = clock_now() };
	assert_int_equal(
		svcstate_load(conf.state_dir, "web", arena, &state_, NULL), 0);
}

/* As it is before the program starts. */
static void begin(const char *test, const char *activate)
{
	if (!arena)
		arena = arena_new();
	commands(test, activate);
	load();
}

static void end(void)
{
	judge_free(&g);
	receipt_free(&run_.receipts);
	x509_trust_free(&run_.trust);
	arena_free(&arena);
}

static struct store_blob blob(const char *name)
{
	const char *text = arena_strdup(arena, scratch_read(scratch(name)));

	return (struct store_blob){ text, strlen(text) };
}

/* Install, or go back; what came of it. */
static enum txn_result do_it(bool back, struct err *err)
{
	part = (struct txn_part){
		.svc = &svcs.v[0], .state = &state_, .g = &g, .before = &none
	};
	if (back)
		txn_go_back(&run_, &part, 1);
	else
		txn_install(&run_, &part, 1, "digest");
	*err = part.err;
	return part.result;
}

static enum txn_result recover_it(const struct svc *s, struct journal *j,
				  struct err *err)
{
	part = (struct txn_part){ .svc = s, .state = &state_, .j = j };
	txn_recover(&run_, txn_journal_path(&run_, "web"), &part, 1);
	*err = part.err;
	return part.result;
}

static void gather_with(const char *crt, const char *ca)
{
	struct store_host_cert row = { .name = "www.example.org",
				       .enabled = true,
				       .crt = blob(crt),
				       .ca = blob(ca) };
	struct store_host_certs rows = { &row, 1 };

	judge_rows(&run_, &svcs.v[0], &rows, &state_, &g);
}

static void gather_it(const char *crt)
{
	gather_with(crt, "inter.pem");
}

static void fresh(void)
{
	kit_sh("rm -rf d state; mkdir -p d state/journal state/service "
	       "state/backup; umask 077; cat old.pem inter.pem >d/full.pem; "
	       "openssl pkey -in leaf.key >d/both.pem; cat old.pem inter.pem "
	       ">>d/both.pem; chmod 644 d/full.pem");
}

/* "old", "new", or "mixed". */
static const char *here(void)
{
	return kit_out(
		"{ openssl pkey -in leaf.key; cat %s inter.pem; } | cmp -s - "
		"d/both.pem && cat old.pem inter.pem | cmp -s - d/full.pem && "
		"echo old || { { openssl pkey -in leaf.key; cat %s inter.pem; "
		"} | cmp -s - d/both.pem && cat leaf.pem inter.pem | cmp -s - "
		"d/full.pem && echo new; } || echo mixed",
		"old.pem", "leaf.pem");
}

static bool tidy(void)
{
	return strcmp(kit_out("find d state -name '.*certrepo*' -o -path "
			      "'state/journal/*' | wc -l"),
		      "0") == 0;
}

static const char *state_of(const char *endpoint)
{
	for (size_t i = 0; i < run_.receipts.n; i++)
		if (strcmp(run_.receipts.v[i].endpoint, endpoint) == 0)
			return run_.receipts.v[i].state;
	return "";
}

static void nothing_to_do(void **state)
{
	fresh();
	begin("true", "true");
	gather_it("old.pem");
	assert_int_equal(g.v[0].verdict, PLAN_KEEP);
	assert_ptr_equal(g.v[0].disk, g.v[0].chain);
	assert_null(run_.trust); /* not even loaded */
	end();
}

static enum plan_verdict verdict_of(const char *crt, const char *ca)
{
	enum plan_verdict v;

	gather_with(crt, ca);
	v = g.v[0].verdict;
	judge_free(&g);
	return v;
}

/* Two good chains of one certificate that take turns. */
static void chains(void **state)
{
	struct err err = ERR_INIT;

	fresh();
	kit_sh("openssl x509 -req -in inter.csr -CA root.pem -CAkey root.key "
	       "-extfile ca.ext -days 2000 -out inter2.pem");
	begin("true", "true");
	gather_with("old.pem", "inter2.pem");
	assert_int_equal(g.v[0].verdict, PLAN_PUT);
	assert_int_equal(do_it(false, &err), TXN_SERVED);
	kit_sh("cat old.pem inter2.pem | cmp - d/full.pem");
	judge_free(&g);
	gather_it("old.pem");
	assert_int_equal(g.v[0].verdict, PLAN_KEEP);
	assert_int_equal(x509_chain_len(g.v[0].chain), 2);
	assert_string_equal(x509_chain_pem(g.v[0].chain, 1),
			    scratch_read(scratch("inter2.pem")));
	assert_string_equal(g.v[0].chain_digest, g.v[0].disk_digest);
	judge_free(&g);
	assert_int_equal(verdict_of("old.pem", "inter2.pem"), PLAN_KEEP);
	run_.force = true;
	assert_int_equal(verdict_of("old.pem", "inter.pem"), PLAN_PUT);
	run_.force = false;
	/* a newer certificate brings the chain it has */
	assert_int_equal(verdict_of("leaf.pem", "inter.pem"), PLAN_PUT);
	/* more than the chain is not as it should be */
	kit_sh("chmod 600 d/full.pem");
	assert_int_equal(verdict_of("old.pem", "inter.pem"), PLAN_PUT);
	kit_sh("chmod 644 d/full.pem");
	assert_int_equal(verdict_of("old.pem", "inter.pem"), PLAN_KEEP);
	/* the chain on disk verifies no more */
	kit_sh("cat old.pem >d/full.pem; openssl pkey -in leaf.key "
	       ">d/both.pem; cat old.pem >>d/both.pem");
	assert_int_equal(verdict_of("old.pem", "inter.pem"), PLAN_PUT);
	end();
}

/* What cannot be read is not taken for something that is not there. */
static void unreadable(void **state)
{
	fresh();
	begin("true", "true");
	kit_sh("rm d/full.pem; ln -s full.pem d/full.pem");
	gather_it("leaf.pem");
	assert_int_equal(g.v[0].verdict, PLAN_UNKNOWN);
	assert_non_null(strstr(g.v[0].reason, "cannot be read, so nothing is "
					      "done"));
	assert_non_null(strstr(g.v[0].reason, "/d/full.pem"));
	judge_free(&g);
	run_.force = true;
	assert_int_equal(verdict_of("leaf.pem", "inter.pem"), PLAN_UNKNOWN);
	run_.force = false;
	kit_sh("rm d/full.pem; rm d/both.pem; ln -s both.pem d/both.pem; "
	       "cat old.pem inter.pem >d/full.pem");
	assert_int_equal(verdict_of("leaf.pem", "inter.pem"), PLAN_UNKNOWN);
	kit_sh("rm d/both.pem");
	gather_it("leaf.pem");
	assert_int_equal(g.v[0].verdict, PLAN_PUT);
	end();
}

/* The key was replaced, and a newer certificate of the new one waits. */
static void unfit(void **state)
{
	struct err err = ERR_INIT;

	fresh();
	begin("true", "true");
	gather_it("leaf.pem");
	assert_int_equal(do_it(false, &err), TXN_SERVED);
	judge_free(&g);
	kit_sh("cp leaf.key right.key; cp inter.key leaf.key; "
	       "openssl req -new -key leaf.key -subj /CN=www.example.org "
	       "-out next.csr; openssl x509 -req -in next.csr -CA inter.pem "
	       "-CAkey inter.key -extfile leaf.ext -days 90 -out next.pem");
	gather_it("next.pem");
	assert_int_equal(g.v[0].verdict, PLAN_PUT);
	assert_false(g.v[0].misfit);
	assert_non_null(g.v[0].unfit);
	assert_non_null(strstr(g.v[0].unfit, "fails at its next restart"));
	assert_null(state_.keys);
	judge_free(&g);
	/* one of the old key is refused, and that is not all */
	gather_it("old.pem");
	assert_int_equal(g.v[0].verdict, PLAN_REFUSE);
	assert_true(g.v[0].misfit);
	assert_non_null(strstr(g.v[0].reason, "belongs to another key"));
	assert_non_null(strstr(g.v[0].reason, "fails at its next restart"));
	kit_sh("cp right.key leaf.key");
	end();
}

static void installs(void **state)
{
	struct err err = ERR_INIT;

	fresh();
	begin("true", "true");
	gather_it("leaf.pem");
	assert_int_equal(g.v[0].verdict, PLAN_PUT);
	assert_int_equal(do_it(false, &err), TXN_SERVED);
	assert_string_equal(here(), "new");
	assert_true(tidy());
	assert_string_equal(state_of(""), "activated");
	assert_string_equal(
		svcstate_cert(&state_, "www.example.org")->fingerprint,
		x509_chain_fingerprint(g.v[0].chain));
	judge_free(&g);

	/* And back, by hand. */
	judge_disk(&svcs.v[0], &g);
	assert_int_equal(do_it(true, &err), TXN_SERVED);
	assert_string_equal(here(), "old");
	assert_true(tidy());
	judge_free(&g);
	gather_it("leaf.pem");
	assert_int_equal(g.v[0].verdict, PLAN_HOLD);
	judge_free(&g);
	judge_disk(&svcs.v[0], &g);
	assert_int_equal(do_it(true, &err), TXN_FAILED);
	kit_says(&err, "no backup");
	end();
}

static void fails_and_goes_back(void **state)
{
	static const struct {
		const char *test, *activate, *says;
		enum txn_result result;
		bool held;
	} cases[] = {
		/* the test fails with the old files, too: not held */
		{ "exit 3", "true", "configuration test failed", TXN_BACK,
		  false },
		/* only with the new ones: held */
		{ "! grep -q \\\"$(cat first/fp)\\\" d/full.pem", "true",
		  "configuration test failed", TXN_BACK, true },
		/* without an endpoint, activation's word is all there is */
		{ "true", "echo no >&2; exit 4", "exited with 4: \"no\"",
		  TXN_UNPROVEN, false },
		{ "true", "! grep -q \\\"$(cat first/fp)\\\" d/full.pem",
		  "activation failed", TXN_BACK, true },
	};

	kit_sh("sed -n 3p leaf.pem >first/fp");
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err err = ERR_INIT;
		char *test, *activate;

		fresh();
		arena = arena_new();
		test = arena_printf(arena, "cd %s; %s", scratch_dir,
				    cases[i].test);
		activate = arena_printf(arena, "cd %s; %s", scratch_dir,
					cases[i].activate);
		begin(test, activate);
		gather_it("leaf.pem");
		if (do_it(false, &err) != cases[i].result)
			fail_msg("case %zu: %s", i, err.msg);
		kit_says(&err, cases[i].says);
		assert_string_equal(here(), "old");
		assert_int_equal(tidy(), cases[i].result == TXN_BACK);
		assert_int_equal(!!state_.hold, cases[i].held);
		assert_string_equal(state_of(""), cases[i].result == TXN_BACK
							  ? "rolled-back"
							  : "failed");
		end();
	}
}

/* There is no old set to speak of. */
static void first_fails(void **state)
{
	struct err err = ERR_INIT;

	fresh();
	kit_sh("rm -f d/*");
	begin("true", "true");
	begin("true",
	      arena_printf(arena, "! test -e %s/d/full.pem", scratch_dir));
	gather_it("leaf.pem");
	assert_int_equal(g.v[0].verdict, PLAN_PUT);
	assert_int_equal(do_it(false, &err), TXN_BACK);
	kit_says(&err, "rolled back, the new files are gone again, there were "
		       "none before");
	assert_null(strstr(err.msg, "old set"));
	assert_int_equal(access(scratch("d/full.pem"), F_OK), -1);
	assert_int_equal(access(scratch("d/both.pem"), F_OK), -1);
	end();
}

/* While it goes back, the folder is taken away: the copy of what was there is
 * all that is left of it. It is held like any other failure, unless it says
 * nothing against the certificate, and however often it happens, one copy is
 * kept, and what there is to go back to. */
static void lost(void **state)
{
	struct err err = ERR_INIT;

	fresh();
	begin("true", "true");
	gather_it("leaf.pem");
	assert_int_equal(do_it(false, &err), TXN_SERVED);
	end();
	arena = arena_new();
	begin(arena_printf(arena,
			   "cd %s; test ! -e evil || { mv d away; exit 1; }",
			   scratch_dir),
	      "true");
	kit_sh("touch evil");
	for (int i = 0; i < 5; i++) {
		svcstate_set_hold(&state_, NULL, NULL);
		kit_sh("test ! -e away || mv away d; chmod 600 d/full.pem");
		gather_it("leaf.pem");
		assert_int_equal(g.v[0].verdict, PLAN_PUT);
		if (do_it(false, &err) != TXN_LOST)
			fail_msg("%d: %s", i, err.msg);
		kit_says(&err, "there is no way back (");
		kit_says(&err, "what is there stays; mend it, then run: "
			       "certrepo-installer --force web");
		assert_string_equal(state_.hold, "digest");
		assert_null(strstr(state_.hold_reason, "mend it"));
		assert_string_equal(kit_out("ls state/backup/web | wc -l"),
				    "2");
		assert_string_equal(kit_out("ls state/journal | wc -l"), "0");
		judge_free(&g);
	}
	/* and when it works again */
	kit_sh("mv away d; rm evil; chmod 600 d/full.pem");
	svcstate_set_hold(&state_, NULL, NULL);
	gather_it("leaf.pem");
	assert_int_equal(do_it(false, &err), TXN_SERVED);
	assert_string_equal(kit_out("ls state/backup/web | wc -l"), "3");
	end();
}

static void install_in_child(void *arg)
{
	struct err err = ERR_INIT;

	begin("kill -9 $PPID", "true");
	gather_it("leaf.pem");
	(void) do_it(false, &err);
}

/* The test command kills the installer: all is staged and in place. Then the
 * next run finds the journal, with other commands. */
static void recovers(void **state)
{
	static const struct {
		const char *test, *activate;
		bool known;
		enum txn_result result;
		const char *here;
	} cases[] = {
		{ "true", "true", true, TXN_SERVED, "new" },
		{ "false", "true", true, TXN_BACK, "old" },
		{ "true", "true", false, TXN_BACK, "old" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err err = ERR_INIT;
		struct journals all;

		fresh();
		assert_int_equal(scratch_fork(install_in_child, NULL),
				 128 + SIGKILL);
		begin(cases[i].test, cases[i].activate);
		assert_int_equal(journal_read(txn_journal_path(&run_, "web"),
					      arena, &all, &err),
				 1);
		assert_int_equal(all.n, 1);
		assert_int_equal(all.v[0].state, JOURNAL_INSTALL);
		assert_int_equal(all.v[0].n_ops, 2);
		assert_int_equal(recover_it(cases[i].known ? &svcs.v[0] : NULL,
					    &all.v[0], &err),
				 cases[i].result);
		assert_string_equal(here(), cases[i].here);
		assert_true(tidy());
		end();
	}
}

/* Killed before anything was in place; and after all was proven. */
static void recovers_ends(void **state)
{
	struct err err = ERR_INIT;
	struct journal_op op;
	struct journal j;

	fresh();
	begin("true", "true");
	op = (struct journal_op){
		JOURNAL_FILE, arena_strdup(arena, scratch("d/full.pem")),
		NULL,	      0,
		"00",	      NULL
	};
	j = (struct journal){ .version = 2,
			      .service = "web",
			      .gen = "20261123T014202Z-00000000",
			      .state = JOURNAL_PREPARE,
			      .ops = &op,
			      .n_ops = 1 };
	kit_sh("mkdir -p state/backup/web/20261123T014202Z-00000000; touch "
	       "d/.full.pem.certrepo-abcdef state/journal/web");
	assert_int_equal(recover_it(&svcs.v[0], &j, &err), TXN_BACK);
	assert_string_equal(here(), "old");
	assert_true(tidy());
	assert_int_equal(access(scratch("state/backup/web/"
					"20261123T014202Z-00000000"),
				F_OK),
			 -1);

	kit_sh("mkdir -p state/backup/web/20261123T014202Z-00000000; touch "
	       "state/journal/web");
	j.state = JOURNAL_CLOSE;
	assert_int_equal(recover_it(&svcs.v[0], &j, &err), TXN_BACK);
	assert_true(tidy());
	/* A renewal's backup stays, that of one that was undone does not. */
	assert_int_equal(access(scratch("state/backup/web/"
					"20261123T014202Z-00000000"),
				F_OK),
			 0);
	j.reason = "it failed";
	kit_sh("touch state/journal/web");
	assert_int_equal(recover_it(&svcs.v[0], &j, &err), TXN_BACK);
	assert_int_equal(access(scratch("state/backup/web/"
					"20261123T014202Z-00000000"),
				F_OK),
			 -1);
	end();
}

/* What was left must be finished first; nothing of it is overwritten, and what
 * cannot be looked at counts as there. */
static void left_comes_first(void **state)
{
	static const char *const cases[] = {
		"echo x >state/journal/web",
		/* of two services, under the name of the other */
		"{ echo x; echo 'service\tweb'; } >state/journal/mail",
		"mkdir state/journal/web",
		"rmdir state/journal; touch state/journal",
		"rmdir state/journal",
		/* how else would it know which backup is the newest */
		"rmdir state/backup; touch state/backup",
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err err = ERR_INIT;
		const char *before;

		fresh();
		begin("true", "true");
		gather_it("leaf.pem");
		kit_sh("%s", cases[i]);
		before = arena_strdup(arena, kit_out("ls -lRi state | md5sum"));
		if (do_it(false, &err) != TXN_FAILED)
			fail_msg("case %zu", i);
		kit_says(&err, "nothing was changed");
		assert_string_equal(here(), "old");
		assert_string_equal(kit_out("ls -lRi state | md5sum"), before);
		end();
	}
}

/* A folder that somebody made there is no change of anybody's. */
static void not_a_journal(void **state)
{
	struct err err = ERR_INIT;

	fresh();
	begin("true", "true");
	gather_it("leaf.pem");
	kit_sh("mkdir state/journal/mail");
	if (do_it(false, &err) != TXN_SERVED)
		fail_msg("%s", err.msg);
	assert_string_equal(here(), "new");
	end();
}

/* One of two is at its end: it leaves the journal, and may be changed while the
 * other, who cannot be gone back with, stays in it. */
static void one_is_done(void **state)
{
	struct journal_op op = { .type = JOURNAL_FILE, .old = "0" };
	struct journal j[] = { { .version = JOURNAL_VERSION,
				 .service = "web",
				 .gen = "20261123T014202Z-00000000",
				 .state = JOURNAL_CLOSE,
				 .reason = "it failed" },
			       { .version = JOURNAL_VERSION,
				 .service = "mail",
				 .gen = "20261123T014202Z-00000000",
				 .state = JOURNAL_ROLLBACK,
				 .reason = "it failed",
				 .ops = &op,
				 .n_ops = 1 } };
	struct svcstate other = { .hold = NULL };
	struct txn_part parts[2];
	struct err err = ERR_INIT;
	struct journals all;
	const char *path;

	fresh();
	begin("true", "true");
	op.path = arena_strdup(arena, scratch("leaf.key/x.pem"));
	path = txn_journal_path(&run_, "web");
	assert_int_equal(journal_write(path, j, 2, &err), 0);
	parts[0] = (struct txn_part){ .svc = &svcs.v[0],
				      .state = &state_,
				      .j = &j[0] };
	parts[1] = (struct txn_part){ .state = &other, .j = &j[1] };
	txn_recover(&run_, path, parts, 2);
	assert_int_equal(parts[0].result, TXN_BACK);
	assert_int_equal(parts[1].result, TXN_UNPROVEN);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(journal_read(path, arena, &all, &err), 1);
		assert_int_equal(all.n, 1);
		assert_string_equal(all.v[0].service, "mail");
		assert_string_equal(kit_out("ls state/journal"), "web");
		if (i > 0)
			break;
		gather_it("leaf.pem");
		if (do_it(false, &err) != TXN_SERVED)
			fail_msg("%s", err.msg);
		assert_string_equal(here(), "new");
	}
	end();
}

/* A journal that was written by an older program. */
static void goes_back_from_version_1(void **state)
{
	struct err err = ERR_INIT;
	struct journals all;

	fresh();
	begin("true", "true");
	kit_sh("g=state/backup/web/20261123T014202Z-00000000; mkdir -p $g; "
	       "cp -p d/full.pem $g/0; cp -p d/both.pem $g/1; "
	       "cat leaf.pem inter.pem >d/full.pem");
	scratch_write(
		scratch("state/journal/web"),
		arena_printf(
			arena,
			"certrepo-journal\t1\nservice\tweb\ngen\t"
			"20261123T014202Z-00000000\nstate\tinstall\n"
			"file\t%s/d/full.pem\t%s/d/.full.pem.certrepo-aaaaaa\t"
			"00\t/gone/0\nfile\t%s/d/both.pem\t-\t00\t/gone/1\n"
			"end\n",
			scratch_dir, scratch_dir, scratch_dir),
		0600);
	if (journal_read(txn_journal_path(&run_, "web"), arena, &all, &err) !=
	    1)
		fail_msg("%s", err.msg);
	assert_string_equal(here(), "mixed");
	if (recover_it(&svcs.v[0], &all.v[0], &err) != TXN_BACK)
		fail_msg("%s", err.msg);
	kit_says(&err, "older version");
	assert_string_equal(here(), "old");
	assert_null(state_.hold);
	assert_true(tidy());
	end();
}

static void print_plan(void *arg)
{
	(void) dryrun_print(&svcs.v[0], &g, PLAN_INSTALL, &none);
}

static void tells(void **state)
{
	fresh();
	begin("true", "true");
	gather_it("leaf.pem");
	assert_int_equal(scratch_fork(print_plan, NULL), 0);
	assert_non_null(strstr(scratch_read(scratch("out")),
			       "web: install www.example.org, valid until "));
	assert_non_null(strstr(scratch_read(scratch("out")),
			       "both.pem (key-fullchain, mode 0600)"));
	assert_non_null(strstr(scratch_read(scratch("out")),
			       "web: test with \"sh -c true\""));
	assert_true(host_wants(&run_, &svcs.v[0]));
	strlist_add(&run_.only, "mail");
	assert_false(host_wants(&run_, &svcs.v[0]));
	strlist_add(&run_.only, "www.example.org");
	assert_true(host_wants(&run_, &svcs.v[0]));
	strlist_free(&run_.only);
	end();
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_to_do),
		cmocka_unit_test(chains),
		cmocka_unit_test(unreadable),
		cmocka_unit_test(unfit),
		cmocka_unit_test(installs),
		cmocka_unit_test(fails_and_goes_back),
		cmocka_unit_test(first_fails),
		cmocka_unit_test(lost),
		cmocka_unit_test(recovers),
		cmocka_unit_test(recovers_ends),
		cmocka_unit_test(one_is_done),
		cmocka_unit_test(left_comes_first),
		cmocka_unit_test(not_a_journal),
		cmocka_unit_test(goes_back_from_version_1),
		cmocka_unit_test(tells),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
