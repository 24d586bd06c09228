/* SPDX-License-Identifier: MIT */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include "filter.h"
#include "near.h"
#include "strlist.h"
#include "verdict.h"
#include "why.h"

bool filter_any(const struct filter *f)
{
	return f->part || f->host || f->owner || f->ca || f->state ||
	       f->expires_within >= 0 || f->silent >= 0 || f->not_served ||
	       f->act;
}

static bool is_called(const char *name, const char *part)
{
	if (strpbrk(part, "*?["))
		return fnmatch(part, name, 0) == 0;
	return !!strstr(name, part);
}

static bool is_silent(const struct status_model *m, const struct status_host *h,
		      int64_t seconds)
{
	int64_t seen = h->ts_seen > 0 ? h->ts_seen : h->ts_added;

	return model_past(m, seen) && m->now - seen > seconds;
}

/* What F says of hosts, but for names. */
static bool host_is(const struct status_model *m, const struct status_host *h,
		    const struct filter *f)
{
	return (!f->host || strcmp(h->host, f->host) == 0) &&
	       (f->silent < 0 || is_silent(m, h, f->silent));
}

static bool has_such_host(const struct status_model *m,
			  const struct status_name *n, const struct filter *f)
{
	for (uint32_t i = 0; i < n->n_receipts; i++)
		if (host_is(m, &m->hosts[m->receipts[n->receipt + i].host], f))
			return true;
	/* What it was to report. */
	return f->host && f->silent < 0 && n->may_read &&
	       strcmp(n->may_read, f->host) == 0;
}

static bool has_state(const struct status_verdict *v, const char *state)
{
	return v->why != WHY_NONE && strcmp(why_state(v), state) == 0;
}

/* Or it failed at it, and what it is late with is not there. */
static bool is_late(const struct status_model *m, const struct status_name *n,
		    const struct status_receipt *r)
{
	int64_t until = verdict_deadline(m, n);

	return has_state(&r->verdict, "not-served") ||
	       has_state(&r->verdict, "drift") ||
	       (r->verdict.need == STATUS_ACT && r->served != STATUS_CURRENT &&
		until > 0 && until <= m->now);
}

static bool is_not_served(const struct status_model *m,
			  const struct status_name *n)
{
	if (n->delivery.why == WHY_NOT_REPORTED)
		return true;
	for (uint32_t i = 0; i < n->n_receipts; i++)
		if (is_late(m, n, &m->receipts[n->receipt + i]))
			return true;
	return false;
}

/* What the row says. */
static bool row_is(const struct status_name *n, const struct filter *f)
{
	return (!f->part || is_called(n->name, f->part)) &&
	       (!f->owner || strcmp(n->owner ? n->owner : "", f->owner) == 0) &&
	       (!f->ca || (n->ca && strcmp(n->ca, f->ca) == 0));
}

static bool name_is(const struct status_model *m, const struct status_name *n,
		    const struct filter *f)
{
	if (!row_is(n, f))
		return false;
	if (f->state && !has_state(&n->renewal, f->state) &&
	    !has_state(&n->delivery, f->state))
		return false;
	if (f->expires_within >= 0 &&
	    (!n->has_crt || n->ts_not_after - m->now > f->expires_within))
		return false;
	if (f->not_served && !is_not_served(m, n))
		return false;
	if (f->act && n->need != STATUS_ACT)
		return false;
	return (!f->host && f->silent < 0) || has_such_host(m, n, f);
}

static bool of_names(const struct filter *f)
{
	return f->part || f->owner || f->ca || f->expires_within >= 0 ||
	       f->not_served;
}

/* Those that report one of the names chosen. */
static bool *hosts_of(const struct status_model *m)
{
	bool *has = mem_array(m->n_hosts + 1, sizeof(*has));

	for (size_t k = 0; k < m->n_order; k++) {
		const struct status_name *n = &m->names[m->order[k]];

		for (uint32_t i = 0; i < n->n_receipts; i++)
			has[m->receipts[n->receipt + i].host] = true;
	}
	return has;
}

/* Of what needs somebody: what has ended, or is served so; what is not served
 * as it was issued; what fails and is near its end; what waits for a person. */
static uint8_t rank(const struct status_name *n)
{
	static const char *const states[] = { "expired", "not-served", "drift",
					      "failing", "failed" };
	const struct status_verdict *of[] = { &n->renewal, &n->delivery };
	uint8_t best = ARRAY_LEN(states);

	if (n->need != STATUS_ACT)
		return 0;
	for (size_t k = 0; k < ARRAY_LEN(of); k++)
		for (uint8_t i = 0; i < best; i++)
			if (of[k]->need == STATUS_ACT &&
			    has_state(of[k], states[i]))
				best = i;
	return best;
}

static int64_t left(const struct status_name *n)
{
	return n->enabled ? n->ts_not_after : INT64_MAX;
}

