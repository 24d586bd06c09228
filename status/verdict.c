/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "deliver.h"
#include "due.h"
#include "fail.h"
#include "verdict.h"

#define HOUR INT64_C(3600)
#define DAY  INT64_C(86400)

/* As far as rules reach: a back-off, and a CA's rest, a day (backoff.h of the
 * fetcher); from one window to the next a week; and heartbeats are a host's
 * word. */
#define BACKOFF_MOST DAY
#define WINDOW_MOST  (8 * DAY)
#define BEAT_MOST    (30 * DAY)
#define BEAT	     DAY
/* Two runs of the fetcher, where it runs each half hour or each hour. */
#define OVERDUE (3 * HOUR)

static struct status_verdict verdict(enum why why, enum status_need need,
				     int64_t when)
{
	return (struct status_verdict){ .why = (uint16_t) why,
					.need = (uint8_t) need,
					.when = when };
}

/* Is T to come, and no farther than MOST, clocks apart included? */
static bool ahead(const struct status_model *m, int64_t t, int64_t most)
{
	return t > m->now && t <= m->now + most + DUE_CLOCKS;
}

/* --- fetchers --- */

void verdict_fetcher(const struct status_model *m, struct status_fetcher *f)
{
	bool old = m->now - f->ts_start > VERDICT_FETCH_MOST;
	bool ended = f->ts_end >= f->ts_start;
	bool ok = m->now - f->ts_ok <= VERDICT_FETCH_MOST ||
		  (f->ts_ok == 0 && f->status == 0);
	enum why why = WHY_FETCH_WELL;

	if (!model_past(m, f->ts_start))
		why = WHY_FETCH_AHEAD;
	else if (old)
		why = ended ? WHY_FETCH_SILENT : WHY_FETCH_HANGS;
	else if (!ok)
		why = WHY_FETCH_FAILS;
	else if (!ended)
		why = WHY_FETCH_RUNS;
	f->verdict = verdict(why,
			     why == WHY_FETCH_WELL || why == WHY_FETCH_RUNS
				     ? STATUS_WELL
				     : STATUS_ACT,
			     f->ts_start);
}

/* One that works does for all; the others may be out of service. */
void verdict_fetching(struct status_model *m)
{
	const struct status_fetcher *best = NULL;

	for (size_t i = 0; i < m->n_fetchers; i++) {
		const struct status_fetcher *f = &m->fetchers[i];

		if (!best || f->verdict.need < best->verdict.need ||
		    (f->verdict.need == best->verdict.need &&
		     f->ts_start > best->ts_start))
			best = f;
	}
	if (m->unread[FLEET_PART_FETCHERS])
		m->fetching = verdict(WHY_FETCH_UNREAD, STATUS_ACT, 0);
	else if (!best && model_past(m, m->ts_made) && m->ts_made > 0 &&
		 m->now - m->ts_made > VERDICT_FETCH_MOST)
		m->fetching = verdict(WHY_FETCH_NEVER, STATUS_ACT, m->ts_made);
	else if (!best)
		m->fetching = verdict(WHY_FETCH_UNKNOWN, STATUS_WATCH, 0);
	else
		m->fetching = best->verdict;
	for (size_t i = 0; i < m->n_fetchers; i++)
		if (m->fetching.need == STATUS_WELL &&
		    m->fetchers[i].verdict.need == STATUS_ACT)
			m->fetchers[i].verdict.need = STATUS_WATCH;
}

/* --- CAs --- */

void verdict_ca(const struct status_model *m, struct status_ca *c)
{
	bool rests = c->backoff_until > m->now;

	if (!c->configured && m->set.cas && c->n_names > 0)
		c->verdict = verdict(WHY_CA_GONE, STATUS_ACT, 0);
	else if (rests && !ahead(m, c->backoff_until, BACKOFF_MOST))
		c->verdict =
			verdict(WHY_CA_FAR, STATUS_WATCH, c->backoff_until);
	else if (rests && c->fail_class &&
		 strcmp(c->fail_class, fail_name(FAIL_ACCOUNT)) == 0)
		c->verdict =
			verdict(WHY_CA_ACCOUNT, STATUS_ACT, c->backoff_until);
	else if (rests)
		c->verdict =
			verdict(WHY_CA_REST, STATUS_WATCH, c->backoff_until);
	else
		c->verdict = verdict(c->directory ? WHY_CA_WELL : WHY_CA_UNUSED,
				     STATUS_WELL, 0);
}

/* --- renewals --- */

/* Half of the time in which it is renewed is over; without a certificate, the
 * second attempt failed. */
