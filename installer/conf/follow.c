/* SPDX-License-Identifier: MIT */

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "file.h"
#include "follow.h"

struct walk {
	const char *root;
	struct arena *arena;
	const char *done; /* no link leads from it; "" is "/" */
	const char *rest;
	unsigned int links;
};

/* Is the link PATH, in folder w->done, one that is followed. */
static int check_link(const struct walk *w, const char *path,
		      const struct stat *link, struct err *err)
{
	const char *dir = *w->done != '\0' ? w->done : "/";
	struct stat st;

	if (w->links == FOLLOW_MAX)
		return err_set(
			err, ERR_IO,
			"link %s: more than %d links, one leading to the "
			"next",
			path, FOLLOW_MAX);
	if (link->st_uid != 0 && link->st_uid != geteuid())
		return err_set(err, ERR_IO,
			       "link %s belongs to user %lu, who is neither "
			       "root nor the one running this, and is not "
			       "followed",
			       path, (unsigned long) link->st_uid);
	if (stat(dir, &st) == -1)
		return err_errno(err, ERR_IO, "folder %s", dir);
	if (file_check_config(dir, &st, err) == -1) {
		err->kind = ERR_IO;
		return err_wrap(err, "link %s is not followed", path);
	}
	return 0;
}

/* PATH, a link, is next: go on with what it says. */
static int follow(struct walk *w, const char *path, const struct stat *st,
		  struct err *err)
{
	char text[PATH_MAX];
	ssize_t n;

	if (check_link(w, path, st, err) == -1)
		return -1;
	n = readlink(path, text, sizeof(text));
	if (n == -1)
		return err_errno(err, ERR_IO, "link %s", path);
	if ((size_t) n == sizeof(text))
		return err_set(err, ERR_IO, "link %s is too long", path);
	text[n] = '\0';
	for (const char *c = text; *c != '\0'; c++)
		if ((unsigned char) *c < ' ' || *c == 0x7f)
			return err_set(err, ERR_IO,
				       "link %s has control characters", path);
	if (text[0] == '/') {
		w->done = w->root;
	} else if (w->links == 0 && *w->root == '\0') {
		/* What ".." means there, its real name tells. */
		AUTO(mem_free_any)
		char *real = realpath(*w->done != '\0' ? w->done : "/", NULL);

		if (!real)
			return err_errno(err, ERR_IO, "folder of link %s",
					 path);
		w->done = strcmp(real, "/") != 0 ? arena_strdup(w->arena, real)
						 : "";
	}
	w->rest = arena_printf(w->arena, "%s/%s", text, w->rest);
	w->links++;
	return 0;
}

static void up(struct walk *w)
{
	const char *slash = strrchr(w->done, '/');

	if (strlen(w->done) > strlen(w->root))
		w->done = arena_strndup(w->arena, w->done,
					(size_t) (slash - w->done));
}

/* One name of the rest. */
static int step(struct walk *w, struct err *err)
{
	size_t len = strcspn(w->rest, "/");
	const char *name = arena_strndup(w->arena, w->rest, len);
	const char *path;
	struct stat st;

	w->rest += len;
	w->rest += strspn(w->rest, "/");
	if (len == 0 || strcmp(name, ".") == 0)
		return 0;
	if (strcmp(name, "..") == 0) {
		up(w);
		return 0;
	}
	path = arena_printf(w->arena, "%s/%s", w->done, name);
	if (strlen(path) >= PATH_MAX)
		return err_set(err, ERR_IO, "%.100s...: too long", path);
	if (lstat(path, &st) == 0 && S_ISLNK(st.st_mode))
		return follow(w, path, &st, err);
	w->done = path;
	return 0;
}

int follow_path(const char *root, const char *path, struct arena *arena,
		const char **ret, struct err *err)
{
	struct walk w = { .root = root, .arena = arena, .done = root };

	w.rest = path + strlen(root);
	if (*root == '\0') {
		w.rest = strrchr(path, '/') + 1;
		w.done = arena_strndup(arena, path,
				       (size_t) (w.rest - 1 - path));
	}
	while (*w.rest != '\0')
		if (step(&w, err) == -1)
			return -1;
	*ret = *root == '\0' && w.links == 0 ? path : w.done;
	return 0;
}
