/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "clock.h"
#include "detail.h"
#include "term.h"
#include "text_impl.h"
#include "verdict.h"

#define ATTEMPTS 10
#define LABEL	 14 /* and two blanks before it */

struct detail {
	const struct status_model *m;
	FILE *f;
	int columns;
};

/* --- lines --- */

static void line(const struct detail *d, const char *label, const char *value)
{
	AUTO(sbuf_free) struct sbuf clean = SBUF_INIT(TEXT_SENTENCE);

	if (!value || !*value)
		return;
	sbuf_add_clean(&clean, value);
	fprintf(d->f, "  %-*s%s\n", LABEL, label, sbuf_str(&clean));
}

static void line_at(const struct detail *d, const char *label, int64_t t)
{
	char at[CLOCK_TEXT], span[CLOCK_TEXT];
	bool past = t <= d->m->now;

	if (t <= 0)
		return;
	clock_span(past ? d->m->now - t : t - d->m->now, span);
	fprintf(d->f, "  %-*s%s (%s%s%s)\n", LABEL, label, clock_text(t, at),
		past ? "" : "in ", span, past ? " ago" : "");
}

static void say(const struct detail *d, const char *what,
		const struct status_verdict *v, struct sbuf *sentence)
{
	text_verdict(d->f, d->columns, what, v, sentence);
	sbuf_clear(sentence);
}

/* --- hosts --- */

static const char *const steps[] = { "issued", "fetched", "installed",
				     "activated", "served" };
enum { ISSUED, FETCHED, INSTALLED, ACTIVATED, SERVED };

/* How far the newest certificate came, by what is said of its files. */
static int step_of(const struct status_receipt *r)
{
	if (r->verdict.why == WHY_NOT_FETCHED ||
	    r->verdict.why == WHY_NOT_INSTALLED)
		return ISSUED;
	switch (r->kind->code) {
	case RECEIPT_SERVED:
		return SERVED;
	case RECEIPT_ACTIVATED:
		return ACTIVATED;
	case RECEIPT_INSTALLED:
	case RECEIPT_WAITING:
		return INSTALLED;
	default:
		return FETCHED;
	}
}

static bool same_service(const struct status_receipt *a,
			 const struct status_receipt *b)
{
	return a->name == b->name && a->host == b->host &&
	       strcmp(a->kind->service, b->kind->service) == 0;
}

/* Of the receipts from R on that are of one service; *ret_end: behind them. */
static int reached(const struct status_receipt *r,
		   const struct status_receipt *end,
		   const struct status_receipt **ret_end)
{
	const struct status_receipt *p = r;
	int step = *r->endpoint ? INSTALLED : step_of(r);
	bool any = false, all = true;

	for (; p < end && same_service(r, p); p++) {
		if (!*p->endpoint)
			continue;
		any = true;
		all = all && p->served == STATUS_CURRENT;
	}
	*ret_end = p;
	if (any && all)
		return SERVED;
	return any && step == SERVED ? ACTIVATED : step;
}

static void add_kind(const struct status_receipt *r, struct sbuf *out)
{
	sbuf_add_clean(out, r->kind->service);
	sbuf_adds(out, " (");
	sbuf_add_clean(out, r->kind->profile ? r->kind->profile
					     : "profile not known");
	if (r->kind->needs && *r->kind->needs) {
		sbuf_adds(out, ", needs ");
		sbuf_add_clean(out, r->kind->needs);
	}
	sbuf_addc(out, ')');
}

static void receipt(const struct detail *d, const struct status_receipt *r)
{
	AUTO(sbuf_free) struct sbuf what = SBUF_INIT(TEXT_SENTENCE);
	AUTO(sbuf_free) struct sbuf out = SBUF_INIT(TEXT_SENTENCE);

	sbuf_adds(&what, "  ");
	if (*r->endpoint) {
		sbuf_add_clean(&what, r->endpoint);
		sbuf_adds(&what, " (");
		sbuf_add_clean(&what,
			       r->kind->protocol ? r->kind->protocol : "tls");
		sbuf_addc(&what, ')');
	} else {
		sbuf_adds(&what, "its files");
	}
	sbuf_adds(&what, ", \"");
	sbuf_add_clean(&what, r->kind->state);
	sbuf_addc(&what, '"');
	why_receipt_text(d->m, r, &out);
	say(d, sbuf_str(&what), &r->verdict, &out);
}

