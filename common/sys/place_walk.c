/* SPDX-License-Identifier: MIT */

#include <fcntl.h>
#include "place_impl.h"

/* A folder that the walk is in. */
struct level {
	int fd; /* O_PATH */
	bool trusted;
	bool shared;
	size_t len; /* of its path */
};

struct walk {
	struct level v[PLACE_DEPTH_MAX];
	size_t n;
	size_t base;	     /* ".." goes no lower */
	char path[PATH_MAX]; /* the real one of v[n - 1]; "" for "/" */
	char *todo;
	size_t pos; /* what is left of todo */
	unsigned int links;
	unsigned int flags;
	bool missing;		 /* the last name is not there */
	char last[NAME_MAX + 1]; /* "" when the walk ended in a folder */
};

bool place_ours(uid_t uid)
{
	return uid == 0 || uid == geteuid();
}

bool place_trusts(const struct stat *st)
{
	return place_ours(st->st_uid) &&
	       ((st->st_mode & (S_IWGRP | S_IWOTH)) == 0 ||
		(S_ISDIR(st->st_mode) && (st->st_mode & S_ISVTX) != 0));
}

int place_check(const struct stat *st, const char *kind, const char *path,
		struct err *err)
{
	if (!place_ours(st->st_uid))
		return err_set(err, ERR_CONFIG,
			       "%s%s belongs to user %lu, who is neither root "
			       "nor the one running this, run: chown root %s",
			       kind, path, (unsigned long) st->st_uid, path);
	if (!place_trusts(st))
		return err_set(err, ERR_CONFIG,
			       "%s%s is writable by others than its owner, "
			       "run: chmod go-w %s",
			       kind, path, path);
	return 0;
}

static const char *shown(const char *path)
{
	return *path != '\0' ? path : "/";
}

static const struct level *top(const struct walk *w)
{
	return &w->v[w->n - 1];
}

static void pop_to(struct walk *w, size_t n)
{
	while (w->n > n)
		file_close(&w->v[--w->n].fd);
	w->path[w->n > 0 ? top(w)->len : 0] = '\0';
}

/* What NAME, in the folder we are in, is called in messages. */
static const char *called(const struct walk *w, const char *name,
			  char buf[PATH_MAX])
{
	snprintf(buf, PATH_MAX, "%.*s/%s", PATH_MAX - NAME_MAX - 2, w->path,
		 name);
	return buf;
}

/* Into the folder *FD, which is taken over; NAME is "" for "/". */
static int push(struct walk *w, int *fd, const char *name,
		const struct stat *st, struct err *err)
{
	size_t len = w->n > 0 ? top(w)->len : 0;
	struct level *l = &w->v[w->n];

	if (w->n == PLACE_DEPTH_MAX ||
	    len + strlen(name) + 2 > sizeof(w->path) - NAME_MAX)
		return err_set(err, ERR_LIMIT, "%.200s...: too deep", w->path);
	if (*name != '\0')
		len += (size_t) snprintf(w->path + len, sizeof(w->path) - len,
					 "/%s", name);
	l->trusted = (w->n == 0 || top(w)->trusted) && place_trusts(st);
	l->shared = (st->st_mode & (S_IWGRP | S_IWOTH)) != 0;
	l->len = len;
	l->fd = *fd;
	*fd = -1;
	w->n++;
	if ((w->flags & PLACE_TRUSTED) != 0)
		return place_check(st, "folder ", shown(w->path), err);
	return 0;
}

