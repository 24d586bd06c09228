/* SPDX-License-Identifier: MIT */
/* Accounts of hosts: their names and passwords anywhere, and on MariaDB, where
 * this runs as an administrator, what they may do. */
#include "fleet_kit.h"
#include "enc.h"
#include "fleet_account.h"

/* Of hosts up to 66 characters it is the host; longer ones cannot be mistaken
 * for one of these, nor for each other. */
static void test_names(void **state)
{
	char a[FLEET_ACCOUNT_MAX + 1], b[FLEET_ACCOUNT_MAX + 1];
	char host[FLEET_HOST_MAX + 1], sha[ENC_SHA256_HEX];

	assert_string_equal(fleet_account_of("Web1.example.org", a),
			    "certrepo-host-Web1.example.org");
	memset(host, 'h', sizeof(host));
	host[66] = '\0';
	assert_int_equal(strlen(fleet_account_of(host, a)), 80);
	assert_null(strchr(a, '+'));
	host[66] = 'h';
	host[67] = '\0';
	assert_int_equal(strlen(fleet_account_of(host, a)), 80);
	assert_non_null(strchr(a, '+'));
	/* printf %067d 0 | tr 0 h | sha256sum */
	assert_string_equal(
		strchr(a, '+') + 1,
		arena_printf(arena, "%.32s", enc_sha256_hex(host, 67, sha)));
	OK(fleet_host_check(host, &err));
	host[66] = 'H';
	assert_string_not_equal(fleet_account_of(host, b), a);
	memset(host, 'h', FLEET_HOST_MAX);
	host[FLEET_HOST_MAX] = '\0';
	assert_int_equal(strlen(fleet_account_of(host, b)), 80);
	assert_string_not_equal(a, b);
}

static void test_password(void **state)
{
	char a[FLEET_PASSWORD_LEN + 1], b[FLEET_PASSWORD_LEN + 1];
	char hash[FLEET_HASH_LEN + 1];
	int seen[256] = { 0 }, kinds = 0;

	OK(fleet_password_new(a, &err));
	OK(fleet_password_new(b, &err));
	assert_int_equal(strlen(a), 32);
	assert_string_not_equal(a, b);
	for (int i = 0; i < 2000; i++) {
		OK(fleet_password_new(a, &err));
		for (const char *p = a; *p; p++)
			seen[(unsigned char) *p]++;
	}
	for (int c = 0; c < 256; c++) {
		kinds += seen[c] > 0;
		/* 64,000 letters of 62 kinds: 1,032 each, give or take 32 */
		if (seen[c])
			assert_in_range(seen[c], 800, 1300);
	}
	assert_int_equal(kinds, 62);
	/* SELECT PASSWORD('password'), PASSWORD('mypass') */
	assert_string_equal(fleet_password_hash("password", hash),
			    "*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19");
	assert_string_equal(fleet_password_hash("mypass", hash),
			    "*6C8989366EAF75BB670AD8EA7A7FC1176A95CEF4");
}

/* --- on MariaDB --- */

static const char *ask(const char *sql)
{
	AUTO(store_done) struct db_stmt *st = NULL;

	OK(store_query(s, arena_strdup(arena, sql), "w", NO_ARGS, &st, &err));
	return db_step(st, &err) == 1 ? store_col_text(st, 0, arena) : "none";
}

static const char *of_user(const char *column)
{
	return ask(arena_printf(arena,
				"SELECT CAST(%s AS CHAR) FROM mysql.user WHERE "
				"user = 'certrepo-host-web1' AND host = '%%'",
				column));
}

/* All that a host's account may, in order. */
static const char *rights(void)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	AUTO(strlist_free) struct strlist l = STRLIST_INIT;
	AUTO(mem_free_str) char *all = NULL;

	OK(store_query(s, "SHOW GRANTS FOR 'certrepo-host-web1'@'%'", "l",
		       NO_ARGS, &st, &err));
	while (db_step(st, &err) == 1) {
		const char *line = db_col_text(st, 0);

		if (strncmp(line, "GRANT USAGE ", 12) != 0)
			strlist_addf(&l, "%.*s;",
				     (int) (strstr(line, " TO ") - line), line);
	}
	strlist_sort_unique(&l);
	all = strlist_join(&l, "");
	return arena_strdup(arena, all);
}

