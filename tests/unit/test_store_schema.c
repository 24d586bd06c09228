/* SPDX-License-Identifier: MIT */
/* Migrations, on SQLite or MariaDB: see store_kit.h. */
#include <sqlite3.h>
#include "store_kit.h"
#include "store_schema_impl.h"

static struct store *s;
static struct arena *arena;

/* As the page of 2019 prints it. */
static const char certs_2019[] =
	"CREATE TABLE `certs` (\n"
	"  `name` char(250) COLLATE ascii_bin NOT NULL,\n"
	"  `enable` enum('Y','N') COLLATE ascii_bin DEFAULT 'Y',\n"
	"  `comment` tinytext COLLATE ascii_bin,\n"
	"  `certbot` enum('Y','N') COLLATE ascii_bin DEFAULT 'N',\n"
	"  `csr` blob NOT NULL,\n"
	"  `ca` blob,\n"
	"  `crt` blob,\n"
	"  `md5_modulus` char(64) COLLATE ascii_bin NOT NULL,\n"
	"  `md5_ca` char(64) COLLATE ascii_bin DEFAULT NULL,\n"
	"  `ts_expire` int(64) unsigned DEFAULT NULL,\n"
	"  `ts_last_update` int(64) unsigned DEFAULT NULL,\n"
	"  `count_fail_update` int(8) DEFAULT NULL,\n"
	"  `old_ca` blob,\n"
	"  `old_crt` blob,\n"
	"  `webroot_path` tinytext COLLATE ascii_bin,\n"
	"  PRIMARY KEY (`name`),\n"
	"  KEY `name` (`name`)\n"
	") ENGINE=InnoDB DEFAULT CHARSET=ascii COLLATE=ascii_bin";

/* RSA and EC (for which 2019 stored the digest of an error message), NULL
 * counts, times of 1, bytes that are no text, disabled, certbot, the largest
 * numbers the columns take, and nothing but what is compulsory. */
static const char rows_2019[] =
	"INSERT INTO certs (name, enable, comment, certbot, csr, ca, crt, "
	"md5_modulus, md5_ca, ts_expire, ts_last_update, count_fail_update, "
	"old_ca, old_crt, webroot_path) VALUES "
	"('rsa.example.org', 'Y', 'mail', 'N', '-----BEGIN RSA CSR', "
	"'-----BEGIN CA', '-----BEGIN CRT', "
	"'5f2d7c1f6a3f4a2bb0c5c1e7d0a9b8c7', "
	"'d41d8cd98f00b204e9800998ecf8427e', 1700000000, 1690000000, 2, "
	"'-----OLD CA', '-----OLD CRT', NULL);"
	"INSERT INTO certs (name, enable, comment, certbot, csr, md5_modulus, "
	"ts_expire, ts_last_update, count_fail_update, webroot_path) VALUES "
	"('ec.example.org', 'N', 'it''s EC', 'Y', X'00FF0A0D1A27225C', "
	"'7d8a7b6e6bc9a5d4f3e2d1c0b9a89786', 1, 1, NULL, '/var/www/ec');"
	"INSERT INTO certs (name, csr, md5_modulus) VALUES "
	"('bare.example.org', 'x', 'y');"
	"INSERT INTO certs (name, csr, md5_modulus, ts_expire, "
	"ts_last_update, count_fail_update, crt) VALUES "
	"('big.example.org', 'x', 'y', 4294967295, 4294967295, 2147483647, "
	"'')";

static const struct store_schema_step *step_of(int version)
{
	const char *dialect = kit_mariadb() ? "mariadb" : "sqlite";

	for (size_t i = 0; store_schema_steps[i].dialect; i++)
		if (strcmp(store_schema_steps[i].dialect, dialect) == 0 &&
		    store_schema_steps[i].version == version)
			return &store_schema_steps[i];
	return NULL;
}

static void raw(const char *sql)
{
	OK(db_script(s->db, sql, &err));
}

