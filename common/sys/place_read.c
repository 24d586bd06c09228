/* SPDX-License-Identifier: MIT */

#include <fcntl.h>
#include <sys/xattr.h>
#include "place_impl.h"

#define XATTRS_MAX 64
#define XATTR_BUF  65536 /* the kernel's own limit, of a value and of names */

static int swapped(const struct place *p, struct err *err)
{
	return err_set(err, ERR_CONFLICT,
		       "%s was changed by somebody else while it was read",
		       p->path);
}

static enum place_kind kind_of(mode_t mode)
{
	if (S_ISREG(mode))
		return PLACE_FILE;
	if (S_ISLNK(mode))
		return PLACE_SYMLINK;
	if (S_ISDIR(mode))
		return PLACE_FOLDER;
	return PLACE_OTHER;
}

/* Whoever makes a link writes what it says, and we write that into records and
 * messages. */
static int check_text(const struct place *p, const char *text, size_t len,
		      struct err *err)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char) text[i] < ' ' || text[i] == 0x7f)
			return err_set(
				err, ERR_CONFLICT,
				"link %s has a control character in what "
				"it says; remove it",
				p->path);
	return 0;
}

/* What O_PATH and fstat tell; *ret_fd stays open, -1 when nothing is there. */
static int look(const struct place *p, struct place_old *o, int *ret_fd,
		struct stat *st, struct err *err)
{
	AUTO(file_close) int fd = -1;
	char text[PATH_MAX];
	ssize_t n;

