/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "clock.h"
#include "plain.h"
#include "why.h"
#include "words.h"

/*
 * The table. In a sentence {when} is the verdict's instant, and the other words
 * in braces are those of `words' below. {name} is for commands alone: it is
 * written as a shell takes it.
 */
struct row {
	const char *state, *waits_for, *text;
};

#define OK	   "ok"
#define DUE	   "due"
#define ORDERING   "ordering"
#define WAITING	   "waiting"
#define EXPIRED	   "expired"
#define FAILING	   "failing"
#define HELD	   "held"
#define DISABLED   "disabled"
#define DELIVERING "delivering"
#define NOT_SERVED "not-served"
#define DRIFT	   "drift"
#define FAILED	   "failed"
#define SILENT	   "silent"
#define UNKNOWN	   "unknown"

static const char *const states[] = {
	OK,	  DUE,	      ORDERING,	  WAITING, EXPIRED, FAILING, HELD,
	DISABLED, DELIVERING, NOT_SERVED, DRIFT,   FAILED,  SILENT,  UNKNOWN,
};

#define NEXT_RUN "the fetcher's next run"
#define A_PERSON "a person"
#define THE_CA	 "the CA"
#define ITS_HOST "its host"

static const struct row rows[WHYS] = {
	[WHY_NONE] = { OK, "", "" },
	[WHY_THIRD] = { OK, "",
			"renewed from {when} on, when a third of its life is "
			"left" },
	[WHY_HALF] = { OK, "",
		       "renewed from {when} on, when half of its life is "
		       "left" },
	[WHY_DAYS_LEFT] = { OK, "",
			    "renewed from {when} on, by days_left = "
			    "{days_left}" },
	[WHY_ARI] = { OK, "",
		      "outside of the window in which its CA wants it renewed; "
		      "the instant chosen there (ARI) is {when}" },
	[WHY_BEFORE_ARI] = { OK, "",
			     "renewed from {when} on, before the CA asks for "
			     "it "
			     "(ARI), which would leave too little of its "
			     "life" },
	[WHY_DISABLED] = { DISABLED, "",
			   "not renewed, it is disabled; to have it renewed: "
			   "certrepo-populate enable {name}" },
	[WHY_HELD] = { HELD, A_PERSON,
		       "held until a person acts, since {when}, after {fails} "
		       "in a row (count_fail_limit = {limit}), the "
		       "last: {last}; when that is mended: certrepo-populate "
		       "enable {name}" },
	[WHY_LEASED] = { ORDERING, "its order",
			 "a fetcher is at it; its lease ends on {when} at the "
			 "latest" },
	[WHY_LEASE_LATE] = { ORDERING, "its order",
			     "a fetcher has kept it since {attempt}, longer "
			     "than an order may take (order_timeout = "
			     "{timeout}); if that is dead: certrepo-fetcher "
			     "--break-lease {name}, or wait until {when}" },
	[WHY_PARKED] = { ORDERING, THE_CA,
			 "parked: the CA takes its time with the order, which "
			 "is looked at again on {when}; {last}" },
	[WHY_CA_RESTS] = { WAITING, THE_CA,
			   "wants renewal, and the CA {ca} is not asked before "
			   "{when}: {ca_last}" },
	[WHY_BACKOFF] = { FAILING, "its next attempt",
			  "backing off until {when}; the last attempt, on "
			  "{attempt}, failed: {last}; {fails} in a row, "
			  "it is held at count_fail_limit = {limit}; to "
			  "try at once: certrepo-fetcher --once --force "
			  "{name}" },
	[WHY_BACKOFF_FREE] = { FAILING, "its next attempt",
			       "backing off until {when}; the last attempt, on "
			       "{attempt}, failed: {last}; {fails} in a "
			       "row, and it goes on being tried; to "
			       "try at once: certrepo-fetcher --once --force "
			       "{name}" },
	[WHY_BACKOFF_FAR] = { UNKNOWN, NEXT_RUN,
			      "not tried before {when}, it is noted, which no "
			      "back-off reaches: a clock was wrong; the "
			      "fetcher's next run mends it" },
	[WHY_POSTPONED] = { DUE, "a later run",
			    "wants renewal, and the fetcher put it off until "
			    "{when} without an attempt; its log says why" },
	[WHY_REPLACED] = { DUE, NEXT_RUN,
			   "its CSR was replaced: another certificate is "
			   "ordered in the fetcher's next run" },
	[WHY_MISSING] = { DUE, NEXT_RUN,
			  "no certificate yet: one is ordered in the fetcher's "
			  "next run" },
	[WHY_DUE] = { DUE, NEXT_RUN,
		      "wants renewal since {when}: it is ordered in the "
		      "fetcher's next run" },
	[WHY_DUE_DAYS_LEFT] = { DUE, NEXT_RUN,
				"wants renewal by days_left = {days_left} "
				"since "
				"{when}: it is ordered in the fetcher's next "
				"run" },
	[WHY_DUE_ARI] = { DUE, NEXT_RUN,
			  "the CA asks for its renewal (ARI) since {when}: it "
			  "is ordered in the fetcher's next run" },
	[WHY_OVERDUE] = { FAILING, A_PERSON,
			  "wants renewal since {when}, and whole runs of the "
			  "fetcher went by without an attempt: "
			  "certrepo-fetcher "
			  "--once {name} says why" },
	[WHY_NO_FETCHER] = { FAILING, A_PERSON,
			     "wants a certificate, and no fetcher runs: "
			     "{fetching}" },
	[WHY_NO_CA] = { FAILING, A_PERSON,
			"names the CA {ca}, which certrepo.conf (ca) does not "
			"have: nothing is ordered; certrepo-populate set "
			"{name} "
			"ca=NAME chooses another" },
	[WHY_FOREIGN] = { UNKNOWN, NEXT_RUN,
			  "not ours: another program wrote this certificate, "
			  "the fetcher reads it anew in its next run, and "
			  "renews it before {when}" },
	[WHY_NOT_YET] = { UNKNOWN, A_PERSON,
			  "not valid before {when}: a clock is wrong, here or "
			  "where it was issued" },

	[WHY_NO_HOST] = { UNKNOWN, ITS_HOST,
			  "no host reports it, since {when}: is it in "
			  "installer.conf of the host that serves it?" },
	[WHY_NOT_REPORTED] = { NOT_SERVED, A_PERSON,
			       "no host reports it, and what was issued on "
			       "{stored} was to be served before {when} "
			       "(deliver_within{within}); {may_read} may read "
			       "it: does its installer.conf have it, and has "
			       "it run since?" },
	[WHY_HOSTS_UNREAD] = { UNKNOWN, A_PERSON,
			       "whether hosts serve it is not known: what they "
			       "report could not be read" },

	[WHY_GRANTED] = { UNKNOWN, ITS_HOST,
			  "may read it, and never said that it has it: is it "
			  "in installer.conf there?" },

	[WHY_SERVED] = { OK, "", "serves what was issued last, seen {seen}" },
	[WHY_INSTALLED] = { OK, "",
			    "its files are in place, said {seen}; no endpoint "
			    "shows it" },
	[WHY_ACTIVATED] = { OK, "",
			    "its files are in place, and the service was told, "
			    "{seen}; no endpoint shows it" },
	[WHY_SERVES_OLD] = { DELIVERING, ITS_HOST,
			     "serves the one before; for what was issued on "
			     "{stored} there is time until {when} "
			     "(deliver_within{within})" },
	[WHY_NOT_SERVED] = { NOT_SERVED, A_PERSON,
			     "not served: what was issued on {stored} was to "
			     "be served before {when} "
			     "(deliver_within{within}), "
			     "and "
			     "what was there before still is; see there: "
			     "certrepo-installer --status" },
	[WHY_NOT_FETCHED] = { DELIVERING, ITS_HOST,
			      "has not said yet that it has what was issued on "
			      "{stored}; there is time until {when} "
			      "(deliver_within{within})" },
	[WHY_NOT_INSTALLED] = { NOT_SERVED, A_PERSON,
				"not installed: it never said that it has what "
				"was issued on {stored}, and had time until "
				"{when} (deliver_within{within})" },
	[WHY_WINDOW] = { WAITING, "its window",
			 "fetched; it waits for its window, which opens on "
			 "{when} (window in installer.conf)" },
	[WHY_WINDOW_PAST] = { NOT_SERVED, A_PERSON,
			      "fetched, and not installed although its window "
			      "opened on {when} (window in installer.conf)" },
	[WHY_WINDOW_UNKNOWN] = { WAITING, "its window",
				 "fetched; it waits for its window since "
				 "{when}: an installer of a version before, "
				 "which does not say when that opens" },
	[WHY_OPERATOR] = { WAITING, A_PERSON,
			   "in place since {when}; a person, or a reboot, must "
			   "restart the service{said}" },
	[WHY_HELD_THERE] = { HELD, A_PERSON, "held there since {when}{said}" },
	[WHY_REFUSED] = { FAILED, A_PERSON,
			  "refused there since {when}, it may not be "
			  "installed{said}" },
	[WHY_ROLLED_BACK] = { FAILED, A_PERSON,
			      "rolled back on {when}: the new one failed, the "
			      "one before is in place again{said}" },
	[WHY_KEY] = { FAILED, A_PERSON,
		      "its key is missing there, or another one, since "
		      "{when}{said}" },
	[WHY_NOT_OURS] = { FAILED, A_PERSON,
			   "what is in its place there is not the installer's, "
			   "since {when}{said}" },
	[WHY_FAILED] = { FAILED, A_PERSON,
			 "not as it should be, since {when}{said}; see there: "
			 "certrepo-installer --verify" },
	[WHY_DRIFT] = { DRIFT, A_PERSON,
			"serves neither what was issued last nor the one "
			"before "
			"(seen {when}): did somebody put it there by hand? "
			"there, certrepo-installer puts it right" },
	[WHY_SERVES_EXPIRED] = { EXPIRED, A_PERSON,
				 "serves a certificate that EXPIRED on "
				 "{when}" },
	[WHY_PLACEHOLDER] = { WAITING, "its certificate",
			      "serves a placeholder, self-signed, since "
			      "{when}, "
			      "until it has a certificate" },
	[WHY_STOPPED] = { UNKNOWN, ITS_HOST,
			  "was not seen to serve it, the service is stopped or "
			  "not looked at, since {when}{said}" },
	[WHY_NEEDS] = { FAILED, A_PERSON,
			"its service needs {needs}, for which this certificate "
			"is not (issued on {stored}, see profile): choose "
			"another profile of the CA, or another CA" },
	[WHY_OF_SILENT] = { UNKNOWN, ITS_HOST,
			    "not known any more: its host is silent since "
			    "{when}; it was {state} then" },
	[WHY_STATE_UNKNOWN] = { UNKNOWN, "",
				"says \"{state}\" since {when}, which is none "
				"that this version knows" },
	[WHY_AHEAD] = { UNKNOWN, ITS_HOST,
			"dated {when}, which lies ahead: that host's clock was "
			"wrong; it was {state}" },
	[WHY_UNTOLD] = { UNKNOWN, NEXT_RUN,
			 "serves something since {when}, and what was issued "
			 "last is not known (cert_facts): the fetcher mends "
			 "that in its next runs" },
	[WHY_UNSEEN] = { UNKNOWN, ITS_HOST,
			 "did not say which certificate it serves, {when}" },

	[WHY_HOST_WELL] = { OK, "", "seen {when}" },
	[WHY_HOST_SILENT] = { SILENT, A_PERSON,
			      "silent since {when}: longer than twice its "
			      "heartbeat ({beat}) and an hour; does its timer, "
			      "or cron, run certrepo-installer there?" },
	[WHY_HOST_NEW] = { WAITING, "its first run",
			   "its account was made on {when}, and it has not "
			   "reported yet" },
	[WHY_HOST_NEVER] = { SILENT, A_PERSON,
			     "never reported, and its account was made on "
			     "{when}: does certrepo-installer run there, with "
			     "that account?" },
	[WHY_HOST_BAD] = { FAILED, A_PERSON,
			   "{bad} somebody; seen {when}{failed}" },
	[WHY_HOST_FAILED] = { FAILED, A_PERSON,
			      "its run did not end well, seen {when}{failed}; "
			      "see there: certrepo-installer --status" },
	[WHY_HOST_AHEAD] = { UNKNOWN, A_PERSON,
			     "says that it is {when}, which lies ahead: its "
			     "clock is wrong, and whether it runs is not "
			     "known" },
	[WHY_HOST_UNREAD] = { UNKNOWN, A_PERSON,
			      "whether it runs is not known: what hosts report "
			      "could not be read" },
	[WHY_HOST_STRANGE] = { WAITING, A_PERSON,
			       "speaks of {strange} enrolled; seen {when}" },
	[WHY_HOST_TOO_MANY] = { UNKNOWN, A_PERSON,
				"sends more receipts than are read of one "
				"host; "
				"seen {when}" },

	[WHY_CA_WELL] = { OK, "", "is asked" },
	[WHY_CA_REST] = { WAITING, THE_CA,
			  "rests, it is not asked before {when}: {last}" },
	[WHY_CA_ACCOUNT] = { FAILING, A_PERSON,
			     "does not take our account, and is not asked "
			     "before {when}: {last}" },
	[WHY_CA_FAR] = { UNKNOWN, NEXT_RUN,
			 "not asked before {when}, it is noted, which no rest "
			 "reaches: a clock was wrong; the fetcher's next run "
			 "mends it" },
	[WHY_CA_UNUSED] = { OK, "", "nothing was asked of it yet" },
	[WHY_CA_GONE] = { FAILING, A_PERSON,
			  "is named by {names}, and certrepo.conf "
			  "(ca) does not have it" },

	[WHY_FETCH_WELL] = { OK, "", "the last run began on {when}{ended}" },
	[WHY_FETCH_RUNS] = { OK, "", "a run is under way since {when}" },
	[WHY_FETCH_UNKNOWN] = { UNKNOWN, "",
				"no fetcher has said here that it runs: it is "
				"of a version before, or none ever ran" },
	[WHY_FETCH_NEVER] = { SILENT, A_PERSON,
			      "no fetcher of this version ran here since "
			      "{when}, when init made the tables for it: look "
			      "at its timer, or cron" },
	[WHY_FETCH_UNREAD] = { UNKNOWN, A_PERSON,
			       "whether a fetcher runs is not known: the table "
			       "fetchers could not be read" },
	[WHY_FETCH_SILENT] = { SILENT, A_PERSON,
			       "no run began since {when}, and one is to begin "
			       "each day, or half hour: look at its timer, or "
			       "cron" },
	[WHY_FETCH_HANGS] = { FAILING, A_PERSON,
			      "the run of {when} did not end: it was killed, "
			      "or "
			      "hangs" },
	[WHY_FETCH_FAILS] = { FAILING, A_PERSON,
			      "runs since {ok} did not come to their end with "
			      "the store and a CA at hand; the last began on "
			      "{when}, exit status {status}{said}" },
	[WHY_FETCH_AHEAD] = { UNKNOWN, A_PERSON,
			      "says that it ran on {when}, which lies ahead: a "
			      "clock is wrong, here or there" },
};

