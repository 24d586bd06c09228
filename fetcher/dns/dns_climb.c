/* SPDX-License-Identifier: MIT */
#include "dns_climb.h"
#include <stdlib.h>
#include <string.h>
#include "dns_path.h"

struct dns_climb {
	struct dns_resolver *r;
	struct arena *arena;
	struct dns_lookup *lookup;
	const char *first, *name; /* a part of it, whose turn it is */
	struct dns_path path;	  /* from there */
	struct dns_climb_found found;
	dns_climb_fn *fn;
	void *arg;
};

static void ask(struct dns_climb *c);

static void destroy(struct dns_climb *c)
{
	dns_lookup_cancel(&c->lookup);
	free(c);
}

static void finish(struct dns_climb *c, const struct err *err)
{
	struct err copy = err ? *err : (struct err) ERR_INIT;

	c->fn(c->arg, err ? NULL : &c->found, err ? &copy : NULL);
	destroy(c);
}

static void begin(struct dns_climb *c, const char *name)
{
	c->name = name;
	dns_path_init(&c->path, name);
	ask(c);
}

/* The aliases that M knows of, from the present name on. */
static int follow(struct dns_climb *c, const struct dns_msg *m, struct err *err)
{
	char to[DNS_NAME_TEXT];
	bool dname;
	int rc;

	while ((rc = dns_path_alias(&c->path, m, to, &dname, err)) == 1)
		if (dns_path_go(&c->path, to, err) == -1)
			return -1;
	return rc;
}

static int take_set(struct dns_climb *c, const struct dns_msg *m,
		    const char *end, struct err *err)
{
	struct dns_caa *set =
		arena_array(c->arena, DNS_CAA_RECORDS_MAX, sizeof(*set));
	size_t n = 0;

	for (size_t i = 0; i < m->n; i++) {
		const struct dns_rr *rr = &m->rr[i];

		if (rr->section != DNS_ANSWER || rr->type != DNS_CAA ||
		    strcmp(rr->owner, end) != 0)
			continue;
		if (n == DNS_CAA_RECORDS_MAX)
			return err_set(err, ERR_LIMIT,
				       "more than %d CAA records",
				       DNS_CAA_RECORDS_MAX);
		if (dns_caa_parse(rr->data, rr->len, c->arena, &set[n++],
				  err) == -1)
			return -1;
	}
	c->found.set = set;
	c->found.n = n;
	return 0;
}

static void fail(struct dns_climb *c, struct err *err)
{
	char said[DNS_NAME_SAID];

	(void) err_wrap(err, "%s", dns_name_said(c->name, said));
	finish(c, err);
}

static void got(void *arg, const struct dns_msg *m, const struct err *err)
{
	struct dns_climb *c = arg;
	unsigned hops = c->path.hops;
	struct err why = ERR_INIT;
	const char *end, *up;

	c->lookup = NULL;
	if (!m) {
		finish(c, err); /* it names what was looked up */
		return;
	}
	if (follow(c, m, &why) == -1 ||
	    take_set(c, m, dns_path_name(&c->path), &why) == -1) {
		fail(c, &why);
		return;
	}
	end = dns_path_name(&c->path);
	if (c->found.n == 0 && c->path.hops > hops && !dns_path_soa(m, end)) {
		ask(c); /* a server that does not follow them all */
		return;
	}
	if (c->path.hops > 0 && c->name == c->first)
		c->found.alias = arena_strdup(c->arena, end);
	up = dns_name_parent(c->name);
	if (c->found.n > 0) {
		c->found.at = c->name;
		c->found.end = arena_strdup(c->arena, end);
		finish(c, NULL);
	} else if (!up || strcmp(up, ".") == 0) {
		finish(c, NULL);
	} else {
		begin(c, up);
	}
}

static void ask(struct dns_climb *c)
{
	c->lookup = dns_lookup(c->r, dns_path_name(&c->path), DNS_CAA, got, c);
}

struct dns_climb *dns_climb(struct dns_resolver *r, const char *name,
			    struct arena *arena, dns_climb_fn *fn, void *arg)
{
	struct dns_climb *c = mem_alloc(sizeof(*c));

	c->r = r;
	c->arena = arena;
	c->fn = fn;
	c->arg = arg;
	c->first = arena_strdup(c->arena, name);
	begin(c, c->first);
	return c;
}

void dns_climb_cancel(struct dns_climb **c)
{
	if (*c)
		destroy(*c);
	*c = NULL;
}
