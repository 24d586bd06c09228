/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <time.h>
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

static void load(struct svcstate *ret)
{
	struct err err = ERR_INIT;

	assert_int_equal(svcstate_load(scratch_dir, "web", arena, ret, &err),
			 0);
}

static void save(struct svcstate *s)
{
	struct err err = ERR_INIT;

	s->dirty = true;
	assert_int_equal(svcstate_save(scratch_dir, "web", s, &err), 0);
}

static void remembers(void **state)
{
	const char *dir = arena_strdup(arena, scratch_dir);
	struct svcstate s, t;
	struct err err = ERR_INIT;

	mkdir(scratch("service"), 0700);
	load(&s);
	assert_null(s.hold);
	assert_null(svcstate_cert(&s, "a"));
	assert_int_equal(svcstate_save(dir, "web", &s, &err), 0);
	assert_int_equal(access(scratch("service/web"), F_OK), -1);

	svcstate_set_cert(&s, arena, "a", "ff", 5);
	svcstate_set_cert(&s, arena, "b", "00", 6);
	svcstate_hold_cert(&s, arena, "b", "11");
	svcstate_step(&s, arena, "b", "22");
	svcstate_step(&s, arena, "b", "33");
	svcstate_set_hold(&s, "dd", "it failed: so");
	svcstate_set_activate(&s, 2, 77);
	svcstate_set_post(&s, 1, 80, "it said:\tno\nnot now");
	svcstate_set_waiting(&s, 79);
	s.probed_at = 78;
	svcstate_set_keys(&s, "ee");
	assert_int_equal(svcstate_save(dir, "web", &s, &err), 0);
	assert_false(s.dirty);
	load(&t);
	assert_string_equal(t.hold, "dd");
	assert_string_equal(t.hold_reason, "it failed: so");
	assert_string_equal(svcstate_cert(&t, "a")->fingerprint, "ff");
	assert_int_equal(svcstate_cert(&t, "a")->not_before, 5);
	assert_int_equal(svcstate_cert(&t, "a")->n_held, 0);
	assert_true(svcstate_stepped(svcstate_cert(&t, "b"), "22"));
	assert_true(svcstate_stepped(svcstate_cert(&t, "b"), "33"));
	assert_false(svcstate_stepped(svcstate_cert(&t, "b"), "11"));
	assert_false(svcstate_stepped(svcstate_cert(&t, "a"), "22"));
	assert_false(svcstate_stepped(NULL, "22"));
	assert_true(svcstate_holds(svcstate_cert(&t, "b"), "11"));
	assert_int_equal(t.activate_count, 2);
	assert_int_equal(t.activate_at, 77);
	assert_int_equal(t.post_count, 1);
	assert_int_equal(t.post_at, 80);
	assert_non_null(strstr(t.post_reason, "it said:"));
	assert_int_equal(t.probed_at, 78);
	assert_int_equal(t.waiting, 79);
	assert_string_equal(t.keys, "ee");

	/* What is the same is not written again. */
	svcstate_set_cert(&t, arena, "a", "ff", 5);
	svcstate_set_activate(&t, 2, 77);
	svcstate_set_waiting(&t, 79);
	assert_false(t.dirty);
	svcstate_set_post(&t, 0, 0, NULL);
	assert_true(t.dirty);
	svcstate_set_hold(&t, NULL, NULL);
	svcstate_free_cert(&t, "b", "11");
	assert_true(t.dirty);
	assert_int_equal(svcstate_save(dir, "web", &t, &err), 0);
	load(&s);
	assert_null(s.hold);
	assert_int_equal(s.post_count, 0);
	svcstate_set_post(&s, 0, 7, NULL);
	assert_false(s.dirty);
	assert_int_equal(svcstate_cert(&s, "b")->n_held, 0);
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

/* However many rollbacks; of very many the first is forgotten. */
static void holds_many(void **state)
{
	struct svcstate s, t;

	load(&s);
	svcstate_set_cert(&s, arena, "b", "00", 6);
	svcstate_hold_cert(&s, arena, "b", "one");
	svcstate_hold_cert(&s, arena, "b", "two");
	svcstate_hold_cert(&s, arena, "b", "one");
	assert_int_equal(svcstate_cert(&s, "b")->n_held, 2);
	save(&s);
	load(&t);
	assert_true(svcstate_holds(svcstate_cert(&t, "b"), "one"));
	assert_true(svcstate_holds(svcstate_cert(&t, "b"), "two"));
	assert_false(svcstate_holds(svcstate_cert(&t, "b"), "three"));
	assert_false(svcstate_holds(NULL, "one"));
	for (int i = 0; i < SVCSTATE_HELD_MAX - 1; i++)
		svcstate_hold_cert(&t, arena, "b",
				   arena_printf(arena, "more%d", i));
	assert_false(svcstate_holds(svcstate_cert(&t, "b"), "one"));
	assert_true(svcstate_holds(svcstate_cert(&t, "b"), "two"));
	save(&t);
	load(&s);
	assert_int_equal(svcstate_cert(&s, "b")->n_held, SVCSTATE_HELD_MAX);
	svcstate_free_cert(&s, "b", "two");
	assert_false(svcstate_holds(svcstate_cert(&s, "b"), "two"));
	assert_true(svcstate_holds(svcstate_cert(&s, "b"), "more0"));
}

/* What an installer of the version before wrote. */
static void reads_version_1(void **state)
{
	struct svcstate s;

	scratch_write(scratch("service/web"),
		      "hold\tdd\tit failed: \\n\n"
		      "warned-service\tcc\t7\n"
		      "cert\ta\tff\t5\t-\n"
		      "cert\tb\t00\t6\t11\n",
		      0600);
	load(&s);
	assert_false(s.dirty);
	assert_string_equal(s.hold, "dd");
	assert_string_equal(s.hold_reason, "it failed: \\n");
	assert_string_equal(s.warned[SVCSTATE_SERVICE].digest, "cc");
	assert_int_equal(svcstate_cert(&s, "a")->n_held, 0);
	assert_int_equal(svcstate_cert(&s, "b")->not_before, 6);
	assert_true(svcstate_holds(svcstate_cert(&s, "b"), "11"));
}

static void forgets(void **state)
{
	struct strlist names = STRLIST_INIT;
	struct svcstate s;

	load(&s);
	strlist_add(&names, "a");
	strlist_add(&names, "b");
	svcstate_keep(&s, &names);
	assert_false(s.dirty);
	strlist_free(&names);
	strlist_add(&names, "b");
	svcstate_keep(&s, &names);
	assert_true(s.dirty);
	save(&s);
	load(&s);
	assert_null(svcstate_cert(&s, "a"));
	assert_non_null(svcstate_cert(&s, "b"));

	scratch_write(scratch("service/gone"), "", 0600);
	strlist_add(&names, "web");
	/* It may come back, and nobody wants what was held. */
	svcstate_sweep(scratch_dir, &names, time(NULL) - 60);
	assert_int_equal(access(scratch("service/gone"), F_OK), 0);
	svcstate_sweep(scratch_dir, &names, time(NULL) + 60);
	assert_int_equal(access(scratch("service/gone"), F_OK), -1);
	assert_int_equal(access(scratch("service/web"), F_OK), 0);
	strlist_free(&names);
}

static void load_in_child(void *arg)
{
	load(arg);
}

static void damaged(void **state)
{
	char *text;
	struct svcstate s;

	scratch_write(scratch("service/web"),
		      "hold\ncert\ta\n\nrubbish\tx\ty\tz\ta\tb\n", 0600);
	load(&s);
	assert_null(s.hold);
	assert_int_equal(s.n_certs, 0);

	svcstate_set_hold(&s, "dd", "it failed");
	save(&s);
	text = arena_strdup(arena, scratch_read(scratch("service/web")));
	text[strlen(text) - 1] = '\0';
	scratch_write(scratch("service/web"), text, 0600);
	assert_int_equal(scratch_fork(load_in_child, &s), 0);
	assert_non_null(strstr(scratch_read(scratch("err")),
			       "service web: its state begins anew: "));
	assert_non_null(strstr(scratch_read(scratch("err")),
			       "service/web: it was cut"));
	load(&s);
	assert_null(s.hold);
	assert_true(s.dirty);
}

/* What is not known is not replaced. */
static void unreadable(void **state)
{
	struct err err = ERR_INIT;
	struct svcstate s;

	unlink(scratch("service/web"));
	mkdir(scratch("service/web"), 0700);
	assert_int_equal(svcstate_load(scratch_dir, "web", arena, &s, &err),
			 -1);
	assert_non_null(strstr(err.msg, "service/web"));
	assert_int_equal(s.n_certs, 0);
	svcstate_set_hold(&s, "dd", "it failed");
	assert_int_equal(svcstate_save(scratch_dir, "web", &s, &err), 0);
	rmdir(scratch("service/web"));
	assert_int_equal(access(scratch("service/web"), F_OK), -1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(remembers),  cmocka_unit_test(says_once_a_day),
		cmocka_unit_test(holds_many), cmocka_unit_test(reads_version_1),
		cmocka_unit_test(forgets),    cmocka_unit_test(damaged),
		cmocka_unit_test(unreadable),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
