/* SPDX-License-Identifier: MIT */
#ifndef STRLIST_H
#define STRLIST_H

/* A list of strings of its own. v[n] is always NULL, so v serves as argv
 * once something was added. */

#include <stdbool.h>
#include "mem.h"

struct strlist {
	char **v; /* NULL while empty */
	size_t n;
	size_t cap;
};

#define STRLIST_INIT      \
	{                 \
		.v = NULL \
	}
void strlist_free(struct strlist *l); /* for AUTO too; may be reused */
void strlist_add(struct strlist *l, const char *s);
void strlist_addf(struct strlist *l, const char *fmt, ...) PRINTF_LIKE(2, 3);
bool strlist_has(const struct strlist *l, const char *s); /* exact */
void strlist_sort_unique(struct strlist *l);		  /* byte order */
/* "a, b, c", the caller's. */
char *strlist_join(const struct strlist *l, const char *separator);

#endif
