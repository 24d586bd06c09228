/* SPDX-License-Identifier: MIT */
#include "quota.h"
#include <stdlib.h>
#include <string.h>
#include "namemap.h"

#define SET_FULL                                                             \
	"2 rows have exactly these names already, and rules make no third: " \
	"a CA may refuse the renewal of one of them"

struct quota {
	struct orders *all;    /* NULL: not asked for yet */
	struct namemap *hosts; /* which of these it is */
	struct orders **of_host;
	size_t n;
	struct namemap *sets;  /* how many rows have exactly these names */
	struct namemap *taken; /* row and host, or CSR, of those that were */
};

struct quota *quota_new(void)
{
	struct quota *q = mem_alloc(sizeof(*q));

	q->hosts = namemap_new();
	q->sets = namemap_new();
	q->taken = namemap_new();
	return q;
}

void quota_free(struct quota **q)
{
	if (!*q)
		return;
	for (size_t i = 0; i < (*q)->n; i++)
		orders_free(&(*q)->of_host[i]);
	free((*q)->of_host);
	namemap_free(&(*q)->hosts);
	namemap_free(&(*q)->sets);
	namemap_free(&(*q)->taken);
	orders_free(&(*q)->all);
	free(*q);
	*q = NULL;
}

static int there(const char *name, void *arg, struct err *err)
{
	orders_there(arg, name);
	return 0;
}

static int look(struct quota *q, const struct ask *k, struct err *err)
{
	AUTO(orders_free) struct orders *o = NULL;

	if (q->all)
		return 0;
	o = orders_new();
	if (fleet_pending_orders(k->p->store, k->p->now, there, o, err) == -1)
		return -1;
	q->all = TAKE(o);
	return 0;
}

/* By the names of the CSR: a row may be called by another domain of its. */
static int had(const char *as, struct store_blob csr, void *arg,
	       struct err *err)
{
	AUTO(x509_csr_free) struct x509_csr *c = NULL;

	if (x509_csr_parse(csr.p, csr.len, &c, NULL) == 0)
		orders_add(arg, x509_csr_ids(c));
	else
		orders_there(arg, as);
	return 0;
}

static int look_at_host(struct quota *q, const struct ask *k,
			struct orders **ret, struct err *err)
{
	AUTO(orders_free) struct orders *o = NULL;
	int at = namemap_get(q->hosts, k->r.host);

	if (at == -1) {
		o = orders_new();
		if (fleet_pending_had(k->p->store, &k->r,
				      k->p->now - FLEET_WEEK, had, o,
				      err) == -1)
			return -1;
		at = (int) q->n;
		namemap_put(q->hosts, k->r.host, at);
		q->of_host =
			mem_grow(q->of_host, q->n + 1, sizeof(struct orders *));
		q->of_host[q->n++] = TAKE(o);
	}
	*ret = q->of_host[at];
	return 0;
}

/* A name for the set of names. */
static const char *set_of(const struct x509_ids *ids, struct arena *a)
{
	AUTO(strlist_free) struct strlist l = STRLIST_INIT;
	AUTO(mem_free_str) char *all = NULL;
	char *hash = arena_alloc(a, ENC_SHA256_HEX);

	for (size_t i = 0; i < ids->n; i++)
		strlist_add(&l, ids->v[i].value);
	strlist_sort_unique(&l);
	all = strlist_join(&l, "\n");
	enc_sha256_hex(all, strlen(all), hash);
	return hash;
}

static bool has_names(struct store_blob csr, const struct x509_ids *ids)
{
	AUTO(x509_csr_free) struct x509_csr *c = NULL;

	return x509_csr_parse(csr.p, csr.len, &c, NULL) == 0 &&
	       x509_ids_equal(x509_csr_ids(c), ids);
}

