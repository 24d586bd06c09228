/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <pwd.h>
#include "host_kit.h"
#include "backup.h"
#include "deploy.h"
#include "prepare.h"

/* A service that has old.pem and is given new.pem. */

#define FIXED                                                                \
	"files = ( { file = \"full.pem\"; format = \"fullchain\"; }, { "     \
	"file = \"both.pem\"; format = \"key-fullchain\"; mode = \"0640\"; " \
	"} );\n"
#define LINKED                                                              \
	"layout = \"generation\"; files = ( { file = \"full.pem\"; format " \
	"= \"fullchain\"; } );\n"
#define WEB(more)                                                       \
	"{ name = \"web\"; profile = \"x\"; certificates = ( { name = " \
	"\"" LEAF "\"; key = \"@/leaf.key\"; dir = \"@/d\"; } ); " more " }"
#define LATER "20990101T000000Z-00000000"

static struct judge g;
static struct journal journal;
static struct txn_part part;
static struct verify_seen seen[4];

/* A change of what MAKE leaves, with the row ROW, up to its journal. */
static void begin(const char *profile, const char *services, const char *make,
		  const char *row)
{
	struct store_host_certs rows = host_kit_rows(row, "inter.pem");

	kit_sh("rm -rf d e state; mkdir d e state state/journal state/service "
	       "state/backup state/folders; chmod 700 state");
	kit_sh("%s", make);
	host_kit_load(profile, "", services);
	judge_rows(&host, &svcs.v[0], &rows, &known, &g);
	part = (struct txn_part){ .run = &host,
				  .svc = &svcs.v[0],
				  .state = &known,
				  .g = &g,
				  .j = &journal };
	prepare_begin(&part, &g, seen);
}

#define OLD                                                                  \
	"cat old.pem inter.pem >d/full.pem; cat leaf.key old.pem inter.pem " \
	">d/both.pem; chmod 644 d/full.pem; chmod 640 d/both.pem"

static const char *chain_of(const struct x509_chain *chain)
{
	char *hex = arena_alloc(arena, ENC_SHA256_HEX);

	seen_chain_digest(chain, hex);
	return hex;
}

/* What each certificate is to be, and was. */
static void certificates(void **state)
{
	static const struct {
		const char *what, *profile, *make, *row, *next, *was;
		bool chain;
	} cases[] = {
		{ "a new one", FIXED, OLD, "new.pem", "new.pem", "old.pem",
		  true },
		{ "it stays", FIXED, OLD, "old.pem", "old.pem", "old.pem",
		  true },
		{ "a refused one", FIXED, OLD, "gone.pem", "old.pem", "old.pem",
		  true },
		{ "the first", FIXED, "true", "new.pem", "new.pem", NULL,
		  true },
		{ "none at all", FIXED, "true", "gone.pem", NULL, NULL, false },
		{ "no file has its chain",
		  "files = ( { file = \"full.pem\"; format = "
		  "\"certificate\"; } );",
		  OLD, "new.pem", "new.pem", "old.pem", false },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct journal_cert *c;
		const struct x509_chain *next;

		begin(cases[i].profile, WEB(""), cases[i].make, cases[i].row);
		c = &journal.certs[0];
		next = g.v[0].verdict == PLAN_PUT ? g.v[0].chain : g.v[0].disk;
		assert_int_equal(journal.n_certs, 1);
		assert_string_equal(c->name, LEAF);
		if (!c->fingerprint != !cases[i].next ||
		    !c->old != !cases[i].was || !c->chain == cases[i].chain)
			fail_msg("%s", cases[i].what);
		if (cases[i].next) {
			assert_string_equal(
				c->fingerprint,
				host_kit_print(cases[i].next, NULL));
			assert_true(c->not_after == x509_chain_not_after(next));
			assert_true(c->not_before ==
				    x509_chain_not_before(next));
		}
		if (cases[i].was)
			assert_string_equal(c->old,
					    host_kit_print(cases[i].was, NULL));
		if (cases[i].chain)
			assert_string_equal(c->chain, chain_of(next));
		judge_free(&g);
	}
}

