/* SPDX-License-Identifier: MIT */

#include <fcntl.h>
#include <sys/xattr.h>
#include "place_impl.h"

#define TRIES	  20
#define IN_FOLDER 10000 /* files of a folder that is removed */
#define SWEEP_MAX 10000 /* leftovers of one sweep */

/* --- removing --- */

int place_remove(const struct place *p, struct err *err)
{
	struct stat st;

	if (place_can_change(p, err) == -1)
		return -1;
	if (fstatat(p->fd, p->name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return errno == ENOENT
			       ? 0
			       : err_errno(err, ERR_IO,
					   "%s cannot be looked at", p->path);
	if (!S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode))
		return err_set(err, ERR_CONFLICT,
			       "%s is not removed: it is no file", p->path);
	/* It takes a name of this folder away and touches nothing else,
	 * whatever was swapped in since. */
	if (unlinkat(p->fd, p->name, 0) == -1 && errno != ENOENT)
		return err_errno(err, ERR_IO, "%s cannot be removed", p->path);
	return place_sync(p, err);
}

/* A folder that nobody but us could put anything in: not published. */
static void empty(int fd)
{
	struct place in = { .fd = fd, .folder = (char *) "?" };
	AUTO(strlist_free) struct strlist names = STRLIST_INIT;

	if (place_list(&in, NULL, NULL, IN_FOLDER, &names, NULL) == -1)
		return;
	for (size_t i = 0; i < names.n; i++)
		(void) unlinkat(fd, names.v[i], 0);
}

void place_drop(const struct place *p, struct place_new *n)
{
	struct stat st;

	if (n->fd == -1)
		return;
	if (n->kind == PLACE_FOLDER)
		empty(n->fd);
	if (fstatat(p->fd, n->temp, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    st.st_ino == n->ino && st.st_dev == n->dev)
		(void) unlinkat(p->fd, n->temp,
				n->kind == PLACE_FOLDER ? AT_REMOVEDIR : 0);
	place_new_close(n);
}

int place_resume(const struct place *p, const char *temp, ino_t ino,
		 struct place_new *ret, struct err *err)
{
	AUTO(file_close) int fd = -1;
	struct place_new n = { .fd = -1, .kind = PLACE_FILE };
	struct stat st;

	if (!place_is_temp(temp, NULL) || strchr(temp, '/'))
		return err_set(err, ERR_INPUT,
			       "\"%.100s\" is not a temporary file of ours",
			       temp);
	fd = PLACE_RETRY(openat(p->fd, temp, O_PATH | O_NOFOLLOW | O_CLOEXEC));
	if (fd == -1 && errno == ENOENT)
		return 0;
	if (fd == -1 || fstat(fd, &st) == -1)
		return err_errno(err, ERR_IO, "%s/%s cannot be looked at",
				 p->folder, temp);
	if (st.st_ino != ino)
		return 0;
	if (S_ISLNK(st.st_mode)) {
		n.kind = PLACE_SYMLINK;
	} else if (S_ISDIR(st.st_mode)) {
		if (st.st_dev != p->dev || !place_ours(st.st_uid))
			return 0;
		n.kind = PLACE_FOLDER;
		n.fd = place_open_folder(fd, ".");
		if (n.fd == -1)
			return err_errno(err, ERR_IO,
					 "folder %s/%s cannot be opened",
					 p->folder, temp);
	} else if (!S_ISREG(st.st_mode)) {
		return 0;
	}
	if (n.fd == -1) {
		n.fd = fd;
		fd = -1;
	}
	n.dev = st.st_dev;
	n.ino = st.st_ino;
	snprintf(n.temp, sizeof(n.temp), "%s", temp);
	*ret = n;
	return 1;
}

static bool is_leftover(const char *name, void *base)
{
	return place_is_temp(name, base);
}

static int sweep_one(const struct place *p, const char *name, bool own,
		     struct err *err)
{
	struct stat st;

	if (own && (fstatat(p->fd, name, &st, AT_SYMLINK_NOFOLLOW) == -1
			    ? errno == ENOENT
			    : !S_ISREG(st.st_mode) || st.st_uid != geteuid()))
		return 0;
	if (unlinkat(p->fd, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (!own && errno == EISDIR &&
	    (unlinkat(p->fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT ||
	     errno == ENOTEMPTY || errno == ENOTDIR))
		return 0;
	return err_errno(err, ERR_IO, "%s/%s cannot be removed", p->folder,
			 name);
}

static int sweep(const struct place *p, const char *base, bool own,
		 struct err *err)
{
	AUTO(strlist_free) struct strlist names = STRLIST_INIT;
	AUTO(mem_free_str) char *copy = base ? mem_strdup(base) : NULL;
	int status = 0;

	if (place_list(p, is_leftover, copy, SWEEP_MAX, &names, err) == -1)
		return -1;
	for (size_t i = 0; i < names.n; i++)
		if (sweep_one(p, names.v[i], own, err) == -1)
			status = -1;
	return status;
}

int place_sweep(const struct place *p, const char *base, struct err *err)
{
	return sweep(p, base, false, err);
}

int place_sweep_own(const struct place *p, const char *base, struct err *err)
{
	return sweep(p, base, true, err);
}

/* --- folders that change as a whole --- */

/* Nothing of what the folder above gives may open it, or what is put in. */
static int take_acls_off(const struct place *p, int fd, struct err *err)
{
	static const char *const names[] = { PLACE_ACL_XATTR,
					     "system.posix_acl_default" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (fremovexattr(fd, names[i]) == -1 && errno != ENODATA &&
		    errno != ENOTSUP && errno != EOPNOTSUPP && errno != ENOSYS)
			return err_errno(err, ERR_IO,
					 "%s: the ACL of its folder cannot be "
					 "taken off",
					 p->path);
	return 0;
}

/* Is it the one that was just made: ours, closed, empty. The owner of a
 * foreign folder may have swapped it for another of ours. */
static int check_begun(const struct place *p, struct place_new *n,
		       struct err *err)
{
	struct place in = { .fd = n->fd, .folder = p->folder };
	AUTO(strlist_free) struct strlist names = STRLIST_INIT;
	struct stat st;

	if (fstat(n->fd, &st) == -1)
		return err_errno(err, ERR_IO, "folder %s/%s", p->folder,
				 n->temp);
	if (st.st_uid != geteuid() || (st.st_mode & 0777) != 0700 ||
	    st.st_dev != p->dev)
		return err_set(err, ERR_CONFLICT,
			       "folder %s/%s was swapped by somebody else",
			       p->folder, n->temp);
	if (place_list(&in, NULL, NULL, IN_FOLDER, &names, err) == -1)
		return -1;
	if (names.n > 0)
		return err_set(err, ERR_CONFLICT,
			       "folder %s/%s was swapped by somebody else",
			       p->folder, n->temp);
	n->dev = st.st_dev;
	n->ino = st.st_ino;
	return 0;
}

int place_begin(const struct place *p, struct place_new *ret, struct err *err)
{
	struct place_new n = { .fd = -1, .kind = PLACE_FOLDER };
	int rc = -1;

	if (place_can_change(p, err) == -1)
		return -1;
	for (int i = 0; i < TRIES && rc == -1; i++) {
		if (place_temp(p->name, n.temp, err) == -1)
			return -1;
		rc = mkdirat(p->fd, n.temp, 0700);
		if (rc == -1 && errno != EEXIST)
			break;
	}
	if (rc == -1)
		return err_errno(err, ERR_IO, "folder %s/%s cannot be made",
				 p->folder, n.temp);
	n.fd = place_open_folder(p->fd, n.temp);
	if (n.fd == -1) {
		rc = err_errno(err, ERR_IO, "folder %s/%s cannot be opened",
			       p->folder, n.temp);
		(void) unlinkat(p->fd, n.temp, AT_REMOVEDIR);
		return rc;
	}
	if (check_begun(p, &n, err) == -1 ||
	    take_acls_off(p, n.fd, err) == -1) {
		/* It removes an empty folder or nothing. */
		(void) unlinkat(p->fd, n.temp, AT_REMOVEDIR);
		place_new_close(&n);
		return -1;
	}
	*ret = n;
	return 0;
}

int place_inside(const struct place *p, const struct place_new *n,
		 struct place *ret, struct err *err)
{
	AUTO(mem_free_str) char *path = mem_printf("%s/%s", p->folder, n->temp);
	AUTO(file_close) int fd = fcntl(n->fd, F_DUPFD_CLOEXEC, 0);

	if (fd == -1)
		return err_errno(err, ERR_IO, "folder %s", path);
	return place_of_fd(&fd, p, path, ret, err);
}

int place_publish(const struct place *p, struct place_new *n, mode_t mode,
		  struct err *err)
{
	if (fchmod(n->fd, mode & 07777) == -1)
		return err_errno(err, ERR_IO,
				 "folder %s: mode %04o cannot be given",
				 p->path, mode & 07777u);
	if (PLACE_RETRY(fsync(n->fd)) == -1 && errno != EINVAL &&
	    errno != ENOTSUP)
		return err_errno(err, ERR_IO, "folder %s/%s cannot be synced",
				 p->folder, n->temp);
	if (place_rename(p, n, true, err) == -1 || place_sync(p, err) == -1)
		return -1;
	place_new_close(n);
	return 0;
}

int place_make(const struct place *p, mode_t mode, struct place *ret,
	       struct err *err)
{
	AUTO(place_new_close) struct place_new n = PLACE_NEW_INIT;
	struct err why = ERR_INIT;
	int rc = place_enter(p, ret, err);

	if (rc != 0)
		return rc == 1 ? 0 : -1;
	if (place_begin(p, &n, err) == -1)
		return -1;
	if (place_publish(p, &n, mode, &why) == -1) {
		place_drop(p, &n);
		/* Another of us was faster, or it is an error after all. */
		if (why.kind != ERR_CONFLICT)
			return err_set(err, why.kind, "%s", why.msg);
	}
	rc = place_enter(p, ret, err);
	if (rc == 0)
		return err_set(err, ERR_CONFLICT,
			       "folder %s was removed by somebody else",
			       p->path);
	return rc == 1 ? 0 : -1;
}

/* NAME is in NAMES, or was staged for one of them. */
static bool expected(const struct strlist *names, const char *name)
{
	if (strlist_has(names, name))
		return true;
	for (size_t i = 0; i < names->n; i++)
		if (place_is_temp(name, names->v[i]))
			return true;
	return false;
}

/* 1: all that is in it, in *RET, is to be removed. */
static int may_go(const struct place *in, const struct strlist *names,
		  struct strlist *ret, struct err *err)
{
	struct stat st;

	if (place_list(in, NULL, NULL, IN_FOLDER, ret, err) == -1)
		return -1;
	for (size_t i = 0; i < ret->n; i++) {
		if (!expected(names, ret->v[i]))
			return 0;
		if (fstatat(in->fd, ret->v[i], &st, AT_SYMLINK_NOFOLLOW) == -1)
			return err_errno(err, ERR_IO, "%s/%s", in->folder,
					 ret->v[i]);
		if (!S_ISREG(st.st_mode))
			return 0;
	}
	return 1;
}

static int remove_all(const struct place *p, const struct place *in,
		      const struct strlist *names, struct err *err)
{
	for (size_t i = 0; i < names->n; i++)
		if (unlinkat(in->fd, names->v[i], 0) == -1 && errno != ENOENT)
			return err_errno(err, ERR_IO, "%s/%s cannot be removed",
					 in->folder, names->v[i]);
	/* If it was swapped since, this removes an empty folder or nothing. */
	if (unlinkat(p->fd, p->name, AT_REMOVEDIR) == -1 && errno != ENOENT) {
		if (errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR)
			return 0;
		return err_errno(err, ERR_IO, "folder %s cannot be removed",
				 p->path);
	}
	return place_sync(p, err) == -1 ? -1 : 1;
}

int place_remove_folder(const struct place *p, ino_t ino,
			const struct strlist *names, struct err *err)
{
	AUTO(strlist_free) struct strlist all = STRLIST_INIT;
	AUTO(place_close) struct place in = PLACE_INIT;
	AUTO(file_close) int fd = place_open_folder(p->fd, p->name);
	struct stat st;
	int rc;

	if (fd == -1 && errno == ENOENT)
		return 1;
	if (fd == -1 && (errno == ENOTDIR || errno == ELOOP))
		return 0;
	if (fd == -1 || fstat(fd, &st) == -1)
		return err_errno(err, ERR_IO, "folder %s cannot be opened",
				 p->path);
	if (st.st_ino != ino || st.st_dev != p->dev || !place_ours(st.st_uid))
		return 0;
	if (place_of_fd(&fd, p, p->path, &in, err) == -1)
		return -1;
	rc = may_go(&in, names, &all, err);
	return rc == 1 ? remove_all(p, &in, &all, err) : rc;
}
