/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/file.h>
#include <sys/stat.h>
#include "lockfile.h"

struct lockfile {
	int fd;
};

static int busy(int fd, const char *path, struct err *err)
{
	char pid[24];
	ssize_t n = pread(fd, pid, sizeof(pid) - 1, 0);

	pid[n > 0 ? n : 0] = '\0';
	pid[strspn(pid, "0123456789")] = '\0';
	if (pid[0] == '\0')
		return err_set(err, ERR_BUSY,
			       "already running: %s is locked by another "
			       "process",
			       path);
	return err_set(err, ERR_BUSY,
		       "already running: %s is locked by process %s", path,
		       pid);
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
