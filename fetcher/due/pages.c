/* SPDX-License-Identifier: MIT */
#include "pages.h"
#include <stdlib.h>
#include "log.h"
#include "plain.h"

/* Each page reads all that is due: so few, but as small as that allows. */
#define PAGE_LEAST 1000
#define PAGE_MOST  10000
#define PAGES_GOOD 100

struct queue {
	struct pick_queue rows;
	const char *ca_name;
	size_t page;
	bool drained;
};

struct pages {
	struct store *store;
	struct arena *arena;
	struct store_ca_names known;
	size_t unknown; /* rows */
	const char *example;
	struct queue *v;
	size_t n;
};

/* They are borrowed. */
static void learn_names(struct pages *p, const struct certrepo_conf *conf)
{
	const char **v = arena_array(p->arena, conf->ca.n + 1, sizeof(*v));
	size_t i;

	for (i = 0; i < conf->ca.n; i++) {
		const struct certrepo_ca *ca = conf->ca.v[i];

		v[i] = ca->name;
	}
	p->known = (struct store_ca_names){ v, conf->ca.n };
}

static void add_queue(struct pages *p, const struct store_due_ca *ca)
{
	size_t page = ca->n / PAGES_GOOD;

	if (page < PAGE_LEAST)
		page = PAGE_LEAST;
	p->v[p->n++] = (struct queue){
		.rows.ca_name = ca->ca_name,
		.ca_name = ca->ca_name,
		.page = page < PAGE_MOST ? page : PAGE_MOST,
	};
}

static int add_unknown(struct pages *p, int64_t now,
		       const struct store_due_ca *all, struct err *err)
{
	struct store_dues one = { NULL, 0 };

	if (!all->n)
		return 0;
	if (store_due_unknown(p->store, &p->known, now, 1, p->arena, &one,
			      err) == -1)
		return -1;
	if (!one.n)
		return 0; /* somebody mended them meanwhile */
	add_queue(p, all);
	p->v[p->n - 1].rows.unknown_to = &p->known;
	p->v[p->n - 1].ca_name = one.v[0].ca_name;
	p->unknown = all->n;
	p->example = one.v[0].name;
	return 0;
}

int pages_new(const struct certrepo_conf *conf, struct store *store,
	      int64_t now, struct pages **ret, struct err *err)
{
	AUTO(pages_free) struct pages *p = mem_alloc(sizeof(*p));
	struct store_due_cas cas = { NULL, 0 };
	size_t i;

	p->store = store;
	p->arena = arena_new();
	learn_names(p, conf);
	if (store_due_cas(store, &p->known, now, p->arena, &cas, err) == -1)
		return -1;
	p->v = arena_array(p->arena, cas.n + 1, sizeof(p->v[0]));
	for (i = 0; i < cas.n; i++)
		add_queue(p, &cas.v[i]);
	if (add_unknown(p, now, &cas.unknown, err) == -1)
		return -1;
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

char *pages_unknown_text(const struct pages *p)
{
	char ca[PLAIN_QUOTED];

	if (p->unknown < 2)
		return NULL;
	(void) plain_quoted(p->v[p->n - 1].ca_name, ca);
	return mem_printf("%zu names that are due name a CA that is not in the "
			  "configuration, %s for one the CA %s",
			  p->unknown, p->example, ca);
}

void pages_tell_unknown(const struct pages *p, bool *told)
{
	AUTO(mem_free_str) char *text = pages_unknown_text(p);

	if (!text || *told)
		return;
	log_warn("%s", text);
	*told = true;
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

	if (pick_page(p->store, &q->rows, q->page, opts, is_met, on_pick, &o,
		      &n, err) == -1)
		return -1;
	if (n < q->page)
		q->drained = true;
	else if (!o.n)
		q->page *= 2; /* those at its head do not go away */
	return 0;
}

int pages_pick_all(struct pages *p, size_t i, const struct pick_opts *opts,
		   pick_fn *fn, void *arg, struct err *err)
{
	return pick_all(p->store, &p->v[i].rows, opts, fn, arg, err);
}
