/* SPDX-License-Identifier: MIT */
#ifndef WAY_H
#define WAY_H

#include "arena.h"

/* Of PATH, absolute: the first folder on the way to it that USER, by name, may
 * not enter, by its mode: "USER cannot get into FOLDER (OWNER:GROUP, 0700)",
 * made in ARENA. NULL: there is none, or it is not known. For advice alone. */
const char *way_barred(const char *path, const char *user, struct arena *arena);

#endif