/* One service at one host, from R on; gives what is behind it. */
static const struct status_receipt *service(const struct detail *d,
					    const char *where,
					    const struct status_receipt *r,
					    const struct status_receipt *end)
{
	AUTO(sbuf_free) struct sbuf out = SBUF_INIT(TEXT_SENTENCE);
	const struct status_receipt *behind;
	int step = reached(r, end, &behind);

	sbuf_add_clean(&out, where);
	sbuf_addc(&out, ' ');
	add_kind(r, &out);
	sbuf_adds(&out, ":");
	for (int i = d->m->names[r->name].has_crt ? ISSUED : SERVED + 1;
	     i <= step; i++)
		sbuf_addf(&out, " %s%s", i > 0 ? "-> " : "", steps[i]);
	text_wrap(d->f, d->columns, 2, sbuf_str(&out));
	for (; r < behind; r++)
		receipt(d, r);
	return behind;
}

/* In a word, as the table has it, and why: its renewal, and its hosts where
 * these are worse, or nobody reports it. */
static void name_lines(const struct detail *d, const struct status_name *n)
{
	AUTO(sbuf_free) struct sbuf out = SBUF_INIT(TEXT_SENTENCE);
	const struct status_verdict *worse = why_worse(n);

	why_name_text(d->m, n, worse, &out);
	say(d, n->name, worse, &out);
	if (worse == &n->delivery) {
		why_name_text(d->m, n, &n->renewal, &out);
		say(d, "its renewal", &n->renewal, &out);
	} else if (n->delivery.why != WHY_NONE && n->n_receipts == 0) {
		why_name_text(d->m, n, &n->delivery, &out);
		say(d, "its hosts", &n->delivery, &out);
	}
}

static void host_line(const struct detail *d, const struct status_host *h)
{
	AUTO(sbuf_free) struct sbuf out = SBUF_INIT(TEXT_SENTENCE);
	AUTO(mem_free_str)
	char *what = mem_printf("host %s%s%s%s", h->host,
				h->version ? " (installer " : "",
				h->version ? h->version : "",
				h->version	 ? ")"
				: h->ts_seen > 0 ? " (installer of a version "
						   "not known)"
						 : "");

	why_host_text(d->m, h, &out);
	say(d, what, &h->verdict, &out);
}

/* --- a name --- */

static void window_of(const struct detail *d, const struct store_cert *row)
{
	char a[CLOCK_TEXT], b[CLOCK_TEXT], c[CLOCK_TEXT];

	if (store_cert_ari(row) == 0)
		return;
	fprintf(d->f, "  %-*s%s to %s\n  %*schosen: %s\n", LABEL, "ARI window",
		clock_text(row->ari_start, a), clock_text(row->ari_end, b),
		LABEL, "", clock_text(row->ts_ari, c));
	line(d, "explained at", row->ari_url);
}

static void certificate(const struct detail *d, const struct status_name *n)
{
	char text[64];

	if (!n->has_crt) {
		line(d, "certificate", "none yet");
		return;
	}
	line_at(d, "from", n->ts_not_before);
	line_at(d, "until", n->ts_not_after);
	line_at(d, "stored", n->ts_stored);
	if (n->stale) {
		line(d, "its words",
		     "not known: cert_facts has another certificate, or none "
		     "(an older fetcher, or a script, wrote it)");
		return;
	}
	line(d, "issuer", n->issuer);
	(void) snprintf(text, sizeof(text), "%u", n->n_names);
	line(d, "names", text);
	line(d, "key", n->key_type);
	line_at(d, "key since", n->ts_key);
	(void) snprintf(text, sizeof(text), "%u since then", n->key_certs);
	line(d, "certificates", text);
}

