/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdint.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include "file.h"
#include "num.h"

void file_close(int *fd)
{
	if (*fd != -1)
		close(*fd);
	*fd = -1;
}

/* 1 open, 0 missing, -1. Nonblocking, so that a FIFO does not hang us. FLAGS:
 * those besides. */
static int open_regular(const char *path, int flags, int *ret, struct err *err)
{
	AUTO(file_close) int fd = -1;
	struct stat st;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | flags);
	if (fd == -1 && errno == ENOENT)
		return 0;
	if (fd == -1 || fstat(fd, &st) == -1)
		return err_errno(err, ERR_IO, "%s: cannot be read", path);
	if (S_ISDIR(st.st_mode))
		return err_set(err, ERR_IO,
			       "%s: cannot be read: it is a directory", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_IO,
			       "%s: cannot be read: it is not a regular file",
			       path);
	*ret = fd;
	fd = -1;
	return 1;
}

static int read_all(int fd, const char *path, struct sbuf *ret, struct err *err)
{
	size_t start = ret->len;
	char buf[4096];
	ssize_t n;
	int rc = 0;

	for (;;) {
		n = read(fd, buf, sizeof(buf));
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		sbuf_add(ret, buf, (size_t) n);
		if (sbuf_over(ret)) {
			rc = err_set(err, ERR_LIMIT,
				     "%s: is larger than %zu bytes", path,
				     ret->max - start);
			break;
		}
	}
	if (n == -1)
		rc = err_errno(err, ERR_IO, "%s: cannot be read", path);
	mem_erase(buf, sizeof(buf)); /* it may have been a secret */
	if (rc == -1 && ret->buf) {
		mem_erase(ret->buf + start, ret->len - start);
		ret->len = start;
	}
	return rc;
}

int file_read(const char *path, struct sbuf *ret, struct err *err)
{
	AUTO(file_close) int fd = -1;
	int rc = open_regular(path, 0, &fd, err);

	if (rc == 1 && read_all(fd, path, ret, err) == -1)
		return -1;
	return rc;
}

int file_read_own(const char *path, struct sbuf *ret, struct err *err)
{
	AUTO(file_close) int fd = -1;
	struct stat st;
	int rc = open_regular(path, O_NOFOLLOW, &fd, err);

	if (rc != 1)
		return rc;
	if (fstat(fd, &st) == -1)
		return err_errno(err, ERR_IO, "%s: cannot be read", path);
	if (st.st_uid != geteuid())
		return err_set(err, ERR_IO,
			       "%s: is not read: it belongs to user %lu", path,
			       (unsigned long) st.st_uid);
	return read_all(fd, path, ret, err) == -1 ? -1 : 1;
}

int file_check_secret(mode_t mode, const char *what, const char *path,
		      struct err *err)
{
	if (mode & S_IROTH)
		return err_set(err, ERR_CONFIG,
			       "%s %s is readable by everyone, run: "
			       "chmod o= %s",
			       what, path, path);
	if (mode & (S_IWGRP | S_IWOTH))
		return err_set(err, ERR_CONFIG,
			       "%s %s is writable by others than its owner, "
			       "run: chmod g-w,o-w %s",
			       what, path, path);
	return 0;
}

