/* SPDX-License-Identifier: MIT */
#include "store_kit.h"
#include "ca_queue.h"
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
static struct ca_queue *c;

static void make(const struct certrepo_ca *of)
{
	OK(ca_queue_new(of, loop, store, batch, report, &c, &err));
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
	ca_queue_free(&c);
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
	return ca_queue_failed(c, &f) - NOW;
}

static void queue(void **state)
{
	struct ca_queue_name n;
	char name[32];
	int i, k = 0;

	make(&ca);
	assert_false(ca_queue_pop(c, &n));
	for (i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		ca_queue_push(c, name, i % 2 ? "one" : NULL, i % 3 == 0);
		if (i % 4 != 3)
			continue;
		/* first in, first out, across every growth */
		assert_true(ca_queue_pop(c, &n));
		snprintf(name, sizeof(name), "n%d", k);
		assert_string_equal(n.name, name);
		assert_int_equal(n.early, k % 3 == 0);
		assert_int_equal(!!n.ca_name, k % 2);
		free(n.name);
		free(n.ca_name);
		k++;
	}
	assert_int_equal(ca_queue_queued(c), 750);
}

/* Nobody listens at its directory. */
static void start(void)
{
	int i;

	ca_queue_start(c, 1);
	for (i = 0; i < 100 && ca_queue_is(c, NOW) == CA_QUEUE_STARTING; i++)
		OK(loop_run(loop, 100, &err));
	assert_int_equal(ca_queue_is(c, NOW), CA_QUEUE_RESTING);
}

/* One lost answer is no outage, a third in a row is. */
static void streak(void **state)
{
	int64_t rest;

	make(NULL);
	ca_queue_free(&c);
	make(&ca);
	assert_int_equal(ca_queue_is(c, NOW), CA_QUEUE_IDLE);
	start();
	rest = ca_queue_until(c) - NOW;
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
	assert_int_equal(ca_queue_is(c, NOW + 500), CA_QUEUE_IDLE);
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
	ca_queue_free(&c);
	make(&ca);
	assert_int_equal(ca_queue_is(c, NOW), CA_QUEUE_RESTING);
	assert_int_equal(ca_queue_is(c, NOW + 3600), CA_QUEUE_IDLE);
	ca_queue_free(&c);
	make(&ca);
	ca_queue_force(c);
	assert_int_equal(ca_queue_is(c, NOW), CA_QUEUE_IDLE);
	ca_queue_free(&c);
	/* another directory is another CA, whatever its name */
	moved.directory = "https://127.0.0.1:2/dir";
	make(&moved);
	assert_int_equal(ca_queue_is(c, NOW), CA_QUEUE_IDLE);
}

static void unknown(void **state)
{
	make(NULL);
	assert_null(ca_queue_conf(c));
	assert_int_equal(ca_queue_is(c, NOW), CA_QUEUE_READY);
	assert_int_equal(ca_queue_requests(c), 0);
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
