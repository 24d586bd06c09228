/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include "clock.h"
#include "lockfile.h"
#include "scratch.h"

static void take_and_leave(void **state)
{
	struct lockfile *l = NULL, *second = NULL;
	struct err err = ERR_INIT;
	char want[40];

	assert_int_equal(lockfile_acquire(scratch("lock"), &l, &err), 0);
	snprintf(want, sizeof(want), "%d\n", (int) getpid());
	assert_string_equal(scratch_read(scratch("lock")), want);
	/* flock(2) belongs to the open file, so we exclude ourselves, too. */
	assert_int_equal(lockfile_acquire(scratch("lock"), &second, &err), -1);
	assert_int_equal(err.kind, ERR_BUSY);
	snprintf(want, sizeof(want), "process %d", (int) getpid());
	assert_non_null(strstr(err.msg, want));
	assert_null(second);
	lockfile_free(&l);
	assert_null(l);
	lockfile_free(&l);
	assert_int_equal(lockfile_acquire(scratch("lock"), &l, &err), 0);
	lockfile_free(&l);
}

/* One that hangs is no run that is merely busy. */
static void old_lock(void **state)
{
	struct timespec times[2] = { { .tv_sec = 1700000000 },
				     { .tv_sec = 1700000000 } };
	struct lockfile *l = NULL, *second = NULL;
	struct err err = ERR_INIT;
	char want[40];

	assert_int_equal(lockfile_acquire(scratch("old"), &l, &err), 0);
	assert_int_equal(utimensat(AT_FDCWD, scratch("old"), times, 0), 0);
	clock_set_for_test(1700000000 + 3599);
	assert_int_equal(lockfile_acquire(scratch("old"), &second, &err), -1);
	assert_null(strstr(err.msg, "since"));
	clock_set_for_test(1700000000 + 7200);
	assert_int_equal(lockfile_acquire(scratch("old"), &second, &err), -1);
	assert_int_equal(err.kind, ERR_BUSY);
	assert_non_null(strstr(err.msg, "since 2023-11-14T22:13:20Z, for 2 h"));
	snprintf(want, sizeof(want), "kill %d", (int) getpid());
	assert_non_null(strstr(err.msg, want));
	clock_set_for_test(-1);
	lockfile_free(&l);
	/* Taken anew it is young. */
	assert_int_equal(lockfile_acquire(scratch("old"), &l, &err), 0);
	assert_int_equal(lockfile_acquire(scratch("old"), &second, &err), -1);
	assert_null(strstr(err.msg, "since"));
	lockfile_free(&l);
}

/* A holder that is killed lets go; a child it started does not hold on. */
static void killed_holder(void **state)
{
	struct lockfile *l = NULL;
	struct err err = ERR_INIT;
	int ready[2], status;
	pid_t holder, child;
	char c;

	assert_int_equal(pipe(ready), 0);
	holder = fork();
	if (holder == 0) {
		if (lockfile_acquire(scratch("k"), &l, &err) == -1)
			_exit(1);
		child = fork();
		if (child == 0) {
			close(ready[0]);
			execl("/bin/sleep", "sleep", "5", NULL);
		}
		if (write(ready[1], &child, sizeof(child)) != sizeof(child))
			_exit(1);
		pause();
	}
	assert_int_equal(read(ready[0], &child, sizeof(child)), sizeof(child));
	close(ready[1]);
	assert_int_equal(lockfile_acquire(scratch("k"), &l, &err), -1);
	kill(holder, SIGKILL);
	waitpid(holder, &status, 0);
	/* Until its exec the child may still hold it. */
	for (status = 0; status < 100; status++) {
		if (lockfile_acquire(scratch("k"), &l, &err) == 0)
			break;
		usleep(20000);
	}
	assert_non_null(l);
	lockfile_free(&l);
	kill(child, SIGKILL);
	/* The pipe ends when the child is gone. */
	assert_int_equal(read(ready[0], &c, 1), 0);
	close(ready[0]);
}

static void removed_file(void **state)
{
	struct lockfile *l = NULL, *second = NULL;
	struct err err = ERR_INIT;

	assert_int_equal(lockfile_acquire(scratch("r"), &l, &err), 0);
	assert_int_equal(unlink(scratch("r")), 0);
	assert_int_equal(lockfile_acquire(scratch("r"), &second, &err), 0);
	lockfile_free(&second);
	lockfile_free(&l);
}

static void wrong_places(void **state)
{
	struct lockfile *l = NULL;
	struct err err = ERR_INIT;

	assert_int_equal(lockfile_acquire(scratch("no/lock"), &l, &err), -1);
	assert_int_equal(err.kind, ERR_IO);
	/* A link planted in a shared folder must not make us write there. */
	scratch_write(scratch("victim"), "content", 0600);
	assert_int_equal(symlink(scratch("victim"), scratch("link")), 0);
	assert_int_equal(lockfile_acquire(scratch("link"), &l, &err), -1);
	assert_string_equal(scratch_read(scratch("victim")), "content");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(take_and_leave),
		cmocka_unit_test(old_lock),
		cmocka_unit_test(killed_holder),
		cmocka_unit_test(removed_file),
		cmocka_unit_test(wrong_places),
	};

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
