/* SPDX-License-Identifier: MIT */
/* What is asked of hosts on SQLite, which knows no accounts. (With accounts:
 * tests/e2e/host_accounts.t.) */
#include "populate_kit.h"
#include <sqlite3.h>
#include "hostcmd.h"

static void raw(const char *sql)
{
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(kit_store.path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static char host[] = "web1.example.org", name[] = "www.example.org";
static char *words[] = { host, name, NULL };

static void no_accounts(void **state)
{
	int (*const all[])(struct populate *, char **, int,
			   struct err *) = { hostcmd_add, hostcmd_grant,
					     hostcmd_revoke };

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		assert_int_equal(RUN(all[i](&p, words, 2, &err)), -1);
		assert_int_equal(err.kind, ERR_CONFIG);
		assert_non_null(strstr(err.msg, "knows no accounts"));
		assert_string_equal(SAID, "");
	}
	assert_int_equal(RUN(hostcmd_remove(&p, words[0], &err)), -1);
	assert_non_null(strstr(err.msg, "host forget web1.example.org"));
}

static void bad_host(void **state)
{
	char word[] = "we b", *bad[] = { word, NULL };

	assert_int_equal(RUN(hostcmd_add(&p, bad, 1, &err)), -1);
	assert_int_equal(err.kind, ERR_INPUT);
}

static void unknown(void **state)
{
	raw("INSERT INTO installs (host, name, service, endpoint, state, ts) "
	    "VALUES ('web1', 'n', 'web', 'a:1', 'served', 1700000000)");
	assert_int_equal(RUN(hostcmd_show(&p, "wbe1", &err)), -1);
	assert_int_equal(err.kind, ERR_INPUT);
	assert_non_null(strstr(err.msg, "wbe1 has no account in "));
	assert_non_null(strstr(err.msg, "; is web1 meant?"));
	assert_int_equal(RUN(hostcmd_forget(&p, "wbe1", &err)), -1);
	assert_non_null(strstr(err.msg, "reported nothing"));
}

/* A host's words are data. */
static void shows(void **state)
{
	raw("INSERT INTO installs (host, name, service, endpoint, state, ts, "
	    "detail) VALUES ('web1', 'www.example.org', 'web', 'a:1', "
	    "'served', 1700000000, 'x' || char(27) || '[2J'), ('web1', '', "
	    "'', '', 'alive', 1700000060, NULL); INSERT INTO host_requests "
	    "(account, host, name, csr, key_sha256, new_key, state, ts) VALUES "
	    "('', 'web1', 'ftp.example.org', x'00', 'k', 1, 'pending', "
	    "1700000000)");
	assert_int_equal(RUN(hostcmd_show(&p, "web1", &err)), 0);
	assert_string_equal(
		SAID,
		"web1\n"
		"  last seen    2023-11-14T22:14:20Z\n"
		"  asks for     ftp.example.org, a new key, request 1 of "
		"2023-11-14T22:13:20Z\n"
		"  its reports, newest first\n"
		"    2023-11-14T22:14:20Z  the host: alive\n"
		"      heartbeat unknown\n"
		"    2023-11-14T22:13:20Z  www.example.org web a:1: served, "
		"x?[2J\n"
		"      profile, needs and next window unknown\n");
	p.opt.json = true;
	assert_int_equal(RUN(hostcmd_show(&p, "web1", &err)), 0);
	SAYS("{\"host\":\"web1\",\"account\":null,\"account_missing\":false,");
	SAYS("\"ts_seen\":1700000060,\"names\":[],\"pending\":[{\"id\":1,"
	     "\"name\":\"ftp.example.org\",\"new_key\":true,"
	     "\"ts\":1700000000}]");
	SAYS("x\\u001b[2J");
	assert_int_equal(RUN(hostcmd_list(&p, NULL, 0, &err)), 0);
	assert_string_equal(SAID, "[\n{\"host\":\"web1\",\"account\":null,"
				  "\"account_missing\":false,"
				  "\"ts_added\":null,\"ts_seen\":1700000060,"
				  "\"names\":0,\"installs\":2}\n]\n");
	p.opt.json = false;
	assert_int_equal(RUN(hostcmd_list(&p, NULL, 0, &err)), 0);
	assert_string_equal(
		SAID, "HOST  LAST SEEN             NAMES  REPORTS  ACCOUNT\n"
		      "web1  2023-11-14T22:14:20Z      -        2  -\n");
}

/* As installers of this version say it. */
static void shows_more(void **state)
{
	raw("INSERT INTO installs (host, name, service, endpoint, state, ts, "
	    "profile, needs, heartbeat, ts_window) VALUES ('web1', '', '', "
	    "'', 'alive', 1700000060, NULL, NULL, 86400, NULL), ('web1', "
	    "'www.example.org', 'web', 'a:1', 'served', 1700000050, 'nginx', "
	    "'', NULL, 0), ('web1', 'www.example.org', 'mail', 'a:25', "
	    "'fetched', 1700000040, 'post' || char(27), 'clientAuth', NULL, "
	    "1700003600)");
	assert_int_equal(RUN(hostcmd_show(&p, "web1", &err)), 0);
	SAYS("the host: alive\n      heartbeat every 86400 s\n");
	SAYS("served\n      profile nginx, needs nothing, waits for no "
	     "window\n");
	SAYS("fetched\n      profile post?, needs clientAuth, next window "
	     "2023-11-14T23:13:20Z\n");
	p.opt.json = true;
	assert_int_equal(RUN(hostcmd_show(&p, "web1", &err)), 0);
	SAYS("\"profile\":null,\"needs\":null,\"heartbeat\":86400,"
	     "\"ts_window\":null}");
	SAYS("\"profile\":\"nginx\",\"needs\":\"\",\"heartbeat\":null,"
	     "\"ts_window\":null}");
	SAYS("\"needs\":\"clientAuth\",\"heartbeat\":null,"
	     "\"ts_window\":1700003600}");
}

static void forgets(void **state)
{
	raw("INSERT INTO installs (host, name, service, endpoint, state, ts) "
	    "VALUES ('web1', 'n', 'web', 'a:1', 'served', 1700000000)");
	p.opt.dry_run = true;
	assert_int_equal(RUN(hostcmd_forget(&p, "web1", &err)), 0);
	SAYS("web1: would forget 1 report");
	p.opt.dry_run = false;
	assert_int_equal(RUN(hostcmd_forget(&p, "web1", &err)), 0);
	SAYS("web1: forgot 1 report");
	assert_int_equal(RUN(hostcmd_show(&p, "web1", &err)), -1);
}

static void none(void **state)
{
	p.opt.json = true;
	assert_int_equal(RUN(hostcmd_list(&p, NULL, 0, &err)), 0);
	assert_string_equal(SAID, "[]\n");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, kit_setup, kit_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = { TEST(no_accounts), TEST(bad_host),
					    TEST(unknown),     TEST(shows),
					    TEST(shows_more),  TEST(forgets),
					    TEST(none) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
