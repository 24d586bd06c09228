/* SPDX-License-Identifier: MIT */
/* Attempts and their number, on whichever store the kit has. What becomes of
 * them when an answer is lost is in test_store_lost.c. */
#include "store_kit.h"

#define DAY 86400

static struct store *s;
static struct arena *arena;

static void raw(const char *sql)
{
	OK(db_script(s->db, sql, &err));
}

static int setup(void **state)
{
	struct store_cert r = { .name = "a.example.org",
				.enabled = true,
				.csr = BLOB("csr"),
				.md5_modulus = "x" };
	int from, to;

	if (kit_begin() == -1)
		return -1;
	kit_wipe();
	arena = arena_new();
	OK(store_open(&conf, STORE_ADMIN, &s, &err));
	OK(store_schema_upgrade(s, 1, &from, &to, &err));
	OK(store_add(s, &r, &err));
	return 0;
}

static int teardown(void **state)
{
	store_free(&s);
	arena_free(&arena);
	kit_end();
	return 0;
}

/* All of it, "day ca outcome instance n" in order. */
static const char *totals(void)
{
	struct sbuf b = SBUF_INIT(10000);
	struct db_stmt *st = NULL;
	const char *ret;

	OK(db_prepare(s->db,
		      "SELECT day, ca_name, outcome, instance, n FROM "
		      "attempt_totals ORDER BY 1, 2, 3, 4",
		      "ITTTI", &st, &err));
	while (db_step(st, &err) == 1)
		sbuf_addf(&b, "%lld %s %s %s %lld\n",
			  (long long) db_col_int(st, 0), db_col_text(st, 1),
			  db_col_text(st, 2), db_col_text(st, 3),
			  (long long) db_col_int(st, 4));
	db_done(st);
	ret = arena_strdup(arena, sbuf_str(&b));
	sbuf_free(&b);
	return ret;
}

static struct store_attempt attempt(const char *outcome, int64_t end)
{
	return (struct store_attempt){ .name = "a.example.org",
				       .ca_name = "le",
				       .outcome = outcome,
				       .ts_start = end - 5,
				       .ts_end = end,
				       .instance = "one" };
}

static void claim(int64_t now)
{
	RC(1, store_claim(s, "a.example.org", "me", now, now + 99, &err));
}

/* Each way in which one ends. */
static void test_counted(void **state)
{
	struct store_attempt a = attempt("dns", 3 * DAY);
	struct store_fail f = { .owner = "me", .next = 9, .count = true };
	struct store_park p = { .owner = "me", .next = 9 };
	struct store_accept ok = { .owner = "me",
				   .crt = BLOB("crt"),
				   .ca = BLOB("ca") };
	struct store_order o = { .name = "a.example.org",
				 .ca_name = "le",
				 .url = "u",
				 .state = "new" };

	OK(store_attempt_add(s, &a, &err));
	assert_string_equal(totals(), "3 le dns one 1\n");
	claim(9);
	f.attempt = attempt("dns", 4 * DAY - 1);
	OK(store_fail(s, &f, &err));
	OK(store_fail(s, &f, &err)); /* the answer was lost */
	assert_string_equal(totals(), "3 le dns one 2\n");
	claim(9);
	p.attempt = attempt("", 4 * DAY);
	OK(store_park(s, &p, &err));
	OK(store_park(s, &p, &err));
	claim(9);
	ok.attempt = attempt("ok", 4 * DAY + 7);
	ok.attempt.instance = "two";
	OK(store_accept(s, &ok, &err));
	OK(store_accept(s, &ok, &err));
	OK(store_order_put(s, &o, &err));
	a = attempt("ca-down", 4 * DAY);
	a.ca_name = NULL;
	a.instance = NULL;
	a.order_url = "u";
	OK(store_order_gone(s, 0, &a, &err));
	OK(store_order_gone(s, 0, &a, &err));
	assert_string_equal(totals(), "3 le dns one 2\n"
				      "4  ca-down  1\n"
				      "4 le ok two 1\n"
				      "4 le parked one 1\n");
	/* by clocks of all sorts */
	a = attempt("dns", -5);
	OK(store_attempt_add(s, &a, &err));
	a = attempt("dns", INT64_MAX);
	OK(store_attempt_add(s, &a, &err));
	assert_non_null(strstr(totals(), "1 le dns one 1\n"));
	assert_non_null(strstr(totals(), "2147483647 le dns one 1\n"));
}

/* What was not stored was not tried. */
static void test_rolled_back(void **state)
{
	struct store_fail f = { .owner = "other",
				.attempt = attempt("dns", 4 * DAY) };

	FAILS(ERR_CONFLICT, "", store_fail(s, &f, &err));
	assert_string_equal(totals(), "");
}

static int two(struct store *st, void *arg, struct err *e)
{
	struct store *other = arg;
	struct store_attempt a = attempt("ok", 9 * DAY);
	struct store_fail f = { .owner = "you", .next = 9 };

	if (store_attempt_add(st, &a, e) == -1)
		return -1;
	f.attempt = attempt("ok", 9 * DAY);
	f.attempt.name = "b.example.org";
	f.attempt.instance = "two";
	return store_fail(other, &f, e);
}

/* The first ones of a day, at once: neither is in the other's way. */
static void test_two(void **state)
{
	struct store_cert r = { .name = "b.example.org",
				.csr = BLOB("csr"),
				.md5_modulus = "x" };
	struct store *other = NULL;

	if (!kit_mariadb()) /* SQLite has one lock for all */
		return;
	OK(store_add(s, &r, &err));
	RC(1, store_claim(s, "b.example.org", "you", 1, 2, &err));
	OK(store_open(&conf, STORE_LOOP, &other, &err));
	OK(store_tx(s, two, other, &err));
	store_free(&other);
	assert_string_equal(totals(), "9 le ok one 1\n9 le ok two 1\n");
}

static size_t fold(int64_t before, size_t limit)
{
	size_t n = 99;

	OK(store_totals_fold(s, before, limit, &n, &err));
	return n;
}

static void test_fold(void **state)
{
	raw("INSERT INTO attempt_totals (day, ca_name, outcome, instance, n) "
	    "VALUES (0, 'le', 'ok', '', 100), (7, 'le', 'ok', 'a', 1), "
	    "(7, 'le', 'ok', 'b', 2), (7, 'le', 'dns', 'a', 4), "
	    "(8, 'le', 'ok', 'a', 8), (9, 'le', 'ok', 'a', 16)");
	assert_int_equal(fold(7 * DAY + 5, 10), 0);
	assert_int_equal(fold(9 * DAY, 3), 3);
	assert_string_equal(totals(), "0 le dns  4\n"
				      "0 le ok  103\n"
				      "8 le ok a 8\n"
				      "9 le ok a 16\n");
	assert_int_equal(fold(9 * DAY + 5, 3), 1);
	assert_int_equal(fold(9 * DAY + 5, 3), 0);
	assert_string_equal(totals(), "0 le dns  4\n"
				      "0 le ok  111\n"
				      "9 le ok a 16\n");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_counted),
		TEST(test_rolled_back),
		TEST(test_fold),
		TEST(test_two),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