const char *why_state(const struct status_verdict *v)
{
	return v->ended ? EXPIRED : rows[v->why].state;
}

const char *why_waits_for(const struct status_verdict *v)
{
	return rows[v->why].waits_for;
}

const char *why_states(size_t i)
{
	return i < ARRAY_LEN(states) ? states[i] : NULL;
}

const struct status_verdict *why_worse(const struct status_name *n)
{
	return n->delivery.need > n->renewal.need ? &n->delivery : &n->renewal;
}

/* --- sentences --- */

/* What a sentence may speak of; NULL: it does not. */
struct about {
	const struct status_model *m;
	const struct status_verdict *v;
	const struct status_name *n;
	const struct status_receipt *r;
	const struct status_host *h;
	const struct status_ca *c;
	const struct status_fetcher *f;
};

static void add_at(const struct about *a, int64_t t, struct sbuf *out)
{
	char at[CLOCK_TEXT], span[CLOCK_TEXT];
	bool past = t <= a->m->now;

	if (t <= 0) {
		sbuf_adds(out, "a time not known");
		return;
	}
	clock_span(past ? a->m->now - t : t - a->m->now, span);
	sbuf_addf(out, "%s (%s%s%s)", clock_text(t, at), past ? "" : "in ",
		  span, past ? " ago" : "");
}

