/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "reply.h"

#define NOW 1700000000

static void take(void **state)
{
	struct fail f = { .class = FAIL_CAA, .detail = "no" };
	struct acme_result ok = { .status = 201,
				  .location = "https://ca/1",
				  .retry_at = NOW,
				  .body = "{\"a\":1}tail",
				  .len = 7 };
	struct acme_result bad = { .status = 403,
				   .fail = &f,
				   .problem_type = "caa" };
	struct reply r = { .failed = false };

	reply_take(&r, &ok);
	assert_false(r.failed);
	assert_int_equal(r.status, 201);
	assert_string_equal(r.location, "https://ca/1");
	assert_string_equal(r.body, "{\"a\":1}");
	assert_int_equal(r.len, 7);
	assert_null(r.problem);
	assert_int_equal(r.retry_at, NOW);
	/* nothing of the one before shines through */
	reply_take(&r, &bad);
	assert_true(r.failed);
	assert_int_equal(r.fail.class, FAIL_CAA);
	assert_string_equal(r.problem, "caa");
	assert_string_equal(r.body, "");
	assert_null(r.location);
	assert_int_equal(r.retry_at, 0);
	reply_free(&r);
	assert_null(r.body);
	reply_free(&r);
}

/* A NUL is as good as any other byte: what is said to be there, is. */
static void take_nul(void **state)
{
	static const char body[] = "-----BEGIN\0CERTIFICATE-----\n";
	struct acme_result ok = { .status = 200,
				  .body = body,
				  .len = sizeof(body) - 1 };
	struct reply r = { .failed = false };

	reply_take(&r, &ok);
	assert_int_equal(r.len, sizeof(body) - 1);
	assert_memory_equal(r.body, body, sizeof(body));
	reply_free(&r);
}

static void transient(void **state)
{
	static const struct {
		const char *what;
		enum fail_class class;
		int64_t retry_in; /* 0: not said */
		int tries;
		int64_t want; /* ms; -1: no */
	} cases[] = {
		{ "down, first", FAIL_CA_DOWN, 0, 0, 1000 },
		{ "down, second", FAIL_CA_DOWN, 0, 1, 4000 },
		{ "down, third", FAIL_CA_DOWN, 0, 2, -1 },
		{ "down, asks for 7 s", FAIL_CA_DOWN, 7, 0, 7000 },
		{ "down, asks for an hour", FAIL_CA_DOWN, 3600, 0, -1 },
		{ "limited, asks for 3 s", FAIL_CA_RATE_LIMITED, 3, 0, 3000 },
		{ "limited, asks for 5 min", FAIL_CA_RATE_LIMITED, 300, 0, -1 },
		{ "limited, does not say", FAIL_CA_RATE_LIMITED, 0, 0, -1 },
		{ "the name's limit", FAIL_RATE_LIMITED, 3, 0, -1 },
		{ "account", FAIL_ACCOUNT, 0, 0, -1 },
		{ "refused", FAIL_REJECTED, 0, 0, -1 },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fail f = { .class = cases[i].class };
		int64_t ms = -1;

		if (cases[i].retry_in)
			f.retry_at = NOW + cases[i].retry_in;
		assert_int_equal(reply_transient(&f, cases[i].tries, NOW, &ms),
				 cases[i].want != -1);
		if (ms != cases[i].want)
			fail_msg("%s: %lld ms", cases[i].what, (long long) ms);
	}
}

/* A URL that the CA gave seconds ago, and half a reply: it may pass. */
static void races(void **state)
{
	struct reply r = { .status = 404 };
	int tries = 0, n = 0;
	int64_t ms = 0, all = 0;

	while (reply_race(&r, &tries, &ms)) {
		all += ms;
		assert_true(++n < 20);
	}
	assert_in_range(all, 5000, 60000);
	r.status = 403;
	tries = 0;
	assert_false(reply_race(&r, &tries, &ms));
	assert_int_equal(tries, 0);
	for (n = 0; reply_unreadable(&tries, &ms); n++)
		assert_true(ms > 0 && n < 20);
	assert_int_equal(n, REPLY_TRIES);
}

static void terminal(void **state)
{
	struct fail f = { .class = FAIL_BAD_CSR };

	assert_true(reply_terminal(&f));
	f.class = FAIL_INTERNAL; /* malformed, 404 */
	assert_true(reply_terminal(&f));
	f.class = FAIL_CA_DOWN;
	assert_false(reply_terminal(&f));
	f.class = FAIL_RATE_LIMITED;
	assert_false(reply_terminal(&f));
	f.class = FAIL_HOST;
	assert_false(reply_terminal(&f));
}

static void polls(void **state)
{
	/* a near CA gets a moment, a far one has had it */
	assert_int_equal(reply_poll_ms(0, 1, 0, NOW), 24);
	assert_int_equal(reply_poll_ms(0, 50, 0, NOW), 0);
	/* the first poll does not wait for Retry-After */
	assert_int_equal(reply_poll_ms(0, 50, NOW + 5, NOW), 0);
	assert_int_equal(reply_poll_ms(1, 50, 0, NOW), 50);
	assert_int_equal(reply_poll_ms(2, 50, 0, NOW), 100);
	assert_int_equal(reply_poll_ms(4, 50, 0, NOW), 400);
	assert_int_equal(reply_poll_ms(30, 50, 0, NOW), 5000);
	assert_int_equal(reply_poll_ms(2000000000, 50, 0, NOW), 5000);
	assert_int_equal(reply_poll_ms(1, 50, NOW + 3, NOW), 3000);
	assert_int_equal(reply_poll_ms(1, 50, NOW + 7200, NOW), 60000);
	assert_int_equal(reply_poll_ms(1, 50, NOW - 3, NOW), 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(take),	     cmocka_unit_test(take_nul),
		cmocka_unit_test(transient), cmocka_unit_test(races),
		cmocka_unit_test(terminal),  cmocka_unit_test(polls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
