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

	OK(store_failing(store, NOW, 10, arena, &t, &err));
	assert_int_equal(t.n, 0);
	add("well.example.org", "ts_expire = 1700000100, ts_due = 5");
	add("late.example.org",
	    "ts_expire = 1700000200, ts_next_attempt = 1700000001, ca_name = "
	    "'own', fail_class = 'caa', fail_detail = 'no', "
	    "count_fail_update = 3, ts_not_before = 1600000000");
	add("past.example.org", "ts_expire = 1699999900, ts_next_attempt = 5");
	add("new.example.org", "ts_next_attempt = 1700000001");
	add("off.example.org", "ts_next_attempt = 1700000001, enable = 'N'");
	add("held.example.org",
	    "ts_next_attempt = 9223372036854775807, ts_due = "
	    "9223372036854775807, held = 1");
	OK(store_failing(store, NOW, 10, arena, &t, &err));
	are(&t, "past.example.org late.example.org new.example.org");
	assert_int_equal(t.all, 3);
	assert_false(t.v[2].has_crt);
	assert_null(t.v[2].fail_class);
	assert_true(t.v[1].has_crt);
	assert_string_equal(t.v[1].ca_name, "own");
	assert_string_equal(t.v[1].fail_class, "caa");
	assert_string_equal(t.v[1].fail_detail, "no");
	assert_int_equal(t.v[1].count_fail, 3);
	assert_int_equal(t.v[1].ts_expire, NOW + 200);
	assert_int_equal(t.v[1].ts_not_before, 1600000000);
	assert_int_equal(t.v[1].ts_next_attempt, NOW + 1);
	OK(store_failing(store, NOW, 2, arena, &t, &err));
	are(&t, "past.example.org late.example.org");
	assert_int_equal(t.all, 3);
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
	OK(store_held_why(store, NOW, 10, arena, &t, &err));
	are(&t, "a.example.org b.example.org");
	assert_int_equal(t.all, 2);
	assert_string_equal(t.v[1].fail_class, "caa");
	OK(store_failing(store, NOW, 10, arena, &t, &err));
	are(&t, "");
}

/* Due, and nothing else is known of them. */
static void overdue(void **state)
{
	struct store_troubles t;

	add("a.example.org", "ts_due = 1699999000, ts_expire = 1700000500");
	add("b.example.org", "ts_due = 1700000001, ts_expire = 1700000500");
	add("c.example.org", "ts_due = 0, lease_owner = 'x', lease_until = "
			     "1700000009, ts_last_update = 1699999999");
	add("d.example.org", "ts_due = 5, enable = 'N'");
	add("e.example.org", "ts_due = 5, ts_expire = 1699999900");
	OK(store_overdue(store, NOW, 10, arena, &t, &err));
	are(&t, "e.example.org a.example.org c.example.org");
	assert_int_equal(t.all, 3);
	assert_int_equal(t.v[1].ts_due, 1699999000);
	assert_string_equal(t.v[2].lease_owner, "x");
	assert_int_equal(t.v[2].lease_until, NOW + 9);
	assert_int_equal(t.v[2].ts_last_update, NOW - 1);
	OK(store_overdue(store, NOW, 1, arena, &t, &err));
	are(&t, "e.example.org");
	assert_int_equal(t.all, 3);
}

static int add_new(struct store *s, void *arg, struct err *e)
{
	char name[40];

	for (int i = 0; i < 300; i++) {
		struct store_cert row = { .name = name,
					  .enabled = true,
					  .csr = BLOB("csr"),
					  .md5_modulus = "x" };

		snprintf(name, sizeof(name), "a%d.example.org", i);
		if (store_add(s, &row, e) == -1)
			return -1;
	}
	return 0;
}

/* Names that never had one, and those long past, do not hide what ends soon. */
static void most_urgent(void **state)
{
	struct store_troubles t;

	OK(store_tx(store, add_new, NULL, &err));
	sql("UPDATE certs SET ts_next_attempt = 1700000001, fail_class = "
	    "'dns'");
	sql("UPDATE certs SET ts_expire = 1600000000 WHERE name LIKE 'a2%'");
	add("x.example.org", "ts_expire = 1700000900, ts_next_attempt = "
			     "1700000001, fail_class = 'parked'");
	add("y.example.org",
	    "ts_expire = 1699999200, ts_next_attempt = 1700000001");
	add("z.example.org", "ts_expire = 1700009000, ts_next_attempt = "
			     "1700000001, fail_class = 'parked'");
	OK(store_failing(store, NOW, 3, arena, &t, &err));
	are(&t, "y.example.org x.example.org z.example.org");
	assert_int_equal(t.all, 303);
	OK(store_parked(store, NOW, 1, arena, &t, &err));
	are(&t, "x.example.org");
	assert_int_equal(t.all, 2);
	OK(store_parked(store, NOW, 9, arena, &t, &err));
	assert_int_equal(t.all, 2);
}

static void uses(const char *index, const char *query, int64_t bound)
{
	const char *text = arena_printf(
		arena, "%s%s",
		kit_mariadb() ? "EXPLAIN " : "EXPLAIN QUERY PLAN ", query);
	int column = kit_mariadb() ? 5 : 3, i = 1;
	struct db_stmt *st;
	bool used = false;

	OK(db_prepare(store->db, text, kit_mariadb() ? "ittttttttt" : "iiit",
		      &st, &err));
	for (const char *p = strchr(query, '?'); p; p = strchr(p + 1, '?'))
		db_bind_int(st, i++, bound);
	while (db_step(st, &err) == 1)
		used |= db_col_text(st, column) &&
			strstr(db_col_text(st, column), index);
	db_done(st);
	if (!used)
		fail_msg("%s is not used by %s", index, query);
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
	for (int i = 0; i <= TROUBLE_OVERDUE; i++) {
		const char *index =
			i >= TROUBLE_HELD ? "certs_due" : "certs_next";

		/* None is due yet: the few that are, are found by it. */
		int64_t bound = i == TROUBLE_OVERDUE ? 1 : STORE_NEVER;

		uses(index, store_trouble_sql[i].rows, bound);
		uses(index, store_trouble_sql[i].count, bound);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	static const struct CMUnitTest tests[] = {
		TEST(failing),	   TEST(held),	  TEST(overdue),
		TEST(most_urgent), TEST(indexes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
