/* SPDX-License-Identifier: MIT */
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "db_where.h"
#include "place.h"

/* The file and what SQLite puts beside it. */
static const char *const suffixes[] = { "", "-wal", "-shm", "-journal" };

#define USER_TEXT 64

/* A name, or a number, for messages and for chown. */
static const char *user(uid_t uid, char buf[USER_TEXT])
{
	const struct passwd *pw = getpwuid(uid);

	if (pw)
		snprintf(buf, USER_TEXT, "%s", pw->pw_name);
	else
		snprintf(buf, USER_TEXT, "%lu", (unsigned long) uid);
	return buf;
}

/* The store itself is another's: his is its folder, which was taken from him.
 * Where it is root's, a file beside it was left by somebody else. */
static int not_roots(const struct place *p, uid_t uid, bool beside,
		     struct err *err)
{
	char who[USER_TEXT];

	(void) user(uid, who);
	if (beside)
		return err_set(
			err, ERR_CONFIG,
			"%s belongs to user %s, the store and its folder "
			"to root; run: chown root %s",
			p->path, who, p->path);
	return err_set(err, ERR_CONFIG,
		       "%s belongs to user %s, its folder to root: all of it "
		       "must be that user's, in a folder for it alone; run: "
		       "chown %s %s",
		       p->path, who, who, p->folder);
}

/* In a folder where only we can make files: are these ours, too. */
static int check_file(const struct place *folder, const char *name, bool beside,
		      struct err *err)
{
	AUTO(place_close) struct place p = PLACE_INIT;
	AUTO(place_old_free) struct place_old now = PLACE_OLD_INIT;

	if (place_in(folder, name, &p, err) == -1 ||
	    place_look(&p, &now, err) == -1)
		return -1;
	if (now.kind == PLACE_NONE)
		return 0;
	if (now.kind != PLACE_FILE)
		return err_set(err, ERR_CONFIG, "%s: not a regular file",
			       p.path);
	if (now.attr.uid != 0)
		return not_roots(&p, now.attr.uid, beside, err);
	if ((now.attr.mode & (S_IWGRP | S_IWOTH)) != 0)
		return err_set(err, ERR_CONFIG,
			       "%s is writable by others than its owner, "
			       "root; run: chmod go-w %s",
			       p.path, p.path);
	return 0;
}

static int check_files(const struct place *p, struct err *err)
{
	AUTO(mem_free_str) char *name = NULL;

	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
		mem_free_str(&name);
		name = mem_printf("%s%s", p->name, suffixes[i]);
		if (check_file(p, name, i > 0, err) == -1)
			return -1;
	}
	return 0;
}

/* The folder is root's, but it is not root alone who says what is in it. */
static int refuse_ours(const struct place *p, struct err *err)
{
	AUTO(place_close) struct place again = PLACE_INIT;

	if (!p->trusted &&
	    place_folder(p->folder, PLACE_TRUSTED, &again, err) == -1)
		return err_wrap(err,
				"%s: root opens no SQLite file that others "
				"can write or swap",
				p->path);
	return err_set(err, ERR_CONFIG,
		       "%s: root opens no SQLite file in folder %s, where "
		       "anybody can make files: move it to a folder of its "
		       "own, of root or of the account that keeps the store",
		       p->path, p->folder);
}

/* Who else could swap the folder of UID for one of a third user, so that we
 * take on the rights of that one. */
static int check_above(const struct place *folder, struct err *err)
{
	AUTO(mem_free_str) char *path = mem_strdup(folder->folder);
	uid_t uid = folder->owner;
	char *slash;

	while ((slash = strrchr(path, '/')) && strcmp(path, "/") != 0) {
		AUTO(place_close) struct place p = PLACE_INIT;
		char who[USER_TEXT], whose[USER_TEXT];
		int rc;

		slash[slash == path ? 1 : 0] = '\0';
		rc = place_folder(path, 0, &p, err);
		if (rc == -1)
			return -1;
		if (rc == 0 || strcmp(p.folder, path) != 0)
			return err_set(err, ERR_CONFLICT,
				       "folder %s was swapped meanwhile", path);
		if (p.trusted)
			return 0;
		if (p.owner == uid)
			continue;
		if (p.owner == 0 && (p.mode & (S_IWGRP | S_IWOTH)) != 0)
			return err_set(err, ERR_CONFIG,
				       "%s: the folder above, %s, is writable "
				       "by others than its owner, who could "
				       "swap what is in it; run: chmod go-w %s",
				       folder->path, path, path);
		return err_set(err, ERR_CONFIG,
			       "%s: its folder belongs to user %s, the one "
			       "above, %s, to user %s: all that are not root's "
			       "must be one user's; run: chown %s %s",
			       folder->path, user(uid, who), path,
			       user(p.owner, whose), who, path);
	}
	return 0;
}

/* A link of root's may lead to the file. Of another's, it is for his own
 * process to follow. */
static int walk(const char *path, struct place *ret, struct err *err)
{
	AUTO(place_close) struct place p = PLACE_INIT;
	AUTO(place_old_free) struct place_old now = PLACE_OLD_INIT;
	int rc = place_open("", path, PLACE_LAST, &p, err);

	if (rc != 1)
		return rc;
	if (place_look(&p, &now, err) == -1)
		return -1;
	if (now.kind == PLACE_SYMLINK && p.trusted && !p.shared)
		return place_open("", path, 0, ret, err);
	if (now.kind == PLACE_FOLDER || now.kind == PLACE_OTHER)
		return err_set(err, ERR_CONFIG, "%s: not a regular file", path);
	*ret = p;
	p = (struct place) PLACE_INIT;
	return 1;
}

int db_where(const char *path, struct db_where *ret, struct err *err)
{
	AUTO(place_close) struct place p = PLACE_INIT;
	int rc = walk(path, &p, err);

	if (rc != 1)
		return rc;
	if (strcmp(p.name, ".") == 0)
		return err_set(err, ERR_CONFIG, "%s: not a regular file", path);
	if (p.owner == 0 && (!p.trusted || p.shared))
		return refuse_ours(&p, err);
	if (p.trusted && !p.shared)
		rc = check_files(&p, err);
	else
		rc = check_above(&p, err);
	if (rc == -1)
		return -1;
	ret->uid = p.owner;
	ret->path = TAKE(p.path);
	return 1;
}
