/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <linux/close_range.h>
#include "child.h"
#include "clock.h"
#include "file.h"
#include "strlist.h"

#define CHILD_PATH    "/usr/sbin:/usr/bin:/sbin:/bin"
#define TERM_GRACE_MS 2000
#define LINGER_MS     100 /* for output of what the command left behind */
#define TICK_MS	      20  /* where there is no pidfd */

/* All that the child needs, made before the fork. */
struct plan {
	const struct child_spec *spec;
	struct strlist env;
	struct strlist paths; /* files to try */
	bool change_user;
	uid_t uid;
	gid_t gid;
	gid_t *groups;
	int n_groups;
	int in;	     /* its stdin, -1: /dev/null */
	int out[2];  /* its stdout and stderr */
	int fail[2]; /* errno of a start that failed; closed by exec */
};

static void plan_free(struct plan *p)
{
	strlist_free(&p->env);
	strlist_free(&p->paths);
	free(p->groups);
	file_close(&p->in);
	file_close(&p->out[0]);
	file_close(&p->out[1]);
	file_close(&p->fail[0]);
	file_close(&p->fail[1]);
}

#define HEAD_MAX 60 /* bytes of a command that people are shown, ... */
#define TAIL_MAX 140

/* Of a long one, what tells it from others: with ssh, that is its end. */
static char *command_text(const struct child_spec *spec)
{
	AUTO(mem_free_str) char *text = mem_strdup(spec->argv[0]);
	size_t i, len;

	for (i = 1; spec->argv[i]; i++) {
		AUTO(mem_free_str) char *before = text;

		text = mem_printf("%s %s", before, spec->argv[i]);
	}
	len = strlen(text);
	if (len <= HEAD_MAX + TAIL_MAX)
		return TAKE(text);
	return mem_printf("%.*s ... %s", HEAD_MAX, text, text + len - TAIL_MAX);
}

static void plan_env(struct plan *p)
{
	const char *const *e;
	bool has_path = false;

	for (e = p->spec->env; e && *e; e++) {
		has_path |= strncmp(*e, "PATH=", 5) == 0;
		strlist_add(&p->env, *e);
	}
	if (!has_path)
		strlist_add(&p->env, "PATH=" CHILD_PATH);
}

static void plan_paths(struct plan *p)
{
	const char *name = p->spec->argv[0], *dir, *end;

	if (strchr(name, '/')) {
		strlist_add(&p->paths, name);
		return;
	}
	for (dir = CHILD_PATH; *dir; dir = *end ? end + 1 : end) {
		end = strchrnul(dir, ':');
		strlist_addf(&p->paths, "%.*s/%s", (int) (end - dir), dir,
			     name);
	}
}

static int plan_user(struct plan *p, struct err *err)
{
	const char *user = p->spec->user;
	struct passwd *pw;

	if (!user)
		return 0;
	pw = getpwnam(user);
	if (!pw)
		return err_set(err, ERR_CHILD, "there is no user \"%s\"", user);
	if (pw->pw_uid == geteuid() && pw->pw_uid == getuid())
		return 0;
	p->change_user = true;
	p->uid = pw->pw_uid;
	p->gid = pw->pw_gid;
	/* Asked twice: the first call tells the number. */
	p->n_groups = 0;
	getgrouplist(user, p->gid, NULL, &p->n_groups);
	p->groups = mem_array((size_t) p->n_groups + 1, sizeof(*p->groups));
	if (getgrouplist(user, p->gid, p->groups, &p->n_groups) == -1)
		return err_set(err, ERR_CHILD,
			       "the groups of user \"%s\" cannot be listed",
			       user);
	return 0;
}

/* Above 2, so that the child's own descriptors do not overwrite them. */
static int make_pipe(int fds[2], struct err *err)
{
	int i, fd;

	if (pipe2(fds, O_CLOEXEC) == -1) {
		fds[0] = fds[1] = -1;
		return err_errno(err, ERR_CHILD, "no pipe can be made");
	}
	for (i = 0; i < 2; i++) {
		if (fds[i] > 2)
			continue;
		fd = fcntl(fds[i], F_DUPFD_CLOEXEC, 3);
		if (fd == -1)
			return err_errno(err, ERR_CHILD, "no pipe can be made");
		close(fds[i]);
		fds[i] = fd;
	}
	return 0;
}

/* What is on its stdin is all there from the start, in memory: nobody waits
 * for it to be read. */
