/* SPDX-License-Identifier: MIT */
#include "store_kit.h"
#include <time.h>
#include "batch.h"
#include "clock.h"

static struct store *store;
static struct batch *batch;

static int setup(void **state)
{
	int from, to;

	if (kit_begin() == -1)
		return -1;
	kit_wipe();
	OK(store_open(&conf, STORE_ADMIN, &store, &err));
	OK(store_schema_upgrade(store, 1, &from, &to, &err));
	batch = batch_new(store);
	return 0;
}

static int teardown(void **state)
{
	clock_set_mono_for_test(-1);
	batch_free(&batch);
	store_free(&store);
	kit_end();
	return 0;
}

/* A change: adds a row of its name, then answers as it is told. */
struct change {
	const char *name;
	enum err_kind kind; /* ERR_NONE: succeeds */
	int times;	    /* then it succeeds */
	int runs, told, again;
	struct err err;
	struct change *next; /* added when this one is told */
};

static int op(struct store *s, void *arg, struct err *e)
{
	struct change *c = arg;
	struct store_cert row = { .name = c->name,
				  .csr = BLOB("csr"),
				  .md5_modulus = "x" };

	c->runs++;
	if (c->kind && c->times-- > 0)
		return err_set(e, c->kind, "as told");
	return store_add(s, &row, e);
}

static void told(void *arg, const struct err *e)
{
	struct change *c = arg;

	c->told++;
	if (e)
		c->err = *e;
	if (c->next)
		batch_add(batch, op, told, c->next);
}

/* Another change of the same owner, which must come later. */
static int op_again(struct store *s, void *arg, struct err *e)
{
	const struct change *c = arg;

	assert_int_equal(c->times, -1);
	return 0;
}

static void told_again(void *arg, const struct err *e)
{
	struct change *c = arg;

	assert_null(e);
	assert_int_equal(c->told, 1);
	c->again++;
}

static bool there(const char *name)
{
	struct arena *arena = arena_new();
	struct store_cert *row = NULL;
	int rc = store_get(store, name, arena, &row, &err);

	arena_free(&arena);
	return rc == 1;
}

static void together(void **state)
{
	struct change c = { .name = "c.example.org" };
	struct change a = { .name = "a.example.org", .next = &c };
	struct change b = { .name = "b.example.org" };
	int64_t wait = -1;

	OK(batch_flush(batch, &wait, &err));
	assert_int_equal(wait, 0);
	assert_false(batch_waiting(batch));
	batch_add(batch, op, told, &a);
	batch_add(batch, op, told, &b);
	assert_true(batch_waiting(batch));
	assert_int_equal(a.runs, 0);
	OK(batch_flush(batch, &wait, &err));
	assert_int_equal(a.told + b.told, 2);
	assert_int_equal(a.err.kind, ERR_NONE);
	assert_true(there("a.example.org") && there("b.example.org"));
	/* what was added on the way is for the next */
	assert_true(batch_waiting(batch));
	assert_int_equal(c.runs, 0);
	OK(batch_flush(batch, &wait, &err));
	assert_int_equal(c.told, 1);
	assert_false(batch_waiting(batch));
}

static void conflict(void **state)
{
	struct change a = { .name = "a.example.org" };
	struct change b = { .name = "b.example.org",
			    .kind = ERR_CONFLICT,
			    .times = 99 };
	int64_t wait;

	batch_add(batch, op, told, &b);
	batch_add(batch, op, told, &a);
	OK(batch_flush(batch, &wait, &err));
	assert_int_equal(b.err.kind, ERR_CONFLICT);
	assert_int_equal(a.err.kind, ERR_NONE);
	assert_true(there("a.example.org"));
	assert_false(there("b.example.org"));
}

/* One that cannot be done fails alone, the others are done once. */
static void refused(void **state)
{
	struct change a = { .name = "a.example.org" };
	struct change b = { .name = "b.example.org",
			    .kind = ERR_INPUT,
			    .times = 99 };
	struct change c = { .name = "c.example.org" };
	int64_t wait;

	batch_add(batch, op, told, &a);
	batch_add(batch, op, told, &b);
	batch_add(batch, op, told, &c);
	OK(batch_flush(batch, &wait, &err));
	assert_int_equal(wait, 0);
	assert_int_equal(a.told + b.told + c.told, 3);
	assert_int_equal(b.err.kind, ERR_INPUT);
	assert_int_equal(a.err.kind, ERR_NONE);
	assert_int_equal(c.err.kind, ERR_NONE);
	assert_true(there("a.example.org") && there("c.example.org"));
}

