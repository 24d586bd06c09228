/* SPDX-License-Identifier: MIT */
/* The CA's order (RFC 8555 section 7.4), from newOrder to the certificate. */
#include "order_impl.h"
#include <stdlib.h>
#include <string.h>
#include "clock.h"
#include "due.h"
#include "jitter.h"
#include "log.h"
#include "plain.h"

/* So many authorizations are no fault, however few names there are. */
#define AUTHZ_LEAST 10
/* A CSR that had no effect is sent once more, when the CA had this long. */
#define FINALIZE_MAX	  2
#define FINALIZE_AGAIN_MS 10000
/* A CA that takes longer to issue is looked at again in a later run: its
 * orders would stand in the way of others. */
#define ISSUE_MS (120 * 1000)
/* ... and is not waited for by a person who wants a new order. */
#define FORCED_MS (10 * 1000)

/* --- what is asked for --- */

static struct wish wish_of(const struct order *o)
{
	return (struct wish){ .row = o->cert,
			      .ca = o->ca,
			      .csr = o->csr,
			      .profile = o->profile };
}

/* What the CA says of a CSR that it got, or of an order that had one. */
static void explain_finalize(const struct order *o, struct fail *f)
{
	const struct wish w = wish_of(o);

	wish_explain(&w, WISH_FINALIZE, NULL, f);
}

/* --- the order object --- */

/* As long as a CA may take. What it has issued is given all of it, even by
 * force, and so is a CSR that it was sent just now. */
static int64_t patience(const struct order *o, enum state again)
{
	return o->how == ORDER_FORCED && o->resumed && !o->finalizes &&
			       again != S_DOWNLOAD
		       ? FORCED_MS
		       : ISSUE_MS;
}

/*
 * The order was finalized, and what came back does not lead on: the CA may
 * have issued all the same, or be about to. Look again, at AGAIN; in the end
 * leave it to the next run; or, by force, go back to the start.
 */
static enum order_wait look_again(struct order *o, enum state again,
				  const char *fmt, ...) PRINTF_LIKE(3, 4);
static enum order_wait look_again(struct order *o, enum state again,
				  const char *fmt, ...)
{
	int64_t now = clock_mono_ms();
	int64_t ms = reply_poll_ms(o->polls++, o->rtt_ms, o->reply.retry_at,
				   clock_now());
	int64_t most = patience(o, again);
	va_list ap;

	va_start(ap, fmt);
	(void) vsnprintf(o->why, sizeof(o->why), fmt, ap);
	va_end(ap);
	if (!o->waits_ms)
		o->waits_ms = now;
	if (now + ms - o->waits_ms < most &&
	    o->reply.retry_at - clock_now() < most / 1000)
		return order_pause(o, ms, again);
	fail_set(&o->fail, FAIL_NONE, o->reply.retry_at, "%s", o->why);
	if (o->how != ORDER_FORCED || !o->resumed)
		return order_go(o, S_PARK);
	log_warn("%s: let go the order %s, for a new one: %s", o->name, o->url,
		 o->why);
	o->let_go = true;
	return order_start_anew(o);
}

/* The same where a request failed: what is the CA's own trouble, or the
 * account's, is a failure, and the order is kept. */
static enum order_wait look_again_failed(struct order *o, enum state again)
{
	long status = o->reply.status;

	if (!o->finalized || status < 400 || status >= 500 || status == 429 ||
	    o->reply.fail.class == FAIL_ACCOUNT)
		return order_fail_reply(o, again);
	return look_again(o, again, "%s", o->reply.fail.detail);
}

static enum order_wait follow_pending(struct order *o,
				      const struct acme_order *a)
{
	size_t i, most = 2 * x509_csr_ids(o->csr)->n;

	/* They need not be one for each name (RFC 8555 section 7.1.3), but each
	 * is a proof of ours, and memory. */
	if (most < AUTHZ_LEAST)
		most = AUTHZ_LEAST;
	if (a->n_authorizations == 0 || a->n_authorizations > most)
		return order_failed(o, FAIL_CA_DOWN, true,
				    "the CA's order has %zu authorizations",
				    a->n_authorizations);
	o->authz = mem_array(a->n_authorizations, sizeof(*o->authz));
	o->n_authz = a->n_authorizations;
	for (i = 0; i < o->n_authz; i++)
		o->authz[i] = authz_new(&o->job, a->authorizations[i]);
	return order_go(o, S_AUTHZ);
}

/* Ready, though it was finalized: our request or its answer was lost, or the
 * CA is slow to say so. */
