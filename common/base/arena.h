/* SPDX-License-Identifier: MIT */
#ifndef ARENA_H
#define ARENA_H

/*
 * Many small allocations with one lifetime: a configuration, a row, an
 * order. Freed all at once; nothing in an arena is freed singly. Never
 * returns NULL (see mem.h). Alignment is that of max_align_t.
 */

#include "mem.h"

struct arena;

struct arena *arena_new(void);
void arena_free(struct arena **a); /* accepts NULL, sets NULL */
/* Forget everything allocated, keep one block for reuse. */
void arena_clear(struct arena *a);

void *arena_alloc(struct arena *a, size_t size); /* zeroed */
void *arena_array(struct arena *a, size_t count, size_t size);
char *arena_strdup(struct arena *a, const char *s); /* NULL gives NULL */
char *arena_strndup(struct arena *a, const char *s, size_t len);
void *arena_dup(struct arena *a, const void *p, size_t len);
char *arena_printf(struct arena *a, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif
