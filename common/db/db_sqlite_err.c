/* SPDX-License-Identifier: MIT */
#include "db_sqlite_err.h"
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include "plain.h"

/* --- whose is what --- */

struct user {
	char text[40];
};

static const char *user(uid_t uid, struct user *u)
{
	const struct passwd *pw = getpwuid(uid);

	if (pw)
		(void) snprintf(u->text, sizeof(u->text), "%s", pw->pw_name);
	else
		(void) snprintf(u->text, sizeof(u->text), "%lu",
				(unsigned long) uid);
	return u->text;
}

/* The caller's. */
static char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return mem_strdup(".");
	return mem_strndup(path, slash == path ? 1 : (size_t) (slash - path));
}

/* WHAT, in FOLDER or that itself, is refused to us: who keeps the store is who
 * has the folder. */
static const char *refused(const char *what, const char *folder,
			   struct db_sqlite_why *w)
{
	struct user of, me, keeper;
	struct stat st, dir;
	uid_t uid = geteuid();
	int n;

	if (stat(what, &st) == -1 || stat(folder, &dir) == -1)
		return NULL;
	n = snprintf(w->text, sizeof(w->text),
		     "%.200s belongs to user %s (mode %04o), and this runs as "
		     "user %s",
		     what, user(st.st_uid, &of), st.st_mode & 07777,
		     user(uid, &me));
	(void) user(dir.st_uid, &keeper);
	if (st.st_uid == uid)
		(void) snprintf(w->text, sizeof(w->text),
				"the mode of %.200s, %04o, forbids it even to "
				"its owner; run: chmod u+rw%s %.200s",
				what, st.st_mode & 07777,
				S_ISDIR(st.st_mode) ? "x" : "", what);
	else if (st.st_uid != dir.st_uid)
		(void) snprintf(w->text + n, sizeof(w->text) - (size_t) n,
				"; run as root: chown %s %.200s", keeper.text,
				what);
	else
		(void) snprintf(w->text + n, sizeof(w->text) - (size_t) n,
				": run it as root");
	return w->text;
}

static bool denied(const char *path, int mode)
{
	return faccessat(AT_FDCWD, path, mode, AT_EACCESS) == -1 &&
	       errno == EACCES;
}

/* A folder on the way to FOLDER, or that itself, that we may not enter, or that
 * is not there. */
static const char *stopped(const char *folder, struct db_sqlite_why *w)
{
	AUTO(mem_free_str) char *part = mem_strdup(folder);
	size_t len = strlen(folder);

	for (size_t i = 1; i <= len; i++) {
		struct stat st;

		if (folder[i] != '/' && folder[i] != '\0')
			continue;
		part[i] = '\0';
		if (stat(part, &st) == -1 && errno == ENOENT) {
			(void) snprintf(w->text, sizeof(w->text),
					"there is no folder %.200s", part);
			return w->text;
		}
		if (denied(part, X_OK))
			return refused(part, part, w);
		part[i] = folder[i];
	}
	return NULL;
}

static bool is_read_only(const char *folder)
{
	struct statvfs fs;

	return statvfs(folder, &fs) == 0 && (fs.f_flag & ST_RDONLY) != 0;
}

static const char *read_only(const char *folder, struct db_sqlite_why *w)
{
	(void) snprintf(w->text, sizeof(w->text),
			"the disk of %.200s is mounted read-only, by hand or "
			"because it failed, or the unit of systemd does not "
			"name it in ReadWritePaths=: see findmnt -T %.200s, "
			"and the kernel's log",
			folder, folder);
	return w->text;
}

const char *db_sqlite_why(const char *path, struct db_sqlite_why *w)
{
	static const char *const suffixes[] = { "", "-wal", "-shm",
						"-journal" };
	AUTO(mem_free_str) char *folder = folder_of(path), *file = NULL;
	const char *why = stopped(folder, w);

	if (why)
		return why;
	if (is_read_only(folder))
		return read_only(folder, w);
	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
		mem_free_str(&file);
		file = mem_printf("%s%s", path, suffixes[i]);
		if (denied(file, R_OK | W_OK))
			why = refused(file, folder, w);
		if (why)
			return why;
	}
	/* SQLite makes files beside it, also to read. */
	if (denied(folder, W_OK | X_OK))
		why = refused(folder, folder, w);
	if (!why)
		w->text[0] = '\0';
	return w->text;
}

/* --- what SQLite says --- */

/* PROTOCOL: the locks of a -shm file never came free. */
static bool is_locked(int rc)
{
	return (rc & 0xff) == SQLITE_BUSY || (rc & 0xff) == SQLITE_LOCKED ||
	       (rc & 0xff) == SQLITE_PROTOCOL;
}

static const char *full(const char *path, struct db_sqlite_why *w)
{
	AUTO(mem_free_str) char *folder = folder_of(path);

	(void) snprintf(w->text, sizeof(w->text),
			"the disk is full, nothing was changed: make room, see "
			"df %.200s",
			folder);
	return w->text;
}

/* While the disk was asked to do what RC says. */
static const char *failed(const char *path, int rc, int code,
			  struct db_sqlite_why *w)
{
	AUTO(mem_free_str) char *folder = folder_of(path);
	bool reading = rc == SQLITE_IOERR_READ ||
		       rc == SQLITE_IOERR_SHORT_READ ||
		       rc == SQLITE_IOERR_FSTAT || rc == SQLITE_IOERR_ACCESS;
	struct user me;

