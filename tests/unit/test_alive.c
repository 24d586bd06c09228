/* SPDX-License-Identifier: MIT */
#include "trouble_kit.h"
#include "alive.h"
#include "fleet_fetchers.h"

#define NOW 1700000000

static struct certrepo_ca cas[2] = { { .name = "le" }, { .name = "own" } };
static void *ca_list[] = { &cas[0], &cas[1] };
static struct certrepo_conf cc;

static int setup(void **state)
{
	if (trouble_begin() == -1)
		return -1;
	cc = (struct certrepo_conf){ .default_ca = "own",
				     .ca = { .v = ca_list, .n = 2 },
				     .days_left = 20,
				     .count_fail_limit = 10,
				     .order_timeout = 900,
				     .deliver_within = 7200 };
	return 0;
}

static int teardown(void **state)
{
	trouble_end();
	return 0;
}

static const char *row(const char *instance)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	const char *detail;

	OK(store_query(store,
		       "SELECT version, ts_start, ts_end, ts_ok, status, n_ok, "
		       "n_failed, detail FROM fetchers WHERE instance = ?",
		       "TIIIIIIt", ARGS(T(instance)), &st, &err));
	if (db_step(st, &err) != 1)
		return "";
	detail = db_col_text(st, 7);
	assert_string_equal(db_col_text(st, 0), CERTREPO_VERSION);
	return arena_printf(
		arena, "%+lld %+lld %+lld %lld %lld %lld %s",
		(long long) db_col_int(st, 1) - NOW,
		(long long) db_col_int(st, 2) - NOW,
		(long long) db_col_int(st, 3) - NOW,
		(long long) db_col_int(st, 4), (long long) db_col_int(st, 5),
		(long long) db_col_int(st, 6), detail ? detail : "-");
}

static void runs(void **state)
{
	struct alive a = { .conf = &cc, .instance = "me", .start = NOW };
	struct alive_end e = { .status = 0, .n_ok = 4, .well = true };
	struct fleet_settings l;

	alive_begin(&a, store);
	assert_string_equal(row("me"), "+0 -1700000000 -1700000000 0 0 0 -");
	alive_end(&a, store, &e, NOW + 60);
	assert_string_equal(row("me"), "+0 +60 +60 0 4 0 -");
	a.start = NOW + 3600;
	alive_begin(&a, store);
	e = (struct alive_end){ .status = 69, .detail = "all wait" };
	alive_end(&a, store, &e, NOW + 3700);
	assert_string_equal(row("me"), "+3600 +3700 +60 69 0 0 all wait");
	OK(fleet_settings_get(store, arena, &l, &err));
	assert_int_equal(l.n, 6);
	assert_string_equal(fleet_setting(&l, "default_ca"), "own");
	assert_string_equal(fleet_setting(&l, "cas"), "le own");
	assert_string_equal(fleet_setting(&l, "days_left"), "20");
	assert_string_equal(fleet_setting(&l, "count_fail_limit"), "10");
	assert_string_equal(fleet_setting(&l, "deliver_within"), "7200");
	assert_string_equal(fleet_setting(&l, "order_timeout"), "900");
	for (size_t i = 0; i < l.n; i++)
		assert_int_equal(l.v[i].ts, NOW);
}

/* One that is gone for good; not by a run that was no good one itself. */
static void others(void **state)
{
	struct alive a = { .conf = &cc,
			   .instance = "gone",
			   .start = NOW - ALIVE_FORGOTTEN - 1 };
	struct alive_end e = { .status = 69 };

	alive_begin(&a, store);
	a = (struct alive){ .conf = &cc, .instance = "me", .start = NOW };
	alive_begin(&a, store);
	alive_end(&a, store, &e, NOW);
	assert_string_not_equal(row("gone"), "");
	e.well = true;
	alive_end(&a, store, &e, NOW);
	assert_string_equal(row("gone"), "");
	assert_string_not_equal(row("me"), "");
}

/* The run goes on without, and nothing is left undone that was begun. */
static void without(void **state)
{
	struct alive a = { .conf = &cc, .instance = "me", .start = NOW };
	struct alive_end e = { .well = true };

	sql("DROP TABLE settings");
	alive_begin(&a, store);
	assert_false(a.off);
	alive_end(&a, store, &e, NOW + 60);
	assert_string_equal(row("me"), "+0 +60 +60 0 0 0 -");
	sql("DROP TABLE fetchers");
	a.off = false;
	alive_begin(&a, store);
	assert_true(a.off);
	alive_end(&a, store, &e, NOW + 60);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(runs, setup, teardown),
		cmocka_unit_test_setup_teardown(others, setup, teardown),
		cmocka_unit_test_setup_teardown(without, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