	fd = PLACE_RETRY(
		openat(p->fd, p->name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
	if (fd == -1 && errno == ENOENT)
		return 0;
	if (fd == -1 || fstat(fd, st) == -1)
		return err_errno(err, ERR_IO, "%s cannot be looked at",
				 p->path);
	if (p->strict && !S_ISLNK(st->st_mode) &&
	    place_check(st, "", p->path, err) == -1)
		return -1;
	o->kind = kind_of(st->st_mode);
	o->attr = (struct file_attr){ st->st_mode & 07777, st->st_uid,
				      st->st_gid };
	o->dev = st->st_dev;
	o->ino = st->st_ino;
	o->size = st->st_size;
	o->mtime = st->st_mtim;
	o->ctime = st->st_ctim;
	if (o->kind == PLACE_SYMLINK) {
		n = readlinkat(fd, "", text, sizeof(text));
		if (n == -1)
			return err_errno(err, ERR_IO, "link %s", p->path);
		if ((size_t) n == sizeof(text))
			return err_set(err, ERR_LIMIT, "link %s is too long",
				       p->path);
		if (check_text(p, text, (size_t) n, err) == -1)
			return -1;
		o->link = mem_strndup(text, (size_t) n);
	}
	*ret_fd = fd;
	fd = -1;
	return 0;
}

int place_look(const struct place *p, struct place_old *ret, struct err *err)
{
	AUTO(place_old_free) struct place_old o = PLACE_OLD_INIT;
	AUTO(file_close) int fd = -1;
	struct stat st;

	if (look(p, &o, &fd, &st, err) == -1)
		return -1;
	*ret = o;
	o = (struct place_old) PLACE_OLD_INIT;
	return 0;
}

static bool no_xattr(int e)
{
	return e == ENOTSUP || e == EOPNOTSUPP || e == ENODATA || e == ENOSYS;
}

static int read_acl(const struct place *p, int fd, char *buf,
		    struct place_old *o, struct err *err)
{
	ssize_t n = fgetxattr(fd, PLACE_ACL_XATTR, buf, XATTR_BUF);

	if (n == -1 && no_xattr(errno))
		return 0;
	if (n == -1)
		return err_errno(err, ERR_IO, "%s: its ACL cannot be read",
				 p->path);
	if (place_acl_print(buf, (size_t) n, &o->acl, err) == -1)
		return err_wrap(err, "%s", p->path);
	return 0;
}

/* One attribute, if the file has it. */
static int read_xattr(const struct place *p, int fd, const char *name,
		      char *buf, struct place_old *o, size_t *left,
		      struct err *err)
{
	ssize_t n = fgetxattr(fd, name, buf, XATTR_BUF);
	struct place_xattr *x;

	if (n == -1 && no_xattr(errno))
		return 0;
	if (n == -1)
		return err_errno(err, ERR_IO,
				 "%s: its attribute %.100s cannot be read",
				 p->path, name);
	if (o->n_xattrs == XATTRS_MAX || (size_t) n > *left)
		return err_set(err, ERR_LIMIT,
			       "%s: has more than %d attributes, or %u bytes "
			       "of them",
			       p->path, XATTRS_MAX, PLACE_XATTR_MAX);
	*left -= (size_t) n;
	o->xattrs = mem_grow(o->xattrs, o->n_xattrs + 1, sizeof(*o->xattrs));
	x = &o->xattrs[o->n_xattrs++];
	x->name = mem_strdup(name);
	x->value = mem_dup(buf, (size_t) n);
	x->len = (size_t) n;
	return 0;
}

static int read_xattrs(const struct place *p, int fd, struct place_old *o,
		       struct err *err)
{
	AUTO(mem_free_str) char *names = mem_alloc(XATTR_BUF + 1);
	AUTO(mem_free_str) char *buf = mem_alloc(XATTR_BUF);
	size_t left = PLACE_XATTR_MAX;
	ssize_t n;

	if (read_acl(p, fd, buf, o, err) == -1 ||
	    read_xattr(p, fd, "security.selinux", buf, o, &left, err) == -1)
		return -1;
	n = flistxattr(fd, names, XATTR_BUF);
	if (n == -1 && no_xattr(errno))
		return 0;
	if (n == -1)
		return err_errno(err, ERR_IO,
				 "%s: its attributes cannot be listed",
				 p->path);
	for (const char *a = names; a < names + n; a += strlen(a) + 1)
		if (strncmp(a, "user.", 5) == 0 &&
		    read_xattr(p, fd, a, buf, o, &left, err) == -1)
			return -1;
	return 0;
}

static int read_content(const struct place *p, int fd, struct sbuf *ret,
			struct err *err)
{
	char buf[4096];
	ssize_t n;

	sbuf_init(ret, PLACE_READ_MAX);
	do {
		n = PLACE_RETRY(read(fd, buf, sizeof(buf)));
		if (n > 0)
			sbuf_add(ret, buf, (size_t) n);
	} while (n > 0 && !sbuf_over(ret));
	if (n == -1)
		err_errno(err, ERR_IO, "%s cannot be read", p->path);
	mem_erase(buf, sizeof(buf)); /* it may have been a secret */
	if (n == -1)
		return -1;
	if (sbuf_over(ret))
		return err_set(err, ERR_LIMIT, "%s is larger than %u bytes",
			       p->path, PLACE_READ_MAX);
	return 0;
}

/* That it is a file is known from SEEN: nothing else is opened, since that
 * may wind a tape or arm a watchdog. A lease makes it EAGAIN. */
static int open_file(const struct place *p, const struct stat *seen,
		     int *ret_fd, struct err *err)
{
	AUTO(file_close) int fd = -1;
	struct stat st;

	fd = PLACE_RETRY(openat(p->fd, p->name,
				O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY |
					O_CLOEXEC));
	if (fd == -1 && errno == EAGAIN)
		return err_errno(err, ERR_IO,
				 "%s cannot be read: a program holds a lease "
				 "on it",
				 p->path);
	if (fd == -1 && (errno == ENOENT || errno == ELOOP || errno == ENXIO))
		return swapped(p, err);
	if (fd == -1 || fstat(fd, &st) == -1)
		return err_errno(err, ERR_IO, "%s cannot be read", p->path);
	if (st.st_dev != seen->st_dev || st.st_ino != seen->st_ino ||
	    !S_ISREG(st.st_mode))
		return swapped(p, err);
	/* The second name may be somebody's secret. Only a second line: the
	 * other one may have been removed meanwhile, and the kernel mostly
	 * forbids such links (fs.protected_hardlinks). */
	if ((!p->trusted || p->shared) && st.st_nlink != 1)
		return err_set(err, ERR_CONFLICT,
			       "%s has another name (a hard link), and its "
			       "folder can be changed by others",
			       p->path);
	*ret_fd = fd;
	fd = -1;
	return 0;
}

static int read_file(const struct place *p, const struct stat *seen,
		     struct place_old *o, struct err *err)
{
	AUTO(file_close) int fd = -1;
	struct stat st, end;

	if (open_file(p, seen, &fd, err) == -1)
		return -1;
	if (fstat(fd, &st) == -1)
		return err_errno(err, ERR_IO, "%s cannot be read", p->path);
	o->attr =
		(struct file_attr){ st.st_mode & 07777, st.st_uid, st.st_gid };
	if (read_xattrs(p, fd, o, err) == -1 ||
	    read_content(p, fd, &o->content, err) == -1)
		return -1;
	/* Neither half of one and half of another, nor a secret that was
	 * written after a chmod that we did not see. */
	if (fstat(fd, &end) == -1)
		return err_errno(err, ERR_IO, "%s cannot be read", p->path);
	if (st.st_ctim.tv_sec != end.st_ctim.tv_sec ||
	    st.st_ctim.tv_nsec != end.st_ctim.tv_nsec ||
	    st.st_size != end.st_size)
		return swapped(p, err);
	return 0;
}

int place_read(const struct place *p, struct place_old *ret, struct err *err)
{
	AUTO(place_old_free) struct place_old o = PLACE_OLD_INIT;
	AUTO(file_close) int fd = -1;
	struct stat st;

	if (look(p, &o, &fd, &st, err) == -1)
		return -1;
	if (o.kind == PLACE_FILE && read_file(p, &st, &o, err) == -1)
		return -1;
	*ret = o;
	o = (struct place_old) PLACE_OLD_INIT;
	return 0;
}

void place_xattrs_free(struct place_old *o)
{
	for (size_t i = 0; i < o->n_xattrs; i++) {
		mem_free_str(&o->xattrs[i].name);
		mem_free_any(&o->xattrs[i].value);
	}
	mem_free_any(&o->xattrs);
	o->n_xattrs = 0;
}

void place_old_free(struct place_old *o)
{
	place_xattrs_free(o);
	mem_free_str(&o->acl);
	mem_free_str(&o->link);
	sbuf_erase(&o->content);
	*o = (struct place_old) PLACE_OLD_INIT;
}

static int read_path(const char *root, const char *path, unsigned int flags,
		     bool secret, struct sbuf *ret, struct err *err)
{
	AUTO(place_close) struct place p = PLACE_INIT;
	AUTO(place_old_free) struct place_old o = PLACE_OLD_INIT;
	int rc = place_open(root, path, flags, &p, err);

	if (rc != 1)
		return rc;
	if (place_read(&p, &o, err) == -1)
		return -1;
	if (o.kind == PLACE_NONE)
		return 0;
	if (o.kind != PLACE_FILE)
		return err_set(err, ERR_IO, "%s: cannot be read: it is %s",
			       p.path,
			       o.kind == PLACE_FOLDER ? "a directory"
						      : "not a regular file");
	if (secret &&
	    file_check_secret(o.attr.mode, "secret file", p.path, err) == -1)
		return -1;
	if (o.content.len > ret->max - ret->len)
		return err_set(err, ERR_LIMIT, "%s: is larger than %zu bytes",
			       p.path, ret->max - ret->len);
	sbuf_add(ret, sbuf_str(&o.content), o.content.len);
	return 1;
}

int place_read_path(const char *root, const char *path, unsigned int flags,
		    struct sbuf *ret, struct err *err)
{
	return read_path(root, path, flags, false, ret, err);
}

int place_read_secret(const char *root, const char *path, struct sbuf *ret,
		      struct err *err)
{
	int rc = read_path(root, path, 0, true, ret, err);

	if (rc == 0) {
		errno = ENOENT;
		rc = err_errno(err, ERR_IO, "%s%s: cannot be read", root, path);
	}
	return rc == -1 ? -1 : 0;
}
