/* SPDX-License-Identifier: MIT */
#ifndef DB_SQLITE_ERR_H
#define DB_SQLITE_ERR_H

/* The errors of SQLite, which speaks of "disk I/O error" and "unable to open
 * database file": here, which file it is, whose, and what to do. Included by
 * db_sqlite.c and tests only. */

#include "db_impl.h"

/* A call failed with RC, an extended result code. Sets db->fault; returns
 * -1. */
int db_sqlite_fail(struct db *db, int rc, struct err *err);

/* Why this process may not read and write the SQLite file PATH and make files
 * beside it, and what to do about it; "" when it may. Returns w->text. */
struct db_sqlite_why {
	char text[600];
};
const char *db_sqlite_why(const char *path, struct db_sqlite_why *w);

#endif
