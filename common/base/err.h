/* SPDX-License-Identifier: MIT */
#ifndef ERR_H
#define ERR_H

/*
 * One failure: its kind tells the program what to do, its message tells a
 * person what happened, where, and what to do about it. Owned by the
 * caller, on its stack; nothing in it is allocated.
 *
 *	struct err err = ERR_INIT;
 *	if (thing_do(t, &err) == -1)
 *		return err_wrap(&err, "renew %s", name);
 *
 * Functions return 0 or -1 (lookups 1, 0 or -1) and fill err exactly when
 * they return -1. The message is one line, without a full stop at its end;
 * control characters and bytes over 0x7e that come from a peer are replaced
 * by '?', so that it may be logged and mailed as it is. It is cut at its
 * size, never overflows.
 */

#include "mem.h"

enum err_kind {
	ERR_NONE = 0,
	ERR_USAGE,	 /* the command line is wrong */
	ERR_CONFIG,	 /* a configuration or profile file is wrong */
	ERR_UNAVAILABLE, /* store or network cannot be reached, try later */
	ERR_BUSY,	 /* another instance holds the lock */
	ERR_INPUT,	 /* a peer's or person's data is malformed or refused */
	ERR_CONFLICT,	 /* somebody else changed it first */
	ERR_LOCKED,	 /* somebody else has it, try that one later */
	ERR_LIMIT,	 /* larger than we accept */
	ERR_TIMEOUT,
	ERR_IO,	      /* a file or a system call */
	ERR_CHILD,    /* a command failed */
	ERR_INTERNAL, /* should not happen: our bug or a library's */
};

struct err {
	enum err_kind kind;
	char msg[1000]; /* a command, what it said, and what was done then */
};

#define ERR_INIT                 \
	{                        \
		.kind = ERR_NONE \
	}

/* Set kind and message; returns -1, for `return err_set(...)`. err may be
 * NULL where a caller does not care. */
int err_set(struct err *err, enum err_kind kind, const char *fmt, ...)
	PRINTF_LIKE(3, 4);
/* The same, followed by ": " and strerror(errno) as errno was on entry. */
int err_errno(struct err *err, enum err_kind kind, const char *fmt, ...)
	PRINTF_LIKE(3, 4);
/* Put "context: " in front of the message, keep the kind; returns -1. */
int err_wrap(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);
void err_clear(struct err *err);

/* The sysexits-style status a program ends with for this kind: 64 usage,
 * 69 unavailable or locked, 75 busy, 78 configuration, else 1. */
int err_exit_status(enum err_kind kind);

#endif
