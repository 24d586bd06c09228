/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "db_impl.h"

#define BUSY_TIMEOUT_S 30 /* where the configuration says nothing */

struct stmt {
	sqlite3_stmt *st;
	int bad; /* the first binding that failed */
	int64_t affected;
};

/* What a person can do about it, or NULL. */
static const char *advice(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_NOTADB:
		return "this is not a SQLite database";
	case SQLITE_CORRUPT:
		return "the database is damaged: restore it from a backup";
	case SQLITE_FULL:
		return "the disk is full, nothing was changed";
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return "another process keeps it locked";
	case SQLITE_READONLY:
	case SQLITE_PERM:
		return "no permission to write: the file, its folder and the "
		       "-wal and -shm files beside it must be writable, also "
		       "for reading";
	case SQLITE_CANTOPEN:
		return "cannot be opened: the folder must exist, and file, "
		       "folder and the -wal and -shm files must be readable "
		       "and writable";
	default:
		return NULL;
	}
}

static enum err_kind kind_of(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_NOTADB:
	case SQLITE_READONLY:
	case SQLITE_PERM:
	case SQLITE_AUTH:
	case SQLITE_CANTOPEN:
		return ERR_CONFIG;
	case SQLITE_FULL:
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_IOERR:
		return ERR_UNAVAILABLE;
	case SQLITE_TOOBIG:
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

static int fail(struct db *db, int rc, struct err *err)
{
	const char *text =
		db->handle ? sqlite3_errmsg(db->handle) : sqlite3_errstr(rc);

	db->fault = DB_FAULT_OTHER;
	if ((rc & 0xff) == SQLITE_BUSY || (rc & 0xff) == SQLITE_LOCKED)
		db->fault = DB_FAULT_RETRY;
	if (kind_of(rc) == ERR_CONFLICT)
		db->fault = DB_FAULT_DUPLICATE;
	if ((rc & 0xff) == SQLITE_ERROR &&
	    strncmp(text, "no such table", 13) == 0) {
		db->fault = DB_FAULT_NO_TABLE;
		return err_set(err, ERR_CONFIG,
			       "%s: %s: run certrepo-populate init", db->name,
			       text);
	}
	if (advice(rc))
		return err_set(err, kind_of(rc), "%s: %s (%s)", db->name,
			       advice(rc), text);
	return err_set(err, kind_of(rc), "%s: %s", db->name, text);
}

static int run(struct db *db, const char *sql, struct err *err)
{
	int rc = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK
		       ? 0
		       : fail(db, sqlite3_extended_errcode(db->handle), err);
}

/* SQLite would create it with mode 0644. Its -wal and -shm files take the
 * mode of the database. */
static int create_file(struct db *db, struct err *err)
{
	int fd = open(db->conf->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC,
		      0640);

	if (fd == -1 && errno == EEXIST)
		return 0;
	if (fd == -1)
		return err_errno(err, ERR_CONFIG, "create database %s",
				 db->conf->path);
	close(fd);
	return 0;
}

static int check_file(struct db *db, bool create, struct err *err)
{
	const char *path = db->conf->path;
	struct stat st;

	if (!path || !*path)
		return err_set(err, ERR_CONFIG,
			       "store: path of the SQLite file is missing");
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return err_set(err, ERR_CONFIG, "%s: not a regular file", path);
	if (create)
		return create_file(db, err);
	if (stat(path, &st) == -1 && errno == ENOENT)
		return err_set(err, ERR_CONFIG,
			       "%s: there is no such database: run "
			       "certrepo-populate init",
			       path);
	return 0;
}

static int sqlite_open(struct db *db, bool create, struct err *err)
{
	int64_t busy_s =
		db->conf->timeout > 0 ? db->conf->timeout : BUSY_TIMEOUT_S;
	sqlite3 *h = NULL;
	int rc;

	if (check_file(db, create, err) == -1)
		return -1;
	rc = sqlite3_open_v2(db->conf->path, &h,
			     SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
				     SQLITE_OPEN_EXRESCODE,
			     NULL);
	db->handle = h;
	if (rc != SQLITE_OK)
		return fail(db, rc, err);
	sqlite3_busy_timeout(h, (int) busy_s * 1000);
	/* Values are bounded here too, so that a damaged file cannot ask for
	 * gigabytes. */
	sqlite3_limit(h, SQLITE_LIMIT_LENGTH, DB_VALUE_MAX * 4);
	return run(db,
		   "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
		   "PRAGMA trusted_schema=OFF",
		   err);
}

static void sqlite_close(struct db *db)
{
	/* All statements are finalized by now. */
	(void) sqlite3_close(db->handle);
	db->handle = NULL;
}

static int sqlite_begin(struct db *db, struct err *err)
{
	/* The write lock at once: a transaction that reads first and then
	 * finds that it may not write cannot wait for it. */
	return run(db, "BEGIN IMMEDIATE", err);
}

static int sqlite_commit(struct db *db, struct err *err)
{
	return run(db, "COMMIT", err);
}

static void sqlite_rollback(struct db *db)
{
	(void) sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
}

static int sqlite_prepare(struct db *db, const char *sql, void **ret,
			  struct err *err)
{
	struct stmt *s;
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v3(db->handle, sql, -1,
				    SQLITE_PREPARE_PERSISTENT, &st, NULL);

	if (rc != SQLITE_OK)
		return fail(db, rc, err);
	s = mem_alloc(sizeof(*s));
	s->st = st;
	*ret = s;
	return 0;
}

static void sqlite_finalize(void *stmt)
{
	struct stmt *s = stmt;

	(void) sqlite3_finalize(s->st);
	free(s);
}

static void bound(struct stmt *s, int rc)
{
	if (rc != SQLITE_OK && s->bad == SQLITE_OK)
		s->bad = rc;
}

static void sqlite_bind_null(void *stmt, int i)
{
	struct stmt *s = stmt;

	bound(s, sqlite3_bind_null(s->st, i));
}

static void sqlite_bind_int(void *stmt, int i, int64_t v)
{
	struct stmt *s = stmt;

	bound(s, sqlite3_bind_int64(s->st, i, v));
}

static void sqlite_bind_text(void *stmt, int i, const char *text)
{
	struct stmt *s = stmt;

	bound(s, sqlite3_bind_text(s->st, i, text, -1, SQLITE_STATIC));
}

static void sqlite_bind_blob(void *stmt, int i, const void *p, size_t len)
{
	struct stmt *s = stmt;

	bound(s, sqlite3_bind_blob64(s->st, i, p, len, SQLITE_STATIC));
}

static int check_row(struct db *db, struct stmt *s, struct err *err)
{
	for (int i = 0; i < sqlite3_column_count(s->st); i++) {
		int type = sqlite3_column_type(s->st, i);

		if ((type == SQLITE_TEXT || type == SQLITE_BLOB) &&
		    sqlite3_column_bytes(s->st, i) > (int) DB_VALUE_MAX)
			return err_set(err, ERR_LIMIT,
				       "%s: a value of column %s is longer "
				       "than %u bytes",
				       db->name, sqlite3_column_name(s->st, i),
				       DB_VALUE_MAX);
	}
	return 1;
}

static int sqlite_step(struct db *db, void *stmt, struct err *err)
{
	struct stmt *s = stmt;
	int rc = s->bad;

	if (rc != SQLITE_OK)
		return err_set(err, ERR_INTERNAL, "%s: cannot bind: %s",
			       db->name, sqlite3_errstr(rc));
	rc = sqlite3_step(s->st);
	if (rc == SQLITE_ROW)
		return check_row(db, s, err);
	if (rc != SQLITE_DONE)
		return fail(db, rc, err);
	s->affected = sqlite3_changes64(db->handle);
	return 0;
}

static bool sqlite_col_null(void *stmt, int i)
{
	struct stmt *s = stmt;

	return sqlite3_column_type(s->st, i) == SQLITE_NULL;
}

static int64_t sqlite_col_int(void *stmt, int i)
{
	struct stmt *s = stmt;

	return sqlite3_column_int64(s->st, i);
}

static const char *sqlite_col_text(void *stmt, int i)
{
	struct stmt *s = stmt;

	return (const char *) sqlite3_column_text(s->st, i);
}

static const void *sqlite_col_blob(void *stmt, int i, size_t *ret_len)
{
	struct stmt *s = stmt;
	const void *p = sqlite3_column_blob(s->st, i);

	*ret_len = (size_t) sqlite3_column_bytes(s->st, i);
	return p ? p : ""; /* an empty blob is not NULL */
}

static int64_t sqlite_affected(void *stmt)
{
	struct stmt *s = stmt;

	return s->affected;
}

static void sqlite_reset(void *stmt)
{
	struct stmt *s = stmt;

	(void) sqlite3_reset(s->st);
	(void) sqlite3_clear_bindings(s->st);
	s->bad = SQLITE_OK;
}

const struct db_driver db_sqlite = {
	.dialect = "sqlite",
	.open = sqlite_open,
	.close = sqlite_close,
	.begin = sqlite_begin,
	.commit = sqlite_commit,
	.rollback = sqlite_rollback,
	.script = run,
	.prepare = sqlite_prepare,
	.finalize = sqlite_finalize,
	.bind_null = sqlite_bind_null,
	.bind_int = sqlite_bind_int,
	.bind_text = sqlite_bind_text,
	.bind_blob = sqlite_bind_blob,
	.step = sqlite_step,
	.col_null = sqlite_col_null,
	.col_int = sqlite_col_int,
	.col_text = sqlite_col_text,
	.col_blob = sqlite_col_blob,
	.affected = sqlite_affected,
	.reset = sqlite_reset,
};
