/* SPDX-License-Identifier: MIT */

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lockfile.h"
#include "log.h"
#include "place.h"
#include "statedir.h"

#define JOURNALS_MAX 10000

int statedir_check(const char *dir, struct err *err)
{
	AUTO(place_close) struct place p = PLACE_INIT;

	if (place_folder(dir, PLACE_TRUSTED, &p, err) == -1)
		return err_wrap(err, "state_dir");
	return 0;
}

/* --- what older versions left elsewhere --- */

/* A folder or file of ours that nobody else can write. */
static bool ours(const struct place_old *o, enum place_kind kind)
{
	return o->kind == kind &&
	       (o->attr.uid == 0 || o->attr.uid == geteuid()) &&
	       (o->attr.mode & (S_IWGRP | S_IWOTH)) == 0;
}

enum left { LEFT_NOTHING, LEFT_OURS, LEFT_FOREIGN };

/* What P is: a folder in OLD, or a file in that. -1. */
static int look(const struct place *p, enum place_kind kind, struct err *err)
{
	AUTO(place_old_free) struct place_old now = PLACE_OLD_INIT;

	if (place_look(p, &now, err) == -1)
		return -1;
	return now.kind == PLACE_NONE ? LEFT_NOTHING
	       : ours(&now, kind)     ? LEFT_OURS
				      : LEFT_FOREIGN;
}

/* The journals in OLD; one of ours is enough. -1. */
static int journals(const struct place *old, struct err *err)
{
	AUTO(strlist_free) struct strlist names = STRLIST_INIT;
	AUTO(place_close) struct place at = PLACE_INIT;
	AUTO(place_close) struct place p = PLACE_INIT;
	int all = LEFT_NOTHING, one;

	if (place_in(old, "journal", &at, err) == -1)
		return -1;
	one = look(&at, PLACE_FOLDER, err);
	if (one != LEFT_OURS)
		return one;
	if (place_enter(&at, &p, err) != 1 ||
	    place_list(&p, NULL, NULL, JOURNALS_MAX, &names, err) == -1)
		return -1;
	for (size_t i = 0; i < names.n && all != LEFT_OURS; i++) {
		AUTO(place_close) struct place j = PLACE_INIT;

		if (*names.v[i] == '.')
			continue;
		if (place_in(&p, names.v[i], &j, err) == -1)
			return -1;
		one = look(&j, PLACE_FILE, err);
		if (one == -1)
			return -1;
		all = one == LEFT_NOTHING ? all : one;
	}
	return all;
}

static int unfinished(const char *dir, const char *old, struct err *err)
{
	return err_set(err, ERR_CONFIG,
		       "a change that was not finished lies in %s/journal, "
		       "where others than root could have written; look at it, "
		       "then run: mv %s %s, or, to forget it: rm -r %s",
		       old, old, dir, old);
}

/* Others than root could have written to OLD, since they own it or a folder
 * above. They can put there what they like, but nothing that is ours: that
 * alone has a say. */
static int begin_anew(const char *dir, const char *old, struct err *err)
{
	AUTO(place_close) struct place at = PLACE_INIT;
	AUTO(place_close) struct place p = PLACE_INIT;
	int rc = place_open("", old, PLACE_LAST, &at, NULL);
	int what = rc == 1 ? look(&at, PLACE_FOLDER, NULL) : LEFT_FOREIGN;

	if (rc == 0 || what == LEFT_NOTHING)
		return 0;
	if (what == LEFT_OURS) {
		rc = place_enter(&at, &p, err);
		what = rc == 1 ? journals(&p, err) : rc;
		if (what == -1)
			return err_wrap(err, "what older versions left in %s",
					old);
		if (what == LEFT_OURS)
			return unfinished(dir, old, err);
	} else {
		what = LEFT_FOREIGN;
	}
	if (what == LEFT_FOREIGN)
		log_warn("what lies in %s is not used, since it is not root's "
			 "alone; to see what it is, run: ls -lR %s, or, to be "
			 "rid of it: rm -r %s",
			 old, old, old);
	else
		log_warn("what earlier runs remember in %s is not used, since "
			 "others than root could have written it; look at it, "
			 "then run: cp -a %s/. %s/, or, to forget it: rm -r %s",
			 old, old, dir, old);
	return 0;
}

static int move(const char *dir, const char *old, struct err *err)
{
	AUTO(lockfile_free) struct lockfile *lock = NULL;
	AUTO(mem_free_str) char *path = mem_printf("%s/lock", old);
	AUTO(place_close) struct place from = PLACE_INIT;
	AUTO(place_close) struct place to = PLACE_INIT;

	if (lockfile_acquire(path, &lock, err) == -1)
		return -1;
	if (place_open("", old, PLACE_TRUSTED | PLACE_LAST, &from, err) != 1 ||
	    place_open("", dir, PLACE_TRUSTED | PLACE_LAST, &to, err) != 1)
		return err_wrap(err, "%s cannot be moved", old);
	if (renameat2(from.fd, from.name, to.fd, to.name, RENAME_NOREPLACE) ==
	    -1) {
		err_errno(err, ERR_CONFIG, "%s cannot become %s", old, dir);
		return err_set(err, err->kind, "%s, run: mv %s %s", err->msg,
			       old, dir);
	}
	if (place_sync(&to, err) == -1 || place_sync(&from, err) == -1)
		return -1;
	log_event(LOG_L_INFO, "moved", "from", old, "to", dir, NULL);
	return 0;
}

/* DIR is not there. */
static int take_over(const char *dir, const char *old, struct err *err)
{
	AUTO(place_close) struct place p = PLACE_INIT;
	struct err why = ERR_INIT;
	int rc = place_folder(old, PLACE_TRUSTED, &p, &why);

	if (rc == 1)
		return move(dir, old, err);
	if (rc == -1 && why.kind == ERR_CONFIG)
		return begin_anew(dir, old, err);
	if (rc == -1)
		return err_set(err, why.kind, "%s", why.msg);
	return 0;
}

/* --- making --- */

static int make_subs(const char *dir, struct err *err)
{
	static const char *const subs[] = { "journal", "service", "backup",
					    "folders" };

	for (size_t i = 0; i < ARRAY_LEN(subs); i++) {
		AUTO(mem_free_str)
		char *sub = mem_printf("%s/%s", dir, subs[i]);

		if (place_make_path(sub, 0700, err) == -1)
			return -1;
	}
	return 0;
}

int statedir_make(const char *dir, const char *old, struct err *err)
{
	AUTO(mem_free_str) char *parent = file_dirname(dir);
	AUTO(place_close) struct place p = PLACE_INIT;
	int rc = place_folder(dir, PLACE_TRUSTED, &p, err);

	if (rc == 0) {
		if (place_make_path(parent, 0755, err) == -1)
			return err_wrap(err, "state_dir");
		if (old && take_over(dir, old, err) == -1)
			return -1;
	}
	if (rc == -1 || place_make_path(dir, 0700, err) == -1 ||
	    make_subs(dir, err) == -1)
		return err_wrap(err, "state_dir");
	return 0;
}
