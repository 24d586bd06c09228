/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include "clock.h"
#include "fleet_fetchers.h"
#include "forecast.h"
#include "intern.h"
#include "load.h"
#include "num.h"
#include "verdict.h"

#define DAY	    INT64_C(86400)
#define SECONDS_MAX (INT64_C(3650) * DAY)
#define DETAILS_MAX (8u << 20) /* bytes, of all receipts; more are left */
#define PRINT_HEX   16

/* The first half of SHA-256s: of the certificate, and of the one before. */
struct print {
	uint64_t now, before;
};

struct loader {
	struct store *store;
	const struct status_settings *set;
	struct status_model *m;
	struct intern *intern;
	struct places names, hosts;
	struct print *prints; /* by names; of the bytes of crt at first */
	size_t cap_names, cap_hosts, cap_receipts, cap_few[4];
	uint32_t of_host, host; /* receipts of the last host there was */
	size_t details;
};

/* One more for V of N, which is not zeroed. */
#define ROOM(v, n, cap)                                           \
	do {                                                      \
		if ((n) == (cap)) {                               \
			(cap) = (cap) ? 2 * (cap) : 64;           \
			(v) = mem_grow((v), (cap), sizeof(*(v))); \
		}                                                 \
	} while (0)

static const char *name_key(const void *table, uint32_t i)
{
	return ((const struct status_model *) table)->names[i].name;
}

static const char *host_key(const void *table, uint32_t i)
{
	return ((const struct status_model *) table)->hosts[i].host;
}

/* 0: it is none. */
static uint64_t print_of(const char *hex)
{
	uint64_t v = 0;

	for (int i = 0; hex && i < PRINT_HEX; i++) {
		static const char digits[] = "0123456789abcdef";
		const char *d = hex[i] ? strchr(digits, hex[i]) : NULL;

		if (!d)
			return 0;
		v = v << 4 | (uint64_t) (d - digits);
	}
	return v;
}

static uint32_t small(int64_t v)
{
	return v < 0 ? 0 : v > UINT32_MAX ? UINT32_MAX : (uint32_t) v;
}

/* Those of the system of 2019 begin at 1. */
static int64_t instant(int64_t t)
{
	return t > 1 ? t : 0;
}

/* --- what the fetcher is configured to do --- */

static void take_setting(void *arg, const struct fleet_setting *s)
{
	struct loader *l = arg;
	struct status_settings *set = &l->m->set;
	struct {
		const char *name;
		int64_t *to;
	} numbers[] = {
		{ FLEET_DAYS_LEFT, &set->days_left },
		{ FLEET_COUNT_FAIL_LIMIT, &set->count_fail_limit },
		{ FLEET_DELIVER_WITHIN, &set->deliver_within },
		{ FLEET_ORDER_TIMEOUT, &set->order_timeout },
	};

	set->known = true;
	if (strcmp(s->name, FLEET_DEFAULT_CA) == 0 && *s->value)
		set->default_ca = intern_str(l->intern, s->value);
	if (strcmp(s->name, FLEET_CAS) == 0)
		set->cas = arena_strdup(l->m->arena, s->value);
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		/* What is none stays as it is. */
		if (strcmp(s->name, numbers[i].name) == 0)
			(void) !num_int(s->value, 0, SECONDS_MAX, numbers[i].to,
					NULL);
}

/* --- a few of each --- */

/* Room for one more of N, in the arena; N tells whether it is full. */
static void *more(struct loader *l, void *v, size_t n, size_t size)
{
	void *bigger;

	if (n > 0 && (n & (n - 1)) != 0)
		return v;
	bigger = arena_array(l->m->arena, n > 0 ? 2 * n : 1, size);
	if (n > 0)
		memcpy(bigger, v, n * size);
	return bigger;
}
#define MORE(l, v, n) ((__typeof__(v)) more((l), (v), (n), sizeof(*(v))))

