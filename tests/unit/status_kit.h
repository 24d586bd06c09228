/* SPDX-License-Identifier: MIT */
#ifndef STATUS_KIT_H
#define STATUS_KIT_H

/*
 * A fleet made by hand for the tests of what writes it out, as load.h makes it,
 * at a clock of its own: include after cmocka.h.
 *
 *	a  well: 60 of 90 days left, served by web1 and web2
 *	b  issued two days ago, web2 goes on serving the one before
 *	c  expired yesterday, seven failures
 *	d  no certificate yet
 *	e  of 160 hours, 12 are left
 *	f  disabled, expired long ago
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "model.h"
#include "why.h"

#define KIT_NOW	   INT64_C(1796083200) /* 2026-12-01T00:00:00Z */
#define KIT_HOUR   INT64_C(3600)
#define KIT_DAY	   INT64_C(86400)
#define KIT_SCRIPT "<script>alert(\"1\")</script>|\\\n\x1b[31m\xff"

enum { KIT_A, KIT_B, KIT_C, KIT_D, KIT_E, KIT_F, KIT_NAMES };

static inline struct status_verdict kit_verdict(enum why why, uint8_t need,
						int64_t when)
{
	return (struct status_verdict){ .why = (uint16_t) why,
					.need = need,
					.when = when };
}

static inline void kit_life(struct status_name *n, int64_t begin, int64_t end)
{
	n->has_crt = true;
	n->ts_not_before = begin;
	n->ts_not_after = end;
	n->ts_stored = n->ts_attempt = begin + 60;
	n->ts_renew = end - (end - begin) / 3;
	n->issuer = "Test CA E1";
	n->key_type = "ec-256";
	n->ts_key = begin - 300 * KIT_DAY;
	n->key_certs = 5;
	n->n_names = 2;
}

static inline void kit_names(struct status_model *m)
{
	static const char *const names[] = {
		[KIT_A] = "a.example.org", [KIT_B] = "b.example.org",
		[KIT_C] = "c.example.org", [KIT_D] = "d.example.org",
		[KIT_E] = "e.example.org", [KIT_F] = "f.example.org",
	};
	struct status_name *n = arena_array(m->arena, KIT_NAMES, sizeof(*n));

	m->names = n;
	m->n_names = KIT_NAMES;
	for (size_t i = 0; i < KIT_NAMES; i++) {
		n[i].name = names[i];
		n[i].ca = "letsencrypt";
		n[i].enabled = i != KIT_F;
		n[i].renewal = kit_verdict(WHY_THIRD, STATUS_WELL, 0);
		n[i].delivery = kit_verdict(WHY_NONE, STATUS_WELL, 0);
	}
	kit_life(&n[KIT_A], KIT_NOW - 30 * KIT_DAY, KIT_NOW + 60 * KIT_DAY);
	n[KIT_A].owner = "web@example.org";
	n[KIT_A].by_ari = true;
	kit_life(&n[KIT_B], KIT_NOW - 2 * KIT_DAY, KIT_NOW + 88 * KIT_DAY);
	n[KIT_B].delivery =
		kit_verdict(WHY_NOT_SERVED, STATUS_ACT, KIT_NOW - KIT_DAY);
	kit_life(&n[KIT_C], KIT_NOW - 91 * KIT_DAY, KIT_NOW - KIT_DAY);
	n[KIT_C].owner = KIT_SCRIPT;
	n[KIT_C].count_fail = 7;
	n[KIT_C].fail_class = "unauthorized";
	n[KIT_C].fail_detail = KIT_SCRIPT;
	n[KIT_C].ts_next_attempt = KIT_NOW + 5 * KIT_HOUR;
	n[KIT_C].renewal =
		kit_verdict(WHY_OVERDUE, STATUS_ACT, KIT_NOW - KIT_DAY);
	n[KIT_C].renewal.ended = true;
	n[KIT_D].ca = "other";
	n[KIT_D].renewal = kit_verdict(WHY_MISSING, STATUS_WATCH, 0);
	kit_life(&n[KIT_E], KIT_NOW - 148 * KIT_HOUR, KIT_NOW + 12 * KIT_HOUR);
	n[KIT_E].ca = "other";
	kit_life(&n[KIT_F], KIT_NOW - 400 * KIT_DAY, KIT_NOW - 310 * KIT_DAY);
	n[KIT_F].renewal = kit_verdict(WHY_DISABLED, STATUS_WELL, 0);
	for (size_t i = 0; i < KIT_NAMES; i++)
		n[i].need = n[i].delivery.need > n[i].renewal.need
				    ? n[i].delivery.need
				    : n[i].renewal.need;
}