static int compare(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

static int by_need(const void *a, const void *b, void *arg)
{
	const struct status_model *m = arg;
	uint32_t i = *(const uint32_t *) a, k = *(const uint32_t *) b;
	const struct status_name *x = &m->names[i], *y = &m->names[k];

	if (x->need != y->need)
		return y->need - x->need;
	if (x->rank != y->rank)
		return x->rank - y->rank;
	if (left(x) != left(y))
		return compare(left(x), left(y));
	return compare(i, k);
}

static int by_seen(const void *a, const void *b, void *arg)
{
	const struct status_model *m = arg;
	uint32_t i = *(const uint32_t *) a, k = *(const uint32_t *) b;
	const struct status_host *x = &m->hosts[i], *y = &m->hosts[k];

	if (x->verdict.need != y->verdict.need)
		return y->verdict.need - x->verdict.need;
	if (x->ts_seen != y->ts_seen)
		return compare(x->ts_seen, y->ts_seen);
	return compare(i, k);
}

static void choose_hosts(struct status_model *m, const struct filter *f)
{
	AUTO(mem_free_any) bool *has = of_names(f) ? hosts_of(m) : NULL;

	for (size_t i = 0; i < m->n_hosts; i++) {
		const struct status_host *h = &m->hosts[i];

		if (!host_is(m, h, f) || (has && !has[i]) ||
		    (f->state && !has_state(&h->verdict, f->state)) ||
		    (f->act && h->verdict.need != STATUS_ACT))
			continue;
		m->host_order[m->n_host_order++] = (uint32_t) i;
	}
}

void filter_apply(struct status_model *m, const struct filter *f)
{
	free(m->order);
	free(m->host_order);
	m->order = mem_array(m->n_names + 1, sizeof(*m->order));
	m->host_order = mem_array(m->n_hosts + 1, sizeof(*m->host_order));
	m->n_order = m->n_host_order = 0;
	m->filtered = filter_any(f);
	for (size_t i = 0; i < m->n_names; i++)
		if (name_is(m, &m->names[i], f)) {
			m->names[i].rank = rank(&m->names[i]);
			m->order[m->n_order++] = (uint32_t) i;
		}
	choose_hosts(m, f);
	qsort_r(m->order, m->n_order, sizeof(*m->order), by_need, m);
	qsort_r(m->host_order, m->n_host_order, sizeof(*m->host_order), by_seen,
		m);
}

/* --- words that are nobody's name --- */

static int known_host(const struct status_model *m, const char *host,
		      struct err *err)
{
	AUTO(mem_free_str) char *meant = NULL;
	struct near near = near_name(host);

	if (m->unread[FLEET_PART_HOSTS] || m->unread[FLEET_PART_INSTALLS])
		return 0;
	for (size_t i = 0; i < m->n_hosts; i++) {
		if (strcmp(m->hosts[i].host, host) == 0)
			return 0;
		(void) near_try(&near, m->hosts[i].host);
	}
	meant = near_text(&near, "");
	return err_set(err, ERR_INPUT,
		       "%s: no host %s has an account or a receipt%s", m->store,
		       host, meant);
}

static int known_owner(const struct status_model *m, const char *owner,
		       struct err *err)
{
	AUTO(mem_free_str) char *meant = NULL;
	struct near near = near_name(owner);

	if (*owner == '\0' || m->unread[FLEET_PART_NAMES])
		return 0;
	for (size_t i = 0; i < m->n_names; i++) {
		if (!m->names[i].owner)
			continue;
		if (strcmp(m->names[i].owner, owner) == 0)
			return 0;
		(void) near_try(&near, m->names[i].owner);
	}
	meant = near_text(&near, "");
	return err_set(err, ERR_INPUT, "%s: no name has the owner %s%s",
		       m->store, owner, meant);
}

/* Those of the configuration, of the store, and that rows name. */
static int known_ca(const struct status_model *m, const char *ca,
		    struct err *err)
{
	AUTO(strlist_free) struct strlist cas = { .n = 0 };
	AUTO(mem_free_str) char *all = NULL;

	if (m->unread[FLEET_PART_SETTINGS] || m->unread[FLEET_PART_CAS] ||
	    m->unread[FLEET_PART_NAMES])
		return 0;
	if (model_ca(m, ca))
		return 0;
	/* of names that are not renewed */
	for (size_t i = 0; i < m->n_names; i++)
		if (m->names[i].ca && strcmp(m->names[i].ca, ca) == 0)
			return 0;
	for (size_t i = 0; i < m->n_cas; i++)
		strlist_add(&cas, m->cas[i].name);
	all = strlist_join(&cas, ", ");
	return err_set(err, ERR_INPUT,
		       "%s: the CA %s is neither configured nor that of a "
		       "name; there %s: %s",
		       m->store, ca, cas.n == 1 ? "is" : "are",
		       cas.n > 0 ? all : "none");
}

int filter_known(const struct status_model *m, const struct filter *f,
		 struct err *err)
{
	if ((f->host && known_host(m, f->host, err) == -1) ||
	    (f->owner && known_owner(m, f->owner, err) == -1) ||
	    (f->ca && known_ca(m, f->ca, err) == -1))
		return -1;
	return 0;
}
