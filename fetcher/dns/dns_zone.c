/* SPDX-License-Identifier: MIT */
#include "dns_zone.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "clock.h"
#include "dns_path.h"
#include "log.h"
#include "strlist.h"

#define RESOLV_CONF "/etc/resolv.conf"

struct key {
	const char *path; /* the configuration's */
	struct dns_key *key;
	TAILQ_ENTRY(key) link;
};

/* A walk that gathers addresses for an entry. */
struct sub {
	struct entry *entry;
	const char *name;
	unsigned type;
	struct dns_walk *walk;
	struct dns_lookup *lookup;
	dns_lookup_fn *fn;
	size_t ns; /* whose addresses; of no meaning for the primary's */
	TAILQ_ENTRY(sub) link;
};

TAILQ_HEAD(subs, sub);
TAILQ_HEAD(waits, dns_zone_wait);

/* A zone and its servers: known, or being gathered. */
struct entry {
	struct dns_zones *z;
	struct dns_zone zone;
	char *name;
	const struct dns_setting *setting; /* may be NULL */
	bool known;
	int64_t until;		       /* monotonic */
	void (*next)(struct entry *e); /* when no sub is left */
	char *primary;
	bool more; /* name servers than are asked */
	struct strlist ns;
	size_t ns_found[DNS_ZONE_NS_MAX];
	bool ns_failed[DNS_ZONE_NS_MAX]; /* some look-up of it */
	struct err trouble;		 /* of a look-up, for the message */
	struct subs subs;
	struct waits waiting;
	TAILQ_ENTRY(entry) link;
};

TAILQ_HEAD(keys, key);
TAILQ_HEAD(entries, entry);

struct dns_zones {
	const struct proof_dns *conf;
	struct dns_resolver *resolver;
	struct dns_walker *walker;
	struct dns_setting *settings;
	struct dns_start *starts;
	size_t n_settings;
	struct keys keys;
	struct entries entries; /* at work and current */
	struct entries old;	/* expired: somebody may still hold its zone */
};

/* --- settings and keys --- */

