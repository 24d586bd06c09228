/* SPDX-License-Identifier: MIT */
/* A command that is stepped; child_run() and the others, which step it until
 * it ended, are in test_child.c. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/syscall.h>
#include "child.h"
#include "clock.h"
#include "scratch.h"

#define SH(script) ((const char *[]){ "/bin/sh", "-c", script, NULL })

static bool no_pidfd; /* as where there is none, or no descriptor is left */

int pidfd_open(pid_t pid, unsigned int flags)
{
	if (no_pidfd) {
		errno = EMFILE;
		return -1;
	}
	return (int) syscall(SYS_pidfd_open, pid, flags);
}

static struct child *begin(const char *const *argv, int timeout_s)
{
	const struct child_spec spec = { .argv = argv, .timeout_s = timeout_s };
	struct child *c = NULL;
	struct err err = ERR_INIT;

	if (child_start(&spec, &c, &err) == -1)
		fail_msg("%s", err.msg);
	return c;
}

/* One wait for what it says it waits for. */
static void wait_for(const struct child *c)
{
	struct pollfd fds[CHILD_FDS];
	struct child_waits w;
	int64_t left;

	child_waits(c, &w);
	left = w.until - clock_mono_ms();
	for (size_t i = 0; i < CHILD_FDS; i++)
		fds[i] = (struct pollfd){ w.fd[i], POLLIN, 0 };
	poll(fds, CHILD_FDS, left < 0 ? 0 : (int) left);
}

/* To the end; how often it was stepped. */
static size_t finish(struct child *c)
{
	size_t n = 1;

	for (; !child_step(c); n++)
		wait_for(c);
	return n;
}

static void nothing_is_left(void)
{
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void ends_with(struct child *c, int status, const char *output)
{
	struct child_result r;
	struct err err = ERR_INIT;

	if (child_end(c, &r, &err) == -1)
		fail_msg("%s", err.msg);
	assert_int_equal(r.status, status);
	assert_string_equal(sbuf_str(&r.output), output);
	sbuf_free(&r.output);
}

/* It is not stepped for nothing: a start, a line, an end. */
static void waits_for_little(void **state)
{
	struct child *c = begin(SH("sleep .3; echo so; sleep .3; exit 4"), 20);

	assert_false(child_step(c));
	assert_in_range(finish(c), 1, 12);
	assert_true(child_step(c));
	ends_with(c, 4, "so\n");
	child_free(&c);
	assert_null(c);
	child_free(&c);
	nothing_is_left();
}

/* Somebody holds the file of the program: neither start nor step waits. */
static void held_start(void **state)
{
	struct child_result r;
	struct err err = ERR_INIT;
	struct child *c;
	int fd;

	scratch_write(scratch("prog"), "#!/bin/sh\n", 0700);
	fd = open(scratch("prog"), O_RDWR | O_CLOEXEC);
	signal(SIGIO, SIG_IGN);
	if (fcntl(fd, F_SETLEASE, F_WRLCK) == -1)
		skip();
	c = begin((const char *[]){ scratch("prog"), NULL }, 600);
	for (int i = 0; i < 10; i++)
		assert_false(child_step(c));
	child_stop(c, SIGTERM);
	/* Kept in the kernel while it waits for that file, it may live on. */
	close(fd);
	(void) finish(c);
	assert_int_equal(child_end(c, &r, &err), -1);
	assert_int_equal(err.kind, ERR_CHILD);
	assert_non_null(strstr(err.msg, "cannot be started"));
	child_free(&c);
	nothing_is_left();
}

static void stopped(const char *script, int sig, int status)
{
	struct child *c = begin(SH(script), 600);
	struct child_result r;
	struct err err = ERR_INIT;

	unlink(scratch("up"));
	while (access(scratch("up"), F_OK) == -1) {
		assert_false(child_step(c));
		usleep(10000);
	}
	assert_false(child_step(c));
	child_stop(c, sig);
	(void) finish(c);
	assert_int_equal(child_end(c, &r, &err), 0);
	assert_int_equal(r.status, status);
	assert_false(r.timed_out);
	sbuf_free(&r.output);
	child_free(&c);
	nothing_is_left();
}

static void stops(void **state)
{
	char script[1000];

	snprintf(script, sizeof(script), "touch %s; exec sleep 60",
		 scratch("up"));
	stopped(script, SIGTERM, 128 + SIGTERM);
	stopped(script, SIGKILL, 128 + SIGKILL);
	snprintf(script, sizeof(script),
		 "trap 'exit 5' TERM; touch %s; "
		 "while :; do sleep .05; done",
		 scratch("up"));
	stopped(script, SIGTERM, 5);
	snprintf(script, sizeof(script),
		 "trap '' TERM; touch %s; "
		 "while :; do sleep .05; done",
		 scratch("up"));
	stopped(script, SIGTERM, 128 + SIGKILL);
}

/* Freed in whatever state, nothing of it is left. */
static void freed_early(void **state)
{
	struct child *c = begin(SH("exec sleep 60"), 600);

	child_free(&c);
	nothing_is_left();
	c = begin(SH("exec sleep 60"), 600);
	for (int i = 0; i < 3; i++) {
		assert_false(child_step(c));
		usleep(30000);
	}
	child_free(&c);
	nothing_is_left();
}

static void without_pidfd(void **state)
{
	struct child *c;

	no_pidfd = true;
	c = begin(SH("sleep .1; echo so; (sleep 60 >&- 2>&-) & exit 4"), 20);
	(void) finish(c);
	no_pidfd = false;
	ends_with(c, 4, "so\n");
	child_free(&c);
	nothing_is_left();
}

/* What it was told of may be gone meanwhile. */
static void spec_is_copied(void **state)
{
	char word[] = "word";
	struct child *c;
	struct child_result r;
	struct err err = ERR_INIT;

	{
		const char *argv[] = { "sh", "-c", "echo $0; exit 9", word,
				       NULL };
		struct child_spec spec = { .argv = argv, .timeout_s = 10 };

		assert_int_equal(child_start(&spec, &c, &err), 0);
		memset(argv, 0, sizeof(argv));
		memset(&spec, 0, sizeof(spec));
		memset(word, 'x', 4);
	}
	(void) finish(c);
	assert_int_equal(child_end(c, &r, &err), 0);
	assert_int_equal(child_judge(c, &r, &err), -1);
	assert_string_equal(err.msg, "\"sh -c 'echo $0; exit 9' word\" exited "
				     "with 9: \"word\"");
	sbuf_free(&r.output);
	child_free(&c);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(waits_for_little),
		cmocka_unit_test(held_start),
		cmocka_unit_test(stops),
		cmocka_unit_test(freed_early),
		cmocka_unit_test(without_pidfd),
		cmocka_unit_test(spec_is_copied),
	};

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