	if (code == ENOSPC)
		return full(path, w);
	if (code == EROFS || is_read_only(folder))
		return read_only(folder, w);
	if ((code == EACCES || code == EPERM) && *db_sqlite_why(path, w))
		return w->text;
	if (code == EDQUOT)
		(void) snprintf(w->text, sizeof(w->text),
				"the quota of user %s on the disk is used up, "
				"nothing was changed: make room",
				user(geteuid(), &me));
	else
		(void) snprintf(w->text, sizeof(w->text),
				"%s it, or what is beside it, fails%s%s: look "
				"at its disk, and at the kernel's log",
				reading ? "reading" : "writing",
				code ? ": " : "", code ? strerror(code) : "");
	return w->text;
}

static const char *forbidden(const char *path, const char *what,
			     const char *else_, struct db_sqlite_why *w)
{
	char why[sizeof(w->text)];

	(void) snprintf(why, sizeof(why), "%s", db_sqlite_why(path, w));
	(void) snprintf(w->text, sizeof(w->text), "%s: %.500s", what,
			*why ? why : else_);
	return w->text;
}

/* What a person can do about it, or NULL. */
static const char *advice(const struct db *db, int rc, struct db_sqlite_why *w)
{
	const char *path = db->conf->path;

	switch (rc & 0xff) {
	case SQLITE_NOTADB:
		return "this is not a SQLite database";
	case SQLITE_CORRUPT:
		/* It says so of a disk that cannot be read, too. */
		return "the database is damaged, or its disk fails: when the "
		       "kernel's log has nothing of the disk, restore it from "
		       "a backup";
	case SQLITE_FULL:
		return full(path, w);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_PROTOCOL:
		return "another process keeps it locked";
	case SQLITE_READONLY:
	case SQLITE_PERM:
		return forbidden(path, "no permission to write",
				 "the file, its folder and the -wal and -shm "
				 "files beside it must be writable, also for "
				 "reading",
				 w);
	case SQLITE_NOMEM:
		return "a query would need more memory than any of ours";
	case SQLITE_CANTOPEN:
		return forbidden(path, "cannot be opened",
				 "the folder must exist, and file, folder and "
				 "the -wal and -shm files must be readable and "
				 "writable",
				 w);
	case SQLITE_IOERR:
		return failed(path, rc,
			      db->handle ? sqlite3_system_errno(db->handle) : 0,
			      w);
	default:
		return NULL;
	}
}

static enum err_kind kind_of(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_NOTADB:
	case SQLITE_CORRUPT:
	case SQLITE_READONLY:
	case SQLITE_PERM:
	case SQLITE_AUTH:
	case SQLITE_CANTOPEN:
		return ERR_CONFIG;
	case SQLITE_FULL:
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_PROTOCOL:
	case SQLITE_IOERR:
		return ERR_UNAVAILABLE;
	case SQLITE_TOOBIG:
	case SQLITE_NOMEM:
		return ERR_LIMIT;
	case SQLITE_CONSTRAINT:
		return rc == SQLITE_CONSTRAINT_PRIMARYKEY ||
				       rc == SQLITE_CONSTRAINT_UNIQUE
			       ? ERR_CONFLICT
			       : ERR_INPUT;
	default:
		return ERR_INTERNAL;
	}
}

static int of_version(struct db *db, const char *said, struct err *err)
{
	return err_set(err, ERR_CONFIG,
		       "%s: %s: the tables are not of this version: run "
		       "certrepo-populate init",
		       db->name, said);
}

int db_sqlite_fail(struct db *db, int rc, struct err *err)
{
	struct db_sqlite_why why;
	struct db_limit l;
	const char *text =
		db->handle ? sqlite3_errmsg(db->handle) : sqlite3_errstr(rc);
	char said[PLAIN_QUOTED]; /* it may have words out of the file */
	const char *todo = advice(db, rc, &why);

	(void) plain_quoted(text, said);
	/* Or there was none. */
	db->fault = db->handle && sqlite3_get_autocommit(db->handle)
			    ? DB_FAULT_ENDED
			    : DB_FAULT_OTHER;
	if (is_locked(rc))
		db->fault = DB_FAULT_RETRY;
	if (kind_of(rc) == ERR_CONFLICT)
		db->fault = DB_FAULT_DUPLICATE;
	if ((rc & 0xff) == SQLITE_INTERRUPT) {
		db->fault = DB_FAULT_LOST;
		return err_set(err, ERR_UNAVAILABLE, "%s: no answer within %s",
			       db->name, db_limit_text(db, &l));
	}
	if ((rc & 0xff) == SQLITE_ERROR &&
	    strncmp(text, "no such column", 14) == 0)
		return of_version(db, said, err);
	if ((rc & 0xff) == SQLITE_ERROR &&
	    strncmp(text, "no such table", 13) == 0) {
		db->fault = DB_FAULT_NO_TABLE;
		return err_set(err, ERR_CONFIG,
			       "%s: %s: run certrepo-populate init", db->name,
			       said);
	}
	if (todo)
		return err_set(err, kind_of(rc), "%s: %s (%s%s%s)", db->name,
			       todo, said, db->user ? ", asked as user " : "",
			       db->user ? db->user : "");
	return err_set(err, kind_of(rc), "%s: %s", db->name, said);
}
