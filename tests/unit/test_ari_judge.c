/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "ari_judge.h"

#define DAY  86400
#define HOUR 3600
#define NOW  1700000000
#define NB   (NOW - 10 * DAY)
#define NA   (NB + 90 * DAY)
#define RULE (NA - 30 * DAY)

#define WINDOW                              \
	"{\"suggestedWindow\":{\"start\":"  \
	"\"2025-01-02T04:00:00Z\",\"end\":" \
	"\"2025-01-03T04:00:00Z\"}}"

/* Statuses and bodies. */
static void heard(void **state)
{
	static const struct {
		const char *what;
		long status; /* 0: no answer */
		const char *body;
		enum ari_heard want;
	} cases[] = {
		{ "a window", 200, WINDOW, ARI_WINDOW },
		{ "rubbish", 200, "rubbish", ARI_GARBAGE },
		{ "no window", 200, "{}", ARI_GARBAGE },
		{ "not known", 404, "", ARI_NONE },
		{ "Sectigo, of another number", 401, "", ARI_GARBAGE },
		{ "a firewall", 403, "", ARI_GARBAGE },
		{ "not allowed", 405, "", ARI_GARBAGE },
		{ "a proxy", 407, "", ARI_GARBAGE },
		{ "conflict", 409, "", ARI_GARBAGE },
		{ "malformed", 400, "", ARI_NONE },
		{ "gone", 410, "", ARI_NONE },
		{ "elsewhere", 302, "", ARI_GARBAGE },
		{ "time out", 408, "", ARI_LATER },
		{ "too early", 425, "", ARI_LATER },
		{ "too many", 429, "", ARI_LATER },
		{ "an error", 500, "", ARI_LATER },
		{ "down", 503, "", ARI_LATER },
		{ "cut", 0, "", ARI_LATER },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct arena *arena = arena_new();
		struct fail fail = { .class = FAIL_CA_DOWN, .detail = "why" };
		const struct acme_result r = {
			.fail = cases[i].status == 200 ? NULL : &fail,
			.status = cases[i].status,
			.body = cases[i].body,
			.len = strlen(cases[i].body),
		};
		struct ari_info info;
		struct err err = ERR_INIT;
		enum ari_heard got = ari_judge_heard(&r, arena, &info, &err);

		if (got != cases[i].want)
			fail_msg("%s: %d", cases[i].what, (int) got);
		if (got != ARI_WINDOW && !err.msg[0])
			fail_msg("%s: nothing is said", cases[i].what);
		arena_free(&arena);
	}
}

/* A row of 90 days, 10 of which are over. */
static struct store_ari row(int64_t at, int64_t start, int64_t end)
{
	return (struct store_ari){ .name = "a.example.org",
				   .crt_sha256 = "x",
				   .ts_not_before = NB,
				   .ts_expire = NA,
				   .ts_due = at ? at : RULE,
				   .ts_ari = at,
				   .ari_start = start,
				   .ari_end = end,
				   .ari_url = at ? "https://old" : NULL,
				   .ts_ari_poll = NOW - 5 };
}

static struct ari_verdict judge(const struct store_ari *read, enum ari_heard h,
				int64_t start, int64_t end)
{
	const struct ari_info info = { start, end, "https://why" };
	struct ari_verdict v;

	ari_judge(read, h, &info, NOW + 2 * HOUR, NOW, 0, 3, &v);
	return v;
}

