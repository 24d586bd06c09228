/* SPDX-License-Identifier: MIT */
#include "dns_zone.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include "clock.h"
#include "log.h"
#include "strlist.h"

/* One of conf->zones, checked. */
struct setting {
	const struct certrepo_zone *conf;
	char name[DNS_NAME_TEXT];
	bool has_server;
	struct dns_addr server;
	struct dns_addr check[DNS_ZONE_CHECK_MAX];
	size_t n_check;
};

struct key {
	const char *path; /* the configuration's */
	struct dns_key *key;
	TAILQ_ENTRY(key) link;
};

/* A look-up that gathers addresses for an entry. */
struct sub {
	struct entry *entry;
	struct dns_lookup *lookup;
	size_t ns; /* whose addresses; of no meaning for the primary's */
	TAILQ_ENTRY(sub) link;
};

TAILQ_HEAD(subs, sub);
TAILQ_HEAD(locates, dns_locate);

/* A zone and its servers: known, or being gathered. */
struct entry {
	struct dns_zones *z;
	struct dns_zone zone;
	char *name;
	const struct setting *setting; /* may be NULL */
	bool known;
	int64_t until;		       /* monotonic */
	void (*next)(struct entry *e); /* when no sub is left */
	char *primary;
	struct strlist ns;
	size_t ns_found[DNS_ZONE_NS_MAX];
	struct err trouble; /* of a look-up, for the message */
	struct subs subs;
	struct locates waiting;
	TAILQ_ENTRY(entry) link;
};

struct dns_locate {
	struct dns_zones *z;
	struct dns_path path;
	const struct setting *setting; /* of the present name */
	struct dns_lookup *lookup;
	struct entry *entry; /* while waiting for it */
	dns_locate_fn *fn;
	void *arg;
	TAILQ_ENTRY(dns_locate) link;
};

TAILQ_HEAD(keys, key);
TAILQ_HEAD(entries, entry);

struct dns_zones {
	const struct certrepo_dns *conf;
	struct dns_resolver *resolver;
	struct setting *settings;
	size_t n_settings;
	struct keys keys;
	struct entries entries; /* at work and current */
	struct entries old;	/* expired: somebody may still hold its zone */
};

/* --- paths: pure --- */

void dns_path_init(struct dns_path *p, const char *owner)
{
	p->hops = 0;
	snprintf(p->name[0], sizeof(p->name[0]), "%s", owner);
}

static int path_go(struct dns_path *p, const char *to, struct err *err)
{
	for (unsigned i = 0; i <= p->hops; i++)
		if (strcmp(p->name[i], to) == 0)
			return err_set(err, ERR_CONFIG,
				       "the CNAMEs of %s run in a circle "
				       "through %s",
				       p->name[0], to);
	if (p->hops == DNS_HOPS_MAX)
		return err_set(err, ERR_CONFIG,
			       "%s leads through more than %d CNAMEs",
			       p->name[0], DNS_HOPS_MAX);
	p->hops++;
	snprintf(p->name[p->hops], sizeof(p->name[0]), "%s", to);
	return 0;
}

/* The DNAME the present name lies below, or NULL. */
static const struct dns_rr *find_dname(const struct dns_msg *m,
				       const char *name)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->rr[i].section == DNS_ANSWER &&
		    m->rr[i].type == DNS_DNAME &&
		    strcmp(m->rr[i].owner, name) != 0 &&
		    dns_name_within(name, m->rr[i].owner))
			return &m->rr[i];
	return NULL;
}

int dns_path_follow(struct dns_path *p, const struct dns_msg *m,
		    struct err *err)
{
	int moved = 0;

	/* Ends: each step adds a hop, and those are limited. */
	for (;;) {
		const char *name = p->name[p->hops];
		const struct dns_rr *rr =
			dns_msg_find(m, DNS_ANSWER, name, DNS_CNAME);
		char to[DNS_NAME_TEXT];

		if (rr) {
			snprintf(to, sizeof(to), "%s", rr->name);
		} else {
			rr = find_dname(m, name);
			if (!rr)
				return moved;
			if (dns_name_redirect(name, rr->owner, rr->name, to,
					      err) == -1)
				return -1;
		}
		if (path_go(p, to, err) == -1)
			return -1;
		moved = 1;
	}
}