static int take_setting(struct dns_setting *s, const struct proof_zone *conf,
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

int dns_zone_resolvers(const struct proof_dns *conf,
		       struct dns_addr ret[DNS_RESOLVERS_MAX], size_t *ret_n,
		       struct err *err)
{
	if (conf->resolvers.n == 0)
		return dns_addr_resolv_conf(RESOLV_CONF, ret, ret_n, err);
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

static int take_key(struct dns_zones *z, const struct dns_setting *s,
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

/* Where walks to the zone begin: at the servers the world asks, and at the
 * one that must have it. */
static int take_start(struct dns_zones *z, struct dns_setting *s,
		      struct dns_start *start, struct err *err)
{
	struct dns_zone zone = { .name = s->name };

	start->zone = s->name;
	start->addr = s->check;
	start->n_addr = s->n_check;
	if (s->has_server)
		s->check[start->n_addr++] = s->server;
	if (!s->conf->check_signed)
		return 0;
	if (take_key(z, s, &zone, err) == -1)
		return -1;
	start->key = zone.key;
	return 0;
}

int dns_zones_new(const struct proof_dns *conf, struct dns_net *net,
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
	if (dns_zone_resolvers(conf, resolvers, &n, &why) == -1) {
		config_error(&why, &conf->src, "dns.resolvers");
		return err_set(err, why.kind, "%s", why.msg);
	}
	z->resolver = dns_resolver_new(net, resolvers, n,
				       conf->resolvers.n > 0 ? "dns.resolvers"
							     : RESOLV_CONF);
	z->settings = mem_array(conf->zones.n + 1, sizeof(*z->settings));
	z->starts = mem_array(conf->zones.n + 1, sizeof(*z->starts));
	for (size_t i = 0; i < conf->zones.n; i++) {
		const struct proof_zone *zone = conf->zones.v[i];

		if (take_setting(&z->settings[i], zone, &why) == -1 ||
		    take_start(z, &z->settings[i], &z->starts[i], &why) == -1) {
			config_error(&why, &zone->src, "dns.zones");
			return err_set(err, why.kind, "%s", why.msg);
		}
		z->n_settings++;
	}
	z->walker = dns_walker_new(net, z->resolver, z->starts, z->n_settings);
	*ret = TAKE(z);
	return 0;
}

struct dns_walker *dns_zones_walker(const struct dns_zones *z)
{
	return z->walker;
}

struct dns_resolver *dns_zones_resolver(const struct dns_zones *z)
{
	return z->resolver;
}

bool dns_zones_any(const struct dns_zones *z)
{
	return z->conf->any_zone || z->n_settings == 0;
}

bool dns_zones_default_key(const struct dns_zones *z)
{
	return z->conf->key_file;
}

const char *dns_zones_first(const struct dns_zones *z)
{
	return z->n_settings > 0 ? z->settings[0].name : NULL;
}

const struct dns_setting *dns_zones_setting(const struct dns_zones *z,
					    const char *name)
{
	const struct dns_setting *best = NULL;

	for (size_t i = 0; i < z->n_settings; i++) {
		const struct dns_setting *s = &z->settings[i];

		if (dns_name_within(name, s->name) &&
		    (!best || dns_name_within(s->name, best->name)))
			best = s;
	}
	return best;
}

/* --- gathering a zone's servers --- */

static void tell(struct entry *e, const struct err *err)
{
	struct dns_zone_wait *w;

	while ((w = TAILQ_FIRST(&e->waiting))) {
		TAILQ_REMOVE(&e->waiting, w, link);
		w->entry = NULL;
		w->fn(w->arg, err ? NULL : &e->zone, err);
	}
}

static void cancel_subs(struct entry *e)
{
	struct sub *s;

	while ((s = TAILQ_FIRST(&e->subs))) {
		TAILQ_REMOVE(&e->subs, s, link);
		dns_walk_cancel(&s->walk);
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

static void looked_up(void *arg, const struct dns_msg *m, const struct err *err)
{
	struct sub *s = arg;

	s->lookup = NULL;
	s->fn(s, m, err);
}

/* M says the name is an alias, and not where that leads. */
static bool only_alias(const struct dns_msg *m, unsigned type)
{
	bool alias = false;

	for (size_t i = 0; i < m->n; i++) {
		if (m->rr[i].section != DNS_ANSWER)
			continue;
		if (m->rr[i].type == type)
			return false;
		alias = alias || m->rr[i].type == DNS_CNAME ||
			m->rr[i].type == DNS_DNAME;
	}
	return alias;
}

/* May the resolver be asked for a name server's address? As dns_walk.h has it:
 * it may be a stranger who says that it is one. */
static bool may_look_up(const struct sub *s)
{
	const struct entry *e = s->entry;

	return *s->name != '_' &&
	       (!dns_zones_setting(e->z, s->name) ||
		(e->setting && strcmp(e->setting->name, e->name) == 0));
}

/* Where its servers cannot be reached, or call it an alias, the resolvers are
 * asked for the address of a name server: it is there, if it is one. */
static void walked(void *arg, const struct dns_msg *m, const char *zone,
		   const struct err *err)
{
	struct sub *s = arg;

	s->walk = NULL;
	if (may_look_up(s) &&
	    (m ? (s->type == DNS_A || s->type == DNS_AAAA) &&
			     only_alias(m, s->type)
	       : s->type == DNS_A && err->kind == ERR_UNAVAILABLE))
		s->lookup = dns_lookup(s->entry->z->resolver, s->name, s->type,
				       looked_up, s);
	else
		s->fn(s, m, err);
}

/* NAME lives as long as the entry. */
static void sub_add(struct entry *e, const char *name, unsigned type, size_t ns,
		    dns_lookup_fn *fn)
{
	struct sub *s = mem_alloc(sizeof(*s));

	s->entry = e;
	s->name = name;
	s->type = type;
	s->fn = fn;
	s->ns = ns;
	TAILQ_INSERT_TAIL(&e->subs, s, link);
	s->walk = dns_walk(e->z->walker, name, type, walked, s);
}

/* The walk of S is over; returns its entry, to be passed to sub_next(). */
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

/* Add the addresses in M that are not in LIST yet; how many M had. ret_more:
 * some did not fit. */
static size_t add_addresses(const struct dns_msg *m, struct dns_addr *list,
			    size_t *n, size_t max, bool *ret_more)
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
		if (k < *n)
			continue;
		if (k < max)
			list[(*n)++] = a;
		else
			*ret_more = true;
	}
	return found;
}

static void got_check(void *arg, const struct dns_msg *m, const struct err *err)
{
	struct sub *s = arg;
	size_t ns = s->ns;
	struct entry *e = sub_over(s, err);

	e->ns_failed[ns] = e->ns_failed[ns] || err;
	e->ns_found[ns] += add_addresses(m, e->zone.check, &e->zone.n_check,
					 DNS_ZONE_CHECK_MAX, &e->more);
	sub_next(e);
}

static void checks_found(struct entry *e)
{
	char said[DNS_NAME_SAID];
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
		if (e->ns_found[i] == 0 && e->ns_failed[i])
			log_warn("zone %s: its name server %s is not asked: %s",
				 e->name, dns_name_said(e->ns.v[i], said),
				 e->trouble.msg);
		else if (e->ns_found[i] == 0)
			log_warn("zone %s: its name server %s has no address "
				 "and is not asked",
				 e->name, dns_name_said(e->ns.v[i], said));
	if (e->more)
		log_warn("zone %s has more name servers than are asked: %zu "
			 "addresses of %zu of them are; check in its entry of "
			 "dns.zones may name those that matter",
			 e->name, e->zone.n_check, e->ns.n);
	entry_done(e);
}

static void got_ns(void *arg, const struct dns_msg *m, const struct err *err)
{
	struct entry *e = sub_over(arg, err);

	for (size_t i = 0; m && i < m->n; i++) {
		if (m->rr[i].section != DNS_ANSWER || m->rr[i].type != DNS_NS ||
		    strcmp(m->rr[i].owner, e->name) != 0)
			continue;
		if (e->ns.n < DNS_ZONE_NS_MAX)
			strlist_add(&e->ns, m->rr[i].name);
		else
			e->more = true;
	}
	e->next = checks_found;
	for (size_t i = 0; i < e->ns.n; i++) {
		sub_add(e, e->ns.v[i], DNS_A, i, got_check);
		sub_add(e, e->ns.v[i], DNS_AAAA, i, got_check);
	}
	sub_next(e);
}

static void find_checks(struct entry *e)
{
	const struct dns_setting *s = e->setting;

	if (s && s->n_check > 0) {
		memcpy(e->zone.check, s->check, sizeof(e->zone.check));
		e->zone.n_check = s->n_check;
		e->zone.check_configured = true;
		entry_done(e);
		return;
	}
	sub_add(e, e->name, DNS_NS, 0, got_ns);
}

static void servers_found(struct entry *e)
{
	char said[DNS_NAME_SAID];
	struct err err = ERR_INIT;

	if (e->zone.n_server > 0) {
		find_checks(e);
		return;
	}
	(void) err_set(&err, e->trouble.kind ? ERR_UNAVAILABLE : ERR_CONFIG,
		       "the primary server %s of zone %s has no address%s%s; "
		       "is it a hidden one? Then set server in the zone's "
		       "entry of dns.zones",
		       dns_name_said(e->primary, said), e->name,
		       e->trouble.kind ? ": " : "",
		       e->trouble.kind ? e->trouble.msg : "");
	entry_fail(e, &err);
}

static void got_server(void *arg, const struct dns_msg *m,
		       const struct err *err)
{
	struct entry *e = sub_over(arg, err);
	bool more = false; /* any of them will do */

	(void) add_addresses(m, e->zone.server, &e->zone.n_server,
			     DNS_ZONE_SERVERS_MAX, &more);
	sub_next(e);
}

static void find_servers(struct entry *e, const char *primary)
{
	e->primary = mem_strdup(primary);
	e->zone.primary = e->primary;
	e->next = servers_found;
	sub_add(e, e->primary, DNS_A, 0, got_server);
	sub_add(e, e->primary, DNS_AAAA, 0, got_server);
}

static void got_soa(void *arg, const struct dns_msg *m, const struct err *err)
{
	char said[DNS_NAME_SAID];
	struct entry *e = sub_over(arg, err);
	const struct dns_rr *soa =
		m ? dns_msg_find(m, DNS_ANSWER, e->name, DNS_SOA) : NULL;
	const struct dns_rr *above;
	struct err why = ERR_INIT;

	if (soa) {
		find_servers(e, soa->name);
		return;
	}
	above = m ? dns_path_soa(m, e->name) : NULL;
	if (above)
		(void) err_set(
			&why, ERR_CONFIG,
			"%s of dns.zones is no zone: it lies in zone %s; "
			"name that one, or set server if only your own "
			"servers have it",
			e->name, dns_name_said(above->owner, said));
	else
		(void) err_set(&why, err ? err->kind : ERR_CONFIG,
			       "zone %s is not found in the DNS%s%s; its entry "
			       "of dns.zones may name the server",
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
		find_servers(e, primary);
	} else {
		sub_add(e, e->name, DNS_SOA, 0, got_soa);
	}
}

static struct entry *entry_new(struct dns_zones *z, const char *name,
			       const struct dns_setting *setting)
{
	struct entry *e = mem_alloc(sizeof(*e));

	e->z = z;
	e->setting = setting;
	e->name = mem_strdup(name);
	e->zone.name = e->name;
	e->zone.check_signed = setting && setting->conf->check_signed;
	TAILQ_INIT(&e->subs);
	TAILQ_INIT(&e->waiting);
	return e;
}

static struct entry *entry_find(struct dns_zones *z, const char *name,
				const struct dns_setting *setting)
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

void dns_zone_get(struct dns_zones *z, const char *name, const char *primary,
		  const struct dns_setting *s, struct dns_zone_wait *wait)
{
	struct entry *e = entry_find(z, name, s);
	bool found = e;

	if (!e) {
		e = entry_new(z, name, s);
		TAILQ_INSERT_TAIL(&z->entries, e, link);
	}
	wait->entry = e;
	TAILQ_INSERT_TAIL(&e->waiting, wait, link);
	if (!found)
		entry_start(e, primary);
	else if (e->known)
		tell(e, NULL);
}

void dns_zone_get_cancel(struct dns_zone_wait *wait)
{
	if (wait->entry)
		TAILQ_REMOVE(&wait->entry->waiting, wait, link);
	wait->entry = NULL;
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

int dns_zone_given(struct dns_zones *z, const char *name,
		   const struct dns_zone **ret, struct err *err)
{
	const struct dns_setting *s = dns_zones_setting(z, name);
	struct entry *e;

	if (!s || !s->has_server)
		return 0;
	TAILQ_FOREACH (e, &z->old, link)
		if (strcmp(e->name, name) == 0 && e->zone.n_check == 0)
			break;
	if (!e) {
		e = entry_new(z, name, s);
		e->zone.server[e->zone.n_server++] = s->server;
		if (take_key(z, s, &e->zone, err) == -1) {
			entry_free(e);
			return -1;
		}
		TAILQ_INSERT_TAIL(&z->old, e, link);
	}
	*ret = &e->zone;
	return 1;
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
	dns_walker_free(&z->walker);
	dns_resolver_free(&z->resolver);
	free(z->starts);
	free(z->settings);
	free(z);
	*zones = NULL;
}
