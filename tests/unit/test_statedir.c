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

/* Who owns the folder above plants what he likes, which stops nobody. */
static void planted(void **state)
{
	static const char *const how[] = {
		"chown -R 61234 .",
		"chown 61234 . installer/journal/web; chmod 0777 installer",
		"chown -R 61234 installer/journal; chown 61234 .",
		"rm -r installer/journal; mkfifo installer/journal; "
		"chown -R 61234 .",
		"rm -r installer; ln -s /nowhere installer; "
		"chown -h 61234 . installer",
		"rm -r installer; mkfifo installer; chown 61234 . installer",
		"chown 61234 . installer/journal/web",
	};
	char command[1000];

	if (geteuid() != 0)
		skip();
	for (size_t i = 0; i < sizeof(how) / sizeof(how[0]); i++) {
		struct err err = ERR_INIT;

		fresh();
		make_old(0755);
		scratch_write(scratch("fetcher/installer/journal/web"), "",
			      0600);
		snprintf(command, sizeof(command), "cd '%s' && { %s; }",
			 scratch("fetcher"), how[i]);
		assert_int_equal(system(command), 0);
		if (statedir_make(dir, old, &err) == -1)
			fail_msg("%s: %s", how[i], err.msg);
		assert_int_equal(mode_of("new/journal"), 0700);
	}
	/* Root's own, in the same place. */
	fresh();
	make_old(0755);
	scratch_write(scratch("fetcher/installer/journal/web"), "", 0600);
	assert_int_equal(chown(scratch("fetcher"), 61234, 61234), 0);
	for (int i = 0; i < 2; i++) {
		struct err err = ERR_INIT;

		assert_int_equal(statedir_make(dir, old, &err), -1);
		assert_int_equal(err.kind, ERR_CONFIG);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(makes),
		cmocka_unit_test(moves),
		cmocka_unit_test(begins_anew),
		cmocka_unit_test(planted),
	};

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
