/* SPDX-License-Identifier: MIT */
#ifndef DB_PARENT_H
#define DB_PARENT_H

/*
 * The child of db_apart.c as its parent sees it: a peer that its user may
 * hold, end or speak for. Whatever it does or does not, each call here ends,
 * half a second after db->until_ms at the latest, with an answer that adds up
 * or with DB_FAULT_LOST and the child killed. The peer is db->handle.
 */

#include "db_impl.h"
#include "db_where.h"
#include "db_wire.h"

/* A child with the driver INNER, and with the rights of WHERE: at once, or, of
 * a server, once it is connected. Its first request is to be DB_WIRE_OPEN. */
int db_parent_start(struct db *db, const struct db_driver *inner,
		    const struct db_where *where, struct err *err) MUST_CHECK;
/* Accepts none. The child gets a second to write back what it has; no process
 * and no descriptor is left. */
void db_parent_close(struct db *db);
bool db_parent_there(const struct db *db); /* it was not lost */
uint32_t db_parent_new_id(struct db *db);  /* for a statement */

/* Begin a request; add its fields to what is returned, then one of the
 * following sends it. */
struct sbuf *db_parent_ask(struct db *db, enum db_wire_op op);
/* 0 or -1. What else the reply says is in *db_parent_rest(). */
int db_parent_answer(struct db *db, struct err *err) MUST_CHECK;
/* Empty from the next request on, which may come before all is read. */
struct db_wire *db_parent_rest(struct db *db);
/* The same, where it may say nothing else: 0 or -1. */
int db_parent_done(struct db *db, struct err *err) MUST_CHECK;
/* A whole request that has an id and no reply; -1: lost. */
int db_parent_tell(struct db *db, enum db_wire_op op, uint32_t id);
/* Its reply is none of a child of ours: end it. -1, for return. */
int db_parent_odd(struct db *db, struct err *err);

#endif
