/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "scratch.h"
#include "whose.h"

#define GEN "20261123T000000Z-00000000"
/* By sha256sum. */
#define NEW "11507a0e2f5e69d5dfa40a62a1bd7b6ee57e6bcd85c67c9b8431b36fff21c437"
#define OLD "cba06b5736faf67e54b07b561eae94395e774c517a7d910a54369e1263ccfbd4"

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

/* Of O, of a journal of VERSION, whose path is PATH, after MAKE. */
static int look(const char *make, struct journal_op *o, unsigned int version,
		enum whose *ret, struct err *err)
{
	struct journal j = { .version = version,
			     .service = "s",
			     .gen = GEN,
			     .ops = o,
			     .n_ops = 1 };
	AUTO(place_close) struct place p = PLACE_INIT;
	struct stat st;

	assert_int_equal(system(arena_printf(arena,
					     "cd '%s' && rm -rf d && mkdir -p "
					     "d/was d/next d/his && cd d && %s",
					     scratch_dir, make)),
			 0);
	o->path = arena_printf(arena, "%s/d/x", scratch_dir);
	if (o->ino == 1 && lstat(o->path, &st) == 0)
		o->ino = st.st_ino;
	assert_int_equal(place_open("", o->path, PLACE_LAST, &p, err), 1);
	return whose_look(scratch_dir, &j, 0, &p, ret, err);
}

static void files(void **state)
{
	static const struct {
		const char *make, *old;
		uint64_t ino; /* 1: of what is there */
		enum whose whose;
	} cases[] = {
		{ "true", "0-" OLD, 1, WHOSE_NOBODYS },
		{ "true", NULL, 1, WHOSE_NOBODYS },
		{ "printf old >x", "0-" OLD, 2, WHOSE_OLD },
		{ "printf new >x", "0-" OLD, 1, WHOSE_NEW },
		{ "printf new >x", "0-" OLD, 2, WHOSE_NEW },
		{ "printf his >x", "0-" OLD, 1, WHOSE_THEIRS },
		{ ": >x", "0-" OLD, 1, WHOSE_THEIRS },
		{ "ln -s his x", "0-" OLD, 1, WHOSE_THEIRS },
		{ "mkdir x", "0-" OLD, 1, WHOSE_THEIRS },
		{ "printf new >x", NULL, 1, WHOSE_NEW },
		/* Somebody's copy of it, and somebody's in its inode. */
		{ "printf new >x", NULL, 2, WHOSE_THEIRS },
		{ "printf his >x", NULL, 1, WHOSE_THEIRS },
		/* An older program's copy, which is gone: it does not tell. */
		{ "printf old >x", "0", 1, WHOSE_THEIRS },
		/* With a second name, where others may write: not read. */
		{ "chmod 777 .; printf new >x; ln x y", "0-" OLD, 1,
		  WHOSE_NEW },
		{ "chmod 777 .; printf new >x; ln x y", "0-" OLD, 2,
		  WHOSE_THEIRS },
		{ "chmod 777 .; printf new >x; ln x y", NULL, 1, WHOSE_THEIRS },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct journal_op o = { JOURNAL_FILE, NULL, ".x.certrepo-t",
					cases[i].ino, NEW,  cases[i].old };
		struct err err = ERR_INIT;
		enum whose whose = WHOSE_OLD;

		if (look(cases[i].make, &o, 2, &whose, &err) == -1)
			fail_msg("case %zu: %s", i, err.msg);
		if (whose != cases[i].whose)
			fail_msg("case %zu: %d", i, whose);
	}
}

static void links(void **state)
{
	static const struct {
		const char *make, *old;
		enum whose whose;
	} cases[] = {
		{ "true", "was", WHOSE_NOBODYS },
		{ "ln -s none x", "was", WHOSE_NOBODYS },
		{ "ln -s none x", NULL, WHOSE_NOBODYS },
		{ "ln -s was x", "was", WHOSE_OLD },
		{ "ln -s ./was/ x", "was", WHOSE_OLD },
		{ "ln -s \"$PWD/was\" x", "was", WHOSE_OLD },
		{ "ln -s was alias; ln -s was x", "alias", WHOSE_OLD },
		{ "ln -s next x", "was", WHOSE_NEW },
		{ "ln -s next/ x", "was", WHOSE_NEW },
		{ "ln -s next x", NULL, WHOSE_NEW },
		{ "ln -s next/ x", NULL, WHOSE_THEIRS },
		{ "ln -s his x", "was", WHOSE_THEIRS },
		{ "ln -s his x", NULL, WHOSE_THEIRS },
		{ "mkdir x", "was", WHOSE_THEIRS },
		/* It says so still. */
		{ "ln -s was x; rmdir was", "was", WHOSE_OLD },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct journal_op o = { JOURNAL_LINK, NULL,	   "next", 0,
					NULL,	      cases[i].old };
		struct err err = ERR_INIT;
		enum whose whose = WHOSE_OLD;

		if (look(cases[i].make, &o, 2, &whose, &err) == -1)
			fail_msg("case %zu: %s", i, err.msg);
		if (whose != cases[i].whose)
			fail_msg("case %zu: %d", i, whose);
	}
}

/* What an older program left goes by the journal alone; an error is told. */
static void cannot_tell(void **state)
{
	struct journal_op o = { JOURNAL_FILE, NULL, NULL, 0, NEW, "0" };
	struct err err = ERR_INIT;
	enum whose whose;

	assert_int_equal(look("printf his >x", &o, 1, &whose, &err), 0);
	assert_int_equal(whose, WHOSE_NEW);
	o.old = NULL;
	assert_int_equal(look("printf new >x", &o, 1, &whose, &err), 0);
	assert_int_equal(whose, WHOSE_NOBODYS);
	o = (struct journal_op){ JOURNAL_LINK, NULL, "next", 0, NULL, "was" };
	assert_int_equal(look("ln -s 'a\nb' x", &o, 2, &whose, &err), -1);
	assert_non_null(strstr(err.msg, "control character"));
	assert_int_equal(whose_theirs(&o, &err), -1);
	assert_int_equal(err.kind, ERR_CONFLICT);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(files),
		cmocka_unit_test(links),
		cmocka_unit_test(cannot_tell),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