/* The whole table as text. */
static const char *dump(void)
{
	static const char sql[] =
		"SELECT name, enable, comment, certbot, HEX(csr), HEX(ca), "
		"HEX(crt), md5_modulus, md5_ca, HEX(old_ca), HEX(old_crt), "
		"webroot_path, ts_expire, ts_last_update, count_fail_update "
		"FROM certs ORDER BY name";
	struct sbuf b = SBUF_INIT(100000);
	struct db_stmt *st = NULL;
	const char *ret;

	OK(db_prepare(s->db, sql,
		      "tttttttttttt"
		      "iii",
		      &st, &err));
	while (db_step(st, &err) == 1) {
		for (int i = 0; i < 15; i++) {
			if (db_col_null(st, i))
				sbuf_adds(&b, "NULL|");
			else if (i < 12)
				sbuf_addf(&b, "'%s'|", db_col_text(st, i));
			else
				sbuf_addf(&b, "%lld|",
					  (long long) db_col_int(st, i));
		}
		sbuf_addc(&b, '\n');
	}
	db_done(st);
	ret = arena_strdup(arena, sbuf_str(&b));
	sbuf_free(&b);
	return ret;
}

static void start_2019(void)
{
	raw(kit_mariadb() ? certs_2019 : step_of(0)->sql);
	raw(rows_2019);
}

static void upgrade(int want_from)
{
	int from = 9, to = 9;

	OK(store_schema_upgrade(s, 1234, &from, &to, &err));
	assert_int_equal(from, want_from);
	assert_int_equal(to, STORE_SCHEMA_VERSION);
}

static void would(int want_from)
{
	int from = 9, to = 9;

	OK(store_schema_look(s, &from, &to, &err));
	assert_int_equal(from, want_from);
	assert_int_equal(to, STORE_SCHEMA_VERSION);
}

static int setup(void **state)
{
	arena = arena_new();
	kit_wipe();
	OK(store_open(&conf, STORE_ADMIN, &s, &err));
	return 0;
}

static int teardown(void **state)
{
	store_free(&s);
	arena_free(&arena);
	return 0;
}

static void test_empty(void **state)
{
	struct store *w = NULL;

	FAILS(ERR_CONFIG, "run certrepo-populate init",
	      store_open(&conf, STORE_WRITE, &w, &err));
	would(-1);
	would(-1);
	upgrade(-1);
	would(STORE_SCHEMA_VERSION);
	upgrade(STORE_SCHEMA_VERSION);
	OK(store_open(&conf, STORE_WRITE, &w, &err));
	store_free(&w);
	assert_string_equal(dump(), "");
}

static void test_2019_values(void **state)
{
	struct store *w = NULL;
	struct store_cert *g = NULL;
	const char *before;

	start_2019();
	before = dump();
	assert_non_null(strstr(before, "1700000000|1690000000|2|"));
	FAILS(ERR_CONFIG, "run certrepo-populate init",
	      store_open(&conf, STORE_WRITE, &w, &err));
	would(0);
	would(0);
	upgrade(0);
	assert_string_equal(dump(), before);
	upgrade(STORE_SCHEMA_VERSION);
	assert_string_equal(dump(), before);
	RC(1, store_get(s, "ec.example.org", arena, &g, &err));
	assert_false(g->enabled);
	assert_true(g->certbot);
	assert_int_equal(g->csr.len, 8);
	assert_memory_equal(g->csr.p, "\x00\xff\x0a\x0d\x1a'\"\\", 8);
	assert_int_equal(g->ts_expire, 1);
	assert_int_equal(g->count_fail_update, 0);
	assert_string_equal(g->webroot_path, "/var/www/ec");
	assert_int_equal(g->ts_due, 0);
	assert_false(g->held);
	assert_null(g->crt.p);
	RC(1, store_get(s, "big.example.org", arena, &g, &err));
	assert_true(g->enabled);
	assert_true(g->ts_expire == 4294967295);
	assert_int_equal(g->count_fail_update, 2147483647);
	assert_non_null(g->crt.p);
	assert_int_equal(g->crt.len, 0);
}

/* All rows are looked at by the next run, none by mistake for renewed. */
static void test_2019_due(void **state)
{
	struct store_dues d = { 0 };

	start_2019();
	upgrade(0);
	OK(store_due(s, NULL, 1000, 10, arena, &d, &err));
	assert_int_equal(d.n, 3);
	for (size_t i = 0; i < d.n; i++)
		if (strcmp(d.v[i].name, "bare.example.org") != 0)
			assert_true(d.v[i].stale);
}

static int one_row(const char *sql, const char *columns)
{
	struct db_stmt *st = NULL;
	int rc;

	OK(db_prepare(s->db, sql, columns, &st, &err));
	rc = db_step(st, &err);
	db_done(st);
	return rc;
}

