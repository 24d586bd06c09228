/* SPDX-License-Identifier: MIT */
#include "dns_lookup.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include "clock.h"
#include "strlist.h"

#define BUCKETS 512

TAILQ_HEAD(waiting, dns_lookup);

struct entry {
	struct dns_resolver *r;
	char *name;
	unsigned type;
	size_t first; /* the resolver asked first */
	size_t tried;
	struct dns_ask *query;
	void *packed; /* what msg points to */
	struct dns_msg msg;
	bool heard; /* one of them answered */
	bool known;
	bool listed;	/* in its bucket */
	unsigned busy;	/* msg is in the hands of a callback */
	int64_t until;	/* monotonic */
	struct err err; /* of the server that came closest */
	struct waiting waiting;
	TAILQ_ENTRY(entry) link;
};

struct dns_lookup {
	struct entry *entry;
	dns_lookup_fn *fn;
	void *arg;
	struct loop_timer *soon;
	TAILQ_ENTRY(dns_lookup) link;
};

TAILQ_HEAD(bucket, entry);

struct dns_resolver {
	struct dns_net *net;
	const char *from;
	struct dns_addr servers[DNS_RESOLVERS_MAX];
	size_t n;
	size_t first; /* the one that answered last */
	struct bucket buckets[BUCKETS];
};

static void ask(struct entry *e);

struct dns_resolver *dns_resolver_new(struct dns_net *net,
				      const struct dns_addr *servers, size_t n,
				      const char *from)
{
	struct dns_resolver *r = mem_alloc(sizeof(*r));

	assert(n <= DNS_RESOLVERS_MAX);
	r->net = net;
	r->from = from;
	r->n = n;
	memcpy(r->servers, servers, n * sizeof(*servers));
	for (size_t i = 0; i < BUCKETS; i++)
		TAILQ_INIT(&r->buckets[i]);
	return r;
}

static struct bucket *bucket_of(struct dns_resolver *r, const char *name)
{
	uint32_t h = 2166136261u; /* FNV-1a */

	for (; *name; name++)
		h = (h ^ (unsigned char) *name) * 16777619u;
	return &r->buckets[h % BUCKETS];
}

static void unlist(struct entry *e)
{
	if (e->listed)
		TAILQ_REMOVE(bucket_of(e->r, e->name), e, link);
	e->listed = false;
}

static void entry_free(struct entry *e)
{
	assert(TAILQ_EMPTY(&e->waiting));
	unlist(e);
	dns_ask_cancel(&e->query);
	free(e->packed);
	free(e->name);
	free(e);
}

void dns_resolver_free(struct dns_resolver **r)
{
	if (!*r)
		return;
	for (size_t i = 0; i < BUCKETS; i++)
		while (!TAILQ_EMPTY(&(*r)->buckets[i]))
			entry_free(TAILQ_FIRST(&(*r)->buckets[i]));
	free(*r);
	*r = NULL;
}

/* Tell everyone who waits; each may cancel others or ask anew. */
static void tell(struct entry *e)
{
	struct dns_lookup *l;

	e->busy++;
	while ((l = TAILQ_FIRST(&e->waiting))) {
		TAILQ_REMOVE(&e->waiting, l, link);
		loop_cancel(&l->soon);
		l->fn(l->arg, e->known ? &e->msg : NULL,
		      e->known ? NULL : &e->err);
		free(l);
	}
	e->busy--;
}

/* NOERROR with neither answer nor SOA is a referral, or nothing at all. */
static bool usable(const struct dns_msg *m)
{
	if (m->rcode != DNS_NOERROR && m->rcode != DNS_NXDOMAIN)
		return false;
	for (size_t i = 0; i < m->n; i++)
		if (m->rr[i].section == DNS_ANSWER ||
		    (m->rr[i].section == DNS_AUTHORITY &&
		     m->rr[i].type == DNS_SOA))
			return true;
	return false;
}

static const struct dns_addr *server_of(const struct entry *e)
{
	return &e->r->servers[(e->first + e->tried) % e->r->n];
}

