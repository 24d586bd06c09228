/* SPDX-License-Identifier: MIT */
/* Where receipts go, and what becomes of those that were taken. Stores are
 * files; tests/e2e/installer_replica.t has servers. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <sqlite3.h>
#include "centre.h"
#include "host_kit.h"
#include "sending.h"
#include "store_schema.h"

#define FULL "files = ( { file = \"full.pem\"; format = \"fullchain\"; } );\n"
#define SERVICE(name)                                                      \
	"{ name = \"" name "\"; profile = \"x\"; certificates = ( { name " \
	"= \"" LEAF "\"; key = \"@/leaf.key\"; dir = \"@/d/" name "\"; } ); }"
#define OTHER "receipts : { path = \"@/other\"; };"

static struct store *store;

static void make(const char *file)
{
	struct store_conf c = *conf.store;
	struct err err = ERR_INIT;
	struct store *s = NULL;
	int from, to;

	unlink(scratch(file));
	c.path = arena_strdup(arena, scratch(file));
	if (store_open(&c, STORE_ADMIN, &s, &err) == -1 ||
	    store_schema_upgrade(s, host.now, &from, &to, &err) == -1)
		fail_msg("%s", err.msg);
	store_free(&s);
}

/* The next run of the same host. */
static void again(const char *more, const char *services)
{
	struct err err = ERR_INIT;

	store_free(&store);
	host_kit_load(FULL, more, services);
	conf.store->path = arena_strdup(arena, scratch("db"));
	if (store_open(conf.store, STORE_HOST, &store, &err) == -1)
		fail_msg("%s", err.msg);
}

static void begin(const char *more)
{
	kit_sh("rm -rf d state; mkdir d d/web d/mail state; chmod 700 state");
	host_kit_load(FULL, more, SERVICE("web"));
	make("db");
	make("other");
	again(more, SERVICE("web"));
}

static void say(const char *service, const char *state, int64_t ago)
{
	receipt_add(&host.receipts,
		    &(struct store_receipt){ .name = LEAF,
					     .host = "h1",
					     .service = service,
					     .endpoint = "",
					     .state = state,
					     .ts = host.now - ago });
}

static void run(void)
{
	sending_all(&host, store);
	centre_close(&host);
}

static const char *sql(const char *file, const char *text)
{
	const char *got = "";
	sqlite3_stmt *st;
	sqlite3 *db;

	assert_int_equal(sqlite3_open(scratch(file), &db), SQLITE_OK);
	sqlite3_busy_timeout(db, 5000);
	assert_int_equal(sqlite3_prepare_v2(db, text, -1, &st, NULL),
			 SQLITE_OK);
	if (sqlite3_step(st) == SQLITE_ROW)
		got = arena_strdup(arena,
				   (const char *) sqlite3_column_text(st, 0));
	sqlite3_finalize(st);
	sqlite3_close(db);
	return got;
}

static const char *has(const char *file)
{
	return sql(file, "SELECT IFNULL(GROUP_CONCAT(state), '') FROM (SELECT "
			 "state FROM installs ORDER BY service)");
}

static bool there(const char *name)
{
	return access(scratch(name), F_OK) == 0;
}

/* Read back once, and sent again when it is not there. */
static void read_back(void **state)
{
	begin("");
	say("web", "served", 0);
	run();
	assert_string_equal(has("db"), "served");
	assert_true(there("state/sent"));
	again("", SERVICE("web"));
	run();
	assert_false(there("state/sent"));

	/* Whoever removes it later has removed it. */
	(void) sql("db", "DELETE FROM installs");
	again("", SERVICE("web"));
	run();
	assert_string_equal(has("db"), "");

	say("web", "failed", 0);
	run();
	(void) sql("db", "DELETE FROM installs");
	again("", SERVICE("web"));
	host.dry_run = true;
	run();
	assert_string_equal(has("db"), "");
	assert_true(there("state/sent"));
	again("", SERVICE("web"));
	run();
	assert_string_equal(has("db"), "failed");
	/* And that is read back, too. */
	assert_true(there("state/sent"));
	(void) sql("db", "UPDATE installs SET ts = ts - 1, state = 'alive'");
	again("", SERVICE("web"));
	run();
	assert_string_equal(has("db"), "failed");
}

