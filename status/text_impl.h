/* SPDX-License-Identifier: MIT */
#ifndef TEXT_IMPL_H
#define TEXT_IMPL_H

/* What text.c and detail.c share: lines for people. */

#include <stdio.h>
#include "why.h"

#define TEXT_SENTENCE 8000

/* SENTENCE below INDENT blanks, broken between words at COLUMNS. */
void text_wrap(FILE *f, int columns, int indent, const char *sentence);
/* "www.example.org: expired, waits for a person", and SENTENCE below it. */
void text_verdict(FILE *f, int columns, const char *what,
		  const struct status_verdict *v, const struct sbuf *sentence);
/* What could not be read, a paragraph of each. */
void text_unread(const struct status_model *m, int columns, FILE *f);
/* CAs that are asked, or were, with what is to come. */
void text_cas(const struct status_model *m, int columns, FILE *f);
void text_fetchers(const struct status_model *m, int columns, FILE *f);

#endif
