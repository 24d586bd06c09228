/* SPDX-License-Identifier: MIT */
#include "batch.h"
#include <stdlib.h>
#include <string.h>
#include "clock.h"
#include "log.h"

#define FIRST_WAIT_MS 500
#define MOST_WAIT_MS  10000

/* in one transaction, which must not take too long */
#define MOST_AT_ONCE 500

/* for a row that somebody has locked */
#define FIRST_LOCKED_MS 1000
#define MOST_LOCKED_MS	30000

struct item {
	batch_op *op;
	batch_done *done;
	void *arg;
	bool claim;
	enum { READY, WAITS, FAILED } state; /* in the flush under way */
	int64_t locked_since_ms;	     /* 0: it is not */
	int64_t locked_until_ms, locked_wait_ms;
	struct err err;
};

struct batch {
	struct store *store;
	struct item *v;
	size_t n, cap;
	int64_t away_since_ms; /* 0: the store answers */
	int64_t retry_ms;      /* on the monotonic clock */
	int64_t wait_ms;
	int64_t patience_ms;
	int64_t first_locked_ms;
	bool any_locked; /* perhaps */
	bool hurry;
};

struct batch *batch_new(struct store *store)
{
	struct batch *b = mem_alloc(sizeof(*b));

	b->store = store;
	b->patience_ms = BATCH_PATIENCE_MS;
	b->first_locked_ms = FIRST_LOCKED_MS;
	return b;
}

void batch_patience_for_test(struct batch *b, int64_t ms, int64_t locked_ms)
{
	b->patience_ms = ms;
	b->first_locked_ms = locked_ms;
}

void batch_free(struct batch **b)
{
	if (!*b)
		return;
	free((*b)->v);
	free(*b);
	*b = NULL;
}

static void add(struct batch *b, const struct item *it)
{
	if (b->n == b->cap) {
		b->cap = b->cap ? 2 * b->cap : 32;
		b->v = mem_grow(b->v, b->cap, sizeof(b->v[0]));
	}
	b->v[b->n++] = *it;
}

void batch_add(struct batch *b, batch_op *op, batch_done *done, void *arg)
{
	add(b, &(struct item){ .op = op, .done = done, .arg = arg });
}

void batch_add_claim(struct batch *b, batch_op *op, batch_done *done, void *arg)
{
	add(b, &(struct item){
		       .op = op, .done = done, .arg = arg, .claim = true });
}

void batch_forget(struct batch *b, const void *arg)
{
	size_t i, to = 0;

	for (i = 0; i < b->n; i++)
		if (b->v[i].arg != arg)
			b->v[to++] = b->v[i];
	b->n = to;
}

bool batch_empty(const struct batch *b)
{
	return b->n == 0;
}

void batch_hurry(struct batch *b)
{
	b->hurry = true;
	store_hurry(b->store);
}

/* --- rows that somebody has locked --- */

/* It, or an earlier change of the same owner. */
static bool is_resting(const struct batch *b, size_t at, int64_t now)
{
	size_t i;

	if (!b->any_locked || b->hurry)
		return false;
	for (i = 0; i <= at; i++)
		if (b->v[i].arg == b->v[at].arg && b->v[i].locked_since_ms &&
		    now < b->v[i].locked_until_ms)
			return true;
	return false;
}

bool batch_waiting(const struct batch *b)
{
	int64_t now = clock_mono_ms();
	size_t i;

	for (i = 0; i < b->n; i++)
		if (!is_resting(b, i, now))
			return true;
	return false;
}

/* Which of them are for this flush; false: none. */
static bool choose(struct batch *b)
{
	int64_t now = clock_mono_ms();
	size_t i, n = 0;
	bool locked = false;

	for (i = 0; i < b->n; i++) {
		struct item *it = &b->v[i];

		it->state = READY;
		if (n == MOST_AT_ONCE || is_resting(b, i, now))
			it->state = WAITS;
		else
			n++;
		locked = locked || it->locked_since_ms;
	}
	b->any_locked = locked;
	return n > 0;
}

/* Put it back, and what is behind it; or give it up. */
static void put_back(struct batch *b, struct item *it, const struct err *err)
{
	int64_t now = clock_mono_ms();
	size_t i;

	if (!it->locked_since_ms) {
		it->locked_since_ms = now;
		it->locked_wait_ms = b->first_locked_ms;
	} else if (it->claim || now - it->locked_since_ms >= b->patience_ms) {
		it->state = FAILED;
	}
	if (b->hurry)
		it->state = FAILED;
	if (it->state == FAILED) {
		it->err = *err;
		return;
	}
	log_debug("%s; once more in %lld ms", err->msg,
		  (long long) it->locked_wait_ms);
	b->any_locked = true;
	it->locked_until_ms = now + it->locked_wait_ms;
	it->locked_wait_ms *= 2;
	if (it->locked_wait_ms > MOST_LOCKED_MS)
		it->locked_wait_ms = MOST_LOCKED_MS;
	for (i = (size_t) (it - b->v); i < b->n; i++)
		if (b->v[i].arg == it->arg)
			b->v[i].state = WAITS;
}

