/* SPDX-License-Identifier: MIT */
#ifndef OUTBOX_H
#define OUTBOX_H

/*
 * STATE_DIR/outbox: mails that wait for sendmail, each a file that is whole or
 * not there. For where no sendmail works: the program that takes mail has its
 * rights from a bit of its file, and under no_new_privs(2), which sandboxes of
 * services have, that bit does nothing. A mail is there until sendmail took it.
 */

#include <stdbool.h>
#include <stdint.h>
#include "err.h"
#include "sbuf.h"
#include "strlist.h"

#define OUTBOX_MAX	50		      /* mails */
#define OUTBOX_OWNERS	40		      /* no more for owners then */
#define OUTBOX_MAIL_MAX (4u << 20)	      /* bytes of each */
#define OUTBOX_AGE	(7 * (int64_t) 86400) /* seconds; see outbox_old() */

/* Is it so here? Never of root, who needs no bit. */
bool outbox_wanted(void);
/* "STATE_DIR/outbox", the caller's. */
char *outbox_dir(const char *state_dir);

/* Keep MAIL, whose instant is NOW; makes the folder (0700). ERR_LIMIT: there
 * are MOST. */
int outbox_put(const char *state_dir, const struct sbuf *mail, size_t most,
	       int64_t now, struct err *err) MUST_CHECK;
/* The names of those there are, the oldest first; what else lies there is not
 * looked at. No folder: none. */
int outbox_list(const char *state_dir, struct strlist *ret,
		struct err *err) MUST_CHECK;
/* When NAME was put there. */
int64_t outbox_time(const char *name);
/* NAME has waited for OUTBOX_AGE: nobody is helped by it any more. */
bool outbox_old(const char *name, int64_t now);
/* 1, or 0 when it is not there any more, -1. */
int outbox_read(const char *state_dir, const char *name, struct sbuf *ret,
		struct err *err) MUST_CHECK;
int outbox_remove(const char *state_dir, const char *name,
		  struct err *err) MUST_CHECK;

/* For who hands them over: one at a time, ERR_BUSY. Clears away what a killed
 * run left half-written. */
struct lockfile;
int outbox_lock(const char *state_dir, int64_t now, struct lockfile **ret,
		struct err *err) MUST_CHECK;

#endif