/* What populate.pl, download_cert.pl and install_cert.pl would send. */
static void test_2019_statements(void **state)
{
	struct store_cert *g = NULL;
	struct store_due d;
	bool enabled;

	start_2019();
	upgrade(0);
	raw("INSERT INTO certs (name, enable, csr, md5_modulus, ts_expire, "
	    "ts_last_update, count_fail_update) VALUES ('new.example.org', "
	    "'N', '-----CSR', '0123456789abcdef0123456789abcdef', 1, 1, 0)");
	raw("UPDATE certs SET enable = 'Y' WHERE name = 'new.example.org'");
	RC(1, store_due_one(s, "new.example.org", arena, &d, &enabled, &err));
	assert_true(enabled);
	assert_true(d.stale);
	assert_false(d.has_crt);
	assert_int_equal(d.ts_due, 0);
	raw("UPDATE certs SET ts_last_update = 5000, count_fail_update = "
	    "count_fail_update + 1 WHERE name = 'new.example.org'");
	raw("UPDATE certs SET old_crt = crt, old_ca = ca WHERE name = "
	    "'new.example.org'");
	raw("UPDATE certs SET crt = 'CRT', ca = 'CA', md5_ca = 'm', "
	    "ts_expire = 9000, ts_last_update = 5000, count_fail_update = 0 "
	    "WHERE name = 'new.example.org'");
	RC(1, one_row("SELECT crt, ca, md5_ca, ts_expire, md5_modulus FROM "
		      "certs WHERE name = 'new.example.org' AND enable = 'Y' "
		      "AND ts_expire > 5000",
		      "bbtit"));
	RC(1, store_get(s, "new.example.org", arena, &g, &err));
	assert_int_equal(g->ts_expire, 9000);
	assert_int_equal(g->crt.len, 3);
	RC(0, one_row("SELECT name FROM certs WHERE name = 'ec.example.org' "
		      "AND enable = 'Y'",
		      "t"));
	raw("DELETE FROM certs WHERE name = 'new.example.org'");
}

/* Run a part of the migration as a killed program would have left it. */
static void run_part(const char *part)
{
	if (kit_mariadb()) {
		raw(part);
		return;
	}
	raw("BEGIN");
	raw(part);
	store_free(&s); /* the kill */
	OK(store_open(&conf, STORE_ADMIN, &s, &err));
}

/* VERSION's step killed after SQL, whose first LEN bytes were done. */
static void kill_within(int version, const char *sql, size_t len)
{
	const char *before;

	store_free(&s);
	kit_wipe();
	OK(store_open(&conf, STORE_ADMIN, &s, &err));
	start_2019();
	before = dump();
	for (int v = 1; v < version; v++)
		raw(step_of(v)->sql);
	if (version > 1)
		raw(arena_printf(arena,
				 "INSERT INTO schema_version VALUES (%d, 1, 1, "
				 "0)",
				 version - 1));
	run_part(arena_strndup(arena, sql, len));
	upgrade(version - 1);
	assert_string_equal(dump(), before);
	upgrade(STORE_SCHEMA_VERSION);
}

/* A migration killed after any of its statements is finished by the next
 * one. MariaDB commits each; SQLite all or nothing. */
static void test_killed_between(void **state)
{
	int cuts = 0;

	for (int v = 1; v <= STORE_SCHEMA_VERSION; v++) {
		const char *sql = step_of(v)->sql, *p;

		for (p = strstr(sql, ";\n"); p; p = strstr(p + 2, ";\n")) {
			size_t len = (size_t) (p + 1 - sql);

			/* Inside a trigger? */
			if (!sqlite3_complete(arena_strndup(arena, sql, len)))
				continue;
			kill_within(v, sql, len);
			cuts++;
		}
	}
	assert_true(cuts >= 12);
}

/* One that cannot go through leaves SQLite's file as it was. */
static void test_failed(void **state)
{
	int from, to;

	if (kit_mariadb())
		return;
	start_2019();
	raw("CREATE TABLE installs (x INTEGER)");
	RC(-1, store_schema_upgrade(s, 1, &from, &to, &err));
	assert_non_null(strstr(err.msg, "installs already exists"));
	assert_non_null(strstr(err.msg, "0001-"));
	raw("DROP TABLE installs");
	upgrade(0);
}

static int group_setup(void **state)
{
	return kit_begin();
}

static int group_teardown(void **state)
{
	kit_end();
	return 0;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_empty),	   TEST(test_2019_values),
		TEST(test_2019_due),	   TEST(test_2019_statements),
		TEST(test_killed_between), TEST(test_failed),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
