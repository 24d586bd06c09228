/* SPDX-License-Identifier: MIT */
/*
 * Preloaded into a program of ours: numbers its calls, those of each function
 * by themselves, and lets one go wrong.
 *
 *	LD_PRELOAD=inject.so INJECT=readlink#3:EIO certrepo-installer -c ...
 *
 * INJECT is CALL#N:WHAT, or CALL#N+:WHAT for that one and all that follow.
 * CALL is a name of the list below; or "change" for all that change a file;
 * or fork2/CALL in the second child, until it runs its command. WHAT is an
 * errno (EIO), "short" (half of it is written), "kill" (SIGKILL before the
 * call) or "killed" (after it). A close that fails has closed.
 *
 * INJECT_TRACE=FILE appends a line for each call: its number, "c" if it
 * changes something, its path.
 *
 * The commands that the program runs do not see any of this: they are given
 * an environment of their own. Sleeps return at once and move the clock on.
 * readdir is left out, since its order is nobody's choice, and so are
 * getrandom and poll.
 */

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>
#include "inject.h"

/* clang-format off */
#define CALLS(X) \
	X(open) X(openat) X(creat) X(fopen) X(read) X(pread) X(write) \
	X(pwrite) X(fsync) X(fdatasync) X(ftruncate) X(close) \
	X(rename) X(renameat) X(renameat2) X(unlink) X(unlinkat) \
	X(rmdir) X(mkdir) X(mkdirat) X(symlink) X(symlinkat) X(link) \
	X(linkat) X(readlink) X(readlinkat) X(realpath) X(chmod) \
	X(fchmod) X(fchmodat) X(chown) X(lchown) X(fchown) X(fchownat) \
	X(stat) X(lstat) X(fstat) X(fstatat) X(statx) X(access) \
	X(faccessat) X(opendir) X(fdopendir) X(scandir) X(fork) \
	X(waitpid) X(pipe2) X(flock) X(connect) X(getxattr) \
	X(lgetxattr) X(fgetxattr) X(setxattr) X(lsetxattr) \
	X(fsetxattr) X(listxattr) X(llistxattr) X(flistxattr) \
	X(removexattr) X(lremovexattr) X(fremovexattr)
/* clang-format on */

#define AS_ENUM(name) C_##name,
#define AS_TEXT(name) #name,
enum call { CALLS(AS_ENUM) C_change, N_CALLS };
static const char *const names[] = { CALLS(AS_TEXT) "change" };

/* What happens to a call; an errno is itself. */
enum { GO = 0, SHORT = -1, KILL = -2, KILLED = -3 };

static struct {
	int call, child, what;
	unsigned long n;
	bool on; /* and all that follow */
} point = { .call = -1 };
static unsigned long count[N_CALLS];
static int child; /* number of the fork that made us, 0: the program */
static unsigned long forks;
static bool off = true; /* before main, and in children of children */
static int trace_fd = -1;
static long long skipped; /* ns of sleep that were not slept */

/* --- the point --- */

static const struct {
	const char *name;
	int what;
} whats[] = {
	{ "short", SHORT },   { "kill", KILL },	      { "killed", KILLED },
	{ "EIO", EIO },	      { "EINTR", EINTR },     { "ENOSPC", ENOSPC },
	{ "EROFS", EROFS },   { "EACCES", EACCES },   { "EAGAIN", EAGAIN },
	{ "EMFILE", EMFILE }, { "ENOMEM", ENOMEM },   { "EDQUOT", EDQUOT },
	{ "ELOOP", ELOOP },   { "ENOTDIR", ENOTDIR }, { "ESTALE", ESTALE },
};

static void __attribute__((__noreturn__)) bad_point(const char *text)
{
	dprintf(2, "inject: no such point: %s\n", text);
	_exit(125);
}

static void parse(const char *text)
{
	char call[32], what[32], *slash;
	const char *name = call;
	char plus[2] = "";

	if (sscanf(text, "%31[^#]#%lu:%31s", call, &point.n, what) != 3 &&
	    sscanf(text, "%31[^#]#%lu%1[+]:%31s", call, &point.n, plus, what) !=
		    4)
		bad_point(text);
	point.on = plus[0] != '\0';
	slash = strchr(call, '/');
	if (slash) {
		if (sscanf(call, "fork%d/", &point.child) != 1)
			bad_point(text);
		name = slash + 1;
	}
	for (int i = 0; i < N_CALLS; i++)
		if (strcmp(names[i], name) == 0)
			point.call = i;
	for (size_t i = 0; i < sizeof(whats) / sizeof(*whats); i++)
		if (strcmp(whats[i].name, what) == 0)
			point.what = whats[i].what;
	if (point.call == -1 || point.what == GO)
		bad_point(text);
}

