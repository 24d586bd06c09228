/* SPDX-License-Identifier: MIT */
#include <assert.h>
#include <ctype.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "clock.h"
#include "db.h"
#include "db_apart.h"
#include "db_impl.h"
#include "plain.h"

struct db_stmt {
	struct db_stmt *next;
	struct db *db;
	const char *sql;
	const char *columns;
	void *handle; /* NULL: to be prepared, on a new connection again */
	bool failed;  /* not to be used again */
	size_t rows_max, bytes_max, rows, bytes; /* limits; what came */
};

#define ADMIN_TIME_S 3600 /* a migration of a large table takes its time */
#define LOOP_MS	     3000
#define HURRY_MS     1000

static bool is_server(const struct store_conf *conf)
{
	return conf->driver && strcmp(conf->driver, "mariadb") == 0;
}

static const struct db_driver *driver_of(const struct store_conf *conf)
{
	bool root = geteuid() == 0;

	if (is_server(conf))
		return root ? &db_apart_server : &db_mariadb;
	return root ? &db_apart : &db_sqlite;
}

static char *name_of(const struct store_conf *conf)
{
	if (!is_server(conf))
		return mem_strdup(conf->path ? conf->path : "");
	return mem_printf("mariadb %s@%s",
			  conf->database ? conf->database : "certrepo",
			  conf->socket ? conf->socket
			  : conf->host ? conf->host
				       : "(option file)");
}

static void finalize_all(struct db *db)
{
	for (struct db_stmt *st = db->stmts; st; st = st->next) {
		if (st->handle)
			db->driver->finalize(st->handle);
		st->handle = NULL;
	}
}

/* --- time --- */

static int64_t conf_ms(const struct db *db)
{
	return 1000 * (db->use == DB_CREATE ? ADMIN_TIME_S
					    : db->driver->time_limit(db->conf));
}

static int64_t limit_ms(const struct db *db)
{
	int64_t most = db->hurry ? HURRY_MS : LOOP_MS;

	if (db->use != DB_LOOP || conf_ms(db) < most)
		return conf_ms(db);
	return most;
}

const char *db_limit_text(const struct db *db, struct db_limit *l)
{
	int64_t ms = limit_ms(db);

	(void) snprintf(
		l->text, sizeof(l->text),
		"%lld s, which is all the time it has%s", (long long) ms / 1000,
		ms == conf_ms(db) ? " (timeout)" : " while others wait");
	return l->text;
}

void db_renew(struct db *db)
{
	db->left_ms = limit_ms(db);
}

void db_hurry(struct db *db)
{
	db->hurry = true;
}

int64_t db_left_ms(const struct db *db)
{
	return db->left_ms > 0 ? db->left_ms : 0;
}

void db_pause(struct db *db, int ms)
{
	if (ms > db_left_ms(db))
		ms = (int) db_left_ms(db);
	(void) poll(NULL, 0, ms);
	db->left_ms -= ms;
}

static void clock_in(struct db *db)
{
	db->until_ms = clock_mono_ms() + db->left_ms;
}

static void clock_out(struct db *db)
{
	db->left_ms = db->until_ms - clock_mono_ms();
}

/* A timer costs more than a row: from db_prepare to db_done it is one. */
static int arm(struct db *db, struct err *err)
{
	if (db->armed)
		return 0;
	clock_in(db);
	if (db->driver->arm(db, err) == -1) {
		clock_out(db);
		return -1;
	}
	db->armed = true;
	return 0;
}

static void disarm(struct db *db)
{
	if (!db->armed)
		return;
	db->driver->disarm(db);
	clock_out(db);
	db->armed = false;
}

static int no_time(struct db *db, struct err *err)
{
	struct db_limit l;

	return err_set(err, ERR_UNAVAILABLE, "%s: no time is left of %s",
		       db->name, db_limit_text(db, &l));
}

/* What ends a statement or a connection may talk to the peer, too. Without
 * time it does not even try. */
static void close_connection(struct db *db)
{
	if (db->handle && arm(db, NULL) == -1)
		db->driver->cut(db);
	finalize_all(db);
	db->driver->close(db);
	disarm(db);
}

static int open_connection(struct db *db, struct err *err)
{
	int rc;

	if (db->left_ms <= 0)
		return no_time(db, err);
	clock_in(db);
	db->driver = driver_of(db->conf); /* db_apart may have become another */
	rc = db->driver->open(db, db->use == DB_CREATE, err);
	clock_out(db);
	return rc;
}

