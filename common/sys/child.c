/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include "child_impl.h"
#include "clock.h"
#include "file.h"
#include "log.h"
#include "words.h"

#define TERM_GRACE_MS 2000
#define KILL_GRACE_MS 5000 /* then it is left as it is */
#define LINGER_MS     100  /* for output of what the command left behind */
#define TICK_MS	      20   /* where there is no pidfd */
#define TAKE_MAX      64   /* reads at once; then the clock is looked at */
#define ENDLESS                                                       \
	"cannot be ended: somebody traces it, or it hangs in a file " \
	"system"

enum stage {
	STARTING,  /* neither another program yet, nor has it said why not */
	REAPING,   /* it did not become one, and is killed */
	RUNNING,   /* until it ended, or was given up */
	LINGERING, /* a daemon that it started may hold the pipe for ever */
	DRAINING,  /* somebody is made who goes on to read that */
	ENDED,
};

struct child {
	struct child_plan plan;
	char *command;
	int timeout_s;
	unsigned int file_max;
	enum stage stage;
	int64_t deadline; /* of the stage, clock_mono_ms() */
	pid_t pid, drain;
	int pidfd, drainfd; /* -1: not to be had */
	bool blind;	    /* pidfd is readable, and it has not ended */
	bool out;	    /* there may be more output */
	int why;	    /* errno of a start that came to nothing */
	int killed;	    /* 0, then SIGTERM, then SIGKILL */
	bool timed_out, endless;
	int status;
	struct said said;
};

/* A command that makes us its tracer (PTRACE_TRACEME) is given to us at each of
 * its stops, too, and goes on only when we say so. It does not. */
static bool has_ended(pid_t pid, int *ret_status)
{
	int status;

	if (waitpid(pid, &status, WNOHANG) != pid)
		return false;
	if (WIFEXITED(status) || WIFSIGNALED(status)) {
		*ret_status = status;
		return true;
	}
	kill(-pid, SIGKILL);
	kill(pid, SIGKILL);
	return false;
}

/* What is there now; false at its end. What passes the cap is dropped, so
 * that the command does not block. */
static bool take_output(int fd, struct said *said)
{
	char buf[4096];
	ssize_t n;
	int i;

	for (i = 0; i < TAKE_MAX; i++) {
		n = read(fd, buf, sizeof(buf));
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return n == -1 && errno == EAGAIN;
		said_add(said, buf, (size_t) n);
		if ((size_t) n < sizeof(buf))
			return true;
	}
	return true;
}

static void enter(struct child *c, enum stage stage, int64_t ms)
{
	c->stage = stage;
	c->deadline = clock_mono_ms() + ms;
}

static bool time_is_up(const struct child *c)
{
	return clock_mono_ms() >= c->deadline;
}

static bool is_readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) > 0;
}

static bool has_it_ended(struct child *c)
{
	bool told = c->pidfd != -1 && !c->blind && is_readable(c->pidfd);
	bool ended = has_ended(c->pid, &c->status);

	/* Dead, but its tracer keeps it: that would be so at once each time. */
	if (!ended && told)
		c->blind = true;
	return ended;
}

/* What it had to say is said, or never will be. It is not waited for to end by
 * itself: its user may have stopped it after its last word. */
static void give_up_start(struct child *c, int why)
{
	c->why = why;
	kill(-c->pid, SIGKILL);
	kill(c->pid, SIGKILL);
	enter(c, REAPING, KILL_GRACE_MS);
}

/* Until exec, or the word that it failed. Its user may stop it before, or hold
 * the file of the program: neither is waited for until he likes. */
static void step_starting(struct child *c)
{
	int why;
	ssize_t n;

	do
		n = read(c->plan.fail[0], &why, sizeof(why));
	while (n == -1 && errno == EINTR);
	if (n == sizeof(why))
		give_up_start(c, why);
	else if (n != -1 && c->plan.probe)
		give_up_start(c, 0);
	else if (n != -1)
		c->stage = RUNNING;
	else if (time_is_up(c))
		give_up_start(c, ETIMEDOUT);
}

/* Whoever traces it keeps a dead one from us as long as he likes, and a file
 * system that does not answer a live one. */
static void step_reaping(struct child *c)
{
	if (!has_it_ended(c) && !(c->endless = time_is_up(c)))
		return;
	c->stage = ENDED;
}

/* The whole group. */
static void press(struct child *c, int sig)
{
	c->killed = sig;
	kill(-c->pid, sig);
	enter(c, RUNNING, sig == SIGTERM ? TERM_GRACE_MS : KILL_GRACE_MS);
}

