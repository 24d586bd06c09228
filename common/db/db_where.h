/* SPDX-License-Identifier: MIT */
#ifndef DB_WHERE_H
#define DB_WHERE_H

/*
 * Whose a SQLite file is, as root sees it. Beside the file SQLite obeys what
 * others left (a rollback journal has a file of any name deleted), and blocks
 * or dies of what they do to it meanwhile. So root opens one itself only where
 * nobody else can write; where all is one user's, a process of that user does
 * (db_apart.h); and where several can, nobody.
 */

#include <sys/types.h>
#include "err.h"

struct db_where {
	uid_t uid;  /* 0: the file is ours, and ours alone */
	char *path; /* the real one, absolute; the caller's */
};

/* Root only. 1; 0: the folder of PATH, or one above, is missing; -1:
 * ERR_CONFIG names what must be changed, and the command, or what place_open()
 * says. Nothing but folders is opened. */
int db_where(const char *path, struct db_where *ret,
	     struct err *err) MUST_CHECK;

#endif
