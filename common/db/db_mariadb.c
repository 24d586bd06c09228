/* SPDX-License-Identifier: MIT */
#include <assert.h>
#include <mysql.h>
#include <mysqld_error.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include "clock.h"
#include "db_alarm.h"
#include "db_impl.h"
#include "db_mariadb_conn.h"
#include "db_mariadb_err.h"

/* In the loop, a lock that was refused within this is a row's: for that of a
 * table the server waits a second (db_mariadb_conn.c). */
#define ROW_LOCK_MS   500
#define BRIEF_LOCK_MS 5000 /* of DB_BRIEF: two seconds, and ten */

struct col {
	char name[65];
	enum enum_field_types wire;
	enum db_type type;
	int64_t i;
	size_t len;
	char *buf; /* NULL: no value so far was read into it */
	size_t cap;
	bool held; /* buf has the value */
};

struct stmt {
	struct db *db;
	MYSQL_STMT *st;
	const char *sql;
	bool prepared, executed;
	bool open;   /* its result is not read to the end */
	bool broken; /* a row does not fit its packet */
	unsigned n_params;
	MYSQL_BIND *params;
	int64_t *ints;
	unsigned n_cols;
	struct col *cols;
	int64_t affected;
};

/* --- the deadline --- */

static void mariadb_disarm(struct db *db)
{
	(void) db_alarm_stop();
}

static void mariadb_cut(struct db *db)
{
	if (db->fd != -1)
		(void) shutdown(db->fd, SHUT_RDWR);
}

static int late(struct db *db, struct err *err)
{
	struct db_mariadb_place p;
	struct db_limit l;

	db->fault = DB_FAULT_LOST;
	return err_set(err, ERR_UNAVAILABLE, "%s did not answer within %s",
		       db_mariadb_place(db->conf, &p), db_limit_text(db, &l));
}

static int fail_by(struct db *db, unsigned code, const char *text,
		   struct err *err)
{
	if (db_alarm_rang())
		return late(db, err);
	if (db_mariadb_is_garbled(code))
		mariadb_cut(db);
	return db_mariadb_fail(db, code, text, err);
}

static int fail(struct db *db, struct err *err)
{
	MYSQL *m = db->handle;

	return fail_by(db, mysql_errno(m), mysql_error(m), err);
}

/* --- transactions --- */

static int run(struct db *db, const char *sql, struct err *err)
{
	if (mysql_real_query(db->handle, sql, strlen(sql)) != 0)
		return fail(db, err);
	return 0;
}

static int mariadb_begin(struct db *db, struct err *err)
{
	return run(db, "START TRANSACTION", err);
}

/* The server's own setting may be a level that sees what comes meanwhile, or
 * one that locks what it reads. */