int file_check_config(const char *path, const struct stat *st, struct err *err)
{
	if ((st->st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return err_set(err, ERR_CONFIG,
			       "%s: is writable by others than its owner, "
			       "run: chmod g-w,o-w %s",
			       path, path);
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return err_set(err, ERR_CONFIG,
			       "%s: belongs to user %lu, who is neither root "
			       "nor the one running this, run: chown root %s",
			       path, (unsigned long) st->st_uid, path);
	return 0;
}

static int check_secret(const char *path, const struct stat *st,
			struct err *err)
{
	const struct group *gr = getgrgid(getegid());

	/* Closed to everyone, it would be closed to us as well. */
	if ((st->st_mode & S_IROTH) && gr && geteuid() != 0 &&
	    st->st_uid != geteuid())
		return err_set(
			err, ERR_CONFIG,
			"secret file %s is readable by everyone, run, as "
			"root: chgrp %s %s && chmod 640 %s",
			path, gr->gr_name, path, path);
	return file_check_secret(st->st_mode, "secret file", path, err);
}

static int read_checked(const char *path,
			int (*check)(const char *, const struct stat *,
				     struct err *),
			struct sbuf *ret, struct err *err)
{
	AUTO(file_close) int fd = -1;
	struct stat st;
	int rc = open_regular(path, 0, &fd, err);

	if (rc == 0) {
		errno = ENOENT;
		return err_errno(err, ERR_IO, "%s: cannot be read", path);
	}
	if (rc == -1)
		return -1;
	if (fstat(fd, &st) == -1)
		return err_errno(err, ERR_IO, "%s: cannot be read", path);
	if (check(path, &st, err) == -1)
		return -1;
	return read_all(fd, path, ret, err);
}

int file_read_secret(const char *path, struct sbuf *ret, struct err *err)
{
	return read_checked(path, check_secret, ret, err);
}

int file_read_config(const char *path, struct sbuf *ret, struct err *err)
{
	return read_checked(path, file_check_config, ret, err);
}

char *file_dirname(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return mem_strdup(".");
	if (slash == path)
		return mem_strdup("/");
	return mem_strndup(path, (size_t) (slash - path));
}

static char *temp_name(const char *path)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
	const char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;
	int dir_len = slash ? (int) (slash + 1 - path) : 0;
	unsigned char random[6];
	char suffix[7] = "";
	size_t i;

	/* Without randomness O_EXCL still keeps us safe. */
	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		memset(random, 0, sizeof(random));
	for (i = 0; i < sizeof(random); i++)
		suffix[i] = letters[random[i] & 31];
	/* A name as long as may be leaves no room for ours: cut it. */
	return mem_printf("%.*s.%.*s.certrepo-%s", dir_len, path,
			  NAME_MAX - 17 - 1, base, suffix);
}

static int open_temp(const char *path, char **ret_temp, int *ret_fd,
		     struct err *err)
{
	AUTO(mem_free_str) char *temp = NULL;
	int tries, fd;

	for (tries = 0; tries < 20; tries++) {
		mem_free_str(&temp);
		temp = temp_name(path);
		fd = open(temp,
			  O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			  0600);
		if (fd != -1) {
			*ret_temp = TAKE(temp);
			*ret_fd = fd;
			return 0;
		}
		if (errno != EEXIST)
			break;
	}
	return err_errno(err, ERR_IO,
			 "%s: cannot be written: temporary file %s cannot be "
			 "made",
			 path, temp);
}

static int write_all(int fd, const char *data, size_t len)
{
	ssize_t n;

	while (len > 0) {
		n = write(fd, data, len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		data += n;
		len -= (size_t) n;
	}
	return 0;
}

/* Owner and mode come before the content: at no instant can somebody read
 * what he should not. Owner comes first: chown clears set-id bits. */
static int give(int fd, const char *path, const struct file_attr *attr,
		struct err *err)
{
	if ((attr->uid != FILE_KEEP || attr->gid != (gid_t) FILE_KEEP) &&
	    fchown(fd, attr->uid, attr->gid) == -1)
		return err_errno(err, ERR_IO,
				 "%s: owner %ld:%ld cannot be given (are you "
				 "root?)",
				 path, (long) (int) attr->uid,
				 (long) (int) attr->gid);
	if (fchmod(fd, attr->mode & 07777) == -1)
		return err_errno(err, ERR_IO, "%s: mode %04o cannot be given",
				 path, attr->mode & 07777u);
	return 0;
}

#define LABEL	  "security.selinux"
#define LABEL_MAX 4096 /* bytes; longer ones are left behind */

/* A new file has the label that its folder gives; one that PATH was given by
 * hand, or by a rule for it alone, would be lost. */
static int keep_label(int fd, const char *path, struct err *err)
{
	char want[LABEL_MAX], have[LABEL_MAX];
	ssize_t n = lgetxattr(path, LABEL, want, sizeof(want));

	if (n <= 0)
		return 0;
	/* Setting what is there may be forbidden, too. */
	if (fgetxattr(fd, LABEL, have, sizeof(have)) == n &&
	    memcmp(want, have, (size_t) n) == 0)
		return 0;
	if (fsetxattr(fd, LABEL, want, (size_t) n, 0) == -1 &&
	    errno != ENOTSUP && errno != EPERM)
		return err_errno(err, ERR_IO,
				 "%s: its SELinux label %.*s cannot be given",
				 path, (int) strnlen(want, (size_t) n), want);
	return 0;
}

int file_begin(const char *path, const struct file_attr *attr, char **ret_temp,
	       int *ret_fd, struct err *err)
{
	AUTO(mem_free_str) char *temp = NULL;
	int fd;

	if (open_temp(path, &temp, &fd, err) == -1)
		return -1;
	if (keep_label(fd, path, err) == -1 ||
	    give(fd, path, attr, err) == -1) {
		close(fd);
		unlink(temp);
		return -1;
	}
	*ret_temp = TAKE(temp);
	*ret_fd = fd;
	return 0;
}

int file_stage(const char *path, const void *data, size_t len,
	       const struct file_attr *attr, char **ret_temp, struct err *err)
{
	AUTO(mem_free_str) char *temp = NULL;
	int fd, rc = 0;

	if (file_begin(path, attr, &temp, &fd, err) == -1)
		return -1;
	if (write_all(fd, data, len) == -1 || fsync(fd) == -1)
		rc = err_errno(err, ERR_IO, "%s: cannot be written", path);
	/* A full network file system may say so only now. */
	if (close(fd) == -1 && rc == 0)
		rc = err_errno(err, ERR_IO, "%s: cannot be written", path);
	if (rc == -1) {
		unlink(temp);
		return -1;
	}
	*ret_temp = TAKE(temp);
	return 0;
}

int file_sync_dir(const char *dir, struct err *err)
{
	AUTO(file_close) int fd = -1;

	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		return err_errno(err, ERR_IO, "folder %s cannot be opened",
				 dir);
	/* Some file systems know no fsync of a folder. */
	if (fsync(fd) == -1 && errno != EINVAL && errno != ENOTSUP)
		return err_errno(err, ERR_IO, "folder %s cannot be synced",
				 dir);
	return 0;
}

int file_commit(const char *temp, const char *path, struct err *err)
{
	AUTO(mem_free_str) char *dir = file_dirname(path);

	if (rename(temp, path) == -1)
		return err_errno(err, ERR_IO, "%s: cannot be replaced", path);
	return file_sync_dir(dir, err);
}

int file_replace(const char *path, const void *data, size_t len,
		 const struct file_attr *attr, struct err *err)
{
	AUTO(mem_free_str) char *temp = NULL;

	if (file_stage(path, data, len, attr, &temp, err) == -1)
		return -1;
	if (file_commit(temp, path, err) == -1) {
		unlink(temp);
		return -1;
	}
	return 0;
}

int file_remove(const char *path, struct err *err)
{
	AUTO(mem_free_str) char *dir = file_dirname(path);

	if (unlink(path) == -1)
		return errno == ENOENT
			       ? 0
			       : err_errno(err, ERR_IO, "%s: cannot be removed",
					   path);
	return file_sync_dir(dir, err);
}

int file_mkdir(const char *dir, mode_t mode, struct err *err)
{
	struct stat st;

	if (mkdir(dir, mode & 07777) == 0) {
		/* The umask may have taken bits away. */
		if (chmod(dir, mode & 07777) == -1)
			return err_errno(err, ERR_IO,
					 "folder %s: mode %04o cannot be given",
					 dir, mode & 07777u);
		return 0;
	}
	if (errno != EEXIST)
		return err_errno(err, ERR_IO, "folder %s cannot be made", dir);
	if (stat(dir, &st) == -1)
		return err_errno(err, ERR_IO, "folder %s cannot be read", dir);
	if (!S_ISDIR(st.st_mode))
		return err_set(err, ERR_IO, "%s is not a folder", dir);
	return 0;
}

/* The largest id means "none" to the kernel. */
static int numeric_id(const char *name, int64_t *ret, struct err *err)
{
	return num_int(name, 0, (int64_t) UINT32_MAX - 1, ret, err);
}

int file_uid(const char *name, uid_t *ret, struct err *err)
{
	struct passwd *pw;
	int64_t id;

	if (name[0] == '\0') {
		*ret = FILE_KEEP;
		return 0;
	}
	errno = 0;
	pw = getpwnam(name);
	if (pw) {
		*ret = pw->pw_uid;
		return 0;
	}
	if (numeric_id(name, &id, NULL) == -1)
		return err_set(err, ERR_INPUT, "there is no user \"%s\"", name);
	*ret = (uid_t) id;
	return 0;
}

int file_gid(const char *name, gid_t *ret, struct err *err)
{
	struct group *gr;
	int64_t id;

	if (name[0] == '\0') {
		*ret = (gid_t) FILE_KEEP;
		return 0;
	}
	gr = getgrnam(name);
	if (gr) {
		*ret = gr->gr_gid;
		return 0;
	}
	if (numeric_id(name, &id, NULL) == -1)
		return err_set(err, ERR_INPUT, "there is no group \"%s\"",
			       name);
	*ret = (gid_t) id;
	return 0;
}
