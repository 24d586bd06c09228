/* SPDX-License-Identifier: MIT */
#ifndef NAMEMAP_H
#define NAMEMAP_H

/* Names and a small number each: which names a run has met, and what became
 * of them. */

#include <stddef.h>

struct namemap;

struct namemap *namemap_new(void);
void namemap_free(struct namemap **m);
void namemap_clear(struct namemap *m);
/* VALUE is 0 and up. The name is copied on first use. */
void namemap_put(struct namemap *m, const char *name, int value);
int namemap_get(const struct namemap *m, const char *name); /* -1: absent */
size_t namemap_count(const struct namemap *m, int value);

#endif
