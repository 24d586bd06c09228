/* SPDX-License-Identifier: MIT */
#include "pick.h"
#include <string.h>
#include "accept.h"
#include "fail.h"
#include "log.h"

static int64_t instant(const struct store_due *d, bool held, int64_t days_left)
{
	const struct due_in in = { .has_crt = d->has_crt,
				   .not_before = d->ts_not_before,
				   .not_after = d->ts_expire,
				   .next_attempt = d->ts_next_attempt,
				   .renew = d->renew,
				   .held = held,
				   .days_left = days_left,
				   .ari = d->ts_ari };

	return due_instant(&in);
}

/* A row that somebody has locked is looked at again by the next run. */
static int unless_locked(int rc, struct err *err)
{
	if (rc == 0 || err->kind != ERR_LOCKED)
		return rc;
	err_clear(err);
	return 0;
}

/* Derived columns anew, from the blobs as they are. The row goes on as one
 * without a certificate when its crt is none: a renewal mends that. */
static int refresh(struct store *store, struct store_due *d,
		   const struct pick_opts *opts, struct arena *arena,
		   struct err *err)
{
	AUTO(x509_csr_free) struct x509_csr *csr = NULL;
	struct accept_derived crt = { .not_before = 0 };
	struct store_derived new = { .ts_expire = 1 };
	struct store_cert *row = NULL;
	struct err why = ERR_INIT;
	int found = store_get(store, d->name, arena, &row, err);

	if (found != 1)
		return found;
	if (row->crt.len && accept_derive(row->crt, &crt, &why) == 0) {
		new.ts_expire = crt.not_after;
		new.ts_not_before = crt.not_before;
	} else if (row->crt.len) {
		log_warn("%s: its crt is no certificate: %s", d->name, why.msg);
		enc_sha256_hex(row->crt.p, row->crt.len, crt.crt_sha256);
	}
	new.crt_sha256 = row->crt.len ? crt.crt_sha256 : NULL;
	new.key_sha256 = row->key_sha256;
	if (x509_csr_parse(row->csr.p, row->csr.len, &csr, &why) == 0)
		new.key_sha256 = x509_csr_key(csr)->sha256;
	d->ts_next_attempt = row->ts_next_attempt;
	d->renew = row->renew;
	d->has_crt = new.ts_not_before != 0;
	d->ts_expire = new.ts_expire;
	d->ts_not_before = new.ts_not_before;
	d->ts_ari = new.crt_sha256 && row->ari_crt &&strcmp(row->ari_crt,
							    new.crt_sha256) == 0
			    ? row->ts_ari
			    : 0;
	d->stale = false;
	new.ts_due = instant(d, row->held, opts->days_left);
	d->ts_due = new.ts_due;
	if (!opts->write)
		return 1;
	return unless_locked(store_refresh(store, d->name, &new, row, err),
			     err) == -1
		       ? -1
		       : 1;
}

/* 1 due, 0 not. */
static int judge(struct store *store, struct store_due *d,
		 const struct pick_opts *opts, struct arena *arena,
		 enum due_reason *ret, struct err *err)
{
	int64_t due;
	int found;

	if (d->stale) {
		found = refresh(store, d, opts, arena, err);
		if (found != 1)
			return found;
	}
	*ret = due_decide(d, opts->now, opts->days_left, opts->force);
	if (*ret != DUE_NOT)
		return 1;
	due = instant(d, false, opts->days_left);
	/* Else it would come up again and again. */
	if (opts->write && d->ts_due <= opts->now && due > opts->now &&
	    unless_locked(store_set_due(store, d->name, due, d, err), err) ==
		    -1)
		return -1;
	return 0;
}

static bool of_ca(const char *fail_class)
{
	int i;

	for (i = FAIL_NONE + 1; fail_class && i <= FAIL_LOCKED; i++)
		if (strcmp(fail_name((enum fail_class) i), fail_class) == 0)
			return fail_of_ca((enum fail_class) i);
	return false;
}

static bool is_again(const struct store_due *d)
{
	return d->fail_class &&
	       strcmp(d->fail_class, fail_name(FAIL_CA_DOWN)) == 0;
}

static int offer(const struct store_due *d, enum due_reason reason, int64_t now,
		 pick_fn *fn, void *arg, struct err *err)
{
	struct pick p = {
		.name = d->name,
		.ca_name = d->ca_name,
		.challenge = d->challenge,
		.certbot = d->certbot,
		.reason = reason,
		.early = d->ts_due > now,
		.ts_expire =
			d->has_crt && d->ts_expire > now ? d->ts_expire : 0,
		.ts_due = d->ts_due,
		.again = is_again(d),
		.of_ca = of_ca(d->fail_class),
	};

	return fn(&p, arg, err);
}