/* --- committing --- */

struct run {
	struct item *v;
	size_t n;
	struct item *at;
};

static int run_all(struct store *store, void *arg, struct err *err)
{
	struct run *r = arg;
	size_t i;

	for (i = 0; i < r->n; i++) {
		struct item *it = &r->v[i];

		if (it->state != READY)
			continue;
		r->at = it;
		err_clear(&it->err);
		if (it->op(store, it->arg, &it->err) == 0)
			continue;
		if (it->err.kind == ERR_CONFLICT)
			continue;
		*err = it->err;
		return -1;
	}
	r->at = NULL;
	return 0;
}

/* All of the N of them in one transaction; but for those whose row is locked,
 * without which it is begun anew. */
static int run_together(struct batch *b, size_t n, struct err *err)
{
	for (;;) {
		struct run all = { b->v, n, NULL };

		err_clear(err);
		if (store_tx(b->store, run_all, &all, err) == 0)
			return 0;
		if (err->kind != ERR_LOCKED || !all.at)
			return -1;
		put_back(b, all.at, err);
	}
}

/* One of them is at fault: let each stand alone. Stops early when the store
 * goes away; says how many are done with. */
static size_t run_each(struct batch *b, struct err *err)
{
	size_t i;

	for (i = 0; i < b->n; i++) {
		struct item *it = &b->v[i];
		struct run one = { it, 1, NULL };

		err_clear(err);
		if (it->state != READY ||
		    store_tx(b->store, run_all, &one, err) == 0)
			continue;
		if (err->kind == ERR_UNAVAILABLE)
			break;
		if (err->kind == ERR_LOCKED)
			put_back(b, it, err);
		else
			it->err = *err;
	}
	return i;
}

static int away(struct batch *b, int64_t *ret_wait_ms, struct err *err)
{
	int64_t now = clock_mono_ms();

	if (!b->away_since_ms) {
		b->away_since_ms = now;
		b->wait_ms = FIRST_WAIT_MS;
		log_warn("%s; waiting for it", err->msg);
	}
	if (now - b->away_since_ms >= b->patience_ms)
		return -1;
	b->retry_ms = now + b->wait_ms;
	*ret_wait_ms = b->wait_ms;
	b->wait_ms *= 2;
	if (b->wait_ms > MOST_WAIT_MS)
		b->wait_ms = MOST_WAIT_MS;
	return 0;
}

/* Take those of the first N out that do not wait, and tell their owners, who
 * may add new ones. */
static void tell(struct batch *b, size_t n)
{
	struct item *v = mem_array(n, sizeof(*v));
	size_t i, told = 0, kept = 0;

	for (i = 0; i < b->n; i++)
		if (i < n && b->v[i].state != WAITS)
			v[told++] = b->v[i];
		else
			b->v[kept++] = b->v[i];
	b->n = kept;
	for (i = 0; i < told; i++)
		if (v[i].done)
			v[i].done(v[i].arg, v[i].err.kind ? &v[i].err : NULL);
	free(v);
}

int batch_flush(struct batch *b, int64_t *ret_wait_ms, struct err *err)
{
	struct err e = ERR_INIT;
	size_t n = b->n;

	*ret_wait_ms = 0;
	if (!choose(b))
		return 0;
	if (b->away_since_ms && clock_mono_ms() < b->retry_ms) {
		*ret_wait_ms = b->retry_ms - clock_mono_ms();
		return 0;
	}
	if (run_together(b, n, &e) == -1) {
		if (e.kind != ERR_UNAVAILABLE)
			n = run_each(b, &e);
		else
			n = 0;
	}
	if (n < b->n) {
		if (away(b, ret_wait_ms, &e) == -1) {
			*err = e;
			return -1;
		}
	} else {
		b->away_since_ms = 0;
	}
	if (n)
		tell(b, n);
	return 0;
}

int batch_missed(struct batch *b, struct err *err)
{
	int64_t wait_ms;

	return away(b, &wait_ms, err);
}

/* A store on a full disk is read all the while. */
void batch_met(struct batch *b)
{
	if (!batch_waiting(b))
		b->away_since_ms = 0;
}

bool batch_away(const struct batch *b)
{
	return b->away_since_ms && clock_mono_ms() < b->retry_ms;
}