/* A row is called by one of its names. More than QUOTA_SET need no count. */
static int count_rows(const struct ask *k, int *ret, struct err *err)
{
	AUTO(arena_free) struct arena *a = arena_new();
	const struct x509_ids *ids = x509_csr_ids(k->csr);
	int n = 0;

	for (size_t i = 0; i < ids->n && n < QUOTA_SET; i++) {
		struct fleet_csrs *l;

		arena_clear(a);
		l = arena_alloc(a, sizeof(*l));
		if (fleet_pending_csrs(k->p->store, ids->v[i].value, a, l,
				       err) == -1)
			return -1;
		for (size_t j = 0; j < l->n && n < QUOTA_SET; j++)
			n += has_names(l->v[j].csr, ids);
	}
	*ret = n;
	return 0;
}

/* Is it a row more that has exactly these names? */
static bool makes_one(const struct ask *k)
{
	return k->v.kind != RULING_KEY || !k->row_csr ||
	       !x509_ids_equal(x509_csr_ids(k->csr), x509_csr_ids(k->row_csr));
}

/* *ret: how many of them there are, seen once. */
static int look_at_set(struct quota *q, const struct ask *k, const char *set,
		       int *ret, struct err *err)
{
	int n = namemap_get(q->sets, set);

	if (n == -1) {
		if (count_rows(k, &n, err) == -1)
			return -1;
		namemap_put(q->sets, set, n);
	}
	*ret = n;
	return 0;
}

/* Why it is too many; NULL: it is not. */
static const char *too_many(const struct ask *k, const struct orders *all,
			    const struct orders *host)
{
	const struct x509_ids *ids = x509_csr_ids(k->csr);
	AUTO(mem_free_str) char *most = NULL;
	AUTO(mem_free_str) char *mine = NULL;

	if (orders_with(all, ids, &most) > ORDERS_MAX)
		return arena_printf(k->a,
				    "%s has its %d orders of 7 days already",
				    most, ORDERS_MAX);
	if (orders_with(host, ids, &mine) > QUOTA_HOST)
		return arena_printf(k->a,
				    "this host had %d orders for %s in 7 days, "
				    "and rules give one host no more of the "
				    "%d that all have together",
				    QUOTA_HOST, mine, ORDERS_MAX);
	return NULL;
}

static int wait_for(struct ask *k, const char *why)
{
	k->v.by_rule = false;
	k->v.no_rule = why;
	return 0;
}

static void take(struct quota *q, const struct ask *k, struct orders *host,
		 const char *set, int n_rows, const char *csr, const char *who)
{
	orders_add(q->all, x509_csr_ids(k->csr));
	orders_add(host, x509_csr_ids(k->csr));
	if (makes_one(k))
		namemap_put(q->sets, set, n_rows + 1);
	namemap_put(q->taken, who, 1);
	namemap_put(q->taken, csr, 1);
}

int quota_take(struct quota *q, struct ask *k, struct err *err)
{
	const char *set, *csr, *who, *why;
	struct orders *host;
	int n_rows;

	if (k->fault.kind != ERR_NONE || !k->v.by_rule || !ask_orders(k) ||
	    k->p->opt.yes)
		return 0;
	set = set_of(x509_csr_ids(k->csr), k->a);
	csr = arena_printf(k->a, "%s %s %s", k->v.as, set,
			   x509_csr_key(k->csr)->sha256);
	who = arena_printf(k->a, "%s %s", k->v.as, k->r.host);
	/* The row will have this key and these names by then. */
	if (namemap_get(q->taken, csr) != -1)
		return 0;
	/* ... or another one of this host's, and that stays for a while. */
	if (namemap_get(q->taken, who) != -1)
		return wait_for(k, "an earlier request for this row comes "
				   "first");
	if (look(q, k, err) == -1 || look_at_host(q, k, &host, err) == -1 ||
	    look_at_set(q, k, set, &n_rows, err) == -1)
		return -1;
	why = too_many(k, q->all, host);
	if (!why && makes_one(k) && n_rows >= QUOTA_SET)
		why = SET_FULL;
	if (why)
		return wait_for(k, why);
	take(q, k, host, set, n_rows, csr, who);
	return 0;
}