static enum order_wait follow_ready(struct order *o)
{
	if (!o->finalizes)
		return order_go(o, S_FINALIZE);
	if (o->refused && !fail_of_ca(o->fail.class))
		return order_fail_with(o, &o->fail, false);
	if (o->finalizes < FINALIZE_MAX &&
	    clock_mono_ms() - o->finalize_ms >= FINALIZE_AGAIN_MS)
		return order_go(o, S_FINALIZE);
	/* That was no slow CA, but one in trouble. */
	if (o->refused && o->finalizes == FINALIZE_MAX)
		return order_fail_with(o, &o->fail, false);
	return look_again(o, S_POLL,
			  "the CA has not taken the CSR yet (status ready)");
}

static enum order_wait follow_invalid(struct order *o,
				      const struct acme_order *a)
{
	struct fail f;

	/* It was left for too long: that is no failure of the name. */
	if (o->resumed && o->ts_expires && o->ts_expires <= clock_now())
		return order_start_anew(o);
	if (a->error.class != FAIL_NONE) {
		f = a->error;
		explain_finalize(o, &f);
		return order_fail_with(o, &f, true);
	}
	if (o->refused)
		return order_fail_with(o, &o->fail, true);
	return order_failed(o, FAIL_UNAUTHORIZED, true,
			    "the CA declared the order invalid and did not "
			    "say why");
}

static char *copy(const char *s)
{
	return s ? mem_strdup(s) : NULL;
}

/* By which profile it is; what the CA makes of our wish is its own. */
static void take_profile(struct order *o, const struct acme_order *a)
{
	char asked[PLAIN_QUOTED], got[PLAIN_QUOTED];

	if (!a->profile || (o->profile && strcmp(o->profile, a->profile) == 0))
		return;
	if (o->profile && !o->resumed)
		log_warn("%s: the CA was asked for the profile %s, and its "
			 "order is by the profile %s",
			 o->name, plain_quoted(o->profile, asked),
			 plain_quoted(a->profile, got));
	o->profile = arena_strdup(o->row, a->profile);
}

/* Of an earlier run, and by another profile than is wanted now. The CA was not
 * told to issue: nothing is lost with it. */
static bool is_outdated(const struct order *o, const struct acme_order *a)
{
	const char *wanted = wish_profile(o->cert, o->ca);

	return o->resumed && !o->finalized &&
	       (a->status == ACME_PENDING || a->status == ACME_READY) &&
	       a->profile && wanted && strcmp(a->profile, wanted) != 0;
}

/* Take over what the CA says of the order, and go where that leads. */
static enum order_wait follow(struct order *o)
{
	struct acme_order a;
	struct err err = ERR_INIT;
	int64_t ms;

	arena_clear(o->arena);
	if (acme_parse_order(o->reply.body, o->reply.len, o->arena, &a, &err) ==
	    -1) {
		(void) err_wrap(&err, "the CA's order");
		if (o->finalized)
			return look_again(o, S_POLL, "%s", err.msg);
		if (reply_unreadable(&o->tries, &ms))
			return order_pause(o, ms, S_POLL);
		return order_failed(o, FAIL_CA_DOWN, true, "%s", err.msg);
	}
	reply_read(&o->reply);
	free(o->finalize);
	o->finalize = copy(a.finalize);
	free(o->certificate);
	o->certificate = copy(a.certificate);
	if (a.expires)
		o->ts_expires = a.expires;
	take_profile(o, &a);
	if (is_outdated(o, &a)) {
		fail_set(&o->fail, FAIL_NONE, 0,
			 "the order of an earlier run was by another profile");
		o->let_go = true;
		return order_start_anew(o);
	}
	switch (a.status) {
	case ACME_PENDING:
		if (o->finalized)
			break;
		return follow_pending(o, &a);
	case ACME_READY:
		return follow_ready(o);
	case ACME_PROCESSING:
		o->finalized = true;
		return look_again(o, S_POLL,
				  "the CA has not issued yet "
				  "(status processing)");
	case ACME_VALID:
		o->finalized = true;
		if (o->certificate)
			return order_go(o, S_DOWNLOAD);
		break;
	default:
		return follow_invalid(o, &a);
	}
	return look_again(o, S_POLL, "the CA's order makes no sense: %s",
			  a.status == ACME_VALID ? "valid without a certificate"
						 : "finalized, yet pending");
}

/* The attempt to go on with it is on record, like any other. */
static int op_forget(struct store *store, void *arg, struct err *err)
{
	struct order *o = arg;
	struct store_attempt a;

	order_attempt(o, &a);
	a.outcome = o->let_go ? "let-go" : "gone";
	a.detail = o->let_go ? o->fail.detail
			     : "the CA does not know any more the order of an "
			       "earlier run";
	a.ts_end = clock_now();
	return store_order_gone(store, 0, &a, err);
}

enum order_wait order_start_anew(struct order *o)
{
	log_event(LOG_L_INFO, o->let_go ? "order-let-go" : "order-gone", "name",
		  o->name, "order", o->url, NULL);
	o->resumed = o->finalized = o->refused = false;
	o->ts_expires = 0;
	o->polls = o->tries = o->finalizes = 0;
	o->waits_ms = 0;
	return order_commit(o, op_forget, S_FORGOTTEN);
}