static bool is_near(const struct status_model *m, const struct status_name *n)
{
	if (!n->has_crt)
		return n->count_fail >= 2;
	return m->now >= n->ts_renew + (n->ts_not_after - n->ts_renew) / 2;
}

/* It is tried again by itself, as long as there is time. */
static struct status_verdict hindered(const struct status_model *m,
				      const struct status_name *n, enum why why,
				      int64_t when)
{
	return verdict(why, is_near(m, n) ? STATUS_ACT : STATUS_WATCH, when);
}

static struct status_verdict leased(const struct status_model *m,
				    const struct status_name *n)
{
	int64_t since = n->ts_attempt, most = m->set.order_timeout + HOUR;

	if (model_past(m, since) && m->now - since > most)
		return hindered(m, n, WHY_LEASE_LATE, n->ts_lease);
	return verdict(WHY_LEASED, STATUS_WATCH, n->ts_lease);
}

static bool wants(const struct status_model *m, const struct status_name *n)
{
	return !n->has_crt || n->renew_asked || n->ts_renew <= m->now;
}

/* What was found at the last attempt, or of its CA since. */
static struct status_verdict failed(const struct status_model *m,
				    const struct status_name *n)
{
	const struct status_ca *c = model_ca(m, n->ca);
	int64_t next = n->ts_next_attempt;

	if (next > m->now && n->fail_class &&
	    strcmp(n->fail_class, STORE_PARKED) == 0 &&
	    ahead(m, next, BACKOFF_MOST))
		return hindered(m, n, WHY_PARKED, next);
	if (c && (wants(m, n) || next > m->now) &&
	    ahead(m, c->backoff_until, BACKOFF_MOST))
		return hindered(m, n, WHY_CA_RESTS, c->backoff_until);
	if (next <= m->now)
		return verdict(WHY_NONE, STATUS_WELL, 0);
	if (!ahead(m, next, BACKOFF_MOST))
		return hindered(m, n, WHY_BACKOFF_FAR, next);
	return hindered(m, n,
			n->fail_class && fail_name_holds(n->fail_class)
				? WHY_BACKOFF
				: WHY_BACKOFF_FREE,
			next);
}

static enum why rule_of(const struct status_model *m,
			const struct status_name *n, int64_t ari)
{
	int64_t days = m->set.days_left;

	if (n->by_ari)
		return WHY_ARI;
	if (days > 0 && n->ts_renew == n->ts_not_after - days * DAY)
		return WHY_DAYS_LEFT;
	if (ari > 0)
		return WHY_BEFORE_ARI;
	return n->ts_renew - n->ts_not_before <= n->ts_not_after - n->ts_renew
		       ? WHY_HALF
		       : WHY_THIRD;
}

/* A whole run has gone by since it was due, and none came to it. */
static bool is_overdue(const struct status_model *m,
		       const struct status_name *n)
{
	if (n->ts_attempt >= n->ts_renew)
		return false;
	for (size_t i = 0; i < m->n_fetchers; i++)
		if (m->fetchers[i].ts_ok > n->ts_renew + OVERDUE &&
		    model_past(m, m->fetchers[i].ts_ok))
			return true;
	return false;
}

static struct status_verdict due(const struct status_model *m,
				 const struct status_name *n,
				 const struct verdict_row *row, int64_t ari)
{
	enum why why = WHY_DUE;

	if (m->fetching.need == STATUS_ACT &&
	    m->fetching.why != WHY_FETCH_UNREAD)
		return verdict(WHY_NO_FETCHER, STATUS_ACT, 0);
	if (n->renew_asked)
		return verdict(WHY_REPLACED, STATUS_WATCH, 0);
	if (!n->has_crt)
		return hindered(m, n, WHY_MISSING, 0);
	if (ahead(m, row->ts_due, BACKOFF_MOST))
		return hindered(m, n, WHY_POSTPONED, row->ts_due);
	if (is_overdue(m, n))
		return verdict(WHY_OVERDUE,
			       is_near(m, n) || m->now - n->ts_renew > DAY
				       ? STATUS_ACT
				       : STATUS_WATCH,
			       n->ts_renew);
	if (n->by_ari)
		why = WHY_DUE_ARI;
	else if (rule_of(m, n, ari) == WHY_DAYS_LEFT)
		why = WHY_DUE_DAYS_LEFT;
	return hindered(m, n, why, n->ts_renew);
}

/* A name between blanks in LIST. */
static bool has_word(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = list; *p; p += strspn(p, " ")) {
		size_t len = strcspn(p, " ");

		if (len == n && strncmp(p, word, n) == 0)
			return true;
		p += len;
	}
	return false;
}

