/* SPDX-License-Identifier: MIT */
#ifndef DB_MARIADB_CONN_H
#define DB_MARIADB_CONN_H

/* Connecting to MariaDB: files, options, TLS, and the time that it may take.
 * Included by db_mariadb.c only, for the members of its driver. db->handle is a
 * MYSQL, db->fd its socket. */

#include "db_impl.h"

int db_mariadb_open(struct db *db, bool create, struct err *err);
void db_mariadb_close(struct db *db);
int db_mariadb_arm(struct db *db, struct err *err);

#endif
