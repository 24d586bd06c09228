/* SPDX-License-Identifier: MIT */
#include "store_kit.h"
#include "prune.h"

#define NOW 1700000000
#define OLD (NOW - PRUNE_KEEP)

static struct store *store;
static struct certrepo_conf cc;

static int setup(void **state)
{
	int from, to;

	if (kit_begin() == -1)
		return -1;
	kit_wipe();
	OK(store_open(&conf, STORE_ADMIN, &store, &err));
	OK(store_schema_upgrade(store, 1, &from, &to, &err));
	cc.state_dir = kit_dir;
	return 0;
}

static int teardown(void **state)
{
	char path[300];

	store_free(&store);
	snprintf(path, sizeof(path), "%s/fetcher.prune", kit_dir);
	(void) unlink(path);
	kit_end();
	return 0;
}

/* N of them, which ended at END. */
static void add(int n, long end)
{
	struct sbuf sql = SBUF_INIT(1 << 20);

	sbuf_adds(&sql, "INSERT INTO attempts (name, ca_name, outcome, "
			"ts_start, ts_end) VALUES ");
	for (int i = 0; i < n; i++)
		sbuf_addf(&sql, "%s('n', 'c', 'ok', %ld, %ld)", i ? ", " : "",
			  end, end);
	OK(db_script(store->db, sbuf_str(&sql), &err));
	sbuf_free(&sql);
}

static size_t left(void)
{
	struct arena *arena = arena_new();
	struct store_attempts all = { 0 };

	OK(store_attempts_of(store, "n", 10000, arena, &all, &err));
	arena_free(&arena);
	return all.n;
}

static void test_store(void **state)
{
	size_t n = 99;

	OK(store_attempts_prune(store, OLD, 10, &n, &err));
	assert_int_equal(n, 0);
	add(7, OLD - 1);
	add(5, OLD);
	OK(store_attempts_prune(store, OLD, 4, &n, &err));
	assert_int_equal(n, 4);
	assert_int_equal(left(), 8);
	OK(store_attempts_prune(store, OLD, 4, &n, &err));
	assert_int_equal(n, 3);
	OK(store_attempts_prune(store, OLD, 4, &n, &err));
	assert_int_equal(n, 0);
	assert_int_equal(left(), 5);
	/* written while the clock was wrong */
	add(2, OLD - 1);
	OK(store_attempts_prune(store, OLD, 10, &n, &err));
	assert_int_equal(n, 2);
	assert_int_equal(left(), 5);
}

static void test_once_a_day(void **state)
{
	add(2 * PRUNE_CHUNK + 1, OLD - 1);
	add(3, OLD);
	prune_attempts(&cc, store, NOW);
	assert_int_equal(left(), 3);
	prune_attempts(&cc, store, NOW + 86399);
	assert_int_equal(left(), 3);
	prune_attempts(&cc, store, NOW + 86400);
	assert_int_equal(left(), 0);
}

/* How many rows, and attempts, are counted on DAY. */
static void counted(int64_t day, int64_t rows, int64_t n)
{
	struct db_stmt *st = NULL;

	OK(db_prepare(store->db,
		      "SELECT COUNT(*), CAST(COALESCE(SUM(n), 0) AS INTEGER) "
		      "FROM attempt_totals WHERE day = ?",
		      "II", &st, &err));
	db_bind_int(st, 1, day);
	assert_int_equal(db_step(st, &err), 1);
	assert_int_equal(db_col_int(st, 0), rows);
	assert_int_equal(db_col_int(st, 1), n);
	db_done(st);
}

static void test_totals(void **state)
{
	struct sbuf sql = SBUF_INIT(1 << 20);
	int64_t old = OLD / 86400;

	sbuf_adds(&sql, "INSERT INTO attempt_totals (day, ca_name, outcome, "
			"instance, n) VALUES ");
	for (int i = 0; i < 1500; i++)
		sbuf_addf(&sql, "(%lld, 'c', 'ok', 'i%d', 2), ",
			  (long long) old - 1, i);
	sbuf_addf(&sql, "(%lld, 'c', 'ok', '', 3)", (long long) old);
	OK(db_script(store->db, sbuf_str(&sql), &err));
	sbuf_free(&sql);
	prune_attempts(&cc, store, NOW);
	counted(old - 1, 0, 0);
	counted(old, 1, 3);
	counted(0, 1, 3000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_store, setup, teardown),
		cmocka_unit_test_setup_teardown(test_totals, setup, teardown),
		cmocka_unit_test_setup_teardown(test_once_a_day, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
