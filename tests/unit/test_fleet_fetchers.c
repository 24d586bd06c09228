/* SPDX-License-Identifier: MIT */
#include "fleet_fetchers.h"
#include "fleet_kit.h"

/* What the table has, row by row. */
static const char *rows(void)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	const char *all = "";

	OK(store_query(s,
		       "SELECT instance, host, version, ts_start, ts_end, "
		       "ts_ok, status, n_ok, n_failed, detail FROM fetchers "
		       "ORDER BY instance",
		       "TTTIIIIIIt", NO_ARGS, &st, &err));
	while (db_step(st, &err) == 1) {
		const char *detail = db_col_text(st, 9);

		all = arena_printf(
			arena, "%s%s %s %s %lld %lld %lld %lld %lld %lld %s\n",
			all, db_col_text(st, 0), db_col_text(st, 1),
			db_col_text(st, 2), (long long) db_col_int(st, 3),
			(long long) db_col_int(st, 4),
			(long long) db_col_int(st, 5),
			(long long) db_col_int(st, 6),
			(long long) db_col_int(st, 7),
			(long long) db_col_int(st, 8), detail ? detail : "-");
	}
	return all;
}

static void runs(void **state)
{
	struct fleet_fetcher f = { .instance = "i1",
				   .host = "h",
				   .version = "1.0",
				   .ts_start = 100,
				   .ts_end = 7,
				   .ts_ok = 7,
				   .status = 7,
				   .n_ok = 7,
				   .n_failed = 7,
				   .detail = "7" };

	OK(fleet_fetcher_start(s, &f, &err));
	assert_string_equal(rows(), "i1 h 1.0 100 0 0 0 0 0 -\n");
	OK(fleet_fetcher_start(s, &f, &err));
	f.ts_end = 110;
	f.ts_ok = 110;
	f.status = 2;
	f.n_ok = 3;
	f.n_failed = 1;
	f.detail = "3 renewed";
	OK(fleet_fetcher_end(s, &f, &err));
	assert_string_equal(rows(), "i1 h 1.0 100 110 110 2 3 1 3 renewed\n");
	/* The next begins: what is known of the one before stays. */
	f.ts_start = 200;
	f.version = "1.1";
	OK(fleet_fetcher_start(s, &f, &err));
	assert_string_equal(rows(), "i1 h 1.1 200 0 110 2 3 1 3 renewed\n");
	/* It was no good one, the last that was stays known. */
	f.ts_end = 210;
	f.ts_ok = 0;
	f.status = 69;
	f.n_ok = 0;
	f.n_failed = 0;
	f.detail = NULL;
	OK(fleet_fetcher_end(s, &f, &err));
	assert_string_equal(rows(), "i1 h 1.1 200 210 110 69 0 0 -\n");
	/* Nobody saw it begin. */
	f.instance = "i2";
	OK(fleet_fetcher_end(s, &f, &err));
	assert_string_equal(rows(), "i1 h 1.1 200 210 110 69 0 0 -\n"
				    "i2 h 1.1 200 210 0 69 0 0 -\n");
}

static void forgets(void **state)
{
	struct fleet_fetcher f = {
		.instance = "mine", .host = "h", .version = "1", .ts_start = 100
	};

	OK(fleet_fetcher_start(s, &f, &err));
	f.instance = "gone";
	OK(fleet_fetcher_start(s, &f, &err));
	f.instance = "other";
	f.ts_start = 200;
	OK(fleet_fetcher_start(s, &f, &err));
	OK(fleet_fetchers_forget(s, "mine", 200, &err));
	assert_string_equal(rows(), "mine h 1 100 0 0 0 0 0 -\n"
				    "other h 1 200 0 0 0 0 0 -\n");
}

