/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include "clock.h"
#include "nagios.h"
#include "opts.h"
#include "out.h"
#include "plain.h"
#include "range.h"
#include "verdict.h"

/* ARI leaves a sixth of the life, at least: less is late. */
#define WARNING	 "15%:"
#define CRITICAL "5%:"
/* What is told of in the lines behind the first. */
#define LINES	20
#define LINE	((size_t) 1000)
#define DAYS_90 (INT64_C(90) * 86400)

static const char *const words[] = {
	[NAGIOS_OK] = "OK",
	[NAGIOS_WARNING] = "WARNING",
	[NAGIOS_CRITICAL] = "CRITICAL",
	[NAGIOS_UNKNOWN] = "UNKNOWN",
};

/* Other people's words: "|" begins performance data. */
static void put(FILE *f, char *text)
{
	plain_ascii(text);
	for (char *s = text; *s; s++)
		fputc(*s == '|' ? '/' : *s, f);
}

int nagios_unknown(FILE *f, const char *fmt, ...)
{
	AUTO(mem_free_str) char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = mem_vprintf(fmt, ap);
	va_end(ap);
	fprintf(f, "CERTREPO %s - ", words[NAGIOS_UNKNOWN]);
	put(f, text);
	fputc('\n', f);
	return NAGIOS_UNKNOWN;
}

static void usage_error(const char *message)
{
	(void) nagios_unknown(stdout, "%s (try --help)", message);
	exit(opts_end("certrepo-status", NAGIOS_UNKNOWN));
}

bool nagios_asked(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strcmp(argv[i], "--nagios") != 0)
			continue;
		opts_usage_by(usage_error);
		return true;
	}
	return false;
}

/* What is left of a name's life, where that is weakest: in the store, or as a
 * service serves it. */
struct left {
	int64_t seconds;
	int64_t share; /* hundredths of a percent; NOTHING: it cannot end */
};
#define NOTHING INT64_MAX

struct check {
	const struct status_model *m;
	struct range warning, critical;
	uint32_t n[NAGIOS_UNKNOWN];	 /* names by status */
	struct left least;		 /* of all names, each by itself */
	const struct status_name *first; /* of the worst status */
	enum nagios_status first_is;
};

/* False: it has none that could end. */
static bool left_of(const struct status_model *m, const struct status_name *n,
		    struct left *ret)
{
	int64_t life = n->ts_not_after - n->ts_not_before;
	int64_t end = n->ts_not_after;
	const struct status_receipt *r = &m->receipts[n->receipt];

	if (!n->enabled || !n->has_crt || end <= 0)
		return false;
	if (n->ts_not_before <= 0 || life <= 0)
		life = DAYS_90;
	for (uint32_t i = 0; i < n->n_receipts; i++)
		if (r[i].served != STATUS_UNSEEN && r[i].ts_expire > 0 &&
		    r[i].ts_expire < end)
			end = r[i].ts_expire;
	ret->seconds = end - m->now;
	ret->share = ret->seconds * 10000 / life;
	return true;
}

static bool alerts(const struct range *r, const struct left *left)
{
	return left->share != NOTHING &&
	       range_alerts(r, r->share ? (double) left->share / 100
					: (double) left->seconds);
}

static enum nagios_status judge(const struct check *c,
				const struct status_name *n, struct left *left)
{
	if (!left_of(c->m, n, left))
		left->share = NOTHING;
	if (alerts(&c->critical, left))
		return NAGIOS_CRITICAL;
	if (n->need == STATUS_ACT || alerts(&c->warning, left))
		return NAGIOS_WARNING;
	return NAGIOS_OK;
}

static void judge_all(struct check *c)
{
	const struct status_model *m = c->m;
	const struct status_name *n;
	enum nagios_status is;
	struct left left;

	for (size_t i = 0; i < m->n_order; i++) {
		n = &m->names[m->order[i]];
		is = judge(c, n, &left);
		c->n[is]++;
		if (is > c->first_is) {
			c->first_is = is;
			c->first = n;
		}
		if (left.share < c->least.share)
			c->least.share = left.share;
		if (left.share != NOTHING && left.seconds < c->least.seconds)
			c->least.seconds = left.seconds;
	}
}

/* Does one run? Nothing is renewed without, and what is known grows old: when
 * none did for a day and two hours it is as bad as what ends by that. */
static enum nagios_status judge_fetching(const struct status_model *m)
{
	int64_t seen = 0;

