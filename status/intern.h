/* SPDX-License-Identifier: MIT */
#ifndef INTERN_H
#define INTERN_H

/*
 * Strings that many have in common, kept once, and places of strings in a
 * table. Hosts choose what they are called: the hash has a key of this run.
 */

#include <stdint.h>
#include "arena.h"

struct intern;

struct intern *intern_new(struct arena *a); /* strings live in A */
void intern_free(struct intern **in);	    /* the strings stay */
/* The one that is like S; NULL for NULL. Such may be compared as pointers. */
const char *intern_str(struct intern *in, const char *s);
/* The same of LEN bytes that are compared as they are; in A, aligned. */
const void *intern_bytes(struct intern *in, const void *p, size_t len);

/* Places by the string that is there: KEY gives that of place I of TABLE. */
typedef const char *places_key(const void *table, uint32_t i);
struct places {
	uint32_t *v; /* place + 1 */
	size_t cap, n;
};
#define PLACES_NONE UINT32_MAX
uint32_t places_find(const struct places *p, const void *table, places_key *key,
		     const char *s);
/* That is not there yet. */
void places_add(struct places *p, const void *table, places_key *key,
		uint32_t place);
void places_free(struct places *p);

#endif
