/* SPDX-License-Identifier: MIT */
#ifndef HTTP_LINK_H
#define HTTP_LINK_H

/* The header Link (RFC 8288 section 3). Pure. */

#include "arena.h"

/* The next reference in *VALUE, the value of one such header, whose relation
 * is REL (among others, in whatever case); in ARENA, as it stands between the
 * angles: http_join() makes a URL of it. NULL when there is no more. *VALUE
 * goes on behind it. Passed over: what is about another resource (anchor). What
 * cannot be read ends the value. */
const char *http_link_next(const char **value, const char *rel,
			   struct arena *arena);

#endif