static struct status_verdict renewal(const struct status_model *m,
				     const struct status_name *n,
				     const struct verdict_row *row, int64_t ari)
{
	struct status_verdict v;

	if (!n->enabled)
		return verdict(WHY_DISABLED, STATUS_WELL, 0);
	if (n->held)
		return verdict(WHY_HELD, STATUS_ACT,
			       model_past(m, n->ts_attempt) ? n->ts_attempt
							    : 0);
	if (ahead(m, n->ts_lease, due_lease_most(m->set.order_timeout)))
		return leased(m, n);
	if (m->set.cas && n->ca && !has_word(m->set.cas, n->ca))
		return verdict(WHY_NO_CA, STATUS_ACT, 0);
	v = failed(m, n);
	if (v.why != WHY_NONE)
		return v;
	if (row->foreign)
		return hindered(m, n, WHY_FOREIGN, n->ts_renew);
	if (wants(m, n))
		return due(m, n, row, ari);
	if (!model_past(m, n->ts_not_before))
		return verdict(WHY_NOT_YET, STATUS_ACT, n->ts_not_before);
	return verdict(rule_of(m, n, ari), STATUS_WELL, n->ts_renew);
}

void verdict_name(const struct status_model *m, struct status_name *n,
		  const struct verdict_row *row, int64_t ari)
{
	n->ts_renew = 0;
	n->by_ari = false;
	if (n->has_crt)
		n->ts_renew =
			due_renew_asked(n->ts_not_before, n->ts_not_after,
					m->set.days_left, ari, &n->by_ari);
	n->renewal = renewal(m, n, row, ari);
	if (n->has_crt && n->enabled && n->ts_not_after <= m->now) {
		n->renewal.ended = true;
		n->renewal.need = STATUS_ACT;
	}
	n->need = n->renewal.need;
}

/* --- hosts, as far as they were seen --- */

void verdict_host_seen(const struct status_model *m, struct status_host *h)
{
	int64_t beat = h->heartbeat <= 0	  ? BEAT
		       : h->heartbeat > BEAT_MOST ? BEAT_MOST
						  : h->heartbeat;
	int64_t most = 2 * beat + VERDICT_SILENT_MORE;

	if (h->ts_seen == 0 && m->unread[FLEET_PART_INSTALLS])
		h->verdict = verdict(WHY_HOST_UNREAD, STATUS_WATCH, 0);
	else if (h->ts_seen == 0 && h->account)
		h->verdict = m->now - h->ts_added > most
				     ? verdict(WHY_HOST_NEVER, STATUS_ACT,
					       h->ts_added)
				     : verdict(WHY_HOST_NEW, STATUS_WATCH,
					       h->ts_added);
	else if (!model_past(m, h->ts_seen))
		h->verdict = verdict(WHY_HOST_AHEAD, STATUS_ACT, h->ts_seen);
	else if (m->now - h->ts_seen > most)
		h->verdict = verdict(WHY_HOST_SILENT, STATUS_ACT, h->ts_seen);
	else
		h->verdict = verdict(WHY_HOST_WELL, STATUS_WELL, h->ts_seen);
}

void verdict_host(const struct status_model *m, struct status_host *h)
{
	if (h->verdict.need != STATUS_WELL)
		return;
	if (h->too_many)
		h->verdict = verdict(WHY_HOST_TOO_MANY, STATUS_ACT, h->ts_seen);
	else if (h->n_bad > 0)
		h->verdict = verdict(WHY_HOST_BAD, STATUS_ACT, h->ts_seen);
	else if (h->failed)
		h->verdict = verdict(WHY_HOST_FAILED, STATUS_ACT, h->ts_seen);
	else if (h->n_strange > 0)
		h->verdict =
			verdict(WHY_HOST_STRANGE, STATUS_WATCH, h->ts_seen);
}

/* --- receipts --- */

/* Since when N's certificate could be fetched; 0: not known. */
static int64_t stored_at(const struct status_model *m,
			 const struct status_name *n)
{
	if (!n->has_crt)
		return 0;
	if (n->ts_stored > 0 && model_past(m, n->ts_stored))
		return n->ts_stored;
	return n->ts_not_before > 0 && model_past(m, n->ts_not_before)
		       ? n->ts_not_before
		       : 0;
}

int64_t verdict_deadline(const struct status_model *m,
			 const struct status_name *n)
{
	int64_t at = stored_at(m, n);

	return at == 0 ? 0
		       : at + deliver_within(n->ts_not_before, n->ts_not_after,
					     m->set.deliver_within);
}

