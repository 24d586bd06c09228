/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <unistd.h>
#include "clock.h"
#include "out.h"
#include "term.h"
#include "text_impl.h"

#define DAY	   INT64_C(86400)
#define TOP	   10  /* of names, and of hosts, that need somebody */
#define ROWS	   100 /* of the table */
#define NAME_LEAST 16
#define NAME_MOST  253 /* of DNS */
#define CELL_MOST  60  /* of other words, which are others' */
#define WIDE	   110 /* columns, for what is good to know */

/* --- lines --- */

void text_wrap(FILE *f, int columns, int indent, const char *sentence)
{
	int at = 0, room = columns - indent;

	while (*sentence) {
		int n = (int) strcspn(sentence, " ");

		if (at > 0 && at + 1 + n > room) {
			fputc('\n', f);
			at = 0;
		}
		fprintf(f, "%*s%.*s", at > 0 ? 1 : indent, "", n, sentence);
		at += n + (at > 0);
		sentence += n;
		sentence += strspn(sentence, " ");
	}
	fputc('\n', f);
}

static const char *colour_of(FILE *f, uint8_t need)
{
	if (need == STATUS_WELL)
		return "";
	return term_on(f, need == STATUS_ACT ? TERM_BAD : TERM_WARN);
}

static const char *off(FILE *f, const char *on)
{
	return *on ? term_off(f) : "";
}

void text_verdict(FILE *f, int columns, const char *what,
		  const struct status_verdict *v, const struct sbuf *sentence)
{
	AUTO(sbuf_free) struct sbuf clean = SBUF_INIT(TEXT_SENTENCE);
	const char *on = colour_of(f, v->need), *waits = why_waits_for(v);

	sbuf_add_clean(&clean, what);
	fprintf(f, "  %s: %s%s%s%s%s\n", sbuf_str(&clean), on, why_state(v),
		off(f, on), *waits ? ", waits for " : "", waits);
	text_wrap(f, columns, 6, sbuf_str(sentence));
}

/* --- what needs somebody --- */

static void head(const struct status_model *m, FILE *f)
{
	char now[CLOCK_TEXT];

	fprintf(f, "%s, %s\n", m->store, clock_text(m->now, now));
}

static void counts(const char *what, const uint64_t n[STATUS_NEEDS], FILE *f)
{
	const char *on = n[STATUS_ACT] > 0 ? colour_of(f, STATUS_ACT) : "";

	fprintf(f,
		"  %-13s%7llu, %s%llu need%s somebody%s, %llu wait%s, %llu "
		"well\n",
		what, (unsigned long long) (n[0] + n[1] + n[2]), on,
		(unsigned long long) n[STATUS_ACT],
		n[STATUS_ACT] == 1 ? "s" : "", off(f, on),
		(unsigned long long) n[STATUS_WATCH],
		n[STATUS_WATCH] == 1 ? "s" : "",
		(unsigned long long) n[STATUS_WELL]);
}

void text_unread(const struct status_model *m, int columns, FILE *f)
{
	for (size_t i = 0; i < FLEET_PARTS; i++) {
		AUTO(sbuf_free) struct sbuf out = SBUF_INIT(TEXT_SENTENCE);

		if (!m->unread[i])
			continue;
		sbuf_adds(&out, "not read, so nothing is known of it: ");
		sbuf_add_clean(&out, m->unread[i]);
		text_wrap(f, columns, 2, sbuf_str(&out));
	}
}

static void urgent_names(const struct status_model *m, size_t most, int columns,
			 FILE *f)
{
	size_t n = 0;

	for (size_t i = 0; i < m->n_order; i++) {
		const struct status_name *name = &m->names[m->order[i]];
		const struct status_verdict *v = why_worse(name);
		AUTO(sbuf_free) struct sbuf out = SBUF_INIT(TEXT_SENTENCE);

		if (name->need != STATUS_ACT)
			break;
		if (n++ >= most)
			continue;
		why_name_text(m, name, v, &out);
		text_verdict(f, columns, name->name, v, &out);
	}
	if (n > most)
		fprintf(f, "  and %zu more certificate%s, see -v, or --act\n",
			n - most, n - most == 1 ? "" : "s");
}

static void urgent_hosts(const struct status_model *m, size_t most, int columns,
			 FILE *f)
{
	size_t n = 0;

	for (size_t i = 0; i < m->n_host_order; i++) {
		const struct status_host *h = &m->hosts[m->host_order[i]];
		AUTO(sbuf_free) struct sbuf out = SBUF_INIT(TEXT_SENTENCE);
		AUTO(mem_free_str) char *what = NULL;

		if (h->verdict.need != STATUS_ACT)
			break;
		/* Its receipts stand with their certificates. */
		if (h->verdict.why == WHY_HOST_BAD || n++ >= most)
			continue;
		what = mem_printf("host %s", h->host);
		why_host_text(m, h, &out);
		text_verdict(f, columns, what, &h->verdict, &out);
	}
	if (n > most)
		fprintf(f, "  and %zu more host%s, see -v\n", n - most,
			n - most == 1 ? "" : "s");
}

