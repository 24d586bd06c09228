/* SPDX-License-Identifier: MIT */
#include "dns_locate.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "log.h"

#define TTL_MOST  86400 /* nobody signed for it, and caches keep it */
#define DNS_LABEL 63	/* one label less its '_', and the NUL */

struct dns_locate {
	struct dns_zones *z;
	struct dns_path path;
	struct dns_walk *walk;
	struct dns_lookup *lookup;
	struct err unreached;	    /* why it is asked */
	char target[DNS_NAME_TEXT]; /* of a CNAME that is being looked into */
	char at[DNS_NAME_TEXT];	    /* whose SOA is asked for */
	char cut[DNS_NAME_TEXT];    /* no further up than this zone */
	bool dname;		    /* the last alias is one */
	bool cname;		    /* one that was followed was a CNAME */
	bool there;		    /* the name is, or a wildcard makes it up */
	size_t served;		    /* how many types were asked for */
	struct dns_place place;
	struct dns_zone_wait wait;
	dns_locate_fn *fn;
	void *arg;
};

static void ask(struct dns_locate *l);
static void ask_soa(struct dns_locate *l, const char *at);
static void follow(struct dns_locate *l);

static void fail(struct dns_locate *l, const struct err *err)
{
	dns_locate_fn *fn = l->fn;
	void *arg = l->arg;
	struct err copy = *err;

	free(l);
	fn(arg, NULL, &copy);
}

/* --- words --- */

/* The host of NAME in one label, or else LONG_ONE. */
static const char *label_of(const char *name, const char *long_one,
			    char label[DNS_LABEL])
{
	const char *host = dns_name_host(name);
	size_t n = strlen(host);

	if (n >= DNS_LABEL)
		return long_one;
	for (size_t i = 0; i <= n; i++)
		label[i] = host[i] == '.' ? '-' : host[i];
	return label;
}

/* What has to stand in ZONE so that the proof of NAME may go to HOME. */
static const char *record_for(const char *name, const char *home,
			      char buf[2 * DNS_NAME_TEXT])
{
	char label[DNS_LABEL];

	snprintf(buf, 2 * DNS_NAME_TEXT, "%s. CNAME %s.%s.", name,
		 label_of(name, dns_name_host(name), label), home);
	return buf;
}

/* The zone SOA names is none of ours, and we change no others. */
static void not_ours(struct dns_locate *l, const char *zone)
{
	char to[DNS_NAME_SAID], in[DNS_NAME_SAID];
	const char *name = dns_path_name(&l->path);
	const char *home = dns_zones_first(l->z);
	const char *any =
		dns_zones_default_key(l->z) ? ", or set dns.any_zone" : "";
	char record[2 * DNS_NAME_TEXT];
	struct err err = ERR_INIT;

	if (l->path.hops > 0)
		(void) err_set(
			&err, ERR_CONFIG,
			"%s is a CNAME that leads to %s in zone %s, "
			"which dns.zones does not name: make it \"%s\", or "
			"add that zone there%s",
			l->path.name[0], dns_name_said(name, to),
			dns_name_said(zone, in),
			record_for(l->path.name[0], home, record), any);
	else
		(void) err_set(&err, ERR_CONFIG,
			       "%s lies in zone %s, which dns.zones does not "
			       "name: add to that zone the record \"%s\", or "
			       "the zone to dns.zones%s",
			       name, zone, record_for(name, home, record), any);
	fail(l, &err);
}

/* HOST, where the proof would be or above it, is a wildcard's work. Where a
 * CNAME leads can be chosen; the name itself cannot. */
static bool spares_wildcard(const struct dns_locate *l, const char *host,
			    struct err *err)
{
	char to[DNS_NAME_SAID], at[DNS_NAME_SAID], label[DNS_LABEL];
	const char *zone = l->place.zone->name;
	const char *owner = dns_name_said(l->place.owner, to);

	host = dns_name_said(host, at);
	if (!l->cname) {
		log_warn("%s is served by a wildcard of zone %s only, and not "
			 "while its proof is at %s: give it a record of its "
			 "own",
			 host, zone, owner);
		return true;
	}
	(void) err_set(err, ERR_CONFIG,
		       "%s leads to %s in zone %s, and a wildcard there, which "
		       "serves %s now, would not while the proof is there: let "
		       "it lead to a name that no host has, such as _%s.%s",
		       l->path.name[0], owner, zone, host,
		       label_of(l->path.name[0], "proof", label), zone);
	return false;
}

/* --- what a wildcard serves --- */

static void look_at_wildcard(struct dns_locate *l);

static void placed(struct dns_locate *l)
{
	l->fn(l->arg, &l->place, NULL);
	free(l);
}

