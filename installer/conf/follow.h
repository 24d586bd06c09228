/* SPDX-License-Identifier: MIT */
#ifndef FOLLOW_H
#define FOLLOW_H

/* Symbolic links on the way to a file that is to be replaced: what they lead
 * to is, they stay. Whoever can make a link decides what root overwrites, so
 * only root's and our own are followed. */

#include "arena.h"
#include "err.h"

#define FOLLOW_MAX 16 /* links, one leading to the next */

/* Where PATH leads; it need not be there.
 *
 * ROOT is "", and only links of PATH's last name are followed, to the end:
 * the folder before it is what the system takes it for. PATH itself when that
 * is no link.
 *
 * Or ROOT is a folder with which PATH begins, that of a chroot: below it all
 * links are followed, and they and ".." lead where they lead in there, never
 * out.
 *
 * ERR_IO: a link in a folder that others can write, or somebody else's, or
 * too many. *ret is in ARENA. */
int follow_path(const char *root, const char *path, struct arena *arena,
		const char **ret, struct err *err) MUST_CHECK;

#endif
