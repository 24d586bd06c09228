/* SPDX-License-Identifier: MIT */
#ifndef NEAR_H
#define NEAR_H

/* Which name was meant by one that there is not. */

#include <stdbool.h>
#include <stddef.h>

struct near {
	const char *name; /* as it was written */
	const char *best; /* the nearest so far, or NULL */
	size_t d;	  /* only what has fewer other letters is nearer */
};

/* For words, of which there are few: up to half of NAME, which is borrowed, may
 * be other letters. */
struct near near_word(const char *name);
/* For names like many others: two, or one in eight. */
struct near near_name(const char *name);
/* Is KNOWN, which is borrowed, the nearest so far? Then it is N->best. */
bool near_try(struct near *n, const char *known);
/* "; is --force meant?", where BEFORE is "--"; "" when nothing is near. To be
 * freed. */
char *near_text(const struct near *n, const char *before);

#endif
