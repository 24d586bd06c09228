/* SPDX-License-Identifier: MIT */
#ifndef PLAIN_H
#define PLAIN_H

/* Other people's text, before it goes into a line, a mail, a file or onto a
 * terminal. What moves a cursor, begins a line or is nothing at all never
 * passes: the control characters C0, DEL and C1 (U+0080 to U+009F, which
 * terminals obey in UTF-8 as well) and what is not UTF-8. */

#include <stddef.h>

/* The bytes of the character that P, which a NUL ends, begins with; 0 when
 * that is a control character or malformed (Unicode, table 3-7). */
size_t plain_len(const char *p);
/* Each byte that does not belong to such a character becomes '?'. */
void plain_utf8(char *s);
/* The same, and nothing but ASCII stays: for mails, messages that are mailed,
 * and columns. */
void plain_ascii(char *s);

/* TEXT for the middle of a sentence of ours, in ASCII and between quotes that
 * it cannot close: a '"' in it becomes '\''. Of one that is too long the end
 * is "...". RET, for use as an argument. */
#define PLAIN_QUOTED 512
const char *plain_quoted(const char *text, char ret[PLAIN_QUOTED]);

#endif