const struct dns_rr *dns_path_soa(const struct dns_path *p,
				  const struct dns_msg *m)
{
	const char *name = p->name[p->hops];
	const struct dns_rr *best = NULL;

	for (size_t i = 0; i < m->n; i++) {
		const struct dns_rr *rr = &m->rr[i];

		if (rr->type != DNS_SOA || rr->section == DNS_ADDITIONAL ||
		    !dns_name_within(name, rr->owner))
			continue;
		if (!best || dns_name_within(rr->owner, best->owner))
			best = rr;
	}
	return best;
}

/* --- settings and keys --- */

static int take_setting(struct setting *s, const struct certrepo_zone *conf,
			struct err *err)
{
	s->conf = conf;
	if (dns_name_canon(conf->zone, s->name, err) == -1)
		return -1;
	if (conf->server) {
		if (dns_addr_parse(conf->server, &s->server, err) == -1)
			return -1;
		s->has_server = true;
	}
	if (conf->check.n > DNS_ZONE_CHECK_MAX)
		return err_set(err, ERR_CONFIG, "more than %d check servers",
			       DNS_ZONE_CHECK_MAX);
	for (size_t i = 0; i < conf->check.n; i++)
		if (dns_addr_parse(conf->check.v[i], &s->check[s->n_check++],
				   err) == -1)
			return -1;
	return 0;
}

static int take_resolvers(const struct certrepo_dns *conf,
			  struct dns_addr ret[DNS_RESOLVERS_MAX], size_t *ret_n,
			  struct err *err)
{
	if (conf->resolvers.n == 0)
		return dns_addr_resolv_conf("/etc/resolv.conf", ret, ret_n,
					    err);
	if (conf->resolvers.n > DNS_RESOLVERS_MAX)
		return err_set(err, ERR_CONFIG, "more than %d resolvers",
			       DNS_RESOLVERS_MAX);
	for (size_t i = 0; i < conf->resolvers.n; i++)
		if (dns_addr_parse(conf->resolvers.v[i], &ret[i], err) == -1)
			return -1;
	*ret_n = conf->resolvers.n;
	return 0;
}

static int config_error(struct err *err, const struct conf_src *src,
			const char *what)
{
	err->kind = ERR_CONFIG;
	if (!src->file)
		return err_wrap(err, "%s", what);
	return err_wrap(err, "%s:%u: %s", src->file, src->line, what);
}

int dns_zones_new(const struct certrepo_dns *conf, struct dns_net *net,
		  struct dns_zones **ret, struct err *err)
{
	AUTO(dns_zones_free) struct dns_zones *z = mem_alloc(sizeof(*z));
	struct dns_addr resolvers[DNS_RESOLVERS_MAX];
	struct err why = ERR_INIT;
	size_t n;

	z->conf = conf;
	TAILQ_INIT(&z->keys);
	TAILQ_INIT(&z->entries);
	TAILQ_INIT(&z->old);
	if (take_resolvers(conf, resolvers, &n, &why) == -1) {
		config_error(&why, &conf->src, "dns.resolvers");
		return err_set(err, why.kind, "%s", why.msg);
	}
	z->resolver = dns_resolver_new(net, resolvers, n);
	z->settings = mem_array(conf->zones.n + 1, sizeof(*z->settings));
	for (size_t i = 0; i < conf->zones.n; i++) {
		const struct certrepo_zone *zone = conf->zones.v[i];

		if (take_setting(&z->settings[i], zone, &why) == -1) {
			config_error(&why, &zone->src, "dns.zones");
			return err_set(err, why.kind, "%s", why.msg);
		}
		z->n_settings++;
	}
	*ret = TAKE(z);
	return 0;
}

