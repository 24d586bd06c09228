/* SPDX-License-Identifier: MIT */
#include "dns_walk.h"

#include <assert.h>
#include <libpsl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include "clock.h"
#include "strlist.h"

TAILQ_HEAD(walks, dns_walk);
TAILQ_HEAD(subs, sub);

/* A look-up of an address of one of a cut's servers: of the resolver, or of
 * the servers of a zone of ours that it lies in. */
struct sub {
	struct cut *cut;
	const char *host; /* the cut's */
	struct dns_lookup *lookup;
	struct dns_walk *walk;
	TAILQ_ENTRY(sub) link;
};

/* A zone and its servers: known, or being found. */
struct cut {
	struct dns_walker *w;
	char *name;	  /* what is asked for is at or below it */
	const char *zone; /* the zone it is, or lies in */
	char *above;	  /* that zone, when it lies in one */
	bool ours;	  /* configured: its servers' names are ours, too */
	bool configured;  /* begins a walk: may be no zone at all */
	bool given;	  /* its addresses are configured, too */
	bool silent;	  /* given, and they say nothing at all */
	bool instead;	  /* of one that is given */
	const struct dns_key *key;
	struct dns_addr addr[DNS_WALK_ADDR_MAX];
	size_t n;
	size_t first; /* the one that answered last */
	bool known;
	int64_t until; /* monotonic */
	unsigned users;
	struct dns_lookup *ns_lookup;
	struct strlist ns;
	unsigned type; /* of the addresses that are being looked up */
	struct err trouble;
	struct subs subs;
	struct loop_timer *soon; /* there is nobody to ask */
	struct walks waiting;
	TAILQ_ENTRY(cut) link;
};
TAILQ_HEAD(cuts, cut);

#define BUCKETS 512

struct dns_walk {
	struct dns_walker *w;
	char *name;
	unsigned type;
	struct cut *cut;
	bool waits;	     /* in its list */
	size_t first, tried; /* of the cut's servers */
	unsigned steps;	     /* referrals followed */
	struct dns_ask *ask;
	struct err last; /* of the servers of the cut */
	bool heard;	 /* one of them answers */
	bool flat;	 /* a referral ends it */
	dns_walk_fn *fn;
	void *arg;
	TAILQ_ENTRY(dns_walk) link;
};

struct dns_walker {
	struct dns_net *net;
	struct dns_resolver *resolver;
	const struct dns_start *starts;
	size_t n_starts;
	struct cuts buckets[BUCKETS]; /* by name */
};

static void walk_begin(struct dns_walk *walk);
static void walk_ask(struct dns_walk *walk);
static struct cut *cut_get(struct dns_walker *w, const char *name,
			   bool instead);

/* --- pure --- */

const char *dns_walk_domain(const char *name)
{
	const psl_ctx_t *psl = psl_builtin();
	const char *s, *domain = ".", *rest = dns_name_host(name);

	/* from the longest down: the last one that is no public suffix */
	for (s = rest; s && strcmp(s, ".") != 0; s = dns_name_parent(s)) {
		const char *up = dns_name_parent(s);

		if (psl ? psl_is_public_suffix2(psl, s, PSL_TYPE_ICANN)
			: strcmp(up, ".") == 0)
			return strcmp(domain, ".") == 0 ? s : domain;
		domain = s;
	}
	return domain;
}

/* The zone that answers with data for NAME, or denies it; NULL: M does
 * neither. */
static const char *answers_from(const struct dns_msg *m, const char *name,
				const char *zone)
{
	for (size_t i = 0; i < m->n; i++) {
		const struct dns_rr *rr = &m->rr[i];

		if (rr->section == DNS_ANSWER &&
		    (strcmp(rr->owner, name) == 0 ||
		     (rr->type == DNS_DNAME &&
		      dns_name_within(name, rr->owner))))
			return zone;
		if (rr->section == DNS_AUTHORITY && rr->type == DNS_SOA &&
		    dns_name_within(name, rr->owner))
			return rr->owner;
	}
	return NULL;
}

