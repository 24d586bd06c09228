/* SPDX-License-Identifier: MIT */
/* Instants of a wrong clock, and who has names on lease. */
#include "store_kit.h"
#include "certrepo_conf.h"
#include "scratch.h"
#include "clock.h"
#include "lessees.h"
#include "waits.h"
#include "wrong_clock.h"

#define NOW 1700000000 /* 2023-11-14T22:13:20Z */
#define DAY 86400

static struct certrepo_conf cc = { .order_timeout = 900 };
static struct store *store;
static struct arena *arena;

static int setup(void **state)
{
	int from, to;

	if (scratch_setup(state) != 0 || kit_begin() == -1)
		return -1;
	kit_wipe();
	cc.state_dir = scratch_dir;
	arena = arena_new();
	OK(store_open(&conf, STORE_ADMIN, &store, &err));
	OK(store_schema_upgrade(store, 1, &from, &to, &err));
	return 0;
}

static int teardown(void **state)
{
	store_free(&store);
	arena_free(&arena);
	kit_end();
	return scratch_teardown(state);
}

static void add(const char *name, const char *set, ...)
	__attribute__((format(printf, 2, 3)));
static void add(const char *name, const char *set, ...)
{
	struct store_cert row = { .name = name,
				  .enabled = true,
				  .csr = BLOB("csr"),
				  .md5_modulus = "x" };
	char sql[1000];
	va_list ap;
	int n = snprintf(sql, sizeof(sql), "UPDATE certs SET ");

	OK(store_add(store, &row, &err));
	va_start(ap, set);
	n += vsnprintf(sql + n, sizeof(sql) - (size_t) n, set, ap);
	va_end(ap);
	snprintf(sql + n, sizeof(sql) - (size_t) n, " WHERE name = '%s'", name);
	OK(db_script(store->db, sql, &err));
}

static struct store_cert *get(const char *name)
{
	struct store_cert *row = NULL;

	RC(1, store_get(store, name, arena, &row, &err));
	return row;
}

static bool look(void)
{
	bool odd = false;

	OK(wrong_clock_look(&cc, store, NOW, &odd, &err));
	return odd;
}

static void nothing_odd(void **state)
{
	assert_false(look());
	/* as far as the rules go, and what clocks may differ by */
	add("a", "ts_next_attempt = %d, ts_due = %d", NOW + DAY + 3600,
	    NOW + DAY + 3600);
	add("b", "lease_owner = 'x', lease_until = %d", NOW + DAY + 3600);
	add("c", "ts_due = %d", NOW + 3650 * DAY); /* its dates say so */
	add("held", "held = 1, ts_next_attempt = 9223372036854775807, "
		    "ts_due = 9223372036854775807");
	assert_false(look());
	OK(wrong_clock_mend(&cc, store, NOW, &err));
	assert_int_equal(get("a")->ts_due, NOW + DAY + 3600);
	assert_string_equal(get("b")->lease_owner, "x");
	assert_true(get("held")->held);
}

/* Ten years ahead: a name without a certificate is due at once, one with goes
 * by its dates, in pages. */
static void mended(void **state)
{
	const int64_t far = NOW + 3650 * DAY, end = NOW + 60 * DAY;
	char name[40];

	for (int i = 0; i < 600; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		add(name, "ts_next_attempt = %lld, ts_due = %lld",
		    (long long) far, (long long) far);
	}
	add("live",
	    "ts_next_attempt = %lld, ts_due = %lld, ts_expire = %lld, "
	    "ts_expire_seen = %lld, ts_not_before = %lld",
	    (long long) far, (long long) far, (long long) end, (long long) end,
	    (long long) (end - 90 * DAY));
	add("fine", "ts_next_attempt = %d, ts_due = %d", NOW + 60, NOW + 60);
	assert_true(look());
	OK(wrong_clock_mend(&cc, store, NOW, &err));
	assert_false(look());
	assert_int_equal(get("n0")->ts_due, 0);
	assert_int_equal(get("n599")->ts_next_attempt, 0);
	assert_int_equal(get("live")->ts_due, end - 30 * DAY);
	assert_int_equal(get("fine")->ts_due, NOW + 60);
}

