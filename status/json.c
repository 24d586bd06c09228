/* SPDX-License-Identifier: MIT */
#include "jout.h"
#include "out.h"
#include "why.h"

/* What a change that a reader of before would take wrong raises; members may
 * be added without. */
#define JSON_VERSION 1
/* One member of a list, whose fields the store limits to 1 MiB together: JSON
 * has a byte in six at most. */
#define ITEM_MAX     ((size_t) 1 << 24)
#define SENTENCE_MAX 4000

/* Lists are long: what was put together is passed on after each item. */
struct json {
	const struct status_model *m;
	FILE *f;
	struct sbuf out, text;
};

static void pass_on(struct json *j)
{
	fwrite(sbuf_str(&j->out), 1, j->out.len, j->f);
	sbuf_clear(&j->out);
}

static const char *need_word(uint8_t need)
{
	static const char *const words[STATUS_NEEDS] = {
		[STATUS_WELL] = "well",
		[STATUS_WATCH] = "watch",
		[STATUS_ACT] = "act",
	};

	return words[need];
}

/* The I-th item of a list begins. */
static void item(struct json *j, size_t i)
{
	pass_on(j);
	sbuf_adds(&j->out, i > 0 ? ",\n{" : "\n{");
}

/* A list that is a member of what is open. A sentinel would be missed by what
 * was passed on: the caller says that something stands before it. */
static void list(struct json *j, const char *name)
{
	pass_on(j);
	sbuf_addc(&j->out, ',');
	sbuf_addc(&j->out, '\n');
	sbuf_add_json(&j->out, name);
	sbuf_adds(&j->out, ":[");
}

static void list_end(struct json *j)
{
	sbuf_addc(&j->out, ']');
}

/* "" is nothing. */
static void word(struct sbuf *out, const char *name, const char *value)
{
	jout_str(out, name, value && *value ? value : NULL);
}

/* The verdict, without its braces, with the sentence in j->text. */
static void verdict(struct json *j, const struct status_verdict *v)
{
	jout_str(&j->out, "need", need_word(v->need));
	jout_str(&j->out, "state", why_state(v));
	word(&j->out, "waits_for", why_waits_for(v));
	jout_time(&j->out, "when", v->when);
	jout_str(&j->out, "why", sbuf_str(&j->text));
	sbuf_clear(&j->text);
}

/* null: there is none, of a name without hosts. */
static void of_name(struct json *j, const char *member,
		    const struct status_name *n, const struct status_verdict *v)
{
	if (v->why == WHY_NONE) {
		jout_str(&j->out, member, NULL);
		return;
	}
	why_name_text(j->m, n, v, &j->text);
	jout_key(&j->out, member);
	sbuf_addc(&j->out, '{');
	verdict(j, v);
	sbuf_addc(&j->out, '}');
}

static const char *served_word(uint8_t served)
{
	static const char *const words[] = {
		[STATUS_UNSEEN] = NULL,		[STATUS_CURRENT] = "current",
		[STATUS_PREVIOUS] = "previous", [STATUS_OTHER] = "other",
		[STATUS_UNKNOWN] = "unknown",
	};

	return served < ARRAY_LEN(words) ? words[served] : NULL;
}

static void receipt(struct json *j, const struct status_receipt *r)
{
	struct sbuf *out = &j->out;

	jout_str(out, "host", j->m->hosts[r->host].host);
	jout_str(out, "service", r->kind->service);
	word(out, "endpoint", r->endpoint);
	jout_str(out, "protocol", r->kind->protocol);
	jout_str(out, "profile", r->kind->profile);
	jout_str(out, "needs", r->kind->needs);
	jout_str(out, "reported", r->kind->state);
	jout_str(out, "detail", r->detail);
	jout_time(out, "reported_at", r->ts);
	jout_str(out, "served", served_word(r->served));
	jout_time(out, "served_not_after", r->ts_expire);
	jout_time(out, "window", r->ts_window);
	why_receipt_text(j->m, r, &j->text);
	verdict(j, &r->verdict);
}

