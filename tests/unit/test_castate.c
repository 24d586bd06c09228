/* SPDX-License-Identifier: MIT */
#include "store_kit.h"
#include "castate.h"
#include "clock.h"

#define NOW 1700000000

static char key[300];
static struct certrepo_ca ca = {
	.name = "one",
	.directory = "https://127.0.0.1:1/dir",
	.account_key_type = "ES256",
	.requests_per_second = 100,
};

static struct store *store;
static struct loop *loop;
static struct batch *batch;
static struct report *report;
static struct castate *c;

static void make(const struct certrepo_ca *of)
{
	OK(castate_new(of, loop, store, batch, report, &c, &err));
}

static int setup(void **state)
{
	int from, to;

	if (kit_begin() == -1)
		return -1;
	kit_wipe();
	snprintf(key, sizeof(key), "%s/account.pem", kit_dir);
	ca.account_key = key;
	OK(store_open(&conf, STORE_ADMIN, &store, &err));
	OK(store_schema_upgrade(store, 1, &from, &to, &err));
	OK(loop_new(&loop, &err));
	batch = batch_new(store);
	report = report_new();
	clock_set_for_test(NOW);
	return 0;
}

static int teardown(void **state)
{
	castate_free(&c);
	report_free(&report);
	batch_free(&batch);
	loop_free(&loop);
	store_free(&store);
	clock_set_for_test(-1);
	unlink(key);
	kit_end();
	return 0;
}

static void flush(void)
{
	int64_t wait;

	OK(batch_flush(batch, &wait, &err));
}

/* The row as "count:seconds of rest:class". */
static const char *row(void)
{
	static char text[200];
	struct arena *arena = arena_new();
	struct store_ca r;

	flush();
	RC(1, store_ca_get(store, "one", arena, &r, &err));
	snprintf(text, sizeof(text), "%d:%d:%s", (int) r.count_fail,
		 r.backoff_until ? (int) (r.backoff_until - NOW) : 0,
		 r.fail_class ? r.fail_class : "-");
	arena_free(&arena);
	return text;
}

static int64_t failed(enum fail_class class, int64_t retry_at)
{
	struct fail f;

	fail_set(&f, class, retry_at, "no luck");
	return castate_failed(c, &f) - NOW;
}

static void queue(void **state)
{
	struct castate_name n;
	char name[32];
	int i, k = 0;

	make(&ca);
	assert_false(castate_pop(c, &n));
	for (i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		castate_push(c, name, i % 2 ? "one" : NULL, i % 3 == 0);
		if (i % 4 != 3)
			continue;
		/* first in, first out, across every growth */
		assert_true(castate_pop(c, &n));
		snprintf(name, sizeof(name), "n%d", k);
		assert_string_equal(n.name, name);
		assert_int_equal(n.early, k % 3 == 0);
		assert_int_equal(!!n.ca_name, k % 2);
		free(n.name);
		free(n.ca_name);
		k++;
	}
	assert_int_equal(castate_queued(c), 750);
}

/* Nobody listens at its directory. */
static void start(void)
{
	int i;

	castate_start(c, 1);
	for (i = 0; i < 100 && castate_is(c, NOW) == CASTATE_STARTING; i++)
		OK(loop_run(loop, 100, &err));
	assert_int_equal(castate_is(c, NOW), CASTATE_RESTING);
}

/* One lost answer is no outage, a third in a row is. */
static void streak(void **state)
{
	int64_t rest;

	make(NULL);
	castate_free(&c);
	make(&ca);
	assert_int_equal(castate_is(c, NOW), CASTATE_IDLE);
	start();
	rest = castate_until(c) - NOW;
	assert_in_range(rest, 60, 72);
	assert_non_null(strstr(row(), "1:"));
	assert_non_null(strstr(row(), ":ca-down"));
	/* many orders fall over it: counted once, the rest stays */
	assert_int_equal(failed(FAIL_CA_DOWN, 0), rest);
	assert_non_null(strstr(row(), "1:"));
	/* a CA that says when is obeyed, if it is later */
	assert_int_equal(failed(FAIL_CA_RATE_LIMITED, NOW + 500), 500);
	assert_string_equal(row(), "1:500:ca-rate-limited");
	/* the rest is over: from the beginning, the count goes on */
	clock_set_for_test(NOW + 500);
	assert_int_equal(castate_is(c, NOW + 500), CASTATE_IDLE);
	assert_in_range(failed(FAIL_CA_DOWN, 0), 500 + 120, 500 + 144);
	assert_non_null(strstr(row(), "2:"));
}

/* What one run learned, the next one knows. */
static void remembered(void **state)
{
	struct certrepo_ca moved = ca;

	make(&ca);
	start();
	flush();
	castate_free(&c);
	make(&ca);
	assert_int_equal(castate_is(c, NOW), CASTATE_RESTING);
	assert_int_equal(castate_is(c, NOW + 3600), CASTATE_IDLE);
	castate_free(&c);
	make(&ca);
	castate_force(c);
	assert_int_equal(castate_is(c, NOW), CASTATE_IDLE);
	castate_free(&c);
	/* another directory is another CA, whatever its name */
	moved.directory = "https://127.0.0.1:2/dir";
	make(&moved);
	assert_int_equal(castate_is(c, NOW), CASTATE_IDLE);
}

static void unknown(void **state)
{
	make(NULL);
	assert_null(castate_conf(c));
	assert_int_equal(castate_is(c, NOW), CASTATE_READY);
	assert_int_equal(castate_requests(c), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(queue, setup, teardown),
		cmocka_unit_test_setup_teardown(streak, setup, teardown),
		cmocka_unit_test_setup_teardown(remembered, setup, teardown),
		cmocka_unit_test_setup_teardown(unknown, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