static void fits(void **state)
{
	char longest[600];
	struct fleet_fetcher f = { .instance = "i",
				   .host = "h\n\xc3\xa4",
				   .version = longest,
				   .detail = longest };
	AUTO(store_done) struct db_stmt *st = NULL;

	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	OK(fleet_fetcher_end(s, &f, &err));
	OK(store_query(s, "SELECT host, version, detail FROM fetchers", "TTT",
		       NO_ARGS, &st, &err));
	RC(1, db_step(st, &err));
	assert_string_equal(db_col_text(st, 0), "h???");
	assert_int_equal(strlen(db_col_text(st, 1)), 32);
	assert_int_equal(strlen(db_col_text(st, 2)), 500);
	store_done(&st);
	f.instance = longest;
	FAILS(ERR_LIMIT, "the instance is 599 characters long",
	      fleet_fetcher_start(s, &f, &err));
	FAILS(ERR_LIMIT, "the instance", fleet_fetcher_end(s, &f, &err));
}

static void settings(void **state)
{
	char longest[FLEET_VALUE_MAX + 2];
	struct fleet_setting v[] = {
		{ FLEET_DEFAULT_CA, "le", 100 },
		{ FLEET_CAS, "le zerossl", 100 },
		{ FLEET_DAYS_LEFT, "0", 100 },
	};
	struct fleet_settings l;

	OK(fleet_settings_get(s, arena, &l, &err));
	assert_int_equal(l.n, 0);
	assert_null(fleet_setting(&l, FLEET_CAS));
	OK(fleet_settings_put(s, v, ARRAY_LEN(v), &err));
	OK(fleet_settings_get(s, arena, &l, &err));
	assert_int_equal(l.n, 3);
	assert_string_equal(fleet_setting(&l, FLEET_CAS), "le zerossl");
	/* One that has changed, and those that have not. */
	v[0] = (struct fleet_setting){ FLEET_DEFAULT_CA, "zerossl", 200 };
	v[1].ts = v[2].ts = 200;
	OK(fleet_settings_put(s, v, ARRAY_LEN(v), &err));
	OK(fleet_settings_get(s, arena, &l, &err));
	assert_string_equal(l.v[0].name, FLEET_CAS);
	assert_int_equal(l.v[0].ts, 100);
	assert_string_equal(l.v[1].name, FLEET_DAYS_LEFT);
	assert_int_equal(l.v[1].ts, 100);
	assert_string_equal(l.v[2].value, "zerossl");
	assert_int_equal(l.v[2].ts, 200);
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	v[0].value = longest;
	FAILS(ERR_LIMIT, "default_ca is 7001",
	      fleet_settings_put(s, v, 1, &err));
	longest[sizeof(longest) - 2] = '\0';
	OK(fleet_settings_put(s, v, 1, &err));
	OK(fleet_settings_get(s, arena, &l, &err));
	assert_string_equal(fleet_setting(&l, FLEET_DEFAULT_CA), longest);
}

/* Somebody else wrote there. */
static void strange(void **state)
{
	struct fleet_setting v = { "b", "2", 100 };
	struct fleet_settings l;
	char sql[200];

	for (int i = 0; i < FLEET_SETTINGS_MAX + 5; i++) {
		snprintf(sql, sizeof(sql),
			 "INSERT INTO settings (name, value, ts) VALUES "
			 "('a%02d', 'x', 1)",
			 i);
		OK(db_script(s->db, sql, &err));
	}
	OK(fleet_settings_get(s, arena, &l, &err));
	assert_int_equal(l.n, FLEET_SETTINGS_MAX);
	OK(fleet_settings_put(s, &v, 1, &err));
	OK(fleet_settings_put(s, &v, 1, &err));
}

/* A table that is missing is told as such, and nothing else is harmed. */
static void missing(void **state)
{
	struct fleet_fetcher f = { .instance = "i",
				   .host = "h",
				   .version = "1" };
	struct fleet_setting v = { "b", "2", 100 };

	OK(db_script(s->db, "DROP TABLE fetchers; DROP TABLE settings", &err));
	FAILS(ERR_CONFIG, "certrepo-populate init",
	      fleet_fetcher_start(s, &f, &err));
	FAILS(ERR_CONFIG, "certrepo-populate init",
	      fleet_fetcher_end(s, &f, &err));
	FAILS(ERR_CONFIG, "certrepo-populate init",
	      fleet_settings_put(s, &v, 1, &err));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(runs),	TEST(forgets), TEST(fits),
		TEST(settings), TEST(strange), TEST(missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