static const struct setting *setting_of(const struct dns_zones *z,
					const char *name)
{
	const struct setting *best = NULL;

	for (size_t i = 0; i < z->n_settings; i++) {
		const struct setting *s = &z->settings[i];

		if (dns_name_within(name, s->name) &&
		    (!best || dns_name_within(s->name, best->name)))
			best = s;
	}
	return best;
}

static int take_key(struct dns_zones *z, const struct setting *s,
		    struct dns_zone *zone, struct err *err)
{
	const char *path =
		s && s->conf->key_file ? s->conf->key_file : z->conf->key_file;
	struct dns_key *loaded = NULL;
	struct err why = ERR_INIT;
	struct key *k;

	if (!path)
		return err_set(err, ERR_CONFIG,
			       "no TSIG key for zone %s: set key_file in its "
			       "entry of dns.zones, or dns.key_file for all "
			       "zones",
			       zone->name);
	TAILQ_FOREACH (k, &z->keys, link)
		if (strcmp(k->path, path) == 0)
			break;
	if (!k) {
		if (dns_key_load(path, &loaded, &why) == -1)
			return err_set(err, ERR_CONFIG, "zone %s: %s",
				       zone->name, why.msg);
		k = mem_alloc(sizeof(*k));
		k->path = path;
		k->key = loaded;
		TAILQ_INSERT_TAIL(&z->keys, k, link);
	}
	zone->key = k->key;
	zone->key_file = path;
	return 0;
}

/* --- gathering a zone's servers --- */

static void tell(struct entry *e, const struct err *err)
{
	struct dns_locate *l;

	while ((l = TAILQ_FIRST(&e->waiting))) {
		TAILQ_REMOVE(&e->waiting, l, link);
		l->fn(l->arg, l->path.name[l->path.hops], err ? NULL : &e->zone,
		      err);
		free(l);
	}
}

static void cancel_subs(struct entry *e)
{
	struct sub *s;

	while ((s = TAILQ_FIRST(&e->subs))) {
		TAILQ_REMOVE(&e->subs, s, link);
		dns_lookup_cancel(&s->lookup);
		free(s);
	}
}

static void entry_free(struct entry *e)
{
	assert(TAILQ_EMPTY(&e->waiting));
	cancel_subs(e);
	strlist_free(&e->ns);
	free(e->primary);
	free(e->name);
	free(e);
}

static void entry_done(struct entry *e)
{
	e->known = true;
	e->until = clock_mono_ms() + DNS_ZONE_KEEP_MS;
	tell(e, NULL);
}

static void entry_fail(struct entry *e, const struct err *err)
{
	TAILQ_REMOVE(&e->z->entries, e, link);
	cancel_subs(e);
	tell(e, err);
	entry_free(e);
}

static void sub_add(struct entry *e, const char *name, unsigned type, size_t ns,
		    dns_lookup_fn *fn)
{
	struct sub *s = mem_alloc(sizeof(*s));

	s->entry = e;
	s->ns = ns;
	TAILQ_INSERT_TAIL(&e->subs, s, link);
	s->lookup =
		dns_lookup(e->z->resolver, name, type,
			   e->zone.n_server ? &e->zone.server[0] : NULL, fn, s);
}

/* The look-up of S is over; returns its entry, to be passed to sub_next(). */
static struct entry *sub_over(struct sub *s, const struct err *err)
{
	struct entry *e = s->entry;

	if (err)
		e->trouble = *err;
	TAILQ_REMOVE(&e->subs, s, link);
	free(s);
	return e;
}

static void sub_next(struct entry *e)
{
	if (TAILQ_EMPTY(&e->subs))
		e->next(e);
}

/* Add the addresses in M that are not in LIST yet; how many M had. */
static size_t add_addresses(const struct dns_msg *m, struct dns_addr *list,
			    size_t *n, size_t max)
{
	size_t found = 0;

	for (size_t i = 0; m && i < m->n; i++) {
		const struct dns_rr *rr = &m->rr[i];
		struct dns_addr a;
		size_t k = 0;

		if (rr->section != DNS_ANSWER ||
		    (rr->type != DNS_A && rr->type != DNS_AAAA))
			continue;
		found++;
		dns_addr_from_rdata(rr->data, rr->len, &a);
		while (k < *n && !dns_addr_equal(&list[k], &a))
			k++;
		if (k == *n && k < max)
			list[(*n)++] = a;
	}
	return found;
}

