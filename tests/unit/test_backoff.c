/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "backoff.h"
#include "store.h"

#define NOW  1700000000
#define MIN  60
#define HOUR 3600
#define DAY  86400

static struct backoff run(enum fail_class class, int64_t retry_at,
			  int64_t count, int64_t ts_expire, uint32_t random)
{
	struct fail f = { .class = class, .retry_at = retry_at };
	struct backoff_in in = { .fail = &f,
				 .now = NOW,
				 .count = count,
				 .limit = 10,
				 .ts_expire = ts_expire,
				 .random = random };

	return backoff_name(&in, false);
}

/* Without jitter (random 0) the steps are exact; with it, up to a fifth
 * more and never over the cap. */
static void steps(void **state)
{
	static const struct {
		const char *what;
		int64_t count, left; /* of the certificate; 0: none */
		int64_t want;
	} cases[] = {
		{ "first", 0, 0, MIN },
		{ "second", 1, 0, 10 * MIN },
		{ "third", 2, 0, 100 * MIN },
		{ "fourth", 3, 0, 1000 * MIN },
		{ "fifth: a day", 4, 0, DAY },
		{ "hundredth: a day", 99, 0, DAY },
		{ "30 days left: a day", 5, 30 * DAY, DAY },
		{ "4 days left: an eighth", 5, 4 * DAY, 12 * HOUR },
		{ "8 hours left: an hour", 5, 8 * HOUR, HOUR },
		{ "2 minutes left: five minutes", 5, 2 * MIN, 5 * MIN },
		{ "expired: an hour", 5, -DAY, HOUR },
		{ "expired, first: a minute", 0, -DAY, MIN },
	};
	size_t i;
	uint32_t r;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t end = cases[i].left ? NOW + cases[i].left : 1;
		struct backoff b =
			run(FAIL_CONNECTION, 0, cases[i].count, end, 0);

		if (b.next - NOW != cases[i].want)
			fail_msg("%s: %lld", cases[i].what,
				 (long long) (b.next - NOW));
		assert_true(b.count);
		assert_false(b.hold);
		for (r = 1; r != 0; r *= 3) {
			b = run(FAIL_CONNECTION, 0, cases[i].count, end, r);
			assert_true(b.next - NOW >= cases[i].want);
			assert_true(b.next - NOW <=
				    cases[i].want + cases[i].want / 5);
			assert_true(b.next - NOW <= DAY);
			if (r > 1u << 30)
				break;
		}
	}
}

static void jitter_spreads(void **state)
{
	struct backoff a = run(FAIL_DNS, 0, 1, 1, 7);
	struct backoff b = run(FAIL_DNS, 0, 1, 1, 99);

	assert_int_not_equal(a.next, b.next);
}

static void retry_after(void **state)
{
	/* to the second, whatever the jitter, over the cap of a day too */
	assert_int_equal(run(FAIL_RATE_LIMITED, NOW + 4242, 0, 1, 77).next,
			 NOW + 4242);
	assert_int_equal(
		run(FAIL_RATE_LIMITED, NOW + 5 * DAY, 0, NOW + DAY, 7).next,
		NOW + 5 * DAY);
	/* in the past: as if it was not said */
	assert_int_equal(run(FAIL_RATE_LIMITED, NOW - 1, 0, 1, 0).next,
			 NOW + MIN);
	/* a hundred years are not believed */
	assert_int_equal(
		run(FAIL_RATE_LIMITED, NOW + 36500LL * DAY, 0, 1, 0).next,
		NOW + BACKOFF_RETRY_MAX);
}

static void classes(void **state)
{
	static const struct {
		enum fail_class class;
		bool count, hold; /* hold: past the limit */
	} cases[] = {
		{ FAIL_RATE_LIMITED, true, false },
		{ FAIL_CAA, true, true },
		{ FAIL_DNS, true, false },
		{ FAIL_CONNECTION, true, false },
		{ FAIL_UNAUTHORIZED, true, true },
		{ FAIL_BAD_CSR, true, true },
		{ FAIL_REJECTED, true, true },
		{ FAIL_BAD_CERT, true, true },
		{ FAIL_CONFIG, true, true },
		{ FAIL_CA_RATE_LIMITED, false, false },
		{ FAIL_CA_DOWN, false, false },
		{ FAIL_ACCOUNT, false, false },
		{ FAIL_INTERNAL, false, false },
		{ FAIL_STORE, false, false },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct backoff b = run(cases[i].class, 0, 9, 1, 0);

		/* the tenth failure reaches the limit, the next passes it */
		assert_int_equal(b.count, cases[i].count);
		assert_false(b.hold);
		assert_true(b.next > NOW && b.next < STORE_NEVER);
		b = run(cases[i].class, 0, 10, 1, 0);
		assert_int_equal(b.hold, cases[i].hold);
		assert_int_equal(b.next == STORE_NEVER, cases[i].hold);
	}
}

