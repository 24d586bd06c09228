/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "clock.h"
#include "db_impl.h"
#include "db_sqlite_err.h"

#define LOCK_POLL_MS 50
#define TIMEOUT_S    30 /* where the configuration says nothing */

/* All of SQLite's memory: what sorts a table of ours stays below. */
#define HEAP_MAX (256 << 20)

/* Beside a fetcher the file belongs to another user: what its views make of a
 * query of ours must stay as small as ours are. */
static const struct {
	int what, max;
} limits[] = {
	{ SQLITE_LIMIT_LENGTH, DB_ROW_MAX * 2 },
	{ SQLITE_LIMIT_SQL_LENGTH, 1 << 20 },
	{ SQLITE_LIMIT_COLUMN, DB_COLUMNS_MAX },
	{ SQLITE_LIMIT_EXPR_DEPTH, 64 },
	{ SQLITE_LIMIT_COMPOUND_SELECT, 8 },
	{ SQLITE_LIMIT_VDBE_OP, 100000 },
	{ SQLITE_LIMIT_FUNCTION_ARG, 16 },
	{ SQLITE_LIMIT_ATTACHED, 0 },
	{ SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1000 },
	{ SQLITE_LIMIT_VARIABLE_NUMBER, 1000 },
	{ SQLITE_LIMIT_TRIGGER_DEPTH, 8 },
	{ SQLITE_LIMIT_WORKER_THREADS, 0 },
};

struct stmt {
	sqlite3_stmt *st;
	int bad; /* the first binding that failed */
	int64_t affected;
};

static int64_t sqlite_timeout(const struct store_conf *conf)
{
	return conf->timeout > 0 ? conf->timeout : TIMEOUT_S;
}

static int run(struct db *db, const char *sql, struct err *err)
{
	int rc = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK
		       ? 0
		       : db_sqlite_fail(
				 db, sqlite3_extended_errcode(db->handle), err);
}

/* SQLite would create it with mode 0644. Its -wal and -shm files take the
 * mode of the database. */
static int create_file(struct db *db, struct err *err)
{
	struct db_sqlite_why why;
	int fd = open(db->conf->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC,
		      0640);

	if (fd == -1 && errno == EEXIST)
		return 0;
	if (fd == -1 && (errno == EACCES || errno == EROFS) &&
	    *db_sqlite_why(db->conf->path, &why))
		return err_set(err, ERR_CONFIG, "%s: cannot be made: %s",
			       db->conf->path, why.text);
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
			       "%s: there is no such database: is path right, "
			       "is its disk mounted? For a new one run "
			       "certrepo-populate init",
			       path);
	return 0;
}

/* --- time --- */

/* Called every so many steps of a query: true ends it. */
static int is_late(void *arg)
{
	const struct db *db = arg;

	return clock_mono_ms() > db->until_ms;
}

/* Somebody holds the lock, the N-th time; true: try again. */
static int wait_for_lock(void *arg, int n)
{
	struct db *db = arg;
	int64_t now = clock_mono_ms(), until;

	if (n == 0)
		db->busy_ms = now;
	until = db->busy_ms + 1000 * sqlite_timeout(db->conf);
	if (until > db->until_ms)
		until = db->until_ms;
	if (now >= until)
		return 0;
	(void) poll(NULL, 0, n < 10 ? 1 + 2 * n : LOCK_POLL_MS);
	return 1;
}

static int sqlite_arm(struct db *db, struct err *err)
{
	/* is_late() and wait_for_lock() look at db->until_ms. */
	return 0;
}

static void sqlite_disarm(struct db *db)
{
}

static void sqlite_cut(struct db *db)
{
}

/* On its way to WAL SQLite does not ask wait_for_lock() when somebody else is
 * about to write: it has read already, and both could wait for ever. Begun anew
 * it can wait. */
static int set_up(struct db *db, bool create, struct err *err)
{
	int64_t until = clock_mono_ms() + 1000 * sqlite_timeout(db->conf);

	while (run(db,
		   create ? "PRAGMA cell_size_check=ON;"
			    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL"
			  : "PRAGMA cell_size_check=ON;"
			    "PRAGMA temp_store=MEMORY;"
			    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL",
		   err) == -1) {
		if (db->fault != DB_FAULT_RETRY || clock_mono_ms() >= until)
			return -1;
		err_clear(err);
		(void) poll(NULL, 0, LOCK_POLL_MS);
	}
	return 0;
}