static void trace_to(const char *file)
{
	int fd = (int) syscall(SYS_openat, AT_FDCWD, file,
			       O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	/* where the program's own numbers never come */
	trace_fd = fcntl(fd, F_DUPFD_CLOEXEC, 500);
	syscall(SYS_close, fd);
}

static void begin(const char *text, const char *file)
{
	if (text && *text != '\0')
		parse(text);
	if (file && *file != '\0')
		trace_to(file);
	off = false;
}

/* --- what a call is about --- */

static bool is_file(int fd)
{
	struct stat st;

	return syscall(SYS_fstat, fd, &st) == 0 &&
	       (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode));
}

static bool opens_to_change(const char *path, int flags)
{
	return (flags & (O_CREAT | O_TRUNC | O_WRONLY | O_RDWR)) != 0 &&
	       (flags & O_PATH) == 0 && strncmp(path, "/dev/", 5) != 0;
}

static bool wants_space(int call)
{
	switch (call) {
	case C_unlink:
	case C_unlinkat:
	case C_rmdir:
	case C_chmod:
	case C_fchmod:
	case C_fchmodat:
	case C_chown:
	case C_lchown:
	case C_fchown:
	case C_fchownat:
	case C_removexattr:
	case C_lremovexattr:
	case C_fremovexattr:
		return false;
	default:
		return true;
	}
}

static void trace(int call, bool changes, int fd, const char *path)
{
	char line[1500], at[500] = "", who[24] = "", link[40];
	long n;
	int len;

	if (fd >= 0 && (!path || path[0] != '/')) {
		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		n = syscall(SYS_readlinkat, AT_FDCWD, link, at, sizeof(at) - 1);
		at[n > 0 ? n : 0] = '\0';
	}
	if (child)
		snprintf(who, sizeof(who), "fork%d/", child);
	len = snprintf(line, sizeof(line), "%s%s#%lu %c %s%s%.900s\n", who,
		       names[call], count[call], changes ? 'c' : '-', at,
		       at[0] != '\0' && path ? "/" : "", path ? path : "");
	syscall(SYS_write, trace_fd, line, (size_t) len);
}

/* --- the heart of it --- */

static void die(void)
{
	syscall(SYS_kill, getpid(), SIGKILL);
}

static bool is_the_one(int call, unsigned long n)
{
	return point.call == call && point.child == child &&
	       (n == point.n || (point.on && n > point.n));
}

/* Before each call: what is to become of it. */
static int enter(int call, bool changes, int fd, const char *path)
{
	int saved = errno, what = GO;

	if (off)
		return GO;
	count[call]++;
	if (changes)
		count[C_change]++;
	if (trace_fd != -1)
		trace(call, changes, fd, path);
	if (is_the_one(call, count[call]) ||
	    (changes && is_the_one(C_change, count[C_change]) &&
	     (point.what != ENOSPC || wants_space(call))))
		what = point.what;
	if (what == KILL)
		die();
	errno = saved;
	return what;
}

static void *next(const char *name)
{
	void *p = dlsym(RTLD_NEXT, name);

	if (!p) {
		dprintf(2, "inject: no %s\n", name);
		_exit(125);
	}
	return p;
}