static int push_top(struct walk *w, struct err *err)
{
	AUTO(file_close) int fd = -1;
	struct stat st;

	fd = PLACE_RETRY(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
	if (fd == -1 || fstat(fd, &st) == -1)
		return err_errno(err, ERR_IO, "folder /");
	return push(w, &fd, "", &st, err);
}

/* Takes the next name of what is to be done; false at the end. */
static bool next_name(struct walk *w, const char **ret, size_t *ret_len)
{
	const char *p = w->todo + w->pos;
	size_t len;

	for (;;) {
		p += strspn(p, "/");
		len = strcspn(p, "/");
		if (len != 1 || *p != '.')
			break;
		p++;
	}
	w->pos = (size_t) (p - w->todo) + len;
	*ret = p;
	*ret_len = len;
	return len > 0;
}

static bool is_last(const struct walk *w)
{
	const char *p = w->todo + w->pos;

	for (p += strspn(p, "/"); *p == '.' && (p[1] == '/' || p[1] == '\0');)
		for (p++; *p == '/';)
			p++;
	return *p == '\0';
}

/* May the link NAME (ST), in the folder we are in, be followed. */
static int check_link(const struct walk *w, const char *path,
		      const struct stat *st, struct err *err)
{
	enum err_kind kind =
		(w->flags & PLACE_TRUSTED) != 0 ? ERR_CONFIG : ERR_IO;

	if (w->links == PLACE_LINKS_MAX)
		return err_set(err, kind,
			       "link %s: more than %d links on the way", path,
			       PLACE_LINKS_MAX);
	if (!place_ours(st->st_uid))
		return err_set(err, kind,
			       "link %s belongs to user %lu, who is neither "
			       "root nor the one running this, and is not "
			       "followed",
			       path, (unsigned long) st->st_uid);
	if (!top(w)->trusted || top(w)->shared)
		return err_set(err, kind,
			       "link %s is not followed: folder %s, or one "
			       "above it, can be changed by others",
			       path, shown(w->path));
	return 0;
}

/* Go on with what the link on FD, of this NAME, says. */
static int follow(struct walk *w, int fd, const char *name,
		  const struct stat *st, struct err *err)
{
	char path[PATH_MAX], text[PATH_MAX];
	char *todo;
	ssize_t n;

	called(w, name, path);
	if (check_link(w, path, st, err) == -1)
		return -1;
	n = readlinkat(fd, "", text, sizeof(text));
	if (n == -1)
		return err_errno(err, ERR_IO, "link %s", path);
	if ((size_t) n == sizeof(text) ||
	    strlen(w->todo + w->pos) + (size_t) n > 4 * PATH_MAX)
		return err_set(err, ERR_LIMIT, "link %s is too long", path);
	text[n] = '\0';
	for (const char *c = text; *c != '\0'; c++)
		if ((unsigned char) *c < ' ' || *c == 0x7f)
			return err_set(err, ERR_IO,
				       "link %s has control characters", path);
	todo = mem_printf("%s/%s", text, w->todo + w->pos);
	mem_free_str(&w->todo);
	w->todo = todo;
	w->pos = 0;
	w->links++;
	if (*text == '/')
		pop_to(w, w->base);
	return 0;
}

/* NAME is there: into it, or where it leads. FD is taken over. */
static int enter(struct walk *w, int *fd, const char *name, bool last,
		 struct err *err)
{
	char path[PATH_MAX];
	struct stat st;

	if (fstat(*fd, &st) == -1)
		return err_errno(err, ERR_IO, "%s", called(w, name, path));
	if (S_ISDIR(st.st_mode))
		return push(w, fd, name, &st, err) == -1 ? -1 : 1;
	if (S_ISLNK(st.st_mode))
		return follow(w, *fd, name, &st, err) == -1 ? -1 : 1;
	if (!last)
		return err_set(err, ERR_IO, "%s is not a folder",
			       called(w, name, path));
	if ((w->flags & PLACE_TRUSTED) != 0 &&
	    place_check(&st, "", called(w, name, path), err) == -1)
		return -1;
	snprintf(w->last, sizeof(w->last), "%s", name);
	return 1;
}

/* One name: 1, 0 when it is missing and not the last, -1. */
static int step(struct walk *w, const char *name, struct err *err)
{
	AUTO(file_close) int fd = -1;
	bool last = is_last(w);
	char path[PATH_MAX];

	if (strcmp(name, "..") == 0) {
		if (w->n > w->base)
			pop_to(w, w->n - 1);
		return 1;
	}
	if (last && (w->flags & PLACE_LAST) != 0) {
		snprintf(w->last, sizeof(w->last), "%s", name);
		return 1;
	}
	/* With O_DIRECTORY an automounter does its work. */
	fd = PLACE_RETRY(openat(top(w)->fd, name,
				O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
	if (fd == -1 && (errno == ENOTDIR || errno == ELOOP))
		fd = PLACE_RETRY(openat(top(w)->fd, name,
					O_PATH | O_NOFOLLOW | O_CLOEXEC));
	if (fd != -1)
		return enter(w, &fd, name, last, err);
	if (errno != ENOENT)
		return err_errno(err, ERR_IO, "%s cannot be looked at",
				 called(w, name, path));
	w->missing = true;
	snprintf(w->last, sizeof(w->last), "%s", name);
	return last;
}

static int walk_to(struct walk *w, const char *to, struct err *err)
{
	char name[NAME_MAX + 1], path[PATH_MAX];
	const char *next;
	size_t len;
	int rc;

	mem_free_str(&w->todo);
	w->todo = mem_strdup(to);
	w->pos = 0;
	while (next_name(w, &next, &len)) {
		if (len > NAME_MAX)
			return err_set(err, ERR_LIMIT,
				       "%s...: a name is too long",
				       called(w, "", path));
		memcpy(name, next, len);
		name[len] = '\0';
		rc = step(w, name, err);
		if (rc != 1)
			return rc;
	}
	return 1;
}

static int walk_root(struct walk *w, const char *root, struct err *err)
{
	unsigned int flags = w->flags;
	int rc;

	if (push_top(w, err) == -1)
		return -1;
	w->base = 1;
	if (*root == '\0')
		return 1;
	if (*root != '/')
		return err_set(err, ERR_INPUT, "%s: must begin with /", root);
	w->flags &= ~PLACE_LAST;
	rc = walk_to(w, root, err);
	w->flags = flags;
	if (rc != 1)
		return rc;
	if (w->missing)
		return 0;
	if (*w->last != '\0')
		return err_set(err, ERR_IO, "%s is not a folder", root);
	w->base = w->n;
	return 1;
}

/* The place where the walk ended. */
static int arrive(const struct walk *w, struct place *ret, struct err *err)
{
	struct place above = { .trusted = top(w)->trusted,
			       .strict = (w->flags & PLACE_TRUSTED) != 0 };
	AUTO(file_close) int fd = place_open_folder(top(w)->fd, ".");
	struct place p = PLACE_INIT;

	if (fd == -1)
		return err_errno(err, ERR_IO, "folder %s cannot be opened",
				 shown(w->path));
	if (place_of_fd(&fd, &above, shown(w->path), &p, err) == -1)
		return -1;
	if (*w->last != '\0')
		place_set_name(&p, w->last);
	*ret = p;
	return 1;
}

int place_open(const char *root, const char *path, unsigned int flags,
	       struct place *ret, struct err *err)
{
	struct walk w = { .flags = flags };
	AUTO(mem_free_str) char *whole = NULL;
	char here[PATH_MAX];
	int rc;

	if (*path == '\0')
		return err_set(err, ERR_INPUT, "a path is empty");
	if (*path != '/' && *root == '\0') {
		if (!getcwd(here, sizeof(here)))
			return err_errno(err, ERR_IO, "our own folder");
		whole = mem_printf("%s/%s", here, path);
		path = whole;
	}
	rc = walk_root(&w, root, err);
	if (rc == 1)
		rc = walk_to(&w, path, err);
	if (rc == 1)
		rc = arrive(&w, ret, err);
	pop_to(&w, 0);
	mem_free_str(&w.todo);
	return rc;
}

int place_folder(const char *path, unsigned int flags, struct place *ret,
		 struct err *err)
{
	AUTO(place_old_free) struct place_old now = PLACE_OLD_INIT;
	AUTO(place_close) struct place p = PLACE_INIT;
	int rc = place_open("", path, flags, &p, err);

	if (rc != 1)
		return rc;
	if (strcmp(p.name, ".") != 0) {
		if (place_look(&p, &now, err) == -1)
			return -1;
		if (now.kind == PLACE_NONE)
			return 0;
		return err_set(err, ERR_CONFIG, "%s is not a folder", p.path);
	}
	*ret = p;
	p = (struct place) PLACE_INIT;
	return 1;
}
