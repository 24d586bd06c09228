/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <linux/close_range.h>
#include <linux/keyctl.h>
#include "child.h"
#include "clock.h"
#include "file.h"
#include "log.h"
#include "said.h"
#include "strlist.h"
#include "words.h"

#define CHILD_PATH    "/usr/sbin:/usr/bin:/sbin:/bin"
#define TERM_GRACE_MS 2000
#define KILL_GRACE_MS 5000 /* then it is left as it is */
#define LINGER_MS     100  /* for output of what the command left behind */
#define TICK_MS	      20   /* where there is no pidfd */
#define TAKE_MAX      64   /* reads at once; then the clock is looked at */
#define DRAIN	      "certrepo-drain"
#define ENDLESS                                                       \
	"cannot be ended: somebody traces it, or it hangs in a file " \
	"system"

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
	bool probe;  /* do not start it, only look whether that can be */
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

void child_close_from(int fd)
{
	int max;

	if (close_range((unsigned int) fd, ~0u, 0) == 0)
		return;
	/* A kernel or sandbox without it. */
	max = (int) sysconf(_SC_OPEN_MAX);
	for (; fd < (max > 0 && max < 65536 ? max : 65536); fd++)
		close(fd);
}

void child_default_signals(void)
{
	struct sigaction dfl = { .sa_handler = SIG_DFL };
	sigset_t none;
	int sig;

	for (sig = 1; sig < NSIG; sig++)
		sigaction(sig, &dfl, NULL); /* KILL and STOP refuse */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

bool child_leave_keyring(void)
{
	/* A kernel or sandbox without keys. */
	return syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) != -1 ||
	       errno == ENOSYS || errno == EPERM;
}

/* Until exec its memory is still ours: with fs.suid_dumpable set, that user
 * could have a core of it, or trace it. */
static bool become_user(const struct plan *p)
{
	return !p->change_user ||
	       (child_leave_keyring() &&
		setgroups((size_t) p->n_groups, p->groups) == 0 &&
		setgid(p->gid) == 0 && setuid(p->uid) == 0 &&
		prctl(PR_SET_DUMPABLE, 0) == 0);
}

/* Whether execve() would find a program in PATH; else errno. */
static bool can_exec(const char *path)
{
	struct stat st;

	if (stat(path, &st) == -1)
		return false;
	if (S_ISREG(st.st_mode))
		return access(path, X_OK) == 0;
	errno = EACCES;
	return false;
}

/* Returns only when nothing could be started; errno tells why. Not execvp:
 * it would give a file without "#!" to a shell. */
static void try_exec(const struct plan *p)
{
	int best = ENOENT;
	size_t i;

	for (i = 0; i < p->paths.n; i++) {
		if (p->probe && can_exec(p->paths.v[i]))
			_exit(0);
		if (!p->probe)
			execve(p->paths.v[i], (char *const *) p->spec->argv,
			       p->env.v);
		if (errno != ENOENT && errno != ENOTDIR)
			best = errno;
	}
	errno = best;
}

/* Our own descriptors go first of all: a lock among them would be held, for
 * a moment, by a child that outlives us. FAIL becomes 3. */
static bool take_descriptors(const struct plan *p, int *fail)
{
	int in = p->in != -1 ? p->in : open("/dev/null", O_RDONLY);

	if (in == -1 || dup2(in, 0) == -1 || dup2(p->out[1], 1) == -1 ||
	    dup2(p->out[1], 2) == -1)
		return false;
	if (*fail != 3 && dup3(*fail, 3, O_CLOEXEC) == -1)
		return false;
	*fail = 3;
	child_close_from(4);
	return true;
}

static bool limit_files(const struct plan *p)
{
	const struct rlimit most = { p->spec->file_max, p->spec->file_max };

	return p->spec->file_max == 0 || setrlimit(RLIMIT_FSIZE, &most) == 0;
}

static void __attribute__((__noreturn__)) be_child(const struct plan *p)
{
	int fail = p->fail[1], why;

	if (take_descriptors(p, &fail)) {
		/* Of its own, since whoever shares a terminal with us can
		 * type into it (TIOCSTI). */
		setsid();
		child_default_signals();
		/* Ours is tighter; a service it starts has its own idea. */
		umask(022);
		if (chdir("/") == 0 && limit_files(p) && become_user(p))
			try_exec(p);
	}
	why = errno;
	if (write(fail, &why, sizeof(why)) != sizeof(why))
		_exit(126);
	_exit(127);
}