static void certificate(struct json *j, const struct status_name *n)
{
	struct sbuf *out = &j->out;

	jout_str(out, "name", n->name);
	jout_str(out, "need", need_word(n->need));
	jout_str(out, "state", why_state(why_worse(n)));
	jout_str(out, "owner", n->owner);
	jout_str(out, "ca", n->ca);
	jout_str(out, "issuer", n->issuer);
	jout_str(out, "key_type", n->key_type);
	jout_time(out, "key_created", n->ts_key);
	jout_int(out, "key_certificates", n->key_certs);
	jout_int(out, "names", n->n_names);
	jout_time(out, "not_before", n->ts_not_before);
	jout_time(out, "not_after", n->ts_not_after);
	jout_time(out, "stored", n->ts_stored);
	jout_time(out, "renewal_due", n->ts_renew);
	jout_bool(out, "renewal_by_ari", n->by_ari);
	jout_time(out, "last_attempt", n->ts_attempt);
	jout_time(out, "next_attempt", n->ts_next_attempt);
	jout_int(out, "failures_in_row", n->count_fail);
	jout_str(out, "failure_class", n->fail_class);
	jout_str(out, "failure", n->fail_detail);
	jout_time(out, "leased_until", n->ts_lease);
	jout_bool(out, "enabled", n->enabled);
	jout_bool(out, "held", n->held);
	jout_bool(out, "renewal_asked", n->renew_asked);
	jout_bool(out, "has_certificate", n->has_crt);
	jout_bool(out, "facts_known", !n->stale);
	jout_bool(out, "client_auth", n->client_auth);
	jout_int(out, "hosts", n->n_hosts);
	jout_int(out, "hosts_serving", n->n_served);
	of_name(j, "renewal", n, &n->renewal);
	of_name(j, "delivery", n, &n->delivery);
	list(j, "receipts");
	for (uint32_t i = 0; i < n->n_receipts; i++) {
		item(j, i);
		receipt(j, &j->m->receipts[n->receipt + i]);
		sbuf_addc(out, '}');
	}
	list_end(j);
}

static void certificates(struct json *j)
{
	list(j, "certificates");
	for (size_t i = 0; i < j->m->n_order; i++) {
		item(j, i);
		certificate(j, &j->m->names[j->m->order[i]]);
		sbuf_addc(&j->out, '}');
	}
	list_end(j);
}

static void hosts(struct json *j)
{
	const struct status_host *h;

	list(j, "hosts");
	for (size_t i = 0; i < j->m->n_host_order; i++) {
		h = &j->m->hosts[j->m->host_order[i]];
		item(j, i);
		jout_str(&j->out, "host", h->host);
		jout_str(&j->out, "version", h->version);
		jout_time(&j->out, "last_seen", h->ts_seen);
		if (h->heartbeat > 0)
			jout_int(&j->out, "heartbeat", h->heartbeat);
		else
			jout_str(&j->out, "heartbeat", NULL);
		jout_bool(&j->out, "own_account", h->account);
		jout_time(&j->out, "account_created", h->ts_added);
		jout_int(&j->out, "receipts", h->n_receipts);
		jout_int(&j->out, "receipts_not_well", h->n_bad);
		jout_int(&j->out, "receipts_of_no_name", h->n_strange);
		why_host_text(j->m, h, &j->text);
		verdict(j, &h->verdict);
		sbuf_addc(&j->out, '}');
	}
	list_end(j);
}

static void cas(struct json *j)
{
	static const char *const days[] = { "renewals_7_days",
					    "renewals_30_days",
					    "renewals_90_days" };
	const struct status_ca *c;

	list(j, "cas");
	for (size_t i = 0; i < j->m->n_cas; i++) {
		c = &j->m->cas[i];
		item(j, i);
		jout_str(&j->out, "ca", c->name);
		jout_str(&j->out, "directory", c->directory);
		jout_bool(&j->out, "configured", c->configured);
		jout_time(&j->out, "backoff_until", c->backoff_until);
		jout_str(&j->out, "failure_class", c->fail_class);
		jout_str(&j->out, "failure", c->fail_detail);
		jout_int(&j->out, "certificates", c->n_names);
		for (size_t k = 0; k < ARRAY_LEN(days); k++)
			jout_int(&j->out, days[k], c->renewals[k]);
		why_ca_text(j->m, c, &j->text);
		verdict(j, &c->verdict);
		sbuf_addc(&j->out, '}');
	}
	list_end(j);
}

