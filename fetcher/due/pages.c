/* SPDX-License-Identifier: MIT */
#include "pages.h"
#include <stdlib.h>

/* Each page reads all that is due: so few, but as small as that allows. */
#define PAGE_LEAST 1000
#define PAGE_MOST  10000
#define PAGES_GOOD 100

struct queue {
	const char *ca_name;
	size_t page;
	bool drained;
};

struct pages {
	struct store *store;
	struct arena *arena;
	struct queue *v;
	size_t n;
};

int pages_new(struct store *store, int64_t now, struct pages **ret,
	      struct err *err)
{
	AUTO(pages_free) struct pages *p = mem_alloc(sizeof(*p));
	struct store_due_cas cas = { NULL, 0 };
	size_t i, page;

	p->store = store;
	p->arena = arena_new();
	if (store_due_cas(store, now, p->arena, &cas, err) == -1)
		return -1;
	p->n = cas.n;
	p->v = arena_array(p->arena, cas.n + 1, sizeof(p->v[0]));
	for (i = 0; i < cas.n; i++) {
		page = cas.v[i].n / PAGES_GOOD;
		if (page < PAGE_LEAST)
			page = PAGE_LEAST;
		p->v[i] = (struct queue){
			.ca_name = cas.v[i].ca_name,
			.page = page < PAGE_MOST ? page : PAGE_MOST,
		};
	}
	*ret = TAKE(p);
	return 0;
}

void pages_free(struct pages **p)
{
	if (!*p)
		return;
	arena_free(&(*p)->arena);
	free(*p);
	*p = NULL;
}

size_t pages_n(const struct pages *p)
{
	return p->n;
}

const char *pages_ca(const struct pages *p, size_t i)
{
	return p->v[i].ca_name;
}

bool pages_left(const struct pages *p, size_t i)
{
	return !p->v[i].drained;
}

struct offer {
	bool (*met)(const char *name, void *arg);
	pick_fn *fn;
	void *arg;
	size_t n;
};

static bool is_met(const char *name, void *arg)
{
	const struct offer *o = arg;

	return o->met(name, o->arg);
}

static int on_pick(const struct pick *pick, void *arg, struct err *err)
{
	struct offer *o = arg;

	o->n++;
	return o->fn(pick, o->arg, err);
}

int pages_pick(struct pages *p, size_t i, const struct pick_opts *opts,
	       bool (*met)(const char *name, void *arg), pick_fn *fn, void *arg,
	       struct err *err)
{
	struct queue *q = &p->v[i];
	struct offer o = { .met = met, .fn = fn, .arg = arg };
	size_t n;

	if (pick_page(p->store, q->ca_name, q->page, opts, is_met, on_pick, &o,
		      &n, err) == -1)
		return -1;
	if (n < q->page)
		q->drained = true;
	else if (!o.n)
		q->page *= 2; /* those at its head do not go away */
	return 0;
}
