/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "scratch.h"
#include "plan.h"

struct cert_case {
	const char *what;
	struct plan_cert in;
	enum plan_verdict want, forced;
};

static void check_certs(const struct cert_case *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (plan_cert(&cases[i].in, false) != cases[i].want)
			fail_msg("%s", cases[i].what);
		if (plan_cert(&cases[i].in, true) != cases[i].forced)
			fail_msg("%s, forced", cases[i].what);
	}
}

/* A name that the store does not have, but was asked for. */
static void asked(void **state)
{
	const struct plan_cert c = { .row = PLAN_ROW_ASKED };

	assert_int_equal(plan_cert(&c, false), PLAN_WAIT);
	assert_int_equal(plan_cert(&c, true), PLAN_WAIT);
	assert_string_equal(plan_row_text(c.row),
			    "asked for, waits to be approved");
	assert_string_equal(plan_row_text(PLAN_ROW_EMPTY), "not issued yet");
	assert_string_equal(plan_row_text(PLAN_ROW_DISABLED), "disabled");
}

/* The verdict on one certificate, by cases. */
static void certificates(void **state)
{
	static const struct cert_case cases[] = {
		{ "no such row",
		  { .row = PLAN_ROW_MISSING },
		  PLAN_MISSING,
		  PLAN_MISSING },
		{ "disabled",
		  { .row = PLAN_ROW_DISABLED },
		  PLAN_WAIT,
		  PLAN_WAIT },
		{ "not issued",
		  { .row = PLAN_ROW_EMPTY },
		  PLAN_WAIT,
		  PLAN_WAIT },
		{ "rubbish",
		  { .row = PLAN_ROW_BAD },
		  PLAN_REFUSE,
		  PLAN_REFUSE },
		{ "first",
		  { .row = PLAN_ROW_GOOD, .row_from = 100 },
		  PLAN_PUT,
		  PLAN_PUT },
		{ "as it should be",
		  { .row = PLAN_ROW_GOOD,
		    .same_files = true,
		    .same_cert = true,
		    .row_from = 100,
		    .have_from = 100 },
		  PLAN_KEEP,
		  PLAN_KEEP },
		{ "newer",
		  { .row = PLAN_ROW_GOOD, .row_from = 101, .have_from = 100 },
		  PLAN_PUT,
		  PLAN_PUT },
		{ "of the same second",
		  { .row = PLAN_ROW_GOOD, .row_from = 100, .have_from = 100 },
		  PLAN_PUT,
		  PLAN_PUT },
		{ "older",
		  { .row = PLAN_ROW_GOOD, .row_from = 99, .have_from = 100 },
		  PLAN_OLDER,
		  PLAN_PUT },
		{ "older, of another CA, by what that may date back",
		  { .row = PLAN_ROW_GOOD,
		    .other_ca = true,
		    .row_from = 10000 - 3900,
		    .have_from = 10000 },
		  PLAN_PUT,
		  PLAN_PUT },
		{ "... and a second more",
		  { .row = PLAN_ROW_GOOD,
		    .other_ca = true,
		    .row_from = 10000 - 3901,
		    .have_from = 10000 },
		  PLAN_OLDER,
		  PLAN_PUT },
		{ "... and it was replaced before",
		  { .row = PLAN_ROW_GOOD,
		    .other_ca = true,
		    .stepped = true,
		    .row_from = 9999,
		    .have_from = 10000 },
		  PLAN_OLDER,
		  PLAN_PUT },
		{ "newer, of another CA, replaced before",
		  { .row = PLAN_ROW_GOOD,
		    .other_ca = true,
		    .stepped = true,
		    .row_from = 10001,
		    .have_from = 10000 },
		  PLAN_PUT,
		  PLAN_PUT },
		{ "the same, other files; ours was younger once",
		  { .row = PLAN_ROW_GOOD,
		    .same_cert = true,
		    .row_from = 99,
		    .have_from = 100 },
		  PLAN_PUT,
		  PLAN_PUT },
		{ "newer, but refused",
		  { .row = PLAN_ROW_GOOD,
		    .refused = true,
		    .row_from = 101,
		    .have_from = 100 },
		  PLAN_REFUSE,
		  PLAN_REFUSE },
		{ "newer, but held",
		  { .row = PLAN_ROW_GOOD,
		    .held = true,
		    .row_from = 101,
		    .have_from = 100 },
		  PLAN_HOLD,
		  PLAN_PUT },
	};

	check_certs(cases, sizeof(cases) / sizeof(cases[0]));
}

