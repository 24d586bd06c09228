/* SPDX-License-Identifier: MIT */
#ifndef DB_APART_H
#define DB_APART_H

/*
 * SQLite for root. Where all around the file is root's, it is db_sqlite (which
 * the driver then becomes); where it belongs to another user, a process of
 * that user's opens it (db_child.h), and is asked here. What it answers is a
 * peer's word: that user may hold it, end it, or be it. He gets his store
 * read, not a right of ours, nor more of our time than the setting `timeout`
 * and half a second.
 *
 * Statements are prepared with their first step: what fails there is told
 * then. Included by db.c and tests only.
 */

#include "db_impl.h"

extern const struct db_driver db_apart;

#endif