/* That which speaks of the files of the same service, or R. */
static const struct status_receipt *files_of(const struct status_model *m,
					     const struct status_receipt *r)
{
	const struct status_receipt *f = r;

	while (f > m->receipts && f[-1].name == r->name &&
	       f[-1].host == r->host &&
	       strcmp(f[-1].kind->service, r->kind->service) == 0)
		f--;
	return *f->endpoint ? r : f;
}

/* Something was issued that is not there yet. LATE and SOON say what that is
 * called; where the host waits for its window, it is that. */
static struct status_verdict awaited(const struct status_model *m,
				     const struct status_receipt *r,
				     enum why soon, enum why late)
{
	const struct status_receipt *f = files_of(m, r);
	const struct status_name *n = &m->names[r->name];
	int64_t until = verdict_deadline(m, n), opens = f->ts_window;
	int64_t opened = 0;

	if (opens > m->now + WINDOW_MOST)
		opens = 0; /* no window is so far off */
	if (opens > m->now)
		return verdict(WHY_WINDOW, STATUS_WATCH, opens);
	if (f->kind->code == RECEIPT_FETCHED && opens < 0)
		return verdict(WHY_WINDOW_UNKNOWN, STATUS_WATCH, f->ts);
	if (f->kind->code == RECEIPT_FETCHED && opens > stored_at(m, n))
		opened = opens;
	if (opened > 0)
		until = opened + (until - stored_at(m, n));
	if (until == 0 || until > m->now)
		return verdict(soon, STATUS_WATCH, until);
	return opened > 0 ? verdict(WHY_WINDOW_PAST, STATUS_ACT, opened)
			  : verdict(late, STATUS_ACT, until);
}

static bool says(const struct status_receipt *r, const char *words)
{
	return r->detail && strstr(r->detail, words);
}

/* What the installer found wrong is a sentence of its; some are a kind of their
 * own. */
static enum why failure_of(const struct status_receipt *r)
{
	if (says(r, "belongs to another key than") ||
	    says(r, "is not the key of the installed") ||
	    says(r, "is not of this host's key") ||
	    says(r, ".key does not exist") || says(r, "the key of the"))
		return WHY_KEY;
	if (says(r, "not ours") || says(r, "is not what was installed"))
		return WHY_NOT_OURS;
	return r->kind->code == RECEIPT_REFUSED ? WHY_REFUSED : WHY_FAILED;
}

/* What its word says by itself. */
static struct status_verdict by_state(const struct status_model *m,
				      const struct status_receipt *r)
{
	enum why why = WHY_NONE;

	switch (r->kind->code) {
	case RECEIPT_HELD:
		why = WHY_HELD_THERE;
		break;
	case RECEIPT_ROLLED_BACK:
		why = WHY_ROLLED_BACK;
		break;
	case RECEIPT_REFUSED:
	case RECEIPT_FAILED:
		why = failure_of(r);
		break;
	case RECEIPT_WAITING:
		why = WHY_OPERATOR;
		break;
	default:
		return verdict(WHY_NONE, STATUS_WELL, 0);
	}
	return verdict(why, STATUS_ACT, r->ts);
}

static struct status_verdict of_files(const struct status_model *m,
				      const struct status_receipt *r)
{
	const struct status_name *n = &m->names[r->name];
	/* An installer of a version before does not say which certificate. */
	bool older = r->served == STATUS_UNSEEN && r->ts < stored_at(m, n);

	if (r->kind->code == RECEIPT_FETCHED || older ||
	    r->served == STATUS_PREVIOUS || r->served == STATUS_OTHER)
		return awaited(m, r, WHY_NOT_FETCHED, WHY_NOT_INSTALLED);
	return verdict(r->kind->code == RECEIPT_SERVED	    ? WHY_SERVED
		       : r->kind->code == RECEIPT_ACTIVATED ? WHY_ACTIVATED
							    : WHY_INSTALLED,
		       STATUS_WELL, r->ts);
}

static struct status_verdict of_endpoint(const struct status_model *m,
					 const struct status_receipt *r)
{
	const struct status_name *n = &m->names[r->name];
	struct status_verdict v;

	if (r->kind->code == RECEIPT_INSTALLED)
		return verdict(WHY_STOPPED, STATUS_WATCH, r->ts);
	switch (r->served) {
	case STATUS_CURRENT:
		return verdict(WHY_SERVED, STATUS_WELL, r->ts);
	case STATUS_PREVIOUS:
		return awaited(m, r, WHY_SERVES_OLD, WHY_NOT_SERVED);
	case STATUS_OTHER:
		v = awaited(m, r, WHY_NOT_FETCHED, WHY_DRIFT);
		if (v.why == WHY_DRIFT || !n->has_crt)
			v = verdict(WHY_DRIFT,
				    n->has_crt ? STATUS_ACT : STATUS_WATCH,
				    r->ts);
		return v;
	case STATUS_UNKNOWN:
		return verdict(WHY_UNTOLD, STATUS_WATCH, r->ts);
	default:
		return verdict(WHY_UNSEEN, STATUS_WATCH, r->ts);
	}
}