static void not_usable(struct entry *e, const struct dns_msg *m,
		       const struct err *err)
{
	char name[DNS_NAME_SAID];
	char text[DNS_ADDR_TEXT], code[16];

	e->heard = e->heard || m || err->kind == ERR_INPUT;
	if (m)
		(void) err_set(&e->err, ERR_UNAVAILABLE,
			       "look-up of %s %s: the resolver %s answered %s",
			       dns_name_said(e->name, name),
			       dns_type_text(e->type),
			       dns_addr_text(server_of(e), text),
			       m->rcode == DNS_NOERROR
				       ? "without knowing it (is it no "
					 "resolver?)"
				       : dns_rcode_text(m->rcode, code));
	else if (e->err.kind == ERR_NONE || err->kind == ERR_INPUT)
		(void) err_set(&e->err, ERR_UNAVAILABLE, "look-up of %s %s: %s",
			       dns_name_said(e->name, name),
			       dns_type_text(e->type), err->msg);
}

static void nobody_is_there(struct entry *e)
{
	AUTO(strlist_free) struct strlist all = STRLIST_INIT;
	AUTO(mem_free_str) char *text = NULL;
	bool one = e->r->n == 1;
	char buf[DNS_ADDR_TEXT];

	for (size_t i = 0; i < e->r->n; i++)
		strlist_add(&all, dns_addr_text(&e->r->servers[i], buf));
	text = strlist_join(&all, ", ");
	(void) err_wrap(&e->err, "the resolver%s %s of %s %s not answer",
			one ? "" : "s", text, e->r->from, one ? "does" : "do");
}

static void answered(void *arg, const struct dns_msg *m, const struct err *err)
{
	struct entry *e = arg;

	e->query = NULL;
	if (m && usable(m)) {
		e->packed = dns_msg_pack(m, &e->msg);
		e->known = true;
		e->until = clock_mono_ms() + DNS_LOOKUP_KEEP_MS;
		e->r->first = (e->first + e->tried) % e->r->n;
		tell(e);
		return;
	}
	not_usable(e, m, err);
	if (++e->tried < e->r->n) {
		ask(e);
		return;
	}
	if (!e->heard)
		nobody_is_there(e);
	/* Failures are told, not kept: who asks again begins anew. */
	unlist(e);
	tell(e);
	entry_free(e);
}

static void ask(struct entry *e)
{
	struct dns_question q = { .name = e->name,
				  .type = e->type,
				  .recursive = true };

	e->query = dns_ask(e->r->net, server_of(e), &q, answered, e);
}

static struct entry *find(struct dns_resolver *r, const char *name,
			  unsigned type)
{
	struct bucket *b = bucket_of(r, name);
	int64_t now = clock_mono_ms();
	struct entry *e, *next;

	for (e = TAILQ_FIRST(b); e; e = next) {
		next = TAILQ_NEXT(e, link);
		if (e->known && e->until <= now && e->busy == 0 &&
		    TAILQ_EMPTY(&e->waiting)) {
			entry_free(e);
			continue;
		}
		if (e->type == type && strcmp(e->name, name) == 0)
			return e;
	}
	return NULL;
}

static struct entry *entry_new(struct dns_resolver *r, const char *name,
			       unsigned type)
{
	struct entry *e = mem_alloc(sizeof(*e));

	e->r = r;
	e->name = mem_strdup(name);
	e->type = type;
	e->first = r->first;
	TAILQ_INIT(&e->waiting);
	TAILQ_INSERT_HEAD(bucket_of(r, name), e, link);
	e->listed = true;
	return e;
}

static void soon(void *arg)
{
	struct dns_lookup *l = arg;
	struct entry *e = l->entry;

	l->soon = NULL;
	TAILQ_REMOVE(&e->waiting, l, link);
	e->busy++;
	l->fn(l->arg, &e->msg, NULL);
	e->busy--;
	free(l);
}

struct dns_lookup *dns_lookup(struct dns_resolver *r, const char *name,
			      unsigned type, dns_lookup_fn *fn, void *arg)
{
	struct dns_lookup *l = mem_alloc(sizeof(*l));
	struct entry *e = find(r, name, type);

	l->fn = fn;
	l->arg = arg;
	if (!e) {
		e = entry_new(r, name, type);
		ask(e);
	}
	l->entry = e;
	TAILQ_INSERT_TAIL(&e->waiting, l, link);
	if (e->known)
		l->soon = loop_after(dns_net_loop(r->net), 0, soon, l);
	return l;
}

void dns_lookup_cancel(struct dns_lookup **l)
{
	if (!*l)
		return;
	TAILQ_REMOVE(&(*l)->entry->waiting, *l, link);
	loop_cancel(&(*l)->soon);
	free(*l);
	*l = NULL;
}