	if (m->fetching.need != STATUS_ACT || m->unread[FLEET_PART_FETCHERS])
		return NAGIOS_OK;
	for (size_t i = 0; i < m->n_fetchers; i++) {
		const struct status_fetcher *t = &m->fetchers[i];
		int64_t well = t->ts_ok > 0 ? t->ts_ok : t->ts_start;

		if (model_past(m, well) && well > seen)
			seen = well;
	}
	return m->now - seen > VERDICT_FETCH_MOST ? NAGIOS_CRITICAL
						  : NAGIOS_WARNING;
}

/* What is no name's: it needs somebody, but nothing ends by it. */
static enum nagios_status judge_fleet(const struct status_model *m)
{
	for (size_t i = 0; i < m->n_host_order; i++)
		if (m->hosts[m->host_order[i]].verdict.need == STATUS_ACT)
			return NAGIOS_WARNING;
	return m->all_requests > 0 || model_cas_act(m) > 0 ? NAGIOS_WARNING
							   : NAGIOS_OK;
}

static void add_left(const struct left *left, struct sbuf *out)
{
	char span[CLOCK_TEXT];

	if (left->seconds <= 0)
		sbuf_addf(out, "ended %s ago",
			  clock_span(-left->seconds, span));
	else
		sbuf_addf(out, "ends in %s (%lld %% left)",
			  clock_span(left->seconds, span),
			  (long long) left->share / 100);
}

static void summary(const struct check *c, enum nagios_status is,
		    struct sbuf *out)
{
	struct left left;

	if (judge_fetching(c->m) > c->first_is) {
		sbuf_adds(out, "no fetcher runs as it should");
	} else if (is == NAGIOS_OK) {
		sbuf_addf(out, "%zu name%s", c->m->n_order,
			  c->m->n_order == 1 ? "" : "s");
		if (c->least.share != NOTHING)
			sbuf_addf(out, ", %lld %% of life left at least",
				  (long long) c->least.share / 100);
	} else if (c->first) {
		sbuf_addf(out, "%u of %zu name%s: %s ", c->n[c->first_is],
			  c->m->n_order, c->m->n_order == 1 ? "" : "s",
			  c->first->name);
		if (judge(c, c->first, &left) == NAGIOS_CRITICAL ||
		    alerts(&c->warning, &left))
			add_left(&left, out);
		else
			sbuf_addf(out, "is %s", why_state(why_worse(c->first)));
	} else {
		sbuf_addf(out, "no name of %zu needs somebody, the fleet does",
			  c->m->n_order);
	}
}

static void perf(const char *label, const char *value, const char *unit,
		 const struct range *warning, const struct range *critical,
		 const char *min, struct sbuf *out)
{
	sbuf_addf(out, " '%s'=%s%s;", label, value, *value == 'U' ? "" : unit);
	if (warning)
		range_text(warning, out);
	sbuf_addc(out, ';');
	if (critical)
		range_text(critical, out);
	sbuf_addf(out, ";%s", min);
}

static void perf_count(const char *label, uint64_t n, struct sbuf *out)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long) n);
	perf(label, text, "", NULL, NULL, "0", out);
}

static void perf_data(const struct check *c, struct sbuf *out)
{
	const struct range *w = &c->warning, *k = &c->critical;
	char share[32] = "U", seconds[32] = "U";

	if (c->least.share != NOTHING) {
		snprintf(share, sizeof(share), "%s%lld.%02lld",
			 c->least.share < 0 ? "-" : "",
			 llabs((long long) c->least.share) / 100,
			 llabs((long long) c->least.share) % 100);
		snprintf(seconds, sizeof(seconds), "%lld",
			 (long long) c->least.seconds);
	}
	sbuf_adds(out, " |");
	perf_count("names", c->m->n_order, out);
	perf_count("warning", c->n[NAGIOS_WARNING], out);
	perf_count("critical", c->n[NAGIOS_CRITICAL], out);
	perf_count("requests", c->m->all_requests, out);
	perf("least_share", share, "%", w->share ? w : NULL,
	     k->share ? k : NULL, "", out);
	perf("least_left", seconds, "s", w->share ? NULL : w,
	     k->share ? NULL : k, "", out);
}

/* One line behind the first. */
static void line(FILE *f, const char *what, const char *name, struct sbuf *text)
{
	AUTO(mem_free_str)
	char *whole = mem_printf("%s%s%s: %s", what, *name ? " " : "", name,
				 sbuf_str(text));

	put(f, whole);
	fputc('\n', f);
	sbuf_clear(text);
}

