/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "due.h"

#define DAY 86400
#define T0  1700000000 /* not before, where it matters */

static void renew_at(void **state)
{
	static const struct {
		const char *what;
		int64_t life_days, days_left;
		int64_t before_end; /* seconds */
	} cases[] = {
		{ "90 days: a third", 90, 0, 30 * DAY },
		{ "45 days: a third", 45, 0, 15 * DAY },
		{ "10 days: still a third", 10, 0, 10 * DAY / 3 },
		{ "9 days: half", 9, 0, 9 * DAY / 2 },
		{ "6 days: half", 6, 0, 3 * DAY },
		{ "a year: a third", 366, 0, 122 * DAY },
		{ "days_left overrides later", 90, 10, 10 * DAY },
		{ "days_left overrides earlier", 90, 60, 60 * DAY },
		{ "days_left on a short one", 6, 2, 2 * DAY },
		{ "30 days of 40: at the quarter", 40, 30, 30 * DAY },
		{ "31 days of 40: in the first quarter", 40, 31, 40 * DAY / 3 },
		{ "days_left is the whole life", 30, 30, 10 * DAY },
		{ "days_left over the life", 6, 30, 3 * DAY },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t end = T0 + cases[i].life_days * DAY;
		int64_t got = due_renew_at(T0, end, cases[i].days_left);

		if (got != end - cases[i].before_end)
			fail_msg("%s: %lld s before the end, not %lld",
				 cases[i].what, (long long) (end - got),
				 (long long) cases[i].before_end);
		/* what was asked for is what is done */
		if (due_ignores(T0, end, cases[i].days_left) !=
		    (cases[i].days_left != 0 &&
		     cases[i].days_left * DAY != cases[i].before_end))
			fail_msg("%s: ignored", cases[i].what);
	}
	/* begin unknown: as for 90 days */
	assert_int_equal(due_renew_at(0, T0, 0), T0 - 30 * DAY);
	assert_int_equal(due_renew_at(0, T0, 20), T0 - 20 * DAY);
	/* nonsense: the end before the beginning */
	assert_int_equal(due_renew_at(T0, T0 - 5, 0), T0 - 5 - 30 * DAY);
}

/* What the CA asks for takes the place of the rule, within the life. */
static void asked(void **state)
{
	static const struct {
		const char *what;
		int64_t life_days, days_left;
		int64_t ari;	    /* seconds after the begin; 0: none */
		int64_t before_end; /* seconds */
		bool asked;
	} cases[] = {
		{ "none", 90, 0, 0, 30 * DAY, false },
		{ "none, days_left", 90, 20, 0, 20 * DAY, false },
		{ "earlier than a third", 90, 0, 59 * DAY, 31 * DAY, true },
		{ "later than a third", 90, 0, 61 * DAY, 29 * DAY, true },
		{ "at once, but not on its first day", 90, 0, 1, 89 * DAY,
		  true },
		{ "on its first day", 90, 0, DAY - 1, 89 * DAY, true },
		{ "when that is over", 90, 0, DAY, 89 * DAY, true },
		{ "then at once", 90, 0, DAY + 1, 89 * DAY - 1, true },
		/* of 160 hours 10, of 16 days the day is the smaller one */
		{ "short: a sixteenth", 8, 0, 1, 7 * DAY + DAY / 2, true },
		{ "16 days: a day", 16, 0, 1, 15 * DAY, true },
		{ "short: after that", 8, 0, DAY / 2 + 5, 7 * DAY + DAY / 2 - 5,
		  true },
		{ "a sixth is left", 90, 0, 75 * DAY, 15 * DAY, true },
		{ "less than a sixth", 90, 0, 75 * DAY + 1, 15 * DAY, false },
		{ "after its end", 90, 0, 91 * DAY, 15 * DAY, false },
		{ "in a hundred years", 90, 0, 36500LL * DAY, 15 * DAY, false },
		{ "short: a quarter is left", 8, 0, 6 * DAY, 2 * DAY, true },
		{ "short: less", 8, 0, 6 * DAY + 1, 2 * DAY, false },
		{ "10 days: a sixth", 12, 0, 11 * DAY, 2 * DAY, false },
		/* of the two the earlier one */
		{ "days_left is earlier", 90, 40, 60 * DAY, 40 * DAY, false },
		{ "days_left is later", 90, 10, 60 * DAY, 30 * DAY, true },
		{ "they are the same", 90, 30, 60 * DAY, 30 * DAY, true },
		{ "days_left is not meant for it", 6, 30, 4 * DAY, 2 * DAY,
		  true },
		{ "days_left, and too late", 90, 10, 89 * DAY, 15 * DAY,
		  false },
	};
	size_t i;
	bool by;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t end = T0 + cases[i].life_days * DAY;
		int64_t ari = cases[i].ari ? T0 + cases[i].ari : 0;
		int64_t got =
			due_renew_asked(T0, end, cases[i].days_left, ari, &by);
		const struct due_in in = { .has_crt = true,
					   .not_before = T0,
					   .not_after = end,
					   .days_left = cases[i].days_left,
					   .ari = ari };

		if (got != end - cases[i].before_end || by != cases[i].asked)
			fail_msg("%s: %lld s before the end, not %lld",
				 cases[i].what, (long long) (end - got),
				 (long long) cases[i].before_end);
		assert_int_equal(due_instant(&in), got);
	}
	/* in the past of everything */
	assert_int_equal(due_renew_asked(T0, T0 + DAY, 0, 5, &by), T0 + 5400);
	assert_true(by);
	/* no instant at all, and the columns may hold anything */
	assert_int_equal(due_renew_asked(T0, T0 + 90 * DAY, 0, -5, NULL),
			 T0 + 60 * DAY);
	assert_int_equal(due_renew_asked(INT64_MIN, INT64_MAX, INT64_MAX,
					 INT64_MAX, NULL),
			 253402300799 - 15 * DAY);
	assert_int_equal(
		due_renew_asked(INT64_MAX, INT64_MIN, -1, INT64_MIN, NULL),
		-30 * DAY);
}

