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

struct db_driver {
	const char *dialect;
	int (*open)(struct db *db, bool create, struct err *err);
	void (*close)(struct db *db); /* also of what open left half done */
	int (*begin)(struct db *db, struct err *err);
	int (*commit)(struct db *db, struct err *err);
	void (*rollback)(struct db *db);
	int (*script)(struct db *db, const char *sql, struct err *err);
	int (*prepare)(struct db *db, const char *sql, void **ret,
		       struct err *err);
	void (*finalize)(void *stmt);
	void (*bind_null)(void *stmt, int i);
	void (*bind_int)(void *stmt, int i, int64_t v);
	void (*bind_text)(void *stmt, int i, const char *s);
	void (*bind_blob)(void *stmt, int i, const void *p, size_t len);
	int (*step)(struct db *db, void *stmt, struct err *err);
	bool (*col_null)(void *stmt, int i);
	int64_t (*col_int)(void *stmt, int i);
	const char *(*col_text)(void *stmt, int i);
	const void *(*col_blob)(void *stmt, int i, size_t *ret_len);
	int64_t (*affected)(void *stmt);
	void (*reset)(void *stmt);
};

extern const struct db_driver db_sqlite;
extern const struct db_driver db_mariadb;

struct db {
	const struct db_driver *driver;
	const struct store_conf *conf; /* borrowed */
	void *handle;		       /* the driver's; NULL: not connected */
	enum db_fault fault;
	bool in_tx;
	bool broken; /* the transaction is gone, nothing more may run in it */
	char *name;
	struct db_stmt *stmts; /* the kept statements, a list */
};

#endif
