/* SPDX-License-Identifier: MIT */
#ifndef DB_H
#define DB_H

/*
 * A small interface over SQL databases: prepared statements with bound `?`
 * and typed columns, transactions, affected rows. Only the store's own files
 * (store*.c) include it. Dialect lives in db_sqlite.c and db_mariadb.c and in
 * the migrations, and nowhere else.
 */

#include <stdbool.h>
#include <stdint.h>
#include "err.h"
#include "store_conf.h"

struct db;
struct db_stmt;

/* How a failure is to be met, beside the err it fills. */
enum db_fault {
	DB_OK = 0,
	DB_FAULT_OTHER,	    /* do not repeat */
	DB_FAULT_RETRY,	    /* rolled back by the database (deadlock, lock wait,
			     * busy, Galera not ready): repeat the transaction */
	DB_FAULT_LOST,	    /* the connection is gone: reconnect; whether the
			     * last statement or commit took effect is unknown */
	DB_FAULT_NO_TABLE,  /* a table or view is missing (ERR_CONFIG) */
	DB_FAULT_DUPLICATE, /* a unique key is taken (ERR_CONFLICT) */
	DB_FAULT_LOCKED,    /* DB_LOOP, DB_BRIEF: somebody has the row
			     * (ERR_LOCKED) */
	DB_FAULT_ENDED,	    /* OTHER, and the transaction was rolled back
			     * (SQLite: I/O error, disk full) */
	DB_FAULT_NO_ROUTINE, /* MariaDB: the procedure that was called is
			      * missing, or may not be (ERR_CONFIG) */
};

enum db_use {
	DB_WAIT,   /* for locks, as long as there is time */
	DB_CREATE, /* for a migration; makes a SQLite file that is missing */
	DB_BRIEF,  /* DB_WAIT, but for a row of MariaDB two seconds */
	DB_LOOP,   /* nothing waits for long, see below */
	DB_HOST,   /* DB_WAIT; a Galera node may show what was, for a moment */
};

/*
 * Time: what is done from db_open or db_renew on may take no more than the
 * setting `timeout` in all, connecting and all statements; the caller's own
 * time between statements does not count. After that each call fails with
 * ERR_UNAVAILABLE (the statement under way with DB_FAULT_LOST) until
 * db_renew(). DB_CREATE has an hour. The look-up of a host's name is not
 * bounded by it.
 *
 * DB_LOOP has, once it is open, three seconds or that setting, whichever is
 * less, and one second after db_hurry(). A row that another transaction has
 * locked is not waited for: DB_FAULT_LOCKED, at once, and the transaction is
 * over as after RETRY. A whole table (LOCK TABLES, ALTER TABLE) is waited for
 * as long as there is time, and so is SQLite's one lock: it has no others,
 * and who is in its way is gone in no time, or is away with the whole store.
 * DB_BRIEF is the same, but that a row is waited for, two seconds, and that the
 * time is that of the setting.
 */
int db_open(const struct store_conf *conf, enum db_use use, struct db **ret,
	    struct err *err) MUST_CHECK;
void db_renew(struct db *db);
void db_hurry(struct db *db);
int64_t db_left_ms(const struct db *db);
void db_pause(struct db *db, int ms); /* waiting that counts */
void db_close(struct db **db);
/* Replace a lost connection. */
int db_reconnect(struct db *db, struct err *err) MUST_CHECK;
enum db_fault db_fault(const struct db *db); /* of the last call */
const char *db_dialect(const struct db *db); /* "sqlite" or "mariadb" */
/* For messages: "/var/lib/x.db", "mariadb certrepo@db.example.org". */
const char *db_name(const struct db *db);

/* A fault RETRY, LOST, LOCKED or ENDED inside a transaction ends it: every
 * further call fails, the fault stays, until db_rollback(). */
int db_begin(struct db *db, struct err *err) MUST_CHECK; /* for writing */
/* For reading alone: all of it sees the database as it is at the first
 * statement, and nobody waits for it. It ends with one of these, too. */
int db_begin_read(struct db *db, struct err *err) MUST_CHECK;
int db_commit(struct db *db, struct err *err) MUST_CHECK;
void db_rollback(struct db *db); /* harmless outside a transaction */

/* Statements without parameters, ';' between them: migrations. */
int db_script(struct db *db, const char *sql, struct err *err) MUST_CHECK;

/*
 * SQL must be a string literal that lives as long as the program: prepared
 * statements are kept by its address and used again. One statement at a time,
 * from db_prepare to db_done; db_begin and the like come in between neither.
 *
 * COLUMNS says what a row must look like, a letter for each column: `i` an
 * integer, `t` text, `b` bytes, and I, T or B where NULL is not allowed; ""
 * for a statement without a result. What comes out of a database is a peer's
 * data: db_step gives ERR_INPUT, which names the column, when there are more
 * or fewer of them, or they are something else, and ERR_LIMIT for what is
 * beyond these limits. A CALL has the one result of its procedure.
 *
 * Who goes through the rows of all names must not end at one of them (SQLite
 * lets a cell hold anything): `n` is a number, read as 0 where it is none, and
 * `w` words, read as "" where they are none or more than DB_WORDS_MAX bytes,
 * up to a NUL byte; `l` is the same of a long text, DB_VALUE_MAX.
 */
#define DB_COLUMNS_MAX 64
#define DB_VALUE_MAX   (1u << 17) /* bytes; the largest of ours has 2^16 */
#define DB_WORDS_MAX   1024	  /* the longest of ours are URLs, 1000 */
#define DB_ROW_MAX     (1u << 20) /* bytes */
#define DB_ROWS_MAX    200000u
#define DB_ANSWER_MAX  (64u << 20) /* bytes of all rows */
int db_prepare(struct db *db, const char *sql, const char *columns,
	       struct db_stmt **ret, struct err *err) MUST_CHECK;
/* Narrower ones, until db_done. Rows are read one by one, in any case, and
 * none is kept here. */
void db_limit(struct db_stmt *st, size_t rows, size_t bytes);
/* Parameters from 1 up, bound before the first step. Text and blobs are
 * borrowed until db_done(). */
void db_bind_int(struct db_stmt *st, int i, int64_t v);
void db_bind_text(struct db_stmt *st, int i, const char *s); /* NULL is NULL */
void db_bind_blob(struct db_stmt *st, int i, const void *p, size_t len);
/* 1 a row, 0 no more, -1. A first step executes. */
int db_step(struct db_stmt *st, struct err *err) MUST_CHECK;
/* Columns from 0 up, of the current row, each by the letter it has. Pointers
 * live until the next step. Text holds no NUL byte. */
bool db_col_null(const struct db_stmt *st, int i);
int64_t db_col_int(const struct db_stmt *st, int i);	  /* NULL is 0 */
const char *db_col_text(const struct db_stmt *st, int i); /* NULL is NULL */
const void *db_col_blob(const struct db_stmt *st, int i, size_t *ret_len);
/* Rows matched by an UPDATE (also those it left the same), inserted or
 * deleted. */
int64_t db_affected(const struct db_stmt *st);
/* Ready for its next use; accepts NULL. Who leaves more than a row unread
 * gives up the connection: the next call finds it lost. */
void db_done(struct db_stmt *st);

#endif