static int mariadb_begin_read(struct db *db, struct err *err)
{
	if (run(db, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", err) ==
	    -1)
		return -1;
	return run(db, "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
		   err);
}

static int mariadb_commit(struct db *db, struct err *err)
{
	return run(db, "COMMIT", err);
}

static void mariadb_rollback(struct db *db)
{
	(void) mysql_rollback(db->handle);
}

static int mariadb_script(struct db *db, const char *sql, struct err *err)
{
	MYSQL *m = db->handle;
	int rc, more = 0;

	if (mysql_set_server_option(m, MYSQL_OPTION_MULTI_STATEMENTS_ON) != 0)
		return fail(db, err);
	rc = run(db, sql, err);
	while (rc == 0 && more == 0) {
		MYSQL_RES *res = mysql_store_result(m);

		if (res)
			mysql_free_result(res);
		more = mysql_next_result(m);
		if (more > 0)
			rc = fail(db, err);
	}
	if (mysql_set_server_option(m, MYSQL_OPTION_MULTI_STATEMENTS_OFF) !=
		    0 &&
	    rc == 0)
		rc = fail(db, err);
	return rc;
}

/* --- statements --- */

static int stmt_fail(struct db *db, struct stmt *s, struct err *err)
{
	return fail_by(db, mysql_stmt_errno(s->st), mysql_stmt_error(s->st),
		       err);
}

/*
 * A row is taken apart here: the library itself would believe each length
 * that the server writes into it. The packet's end is not told, but that of
 * the buffer that holds it.
 */
static size_t room(const struct stmt *s, const unsigned char *p)
{
	const MYSQL *m = s->db->handle;
	const unsigned char *end = m->net.buff + m->net.max_packet;

	return p >= m->net.buff && p < end ? (size_t) (end - p) : 0;
}

static uint64_t little_endian(const unsigned char *p, size_t n)
{
	uint64_t v = 0;

	while (n-- > 0)
		v = v << 8 | p[n];
	return v;
}

/* The length before a value; -1 when it is none or its value is not there. */
static int64_t take_length(const struct stmt *s, unsigned char **row)
{
	size_t left = room(s, *row), n = 0;
	uint64_t len;

	if (left == 0)
		return -1;
	if (**row >= 251)
		n = **row == 252 ? 2 : **row == 253 ? 3 : **row == 254 ? 8 : 99;
	if (left < 1 + n)
		return -1;
	len = n == 0 ? **row : little_endian(*row + 1, n);
	if (len > left - 1 - n)
		return -1;
	*row += 1 + n;
	return (int64_t) len;
}

static size_t int_size(enum enum_field_types type)
{
	switch (type) {
	case MYSQL_TYPE_TINY:
		return 1;
	case MYSQL_TYPE_SHORT:
	case MYSQL_TYPE_YEAR:
		return 2;
	case MYSQL_TYPE_INT24:
	case MYSQL_TYPE_LONG:
		return 4;
	case MYSQL_TYPE_LONGLONG:
		return 8;
	default:
		return 0;
	}
}

static bool is_bytes(enum enum_field_types type)
{
	switch (type) {
	case MYSQL_TYPE_VARCHAR:
	case MYSQL_TYPE_VAR_STRING:
	case MYSQL_TYPE_STRING:
	case MYSQL_TYPE_TINY_BLOB:
	case MYSQL_TYPE_BLOB:
	case MYSQL_TYPE_MEDIUM_BLOB:
	case MYSQL_TYPE_LONG_BLOB:
	case MYSQL_TYPE_ENUM:
	case MYSQL_TYPE_SET:
		return true;
	default:
		return false;
	}
}

/* Of N bytes; an unsigned one beyond INT64_MAX is none of ours. */
static void take_int(struct col *c, const MYSQL_FIELD *f,
		     const unsigned char *p, size_t n)
{
	uint64_t v = little_endian(p, n), sign = 1ull << (n * 8 - 1);

	if (!(f->flags & UNSIGNED_FLAG) && n < 8 && v & sign)
		v |= ~(sign - 1);
	c->i = (int64_t) v;
	c->type = f->flags & UNSIGNED_FLAG && c->i < 0 ? DB_OTHER : DB_INT;
}

static void take_bytes(struct col *c, const unsigned char *p, size_t len)
{
	c->type = DB_BYTES;
	c->len = len;
	c->held = len <= DB_VALUE_MAX;
	if (!c->held)
		return;
	if (c->cap < len + 1) {
		c->cap = len + 1;
		c->buf = mem_grow(c->buf, c->cap, 1);
	}
	memcpy(c->buf, p, len);
	c->buf[len] = '\0';
}

/* The library calls it for each column in turn; ROW is NULL for NULL, and is
 * moved on. */
static void on_column(void *arg, unsigned i, unsigned char **row)
{
	struct stmt *s = arg;
	const MYSQL_FIELD *f = mariadb_stmt_fetch_fields(s->st);
	struct col *c = i < s->n_cols ? &s->cols[i] : NULL;
	size_t n = c ? int_size(c->wire) : 0;
	int64_t len;

	if (c)
		c->type = DB_NULL;
	if (!c || !row || s->broken) {
		s->broken |= !c;
		return;
	}
	c->type = DB_OTHER;
	if (c->wire == MYSQL_TYPE_FLOAT || c->wire == MYSQL_TYPE_DOUBLE)
		n = c->wire == MYSQL_TYPE_FLOAT ? 4 : 8;
	else if (n > 0 && room(s, *row) >= n)
		take_int(c, &f[i], *row, n);
	if (n > 0) {
		s->broken = room(s, *row) < n;
		*row += s->broken ? 0 : n;
		return;
	}
	len = take_length(s, row);
	if (len == -1) {
		s->broken = true;
		return;
	}
	if (is_bytes(c->wire))
		take_bytes(c, *row, (size_t) len);
	*row += len;
}

/* Nothing is sent yet: see execute(). */
static int mariadb_prepare(struct db *db, const char *sql, void **ret,
			   struct err *err)
{
	MYSQL_STMT *st = mysql_stmt_init(db->handle);
	struct stmt *s;

	if (!st)
		return fail(db, err);
	s = mem_alloc(sizeof(*s));
	s->db = db;
	s->st = st;
	s->sql = sql;
	/* Our statements hold no '?' but those of parameters. */
	for (const char *p = strchr(sql, '?'); p; p = strchr(p + 1, '?'))
		s->n_params++;
	s->params = mem_array(s->n_params + 1, sizeof(*s->params));
	s->ints = mem_array(s->n_params + 1, sizeof(*s->ints));
	mysql_stmt_attr_set(st, STMT_ATTR_PREBIND_PARAMS, &s->n_params);
	mysql_stmt_attr_set(st, STMT_ATTR_CB_USER_DATA, s);
	mysql_stmt_attr_set(st, STMT_ATTR_CB_RESULT, (void *) on_column);
	*ret = s;
	return 0;
}

static void forget_columns(struct stmt *s)
{
	for (unsigned i = 0; i < s->n_cols; i++)
		free(s->cols[i].buf);
	free(s->cols);
	s->cols = NULL;
	s->n_cols = 0;
}

static void mariadb_finalize(void *stmt)
{
	struct stmt *s = stmt;

	/* It would read to the end what is left of a result. */
	if (s->open)
		mariadb_cut(s->db);
	(void) mysql_stmt_close(s->st);
	forget_columns(s);
	free(s->params);
	free(s->ints);
	free(s);
}

static MYSQL_BIND *param(void *stmt, int i)
{
	struct stmt *s = stmt;

	assert(i >= 1 && (unsigned) i <= s->n_params);
	s->params[i - 1] = (MYSQL_BIND){ .buffer_type = MYSQL_TYPE_NULL };
	return &s->params[i - 1];
}

static void mariadb_bind_null(void *stmt, int i)
{
	(void) param(stmt, i);
}

static void mariadb_bind_int(void *stmt, int i, int64_t v)
{
	MYSQL_BIND *b = param(stmt, i);
	struct stmt *s = stmt;

	s->ints[i - 1] = v;
	b->buffer_type = MYSQL_TYPE_LONGLONG;
	b->buffer = &s->ints[i - 1];
}

static void bind_bytes(void *stmt, int i, const void *p, size_t len,
		       enum enum_field_types type)
{
	MYSQL_BIND *b = param(stmt, i);

	b->buffer_type = type;
	b->buffer = (void *) (uintptr_t) p; /* only read */
	b->buffer_length = len;
}

static void mariadb_bind_text(void *stmt, int i, const char *text)
{
	bind_bytes(stmt, i, text, strlen(text), MYSQL_TYPE_STRING);
}

static void mariadb_bind_blob(void *stmt, int i, const void *p, size_t len)
{
	bind_bytes(stmt, i, p, len, MYSQL_TYPE_BLOB);
}

/* Tables may change between two executions. */
static int describe(struct db *db, struct stmt *s, struct err *err)
{
	const MYSQL_FIELD *f = mariadb_stmt_fetch_fields(s->st);
	unsigned n = mysql_stmt_field_count(s->st);
	struct db_mariadb_place p;

	if (n > DB_COLUMNS_MAX || !f)
		return err_set(err, ERR_INPUT,
			       "%s: an answer has %u columns, at most %d are "
			       "taken",
			       db_mariadb_place(db->conf, &p), n,
			       DB_COLUMNS_MAX);
	if (n != s->n_cols) {
		forget_columns(s);
		s->cols = mem_array(n, sizeof(*s->cols));
		s->n_cols = n;
	}
	for (unsigned i = 0; i < n; i++) {
		struct col *c = &s->cols[i];

		(void) snprintf(c->name, sizeof(c->name), "%.64s",
				f[i].name ? f[i].name : "?");
		c->wire = f[i].type;
		c->type = DB_NULL;
	}
	return 0;
}

/* "Lock wait timeout": a row, a table, or a Galera node which waits for others
 * that are not there (a statement that reads nothing tells). */
static int lock_fail(struct db *db, struct stmt *s, int64_t started_ms,
		     struct err *err)
{
	int64_t row_ms = db->use == DB_BRIEF ? BRIEF_LOCK_MS : ROW_LOCK_MS;
	bool at_once = clock_mono_ms() - started_ms < row_ms;
	MYSQL *m = db->handle;

	if (mysql_real_query(m, "DO 0", 4) != 0)
		return fail(db, err);
	if (db->use != DB_LOOP && db->use != DB_BRIEF)
		return stmt_fail(db, s, err);
	return at_once ? db_mariadb_locked(db, err)
		       : db_mariadb_table_locked(db, err);
}

/* The first execution goes together with the preparation: one round trip
 * instead of two. */
static int execute(struct db *db, struct stmt *s, struct err *err)
{
	int64_t started = clock_mono_ms();
	struct db_mariadb_place p;
	int rc;

	if (s->n_params > 0 && mysql_stmt_bind_param(s->st, s->params) != 0)
		return stmt_fail(db, s, err);
	rc = s->prepared ? mysql_stmt_execute(s->st)
			 : mariadb_stmt_execute_direct(s->st, s->sql,
						       strlen(s->sql));
	if (rc != 0 && mysql_stmt_errno(s->st) == ER_LOCK_WAIT_TIMEOUT)
		return lock_fail(db, s, started, err);
	if (rc != 0)
		return stmt_fail(db, s, err);
	s->open = mysql_stmt_field_count(s->st) > 0 ||
		  mysql_stmt_more_results(s->st);
	/* The next bind_param would take as many as it says. */
	if (mysql_stmt_param_count(s->st) != s->n_params)
		return err_set(err, ERR_INPUT,
			       "%s: the server misunderstands a statement: "
			       "%lu parameters instead of %u",
			       db_mariadb_place(db->conf, &p),
			       mysql_stmt_param_count(s->st), s->n_params);
	s->prepared = s->executed = true;
	if (mysql_stmt_field_count(s->st) > 0)
		return describe(db, s, err);
	forget_columns(s);
	s->affected = (int64_t) mysql_stmt_affected_rows(s->st);
	return 0;
}

/* The library leaves it with the connection. */
static int fetch_fail(struct db *db, struct stmt *s, struct err *err)
{
	s->open = false;
	return mysql_stmt_errno(s->st) ? stmt_fail(db, s, err) : fail(db, err);
}

static int broken(struct db *db, const char *what, struct err *err)
{
	struct db_mariadb_place p;

	return err_set(err, ERR_INPUT,
		       "%s: %s: is it a MariaDB, and what stands between?",
		       db_mariadb_place(db->conf, &p), what);
}

/* After the last row. The result of a procedure has another one behind it,
 * which says how the CALL went. -1: the library knows why. */
static int end_of_rows(struct stmt *s)
{
	s->open = mysql_stmt_more_results(s->st);
	if (!s->open)
		return 0;
	if (mysql_stmt_next_result(s->st) > 0)
		return -1;
	s->open = mysql_stmt_field_count(s->st) > 0 ||
		  mysql_stmt_more_results(s->st);
	return 0;
}

static int mariadb_step(struct db *db, void *stmt, struct err *err)
{
	struct stmt *s = stmt;
	int rc;

	if (!s->executed && execute(db, s, err) == -1)
		return -1;
	if (s->n_cols == 0)
		return s->open ? broken(db, "more answers than questions", err)
			       : 0;
	rc = mysql_stmt_fetch(s->st);
	if (rc == MYSQL_NO_DATA && end_of_rows(s) == -1)
		return fetch_fail(db, s, err);
	if (rc == MYSQL_NO_DATA)
		return s->open ? broken(db, "more answers than questions", err)
			       : 0;
	if (rc != 0 && rc != MYSQL_DATA_TRUNCATED)
		return fetch_fail(db, s, err);
	if (s->broken)
		return broken(db, "a row is cut off or garbled", err);
	return 1;
}

static unsigned mariadb_n_cols(void *stmt)
{
	struct stmt *s = stmt;

	return s->n_cols;
}

static const struct col *col(void *stmt, int i)
{
	struct stmt *s = stmt;

	assert(i >= 0 && (unsigned) i < s->n_cols);
	return &s->cols[i];
}

static const char *mariadb_col_name(void *stmt, int i)
{
	return col(stmt, i)->name;
}

static enum db_type mariadb_col_type(void *stmt, int i)
{
	return col(stmt, i)->type;
}

static int64_t mariadb_col_int(void *stmt, int i)
{
	return col(stmt, i)->i;
}

static struct db_bytes mariadb_col_bytes(void *stmt, int i)
{
	const struct col *c = col(stmt, i);

	return (struct db_bytes){ .p = c->held ? c->buf : NULL, .len = c->len };
}

static int64_t mariadb_affected(void *stmt)
{
	struct stmt *s = stmt;

	return s->affected;
}

static int mariadb_reset(void *stmt)
{
	struct stmt *s = stmt;

	/* After the one row of a query for one there is only the end. */
	if (s->open && s->n_cols > 0 && mysql_stmt_fetch(s->st) != 0 &&
	    end_of_rows(s) == -1)
		return -1;
	if (s->open)
		return -1;
	if (s->executed && s->n_cols > 0)
		(void) mysql_stmt_free_result(s->st);
	s->executed = s->broken = false;
	for (unsigned i = 1; i <= s->n_params; i++)
		mariadb_bind_null(s, (int) i);
	return 0;
}

const struct db_driver db_mariadb = {
	.dialect = "mariadb",
	.open = db_mariadb_open,
	.close = db_mariadb_close,
	.arm = db_mariadb_arm,
	.disarm = mariadb_disarm,
	.cut = mariadb_cut,
	.time_limit = db_mariadb_timeout,
	.begin = mariadb_begin,
	.begin_read = mariadb_begin_read,
	.commit = mariadb_commit,
	.rollback = mariadb_rollback,
	.script = mariadb_script,
	.prepare = mariadb_prepare,
	.finalize = mariadb_finalize,
	.bind_null = mariadb_bind_null,
	.bind_int = mariadb_bind_int,
	.bind_text = mariadb_bind_text,
	.bind_blob = mariadb_bind_blob,
	.step = mariadb_step,
	.n_cols = mariadb_n_cols,
	.col_name = mariadb_col_name,
	.col_type = mariadb_col_type,
	.col_int = mariadb_col_int,
	.col_text = mariadb_col_bytes,
	.col_blob = mariadb_col_bytes,
	.affected = mariadb_affected,
	.reset = mariadb_reset,
};
