/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "scratch.h"
#include "statedir.h"

static char dir[300], old[300];

static void fresh(void)
{
	char command[400];

	snprintf(command, sizeof(command), "rm -rf '%s'/*", scratch_dir);
	assert_int_equal(system(command), 0);
	snprintf(dir, sizeof(dir), "%s/new", scratch_dir);
	snprintf(old, sizeof(old), "%s/fetcher/installer", scratch_dir);
}

static void make_old(mode_t parent)
{
	assert_int_equal(mkdir(scratch("fetcher"), 0700), 0);
	assert_int_equal(mkdir(old, 0700), 0);
	assert_int_equal(mkdir(scratch("fetcher/installer/journal"), 0700), 0);
	scratch_write(scratch("fetcher/installer/heartbeat"), "1", 0600);
	assert_int_equal(chmod(scratch("fetcher"), parent), 0);
}

static mode_t mode_of(const char *name)
{
	struct stat st;

	return lstat(scratch(name), &st) == 0 ? st.st_mode & 07777 : 0;
}

static void makes(void **state)
{
	struct err err = ERR_INIT;

	fresh();
	assert_int_equal(statedir_check(dir, &err), 0);
	assert_int_equal(mode_of("new"), 0);
	assert_int_equal(statedir_make(dir, old, &err), 0);
	assert_int_equal(mode_of("new"), 0700);
	assert_int_equal(mode_of("new/journal"), 0700);
	assert_int_equal(statedir_make(dir, NULL, &err), 0);
	assert_int_equal(chmod(dir, 0770), 0);
	assert_int_equal(statedir_check(dir, &err), -1);
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_non_null(strstr(err.msg, "chmod go-w"));
	assert_int_equal(statedir_make(dir, NULL, &err), -1);
	/* A folder above it, too. */
	assert_int_equal(chmod(dir, 0700), 0);
	assert_int_equal(chmod(scratch_dir, 0777), 0);
	assert_int_equal(statedir_check(dir, &err), -1);
	assert_int_equal(chmod(scratch_dir, 0700), 0);
}

static void moves(void **state)
{
	struct err err = ERR_INIT;

	fresh();
	make_old(0700);
	if (statedir_make(dir, old, &err) == -1)
		fail_msg("%s", err.msg);
	assert_string_equal(scratch_read(scratch("new/heartbeat")), "1");
	assert_int_equal(mode_of("fetcher/installer"), 0);

	/* There is a new one: the old one is left. */
	assert_int_equal(mkdir(old, 0700), 0);
	assert_int_equal(statedir_make(dir, old, &err), 0);
	assert_int_equal(mode_of("fetcher/installer"), 0700);
}

static void begins_anew(void **state)
{
	struct err err = ERR_INIT;

	fresh();
	make_old(0777);
	assert_int_equal(statedir_make(dir, old, &err), 0);
	assert_int_equal(mode_of("new/heartbeat"), 0);
	assert_string_equal(
		scratch_read(scratch("fetcher/installer/heartbeat")), "1");

	fresh();
	make_old(0777);
	scratch_write(scratch("fetcher/installer/journal/web"), "", 0600);
	assert_int_equal(statedir_make(dir, old, &err), -1);
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_non_null(strstr(err.msg, "was not finished"));
	assert_non_null(strstr(err.msg, "run: mv "));
	assert_int_equal(mode_of("new"), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(makes),
		cmocka_unit_test(moves),
		cmocka_unit_test(begins_anew),
	};

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
