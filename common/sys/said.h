/* SPDX-License-Identifier: MIT */
#ifndef SAID_H
#define SAID_H

/* What a command printed. Of much, the first and the last bytes are kept:
 * what a program says of its trouble is at either end. */

#include "sbuf.h"

#define SAID_HEAD_MAX 4096
#define SAID_TAIL_MAX 4096
#define SAID_MAX      (SAID_HEAD_MAX + SAID_TAIL_MAX + 64)
#define SAID_LINE_MAX 400 /* of what goes into a message */

struct said {
	size_t total; /* bytes so far */
	size_t n;     /* in head */
	char head[SAID_HEAD_MAX];
	char tail[SAID_TAIL_MAX]; /* a ring, of what did not go into head */
};

void said_add(struct said *s, const char *p, size_t len);
/* All of it, with a line that says so where some was left out. RET has room
 * for SAID_MAX. */
void said_text(const struct said *s, struct sbuf *ret);
/* TEXT in one line of at most SAID_LINE_MAX bytes, " / " between its lines:
 * all that say something, or the first and the last ones; between quotes, see
 * plain_quoted(), or "" when it says nothing. The caller's. */
char *said_line(const char *text);

#endif