static void step_running(struct child *c)
{
	c->out = c->out && take_output(c->plan.out[0], &c->said);
	if (!has_it_ended(c)) {
		if (!time_is_up(c))
			return;
		c->timed_out = c->timed_out || c->killed == 0;
		if (c->killed != SIGKILL) {
			press(c, c->killed == 0 ? SIGTERM : SIGKILL);
			return;
		}
		c->endless = true;
		c->status = W_EXITCODE(0, SIGKILL);
	}
	/* Those it left behind had no more time than itself. */
	if (c->killed)
		kill(-c->pid, SIGKILL);
	enter(c, LINGERING, LINGER_MS);
}

static void step_lingering(struct child *c)
{
	c->out = c->out && take_output(c->plan.out[0], &c->said);
	if (c->out && !time_is_up(c))
		return;
	c->drain = c->out ? child_plan_drain(&c->plan) : -1;
	if (c->drain != -1)
		c->drainfd = pidfd_open(c->drain, 0);
	enter(c, c->drain != -1 ? DRAINING : ENDED, KILL_GRACE_MS);
}

static void step_draining(struct child *c)
{
	int status;

	if (has_ended(c->drain, &status) || time_is_up(c))
		c->stage = ENDED;
}

bool child_step(struct child *c)
{
	static void (*const steps[ENDED])(struct child *) = {
		[STARTING] = step_starting, [REAPING] = step_reaping,
		[RUNNING] = step_running,   [LINGERING] = step_lingering,
		[DRAINING] = step_draining,
	};
	enum stage before;

	do {
		before = c->stage;
		if (before != ENDED)
			steps[before](c);
	} while (c->stage != before);
	return c->stage == ENDED;
}

void child_waits(const struct child *c, struct child_waits *ret)
{
	int64_t tick = clock_mono_ms() + TICK_MS;
	bool lives = c->stage == REAPING || c->stage == RUNNING;
	bool talks = c->stage == RUNNING || c->stage == LINGERING;

	ret->fd[0] = c->stage == STARTING ? c->plan.fail[0] : -1;
	ret->fd[1] = talks && c->out ? c->plan.out[0] : -1;
	ret->fd[2] = lives && !c->blind ? c->pidfd : -1;
	ret->fd[3] = c->stage == DRAINING ? c->drainfd : -1;
	ret->until = c->deadline;
	if (((lives && ret->fd[2] == -1) ||
	     (c->stage == DRAINING && ret->fd[3] == -1)) &&
	    tick < ret->until)
		ret->until = tick;
}

/* Steps until it ended. */
static void wait_for_end(struct child *c)
{
	while (!child_step(c)) {
		struct pollfd fds[CHILD_FDS];
		struct child_waits w;
		int64_t left;

		child_waits(c, &w);
		for (size_t i = 0; i < CHILD_FDS; i++)
			fds[i] = (struct pollfd){ w.fd[i], POLLIN, 0 };
		left = w.until - clock_mono_ms();
		poll(fds, CHILD_FDS,
		     left < 0	    ? 0
		     : left > 60000 ? 60000
				    : (int) left);
	}
}

static int start(const struct child_spec *spec, bool probe, struct child **ret,
		 struct err *err)
{
	AUTO(child_free) struct child *c = mem_alloc(sizeof(*c));

	c->pidfd = c->drainfd = -1;
	c->stage = ENDED; /* until it begins */
	c->command = words_short(spec->argv);
	c->timeout_s = spec->timeout_s;
	c->file_max = spec->file_max;
	child_plan_init(&c->plan, spec);
	c->plan.probe = probe;
	if (child_plan_start(&c->plan, &c->pid, err) == -1)
		return -1;
	c->pidfd = pidfd_open(c->pid, 0);
	c->out = true;
	enter(c, STARTING, (int64_t) spec->timeout_s * 1000);
	*ret = TAKE(c);
	return 0;
}

int child_start(const struct child_spec *spec, struct child **ret,
		struct err *err)
{
	AUTO(mem_free_str) char *command = NULL;

	if (start(spec, false, ret, err) == 0)
		return 0;
	command = words_short(spec->argv);
	return err_wrap(err, "%s cannot be started", command);
}

void child_stop(struct child *c, int sig)
{
	if (c->stage == STARTING)
		give_up_start(c, ECANCELED);
	else if (c->stage == RUNNING && c->killed != SIGKILL &&
		 c->killed != sig)
		press(c, sig);
}

void child_free(struct child **cp)
{
	struct child *c = TAKE(*cp);

	if (!c)
		return;
	child_stop(c, SIGKILL);
	wait_for_end(c);
	child_plan_free(&c->plan);
	file_close(&c->pidfd);
	file_close(&c->drainfd);
	free(c->command);
	free(c);
}

