/* SPDX-License-Identifier: MIT */
#include "orders.h"
#include <libpsl.h>
#include <stdlib.h>
#include <string.h>
#include "mem.h"
#include "namemap.h"

struct orders {
	struct namemap *all, *added;
	struct strlist domains; /* that were added */
};

struct orders *orders_new(void)
{
	struct orders *o = mem_alloc(sizeof(*o));

	o->all = namemap_new();
	o->added = namemap_new();
	return o;
}

void orders_free(struct orders **o)
{
	if (!*o)
		return;
	namemap_free(&(*o)->all);
	namemap_free(&(*o)->added);
	strlist_free(&(*o)->domains);
	free(*o);
	*o = NULL;
}

char *orders_domain(const char *name)
{
	AUTO(mem_free_str) char *host = NULL;
	const char *domain;

	if (strncmp(name, "*.", 2) == 0)
		name += 2;
	host = mem_strndup(name, strcspn(name, "+"));
	domain = psl_registrable_domain(psl_builtin(), host);
	return mem_strdup(domain ? domain : host);
}

static size_t count(const struct namemap *m, const char *domain)
{
	int n = namemap_get(m, domain);

	return n > 0 ? (size_t) n : 0;
}

static void more(struct namemap *m, const char *domain)
{
	namemap_put(m, domain, (int) count(m, domain) + 1);
}

void orders_there(struct orders *o, const char *name)
{
	AUTO(mem_free_str) char *domain = orders_domain(name);

	more(o->all, domain);
}

static void domains_of(const struct x509_ids *ids, struct strlist *ret)
{
	for (size_t i = 0; i < ids->n; i++) {
		AUTO(mem_free_str) char *domain = NULL;

		/* Addresses are none of a domain. */
		if (ids->v[i].type != X509_ID_DNS)
			continue;
		domain = orders_domain(ids->v[i].value);
		if (!strlist_has(ret, domain))
			strlist_add(ret, domain);
	}
}

void orders_add(struct orders *o, const struct x509_ids *ids)
{
	AUTO(strlist_free) struct strlist domains = STRLIST_INIT;

	domains_of(ids, &domains);
	for (size_t i = 0; i < domains.n; i++) {
		if (namemap_get(o->added, domains.v[i]) == -1)
			strlist_add(&o->domains, domains.v[i]);
		more(o->all, domains.v[i]);
		more(o->added, domains.v[i]);
	}
}

size_t orders_with(const struct orders *o, const struct x509_ids *ids,
		   char **ret_domain)
{
	AUTO(strlist_free) struct strlist domains = STRLIST_INIT;
	size_t most = 0, which = 0;

	domains_of(ids, &domains);
	for (size_t i = 0; i < domains.n; i++)
		if (count(o->all, domains.v[i]) + 1 > most) {
			most = count(o->all, domains.v[i]) + 1;
			which = i;
		}
	*ret_domain = mem_strdup(domains.n ? domains.v[which] : "");
	return most;
}

size_t orders_lines(const struct orders *o)
{
	return o->domains.n;
}

struct orders_line orders_line(const struct orders *o, size_t i)
{
	const char *domain = o->domains.v[i];

	return (struct orders_line){ .domain = domain,
				     .added = count(o->added, domain),
				     .all = count(o->all, domain) };
}