static inline void kit_hosts(struct status_model *m)
{
	static const char *const names[] = { "db1.example.org",
					     "web1.example.org",
					     "web2.example.org" };
	struct status_host *h =
		arena_array(m->arena, ARRAY_LEN(names), sizeof(*h));

	m->hosts = h;
	m->n_hosts = ARRAY_LEN(names);
	for (size_t i = 0; i < m->n_hosts; i++) {
		h[i].host = names[i];
		h[i].version = "0.2.0";
		h[i].heartbeat = KIT_DAY;
		h[i].ts_seen = KIT_NOW - KIT_HOUR;
		h[i].n_receipts = 2;
		h[i].verdict = kit_verdict(WHY_HOST_WELL, STATUS_WELL, 0);
	}
	h[0].n_receipts = 0;
	h[0].account = true;
	h[0].ts_seen = KIT_NOW - 3 * KIT_DAY;
	h[0].verdict = kit_verdict(WHY_HOST_SILENT, STATUS_ACT, h[0].ts_seen);
	h[2].heartbeat = 0;
	h[2].n_bad = 1;
}

static inline struct status_receipt *kit_receipt(struct status_model *m,
						 size_t name, uint32_t host,
						 const struct status_kind *kind,
						 const char *endpoint,
						 uint8_t served)
{
	struct status_receipt *r = &m->receipts[m->n_receipts];
	struct status_name *n = &m->names[name];

	if (n->n_receipts++ == 0)
		n->receipt = (uint32_t) m->n_receipts;
	m->n_receipts++;
	r->name = (uint32_t) name;
	r->host = host;
	r->kind = kind;
	r->endpoint = endpoint;
	r->ts = KIT_NOW - KIT_HOUR;
	r->served = served;
	r->ts_expire = served == STATUS_CURRENT ? n->ts_not_after : 0;
	r->verdict = kit_verdict(WHY_SERVED, STATUS_WELL, 0);
	return r;
}

/* a is served by two hosts, at one of them by two services, one of which is of
 * files alone; b by one host as issued, by the other not at one endpoint. */
static inline void kit_receipts(struct status_model *m)
{
	static const struct status_kind web = { .service = "web",
						.protocol = "tls",
						.profile = "nginx",
						.state = "served" };
	static const struct status_kind files = { .service = "backup",
						  .state = "installed" };
	struct status_receipt *r;

	m->receipts = arena_array(m->arena, 8, sizeof(*m->receipts));
	kit_receipt(m, KIT_A, 1, &files, "", STATUS_UNSEEN);
	kit_receipt(m, KIT_A, 1, &web, "192.0.2.1:443", STATUS_CURRENT);
	kit_receipt(m, KIT_A, 2, &web, "192.0.2.2:443", STATUS_CURRENT);
	kit_receipt(m, KIT_B, 1, &web, "192.0.2.1:443", STATUS_CURRENT);
	kit_receipt(m, KIT_B, 2, &web, "192.0.2.2:443", STATUS_CURRENT);
	r = kit_receipt(m, KIT_B, 2, &web, "192.0.2.2:8443", STATUS_PREVIOUS);
	r->ts_expire = KIT_NOW + 25 * KIT_DAY;
	r->detail = KIT_SCRIPT;
	r->verdict = m->names[KIT_B].delivery;
	m->names[KIT_A].delivery = kit_verdict(WHY_SERVED, STATUS_WELL, 0);
	m->names[KIT_A].n_hosts = m->names[KIT_A].n_served = 2;
	m->names[KIT_B].n_hosts = 2;
	m->names[KIT_B].n_served = 1;
}

