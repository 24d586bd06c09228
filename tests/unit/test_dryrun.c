/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "host_kit.h"
#include "dryrun.h"

/* What --dry-run prints, as in the examples of certrepo-installer(8). */

#define PROFILE                                                              \
	"files = ( { file = \"full.pem\"; format = \"fullchain\"; }, { "     \
	"file = \"both.pem\"; format = \"key-fullchain\"; mode = \"0640\"; " \
	"} );\n"
#define RUNS(hook, program) \
	hook " = ( { command = [ \"" program "\", \"a b\" ]; } );\n"
#define ALL                     \
	RUNS("seed", "true")    \
	RUNS("running", "true") \
	RUNS("check", "true")   \
	RUNS("test", "true")    \
	RUNS("activate", "true") RUNS("start", "true") RUNS("post", "true")
#define NONE                     \
	RUNS("seed", "/no/x")    \
	RUNS("running", "/no/x") \
	RUNS("check", "/no/x")   \
	RUNS("test", "/no/x")    \
	RUNS("activate", "/no/x") RUNS("start", "/no/x") RUNS("post", "/no/x")
#define WEB                                                             \
	"{ name = \"web\"; profile = \"x\"; certificates = ( { name = " \
	"\"" LEAF "\"; key = \"@/leaf.key\"; dir = \"@/d\"; } ); "      \
	"verify = ( { address = \"h:1\"; }, { address = \"h:2\"; "      \
	"server_name = \"" LEAF "\"; }, { address = \"h:3\"; }, { "     \
	"address = \"h:4\"; } ); }"

static struct judge g;
static enum plan_action action;

/* It answers, shows nothing, cannot be reached, cannot be looked at. */
static struct verify_seen seen[] = {
	{ .reachable = true, .handshake = true },
	{ .reachable = true, .why = "not TLS" },
	{ .reachable = false, .why = "Connection refused" },
	{ .unknown = true, .why = "no memory" },
};

static void print(void *arg)
{
	(void) dryrun_print(&svcs.v[0], &g, action, seen);
}

static const char *printed(enum plan_action what)
{
	action = what;
	assert_int_equal(scratch_fork(print, NULL), 0);
	assert_string_equal(scratch_read(scratch("err")), "");
	return arena_strdup(arena, scratch_read(scratch("out")));
}

static void begin(const char *profile, const char *row)
{
	struct store_host_certs rows = host_kit_rows(row, "inter.pem");

	kit_sh("rm -rf d; mkdir d; cat old.pem inter.pem >d/full.pem");
	host_kit_load(profile, "", WEB);
	judge_rows(&host, &svcs.v[0], &rows, &known, &g);
	snprintf(seen[0].fingerprint, sizeof(seen[0].fingerprint), "%s",
		 x509_chain_fingerprint(g.v[0].disk));
	snprintf(seen[0].chain, sizeof(seen[0].chain), "%s",
		 g.v[0].disk_digest);
}

#define LOOKS                                                        \
	"web: verify h:1 (answers)\n"                                \
	"web: verify h:2/" LEAF " (shows no certificate: not TLS)\n" \
	"web: verify h:3 (cannot be reached: Connection refused)\n"  \
	"web: verify h:4 (could not be looked at: no memory)\n"

static void installs(void **state)
{
	char until[CLOCK_TEXT];
	const char *text;

	begin(PROFILE ALL, "new.pem");
	assert_int_equal(g.v[0].verdict, PLAN_PUT);
	text = host_kit_here(arena_printf(
		arena,
		"web: install " LEAF ", valid until %s\n"
		"web:   write @/d/full.pem (fullchain, mode 0644): its "
		"content differs\n"
		"web:   write @/d/both.pem (key-fullchain, mode 0640): it "
		"is not there\n"
		"web: check with \"true 'a b'\"\n"
		"web: test with \"true 'a b'\"\n"
		"web: activate with \"true 'a b'\"\n" LOOKS
		"web: post with \"true 'a b'\"\n",
		clock_text(host.now + 80 * DAY, until)));
	assert_string_equal(printed(PLAN_INSTALL), text);
	judge_free(&g);
}

/* Why a file is written, as whom a command runs, and what else is served. */
static void reasons(void **state)
{
	const char *text;

	begin(PROFILE "check = ( { command = [ \"true\" ]; user = \"nobody\"; "
		      "} );",
	      "new.pem");
	kit_sh("cat new.pem inter.pem >d/full.pem; chmod 600 d/full.pem");
	seen[0].fingerprint[0] ^= 1;
	text = printed(PLAN_INSTALL);
	assert_non_null(strstr(text, "full.pem (fullchain, mode 0644): its "
				     "mode differs\n"));
	assert_non_null(strstr(text, "check with \"true\" as user nobody\n"));
	assert_non_null(strstr(text, "h:1 (serves another certificate: that"));
	judge_free(&g);
	begin(PROFILE, "new.pem");
	assert_non_null(strstr(printed(PLAN_POSTPONE),
			       "; its profile has no command that tells it\n"));
	judge_free(&g);
}

/* A program that is not there is told, be it run or not. */
static void fails(void **state)
{
	static const char *const hooks[] = { "seed", "running",	 "check",
					     "test", "activate", "start",
					     "post" };
	const char *text;

	begin(PROFILE NONE, "new.pem");
	text = printed(PLAN_INSTALL);
	for (size_t i = 0; i < ARRAY_LEN(hooks); i++) {
		const char *want = arena_printf(
			arena, "web: %s with \"/no/x 'a b'\"\nweb:   FAILS: ",
			hooks[i]);

		if (!strstr(text, want))
			fail_msg("%s: %s", hooks[i], text);
	}
	judge_free(&g);
}

/* Each thing that can be decided. */
static void actions(void **state)
{
	static const struct {
		enum plan_action action;
		const char *text;
	} cases[] = {
		{ PLAN_NOTHING, "" },
		{ PLAN_HELD,
		  "web: held, this failed before; --force web tries again\n" },
		{ PLAN_DOWN, LOOKS },
		{ PLAN_POSTPONE,
		  "web: the files are right, but not what is served; telling "
		  "it did not help, or is not possible now: --force web does "
		  "it\n" LOOKS },
		{ PLAN_WAITING, "web: waits until it is restarted\n" LOOKS },
		/* their why was said */
		{ PLAN_WINDOW, "" },
		{ PLAN_BLOCKED, "" },
		{ PLAN_ACTIVATE,
		  "web: the files are right, but not what is served\n"
		  "web: activate with \"true 'a b'\"\n" LOOKS },
	};

	begin(PROFILE RUNS("activate", "true"), "new.pem");
	g.v[0].verdict = PLAN_KEEP;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_string_equal(printed(cases[i].action), cases[i].text);
	judge_free(&g);
	begin(PROFILE, "gone.pem");
	assert_int_equal(g.v[0].verdict, PLAN_REFUSE);
	assert_string_equal(
		printed(PLAN_NOTHING),
		arena_printf(arena, "web: " LEAF ": %s\n", g.v[0].reason));
	judge_free(&g);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(installs),
		cmocka_unit_test(reasons),
		cmocka_unit_test(fails),
		cmocka_unit_test(actions),
	};

	return cmocka_run_group_tests(tests, host_kit_setup, host_kit_teardown);
}
