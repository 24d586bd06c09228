/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include "out.h"
#include "plain.h"
#include "why.h"

/*
 * Series are many: what a label says is escaped once for each metric, and lines
 * are put together in a buffer of ours.
 */
#define CHUNK ((size_t) 1 << 16)
/* A label is at most a field of the store, twice as long. */
#define LINE_MAX_BYTES ((size_t) 1 << 24)
#define CERTIFICATE    "certrepo_certificate_"

struct prom {
	const struct status_model *m;
	FILE *f;
	struct sbuf out;
	struct sbuf labels; /* of what the lines are about */
};

static void pass_on(struct prom *p)
{
	fwrite(sbuf_str(&p->out), 1, p->out.len, p->f);
	sbuf_clear(&p->out);
}

static void family(struct prom *p, const char *metric, const char *type,
		   const char *help)
{
	sbuf_addf(&p->out, "# HELP %s %s\n# TYPE %s %s\n", metric, help, metric,
		  type);
}

/* What is of one byte, and needs no care, from S on. */
static size_t run_of(const char *s)
{
	const char *p = s;

	while (*p >= ' ' && *p <= '~' && *p != '\\' && *p != '"')
		p++;
	return (size_t) (p - s);
}

/* Text format 0.0.4: a backslash, a quote and a line feed are escaped; the
 * last never gets here. */
static void add_value(struct sbuf *out, const char *value)
{
	size_t len;

	for (const char *s = value; *s; s += len ? len : 1) {
		len = run_of(s);
		if (len == 0)
			len = plain_len(s);
		if (*s == '\\' || *s == '"')
			sbuf_addc(out, '\\');
		if (len > 0)
			sbuf_add(out, s, len);
		else
			sbuf_addc(out, '?');
	}
}

static void add_label(struct sbuf *out, const char *name, const char *value)
{
	if (out->len > 0)
		sbuf_addc(out, ',');
	sbuf_adds(out, name);
	sbuf_adds(out, "=\"");
	add_value(out, value ? value : "");
	sbuf_addc(out, '"');
}

static void add_number(struct sbuf *out, int64_t value)
{
	char digits[24], *d = digits + sizeof(digits);
	uint64_t rest = value < 0 ? -(uint64_t) value : (uint64_t) value;

	*--d = '\n';
	do {
		*--d = (char) ('0' + rest % 10);
		rest /= 10;
	} while (rest > 0);
	if (value < 0)
		*--d = '-';
	sbuf_add(out, d, (size_t) (digits + sizeof(digits) - d));
}

/* A line about what the labels say. */
static void sample(struct prom *p, const char *metric, int64_t value)
{
	sbuf_adds(&p->out, metric);
	if (p->labels.len > 0) {
		sbuf_addc(&p->out, '{');
		sbuf_add(&p->out, p->labels.buf, p->labels.len);
		sbuf_addc(&p->out, '}');
	}
	sbuf_addc(&p->out, ' ');
	add_number(&p->out, value);
	if (p->out.len >= CHUNK)
		pass_on(p);
}

static void about(struct prom *p, const char *label, const char *value)
{
	sbuf_clear(&p->labels);
	if (label)
		add_label(&p->labels, label, value);
}

static void alone(struct prom *p, const char *metric, const char *help,
		  int64_t value)
{
	about(p, NULL, NULL);
	family(p, metric, "gauge", help);
	sample(p, metric, value);
}

/* What each name has one of. False: this one has none. */
struct of_name {
	const char *metric, *help;
	bool (*get)(const struct status_name *n, int64_t *ret);
};

static bool not_before(const struct status_name *n, int64_t *ret)
{
	*ret = n->ts_not_before;
	return n->has_crt && *ret > 0;
}

static bool not_after(const struct status_name *n, int64_t *ret)
{
	*ret = n->ts_not_after;
	return n->has_crt && *ret > 0;
}