/* The zone M refers to for NAME, if it is one below ZONE. */
static const char *refers_to(const struct dns_msg *m, const char *name,
			     const char *zone)
{
	for (size_t i = 0; m->rcode == DNS_NOERROR && i < m->n; i++) {
		const struct dns_rr *rr = &m->rr[i];

		if (rr->section == DNS_AUTHORITY && rr->type == DNS_NS &&
		    strcmp(rr->owner, zone) != 0 &&
		    dns_name_within(rr->owner, zone) &&
		    dns_name_within(name, rr->owner))
			return rr->owner;
	}
	return NULL;
}

enum dns_says dns_walk_says(const struct dns_msg *m, const char *name,
			    const char *zone, const char **ret_cut)
{
	const char *from, *cut;

	if (m->rcode != DNS_NOERROR && m->rcode != DNS_NXDOMAIN)
		return DNS_SAYS_NOTHING;
	from = answers_from(m, name, zone);
	if (from)
		return dns_name_within(from, zone) ? DNS_SAYS_ANSWER
						   : DNS_SAYS_NO_ZONE;
	cut = refers_to(m, name, zone);
	if (cut) {
		*ret_cut = cut;
		return DNS_SAYS_REFERRAL;
	}
	return m->authoritative ? DNS_SAYS_ANSWER : DNS_SAYS_NOTHING;
}

/* --- the servers of a zone --- */

static struct cuts *bucket_of(struct dns_walker *w, const char *name)
{
	uint32_t h = 2166136261u; /* FNV-1a */

	for (; *name; name++)
		h = (h ^ (unsigned char) *name) * 16777619u;
	return &w->buckets[h % BUCKETS];
}

static void cancel_subs(struct cut *c)
{
	struct sub *s;

	while ((s = TAILQ_FIRST(&c->subs))) {
		TAILQ_REMOVE(&c->subs, s, link);
		dns_lookup_cancel(&s->lookup);
		dns_walk_cancel(&s->walk);
		free(s);
	}
}

static void cut_free(struct cut *c)
{
	assert(TAILQ_EMPTY(&c->waiting) && c->users == 0);
	TAILQ_REMOVE(bucket_of(c->w, c->name), c, link);
	dns_lookup_cancel(&c->ns_lookup);
	cancel_subs(c);
	loop_cancel(&c->soon);
	strlist_free(&c->ns);
	free(c->above);
	free(c->name);
	free(c);
}

static void walk_free(struct dns_walk *walk)
{
	if (walk->waits)
		TAILQ_REMOVE(&walk->cut->waiting, walk, link);
	else if (walk->cut)
		walk->cut->users--;
	dns_ask_cancel(&walk->ask);
	free(walk->name);
	free(walk);
}

static void walk_fail(struct dns_walk *walk, const struct err *err)
{
	dns_walk_fn *fn = walk->fn;
	void *arg = walk->arg;
	struct err copy = *err;

	walk_free(walk);
	fn(arg, NULL, NULL, &copy);
}

static void cut_known(struct cut *c)
{
	struct dns_walk *walk;

	c->known = true;
	c->until = clock_mono_ms() + DNS_WALK_KEEP_MS;
	while ((walk = TAILQ_FIRST(&c->waiting))) {
		TAILQ_REMOVE(&c->waiting, walk, link);
		walk->waits = false;
		walk_begin(walk);
	}
}

/* WHY: of a zone whose servers are configured, what the resolvers say. */
static void nobody_answers(struct dns_walk *walk, const struct err *why)
{
	char zone[DNS_NAME_SAID], name[DNS_NAME_SAID];
	struct err err = ERR_INIT;

	(void) err_set(&err, ERR_UNAVAILABLE,
		       "no name server of zone %s answers for %s: %s%s%s",
		       dns_name_said(walk->cut->zone, zone),
		       dns_name_said(walk->name, name), walk->last.msg,
		       why ? "; " : "", why ? why->msg : "");
	walk_fail(walk, &err);
}

static void cut_fail(struct cut *c, enum err_kind kind, const struct err *why)
{
	struct cut *given = c->instead ? cut_get(c->w, c->name, false) : NULL;
	struct dns_walk *walk;
	struct err err = *why;

	err.kind = kind;
	if (given)
		given->silent = false;
	/* Whoever asks anew from a callback begins anew. */
	c->known = true;
	c->until = 0;
	c->users++;
	while ((walk = TAILQ_FIRST(&c->waiting)))
		if (walk->last.kind)
			nobody_answers(walk, &err);
		else
			walk_fail(walk, &err);
	c->users--;
	cut_free(c);
}

