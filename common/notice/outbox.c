/* SPDX-License-Identifier: MIT */
#include "outbox.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "file.h"
#include "lockfile.h"
#include "num.h"

#define TAIL	 ".mail"
#define DIGITS	 "0123456789"
#define STAMP	 12   /* digits: they are sorted as text */
#define SEEN_MAX 1000 /* names that are looked at: we never make so many */
#define HOUR	 3600

bool outbox_wanted(void)
{
	return geteuid() != 0 && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
}

char *outbox_dir(const char *state_dir)
{
	return mem_printf("%s/outbox", state_dir);
}

static char *path_of(const char *state_dir, const char *name)
{
	return mem_printf("%s/outbox/%s", state_dir, name);
}

/* SECONDS.PROCESS.N.mail */
static bool is_mail(const char *name)
{
	size_t n = strspn(name, DIGITS);

	if (n != STAMP || name[n] != '.')
		return false;
	n += strspn(name + n, DIGITS ".");
	return strcmp(name + n - 1, TAIL) == 0;
}

int64_t outbox_time(const char *name)
{
	AUTO(mem_free_str) char *digits = mem_strndup(name, STAMP);
	int64_t at = 0;

	return num_int(digits, 0, INT64_MAX, &at, NULL) == 0 ? at : 0;
}

bool outbox_old(const char *name, int64_t now)
{
	return now - outbox_time(name) >= OUTBOX_AGE;
}

/* A folder, a link and a FIFO of a mail's name are not ours. What cannot be
 * seen is told of when it is read. */
static bool is_file(DIR *d, const char *name)
{
	struct stat st;

	return fstatat(dirfd(d), name, &st, AT_SYMLINK_NOFOLLOW) == -1 ||
	       (S_ISREG(st.st_mode) && st.st_uid == geteuid());
}

int outbox_list(const char *state_dir, struct strlist *ret, struct err *err)
{
	AUTO(mem_free_str) char *dir = outbox_dir(state_dir);
	DIR *d = opendir(dir);
	struct dirent *e;

	if (!d && errno == ENOENT)
		return 0;
	if (!d)
		return err_errno(err, ERR_IO, "folder %s", dir);
	while (errno = 0, ret->n < SEEN_MAX && (e = readdir(d)))
		if (is_mail(e->d_name) && is_file(d, e->d_name))
			strlist_add(ret, e->d_name);
	if (errno != 0) {
		err_errno(err, ERR_IO, "folder %s", dir);
		closedir(d);
		return -1;
	}
	closedir(d);
	strlist_sort_unique(ret);
	return 0;
}

int outbox_put(const char *state_dir, const struct sbuf *mail, size_t most,
	       int64_t now, struct err *err)
{
	static unsigned int count;
	static const struct file_attr attr = { 0600, FILE_KEEP, FILE_KEEP };
	AUTO(mem_free_str) char *dir = outbox_dir(state_dir);
	AUTO(mem_free_str) char *path = NULL;
	AUTO(strlist_free) struct strlist there = STRLIST_INIT;

	if (file_mkdir(dir, 0700, err) == -1 ||
	    outbox_list(state_dir, &there, err) == -1)
		return -1;
	if (there.n >= most)
		return err_set(err, ERR_LIMIT,
			       "%zu mails wait in %s, and sendmail takes none",
			       there.n, dir);
	path = mem_printf("%s/%0*lld.%ld.%u" TAIL, dir, STAMP, (long long) now,
			  (long) getpid(), count++);
	return file_replace(path, sbuf_str(mail), mail->len, &attr, err);
}

int outbox_read(const char *state_dir, const char *name, struct sbuf *ret,
		struct err *err)
{
	AUTO(mem_free_str) char *path = path_of(state_dir, name);

	return file_read_own(path, ret, err);
}

int outbox_remove(const char *state_dir, const char *name, struct err *err)
{
	AUTO(mem_free_str) char *path = path_of(state_dir, name);

	return file_remove(path, err);
}

/* The temporary files of file_replace(). */
static void clear_away(const char *dir, int64_t now)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	if (!d)
		return;
	while ((e = readdir(d))) {
		struct stat st;

		if (e->d_name[0] == '.' &&
		    strstr(e->d_name, TAIL ".certrepo-") &&
		    fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) ==
			    0 &&
		    st.st_mtime < now - HOUR)
			(void) unlinkat(dirfd(d), e->d_name, 0);
	}
	closedir(d);
}

int outbox_lock(const char *state_dir, int64_t now, struct lockfile **ret,
		struct err *err)
{
	AUTO(mem_free_str) char *dir = outbox_dir(state_dir);
	AUTO(mem_free_str) char *path = path_of(state_dir, "lock");

	if (file_mkdir(dir, 0700, err) == -1 ||
	    lockfile_acquire(path, ret, err) == -1)
		return -1;
	clear_away(dir, now);
	return 0;
}
