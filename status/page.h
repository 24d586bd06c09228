/* SPDX-License-Identifier: MIT */
#ifndef PAGE_H
#define PAGE_H

/*
 * An HTML page as it is written: what others said is escaped here, and
 * nowhere else, and it is counted, for a page has an end.
 */

#include <stdio.h>
#include "model.h"

struct page {
	const struct status_model *m;
	FILE *f;
	size_t bytes; /* written */
};

/* Made of status/page.css and page.js. */
extern const char page_css[], page_js[];

/* Markup of ours: FMT is a literal, and what it prints are numbers and words of
 * ours. */
void page_f(struct page *p, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* TEXT, which may be NULL, as characters between tags or in an attribute's
 * double quotes. */
void page_text(struct page *p, const char *text);
/* The same of a day and a time, "2026-12-01 03:14", UTC. */
void page_time(struct page *p, int64_t t);

/* svg.c: the two pictures, each with its numbers as a table. */
void page_pictures(struct page *p);

#endif
