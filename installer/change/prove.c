/* SPDX-License-Identifier: MIT */

#include <stdio.h>
#include <string.h>
#include "hook.h"
#include "clock.h"
#include "paste.h"
#include "prove.h"

static const struct journal_cert *cert_of(const struct txn_part *p,
					  const struct svc_endpoint *e)
{
	const char *name = p->svc->certs[e->cert].conf->name;

	for (size_t i = 0; i < p->j->n_certs; i++)
		if (strcmp(p->j->certs[i].name, name) == 0)
			return &p->j->certs[i];
	return NULL;
}

/* What the endpoint showed before; NULL when nobody looked (it came into the
 * configuration since) or could. */
static const struct journal_endpoint *before_of(const struct txn_part *p,
						const struct svc_endpoint *e)
{
	for (size_t i = 0; i < p->j->n_endpoints; i++) {
		const struct journal_endpoint *b = &p->j->endpoints[i];

		if (strcmp(b->address, e->conf->address) == 0 &&
		    strcmp(b->look, e->look) == 0)
			return b;
	}
	return NULL;
}

static bool was_down(const struct txn_part *p, const struct svc_endpoint *e)
{
	const struct journal_endpoint *b = before_of(p, e);

	return b && !b->reachable;
}

bool prove_all_down(const struct txn_part *p)
{
	for (size_t i = 0; i < p->svc->n_endpoints; i++)
		if (!was_down(p, &p->svc->endpoints[i]))
			return false;
	return p->svc->n_endpoints > 0;
}

