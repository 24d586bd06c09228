/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>
#include "scratch.h"
#include "startup.h"

/* Each test is a process of its own; its status says which line failed. */
#define WANT(what)                                 \
	do {                                       \
		if (!(what))                       \
			_exit(__LINE__ % 255 + 1); \
	} while (0)

static void in_child(void (*fn)(void))
{
	int status;
	pid_t pid = fork();

	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		fn();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static bool is_null(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) &&
	       st.st_rdev == makedev(1, 3);
}

static void closed(void)
{
	struct stat before, after;
	int next;

	WANT(fstat(1, &before) == 0);
	close(0);
	close(2);
	startup_plain();
	WANT(is_null(0) && is_null(2));
	/* what was open is as it was, and nothing is left open */
	WANT(fstat(1, &after) == 0 && after.st_ino == before.st_ino);
	next = dup(0);
	startup_plain();
	WANT(dup(0) == next + 1);
}

/* Nothing is lost unseen. */
static void closed_output(void)
{
	close(1);
	startup_plain();
	WANT(is_null(1));
	WANT(write(1, "x", 1) == -1 && errno == EBADF);
	WANT(write(2, "", 0) == 0);
}

static void too_big(void)
{
	const struct rlimit none = { 0, 0 };
	FILE *f = tmpfile();

	WANT(f);
	startup_plain();
	WANT(setrlimit(RLIMIT_FSIZE, &none) == 0);
	WANT(write(fileno(f), "x", 1) == -1 && errno == EFBIG);
}

static void secret(void)
{
	struct rlimit before, after;
	int fd[2];

	umask(022);
	WANT(getrlimit(RLIMIT_CORE, &before) == 0);
	startup_secret();
	WANT(umask(0) == 077);
	WANT(getrlimit(RLIMIT_CORE, &after) == 0);
	WANT(after.rlim_cur == 0 && after.rlim_max == before.rlim_max);
	WANT(prctl(PR_GET_DUMPABLE) == 0);
	WANT(pipe(fd) == 0 && close(fd[0]) == 0);
	WANT(write(fd[1], "x", 1) == -1 && errno == EPIPE);
}

static void descriptors(void **state)
{
	in_child(closed);
	in_child(closed_output);
}

static void sizes(void **state)
{
	in_child(too_big);
}

static void secrets(void **state)
{
	in_child(secret);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(descriptors),
		cmocka_unit_test(sizes),
		cmocka_unit_test(secrets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
