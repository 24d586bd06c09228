/* SPDX-License-Identifier: MIT */
/* One static file, without anything from elsewhere: what needs somebody first.
 * It is read by a browser, so each word of others goes through page_text(). */
#include <string.h>
#include "clock.h"
#include "enc.h"
#include "forecast.h"
#include "out.h"
#include "page.h"
#include "why.h"

#define DAY 86400

/* What is left out is counted. Of 2,000,000 bytes, each part leaves room for
 * those behind it. */
#define NAMES_MAX    1200000 /* up to here, names that need somebody */
#define OTHERS_MAX   1600000 /* the others */
#define HOSTS_MAX    1800000
#define REQUESTS_MAX 1850000
#define CAS_MAX	     1920000
#define FETCHERS_MAX 1950000
#define OTHERS	     2000 /* rows */
#define SENTENCE_MAX 600

static const char *const classes[] = { "g", "w", "a" };

/* --- a row for each name --- */

static void cell_time(struct page *p, int64_t t)
{
	char span[CLOCK_TEXT];

	if (t <= 0) {
		page_f(p, "<td data-v=\"0\">");
		return;
	}
	page_f(p, "<td data-v=\"%lld\">%s%s<small>", (long long) t,
	       clock_span(t > p->m->now ? t - p->m->now : p->m->now - t, span),
	       t > p->m->now ? "" : " ago");
	page_time(p, t);
	page_f(p, "</small>");
}

static void sentences(struct page *p, const struct status_name *n)
{
	AUTO(sbuf_free) struct sbuf s = SBUF_INIT(SENTENCE_MAX);

	page_f(p, "<td>");
	if (n->renewal.need != STATUS_WELL) {
		why_name_text(p->m, n, &n->renewal, &s);
		page_text(p, sbuf_str(&s));
	}
	if (n->delivery.need == STATUS_WELL)
		return;
	if (s.len > 0)
		page_f(p, "<br>");
	sbuf_clear(&s);
	why_name_text(p->m, n, &n->delivery, &s);
	page_text(p, sbuf_str(&s));
}

static void cell_small(struct page *p, const char *text, const char *small)
{
	page_f(p, "<td>");
	page_text(p, text);
	if (!small || !*small)
		return;
	page_f(p, "<small>");
	page_text(p, small);
	page_f(p, "</small>");
}

static void cell_attempt(struct page *p, const struct status_name *n)
{
	cell_time(p, n->ts_attempt > 1 ? n->ts_attempt : 0);
	if (!n->fail_class || !*n->fail_class)
		return;
	page_f(p, "<small>");
	page_text(p, n->fail_class);
	if (n->count_fail > 0)
		page_f(p, ", %u failed", n->count_fail);
	page_f(p, "</small>");
}

static void cell_key(struct page *p, const struct status_name *n)
{
	char span[CLOCK_TEXT];

	cell_small(p, n->key_type, NULL);
	if (n->ts_key <= 0 || n->ts_key > p->m->now)
		return;
	page_f(p, "<small>%s, %u certificate%s</small>",
	       clock_span(p->m->now - n->ts_key, span), n->key_certs,
	       n->key_certs == 1 ? "" : "s");
}

static void name_row(struct page *p, const struct status_name *n)
{
	page_f(p, "<tr class=\"%s\"><th scope=\"row\">",
	       classes[n->need <= STATUS_ACT ? n->need : STATUS_ACT]);
	page_text(p, n->name);
	if (n->n_names > 1)
		page_f(p, " <small>+%u</small>", n->n_names - 1);
	page_f(p, "</th><td><b>");
	page_text(p, why_state(why_worse(n)));
	page_f(p, "</b>");
	sentences(p, n);
	cell_time(p, n->ts_not_after);
	page_f(p, "<td data-v=\"%u\">%u of %u", n->n_hosts - n->n_served,
	       n->n_served, n->n_hosts);
	cell_time(p, n->enabled ? n->ts_renew : 0);
	if (n->by_ari)
		page_f(p, "<small>the CA asks for it</small>");
	cell_attempt(p, n);
	cell_small(p, n->ca, n->issuer);
	cell_key(p, n);
	cell_small(p, n->owner, NULL);
	page_f(p, "\n");
}

