/* SPDX-License-Identifier: MIT */

#include <fcntl.h>
#include <sys/random.h>
#include <sys/xattr.h>
#include "place_impl.h"

#define LETTERS	   16 /* of 5 random bits each */
#define LETTERS_V1 6  /* file.h, and what older versions left */
#define TRIES	   20

static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";

void place_temp_prefix(const char *name, char ret[NAME_MAX + 1])
{
	/* A name as long as may be leaves no room for ours: cut it. */
	snprintf(ret, NAME_MAX + 1, ".%.*s" PLACE_TEMP_MARK,
		 NAME_MAX - 1 - (int) strlen(PLACE_TEMP_MARK) - LETTERS, name);
}

int place_temp(const char *name, char ret[NAME_MAX + 1], struct err *err)
{
	unsigned char random[LETTERS];
	size_t n;

	/* One that can be guessed is worse than none. */
	if (PLACE_RETRY(getrandom(random, sizeof(random), 0)) != sizeof(random))
		return err_errno(err, ERR_IO, "no random bytes to be had");
	place_temp_prefix(name, ret);
	n = strlen(ret);
	for (size_t i = 0; i < LETTERS; i++)
		ret[n + i] = letters[random[i] & 31];
	ret[n + LETTERS] = '\0';
	return 0;
}

bool place_is_temp(const char *name, const char *base)
{
	static const char old_link[] = "link00";
	char prefix[NAME_MAX + 1];
	const char *mark = NULL, *end;

	for (const char *s = name; (s = strstr(s, PLACE_TEMP_MARK)); s++)
		mark = s;
	if (*name != '.' || !mark || mark == name)
		return false;
	end = mark + strlen(PLACE_TEMP_MARK);
	if (strcmp(end, old_link) != 0 &&
	    ((strlen(end) != LETTERS && strlen(end) != LETTERS_V1) ||
	     strspn(end, letters) != strlen(end)))
		return false;
	if (!base)
		return true;
	place_temp_prefix(base, prefix);
	return strlen(prefix) == (size_t) (end - name) &&
	       strncmp(name, prefix, strlen(prefix)) == 0;
}

void place_new_close(struct place_new *n)
{
	file_close(&n->fd);
}

/* --- a file --- */

/* What the descriptor is. */
static int identify(const struct place *p, struct place_new *n, struct stat *st,
		    struct err *err)
{
	if (fstat(n->fd, st) == -1)
		return err_errno(err, ERR_IO, "%s/%s", p->folder, n->temp);
	n->dev = st->st_dev;
	n->ino = st->st_ino;
	return 0;
}

static int open_temp(const struct place *p, struct place_new *n,
		     struct err *err)
{
	if (place_can_change(p, err) == -1)
		return -1;
	for (int i = 0; i < TRIES; i++) {
		if (place_temp(p->name, n->temp, err) == -1)
			return -1;
		n->fd = PLACE_RETRY(openat(p->fd, n->temp,
					   O_WRONLY | O_CREAT | O_EXCL |
						   O_NOFOLLOW | O_CLOEXEC,
					   0600));
		if (n->fd != -1 || errno != EEXIST)
			break;
	}
	if (n->fd == -1)
		return err_errno(err, ERR_IO,
				 "%s cannot be written: temporary file %s "
				 "cannot be made",
				 p->path, n->temp);
	return 0;
}

static bool unsupported(int e)
{
	return e == ENOTSUP || e == EOPNOTSUPP || e == ENOSYS;
}

static int set_acl(const struct place *p, int fd, const char *acl,
		   const struct file_attr *attr, bool own_mode, struct err *err)
{
	AUTO(sbuf_free) struct sbuf value = SBUF_INIT(XATTR_SIZE_MAX);
	mode_t group = place_acl_group(acl) << 3;
	mode_t mode = attr->mode & 07777;

	/* Without the ACL its mask must not become the group's permission. */
	if (place_acl_parse(acl, &value, err) == -1)
		return err_wrap(err, "%s", p->path);
	if (fchmod(fd, (mode & ~(mode_t) 070) | (mode & group)) == -1)
		return err_errno(err, ERR_IO, "%s: mode %04o cannot be given",
				 p->path, mode);
	if (fsetxattr(fd, PLACE_ACL_XATTR, value.buf, value.len, 0) == -1) {
		if (unsupported(errno))
			return 0;
		return err_errno(err, ERR_IO, "%s: ACL %.200s cannot be given",
				 p->path, acl);
	}
	/* It sets the mask, and what the ACL says of owner and others. */
	if (own_mode && fchmod(fd, mode) == -1)
		return err_errno(err, ERR_IO, "%s: mode %04o cannot be given",
				 p->path, mode);
	return 0;
}

