/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/file.h>
#include <sys/stat.h>
#include "clock.h"
#include "lockfile.h"

struct lockfile {
	int fd;
};

/* From then on people are told more. */
#define LONG_S 3600

/* The holder wrote its pid when it began, so the file's time is that. */
static int busy(int fd, const char *path, struct err *err)
{
	char pid[24], since[CLOCK_TEXT], span[CLOCK_TEXT];
	ssize_t n = pread(fd, pid, sizeof(pid) - 1, 0);
	struct stat st;
	int64_t age = 0;

	if (fstat(fd, &st) == 0)
		age = clock_now() - st.st_mtime;
	pid[n > 0 ? n : 0] = '\0';
	pid[strspn(pid, "0123456789")] = '\0';
	if (pid[0] == '\0')
		return err_set(err, ERR_BUSY,
			       "already running: %s is locked by another "
			       "process",
			       path);
	if (age < LONG_S)
		return err_set(err, ERR_BUSY,
			       "already running: %s is locked by process %s",
			       path, pid);
	return err_set(err, ERR_BUSY,
		       "already running: %s is locked by process %s since %s, "
		       "for %s, and until it ends nothing else is done: if it "
		       "hangs, see what it waits for (ps) and end it (kill %s)",
		       path, pid, clock_text(st.st_mtime, since),
		       clock_span(age, span), pid);
}

/* Whether PATH is still the file behind FD: somebody may have removed it
 * between open and flock, and a lock on a removed file keeps nobody out. */
static bool is_current(int fd, const char *path)
{
	struct stat mine, now;

	return fstat(fd, &mine) == 0 && lstat(path, &now) == 0 &&
	       mine.st_dev == now.st_dev && mine.st_ino == now.st_ino;
}

static void write_pid(int fd)
{
	char pid[24];
	int len = snprintf(pid, sizeof(pid), "%ld\n", (long) getpid());

	/* Only a help for people: the lock holds without it. */
	if (ftruncate(fd, 0) == -1 || pwrite(fd, pid, (size_t) len, 0) != len)
		return;
}

int lockfile_acquire(const char *path, struct lockfile **ret, struct err *err)
{
	int fd, tries, rc;

	for (tries = 0; tries < 10; tries++) {
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
			  0644);
		if (fd == -1)
			return err_errno(err, ERR_IO,
					 "lock file %s cannot be opened", path);
		do
			rc = flock(fd, LOCK_EX | LOCK_NB);
		while (rc == -1 && errno == EINTR);
		if (rc == -1) {
			rc = errno == EWOULDBLOCK
				     ? busy(fd, path, err)
				     : err_errno(err, ERR_IO,
						 "lock file %s cannot be "
						 "locked",
						 path);
			close(fd);
			return rc;
		}
		if (is_current(fd, path)) {
			write_pid(fd);
			*ret = mem_alloc(sizeof(**ret));
			(*ret)->fd = fd;
			return 0;
		}
		close(fd);
	}
	return err_set(err, ERR_IO,
		       "lock file %s is removed again and again by somebody",
		       path);
}

void lockfile_free(struct lockfile **l)
{
	if (!*l)
		return;
	close((*l)->fd);
	free(*l);
	*l = NULL;
}