static void table_head(struct page *p, const char *id, const char *class,
		       const char *caption, const char *const *heads)
{
	page_f(p,
	       "<div class=\"over\" role=\"region\" tabindex=\"0\" "
	       "aria-labelledby=\"%s-of\"><table id=\"%s\" class=\"%s\">"
	       "<caption id=\"%s-of\">%s</caption>\n<thead><tr>",
	       id, id, class, id, caption);
	for (; *heads; heads++)
		page_f(p, "<th scope=\"col\">%s</th>", *heads);
	page_f(p, "</tr></thead>\n<tbody>\n");
}

static void table_end(struct page *p)
{
	page_f(p, "</tbody></table></div>\n");
}

static void left_out(struct page *p, size_t n, const char *what)
{
	if (n > 0)
		page_f(p,
		       "<p>And %zu more %s, which do not fit here: "
		       "certrepo-status shows all.</p>\n",
		       n, what);
}

static bool fits(const struct page *p, const struct status_name *n,
		 size_t others)
{
	if (n->need == STATUS_ACT)
		return p->bytes < NAMES_MAX;
	return p->bytes < OTHERS_MAX && others < OTHERS;
}

static void names(struct page *p)
{
	static const char *const heads[] = { "Name",	"State",  "Why",
					     "Ends",	"Served", "Renewal",
					     "Attempt", "CA",	  "Key",
					     "Owner",	NULL };
	size_t out[STATUS_ACT + 1] = { 0 }, others = 0;

	page_f(p, "<h2 id=\"h-names\">Certificates</h2>\n"
		  "<div class=\"find\" id=\"find\" role=\"search\" hidden>"
		  "<label>Find <input id=\"text\" type=\"search\"></label>"
		  "<label>State <select id=\"state\"><option value=\"\">any"
		  "</option></select></label>"
		  "<span id=\"found\" class=\"soft\" role=\"status\"></span>"
		  "</div>\n");
	table_head(p, "names", "sort names",
		   "What needs somebody first, then what ends first", heads);
	for (size_t i = 0; i < p->m->n_order; i++) {
		const struct status_name *n = &p->m->names[p->m->order[i]];

		if (!fits(p, n, others)) {
			out[n->need <= STATUS_ACT ? n->need : STATUS_ACT]++;
			continue;
		}
		others += n->need != STATUS_ACT;
		name_row(p, n);
	}
	table_end(p);
	left_out(p, out[STATUS_ACT], "certificates that need somebody");
	left_out(p, out[STATUS_WATCH], "certificates that wait");
	left_out(p, out[STATUS_WELL], "certificates that are well");
}

/* --- what is around them --- */

static void host_row(struct page *p, const struct status_host *h)
{
	AUTO(sbuf_free) struct sbuf s = SBUF_INIT(SENTENCE_MAX);

	page_f(p, "<tr class=\"%s\"><th scope=\"row\">",
	       classes[h->verdict.need]);
	page_text(p, h->host);
	page_f(p, "</th><td><b>");
	page_text(p, why_state(&h->verdict));
	page_f(p, "</b><td>");
	if (h->verdict.need != STATUS_WELL) {
		why_host_text(p->m, h, &s);
		page_text(p, sbuf_str(&s));
	}
	cell_time(p, h->ts_seen);
	page_f(p, "<td data-v=\"%u\">%u of %u", h->n_bad,
	       h->n_receipts - h->n_bad, h->n_receipts);
	cell_small(p, h->version, NULL);
	page_f(p, "<td>%s\n", h->account ? "its own" : "shared");
}