static void name_line(const struct check *c, const struct status_name *n,
		      FILE *f, struct sbuf *text)
{
	const struct status_verdict *v = why_worse(n);
	struct left left;
	enum nagios_status is = judge(c, n, &left);

	/* that it has ended, its sentence says */
	if (!v->ended &&
	    (is == NAGIOS_CRITICAL || alerts(&c->warning, &left))) {
		add_left(&left, text);
		if (v->need != STATUS_WELL)
			sbuf_adds(text, "; ");
	}
	if (v->need != STATUS_WELL)
		why_name_text(c->m, n, v, text);
	line(f, words[is], n->name, text);
}

static uint64_t name_lines(const struct check *c, FILE *f, struct sbuf *text)
{
	const struct status_model *m = c->m;
	uint64_t n = 0;
	struct left left;

	for (int is = NAGIOS_CRITICAL; is > NAGIOS_OK; is--)
		for (size_t i = 0; i < m->n_order && c->n[is] > 0; i++) {
			if ((int) judge(c, &m->names[m->order[i]], &left) !=
				    is ||
			    n++ >= LINES)
				continue;
			name_line(c, &m->names[m->order[i]], f, text);
		}
	return n > LINES ? n - LINES : 0;
}

static uint64_t host_lines(const struct check *c, FILE *f, struct sbuf *text)
{
	const struct status_host *h;
	uint64_t n = 0;

	for (size_t i = 0; i < c->m->n_host_order; i++) {
		h = &c->m->hosts[c->m->host_order[i]];
		if (h->verdict.need != STATUS_ACT || n++ >= LINES)
			continue;
		why_host_text(c->m, h, text);
		line(f, "host", h->host, text);
	}
	return n > LINES ? n - LINES : 0;
}

/* Names, hosts, CAs, requests: those that made it what it is. */
static void details(const struct check *c, FILE *f)
{
	AUTO(sbuf_free) struct sbuf text = SBUF_INIT(LINE);
	const struct status_model *m = c->m;
	uint64_t more;

	for (size_t i = 0; i < FLEET_PARTS; i++) {
		if (!m->unread[i])
			continue;
		sbuf_adds(&text, m->unread[i]);
		line(f, "not read", "", &text);
	}
	if (m->fetching.need != STATUS_WELL) {
		why_fetching_text(m, &text);
		line(f, "fetcher", "", &text);
	}
	more = name_lines(c, f, &text);
	more += host_lines(c, f, &text);
	for (size_t i = 0; i < m->n_cas; i++) {
		if (m->cas[i].verdict.need != STATUS_ACT)
			continue;
		why_ca_text(m, &m->cas[i], &text);
		line(f, "CA", m->cas[i].name, &text);
	}
	if (m->all_requests > 0)
		fprintf(f,
			"requests: %llu wait%s for certrepo-populate approve\n",
			(unsigned long long) m->all_requests,
			m->all_requests == 1 ? "s" : "");
	if (more > 0)
		fprintf(f, "and %llu more\n", (unsigned long long) more);
}

/* What is not known is not well, and not worse than what is known to have
 * ended. NULL: all of it is known. */
static const char *not_known(const struct status_model *m)
{
	if (model_unread(m) > 0)
		return "a part of the store cannot be read";
	if (m->n_names == 0)
		return OUT_NONE;
	return m->n_order == 0 ? "no name was chosen" : NULL;
}

int out_nagios(const struct status_model *m, const char *warning,
	       const char *critical, FILE *f, struct err *err)
{
	AUTO(sbuf_free) struct sbuf text = SBUF_INIT(LINE);
	AUTO(sbuf_free) struct sbuf data = SBUF_INIT(LINE);
	AUTO(mem_free_str) char *first = NULL;
	struct check c = { .m = m, .least = { NOTHING, NOTHING } };
	enum nagios_status is, runs;
	const char *why;

	if (range_parse(warning ? warning : WARNING, &c.warning, err) == -1 ||
	    range_parse(critical ? critical : CRITICAL, &c.critical, err) == -1)
		return -1;
	judge_all(&c);
	is = judge_fleet(m);
	runs = judge_fetching(m);
	if (runs > is)
		is = runs;
	if (c.first_is > is)
		is = c.first_is;
	why = is == NAGIOS_CRITICAL ? NULL : not_known(m);
	if (why)
		is = NAGIOS_UNKNOWN;
	else
		summary(&c, is, &text);
	first = mem_strdup(why ? why : sbuf_str(&text));
	fprintf(f, "CERTREPO %s - ", words[is]);
	put(f, first);
	perf_data(&c, &data);
	fprintf(f, "%s\n", sbuf_str(&data));
	details(&c, f);
	return (int) is;
}