static void row_of(const struct detail *d, const struct status_name *n,
		   const struct store_cert *row)
{
	line(d, "comment", row->comment);
	line(d, "owner", n->owner);
	line(d, "CA", n->ca ? n->ca : "the default one, which is not known");
	line(d, "CA profile", row->ca_profile);
	certificate(d, n);
	if (n->enabled && !n->held)
		line_at(d, "renewal", n->ts_renew);
	window_of(d, row);
	line_at(d, "last attempt", n->ts_attempt);
	if (row->lease_owner && row->lease_until > d->m->now)
		line(d, "leased to", row->lease_owner);
	line_at(d, "serve before",
		n->n_receipts > 0 ? verdict_deadline(d->m, n) : 0);
}

static void attempts(const struct detail *d, const struct store_attempts *l)
{
	char at[CLOCK_TEXT];

	if (l->n > 0)
		fputs("  attempts, newest first\n", d->f);
	for (size_t i = 0; i < l->n; i++) {
		const struct store_attempt *a = &l->v[i];
		AUTO(sbuf_free) struct sbuf out = SBUF_INIT(TEXT_SENTENCE);

		sbuf_addf(&out, "%s ", clock_text(a->ts_end, at));
		sbuf_add_clean(&out, a->outcome);
		sbuf_adds(&out, " (");
		sbuf_add_clean(&out, a->ca_name);
		sbuf_adds(&out, a->detail ? "): " : ")");
		sbuf_add_clean(&out, a->detail);
		text_wrap(d->f, d->columns, 4, sbuf_str(&out));
	}
}

static void hosts_of(const struct detail *d, const struct status_name *n)
{
	const struct status_receipt *r = d->m->receipts + n->receipt;
	const struct status_receipt *end = r + n->n_receipts;
	uint32_t host = UINT32_MAX;

	while (r < end) {
		const struct status_host *h = &d->m->hosts[r->host];

		if (host != r->host)
			host_line(d, h);
		host = r->host;
		r = service(d, h->host, r, end);
	}
}

/* Hosts that were granted N, and do not report it. */
static void grants_of(const struct detail *d, const struct status_name *n)
{
	for (size_t i = 0; i < d->m->n_grants; i++) {
		const struct status_grant *g = &d->m->grants[i];
		AUTO(sbuf_free) struct sbuf out = SBUF_INIT(TEXT_SENTENCE);
		AUTO(mem_free_str) char *what = NULL;

		if (&d->m->names[g->name] != n)
			continue;
		what = mem_printf("host %s", g->host);
		why_grant_text(d->m, g, &out);
		say(d, what, &g->verdict, &out);
	}
}

int detail_name(struct store *s, const struct status_model *m, FILE *f,
		struct err *err)
{
	AUTO(arena_free) struct arena *a = arena_new();
	const struct detail d = { m, f, term_columns(f) };
	const struct status_name *n = &m->names[0];
	const struct store_cert none = { .name = n->name };
	struct store_cert *row = NULL;
	struct store_attempts l = { NULL, 0 };
	int rc = store_get(s, n->name, a, &row, err);

	if (rc == -1)
		return -1;
	text_unread(m, d.columns, f);
	name_lines(&d, n);
	row_of(&d, n, row ? row : &none);
	/* This account may not read them. */
	if (store_attempts_of(s, n->name, ATTEMPTS, a, &l, err) == -1) {
		if (err->kind != ERR_CONFIG)
			return -1;
		line(&d, "attempts", "not known: they cannot be read");
		line(&d, "", err->msg);
		err_clear(err);
	}
	attempts(&d, &l);
	hosts_of(&d, n);
	grants_of(&d, n);
	return 0;
}

/* --- a host --- */

void detail_host(const struct status_model *m, FILE *f)
{
	const struct detail d = { m, f, term_columns(f) };

	text_unread(m, d.columns, f);
	for (size_t i = 0; i < m->n_hosts; i++) {
		host_line(&d, &m->hosts[i]);
		line_at(&d, "account since", m->hosts[i].ts_added);
	}
	for (size_t i = 0; i < m->n_names; i++) {
		const struct status_name *n = &m->names[i];
		const struct status_receipt *r = m->receipts + n->receipt;
		const struct status_receipt *end = r + n->n_receipts;

		name_lines(&d, n);
		while (r < end)
			r = service(&d, n->name, r, end);
		grants_of(&d, n);
	}
}
