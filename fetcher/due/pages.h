/* SPDX-License-Identifier: MIT */
#ifndef PAGES_H
#define PAGES_H

/*
 * What is due, page by page and CA by CA: the names of a CA that rests or is
 * slow stand in nobody's way, cost no query and are not written to. Memory is
 * that of a page of each CA, however many rows are due.
 */

#include "certrepo_conf.h"
#include "pick.h"

struct pages;

/* Rows that name the same CA of CONF are one queue, those that name none are
 * another, and all that name a CA which CONF does not have are the last.
 * ERR_LIMIT when CONF has more than STORE_CAS_MAX. */
int pages_new(const struct certrepo_conf *conf, struct store *store,
	      int64_t now, struct pages **ret, struct err *err) MUST_CHECK;
void pages_free(struct pages **p);

size_t pages_n(const struct pages *p);
/* NULL: none named. Of the queue of unknown ones: what one of them names. */
const char *pages_ca(const struct pages *p, size_t i);
/* How many name a CA that CONF does not have, and one of them, in a sentence,
 * the caller's; NULL when fewer than two do, which speak for themselves. */
char *pages_unknown_text(const struct pages *p);
/* Warn in those words, once; why, each of them says in its row. */
void pages_tell_unknown(const struct pages *p, bool *told);
/* Is there more? */
bool pages_left(const struct pages *p, size_t i);
/* The next page of that queue, for FN. */
int pages_pick(struct pages *p, size_t i, const struct pick_opts *opts,
	       bool (*met)(const char *name, void *arg), pick_fn *fn, void *arg,
	       struct err *err) MUST_CHECK;
/* All of it, for who only looks. */
int pages_pick_all(struct pages *p, size_t i, const struct pick_opts *opts,
		   pick_fn *fn, void *arg, struct err *err) MUST_CHECK;

#endif
