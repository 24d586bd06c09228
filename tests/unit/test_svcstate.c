/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "scratch.h"
#include "svcstate.h"

static struct arena *arena;

static int setup(void **state)
{
	arena = arena_new();
	return scratch_setup(state);
}

static int teardown(void **state)
{
	arena_free(&arena);
	return scratch_teardown(state);
}

static void remembers(void **state)
{
	const char *dir = arena_strdup(arena, scratch_dir);
	struct svcstate s, t;
	struct err err = ERR_INIT;

	mkdir(scratch("service"), 0700);
	svcstate_load(dir, "web", arena, &s);
	assert_null(s.hold);
	assert_null(svcstate_cert(&s, "a"));
	assert_int_equal(svcstate_save(dir, "web", &s, &err), 0);
	assert_int_equal(access(scratch("service/web"), F_OK), -1);

	svcstate_set_cert(&s, arena, "a", "ff", 5);
	svcstate_set_cert(&s, arena, "b", "00", 6);
	svcstate_hold_cert(&s, arena, "b", "11");
	svcstate_set_hold(&s, "dd", "it failed: so");
	svcstate_set_activate(&s, 2, 77);
	svcstate_set_waiting(&s, 79);
	s.probed_at = 78;
	svcstate_set_keys(&s, "ee");
	assert_int_equal(svcstate_save(dir, "web", &s, &err), 0);
	assert_false(s.dirty);
	svcstate_load(dir, "web", arena, &t);
	assert_string_equal(t.hold, "dd");
	assert_string_equal(t.hold_reason, "it failed: so");
	assert_string_equal(svcstate_cert(&t, "a")->fingerprint, "ff");
	assert_int_equal(svcstate_cert(&t, "a")->not_before, 5);
	assert_null(svcstate_cert(&t, "a")->held);
	assert_string_equal(svcstate_cert(&t, "b")->held, "11");
	assert_int_equal(t.activate_count, 2);
	assert_int_equal(t.activate_at, 77);
	assert_int_equal(t.probed_at, 78);
	assert_int_equal(t.waiting, 79);
	assert_string_equal(t.keys, "ee");

	/* What is the same is not written again. */
	svcstate_set_cert(&t, arena, "a", "ff", 5);
	svcstate_set_activate(&t, 2, 77);
	svcstate_set_waiting(&t, 79);
	assert_false(t.dirty);
	svcstate_set_hold(&t, NULL, NULL);
	svcstate_hold_cert(&t, arena, "b", NULL);
	assert_true(t.dirty);
	assert_int_equal(svcstate_save(dir, "web", &t, &err), 0);
	svcstate_load(dir, "web", arena, &s);
	assert_null(s.hold);
	assert_null(svcstate_cert(&s, "b")->held);
}

static void says_once_a_day(void **state)
{
	struct svcstate s = { .hold = NULL };

	assert_true(svcstate_warn(&s, arena, SVCSTATE_CERTS, "x", 1000));
	assert_false(
		svcstate_warn(&s, arena, SVCSTATE_CERTS, "x", 1000 + 86399));
	assert_true(
		svcstate_warn(&s, arena, SVCSTATE_CERTS, "x", 1000 + 86400));
	assert_true(
		svcstate_warn(&s, arena, SVCSTATE_CERTS, "y", 1000 + 86401));
	/* Another matter changes nothing about this one. */
	assert_true(
		svcstate_warn(&s, arena, SVCSTATE_SERVICE, "z", 1000 + 86401));
	assert_false(
		svcstate_warn(&s, arena, SVCSTATE_CERTS, "y", 1000 + 86402));
	assert_false(
		svcstate_warn(&s, arena, SVCSTATE_SERVICE, "z", 1000 + 86402));
	assert_true(svcstate_warn(&s, arena, SVCSTATE_CERTS, "y",
				  10)); /* the clock went back */
}

static void damaged(void **state)
{
	struct svcstate s;

	mkdir(scratch("service"), 0700);
	scratch_write(scratch("service/web"),
		      "hold\ncert\ta\n\nrubbish\tx\ty\tz\ta\tb\n", 0600);
	svcstate_load(scratch_dir, "web", arena, &s);
	assert_null(s.hold);
	assert_int_equal(s.n_certs, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(remembers),
		cmocka_unit_test(says_once_a_day),
		cmocka_unit_test(damaged),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
