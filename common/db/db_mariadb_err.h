/* SPDX-License-Identifier: MIT */
#ifndef DB_MARIADB_ERR_H
#define DB_MARIADB_ERR_H

/* The errors of MariaDB and of its library, in words that say which it is.
 * Included by db_mariadb.c and db_mariadb_err.c only. */

#include "db_impl.h"

/* "MariaDB at db.example.org:3306"; returns p->text. */
struct db_mariadb_place {
	char text[300];
};
const char *db_mariadb_place(const struct store_conf *c,
			     struct db_mariadb_place *p);

/* Seconds, the defaults filled in. */
int64_t db_mariadb_connect_timeout(const struct store_conf *c);
int64_t db_mariadb_timeout(const struct store_conf *c);

/* Connecting, for which there were LIMIT_MS, failed after WAITED_MS. Sets
 * db->fault; returns -1. */
int db_mariadb_refused(struct db *db, unsigned code, const char *text,
		       int64_t limit_ms, int64_t waited_ms, struct err *err);
/* Is this what the library says of an answer that is none? The connection is
 * of no use then. */
bool db_mariadb_is_garbled(unsigned code);
/* Somebody has the row. Sets db->fault; returns -1. */
int db_mariadb_locked(struct db *db, struct err *err);
/* Somebody has the table, and it was waited for. The same. */
int db_mariadb_table_locked(struct db *db, struct err *err);
/* A statement failed. Sets db->fault; returns -1. */
int db_mariadb_fail(struct db *db, unsigned code, const char *text,
		    struct err *err);

#endif