static void add_span(int64_t seconds, struct sbuf *out)
{
	char span[CLOCK_TEXT];

	sbuf_adds(out, clock_span(seconds, span));
}

static void add_last(const char *class, const char *detail, struct sbuf *out)
{
	if (!class && !detail)
		sbuf_adds(out, "why is not on record");
	sbuf_add_clean(out, class);
	if (class && detail)
		sbuf_adds(out, ": ");
	sbuf_add_clean(out, detail);
}

static void w_when(const struct about *a, struct sbuf *out)
{
	add_at(a, a->v->when, out);
}

/* In a command that somebody may copy: a row may be called anything. What is
 * cleaned of it is cleaned before it has its quotes. */
static void w_name(const struct about *a, struct sbuf *out)
{
	AUTO(mem_free_str) char *name = mem_strdup(a->n->name);
	const char *const argv[] = { name, NULL };
	AUTO(mem_free_str) char *word = NULL;

	plain_ascii(name);
	word = words_text(argv);
	sbuf_addf(out, "%s%s", *name == '-' ? "-- " : "", word);
}

static void w_days_left(const struct about *a, struct sbuf *out)
{
	sbuf_addf(out, "%lld", (long long) a->m->set.days_left);
}

static void w_limit(const struct about *a, struct sbuf *out)
{
	sbuf_addf(out, "%lld", (long long) a->m->set.count_fail_limit);
}