static void fetchers(struct json *j)
{
	const struct status_fetcher *r;

	list(j, "fetchers");
	for (size_t i = 0; i < j->m->n_fetchers; i++) {
		r = &j->m->fetchers[i];
		item(j, i);
		jout_str(&j->out, "instance", r->instance);
		jout_str(&j->out, "host", r->host);
		jout_str(&j->out, "version", r->version);
		jout_time(&j->out, "started", r->ts_start);
		jout_time(&j->out, "ended", r->ts_end);
		jout_time(&j->out, "last_success", r->ts_ok);
		jout_int(&j->out, "exit_status", r->status);
		jout_int(&j->out, "certificates", r->n_ok);
		jout_int(&j->out, "failures", r->n_failed);
		jout_str(&j->out, "detail", r->detail);
		why_fetcher_text(j->m, r, &j->text);
		verdict(j, &r->verdict);
		sbuf_addc(&j->out, '}');
	}
	list_end(j);
}

static void requests(struct json *j)
{
	const struct status_request *r;

	list(j, "requests");
	for (size_t i = 0; i < j->m->n_requests; i++) {
		r = &j->m->requests[i];
		item(j, i);
		jout_int(&j->out, "id", r->id);
		jout_str(&j->out, "host", r->host);
		jout_str(&j->out, "name", r->name);
		jout_bool(&j->out, "new_key", r->new_key);
		jout_time(&j->out, "asked", r->ts);
		sbuf_addc(&j->out, '}');
	}
	list_end(j);
}

static void attempts(struct json *j)
{
	const struct status_total *t;

	list(j, "attempts");
	for (size_t i = 0; i < j->m->n_totals; i++) {
		t = &j->m->totals[i];
		item(j, i);
		jout_time(&j->out, "day", t->day * 86400);
		jout_str(&j->out, "ca", t->ca);
		jout_str(&j->out, "outcome", t->outcome);
		jout_int(&j->out, "count", t->n);
		sbuf_addc(&j->out, '}');
	}
	list_end(j);
}

static void unread(struct json *j)
{
	size_t n = 0;

	list(j, "unread");
	for (size_t i = 0; i < FLEET_PARTS; i++) {
		if (!j->m->unread[i])
			continue;
		if (n++ > 0)
			sbuf_addc(&j->out, ',');
		sbuf_add_json(&j->out, j->m->unread[i]);
	}
	list_end(j);
}

static void head(struct json *j)
{
	const struct status_model *m = j->m;
	struct sbuf *out = &j->out;

	sbuf_addc(out, '{');
	jout_int(out, "version", JSON_VERSION);
	jout_time(out, "generated", m->now);
	jout_str(out, "store", m->store);
	jout_bool(out, "needs_somebody", model_exit(m) != 0);
	jout_key(out, "count");
	sbuf_addc(out, '{');
	jout_int(out, "certificates", (int64_t) m->n_names);
	for (uint8_t need = STATUS_WELL; need < STATUS_NEEDS; need++)
		jout_int(out, need_word(need), (int64_t) m->counts[need]);
	jout_int(out, "hosts", (int64_t) m->n_hosts);
	jout_int(out, "receipts", (int64_t) m->n_receipts);
	jout_int(out, "requests", (int64_t) m->all_requests);
	sbuf_addc(out, '}');
	why_fetching_text(m, &j->text);
	jout_key(out, "fetching");
	sbuf_addc(out, '{');
	verdict(j, &m->fetching);
	sbuf_addc(out, '}');
}

int out_json(const struct status_model *m, FILE *f)
{
	struct json j = {
		.m = m,
		.f = f,
		.out = SBUF_INIT(ITEM_MAX),
		.text = SBUF_INIT(SENTENCE_MAX),
	};

	head(&j);
	unread(&j);
	certificates(&j);
	hosts(&j);
	cas(&j);
	fetchers(&j);
	requests(&j);
	attempts(&j);
	sbuf_adds(&j.out, "}\n");
	pass_on(&j);
	sbuf_free(&j.out);
	sbuf_free(&j.text);
	return model_exit(m);
}