static void of_ca(void **state)
{
	struct fail f = { .class = FAIL_CA_DOWN };
	struct backoff_in in = {
		.fail = &f, .now = NOW, .limit = 10, .ca_backoff = NOW + 777
	};

	assert_int_equal(backoff_name(&in, false).next, NOW + 777);
	assert_false(backoff_name(&in, false).drop_order);
	assert_true(backoff_name(&in, true).drop_order);
	in.ca_backoff = 0;
	assert_true(backoff_name(&in, false).next > NOW);
}

static void whole_ca(void **state)
{
	static const int64_t want[] = { 1, 2, 4, 8, 16, 32, 60, 60 };
	struct fail f = { .class = FAIL_CA_DOWN };
	size_t i;

	for (i = 0; i < sizeof(want) / sizeof(want[0]); i++)
		assert_int_equal(backoff_ca(&f, NOW, (int64_t) i + 1, 0),
				 NOW + want[i] * MIN);
	assert_int_equal(backoff_ca(&f, NOW, 1000000, 0), NOW + HOUR);
	f.class = FAIL_ACCOUNT;
	assert_int_equal(backoff_ca(&f, NOW, 100, 0), NOW + 6 * HOUR);
	f.class = FAIL_CA_RATE_LIMITED;
	f.retry_at = NOW + 12345;
	assert_int_equal(backoff_ca(&f, NOW, 1, 99), NOW + 12345);
}

/* An order that the CA takes its time with. */
static void parked(void **state)
{
	static const struct {
		int64_t waits, retry, left, least, most;
	} cases[] = {
		{ 0, 0, 0, 5 * MIN, 6 * MIN },
		{ 9 * MIN, 0, 0, 5 * MIN, 6 * MIN },
		{ 4 * HOUR, 0, 0, 2 * HOUR, 2 * HOUR },
		{ 40 * HOUR, 0, 0, 6 * HOUR, 6 * HOUR },
		{ 0, 70000, 0, 70000, 70000 },
		{ 0, 10 * DAY, 0, DAY, DAY },
		/* an eighth of what is left */
		{ 40 * HOUR, 0, 8 * HOUR, HOUR, HOUR },
		{ 0, DAY, 8 * HOUR, HOUR, HOUR },
		{ 40 * HOUR, 0, 60, 5 * MIN, 5 * MIN },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct backoff_park in = {
			.now = NOW,
			.since = NOW - cases[i].waits,
			.retry_at = cases[i].retry ? NOW + cases[i].retry : 0,
			.ts_expire = cases[i].left ? NOW + cases[i].left : 0,
			.random = 12345,
		};

		assert_in_range(backoff_parked(&in) - NOW, cases[i].least,
				cases[i].most);
	}
}

static void orders(void **state)
{
	/* an order of which nothing is spoilt is kept for the next run */
	assert_false(run(FAIL_DNS, 0, 0, 1, 0).drop_order);
	assert_false(run(FAIL_STORE, 0, 0, 1, 0).drop_order);
	assert_false(run(FAIL_CA_DOWN, 0, 0, 1, 0).drop_order);
	assert_true(run(FAIL_BAD_CERT, 0, 0, 1, 0).drop_order);
	assert_true(run(FAIL_BAD_CSR, 0, 0, 1, 0).drop_order);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steps),       cmocka_unit_test(jitter_spreads),
		cmocka_unit_test(retry_after), cmocka_unit_test(classes),
		cmocka_unit_test(of_ca),       cmocka_unit_test(whole_ca),
		cmocka_unit_test(parked),      cmocka_unit_test(orders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