/* Nobody's child, so that nobody has to wait for it. */
static void __attribute__((__noreturn__)) be_drain(const struct plan *p)
{
	/* Under its own name, unless that is what tells cat what to be. */
	static const char *const names[] = { DRAIN, "cat" };
	char real[PATH_MAX];
	const char *base, *argv[2] = { names[1], NULL };
	int null = open("/dev/null", O_WRONLY);

	if (null == -1 || dup2(p->out[0], 0) == -1 || dup2(null, 1) == -1 ||
	    dup2(null, 2) == -1)
		_exit(1);
	child_close_from(3);
	if (fork() != 0)
		_exit(0);
	setsid();
	child_default_signals();
	fcntl(0, F_SETFL, 0); /* it blocks, until the last writer is gone */
	if (chdir("/") == -1 || !become_user(p))
		_exit(1);
	base = realpath("/bin/cat", real) ? strrchr(real, '/') : NULL;
	if (base && strcmp(base, "/cat") == 0)
		argv[0] = names[0];
	execve("/bin/cat", (char *const *) argv, p->env.v);
	_exit(1);
}

/* ... to here. */

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

struct watch {
	pid_t pid;
	int pidfd;
	int out; /* -1 once it ended */
	struct said *said;
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
	w->deadline = clock_mono_ms() +
		      (w->killed == SIGTERM ? TERM_GRACE_MS : KILL_GRACE_MS);
}

/* One wait of at most until the deadline; true when the command ended. */
static bool watch_once(struct watch *w)
{
	struct pollfd fds[2] = {
		{ .fd = w->out, .events = POLLIN },
		{ .fd = w->pidfd, .events = POLLIN },
	};
	int64_t left = w->deadline - clock_mono_ms();
	bool ended;

	if (left < 0)
		left = 0;
	if (w->pidfd == -1 && left > TICK_MS)
		left = TICK_MS;
	if (left > 60000)
		left = 60000;
	poll(fds, 2, (int) left);
	if (w->out != -1 && fds[0].revents && !take_output(w->out, w->said))
		w->out = -1;
	ended = has_ended(w->pid, &w->status);
	/* Dead, but its tracer keeps it: that would be so at once each time. */
	if (!ended && fds[1].revents)
		file_close(&w->pidfd);
	return ended;
}

/* Of what is at its end anyway. Whoever traces it keeps a dead one from us as
 * long as he likes, and a file system that does not answer a live one: false
 * when it is left as it is. */
static bool reap(pid_t pid)
{
	struct watch w = {
		.pid = pid,
		.pidfd = pidfd_open(pid, 0),
		.out = -1,
		.deadline = clock_mono_ms() + KILL_GRACE_MS,
	};
	bool ended;

	do
		ended = watch_once(&w);
	while (!ended && clock_mono_ms() < w.deadline);
	file_close(&w.pidfd);
	return ended;
}

/* A daemon that the command started may hold the pipe for ever. */
static void linger(struct watch *w)
{
	int64_t until = clock_mono_ms() + LINGER_MS, left;
	struct pollfd fd = { .fd = w->out, .events = POLLIN };

	while (w->out != -1) {
		left = until - clock_mono_ms();
		if (poll(&fd, 1, left > 0 ? (int) left : 0) == 0)
			return;
		if (fd.revents && !take_output(w->out, w->said)) {
			w->out = -1;
			return;
		}
		if (left <= 0)
			return;
	}
}

/* It still holds the pipe, and would die of its next word once we are gone:
 * somebody goes on to read. */
static void drain(const struct plan *p, int out)
{
	struct pollfd fd = { .fd = out };
	pid_t pid;

	if (out == -1 || poll(&fd, 1, 0) == -1 || fd.revents & POLLHUP)
		return;
	pid = fork();
	if (pid == 0)
		be_drain(p);
	if (pid != -1)
		(void) reap(pid);
}

static void watch(const struct plan *p, pid_t pid, struct child_result *r)
{
	struct said said = { .n = 0 };
	struct watch w = {
		.pid = pid,
		.pidfd = pidfd_open(pid, 0),
		.out = p->out[0],
		.said = &said,
		.deadline =
			clock_mono_ms() + (int64_t) p->spec->timeout_s * 1000,
	};

	while (!r->endless && !watch_once(&w)) {
		if (clock_mono_ms() < w.deadline)
			continue;
		r->endless = w.killed == SIGKILL;
		if (!r->endless)
			press(&w, r);
	}
	if (r->endless)
		w.status = W_EXITCODE(0, SIGKILL);
	/* Those it left behind had no more time than itself. */
	if (w.killed)
		kill(-pid, SIGKILL);
	linger(&w);
	drain(p, w.out);
	file_close(&w.pidfd);
	said_text(&said, &r->output);
	r->signal = WIFEXITED(w.status) ? 0 : WTERMSIG(w.status);
	r->status = r->signal == 0 ? WEXITSTATUS(w.status) : 128 + r->signal;
}

/* Waits for exec, or for the word that it failed. Its user may stop it before,
 * or hold the file of the program: neither is waited for until he likes. */
