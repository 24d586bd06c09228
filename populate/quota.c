/* SPDX-License-Identifier: MIT */
#include "quota.h"
#include <stdlib.h>
#include "namemap.h"

struct quota {
	struct orders *all;    /* NULL: not asked for yet */
	struct namemap *hosts; /* which of these it is */
	struct orders **of_host;
	size_t n;
};

struct quota *quota_new(void)
{
	struct quota *q = mem_alloc(sizeof(*q));

	q->hosts = namemap_new();
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

int quota_take(struct quota *q, struct ask *k, struct err *err)
{
	struct orders *host;

	if (k->fault.kind != ERR_NONE || !k->v.by_rule || !ask_orders(k) ||
	    k->p->opt.yes)
		return 0;
	if (look(q, k, err) == -1 || look_at_host(q, k, &host, err) == -1)
		return -1;
	k->v.no_rule = too_many(k, q->all, host);
	k->v.by_rule = !k->v.no_rule;
	if (k->v.by_rule) {
		orders_add(q->all, x509_csr_ids(k->csr));
		orders_add(host, x509_csr_ids(k->csr));
	}
	return 0;
}
