/* SPDX-License-Identifier: MIT */

#include <string.h>
#include "clock.h"
#include "hostkey.h"
#include "log.h"
#include "paste.h"
#include "say.h"
#include "words.h"
#include "x509_self.h"

#define PLACEHOLDER_LATE (3 * (int64_t) 86400)

/* KEY tells whether it is still the same matter. */
static void say_new(struct finding *t, enum svcstate_about about,
		    const char *key, const char *text)
{
	if (t->r->dry_run)
		return;
	if (svcstate_warn(&t->state, t->r->arena, about, key, t->r->now) ||
	    t->r->loud)
		log_warn("service %s: %s", t->s->name, text);
}

void say_once(struct finding *t, enum svcstate_about about, const char *text)
{
	say_new(t, about, text, text);
}

void say_attempt(struct finding *t, const char *text)
{
	AUTO(sbuf_free) struct sbuf key = SBUF_INIT(64u * 1024);

	sbuf_adds(&key, text);
	for (size_t i = 0; i < t->g.n; i++)
		if (t->g.v[i].chain)
			sbuf_addf(&key, " %s",
				  x509_chain_fingerprint(t->g.v[i].chain));
	say_new(t, SVCSTATE_SERVICE, sbuf_str(&key), text);
}

void say_notice(struct finding *t, enum notice_topic topic, const char *cert,
		enum receipt_state state, const char *text)
{
	host_notice(t->r, topic, t->s->name, cert, receipt_state_name(state),
		    text);
}

/* Why C stays as it is, though nothing is wrong with that: a person once asked
 * for it. NULL: there is nothing to say. */
static const char *meant(const struct judge_cert *c, struct arena *a)
{
	const char *const argv[] = { c->svc->conf->name, NULL };
	AUTO(mem_free_str) char *name = words_text(argv);

	if (c->verdict == PLAN_HOLD)
		return c->reason;
	if (c->verdict != PLAN_WAIT)
		return NULL;
	if (c->row == PLAN_ROW_DISABLED)
		return arena_printf(a,
				    "disabled in the store; on the central "
				    "host: certrepo-populate enable %s",
				    name);
	return c->row == PLAN_ROW_EMPTY	  ? "enrolled, not issued yet"
	       : c->row == PLAN_ROW_ASKED ? plan_row_text(c->row)
					  : NULL;
}

static void say_meant(const struct finding *t, const struct judge_cert *c)
{
	const char *text = meant(c, t->r->arena);

	if (!text || !t->r->loud)
		return;
	if (!t->r->dry_run)
		log_warn("service %s: %s: %s", t->s->name, c->svc->conf->name,
			 text);
	else if (c->verdict == PLAN_WAIT)
		printf("%s: %s: %s\n", t->s->name, c->svc->conf->name, text);
}

/* What is wrong with C, or NULL. */
static const char *fault_of(const struct finding *t, const struct judge_cert *c)
{
	/* Until the newer one is installed, what waits for it is told. */
	if (c->verdict == PLAN_PUT)
		return t->action != PLAN_INSTALL ? c->unfit : NULL;
	return c->reason[0] != '\0' && c->verdict != PLAN_HOLD ? c->reason
							       : NULL;
}

static enum receipt_state fault_state(const struct judge_cert *c)
{
	return c->verdict == PLAN_MISFIT || c->verdict == PLAN_UNKNOWN ||
			       c->verdict == PLAN_PUT
		       ? RECEIPT_FAILED
		       : RECEIPT_REFUSED;
}

/* What that means for who looks at it at night. */
static const char *life_of(const struct x509_chain *disk, int64_t now,
			   struct arena *a)
{
	int64_t end = x509_chain_not_after(disk);
	char until[CLOCK_TEXT];

	if (x509_self_is(disk))
		return "is a placeholder, self-signed";
	if (x509_chain_self_signed(disk))
		return "is self-signed";
	return arena_printf(a, "%s %s",
			    end > now ? "is valid until" : "EXPIRED on",
			    clock_text(end, until));
}

static const struct judge_cert *ends_first(const struct judge *g)
{
	const struct judge_cert *first = NULL;

	for (size_t i = 0; i < g->n; i++) {
		const struct judge_cert *c = &g->v[i];

		if (c->disk &&
		    (!first || x509_chain_not_after(c->disk) <
				       x509_chain_not_after(first->disk)))
			first = c;
	}
	return first;
}

/* The same of all of G, of which C is the first to end. */
static const char *life_in(const struct judge *g, const struct judge_cert *c,
			   int64_t now, struct arena *a)
{
	const char *life = life_of(c->disk, now, a);
	bool ends = !x509_chain_self_signed(c->disk) &&
		    x509_chain_not_after(c->disk) > now;

	return g->n == 1
		       ? life
		       : arena_printf(a, "%s (%s)%s", life, c->svc->conf->name,
				      ends ? " at the earliest" : "");
}