/* The same certificate with another chain; and what could not be read. */
static void chains(void **state)
{
	static const struct cert_case cases[] = {
		{ "the same, another chain",
		  { .row = PLAN_ROW_GOOD,
		    .same_cert = true,
		    .sideways = true,
		    .disk_good = true },
		  PLAN_PUT,
		  PLAN_PUT },
		{ "the same, another chain once more",
		  { .row = PLAN_ROW_GOOD,
		    .same_cert = true,
		    .sideways = true,
		    .disk_good = true,
		    .stepped = true },
		  PLAN_KEEP,
		  PLAN_PUT },
		{ "the same, the chain on disk has expired",
		  { .row = PLAN_ROW_GOOD,
		    .same_cert = true,
		    .sideways = true,
		    .stepped = true },
		  PLAN_PUT,
		  PLAN_PUT },
		{ "another of the same second",
		  { .row = PLAN_ROW_GOOD,
		    .row_from = 100,
		    .have_from = 100,
		    .sideways = true,
		    .disk_good = true },
		  PLAN_PUT,
		  PLAN_PUT },
		{ "another of the same second, and it was so before",
		  { .row = PLAN_ROW_GOOD,
		    .row_from = 100,
		    .have_from = 100,
		    .sideways = true,
		    .disk_good = true,
		    .stepped = true },
		  PLAN_KEEP,
		  PLAN_PUT },
		{ "the same, another chain, and another mode",
		  { .row = PLAN_ROW_GOOD,
		    .same_cert = true,
		    .disk_good = true,
		    .stepped = true },
		  PLAN_PUT,
		  PLAN_PUT },
		{ "the same, a chain that was gone back from",
		  { .row = PLAN_ROW_GOOD,
		    .same_cert = true,
		    .sideways = true,
		    .disk_good = true,
		    .stepped = true,
		    .held = true },
		  PLAN_HOLD,
		  PLAN_PUT },
		{ "the same, another chain, refused",
		  { .row = PLAN_ROW_GOOD,
		    .same_cert = true,
		    .refused = true,
		    .sideways = true,
		    .disk_good = true,
		    .stepped = true },
		  PLAN_REFUSE,
		  PLAN_REFUSE },
		{ "the disk cannot be read",
		  { .row = PLAN_ROW_GOOD, .unknown = true, .row_from = 100 },
		  PLAN_UNKNOWN,
		  PLAN_UNKNOWN },
		{ "the disk cannot be read, and nothing is issued",
		  { .row = PLAN_ROW_EMPTY, .unknown = true },
		  PLAN_UNKNOWN,
		  PLAN_UNKNOWN },
	};

	check_certs(cases, sizeof(cases) / sizeof(cases[0]));
}

#define NOW 1000000

struct service_case {
	const char *what;
	struct plan_service in;
	enum plan_action want, forced;
};

static void check_services(const struct service_case *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (plan_service(&cases[i].in, NOW, false) != cases[i].want)
			fail_msg("%s", cases[i].what);
		if (plan_service(&cases[i].in, NOW, true) != cases[i].forced)
			fail_msg("%s, forced", cases[i].what);
	}
}

static void services(void **state)
{
	static const struct service_case cases[] = {
		{ "all well",
		  { .can_activate = true, .right = 2 },
		  PLAN_NOTHING,
		  PLAN_ACTIVATE },
		{ "all well, no commands",
		  { .right = 1 },
		  PLAN_NOTHING,
		  PLAN_NOTHING },
		{ "new",
		  { .put = 1, .can_activate = true, .wrong = 1 },
		  PLAN_INSTALL,
		  PLAN_INSTALL },
		{ "new, and a key that does not fit",
		  { .put = 1, .misfit = true, .can_activate = true },
		  PLAN_NOTHING,
		  PLAN_INSTALL },
		{ "a missed reload, and a key that does not fit",
		  { .misfit = true, .can_activate = true, .wrong = 1 },
		  PLAN_POSTPONE,
		  PLAN_ACTIVATE },
		{ "new, which mends a key that does not fit",
		  { .put = 1, .unfit = true, .can_activate = true, .right = 1 },
		  PLAN_INSTALL,
		  PLAN_INSTALL },
		{ "the same, at the wrong hour",
		  { .put = 1, .unfit = true, .closed = true, .wrong = 1 },
		  PLAN_WINDOW,
		  PLAN_INSTALL },
		{ "the same, held: not told what is there",
		  { .put = 1,
		    .unfit = true,
		    .held = true,
		    .can_activate = true,
		    .wrong = 1 },
		  PLAN_HELD,
		  PLAN_INSTALL },
		{ "new, service down",
		  { .put = 1, .down = 1 },
		  PLAN_INSTALL,
		  PLAN_INSTALL },
		{ "held",
		  { .put = 1, .held = true, .can_activate = true, .right = 1 },
		  PLAN_HELD,
		  PLAN_INSTALL },
		{ "held, and a missed reload",
		  { .put = 1, .held = true, .can_activate = true, .wrong = 1 },
		  PLAN_ACTIVATE,
		  PLAN_INSTALL },
		{ "a missed reload",
		  { .can_activate = true, .wrong = 1 },
		  PLAN_ACTIVATE,
		  PLAN_ACTIVATE },
		{ "a missed reload, no commands",
		  { .wrong = 1 },
		  PLAN_POSTPONE,
		  PLAN_POSTPONE },
		{ "down",
		  { .can_activate = true, .down = 1 },
		  PLAN_DOWN,
		  PLAN_ACTIVATE },
		{ "two reloads did not help",
		  { .can_activate = true,
		    .wrong = 1,
		    .activate_count = 2,
		    .activate_at = NOW - 1 },
		  PLAN_ACTIVATE,
		  PLAN_ACTIVATE },
		{ "three did not",
		  { .can_activate = true,
		    .wrong = 1,
		    .activate_count = 3,
		    .activate_at = NOW - 86399 },
		  PLAN_POSTPONE,
		  PLAN_ACTIVATE },
		{ "three did not, a day ago",
		  { .can_activate = true,
		    .wrong = 1,
		    .activate_count = 3,
		    .activate_at = NOW - 86400 },
		  PLAN_ACTIVATE,
		  PLAN_ACTIVATE },
		{ "three did not, in a future of a wrong clock",
		  { .can_activate = true,
		    .wrong = 1,
		    .activate_count = 3,
		    .activate_at = NOW + 1 },
		  PLAN_ACTIVATE,
		  PLAN_ACTIVATE },
	};

	check_services(cases, sizeof(cases) / sizeof(cases[0]));
}