static void urgent_rest(const struct status_model *m, int columns, FILE *f)
{
	AUTO(sbuf_free) struct sbuf out = SBUF_INIT(TEXT_SENTENCE);

	if (m->fetching.need != STATUS_WELL) {
		why_fetching_text(m, &out);
		text_verdict(f, columns, "fetcher", &m->fetching, &out);
	}
	for (size_t i = 0; i < m->n_cas; i++) {
		const struct status_ca *c = &m->cas[i];
		AUTO(mem_free_str) char *what = mem_printf("CA %s", c->name);

		if (c->verdict.need == STATUS_WELL)
			continue;
		sbuf_clear(&out);
		why_ca_text(m, c, &out);
		text_verdict(f, columns, what, &c->verdict, &out);
	}
	if (m->all_requests > 0)
		fprintf(f,
			"  %llu request%s for an answer: "
			"certrepo-populate pending\n",
			(unsigned long long) m->all_requests,
			m->all_requests == 1 ? " of a host waits"
					     : "s of hosts wait");
}

/* --- the table --- */

static void c_name(const struct status_model *m, const struct status_name *n,
		   struct sbuf *out)
{
	sbuf_add_clean(out, n->name);
}

static void c_state(const struct status_model *m, const struct status_name *n,
		    struct sbuf *out)
{
	sbuf_adds(out, why_state(why_worse(n)));
}

static void c_left(const struct status_model *m, const struct status_name *n,
		   struct sbuf *out)
{
	char span[CLOCK_TEXT];

	sbuf_adds(out, n->has_crt ? clock_span(n->ts_not_after - m->now, span)
				  : "-");
}

static void add_day(int64_t t, struct sbuf *out)
{
	char at[CLOCK_TEXT];

	sbuf_addf(out, "%.10s", t > 0 ? clock_text(t, at) : "-");
}

static void c_until(const struct status_model *m, const struct status_name *n,
		    struct sbuf *out)
{
	add_day(n->ts_not_after, out);
}

static void c_renewal(const struct status_model *m, const struct status_name *n,
		      struct sbuf *out)
{
	add_day(n->enabled && !n->held ? n->ts_renew : 0, out);
}

static void c_why(const struct status_model *m, const struct status_name *n,
		  struct sbuf *out)
{
	bool rule = n->renewal.why == WHY_DAYS_LEFT ||
		    n->renewal.why == WHY_DUE_DAYS_LEFT;

	sbuf_adds(out, !n->enabled || n->held || !n->has_crt ? "-"
		       : n->renew_asked			     ? "CSR"
		       : n->by_ari			     ? "ARI"
		       : rule				     ? "days_left"
							     : "life");
}

static void c_hosts(const struct status_model *m, const struct status_name *n,
		    struct sbuf *out)
{
	if (n->n_hosts > 0)
		sbuf_addf(out, "%u/%u", n->n_served, n->n_hosts);
	else
		sbuf_adds(out, "-");
}

static void c_ca(const struct status_model *m, const struct status_name *n,
		 struct sbuf *out)
{
	sbuf_add_clean(out, n->ca ? n->ca : "?");
}

static void c_waits(const struct status_model *m, const struct status_name *n,
		    struct sbuf *out)
{
	const char *waits = why_waits_for(why_worse(n));

	sbuf_adds(out, *waits ? waits : "-");
}

static void c_names(const struct status_model *m, const struct status_name *n,
		    struct sbuf *out)
{
	sbuf_addf(out, "%u", n->n_names);
}

static void c_issuer(const struct status_model *m, const struct status_name *n,
		     struct sbuf *out)
{
	sbuf_add_clean(out, n->issuer ? n->issuer : "?");
}

static void c_key(const struct status_model *m, const struct status_name *n,
		  struct sbuf *out)
{
	sbuf_add_clean(out, n->key_type ? n->key_type : "?");
}

static void c_key_age(const struct status_model *m, const struct status_name *n,
		      struct sbuf *out)
{
	char span[CLOCK_TEXT];

	sbuf_adds(out, n->ts_key > 0 && model_past(m, n->ts_key)
			       ? clock_span(m->now - n->ts_key, span)
			       : "?");
}

static void c_key_certs(const struct status_model *m,
			const struct status_name *n, struct sbuf *out)
{
	sbuf_addf(out, "%u", n->key_certs);
}