static void add_addr(struct cut *c, const struct dns_rr *rr)
{
	struct dns_addr a;
	char text[DNS_ADDR_TEXT];

	dns_addr_from_rdata(rr->data, rr->len, &a);
	for (size_t i = 0; i < c->n; i++)
		if (dns_addr_equal(&c->addr[i], &a))
			return;
	if (c->n == DNS_WALK_ADDR_MAX)
		return;
	if (dns_addr_has_way(&a))
		c->addr[c->n++] = a;
	else
		(void) err_set(&c->trouble, ERR_IO,
			       "this host has no way to %s",
			       dns_addr_text(&a, text));
}

static void add_ns(struct cut *c, const struct dns_msg *m,
		   enum dns_section section)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->rr[i].section == section && m->rr[i].type == DNS_NS &&
		    strcmp(m->rr[i].owner, c->zone) == 0)
			strlist_add(&c->ns, m->rr[i].name);
}

/* The addresses M adds for the name servers that lie in WITHIN. */
static void add_glue(struct cut *c, const struct dns_msg *m, const char *within)
{
	static const unsigned types[] = { DNS_A, DNS_AAAA };

	for (size_t t = 0; t < ARRAY_LEN(types); t++)
		for (size_t i = 0; i < m->n; i++)
			if (m->rr[i].section == DNS_ADDITIONAL &&
			    m->rr[i].type == types[t] &&
			    dns_name_within(m->rr[i].owner, within) &&
			    strlist_has(&c->ns, m->rr[i].owner))
				add_addr(c, &m->rr[i]);
}

static void got_addr(void *arg, const struct dns_msg *m, const struct err *err);
static void got_our_addr(void *arg, const struct dns_msg *m, const char *zone,
			 const struct err *err);
static void addrs_over(struct cut *c);
static void no_addrs(void *arg);
static struct dns_walk *walk_flat(struct dns_walker *w,
				  const struct dns_start *s, const char *name,
				  unsigned type, dns_walk_fn *fn, void *arg);
static const struct dns_start *start_of(const struct dns_walker *w,
					const char *name);

static void ask_addr(struct cut *c, const char *host)
{
	const struct dns_start *s = c->ours ? NULL : start_of(c->w, host);
	struct sub *sub;

	if (*host == '_')
		return;
	sub = mem_alloc(sizeof(*sub));
	sub->cut = c;
	sub->host = host;
	TAILQ_INSERT_TAIL(&c->subs, sub, link);
	if (s)
		sub->walk =
			walk_flat(c->w, s, host, c->type, got_our_addr, sub);
	else
		sub->lookup = dns_lookup(c->w->resolver, host, c->type,
					 got_addr, sub);
}

/* That a name server has no address of one kind is nothing to make a resolver
 * remember: AAAA is asked for only where not one has an A that is of use. */
static void ask_addrs(struct cut *c, unsigned type)
{
	c->type = type;
	for (size_t i = 0; i < c->ns.n && i < DNS_WALK_NS_MAX; i++)
		ask_addr(c, c->ns.v[i]);
	if (TAILQ_EMPTY(&c->subs))
		c->soon = loop_after(dns_net_loop(c->w->net), 0, no_addrs, c);
}

static void no_addrs(void *arg)
{
	struct cut *c = arg;

	c->soon = NULL;
	addrs_over(c);
}

static void addrs_over(struct cut *c)
{
	char zone[DNS_NAME_SAID];
	struct err err = ERR_INIT;

	if (c->n > 0) {
		cut_known(c);
	} else if (c->type == DNS_A) {
		ask_addrs(c, DNS_AAAA);
	} else {
		(void) err_set(&err, ERR_UNAVAILABLE,
			       "no address of a name server of %s is known%s%s",
			       dns_name_said(c->zone, zone),
			       c->trouble.kind ? ": " : "",
			       c->trouble.kind ? c->trouble.msg : "");
		cut_fail(c, ERR_UNAVAILABLE, &err);
	}
}