static void got_check(void *arg, const struct dns_msg *m, const struct err *err)
{
	struct sub *s = arg;
	size_t ns = s->ns;
	struct entry *e = sub_over(s, err);

	e->ns_found[ns] += add_addresses(m, e->zone.check, &e->zone.n_check,
					 DNS_ZONE_CHECK_MAX);
	sub_next(e);
}

static void checks_found(struct entry *e)
{
	struct err err = ERR_INIT;

	if (e->zone.n_check == 0) {
		(void) err_set(&err, ERR_UNAVAILABLE,
			       "no address of a name server of zone %s is "
			       "known%s%s; dns.zones may name them as check",
			       e->name, e->trouble.kind ? ": " : "",
			       e->trouble.kind ? e->trouble.msg : "");
		entry_fail(e, &err);
		return;
	}
	for (size_t i = 0; i < e->ns.n; i++)
		if (e->ns_found[i] == 0)
			log_warn("zone %s: its name server %s has no address "
				 "and is not asked",
				 e->name, e->ns.v[i]);
	entry_done(e);
}

static void got_ns(void *arg, const struct dns_msg *m, const struct err *err)
{
	struct entry *e = sub_over(arg, err);

	for (size_t i = 0; m && i < m->n && e->ns.n < DNS_ZONE_NS_MAX; i++)
		if (m->rr[i].section == DNS_ANSWER && m->rr[i].type == DNS_NS &&
		    strcmp(m->rr[i].owner, e->name) == 0)
			strlist_add(&e->ns, m->rr[i].name);
	e->next = checks_found;
	for (size_t i = 0; i < e->ns.n; i++) {
		sub_add(e, e->ns.v[i], DNS_A, i, got_check);
		sub_add(e, e->ns.v[i], DNS_AAAA, i, got_check);
	}
	sub_next(e);
}

static void find_checks(struct entry *e)
{
	const struct setting *s = e->setting;

	if (s && s->n_check > 0) {
		memcpy(e->zone.check, s->check, sizeof(s->check));
		e->zone.n_check = s->n_check;
		e->zone.check_configured = true;
		entry_done(e);
		return;
	}
	sub_add(e, e->name, DNS_NS, 0, got_ns);
}

static void servers_found(struct entry *e)
{
	struct err err = ERR_INIT;

	if (e->zone.n_server > 0) {
		find_checks(e);
		return;
	}
	(void) err_set(&err, e->trouble.kind ? ERR_UNAVAILABLE : ERR_CONFIG,
		       "the primary server %s of zone %s has no address%s%s; "
		       "dns.zones may name another as server",
		       e->primary, e->name, e->trouble.kind ? ": " : "",
		       e->trouble.kind ? e->trouble.msg : "");
	entry_fail(e, &err);
}

static void got_server(void *arg, const struct dns_msg *m,
		       const struct err *err)
{
	struct entry *e = sub_over(arg, err);

	(void) add_addresses(m, e->zone.server, &e->zone.n_server,
			     DNS_ZONE_SERVERS_MAX);
	sub_next(e);
}

static void find_servers(struct entry *e)
{
	e->next = servers_found;
	sub_add(e, e->primary, DNS_A, 0, got_server);
	sub_add(e, e->primary, DNS_AAAA, 0, got_server);
}

static void got_soa(void *arg, const struct dns_msg *m, const struct err *err)
{
	struct entry *e = sub_over(arg, err);
	const struct dns_rr *soa =
		m ? dns_msg_find(m, DNS_ANSWER, e->name, DNS_SOA) : NULL;
	struct err why = ERR_INIT;

	if (soa) {
		e->primary = mem_strdup(soa->name);
		find_servers(e);
		return;
	}
	(void) err_set(&why, err ? err->kind : ERR_CONFIG,
		       "zone %s of dns.zones is not found in the DNS%s%s; its "
		       "entry may name the server",
		       e->name, err ? ": " : "", err ? err->msg : "");
	entry_fail(e, &why);
}