static const char *kept(struct loader *l, const char *s)
{
	return arena_strdup(l->m->arena, s);
}

static struct status_ca *ca_named(struct loader *l, const char *name)
{
	struct status_model *m = l->m;

	name = intern_str(l->intern, name);
	for (size_t i = 0; i < m->n_cas; i++)
		if (m->cas[i].name == name)
			return &m->cas[i];
	m->cas = MORE(l, m->cas, m->n_cas);
	m->cas[m->n_cas] = (struct status_ca){ .name = name };
	return &m->cas[m->n_cas++];
}

static void take_ca(void *arg, const struct fleet_ca *c)
{
	struct loader *l = arg;
	struct status_ca *ca = ca_named(l, c->name);

	ca->directory = kept(l, c->directory);
	ca->backoff_until = c->backoff_until;
	ca->fail_class = intern_str(l->intern, c->fail_class);
	ca->fail_detail = kept(l, c->fail_detail);
}

static void take_fetcher(void *arg, const struct fleet_fetcher *f)
{
	struct loader *l = arg;
	struct status_model *m = l->m;

	m->fetchers = MORE(l, m->fetchers, m->n_fetchers);
	m->fetchers[m->n_fetchers++] = (struct status_fetcher){
		.instance = kept(l, f->instance),
		.host = kept(l, f->host),
		.version = kept(l, f->version),
		.ts_start = f->ts_start,
		.ts_end = f->ts_end,
		.ts_ok = f->ts_ok,
		.status = f->status,
		.n_ok = f->n_ok,
		.n_failed = f->n_failed,
		.detail = kept(l, f->detail),
	};
}

static void take_made(void *arg, int64_t t)
{
	struct loader *l = arg;

	l->m->ts_made = t;
}

static void take_pending(void *arg, const struct fleet_pending *p)
{
	struct loader *l = arg;
	struct status_model *m = l->m;

	m->requests = MORE(l, m->requests, m->n_requests);
	m->requests[m->n_requests++] = (struct status_request){
		.id = p->id,
		.ts = p->ts,
		.host = kept(l, p->host),
		.name = kept(l, p->name),
		.new_key = p->new_key,
	};
}

static void take_all_pending(void *arg, uint64_t n)
{
	struct loader *l = arg;

	l->m->all_requests = n;
}

static void take_total(void *arg, const struct fleet_total *t)
{
	struct loader *l = arg;
	struct status_model *m = l->m;

	m->totals = MORE(l, m->totals, m->n_totals);
	m->totals[m->n_totals++] = (struct status_total){
		.day = t->day,
		.ca = intern_str(l->intern, t->ca),
		.outcome = intern_str(l->intern, t->outcome),
		.n = t->n,
	};
}

/* --- names --- */

static void take_name(void *arg, const struct fleet_name *n)
{
	struct loader *l = arg;
	struct status_model *m = l->m;
	struct verdict_row row = { n->ts_due, n->stale };
	struct status_name *to;
	size_t cap = l->cap_names;

	ROOM(m->names, m->n_names, l->cap_names);
	if (cap != l->cap_names)
		l->prints =
			mem_grow(l->prints, l->cap_names, sizeof(*l->prints));
	to = &m->names[m->n_names];
	*to = (struct status_name){
		.name = kept(l, n->name),
		.ca = n->ca_name ? intern_str(l->intern, n->ca_name)
				 : m->set.default_ca,
		.owner = intern_str(l->intern, n->owner),
		.fail_class = intern_str(l->intern, n->fail_class),
		.ts_not_after = instant(n->ts_expire),
		.ts_not_before = n->stale ? 0 : n->ts_not_before,
		.ts_attempt = instant(n->ts_attempt),
		.ts_next_attempt = n->ts_next_attempt,
		.ts_lease = n->lease_until,
		.count_fail = small(n->count_fail),
		.enabled = n->enabled,
		.held = n->held,
		.renew_asked = n->renew,
		.has_crt = n->ts_expire > 1,
		.stale = n->ts_expire > 1, /* until its facts come */
	};
	l->prints[m->n_names].before = 0;
	l->prints[m->n_names].now = n->stale ? 0 : print_of(n->crt_sha256);
	places_add(&l->names, m, name_key, (uint32_t) m->n_names);
	m->n_names++;
	verdict_name(m, to, &row, n->ts_ari);
}

