/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include "loop_child.h"
#include "scratch.h"

#define SH(script) ((const char *[]){ "/bin/sh", "-c", script, NULL })
#define MANY	   40
#define ROUNDS_MAX 3000

static struct loop *loop;
static struct loop_children *children;
static bool refuse; /* epoll takes nothing, as when max_user_watches are used */

int epoll_ctl(int epfd, int op, int fd, struct epoll_event *event)
{
	if (refuse && op == EPOLL_CTL_ADD) {
		errno = ENOSPC;
		return -1;
	}
	return (int) syscall(SYS_epoll_ctl, epfd, op, fd, event);
}

static int setup(void **state)
{
	refuse = false;
	if (loop_new(&loop, NULL) == -1)
		return -1;
	children = loop_children_new(loop);
	return scratch_setup(state);
}

static int teardown(void **state)
{
	loop_children_free(&children);
	loop_children_free(&children);
	loop_free(&loop);
	/* No zombie, ever. */
	if (waitpid(-1, NULL, WNOHANG) != -1 || errno != ECHILD)
		return -1;
	return scratch_teardown(state);
}

/* What came of one. */
struct got {
	struct loop_child *child;
	int n; /* calls of its callback */
	bool ran, timed_out;
	int status;
	char output[CHILD_OUTPUT_MAX + 1];
	char why[sizeof(((struct err *) 0)->msg)];
	void (*then)(struct got *g);
};

static void on_end(void *arg, const struct child_result *r,
		   const struct err *why)
{
	struct got *g = arg;

	g->n++;
	g->ran = r;
	if (r) {
		g->status = r->status;
		g->timed_out = r->timed_out;
		snprintf(g->output, sizeof(g->output), "%s",
			 sbuf_str(&r->output));
	}
	if (why) {
		assert_int_equal(why->kind, ERR_CHILD);
		snprintf(g->why, sizeof(g->why), "%s", why->msg);
	}
	if (g->then)
		g->then(g);
	g->child = NULL;
}

static void begin_for(struct got *g, const char *const *argv, int timeout_s)
{
	const struct child_spec spec = { .argv = argv, .timeout_s = timeout_s };

	g->child = loop_child_start(children, &spec, on_end, g);
	assert_int_equal(g->n, 0); /* never from the call itself */
}

static void begin(struct got *g, const char *script)
{
	begin_for(g, SH(script), 60);
}

static void round_of(int64_t ms)
{
	struct err err = ERR_INIT;

	if (loop_run(loop, ms, &err) == -1)
		fail_msg("%s", err.msg);
}

/* Until none runs; how many rounds that took. */
static int run_out(void)
{
	int n = 0;

	for (; loop_children_n(children) > 0; n++)
		round_of(20000);
	return n;
}

static void until_there(const char *path)
{
	for (int i = 0; access(path, F_OK) == -1; i++) {
		if (i == ROUNDS_MAX)
			fail_msg("no %s", path);
		round_of(20);
	}
}

static bool alive(const char *pid_file)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/stat",
		 atoi(scratch_read(pid_file)));
	return scratch_read(path)[0] && !strstr(scratch_read(path), ") Z ");
}

static void is_gone(const char *pid_file)
{
	assert_int_not_equal(atoi(scratch_read(pid_file)), 0);
	for (int i = 0; i < 250 && alive(pid_file); i++)
		usleep(20000);
	assert_false(alive(pid_file));
}

static void ends(void **state)
{
	struct got well = { 0 }, ill = { 0 }, killed = { 0 };

	begin(&well, "pwd; echo $SECRET; env | wc -l");
	begin(&ill, "echo out; echo err >&2; exit 3");
	begin(&killed, "kill -9 $$");
	(void) run_out();
	assert_true(well.n == 1 && ill.n == 1 && killed.n == 1);
	/* PATH, and what sh has of its own: PWD */
	assert_string_equal(well.output, "/\n\n2\n");
	assert_string_equal(well.why, "");
	assert_int_equal(ill.status, 3);
	assert_string_equal(ill.output, "out\nerr\n");
	assert_string_equal(ill.why, "\"/bin/sh -c 'echo out; echo err >&2; "
				     "exit 3'\" exited with 3: \"out / err\"");
	assert_int_equal(killed.status, 128 + SIGKILL);
	assert_string_equal(killed.why,
			    "\"/bin/sh -c 'kill -9 $$'\" was ended by signal "
			    "9");
}

static void input(void **state)
{
	struct child_spec spec = { .argv = (const char *[]){ "cat", NULL },
				   .timeout_s = 60,
				   .input = "for it\n",
				   .input_len = 7 };
	struct got g = { 0 };

	g.child = loop_child_start(children, &spec, on_end, &g);
	(void) run_out();
	assert_string_equal(g.output, "for it\n");
}

