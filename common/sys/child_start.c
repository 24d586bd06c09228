/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <linux/close_range.h>
#include <linux/keyctl.h>
#include "child_impl.h"
#include "file.h"

#define DRAIN "certrepo-drain"

void child_plan_free(struct child_plan *p)
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

static void plan_env(struct child_plan *p)
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

void child_plan_paths(struct child_plan *p)
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

static int plan_user(struct child_plan *p, struct err *err)
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
static int plan_input(struct child_plan *p, struct err *err)
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

void child_plan_init(struct child_plan *p, const struct child_spec *spec)
{
	*p = (struct child_plan){
		.spec = spec, .in = -1, .out = { -1, -1 }, .fail = { -1, -1 }
	};
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
static bool become_user(const struct child_plan *p)
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
static void try_exec(const struct child_plan *p)
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
static bool take_descriptors(const struct child_plan *p, int *fail)
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

static bool limit_files(const struct child_plan *p)
{
	const struct rlimit most = { p->spec->file_max, p->spec->file_max };

	return p->spec->file_max == 0 || setrlimit(RLIMIT_FSIZE, &most) == 0;
}

static void __attribute__((__noreturn__)) be_child(const struct child_plan *p)
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
static void __attribute__((__noreturn__)) be_drain(const struct child_plan *p)
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

int child_plan_start(struct child_plan *p, pid_t *ret_pid, struct err *err)
{
	pid_t pid;

	plan_env(p);
	child_plan_paths(p);
	if (plan_user(p, err) == -1 || plan_input(p, err) == -1 ||
	    make_pipe(p->out, err) == -1 || make_pipe(p->fail, err) == -1)
		return -1;
	/* So that it can open its /dev/stderr, too: without the right to give
	 * it away (CAP_CHOWN) it can do all but that, and says so. */
	if (p->change_user)
		(void) !fchown(p->out[1], p->uid, (gid_t) -1);
	/* Whoever started us may ignore it: nobody would learn how it ends. */
	signal(SIGCHLD, SIG_DFL);
	pid = fork();
	if (pid == -1)
		return err_errno(err, ERR_CHILD, "no process can be made");
	if (pid == 0)
		be_child(p);
	file_close(&p->in);
	file_close(&p->out[1]);
	file_close(&p->fail[1]);
	fcntl(p->out[0], F_SETFL, O_NONBLOCK);
	fcntl(p->fail[0], F_SETFL, O_NONBLOCK);
	p->spec = NULL;
	*ret_pid = pid;
	return 0;
}

pid_t child_plan_drain(const struct child_plan *p)
{
	struct pollfd fd = { .fd = p->out[0] };
	pid_t pid;

	if (poll(&fd, 1, 0) == -1 || fd.revents & POLLHUP)
		return -1;
	pid = fork();
	if (pid == 0)
		be_drain(p);
	return pid;
}