static void got_served(void *arg, const struct dns_msg *m, const char *zone,
		       const struct err *err)
{
	struct dns_locate *l = arg;
	struct err why = ERR_INIT;
	bool txt = l->served == 1, served = false;

	l->walk = NULL;
	for (size_t i = 0; m && i < m->n; i++)
		served = served || m->rr[i].section == DNS_ANSWER;
	/* the set it belongs to is not the name's */
	if (txt && served)
		l->place.exists = false;
	if (!m || m->rcode != DNS_NOERROR)
		placed(l);
	else if (txt || !served)
		look_at_wildcard(l);
	else if (spares_wildcard(l, dns_name_host(l->place.owner), &why))
		placed(l);
	else
		fail(l, &why);
}

/* A name is there as soon as it has a record or one is below it, and then no
 * wildcard makes it up (RFC 4592 section 2.2.2). "x.*.NAME" is a wildcard's
 * work if NAME is, and never NAME's own wildcard's. TXT is asked for where
 * there are such records, at the name itself. */
static void look_at_wildcard(struct dns_locate *l)
{
	static const unsigned types[] = { DNS_TXT, DNS_A, DNS_AAAA, DNS_MX };
	const char *zone = l->place.zone->name, *name = l->place.owner;
	char below[DNS_NAME_TEXT], canon[DNS_NAME_TEXT];
	int n;

	if (l->served == 0 && !l->place.exists)
		l->served = 1;
	if (l->served > 0)
		name = dns_name_host(name);
	n = snprintf(below, sizeof(below), "x.*.%s", name);
	if (!l->there || l->served == ARRAY_LEN(types) ||
	    !dns_name_within(name, zone) || strcmp(name, zone) == 0 ||
	    n >= (int) sizeof(below) ||
	    dns_name_canon(below, canon, NULL) == -1)
		placed(l);
	else
		l->walk = dns_walk(dns_zones_walker(l->z), canon,
				   types[l->served++], got_served, l);
}

/* --- the zone --- */

static void got_zone(void *arg, const struct dns_zone *zone,
		     const struct err *err)
{
	struct dns_locate *l = arg;

	if (!zone) {
		fail(l, err);
		return;
	}
	l->place.owner = dns_path_name(&l->path);
	l->place.zone = zone;
	look_at_wildcard(l);
}

/* The longer one of what SOA says (NULL: nobody does) and what is configured;
 * SOA need not outlive the call. */
static void decide(struct dns_locate *l, const struct dns_rr *soa)
{
	const char *zone = soa ? soa->owner : NULL;
	const char *primary = soa ? soa->name : NULL;
	const char *name = dns_path_name(&l->path);
	const struct dns_setting *s = dns_zones_setting(l->z, name);

	l->place.negative_ttl = soa ? dns_path_negative_ttl(soa) : 0;
	if (s && (!zone || !dns_name_within(zone, s->name))) {
		log_debug("%s: zone %s as configured, not %s by its SOA", name,
			  s->name, zone ? zone : "none");
		dns_zone_get(l->z, s->name, NULL, s, &l->wait);
	} else if (!s && !dns_zones_any(l->z)) {
		not_ours(l, zone);
	} else {
		if (s && strcmp(zone, s->name) != 0)
			log_debug("%s: sub-zone %s of the configured %s", name,
				  zone, s->name);
		dns_zone_get(l->z, zone, primary, s, &l->wait);
	}
}

static void got_cname(void *arg, const struct dns_msg *m, const struct err *err)
{
	struct dns_locate *l = arg;
	const struct dns_rr *soa;

	l->lookup = NULL;
	if (m && dns_path_alias(&l->path, m, l->target, &l->dname, NULL) == 1) {
		follow(l);
		return;
	}
	soa = m ? dns_path_soa(m, dns_path_name(&l->path)) : NULL;
	if (soa)
		not_ours(l, soa->owner);
	else
		fail(l, &l->unreached);
}

static void walk_failed(struct dns_locate *l, const struct err *err)
{
	const char *name = dns_path_name(&l->path);
	const struct dns_setting *s = dns_zones_setting(l->z, name);
	char said[DNS_NAME_SAID];

	l->unreached = *err;
	if (l->path.hops > 0)
		(void) err_wrap(&l->unreached, "%s leads to %s",
				l->path.name[0], dns_name_said(name, said));
	else
		(void) err_wrap(&l->unreached, "%s", l->path.name[0]);
	/* Nobody tells; the configuration may. */
	if (s && s->has_server)
		decide(l, NULL);
	else if (!s && !dns_zones_any(l->z) && err->kind == ERR_UNAVAILABLE)
		l->lookup = dns_lookup(dns_zones_resolver(l->z), name,
				       DNS_CNAME, got_cname, l);
	else
		fail(l, &l->unreached);
}

static void got_soa(void *arg, const struct dns_msg *m, const char *zone,
		    const struct err *err)
{
	char said[DNS_NAME_SAID];
	struct dns_locate *l = arg;
	const char *up = dns_name_parent(l->at);
	const struct dns_rr *soa;
	struct err why = ERR_INIT;

	l->walk = NULL;
	if (!m) {
		walk_failed(l, err);
		return;
	}
	soa = dns_path_soa(m, l->at);
	if (soa) {
		decide(l, soa);
	} else if (up && strcmp(l->at, l->cut) != 0) {
		/* an alias itself, or a server that does not say */
		ask_soa(l, up);
	} else {
		(void) err_set(&why, ERR_UNAVAILABLE,
			       "the name servers of zone %s give no SOA of it",
			       dns_name_said(zone, said));
		walk_failed(l, &why);
	}
}