static void lease(void **state)
{
	add("a", "lease_owner = 'x', lease_until = %d", NOW + 2 * DAY);
	add("b", "lease_owner = 'y', lease_until = %d", NOW + 60);
	assert_true(look());
	OK(wrong_clock_mend(&cc, store, NOW, &err));
	assert_null(get("a")->lease_owner);
	assert_string_equal(get("b")->lease_owner, "y");
}

static void attempt(const char *name, int64_t start, int64_t end)
{
	char sql[400];

	snprintf(sql, sizeof(sql),
		 "INSERT INTO attempts (name, ca_name, outcome, ts_start, "
		 "ts_end) VALUES ('%s', 'ca', 'dns', %lld, %lld)",
		 name, (long long) start, (long long) end);
	OK(db_script(store->db, sql, &err));
}

/* Attempts that are still to come, more than a page of them, and what they
 * left in their rows. */
static void to_come(void **state)
{
	struct store_attempts of = { 0 };

	attempt("a", NOW - 2, NOW + 7200); /* as clocks of a CA may be apart */
	assert_false(look());
	add("a", "ts_last_update = %d, ts_due = %d, ts_next_attempt = %d",
	    NOW + DAY, NOW + DAY + 60, NOW + DAY + 60);
	attempt("a", NOW + DAY, NOW + DAY);
	assert_true(look());
	for (int i = 0; i < 150; i++)
		attempt("gone", NOW + DAY, NOW + DAY);
	attempt("b", NOW - 5, NOW - 4);
	assert_true(look());
	OK(wrong_clock_mend(&cc, store, NOW, &err));
	assert_false(look());
	assert_int_equal(get("a")->ts_last_update, NOW);
	assert_int_equal(get("a")->ts_next_attempt, 0);
	assert_int_equal(get("a")->ts_due, 0);
	OK(store_attempts_of(store, "gone", 200, arena, &of, &err));
	assert_int_equal(of.n, 150);
	assert_int_equal(of.v[149].ts_end, NOW);
	OK(store_attempts_of(store, "b", 200, arena, &of, &err));
	assert_int_equal(of.v[0].ts_end, NOW - 4);
}

static void tried_later(void **state)
{
	add("a", "ts_last_update = %d, ts_due = %d", NOW + 7200, NOW + 9);
	assert_false(look());
	add("b", "ts_last_update = %d, ts_due = %d", NOW + 7201, NOW + 9);
	assert_true(look());
	OK(wrong_clock_mend(&cc, store, NOW, &err));
	assert_false(look());
	assert_int_equal(get("b")->ts_last_update, NOW);
	assert_int_equal(get("b")->ts_due, NOW + 9);
}

/* It stays as it is: a CA is asked once a day. */
static void begins_later(void **state)
{
	add("a", "ts_not_before = %d, ts_due = %d", NOW + DAY, NOW + 40 * DAY);
	assert_true(look());
	assert_true(look());
	OK(wrong_clock_mend(&cc, store, NOW, &err));
	assert_false(look());
	assert_int_equal(get("a")->ts_not_before, NOW + DAY);
	assert_string_equal(scratch_read(scratch("fetcher.clock")),
			    "1700000000");
	/* what was agreed to by a clock that is ahead, or a day ago */
	scratch_write(scratch("fetcher.clock"), "1700000001", 0600);
	assert_true(look());
	scratch_write(scratch("fetcher.clock"), "1699913600", 0600);
	assert_true(look());
	scratch_write(scratch("fetcher.clock"), "1699913601", 0600);
	assert_false(look());
	scratch_write(scratch("fetcher.clock"), "-1 ago", 0600);
	assert_true(look());
}

static void far_rest(void **state)
{
	OK(db_script(store->db,
		     "INSERT INTO cas (name, directory, backoff_until) VALUES "
		     "('one', 'https://x/', 1700090000)",
		     &err));
	assert_false(look());
	OK(db_script(store->db, "UPDATE cas SET backoff_until = 1700090001",
		     &err));
	assert_true(look());
	OK(wrong_clock_mend(&cc, store, NOW, &err));
	assert_false(look());
}

/* What lessees_report says, from stderr. */
static const char *said(void)
{
	const struct notify_from from = {
		.conf = &cc,
		.owner = "me",
		.command = "certrepo-fetcher -c '/a b'",
	};
	int old = dup(2);
	int fd = open(scratch("said"), O_WRONLY | O_CREAT | O_TRUNC, 0600);
	int rc;

	dup2(fd, 2);
	close(fd);
	rc = lessees_report(&from, store, NOW, &err);
	dup2(old, 2);
	close(old);
	assert_int_equal(rc, 0);
	return scratch_read(scratch("said"));
}

