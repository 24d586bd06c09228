/* SPDX-License-Identifier: MIT */
#ifndef FLEET_OWNERS_H
#define FLEET_OWNERS_H

/* What owners of names were told, by whichever fetcher (table owner_notices):
 * several find the same, and one tells it. */

#include "store.h"

#define FLEET_TOLD_MAX 16 /* a hash of what is told */

struct fleet_owner_notice {
	const char *name, *owner;
	const char *told;
	bool over;	/* it is not so any more */
	int64_t repeat; /* the same is not told again before so many seconds */
	bool ours;	/* the answer: it is to be told by who asks */
};
/* All of V in one transaction. ERR_LOCKED: another is at it, and stays there.
 * NOW may be a little before what others wrote: their clocks, and when their
 * runs began. What is ours and could not be told is given back. */
int fleet_owners_claim(struct store *s, struct fleet_owner_notice *v, size_t n,
		       int64_t now, struct err *err) MUST_CHECK;
int fleet_owners_unclaim(struct store *s, const struct fleet_owner_notice *v,
			 size_t n, int64_t now, struct err *err) MUST_CHECK;
/* What was told before BEFORE, and never repeated, nobody asks for. */
int fleet_owners_forget(struct store *s, int64_t before,
			struct err *err) MUST_CHECK;

#endif