/* What is said anew, or is of nothing any more, is not said as it was. */
static void newer(void **state)
{
	begin("");
	say("web", "failed", 10);
	run();
	(void) sql("db", "DELETE FROM installs");
	again("", SERVICE("web"));
	say("web", "served", 0);
	run();
	assert_string_equal(has("db"), "served");

	(void) sql("db", "DELETE FROM installs");
	again("", SERVICE("mail"));
	run();
	assert_string_equal(has("db"), "");
	assert_false(there("state/sent"));

	/* Of another clock, or of somebody else: it is not for us to say. */
	say("mail", "failed", 0);
	run();
	(void) sql("db", "UPDATE installs SET ts = ts + 1, state = 'served'");
	again("", SERVICE("mail"));
	run();
	assert_string_equal(has("db"), "served");
}

static void damaged(void **state)
{
	begin("");
	say("web", "served", 0);
	run();
	scratch_write(scratch("state/sent"), "certrepo-receipts\t2\nx", 0600);
	again("", SERVICE("web"));
	run();
	assert_false(there("state/sent"));
	assert_string_equal(has("db"), "served");
}

/* A store of their own. */
static void elsewhere(void **state)
{
	struct receipts kept = { .arena = arena };
	struct err err = ERR_INIT;

	begin(OTHER);
	run();
	assert_null(host.centre);
	say("web", "served", 0);
	run();
	assert_string_equal(has("other"), "served");
	assert_string_equal(has("db"), "");
	(void) sql("other", "DELETE FROM installs");
	again(OTHER, SERVICE("web"));
	run();
	assert_string_equal(has("other"), "served");

	/* The other one is away: what was sent is not known to have arrived. */
	kit_sh("mv other gone");
	again(OTHER, SERVICE("web"));
	run();
	assert_true(there("state/sent"));
	assert_false(there("state/receipts"));
	say("web", "failed", 0);
	run();
	assert_int_equal(
		receipt_load(scratch("state"), RECEIPTS_WAITING, &kept, &err),
		0);
	assert_int_equal(kept.n, 1);
	assert_string_equal(kept.v[0].state, "failed");
	receipt_free(&kept);

	/* Certificates are not to be had, what is said arrives. */
	kit_sh("mv gone other; rm state/receipts");
	again(OTHER, SERVICE("web"));
	store_free(&store);
	say("web", "alive", 0);
	run();
	assert_string_equal(has("other"), "alive");
}

/* It is tried once in a run. */
static void tried_once(void **state)
{
	struct err first = ERR_INIT, second = ERR_INIT;

	begin(OTHER);
	assert_ptr_equal(centre_conf(&host), conf.receipts);
	kit_sh("rm other");
	assert_null(centre_open(&host, store, &first));
	make("other");
	assert_null(centre_open(&host, store, &second));
	assert_string_equal(first.msg, second.msg);
	centre_close(&host);
	assert_non_null(centre_open(&host, store, &second));
	centre_close(&host);
	assert_null(host.centre);

	begin("");
	assert_ptr_equal(centre_conf(&host), conf.store);
	assert_ptr_equal(centre_open(&host, store, &second), store);
	err_clear(&first);
	assert_null(centre_open(&host, NULL, &first));
	assert_int_equal(first.kind, ERR_UNAVAILABLE);
}

static int teardown(void **state)
{
	store_free(&store);
	return host_kit_teardown(state);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(read_back),  cmocka_unit_test(newer),
		cmocka_unit_test(damaged),    cmocka_unit_test(elsewhere),
		cmocka_unit_test(tried_once),
	};

	return cmocka_run_group_tests(tests, host_kit_setup, teardown);
}
