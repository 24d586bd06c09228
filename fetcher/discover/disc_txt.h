/* SPDX-License-Identifier: MIT */
#ifndef DISC_TXT_H
#define DISC_TXT_H

/* What the TXT record of a service instance says (RFC 6763 section 6): strings
 * KEY=VALUE, of which the first of a key counts, whatever its case. Pure. */

#include <stdbool.h>
#include <stddef.h>
#include "arena.h"

struct disc_txt {
	/* NULL: not there; "": there without a value; other people's words */
	const char *path; /* of the directory */
	const char *i;	  /* identifier types it has certificates for */
	const char *v;	  /* challenge types it offers */
};

/* STRINGS of LEN bytes, each after its length, as dns_rr.strings has them;
 * what is malformed ends it. Values in ARENA, one with a NUL in it is as if it
 * were not there. */
void disc_txt_parse(const unsigned char *strings, size_t len,
		    struct arena *arena, struct disc_txt *ret);

/* Is WORD in LIST, words with commas between them, whatever their case? */
bool disc_txt_lists(const char *list, const char *word);
/* Can this be the path of a URL as it stands? It begins with "/" and has only
 * the characters that RFC 3986 allows there, or in a query. */
bool disc_txt_path_ok(const char *path);

#endif