#define CALL(p) "GRANT EXECUTE ON PROCEDURE `certrepo`.`" p "`;"
#define OURS                       \
	CALL("host_certs_get")     \
	CALL("host_receipts_mine") \
	CALL("host_receipts_put")  \
	CALL("host_requests_mine") CALL("host_requests_put")

static void procedures(void)
{
	static const char *const names[] = {
		"host_certs_get",     "host_receipts_mine", "host_receipts_put",
		"host_requests_mine", "host_requests_put",  "other"
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		raw(arena_printf(arena,
				 "CREATE OR REPLACE PROCEDURE %s() SELECT 1",
				 names[i]));
}

static void forget(void)
{
	raw("DROP USER IF EXISTS 'certrepo-host-web1'@'%'");
	raw("DROP PROCEDURE IF EXISTS host_certs_get");
}

static void test_sqlite(void **state)
{
	assert_int_equal(fleet_accounts(s), kit_mariadb());
}

static void test_make(void **state)
{
	struct fleet_account f;
	char hash[FLEET_HASH_LEN + 1];
	enum fleet_seen seen;

	if (!kit_mariadb())
		return;
	forget();
	FAILS(ERR_CONFIG, "run certrepo-populate init",
	      fleet_account_put(s, "web1", fleet_password_hash("a", hash), &f,
				&err));
	OK(fleet_account_look(s, "certrepo-host-web1", &seen, &err));
	assert_int_equal(seen, FLEET_MISSING);
	procedures();
	FAILS(ERR_INTERNAL, "without a password",
	      fleet_account_put(s, "web1", NULL, &f, &err));
	OK(fleet_account_put(s, "web1", hash, &f, &err));
	assert_true(f.done);
	assert_null(f.sql);
	assert_int_equal(f.was, FLEET_MISSING);
	assert_string_equal(rights(), OURS);
	assert_string_equal(of_user("ssl_type"), "ANY");
	assert_string_equal(of_user("max_user_connections"), "5");
	assert_string_equal(of_user("authentication_string"), hash);
	assert_string_equal(of_user("authentication_string"),
			    ask("SELECT PASSWORD('a')"));
	OK(fleet_account_look(s, "certrepo-host-web1", &seen, &err));
	assert_int_equal(seen, FLEET_THERE);
	/* again, and with another one */
	OK(fleet_account_put(s, "web1", NULL, &f, &err));
	assert_true(f.done && !f.stripped && f.was == FLEET_THERE);
	assert_string_equal(of_user("authentication_string"), hash);
	OK(fleet_account_put(s, "web1", fleet_password_hash("b", hash), &f,
			     &err));
	assert_string_equal(of_user("authentication_string"),
			    ask("SELECT PASSWORD('b')"));
	assert_string_equal(rights(), OURS);
	/* what an administrator made stricter stays */
	raw("ALTER USER 'certrepo-host-web1'@'%' REQUIRE X509 WITH "
	    "MAX_USER_CONNECTIONS 2");
	OK(fleet_account_put(s, "web1", NULL, &f, &err));
	OK(fleet_account_put(s, "web1", hash, &f, &err));
	assert_string_equal(of_user("ssl_type"), "X509");
	assert_string_equal(of_user("max_user_connections"), "2");
	OK(fleet_account_drop(s, "web1", &f, &err));
	assert_true(f.done && f.was == FLEET_THERE);
	OK(fleet_account_drop(s, "web1", &f, &err));
	assert_true(f.done && f.was == FLEET_MISSING);
	OK(fleet_account_look(s, "certrepo-host-web1", &seen, &err));
	assert_int_equal(seen, FLEET_MISSING);
}

/* One that was made by hand, with all that may be given. */
static void test_strip(void **state)
{
	static const char *const given[] = {
		"GRANT SELECT ON certs TO 'certrepo-host-web1'@'%'",
		"GRANT SELECT (name) ON certs TO 'certrepo-host-web1'@'%'",
		"GRANT SELECT ON *.* TO 'certrepo-host-web1'@'%'",
		"GRANT SELECT ON certrepo.* TO 'certrepo-host-web1'@'%'",
		"GRANT EXECUTE ON PROCEDURE other TO 'certrepo-host-web1'@'%'",
		"GRANT ALTER ROUTINE ON PROCEDURE host_certs_get TO "
		"'certrepo-host-web1'@'%'",
		"CREATE OR REPLACE ROLE kit_role; GRANT kit_role TO "
		"'certrepo-host-web1'@'%'",
		"GRANT USAGE ON *.* TO 'certrepo-host-web1'@'%' WITH GRANT "
		"OPTION",
	};
	struct fleet_account f;
	char hash[FLEET_HASH_LEN + 1];

	if (!kit_mariadb())
		return;
	procedures();
	for (size_t i = 0; i < ARRAY_LEN(given); i++) {
		raw("CREATE OR REPLACE USER 'certrepo-host-web1'@'%' "
		    "IDENTIFIED BY 'old'");
		raw(given[i]);
		OK(fleet_account_put(s, "web1", NULL, &f, &err));
		if (!f.stripped || strcmp(rights(), OURS) != 0)
			fail_msg("%s: %s", given[i], rights());
		assert_string_equal(of_user("authentication_string"),
				    ask("SELECT PASSWORD('old')"));
		assert_string_equal(of_user("ssl_type"), "ANY");
	}
	raw("DROP ROLE kit_role");
	OK(fleet_account_put(s, "web1", fleet_password_hash("a", hash), &f,
			     &err));
	assert_false(f.stripped);
	OK(fleet_account_drop(s, "web1", &f, &err));
}

/* Nothing of a host's name is a statement. */
static void test_hostile(void **state)
{
	static const char *const hosts[] = {
		"x'@'%'; DROP TABLE certs; --",
		"x'",
		"x\\",
		"x`",
		"x\"",
		"x\n",
		"x;",
		"x/*",
		"x#",
		"%",
		"_ ",
		"",
		"root'@'localhost",
	};
	struct fleet_account f;
	char hash[FLEET_HASH_LEN + 1];

	fleet_password_hash("a", hash);
	for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
		FAILS(ERR_INPUT, "host",
		      fleet_account_put(s, hosts[i], hash, &f, &err));
		FAILS(ERR_INPUT, "host",
		      fleet_account_drop(s, hosts[i], &f, &err));
	}
}

