/* SPDX-License-Identifier: MIT */
#ifndef STORE_CLOCK_H
#define STORE_CLOCK_H

/*
 * Instants in the store that lie ahead of now: a clock that was ahead wrote
 * them, or the one that looks is behind. (Those that no rule reaches, whatever
 * the clock, are store_far's.) All of it goes by an index and reads a page.
 */

#include "store.h"

/* Of the LIMIT enabled rows whose renewal is farthest off, the instants that
 * lie behind a row when clocks are right: the last attempt at it, and the
 * begin of its certificate. */
int store_latest(struct store *s, int64_t now, size_t limit,
		 struct arena *arena, struct store_dues *ret,
		 struct err *err) MUST_CHECK;

/* Attempts that began or ended beyond BEYOND, among the LIMIT newest with a
 * number below BELOW (INT64_MAX: all), newest first; *ret_lowest: the number
 * of the oldest that was looked at, 0 when there was none. */
struct store_ahead {
	int64_t id;
	const char *name;
};
struct store_aheads {
	struct store_ahead *v;
	size_t n;
};
int store_ahead(struct store *s, int64_t below, int64_t beyond, size_t limit,
		struct arena *arena, struct store_aheads *ret,
		int64_t *ret_lowest, struct err *err) MUST_CHECK;
/* That one ended NOW, and began no later. It gets another number, as the
 * newest one: numbers grow with time. */
int store_ahead_mend(struct store *s, int64_t id, int64_t now,
		     struct err *err) MUST_CHECK;
/* What else a run by such a clock left of NAME: a last attempt beyond BEYOND
 * is of NOW, and the back-off that it ended in is over, the row due at DUE_AT,
 * unless a person holds it or somebody changed it since it was READ; an order
 * that was made, or came into its state, beyond BEYOND did so NOW. */
int store_ahead_row(struct store *s, const struct store_due *read,
		    int64_t due_at, int64_t beyond, int64_t now,
		    struct err *err) MUST_CHECK;
int store_ahead_order(struct store *s, const char *name, int64_t beyond,
		      int64_t now, struct err *err) MUST_CHECK;

/* CAs that rest until after BEYOND: how many; and none does any more. */
int store_far_cas(struct store *s, int64_t beyond, size_t *ret,
		  struct err *err) MUST_CHECK;
int store_far_cas_mend(struct store *s, int64_t beyond,
		       struct err *err) MUST_CHECK;

#endif
