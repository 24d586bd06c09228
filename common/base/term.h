/* SPDX-License-Identifier: MIT */
#ifndef TERM_H
#define TERM_H

/* What only a person at a terminal gets: colours, and a line of progress on
 * stderr. Elsewhere all of this is nothing at all. */

#include <stdbool.h>
#include <stdio.h>

enum term_colour { TERM_GOOD, TERM_WARN, TERM_BAD };

/* What turns a colour on, and all off again: to be printed to STREAM. "" where
 * that is no terminal, TERM is unset or "dumb", or NO_COLOR is set and not
 * empty (no-color.org). */
const char *term_on(FILE *stream, enum term_colour colour);
const char *term_off(FILE *stream);

/* How wide STREAM is; 80 where that is no terminal. */
int term_columns(FILE *stream);

/* Is it worth the while to work out a line of progress now? A few times a
 * second, when stderr is a terminal. */
bool term_wants_progress(void);
/* In the place of the line before it; cut to what the terminal is wide. */
void term_progress(const char *fmt, ...)
	__attribute__((__format__(__printf__, 1, 2)));
/* Takes it away: before anything else is printed, and at the end. What is
 * logged does it by itself. */
void term_wipe(void);

#endif