/* None ends before all of them have begun, and a timer goes on meanwhile. */
static void many(void **state)
{
	static struct got g[MANY];
	char script[1500];

	for (size_t i = 0; i < MANY; i++) {
		memset(&g[i], 0, sizeof(g[i]));
		snprintf(script, sizeof(script),
			 "echo >>%s; until test -e %s; do sleep .05; done; "
			 "echo %zu; exit %zu",
			 scratch("begun"), scratch("go"), i, i);
		begin(&g[i], script);
	}
	assert_int_equal(loop_children_n(children), MANY);
	for (int i = 0; strlen(scratch_read(scratch("begun"))) < MANY; i++) {
		assert_true(i < ROUNDS_MAX);
		round_of(20);
	}
	for (size_t i = 0; i < MANY; i++)
		assert_int_equal(g[i].n, 0);
	scratch_write(scratch("go"), "", 0600);
	(void) run_out();
	for (size_t i = 0; i < MANY; i++) {
		assert_int_equal(g[i].n, 1);
		assert_int_equal(g[i].status, i);
		assert_int_equal(atoi(g[i].output), i);
	}
}

static void on_timer(void *arg)
{
	scratch_write(arg, "", 0600);
}

/* The loop waits for both, and wakes for nothing else. */
static void others_go_on(void **state)
{
	struct got g = { 0 };
	char script[700], go[600];

	snprintf(go, sizeof(go), "%s", scratch("go"));
	snprintf(script, sizeof(script), "until test -e %s; do sleep .05; done",
		 go);
	begin(&g, script);
	(void) loop_after(loop, 300, on_timer, go);
	assert_in_range(run_out(), 1, 20);
	assert_int_equal(g.n, 1);
	assert_string_equal(g.why, "");
}

static void output_is_capped(void **state)
{
	struct got g = { 0 };

	begin(&g, "echo first; head -c 3000000 /dev/zero | tr '\\0' x; echo; "
		  "echo last; exit 5");
	(void) run_out();
	assert_int_equal(g.status, 5);
	assert_in_range(strlen(g.output), 8000, CHILD_OUTPUT_MAX);
	assert_memory_equal(g.output, "first\nxxx", 9);
	assert_string_equal(g.output + strlen(g.output) - 9, "xxx\nlast\n");
}

/* Whoever writes faster than we read keeps the others from nothing. */
static void endless_output(void **state)
{
	struct got loud = { 0 }, quiet = { 0 };

	begin_for(&loud, (const char *[]){ "cat", "/dev/zero", NULL }, 2);
	begin(&quiet, "exit 0");
	while (quiet.n == 0)
		round_of(1000);
	assert_int_equal(loud.n, 0);
	(void) run_out();
	assert_true(loud.timed_out);
	assert_int_equal(loud.status, 128 + SIGTERM);
}

static void time_is_up(void **state)
{
	struct got g = { 0 }, deaf = { 0 };
	char script[700];

	snprintf(script, sizeof(script),
		 "sleep 60 & echo $! >%s; echo begun; sleep 60",
		 scratch("pid"));
	begin_for(&g, SH(script), 1);
	begin_for(&deaf, SH("trap '' TERM; while :; do sleep .1; done"), 1);
	(void) run_out();
	assert_true(g.timed_out);
	assert_int_equal(g.status, 128 + SIGTERM);
	assert_non_null(strstr(g.why, "timed out after 1 s: \"begun\""));
	is_gone(scratch("pid")); /* the whole group */
	assert_true(deaf.timed_out);
	assert_int_equal(deaf.status, 128 + SIGKILL);
}

/* It holds the pipe for a minute; nobody waits for it, nor kills it. */
static void daemon_left_behind(void **state)
{
	struct got g = { 0 };
	char script[700];

	snprintf(script, sizeof(script), "sleep 60 & echo $! >%s; echo up",
		 scratch("daemon"));
	begin(&g, script);
	(void) run_out();
	assert_int_equal(g.status, 0);
	assert_string_equal(g.output, "up\n");
	assert_true(alive(scratch("daemon")));
	kill(atoi(scratch_read(scratch("daemon"))), SIGKILL);
}

static void cannot_start(const char *name, const char *user, const char *why)
{
	struct child_spec spec = { .argv = (const char *[]){ name, NULL },
				   .user = user,
				   .timeout_s = 60 };
	struct got g = { 0 };

	g.child = loop_child_start(children, &spec, on_end, &g);
	assert_int_equal(g.n, 0);
	(void) run_out();
	assert_int_equal(g.n, 1);
	assert_false(g.ran);
	assert_non_null(strstr(g.why, name));
	assert_non_null(strstr(g.why, "cannot be started: "));
	assert_non_null(strstr(g.why, why));
}

static void start_failures(void **state)
{
	scratch_write(scratch("mode"), "#!/bin/sh\n", 0644);
	cannot_start("no-such-command", NULL, "No such file");
	cannot_start("/no/such/command", NULL, "No such file");
	cannot_start(scratch("mode"), NULL, "Permission denied");
	cannot_start("true", "no-such-user", "no user \"no-such-user\"");
}