static void w_timeout(const struct about *a, struct sbuf *out)
{
	add_span(a->m->set.order_timeout, out);
}

static void add_n(struct sbuf *out, unsigned n, const char *one,
		  const char *many)
{
	sbuf_addf(out, "%u %s", n, n == 1 ? one : many);
}

static void w_fails(const struct about *a, struct sbuf *out)
{
	add_n(out, a->n->count_fail, "failure", "failures");
}

static void w_attempt(const struct about *a, struct sbuf *out)
{
	add_at(a, a->n->ts_attempt, out);
}

static void w_last(const struct about *a, struct sbuf *out)
{
	if (a->c)
		add_last(a->c->fail_class, a->c->fail_detail, out);
	else
		add_last(a->n->fail_class, a->n->fail_detail, out);
}

static void w_ca_last(const struct about *a, struct sbuf *out)
{
	const struct status_ca *c = model_ca(a->m, a->n->ca);

	add_last(c ? c->fail_class : NULL, c ? c->fail_detail : NULL, out);
}

static void w_ca(const struct about *a, struct sbuf *out)
{
	sbuf_add_clean(out, a->n->ca ? a->n->ca : "(default)");
}

static void w_fetching(const struct about *a, struct sbuf *out)
{
	why_fetching_text(a->m, out);
}