static struct status_name *name_of(struct loader *l, const char *name,
				   uint32_t *ret)
{
	*ret = places_find(&l->names, l->m, name_key, name);
	return *ret == PLACES_NONE ? NULL : &l->m->names[*ret];
}

static void take_fact(void *arg, const struct fleet_fact *f)
{
	struct loader *l = arg;
	uint32_t i;
	struct status_name *n = name_of(l, f->name, &i);

	/* Of another certificate it says nothing. */
	if (!n || !n->has_crt || l->prints[i].now == 0 ||
	    l->prints[i].now != print_of(f->crt_sha256))
		return;
	n->stale = false;
	n->issuer = intern_str(l->intern, f->issuer);
	n->key_type = intern_str(l->intern, f->key_type);
	n->ts_stored = f->ts_stored;
	n->ts_key = f->ts_key;
	n->key_certs = small(f->key_certs);
	n->n_names = small(f->n_names);
	n->client_auth = f->client_auth;
	l->prints[i].now = print_of(f->fingerprint);
	l->prints[i].before = print_of(f->old_fingerprint);
}

static void take_detail(void *arg, const char *name, const char *detail)
{
	struct loader *l = arg;
	uint32_t i;
	struct status_name *n = name_of(l, name, &i);

	if (n)
		n->fail_detail = kept(l, detail);
}

/* --- hosts --- */

static uint32_t host_of(struct loader *l, const char *name)
{
	struct status_model *m = l->m;
	uint32_t i;

	if (l->host < m->n_hosts && strcmp(m->hosts[l->host].host, name) == 0)
		return l->host;
	i = places_find(&l->hosts, m, host_key, name);
	if (i == PLACES_NONE) {
		i = (uint32_t) m->n_hosts;
		ROOM(m->hosts, m->n_hosts, l->cap_hosts);
		m->hosts[m->n_hosts++] =
			(struct status_host){ .host = kept(l, name) };
		places_add(&l->hosts, m, host_key, i);
	}
	l->host = i;
	l->of_host = 0;
	return i;
}

static void take_place(void *arg, const struct fleet_place *h)
{
	struct loader *l = arg;
	uint32_t host = host_of(l, h->host);

	l->m->hosts[host].account = true;
	l->m->hosts[host].ts_added = h->ts_added;
}

/* What lies ahead counts only where there is nothing else: it is kept below 0
 * until all have come. */
static void see_host(const struct loader *l, struct status_host *h,
		     const struct fleet_install *i)
{
	bool itself = *i->name == '\0';

	if (model_past(l->m, i->ts) ? i->ts > h->ts_seen
				    : h->ts_seen <= 0 && -i->ts < h->ts_seen)
		h->ts_seen = model_past(l->m, i->ts) ? i->ts : -i->ts;
	if (i->heartbeat > 0 && (itself || h->heartbeat == 0))
		h->heartbeat = i->heartbeat;
	if (i->version && (itself || !h->version))
		h->version = intern_str(l->intern, i->version);
}

/* --- receipts --- */

static const struct status_kind *kind_of(struct loader *l,
					 const struct fleet_install *i)
{
	struct status_kind k;
	enum receipt_state state;

	memset(&k, 0, sizeof(k)); /* bytes are compared */
	k.service = intern_str(l->intern, i->service);
	k.protocol = intern_str(l->intern, i->protocol);
	k.profile = intern_str(l->intern, i->profile);
	k.needs = intern_str(l->intern, i->needs);
	k.state = intern_str(l->intern, i->state);
	k.code = receipt_state_parse(i->state, &state) ? (int) state : -1;
	k.placeholder = i->detail && strcmp(i->detail, LOAD_PLACEHOLDER) == 0;
	return intern_bytes(l->intern, &k, sizeof(k));
}