static void later(void **state)
{
	static const struct service_case cases[] = {
		{ "new, at the wrong hour",
		  { .put = 1, .closed = true, .can_activate = true },
		  PLAN_WINDOW,
		  PLAN_INSTALL },
		{ "held, at the wrong hour",
		  { .put = 1, .held = true, .closed = true },
		  PLAN_HELD,
		  PLAN_INSTALL },
		{ "a missed reload, at the wrong hour",
		  { .closed = true, .can_activate = true, .wrong = 1 },
		  PLAN_WINDOW,
		  PLAN_ACTIVATE },
		{ "all well, at the wrong hour",
		  { .closed = true, .can_activate = true, .right = 1 },
		  PLAN_NOTHING,
		  PLAN_ACTIVATE },
		{ "told, and waits for the reboot",
		  { .wait = 100,
		    .waiting = NOW - 99,
		    .can_activate = true,
		    .wrong = 1 },
		  PLAN_WAITING,
		  PLAN_ACTIVATE },
		{ "in the middle of the reboot",
		  { .wait = 100,
		    .waiting = NOW - 99,
		    .can_activate = true,
		    .down = 1 },
		  PLAN_WAITING,
		  PLAN_ACTIVATE },
		{ "no reboot came",
		  { .wait = 100,
		    .waiting = NOW - 100,
		    .can_activate = true,
		    .wrong = 1 },
		  PLAN_ACTIVATE,
		  PLAN_ACTIVATE },
		{ "it did not come up again",
		  { .wait = 100,
		    .waiting = NOW - 100,
		    .can_activate = true,
		    .down = 1 },
		  PLAN_DOWN,
		  PLAN_ACTIVATE },
		{ "a person takes long",
		  { .wait = 100, .waiting = NOW - 1000, .wrong = 1 },
		  PLAN_WAITING,
		  PLAN_WAITING },
		{ "what only a person restarts missed it",
		  { .wait = 100, .wrong = 1 },
		  PLAN_WAITING,
		  PLAN_WAITING },
		{ "a newer one while the last waits",
		  { .put = 1, .wait = 100, .waiting = NOW - 1, .wrong = 1 },
		  PLAN_INSTALL,
		  PLAN_INSTALL },
		{ "waits, in a future of a wrong clock",
		  { .wait = 100,
		    .waiting = NOW + 100,
		    .can_activate = true,
		    .wrong = 1 },
		  PLAN_ACTIVATE,
		  PLAN_ACTIVATE },
		{ "waits, and the clock was set back a little",
		  { .wait = 100,
		    .waiting = NOW + 99,
		    .can_activate = true,
		    .wrong = 1 },
		  PLAN_WAITING,
		  PLAN_ACTIVATE },
	};

	check_services(cases, sizeof(cases) / sizeof(cases[0]));
}

static void post(void **state)
{
	static const struct {
		struct plan_service in;
		bool again;
	} cases[] = {
		{ { .right = 1 }, false },
		{ { .post_count = 1, .post_at = NOW }, true },
		{ { .post_count = 1, .post_at = NOW, .misfit = true }, false },
		{ { .post_count = 1, .post_at = NOW, .closed = true }, false },
		{ { .post_count = 2, .post_at = NOW - 1 }, true },
		{ { .post_count = 3, .post_at = NOW - 86399 }, false },
		{ { .post_count = 3, .post_at = NOW - 86400 }, true },
		{ { .post_count = 3, .post_at = NOW + 1 }, true },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (plan_post(&cases[i].in, NOW) != cases[i].again)
			fail_msg("%zu", i);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(asked),  cmocka_unit_test(certificates),
		cmocka_unit_test(chains), cmocka_unit_test(services),
		cmocka_unit_test(later),  cmocka_unit_test(post),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
