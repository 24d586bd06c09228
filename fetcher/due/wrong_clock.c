/* SPDX-License-Identifier: MIT */
#include "wrong_clock.h"
#include <inttypes.h>
#include <string.h>
#include "backoff.h"
#include "due.h"
#include "file.h"
#include "log.h"
#include "num.h"
#include "store_clock.h"

#define CHUNK 500 /* rows in one transaction */
/* ... of which each is several; and how many are looked at */
#define AHEAD 100
#define DAY   86400

/* When a CA agreed with the clock here, last. */
#define AGREED_FILE "fetcher.clock"

static int64_t farthest_attempt(int64_t now)
{
	return now + BACKOFF_MAX + DUE_CLOCKS;
}

static int64_t farthest_lease(const struct certrepo_conf *conf, int64_t now)
{
	return now + due_lease_most(conf->order_timeout) + DUE_CLOCKS;
}

/* What has been: two clocks that one CA agrees with may be so far apart. */
static int64_t farthest_past(int64_t now)
{
	return now + 2 * DUE_CLOCKS;
}

/* --- certificates that begin later --- */

/* They cannot be put right, a person may have imported one: so a CA is asked
 * once a day, as far as dates can be believed. */
static bool agreed(const struct certrepo_conf *conf, int64_t now)
{
	AUTO(mem_free_str)
	char *path = mem_printf("%s/%s", conf->state_dir, AGREED_FILE);
	AUTO(sbuf_free) struct sbuf text = SBUF_INIT(40);
	int64_t when;

	return file_read(path, &text, NULL) == 1 &&
	       num_int(sbuf_str(&text), 0, INT64_MAX, &when, NULL) == 0 &&
	       when <= now && now - when < DAY;
}

static void note_agreed(const struct certrepo_conf *conf, int64_t now)
{
	AUTO(mem_free_str)
	char *path = mem_printf("%s/%s", conf->state_dir, AGREED_FILE);
	AUTO(mem_free_str) char *text = mem_printf("%" PRId64, now);
	const struct file_attr attr = { .mode = 0600,
					.uid = FILE_KEEP,
					.gid = FILE_KEEP };
	struct err err = ERR_INIT;

	if (file_replace(path, text, strlen(text), &attr, &err) == -1)
		log_warn("%s (each run will ask a CA what the time is)",
			 err.msg);
}

/* --- to look --- */

struct ahead {
	struct store_dues rows; /* the last attempt at them lies ahead */
	bool begins;		/* so does the begin of a certificate */
};

static int look_latest(struct store *store, int64_t now, struct arena *arena,
		       struct ahead *ret, struct err *err)
{
	int64_t past = farthest_past(now);
	struct ahead a = { .begins = false };
	struct store_dues latest;
	size_t i;

	if (store_latest(store, now, AHEAD, arena, &latest, err) == -1)
		return -1;
	a.rows.v = latest.v;
	for (i = 0; i < latest.n; i++) {
		a.begins |= latest.v[i].ts_not_before > past;
		if (latest.v[i].ts_last_update > past)
			a.rows.v[a.rows.n++] = latest.v[i];
	}
	*ret = a;
	return 0;
}

int wrong_clock_look(const struct certrepo_conf *conf, struct store *store,
		     int64_t now, bool *ret, struct err *err)
{
	AUTO(arena_free) struct arena *arena = arena_new();
	struct store_dues rows = { NULL, 0 };
	struct store_aheads attempts = { NULL, 0 };
	struct ahead ahead;
	size_t leases = 0, cas = 0;
	int64_t lowest;

	if (store_far(store, farthest_attempt(now), 1, arena, &rows, err) ==
		    -1 ||
	    store_far_leases(store, farthest_lease(conf, now), &leases, err) ==
		    -1 ||
	    store_far_cas(store, farthest_attempt(now), &cas, err) == -1 ||
	    store_ahead(store, INT64_MAX, farthest_past(now), AHEAD, arena,
			&attempts, &lowest, err) == -1 ||
	    look_latest(store, now, arena, &ahead, err) == -1)
		return -1;
	*ret = rows.n || leases || cas || attempts.n || ahead.rows.n ||
	       (ahead.begins && !agreed(conf, now));
	return 0;
}

/* --- to mend --- */

struct mending {
	const struct certrepo_conf *conf;
	int64_t now;
	size_t n, locked; /* by somebody: the next run's */
	/* of a chunk */
	int (*one)(struct store *store, const struct mending *m, size_t i,
		   struct err *err);
	const struct store_dues *rows;
	const struct store_aheads *attempts;
	size_t rows_n;
};

static int mend_all(struct store *store, void *arg, struct err *err)
{
	const struct mending *m = arg;
	size_t i;

	for (i = 0; i < m->rows_n; i++)
		if (m->one(store, m, i, err) == -1)
			return -1;
	return 0;
}

static int mend_each(struct store *store, struct mending *m, struct err *err)
{
	size_t i;

	for (i = 0; i < m->rows_n; i++) {
		err_clear(err);
		if (m->one(store, m, i, err) == 0)
			continue;
		if (err->kind != ERR_LOCKED)
			return -1;
		m->locked++;
		m->n--;
	}
	err_clear(err);
	return 0;
}

static int mend_chunk(struct store *store, struct mending *m, size_t n,
		      struct err *err)
{
	m->rows_n = n;
	m->n += n;
	if (!n || store_tx(store, mend_all, m, err) == 0)
		return 0;
	return err->kind == ERR_LOCKED ? mend_each(store, m, err) : -1;
}