static int plan_input(struct plan *p, struct err *err)
{
	const char *from = p->spec->input;
	size_t left = p->spec->input_len;
	ssize_t n = 0;
	int fd;

	if (!from)
		return 0;
	p->in = memfd_create("input", MFD_CLOEXEC);
	while (p->in != -1 && left > 0 && (n = write(p->in, from, left)) > 0) {
		from += n;
		left -= (size_t) n;
	}
	if (p->in == -1 || n == -1 || lseek(p->in, 0, SEEK_SET) == -1)
		return err_errno(err, ERR_CHILD, "its input cannot be kept");
	if (p->in > 2)
		return 0;
	fd = fcntl(p->in, F_DUPFD_CLOEXEC, 3);
	if (fd == -1)
		return err_errno(err, ERR_CHILD, "its input cannot be kept");
	close(p->in);
	p->in = fd;
	return 0;
}

/* In the child, from here... */

static void close_on_exec_from_3(void)
{
	int fd, max;

	if (close_range(3, ~0u, CLOSE_RANGE_CLOEXEC) == 0)
		return;
	/* A kernel or sandbox without it; ours have the flag already. */
	max = (int) sysconf(_SC_OPEN_MAX);
	for (fd = 3; fd < (max > 0 && max < 65536 ? max : 65536); fd++)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
}