static void away(void **state)
{
	struct change a = { .name = "a.example.org" };
	struct change b = { .name = "b.example.org",
			    .kind = ERR_UNAVAILABLE,
			    .times = 1 };
	const struct timespec nap = { .tv_nsec = 100 * 1000 * 1000 };
	int64_t wait = 0;
	int i;

	batch_add(batch, op, told, &a);
	batch_add(batch, op, told, &b);
	OK(batch_flush(batch, &wait, &err));
	assert_true(wait > 0);
	assert_int_equal(a.told + b.told, 0);
	assert_true(batch_waiting(batch));
	assert_false(there("a.example.org"));
	/* too early: not asked again */
	OK(batch_flush(batch, &wait, &err));
	assert_true(wait > 0);
	assert_int_equal(b.runs, 1);
	for (i = 0; i < 100 && wait; i++) {
		nanosleep(&nap, NULL);
		OK(batch_flush(batch, &wait, &err));
	}
	assert_int_equal(a.told + b.told, 2);
	assert_true(there("a.example.org") && there("b.example.org"));
}

/* For too long: the run ends, what was not committed is still there. */
static void away_for_good(void **state)
{
	struct change a = { .name = "a.example.org",
			    .kind = ERR_UNAVAILABLE,
			    .times = 99 };
	struct timespec nap = { 0 };
	int64_t wait = 0;
	int flushes = 0;

	batch_patience_for_test(batch, 1000, 1000);
	batch_add(batch, op, told, &a);
	while (flushes++ < 10 && batch_flush(batch, &wait, &err) == 0) {
		assert_in_range(wait, 1, 1000);
		nap.tv_sec = (wait + 10) / 1000;
		nap.tv_nsec = (wait + 10) % 1000 * 1000 * 1000;
		nanosleep(&nap, NULL);
		batch_met(batch); /* by a reader, as on a full disk */
	}
	/* after 0, 500 and 1500 ms */
	assert_int_equal(flushes, 3);
	assert_int_equal(a.runs, 3);
	assert_int_equal(err.kind, ERR_UNAVAILABLE);
	assert_non_null(strstr(err.msg, "as told"));
	assert_int_equal(a.told, 0);
	assert_true(batch_waiting(batch));
	/* and may be committed all the same */
	a.times = 0;
	OK(batch_flush(batch, &wait, &err));
	assert_int_equal(a.told, 1);
}

/* Until WAITS is told, at most for five seconds. */
static void flush_until(const struct change *waits)
{
	int64_t wait = 0, ms = clock_mono_ms();
	int i;

	/* On a machine that is busy, ten milliseconds may be a hundred. */
	for (i = 0; i < 500 && !waits->told; i++) {
		clock_set_mono_for_test(ms += 10);
		OK(batch_flush(batch, &wait, &err));
		assert_int_equal(wait, 0); /* the store is there */
	}
	assert_int_equal(waits->told, 1);
}

/* A locked row waits, and what is behind it; the others do not. */
static void locked(void **state)
{
	struct change a = { .name = "a.example.org" };
	struct change b = { .name = "b.example.org",
			    .kind = ERR_LOCKED,
			    .times = 2 };
	struct change c = { .name = "c.example.org" };
	int64_t wait = -1;

	batch_patience_for_test(batch, 60000, 100);
	batch_add(batch, op, told, &a);
	batch_add(batch, op, told, &b);
	batch_add(batch, op, told, &c);
	batch_add(batch, op_again, told_again, &b);
	OK(batch_flush(batch, &wait, &err));
	assert_int_equal(wait, 0);
	assert_int_equal(a.told + c.told, 2);
	assert_int_equal(a.err.kind + c.err.kind, ERR_NONE);
	assert_true(there("a.example.org") && there("c.example.org"));
	assert_int_equal(b.runs, 1);
	assert_int_equal(b.told + b.again, 0);
	/* Nothing to do at once, and not done with it either. */
	assert_false(batch_waiting(batch));
	assert_false(batch_empty(batch));
	OK(batch_flush(batch, &wait, &err));
	assert_int_equal(wait, 0);
	assert_int_equal(b.runs, 1);
	flush_until(&b);
	assert_int_equal(b.err.kind, ERR_NONE);
	assert_int_equal(b.runs, 3);
	assert_int_equal(b.again, 1);
	assert_true(there("b.example.org"));
	assert_true(batch_empty(batch));
}