static int64_t due_at(const struct mending *m, const struct store_due *d)
{
	/* A stale one is read anew before it is decided about. */
	const struct due_in in = { .has_crt = d->has_crt && !d->stale,
				   .not_before = d->ts_not_before,
				   .not_after = d->ts_expire,
				   .renew = d->renew,
				   .days_left = m->conf->days_left,
				   .ari = d->ts_ari };

	return due_instant(&in);
}

static int mend_far(struct store *store, const struct mending *m, size_t i,
		    struct err *err)
{
	const struct store_due *d = &m->rows->v[i];

	return store_far_mend(store, d, due_at(m, d), err);
}

static int mend_attempts(struct store *store, struct mending *m,
			 struct err *err)
{
	AUTO(arena_free) struct arena *arena = arena_new();
	struct store_dues rows = { NULL, 0 };
	char first[STORE_NAME_MAX + 1] = "";

	m->one = mend_far;
	m->rows = &rows;
	do {
		/* One that the store cannot change comes again. */
		if (rows.n &&
		    strncmp(first, rows.v[0].name, sizeof(first) - 1) == 0)
			break;
		if (rows.n)
			(void) snprintf(first, sizeof(first), "%s",
					rows.v[0].name);
		arena_clear(arena);
		if (store_far(store, farthest_attempt(m->now), CHUNK, arena,
			      &rows, err) == -1 ||
		    mend_chunk(store, m, rows.n, err) == -1)
			return -1;
	} while (rows.n == CHUNK && !m->locked);
	return 0;
}

static int mend_row(struct store *store, const struct mending *m,
		    const struct store_due *d, struct err *err)
{
	return store_ahead_row(store, d, due_at(m, d), farthest_past(m->now),
			       m->now, err);
}

/* The attempt last: it is what leads here. */
static int mend_ahead(struct store *store, const struct mending *m, size_t i,
		      struct err *err)
{
	AUTO(arena_free) struct arena *arena = arena_new();
	const struct store_ahead *a = &m->attempts->v[i];
	struct store_due d;
	bool enabled;
	int found = store_due_one(store, a->name, arena, &d, &enabled, err);

	if (found == -1 || (found == 1 && mend_row(store, m, &d, err) == -1) ||
	    store_ahead_order(store, a->name, farthest_past(m->now), m->now,
			      err) == -1)
		return -1;
	return store_ahead_mend(store, a->id, m->now, err);
}

static int mend_latest(struct store *store, const struct mending *m, size_t i,
		       struct err *err)
{
	return mend_row(store, m, &m->rows->v[i], err);
}

/* The newest attempts, page by page, as long as a page has any. */
static int mend_aheads(struct store *store, struct mending *m, struct err *err)
{
	AUTO(arena_free) struct arena *arena = arena_new();
	struct store_aheads attempts;
	int64_t below = INT64_MAX;

	m->one = mend_ahead;
	m->attempts = &attempts;
	do {
		arena_clear(arena);
		if (store_ahead(store, below, farthest_past(m->now), AHEAD,
				arena, &attempts, &below, err) == -1 ||
		    mend_chunk(store, m, attempts.n, err) == -1)
			return -1;
	} while (attempts.n);
	return 0;
}

static int mend_rows(struct store *store, struct mending *m, struct err *err)
{
	AUTO(arena_free) struct arena *arena = arena_new();
	struct ahead ahead;

	if (look_latest(store, m->now, arena, &ahead, err) == -1)
		return -1;
	if (ahead.begins)
		note_agreed(m->conf, m->now);
	m->one = mend_latest;
	m->rows = &ahead.rows;
	return mend_chunk(store, m, ahead.rows.n, err);
}

/* In one statement, or in the next run where a row is locked. */
static int in_one(int (*count)(struct store *, int64_t, size_t *, struct err *),
		  int (*mend)(struct store *, int64_t, struct err *),
		  struct store *store, int64_t beyond, size_t *ret_n,
		  struct err *err)
{
	if (count(store, beyond, ret_n, err) == -1)
		return -1;
	if (!*ret_n || mend(store, beyond, err) == 0)
		return 0;
	if (err->kind != ERR_LOCKED)
		return -1;
	err_clear(err);
	*ret_n = 0;
	return 0;
}

static void say_part(struct sbuf *s, const char *what, size_t n)
{
	if (n)
		sbuf_addf(s, "%s%s: %zu", s->len ? ", " : "", what, n);
}

static void say(size_t names, size_t leases, size_t cas, size_t attempts)
{
	AUTO(sbuf_free) struct sbuf s = SBUF_INIT(400);

	say_part(&s, "next attempts of names", names);
	say_part(&s, "leases", leases);
	say_part(&s, "rests of CAs", cas);
	say_part(&s, "attempts", attempts);
	if (s.len)
		log_warn("a clock that was wrong wrote instants that lie too "
			 "far ahead, which were put right: %s",
			 sbuf_str(&s));
}

int wrong_clock_mend(const struct certrepo_conf *conf, struct store *store,
		     int64_t now, struct err *err)
{
	struct mending far = { .conf = conf, .now = now }, ahead = far,
		       rows = far;
	size_t leases = 0, cas = 0;

	if (mend_attempts(store, &far, err) == -1 ||
	    in_one(store_far_leases, store_far_leases_mend, store,
		   farthest_lease(conf, now), &leases, err) == -1 ||
	    in_one(store_far_cas, store_far_cas_mend, store,
		   farthest_attempt(now), &cas, err) == -1 ||
	    mend_aheads(store, &ahead, err) == -1 ||
	    mend_rows(store, &rows, err) == -1)
		return -1;
	say(far.n, leases, cas, ahead.n > rows.n ? ahead.n : rows.n);
	return 0;
}