static void hosts(struct page *p)
{
	static const char *const heads[] = { "Host",	  "State", "Why",
					     "Last seen", "Well",  "Version",
					     "Account",	  NULL };
	size_t well = 0, out = 0;

	page_f(p, "<h2 id=\"h-hosts\">Hosts</h2>\n");
	/* What needs most comes first. */
	if (p->m->n_host_order > 0 &&
	    p->m->hosts[p->m->host_order[0]].verdict.need != STATUS_WELL)
		table_head(p, "hosts", "sort",
			   "Hosts that are not as they should be", heads);
	for (size_t i = 0; i < p->m->n_host_order; i++) {
		const struct status_host *h = &p->m->hosts[p->m->host_order[i]];

		if (h->verdict.need == STATUS_WELL)
			well++;
		else if (p->bytes >= HOSTS_MAX)
			out++;
		else
			host_row(p, h);
	}
	if (p->m->n_host_order > well)
		table_end(p);
	left_out(p, out, "hosts that are not as they should be");
	page_f(p, "<p>%zu host%s well.</p>\n", well,
	       well == 1 ? " is" : "s are");
}

static void requests(struct page *p)
{
	static const char *const heads[] = { "Request", "Host",	 "Name",
					     "Key",	"Since", NULL };
	size_t i;

	if (p->m->all_requests == 0)
		return;
	page_f(p, "<h2 id=\"h-requests\">Requests of hosts</h2>\n");
	table_head(p, "requests", "sort",
		   "They wait for certrepo-populate approve, or reject", heads);
	for (i = 0; i < p->m->n_requests && p->bytes < REQUESTS_MAX; i++) {
		const struct status_request *r = &p->m->requests[i];

		page_f(p, "<tr class=\"a\"><th scope=\"row\">%lld</th>",
		       (long long) r->id);
		cell_small(p, r->host, NULL);
		cell_small(p, r->name, NULL);
		cell_small(p, r->new_key ? "its next" : "its first", NULL);
		cell_time(p, r->ts);
		page_f(p, "\n");
	}
	table_end(p);
	if (p->m->all_requests > i)
		left_out(p, p->m->all_requests - i, "requests");
}

static void cas(struct page *p)
{
	static const char *const heads[] = { "CA",	"State",  "Why",
					     "Names",	"7 days", "30 days",
					     "90 days", NULL };
	size_t i;

	page_f(p, "<h2 id=\"h-cas\">CAs, and the renewals to come</h2>\n");
	table_head(p, "cas", "sort",
		   "Renewals of the next days, repeated ones counted", heads);
	for (i = 0; i < p->m->n_cas && p->bytes < CAS_MAX; i++) {
		AUTO(sbuf_free) struct sbuf s = SBUF_INIT(SENTENCE_MAX);
		const struct status_ca *c = &p->m->cas[i];

		page_f(p, "<tr class=\"%s\"><th scope=\"row\">",
		       classes[c->verdict.need]);
		page_text(p, c->name);
		page_f(p, "</th><td><b>");
		page_text(p, why_state(&c->verdict));
		page_f(p, "</b><td>");
		if (c->verdict.need != STATUS_WELL)
			why_ca_text(p->m, c, &s);
		page_text(p, sbuf_str(&s));
		page_f(p, "<td data-v=\"%u\">%u", c->n_names, c->n_names);
		for (size_t k = 0; k < ARRAY_LEN(c->renewals); k++)
			page_f(p, "<td data-v=\"%u\">%u", c->renewals[k],
			       c->renewals[k]);
		page_f(p, "\n");
	}
	table_end(p);
	left_out(p, p->m->n_cas - i, "CAs");
}

static void fetchers(struct page *p)
{
	static const char *const heads[] = { "Fetcher", "Host",	     "Began",
					     "Ended",	"Went well", "Version",
					     NULL };
	AUTO(sbuf_free) struct sbuf s = SBUF_INIT(SENTENCE_MAX);

	page_f(p, "<h2 id=\"h-fetchers\">Fetchers</h2>\n");
	if (p->m->fetching.need != STATUS_WELL) {
		why_fetching_text(p->m, &s);
		page_f(p, "<p class=\"%s\"><b>", classes[p->m->fetching.need]);
		page_text(p, sbuf_str(&s));
		page_f(p, "</b></p>\n");
	}
	table_head(p, "fetchers", "sort", "Their last runs", heads);
	for (size_t i = 0; i < p->m->n_fetchers && p->bytes < FETCHERS_MAX;
	     i++) {
		const struct status_fetcher *f = &p->m->fetchers[i];

		page_f(p, "<tr><th scope=\"row\">");
		page_text(p, f->instance);
		page_f(p, "</th>");
		cell_small(p, f->host, NULL);
		cell_time(p, f->ts_start);
		cell_time(p, f->ts_end);
		cell_time(p, f->ts_ok);
		cell_small(p, f->version, f->detail);
		page_f(p, "\n");
	}
	table_end(p);
}