/* For too long, at a claim, at the end of the program: not made. */
static void locked_for_good(void **state)
{
	struct change a = { .name = "a.example.org",
			    .kind = ERR_LOCKED,
			    .times = 99 };
	struct change b = a, c = a;
	struct change d = { .name = "d.example.org" };
	int64_t wait;

	batch_patience_for_test(batch, 60000, 50);
	batch_add_claim(batch, op, told, &a);
	flush_until(&a);
	assert_int_equal(a.err.kind, ERR_LOCKED);
	assert_int_equal(a.runs, 2);
	batch_patience_for_test(batch, 200, 50);
	batch_add(batch, op, told, &b);
	batch_add(batch, op, told, &d);
	flush_until(&b); /* at 0, 50, 150 and 350 ms */
	assert_int_equal(b.err.kind, ERR_LOCKED);
	assert_int_equal(b.runs, 4);
	assert_int_equal(d.err.kind, ERR_NONE);
	assert_true(there("d.example.org"));
	batch_patience_for_test(batch, 60000, 60000);
	batch_add(batch, op, told, &c);
	OK(batch_flush(batch, &wait, &err));
	assert_int_equal(c.told, 0);
	batch_hurry(batch);
	assert_true(batch_waiting(batch));
	OK(batch_flush(batch, &wait, &err));
	assert_int_equal(c.told, 1);
	assert_int_equal(c.err.kind, ERR_LOCKED);
	assert_int_equal(c.runs, 2);
	assert_true(batch_empty(batch));
}

static int count_op(struct store *s, void *arg, struct err *e)
{
	int *n = arg;

	(*n)++;
	return kit_set_due(s, "a.example.org", *n, e);
}

/* So many that one transaction would take too long. */
static void many(void **state)
{
	int n = 0, rounds = 0;
	int64_t wait;

	for (int i = 0; i < 1700; i++)
		batch_add(batch, count_op, NULL, &n);
	do {
		OK(batch_flush(batch, &wait, &err));
		assert_int_equal(wait, 0);
		rounds++;
	} while (batch_waiting(batch));
	assert_int_equal(n, 1700);
	assert_in_range(rounds, 2, 17);
}

/* One that is refused and one that is locked in the same round. */
static void locked_and_refused(void **state)
{
	struct change a = { .name = "a.example.org",
			    .kind = ERR_LOCKED,
			    .times = 1 };
	struct change b = { .name = "b.example.org",
			    .kind = ERR_INPUT,
			    .times = 99 };
	struct change c = { .name = "c.example.org" };
	int64_t wait;

	batch_patience_for_test(batch, 60000, 50);
	batch_add(batch, op, told, &b);
	batch_add(batch, op, told, &a);
	batch_add(batch, op, told, &c);
	OK(batch_flush(batch, &wait, &err));
	assert_int_equal(b.err.kind, ERR_INPUT);
	assert_int_equal(c.err.kind, ERR_NONE);
	assert_int_equal(b.told + c.told, 2);
	flush_until(&a);
	assert_int_equal(a.err.kind, ERR_NONE);
	assert_true(there("a.example.org") && there("c.example.org"));
}

static void forget(void **state)
{
	struct change a = { .name = "a.example.org" };
	struct change b = { .name = "b.example.org" };
	int64_t wait;

	batch_add(batch, op, told, &a);
	batch_add(batch, op, told, &b);
	batch_add(batch, op, told, &a);
	batch_forget(batch, &a);
	OK(batch_flush(batch, &wait, &err));
	assert_int_equal(a.runs + a.told, 0);
	assert_int_equal(b.told, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(together, setup, teardown),
		cmocka_unit_test_setup_teardown(conflict, setup, teardown),
		cmocka_unit_test_setup_teardown(refused, setup, teardown),
		cmocka_unit_test_setup_teardown(away, setup, teardown),
		cmocka_unit_test_setup_teardown(away_for_good, setup, teardown),
		cmocka_unit_test_setup_teardown(forget, setup, teardown),
		cmocka_unit_test_setup_teardown(locked, setup, teardown),
		cmocka_unit_test_setup_teardown(many, setup, teardown),
		cmocka_unit_test_setup_teardown(locked_for_good, setup,
						teardown),
		cmocka_unit_test_setup_teardown(locked_and_refused, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
