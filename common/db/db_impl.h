/* SPDX-License-Identifier: MIT */
#ifndef DB_IMPL_H
#define DB_IMPL_H

/*
 * What a driver provides. Included by db.c and the drivers only. The
 * contract of each member is that of the function of its name in db.h.
 * A driver that fails sets db->fault beside err; db.c has set it to DB_OK
 * before the call. Bindings cannot fail: a driver that cannot bind says so
 * at the next step.
 */

#include "db.h"

/* What a column of the current row is. */
enum db_type { DB_NULL, DB_INT, DB_BYTES, DB_OTHER };

/* A value as text or bytes: a NUL byte follows it. P is NULL when it cannot
 * be had (its length may be known even so). */
struct db_bytes {
	const char *p;
	size_t len;
};

struct db_driver {
	const char *dialect;
	/* The driver itself keeps to db->until_ms in open; elsewhere between
	 * arm and disarm, which come around all other calls: around one, or
	 * around all of a statement. */
	int (*open)(struct db *db, bool create, struct err *err);
	void (*close)(struct db *db); /* also of what open left half done */
	int (*arm)(struct db *db, struct err *err); /* fails without time */
	void (*disarm)(struct db *db);
	void (*cut)(struct db *db); /* nothing more may be waited for */
	int64_t (*time_limit)(const struct store_conf *conf); /* s */
	int (*begin)(struct db *db, struct err *err);
	int (*begin_read)(struct db *db, struct err *err);
	int (*commit)(struct db *db, struct err *err);
	void (*rollback)(struct db *db); /* may close instead */
	int (*script)(struct db *db, const char *sql, struct err *err);
	int (*prepare)(struct db *db, const char *sql, void **ret,
		       struct err *err);
	void (*finalize)(void *stmt);
	void (*bind_null)(void *stmt, int i);
	void (*bind_int)(void *stmt, int i, int64_t v);
	void (*bind_text)(void *stmt, int i, const char *s);
	void (*bind_blob)(void *stmt, int i, const void *p, size_t len);
	int (*step)(struct db *db, void *stmt, struct err *err);
	/* After the first step; 0: no result. */
	unsigned (*n_cols)(void *stmt);
	const char *(*col_name)(void *stmt, int i); /* or NULL */
	enum db_type (*col_type)(void *stmt, int i);
	int64_t (*col_int)(void *stmt, int i);		/* a DB_INT */
	struct db_bytes (*col_text)(void *stmt, int i); /* a DB_BYTES */
	struct db_bytes (*col_blob)(void *stmt, int i); /* a DB_BYTES */
	int64_t (*affected)(void *stmt);
	/* Without reading more than one row: -1 when the connection cannot be
	 * used after that. */
	int (*reset)(void *stmt);
};

extern const struct db_driver db_sqlite;
extern const struct db_driver db_mariadb; /* and db_apart.h */

/* For messages: "3 s, which is all the time ...". */
struct db_limit {
	char text[80];
};
const char *db_limit_text(const struct db *db, struct db_limit *l);

struct db {
	const struct db_driver *driver;
	const struct store_conf *conf; /* borrowed */
	void *handle;		       /* the driver's; NULL: not connected */
	int fd;			       /* its socket, -1: none, or unknown */
	enum db_fault fault;
	enum db_use use; /* as given to db_open; DB_CREATE only once */
	bool hurry;
	bool in_tx;
	bool broken; /* the transaction is gone, nothing more may run in it */
	bool armed;  /* the driver's arm was called */
	int64_t left_ms;  /* of the time, when it was not */
	int64_t until_ms; /* and when: its end, by clock_mono_ms() */
	int64_t busy_ms;  /* SQLite: since when it waits for a lock */
	const char *user; /* SQLite: whose rights it has; NULL: ours */
	char *name;
	struct db_stmt *stmts; /* the kept statements, a list */
	struct db_stmt *open;  /* the one between db_prepare and db_done */
};

#endif