/* By an account that has all rights on the database, and none beyond: what an
 * administrator runs, line by line, leaves the same. */
static void test_refused(void **state)
{
	struct store_conf as = conf;
	struct store *weak = NULL;
	struct fleet_account f;
	char hash[FLEET_HASH_LEN + 1];

	if (!kit_mariadb())
		return;
	forget();
	procedures();
	raw("CREATE OR REPLACE USER kit_weak@localhost IDENTIFIED VIA "
	    "mysql_native_password USING ''; GRANT ALL ON certrepo.* TO "
	    "kit_weak@localhost");
	as.user = "kit_weak";
	as.password_file = NULL;
	OK(store_open(&as, STORE_WRITE, &weak, &err));
	OK(fleet_account_put(weak, "web1", fleet_password_hash("a", hash), &f,
			     &err));
	assert_false(f.done);
	assert_int_equal(f.was, FLEET_HIDDEN);
	assert_null(strstr(f.sql, "USE "));
	raw(f.sql);
	fleet_account_free(&f);
	assert_string_equal(rights(), OURS);
	assert_string_equal(of_user("ssl_type"), "ANY");
	assert_string_equal(of_user("authentication_string"),
			    ask("SELECT PASSWORD('a')"));
	OK(fleet_account_drop(weak, "web1", &f, &err));
	assert_false(f.done);
	raw(f.sql);
	fleet_account_free(&f);
	assert_string_equal(of_user("user"), "none");
	/* It may see, and not do. */
	raw("GRANT SELECT ON mysql.* TO kit_weak@localhost");
	OK(fleet_account_put(weak, "web1", hash, &f, &err));
	assert_false(f.done);
	assert_int_equal(f.was, FLEET_MISSING);
	assert_non_null(strstr(f.why.msg, "CREATE USER"));
	assert_non_null(strstr(f.sql, "CREATE USER "));
	fleet_account_free(&f);
	store_free(&weak);
	raw("DROP USER kit_weak@localhost");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_names),   TEST(test_password), TEST(test_sqlite),
		TEST(test_make),    TEST(test_strip),	 TEST(test_hostile),
		TEST(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