/* GLUE: what is added to a referral counts as well. */
static void take_addr(struct sub *s, const struct dns_msg *m, bool glue,
		      const struct err *err)
{
	struct cut *c = s->cut;

	if (err)
		c->trouble = *err;
	for (size_t i = 0; m && i < m->n; i++)
		if (m->rr[i].type == c->type &&
		    (m->rr[i].section == DNS_ANSWER ||
		     (glue && m->rr[i].section == DNS_ADDITIONAL &&
		      strcmp(m->rr[i].owner, s->host) == 0)))
			add_addr(c, &m->rr[i]);
	TAILQ_REMOVE(&c->subs, s, link);
	free(s);
	if (TAILQ_EMPTY(&c->subs))
		addrs_over(c);
}

static void got_addr(void *arg, const struct dns_msg *m, const struct err *err)
{
	struct sub *s = arg;

	s->lookup = NULL;
	take_addr(s, m, false, err);
}

static void got_our_addr(void *arg, const struct dns_msg *m, const char *zone,
			 const struct err *err)
{
	struct sub *s = arg;

	(void) zone;
	s->walk = NULL;
	take_addr(s, m, true, err);
}

static void find_ns(struct cut *c);

/* It is no zone of its own: the one it lies in is. True when that is new. */
static bool go_above(struct cut *c, const struct dns_msg *m)
{
	for (size_t i = 0; i < m->n; i++) {
		const struct dns_rr *rr = &m->rr[i];

		if (rr->type != DNS_SOA || rr->section != DNS_AUTHORITY ||
		    strcmp(rr->owner, c->zone) == 0 ||
		    !dns_name_within(c->zone, rr->owner))
			continue;
		free(c->above);
		c->above = mem_strdup(rr->owner);
		c->zone = c->above;
		return true;
	}
	return false;
}

static void no_ns(struct cut *c, const struct dns_msg *m)
{
	char said[DNS_NAME_SAID];
	const char *name = dns_name_said(c->name, said);
	struct err err = ERR_INIT;

	if (m->rcode == DNS_NXDOMAIN && c->configured)
		(void) err_set(&err, ERR_CONFIG,
			       "zone %s of dns.zones does not exist in the "
			       "DNS: correct its name or, if only your own "
			       "servers have it, set server in its entry",
			       name);
	else if (m->rcode == DNS_NXDOMAIN)
		(void) err_set(&err, ERR_INPUT, "the domain %s does not exist",
			       name);
	else
		(void) err_set(&err, ERR_UNAVAILABLE,
			       "the resolvers know no name server of %s", name);
	cut_fail(c, err.kind, &err);
}

static void got_ns(void *arg, const struct dns_msg *m, const struct err *err)
{
	struct cut *c = arg;

	c->ns_lookup = NULL;
	if (!m) {
		cut_fail(c, ERR_UNAVAILABLE, err);
		return;
	}
	add_ns(c, m, DNS_ANSWER);
	add_glue(c, m, ".");
	if (c->n > 0)
		cut_known(c);
	else if (c->ns.n > 0)
		ask_addrs(c, DNS_A);
	else if (m->rcode == DNS_NOERROR && go_above(c, m))
		find_ns(c);
	else
		no_ns(c, m);
}

static void find_ns(struct cut *c)
{
	c->ns_lookup = dns_lookup(c->w->resolver, c->zone, DNS_NS, got_ns, c);
}

static const struct dns_start *start_of(const struct dns_walker *w,
					const char *name)
{
	const struct dns_start *best = NULL;

	for (size_t i = 0; i < w->n_starts; i++) {
		const struct dns_start *s = &w->starts[i];

		if (dns_name_within(name, s->zone) &&
		    (!best || dns_name_within(s->zone, best->zone)))
			best = s;
	}
	return best;
}

static struct cut *cut_new(struct dns_walker *w, const char *name)
{
	const struct dns_start *s = start_of(w, name);
	struct cut *c = mem_alloc(sizeof(*c));

	c->w = w;
	c->name = mem_strdup(name);
	c->zone = c->name;
	c->key = s ? s->key : NULL;
	c->ours = s && strcmp(s->zone, name) == 0;
	TAILQ_INIT(&c->subs);
	TAILQ_INIT(&c->waiting);
	TAILQ_INSERT_TAIL(bucket_of(w, name), c, link);
	return c;
}