static bool eq(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

/* There is none, nor was: nothing can be said of it, be it good or bad. */
static bool is_none(const struct journal_cert *c)
{
	return !c || (!c->fingerprint && !c->old);
}

/* After going forward: this certificate and chain. Where there is none, what
 * showed one before, whosever that is, must go on showing one. */
static bool forward_right(const struct txn_part *p,
			  const struct svc_endpoint *e,
			  const struct verify_seen *seen, char why[300])
{
	const struct journal_cert *c = cert_of(p, e);
	const struct journal_endpoint *b = before_of(p, e);
	struct verify_want want = { NULL, NULL };

	why[0] = '\0';
	if (is_none(c) && (!b || !b->fingerprint))
		return true;
	if (c)
		want = (struct verify_want){ c->fingerprint, c->chain };
	return seen_match(&want, seen, why);
}

/* After going back: what it showed before, or what the old files hold; what
 * was broken before proves nothing and disproves nothing. */
static bool back_right(const struct txn_part *p, const struct svc_endpoint *e,
		       const struct verify_seen *seen, char why[300])
{
	const struct journal_endpoint *b = before_of(p, e);
	const struct journal_cert *c = cert_of(p, e);

	why[0] = '\0';
	if (!b || !b->reachable || !b->fingerprint)
		return true;
	if (seen->handshake && eq(b->fingerprint, seen->fingerprint) &&
	    (!b->chain || eq(b->chain, seen->chain)))
		return true;
	if (seen->handshake && c && eq(c->old, seen->fingerprint) &&
	    !eq(c->old, c->fingerprint))
		return true;
	(void) seen_match(&(struct verify_want){ b->fingerprint, b->chain },
			  seen, why);
	return why[0] == '\0';
}

/* Not the same as right: what was broken before may still be. */
static bool shows_old(const struct txn_part *p, size_t i)
{
	const struct svc_endpoint *e = &p->svc->endpoints[i];
	const struct journal_endpoint *b = before_of(p, e);
	const struct journal_cert *c = cert_of(p, e);
	const char *old = c ? c->old : NULL;

	/* Nothing in the files: what it had in its memory. */
	if (!old && b)
		old = b->fingerprint;
	return p->seen[i].handshake && eq(old, p->seen[i].fingerprint);
}

bool prove_shows_old(const struct txn_part *p, const char **ret_why)
{
	const char *unseen = NULL;

	for (size_t i = 0; i < p->svc->n_endpoints; i++) {
		const char *text;

		if (is_none(cert_of(p, &p->svc->endpoints[i])) ||
		    shows_old(p, i))
			continue;
		text = svc_endpoint_text(&p->svc->endpoints[i], p->run->arena);
		if (!p->seen[i].unknown) {
			*ret_why = arena_printf(
				p->run->arena, "%s does not serve it%s", text,
				p->svc->wait > 0 ? "" : ", nor did before");
			return false;
		}
		if (!unseen)
			unseen = arena_printf(p->run->arena,
					      "%s could not be looked at: %s",
					      text, p->seen[i].why);
	}
	*ret_why = unseen;
	return !unseen;
}

typedef bool right_fn(const struct txn_part *p, const struct svc_endpoint *e,
		      const struct verify_seen *seen, char why[300]);

/* What a command is told to look for, on the way forward or back. */
static struct verify_want want_of(const struct txn_part *p,
				  const struct svc_endpoint *e, bool back)
{
	const struct journal_endpoint *b = before_of(p, e);
	const struct journal_cert *c = cert_of(p, e);
	struct verify_want want = { NULL, NULL };

	if (!back && c)
		want = (struct verify_want){ c->fingerprint, c->chain };
	else if (back && b && b->fingerprint)
		want = (struct verify_want){ b->fingerprint, b->chain };
	else if (back && c)
		want.fingerprint = c->old;
	return want;
}

/* While a service changes over, its old processes may still accept a
 * connection after a new one has: only so many looks in a row prove it. */
#define LOOKS	    3
#define LOOKS_PAUSE 70 /* ms */

/* One look at each; the number that are not right. err names the first. */
static size_t look_once(struct txn_part *p, right_fn *right, struct err *err)
{
	const struct svc *s = p->svc;
	size_t wrong = 0;

	for (size_t i = 0; i < s->n_endpoints; i++) {
		struct verify_want want =
			want_of(p, &s->endpoints[i], right == back_right);
		char why[300];

		verify_endpoint(s, i, &want, &p->seen[i]);
		if (!right(p, &s->endpoints[i], &p->seen[i], why) &&
		    wrong++ == 0)
			err_set(err, ERR_TIMEOUT, "%s %s",
				svc_endpoint_text(&s->endpoints[i],
						  p->run->arena),
				why);
	}
	return wrong;
}

/* Look until every endpoint is right that many times in a row, or MS have
 * passed. What is in p->seen afterwards is the last look at each. */
static int look(struct txn_part *p, right_fn *right, int64_t ms,
		unsigned int looks, struct err *err)
{
	int64_t deadline = clock_mono_ms() + ms, left;
	unsigned int row = 0;

	if (p->svc->n_endpoints == 0)
		return 0;
	for (unsigned int n = 0;; n++) {
		row = look_once(p, right, err) == 0 ? row + 1 : 0;
		if (row == looks) {
			err_clear(err);
			return 0;
		}
		left = deadline - clock_mono_ms();
		if (row > 0)
			verify_wait(LOOKS_PAUSE);
		else if (left <= 0)
			return -1;
		else
			verify_wait(left < verify_pause(n) ? left
							   : verify_pause(n));
	}
}

/* Of those that are not right, all could not be reached before either. */
bool prove_only_down(const struct txn_part *p)
{
	for (size_t i = 0; i < p->svc->n_endpoints; i++) {
		const struct svc_endpoint *e = &p->svc->endpoints[i];
		char why[300];

		if (!forward_right(p, e, &p->seen[i], why) &&
		    (p->seen[i].reachable || !was_down(p, e)))
			return false;
	}
	return true;
}

bool prove_only_unseen(const struct txn_part *p)
{
	for (size_t i = 0; i < p->svc->n_endpoints; i++) {
		const struct svc_endpoint *e = &p->svc->endpoints[i];
		char why[300];

		if (!forward_right(p, e, &p->seen[i], why) &&
		    !p->seen[i].unknown &&
		    (p->seen[i].reachable || !was_down(p, e)))
			return false;
	}
	return true;
}

/* What endpoint I showed before was not what it should have, and is so now. An
 * old certificate that is in the files proves that it looks at them: that it
 * still shows that one is another matter. */
static bool same_as_before(const struct txn_part *p, size_t i)
{
	const struct svc_endpoint *e = &p->svc->endpoints[i];
	const struct journal_endpoint *b = before_of(p, e);
	const struct verify_seen *seen = &p->seen[i];
	const struct journal_cert *c = cert_of(p, e);

	if (!b || b->reachable != seen->reachable ||
	    !!b->fingerprint != seen->handshake)
		return false;
	if (!b->fingerprint)
		return !b->reachable ||
		       (p->before && eq(p->before[i].why, seen->why));
	return c && c->old && !eq(c->old, b->fingerprint) &&
	       eq(b->fingerprint, seen->fingerprint);
}

bool prove_only_same(const struct txn_part *p)
{
	for (size_t i = 0; i < p->svc->n_endpoints; i++) {
		const struct svc_endpoint *e = &p->svc->endpoints[i];
		char why[300];

		if (!forward_right(p, e, &p->seen[i], why) &&
		    !p->seen[i].unknown && !same_as_before(p, i))
			return false;
	}
	return true;
}

/* Endpoint I shows what it should, and what it showed before was another. That
 * a command is content says nothing: it may not tell one from the other. */
static bool shows_new(const struct txn_part *p, size_t i)
{
	const struct svc_endpoint *e = &p->svc->endpoints[i];
	const struct journal_endpoint *b = before_of(p, e);
	const struct journal_cert *c = cert_of(p, e);
	char why[300];

	if (!c || !c->fingerprint || p->seen[i].by_command ||
	    !forward_right(p, e, &p->seen[i], why))
		return false;
	return !b || !b->fingerprint
		       ? !eq(c->old, c->fingerprint)
		       : !eq(b->fingerprint, c->fingerprint) ||
				 (c->chain && !eq(b->chain, c->chain));
}

bool prove_was_told(const struct txn_part *p)
{
	for (size_t i = 0; i < p->svc->n_endpoints; i++)
		if (shows_new(p, i))
			return true;
	return false;
}

bool prove_shows_new(const struct txn_part *p, const char *name)
{
	bool any = false;

	for (size_t i = 0; i < p->svc->n_endpoints; i++) {
		size_t cert = p->svc->endpoints[i].cert;

		if (!eq(p->svc->certs[cert].conf->name, name))
			continue;
		if (!shows_new(p, i))
			return false;
		any = true;
	}
	return any;
}

/* The same on the way back, of all whose certificate was to be another. */
static bool was_told_back(const struct txn_part *p)
{
	bool any = false;

	for (size_t i = 0; i < p->svc->n_endpoints; i++) {
		const struct journal_cert *c =
			cert_of(p, &p->svc->endpoints[i]);

		if (!c || !c->old || eq(c->old, c->fingerprint))
			continue;
		if (p->seen[i].by_command || !shows_old(p, i))
			return false;
		any = true;
	}
	return any;
}

const char *prove_advice(const struct txn_part *p)
{
	for (size_t i = 0; i < p->svc->n_endpoints; i++) {
		const struct svc_endpoint *e = &p->svc->endpoints[i];
		const struct verify_seen *seen = &p->seen[i];
		const struct journal_cert *c = cert_of(p, e);

		if (c && c->fingerprint && seen->handshake &&
		    !seen->by_command &&
		    !eq(c->fingerprint, seen->fingerprint) &&
		    !eq(c->old, seen->fingerprint))
			return paste_advice(p->run, p->svc, e->cert);
	}
	return "";
}

bool prove_can_wait(const struct txn_part *p, int64_t override)
{
	for (size_t i = 0; i < p->svc->n_endpoints; i++) {
		const struct svc_endpoint *e = &p->svc->endpoints[i];
		const struct verify_seen *seen = &p->seen[i];
		char why[300];

		if (forward_right(p, e, seen, why) || seen->unknown ||
		    seen->by_command || (!seen->reachable && was_down(p, e)))
			continue;
		if (!seen->handshake ||
		    seen->not_after - p->run->now <
			    window_override(override, seen->not_before,
					    seen->not_after))
			return false;
	}
	return true;
}

/* On the way back: of those that are not right, none was seen to be wrong. */
static bool back_unseen(const struct txn_part *p)
{
	for (size_t i = 0; i < p->svc->n_endpoints; i++) {
		char why[300];

		if (!back_right(p, &p->svc->endpoints[i], &p->seen[i], why) &&
		    !p->seen[i].unknown)
			return false;
	}
	return true;
}

/* Was it to be installed, if only once more. */
static bool is_put(const struct txn_part *p, const char *name)
{
	for (size_t i = 0; p->g && i < p->g->n; i++)
		if (p->g->v[i].verdict == PLAN_PUT &&
		    strcmp(p->g->v[i].svc->conf->name, name) == 0)
			return true;
	return false;
}

enum receipt_state prove_state(const struct txn_part *p, const char *name,
			       enum receipt_state state)
{
	const struct svc *s = p->svc;

	if (state != RECEIPT_SERVED)
		return state;
	for (size_t i = 0; i < s->n_endpoints; i++)
		if (!name ||
		    eq(s->certs[s->endpoints[i].cert].conf->name, name))
			return state;
	return s->hooks[HOOK_ACTIVATE].n > 0 ? RECEIPT_ACTIVATED
					     : RECEIPT_INSTALLED;
}

void prove_report(struct txn_part *p, enum receipt_state state,
		  const char *detail)
{
	for (size_t i = 0; i < p->j->n_certs; i++) {
		const struct journal_cert *c = &p->j->certs[i];

		/* Of those that stay there may be something else to say. */
		if (!is_none(c) &&
		    (p->j->n_ops == 0 || !eq(c->fingerprint, c->old) ||
		     is_put(p, c->name)))
			host_receipt(p->run, p->svc, c->name, NULL,
				     prove_state(p, c->name, state), NULL,
				     detail);
	}
}

void prove_report_endpoints(struct txn_part *p, bool back,
			    enum receipt_state bad)
{
	right_fn *right = back ? back_right : forward_right;

	for (size_t i = 0; i < p->svc->n_endpoints; i++) {
		const struct svc_endpoint *e = &p->svc->endpoints[i];
		const struct verify_seen *seen = &p->seen[i];
		char why[300];
		bool ok;

		/* It could not be told, so no look was made afterwards. */
		if (!back && p->before && !seen_tells(seen) && !seen->unknown)
			seen = &p->before[i];
		/* What was said of it before still stands. */
		if (is_none(cert_of(p, e)) || !seen_tells(seen))
			continue;
		ok = right(p, e, seen, why);
		if (back && ok && !shows_old(p, i)) {
			ok = false;
			snprintf(why, sizeof(why), "%.280s, as before",
				 p->seen[i].handshake ? "serves something else"
						      : p->seen[i].why);
		}
		host_receipt(p->run, p->svc, p->svc->certs[e->cert].conf->name,
			     e,
			     !ok    ? bad
			     : back ? RECEIPT_ROLLED_BACK
				    : RECEIPT_SERVED,
			     seen, ok ? NULL : why);
	}
}

int prove_served(struct txn_part *p, struct err *err)
{
	int64_t ms = p->svc->wait > 0 ? 0 : p->svc->conf->verify_time * 1000;

	return look(p, forward_right, ms, LOOKS, err);
}

int prove_served_now(struct txn_part *p, struct err *err)
{
	return look(p, forward_right, 0, LOOKS, err);
}

/* Is it seen that it need not be told. */
static bool is_back(struct txn_part *p, struct err *err)
{
	const struct journal *j = p->j;

	if (p->svc->n_endpoints == 0 ||
	    (j->activated && !j->told_back && !p->again && p->svc->wait == 0))
		return false;
	if (look(p, back_right, 0, j->told_back || p->again ? LOOKS : 1, err) ==
	    -1)
		return false;
	/* Whether it was told, the run before could not say any more. */
	return !j->activated || j->told_back || p->svc->wait > 0 ||
	       was_told_back(p);
}

/* Tell the service, and look; start it when it died of what it was told. TOLD:
 * what telling it said, if it is not in err. */
static int back(struct txn_part *p, struct err *told, struct err *err)
{
	const struct svc *s = p->svc;
	int64_t ms = s->conf->verify_time * 1000;
	struct err started = ERR_INIT;
	bool tried = true;

	/* It was stopped, and nobody has started it. */
	if (!p->j->activated && !hook_running(s))
		return 0;
	/* Somebody may have mended since what had been told: to tell it again
	 * may be what breaks it. */
	if (is_back(p, err))
		return 0;
	if (s->wait > 0 || p->quiet)
		return 0;
	if (s->hooks[HOOK_ACTIVATE].n > 0 &&
	    hook_run(s, HOOK_ACTIVATE, &tried, told) == -1) {
		/* Without an endpoint to ask, its word is all there is. */
		if (s->n_endpoints == 0 && s->hooks[HOOK_START].n == 0) {
			*err = *told;
			err_clear(told);
			return -1;
		}
		if (s->n_endpoints == 0)
			return hook_run(s, HOOK_START, NULL, err);
	}
	p->j->told_back = tried;
	if (look(p, back_right, s->hooks[HOOK_START].n > 0 ? ms / 2 : ms, LOOKS,
		 err) == 0)
		return 0;
	/* That this host cannot look is no reason to start what may well run.
	 */
	if (s->hooks[HOOK_START].n == 0 ||
	    (told->msg[0] == '\0' && back_unseen(p)))
		return -1;
	if (hook_run(s, HOOK_START, NULL, &started) == -1 &&
	    told->msg[0] == '\0')
		*told = started;
	return look(p, back_right, ms, LOOKS, err);
}

int prove_back(struct txn_part *p, struct err *err)
{
	struct err told = ERR_INIT;

	if (back(p, &told, err) == 0)
		return 0;
	/* What stands in the way now may be another thing than what did. */
	if (told.msg[0] != '\0')
		err_set(err, err->kind, "%.400s; %.400s", err->msg, told.msg);
	return -1;
}
