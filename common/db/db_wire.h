/* SPDX-License-Identifier: MIT */
#ifndef DB_WIRE_H
#define DB_WIRE_H

/*
 * What db_apart.c and its child say to each other: messages on a stream
 * socket, each four bytes of length and what they count, in the order of this
 * machine. Integers have their fixed size, bytes their length before them and
 * a spare byte behind, which becomes the NUL when they are read. Whoever reads
 * takes nothing for granted: what does not add up is DB_WIRE_ODD.
 */

#include <stdbool.h>
#include <stdint.h>
#include "sbuf.h"

/* What a message holds at most. A request: the SQL of a migration, or a row's
 * parameters. A reply: see db_child.c. */
#define DB_WIRE_REQUEST_MAX (8u << 20)
#define DB_WIRE_REPLY_MAX   ((1u << 20) + (1u << 18))
#define DB_WIRE_ROWS	    (1u << 16) /* bytes of rows, then no more of them */
#define DB_WIRE_NAME_MAX    64	       /* bytes of a column's name */
#define DB_WIRE_TEXT_MAX    1000       /* bytes of what went wrong */

/* A request: op, the end of the time (i64, by clock_mono_ms(), which both
 * share), and fields:
 *	OPEN	  u8 create
 *	BEGIN, BEGIN_READ, COMMIT, ROLLBACK
 *	SCRIPT	  bytes sql
 *	FIRST	  u32 id, bytes sql, u32 n, n of (u32 index, u8 type, value)
 *	NEXT, RESET	  u32 id
 *	FINALIZE  u32 id; without a reply
 * A value is by its type, enum db_type: of DB_INT an i64, of DB_BYTES bytes,
 * else nothing. The SQL of an id that is known is not looked at.
 *
 * A reply: u8 result, u8 fault, and fields: of ERROR u8 kind, bytes text; of
 * FIRST u32 number of columns, bytes for each name; of FIRST and NEXT then
 * items, each with u8 what it is: a ROW, and of each column u8 type and its
 * value, where DB_BYTES are i64 length, u8 whether they follow, bytes; and last
 * MORE, to be asked for by NEXT, or END, i64 affected.
 * To FIRST there comes one row at most, since many want no more; to NEXT as
 * many as are worth the way, or what went wrong with one of them. */
enum db_wire_op {
	DB_WIRE_OPEN = 1,
	DB_WIRE_BEGIN,
	DB_WIRE_COMMIT,
	DB_WIRE_ROLLBACK,
	DB_WIRE_SCRIPT,
	DB_WIRE_FIRST,
	DB_WIRE_NEXT,
	DB_WIRE_RESET,
	DB_WIRE_FINALIZE,
	DB_WIRE_BEGIN_READ,
};
enum db_wire_result { DB_WIRE_DONE, DB_WIRE_ERROR };
enum db_wire_item { DB_WIRE_END, DB_WIRE_ROW, DB_WIRE_MORE };

/* --- building and taking apart --- */

void db_wire_start(struct sbuf *s); /* empty, but for room for the length */
void db_wire_u8(struct sbuf *s, unsigned int v);
void db_wire_u32(struct sbuf *s, uint32_t v);
void db_wire_i64(struct sbuf *s, int64_t v);
void db_wire_bytes(struct sbuf *s, const void *p, size_t len);

/* What is left of a message; BAD once more was wanted than there is, and all
 * that is got then is 0 or "". */
struct db_wire {
	char *p;
	size_t left;
	bool bad;
};
unsigned int db_wire_get_u8(struct db_wire *w);
uint32_t db_wire_get_u32(struct db_wire *w);
int64_t db_wire_get_i64(struct db_wire *w);
/* Borrowed from the message, a NUL behind; more than MAX is BAD. */
const char *db_wire_get_bytes(struct db_wire *w, size_t max, size_t *ret_len);

/* --- sending and receiving --- */

enum db_wire_end {
	DB_WIRE_OK,
	DB_WIRE_LATE, /* not by UNTIL_MS of clock_mono_ms() */
	DB_WIRE_GONE, /* the other side is */
	DB_WIRE_ODD,  /* longer than MAX, or empty */
};

/* A buffer for messages, free(3) p. */
struct db_wire_buf {
	char *p;
	size_t cap;
};

/* The message in S, which was begun with db_wire_start(). No SIGPIPE. */
enum db_wire_end db_wire_send(int fd, struct sbuf *s, int64_t until_ms);
/* One message, whole, into BUF; *ret points into it. A slow writer gets no
 * more time than a silent one. */
enum db_wire_end db_wire_receive(int fd, struct db_wire_buf *buf, size_t max,
				 int64_t until_ms, struct db_wire *ret);

#endif
