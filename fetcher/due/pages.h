/* SPDX-License-Identifier: MIT */
#ifndef PAGES_H
#define PAGES_H

/*
 * What is due, page by page and CA by CA: the names of a CA that rests or is
 * slow stand in nobody's way, cost no query and are not written to. Memory is
 * that of a page of each CA, however many rows are due.
 */

#include "pick.h"

struct pages;

/* Rows that name the same CA, in the same words, are one queue. */
int pages_new(struct store *store, int64_t now, struct pages **ret,
	      struct err *err) MUST_CHECK;
void pages_free(struct pages **p);

size_t pages_n(const struct pages *p);
const char *pages_ca(const struct pages *p, size_t i); /* NULL: none named */
/* Is there more? */
bool pages_left(const struct pages *p, size_t i);
/* The next page of that queue, for FN. */
int pages_pick(struct pages *p, size_t i, const struct pick_opts *opts,
	       bool (*met)(const char *name, void *arg), pick_fn *fn, void *arg,
	       struct err *err) MUST_CHECK;

#endif