static enum status_served served(const struct loader *l, uint32_t name,
				 const struct fleet_install *i)
{
	const struct status_name *n = &l->m->names[name];
	const struct print *p = &l->prints[name];
	uint64_t seen = print_of(i->fingerprint);

	if (!i->fingerprint)
		return STATUS_UNSEEN;
	if (n->stale || seen == 0)
		return STATUS_UNKNOWN;
	if (seen == p->now && n->has_crt)
		return STATUS_CURRENT;
	return seen == p->before ? STATUS_PREVIOUS : STATUS_OTHER;
}

/* What is said where all is well is left. */
static const char *detail_of(struct loader *l, const struct status_kind *k,
			     const struct fleet_install *i)
{
	size_t n = i->detail ? strlen(i->detail) : 0;
	bool well = k->code >= 0 &&
		    receipt_state_severity((enum receipt_state) k->code) ==
			    RECEIPT_WELL &&
		    !(k->code == RECEIPT_INSTALLED && *i->endpoint);

	if (n == 0 || well || l->details + n > DETAILS_MAX)
		return NULL;
	l->details += n;
	return intern_str(l->intern, i->detail);
}

static void add_receipt(struct loader *l, uint32_t name, uint32_t host,
			const struct fleet_install *i)
{
	const struct status_kind *k = kind_of(l, i);
	struct status_model *m = l->m;

	ROOM(m->receipts, m->n_receipts, l->cap_receipts);
	m->receipts[m->n_receipts++] = (struct status_receipt){
		.name = name,
		.host = host,
		.kind = k,
		.endpoint = intern_str(l->intern, i->endpoint),
		.detail = detail_of(l, k, i),
		.ts = i->ts,
		.ts_expire = instant(i->ts_expire),
		.ts_window = i->ts_window,
		.served = (uint8_t) served(l, name, i),
	};
	m->names[name].n_receipts++;
	m->hosts[host].n_receipts++;
}

/* Of the host itself. */
static const char *failed_of(struct loader *l, const struct fleet_install *i)
{
	size_t n = i->detail ? strlen(i->detail) : 0;

	if (n == 0 || l->details + n > DETAILS_MAX)
		return intern_str(l->intern, i->state);
	l->details += n;
	return kept(l, i->detail);
}

static bool take_install(void *arg, const struct fleet_install *i)
{
	struct loader *l = arg;
	struct status_model *m = l->m;
	uint32_t host = host_of(l, i->host), name;
	struct status_host *h = &m->hosts[host];

	if (l->of_host++ == FLEET_HOST_MOST) {
		h->too_many = true;
		return false;
	}
	see_host(l, h, i);
	if (*i->name == '\0') {
		if (receipt_state_bad(i->state))
			h->failed = failed_of(l, i);
		return true;
	}
	if (name_of(l, i->name, &name))
		add_receipt(l, name, host, i);
	else if (m->whole)
		h->n_strange++;
	return true;
}

/* Of the whole fleet there may be as many as receipts: none is kept. */
static void add_grant(struct loader *l, uint32_t name, const char *host)
{
	struct status_model *m = l->m;

	m->grants = MORE(l, m->grants, m->n_grants);
	m->grants[m->n_grants] =
		(struct status_grant){ .name = name,
				       .host = intern_str(l->intern, host) };
	verdict_grant(&m->grants[m->n_grants++]);
}