static void w_stored(const struct about *a, struct sbuf *out)
{
	add_at(a, a->n->ts_stored > 0 ? a->n->ts_stored : a->n->ts_not_before,
	       out);
}

/* Where the configuration says nothing it is the rule. */
static void w_within(const struct about *a, struct sbuf *out)
{
	if (a->m->set.deliver_within == 0) {
		sbuf_adds(out, ", by its rule");
		return;
	}
	sbuf_adds(out, " = ");
	add_span(a->m->set.deliver_within, out);
}

static void w_seen(const struct about *a, struct sbuf *out)
{
	add_at(a, a->r->ts, out);
}

static void w_state(const struct about *a, struct sbuf *out)
{
	sbuf_add_clean(out, a->r->kind->state);
}

static void w_needs(const struct about *a, struct sbuf *out)
{
	sbuf_add_clean(out, a->r->kind->needs);
}

/* Installers begin it with the word of the state. */
static void w_said(const struct about *a, struct sbuf *out)
{
	const char *said = a->r ? a->r->detail : a->f ? a->f->detail : NULL;
	size_t n = a->r ? strlen(a->r->kind->state) : 0;

	if (!said || !*said)
		return;
	if (n > 0 && strncmp(said, a->r->kind->state, n) == 0 &&
	    strncmp(said + n, ": ", 2) == 0)
		said += n + 2;
	sbuf_adds(out, ": ");
	sbuf_add_clean(out, said);
}