static void c_attempt(const struct status_model *m, const struct status_name *n,
		      struct sbuf *out)
{
	add_day(n->ts_attempt, out);
}

static void c_fail(const struct status_model *m, const struct status_name *n,
		   struct sbuf *out)
{
	sbuf_add_clean(out, n->fail_class ? n->fail_class : "-");
}

static void c_owner(const struct status_model *m, const struct status_name *n,
		    struct sbuf *out)
{
	sbuf_add_clean(out, n->owner ? n->owner : "-");
}

enum level { ALWAYS, IF_WIDE, VERBOSE };

static const struct column {
	const char *title;
	int least; /* as wide, or as its longest word is */
	enum level level;
	void (*add)(const struct status_model *m, const struct status_name *n,
		    struct sbuf *out);
} columns_of_names[] = {
	{ "NAME", NAME_LEAST, ALWAYS, c_name },
	{ "STATE", 10, ALWAYS, c_state },
	{ "LEFT", 9, ALWAYS, c_left },
	{ "UNTIL", 10, ALWAYS, c_until },
	{ "RENEWAL", 10, IF_WIDE, c_renewal },
	{ "BY", 9, VERBOSE, c_why },
	{ "HOSTS", 7, ALWAYS, c_hosts },
	{ "WAITS FOR", 22, IF_WIDE, c_waits },
	{ "NAMES", 5, VERBOSE, c_names },
	{ "ATTEMPT", 10, VERBOSE, c_attempt },
	{ "FAILURE", 15, VERBOSE, c_fail },
	{ "ISSUER", 20, VERBOSE, c_issuer },
	{ "KEY", 8, VERBOSE, c_key },
	{ "KEY AGE", 8, VERBOSE, c_key_age },
	{ "ITS", 4, VERBOSE, c_key_certs },
	{ "OWNER", 24, VERBOSE, c_owner },
	{ "CA", 2, ALWAYS, c_ca }, /* the last one: nothing is behind it */
};
#define COLUMNS ARRAY_LEN(columns_of_names)
enum { FIRST, LAST = COLUMNS - 1 };

struct table {
	const struct status_model *m;
	FILE *f;
	size_t rows;
	enum level level;
	int width[COLUMNS];
};

/* A name is copied from here, so it is never cut: one that is longer has a line
 * of its own. */
static void cell(const struct table *t, size_t i, const char *word,
		 uint8_t need)
{
	const char *on = i == 1 ? colour_of(t->f, need) : "";
	int width = t->width[i], len = (int) strlen(word);

	if (i == LAST)
		fprintf(t->f, "%s\n", word);
	else if (i == FIRST && len > width)
		fprintf(t->f, "%s\n%*s", word, width + 2, "");
	else if (len > width)
		fprintf(t->f, "%.*s...  ", width - 3, word);
	else
		fprintf(t->f, "%s%s%s%*s", on, word, off(t->f, on),
			width - len + 2, "");
}

/* N NULL: the titles. */
static void table_row(const struct table *t, const struct status_name *n,
		      struct sbuf *word)
{
	for (size_t i = 0; i < COLUMNS; i++) {
		const struct column *c = &columns_of_names[i];

		if (c->level > t->level)
			continue;
		sbuf_clear(word);
		if (n)
			c->add(t->m, n, word);
		else
			sbuf_adds(word, c->title);
		cell(t, i, sbuf_str(word),
		     n ? why_worse(n)->need : STATUS_WELL);
	}
}

static void measure_row(struct table *t, const struct status_name *n,
			struct sbuf *word)
{
	for (size_t i = 0; i < COLUMNS; i++) {
		int most = i == FIRST ? NAME_MOST : CELL_MOST;

		if (columns_of_names[i].level > t->level)
			continue;
		sbuf_clear(word);
		columns_of_names[i].add(t->m, n, word);
		if ((int) word->len > t->width[i])
			t->width[i] =
				(int) word->len < most ? (int) word->len : most;
	}
}

/* On a terminal the names have what the others leave, so that no line is
 * broken; with -v there is no such width. */
static void measure(struct table *t, int columns, struct sbuf *word)
{
	int room = columns;

	for (size_t i = 0; i < COLUMNS; i++)
		t->width[i] = columns_of_names[i].least;
	for (size_t i = 0; i < t->rows; i++)
		measure_row(t, &t->m->names[t->m->order[i]], word);
	if (t->level == VERBOSE || isatty(fileno(t->f)) != 1)
		return;
	for (size_t i = FIRST + 1; i < COLUMNS; i++)
		if (columns_of_names[i].level <= t->level)
			room -= t->width[i] + 2;
	if (room < NAME_LEAST)
		room = NAME_LEAST;
	if (t->width[FIRST] > room)
		t->width[FIRST] = room;
}

