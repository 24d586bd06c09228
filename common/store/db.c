/* SPDX-License-Identifier: MIT */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "db.h"
#include "db_impl.h"

struct db_stmt {
	struct db_stmt *next;
	struct db *db;
	const char *sql;
	void *handle; /* NULL: to be prepared, on a new connection again */
	bool busy;
};

static const struct db_driver *driver_of(const struct store_conf *conf)
{
	if (conf->driver && strcmp(conf->driver, "mariadb") == 0)
		return &db_mariadb;
	return &db_sqlite;
}

static char *name_of(const struct store_conf *conf)
{
	if (driver_of(conf) == &db_sqlite)
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
		st->busy = false;
	}
}

int db_open(const struct store_conf *conf, bool create, struct db **ret,
	    struct err *err)
{
	struct db *db = mem_alloc(sizeof(*db));

	db->driver = driver_of(conf);
	db->conf = conf;
	db->name = name_of(conf);
	if (db->driver->open(db, create, err) == -1) {
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
	finalize_all(db);
	for (struct db_stmt *st = db->stmts; st; st = next) {
		next = st->next;
		free(st);
	}
	db->driver->close(db);
	free(db->name);
	free(db);
	*dbp = NULL;
}

int db_reconnect(struct db *db, struct err *err)
{
	finalize_all(db);
	db->driver->close(db);
	db->in_tx = false;
	db->broken = false;
	db->fault = DB_OK;
	return db->driver->open(db, false, err);
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
	db->fault = DB_OK;
	if (db->handle)
		return 0;
	db->fault = DB_FAULT_LOST;
	return err_set(err, ERR_UNAVAILABLE, "%s: not connected", db->name);
}

static int leave(struct db *db, int rc)
{
	if (rc != -1)
		return rc;
	if (db->fault == DB_OK)
		db->fault = DB_FAULT_OTHER;
	if (db->in_tx &&
	    (db->fault == DB_FAULT_RETRY || db->fault == DB_FAULT_LOST))
		db->broken = true;
	return -1;
}

int db_begin(struct db *db, struct err *err)
{
	assert(!db->in_tx);
	if (enter(db, err) == -1 || leave(db, db->driver->begin(db, err)) == -1)
		return -1;
	db->in_tx = true;
	return 0;
}

int db_commit(struct db *db, struct err *err)
{
	assert(db->in_tx);
	if (enter(db, err) == -1 ||
	    leave(db, db->driver->commit(db, err)) == -1)
		return -1;
	db->in_tx = false;
	return 0;
}

void db_rollback(struct db *db)
{
	if (db->in_tx && db->handle)
		db->driver->rollback(db);
	db->in_tx = false;
	db->broken = false;
}

int db_script(struct db *db, const char *sql, struct err *err)
{
	if (enter(db, err) == -1)
		return -1;
	return leave(db, db->driver->script(db, sql, err));
}

int db_prepare(struct db *db, const char *sql, struct db_stmt **ret,
	       struct err *err)
{
	struct db_stmt *st;

	if (enter(db, err) == -1)
		return -1;
	for (st = db->stmts; st && st->sql != sql; st = st->next)
		;
	if (!st) {
		st = mem_alloc(sizeof(*st));
		st->db = db;
		st->sql = sql;
		st->next = db->stmts;
		db->stmts = st;
	}
	assert(!st->busy);
	if (!st->handle &&
	    leave(db, db->driver->prepare(db, sql, &st->handle, err)) == -1)
		return -1;
	st->busy = true;
	*ret = st;
	return 0;
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

int db_step(struct db_stmt *st, struct err *err)
{
	struct db *db = st->db;

	if (enter(db, err) == -1)
		return -1;
	return leave(db, db->driver->step(db, st->handle, err));
}

bool db_col_null(const struct db_stmt *st, int i)
{
	return st->db->driver->col_null(st->handle, i);
}

int64_t db_col_int(const struct db_stmt *st, int i)
{
	return db_col_null(st, i) ? 0 : st->db->driver->col_int(st->handle, i);
}

const char *db_col_text(const struct db_stmt *st, int i)
{
	return db_col_null(st, i) ? NULL
				  : st->db->driver->col_text(st->handle, i);
}

const void *db_col_blob(const struct db_stmt *st, int i, size_t *ret_len)
{
	*ret_len = 0;
	if (db_col_null(st, i))
		return NULL;
	return st->db->driver->col_blob(st->handle, i, ret_len);
}

int64_t db_affected(const struct db_stmt *st)
{
	return st->db->driver->affected(st->handle);
}

void db_done(struct db_stmt *st)
{
	if (!st)
		return;
	/* Its connection may have been replaced meanwhile. */
	if (st->handle)
		st->db->driver->reset(st->handle);
	st->busy = false;
}