const char *say_in_place(const struct judge *g, int64_t now, struct arena *a)
{
	const struct judge_cert *c = ends_first(g);

	return !c ? ""
		  : arena_printf(a, "; what is in place stays, it %s",
				 life_in(g, c, now, a));
}

const char *say_on_disk(const struct host *r, const struct svc *s)
{
	const struct judge_cert *c;
	const char *text;
	struct judge g;

	if (!s)
		return "";
	judge_disk(s, &g);
	c = ends_first(&g);
	text = !c ? ""
		  : arena_printf(r->arena, "; what is in place %s",
				 life_in(&g, c, r->now, r->arena));
	judge_free(&g);
	return text;
}

/* What is wrong with single certificates: it is told, and the others of the
 * service go on. */
void say_certs(struct finding *t)
{
	AUTO(sbuf_free) struct sbuf text = SBUF_INIT(64u * 1024);

	for (size_t i = 0; i < t->g.n; i++) {
		const struct judge_cert *c = &t->g.v[i];
		const char *fault = fault_of(t, c);

		say_meant(t, c);
		if (!fault)
			continue;
		t->bad = true;
		if (c->disk && fault_state(c) == RECEIPT_REFUSED)
			fault = arena_printf(
				t->r->arena,
				"%s; what is in place stays, it %s", fault,
				life_of(c->disk, t->r->now, t->r->arena));
		sbuf_addf(&text, "%s%s: %s", text.len != 0 ? "; " : "",
			  c->svc->conf->name, fault);
		say_notice(t, NOTICE_TROUBLE, c->svc->conf->name,
			   fault_state(c), fault);
	}
	if (text.len > 0)
		say_once(t, SVCSTATE_CERTS, sbuf_str(&text));
}

/* About the first endpoint that shows what is not in its files. */
static const char *advice(const struct finding *t)
{
	for (size_t i = 0; t->probed && i < t->s->n_endpoints; i++) {
		const struct svc_endpoint *e = &t->s->endpoints[i];
		const struct verify_seen *seen = &t->seen[i];
		struct verify_want want;

		if (finding_want(&t->g.v[e->cert], &want) && seen->handshake &&
		    !seen->by_command &&
		    strcmp(want.fingerprint, seen->fingerprint) != 0)
			return paste_advice(t->r, t->s, e->cert);
	}
	return "";
}

static void say_wrongs(struct finding *t, enum receipt_state state,
		       const char *why)
{
	AUTO(sbuf_free) struct sbuf text = SBUF_INIT(64u * 1024);

	finding_wrongs(t, &text);
	if (why)
		sbuf_addf(&text, "; %s", why);
	else
		sbuf_adds(&text, advice(t));
	t->bad = true;
	say_notice(t, NOTICE_ENDPOINT, "", state, sbuf_str(&text));
	say_once(t, SVCSTATE_ENDPOINT, sbuf_str(&text));
}

/* Endpoints that are not as they should be, and nothing can be done now. */
void say_endpoints(struct finding *t)
{
	say_wrongs(t, RECEIPT_FAILED, t->why);
}

void say_unseen(struct finding *t)
{
	say_wrongs(t, RECEIPT_INSTALLED, NULL);
}

bool say_beside(struct finding *t, const char *why)
{
	bool wrong = t->plan.wrong + t->plan.down > 0;

	if (wrong || t->unseen) {
		say_wrongs(t, wrong ? RECEIPT_FAILED : RECEIPT_INSTALLED, why);
		return true;
	}
	/* Should it come back, it is new. */
	if (svcstate_unwarn_of(&t->state, SVCSTATE_ENDPOINT))
		log_event(LOG_L_NOTE, "endpoints-well-again", "service",
			  t->s->name, NULL);
	return false;
}

void say_waiting(struct finding *t)
{
	AUTO(sbuf_free) struct sbuf wrongs = SBUF_INIT(60u * 1024);
	AUTO(sbuf_free) struct sbuf text = SBUF_INIT(64u * 1024);

	finding_wrongs(t, &wrongs);
	sbuf_addf(&text, "installed, waits until it is restarted: %s",
		  sbuf_str(&wrongs));
	if (t->state.waiting == 0)
		svcstate_set_waiting(&t->state, t->r->now);
	say_notice(t, NOTICE_WAITING, "", RECEIPT_WAITING, sbuf_str(&text));
	say_once(t, SVCSTATE_SERVICE, sbuf_str(&text));
}