/* --- the whole --- */

static void head(struct page *p, int64_t fresh)
{
	AUTO(mem_free_str) char *hash = NULL;
	unsigned char sum[ENC_SHA256_LEN];

	enc_sha256(page_js, strlen(page_js), sum);
	/* Either alphabet will do (Content Security Policy Level 3, 2.3.1). */
	hash = enc_b64url(sum, sizeof(sum));
	page_f(p,
	       "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
	       "<meta charset=\"utf-8\">\n"
	       "<meta http-equiv=\"Content-Security-Policy\" "
	       "content=\"default-src 'none'; style-src 'unsafe-inline'; "
	       "script-src 'sha256-%s='; base-uri 'none'; form-action "
	       "'none'\">\n"
	       "<meta name=\"viewport\" "
	       "content=\"width=device-width, initial-scale=1\">\n"
	       "<meta name=\"referrer\" content=\"no-referrer\">\n"
	       "<title>%s%llu certificate%s, %llu host%s need somebody"
	       "</title>\n"
	       "<style>\n%s.open { animation-delay: %llds; }\n</style>\n"
	       "</head>\n<body>\n",
	       hash,
	       p->m->fetching.need == STATUS_ACT ? "No fetcher runs, " : "",
	       (unsigned long long) p->m->counts[STATUS_ACT],
	       p->m->counts[STATUS_ACT] == 1 ? "" : "s",
	       (unsigned long long) p->m->host_counts[STATUS_ACT],
	       p->m->host_counts[STATUS_ACT] == 1 ? "" : "s", page_css,
	       (long long) fresh);
}

static void top(struct page *p, int64_t fresh)
{
	page_f(p, "<h1>Certificates of ");
	page_text(p, p->m->store);
	page_f(p,
	       "</h1>\n<p id=\"stale\" class=\"stale\" role=\"alert\" "
	       "data-made=\"%lld\" data-fresh=\"%lld\" hidden>This page is "
	       "stale: it was made <span id=\"age\"></span> ago, and nobody "
	       "has made it anew. What it shows may be over.</p>\n"
	       "<p id=\"open\" class=\"stale open\">This page was opened "
	       "long ago: load it again.</p>\n"
	       "<p>Made ",
	       (long long) p->m->now, (long long) fresh);
	page_time(p, p->m->now);
	page_f(p, " UTC; after ");
	page_time(p, p->m->now + fresh);
	page_f(p, " UTC it is stale. All times are UTC.</p>\n");
}

/* --- at a glance: a line for each section, which leads there --- */

static void glance(struct page *p, const char *section, const char *what,
		   const uint64_t n[STATUS_NEEDS])
{
	uint64_t act = n[STATUS_ACT];

	page_f(p,
	       "<li class=\"%s\"><a href=\"#%s\"><b>%llu of %llu %s %s "
	       "somebody</b></a>; %llu wait%s or %s tried again, %llu %s "
	       "well.</li>\n",
	       classes[act > 0 ? STATUS_ACT : STATUS_WELL], section,
	       (unsigned long long) act,
	       (unsigned long long) (act + n[STATUS_WATCH] + n[STATUS_WELL]),
	       what, act == 1 ? "needs" : "need",
	       (unsigned long long) n[STATUS_WATCH],
	       n[STATUS_WATCH] == 1 ? "s" : "",
	       n[STATUS_WATCH] == 1 ? "is" : "are",
	       (unsigned long long) n[STATUS_WELL],
	       n[STATUS_WELL] == 1 ? "is" : "are");
}