/* What was seen goes into the journal, and what nobody could see does not. */
static void endpoints(void **state)
{
	seen[0] = (struct verify_seen){ .reachable = true,
					.handshake = true,
					.fingerprint = "f",
					.chain = "c" };
	seen[1] = (struct verify_seen){ .unknown = true, .why = "so" };
	seen[2] = (struct verify_seen){ .why = "so" };
	seen[3] = (struct verify_seen){ .reachable = true, .why = "so" };
	begin(FIXED,
	      WEB("verify = ( { address = \"h:1\"; server_name = \"" LEAF
		  "\"; }, { address = \"h:2\"; }, { address = \"h:3\"; }, { "
		  "address = \"h:4\"; } );"),
	      OLD, "new.pem");
	assert_int_equal(journal.version, JOURNAL_VERSION);
	assert_string_equal(journal.service, "web");
	assert_int_equal(journal.state, JOURNAL_PREPARE);
	assert_int_equal(journal.n_ops, 0);
	assert_int_equal(journal.n_endpoints, 3);
	assert_string_equal(journal.endpoints[0].address, "h:1");
	assert_string_equal(journal.endpoints[0].look, LEAF);
	assert_string_equal(journal.endpoints[0].fingerprint, "f");
	assert_string_equal(journal.endpoints[0].chain, "c");
	assert_string_equal(journal.endpoints[1].address, "h:3");
	assert_false(journal.endpoints[1].reachable);
	assert_string_equal(journal.endpoints[2].address, "h:4");
	assert_true(journal.endpoints[2].reachable);
	assert_null(journal.endpoints[2].fingerprint);
	judge_free(&g);
	memset(seen, 0, sizeof(seen));
}

/* Its name comes after those of all backups there are. */
static void names(void **state)
{
	struct err err = ERR_INIT;

	begin(FIXED, WEB(""), OLD, "new.pem");
	assert_int_equal(prepare_name(&part, &err), 0);
	assert_true(strcmp(journal.gen, "2026") > 0);
	assert_true(strcmp(journal.gen, LATER) < 0);
	kit_sh("mkdir -p state/backup/web/" LATER);
	assert_int_equal(prepare_name(&part, &err), 0);
	assert_true(strcmp(journal.gen, LATER) > 0);
	kit_sh("rm -r state/backup; touch state/backup");
	assert_int_equal(prepare_name(&part, &err), -1);
	judge_free(&g);
}

struct op_case {
	const char *what, *profile, *make, *row;
	int rc;
	const char *says;
	size_t n;
	const char *path; /* of the first */
	const char *old;  /* "copy", the link's text, or NULL */
};