/* --- connections --- */

int db_open(const struct store_conf *conf, enum db_use use, struct db **ret,
	    struct err *err)
{
	struct db *db = mem_alloc(sizeof(*db));

	db->driver = driver_of(conf);
	db->conf = conf;
	db->fd = -1;
	db->use = use;
	db->name = name_of(conf);
	db->left_ms = conf_ms(db);
	if (open_connection(db, err) == -1) {
		db_close(&db);
		return -1;
	}
	*ret = db;
	return 0;
}

void db_close(struct db **dbp)
{
	struct db *db = *dbp;
	struct db_stmt *next;

	if (!db)
		return;
	close_connection(db);
	for (struct db_stmt *st = db->stmts; st; st = next) {
		next = st->next;
		free(st);
	}
	free(db->name);
	free(db);
	*dbp = NULL;
}

int db_reconnect(struct db *db, struct err *err)
{
	close_connection(db);
	if (db->use == DB_CREATE)
		db->use = DB_WAIT;
	db->in_tx = false;
	db->broken = false;
	db->fault = DB_OK;
	return open_connection(db, err);
}

enum db_fault db_fault(const struct db *db)
{
	return db->fault;
}

const char *db_dialect(const struct db *db)
{
	return db->driver->dialect;
}

const char *db_name(const struct db *db)
{
	return db->name;
}

/*
 * A deadlock or a lost connection takes the whole transaction away; a
 * statement sent after it would be committed on its own. So nothing passes
 * until the transaction was begun anew, and the fault stays as it was.
 */
static int enter(struct db *db, struct err *err)
{
	if (db->broken)
		return err_set(err, ERR_UNAVAILABLE,
			       "%s: the transaction was rolled back", db->name);
	db->fault = DB_FAULT_LOST;
	if (!db->armed && db->left_ms <= 0) {
		db->broken = db->in_tx;
		return no_time(db, err);
	}
	if (!db->handle) {
		db->broken = db->in_tx;
		return err_set(err, ERR_UNAVAILABLE, "%s: not connected",
			       db->name);
	}
	if (arm(db, err) == -1) {
		db->fault = DB_FAULT_OTHER;
		return -1;
	}
	db->fault = DB_OK;
	return 0;
}

static int leave(struct db *db, int rc)
{
	if (!db->open)
		disarm(db);
	if (rc != -1)
		return rc;
	if (db->fault == DB_OK || (db->fault == DB_FAULT_ENDED && !db->in_tx))
		db->fault = DB_FAULT_OTHER;
	if (db->in_tx &&
	    (db->fault == DB_FAULT_RETRY || db->fault == DB_FAULT_LOST ||
	     db->fault == DB_FAULT_LOCKED || db->fault == DB_FAULT_ENDED))
		db->broken = true;
	return -1;
}

int db_begin(struct db *db, struct err *err)
{
	assert(!db->in_tx && !db->open);
	if (enter(db, err) == -1 || leave(db, db->driver->begin(db, err)) == -1)
		return -1;
	db->in_tx = true;
	return 0;
}

int db_begin_read(struct db *db, struct err *err)
{
	assert(!db->in_tx && !db->open);
	if (enter(db, err) == -1 ||
	    leave(db, db->driver->begin_read(db, err)) == -1)
		return -1;
	db->in_tx = true;
	return 0;
}

int db_commit(struct db *db, struct err *err)
{
	assert(db->in_tx && !db->open);
	if (enter(db, err) == -1 ||
	    leave(db, db->driver->commit(db, err)) == -1)
		return -1;
	db->in_tx = false;
	return 0;
}

void db_rollback(struct db *db)
{
	if (db->in_tx && db->handle) {
		if (arm(db, NULL) == 0)
			db->driver->rollback(db);
		else
			close_connection(db); /* which rolls back */
		disarm(db);
	}
	db->in_tx = false;
	db->broken = false;
}

int db_script(struct db *db, const char *sql, struct err *err)
{
	assert(!db->open);
	if (enter(db, err) == -1)
		return -1;
	return leave(db, db->driver->script(db, sql, err));
}

/* --- statements --- */

static struct db_stmt *stmt_of(struct db *db, const char *sql)
{
	struct db_stmt *st;

	for (st = db->stmts; st && st->sql != sql; st = st->next)
		;
	if (!st) {
		st = mem_alloc(sizeof(*st));
		st->db = db;
		st->sql = sql;
		st->next = db->stmts;
		db->stmts = st;
	}
	return st;
}