/* The cut of this name that is current; others go. */
static struct cut *cut_get(struct dns_walker *w, const char *name, bool instead)
{
	struct cuts *list = bucket_of(w, name);
	int64_t now = clock_mono_ms();
	struct cut *c, *next;

	for (c = TAILQ_FIRST(list); c; c = next) {
		next = TAILQ_NEXT(c, link);
		if (c->known && c->until <= now) {
			if (c->users == 0)
				cut_free(c);
		} else if (c->instead == instead &&
			   strcmp(c->name, name) == 0) {
			return c;
		}
	}
	return NULL;
}

/* The longest one that NAME lies in, not above the zone AT. */
static struct cut *cut_find(struct dns_walker *w, const char *name,
			    const char *at)
{
	for (; name; name = dns_name_parent(name)) {
		struct cut *c = cut_get(w, name, false);

		if (c || strcmp(name, at) == 0)
			return c;
	}
	return NULL;
}

/* Those the resolver knows, where the servers that the configuration names
 * for OLD do not answer: one that takes updates need not, and one may be in
 * trouble about one name. */
static struct cut *cut_instead(struct cut *old)
{
	struct cut *c = cut_get(old->w, old->name, true);

	if (c)
		return c;
	c = cut_new(old->w, old->name);
	c->configured = true;
	c->instead = true;
	find_ns(c);
	return c;
}

/* The one a walk to NAME begins at. */
static struct cut *cut_begin(struct dns_walker *w, const char *name)
{
	const struct dns_start *s = start_of(w, name);
	const char *at = s ? s->zone : dns_walk_domain(name);
	struct cut *c = cut_find(w, name, at);

	if (c)
		return c->silent ? cut_instead(c) : c;
	c = cut_new(w, at);
	c->configured = s;
	if (s && s->n_addr > 0) {
		c->given = true;
		for (size_t i = 0; i < s->n_addr && c->n < ARRAY_LEN(c->addr);
		     i++)
			c->addr[c->n++] = s->addr[i];
		cut_known(c);
	} else {
		find_ns(c);
	}
	return c;
}

/* The servers M refers to for the zone NAME below UP. */
static struct cut *cut_below(const struct cut *up, const char *name,
			     const struct dns_msg *m)
{
	struct cut *c = cut_get(up->w, name, false);

	if (c)
		return c;
	c = cut_new(up->w, name);
	add_ns(c, m, DNS_AUTHORITY);
	/* Glue: only what the zone above may speak of. */
	add_glue(c, m, up->zone);
	if (c->n > 0)
		cut_known(c);
	else
		ask_addrs(c, DNS_A);
	return c;
}

/* --- a walk --- */

static void walk_at(struct dns_walk *walk, struct cut *c)
{
	struct cut *up = walk->cut;

	walk->cut = c;
	walk->tried = 0;
	walk->heard = false;
	if (!c->instead)
		walk->last = (struct err) ERR_INIT;
	if (c->known) {
		walk_begin(walk);
	} else {
		walk->waits = true;
		TAILQ_INSERT_TAIL(&c->waiting, walk, link);
	}
	if (up)
		up->users--;
}

static void next_server(struct dns_walk *walk)
{
	if (++walk->tried < walk->cut->n) {
		walk_ask(walk);
	} else if (walk->cut->given) {
		walk->cut->silent = !walk->heard;
		walk_at(walk, cut_instead(walk->cut));
	} else {
		nobody_answers(walk, NULL);
	}
}

/* A zone may be kept under a name below its own: resolver and servers that
 * contradict each other could send us to and fro. */
static void too_many_steps(struct dns_walk *walk)
{
	char name[DNS_NAME_SAID];
	struct err err = ERR_INIT;

	(void) err_set(&err, ERR_UNAVAILABLE,
		       "the name servers of %s refer to each other without "
		       "end",
		       dns_name_said(walk->name, name));
	walk_fail(walk, &err);
}

static const struct dns_addr *server_of(const struct dns_walk *walk)
{
	const struct cut *c = walk->cut;

	return &c->addr[(walk->first + walk->tried) % c->n];
}

static void finish(struct dns_walk *walk, const struct dns_msg *m)
{
	struct cut *c = walk->cut;
	dns_walk_fn *fn = walk->fn;
	void *arg = walk->arg;

	/* the cut, and its name, until the callback is over */
	c->users++;
	walk_free(walk);
	fn(arg, m, c->zone, NULL);
	c->users--;
}