static void table(const struct status_model *m, bool verbose, int columns,
		  FILE *f)
{
	AUTO(sbuf_free) struct sbuf word = SBUF_INIT(TEXT_SENTENCE);
	struct table t = {
		.m = m,
		.f = f,
		.rows = !verbose && m->n_order > ROWS ? ROWS : m->n_order,
		.level = verbose	   ? VERBOSE
			 : columns >= WIDE ? IF_WIDE
					   : ALWAYS,
	};

	measure(&t, columns, &word);
	if (t.rows > 0)
		table_row(&t, NULL, &word);
	for (size_t i = 0; i < t.rows; i++)
		table_row(&t, &m->names[m->order[i]], &word);
	if (t.rows < m->n_order)
		fprintf(f, "and %zu more, see -v, or choose (--help)\n",
			m->n_order - t.rows);
}

/* --- below it --- */

static void hosts(const struct status_model *m, int columns, FILE *f)
{
	for (size_t i = 0; i < m->n_host_order; i++) {
		const struct status_host *h = &m->hosts[m->host_order[i]];
		AUTO(sbuf_free) struct sbuf out = SBUF_INIT(TEXT_SENTENCE);
		AUTO(mem_free_str)
		char *what = mem_printf(
			"host %s (installer %s, %u receipt%s)", h->host,
			h->version ? h->version : "not known", h->n_receipts,
			h->n_receipts == 1 ? "" : "s");

		why_host_text(m, h, &out);
		text_verdict(f, columns, what, &h->verdict, &out);
	}
}

void text_cas(const struct status_model *m, int columns, FILE *f)
{
	int width = 24;

	if (m->n_cas == 0)
		return;
	for (size_t i = 0; i < m->n_cas; i++)
		if (strlen(m->cas[i].name) > (size_t) width)
			width = strlen(m->cas[i].name) < CELL_MOST
					? (int) strlen(m->cas[i].name)
					: CELL_MOST;
	fprintf(f, "%-*s  %8s  %9s  %9s  %9s\n", width, "CA, ORDERS TO COME",
		"NAMES", "7 DAYS", "30 DAYS", "90 DAYS");
	for (size_t i = 0; i < m->n_cas; i++) {
		const struct status_ca *c = &m->cas[i];
		AUTO(sbuf_free) struct sbuf name = SBUF_INIT(TEXT_SENTENCE);

		sbuf_add_clean(&name, c->name);
		fprintf(f, "%-*s  %8u  %9u  %9u  %9u\n", width, sbuf_str(&name),
			c->n_names, c->renewals[0], c->renewals[1],
			c->renewals[2]);
	}
}

void text_fetchers(const struct status_model *m, int columns, FILE *f)
{
	for (size_t i = 0; i < m->n_fetchers; i++) {
		const struct status_fetcher *t = &m->fetchers[i];
		AUTO(sbuf_free) struct sbuf out = SBUF_INIT(TEXT_SENTENCE);
		AUTO(mem_free_str)
		char *what = mem_printf("fetcher %s on %s (%s)", t->instance,
					t->host, t->version);

		why_fetcher_text(m, t, &out);
		text_verdict(f, columns, what, &t->verdict, &out);
	}
}

int out_text(const struct status_model *m, bool verbose, FILE *f)
{
	int columns = term_columns(f);
	size_t most = verbose ? SIZE_MAX : TOP;

	head(m, f);
	counts("certificates", m->counts, f);
	counts("hosts", m->host_counts, f);
	if (m->filtered)
		fprintf(f, "  chosen:      %zu certificate%s, %zu host%s\n",
			m->n_order, m->n_order == 1 ? "" : "s", m->n_host_order,
			m->n_host_order == 1 ? "" : "s");
	if (!m->set.known && !m->unread[FLEET_PART_SETTINGS])
		text_wrap(f, columns, 2,
			  "the fetcher has not written its settings here, it "
			  "has not run yet or is of a version before: the "
			  "defaults are taken");
	text_unread(m, columns, f);
	if (m->n_names == 0 && !m->unread[FLEET_PART_NAMES])
		text_wrap(f, columns, 2, OUT_NONE);
	if (!m->filtered)
		urgent_rest(m, columns, f);
	urgent_names(m, most, columns, f);
	urgent_hosts(m, most, columns, f);
	if (m->n_order > 0)
		fputc('\n', f);
	table(m, verbose, columns, f);
	if (m->filtered && !verbose)
		return model_exit(m);
	fputc('\n', f);
	if (verbose)
		hosts(m, columns, f);
	if (!m->filtered) {
		text_fetchers(m, columns, f);
		text_cas(m, columns, f);
	}
	return model_exit(m);
}
