/* SPDX-License-Identifier: MIT */
#ifndef LOCKFILE_H
#define LOCKFILE_H

/* One running instance: flock(2) on a file that stays. The kernel lets go
 * of the lock when the process ends, however it ends; children do not
 * inherit it (close-on-exec). */

#include "err.h"

struct lockfile;

/* Held by another: ERR_BUSY, the message names its pid and, when it has held
 * it for an hour, since when and what to do. */
int lockfile_acquire(const char *path, struct lockfile **ret,
		     struct err *err) MUST_CHECK;
void lockfile_free(struct lockfile **l); /* lets go; accepts NULL */

#endif