static int sqlite_open(struct db *db, bool create, struct err *err)
{
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
		return db_sqlite_fail(db, rc, err);
	(void) sqlite3_busy_handler(h, wait_for_lock, db);
	sqlite3_progress_handler(h, 1000, is_late, db);
	(void) sqlite3_db_config(h, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	(void) sqlite3_db_config(h, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	for (size_t i = 0; i < ARRAY_LEN(limits); i++)
		(void) sqlite3_limit(h, limits[i].what, limits[i].max);
	/* A migration sorts what it must, on the disk if need be. */
	if (!create)
		(void) sqlite3_hard_heap_limit64(HEAP_MAX);
	return set_up(db, create, err);
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

/* WAL: readers and the one writer do not meet. */
static int sqlite_begin_read(struct db *db, struct err *err)
{
	return run(db, "BEGIN DEFERRED", err);
}

static int sqlite_commit(struct db *db, struct err *err)
{
	return run(db, "COMMIT", err);
}

static void sqlite_rollback(struct db *db)
{
	int64_t until = db->until_ms;

	db->until_ms = INT64_MAX; /* it waits for nobody */
	(void) sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
	db->until_ms = until;
}

static int sqlite_prepare(struct db *db, const char *sql, void **ret,
			  struct err *err)
{
	struct stmt *s;
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v3(db->handle, sql, -1,
				    SQLITE_PREPARE_PERSISTENT, &st, NULL);

	if (rc != SQLITE_OK)
		return db_sqlite_fail(db, rc, err);
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

static int sqlite_step(struct db *db, void *stmt, struct err *err)
{
	struct stmt *s = stmt;
	int rc = s->bad;

	if (rc != SQLITE_OK)
		return err_set(err, ERR_INTERNAL, "%s: cannot bind: %s",
			       db->name, sqlite3_errstr(rc));
	rc = sqlite3_step(s->st);
	if (rc == SQLITE_ROW)
		return 1;
	if (rc != SQLITE_DONE)
		return db_sqlite_fail(db, rc, err);
	s->affected = sqlite3_changes64(db->handle);
	return 0;
}

static unsigned sqlite_n_cols(void *stmt)
{
	struct stmt *s = stmt;

	return (unsigned) sqlite3_column_count(s->st);
}

static const char *sqlite_col_name(void *stmt, int i)
{
	struct stmt *s = stmt;

	return sqlite3_column_name(s->st, i);
}

/* Any column may hold anything, whatever the table says. */
static enum db_type sqlite_col_type(void *stmt, int i)
{
	struct stmt *s = stmt;

	switch (sqlite3_column_type(s->st, i)) {
	case SQLITE_NULL:
		return DB_NULL;
	case SQLITE_INTEGER:
		return DB_INT;
	case SQLITE_TEXT:
	case SQLITE_BLOB:
		return DB_BYTES;
	default:
		return DB_OTHER;
	}
}

static int64_t sqlite_col_int(void *stmt, int i)
{
	struct stmt *s = stmt;

	return sqlite3_column_int64(s->st, i);
}

static struct db_bytes sqlite_col_text(void *stmt, int i)
{
	struct stmt *s = stmt;
	struct db_bytes b;

	b.p = (const char *) sqlite3_column_text(s->st, i);
	b.len = (size_t) sqlite3_column_bytes(s->st, i);
	return b;
}

static struct db_bytes sqlite_col_blob(void *stmt, int i)
{
	struct stmt *s = stmt;
	struct db_bytes b;

	b.p = sqlite3_column_blob(s->st, i);
	b.len = (size_t) sqlite3_column_bytes(s->st, i);
	if (!b.p && b.len == 0)
		b.p = ""; /* an empty blob is not NULL */
	return b;
}

static int64_t sqlite_affected(void *stmt)
{
	struct stmt *s = stmt;

	return s->affected;
}

static int sqlite_reset(void *stmt)
{
	struct stmt *s = stmt;

	(void) sqlite3_reset(s->st);
	(void) sqlite3_clear_bindings(s->st);
	s->bad = SQLITE_OK;
	return 0;
}

const struct db_driver db_sqlite = {
	.dialect = "sqlite",
	.open = sqlite_open,
	.close = sqlite_close,
	.arm = sqlite_arm,
	.disarm = sqlite_disarm,
	.cut = sqlite_cut,
	.time_limit = sqlite_timeout,
	.begin = sqlite_begin,
	.begin_read = sqlite_begin_read,
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
	.n_cols = sqlite_n_cols,
	.col_name = sqlite_col_name,
	.col_type = sqlite_col_type,
	.col_int = sqlite_col_int,
	.col_text = sqlite_col_text,
	.col_blob = sqlite_col_blob,
	.affected = sqlite_affected,
	.reset = sqlite_reset,
};