/* May call back. PRIMARY: of the SOA, NULL when it is not known. */
static void entry_start(struct entry *e, const char *primary)
{
	struct err err = ERR_INIT;

	if (take_key(e->z, e->setting, &e->zone, &err) == -1) {
		entry_fail(e, &err);
	} else if (e->setting && e->setting->has_server) {
		e->zone.server[e->zone.n_server++] = e->setting->server;
		find_checks(e);
	} else if (primary) {
		e->primary = mem_strdup(primary);
		find_servers(e);
	} else {
		sub_add(e, e->name, DNS_SOA, 0, got_soa);
	}
}

static struct entry *entry_new(struct dns_zones *z, const char *name,
			       const struct setting *setting)
{
	struct entry *e = mem_alloc(sizeof(*e));

	e->z = z;
	e->setting = setting;
	e->name = mem_strdup(name);
	e->zone.name = e->name;
	TAILQ_INIT(&e->subs);
	TAILQ_INIT(&e->waiting);
	return e;
}

static struct entry *entry_find(struct dns_zones *z, const char *name,
				const struct setting *setting)
{
	struct entry *e, *next;

	for (e = TAILQ_FIRST(&z->entries); e; e = next) {
		next = TAILQ_NEXT(e, link);
		if (e->known && e->until <= clock_mono_ms() &&
		    TAILQ_EMPTY(&e->waiting)) {
			TAILQ_REMOVE(&z->entries, e, link);
			TAILQ_INSERT_TAIL(&z->old, e, link);
		} else if (e->setting == setting &&
			   strcmp(e->name, name) == 0) {
			return e;
		}
	}
	return NULL;
}

/* --- locating --- */

static void ask(struct dns_locate *l);

static void locate_fail(struct dns_locate *l, const struct err *err)
{
	l->fn(l->arg, NULL, NULL, err);
	free(l);
}

static void use_zone(struct dns_locate *l, const char *name,
		     const char *primary)
{
	struct entry *e = entry_find(l->z, name, l->setting);

	if (e) {
		l->entry = e;
		TAILQ_INSERT_TAIL(&e->waiting, l, link);
		if (e->known)
			tell(e, NULL);
		return;
	}
	e = entry_new(l->z, name, l->setting);
	TAILQ_INSERT_TAIL(&l->z->entries, e, link);
	l->entry = e;
	TAILQ_INSERT_TAIL(&e->waiting, l, link);
	entry_start(e, primary);
}

/* The longer one of what the SOA says and what is configured. */
static void decide(struct dns_locate *l, const struct dns_rr *soa)
{
	const struct setting *s = l->setting;
	const char *name = l->path.name[l->path.hops];

	if (s && (!soa || !dns_name_within(soa->owner, s->name))) {
		log_debug("%s: zone %s as configured, not %s by its SOA", name,
			  s->name, soa ? soa->owner : "none");
		use_zone(l, s->name, NULL);
	} else {
		if (s && strcmp(soa->owner, s->name) != 0)
			log_debug("%s: sub-zone %s of the configured %s", name,
				  soa->owner, s->name);
		use_zone(l, soa->owner, soa->name);
	}
}

static void got_answer(void *arg, const struct dns_msg *m,
		       const struct err *err)
{
	struct dns_locate *l = arg;
	struct err why = ERR_INIT;
	const struct dns_rr *soa;
	int moved;

	l->lookup = NULL;
	if (!m) {
		/* Nobody knows it; the configuration may. */
		if (l->setting && l->setting->has_server)
			decide(l, NULL);
		else
			locate_fail(l, err);
		return;
	}
	moved = dns_path_follow(&l->path, m, &why);
	if (moved == -1) {
		locate_fail(l, &why);
		return;
	}
	l->setting = setting_of(l->z, l->path.name[l->path.hops]);
	soa = dns_path_soa(&l->path, m);
	if (!soa && moved) {
		ask(l);
	} else if (soa || (l->setting && l->setting->has_server)) {
		decide(l, soa);
	} else {
		(void) err_set(&why, ERR_UNAVAILABLE,
			       "no resolver knows the zone of %s",
			       l->path.name[l->path.hops]);
		locate_fail(l, &why);
	}
}