static void default_signals(void)
{
	struct sigaction dfl = { .sa_handler = SIG_DFL };
	sigset_t none;
	int sig;

	for (sig = 1; sig < NSIG; sig++)
		sigaction(sig, &dfl, NULL); /* KILL and STOP refuse */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static bool become_user(const struct plan *p)
{
	return !p->change_user ||
	       (setgroups((size_t) p->n_groups, p->groups) == 0 &&
		setgid(p->gid) == 0 && setuid(p->uid) == 0);
}

/* Returns only when nothing could be started; errno tells why. Not execvp:
 * it would give a file without "#!" to a shell. */
static void try_exec(const struct plan *p)
{
	int best = ENOENT;
	size_t i;

	for (i = 0; i < p->paths.n; i++) {
		execve(p->paths.v[i], (char *const *) p->spec->argv, p->env.v);
		if (errno != ENOENT && errno != ENOTDIR)
			best = errno;
	}
	errno = best;
}

static void __attribute__((__noreturn__)) be_child(const struct plan *p)
{
	int in = p->in, why;

	setpgid(0, 0);
	default_signals();
	umask(022); /* ours is tighter; a service it starts has its own idea */
	if (in == -1)
		in = open("/dev/null", O_RDONLY);
	if (in != -1 && dup2(in, 0) != -1 && dup2(p->out[1], 1) != -1 &&
	    dup2(p->out[1], 2) != -1 && chdir("/") == 0 && become_user(p)) {
		close_on_exec_from_3();
		try_exec(p);
	}
	why = errno;
	if (write(p->fail[1], &why, sizeof(why)) != sizeof(why))
		_exit(126);
	_exit(127);
}

/* ... to here. */

/* Waits for exec, or for the word that it failed. */
static int start_failure(int fd)
{
	ssize_t n;
	int why;

	do
		n = read(fd, &why, sizeof(why));
	while (n == -1 && errno == EINTR);
	return n == sizeof(why) ? why : 0;
}

static void reap(pid_t pid, int *status)
{
	while (waitpid(pid, status, 0) == -1 && errno == EINTR)
		;
}

/* Whatever is there now; false at its end. What passes the cap is dropped,
 * so that the command does not block. */
static bool take_output(int fd, struct sbuf *output)
{
	char buf[4096];
	size_t room;
	ssize_t n;

	for (;;) {
		n = read(fd, buf, sizeof(buf));
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return n == -1 && errno == EAGAIN;
		room = output->max - output->len;
		sbuf_add(output, buf, (size_t) n < room ? (size_t) n : room);
		if ((size_t) n < sizeof(buf))
			return true;
	}
}

struct watch {
	pid_t pid;
	int pidfd;
	int out;	  /* -1 once it ended */
	int64_t deadline; /* of the current stage, clock_mono_ms() */
	int killed;	  /* 0, then SIGTERM, then SIGKILL */
	int status;
};

/* The next harder signal to the whole group. */
static void press(struct watch *w, struct child_result *r)
{
	r->timed_out = true;
	w->killed = w->killed == 0 ? SIGTERM : SIGKILL;
	kill(-w->pid, w->killed);
	w->deadline = clock_mono_ms() + TERM_GRACE_MS;
}

/* One wait of at most until the deadline; true when the command ended. */
static bool watch_once(struct watch *w, struct child_result *r)
{
	struct pollfd fds[2] = {
		{ .fd = w->out, .events = POLLIN },
		{ .fd = w->pidfd, .events = POLLIN },
	};
	int64_t left = w->deadline - clock_mono_ms();

	if (left < 0)
		left = 0;
	if (w->pidfd == -1 && left > TICK_MS)
		left = TICK_MS;
	if (left > 60000)
		left = 60000;
	poll(fds, 2, (int) left);
	if (w->out != -1 && fds[0].revents && !take_output(w->out, &r->output))
		w->out = -1;
	return waitpid(w->pid, &w->status, WNOHANG) == w->pid;
}

/* A daemon that the command started may hold the pipe for ever. */
static void linger(struct watch *w, struct child_result *r)
{
	int64_t until = clock_mono_ms() + LINGER_MS, left;
	struct pollfd fd = { .fd = w->out, .events = POLLIN };

	while (w->out != -1) {
		left = until - clock_mono_ms();
		if (poll(&fd, 1, left > 0 ? (int) left : 0) == 0)
			return;
		if (fd.revents && !take_output(w->out, &r->output))
			return;
		if (left <= 0)
			return;
	}
}

static void watch(pid_t pid, int out, int timeout_s, struct child_result *r)
{
	struct watch w = {
		.pid = pid,
		.pidfd = pidfd_open(pid, 0),
		.out = out,
		.deadline = clock_mono_ms() + (int64_t) timeout_s * 1000,
	};

	while (!watch_once(&w, r))
		if (clock_mono_ms() >= w.deadline)
			press(&w, r);
	/* Those it left behind had no more time than itself. */
	if (w.killed)
		kill(-pid, SIGKILL);
	linger(&w, r);
	file_close(&w.pidfd);
	r->signal = WIFEXITED(w.status) ? 0 : WTERMSIG(w.status);
	r->status = r->signal == 0 ? WEXITSTATUS(w.status) : 128 + r->signal;
}

int child_run(const struct child_spec *spec, struct child_result *ret,
	      struct err *err)
{
	AUTO(plan_free)
	struct plan p = {
		.spec = spec, .in = -1, .out = { -1, -1 }, .fail = { -1, -1 }
	};
	AUTO(mem_free_str) char *command = command_text(spec);
	struct child_result r = { .output = SBUF_INIT(CHILD_OUTPUT_MAX) };
	pid_t pid;

	plan_env(&p);
	plan_paths(&p);
	if (plan_user(&p, err) == -1 || plan_input(&p, err) == -1 ||
	    make_pipe(p.out, err) == -1 || make_pipe(p.fail, err) == -1)
		return err_wrap(err, "%s cannot be started", command);
	pid = fork();
	if (pid == -1)
		return err_errno(err, ERR_CHILD, "%s cannot be started",
				 command);
	if (pid == 0)
		be_child(&p);
	setpgid(pid, pid); /* whoever comes first */
	file_close(&p.out[1]);
	file_close(&p.fail[1]);
	errno = start_failure(p.fail[0]);
	if (errno) {
		err_errno(err, ERR_CHILD, "%s cannot be started", command);
		reap(pid, &r.status);
		return -1;
	}
	fcntl(p.out[0], F_SETFL, O_NONBLOCK);
	watch(pid, p.out[0], spec->timeout_s, &r);
	*ret = r;
	return 0;
}

/* The last line that says something: services explain themselves last. */
static const char *last_line(char *output)
{
	size_t len = strlen(output);
	char *nl;

	while (len > 0 && strchr(" \t\r\n", output[len - 1]))
		output[--len] = '\0';
	nl = strrchr(output, '\n');
	return nl ? nl + 1 : output;
}

static void result_free(struct child_result *r)
{
	sbuf_free(&r->output);
}

int child_check(const struct child_spec *spec, bool *ret_started,
		struct err *err)
{
	AUTO(result_free) struct child_result r = { .status = 0 };
	AUTO(mem_free_str) char *command = NULL;
	AUTO(mem_free_str) char *output = NULL;
	bool started = child_run(spec, &r, err) == 0;
	const char *how, *said;
	int number;

	if (ret_started)
		*ret_started = started;
	if (!started)
		return -1;
	if (!r.timed_out && r.status == 0)
		return 0;
	command = command_text(spec);
	output = mem_strdup(sbuf_str(&r.output));
	said = last_line(output);
	how = r.timed_out ? "timed out after"
	      : r.signal  ? "was ended by signal"
			  : "exited with";
	number = r.timed_out ? spec->timeout_s : r.signal ? r.signal : r.status;
	return err_set(err, ERR_CHILD, "\"%s\" %s %d%s%s%s", command, how,
		       number, r.timed_out ? " s" : "", *said ? ": " : "",
		       said);
}