static void answered(void *arg, const struct dns_msg *m, const struct err *err)
{
	struct dns_walk *walk = arg;
	const char *below = NULL;
	char text[DNS_ADDR_TEXT], code[16];
	enum dns_says says = DNS_SAYS_NOTHING;

	walk->ask = NULL;
	walk->heard = walk->heard || m;
	if (m)
		says = dns_walk_says(m, walk->name, walk->cut->zone, &below);
	if (says == DNS_SAYS_NOTHING ||
	    (says == DNS_SAYS_NO_ZONE && !walk->cut->configured)) {
		if (err)
			walk->last = *err;
		else
			(void) err_set(
				&walk->last, ERR_UNAVAILABLE,
				"DNS server %s answers %s",
				dns_addr_text(server_of(walk), text),
				m->rcode == DNS_NOERROR
					? "without knowing it"
					: dns_rcode_text(m->rcode, code));
		next_server(walk);
		return;
	}
	walk->cut->first = (walk->first + walk->tried) % walk->cut->n;
	if (says == DNS_SAYS_REFERRAL && !walk->flat &&
	    ++walk->steps > DNS_WALK_STEPS_MAX)
		too_many_steps(walk);
	else if (says == DNS_SAYS_REFERRAL && !walk->flat)
		walk_at(walk, cut_below(walk->cut, below, m));
	else
		finish(walk, m);
}

static void walk_begin(struct dns_walk *walk)
{
	walk->cut->users++;
	walk->first = walk->cut->first;
	walk_ask(walk);
}

static void walk_ask(struct dns_walk *walk)
{
	struct dns_question q = { .name = walk->name,
				  .type = walk->type,
				  .key = walk->cut->key };

	walk->ask = dns_ask(walk->w->net, server_of(walk), &q, answered, walk);
}

static struct dns_walk *walk_new(struct dns_walker *w, const char *name,
				 unsigned type, dns_walk_fn *fn, void *arg)
{
	struct dns_walk *walk = mem_alloc(sizeof(*walk));

	walk->w = w;
	walk->name = mem_strdup(name);
	walk->type = type;
	walk->fn = fn;
	walk->arg = arg;
	return walk;
}

struct dns_walk *dns_walk(struct dns_walker *w, const char *name, unsigned type,
			  dns_walk_fn *fn, void *arg)
{
	struct dns_walk *walk = walk_new(w, name, type, fn, arg);

	walk_at(walk, cut_begin(w, name));
	return walk;
}

/* Asks the servers of S and no others: it waits for no zone that may wait for
 * what it finds. */
static struct dns_walk *walk_flat(struct dns_walker *w,
				  const struct dns_start *s, const char *name,
				  unsigned type, dns_walk_fn *fn, void *arg)
{
	struct dns_walk *walk = walk_new(w, name, type, fn, arg);

	walk->flat = true;
	walk_at(walk, cut_begin(w, s->zone));
	return walk;
}

void dns_walk_cancel(struct dns_walk **walk)
{
	if (*walk)
		walk_free(*walk);
	*walk = NULL;
}

struct dns_walker *dns_walker_new(struct dns_net *net,
				  struct dns_resolver *resolver,
				  const struct dns_start *starts,
				  size_t n_starts)
{
	struct dns_walker *w = mem_alloc(sizeof(*w));

	w->net = net;
	w->resolver = resolver;
	w->starts = starts;
	w->n_starts = n_starts;
	for (size_t i = 0; i < BUCKETS; i++)
		TAILQ_INIT(&w->buckets[i]);
	return w;
}

void dns_walker_free(struct dns_walker **w)
{
	struct cut *c;

	if (!*w)
		return;
	for (size_t i = 0; i < BUCKETS; i++)
		TAILQ_FOREACH (c, &(*w)->buckets[i], link)
			cancel_subs(c);
	for (size_t i = 0; i < BUCKETS; i++)
		while (!TAILQ_EMPTY(&(*w)->buckets[i]))
			cut_free(TAILQ_FIRST(&(*w)->buckets[i]));
	free(*w);
	*w = NULL;
}