enum order_wait order_s_forgotten(struct order *o)
{
	if (o->store_err.kind)
		return order_fail_store(o);
	return order_go(o, S_NEW);
}

enum order_wait order_s_resume(struct order *o)
{
	o->resumed = true;
	if (!o->url) {
		o->url = mem_strdup(o->saved.url);
		o->finalized = strcmp(o->saved.state, "new") != 0;
		o->ts_expires = o->saved.ts_expires;
	}
	return order_call(o, acme_get(o->acme, o->url, order_on_reply, o),
			  S_RESUMED);
}

enum order_wait order_s_resumed(struct order *o)
{
	if (!o->reply.failed)
		return follow(o);
	/* The CA knows it no more. */
	if (!o->finalized && (o->reply.status == 404 || o->reply.status == 410))
		return order_start_anew(o);
	return look_again_failed(o, S_RESUME);
}

enum order_wait order_s_new(struct order *o)
{
	struct acme_wish wish = { .ids = x509_csr_ids(o->csr),
				  .replaces = o->replaces };
	struct err err = ERR_INIT;
	struct wish w;

	wish.profile = o->profile = wish_profile(o->cert, o->ca);
	w = wish_of(o);
	if (wish_offered(&w, acme_offer(o->acme), &err) == -1) {
		struct fail f;

		fail_set(&f, FAIL_CONFIG, 0, "%s", err.msg);
		f.unspent = true;
		return order_fail_with(o, &f, false);
	}
	return order_call(o, acme_new_order(o->acme, &wish, order_on_reply, o),
			  S_CREATED);
}

static int put_order(struct store *store, const struct order *o,
		     const char *state, struct err *err)
{
	struct store_order so = { .name = o->name,
				  .owner = o->env->owner,
				  .ca_name = o->ca->name,
				  .account = acme_account(o->acme),
				  .key_sha256 = x509_csr_key(o->csr)->sha256,
				  .url = o->url,
				  .state = state,
				  .ts_created = o->resumed ? o->saved.ts_created
							   : o->ts_start,
				  .ts_state = clock_now(),
				  .ts_expires = o->ts_expires,
				  .directory = o->ca->directory };

	return store_order_put(store, &so, err);
}

static int op_new(struct store *store, void *arg, struct err *err)
{
	return put_order(store, arg, "new", err);
}

static int op_finalized(struct store *store, void *arg, struct err *err)
{
	return put_order(store, arg, "finalized", err);
}

static enum order_wait refused_order(struct order *o)
{
	struct fail f = o->reply.fail;
	const struct wish w = wish_of(o);

	if (o->replaces && wish_without_replaces(&o->reply)) {
		log_debug("%s: once more without what it replaces: %s", o->name,
			  f.detail);
		o->replaces = NULL;
		return order_go(o, S_NEW);
	}
	wish_explain(&w, WISH_ORDER, o->reply.problem, &f);
	return order_fail_with(o, &f, false);
}

enum order_wait order_s_created(struct order *o)
{
	if (o->reply.failed)
		return refused_order(o);
	if (!o->reply.location ||
	    strncmp(o->reply.location, "https://", 8) != 0 ||
	    strlen(o->reply.location) >= ACME_URL_MAX)
		return order_failed(
			o, FAIL_CA_DOWN, false,
			"the CA took the order but did not say where it "
			"is");
	free(o->url);
	o->url = mem_strdup(o->reply.location);
	return order_commit(o, op_new, S_RECORDED);
}

enum order_wait order_s_recorded(struct order *o)
{
	if (o->store_err.kind)
		return order_fail_store(o);
	return follow(o);
}

enum order_wait order_s_authz(struct order *o)
{
	size_t i, valid = 0;
	const struct fail *f;
	bool terminal;

	for (i = 0; i < o->n_authz; i++) {
		authz_step(o->authz[i]);
		f = authz_fail(o->authz[i], &terminal);
		if (f)
			return order_fail_with(o, f, terminal);
		valid += authz_valid(o->authz[i]);
	}
	return valid == o->n_authz ? order_go(o, S_FINALIZE) : ORDER_AUTHZ;
}

enum order_wait order_s_finalize(struct order *o)
{
	if (!o->finalize)
		return order_failed(o, FAIL_CA_DOWN, !o->finalized,
				    "the CA's order has no finalize URL");
	if (o->finalized)
		return order_go(o, S_SEND_CSR);
	err_clear(&o->store_err);
	return order_commit(o, op_finalized, S_SEND_CSR);
}

enum order_wait order_s_send_csr(struct order *o)
{
	const unsigned char *der;
	size_t len;