/* The steps of an installation, or why there are none. */
static void steps(void **state)
{
	static const struct op_case cases[] = {
		{ "two files", FIXED, OLD, "new.pem", 0, NULL, 2, "d/full.pem",
		  "copy" },
		{ "the first", FIXED, "true", "new.pem", 0, NULL, 2,
		  "d/full.pem", NULL },
		{ "it stays", FIXED, OLD, "old.pem", 0, NULL, 0, NULL, NULL },
		{ "by a link", FIXED,
		  OLD "; mv d/full.pem e/real; ln -s ../e/real d/full.pem",
		  "new.pem", 0, NULL, 2, "e/real", "copy" },
		{ "by a link in a folder that is one", FIXED,
		  "rmdir d; ln -s e d", "new.pem", 0, NULL, 2, "e/full.pem",
		  NULL },
		{ "no folder", FIXED, "rmdir d", "new.pem", -1,
		  "/d is not there; make it, or mend the setting dir: install "
		  "-d "
		  "-m 0755 ",
		  0, NULL, NULL },
		{ "for everyone", FIXED, "chmod 777 d", "new.pem", -1,
		  "/d can be written by everyone, run: chmod o-w ", 0, NULL,
		  NULL },
		{ "a link to something", FIXED,
		  "echo hi >e/x; ln -s ../e/x d/full.pem", "new.pem", -1,
		  "holds no certificate and no key", 0, NULL, NULL },
		{ "a generation", LINKED,
		  "mkdir d/g1; ln -s g1 d/current; cat old.pem inter.pem "
		  ">d/g1/full.pem",
		  "new.pem", 0, NULL, 1, "d/current", "g1" },
		{ "the first generation", LINKED, "true", "new.pem", 0, NULL, 1,
		  "d/current", NULL },
		{ "and its folder", LINKED, "rmdir d", "new.pem", 0, NULL, 1,
		  "d/current", NULL },
		{ "a generation by a link", LINKED, "rmdir d; ln -s e d",
		  "new.pem", 0, NULL, 1, "e/current", NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct op_case *c = &cases[i];
		struct err err = ERR_INIT;

		begin(c->profile, WEB(""), c->make, c->row);
		if (prepare_install(&part, &g, &err) != c->rc)
			fail_msg("%s: %s", c->what, err.msg);
		if (c->says)
			kit_says(&err, c->says);
		if (journal.n_ops != c->n)
			fail_msg("%s: %zu steps", c->what, journal.n_ops);
		if (c->n > 0) {
			const struct journal_op *o = &journal.ops[0];

			assert_string_equal(o->path, scratch(c->path));
			if (!o->old != !c->old ||
			    (c->old && strcmp(c->old, "copy") != 0 &&
			     strcmp(c->old, o->old) != 0))
				fail_msg("%s: %s", c->what,
					 o->old ? o->old : "no old");
		}
		judge_free(&g);
	}
}

/* The sums of what is to be in place, by another program; and each old file
 * has a copy of its own. */
static void sums(void **state)
{
	struct err err = ERR_INIT;

	begin(FIXED, WEB(""), OLD, "new.pem");
	assert_int_equal(prepare_install(&part, &g, &err), 0);
	assert_int_equal(journal.ops[0].type, JOURNAL_FILE);
	assert_string_equal(journal.ops[0].sha256,
			    kit_out("cat new.pem inter.pem | sha256sum"));
	assert_string_equal(
		journal.ops[1].sha256,
		kit_out("cat leaf.key new.pem inter.pem | sha256sum"));
	assert_string_not_equal(journal.ops[0].old, journal.ops[1].old);
	judge_free(&g);
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(lstat(scratch(path), &st), 0);
	return st.st_mode & 07777;
}

/* Beside the old ones, which nobody touches. */
static void stages(void **state)
{
	struct err err = ERR_INIT;
	const char *temp, *sum;

	begin(FIXED, WEB(""), OLD, "new.pem");
	sum = arena_strdup(arena, kit_out("cat d/* | sha256sum"));
	assert_int_equal(prepare_install(&part, &g, &err), 0);
	if (prepare_stage(&part, &g, &err) == -1)
		fail_msg("%s", err.msg);
	assert_string_equal(kit_out("cat d/* | sha256sum"), sum);
	kit_sh("cat new.pem inter.pem | cmp - d/%s; cat leaf.key new.pem "
	       "inter.pem | cmp - d/%s",
	       journal.ops[0].next, journal.ops[1].next);
	temp = arena_printf(arena, "d/%s", journal.ops[0].next);
	assert_int_equal(mode_of(temp), 0644);
	temp = arena_printf(arena, "d/%s", journal.ops[1].next);
	assert_int_equal(mode_of(temp), 0640);
	assert_true(journal.ops[0].ino != 0 &&
		    journal.ops[0].ino != journal.ops[1].ino);
	judge_free(&g);
}

/* The same files, but of another owner, whom the profile names. */
static void owners(void **state)
{
	const struct passwd *nobody = getpwnam("nobody");
	struct err err = ERR_INIT;
	struct stat st;

	if (getuid() != 0 || !nobody)
		SCRATCH_SKIP("needs root, and a user nobody");
	begin("files = ( { file = \"full.pem\"; format = \"fullchain\"; "
	      "owner = \"nobody\"; } );",
	      WEB(""), OLD, "old.pem");
	assert_int_equal(g.v[0].verdict, PLAN_PUT);
	if (prepare_install(&part, &g, &err) == -1 ||
	    prepare_stage(&part, &g, &err) == -1)
		fail_msg("%s", err.msg);
	assert_int_equal(
		stat(scratch(arena_printf(arena, "d/%s", journal.ops[0].next)),
		     &st),
		0);
	assert_int_equal(st.st_uid, nobody->pw_uid);
	assert_int_equal(st.st_gid, getgid());
	judge_free(&g);
}

static void stages_generation(void **state)
{
	struct err err = ERR_INIT;
	const char *dir;

	begin(LINKED, WEB(""),
	      "mkdir d/g1; ln -s g1 d/current; cat old.pem inter.pem "
	      ">d/g1/full.pem",
	      "new.pem");
	if (prepare_name(&part, &err) == -1 ||
	    prepare_install(&part, &g, &err) == -1 ||
	    prepare_stage(&part, &g, &err) == -1)
		fail_msg("%s", err.msg);
	dir = journal.ops[0].next;
	assert_string_equal(kit_out("readlink d/current"), "g1");
	kit_sh("cat new.pem inter.pem | cmp - d/%s/full.pem", dir);
	judge_free(&g);
}

/* A change that was made, of what MAKE leaves; its backup stays. */
static void change_of(const char *profile, const char *make, const char *row)
{
	struct err err = ERR_INIT;

	begin(profile, WEB(""), make, row);
	if (prepare_name(&part, &err) == -1 ||
	    prepare_install(&part, &g, &err) == -1 ||
	    backup_make(conf.state_dir, &journal, arena, &err) == -1 ||
	    prepare_stage(&part, &g, &err) == -1 ||
	    deploy_commit(conf.state_dir, &journal, &err) == -1)
		fail_msg("%s", err.msg);
	judge_free(&g);
	judge_disk(&svcs.v[0], &g);
	prepare_begin(&part, &g, seen);
}

static void change(const char *make, const char *row)
{
	change_of(FIXED, make, row);
}

static void back(void **state)
{
	struct err err = ERR_INIT;
	struct journal m;
	const char *gen;

	change(OLD, "new.pem");
	gen = arena_strdup(arena, kit_out("ls state/backup/web"));
	kit_sh("mkdir state/backup/web/20200101T000000Z-00000000");
	if (prepare_back(&part, &m, &err) == -1)
		fail_msg("%s", err.msg);
	assert_string_equal(m.gen, gen);
	assert_string_equal(journal.consumed, gen);
	assert_true(journal.back);
	assert_int_equal(journal.n_ops, 2);
	assert_string_equal(journal.ops[0].path, scratch("d/full.pem"));
	assert_non_null(journal.ops[0].old); /* what is there now is copied */
	assert_string_equal(journal.certs[0].fingerprint,
			    host_kit_print("old.pem", NULL));
	assert_string_equal(journal.certs[0].old,
			    host_kit_print("new.pem", NULL));
	assert_null(journal.certs[0].left);
	if (backup_make(conf.state_dir, &journal, arena, &err) == -1 ||
	    prepare_stage_back(&part, &m, &err) == -1)
		fail_msg("%s", err.msg);
	kit_sh("cat old.pem inter.pem | cmp - d/%s; cat leaf.key old.pem "
	       "inter.pem | cmp - d/%s; cat new.pem inter.pem | cmp - "
	       "d/full.pem",
	       journal.ops[0].next, journal.ops[1].next);
	/* not known before they are in place */
	(void) !prepare_read_back(&part, &err);
	assert_true(journal.certs[0].not_after == INT64_MAX);
	assert_int_equal(deploy_commit(conf.state_dir, &journal, &err), 0);
	(void) !prepare_read_back(&part, &err);
	assert_true(journal.certs[0].not_after == host.now + 50 * DAY);
	assert_null(journal.certs[0].chain);
	judge_free(&g);
}

/* Back to another chain of the same certificate: what is left is told. */
static void back_to_chain(void **state)
{
	char left[ENC_SHA256_HEX];
	struct err err = ERR_INIT;
	const char *chain;
	struct journal m;

	kit_sh("openssl x509 -req -in inter.csr -CA root.pem -CAkey root.key "
	       "-extfile ca.ext -days 2000 -out inter2.pem");
	change("cat old.pem inter2.pem >d/full.pem; cat leaf.key old.pem "
	       "inter2.pem >d/both.pem; chmod 644 d/full.pem; chmod 640 "
	       "d/both.pem",
	       "old.pem");
	assert_int_equal(judge_digest(&svcs.v[0].certs[0], left, &err), 0);
	if (prepare_back(&part, &m, &err) == -1 ||
	    backup_make(conf.state_dir, &journal, arena, &err) == -1 ||
	    prepare_stage_back(&part, &m, &err) == -1)
		fail_msg("%s", err.msg);
	assert_string_equal(journal.certs[0].left, left);
	assert_string_equal(journal.certs[0].fingerprint,
			    host_kit_print("old.pem", NULL));
	assert_null(journal.certs[0].chain);
	assert_int_equal(deploy_commit(conf.state_dir, &journal, &err), 0);
	(void) !prepare_read_back(&part, &err);
	judge_free(&g);
	judge_disk(&svcs.v[0], &g);
	chain = chain_of(g.v[0].disk);
	assert_string_equal(journal.certs[0].chain, chain);
	judge_free(&g);
}

/* Of files and of a folder: one that has expired only when somebody insists. */
static void back_to_expired(void **state)
{
	static const char *const makes[][2] = {
		{ FIXED, "cat gone.pem inter.pem >d/full.pem; cat leaf.key "
			 "gone.pem inter.pem >d/both.pem" },
		{ LINKED, "mkdir d/g1; ln -s g1 d/current; cat gone.pem "
			  "inter.pem >d/g1/full.pem" },
	};

	for (size_t i = 0; i < ARRAY_LEN(makes); i++) {
		struct err err = ERR_INIT;
		const char *sum;
		struct journal m;

		change_of(makes[i][0], makes[i][1], "new.pem");
		sum = arena_strdup(arena, kit_out("cat d/* | sha256sum; ls -lR "
						  "d state | sha256sum"));
		assert_int_equal(prepare_back(&part, &m, &err), -1);
		assert_int_equal(err.kind, ERR_INPUT);
		kit_says(&err, LEAF ": what backup 2");
		kit_says(&err, " holds EXPIRED on ");
		kit_says(&err, "; nothing was changed; --force ");
		assert_string_equal(kit_out("cat d/* | sha256sum; ls -lR d "
					    "state | sha256sum"),
				    sum);
		host.force = true;
		prepare_begin(&part, &g, seen);
		if (prepare_back(&part, &m, &err) == -1)
			fail_msg("%s", err.msg);
		judge_free(&g);
	}
}

static void no_way_back(void **state)
{
	struct err err = ERR_INIT;
	struct journal m;

	begin(FIXED, WEB(""), OLD, "new.pem");
	assert_int_equal(prepare_back(&part, &m, &err), -1);
	assert_int_equal(err.kind, ERR_INPUT);
	kit_says(&err, "there is no backup to go back to");
	judge_free(&g);
	/* before the first there was none */
	change("true", "new.pem");
	assert_int_equal(prepare_back(&part, &m, &err), -1);
	assert_int_equal(err.kind, ERR_INPUT);
	kit_says(&err, "there was no certificate to go back to");
	judge_free(&g);
	/* or there were files, and no certificate in them */
	change("echo junk | tee d/full.pem >d/both.pem", "new.pem");
	assert_int_equal(prepare_back(&part, &m, &err), -1);
	assert_int_equal(err.kind, ERR_INPUT);
	kit_says(&err, "holds files, but no certificate " LEAF "; nothing was "
		       "changed; to go further back, run: rm -r ");
	kit_says(&err, scratch("state/backup/web/2"));
	/* an older program may have begun with it, and been killed */
	journal.certs[0].fingerprint = NULL;
	assert_non_null(journal.certs[0].old);
	assert_int_equal(prepare_read_back(&part, &err), -1);
	kit_says(&err, "is not whole");
	judge_free(&g);
	/* its folder went */
	change(OLD, "new.pem");
	kit_sh("rm -r d");
	assert_int_equal(prepare_back(&part, &m, &err), -1);
	kit_says(&err, "/d/full.pem: its folder is missing");
	judge_free(&g);
	/* something else came in its place */
	change(OLD, "new.pem");
	kit_sh("rm d/full.pem; mkdir d/full.pem");
	assert_int_equal(prepare_back(&part, &m, &err), -1);
	kit_says(&err, "/d/full.pem is in the way: not a file");
	judge_free(&g);
	change(OLD, "new.pem");
	kit_sh("for x in state/backup/web/*; do echo >$x/manifest; done");
	assert_int_equal(prepare_back(&part, &m, &err), -1);
	kit_says(&err, "damaged");
	judge_free(&g);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(certificates),
		cmocka_unit_test(endpoints),
		cmocka_unit_test(names),
		cmocka_unit_test(steps),
		cmocka_unit_test(sums),
		cmocka_unit_test(stages),
		cmocka_unit_test(owners),
		cmocka_unit_test(stages_generation),
		cmocka_unit_test(back),
		cmocka_unit_test(back_to_chain),
		cmocka_unit_test(back_to_expired),
		cmocka_unit_test(no_way_back),
	};

	return cmocka_run_group_tests(tests, host_kit_setup, host_kit_teardown);
}
