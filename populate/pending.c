/* SPDX-License-Identifier: MIT */
#include "quota.h"

#define PAGE_ROWS 100
#define SHOWN_MAX 500 /* to a person */
#define JSON_MAX  262144

struct listing {
	struct populate *p;
	char **hosts; /* NULL: all */
	int n_hosts;
	size_t rows, shown;
	struct quota *quota; /* of those that rules take, before these */
	struct sbuf out;
};

static bool wanted(const struct listing *l, const char *host)
{
	for (int i = 0; i < l->n_hosts; i++)
		if (strcmp(l->hosts[i], host) == 0)
			return true;
	return l->n_hosts == 0;
}

static int print_json(struct listing *l, const struct ask *k, struct err *err)
{
	sbuf_clear(&l->out);
	ask_json(k, &l->out);
	if (sbuf_over(&l->out))
		return err_set(err, ERR_LIMIT, "request %lld is too large",
			       (long long) k->r.id);
	printf("%s\n%s", l->rows > 1 ? "," : "", sbuf_str(&l->out));
	return 0;
}

static int one(struct listing *l, const struct fleet_request *r,
	       struct err *err)
{
	AUTO(arena_free) struct arena *a = NULL;
	struct ask k;
	int rc = 0;

	if (!wanted(l, r->host))
		return 0;
	l->rows++;
	if (!l->p->opt.json && l->shown == SHOWN_MAX)
		return 0;
	a = arena_new();
	if (ask_look(l->p, r, a, &k, err) == -1)
		return -1;
	l->shown++;
	rc = quota_take(l->quota, &k, err);
	if (rc == 0 && l->p->opt.json)
		rc = print_json(l, &k, err);
	else if (rc == 0)
		ask_print(&k);
	ask_free(&k);
	return rc;
}

static int all(struct listing *l, struct err *err)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct fleet_requests page = { .n = 0 };
	int64_t after = 0;

	do {
		arena_clear(a);
		if (fleet_requests_pending(l->p->store, after, PAGE_ROWS, a,
					   &page, err) == -1)
			return -1;
		for (size_t i = 0; i < page.n; i++)
			if (one(l, &page.v[i], err) == -1)
				return -1;
		if (page.n > 0)
			after = page.v[page.n - 1].id;
	} while (page.n == PAGE_ROWS);
	return 0;
}

int pending_run(struct populate *p, char **hosts, int n, struct err *err)
{
	AUTO(quota_free) struct quota *q = quota_new();
	struct listing l = { .p = p,
			     .hosts = hosts,
			     .n_hosts = n,
			     .quota = q,
			     .out = SBUF_INIT(JSON_MAX) };
	int rc;

	if (p->opt.json)
		printf("[");
	rc = all(&l, err);
	if (p->opt.json)
		printf("%s]\n", l.rows ? "\n" : "");
	sbuf_free(&l.out);
	if (rc == -1 || p->opt.json)
		return rc;
	if (l.rows > l.shown)
		printf("and %zu more, which came later: pending HOST... shows "
		       "those of some hosts, --json all\n",
		       l.rows - l.shown);
	if (l.rows > 0)
		printf("certrepo-populate%s approve ID..., or reject ID... "
		       "--reason TEXT\n",
		       populate_hint(p, p->arena));
	return 0;
}