static void first_poll(void **state)
{
	assert_int_equal(due_first_poll(T0, 0), T0 + 3600);
	assert_int_equal(due_first_poll(T0, 18000), T0 + 6 * 3600);
	for (uint32_t r = 1; r; r *= 3) {
		assert_in_range(due_first_poll(T0, r), T0 + 3600,
				T0 + 6 * 3600);
		if (r > UINT32_MAX / 3)
			break;
	}
}

static int64_t at_once_or(struct due_in in)
{
	return due_instant(&in);
}
#define INSTANT(...) at_once_or((struct due_in){ __VA_ARGS__ })

static void instant(void **state)
{
	const int64_t end = T0 + 90 * DAY, at = end - 30 * DAY;

	/* without a certificate: at once, which is no instant of a clock */
	assert_int_equal(INSTANT(.not_after = 1), 0);
	assert_int_equal(INSTANT(.not_after = 1, .next_attempt = T0), T0);
	assert_int_equal(
		INSTANT(.has_crt = true, .not_before = T0, .not_after = end),
		at);
	assert_int_equal(INSTANT(.has_crt = true, .not_before = T0,
				 .not_after = end, .next_attempt = at - 5),
			 at);
	assert_int_equal(INSTANT(.has_crt = true, .not_before = T0,
				 .not_after = end, .next_attempt = at + 5),
			 at + 5);
	assert_true(INSTANT(.has_crt = true, .not_before = T0, .not_after = end,
			    .held = true) == STORE_NEVER);
	/* a replaced CSR waits for no date, but for a backoff */
	assert_int_equal(INSTANT(.has_crt = true, .not_before = T0,
				 .not_after = end, .renew = true),
			 0);
	assert_int_equal(INSTANT(.has_crt = true, .not_before = T0,
				 .not_after = end, .next_attempt = 9,
				 .renew = true),
			 9);
	/* never negative: a row of 1970 is due now, not in the past of it */
	assert_int_equal(INSTANT(.has_crt = true, .not_after = 1), 0);
}

static void decide(void **state)
{
	int64_t end = T0 + 90 * DAY;
	int64_t at = end - 30 * DAY;
	const struct {
		const char *what;
		bool has;
		bool renew;
		int64_t next, now;
		bool force;
		enum due_reason want;
		int64_t ari;
	} cases[] = {
		{ "asked for, not yet", true, false, 0, T0 + DAY + 9, false,
		  DUE_NOT, T0 + DAY + 10 },
		{ "asked for", true, false, 0, T0 + DAY + 10, false, DUE_ARI,
		  T0 + DAY + 10 },
		{ "asked for, backing off", true, false, T0 + DAY + 11,
		  T0 + DAY + 10, false, DUE_NOT, T0 + DAY + 10 },
		{ "asked for, and CSR replaced", true, true, 0, T0 + DAY + 10,
		  false, DUE_REPLACED, T0 + DAY + 10 },
		{ "asked for later than a third", true, false, 0, at, false,
		  DUE_NOT, at + 10 },
		{ "asked for too late", true, false, 0, end - 15 * DAY, false,
		  DUE_RENEW, end - 10 },
		{ "none to ask for", false, false, 0, T0, false, DUE_MISSING,
		  T0 },
		{ "none", false, false, 0, T0, false, DUE_MISSING },
		{ "none, backing off", false, false, T0 + 1, T0, false,
		  DUE_NOT },
		{ "none, backoff over", false, false, T0, T0, false,
		  DUE_MISSING },
		{ "none, backing off, forced", false, false, T0 + 1, T0, true,
		  DUE_MISSING },
		{ "fresh", true, false, 0, T0, false, DUE_NOT },
		{ "fresh, forced", true, false, 0, T0, true, DUE_FORCED },
		{ "a second early", true, false, 0, at - 1, false, DUE_NOT },
		{ "on the second", true, false, 0, at, false, DUE_RENEW },
		{ "late, backing off", true, false, end, end - 1, false,
		  DUE_NOT },
		{ "last second", true, false, 0, end - 1, false, DUE_RENEW },
		{ "expired", true, false, 0, end, false, DUE_EXPIRED },
		{ "held, forced", true, false, STORE_NEVER, at, true,
		  DUE_RENEW },
		{ "CSR replaced", true, true, 0, T0, false, DUE_REPLACED },
		{ "CSR replaced, backing off", true, true, T0 + 1, T0, false,
		  DUE_NOT },
		{ "held", true, false, STORE_NEVER, at, false, DUE_NOT },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct store_due d = {
			.name = "x.example.org",
			.has_crt = cases[i].has,
			.renew = cases[i].renew,
			.ts_not_before = cases[i].has ? T0 : 0,
			.ts_expire = cases[i].has ? end : 1,
			.ts_next_attempt = cases[i].next,
			.ts_ari = cases[i].ari,
		};

		if (due_decide(&d, cases[i].now, 0, cases[i].force) !=
		    cases[i].want)
			fail_msg("%s", cases[i].what);
	}
}

static void texts(void **state)
{
	int r;

	for (r = DUE_NOT; r <= DUE_FORCED; r++)
		assert_true(strlen(due_reason_text((enum due_reason) r)) > 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(renew_at),   cmocka_unit_test(asked),
		cmocka_unit_test(first_poll), cmocka_unit_test(instant),
		cmocka_unit_test(decide),     cmocka_unit_test(texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