int db_prepare(struct db *db, const char *sql, const char *columns,
	       struct db_stmt **ret, struct err *err)
{
	struct db_stmt *st = stmt_of(db, sql);
	int rc = 0;

	assert(!db->open && strspn(columns, "iInNtTwWlLbB") == strlen(columns));
	if (enter(db, err) == -1)
		return -1;
	if (!st->handle)
		rc = db->driver->prepare(db, sql, &st->handle, err);
	db->open = rc == -1 ? NULL : st;
	if (leave(db, rc) == -1)
		return -1;
	st->columns = columns;
	st->failed = false;
	st->rows = st->bytes = 0;
	db_limit(st, DB_ROWS_MAX, DB_ANSWER_MAX);
	*ret = st;
	return 0;
}

void db_limit(struct db_stmt *st, size_t rows, size_t bytes)
{
	st->rows_max = rows;
	st->bytes_max = bytes;
}

void db_bind_int(struct db_stmt *st, int i, int64_t v)
{
	st->db->driver->bind_int(st->handle, i, v);
}

void db_bind_text(struct db_stmt *st, int i, const char *s)
{
	if (s)
		st->db->driver->bind_text(st->handle, i, s);
	else
		st->db->driver->bind_null(st->handle, i);
}

void db_bind_blob(struct db_stmt *st, int i, const void *p, size_t len)
{
	if (p)
		st->db->driver->bind_blob(st->handle, i, p, len);
	else
		st->db->driver->bind_null(st->handle, i);
}

/* In quotes: it is the server's. */
static const char *name_of_column(const struct db_stmt *st, int i,
				  char ret[PLAIN_QUOTED])
{
	const char *name = st->db->driver->col_name(st->handle, i);
	AUTO(mem_free_str) char *start = mem_strndup(name ? name : "?", 64);

	return plain_quoted(start, ret);
}

static int strange(const struct db_stmt *st, int i, const char *what,
		   struct err *err)
{
	char name[PLAIN_QUOTED];

	return err_set(err, ERR_INPUT,
		       "%s: column %d of an answer (%s) %s: this is not what "
		       "certrepo stores; mend the row, or the table or view, "
		       "or restore the store from a backup",
		       st->db->name, i + 1, name_of_column(st, i, name), what);
}

static int too_much(const struct db_stmt *st, const char *what, size_t max,
		    struct err *err)
{
	return err_set(err, ERR_LIMIT,
		       "%s: an answer has more than %zu %s: more than "
		       "certrepo would store, or ask for; look at the tables "
		       "and views of the store",
		       st->db->name, max, what);
}

static bool is_words(const struct db_stmt *st, int i)
{
	int letter = tolower((unsigned char) st->columns[i]);

	return letter == 'w' || letter == 'l';
}

/* What is read of a column `w` or `l`; "" where that is nothing. */
static struct db_bytes words(const struct db_stmt *st, int i)
{
	const struct db_driver *d = st->db->driver;
	bool is_long = tolower((unsigned char) st->columns[i]) == 'l';
	struct db_bytes v = { 0 };

	if (d->col_type(st->handle, i) == DB_BYTES)
		v = d->col_text(st->handle, i);
	if (!v.p || v.len > (is_long ? DB_VALUE_MAX : DB_WORDS_MAX))
		v = (struct db_bytes){ .p = "" };
	return v;
}

/* Adds its length to *BYTES. */
static int check_value(const struct db_stmt *st, int i, size_t *bytes,
		       struct err *err)
{
	const struct db_driver *d = st->db->driver;
	int letter = tolower((unsigned char) st->columns[i]);
	struct db_bytes v = letter == 't' || letter == 'w'
				    ? d->col_text(st->handle, i)
				    : d->col_blob(st->handle, i);
	char name[PLAIN_QUOTED];

	if (v.len > DB_VALUE_MAX)
		return err_set(err, ERR_LIMIT,
			       "%s: a value of column %s is %zu bytes long, at "
			       "most %u are taken",
			       st->db->name, name_of_column(st, i, name), v.len,
			       DB_VALUE_MAX);
	if (!v.p)
		return err_set(err, ERR_LIMIT,
			       "%s: a value of column %s cannot be read",
			       st->db->name, name_of_column(st, i, name));
	if (letter == 't' && strlen(v.p) != v.len)
		return strange(st, i, "has a NUL byte in its text", err);
	*bytes += v.len;
	return 0;
}

