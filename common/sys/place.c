/* SPDX-License-Identifier: MIT */

#include <dirent.h>
#include <fcntl.h>
#include "place_impl.h"

static void dir_close(DIR **d)
{
	if (*d)
		closedir(*d);
	*d = NULL;
}

int place_open_folder(int dir, const char *name)
{
	int fd = PLACE_RETRY(openat(dir, name,
				    O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
					    O_NONBLOCK | O_CLOEXEC));

	if (fd == -1 && errno == EACCES)
		fd = PLACE_RETRY(
			openat(dir, name,
			       O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
	return fd;
}

void place_set_name(struct place *p, const char *name)
{
	snprintf(p->name, sizeof(p->name), "%s", name);
	mem_free_str(&p->path);
	if (strcmp(name, ".") == 0)
		p->path = mem_strdup(p->folder);
	else
		p->path = mem_printf(
			"%s/%s", strcmp(p->folder, "/") != 0 ? p->folder : "",
			name);
}

int place_of_fd(int *fd, const struct place *parent, const char *path,
		struct place *ret, struct err *err)
{
	struct place p = { .fd = *fd };
	struct stat st;
	int mode;

	mode = fcntl(*fd, F_GETFL);
	if (mode == -1 || fstat(*fd, &st) == -1)
		return err_errno(err, ERR_IO, "folder %s", path);
	p.strict = parent && parent->strict;
	if (p.strict && place_check(&st, "folder ", path, err) == -1)
		return -1;
	p.trusted = parent && parent->trusted && place_trusts(&st);
	p.shared = (st.st_mode & (S_IWGRP | S_IWOTH)) != 0;
	p.unlisted = (mode & O_PATH) != 0;
	p.dev = st.st_dev;
	p.owner = st.st_uid;
	p.mode = st.st_mode & 07777;
	p.folder = mem_strdup(path);
	place_set_name(&p, ".");
	*fd = -1;
	*ret = p;
	return 0;
}

void place_close(struct place *p)
{
	file_close(&p->fd);
	mem_free_str(&p->folder);
	mem_free_str(&p->path);
}

static bool name_ok(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len > NAME_MAX || strcmp(name, ".") == 0 ||
	    strcmp(name, "..") == 0)
		return false;
	for (const char *c = name; *c != '\0'; c++)
		if ((unsigned char) *c < ' ' || *c == 0x7f || *c == '/')
			return false;
	return true;
}

int place_in(const struct place *p, const char *name, struct place *ret,
	     struct err *err)
{
	struct place q = *p;

	if (!name_ok(name))
		return err_set(err, ERR_INPUT,
			       "\"%.100s\" is not a name for a file in %s",
			       name, p->folder);
	q.fd = fcntl(p->fd, F_DUPFD_CLOEXEC, 0);
	if (q.fd == -1)
		return err_errno(err, ERR_IO, "folder %s", p->folder);
	q.folder = mem_strdup(p->folder);
	q.path = NULL;
	place_set_name(&q, name);
	*ret = q;
	return 0;
}

int place_enter(const struct place *p, struct place *ret, struct err *err)
{
	AUTO(file_close) int fd = place_open_folder(p->fd, p->name);

	if (fd == -1 && errno == ENOENT)
		return 0;
	if (fd == -1)
		return err_errno(err, ERR_IO, "folder %s cannot be opened",
				 p->path);
	return place_of_fd(&fd, p, p->path, ret, err) == -1 ? -1 : 1;
}

static int list_all(const struct place *p, DIR *d,
		    bool (*want)(const char *, void *), void *arg, size_t max,
		    struct strlist *names, struct err *err)
{
	const struct dirent *e;
	size_t seen = 0;

	for (;;) {
		errno = 0;
		e = readdir(d);
		if (!e)
			break;
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (++seen > PLACE_LOOK_MAX)
			return err_set(err, ERR_LIMIT,
				       "folder %s: more than %u files in it",
				       p->folder, PLACE_LOOK_MAX);
		if (want && !want(e->d_name, arg))
			continue;
		if (names->n == max)
			return err_set(err, ERR_LIMIT,
				       "folder %s: more than %zu files of a "
				       "kind in it",
				       p->folder, max);
		strlist_add(names, e->d_name);
	}
	if (errno != 0)
		return err_errno(err, ERR_IO, "folder %s cannot be listed",
				 p->folder);
	return 0;
}

int place_list(const struct place *p, bool (*want)(const char *, void *),
	       void *arg, size_t max, struct strlist *ret, struct err *err)
{
	AUTO(strlist_free) struct strlist names = STRLIST_INIT;
	AUTO(file_close) int fd = -1;
	AUTO(dir_close) DIR *d = NULL;

	/* Our own descriptor would go on where the last listing ended. */
	fd = PLACE_RETRY(
		openat(p->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	if (fd == -1)
		return err_errno(err, ERR_IO, "folder %s cannot be listed",
				 p->folder);
	d = fdopendir(fd);
	if (!d)
		return err_errno(err, ERR_IO, "folder %s cannot be listed",
				 p->folder);
	fd = -1;
	if (list_all(p, d, want, arg, max, &names, err) == -1)
		return -1;
	strlist_sort_unique(&names);
	for (size_t i = 0; i < names.n; i++)
		strlist_add(ret, names.v[i]);
	return 0;
}

int place_can_change(const struct place *p, struct err *err)
{
	if (strcmp(p->name, ".") == 0)
		return err_set(err, ERR_IO, "%s is a folder", p->path);
	if (!p->unlisted)
		return 0;
	errno = EACCES;
	return err_errno(err, ERR_IO, "folder %s cannot be read", p->folder);
}

int place_sync(const struct place *p, struct err *err)
{
	/* Some file systems know no fsync of a folder. */
	if (PLACE_RETRY(fsync(p->fd)) == -1 && errno != EINVAL &&
	    errno != ENOTSUP)
		return err_errno(err, ERR_IO, "folder %s cannot be synced",
				 p->folder);
	return 0;
}
