/* SPDX-License-Identifier: MIT */
#ifndef DB_APART_H
#define DB_APART_H

/*
 * The store for root, by a process that has fewer rights, less memory and no
 * more time than it needs.
 *
 * Of SQLite: where all around the file is root's, it is db_sqlite (which
 * the driver then becomes); where it belongs to another user, a process of
 * that user's opens it (db_child.h), and is asked here. What it answers is a
 * peer's word: that user may hold it, end it, or be it. He gets his store
 * read, not a right of ours, nor more of our time than the setting `timeout`
 * and half a second.
 *
 * Of MariaDB: the process connects, for which it reads root's files, and then
 * has an id of its own. What a server says is taken apart by a library that
 * believes much of it: it may crash there, or never end.
 *
 * Statements are prepared with their first step: what fails there is told
 * then. Included by db.c and tests only.
 */

#include "db_impl.h"

extern const struct db_driver db_apart, db_apart_server;

#endif