static inline void kit_centre(struct status_model *m)
{
	static struct status_total totals[] = {
		{ 0, "letsencrypt", "ok", 100 },
		{ 20786, "letsencrypt", "ok", 7 },
		{ 20787, "letsencrypt", "ok", 3 },
		{ 20787, "letsencrypt", "unauthorized", 2 },
		{ 20787, "other", "ok", 1 },
	};

	m->cas = arena_array(m->arena, 2, sizeof(*m->cas));
	m->n_cas = 2;
	m->cas[0] = (struct status_ca){
		.name = "letsencrypt",
		.directory = "https://acme.example.net/directory",
		.n_names = 3,
		.renewals = { 1, 3, 5 },
		.configured = true,
		.verdict = kit_verdict(WHY_CA_WELL, STATUS_WELL, 0),
	};
	m->cas[1] = (struct status_ca){
		.name = "other",
		.backoff_until = KIT_NOW + KIT_HOUR,
		.fail_class = "unreachable",
		.fail_detail = KIT_SCRIPT,
		.n_names = 2,
		.renewals = { 2, 9, 27 },
		.configured = true,
		.verdict = kit_verdict(WHY_CA_REST, STATUS_WATCH,
				       KIT_NOW + KIT_HOUR),
	};
	m->fetchers = arena_array(m->arena, 1, sizeof(*m->fetchers));
	m->n_fetchers = 1;
	m->fetchers[0] = (struct status_fetcher){
		.instance = "0123456789abcdef",
		.host = "centre.example.org",
		.version = "0.2.0",
		.ts_start = KIT_NOW - 1800,
		.ts_end = KIT_NOW - 1700,
		.ts_ok = KIT_NOW - 1700,
		.n_ok = 2,
		.verdict = kit_verdict(WHY_FETCH_WELL, STATUS_WELL, 0),
	};
	m->fetching = m->fetchers[0].verdict;
	m->totals = totals;
	m->n_totals = ARRAY_LEN(totals);
}

/* All of it, what needs somebody first. kit_free() it. */
static inline struct status_model *kit_model(void)
{
	static const uint32_t order[] = { KIT_C, KIT_B, KIT_D,
					  KIT_E, KIT_A, KIT_F };
	struct arena *a = arena_new();
	struct status_model *m = arena_alloc(a, sizeof(*m));

	m->arena = a;
	m->now = KIT_NOW;
	m->store = "/var/lib/certrepo/certrepo.db";
	m->whole = true;
	kit_names(m);
	kit_hosts(m);
	kit_receipts(m);
	kit_centre(m);
	for (size_t i = 0; i < m->n_names; i++)
		m->counts[m->names[i].need]++;
	for (size_t i = 0; i < m->n_hosts; i++)
		m->host_counts[m->hosts[i].verdict.need]++;
	m->order = arena_dup(a, order, sizeof(order));
	m->n_order = ARRAY_LEN(order);
	m->host_order = arena_array(a, m->n_hosts, sizeof(uint32_t));
	for (m->n_host_order = 0; m->n_host_order < m->n_hosts;
	     m->n_host_order++)
		m->host_order[m->n_host_order] = (uint32_t) m->n_host_order;
	return m;
}

/* The first N of its names that are chosen, and no host. */
static inline void kit_choose(struct status_model *m, const uint32_t *names,
			      size_t n)
{
	m->order = arena_dup(m->arena, names, n * sizeof(*names));
	m->n_order = n;
	m->n_host_order = 0;
}

static inline void kit_free(struct status_model **m)
{
	struct arena *a = (*m)->arena;

	*m = NULL;
	arena_free(&a);
}

#endif