static void ask_soa(struct dns_locate *l, const char *at)
{
	/* at may be a part of l->at */
	memmove(l->at, at, strlen(at) + 1);
	l->walk = dns_walk(dns_zones_walker(l->z), l->at, DNS_SOA, got_soa, l);
}

/* --- aliases --- */

static void follow(struct dns_locate *l)
{
	struct err err = ERR_INIT;

	l->cname = l->cname || !l->dname;
	l->there = false;
	if (dns_path_go(&l->path, l->target, &err) == -1)
		fail(l, &err);
	else
		ask(l);
}

/* What a name below the one that is an alias is. A wildcard makes both up; a
 * record at the name would keep it from the one below (RFC 4592 section
 * 2.2.1). */
static void got_below(void *arg, const struct dns_msg *m, const char *zone,
		      const struct err *err)
{
	struct dns_locate *l = arg;
	const char *name = dns_path_name(&l->path);

	l->walk = NULL;
	for (size_t i = 0; m && i < m->n; i++) {
		const struct dns_rr *rr = &m->rr[i];

		if (rr->section != DNS_ANSWER || rr->type != DNS_CNAME ||
		    strcmp(rr->name, l->target) != 0 ||
		    strcmp(rr->owner, name) == 0 ||
		    !dns_name_within(rr->owner, name))
			continue;
		log_debug("%s: its CNAME to %s is a wildcard's", name,
			  l->target);
		l->there = true;
		ask_soa(l, dns_name_parent(name));
		return;
	}
	follow(l);
}

/* Is the present name in a zone of ours? With dns.any_zone the one the alias
 * leads to counts as well: it was made for that. */
static bool may_stay(const struct dns_locate *l)
{
	return dns_zones_setting(l->z, dns_path_name(&l->path)) ||
	       (dns_zones_any(l->z) && !dns_zones_setting(l->z, l->target));
}

static void look_below(struct dns_locate *l)
{
	unsigned char random[8];
	char below[DNS_NAME_TEXT], canon[DNS_NAME_TEXT];
	int n;

	if (!may_stay(l) || RAND_bytes(random, sizeof(random)) != 1) {
		follow(l);
		return;
	}
	n = snprintf(below, sizeof(below), "x%02x%02x%02x%02x%02x%02x.%s",
		     random[0], random[1], random[2], random[3], random[4],
		     random[5], dns_path_name(&l->path));
	if (n >= (int) sizeof(below) ||
	    dns_name_canon(below, canon, NULL) == -1)
		follow(l);
	else
		l->walk = dns_walk(dns_zones_walker(l->z), canon, DNS_TXT,
				   got_below, l);
}

static void got_answer(void *arg, const struct dns_msg *m, const char *zone,
		       const struct err *err)
{
	struct dns_locate *l = arg;
	const char *name = dns_path_name(&l->path);
	const struct dns_rr *rr;
	struct err why = ERR_INIT;
	int rc;

	l->walk = NULL;
	if (!m) {
		walk_failed(l, err);
		return;
	}
	snprintf(l->cut, sizeof(l->cut), "%s", zone);
	rc = dns_path_alias(&l->path, m, l->target, &l->dname, &why);
	if (rc == -1) {
		fail(l, &why);
		return;
	}
	if (rc == 1) {
		if (l->dname)
			follow(l);
		else
			look_below(l);
		return;
	}
	l->there = m->rcode == DNS_NOERROR;
	rr = dns_msg_find(m, DNS_ANSWER, name, DNS_TXT);
	l->place.exists = rr;
	l->place.ttl = !rr ? 0 : rr->ttl < TTL_MOST ? rr->ttl : TTL_MOST;
	rr = dns_path_soa(m, name);
	if (rr)
		decide(l, rr);
	else
		ask_soa(l, name);
}

static void ask(struct dns_locate *l)
{
	l->walk = dns_walk(dns_zones_walker(l->z), dns_path_name(&l->path),
			   DNS_TXT, got_answer, l);
}

struct dns_locate *dns_locate(struct dns_zones *z, const char *owner,
			      dns_locate_fn *fn, void *arg)
{
	struct dns_locate *l = mem_alloc(sizeof(*l));

	l->z = z;
	l->fn = fn;
	l->arg = arg;
	l->wait.fn = got_zone;
	l->wait.arg = l;
	dns_path_init(&l->path, owner);
	ask(l);
	return l;
}

void dns_locate_cancel(struct dns_locate **l)
{
	if (!*l)
		return;
	dns_walk_cancel(&(*l)->walk);
	dns_lookup_cancel(&(*l)->lookup);
	dns_zone_get_cancel(&(*l)->wait);
	free(*l);
	*l = NULL;
}
