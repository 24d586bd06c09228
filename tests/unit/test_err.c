/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>
#include "err.h"

static void set_and_wrap(void **state)
{
	struct err err = ERR_INIT;

	assert_int_equal(err_set(&err, ERR_IO, "disk %d full", 3), -1);
	assert_int_equal(err.kind, ERR_IO);
	assert_string_equal(err.msg, "disk 3 full");
	assert_int_equal(err_wrap(&err, "write %s", "x"), -1);
	assert_int_equal(err.kind, ERR_IO);
	assert_string_equal(err.msg, "write x: disk 3 full");
	err_clear(&err);
	assert_int_equal(err.kind, ERR_NONE);
	assert_string_equal(err.msg, "");
}

static void with_errno(void **state)
{
	struct err err = ERR_INIT;

	errno = ENOENT;
	assert_int_equal(err_errno(&err, ERR_IO, "open %s", "f"), -1);
	assert_string_equal(err.msg, "open f: No such file or directory");
	assert_int_equal(errno, ENOENT);
}

static void nobody_cares(void **state)
{
	assert_int_equal(err_set(NULL, ERR_IO, "x"), -1);
	assert_int_equal(err_errno(NULL, ERR_IO, "x"), -1);
	assert_int_equal(err_wrap(NULL, "x"), -1);
}

/* A peer may not start a line of its own, move the cursor or send bytes
 * that depend on a character set. */
static void peers_text(void **state)
{
	struct err err = ERR_INIT;

	err_set(&err, ERR_INPUT, "CA says: %s", "a\nb\033[2J\tc\x7f\xc3\xa9~");
	assert_string_equal(err.msg, "CA says: a?b?[2J?c???~");
	err_wrap(&err, "%s", "\r");
	assert_string_equal(err.msg, "?: CA says: a?b?[2J?c???~");
}

static void cut(void **state)
{
	struct {
		struct err err;
		char guard[8];
	} x = { .err = ERR_INIT, .guard = "guarded" };
	char big[2000];

	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	err_set(&x.err, ERR_INPUT, "%s", big);
	assert_int_equal(strlen(x.err.msg), sizeof(x.err.msg) - 1);
	err_wrap(&x.err, "context");
	assert_int_equal(strlen(x.err.msg), sizeof(x.err.msg) - 1);
	assert_memory_equal(x.err.msg, "context: xxx", 12);
	err_wrap(&x.err, "%s", big);
	err_errno(&x.err, ERR_IO, "%s", big);
	assert_int_equal(strlen(x.err.msg), sizeof(x.err.msg) - 1);
	assert_string_equal(x.guard, "guarded");
}

static void message_as_argument(void **state)
{
	struct err err = ERR_INIT;

	err_set(&err, ERR_IO, "inner");
	err_set(&err, ERR_CHILD, "outer (%s)", err.msg);
	assert_string_equal(err.msg, "outer (inner)");
	assert_int_equal(err.kind, ERR_CHILD);
}

/* The statuses of sysexits.h. */
static void exit_status(void **state)
{
	assert_int_equal(err_exit_status(ERR_NONE), 0);
	assert_int_equal(err_exit_status(ERR_USAGE), 64);
	assert_int_equal(err_exit_status(ERR_UNAVAILABLE), 69);
	assert_int_equal(err_exit_status(ERR_BUSY), 75);
	assert_int_equal(err_exit_status(ERR_CONFIG), 78);
	assert_int_equal(err_exit_status(ERR_IO), 1);
	assert_int_equal(err_exit_status(ERR_INTERNAL), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(set_and_wrap),
		cmocka_unit_test(with_errno),
		cmocka_unit_test(nobody_cares),
		cmocka_unit_test(peers_text),
		cmocka_unit_test(cut),
		cmocka_unit_test(message_as_argument),
		cmocka_unit_test(exit_status),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
