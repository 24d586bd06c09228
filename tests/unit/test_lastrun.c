/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "host_kit.h"
#include "hostview.h"
#include "lastrun.h"

/* Two services; what is remembered of the runs, and what --status makes of
 * it. */

#define FULL "files = ( { file = \"full.pem\"; format = \"fullchain\"; } );\n"
#define SERVICE(name)                                                      \
	"{ name = \"" name "\"; profile = \"x\"; certificates = ( { name " \
	"= \"" LEAF "\"; key = \"@/leaf.key\"; dir = \"@/d/" name "\"; } ); }"

static bool looked[2];

static void begin(void)
{
	kit_sh("rm -f state/last-run state/status; mkdir -p d/web d/mail");
	host_kit_load(FULL, "", SERVICE("web") ", " SERVICE("mail"));
	host.looked = looked;
}

/* A run that looked at those whose letter is in SAW. */
static void run(int64_t now, const char *saw, bool store, int status,
		const char *reason)
{
	struct err err = ERR_INIT;

	host.now = now;
	host.store_reached = store;
	for (size_t i = 0; i < 2; i++)
		looked[i] = strchr(saw, "wm"[i]);
	if (lastrun_save(&host, status, reason, &err) == -1)
		fail_msg("%s", err.msg);
}

static void is(int64_t ts, int64_t status, const char *reason, int64_t store,
	       int64_t web, int64_t mail)
{
	struct err err = ERR_INIT;
	struct lastrun l;

	if (lastrun_load(conf.state_dir, arena, &l, &err) == -1)
		fail_msg("%s", err.msg);
	assert_int_equal(l.ts, ts);
	assert_int_equal(l.status, status);
	assert_int_equal(!l.reason, !reason);
	if (reason)
		assert_string_equal(l.reason, reason);
	assert_int_equal(l.store, store);
	for (size_t i = 0; i < 2; i++) {
		const struct lastrun_unseen *u =
			lastrun_unseen(&l, i == 0 ? "web" : "mail");
		int64_t want = i == 0 ? web : mail;

		assert_int_equal(u ? u->since : -1, want);
	}
}

static void remembers(void **state)
{
	begin();
	is(0, 0, NULL, 0, -1, -1);
	run(100, "w", true, 0, NULL);
	is(100, 0, NULL, 100, -1, 0);
	run(200, "wm", true, 0, NULL);
	is(200, 0, NULL, 200, -1, -1);
	run(300, "", false, 69, "no route");
	is(300, 69, "no route", 200, 200, 200);
	run(400, "", false, 69, "no\tend\n");
	is(400, 69, "no\tend\n", 200, 200, 200);
	/* One of a single service is no word on the others. */
	strlist_add(&host.only, "mail");
	run(500, "m", true, 0, NULL);
	is(400, 69, "no\tend\n", 500, 200, -1);
	run(600, "", false, 1, "so");
	is(400, 69, "no\tend\n", 500, 200, 400);
	strlist_free(&host.only);
	run(700, "wm", true, 2, NULL);
	is(700, 2, NULL, 700, -1, -1);
}

static void damaged(void **state)
{
	struct err err = ERR_INIT;
	struct lastrun l;

	begin();
	scratch_write(scratch("state/last-run"), "garbage\n", 0600);
	assert_int_equal(lastrun_load(conf.state_dir, arena, &l, &err), -1);
	kit_says(&err, "last-run: line 1 of it is damaged");
	run(100, "wm", true, 0, NULL);
	is(100, 0, NULL, 100, -1, -1);
	/* Neither is one that cannot be written. */
	kit_sh("rm state/last-run; mkdir state/last-run");
	assert_int_equal(lastrun_save(&host, 0, NULL, &err), -1);
	kit_sh("rmdir state/last-run");
}

static const char *status(bool json, int well)
{
	AUTO(sbuf_free) struct sbuf out = SBUF_INIT(1 << 16);
	struct err err = ERR_INIT;

	assert_int_equal(hostview_print(&host, json, NULL, &out, &err), well);
	return arena_strdup(arena, sbuf_str(&out));
}

static void receipt(const char *service, const char *word)
{
	receipt_add(&host.receipts, &(struct store_receipt){ .host = "h1",
							     .name = LEAF,
							     .service = service,
							     .endpoint = "",
							     .state = word,
							     .ts = 100 });
}

#define ROW(name, state)                                 \
	name ": " LEAF "\n  " state "  1970-01-01T00:01" \
	     ":40Z  the files\n"
#define NOT_SEEN                                                        \
	"               was installed; not looked at since 1970-01-01T" \
	"00:03:20Z\n"

/* What nobody has looked at is not called well. */
static void shown(void **state)
{
	struct err err = ERR_INIT;

	begin();
	receipt("web", "installed");
	receipt("mail", "installed");
	assert_int_equal(receipt_save(conf.state_dir, RECEIPTS_STATUS,
				      &host.receipts, &err),
			 0);
	run(200, "wm", true, 0, NULL);
	assert_string_equal(status(false, 1), ROW("web", "installed  ") ROW(
						      "mail", "installed  "));
	run(300, "m", true, 1, NULL);
	assert_string_equal(status(false, 0),
			    ROW("web", "unknown    ")
				    NOT_SEEN ROW("mail", "installed  "));
	assert_non_null(strstr(status(true, 0),
			       "\"state\":\"unknown\",\"fingerprint\":null"));
	assert_non_null(strstr(status(true, 0), "\"unseen_since\":200"));
	run(400, "wm", false, 69, "no route");
	assert_string_equal(status(false, 0),
			    "the store was last reached 1970-01-01T00:05:00Z; "
			    "the last run (1970-01-01T00:06:40Z) ended with "
			    "69: no route\n" ROW("web", "installed  ")
				    ROW("mail", "installed  "));
	/* Of one second: a fast host. */
	run(450, "wm", true, 0, NULL);
	run(450, "wm", false, 69, "no route");
	assert_non_null(strstr(status(false, 0),
			       "was last reached 1970-01-01T00:07:"
			       "30Z; the last run ("));
	/* Why is told elsewhere, if not here. */
	run(500, "wm", true, 2, NULL);
	assert_non_null(
		strstr(status(false, 0),
		       "ended with 2, see journalctl -t certrepo-installer, or "
		       "syslog\nweb: "));
	receipt("mail", "failed");
	assert_int_equal(receipt_save(conf.state_dir, RECEIPTS_STATUS,
				      &host.receipts, &err),
			 0);
	/* Of who was not asked for: it is named, and is not what is asked. */
	strlist_add(&host.only, "web");
	assert_non_null(strstr(status(false, 1),
			       "ended with 2, because of others: mail\nweb: "));
	strlist_free(&host.only);
	receipt("mail", "installed");
	receipt("web", "failed");
	assert_int_equal(receipt_save(conf.state_dir, RECEIPTS_STATUS,
				      &host.receipts, &err),
			 0);
	assert_null(strstr(status(false, 0), "the last run"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(remembers),
		cmocka_unit_test(damaged),
		cmocka_unit_test(shown),
	};

	return cmocka_run_group_tests(tests, host_kit_setup, host_kit_teardown);
}
