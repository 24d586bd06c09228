/* SPDX-License-Identifier: MIT */
#include "wrong_clock.h"
#include "backoff.h"
#include "due.h"
#include "log.h"

#define CHUNK 500 /* rows in one transaction */

static int64_t farthest_attempt(int64_t now)
{
	return now + BACKOFF_MAX + DUE_CLOCKS;
}

static int64_t farthest_lease(const struct certrepo_conf *conf, int64_t now)
{
	return now + due_lease_most(conf->order_timeout) + DUE_CLOCKS;
}

int wrong_clock_look(const struct certrepo_conf *conf, struct store *store,
		     int64_t now, bool *ret, struct err *err)
{
	AUTO(arena_free) struct arena *arena = arena_new();
	struct store_dues rows = { NULL, 0 };
	size_t leases = 0;

	if (store_far(store, farthest_attempt(now), 1, arena, &rows, err) ==
		    -1 ||
	    store_far_leases(store, farthest_lease(conf, now), &leases, err) ==
		    -1)
		return -1;
	*ret = rows.n || leases;
	return 0;
}

struct chunk {
	const struct store_dues *rows;
	int64_t days_left;
};

static int mend_rows(struct store *store, void *arg, struct err *err)
{
	const struct chunk *c = arg;
	size_t i;

	for (i = 0; i < c->rows->n; i++) {
		const struct store_due *d = &c->rows->v[i];
		/* A stale one is read anew before it is decided about. */
		const struct due_in in = { .has_crt = d->has_crt && !d->stale,
					   .not_before = d->ts_not_before,
					   .not_after = d->ts_expire,
					   .renew = d->renew,
					   .days_left = c->days_left };

		if (store_far_mend(store, d, due_instant(&in), err) == -1)
			return -1;
	}
	return 0;
}

static int mend_attempts(const struct certrepo_conf *conf, struct store *store,
			 int64_t beyond, size_t *ret_n, struct err *err)
{
	AUTO(arena_free) struct arena *arena = arena_new();
	struct store_dues rows;
	struct chunk c = { &rows, conf->days_left };

	do {
		arena_clear(arena);
		if (store_far(store, beyond, CHUNK, arena, &rows, err) == -1 ||
		    store_tx(store, mend_rows, &c, err) == -1)
			return -1;
		*ret_n += rows.n;
	} while (rows.n == CHUNK);
	return 0;
}

int wrong_clock_mend(const struct certrepo_conf *conf, struct store *store,
		     int64_t now, struct err *err)
{
	size_t attempts = 0, leases = 0;

	if (mend_attempts(conf, store, farthest_attempt(now), &attempts, err) ==
		    -1 ||
	    store_far_leases(store, farthest_lease(conf, now), &leases, err) ==
		    -1 ||
	    (leases && store_far_leases_mend(store, farthest_lease(conf, now),
					     err) == -1))
		return -1;
	if (attempts + leases)
		log_warn("a clock that was wrong wrote instants that lie too "
			 "far ahead: the next attempt of %zu names and the "
			 "leases of %zu were put right",
			 attempts, leases);
	return 0;
}
