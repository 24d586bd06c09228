/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include "db_apart.h"
#include "db_child.h"
#include "db_parent.h"
#include "db_where.h"
#include "db_wire.h"

#define BIND_MAX 1000 /* parameters of a statement, as db_sqlite.c has it */

struct binding {
	enum { BIND_NULL, BIND_INT, BIND_TEXT, BIND_BLOB } kind;
	int64_t i;
	const char *p;
	size_t len;
};

struct value {
	enum db_type type;
	int64_t i;
	struct db_bytes b;
};

struct stmt {
	struct db *db;
	const char *sql;
	uint32_t id;
	bool sent;  /* the child knows it */
	bool begun; /* there is a row; what follows it is db_parent_rest() */
	int bad;    /* a parameter beyond BIND_MAX, or 0 */
	struct binding *bound;
	size_t n_bound;
	unsigned int n_cols;
	char (*names)[DB_WIRE_NAME_MAX + 1];
	struct value row[DB_COLUMNS_MAX];
	int64_t affected;
};

/* --- connecting --- */

static int refuse_missing(const struct db *db, bool create, struct err *err)
{
	if (create)
		return err_set(err, ERR_CONFIG,
			       "create database %s: its folder is missing",
			       db->conf->path);
	return err_set(err, ERR_CONFIG,
		       "%s: there is no such database: is path right, is its "
		       "disk mounted? For a new one run certrepo-populate init",
		       db->conf->path);
}

static int open_by(struct db *db, const struct db_driver *inner,
		   const struct db_where *where, bool create, struct err *err)
{
	if (db_parent_start(db, inner, where, err) == -1)
		return -1;
	db_wire_u8(db_parent_ask(db, DB_WIRE_OPEN), create);
	if (db_parent_done(db, err) == 0)
		return 0;
	/* Not connected: who asks again begins anew. */
	db_parent_close(db);
	return -1;
}

static int apart_open(struct db *db, bool create, struct err *err)
{
	const char *path = db->conf->path;
	AUTO(mem_free_str) char *real = NULL;
	struct db_where where = { 0 };
	int rc;

	if (path && *path) {
		rc = db_where(path, &where, err);
		if (rc != 1)
			return rc == 0 ? refuse_missing(db, create, err) : -1;
		real = where.path;
	}
	if (where.uid == 0) {
		db->driver = &db_sqlite;
		return db_sqlite.open(db, create, err);
	}
	return open_by(db, &db_sqlite, &where, create, err);
}

static int server_open(struct db *db, bool create, struct err *err)
{
	const struct db_where no_one = { .uid = DB_CHILD_NO_ONE };

	return open_by(db, &db_mariadb, &no_one, create, err);
}

/* Each request carries the end of the time. */
static int apart_arm(struct db *db, struct err *err)
{
	return 0;
}

static void apart_disarm(struct db *db)
{
}

static int64_t apart_time_limit(const struct store_conf *conf)
{
	return db_sqlite.time_limit(conf);
}

static int64_t server_time_limit(const struct store_conf *conf)
{
	return db_mariadb.time_limit(conf);
}

static int apart_begin(struct db *db, struct err *err)
{
	(void) db_parent_ask(db, DB_WIRE_BEGIN);
	return db_parent_done(db, err);
}

static int apart_begin_read(struct db *db, struct err *err)
{
	(void) db_parent_ask(db, DB_WIRE_BEGIN_READ);
	return db_parent_done(db, err);
}

static int apart_commit(struct db *db, struct err *err)
{
	(void) db_parent_ask(db, DB_WIRE_COMMIT);
	return db_parent_done(db, err);
}

static void apart_rollback(struct db *db)
{
	enum db_fault fault = db->fault;

	(void) db_parent_ask(db, DB_WIRE_ROLLBACK);
	/* The session of one that does not answer is over, and what it had
	 * not committed. */
	(void) !db_parent_done(db, NULL);
	db->fault = fault;
}

static int apart_script(struct db *db, const char *sql, struct err *err)
{
	struct sbuf *s = db_parent_ask(db, DB_WIRE_SCRIPT);

	db_wire_bytes(s, sql, strlen(sql));
	return db_parent_done(db, err);
}

/* --- statements --- */

static int apart_prepare(struct db *db, const char *sql, void **ret,
			 struct err *err)
{
	struct stmt *s = mem_alloc(sizeof(*s));

