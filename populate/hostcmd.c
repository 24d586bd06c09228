/* SPDX-License-Identifier: MIT */
#include "hostcmd.h"
#include "near.h"

struct nearest {
	struct near near;
	char best[1100];
};

static int try_host(const struct fleet_known *h, void *arg, struct err *err)
{
	struct nearest *n = arg;

	if (near_try(&n->near, h->host)) {
		(void) snprintf(n->best, sizeof(n->best), "%s", h->host);
		n->near.best = n->best;
	}
	return 0;
}

int hostcmd_unknown(struct populate *p, const char *host, struct err *err)
{
	struct nearest n = { .near = near_name(host) };
	AUTO(mem_free_str) char *near = NULL;
	struct err own = ERR_INIT;

	/* What is not known is not near: there is a failure to tell already. */
	if (fleet_hosts_each(p->store, try_host, &n, &own) == -1)
		n.near.best = NULL;
	near = near_text(&n.near, "");
	return err_set(err, ERR_INPUT,
		       "%s has no account in %s, and reported nothing%s", host,
		       store_name(p->store), near);
}

int hostcmd_row(struct populate *p, const char *host, struct arena *a,
		struct fleet_host *ret, struct err *err)
{
	struct store_receipts said;
	int rc = fleet_host_get(p->store, host, a, ret, err);

	if (rc != 0)
		return rc == 1 ? 0 : -1;
	if (fleet_host_receipts(p->store, host, a, &said, err) == -1)
		return -1;
	if (said.n == 0)
		return hostcmd_unknown(p, host, err);
	return err_set(err, ERR_INPUT,
		       "%s has no account of its own, it reports by one that "
		       "hosts share: certrepo-populate%s host add %s makes one",
		       host, populate_hint(p, a), populate_word(host, a));
}

int hostcmd_need_accounts(struct populate *p, struct err *err)
{
	if (fleet_accounts(p->store))
		return 0;
	return err_set(
		err, ERR_CONFIG,
		"%s is SQLite, which knows no accounts: who may read the "
		"file reads all of it, and nothing has to be done for a "
		"host; accounts are MariaDB's, see certrepo-fleet(7)",
		store_name(p->store));
}

int hostcmd_names(struct populate *p, char *const *names, int n,
		  struct err *err)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct store_cert *row;

	for (int i = 0; i < n; i++)
		if (populate_row(p, names[i], a, &row, err) == -1) {
			populate_tell(names[i], err);
			return -1;
		}
	return 0;
}

const char *hostcmd_joined(char *const *names, int n, struct arena *a)
{
	const char *all = "";

	for (int i = 0; i < n; i++)
		all = arena_printf(a, "%s%s%s", all, i ? ", " : "",
				   populate_clean(a, names[i]));
	return all;
}

/* --- who makes accounts --- */

/* 1: it is there, of the same database, and may look; 0. What is wrong with it
 * is no reason to stop: statements can be printed. */
static int open_own(struct populate *p, const char *host,
		    struct hostcmd_maker *m)
{
	AUTO(conf_errors_free) struct conf_errors errs = { .list = { 0 } };
	AUTO(store_free) struct store *s = NULL;
	char account[FLEET_ACCOUNT_MAX + 1];
	struct err own = ERR_INIT;
	struct fleet_host h;
	enum fleet_seen seen;

	if (access(POPULATE_INIT, R_OK) == -1)
		return 0;
	m->conf = arena_alloc(p->arena, sizeof(*m->conf));
	if (certrepo_conf_load(POPULATE_INIT, p->arena, m->conf, &errs) == -1 ||
	    store_open(m->conf->store, STORE_WRITE, &s, &own) == -1 ||
	    !fleet_accounts(s) ||
	    fleet_host_get(s, host, p->arena, &h, &own) != 1 ||
	    fleet_account_look(s, fleet_account_of(host, account), &seen,
			       &own) == -1 ||
	    seen == FLEET_HIDDEN)
		return 0;
	m->seen = seen;
	m->store = m->own = TAKE(s);
	m->config = POPULATE_INIT;
	return 1;
}

int hostcmd_maker(struct populate *p, const char *host,
		  struct hostcmd_maker *ret, struct err *err)
{
	struct hostcmd_maker m = { .store = p->store };
	char account[FLEET_ACCOUNT_MAX + 1];

	if (fleet_account_look(p->store, fleet_account_of(host, account),
			       &m.seen, err) == -1)
		return -1;
	if (m.seen == FLEET_HIDDEN && geteuid() == 0 &&
	    strcmp(p->opt.config, POPULATE_ADMIN) == 0)
		(void) open_own(p, host, &m);
	*ret = m;
	return 0;
}

void hostcmd_maker_free(struct hostcmd_maker *m)
{
	store_free(&m->own);
}

void hostcmd_print_sql(struct populate *p, const struct fleet_account *f)
{
	if (p->refusal_told) {
		printf("And this, too:\n\n%s\n", f->sql);
		return;
	}
	if (f->why.kind != ERR_NONE)
		populate_line("refused", f->why.msg);
	printf("This program may not make or drop accounts. Let an "
	       "administrator run this in\nthe mariadb client:\n\n%s\n",
	       f->sql);
	p->refusal_told = true;
}