static void w_beat(const struct about *a, struct sbuf *out)
{
	if (a->h->heartbeat > 0)
		add_span(a->h->heartbeat, out);
	else
		sbuf_adds(out, "a day, its installer does not say");
}

static void w_bad(const struct about *a, struct sbuf *out)
{
	if (a->h->n_receipts == 1)
		sbuf_adds(out, "its one receipt needs");
	else
		sbuf_addf(out, "%u of its %u receipts %s", a->h->n_bad,
			  a->h->n_receipts,
			  a->h->n_bad == 1 ? "needs" : "need");
}

static void w_failed(const struct about *a, struct sbuf *out)
{
	if (!a->h->failed)
		return;
	sbuf_adds(out, ": ");
	sbuf_add_clean(out, a->h->failed);
}

static void w_strange(const struct about *a, struct sbuf *out)
{
	add_n(out, a->h->n_strange, "certificate that is not",
	      "certificates that are not");
}

static void w_names(const struct about *a, struct sbuf *out)
{
	add_n(out, a->c->n_names, "certificate", "certificates");
}

static void w_may_read(const struct about *a, struct sbuf *out)
{
	sbuf_add_clean(out, a->n->may_read);
}

static void w_ok(const struct about *a, struct sbuf *out)
{
	add_at(a, a->f ? a->f->ts_ok : 0, out);
}

static void w_status(const struct about *a, struct sbuf *out)
{
	sbuf_addf(out, "%lld", a->f ? (long long) a->f->status : -1);
}

/* Where it did not end well: one before it did, and it is not late yet. */
static void w_ended(const struct about *a, struct sbuf *out)
{
	if (!a->f || a->f->status == 0)
		return;
	sbuf_adds(out, " and ended with ");
	w_status(a, out);
	w_said(a, out);
}

static const struct {
	const char *word;
	void (*add)(const struct about *a, struct sbuf *out);
} words[] = {
	{ "when", w_when },
	{ "name", w_name },
	{ "days_left", w_days_left },
	{ "limit", w_limit },
	{ "timeout", w_timeout },
	{ "fails", w_fails },
	{ "attempt", w_attempt },
	{ "last", w_last },
	{ "ca", w_ca },
	{ "ca_last", w_ca_last },
	{ "fetching", w_fetching },
	{ "stored", w_stored },
	{ "within", w_within },
	{ "seen", w_seen },
	{ "state", w_state },
	{ "needs", w_needs },
	{ "said", w_said },
	{ "beat", w_beat },
	{ "bad", w_bad },
	{ "strange", w_strange },
	{ "failed", w_failed },
	{ "names", w_names },
	{ "may_read", w_may_read },
	{ "ok", w_ok },
	{ "status", w_status },
	{ "ended", w_ended },
};