static bool renewal_due(const struct status_name *n, int64_t *ret)
{
	*ret = n->ts_renew;
	return *ret > 0;
}

static bool last_success(const struct status_name *n, int64_t *ret)
{
	*ret = n->ts_stored;
	return *ret > 0;
}

static bool failures(const struct status_name *n, int64_t *ret)
{
	*ret = n->count_fail;
	return true;
}

static bool enabled(const struct status_name *n, int64_t *ret)
{
	*ret = n->enabled;
	return true;
}

static bool needs_somebody(const struct status_name *n, int64_t *ret)
{
	*ret = n->need == STATUS_ACT;
	return true;
}

static bool key_created(const struct status_name *n, int64_t *ret)
{
	*ret = n->ts_key;
	return *ret > 0;
}

static const struct of_name of_name[] = {
	{ CERTIFICATE "not_before_timestamp_seconds",
	  "When the certificate begins to be valid.", not_before },
	{ CERTIFICATE "not_after_timestamp_seconds",
	  "When the certificate expires.", not_after },
	{ CERTIFICATE "renewal_due_timestamp_seconds",
	  "When the certificate wants renewal.", renewal_due },
	{ CERTIFICATE "last_success_timestamp_seconds",
	  "When the certificate was stored.", last_success },
	{ CERTIFICATE "failures_in_row",
	  "Orders that failed since the last one that did not.", failures },
	{ CERTIFICATE "enabled", "Whether the name is renewed at all.",
	  enabled },
	{ CERTIFICATE "needs_somebody",
	  "Whether somebody has to do something about the name.",
	  needs_somebody },
	{ "certrepo_key_created_timestamp_seconds",
	  "When the key of the certificate was first seen.", key_created },
};

static void names(struct prom *p)
{
	static const char info[] = CERTIFICATE "info";
	const struct status_model *m = p->m;
	int64_t value;

	family(p, info, "gauge", "A name, its CA, the type of its key, owner.");
	for (size_t i = 0; i < m->n_names; i++) {
		about(p, "name", m->names[i].name);
		add_label(&p->labels, "ca", m->names[i].ca);
		add_label(&p->labels, "key_type", m->names[i].key_type);
		add_label(&p->labels, "owner", m->names[i].owner);
		sample(p, info, 1);
	}
	for (size_t k = 0; k < ARRAY_LEN(of_name); k++) {
		family(p, of_name[k].metric, "gauge", of_name[k].help);
		for (size_t i = 0; i < m->n_names; i++) {
			if (!of_name[k].get(&m->names[i], &value))
				continue;
			about(p, "name", m->names[i].name);
			sample(p, of_name[k].metric, value);
		}
	}
}

#define STATES_MAX 32

/* The ends of a state's lines, of what it is not and of what it is. */
struct ends {
	const char *state;
	char *end[2];
};

static size_t ends_make(struct ends *ends)
{
	size_t n = 0;

	for (; n < STATES_MAX && why_states(n); n++) {
		ends[n].state = why_states(n);
		for (int is = 0; is < 2; is++)
			ends[n].end[is] = mem_printf(",state=\"%s\"} %d\n",
						     ends[n].state, is);
	}
	return n;
}

/* Each name has a series of each state there is: one of them is 1. These are
 * most of all lines. */
static void states(struct prom *p)
{
	static const char metric[] = CERTIFICATE "state";
	const struct status_model *m = p->m;
	struct ends ends[STATES_MAX];
	size_t n = ends_make(ends), k;
	const char *is;

	family(p, metric, "gauge",
	       "The state of the name: that one is 1, the others are 0.");
	for (size_t i = 0; i < m->n_names; i++) {
		is = why_state(why_worse(&m->names[i]));
		sbuf_clear(&p->labels);
		sbuf_adds(&p->labels, CERTIFICATE "state{name=\"");
		add_value(&p->labels, m->names[i].name);
		sbuf_addc(&p->labels, '"');
		for (k = 0; k < n; k++) {
			sbuf_add(&p->out, p->labels.buf, p->labels.len);
			sbuf_adds(&p->out,
				  ends[k].end[strcmp(ends[k].state, is) == 0]);
		}
		if (p->out.len >= CHUNK)
			pass_on(p);
	}
	for (k = 0; k < n; k++) {
		free(ends[k].end[0]);
		free(ends[k].end[1]);
	}
}