static int offer_page(struct store *store, struct store_dues *rows,
		      const struct pick_opts *opts, const bool *again,
		      bool (*met)(const char *name, void *arg), pick_fn *fn,
		      void *arg, struct err *err)
{
	AUTO(arena_free) struct arena *row = arena_new();
	enum due_reason reason;
	size_t i;
	int due;

	for (i = 0; i < rows->n; i++) {
		struct store_due *d = &rows->v[i];

		if ((again && is_again(d) != *again) || met(d->name, arg))
			continue;
		arena_clear(row);
		due = judge(store, d, opts, row, &reason, err);
		if (due == -1 || (due == 1 && offer(d, reason, opts->now, fn,
						    arg, err) == -1))
			return -1;
	}
	return 0;
}

static int rows_of(struct store *store, const struct pick_queue *q, int64_t now,
		   const struct store_due *after, size_t limit,
		   struct arena *arena, struct store_dues *ret, struct err *err)
{
	if (q->unknown_to)
		return store_due_unknown_after(store, q->unknown_to, now, after,
					       limit, arena, ret, err);
	return store_due_after(store, q->ca_name, now, after, limit, arena, ret,
			       err);
}

int pick_page(struct store *store, const struct pick_queue *queue, size_t limit,
	      const struct pick_opts *opts,
	      bool (*met)(const char *name, void *arg), pick_fn *fn, void *arg,
	      size_t *ret_n, struct err *err)
{
	AUTO(arena_free) struct arena *arena = arena_new();
	struct store_dues rows = { NULL, 0 };
	const bool first = false, last = true;

	if (rows_of(store, queue, opts->now, NULL, limit, arena, &rows, err) ==
	    -1)
		return -1;
	*ret_n = rows.n;
	if (!opts->doubtful)
		return offer_page(store, &rows, opts, NULL, met, fn, arg, err);
	if (offer_page(store, &rows, opts, &first, met, fn, arg, err) == -1)
		return -1;
	return offer_page(store, &rows, opts, &last, met, fn, arg, err);
}

static bool none_met(const char *name, void *arg)
{
	(void) name;
	(void) arg;
	return false;
}

/* Where a page begins at its end, or not behind it, there is no next one: a
 * name that is no text is none that one could go on from. */
static bool is_behind(const struct store_due *a, const struct store_due *b)
{
	if (a->urgency != b->urgency)
		return a->urgency > b->urgency;
	if (a->place != b->place)
		return a->place > b->place;
	return strcmp(a->name, b->name) != 0;
}

int pick_all(struct store *store, const struct pick_queue *queue,
	     const struct pick_opts *opts, pick_fn *fn, void *arg,
	     struct err *err)
{
	AUTO(arena_free) struct arena *arena = arena_new();
	AUTO(arena_free) struct arena *next = arena_new();
	struct store_dues rows = { NULL, 0 };
	struct store_due last;
	struct arena *old;

	do {
		bool first = !rows.n;

		if (rows_of(store, queue, opts->now, first ? NULL : &last,
			    PICK_PAGE, next, &rows, err) == -1)
			return -1;
		if (!rows.n ||
		    (!first && !is_behind(&rows.v[rows.n - 1], &last)))
			return 0;
		if (offer_page(store, &rows, opts, NULL, none_met, fn, arg,
			       err) == -1)
			return -1;
		last = rows.v[rows.n - 1];
		old = arena;
		arena = next;
		next = old;
		arena_clear(next);
	} while (rows.n == PICK_PAGE);
	return 0;
}

int pick_one(struct store *store, const char *name,
	     const struct pick_opts *opts, pick_fn *fn, void *arg,
	     struct err *err)
{
	AUTO(arena_free) struct arena *arena = arena_new();
	struct store_due d;
	enum due_reason reason = DUE_NOT;
	bool enabled = false;
	int found = store_due_one(store, name, arena, &d, &enabled, err);

	if (found != 1)
		return found;
	if (!enabled)
		return 0;
	if (judge(store, &d, opts, arena, &reason, err) == -1 ||
	    offer(&d, reason, opts->now, fn, arg, err) == -1)
		return -1;
	return 1;
}