/* Why it did not become another program. */
static int end_of_start(const struct child *c, struct err *err)
{
	if (c->why == ETIMEDOUT)
		return err_set(err, ERR_CHILD,
			       "nothing came of it in %d s: somebody has "
			       "stopped it, or holds the file of the program%s",
			       c->timeout_s,
			       c->endless ? "; and it " ENDLESS : "");
	return c->why ? err_set(err, ERR_CHILD, "%s", strerror(c->why)) : 0;
}

int child_end(const struct child *c, struct child_result *ret, struct err *err)
{
	struct child_result r = { .timed_out = c->timed_out,
				  .endless = c->endless,
				  .output = SBUF_INIT(CHILD_OUTPUT_MAX) };

	if (end_of_start(c, err) == -1)
		return err_wrap(err, "%s cannot be started", c->command);
	said_text(&c->said, &r.output);
	r.signal = WIFEXITED(c->status) ? 0 : WTERMSIG(c->status);
	r.status = r.signal == 0 ? WEXITSTATUS(c->status) : 128 + r.signal;
	*ret = r;
	return 0;
}

int child_run(const struct child_spec *spec, struct child_result *ret,
	      struct err *err)
{
	AUTO(child_free) struct child *c = NULL;

	if (child_start(spec, &c, err) == -1)
		return -1;
	wait_for_end(c);
	return child_end(c, ret, err);
}

bool child_is_missing(const char *program)
{
	const char *argv[] = { program, NULL };
	struct child_spec spec = { .argv = argv };
	AUTO(child_plan_free) struct child_plan p;
	size_t i;

	child_plan_init(&p, &spec);
	child_plan_paths(&p);
	for (i = 0; i < p.paths.n; i++)
		if (access(p.paths.v[i], F_OK) == 0 ||
		    (errno != ENOENT && errno != ENOTDIR))
			return false;
	return true;
}

int child_check_words(const char *const *argv, struct err *err)
{
	AUTO(mem_free_str) char *list = NULL;

	if (!argv[0] || !strpbrk(argv[0], " \t\n") ||
	    !child_is_missing(argv[0]))
		return 0;
	list = words_list(argv);
	return err_set(err, ERR_CONFIG,
		       "there is no program \"%s\", and no shell takes that "
		       "apart; write %s",
		       argv[0], list);
}

int child_find(const struct child_spec *spec, struct err *err)
{
	const char *program = spec->argv[0];
	AUTO(child_free) struct child *c = NULL;

	if (start(spec, true, &c, err) == 0) {
		wait_for_end(c);
		if (end_of_start(c, err) == 0)
			return 0;
	}
	if (!strchr(program, '/') && child_is_missing(program))
		return err_set(err, ERR_CHILD, "there is no %s in " CHILD_PATH,
			       program);
	return err_wrap(err, "%s cannot be run", program);
}

static void result_free(struct child_result *r)
{
	sbuf_free(&r->output);
}

struct ending {
	const char *how, *unit;
	int n;
};

static struct ending ending_of(const struct child *c,
			       const struct child_result *r)
{
	if (r->timed_out)
		return (struct ending){ "timed out after", " s", c->timeout_s };
	if (c->file_max > 0 && r->signal == SIGXFSZ)
		return (struct ending){
			"was ended, since a file it wrote is larger than",
			" bytes", (int) c->file_max
		};
	if (r->signal != 0)
		return (struct ending){ "was ended by signal", "", r->signal };
	return (struct ending){ "exited with", "", r->status };
}

int child_judge(const struct child *c, const struct child_result *r,
		struct err *err)
{
	bool well = !r->timed_out && r->status == 0;
	AUTO(mem_free_str) char *said = NULL;
	struct ending e;

	log_said(!well, c->command, sbuf_str(&r->output));
	if (well)
		return 0;
	said = said_line(sbuf_str(&r->output));
	e = ending_of(c, r);
	return err_set(err, ERR_CHILD, "\"%s\" %s %d%s%s%s%s", c->command,
		       e.how, e.n, e.unit, r->endless ? ", and " ENDLESS : "",
		       *said ? ": " : "", said);
}

int child_check(const struct child_spec *spec, bool *ret_started,
		struct err *err)
{
	AUTO(result_free) struct child_result r = { .status = 0 };
	AUTO(child_free) struct child *c = NULL;
	bool started = child_start(spec, &c, err) == 0;

	if (started)
		wait_for_end(c);
	started = started && child_end(c, &r, err) == 0;
	if (ret_started)
		*ret_started = started;
	return started ? child_judge(c, &r, err) : -1;
}