/* Of one host and service there may be several endpoints: all are to serve it.
 * One that nobody looks at (a service of files alone) says nothing, nor does
 * one of which it cannot be told. */
static void deployments(struct prom *p)
{
	static const char metric[] = "certrepo_deployment_served_match";
	const struct status_receipt *r = p->m->receipts;
	const struct status_receipt *end = r + p->m->n_receipts;
	const struct status_receipt *first;
	bool looked, match, known;

	family(p, metric, "gauge",
	       "Whether the service serves what was issued last.");
	while (r < end) {
		first = r;
		looked = false;
		match = known = true;
		for (; r < end && r->name == first->name &&
		       r->host == first->host &&
		       strcmp(r->kind->service, first->kind->service) == 0;
		     r++) {
			if (r->served == STATUS_UNSEEN && *r->endpoint == '\0')
				continue;
			looked = true;
			known = known && r->served != STATUS_UNKNOWN;
			match = match && r->served == STATUS_CURRENT;
		}
		if (!looked || !known)
			continue;
		about(p, "name", p->m->names[first->name].name);
		add_label(&p->labels, "host", p->m->hosts[first->host].host);
		add_label(&p->labels, "service", first->kind->service);
		sample(p, metric, match);
	}
}

#define DAY  86400
#define HOST "certrepo_host_"

/* What each host has one of. False: this one has none. */
struct of_host {
	const char *metric, *help;
	bool (*get)(const struct status_host *h, int64_t *ret);
};

static bool host_created(const struct status_host *h, int64_t *ret)
{
	*ret = h->ts_added;
	return h->account && *ret > 0;
}

static bool host_seen(const struct status_host *h, int64_t *ret)
{
	*ret = h->ts_seen;
	return *ret > 0;
}

static bool host_beat(const struct status_host *h, int64_t *ret)
{
	*ret = h->heartbeat > 0 ? h->heartbeat : DAY;
	return true;
}

static bool host_needs_somebody(const struct status_host *h, int64_t *ret)
{
	*ret = h->verdict.need == STATUS_ACT;
	return true;
}

static const struct of_host of_host[] = {
	{ HOST "account_created_timestamp_seconds",
	  "When the host's own account was made.", host_created },
	{ HOST "last_seen_timestamp_seconds",
	  "When the host was last heard of.", host_seen },
	{ HOST "heartbeat_seconds", "How often the host says that it runs.",
	  host_beat },
	{ HOST "needs_somebody",
	  "Whether somebody has to do something about the host.",
	  host_needs_somebody },
};

static void hosts(struct prom *p)
{
	const struct status_model *m = p->m;
	int64_t value;

	for (size_t k = 0; k < ARRAY_LEN(of_host); k++) {
		family(p, of_host[k].metric, "gauge", of_host[k].help);
		for (size_t i = 0; i < m->n_hosts; i++) {
			if (!of_host[k].get(&m->hosts[i], &value))
				continue;
			about(p, "host", m->hosts[i].host);
			sample(p, of_host[k].metric, value);
		}
	}
}

static void cas(struct prom *p)
{
	static const char backoff[] =
		"certrepo_ca_backoff_until_timestamp_seconds";
	static const char renewals[] = "certrepo_ca_renewals_expected";
	static const char *const days[] = { "7", "30", "90" };
	const struct status_model *m = p->m;

	family(p, backoff, "gauge",
	       "Until when the CA is left alone; 0: it is not.");
	for (size_t i = 0; i < m->n_cas; i++) {
		about(p, "ca", m->cas[i].name);
		sample(p, backoff, m->cas[i].backoff_until);
	}
	family(p, renewals, "gauge",
	       "Renewals in the next days, repeated ones counted.");
	for (size_t i = 0; i < m->n_cas; i++)
		for (size_t k = 0; k < ARRAY_LEN(days); k++) {
			about(p, "ca", m->cas[i].name);
			add_label(&p->labels, "days", days[k]);
			sample(p, renewals, m->cas[i].renewals[k]);
		}
}