static int count_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = -1; /* that of the folder */

	while (readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

/* From none left to enough: it says why, or does it; nothing leaks. */
static void no_descriptor_left(void **state)
{
	struct rlimit was, now;
	int before = count_fds(), failed = 0, ran = 0;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
	now = was;
	for (int more = 0; more < 9; more++) {
		struct got g = { 0 };

		now.rlim_cur = (rlim_t) (before + more);
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &now), 0);
		begin(&g, "echo so");
		(void) run_out();
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
		assert_int_equal(g.n, 1);
		assert_int_equal(count_fds(), before);
		if (g.ran) {
			assert_string_equal(g.output, "so\n");
			ran++;
			continue;
		}
		assert_non_null(strstr(g.why, "Too many open files"));
		failed++;
	}
	assert_true(failed > 0 && ran > 0);
}

static void epoll_refuses(void **state)
{
	struct got g = { 0 };

	refuse = true;
	begin(&g, "echo so; sleep .2; exit 2");
	(void) run_out();
	assert_string_equal(g.output, "so\n");
	assert_int_equal(g.status, 2);
}

static void cancelled(const char *trap)
{
	struct got g = { 0 };
	char script[1500];

	snprintf(script, sizeof(script),
		 "%s; sleep 60 & echo $! >%s; echo $$ >%s; touch %s; "
		 "while :; do sleep .1; done",
		 trap, scratch("other"), scratch("own"), scratch("up"));
	unlink(scratch("up"));
	begin(&g, script);
	until_there(scratch("up"));
	loop_child_cancel(&g.child);
	assert_null(g.child);
	loop_child_cancel(&g.child);
	(void) run_out();
	assert_int_equal(g.n, 0);
	is_gone(scratch("own"));
	is_gone(scratch("other"));
}

static void cancel(void **state)
{
	struct got g = { 0 };
	int told;

	cancelled("true");
	cancelled("trap '' TERM");
	/* Before it is another program, and when it never will be. */
	begin(&g, "sleep 60");
	loop_child_cancel(&g.child);
	(void) run_out();
	begin_for(&g, (const char *[]){ "true", NULL }, 60);
	refuse = true;
	loop_child_cancel(&g.child);
	(void) run_out();
	assert_int_equal(g.n, 0);
	/* It may be known to have failed by then, and is not told twice. */
	begin_for(&g, (const char *[]){ "/no/such", NULL }, 60);
	round_of(0);
	told = g.n;
	loop_child_cancel(&g.child);
	(void) run_out();
	assert_int_equal(g.n, told);
}

static struct got second;

static void cancel_both(struct got *g)
{
	loop_child_cancel(&g->child);
	loop_child_cancel(&second.child);
}

static void start_another(struct got *g)
{
	begin(&second, "echo second");
}

static void within_callbacks(void **state)
{
	struct got g = { .then = cancel_both };

	memset(&second, 0, sizeof(second));
	begin(&second, "sleep 60");
	begin(&g, "exit 0");
	(void) run_out();
	assert_int_equal(g.n, 1);
	assert_int_equal(second.n, 0);
	g = (struct got){ .then = start_another };
	begin(&g, "exit 0");
	(void) run_out();
	assert_int_equal(second.n, 1);
	assert_string_equal(second.output, "second\n");
}

/* As a fetcher that leaves: all of them, cancelled or not. */
static void freed_while_they_run(void **state)
{
	struct got g[3] = { 0 };
	char script[3][1500];

	for (int i = 0; i < 3; i++) {
		char name[8] = { 'p', (char) ('0' + i), '\0' };

		snprintf(script[i], sizeof(script[i]),
			 "trap '' TERM; echo $$ >%s; mv %s %s.up; while :; do "
			 "sleep .1; done",
			 scratch(name), scratch(name), scratch(name));
		begin(&g[i], script[i]);
	}
	until_there(scratch("p0.up"));
	until_there(scratch("p1.up"));
	until_there(scratch("p2.up"));
	loop_child_cancel(&g[1].child);
	loop_children_free(&children);
	assert_int_equal(g[0].n + g[1].n + g[2].n, 0);
	is_gone(scratch("p0.up"));
	is_gone(scratch("p1.up"));
	is_gone(scratch("p2.up"));
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	static const struct CMUnitTest tests[] = {
		TEST(ends),
		TEST(input),
		TEST(many),
		TEST(others_go_on),
		TEST(output_is_capped),
		TEST(endless_output),
		TEST(time_is_up),
		TEST(daemon_left_behind),
		TEST(start_failures),
		TEST(no_descriptor_left),
		TEST(epoll_refuses),
		TEST(cancel),
		TEST(within_callbacks),
		TEST(freed_while_they_run),
	};

	alarm(300);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