static struct status_verdict heard(const struct status_model *m,
				   const struct status_receipt *r)
{
	const struct status_name *n = &m->names[r->name];
	struct status_verdict v = by_state(m, r);

	if (v.why != WHY_NONE)
		return v;
	if (r->kind->needs && strstr(r->kind->needs, "clientAuth") &&
	    n->has_crt && !n->stale && !n->client_auth)
		return verdict(WHY_NEEDS, STATUS_ACT, r->ts);
	if (r->kind->placeholder)
		return n->has_crt
			       ? awaited(m, r, WHY_NOT_FETCHED, WHY_NOT_SERVED)
			       : verdict(WHY_PLACEHOLDER, STATUS_WATCH, r->ts);
	if (r->ts_expire > 0 && r->ts_expire <= m->now)
		return verdict(WHY_SERVES_EXPIRED, STATUS_ACT, r->ts_expire);
	return *r->endpoint ? of_endpoint(m, r) : of_files(m, r);
}

static struct status_verdict receipt(const struct status_model *m,
				     const struct status_receipt *r)
{
	const struct status_host *h = &m->hosts[r->host];
	struct status_verdict v;

	if (!model_past(m, r->ts))
		return verdict(WHY_AHEAD, STATUS_WATCH, r->ts);
	if (r->kind->code == -1 || r->kind->code == RECEIPT_ALIVE)
		return verdict(WHY_STATE_UNKNOWN, STATUS_WATCH, r->ts);
	v = heard(m, r);
	/* What was wrong is not better because nobody speaks of it. */
	if (v.need != STATUS_ACT && (h->verdict.why == WHY_HOST_SILENT ||
				     h->verdict.why == WHY_HOST_AHEAD))
		return verdict(WHY_OF_SILENT, STATUS_WATCH, h->ts_seen);
	return v;
}

void verdict_receipt(const struct status_model *m, struct status_receipt *r)
{
	r->verdict = receipt(m, r);
	if (r->verdict.need == STATUS_ACT)
		m->hosts[r->host].n_bad++;
}

void verdict_grant(struct status_grant *g)
{
	g->verdict = verdict(WHY_GRANTED, STATUS_WATCH, 0);
}

static struct status_verdict without_hosts(const struct status_model *m,
					   const struct status_name *n)
{
	int64_t at = stored_at(m, n), until = verdict_deadline(m, n);

	if (m->unread[FLEET_PART_INSTALLS])
		return verdict(WHY_HOSTS_UNREAD, STATUS_WATCH, 0);
	if (!n->enabled || at == 0 || n->elsewhere)
		return verdict(WHY_NONE, STATUS_WELL, 0);
	/* A host that came later had as long. */
	if (n->may_read && n->ts_may_read > at)
		until += n->ts_may_read - at;
	if (until >= m->now)
		return verdict(WHY_NONE, STATUS_WELL, 0);
	if (n->may_read)
		return verdict(WHY_NOT_REPORTED, STATUS_ACT, until);
	/* It was there for long enough that a host should have it. */
	if (m->now - at > DAY)
		return verdict(WHY_NO_HOST, STATUS_WATCH, at);
	return verdict(WHY_NONE, STATUS_WELL, 0);
}

void verdict_delivery(const struct status_model *m, struct status_name *n)
{
	const struct status_receipt *r = &m->receipts[n->receipt];
	const struct status_receipt *end = r + n->n_receipts;
	struct status_verdict worst = { 0 };

	n->n_hosts = n->n_served = 0;
	while (r < end) {
		uint32_t host = r->host;
		bool well = true;

		for (; r < end && r->host == host; r++) {
			well = well && r->verdict.need == STATUS_WELL;
			if (worst.why == WHY_NONE ||
			    r->verdict.need > worst.need)
				worst = r->verdict;
		}
		n->n_hosts++;
		n->n_served += well;
	}
	n->delivery = n->n_receipts > 0 ? worst : without_hosts(m, n);
	n->need = n->delivery.need > n->renewal.need ? n->delivery.need
						     : n->renewal.need;
}