static int set_owner(const struct place *p, int fd,
		     const struct file_attr *attr, struct err *err)
{
	gid_t gid = attr->gid;
	struct stat st;

	if (fstat(fd, &st) == -1)
		return err_errno(err, ERR_IO, "%s", p->path);
	/* A set-group-ID bit of somebody's folder gives his group nothing. */
	if (gid == (gid_t) FILE_KEEP && !p->trusted)
		gid = getegid();
	if ((attr->uid == FILE_KEEP || attr->uid == st.st_uid) &&
	    (gid == (gid_t) FILE_KEEP || gid == st.st_gid))
		return 0;
	if (fchown(fd, attr->uid, gid) == -1)
		return err_errno(err, ERR_IO,
				 "%s: owner %ld:%ld cannot be given (are you "
				 "root?)",
				 p->path, (long) (int) attr->uid,
				 (long) (int) gid);
	return 0;
}

static int set_xattr(const struct place *p, int fd, const struct place_xattr *x,
		     struct err *err)
{
	bool label = strcmp(x->name, "security.selinux") == 0;
	AUTO(mem_free_any) void *have = mem_alloc(x->len + 1);

	/* Setting a label that is there may be forbidden, too. */
	if (label &&
	    fgetxattr(fd, x->name, have, x->len + 1) == (ssize_t) x->len &&
	    memcmp(have, x->value, x->len) == 0)
		return 0;
	if (fsetxattr(fd, x->name, x->value, x->len, 0) == 0 ||
	    unsupported(errno) || (label && errno == EPERM))
		return 0;
	return err_errno(err, ERR_IO,
			 "%s: its attribute %.100s cannot be given", p->path,
			 x->name);
}

static int write_all(int fd, const char *data, size_t len)
{
	ssize_t n;

	while (len > 0) {
		n = PLACE_RETRY(write(fd, data, len));
		if (n == -1)
			return -1;
		data += n;
		len -= (size_t) n;
	}
	return 0;
}

/* Owner and mode come before the content: at no instant can somebody read
 * what he should not. Owner comes first: chown clears set-id bits. */
static int fill(const struct place *p, int fd, const void *data, size_t len,
		const struct file_attr *attr, const struct place_old *from,
		struct err *err)
{
	const struct file_attr *a = attr ? attr : &from->attr;

	/* A default ACL of the folder would be opened by fchmod: it sets the
	 * mask. */
	if (fremovexattr(fd, PLACE_ACL_XATTR) == -1 && !unsupported(errno) &&
	    errno != ENODATA)
		return err_errno(err, ERR_IO,
				 "%s: the ACL of its folder cannot be taken "
				 "off",
				 p->path);
	if (set_owner(p, fd, a, err) == -1)
		return -1;
	if (from && from->acl) {
		if (set_acl(p, fd, from->acl, a, attr, err) == -1)
			return -1;
	} else if (fchmod(fd, a->mode & 07777) == -1) {
		return err_errno(err, ERR_IO, "%s: mode %04o cannot be given",
				 p->path, a->mode & 07777u);
	}
	for (size_t i = 0; from && i < from->n_xattrs; i++)
		if (set_xattr(p, fd, &from->xattrs[i], err) == -1)
			return -1;
	if (write_all(fd, data, len) == -1 || PLACE_RETRY(fsync(fd)) == -1)
		return err_errno(err, ERR_IO, "%s cannot be written", p->path);
	return 0;
}

int place_stage(const struct place *p, const void *data, size_t len,
		const struct file_attr *attr, const struct place_old *from,
		struct place_new *ret, struct err *err)
{
	struct place_new n = { .fd = -1, .kind = PLACE_FILE };
	struct stat st;

	if (from && from->kind != PLACE_FILE)
		from = NULL;
	if (!attr && !from)
		return err_set(err, ERR_INTERNAL, "%s: no mode", p->path);
	if (open_temp(p, &n, err) == -1)
		return -1;
	if (identify(p, &n, &st, err) == -1) {
		(void) unlinkat(p->fd, n.temp, 0);
		place_new_close(&n);
		return -1;
	}
	if (fill(p, n.fd, data, len, attr, from, err) == -1) {
		place_drop(p, &n);
		return -1;
	}
	*ret = n;
	return 0;
}

/* --- a link --- */

/* There is no descriptor from its making: is it the one. 1, 0, -1. */
static int open_link(const struct place *p, const char *text,
		     struct place_new *n, struct err *err)
{
	char now[PATH_MAX];
	struct stat st;
	ssize_t len;