static void take_grant(void *arg, const struct fleet_grant *g)
{
	struct loader *l = arg;
	struct status_model *m = l->m;
	uint32_t i, host = places_find(&l->hosts, m, host_key, g->host);
	struct status_name *n = name_of(l, g->name, &i);

	if (!n)
		return;
	if (!m->whole)
		add_grant(l, i, g->host);
	n->elsewhere = n->elsewhere || g->elsewhere;
	if (n->n_receipts > 0 || n->elsewhere)
		return;
	if (n->may_read && g->ts_added >= n->ts_may_read)
		return;
	n->may_read = host == PLACES_NONE ? intern_str(l->intern, g->host)
					  : m->hosts[host].host;
	n->ts_may_read = g->ts_added;
}

/* --- the whole --- */

/* The element I of V belongs to the place TO[I]; TO is used up. */
#define PUT_IN_PLACE(v, n, to)                                 \
	do {                                                   \
		for (size_t i_ = 0; i_ < (n); i_++) {          \
			while ((to)[i_] != i_) {               \
				uint32_t t_ = (to)[i_];        \
				__typeof__(*(v)) x_ = (v)[t_]; \
                                                               \
				(v)[t_] = (v)[i_];             \
				(v)[i_] = x_;                  \
				(to)[i_] = (to)[t_];           \
				(to)[t_] = t_;                 \
			}                                      \
		}                                              \
	} while (0)

/* Those of each name in a row, in the order that they are in. */
static void sort_receipts(struct status_model *m)
{
	AUTO(mem_free_any)
	uint32_t *to = mem_array(m->n_receipts + 1, sizeof(*to));
	uint32_t at = 0;

	for (size_t i = 0; i < m->n_names; i++) {
		m->names[i].receipt = at;
		at += m->names[i].n_receipts;
		m->names[i].n_receipts = 0;
	}
	for (size_t i = 0; i < m->n_receipts; i++) {
		struct status_name *n = &m->names[m->receipts[i].name];

		to[i] = n->receipt + n->n_receipts++;
	}
	PUT_IN_PLACE(m->receipts, m->n_receipts, to);
}

static int by_host(const void *a, const void *b, void *arg)
{
	const struct status_host *h = arg;

	return strcmp(h[*(const uint32_t *) a].host,
		      h[*(const uint32_t *) b].host);
}

/* Those with an account came first. */
static void sort_hosts(struct status_model *m)
{
	AUTO(mem_free_any)
	uint32_t *order = mem_array(m->n_hosts + 1, sizeof(*order));
	AUTO(mem_free_any)
	uint32_t *to = mem_array(m->n_hosts + 1, sizeof(*to));

	for (size_t i = 0; i < m->n_hosts; i++)
		order[i] = (uint32_t) i;
	qsort_r(order, m->n_hosts, sizeof(*order), by_host, m->hosts);
	for (size_t i = 0; i < m->n_hosts; i++)
		to[order[i]] = (uint32_t) i;
	for (size_t i = 0; i < m->n_receipts; i++)
		m->receipts[i].host = to[m->receipts[i].host];
	PUT_IN_PLACE(m->hosts, m->n_hosts, to);
}

static bool hosts_sorted(const struct status_model *m)
{
	for (size_t i = 1; i < m->n_hosts; i++)
		if (strcmp(m->hosts[i - 1].host, m->hosts[i].host) > 0)
			return false;
	return true;
}

static int by_ca(const void *a, const void *b)
{
	return strcmp(((const struct status_ca *) a)->name,
		      ((const struct status_ca *) b)->name);
}

/* Those of the configuration, of the store, and that rows name. */
static void count_cas(struct loader *l)
{
	static const int64_t days[] = { 7, 30, 90 };
	struct status_model *m = l->m;

	for (size_t i = 0; i < m->n_names; i++) {
		const struct status_name *n = &m->names[i];
		struct status_ca *c;

		if (!n->ca || !n->enabled)
			continue;
		c = ca_named(l, n->ca);
		c->n_names++;
		for (size_t k = 0; k < ARRAY_LEN(days); k++)
			c->renewals[k] += forecast_renewals(
				n, m->now, m->now, m->now + days[k] * DAY);
	}
	for (size_t i = 0; i < m->n_cas; i++)
		verdict_ca(m, &m->cas[i]);
	if (m->n_cas > 0)
		qsort(m->cas, m->n_cas, sizeof(*m->cas), by_ca);
}

