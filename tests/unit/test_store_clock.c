/* SPDX-License-Identifier: MIT */
#include "store_kit.h"
#include "store_clock.h"

#define NOW 1700000000
#define DAY 86400

static struct store *s;
static struct arena *arena;

static int setup(void **state)
{
	int from, to;

	if (kit_begin() == -1)
		return -1;
	kit_wipe();
	arena = arena_new();
	OK(store_open(&conf, STORE_ADMIN, &s, &err));
	OK(store_schema_upgrade(s, 1, &from, &to, &err));
	return 0;
}

static int teardown(void **state)
{
	store_free(&s);
	arena_free(&arena);
	kit_end();
	return 0;
}

static void raw(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void raw(const char *fmt, ...)
{
	char sql[2000];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(sql, sizeof(sql), fmt, ap);
	va_end(ap);
	OK(db_script(s->db, sql, &err));
}

static void add(const char *name, const char *set)
{
	struct store_cert r = { .name = name,
				.enabled = true,
				.csr = BLOB("csr"),
				.md5_modulus = "x" };

	OK(store_add(s, &r, &err));
	raw("UPDATE certs SET %s WHERE name = '%s'", set, name);
}

static struct store_cert *get(const char *name)
{
	struct store_cert *row = NULL;

	RC(1, store_get(s, name, arena, &row, &err));
	return row;
}

static void attempt(const char *name, int64_t start, int64_t end)
{
	raw("INSERT INTO attempts (name, ca_name, account, order_url, outcome, "
	    "detail, ts_start, ts_end) VALUES ('%s', 'ca', 'acc', 'url', "
	    "'dns', 'why', %lld, %lld)",
	    name, (long long) start, (long long) end);
}

static void latest(void **state)
{
	struct store_dues d = { 0 };

	OK(store_latest(s, NOW, 10, arena, &d, &err));
	assert_int_equal(d.n, 0);
	add("due", "ts_due = 1700000000");
	add("soon", "ts_due = 1700000001");
	add("late", "ts_due = 1700000100, ts_last_update = 5, "
		    "ts_not_before = 7");
	add("later", "ts_due = 1700000200");
	add("off", "ts_due = 1700000300, enable = 'N'");
	add("held", "ts_due = 9223372036854775807, held = 1");
	OK(store_latest(s, NOW, 2, arena, &d, &err));
	assert_int_equal(d.n, 2);
	assert_string_equal(d.v[0].name, "later");
	assert_string_equal(d.v[1].name, "late");
	assert_int_equal(d.v[1].ts_last_update, 5);
	assert_int_equal(d.v[1].ts_not_before, 7);
}

/* Which there are, page by page from the newest on. */
static void attempts(void **state)
{
	struct store_aheads a = { 0 };
	struct store_attempts of = { 0 };
	int64_t low = 7, first, below;

	OK(store_ahead(s, INT64_MAX, NOW, 10, arena, &a, &low, &err));
	assert_int_equal(a.n, 0);
	assert_int_equal(low, 0);
	attempt("a", NOW + 5 * DAY, NOW + 5 * DAY);
	attempt("b", NOW - 9, NOW - 8);
	attempt("c", NOW - 9, NOW + DAY);
	attempt("d", NOW - 9, NOW);
	OK(store_ahead(s, INT64_MAX, NOW, 1, arena, &a, &low, &err));
	assert_int_equal(a.n, 0);
	OK(store_ahead(s, INT64_MAX, NOW, 2, arena, &a, &low, &err));
	assert_int_equal(a.n, 1);
	assert_string_equal(a.v[0].name, "c");
	assert_int_equal(a.v[0].id, low);
	first = low;
	OK(store_ahead(s, low, NOW, 10, arena, &a, &below, &err));
	assert_int_equal(a.n, 1);
	assert_string_equal(a.v[0].name, "a");
	assert_true(below < first);

	OK(store_ahead_mend(s, first, NOW, &err));
	OK(store_ahead_mend(s, first, NOW, &err)); /* once */
	OK(store_attempts_of(s, "c", 10, arena, &of, &err));
	assert_int_equal(of.n, 1);
	assert_int_equal(of.v[0].ts_start, NOW - 9);
	assert_int_equal(of.v[0].ts_end, NOW);
	assert_string_equal(of.v[0].ca_name, "ca");
	assert_string_equal(of.v[0].account, "acc");
	assert_string_equal(of.v[0].order_url, "url");
	assert_string_equal(of.v[0].outcome, "dns");
	assert_string_equal(of.v[0].detail, "why");
	OK(store_ahead_mend(s, below, NOW, &err));
	OK(store_attempts_of(s, "a", 10, arena, &of, &err));
	assert_int_equal(of.v[0].ts_start, NOW);
	OK(store_ahead(s, INT64_MAX, NOW, 10, arena, &a, &low, &err));
	assert_int_equal(a.n, 0);
}

static void mend_row(const char *name)
{
	struct store_due d;
	bool enabled;

	RC(1, store_due_one(s, name, arena, &d, &enabled, &err));
	OK(store_ahead_row(s, &d, 70, NOW, NOW - 1, &err));
}

static void rows(void **state)
{
	struct store_order o = { 0 };

	add("far", "ts_last_update = 1700000001, ts_due = 1700000500, "
		   "ts_next_attempt = 1700000500");
	add("well", "ts_last_update = 1700000001, ts_due = 1800000000");
	add("past", "ts_last_update = 1700000000, ts_due = 1700000500, "
		    "ts_next_attempt = 1700000500");
	add("held", "ts_last_update = 1700000001, held = 1, ts_next_attempt = "
		    "9223372036854775807, ts_due = 9223372036854775807");
	mend_row("far");
	assert_int_equal(get("far")->ts_last_update, NOW - 1);
	assert_int_equal(get("far")->ts_next_attempt, 0);
	assert_int_equal(get("far")->ts_due, 70);
	mend_row("well");
	assert_int_equal(get("well")->ts_last_update, NOW - 1);
	assert_int_equal(get("well")->ts_due, 1800000000);
	mend_row("past");
	assert_int_equal(get("past")->ts_next_attempt, 1700000500);
	mend_row("held");
	assert_int_equal(get("held")->ts_last_update, NOW - 1);
	assert_true(get("held")->ts_due == STORE_NEVER);
	assert_true(get("held")->ts_next_attempt == STORE_NEVER);

	raw("INSERT INTO orders (name, slot, ca_name, state, ts_created, "
	    "ts_state, ts_expires) VALUES ('far', 0, 'ca', 'parked', "
	    "1700000001, 1700000002, 1800000000), ('well', 0, 'ca', 'new', "
	    "1700000000, NULL, NULL)");
	OK(store_ahead_order(s, "far", NOW, NOW - 1, &err));
	OK(store_ahead_order(s, "well", NOW, NOW - 1, &err));
	RC(1, store_order_get(s, "far", 0, arena, &o, &err));
	assert_int_equal(o.ts_created, NOW - 1);
	assert_int_equal(o.ts_state, NOW - 1);
	assert_int_equal(o.ts_expires, 1800000000);
	RC(1, store_order_get(s, "well", 0, arena, &o, &err));
	assert_int_equal(o.ts_created, NOW);
	assert_int_equal(o.ts_state, 0);
}

static void cas(void **state)
{
	struct store_ca ca;
	size_t n = 7;

	OK(store_far_cas(s, NOW, &n, &err));
	assert_int_equal(n, 0);
	raw("INSERT INTO cas (name, directory, account, backoff_until, "
	    "count_fail, fail_class, fail_detail) VALUES ('far', 'd', 'a', "
	    "1700000001, 2, 'ca-down', 'x'), ('rests', 'd', 'a', 1700000000, "
	    "2, 'ca-down', 'x')");
	OK(store_far_cas(s, NOW, &n, &err));
	assert_int_equal(n, 1);
	OK(store_far_cas_mend(s, NOW, &err));
	RC(1, store_ca_get(s, "far", arena, &ca, &err));
	assert_int_equal(ca.backoff_until, 0);
	assert_int_equal(ca.count_fail, 0);
	assert_null(ca.fail_class);
	assert_string_equal(ca.account, "a");
	RC(1, store_ca_get(s, "rests", arena, &ca, &err));
	assert_int_equal(ca.backoff_until, NOW);
}

static int add_many(struct store *st, void *arg, struct err *e)
{
	char name[50];

	for (int i = 0; i < 3000; i++) {
		struct store_cert r = { .name = name,
					.csr = BLOB("csr"),
					.enabled = true,
					.md5_modulus = "x",
					.ts_due = 4000000000 + i };

		snprintf(name, sizeof(name), "h%05d", i);
		if (store_add(st, &r, e) == -1)
			return -1;
	}
	return 0;
}

/* As it is asked, and not more of the table than a page of it. */
static void plan(const char *sql, const int64_t *args, const char *index)
{
	bool lite = strcmp(db_dialect(s->db), "sqlite") == 0;
	struct db_stmt *st = NULL;
	const char *text = arena_printf(
		arena, "%s%s", lite ? "EXPLAIN QUERY PLAN " : "EXPLAIN ", sql);
	int n = 0;

	OK(db_prepare(s->db, text, lite ? "iiit" : "ittttttttt", &st, &err));
	for (; *sql; sql++)
		if (*sql == '?') {
			db_bind_int(st, n + 1, args[n]);
			n++;
		}
	RC(1, db_step(st, &err));
	if (lite) {
		if (!strstr(db_col_text(st, 3), index))
			fail_msg("%s", db_col_text(st, 3));
	} else if (strcmp(db_col_text(st, 5), index) != 0 ||
		   strstr(db_col_text(st, 9), "filesort")) {
		fail_msg("%s %s", db_col_text(st, 5), db_col_text(st, 9));
	}
	RC(0, db_step(st, &err)); /* no other step, be it to sort */
	db_done(st);
}

static void plans(void **state)
{
	const int64_t latest_args[] = { NOW, STORE_NEVER, 100 };
	const int64_t ahead_args[] = { NOW, NOW, INT64_MAX, 100 };

	OK(store_tx(s, add_many, NULL, &err));
	for (int i = 0; i < 300; i++)
		attempt("a", 1, 2);
	if (kit_mariadb())
		raw("ANALYZE TABLE certs, attempts");
	plan(store_clock_sql.latest, latest_args, "certs_due");
	plan(store_clock_sql.ahead, ahead_args,
	     kit_mariadb() ? "PRIMARY" : "PRIMARY KEY");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(latest), TEST(attempts), TEST(rows),
		TEST(cas),    TEST(plans),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
