/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "backoff.h"
#include "store.h"

#define NOW  1700000000
#define MIN  60
#define HOUR 3600
#define DAY  86400
#define LONG (NOW + 1000 * DAY) /* of a private CA */

static struct backoff run(enum fail_class class, int64_t retry_at,
			  int64_t count, int64_t ts_expire, uint32_t random)
{
	struct fail f = { .class = class,
			  .retry_at = retry_at,
			  .limited = class == FAIL_RATE_LIMITED };
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

/* RFC 2308: what was looked for and not there is not looked for again before
 * that is forgotten. */
static void absent(void **state)
{
	static const struct {
		const char *what;
		enum fail_class class;
		int64_t absent, retry_at, count, left; /* s; left 0: none */
		int64_t want;
	} cases[] = {
		{ "no absence", FAIL_DNS, 0, 0, 0, 0, MIN },
		{ "half an hour", FAIL_DNS, 1800, 0, 0, 0, 1800 },
		{ "... with 30 days left", FAIL_DNS, 1800, 0, 0, 30 * DAY,
		  1800 },
		{ "a minute: no longer than else", FAIL_DNS, 60, 0, 1, 0,
		  10 * MIN },
		{ "half an hour, after 100 minutes' wait", FAIL_DNS, 1800, 0, 2,
		  0, 100 * MIN },
		{ "12 hours (document 2): an hour", FAIL_DNS, 43200, 0, 0, 0,
		  HOUR },
		{ "the most that 31 bits hold: an hour", FAIL_DNS, 2147483647,
		  0, 0, 0, HOUR },
		{ "2 hours left: an eighth", FAIL_DNS, 3600, 0, 0, 2 * HOUR,
		  15 * MIN },
		{ "2 minutes left: five minutes", FAIL_DNS, 3600, 0, 0, 2 * MIN,
		  5 * MIN },
		{ "expired: an hour", FAIL_DNS, 43200, 0, 0, -DAY, HOUR },
		{ "the CA says 5 s: not before", FAIL_DNS, 1800, 5, 0, 0,
		  1800 },
		{ "the CA says 2 hours", FAIL_DNS, 1800, 2 * HOUR, 0, 0,
		  2 * HOUR },
		{ "no TXT record, unauthorized", FAIL_UNAUTHORIZED, 1800, 0, 0,
		  0, 1800 },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fail f = {
			.class = cases[i].class,
			.absent = cases[i].absent,
			.retry_at =
				cases[i].retry_at ? NOW + cases[i].retry_at : 0,
		};
		struct backoff_in in = {
			.fail = &f,
			.now = NOW,
			.count = cases[i].count,
			.limit = 10,
			.ts_expire = cases[i].left ? NOW + cases[i].left : 1,
		};
		struct backoff b = backoff_name(&in, false);

		if (b.next - NOW != cases[i].want || !b.count)
			fail_msg("%s: %lld", cases[i].what,
				 (long long) (b.next - NOW));
		in.count = 9;
		assert_true(backoff_name(&in, false).hold ==
			    fail_of_person(cases[i].class));
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
	static const struct {
		const char *what;
		enum fail_class class;
		int64_t asked, expire; /* seconds from now; 0: not, none */
		int64_t want;
	} cases[] = {
		{ "to the second", FAIL_DNS, 4242, 0, 4242 },
		{ "to the second, after a 429", FAIL_RATE_LIMITED, 4242, 0,
		  4242 },
		{ "31 days: a day", FAIL_RATE_LIMITED, 31 * DAY, 0, DAY },
		{ "a hundred years: a day", FAIL_DNS, 36500LL * DAY, 90 * DAY,
		  DAY },
		{ "5 days, 4 left: an eighth", FAIL_RATE_LIMITED, 5 * DAY,
		  4 * DAY, 12 * HOUR },
		{ "a day, 8 hours left: an eighth", FAIL_RATE_LIMITED, DAY,
		  8 * HOUR, HOUR },
		{ "a day, 2 hours left: an eighth", FAIL_DNS, DAY, 2 * HOUR,
		  15 * MIN },
		{ "... an hour after a 429", FAIL_RATE_LIMITED, DAY, 2 * HOUR,
		  HOUR },
		{ "5 s after a 429: an hour", FAIL_RATE_LIMITED, 5, 0, HOUR },
		{ "a 429 that says nothing: an hour", FAIL_RATE_LIMITED, 0, 0,
		  HOUR },
		{ "in the past: as if not said", FAIL_DNS, -1, 0, MIN },
		{ "the disk is full", FAIL_STORE, 2 * DAY, 0, DAY },
		{ "... for a name with two hours", FAIL_INTERNAL, DAY, 2 * HOUR,
		  15 * MIN },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct backoff b =
			run(cases[i].class,
			    cases[i].asked ? NOW + cases[i].asked : 0, 0,
			    cases[i].expire ? NOW + cases[i].expire : 1, 0);

		if (b.next - NOW != cases[i].want)
			fail_msg("%s: %lld", cases[i].what,
				 (long long) (b.next - NOW));
	}
}

/* Whatever is asked, however often it failed: never beyond the maximum. */
static void bounded(void **state)
{
	int64_t count, asked, expire;
	int c;

	for (c = FAIL_NONE + 1; c <= FAIL_LOCKED; c++)
		for (count = 0; count < 9; count++)
			for (asked = 0; asked < 40; asked += 13)
				for (expire = 0; expire < 3; expire++) {
					struct backoff b =
						run((enum fail_class) c,
						    NOW + asked * DAY, count,
						    expire == 2 ? LONG : expire,
						    0xffffffff);

					assert_in_range(b.next, NOW + 1,
							NOW + BACKOFF_MAX);
				}
}

static void classes(void **state)
{
	static const struct {
		enum fail_class class;
		bool count, hold; /* hold: at the limit */
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
		{ FAIL_CA_DOWN, true, true }, /* the CA does not rest */
		{ FAIL_ACCOUNT, false, false },
		{ FAIL_INTERNAL, false, false },
		{ FAIL_HOST, false, false },
		{ FAIL_STORE, false, false },
		{ FAIL_LOCKED, false, false },
		{ FAIL_CLOCK, false, false },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct backoff b = run(cases[i].class, 0, 8, 1, 0);

		/* the ninth failure, and the tenth */
		assert_int_equal(b.count, cases[i].count);
		assert_false(b.hold);
		assert_true(b.next > NOW && b.next < STORE_NEVER);
		b = run(cases[i].class, 0, 9, 1, 0);
		assert_int_equal(b.hold, cases[i].hold);
		assert_int_equal(b.next == STORE_NEVER, cases[i].hold);
	}
}

/* An outage counts against nobody, however often the name failed before. */
static void outage(void **state)
{
	struct fail f = { .class = FAIL_CA_DOWN };
	struct backoff_in in = { .fail = &f,
				 .now = NOW,
				 .count = 10,
				 .limit = 10,
				 .ca_backoff = NOW + 777 };

	assert_int_equal(backoff_name(&in, false).next, NOW + 777);
	assert_false(backoff_name(&in, false).count);
	assert_false(backoff_name(&in, false).hold);
	assert_false(backoff_name(&in, false).drop_order);
	assert_true(backoff_name(&in, true).drop_order);
	/* a rest that is over is none */
	in.ca_backoff = NOW;
	assert_true(backoff_name(&in, false).hold);
	in.count = 8;
	assert_int_equal(backoff_name(&in, false).next, NOW + DAY);
	f.class = FAIL_ACCOUNT;
	assert_false(backoff_name(&in, false).count);
}

static void alike(void **state)
{
	static const struct {
		const char *a, *b;
		bool want;
	} cases[] = {
		{ "", "", true },
		{ "HTTP 500 at newOrder", "HTTP 503 at newOrder", true },
		{ "HTTP 500 at newOrder", "HTTP 500 at finalize", false },
		{ "https://ca/order/17: connection refused",
		  "https://ca/order/23: connection refused", true },
		{ "https://ca/order/17: connection refused",
		  "https://ca/order/17: connection refused twice", false },
		{ "the order of a.example.org makes no sense",
		  "the order of b.example.org makes no sense", true },
		{ "the order makes no sense", "the order 17 makes no sense",
		  true },
		{ "gave up after 10 min", "the CA's order: not JSON", false },
		{ "  spaces", "spaces", true },
	};
	struct fail a = { .class = FAIL_CA_DOWN }, b = a;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(a.detail, sizeof(a.detail), "%s", cases[i].a);
		snprintf(b.detail, sizeof(b.detail), "%s", cases[i].b);
		if (backoff_alike(&a, &b) != cases[i].want ||
		    backoff_alike(&b, &a) != cases[i].want)
			fail_msg("%s | %s", a.detail, b.detail);
	}
	b.class = FAIL_ACCOUNT;
	memcpy(a.detail, b.detail, sizeof(a.detail));
	assert_false(backoff_alike(&a, &b));
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
	f.limited = true; /* by a 429; a 503 with an instant is not */
	assert_int_equal(backoff_ca(&f, NOW, 1, 0), NOW + HOUR);
	f.retry_at = NOW + 12345;
	assert_int_equal(backoff_ca(&f, NOW, 1, 99), NOW + 12345);
	f.retry_at = NOW + 30;
	assert_int_equal(backoff_ca(&f, NOW, 1, 0), NOW + HOUR);
	f.retry_at = NOW + 31 * DAY;
	assert_int_equal(backoff_ca(&f, NOW, 1, 99), NOW + DAY);
	f.limited = false;
	f.retry_at = NOW + 30;
	assert_int_equal(backoff_ca(&f, NOW, 1, 99), NOW + 30);
}

/* What no try will mend is held at the first, if a person can mend it. */
static void lasting(void **state)
{
	struct fail f = { .class = FAIL_BAD_CSR, .lasting = true };
	const struct backoff_in in = { .fail = &f, .now = NOW, .limit = 10 };
	struct backoff b = backoff_name(&in, true);

	assert_true(b.hold);
	assert_true(b.count);
	assert_int_equal(b.next, STORE_NEVER);
	f.lasting = false;
	b = backoff_name(&in, true);
	assert_false(b.hold);
	f.lasting = true;
	f.class = FAIL_DNS;
	b = backoff_name(&in, true);
	assert_false(b.hold);
}

/* What cost nobody a request is counted against no name, however often, and
 * tried each hour; nearer to the end more often, as ever. */
static void unspent(void **state)
{
	struct fail f = { .class = FAIL_CONFIG, .unspent = true };
	struct backoff_in in = {
		.fail = &f, .now = NOW, .count = 9, .limit = 10
	};
	struct backoff b = backoff_name(&in, false);

	assert_false(b.count || b.hold || b.drop_order);
	assert_in_range(b.next, NOW + 3600, NOW + 4320);
	in.ts_expire = NOW + 8 * 600;
	assert_int_equal(backoff_name(&in, false).next, NOW + 600);
	f.unspent = false;
	assert_true(backoff_name(&in, false).hold);
}

/* What may be one odd answer is asked again, hours later. */
static void later(void **state)
{
	struct fail f = { .class = FAIL_BAD_CSR, .later = true };
	struct backoff_in in = { .fail = &f, .now = NOW, .limit = 10 };
	struct backoff b = backoff_name(&in, true);

	assert_true(b.count);
	assert_false(b.hold);
	assert_in_range(b.next, NOW + 6 * 3600, NOW + 26000);
	in.ts_expire = NOW + 8 * 600;
	assert_int_equal(backoff_name(&in, true).next, NOW + 600);
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
		cmocka_unit_test(steps),	  cmocka_unit_test(absent),
		cmocka_unit_test(jitter_spreads), cmocka_unit_test(retry_after),
		cmocka_unit_test(classes),	  cmocka_unit_test(outage),
		cmocka_unit_test(alike),	  cmocka_unit_test(bounded),
		cmocka_unit_test(whole_ca),	  cmocka_unit_test(parked),
		cmocka_unit_test(lasting),	  cmocka_unit_test(unspent),
		cmocka_unit_test(later),	  cmocka_unit_test(orders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