	s->db = db;
	s->sql = sql;
	s->id = db_parent_new_id(db);
	*ret = s;
	return 0;
}

static void apart_finalize(void *stmt)
{
	struct stmt *s = stmt;

	if (s->sent)
		(void) db_parent_tell(s->db, DB_WIRE_FINALIZE, s->id);
	free(s->bound);
	free(s->names);
	free(s);
}

static int apart_reset(void *stmt)
{
	struct stmt *s = stmt;
	bool begun = s->begun;

	s->n_bound = 0;
	s->bad = 0;
	s->begun = false;
	if (!db_parent_there(s->db))
		return -1;
	if (!begun)
		return 0;
	db_wire_u32(db_parent_ask(s->db, DB_WIRE_RESET), s->id);
	return db_parent_done(s->db, NULL);
}

static void bind_to(void *stmt, int i, struct binding b)
{
	struct stmt *s = stmt;

	if (i < 1 || i > BIND_MAX) {
		s->bad = i;
		return;
	}
	if ((size_t) i > s->n_bound) {
		s->bound = mem_grow(s->bound, (size_t) i, sizeof(*s->bound));
		memset(s->bound + s->n_bound, 0,
		       ((size_t) i - s->n_bound) * sizeof(*s->bound));
		s->n_bound = (size_t) i;
	}
	s->bound[i - 1] = b;
}

static void apart_bind_null(void *stmt, int i)
{
	bind_to(stmt, i, (struct binding){ .kind = BIND_NULL });
}

static void apart_bind_int(void *stmt, int i, int64_t v)
{
	bind_to(stmt, i, (struct binding){ .kind = BIND_INT, .i = v });
}

static void apart_bind_text(void *stmt, int i, const char *text)
{
	bind_to(stmt, i,
		(struct binding){ BIND_TEXT, .p = text, .len = strlen(text) });
}

static void apart_bind_blob(void *stmt, int i, const void *p, size_t len)
{
	bind_to(stmt, i, (struct binding){ BIND_BLOB, .p = p, .len = len });
}

static void put_bindings(struct sbuf *out, const struct stmt *s)
{
	static const enum db_type types[] = { [BIND_NULL] = DB_NULL,
					      [BIND_INT] = DB_INT,
					      [BIND_TEXT] = DB_OTHER,
					      [BIND_BLOB] = DB_BYTES };

	db_wire_u32(out, (uint32_t) s->n_bound);
	for (size_t i = 0; i < s->n_bound; i++) {
		const struct binding *b = &s->bound[i];

		db_wire_u32(out, (uint32_t) i + 1);
		db_wire_u8(out, types[b->kind]);
		if (b->kind == BIND_INT)
			db_wire_i64(out, b->i);
		else if (b->kind != BIND_NULL)
			db_wire_bytes(out, b->p, b->len);
	}
}

/* A value of a column, all of it in the message; false: this is none. */
static bool get_value(struct db_wire *w, struct value *v)
{
	unsigned int type = db_wire_get_u8(w), whole;
	int64_t len;

	if (type > DB_OTHER)
		return false;
	*v = (struct value){ .type = (enum db_type) type };
	if (type == DB_INT)
		v->i = db_wire_get_i64(w);
	if (type != DB_BYTES)
		return !w->bad;
	len = db_wire_get_i64(w);
	whole = db_wire_get_u8(w);
	if (w->bad || len < 0 || whole > 1)
		return false;
	v->b.len = (size_t) len;
	if (!whole)
		return true;
	v->b.p = db_wire_get_bytes(w, DB_VALUE_MAX, &v->b.len);
	return !w->bad && v->b.len == (size_t) len;
}

static bool get_names(struct db_wire *w, struct stmt *s)
{
	const char *name;
	size_t len;

	free(s->names);
	s->names = mem_array((size_t) s->n_cols + 1, sizeof(*s->names));
	for (unsigned int i = 0; i < s->n_cols; i++) {
		name = db_wire_get_bytes(w, DB_WIRE_NAME_MAX, &len);
		memcpy(s->names[i], name, len);
	}
	return !w->bad;
}

static bool get_head(struct db_wire *w, struct stmt *s)
{
	uint32_t n = db_wire_get_u32(w);

	if (w->bad || n > DB_COLUMNS_MAX)
		return false;
	s->n_cols = n;
	return get_names(w, s);
}