	if (o->store_err.kind)
		return order_fail_store(o);
	o->finalized = true;
	o->refused = false;
	o->finalizes++;
	o->finalize_ms = clock_mono_ms();
	o->polls = 0;
	x509_csr_der(o->csr, &der, &len);
	return order_call(o,
			  acme_finalize(o->acme, o->finalize, der, len,
					order_on_reply, o),
			  S_FINALIZED);
}

enum order_wait order_s_finalized(struct order *o)
{
	struct fail *f = &o->reply.fail;

	if (!o->reply.failed)
		return follow(o);
	explain_finalize(o, f);
	/* No other order will do with this CSR, or this profile. */
	if (f->class == FAIL_BAD_CSR || f->class == FAIL_CONFIG)
		return order_fail_with(o, f, true);
	/* Too early (orderNotReady, RFC 8555 section 7.4), refused for what it
	 * is, or the answer was lost: the order itself tells. */
	if (strcmp(o->reply.problem ? o->reply.problem : "", "orderNotReady") !=
	    0) {
		o->refused = true;
		o->fail = *f;
	}
	if (fail_of_ca(f->class) && f->class != FAIL_CA_DOWN)
		return order_fail_reply(o, S_POLL);
	return look_again(o, S_POLL, "%s", f->detail);
}

enum order_wait order_s_poll(struct order *o)
{
	return order_call(o, acme_get(o->acme, o->url, order_on_reply, o),
			  S_POLLED);
}

enum order_wait order_s_polled(struct order *o)
{
	int64_t ms;

	if (!o->reply.failed)
		return follow(o);
	if (!o->finalized && reply_race(&o->reply, &o->tries, &ms))
		return order_pause(o, ms, S_POLL);
	return look_again_failed(o, S_POLL);
}

enum order_wait order_s_download(struct order *o)
{
	return order_call(o,
			  acme_get(o->acme, o->certificate, order_on_reply, o),
			  S_DOWNLOADED);
}

static int op_accept(struct store *store, void *arg, struct err *err)
{
	const struct order *o = arg;
	const struct accept_cert *c = &o->accepted;
	int64_t days_left = o->env->conf->days_left, now = clock_now();
	/* One that is dated back so far that it would be due at once, or would
	 * be as soon as the CA asks, lives from today on: it would be ordered
	 * anew in each run. */
	bool old = due_renew_asked(c->not_before, c->not_after, days_left, 1,
				   NULL) <= now;
	int64_t not_before = old ? now : c->not_before;
	const struct due_in in = { .has_crt = true,
				   .not_before = not_before,
				   .not_after = c->not_after,
				   .days_left = days_left };
	struct store_accept a = {
		.owner = o->env->owner,
		.crt = { c->crt, strlen(c->crt) },
		.ca = { c->ca, strlen(c->ca) },
		.md5_ca = c->md5_ca,
		.crt_sha256 = c->crt_sha256,
		.ts_expire = c->not_after,
		.ts_not_before = not_before,
		.ts_due = due_instant(&in),
		.ts_ari_poll = due_first_poll(now, jitter_number(o->name)),
	};

	order_attempt(o, &a.attempt);
	return store_accept(store, &a, err);
}

/* Only by our clock, which has changed since the order began, is it wrong. */
static bool jumped(struct order *o)
{
	int64_t steady = order_steady(o), by = clock_now() - steady;

	if (by >= -ACCEPT_SKEW && by <= ACCEPT_SKEW)
		return false;
	o->jumped = accept_check(o->reply.body, o->reply.len, o->csr, steady,
				 &o->accepted, NULL) == 0;
	return o->jumped;
}

enum order_wait order_s_downloaded(struct order *o)
{
	struct err err = ERR_INIT;

	if (o->reply.failed)
		return look_again_failed(o, S_DOWNLOAD);
	if (!accept_is_chain(o->reply.body, o->reply.len))
		return look_again(o, S_DOWNLOAD,
				  "the CA's certificate cannot be read");
	if (accept_check(o->reply.body, o->reply.len, o->csr, clock_now(),
			 &o->accepted, &err) == -1)
		return jumped(o)
			       ? order_failed(o, FAIL_CLOCK, false,
					      "this machine's clock was put to "
					      "another time while the CA was "
					      "at work, and by it %s",
					      err.msg)
			       : order_failed(o, FAIL_BAD_CERT, true, "%s",
					      err.msg);
	return order_choose_chain(o);
}

enum order_wait order_s_accept(struct order *o)
{
	o->ts_end = clock_now();
	return order_commit(o, op_accept, S_STORED);
}

enum order_wait order_s_stored(struct order *o)
{
	if (o->store_err.kind)
		return order_fail_store(o);
	o->stored = true;
	o->not_after = o->accepted.not_after;
	o->end = ORDER_RENEWED;
	order_say_change(o);
	return order_go(o, S_LEARN);
}
