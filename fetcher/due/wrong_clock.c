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
	size_t locked; /* by somebody: the next run's */
};

static int mend_one(struct store *store, const struct store_due *d,
		    int64_t days_left, struct err *err)
{
	/* A stale one is read anew before it is decided about. */
	const struct due_in in = { .has_crt = d->has_crt && !d->stale,
				   .not_before = d->ts_not_before,
				   .not_after = d->ts_expire,
				   .renew = d->renew,
				   .days_left = days_left };

	return store_far_mend(store, d, due_instant(&in), err);
}

static int mend_all(struct store *store, void *arg, struct err *err)
{
	const struct chunk *c = arg;
	size_t i;

	for (i = 0; i < c->rows->n; i++)
		if (mend_one(store, &c->rows->v[i], c->days_left, err) == -1)
			return -1;
	return 0;
}

static int mend_each(struct store *store, struct chunk *c, struct err *err)
{
	size_t i;

	for (i = 0; i < c->rows->n; i++) {
		err_clear(err);
		if (mend_one(store, &c->rows->v[i], c->days_left, err) == 0)
			continue;
		if (err->kind != ERR_LOCKED)
			return -1;
		c->locked++;
	}
	err_clear(err);
	return 0;
}

static int mend_attempts(const struct certrepo_conf *conf, struct store *store,
			 int64_t beyond, size_t *ret_n, struct err *err)
{
	AUTO(arena_free) struct arena *arena = arena_new();
	struct store_dues rows;
	struct chunk c = { &rows, conf->days_left, 0 };

	do {
		arena_clear(arena);
		if (store_far(store, beyond, CHUNK, arena, &rows, err) == -1)
			return -1;
		if (store_tx(store, mend_all, &c, err) == -1 &&
		    (err->kind != ERR_LOCKED ||
		     mend_each(store, &c, err) == -1))
			return -1;
		*ret_n += rows.n - c.locked;
	} while (rows.n == CHUNK && !c.locked);
	return 0;
}

/* In one statement, or in the next run where a row is locked. */
static int mend_leases(const struct certrepo_conf *conf, struct store *store,
		       int64_t now, size_t *ret_n, struct err *err)
{
	int64_t beyond = farthest_lease(conf, now);

	if (store_far_leases(store, beyond, ret_n, err) == -1)
		return -1;
	if (!*ret_n || store_far_leases_mend(store, beyond, err) == 0)
		return 0;
	if (err->kind != ERR_LOCKED)
		return -1;
	err_clear(err);
	*ret_n = 0;
	return 0;
}

int wrong_clock_mend(const struct certrepo_conf *conf, struct store *store,
		     int64_t now, struct err *err)
{
	size_t attempts = 0, leases = 0;

	if (mend_attempts(conf, store, farthest_attempt(now), &attempts, err) ==
		    -1 ||
	    mend_leases(conf, store, now, &leases, err) == -1)
		return -1;
	if (attempts + leases)
		log_warn("a clock that was wrong wrote instants that lie too "
			 "far ahead: the next attempt of %zu names and the "
			 "leases of %zu were put right",
			 attempts, leases);
	return 0;
}