/* The store counts by day, and never forgets: the sum only grows. */
static void attempts(struct prom *p)
{
	static const char metric[] = "certrepo_attempts_total";
	const struct status_model *m = p->m;
	AUTO(mem_free_any)
	struct status_total *sums = mem_array(m->n_totals + 1, sizeof(*sums));
	const struct status_total *t;
	size_t n = 0, k;

	for (size_t i = 0; i < m->n_totals; i++) {
		t = &m->totals[i];
		for (k = 0; k < n; k++)
			if (strcmp(sums[k].ca, t->ca) == 0 &&
			    strcmp(sums[k].outcome, t->outcome) == 0)
				break;
		if (k == n)
			sums[n++] =
				(struct status_total){ .ca = t->ca,
						       .outcome = t->outcome };
		sums[k].n += t->n;
	}
	family(p, metric, "counter",
	       "Orders that came to an end, by CA and what came of them.");
	for (k = 0; k < n; k++) {
		about(p, "ca", sums[k].ca);
		add_label(&p->labels, "class", sums[k].outcome);
		sample(p, metric, sums[k].n);
	}
}

/* What makes the exit status 1, in numbers: there always, whatever was never
 * heard of. */
static void need_somebody(struct prom *p)
{
	static const char metric[] = "certrepo_need_somebody";
	const struct status_model *m = p->m;
	const struct {
		const char *what;
		uint64_t n;
	} of[] = {
		{ "certificates", m->counts[STATUS_ACT] },
		{ "hosts", m->host_counts[STATUS_ACT] },
		{ "cas", model_cas_act(m) },
		{ "fetching", m->fetching.need == STATUS_ACT },
		{ "requests", m->all_requests },
	};

	family(p, metric, "gauge", "How many need somebody.");
	for (size_t i = 0; i < ARRAY_LEN(of); i++) {
		about(p, "what", of[i].what);
		sample(p, metric, (int64_t) of[i].n);
	}
}

static void fetchers(struct prom *p)
{
	static const char metric[] =
		"certrepo_fetcher_last_success_timestamp_seconds";
	const struct status_model *m = p->m;

	family(p, metric, "gauge", "When a run of the fetcher last went well.");
	for (size_t i = 0; i < m->n_fetchers; i++) {
		if (m->fetchers[i].ts_ok <= 0)
			continue;
		about(p, "fetcher", m->fetchers[i].instance);
		add_label(&p->labels, "host", m->fetchers[i].host);
		sample(p, metric, m->fetchers[i].ts_ok);
	}
}

int out_prometheus(const struct status_model *m, FILE *f)
{
	struct prom p = {
		.m = m,
		.f = f,
		.out = SBUF_INIT(LINE_MAX_BYTES),
		.labels = SBUF_INIT(LINE_MAX_BYTES),
	};

	names(&p);
	states(&p);
	deployments(&p);
	hosts(&p);
	cas(&p);
	attempts(&p);
	fetchers(&p);
	need_somebody(&p);
	alone(&p, "certrepo_requests_waiting",
	      "Requests of hosts that wait for somebody.",
	      (int64_t) m->all_requests);
	alone(&p, "certrepo_status_parts_unread",
	      "Parts of the store that could not be read.",
	      (int64_t) model_unread(m));
	alone(&p, "certrepo_status_generated_timestamp_seconds",
	      "When the store was read.", m->now);
	pass_on(&p);
	sbuf_free(&p.out);
	sbuf_free(&p.labels);
	return model_exit(m);
}