static int check_column(const struct db_stmt *st, int i, size_t *bytes,
			struct err *err)
{
	enum db_type type = st->db->driver->col_type(st->handle, i);
	int letter = tolower((unsigned char) st->columns[i]);

	*bytes += sizeof(int64_t); /* what each costs, at least */
	if (type == DB_NULL)
		return isupper((unsigned char) st->columns[i])
			       ? strange(st, i, "is NULL", err)
			       : 0;
	if (letter == 'n')
		return 0;
	if (is_words(st, i)) {
		*bytes += words(st, i).len;
		return 0;
	}
	if (letter == 'i')
		return type == DB_INT
			       ? 0
			       : strange(st, i, "is not an integer", err);
	if (type != DB_BYTES)
		return strange(st, i, "is a number, not text", err);
	return check_value(st, i, bytes, err);
}

static int check_row(struct db_stmt *st, struct err *err)
{
	size_t n = strlen(st->columns), bytes = 0;

	if (++st->rows > st->rows_max)
		return too_much(st, "rows", st->rows_max, err);
	for (size_t i = 0; i < n; i++)
		if (check_column(st, (int) i, &bytes, err) == -1)
			return -1;
	if (bytes > DB_ROW_MAX)
		return too_much(st, "bytes in a row", DB_ROW_MAX, err);
	st->bytes += bytes;
	if (st->bytes > st->bytes_max)
		return too_much(st, "bytes", st->bytes_max, err);
	return 1;
}

static int check_answer(struct db_stmt *st, int rc, struct err *err)
{
	unsigned n = st->db->driver->n_cols(st->handle);

	if (rc != -1 && n != strlen(st->columns))
		return err_set(err, ERR_INPUT,
			       "%s: an answer has %u columns instead of %zu: "
			       "this is no store of certrepo, or something "
			       "stands between; see schema/",
			       st->db->name, n, strlen(st->columns));
	return rc == 1 ? check_row(st, err) : rc;
}

int db_step(struct db_stmt *st, struct err *err)
{
	struct db *db = st->db;
	int rc;

	assert(db->open == st);
	if (enter(db, err) == -1)
		return -1;
	rc = db->driver->step(db, st->handle, err);
	rc = check_answer(st, rc, err);
	st->failed = rc == -1;
	return leave(db, rc);
}

static bool is_column(const struct db_stmt *st, int i, int letter)
{
	return i >= 0 && (size_t) i < strlen(st->columns) &&
	       tolower((unsigned char) st->columns[i]) == letter;
}

bool db_col_null(const struct db_stmt *st, int i)
{
	return st->db->driver->col_type(st->handle, i) == DB_NULL;
}

int64_t db_col_int(const struct db_stmt *st, int i)
{
	const struct db_driver *d = st->db->driver;

	assert(is_column(st, i, 'i') || is_column(st, i, 'n'));
	return d->col_type(st->handle, i) == DB_INT ? d->col_int(st->handle, i)
						    : 0;
}

const char *db_col_text(const struct db_stmt *st, int i)
{
	assert(is_column(st, i, 't') || is_words(st, i));
	if (db_col_null(st, i))
		return NULL;
	return is_words(st, i) ? words(st, i).p
			       : st->db->driver->col_text(st->handle, i).p;
}

const void *db_col_blob(const struct db_stmt *st, int i, size_t *ret_len)
{
	struct db_bytes b = { 0 };

	assert(is_column(st, i, 'b'));
	if (!db_col_null(st, i))
		b = st->db->driver->col_blob(st->handle, i);
	*ret_len = b.len;
	return b.p;
}

int64_t db_affected(const struct db_stmt *st)
{
	return st->db->driver->affected(st->handle);
}

/* A statement that failed is made anew: MariaDB's library cannot execute one
 * again whose first execution failed. */
static void reset(struct db *db, struct db_stmt *st)
{
	if (arm(db, NULL) == -1 || db->driver->reset(st->handle) == -1) {
		close_connection(db);
		return;
	}
	if (!st->failed)
		return;
	db->driver->finalize(st->handle);
	st->handle = NULL;
}

void db_done(struct db_stmt *st)
{
	if (!st)
		return;
	/* Its connection may have been replaced meanwhile. */
	if (st->handle)
		reset(st->db, st);
	if (st->db->open == st)
		st->db->open = NULL;
	disarm(st->db);
}