static int start_failure(const struct plan *p)
{
	int64_t until = clock_mono_ms() + (int64_t) p->spec->timeout_s * 1000;
	struct pollfd fd = { .fd = p->fail[0], .events = POLLIN };
	ssize_t n;
	int why;

	for (;;) {
		int64_t left = until - clock_mono_ms();

		n = poll(&fd, 1,
			 left < 0	? 0
			 : left > 60000 ? 60000
					: (int) left);
		if (n > 0)
			break;
		if (n == 0 && left <= 0)
			return ETIMEDOUT;
	}
	do
		n = read(fd.fd, &why, sizeof(why));
	while (n == -1 && errno == EINTR);
	return n == sizeof(why) ? why : 0;
}

/* What it had to say is said, or never will be. It is not waited for to end by
 * itself: its user may have stopped it after its last word. */
static int end_start(const struct plan *p, pid_t pid, int why, struct err *err)
{
	bool ended;

	kill(pid, SIGKILL);
	ended = reap(pid);
	if (why == ETIMEDOUT)
		return err_set(err, ERR_CHILD,
			       "nothing came of it in %d s: somebody has "
			       "stopped it, or holds the file of the program%s",
			       p->spec->timeout_s,
			       ended ? "" : "; and it " ENDLESS);
	return why ? err_set(err, ERR_CHILD, "%s", strerror(why)) : 0;
}

/* -1: nothing runs. With probe, *ret_pid has ended. */
static int start(struct plan *p, pid_t *ret_pid, struct err *err)
{
	int why;
	pid_t pid;

	plan_env(p);
	plan_paths(p);
	if (plan_user(p, err) == -1 || plan_input(p, err) == -1 ||
	    make_pipe(p->out, err) == -1 || make_pipe(p->fail, err) == -1)
		return -1;
	/* So that it can open its /dev/stderr, too. */
	if (p->change_user)
		(void) !fchown(p->out[1], p->uid, (gid_t) -1);
	/* Whoever started us may ignore it: nobody would learn how it ends. */
	signal(SIGCHLD, SIG_DFL);
	pid = fork();
	if (pid == -1)
		return err_errno(err, ERR_CHILD, "no process can be made");
	if (pid == 0)
		be_child(p);
	file_close(&p->out[1]);
	file_close(&p->fail[1]);
	why = start_failure(p);
	*ret_pid = pid;
	return why || p->probe ? end_start(p, pid, why, err) : 0;
}

static void plan_init(struct plan *p, const struct child_spec *spec)
{
	*p = (struct plan){
		.spec = spec, .in = -1, .out = { -1, -1 }, .fail = { -1, -1 }
	};
}

int child_run(const struct child_spec *spec, struct child_result *ret,
	      struct err *err)
{
	AUTO(mem_free_str) char *command = words_short(spec->argv);
	struct child_result r = { .output = SBUF_INIT(CHILD_OUTPUT_MAX) };
	AUTO(plan_free) struct plan p;
	pid_t pid;

	plan_init(&p, spec);
	if (start(&p, &pid, err) == -1)
		return err_wrap(err, "%s cannot be started", command);
	fcntl(p.out[0], F_SETFL, O_NONBLOCK);
	watch(&p, pid, &r);
	*ret = r;
	return 0;
}

bool child_is_missing(const char *program)
{
	const char *argv[] = { program, NULL };
	struct child_spec spec = { .argv = argv };
	AUTO(plan_free) struct plan p;
	size_t i;

	plan_init(&p, &spec);
	plan_paths(&p);
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
	AUTO(plan_free) struct plan p;
	pid_t pid;

	plan_init(&p, spec);
	p.probe = true;
	if (start(&p, &pid, err) == 0)
		return 0;
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

static struct ending ending_of(const struct child_spec *spec,
			       const struct child_result *r)
{
	if (r->timed_out)
		return (struct ending){ "timed out after", " s",
					spec->timeout_s };
	if (spec->file_max > 0 && r->signal == SIGXFSZ)
		return (struct ending){
			"was ended, since a file it wrote is larger than",
			" bytes", (int) spec->file_max
		};
	if (r->signal != 0)
		return (struct ending){ "was ended by signal", "", r->signal };
	return (struct ending){ "exited with", "", r->status };
}

int child_check(const struct child_spec *spec, bool *ret_started,
		struct err *err)
{
	AUTO(result_free) struct child_result r = { .status = 0 };
	AUTO(mem_free_str) char *command = NULL;
	AUTO(mem_free_str) char *said = NULL;
	bool started = child_run(spec, &r, err) == 0, well;
	struct ending e;

	if (ret_started)
		*ret_started = started;
	if (!started)
		return -1;
	command = words_short(spec->argv);
	well = !r.timed_out && r.status == 0;
	log_said(!well, command, sbuf_str(&r.output));
	if (well)
		return 0;
	said = said_line(sbuf_str(&r.output));
	e = ending_of(spec, &r);
	return err_set(err, ERR_CHILD, "\"%s\" %s %d%s%s%s%s", command, e.how,
		       e.n, e.unit, r.endless ? ", and " ENDLESS : "",
		       *said ? ": " : "", said);
}
