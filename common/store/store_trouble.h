/* SPDX-License-Identifier: MIT */
#ifndef STORE_TROUBLE_H
#define STORE_TROUBLE_H

/* What a person is told of: names that have trouble. Each reads by an index no
 * more than there is of it, and no blob, and keeps LIMIT of them. */

#include "store.h"

struct store_trouble {
	const char *name, *ca_name;
	const char *fail_class, *fail_detail; /* of the last failure, or NULL */
	int64_t ts_expire, ts_not_before, ts_next_attempt;
	int64_t count_fail;
	int64_t ts_due, ts_last_update;
	const char *lease_owner;
	int64_t lease_until;
	bool has_crt;
	const char *owner; /* or NULL; whatever the column holds */
};
struct store_troubles {
	struct store_trouble *v;
	size_t n;
	size_t all; /* how many there are, N of them here */
};
/* Enabled rows whose last attempt failed, or was parked, and that are tried
 * again by themselves, at most LIMIT, the most urgent first: certificates whose
 * end is nearest to NOW, be it to come or just past, then names that have
 * none. */
int store_failing(struct store *s, int64_t now, size_t limit,
		  struct arena *arena, struct store_troubles *ret,
		  struct err *err) MUST_CHECK;
/* Those of them whose order is parked. */
int store_parked(struct store *s, int64_t now, size_t limit,
		 struct arena *arena, struct store_troubles *ret,
		 struct err *err) MUST_CHECK;
/* Those that are held until a person acts, in the same order. */
int store_held_why(struct store *s, int64_t now, size_t limit,
		   struct arena *arena, struct store_troubles *ret,
		   struct err *err) MUST_CHECK;
/* Those that are due at NOW, whatever became of them, and whoever has them on
 * lease; in the same order. */
int store_overdue(struct store *s, int64_t now, size_t limit,
		  struct arena *arena, struct store_troubles *ret,
		  struct err *err) MUST_CHECK;

#endif
