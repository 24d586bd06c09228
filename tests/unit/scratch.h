/* SPDX-License-Identifier: MIT */
#ifndef SCRATCH_H
#define SCRATCH_H

/* A folder of its own for a unit test, and a child to look at from outside:
 * include after cmocka.h. */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char scratch_dir[256];

static inline int scratch_setup(void **state)
{
	const char *base = getenv("TMPDIR");

	snprintf(scratch_dir, sizeof(scratch_dir), "%s/certrepo-test-XXXXXX",
		 base ? base : "/tmp");
	return mkdtemp(scratch_dir) ? 0 : -1;
}

static inline int scratch_teardown(void **state)
{
	char command[300];

	snprintf(command, sizeof(command), "rm -rf '%s'", scratch_dir);
	return system(command);
}

/* The path of NAME in the folder, good for the next seven calls. */
static inline const char *scratch(const char *name)
{
	static char paths[8][600];
	static unsigned int turn;
	char *path = paths[turn++ % 8];

	snprintf(path, sizeof(paths[0]), "%s/%s", scratch_dir, name);
	return path;
}

static inline void scratch_write(const char *path, const char *text,
				 mode_t mode)
{
	FILE *f;

	unlink(path); /* it may be read-only */
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, mode), 0);
}

/* The content, in a static buffer; "" for a missing file. */
static inline const char *scratch_read(const char *path)
{
	static char buf[65536];
	FILE *f = fopen(path, "r");
	size_t n = 0;

	if (f) {
		n = fread(buf, 1, sizeof(buf) - 1, f);
		fclose(f);
	}
	buf[n] = '\0';
	return buf;
}

/* Run FN in a child with its stdout and stderr in the files "out" and "err"
 * of the folder; returns its exit status, or 128 and the signal. */
static inline int scratch_fork(void (*fn)(void *), void *arg)
{
	int status, fd;
	pid_t pid;

	fflush(stdout);
	fflush(stderr);
	pid = fork();
	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		fd = open(scratch("out"), O_CREAT | O_TRUNC | O_WRONLY, 0600);
		dup2(fd, 1);
		fd = open(scratch("err"), O_CREAT | O_TRUNC | O_WRONLY, 0600);
		dup2(fd, 2);
		fn(arg);
		fflush(NULL);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* cmocka's skip() prints "not ok", which prove takes for a failure. */
#define SCRATCH_SKIP(why)                              \
	do {                                           \
		print_message("# skipped: %s\n", why); \
		return;                                \
	} while (0)

#endif
