/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "scratch.h"
#include "x509_kit.h"
#include "clock.h"
#include "prepare.h"
#include "finding.h"
#include "say.h"
#include "host.h"
#include "update.h"

/* Three services, a, b and c, without endpoints, whose files are in folders
 * of their names; the command that activates each, "sh ACT/NAME", writes its
 * name to "told". Who uses which certificate is each test's matter. */

#define LEAF "www.example.org"

static struct arena *arena;
static struct installer_conf conf;
static struct svcs svcs;
static struct host run_;
static const char *only; /* the service that is asked for, or NULL */

static int setup(void **state)
{
	if (scratch_setup(state))
		return -1;
	kit_pki();
	/* leaf.pem is the newer one: the clock may tick in between. */
	kit_sh("chmod 600 leaf.key; cp leaf.key other.key; "
	       "mv leaf.pem old.pem; "
	       "openssl x509 -req -in leaf.csr -CA inter.pem -CAkey inter.key"
	       " -extfile leaf.ext -days 90 -set_serial 0x02 -out leaf.pem; "
	       "mkdir p act");
	return 0;
}

static int teardown(void **state)
{
	return scratch_teardown(state);
}

/* Each has the old certificate, and takes whatever comes. */
static void fresh(void)
{
	kit_sh("rm -rf a b c state told; for x in a b c; do mkdir -p $x; "
	       "cat old.pem inter.pem >$x/full.pem; chmod 644 $x/full.pem; "
	       "echo \"echo $x >>$PWD/told\" >act/$x; done; "
	       "mkdir -p state/journal state/service state/backup; "
	       "chmod 600 leaf.key other.key");
}

/* MORE: settings of c; KEY: the file of c's. */
static void load(const char *more, const char *key)
{
	struct conf_errors errs = { 0 };
	const char *list = "";
	const char *text;

	scratch_write(scratch("p/x.conf"),
		      "files = ( { file = \"full.pem\"; format = "
		      "\"fullchain\"; } );\n"
		      "vars = ( { name = \"act\"; value = \"/\"; } );\n"
		      "activate = ( { command = [ \"sh\", \"$act\" ]; } );\n",
		      0644);
	for (const char *x = "abc"; *x != '\0'; x++)
		list = arena_printf(
			arena,
			"%s%s { name = \"%c\"; profile = \"x\"; vars = ( { "
			"name = \"act\"; value = \"%s/act/%c\"; } ); "
			"certificates = ( { name = \"" LEAF "\"; key = "
			"\"%s/%s\"; dir = \"%s/%c\"; } ); %s }",
			list, *list != '\0' ? "," : "", *x, scratch_dir, *x,
			scratch_dir, *x == 'c' ? key : "leaf.key", scratch_dir,
			*x, *x == 'c' ? more : "");
	text = arena_printf(arena,
			    "store : { path = \"/none\"; }; host = \"h1\";\n"
			    "trust_file = \"%s/root.pem\"; profile_dir = "
			    "\"%s/p\"; state_dir = \"%s/state\";\n"
			    "services = ( %s );",
			    scratch_dir, scratch_dir, scratch_dir, list);
	if (installer_conf_load_string("t", text, arena, &conf, &errs) == -1 ||
	    svc_resolve(&conf, arena, &svcs, &errs) == -1)
		fail_msg("%s", errs.list.v[0]);
}

/* Into a store that has the certificate CRT. */
static void update_with(const char *crt)
{
	const char *pem = arena_strdup(arena, scratch_read(scratch(crt)));
	const char *ca =
		arena_strdup(arena, scratch_read(scratch("inter.pem")));
	struct store_host_cert row = { .name = LEAF,
				       .enabled = true,
				       .crt = { pem, strlen(pem) },
				       .ca = { ca, strlen(ca) } };

	update_all(&run_, &(struct store_host_certs){ &row, 1 });
}

/* One run. */
static void update(const char *crt, bool force)
{
	kit_sh(": >told");
	receipt_free(&run_.receipts);
	x509_trust_free(&run_.trust);
	run_ = (struct host){ .conf = &conf,
			      .svcs = &svcs,
			      .arena = arena,
			      .receipts = { .arena = arena },
			      .now = clock_now(),
			      .force = force };
	run_.out = arena_array(arena, svcs.n + 1, sizeof(*run_.out));
	if (only)
		strlist_add(&run_.only, only);
	host_take_along(&run_);
	update_with(crt);
	strlist_free(&run_.only);
	strlist_free(&run_.along);
}