static void list_cas(struct loader *l)
{
	const char *p = l->m->set.cas;

	for (; p && *p; p += strspn(p, " ")) {
		size_t n = strcspn(p, " ");
		AUTO(mem_free_str) char *name = mem_strndup(p, n);

		if (n > 0)
			ca_named(l, name)->configured = true;
		p += n;
	}
}

static void judge(struct loader *l)
{
	struct status_model *m = l->m;

	if (!hosts_sorted(m))
		sort_hosts(m);
	sort_receipts(m);
	for (size_t i = 0; i < m->n_hosts; i++) {
		if (m->hosts[i].ts_seen < 0)
			m->hosts[i].ts_seen = -m->hosts[i].ts_seen;
		verdict_host_seen(m, &m->hosts[i]);
	}
	for (size_t i = 0; i < m->n_receipts; i++)
		verdict_receipt(m, &m->receipts[i]);
	for (size_t i = 0; i < m->n_hosts; i++) {
		verdict_host(m, &m->hosts[i]);
		m->host_counts[m->hosts[i].verdict.need]++;
	}
	for (size_t i = 0; i < m->n_names; i++) {
		verdict_delivery(m, &m->names[i]);
		m->counts[m->names[i].need]++;
	}
	count_cas(l);
}

static void take_part(void *arg, enum fleet_part part, const struct err *err)
{
	struct loader *l = arg;
	struct status_model *m = l->m;

	if (err->kind != ERR_NONE)
		m->unread[part] = arena_printf(m->arena, "%s: %s",
					       fleet_part_text(part), err->msg);
	/* Names are judged as they come, by what these say. */
	if (part == FLEET_PART_SETTINGS)
		list_cas(l);
	if (part == FLEET_PART_FETCHERS) {
		for (size_t i = 0; i < m->n_fetchers; i++)
			verdict_fetcher(m, &m->fetchers[i]);
		verdict_fetching(m);
	}
}

static void forget(struct loader *l)
{
	places_free(&l->names);
	places_free(&l->hosts);
	intern_free(&l->intern);
	free(l->prints);
	l->prints = NULL;
}

/* All of it, again. */
static void begin(void *arg)
{
	struct loader *l = arg;
	struct status_model *m = l->m;
	int64_t now = m->now;
	bool whole = m->whole;

	forget(l);
	model_free(m);
	*l = (struct loader){ .store = l->store, .set = l->set, .m = m };
	*m = (struct status_model){
		.arena = arena_new(),
		.now = now,
		.whole = whole,
		.set = *l->set,
	};
	m->store = arena_strdup(m->arena, store_name(l->store));
	l->intern = intern_new(m->arena);
	m->set.default_ca = intern_str(l->intern, l->set->default_ca);
}

int load_model(struct store *s, const struct fleet_scope *scope,
	       const struct status_settings *set, int64_t now,
	       struct status_model *ret, struct err *err)
{
	struct status_model m = { .now = now,
				  .whole = !scope->name && !scope->host };
	struct loader l = { .store = s, .set = set, .m = &m };
	const struct fleet_taker taker = {
		.arg = &l,
		.begin = begin,
		.setting = take_setting,
		.name = take_name,
		.fact = take_fact,
		.detail = take_detail,
		.place = take_place,
		.install = take_install,
		.grant = take_grant,
		.ca = take_ca,
		.fetcher = take_fetcher,
		.made = take_made,
		.pending = take_pending,
		.all_pending = take_all_pending,
		.total = take_total,
		.part = take_part,
	};
	int rc = fleet_read(s, scope, &taker, err);

	if (rc == 0)
		judge(&l);
	forget(&l);
	if (rc == -1) {
		model_free(&m);
		return -1;
	}
	*ret = m;
	return 0;
}