void say_held(struct finding *t, const char *text)
{
	t->bad = true;
	t->why = text;
	say_notice(t, NOTICE_TROUBLE, "", RECEIPT_HELD, text);
	say_once(t, SVCSTATE_SERVICE, text);
}

/* Not yet, and nothing is wrong with that. */
void say_later(struct finding *t)
{
	if (!say_beside(t, t->why) && t->r->loud && !t->r->dry_run)
		log_warn("service %s: %s", t->s->name, t->why);
}

void say_well(const struct finding *t)
{
	char until[CLOCK_TEXT];

	for (size_t i = 0; i < t->g.n; i++)
		if (t->g.v[i].placeholder)
			log_info("service %s: %s: " HOST_PLACEHOLDER,
				 t->s->name, t->g.v[i].svc->conf->name);
		else if (t->g.v[i].disk)
			log_info(
				"service %s: %s is in place, valid until %s",
				t->s->name, t->g.v[i].svc->conf->name,
				clock_text(x509_chain_not_after(t->g.v[i].disk),
					   until));
}

/* --- what will be wrong in time --- */

/* END: of the certificate, where it is what it is about. */
static void add_life(struct finding *t, const char *cert,
		     enum notice_topic topic, const char *state,
		     const char *what, int64_t end, struct sbuf *text)
{
	if (t->r->notices)
		notice_add(t->r->notices,
			   &(struct notice){ .topic = topic,
					     .service = t->s->name,
					     .cert = cert,
					     .state = state,
					     .text = what,
					     .end = end });
	sbuf_addf(text, "%s%s: %s", text->len != 0 ? "; " : "", cert, what);
}

/* A newer one is in place by now. */
static bool renewed(const struct finding *t, const struct judge_cert *c)
{
	return c->verdict == PLAN_PUT && t->action == PLAN_INSTALL;
}

/* Why C is not renewed. */
static const char *not_newer(const struct finding *t,
			     const struct judge_cert *c)
{
	struct arena *a = t->r->arena;
	const char *name = host_name_for(t->r, t->s);

	if (t->r->store_away)
		return ", and the store was not reached";
	if (c->verdict == PLAN_HOLD)
		return arena_printf(a,
				    "; the one in the store is held, since "
				    "somebody went back from it here; to "
				    "install it, run: " SAY_FORCE,
				    name);
	if (c->verdict == PLAN_WAIT && c->row == PLAN_ROW_DISABLED)
		return ", and it is disabled in the store";
	if (c->verdict != PLAN_PUT)
		return arena_printf(a,
				    ", and the store has nothing newer that "
				    "this host would take; on the central host "
				    "certrepo-populate show %s tells why",
				    c->svc->conf->name);
	if (t->action == PLAN_HELD)
		return arena_printf(
			a,
			"; the newer one in the store is held, "
			"since it failed; mend that, then run: " SAY_FORCE,
			name);
	if (t->action == PLAN_WINDOW)
		return arena_printf(a, "; the newer one in the store %s",
				    t->why);
	return "; the newer one in the store could not be installed, which is "
	       "told beside this";
}

/* "expires on T, and ...", when there is little life left; or NULL. */
static const char *end_of(const struct finding *t, const struct judge_cert *c)
{
	int64_t until, limit;
	char end[CLOCK_TEXT];

	if (!c->disk || x509_chain_self_signed(c->disk) || renewed(t, c))
		return NULL;
	until = x509_chain_not_after(c->disk);
	limit = t->r->conf->expiring != 0
			? t->r->conf->expiring
			: (until - x509_chain_not_before(c->disk)) / 6;
	if (until - t->r->now >= limit)
		return NULL;
	return arena_printf(t->r->arena, "%s on %s%s",
			    until > t->r->now ? "expires" : "expired",
			    clock_text(until, end), not_newer(t, c));
}

static void look_at_end(struct finding *t, const struct judge_cert *c,
			struct sbuf *text)
{
	int64_t until = x509_chain_not_after(c->disk);
	bool over = until <= t->r->now;
	const char *end = end_of(t, c);

	if (!end)
		return;
	/* Its clients get an error now. */
	t->bad = t->bad || over;
	add_life(t, c->svc->conf->name, NOTICE_EXPIRING,
		 over ? "expired" : "expiring", end, until, text);
}

/* So near its beginning, or the clock that far back, that it has not begun. */
static void look_at_begin(struct finding *t, const struct judge_cert *c,
			  struct sbuf *text)
{
	const char *why = finding_untimely(t->r, c);

	if (renewed(t, c) || !why || x509_chain_not_after(c->disk) <= t->r->now)
		return;
	t->bad = true;
	add_life(t, c->svc->conf->name, NOTICE_EXPIRING, "failed", why, 0,
		 text);
}