/* Of each service, o(ld) or n(ew) on disk; who was told; good and bad. */
static void is(const char *here, const char *told, size_t good, size_t bad)
{
	assert_string_equal(
		kit_out("for x in a b c; do for y in old leaf; do cat $y.pem "
			"inter.pem | cmp -s - $x/full.pem && printf %%.1s $y; "
			"done; done; true"),
		here);
	assert_string_equal(kit_out("echo \"=$(tr -d '\\n' <told)\"") + 1,
			    told);
	assert_int_equal(run_.good, good);
	assert_int_equal(run_.bad, bad);
}

static const char *state_of(const char *service)
{
	for (size_t i = 0; i < run_.receipts.n; i++)
		if (strcmp(run_.receipts.v[i].service, service) == 0)
			return run_.receipts.v[i].state;
	return "";
}

static const char *detail_of(const char *service)
{
	for (size_t i = 0; i < run_.receipts.n; i++)
		if (strcmp(run_.receipts.v[i].service, service) == 0)
			return run_.receipts.v[i].detail;
	return "";
}

static void begin(void)
{
	if (!arena)
		arena = arena_new();
	fresh();
}

static void end(void)
{
	receipt_free(&run_.receipts);
	x509_trust_free(&run_.trust);
	arena_free(&arena);
}

static void together(void **state)
{
	begin();
	load("", "leaf.key");
	update("leaf.pem", false);
	is("lll", "abc", 3, 0);
	update("leaf.pem", false);
	is("lll", "", 3, 0);
	end();
}

/* b's activation fails once the new one is there. */
static void all_go_back(void **state)
{
	begin();
	load("", "leaf.key");
	kit_sh("echo \"echo b >>$PWD/told; cat $PWD/old.pem $PWD/inter.pem | "
	       "cmp -s - $PWD/b/full.pem\" >act/b");
	update("leaf.pem", false);
	/* c's turn had not come; it is told of the old one, since nothing else
	 * can be asked. */
	is("ooo", "ababc", 0, 3);
	assert_string_equal(state_of("a"), "rolled-back");
	assert_string_equal(state_of("b"), "rolled-back");
	assert_string_equal(state_of("c"), "rolled-back");
	update("leaf.pem", false);
	is("ooo", "", 0, 3);
	assert_string_equal(state_of("a"), "held");
	assert_string_equal(host_name_for(&run_, &svcs.v[0]), LEAF);
	only = "c";
	update("leaf.pem", false);
	is("ooo", "", 0, 3);
	only = NULL;

	/* The configuration says the same; what was mended is not in it. */
	kit_sh("echo \"echo b >>$PWD/told\" >act/b");
	load("alone = false;", "leaf.key");
	update("leaf.pem", false);
	is("ooo", "", 0, 3);
	update("leaf.pem", true);
	is("lll", "abc", 3, 0);
	end();
}

/* What ends a hold of all: another configuration of one, another trust. */
static void tried_again(void **state)
{
	begin();
	load("", "leaf.key");
	for (int i = 0; i < 2; i++) {
		kit_sh("echo \"echo b >>$PWD/told; cat $PWD/old.pem "
		       "$PWD/inter.pem | cmp -s - $PWD/b/full.pem\" >act/b");
		update("leaf.pem", false);
		is("ooo", "ababc", 0, 3);
		kit_sh("echo \"echo b >>$PWD/told\" >act/b");
		update("leaf.pem", false);
		is("ooo", "", 0, 3);
		if (i == 0)
			load("verify_time = 1;", "leaf.key");
		else
			kit_sh("echo >>root.pem");
		update("leaf.pem", false);
		is("lll", "abc", 3, 0);
		fresh();
	}
	end();
}

static void one_goes_alone(void **state)
{
	begin();
	load("alone = true;", "leaf.key");
	kit_sh("echo \"cat $PWD/old.pem $PWD/inter.pem | cmp -s - "
	       "$PWD/c/full.pem\" >act/c");
	update("leaf.pem", false);
	is("llo", "ab", 2, 1);
	assert_string_equal(host_name_for(&run_, &svcs.v[2]), "c");
	assert_string_equal(state_of("a"), "activated");
	assert_string_equal(state_of("c"), "rolled-back");
	end();
}

