/* SPDX-License-Identifier: MIT */
#ifndef SBUF_H
#define SBUF_H

/*
 * A growing byte string with a ceiling set at birth.
 *
 * Invariants: once anything was added, buf[len] is '\0' and buf is a C
 * string as long as no NUL was added; len never exceeds max. An addition
 * that would pass max is left out whole and `over` becomes and stays true:
 * build first, ask sbuf_over() once at the end.
 */

#include <stdbool.h>
#include "mem.h"

struct sbuf {
	char *buf; /* NULL while empty; use sbuf_str() */
	size_t len;
	size_t cap;
	size_t max;
	bool over;
};

/* MAX is the largest len allowed, 1 and up. */
void sbuf_init(struct sbuf *s, size_t max);
#define SBUF_INIT(maximum)       \
	{                        \
		.max = (maximum) \
	}
void sbuf_free(struct sbuf *s);	 /* for AUTO too; s may be reused */
void sbuf_erase(struct sbuf *s); /* as sbuf_free, but erases the content */
void sbuf_clear(struct sbuf *s); /* len = 0, over = false, memory kept */

/* What is added must not lie in S itself, which moves when it grows. */
void sbuf_add(struct sbuf *s, const void *p, size_t len);
void sbuf_adds(struct sbuf *s, const char *str);
void sbuf_addc(struct sbuf *s, char c);
void sbuf_addf(struct sbuf *s, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* STR (NULL: nothing) for a terminal: what is no printable ASCII is '?'. */
void sbuf_add_clean(struct sbuf *s, const char *str);
/* STR as a JSON string, quotes and escapes included: of what plain.h does not
 * let through, all is escaped, and what is not UTF-8 is U+FFFD. */
void sbuf_add_json(struct sbuf *s, const char *str);

bool sbuf_over(const struct sbuf *s);
const char *sbuf_str(const struct sbuf *s); /* "" while empty; borrowed */
/* The buffer, NUL-terminated, now the caller's; s is empty afterwards. */
char *sbuf_take(struct sbuf *s, size_t *ret_len);

#endif
