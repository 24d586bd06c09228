/* SPDX-License-Identifier: MIT */
#include "batch.h"
#include <stdlib.h>
#include <string.h>
#include "clock.h"
#include "log.h"

#define FIRST_WAIT_MS 500
#define MOST_WAIT_MS  10000

struct item {
	batch_op *op;
	batch_done *done;
	void *arg;
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
};

struct batch *batch_new(struct store *store)
{
	struct batch *b = mem_alloc(sizeof(*b));

	b->store = store;
	b->patience_ms = BATCH_PATIENCE_MS;
	return b;
}

void batch_patience_for_test(struct batch *b, int64_t ms)
{
	b->patience_ms = ms;
}

void batch_free(struct batch **b)
{
	if (!*b)
		return;
	free((*b)->v);
	free(*b);
	*b = NULL;
}

void batch_add(struct batch *b, batch_op *op, batch_done *done, void *arg)
{
	if (b->n == b->cap) {
		b->cap = b->cap ? 2 * b->cap : 32;
		b->v = mem_grow(b->v, b->cap, sizeof(b->v[0]));
	}
	b->v[b->n++] = (struct item){ .op = op, .done = done, .arg = arg };
}

void batch_forget(struct batch *b, const void *arg)
{
	size_t i, to = 0;

	for (i = 0; i < b->n; i++)
		if (b->v[i].arg != arg)
			b->v[to++] = b->v[i];
	b->n = to;
}

bool batch_waiting(const struct batch *b)
{
	return b->n > 0;
}

struct run {
	struct item *v;
	size_t n;
};

static int run_all(struct store *store, void *arg, struct err *err)
{
	const struct run *r = arg;
	size_t i;

	for (i = 0; i < r->n; i++) {
		struct item *it = &r->v[i];

		err_clear(&it->err);
		if (it->op(store, it->arg, &it->err) == 0)
			continue;
		if (it->err.kind == ERR_CONFLICT)
			continue;
		*err = it->err;
		return -1;
	}
	return 0;
}

/* One of them is at fault: let each stand alone. Stops early when the store
 * goes away; says how many are done with. */
static size_t run_each(struct batch *b, struct err *err)
{
	size_t i;

	for (i = 0; i < b->n; i++) {
		struct run one = { &b->v[i], 1 };

		err_clear(err);
		if (store_tx(b->store, run_all, &one, err) == 0)
			continue;
		if (err->kind == ERR_UNAVAILABLE)
			break;
		b->v[i].err = *err;
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

/* Take the first N out and tell their owners, who may add new ones. */
static void tell(struct batch *b, size_t n)
{
	struct item *v = mem_dup(b->v, n * sizeof(*v));
	size_t i;

	memmove(b->v, b->v + n, (b->n - n) * sizeof(*v));
	b->n -= n;
	for (i = 0; i < n; i++)
		if (v[i].done)
			v[i].done(v[i].arg, v[i].err.kind ? &v[i].err : NULL);
	free(v);
}

int batch_flush(struct batch *b, int64_t *ret_wait_ms, struct err *err)
{
	struct run all = { b->v, b->n };
	struct err e = ERR_INIT;
	size_t n = b->n;

	*ret_wait_ms = 0;
	if (!b->n)
		return 0;
	if (b->away_since_ms && clock_mono_ms() < b->retry_ms) {
		*ret_wait_ms = b->retry_ms - clock_mono_ms();
		return 0;
	}
	if (store_tx(b->store, run_all, &all, &e) == -1) {
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
