/* SPDX-License-Identifier: MIT */
#include "trouble_kit.h"
#include "store_trouble.h"

#define NOW 1700000000

static int setup(void **state)
{
	return trouble_begin();
}

static int teardown(void **state)
{
	trouble_end();
	return 0;
}

/* The names in order, joined. */
static void are(const struct store_troubles *t, const char *want)
{
	struct sbuf s = SBUF_INIT(10000);

	for (size_t i = 0; i < t->n; i++)
		sbuf_addf(&s, "%s%s", i ? " " : "", t->v[i].name);
	assert_string_equal(sbuf_str(&s), want);
	sbuf_free(&s);
}

static void failing(void **state)
{
	struct store_troubles t;

	OK(store_failing(store, 10, arena, &t, &err));
	assert_int_equal(t.n, 0);
	add("well.example.org", "ts_expire = 1700000100, ts_due = 5");
	add("late.example.org",
	    "ts_expire = 1700000200, ts_next_attempt = 1700000001, ca_name = "
	    "'own', fail_class = 'caa', fail_detail = 'no', "
	    "count_fail_update = 3, ts_not_before = 1600000000");
	add("past.example.org", "ts_expire = 1700000100, ts_next_attempt = 5");
	add("new.example.org", "ts_next_attempt = 1700000001");
	add("off.example.org", "ts_next_attempt = 1700000001, enable = 'N'");
	add("held.example.org",
	    "ts_next_attempt = 9223372036854775807, ts_due = "
	    "9223372036854775807, held = 1");
	OK(store_failing(store, 10, arena, &t, &err));
	are(&t, "new.example.org past.example.org late.example.org");
	assert_false(t.v[0].has_crt);
	assert_null(t.v[0].fail_class);
	assert_true(t.v[2].has_crt);
	assert_string_equal(t.v[2].ca_name, "own");
	assert_string_equal(t.v[2].fail_class, "caa");
	assert_string_equal(t.v[2].fail_detail, "no");
	assert_int_equal(t.v[2].count_fail, 3);
	assert_int_equal(t.v[2].ts_expire, NOW + 200);
	assert_int_equal(t.v[2].ts_not_before, 1600000000);
	assert_int_equal(t.v[2].ts_next_attempt, NOW + 1);
	OK(store_failing(store, 2, arena, &t, &err));
	are(&t, "new.example.org past.example.org");
}

static void held(void **state)
{
	struct store_troubles t;
	char set[200];

	snprintf(set, sizeof(set),
		 "held = 1, ts_due = %lld, ts_next_attempt = %lld, "
		 "fail_class = 'caa'",
		 (long long) STORE_NEVER, (long long) STORE_NEVER);
	add("b.example.org", set);
	add("a.example.org", set);
	add("c.example.org", "ts_due = 5");
	sql("UPDATE certs SET ts_expire = 7 WHERE name = 'a.example.org'");
	OK(store_held_why(store, 10, arena, &t, &err));
	are(&t, "b.example.org a.example.org");
	assert_string_equal(t.v[0].fail_class, "caa");
	OK(store_failing(store, 10, arena, &t, &err));
	are(&t, "");
}

/* A statement is known by the address of its text. */
#define USES(index, query) \
	uses(index, "EXPLAIN QUERY PLAN " query, "EXPLAIN " query)
static void uses(const char *index, const char *sqlite, const char *mariadb)
{
	int column = kit_mariadb() ? 5 : 3;
	struct db_stmt *st;
	bool used = false;

	OK(db_prepare(store->db, kit_mariadb() ? mariadb : sqlite,
		      kit_mariadb() ? "ittttttttt" : "iiit", &st, &err));
	while (db_step(st, &err) == 1)
		used |= db_col_text(st, column) &&
			strstr(db_col_text(st, column), index);
	db_done(st);
	if (!used)
		fail_msg("%s is not used by %s", index, mariadb);
}

/* No table is scanned, however many names are well. */
static void indexes(void **state)
{
	char name[40];

	sql("BEGIN");
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "n%d.example.org", i);
		add(name, arena_printf(arena, "ts_due = 17000%05d", i));
	}
	sql("COMMIT");
	if (kit_mariadb())
		sql("ANALYZE TABLE certs");
	USES("certs_next",
	     "SELECT name, ts_expire FROM certs WHERE enable = 'Y' AND "
	     "ts_next_attempt > 0 AND ts_next_attempt < 9223372036854775807 "
	     "AND "
	     "held = 0 ORDER BY COALESCE(ts_expire, 0), name LIMIT 9");
	USES("certs_due",
	     "SELECT name, ts_expire FROM certs WHERE enable = 'Y' AND "
	     "ts_due = 9223372036854775807 ORDER BY COALESCE(ts_expire, 0), "
	     "name "
	     "LIMIT 9");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	static const struct CMUnitTest tests[] = {
		TEST(failing),
		TEST(held),
		TEST(indexes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
