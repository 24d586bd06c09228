/* SPDX-License-Identifier: MIT */
#include "hostcmd.h"
#include "quota.h"

#define PAGE_ROWS 100
#define SHOWN_MAX 500 /* to a person */
#define JSON_MAX  262144

struct listing {
	struct populate *p;
	char **hosts; /* NULL: all */
	int n_hosts;
	size_t rows, shown;
	size_t *of_host;     /* rows of each of hosts */
	struct quota *quota; /* of those that rules take, before these */
	struct sbuf out;
};

static bool wanted(const struct listing *l, const char *host)
{
	bool found = l->n_hosts == 0;

	for (int i = 0; i < l->n_hosts; i++)
		if (strcmp(l->hosts[i], host) == 0) {
			l->of_host[i]++;
			found = true;
		}
	return found;
}

/* A host that is not known may be another one, misspelt. */
static int tell_none(struct populate *p, const char *host, struct err *err)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct store_receipts said;
	struct fleet_host row;
	int rc = fleet_host_get(p->store, host, a, &row, err);

	if (rc == 0 && fleet_host_receipts(p->store, host, a, &said, err) == -1)
		return -1;
	if (rc == -1 || (rc == 0 && said.n == 0))
		return rc == -1 ? -1 : hostcmd_unknown(p, host, err);
	if (!p->opt.json)
		printf("nothing of %s waits\n", populate_clean(a, host));
	return 0;
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
	bool show = wanted(l, r->host);
	struct ask k;
	int rc = 0;

	/* Those of other hosts that come before take what rules may. */
	if (!show && l->p->conf.rules.n == 0)
		return 0;
	l->rows += show;
	if (!l->p->opt.json && l->shown == SHOWN_MAX)
		return 0;
	a = arena_new();
	if (ask_look(l->p, r, a, &k, err) == -1)
		return -1;
	l->shown += show;
	rc = quota_take(l->quota, &k, err);
	if (rc == 0 && !show)
		;
	else if (rc == 0 && l->p->opt.json)
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
			     .of_host = arena_array(p->arena, (size_t) n + 1,
						    sizeof(size_t)),
			     .quota = q,
			     .out = SBUF_INIT(JSON_MAX) };
	int rc;

	if (p->opt.json)
		printf("[");
	rc = all(&l, err);
	if (p->opt.json)
		printf("%s]\n", l.rows ? "\n" : "");
	sbuf_free(&l.out);
	for (int i = 0; rc == 0 && i < n; i++)
		if (l.of_host[i] == 0)
			rc = tell_none(p, hosts[i], err);
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
