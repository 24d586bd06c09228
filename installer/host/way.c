/* SPDX-License-Identifier: MIT */
#include "way.h"
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#define GROUPS_MAX 256

struct who {
	uid_t uid;
	gid_t groups[GROUPS_MAX];
	int n;
};

static bool find(const char *user, struct who *ret)
{
	const struct passwd *pw = getpwnam(user);

	ret->n = GROUPS_MAX;
	if (!pw || getgrouplist(user, pw->pw_gid, ret->groups, &ret->n) == -1)
		return false;
	ret->uid = pw->pw_uid;
	return true;
}

static bool enters(const struct who *w, const struct stat *st)
{
	if (w->uid == 0)
		return true;
	if (st->st_uid == w->uid)
		return st->st_mode & S_IXUSR;
	for (int i = 0; i < w->n; i++)
		if (w->groups[i] == st->st_gid)
			return st->st_mode & S_IXGRP;
	return st->st_mode & S_IXOTH;
}

static const char *sentence(const char *folder, const char *user,
			    const struct stat *st, struct arena *arena)
{
	const struct passwd *pw = getpwuid(st->st_uid);
	const char *owner = arena_strdup(arena, pw ? pw->pw_name : "?");
	const struct group *gr = getgrgid(st->st_gid);

	return arena_printf(arena, "%s cannot get into %s (%s:%s, %04o)", user,
			    folder, owner, gr ? gr->gr_name : "?",
			    (unsigned int) st->st_mode & 07777);
}

const char *way_barred(const char *path, const char *user, struct arena *arena)
{
	struct who w;
	struct stat st;

	if (*path != '/' || !find(user, &w))
		return NULL;
	for (const char *p = strchr(path + 1, '/'); p; p = strchr(p + 1, '/')) {
		char *folder =
			arena_printf(arena, "%.*s", (int) (p - path), path);

		if (stat(folder, &st) == -1 || !S_ISDIR(st.st_mode))
			return NULL;
		if (!enters(&w, &st))
			return sentence(folder, user, &st, arena);
	}
	return NULL;
}