/* It is well, but was meant for hours. */
static bool lies_long(const struct finding *t, const struct judge_cert *c)
{
	return c->placeholder && c->verdict == PLAN_WAIT &&
	       t->r->now - x509_chain_not_before(c->disk) >= PLACEHOLDER_LATE;
}

static void say_long(struct finding *t, const struct judge_cert *c,
		     struct sbuf *text)
{
	char since[CLOCK_TEXT];
	const char *what = arena_printf(
		t->r->arena,
		"a placeholder is in its place since %s, and the store has "
		"none yet: it is %s; on the central host certrepo-populate "
		"show %s tells why",
		clock_text(x509_chain_not_before(c->disk), since),
		plan_row_text(c->row), c->svc->conf->name);

	add_life(t, c->svc->conf->name, NOTICE_EXPIRING, "late", what, 0, text);
}

static void look_at_key(struct finding *t, const struct judge_cert *c,
			struct sbuf *text)
{
	const struct installer_cert *conf = c->svc->conf;
	const char *path = conf->key ? conf->key : conf->public_key;
	char since[CLOCK_TEXT];
	int64_t from;

	/* Of a time that is yet to come nobody knows how old it is. */
	if (t->r->conf->key_age == 0 || hostkey_since(c->svc, &from) == -1 ||
	    (!host_is_ahead(t->r, from) &&
	     t->r->now - from < t->r->conf->key_age))
		return;
	add_life(t, conf->name, NOTICE_KEY_AGE, "old",
		 arena_printf(t->r->arena,
			      conf->key ? "its key %s is of %s; for a new one "
					  "run: certrepo-installer --request "
					  "--new-key %s"
					: "its key %s is of %s; make a new "
					  "one, and enrol a CSR of it for %s",
			      path, clock_text(from, since), conf->name),
		 0, text);
}

void say_lives(struct finding *t)
{
	AUTO(sbuf_free) struct sbuf text = SBUF_INIT(64u * 1024);

	for (size_t i = 0; i < t->g.n; i++) {
		const struct judge_cert *c = &t->g.v[i];

		if (c->disk && !x509_chain_self_signed(c->disk)) {
			look_at_end(t, c, &text);
			look_at_begin(t, c, &text);
		} else if (lies_long(t, c)) {
			say_long(t, c, &text);
		} else if (t->r->notices && !renewed(t, c)) {
			/* It is over when something better is in place. */
			notice_open(t->r->notices, NOTICE_EXPIRING, t->s->name,
				    c->svc->conf->name);
		}
		look_at_key(t, c, &text);
	}
	if (text.len > 0 && t->r->dry_run)
		printf("%s: %s\n", t->s->name, sbuf_str(&text));
	else if (text.len > 0)
		say_once(t, SVCSTATE_LIFE, sbuf_str(&text));
}

/* What of it this run would have found, if it were so. */
void say_looked(const struct finding *t)
{
	struct notices *n = t->r->notices;

	if (!n)
		return;
	notice_looked(n, NOTICE_EXPIRING, t->s->name);
	notice_looked(n, NOTICE_KEY_AGE, t->s->name);
	if (t->unseen || (!t->probed && t->s->n_endpoints > 0))
		return;
	notice_looked(n, NOTICE_WAITING, t->s->name);
	/* After a change that failed, another look was the last. */
	if (t->action != PLAN_BACK)
		notice_looked(n, NOTICE_ENDPOINT, t->s->name);
}

void say_judged(const struct finding *t)
{
	if (t->r->notices)
		notice_looked(t->r->notices, NOTICE_TROUBLE, t->s->name);
	say_looked(t);
}

void say_states(struct finding *t)
{
	enum receipt_state state;
	const char *detail;
	char why[300];

	for (size_t i = 0; i < t->g.n; i++)
		if (finding_cert_state(t, i, &state, &detail))
			host_found(t->r, t->s, t->s->certs[i].conf->name, NULL,
				   state, NULL,
				   detail ? detail : end_of(t, &t->g.v[i]));
		else if (finding_over(t, i))
			host_over(t->r, t->s, t->s->certs[i].conf->name);
	for (size_t i = 0; i < t->s->n_endpoints; i++) {
		const struct svc_endpoint *e = &t->s->endpoints[i];
		struct verify_seen seen = t->seen[i];

		if (!finding_endpoint_state(t, i, &state, why))
			continue;
		/* Nobody is to be woken up by the end of what nobody trusts. */
		if (t->g.v[e->cert].placeholder && state == RECEIPT_SERVED)
			seen.not_after = 0;
		host_found(t->r, t->s, t->s->certs[e->cert].conf->name, e,
			   state, &seen, *why != '\0' ? why : NULL);
	}
}