static int ask_rows(struct stmt *s, bool first, struct err *err)
{
	struct sbuf *out =
		db_parent_ask(s->db, first ? DB_WIRE_FIRST : DB_WIRE_NEXT);

	db_wire_u32(out, s->id);
	if (first) {
		s->n_cols = 0;
		db_wire_bytes(out, s->sql, s->sent ? 0 : strlen(s->sql));
		put_bindings(out, s);
		s->sent = true;
	}
	if (db_parent_answer(s->db, err) == -1)
		return -1;
	if (first && !get_head(db_parent_rest(s->db), s))
		return db_parent_odd(s->db, err);
	return 0;
}

static bool get_row(struct db_wire *w, struct stmt *s)
{
	for (unsigned int i = 0; i < s->n_cols; i++)
		if (!get_value(w, &s->row[i]))
			return false;
	return s->n_cols > 0;
}

static bool get_end(struct db_wire *w, struct stmt *s)
{
	s->affected = db_wire_get_i64(w);
	return !w->bad && s->affected >= 0 && w->left == 0;
}

/* 1, 0, or -1: this adds up to nothing. */
static int get_item(struct db_wire *w, unsigned int item, struct stmt *s)
{
	if (item == DB_WIRE_ROW && get_row(w, s))
		return 1;
	return item == DB_WIRE_END && get_end(w, s) ? 0 : -1;
}

static int apart_step(struct db *db, void *stmt, struct err *err)
{
	struct stmt *s = stmt;
	struct db_wire *w = db_parent_rest(db);
	bool first = !s->begun;
	unsigned int item;
	int rc;

	if (s->bad)
		return err_set(err, ERR_INTERNAL, "%s: cannot bind number %d",
			       db->name, s->bad);
	s->begun = false;
	item = first ? DB_WIRE_MORE : db_wire_get_u8(w);
	if (first || (item == DB_WIRE_MORE && w->left == 0)) {
		if (ask_rows(s, first, err) == -1)
			return -1;
		item = db_wire_get_u8(w);
	}
	rc = w->bad ? -1 : get_item(w, item, s);
	if (rc == -1) {
		s->n_cols = 0;
		return db_parent_odd(db, err);
	}
	s->begun = rc == 1;
	return rc;
}

/* --- the current row --- */

static const struct value *value(void *stmt, int i)
{
	static const struct value null = { .type = DB_NULL };
	const struct stmt *s = stmt;

	return i >= 0 && (unsigned int) i < s->n_cols ? &s->row[i] : &null;
}

static unsigned apart_n_cols(void *stmt)
{
	const struct stmt *s = stmt;

	return s->n_cols;
}

static const char *apart_col_name(void *stmt, int i)
{
	const struct stmt *s = stmt;

	return i >= 0 && (unsigned int) i < s->n_cols ? s->names[i] : NULL;
}

static enum db_type apart_col_type(void *stmt, int i)
{
	return value(stmt, i)->type;
}

static int64_t apart_col_int(void *stmt, int i)
{
	return value(stmt, i)->i;
}

static struct db_bytes apart_col_bytes(void *stmt, int i)
{
	return value(stmt, i)->b;
}

static int64_t apart_affected(void *stmt)
{
	const struct stmt *s = stmt;

	return s->affected;
}

#define CALLS                                                               \
	.close = db_parent_close, .arm = apart_arm, .disarm = apart_disarm, \
	.cut = apart_disarm, .begin = apart_begin,                          \
	.begin_read = apart_begin_read, .commit = apart_commit,             \
	.rollback = apart_rollback, .script = apart_script,                 \
	.prepare = apart_prepare, .finalize = apart_finalize,               \
	.bind_null = apart_bind_null, .bind_int = apart_bind_int,           \
	.bind_text = apart_bind_text, .bind_blob = apart_bind_blob,         \
	.step = apart_step, .n_cols = apart_n_cols,                         \
	.col_name = apart_col_name, .col_type = apart_col_type,             \
	.col_int = apart_col_int, .col_text = apart_col_bytes,              \
	.col_blob = apart_col_bytes, .affected = apart_affected,            \
	.reset = apart_reset

const struct db_driver db_apart = {
	.dialect = "sqlite",
	.open = apart_open,
	.time_limit = apart_time_limit,
	CALLS,
};

const struct db_driver db_apart_server = {
	.dialect = "mariadb",
	.open = server_open,
	.time_limit = server_time_limit,
	CALLS,
};
