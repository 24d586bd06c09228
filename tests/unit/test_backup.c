/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "scratch.h"
#include "backup.h"
#include "deploy.h"

static struct arena *arena;
static const char *top;

static int setup(void **state)
{
	arena = arena_new();
	if (scratch_setup(state))
		return -1;
	top = arena_strdup(arena, scratch_dir);
	return 0;
}

static int teardown(void **state)
{
	arena_free(&arena);
	return scratch_teardown(state);
}

#define GEN(n) "2026112" #n "T000000Z-00000000"

static void keeps_and_prunes(void **state)
{
	static const char *const gens[] = { GEN(1), GEN(2), GEN(3), GEN(4) };
	const char *link = arena_printf(arena, "%s/d/current", top);
	struct svc_cert cert = { .dir = arena_printf(arena, "%s/d", top),
				 .link = link };
	struct svc s = { .name = "web", .certs = &cert, .n_certs = 1 };
	AUTO(strlist_free) struct strlist list = STRLIST_INIT;
	struct err err = ERR_INIT;
	struct journal back;

	mkdir(scratch("d"), 0755);
	for (int i = 0; i < 4; i++) {
		struct journal_op ops[] = {
			{ JOURNAL_LINK, link, gens[i], NULL,
			  i > 0 ? gens[i - 1] : NULL },
			{ JOURNAL_FILE, arena_printf(arena, "%s/file", top),
			  NULL, "00",
			  backup_copy_path(top, "web", gens[i], 1, arena) },
		};
		struct journal j = {
			.service = "web", .gen = gens[i], .ops = ops, .n_ops = 2
		};

		scratch_write(scratch("file"), gens[i], 0640);
		assert_int_equal(
			mkdir(arena_printf(arena, "%s/d/%s", top, gens[i]),
			      0755),
			0);
		assert_int_equal(backup_make(top, &j, &err), 0);
	}
	assert_int_equal(symlink(GEN(4), link), 0);
	mkdir(scratch("d/before"), 0755);
	assert_int_equal(backup_list(top, "web", &list, &err), 0);
	assert_int_equal(list.n, 4);
	assert_string_equal(list.v[3], GEN(4));
	assert_int_equal(backup_read(top, "web", GEN(3), arena, &back, &err),
			 1);
	assert_string_equal(back.ops[0].old, GEN(2));
	assert_string_equal(scratch_read(back.ops[1].old), GEN(3));

	assert_int_equal(backup_prune(top, &s, 2, &err), 0);
	strlist_free(&list);
	assert_int_equal(backup_list(top, "web", &list, &err), 0);
	assert_int_equal(list.n, 2);
	assert_string_equal(list.v[0], GEN(3));
	/* 4 is in use, 3 and 2 are what the two kept ones lead back to. */
	assert_int_equal(access(scratch("d/" GEN(1)), F_OK), -1);
	assert_int_equal(access(scratch("d/" GEN(2)), F_OK), 0);
	assert_int_equal(access(scratch("d/" GEN(3)), F_OK), 0);
	assert_int_equal(access(scratch("d/" GEN(4)), F_OK), 0);
	assert_int_equal(access(scratch("d/before"), F_OK), 0);

	backup_remove(top, "web", "../../d");
	assert_int_equal(access(scratch("d/" GEN(4)), F_OK), 0);
	backup_remove(top, "web", GEN(3));
	assert_int_equal(backup_read(top, "web", GEN(3), arena, &back, &err),
			 0);
}

static void none(void **state)
{
	AUTO(strlist_free) struct strlist list = STRLIST_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(backup_list(top, "none", &list, &err), 0);
	assert_int_equal(list.n, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_and_prunes),
		cmocka_unit_test(none),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
