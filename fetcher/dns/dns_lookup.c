/* SPDX-License-Identifier: MIT */
#include "dns_lookup.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include "clock.h"

#define BUCKETS 512

TAILQ_HEAD(waiting, dns_lookup);

struct entry {
	struct dns_resolver *r;
	char *name;
	unsigned type;
	bool has_last;
	struct dns_addr last;
	size_t first; /* the resolver asked first */
	size_t tried;
	struct dns_query *query;
	void *packed; /* what msg points to */
	struct dns_msg msg;
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
	struct dns_addr servers[DNS_RESOLVERS_MAX];
	size_t n;
	size_t first; /* the one that answered last */
	struct bucket buckets[BUCKETS];
};

static void ask(struct entry *e);

struct dns_resolver *dns_resolver_new(struct dns_net *net,
				      const struct dns_addr *servers, size_t n)
{
	struct dns_resolver *r = mem_alloc(sizeof(*r));

	assert(n <= DNS_RESOLVERS_MAX);
	r->net = net;
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
	dns_query_cancel(&e->query);
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

/* 1 when E has its answer, 0 when the next server is to be asked */
static int take_answer(struct entry *e, const struct dns_addr *from,
		       const unsigned char *wire, size_t len)
{
	AUTO(arena_free) struct arena *arena = arena_new();
	struct err err = ERR_INIT;
	char text[DNS_ADDR_TEXT], code[16];
	struct dns_msg m;

	if (dns_msg_parse(wire, len, arena, &m, &err) == -1) {
		(void) err_set(&e->err, ERR_UNAVAILABLE,
			       "look-up of %s %s: DNS server %s: %s", e->name,
			       dns_type_text(e->type),
			       dns_addr_text(from, text), err.msg);
		return 0;
	}
	if (usable(&m)) {
		e->packed = dns_msg_pack(&m, &e->msg);
		return 1;
	}
	(void) err_set(&e->err, ERR_UNAVAILABLE,
		       "look-up of %s %s: DNS server %s answered %s", e->name,
		       dns_type_text(e->type), dns_addr_text(from, text),
		       m.rcode == DNS_NOERROR
			       ? "without knowing it (is it no resolver?)"
			       : dns_rcode_text(m.rcode, code));
	return 0;
}

static const struct dns_addr *server_of(const struct entry *e)
{
	return e->tried < e->r->n
		       ? &e->r->servers[(e->first + e->tried) % e->r->n]
		       : &e->last;
}

static void answered(void *arg, const unsigned char *wire, size_t len,
		     const struct err *err)
{
	struct entry *e = arg;

	e->query = NULL;
	if (!wire && e->err.kind == ERR_NONE)
		(void) err_set(&e->err, ERR_UNAVAILABLE, "look-up of %s %s: %s",
			       e->name, dns_type_text(e->type), err->msg);
	if (wire && take_answer(e, server_of(e), wire, len) == 1) {
		e->known = true;
		e->until = clock_mono_ms() + DNS_LOOKUP_KEEP_MS;
		if (e->tried < e->r->n)
			e->r->first = (e->first + e->tried) % e->r->n;
		tell(e);
		return;
	}
	e->tried++;
	if (e->tried < e->r->n + e->has_last) {
		ask(e);
		return;
	}
	/* Failures are told, not kept: who asks again begins anew. */
	unlist(e);
	tell(e);
	entry_free(e);
}

static void ask(struct entry *e)
{
	AUTO(sbuf_free) struct sbuf q = SBUF_INIT(DNS_MESSAGE_MAX);

	/* e->name is canonical: this cannot fail but for lack of memory */
	(void) !dns_msg_question(e->name, e->type, e->tried < e->r->n, &q,
				 &e->err);
	e->query = dns_query_ask(e->r->net, server_of(e), &q, answered, e);
}

static struct entry *find(struct dns_resolver *r, const char *name,
			  unsigned type, const struct dns_addr *last)
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
		if (e->type == type && strcmp(e->name, name) == 0 &&
		    e->has_last == !!last &&
		    (!last || dns_addr_equal(&e->last, last)))
			return e;
	}
	return NULL;
}

static struct entry *entry_new(struct dns_resolver *r, const char *name,
			       unsigned type, const struct dns_addr *last)
{
	struct entry *e = mem_alloc(sizeof(*e));

	e->r = r;
	e->name = mem_strdup(name);
	e->type = type;
	e->has_last = last;
	if (last)
		e->last = *last;
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
			      unsigned type, const struct dns_addr *last,
			      dns_lookup_fn *fn, void *arg)
{
	struct dns_lookup *l = mem_alloc(sizeof(*l));
	struct entry *e = find(r, name, type, last);

	l->fn = fn;
	l->arg = arg;
	if (!e) {
		e = entry_new(r, name, type, last);
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