static void glance_rest(struct page *p)
{
	const struct status_model *m = p->m;
	uint64_t n[STATUS_NEEDS] = { 0 };

	if (m->all_requests > 0)
		page_f(p,
		       "<li class=\"a\"><a href=\"#h-requests\"><b>%llu "
		       "request%s of hosts</b></a>: to be approved, or "
		       "rejected.</li>\n",
		       (unsigned long long) m->all_requests,
		       m->all_requests == 1 ? "" : "s");
	for (size_t i = 0; i < m->n_cas; i++)
		n[m->cas[i].verdict.need]++;
	if (n[STATUS_ACT] > 0 || n[STATUS_WATCH] > 0)
		glance(p, "h-cas", "CAs", n);
}

static void glance_fetching(struct page *p)
{
	AUTO(sbuf_free) struct sbuf s = SBUF_INIT(SENTENCE_MAX);

	page_f(p,
	       "<li class=\"%s\"><a href=\"#h-fetchers\"><b>Fetcher</b>"
	       "</a>: ",
	       classes[p->m->fetching.need]);
	why_fetching_text(p->m, &s);
	page_text(p, sbuf_str(&s));
	page_f(p, ".</li>\n");
}

/* What is not known is not well. */
static void unread(struct page *p)
{
	static const char *const sections[FLEET_PARTS] = {
		[FLEET_PART_HOSTS] = "h-hosts",
		[FLEET_PART_INSTALLS] = "h-hosts",
		[FLEET_PART_GRANTS] = "h-hosts",
		[FLEET_PART_CAS] = "h-cas",
		[FLEET_PART_FETCHERS] = "h-fetchers",
		[FLEET_PART_SETTINGS] = "h-fetchers",
	};

	for (size_t i = 0; i < ARRAY_LEN(p->m->unread); i++) {
		if (!p->m->unread[i])
			continue;
		page_f(p,
		       "<li class=\"a\"><a href=\"#%s\"><b>Not known</b></a>: ",
		       sections[i] ? sections[i] : "h-names");
		page_text(p, p->m->unread[i]);
		page_f(p, "</li>\n");
	}
}

static void glances(struct page *p)
{
	page_f(p, "<ul id=\"glance\">\n");
	glance_fetching(p);
	unread(p);
	glance(p, "h-names", "certificates", p->m->counts);
	glance(p, "h-hosts", "hosts", p->m->host_counts);
	glance_rest(p);
	page_f(p, "</ul>\n");
}

/* Names by the state they are in, what needs somebody first. */
static void states(struct page *p)
{
	static const char *const heads[] = { "State", "How many", NULL };
	const char *word;

	table_head(p, "states", "", "Certificates by their state", heads);
	for (int need = STATUS_ACT; need >= STATUS_WELL; need--)
		for (size_t k = 0; (word = why_states(k)); k++) {
			size_t n = 0;

			for (size_t i = 0; i < p->m->n_names; i++) {
				const struct status_verdict *v =
					why_worse(&p->m->names[i]);

				n += v->need == need &&
				     strcmp(why_state(v), word) == 0;
			}
			if (n > 0)
				page_f(p,
				       "<tr class=\"%s\"><th scope=\"row\">"
				       "<b>%s</b></th><td class=\"n\">%zu\n",
				       classes[need], word, n);
		}
	table_end(p);
}

int out_html(const struct status_model *m, int64_t fresh, FILE *f)
{
	struct page p = { .m = m, .f = f };

	head(&p, fresh);
	top(&p, fresh);
	glances(&p);
	page_f(&p, "<div class=\"glance\">\n");
	states(&p);
	page_pictures(&p);
	page_f(&p, "</div>\n");
	names(&p);
	hosts(&p);
	requests(&p);
	cas(&p);
	fetchers(&p);
	page_f(&p, "<script>%s</script>\n</body>\n</html>\n", page_js);
	return model_exit(m);
}