static void add_word(const struct about *a, const char *word, size_t len,
		     struct sbuf *out)
{
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (strlen(words[i].word) != len ||
		    strncmp(words[i].word, word, len) != 0)
			continue;
		words[i].add(a, out);
		return;
	}
	sbuf_adds(out, "?");
}

static void add_sentence(const struct about *a, struct sbuf *out)
{
	const char *p = rows[a->v->why].text;

	for (;;) {
		size_t n = strcspn(p, "{");

		sbuf_add(out, p, n);
		p += n;
		if (!*p)
			return;
		n = strcspn(++p, "}");
		add_word(a, p, n, out);
		p += n + (p[n] == '}');
	}
}

static void add_receipt(const struct about *a, struct sbuf *out)
{
	sbuf_add_clean(out, a->m->hosts[a->r->host].host);
	sbuf_addc(out, ' ');
	sbuf_add_clean(out, a->r->kind->service);
	if (*a->r->endpoint) {
		sbuf_addc(out, ' ');
		sbuf_add_clean(out, a->r->endpoint);
	}
	sbuf_adds(out, ": ");
	add_sentence(a, out);
}

static bool same(const struct status_verdict *a, const struct status_verdict *b)
{
	return a->why == b->why && a->when == b->when && a->need == b->need;
}

/* The one that V is of; *ret_more: others that need as much. */
static const struct status_receipt *receipt_of(const struct about *a,
					       size_t *ret_more)
{
	const struct status_receipt *first = NULL;

	*ret_more = 0;
	for (uint32_t i = 0; i < a->n->n_receipts; i++) {
		const struct status_receipt *r =
			&a->m->receipts[a->n->receipt + i];

		if (!first && same(&r->verdict, a->v))
			first = r;
		else if (r->verdict.need == a->v->need)
			(*ret_more)++;
	}
	return first;
}

void why_name_text(const struct status_model *m, const struct status_name *n,
		   const struct status_verdict *v, struct sbuf *out)
{
	struct about a = { .m = m, .n = n, .v = v };
	size_t more = 0;

	if (v == &n->delivery)
		a.r = receipt_of(&a, &more);
	if (a.r) {
		add_receipt(&a, out);
		if (more > 0 && v->need != STATUS_WELL)
			sbuf_addf(out, "; and %zu more", more);
		return;
	}
	if (v->ended) {
		sbuf_adds(out, "EXPIRED on ");
		add_at(&a, n->ts_not_after, out);
		sbuf_adds(out, "; ");
	}
	add_sentence(&a, out);
}

void why_receipt_text(const struct status_model *m,
		      const struct status_receipt *r, struct sbuf *out)
{
	const struct about a = {
		.m = m, .r = r, .n = &m->names[r->name], .v = &r->verdict
	};

	add_sentence(&a, out);
}

void why_grant_text(const struct status_model *m, const struct status_grant *g,
		    struct sbuf *out)
{
	const struct about a = { .m = m,
				 .n = &m->names[g->name],
				 .v = &g->verdict };

	add_sentence(&a, out);
}

void why_host_text(const struct status_model *m, const struct status_host *h,
		   struct sbuf *out)
{
	const struct about a = { .m = m, .h = h, .v = &h->verdict };

	add_sentence(&a, out);
}

void why_ca_text(const struct status_model *m, const struct status_ca *c,
		 struct sbuf *out)
{
	const struct about a = { .m = m, .c = c, .v = &c->verdict };

	add_sentence(&a, out);
}

void why_fetcher_text(const struct status_model *m,
		      const struct status_fetcher *f, struct sbuf *out)
{
	const struct about a = { .m = m, .f = f, .v = &f->verdict };

	add_sentence(&a, out);
}

/* That of the fetcher that m->fetching is of; or of none. */
void why_fetching_text(const struct status_model *m, struct sbuf *out)
{
	struct about a = { .m = m, .v = &m->fetching };

	for (size_t i = 0; i < m->n_fetchers && !a.f; i++)
		if (same(&m->fetchers[i].verdict, &m->fetching))
			a.f = &m->fetchers[i];
	add_sentence(&a, out);
}