#define RUN_IT(type, fn, params, args, what)  \
	static type(*real) params;            \
	type r;                               \
	if (!real)                            \
		*(void **) &real = next(#fn); \
	r = real args;                        \
	if ((what) == KILLED)                 \
	die()

/* FN, which is counted as CALL, is about FD (-1: none) and PATH. */
#define WRAP(type, bad, call, fn, params, args, changes, fd, path) \
	type fn params;                                            \
	type fn params                                             \
	{                                                          \
		int what = enter(C_##call, changes, fd, path);     \
                                                                   \
		if (what > 0) {                                    \
			errno = what;                              \
			return bad;                                \
		}                                                  \
		{                                                  \
			RUN_IT(type, fn, params, args, what);      \
			return r;                                  \
		}                                                  \
	}

/* --- open --- */

#define WRAP_OPEN(call, fn, params, args, fd)                            \
	int fn params                                                    \
	{                                                                \
		mode_t mode = 0;                                         \
		va_list ap;                                              \
		int what;                                                \
                                                                         \
		if (flags & (O_CREAT | O_TMPFILE)) {                     \
			va_start(ap, flags);                             \
			mode = va_arg(ap, mode_t);                       \
			va_end(ap);                                      \
		}                                                        \
		what = enter(C_##call, opens_to_change(path, flags), fd, \
			     path);                                      \
		if (what > 0) {                                          \
			errno = what;                                    \
			return -1;                                       \
		}                                                        \
		{                                                        \
			RUN_IT(int, fn, params, args, what);             \
			return r;                                        \
		}                                                        \
	}

WRAP_OPEN(open, open, (const char *path, int flags, ...), (path, flags, mode),
	  -1);
WRAP_OPEN(open, open64, (const char *path, int flags, ...), (path, flags, mode),
	  -1);
WRAP_OPEN(openat, openat, (int fd, const char *path, int flags, ...),
	  (fd, path, flags, mode), fd);
WRAP_OPEN(openat, openat64, (int fd, const char *path, int flags, ...),
	  (fd, path, flags, mode), fd);
WRAP(int, -1, open, __open_2, (const char *path, int flags), (path, flags),
     opens_to_change(path, flags), -1, path);
WRAP(int, -1, open, __open64_2, (const char *path, int flags), (path, flags),
     opens_to_change(path, flags), -1, path);
WRAP(int, -1, openat, __openat_2, (int fd, const char *path, int flags),
     (fd, path, flags), opens_to_change(path, flags), fd, path);
WRAP(int, -1, openat, __openat64_2, (int fd, const char *path, int flags),
     (fd, path, flags), opens_to_change(path, flags), fd, path);
WRAP(int, -1, creat, creat, (const char *path, mode_t mode), (path, mode), true,
     -1, path);
WRAP(int, -1, creat, creat64, (const char *path, mode_t mode), (path, mode),
     true, -1, path);
WRAP(FILE *, NULL, fopen, fopen, (const char *path, const char *mode),
     (path, mode), *mode != 'r', -1, path);
WRAP(FILE *, NULL, fopen, fopen64, (const char *path, const char *mode),
     (path, mode), *mode != 'r', -1, path);
WRAP(DIR *, NULL, opendir, opendir, (const char *path), (path), false, -1,
     path);
WRAP(DIR *, NULL, fdopendir, fdopendir, (int fd), (fd), false, fd, NULL);
WRAP(int, -1, scandir, scandir,
     (const char *path, struct dirent ***list,
      int (*filter)(const struct dirent *),
      int (*compare)(const struct dirent **, const struct dirent **)),
     (path, list, filter, compare), false, -1, path);

/* --- reading, writing, closing --- */

WRAP(ssize_t, -1, read, read, (int fd, void *buf, size_t len), (fd, buf, len),
     false, fd, NULL);
WRAP(ssize_t, -1, read, __read_chk, (int fd, void *buf, size_t len, size_t max),
     (fd, buf, len, max), false, fd, NULL);
WRAP(ssize_t, -1, pread, pread, (int fd, void *buf, size_t len, off_t at),
     (fd, buf, len, at), false, fd, NULL);
WRAP(ssize_t, -1, pread, pread64, (int fd, void *buf, size_t len, off_t at),
     (fd, buf, len, at), false, fd, NULL);
WRAP(ssize_t, -1, pread, __pread_chk,
     (int fd, void *buf, size_t len, off_t at, size_t max),
     (fd, buf, len, at, max), false, fd, NULL);
WRAP(ssize_t, -1, pread, __pread64_chk,
     (int fd, void *buf, size_t len, off_t at, size_t max),
     (fd, buf, len, at, max), false, fd, NULL);

#define HALF(len) (what == SHORT && (len) > 1 ? (len) / 2 : (len))
WRAP(ssize_t, -1, write, write, (int fd, const void *buf, size_t len),
     (fd, buf, HALF(len)), is_file(fd), fd, NULL);
WRAP(ssize_t, -1, pwrite, pwrite,
     (int fd, const void *buf, size_t len, off_t at), (fd, buf, HALF(len), at),
     is_file(fd), fd, NULL);
WRAP(ssize_t, -1, pwrite, pwrite64,
     (int fd, const void *buf, size_t len, off_t at), (fd, buf, HALF(len), at),
     is_file(fd), fd, NULL);
WRAP(int, -1, fsync, fsync, (int fd), (fd), is_file(fd), fd, NULL);
WRAP(int, -1, fdatasync, fdatasync, (int fd), (fd), is_file(fd), fd, NULL);
WRAP(int, -1, ftruncate, ftruncate, (int fd, off_t len), (fd, len), is_file(fd),
     fd, NULL);
WRAP(int, -1, ftruncate, ftruncate64, (int fd, off_t len), (fd, len),
     is_file(fd), fd, NULL);
WRAP(int, -1, flock, flock, (int fd, int how), (fd, how), false, fd, NULL);

int close(int fd)
{
	int what = enter(C_close, false, fd, NULL);
	RUN_IT(int, close, (int), (fd), what);

	if (what <= 0)
		return r;
	errno = what;
	return -1;
}

/* --- names --- */

WRAP(int, -1, rename, rename, (const char *a, const char *b), (a, b), true, -1,
     b);
WRAP(int, -1, renameat, renameat,
     (int fd, const char *a, int to, const char *b), (fd, a, to, b), true, to,
     b);
WRAP(int, -1, renameat2, renameat2,
     (int fd, const char *a, int to, const char *b, unsigned int flags),
     (fd, a, to, b, flags), true, to, b);
WRAP(int, -1, unlink, unlink, (const char *path), (path), true, -1, path);
WRAP(int, -1, unlinkat, unlinkat, (int fd, const char *path, int flags),
     (fd, path, flags), true, fd, path);
WRAP(int, -1, rmdir, rmdir, (const char *path), (path), true, -1, path);
WRAP(int, -1, mkdir, mkdir, (const char *path, mode_t mode), (path, mode), true,
     -1, path);
WRAP(int, -1, mkdirat, mkdirat, (int fd, const char *path, mode_t mode),
     (fd, path, mode), true, fd, path);
WRAP(int, -1, symlink, symlink, (const char *text, const char *path),
     (text, path), true, -1, path);
WRAP(int, -1, symlinkat, symlinkat,
     (const char *text, int fd, const char *path), (text, fd, path), true, fd,
     path);
WRAP(int, -1, link, link, (const char *a, const char *b), (a, b), true, -1, b);
WRAP(int, -1, linkat, linkat,
     (int fd, const char *a, int to, const char *b, int flags),
     (fd, a, to, b, flags), true, to, b);
WRAP(ssize_t, -1, readlink, readlink, (const char *path, char *buf, size_t len),
     (path, buf, len), false, -1, path);
WRAP(ssize_t, -1, readlink, __readlink_chk,
     (const char *path, char *buf, size_t len, size_t max),
     (path, buf, len, max), false, -1, path);
WRAP(ssize_t, -1, readlinkat, readlinkat,
     (int fd, const char *path, char *buf, size_t len), (fd, path, buf, len),
     false, fd, path);
WRAP(ssize_t, -1, readlinkat, __readlinkat_chk,
     (int fd, const char *path, char *buf, size_t len, size_t max),
     (fd, path, buf, len, max), false, fd, path);
WRAP(char *, NULL, realpath, realpath, (const char *path, char *buf),
     (path, buf), false, -1, path);
WRAP(char *, NULL, realpath, __realpath_chk,
     (const char *path, char *buf, size_t max), (path, buf, max), false, -1,
     path);

/* --- attributes --- */

WRAP(int, -1, chmod, chmod, (const char *path, mode_t mode), (path, mode), true,
     -1, path);
WRAP(int, -1, fchmod, fchmod, (int fd, mode_t mode), (fd, mode), is_file(fd),
     fd, NULL);
WRAP(int, -1, fchmodat, fchmodat,
     (int fd, const char *path, mode_t mode, int flags),
     (fd, path, mode, flags), true, fd, path);
WRAP(int, -1, chown, chown, (const char *path, uid_t u, gid_t g), (path, u, g),
     true, -1, path);
WRAP(int, -1, lchown, lchown, (const char *path, uid_t u, gid_t g),
     (path, u, g), true, -1, path);
WRAP(int, -1, fchown, fchown, (int fd, uid_t u, gid_t g), (fd, u, g),
     is_file(fd), fd, NULL);
WRAP(int, -1, fchownat, fchownat,
     (int fd, const char *path, uid_t u, gid_t g, int flags),
     (fd, path, u, g, flags), true, fd, path);
#define WRAP_STAT(call, fn, params, args, fd, path) \
	WRAP(int, -1, call, fn, params, args, false, fd, path)
WRAP_STAT(stat, stat, (const char *path, struct stat *st), (path, st), -1,
	  path);
WRAP_STAT(stat, stat64, (const char *path, struct stat64 *st), (path, st), -1,
	  path);
WRAP_STAT(lstat, lstat, (const char *path, struct stat *st), (path, st), -1,
	  path);
WRAP_STAT(lstat, lstat64, (const char *path, struct stat64 *st), (path, st), -1,
	  path);
WRAP_STAT(fstat, fstat, (int fd, struct stat *st), (fd, st), fd, NULL);
WRAP_STAT(fstat, fstat64, (int fd, struct stat64 *st), (fd, st), fd, NULL);
WRAP_STAT(fstatat, fstatat, (int fd, const char *path, struct stat *st, int f),
	  (fd, path, st, f), fd, path);
WRAP_STAT(fstatat, fstatat64,
	  (int fd, const char *path, struct stat64 *st, int f),
	  (fd, path, st, f), fd, path);
WRAP_STAT(statx, statx,
	  (int fd, const char *path, int f, unsigned int m, struct statx *st),
	  (fd, path, f, m, st), fd, path);
WRAP_STAT(access, access, (const char *path, int mode), (path, mode), -1, path);
WRAP_STAT(faccessat, faccessat, (int fd, const char *path, int mode, int f),
	  (fd, path, mode, f), fd, path);

#define WRAP_GETX(fn, what_is, at, fd, path)                     \
	WRAP(ssize_t, -1, fn, fn,                                \
	     (what_is, const char *name, void *buf, size_t len), \
	     (at, name, buf, len), false, fd, path)
#define WRAP_SETX(fn, what_is, at, fd, path)                                  \
	WRAP(int, -1, fn, fn,                                                 \
	     (what_is, const char *name, const void *buf, size_t len, int f), \
	     (at, name, buf, len, f), true, fd, path)
#define WRAP_LISTX(fn, what_is, at, fd, path)                       \
	WRAP(ssize_t, -1, fn, fn, (what_is, char *buf, size_t len), \
	     (at, buf, len), false, fd, path)
#define WRAP_REMOVEX(fn, what_is, at, fd, path)                              \
	WRAP(int, -1, fn, fn, (what_is, const char *name), (at, name), true, \
	     fd, path)
#define OF_PATH const char *path
WRAP_GETX(getxattr, OF_PATH, path, -1, path);
WRAP_GETX(lgetxattr, OF_PATH, path, -1, path);
WRAP_GETX(fgetxattr, int fd, fd, fd, NULL);
WRAP_SETX(setxattr, OF_PATH, path, -1, path);
WRAP_SETX(lsetxattr, OF_PATH, path, -1, path);
WRAP_SETX(fsetxattr, int fd, fd, fd, NULL);
WRAP_LISTX(listxattr, OF_PATH, path, -1, path);
WRAP_LISTX(llistxattr, OF_PATH, path, -1, path);
WRAP_LISTX(flistxattr, int fd, fd, fd, NULL);
WRAP_REMOVEX(removexattr, OF_PATH, path, -1, path);
WRAP_REMOVEX(lremovexattr, OF_PATH, path, -1, path);
WRAP_REMOVEX(fremovexattr, int fd, fd, fd, NULL);

/* --- children, peers --- */

WRAP(pid_t, -1, waitpid, waitpid, (pid_t pid, int *status, int options),
     (pid, status, options), false, -1, NULL);
WRAP(int, -1, pipe2, pipe2, (int fds[2], int flags), (fds, flags), false, -1,
     NULL);
WRAP(int, -1, connect, connect,
     (int fd, const struct sockaddr *a, socklen_t len), (fd, a, len), false, -1,
     NULL);

pid_t fork(void)
{
	int what = enter(C_fork, false, -1, NULL);

	if (what > 0) {
		errno = what;
		return -1;
	}
	forks++;
	{
		RUN_IT(pid_t, fork, (void), (), GO);
		if (r == 0) {
			off = off || child != 0;
			child = (int) forks;
			memset(count, 0, sizeof(count));
		} else if (what == KILLED) {
			die();
		}
		return r;
	}
}

/* --- time --- */

static void skip(long long ns)
{
	skipped += ns > 0 ? ns : 0;
}

int clock_gettime(clockid_t id, struct timespec *ts)
{
	long long ns;
	RUN_IT(int, clock_gettime, (clockid_t, struct timespec *), (id, ts),
	       GO);

	if (r == 0) {
		ns = ts->tv_nsec + skipped % 1000000000;
		ts->tv_sec += skipped / 1000000000 + ns / 1000000000;
		ts->tv_nsec = ns % 1000000000;
	}
	return r;
}

int poll(struct pollfd *fds, nfds_t n, int ms)
{
	if (n == 0) {
		skip(ms * 1000000ll);
		return 0;
	}
	{
		RUN_IT(int, poll, (struct pollfd *, nfds_t, int), (fds, n, ms),
		       GO);
		return r;
	}
}

int nanosleep(const struct timespec *ts, struct timespec *left)
{
	skip(ts->tv_sec * 1000000000ll + ts->tv_nsec);
	return 0;
}

int usleep(useconds_t us)
{
	skip(us * 1000ll);
	return 0;
}

unsigned int sleep(unsigned int s)
{
	skip(s * 1000000000ll);
	return 0;
}

/* --- many runs of one process --- */

static volatile sig_atomic_t alarmed;

static void on_alarm(int sig)
{
	alarmed = 1;
}

static void limit(time_t seconds)
{
	struct itimerval it = { .it_value = { seconds, 0 } };

	alarmed = 0;
	setitimer(ITIMER_REAL, &it, NULL);
}

static int wait_for_all(pid_t pid)
{
	int status = 0, other;
	bool hung = false;
	pid_t got;

	limit(INJECT_HANG_S);
	while ((got = waitpid(-1, &other, 0)) != -1 || errno == EINTR) {
		if (got == pid)
			status = other;
		if (!alarmed)
			continue;
		if (hung)
			break;
		hung = true;
		kill(pid, SIGKILL);
		limit(INJECT_HANG_S);
	}
	limit(0);
	return hung ? -1 : status;
}

static void be_run(const struct inject_request *r, char **argv)
{
	int fd = open(r->said, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);

	signal(SIGALRM, SIG_DFL);
	dup2(fd, 1);
	dup2(fd, 2);
	close(fd);
	argv[2] = strdup(r->conf);
	begin(r->point, r->trace);
}

/* Returns in the child that is to become a run. */
static void serve(int fd, char **argv)
{
	struct sigaction on = { .sa_handler = on_alarm };
	struct inject_request r;
	pid_t pid;
	int status;

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	sigaction(SIGALRM, &on, NULL);
	while (recv(fd, &r, sizeof(r), 0) == sizeof(r)) {
		pid = fork();
		if (pid == 0) {
			close(fd);
			child = 0;
			forks = 0;
			be_run(&r, argv);
			return;
		}
		status = wait_for_all(pid);
		if (pid == -1 || send(fd, &status, sizeof(status), 0) == -1)
			break;
	}
	_exit(0);
}

int __libc_start_main(int (*program)(int, char **, char **), int argc,
		      char **argv, void (*init)(void), void (*fini)(void),
		      void (*rtld_fini)(void), void *stack_end);
int __libc_start_main(int (*program)(int, char **, char **), int argc,
		      char **argv, void (*init)(void), void (*fini)(void),
		      void (*rtld_fini)(void), void *stack_end)
{
	int (*real)(int (*)(int, char **, char **), int, char **,
		    void (*)(void), void (*)(void), void (*)(void), void *);
	const char *fd = getenv("INJECT_SERVER");

	*(void **) &real = next("__libc_start_main");
	if (fd && *fd != '\0' && argc > 2)
		serve(atoi(fd), argv);
	else
		begin(getenv("INJECT"), getenv("INJECT_TRACE"));
	return real(program, argc, argv, init, fini, rtld_fini, stack_end);
}
