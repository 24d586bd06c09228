/* SPDX-License-Identifier: MIT */
#ifndef WAITS_H
#define WAITS_H

/* How many names wait for a CA that rests, and what a person is told: the
 * same for a run and a dry run, for all names and for those given. */

#include "ca_queue.h"

struct waits {
	size_t n;
	int64_t ts_expire; /* the nearest end of one still good; 0: none is */
};

void waits_add(struct waits *w, int64_t ts_expire);
/* All that wait for C, which rests. IS_DEFAULT: rows that name no CA are its,
 * too. */
int waits_of(struct store *store, const struct ca_queue *c, bool is_default,
	     int64_t now, struct waits *ret, struct err *err) MUST_CHECK;
/* "3 names wait for the CA x, which rests until 2026-...: ca-down: ...; the
 * nearest expires 2026-..."; to be freed. */
char *waits_text(const struct waits *w, const struct ca_queue *c);

#endif