/* Those that go together are asked for together, and only those. */
static void one_is_named(void **state)
{
	begin();
	load("alone = true;", "leaf.key");
	only = "b";
	update("leaf.pem", false);
	is("llo", "ab", 2, 0);
	only = "c";
	update("leaf.pem", false);
	is("lll", "c", 1, 0);
	/* Who has it already is not told again for the other's sake. */
	only = "b";
	update("leaf.pem", true);
	is("lll", "b", 2, 0);
	kit_sh("cat old.pem inter.pem >b/full.pem");
	update("leaf.pem", true);
	is("lll", "b", 2, 0);
	kit_sh("cat old.pem inter.pem >a/full.pem");
	update("leaf.pem", true);
	is("lll", "ab", 2, 0);
	only = NULL;
	end();
}

static void one_cannot_take_it(void **state)
{
	begin();
	load("", "other.key");
	kit_sh("chmod 644 other.key");
	update("leaf.pem", false);
	is("ooo", "", 0, 3);
	assert_string_equal(state_of("a"), "held");
	assert_string_equal(state_of("c"), "refused");
	/* As long as c goes with the others. */
	load("alone = true;", "other.key");
	update("leaf.pem", false);
	is("llo", "ab", 2, 1);
	end();
}

/* c has a killed run's journal that could not be finished. */
static void one_is_out_of_reach(void **state)
{
	begin();
	load("", "leaf.key");
	update("old.pem", false);
	run_.out[2] = "it broke";
	run_.good = run_.bad = 0;
	update_with("leaf.pem");
	is("ooo", "", 0, 3);
	assert_string_equal(state_of("c"), "failed");
	assert_string_equal(state_of("a"), "held");
	assert_non_null(strstr(detail_of("a"), "because of service c, which "
					       "uses www.example.org too: it "
					       "broke"));
	end();
}

/* The steps, and the new files beside the old ones, and nothing else. */
static void prepares(void **state)
{
	struct store_host_certs none = { .n = 0 };
	struct err err = ERR_INIT;
	struct journal j, m;
	struct txn_part p;
	struct finding t;
	const char *next;

	begin();
	load("", "leaf.key");
	update("old.pem", false);
	assert_int_equal(finding_begin(&t, &run_, &svcs.v[0], &none, &err), 0);
	assert_int_equal(t.g.v[0].verdict, PLAN_MISSING);
	assert_non_null(t.g.v[0].disk);
	p = (struct txn_part){
		.run = &run_, .svc = t.s, .state = &t.state, .j = &j
	};
	prepare_begin(&p, &t.g, t.seen);
	assert_int_equal(j.state, JOURNAL_PREPARE);
	assert_string_equal(j.certs[0].fingerprint, j.certs[0].old);
	assert_int_equal(prepare_install(&p, &t.g, &err), 0);
	assert_int_equal(j.n_ops, 0);

	t.g.v[0].verdict = PLAN_PUT;
	sbuf_adds(&t.g.v[0].contents[0], "content");
	assert_int_equal(prepare_install(&p, &t.g, &err), 0);
	assert_int_equal(j.n_ops, 1);
	assert_string_equal(j.ops[0].path, scratch("a/full.pem"));
	assert_int_equal(prepare_stage(&p, &t.g, &err), 0);
	next = arena_printf(arena, "a/%s", j.ops[0].next);
	assert_string_equal(scratch_read(scratch(next)), "content");
	is("ooo", "", 3, 0);
	assert_int_equal(prepare_back(&p, &m, &err), -1);
	kit_says(&err, "no backup");
	unlink(scratch(next));
	finding_end(&t);
	end();
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(together),
		cmocka_unit_test(all_go_back),
		cmocka_unit_test(tried_again),
		cmocka_unit_test(one_goes_alone),
		cmocka_unit_test(one_is_named),
		cmocka_unit_test(one_cannot_take_it),
		cmocka_unit_test(one_is_out_of_reach),
		cmocka_unit_test(prepares),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