static void lessees(void **state)
{
	char *text = NULL;

	assert_string_equal(said(), "");
	OK(lessees_text(store, "me", NOW, &text, &err));
	assert_string_equal(text, "");
	free(text);
	/* at work: an order takes up to a quarter of an hour */
	add("a",
	    "lease_owner = 'web1-01', lease_until = %d, ts_last_update = %d",
	    NOW + 900, NOW - 900);
	assert_string_equal(said(), "");
	add("b",
	    "lease_owner = 'web2-01', lease_until = %d, ts_last_update = %d",
	    NOW + 60, NOW - 1021);
	add("c", "lease_owner = 'me', lease_until = %d", NOW + 60);
	assert_non_null(strstr(said(), "1 name waits for the fetcher web2-01"));
	assert_non_null(strstr(said(), "2023-11-14T22:14:20Z"));
	assert_non_null(strstr(said(), ": certrepo-fetcher -c "
				       "'/a b' --once --break-lease b"));
	assert_null(strstr(said(), "web1-01"));
	OK(lessees_text(store, "me", NOW, &text, &err));
	assert_non_null(strstr(text, "; 1 name is on lease to the fetcher "
				     "web1-01 until 2023-11-14T22:28:20Z"));
	assert_non_null(strstr(text, "web2-01"));
	free(text);
}

/* --- who waits for a CA --- */

static void waiting(void **state)
{
	static const struct certrepo_ca ca = { .name = "one",
					       .directory = "https://x/" };
	struct waits w = { 0 };
	struct ca_queue *c = NULL;
	char *text;

	OK(db_script(store->db,
		     "INSERT INTO cas (name, directory, backoff_until, "
		     "count_fail, fail_class, fail_detail) VALUES ('one', "
		     "'https://x/', 4102444800, 1, 'ca-down', 'no answer')",
		     &err));
	/* 2100-01-01: that is no rest */
	OK(ca_queue_new(&ca, NULL, store, NULL, NULL, &c, &err));
	assert_int_equal(ca_queue_is(c, NOW), CA_QUEUE_IDLE);
	ca_queue_free(&c);
	clock_set_for_test(NOW);
	OK(db_script(store->db, "UPDATE cas SET backoff_until = 1700003600",
		     &err));
	OK(ca_queue_new(&ca, NULL, store, NULL, NULL, &c, &err));
	waits_add(&w, 0);
	assert_int_equal(w.ts_expire, 0);
	text = waits_text(&w, c);
	assert_string_equal(text, "1 name waits for the CA one, which rests "
				  "until 2023-11-14T23:13:20Z: ca-down: no "
				  "answer");
	free(text);
	waits_add(&w, NOW + 120);
	waits_add(&w, NOW + 60);
	waits_add(&w, NOW + 180);
	text = waits_text(&w, c);
	assert_string_equal(text, "4 names wait for the CA one, which rests "
				  "until 2023-11-14T23:13:20Z: ca-down: no "
				  "answer; the nearest expires "
				  "2023-11-14T22:14:20Z");
	free(text);
	add("a", "ca_name = 'one', ts_expire = %d", NOW + 500);
	add("b", "ts_expire = %d", NOW + 400);
	OK(waits_of(store, c, false, NOW, &w, &err));
	assert_int_equal(w.n, 1);
	assert_int_equal(w.ts_expire, NOW + 500);
	OK(waits_of(store, c, true, NOW, &w, &err));
	assert_int_equal(w.n, 2);
	assert_int_equal(w.ts_expire, NOW + 400);
	ca_queue_free(&c);
	clock_set_for_test(-1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nothing_odd, setup, teardown),
		cmocka_unit_test_setup_teardown(mended, setup, teardown),
		cmocka_unit_test_setup_teardown(lease, setup, teardown),
		cmocka_unit_test_setup_teardown(to_come, setup, teardown),
		cmocka_unit_test_setup_teardown(tried_later, setup, teardown),
		cmocka_unit_test_setup_teardown(begins_later, setup, teardown),
		cmocka_unit_test_setup_teardown(far_rest, setup, teardown),
		cmocka_unit_test_setup_teardown(lessees, setup, teardown),
		cmocka_unit_test_setup_teardown(waiting, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
