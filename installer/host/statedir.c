/* SPDX-License-Identifier: MIT */

#include <stdio.h>
#include <string.h>
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

/* Is there a journal in OLD: 1, 0, -1. */
static int unfinished(const char *old, struct err *err)
{
	AUTO(strlist_free) struct strlist names = STRLIST_INIT;
	AUTO(mem_free_str) char *path = mem_printf("%s/journal", old);
	AUTO(place_close) struct place p = PLACE_INIT;
	int rc = place_folder(path, 0, &p, err);

	if (rc != 1)
		return rc;
	if (place_list(&p, NULL, NULL, JOURNALS_MAX, &names, err) == -1)
		return -1;
	for (size_t i = 0; i < names.n; i++)
		if (*names.v[i] != '.')
			return 1;
	return 0;
}

/* WHY it cannot be believed. */
static int begin_anew(const char *dir, const char *old, const struct err *why,
		      struct err *err)
{
	AUTO(place_close) struct place p = PLACE_INIT;
	int rc = place_folder(old, 0, &p, err);

	if (rc == 1)
		rc = unfinished(old, err);
	else if (rc == 0)
		return 0;
	if (rc == -1)
		return err_wrap(err, "what older versions left in %s", old);
	if (rc == 1)
		return err_set(err, ERR_CONFIG,
			       "a change that was not finished lies in "
			       "%s/journal, where others than root could have "
			       "written; look at it, then run: mv %s %s, or, "
			       "to forget it: rm -r %s",
			       old, old, dir, old);
	log_warn("what earlier runs remember in %s is not used, since others "
		 "than root could have written it (%s); look at it, then run: "
		 "cp -a %s/. %s/, or, to forget it: rm -r %s",
		 old, why->msg, old, dir, old);
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
		return begin_anew(dir, old, &why, err);
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