static void ask(struct dns_locate *l)
{
	const char *name = l->path.name[l->path.hops];
	const struct setting *s = setting_of(l->z, name);

	l->setting = s;
	l->lookup = dns_lookup(l->z->resolver, name, DNS_SOA,
			       s && s->has_server ? &s->server : NULL,
			       got_answer, l);
}

struct dns_locate *dns_zone_locate(struct dns_zones *z, const char *owner,
				   dns_locate_fn *fn, void *arg)
{
	struct dns_locate *l = mem_alloc(sizeof(*l));

	l->z = z;
	l->fn = fn;
	l->arg = arg;
	dns_path_init(&l->path, owner);
	ask(l);
	return l;
}

void dns_zone_locate_cancel(struct dns_locate **l)
{
	if (!*l)
		return;
	dns_lookup_cancel(&(*l)->lookup);
	if ((*l)->entry)
		TAILQ_REMOVE(&(*l)->entry->waiting, *l, link);
	free(*l);
	*l = NULL;
}

static const struct dns_zone *known_in(const struct entries *list,
				       const char *name,
				       const struct dns_addr *addr)
{
	struct entry *e;

	TAILQ_FOREACH (e, list, link)
		if (e->known && strcmp(e->name, name) == 0 &&
		    dns_addr_equal(&e->zone.server[0], addr))
			return &e->zone;
	return NULL;
}

const struct dns_zone *dns_zone_known(const struct dns_zones *z,
				      const char *zone, const char *server)
{
	const struct dns_zone *found;
	char name[DNS_NAME_TEXT];
	struct dns_addr addr;

	if (dns_name_canon(zone, name, NULL) == -1 ||
	    dns_addr_parse(server, &addr, NULL) == -1)
		return NULL;
	found = known_in(&z->entries, name, &addr);
	return found ? found : known_in(&z->old, name, &addr);
}

int dns_zone_stored(struct dns_zones *z, const char *zone, const char *server,
		    const struct dns_zone **ret, struct err *err)
{
	char name[DNS_NAME_TEXT];
	struct dns_addr addr;
	struct entry *e;

	if (dns_name_canon(zone, name, err) == -1 ||
	    dns_addr_parse(server, &addr, err) == -1)
		return -1;
	TAILQ_FOREACH (e, &z->old, link)
		if (strcmp(e->name, name) == 0 && e->zone.n_check == 0 &&
		    dns_addr_equal(&e->zone.server[0], &addr))
			break;
	if (!e) {
		e = entry_new(z, name, setting_of(z, name));
		e->zone.server[e->zone.n_server++] = addr;
		if (take_key(z, e->setting, &e->zone, err) == -1) {
			entry_free(e);
			return -1;
		}
		TAILQ_INSERT_TAIL(&z->old, e, link);
	}
	*ret = &e->zone;
	return 0;
}

void dns_zones_free(struct dns_zones **zones)
{
	struct dns_zones *z = *zones;
	struct entry *e;
	struct key *k;

	if (!z)
		return;
	while ((e = TAILQ_FIRST(&z->entries))) {
		TAILQ_REMOVE(&z->entries, e, link);
		entry_free(e);
	}
	while ((e = TAILQ_FIRST(&z->old))) {
		TAILQ_REMOVE(&z->old, e, link);
		entry_free(e);
	}
	while ((k = TAILQ_FIRST(&z->keys))) {
		TAILQ_REMOVE(&z->keys, k, link);
		dns_key_free(&k->key);
		free(k);
	}
	dns_resolver_free(&z->resolver);
	free(z->settings);
	free(z);
	*zones = NULL;
}