	n->fd = PLACE_RETRY(
		openat(p->fd, n->temp, O_PATH | O_NOFOLLOW | O_CLOEXEC));
	if (n->fd == -1)
		return err_errno(err, ERR_IO, "link %s/%s", p->folder, n->temp);
	if (identify(p, n, &st, err) == -1)
		return -1;
	if (!S_ISLNK(st.st_mode) || st.st_uid != geteuid())
		return 0;
	len = readlinkat(n->fd, "", now, sizeof(now));
	if (len == -1)
		return err_errno(err, ERR_IO, "link %s/%s", p->folder, n->temp);
	return (size_t) len == strlen(text) && memcmp(now, text, len) == 0;
}

int place_stage_link(const struct place *p, const char *text,
		     struct place_new *ret, struct err *err)
{
	struct place_new n = { .fd = -1, .kind = PLACE_SYMLINK };
	int rc = -1;

	if (place_can_change(p, err) == -1)
		return -1;
	for (int i = 0; i < TRIES && rc == -1; i++) {
		if (place_temp(p->name, n.temp, err) == -1)
			return -1;
		rc = symlinkat(text, p->fd, n.temp);
		if (rc == -1 && errno != EEXIST)
			break;
	}
	if (rc == -1)
		return err_errno(err, ERR_IO, "link %s/%s cannot be made",
				 p->folder, n.temp);
	rc = open_link(p, text, &n, err);
	if (rc == 1) {
		*ret = n;
		return 0;
	}
	if (rc == 0)
		err_set(err, ERR_CONFLICT,
			"link %s/%s was swapped by somebody else", p->folder,
			n.temp);
	else
		(void) unlinkat(p->fd, n.temp, 0);
	place_new_close(&n);
	return -1;
}

/* --- both --- */

static int rename_new(const struct place *p, const struct place_new *n,
		      bool expect_none)
{
	struct stat st;

	if (!expect_none)
		return renameat(p->fd, n->temp, p->fd, p->name);
	if (renameat2(p->fd, n->temp, p->fd, p->name, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	/* A file system that cannot. */
	if (fstatat(p->fd, p->name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		errno = EEXIST;
		return -1;
	}
	if (errno != ENOENT)
		return -1;
	return renameat(p->fd, n->temp, p->fd, p->name);
}

int place_rename(const struct place *p, const struct place_new *n,
		 bool expect_none, struct err *err)
{
	struct stat st;

	if (rename_new(p, n, expect_none) == -1) {
		if (errno == EEXIST && expect_none)
			return err_set(err, ERR_CONFLICT,
				       "%s: nothing was there, now somebody "
				       "else has put something there",
				       p->path);
		if (errno == EBUSY)
			return err_errno(err, ERR_IO,
					 "%s cannot be replaced (is it mounted "
					 "by itself? Mount its folder instead)",
					 p->path);
		return err_errno(err, ERR_IO, "%s cannot be replaced", p->path);
	}
	if (fstatat(p->fd, p->name, &st, AT_SYMLINK_NOFOLLOW) == -1) {
		if (errno != ENOENT)
			return err_errno(err, ERR_IO, "%s cannot be looked at",
					 p->path);
		st.st_ino = 0;
	}
	if (st.st_ino != n->ino || st.st_dev != n->dev)
		return err_set(err, ERR_CONFLICT,
			       "%s was swapped by somebody else while it was "
			       "put in place",
			       p->path);
	return 0;
}

int place_commit(const struct place *p, struct place_new *n, bool expect_none,
		 struct err *err)
{
	if (place_rename(p, n, expect_none, err) == -1 ||
	    place_sync(p, err) == -1)
		return -1;
	place_new_close(n);
	return 0;
}

/* --- by path --- */

static int open_trusted(const char *path, struct place *ret, struct err *err)
{
	int rc = place_open("", path, PLACE_TRUSTED, ret, err);

	if (rc == 0)
		return err_set(err, ERR_IO,
			       "%s cannot be written: its folder is missing",
			       path);
	return rc == 1 ? 0 : -1;
}

int place_write_path(const char *path, const void *data, size_t len,
		     const struct file_attr *attr, struct err *err)
{
	AUTO(place_new_close) struct place_new n = PLACE_NEW_INIT;
	AUTO(place_close) struct place p = PLACE_INIT;

	if (open_trusted(path, &p, err) == -1 ||
	    place_stage(&p, data, len, attr, NULL, &n, err) == -1)
		return -1;
	if (place_commit(&p, &n, false, err) == 0)
		return 0;
	place_drop(&p, &n);
	return -1;
}

int place_make_path(const char *path, mode_t mode, struct err *err)
{
	AUTO(place_close) struct place made = PLACE_INIT;
	AUTO(place_close) struct place p = PLACE_INIT;

	if (open_trusted(path, &p, err) == -1)
		return -1;
	if (strcmp(p.name, ".") == 0)
		return 0;
	return place_make(&p, mode, &made, err);
}