static void windows(void **state)
{
	struct store_ari r = row(0, 0, 0);
	struct ari_verdict v;

	/* to come */
	v = judge(&r, ARI_WINDOW, NOW + DAY, NOW + 2 * DAY);
	assert_false(v.asked_only || v.moved || v.due);
	assert_int_equal(v.row.ts_ari, NOW + DAY + 3);
	assert_int_equal(v.row.ts_due, NOW + DAY + 3);
	assert_int_equal(v.row.ari_start, NOW + DAY);
	assert_int_equal(v.row.ari_end, NOW + 2 * DAY);
	assert_string_equal(v.row.ari_url, "https://why");
	assert_int_equal(v.row.ts_ari_poll, NOW + 2 * HOUR);
	/* it was over when it was heard of first: now, and no incident */
	v = judge(&r, ARI_WINDOW, NOW - 7200, NOW - 3600);
	assert_true(v.due);
	assert_false(v.moved || v.sooner);
	/* the same as before: the same instant */
	r = row(NOW + DAY + 77, NOW + DAY, NOW + 2 * DAY);
	v = judge(&r, ARI_WINDOW, NOW + DAY, NOW + 2 * DAY);
	assert_int_equal(v.row.ts_ari, NOW + DAY + 77);
	assert_false(v.moved);
	/* later, or earlier, but still to come */
	v = judge(&r, ARI_WINDOW, NOW + HOUR, NOW + 2 * HOUR);
	assert_int_equal(v.row.ts_ari, NOW + HOUR + 3);
	assert_false(v.moved || v.due);
	assert_true(v.sooner);
	/* it says why, and is before the other, or is not told of */
	r.ts_ari = NOW + DAY;
	v = judge(&r, ARI_WINDOW, NOW + HOUR, NOW + DAY);
	assert_true(v.sooner);
	v = judge(&r, ARI_WINDOW, NOW + HOUR, NOW + DAY + 1);
	assert_false(v.sooner);
	v = judge(&r, ARI_WINDOW, NOW + 3 * DAY, NOW + 4 * DAY);
	assert_false(v.sooner);
	ari_judge(&r, ARI_WINDOW,
		  &(struct ari_info){ NOW + HOUR, NOW + 2 * HOUR, NULL }, 0,
		  NOW, 0, 3, &v);
	assert_false(v.sooner);
	/* into the past */
	v = judge(&r, ARI_WINDOW, NOW - 3600, NOW - 1800);
	assert_true(v.moved && v.due && !v.sooner);
	assert_int_equal(v.row.ts_due, NOW - 3597);
	v = judge(&r, ARI_WINDOW, NOW - 3600, NOW);
	assert_true(v.moved);
	v = judge(&r, ARI_WINDOW, NOW - 3600, NOW + 1);
	assert_false(v.moved);
	/* one that was open, with an instant to come */
	r = row(NOW + 5, NOW - HOUR, NOW + HOUR);
	v = judge(&r, ARI_WINDOW, NOW - 3600, NOW - 1800);
	assert_true(v.moved && v.due);
	/* one that was over anyway: as each day when it is not renewed */
	r = row(NOW - DAY, NOW - 2 * DAY, NOW - HOUR);
	v = judge(&r, ARI_WINDOW, NOW - 3600, NOW - 1800);
	assert_true(v.due);
	assert_false(v.moved);
}

/* Due is what all the rest allows. */
static void due(void **state)
{
	struct store_ari r = row(0, 0, 0);
	struct ari_verdict v;

	r.held = true;
	v = judge(&r, ARI_WINDOW, NOW - 3600, NOW - 1800);
	assert_false(v.due);
	assert_true(v.row.ts_due == STORE_NEVER);
	r.held = false;
	r.ts_next_attempt = NOW + 50;
	v = judge(&r, ARI_WINDOW, NOW - 3600, NOW - 1800);
	assert_int_equal(v.row.ts_due, NOW + 50);
	assert_false(v.due);
	r.ts_next_attempt = 0;
	r.renew = true;
	v = judge(&r, ARI_WINDOW, NOW + DAY, NOW + 2 * DAY);
	assert_int_equal(v.row.ts_due, 0);
	assert_true(v.due);
	/* too late to be believed: a sixth of the life is left */
	r.renew = false;
	v = judge(&r, ARI_WINDOW, NA, NA + DAY);
	assert_int_equal(v.row.ts_due, NA - 15 * DAY);
}

static void no_window(void **state)
{
	struct store_ari r = row(NOW + DAY, NOW + HOUR, NOW + 2 * DAY);
	struct ari_verdict v;

	v = judge(&r, ARI_NONE, 0, 0);
	assert_false(v.asked_only || v.moved || v.due);
	assert_int_equal(v.row.ts_ari + v.row.ari_start + v.row.ari_end, 0);
	assert_null(v.row.ari_url);
	assert_int_equal(v.row.ts_due, RULE);
	assert_int_equal(v.row.ts_ari_poll, NOW + 6 * HOUR);
	v = judge(&r, ARI_GARBAGE, 0, 0);
	assert_true(v.asked_only);
	assert_int_equal(v.row.ts_ari_poll, NOW + 6 * HOUR);
	v = judge(&r, ARI_LATER, 0, 0);
	assert_true(v.asked_only);
	assert_int_equal(v.row.ts_ari_poll, NOW + 2 * HOUR);
	/* in time for the next hourly run, within a day */
	assert_int_equal(ari_judge_later(NOW, 0), NOW + 1800);
	assert_int_equal(ari_judge_later(NOW, NOW + 60), NOW + 1800);
	assert_int_equal(ari_judge_later(NOW, NOW + 7200), NOW + 7200);
	assert_int_equal(ari_judge_later(NOW, INT64_MAX), NOW + DAY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(heard),
		cmocka_unit_test(windows),
		cmocka_unit_test(due),
		cmocka_unit_test(no_window),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
