/* SPDX-License-Identifier: MIT */
#include "order.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include "accept.h"
#include "authz.h"
#include "clock.h"
#include "due.h"
#include "log.h"
#include "reply.h"

/* A lease outlives its order, and the wait for an absent store. */
#define LEASE_MARGIN (5 * 60 + BATCH_PATIENCE_MS / 1000)
/* Proofs are removed within this, or by the next run. */
#define CLEAN_MS (60 * 1000)
/* Past the deadline, a commit that is under way is waited for. */
#define COMMIT_MS    5000
#define FINALIZE_MAX 3

enum state {
	S_CLAIM,
	S_CLAIMED,
	S_RESUME,
	S_RESUMED,
	S_FORGOTTEN,
	S_NEW,
	S_CREATED,
	S_RECORDED,
	S_AUTHZ,
	S_FINALIZE,
	S_FINALIZED,
	S_POLL,
	S_POLLED,
	S_DOWNLOAD,
	S_DOWNLOADED,
	S_STORED,
	S_FAIL,
	S_GIVE_UP,
	S_FAILED,
	S_CLEAN,
	S_LEAVE,
	S_LEFT,
	S_END,
};

struct order {
	const struct order_env *env;
	void *cookie;
	const struct certrepo_ca *ca;
	struct acme *acme;
	char *name, *ca_name;
	bool early;
	enum state state;
	enum order_wait waits;
	enum order_end end;

	/* the row, as claimed; in ROW */
	struct arena *row;
	struct store_cert *cert;
	bool have_saved;
	struct store_order saved;
	int claimed;
	struct x509_csr *csr;

	/* the order */
	struct arena *arena;
	bool resumed;
	char *url, *finalize, *certificate;
	struct authz_job job;
	struct authz **authz;
	size_t n_authz;

	struct acme_call *call;
	struct reply reply;
	int64_t sent_ms, rtt_ms;
	struct loop_timer *timer, *deadline;
	struct err store_err;
	int tries, polls, finalizes;

	struct accept_cert accepted;
	int64_t ts_start, ts_end, not_after;
	bool failed, terminal, stopping, cleaning;
	struct fail fail;
	struct backoff backoff;
	int64_t count;
};

typedef enum order_wait state_fn(struct order *o);

/* --- what it waits for --- */

static void wake(void *arg)
{
	struct order *o = arg;

	o->env->wake(o->env->arg, o->cookie);
}

static void on_reply(void *arg, const struct acme_result *r)
{
	struct order *o = arg;

	o->call = NULL;
	o->rtt_ms = clock_mono_ms() - o->sent_ms;
	reply_take(&o->reply, r);
	o->waits = ORDER_ON;
	wake(o);
}

static void on_timer(void *arg)
{
	struct order *o = arg;

	o->timer = NULL;
	o->waits = ORDER_ON;
	wake(o);
}

static void on_commit(void *arg, const struct err *err)
{
	struct order *o = arg;

	if (err)
		o->store_err = *err;
	else
		err_clear(&o->store_err);
	o->waits = ORDER_ON;
	wake(o);
}

static enum order_wait go(struct order *o, enum state next)
{
	o->state = next;
	return ORDER_ON;
}

static enum order_wait call(struct order *o, struct acme_call *c,
			    enum state next)
{
	o->call = c;
	o->sent_ms = clock_mono_ms();
	o->state = next;
	return ORDER_CALL;
}

static enum order_wait pause_ms(struct order *o, int64_t ms, enum state next)
{
	o->timer = loop_after(o->env->loop, ms, on_timer, o);
	o->state = next;
	return ORDER_TIMER;
}

static enum order_wait commit(struct order *o, batch_op *op, enum state next)
{
	batch_add(o->env->batch, op, on_commit, o);
	o->state = next;
	return ORDER_COMMIT;
}

/* --- failure --- */

/* TERMINAL: the CA's order is of no more use. */
static enum order_wait fail_with(struct order *o, const struct fail *f,
				 bool terminal)
{
	if (!o->failed) {
		o->failed = true;
		o->fail = *f;
		o->terminal = terminal;
	}
	return go(o, S_FAIL);
}

static enum order_wait PRINTF_LIKE(4, 5)
	fail(struct order *o, enum fail_class class, bool terminal,
	     const char *fmt, ...)
{
	AUTO(mem_free_str) char *msg = NULL;
	struct fail f;
	va_list ap;

	va_start(ap, fmt);
	msg = mem_vprintf(fmt, ap);
	va_end(ap);
	fail_set(&f, class, 0, "%s", msg);
	return fail_with(o, &f, terminal);
}

static enum order_wait fail_store(struct order *o)
{
	return fail(o, FAIL_STORE, false, "%s", o->store_err.msg);
}

/* A request failed: look again how things stand when that may help. */
static enum order_wait fail_reply(struct order *o, enum state again)
{
	int64_t ms;

	if (reply_transient(&o->reply.fail, o->tries, clock_now(), &ms)) {
		o->tries++;
		return pause_ms(o, ms, again);
	}
	return fail_with(o, &o->reply.fail,
			 o->reply.fail.class == FAIL_BAD_CSR ||
				 o->reply.fail.class == FAIL_REJECTED);
}

/* --- the row --- */

const char *order_challenge(const char *challenge, bool certbot)
{
	if (challenge)
		return challenge;
	return certbot ? "http-01" : "dns-01";
}

static int op_claim(struct store *store, void *arg, struct err *err)
{
	struct order *o = arg;
	int64_t now = clock_now();
	int64_t until = now + 2 * o->env->conf->order_timeout + LEASE_MARGIN;
	int found;

	arena_clear(o->row);
	o->cert = NULL;
	o->have_saved = false;
	/* A row that was due when we listed it may have been renewed by
	 * another instance since. */
	o->claimed = (o->early ? store_claim : store_claim_due)(
		store, o->name, o->env->owner, now, until, err);
	if (o->claimed != 1)
		return o->claimed;
	found = store_get(store, o->name, o->row, &o->cert, err);
	if (found != 1) {
		o->claimed = 0;
		return found;
	}
	found = store_order_get(store, o->name, 0, o->row, &o->saved, err);
	o->have_saved = found == 1;
	return found == -1 ? -1 : 0;
}

static void on_deadline(void *arg);

static enum order_wait s_claim(struct order *o)
{
	o->ts_start = clock_now();
	o->deadline =
		loop_after(o->env->loop, o->env->conf->order_timeout * 1000,
			   on_deadline, o);
	return commit(o, op_claim, S_CLAIMED);
}

/* All that can be known to be wrong before an order is spent. */
static enum order_wait check_row(struct order *o)
{
	struct x509_csr_policy policy = { .allow_ip = o->ca->allow_ip,
					  .any_key = o->ca->any_key,
					  .allow_single = o->ca->allow_single };
	const char *type =
		order_challenge(o->cert->challenge, o->cert->certbot);
	AUTO(chall_free) struct chall *probe = NULL;
	struct err err = ERR_INIT;
	struct chall_req req = { .type = type,
				 .name = o->name,
				 .owner = o->env->owner,
				 .token = "probe",
				 .thumbprint = "probe",
				 .webroot_path = o->cert->webroot_path };

	if (x509_csr_parse(o->cert->csr.p, o->cert->csr.len, &o->csr, &err) ==
		    -1 ||
	    x509_csr_check(o->csr, &policy, &err) == -1)
		return fail(o, FAIL_BAD_CSR, false, "the row's CSR: %s",
			    err.msg);
	if (!chall_supported(type))
		return fail(o, FAIL_CONFIG, false,
			    "the row wants the challenge %s, which is not "
			    "known here",
			    type);
	req.identifier = x509_csr_ids(o->csr)->v[0].value;
	if (strncmp(req.identifier, "*.", 2) == 0)
		req.identifier += 2;
	if (chall_new(o->env->chall, &req, NULL, NULL, &probe, &err) == -1)
		return fail(o, authz_class(err.kind, type), false, "%s",
			    err.msg);
	return ORDER_ON;
}

/* The order of a run that was killed, if it is still the one we want. */
static bool resumable(const struct order *o)
{
	const struct store_order *s = &o->saved;

	return o->have_saved && s->url && s->account && s->key_sha256 &&
	       s->ca_name && strcmp(s->ca_name, o->ca->name) == 0 &&
	       strcmp(s->account, acme_account(o->acme)) == 0 &&
	       strcmp(s->key_sha256, x509_csr_key(o->csr)->sha256) == 0;
}

static enum order_wait s_claimed(struct order *o)
{
	if (o->store_err.kind) {
		o->claimed = 0;
		return fail_store(o);
	}
	if (o->claimed != 1) {
		o->end = ORDER_LOST;
		return go(o, S_END);
	}
	if (!o->ca)
		return fail(o, FAIL_CONFIG, false,
			    "the row names the CA \"%s\", which is not in the "
			    "configuration",
			    o->ca_name);
	o->state = S_NEW;
	if (check_row(o) == ORDER_ON && o->failed)
		return ORDER_ON;
	o->job = (struct authz_job){
		.loop = o->env->loop,
		.batch = o->env->batch,
		.chall = o->env->chall,
		.acme = o->acme,
		.owner = o->env->owner,
		.name = o->name,
		.challenge =
			order_challenge(o->cert->challenge, o->cert->certbot),
		.webroot_path = o->cert->webroot_path,
		.ids = x509_csr_ids(o->csr),
		.wake = wake,
		.arg = o,
		.proof_gone = o->env->proof_gone,
		.env = o->env->arg,
	};
	return go(o, resumable(o) ? S_RESUME : S_NEW);
}

/* --- the order object --- */

/* Take over what the CA says of the order, and go where that leads. */
static enum order_wait follow(struct order *o, bool after_finalize)
{
	struct acme_order a;
	struct err err = ERR_INIT;
	size_t i;

	arena_clear(o->arena);
	if (acme_parse_order(o->reply.body, o->reply.len, o->arena, &a, &err) ==
	    -1)
		return fail(o, FAIL_CA_DOWN, true, "the CA's order: %s",
			    err.msg);
	free(o->finalize);
	o->finalize = a.finalize ? mem_strdup(a.finalize) : NULL;
	free(o->certificate);
	o->certificate = a.certificate ? mem_strdup(a.certificate) : NULL;
	switch (a.status) {
	case ACME_PENDING:
		if (after_finalize)
			break;
		if (a.n_authorizations == 0 ||
		    a.n_authorizations > ACME_AUTHZ_MAX)
			return fail(o, FAIL_CA_DOWN, true,
				    "the CA's order has %zu authorizations",
				    a.n_authorizations);
		o->authz = mem_array(a.n_authorizations, sizeof(*o->authz));
		o->n_authz = a.n_authorizations;
		for (i = 0; i < o->n_authz; i++)
			o->authz[i] = authz_new(&o->job, a.authorizations[i]);
		return go(o, S_AUTHZ);
	case ACME_READY:
		/* Still? Then our request or its answer was lost. */
		if (o->finalizes >= FINALIZE_MAX)
			break;
		return o->finalizes ? pause_ms(o, 1000, S_FINALIZE)
				    : go(o, S_FINALIZE);
	case ACME_PROCESSING:
		return pause_ms(o,
				reply_poll_ms(o->polls, o->rtt_ms,
					      o->reply.retry_at, clock_now()),
				S_POLL);
	case ACME_VALID:
		if (o->certificate)
			return go(o, S_DOWNLOAD);
		break;
	default:
		if (a.error.class != FAIL_NONE)
			return fail_with(o, &a.error, true);
		return fail(o, FAIL_UNAUTHORIZED, true,
			    "the CA declared the order invalid and did not "
			    "say why");
	}
	return fail(o, FAIL_CA_DOWN, true, "the CA's order makes no sense: %s",
		    a.status == ACME_VALID ? "valid without a certificate"
					   : "finalized, yet not processed");
}

/* What was resumed turned out to be of no use: order anew, at once. */
static int op_forget(struct store *store, void *arg, struct err *err)
{
	struct order *o = arg;

	return store_order_drop(store, o->name, 0, err);
}

static void drop_authz(struct order *o)
{
	size_t i;

	for (i = 0; i < o->n_authz; i++)
		authz_free(&o->authz[i]);
	free(o->authz);
	o->authz = NULL;
	o->n_authz = 0;
}

static enum order_wait start_anew(struct order *o)
{
	log_event(LOG_L_INFO, "order-useless", "name", o->name, "order",
		  o->saved.url, "why", o->fail.detail, NULL);
	o->failed = false;
	o->terminal = false;
	o->resumed = false;
	o->polls = o->tries = o->finalizes = 0;
	return commit(o, op_forget, S_FORGOTTEN);
}

static enum order_wait s_forgotten(struct order *o)
{
	if (o->store_err.kind)
		return fail_store(o);
	return go(o, S_NEW);
}

static enum order_wait s_resume(struct order *o)
{
	o->resumed = true;
	if (!o->url)
		o->url = mem_strdup(o->saved.url);
	return call(o, acme_get(o->acme, o->url, on_reply, o), S_RESUMED);
}

static enum order_wait s_resumed(struct order *o)
{
	if (!o->reply.failed)
		return follow(o, false);
	/* 404 and the like: the CA knows it no more. */
	if (!fail_of_ca(o->reply.fail.class))
		return fail_with(o, &o->reply.fail, true);
	if (o->reply.status >= 400 && o->reply.status < 500 &&
	    o->reply.fail.class == FAIL_CA_DOWN)
		return fail_with(o, &o->reply.fail, true);
	return fail_reply(o, S_RESUME);
}

static enum order_wait s_new(struct order *o)
{
	return call(o,
		    acme_new_order(o->acme, x509_csr_ids(o->csr), on_reply, o),
		    S_CREATED);
}

static int op_order(struct store *store, void *arg, struct err *err)
{
	const struct order *o = arg;
	struct store_order so = { .name = o->name,
				  .ca_name = o->ca->name,
				  .account = acme_account(o->acme),
				  .key_sha256 = x509_csr_key(o->csr)->sha256,
				  .url = o->url,
				  .state = "new",
				  .ts_created = o->ts_start };

	return store_order_put(store, &so, err);
}

static enum order_wait s_created(struct order *o)
{
	if (o->reply.failed)
		return fail_with(o, &o->reply.fail, false);
	if (!o->reply.location ||
	    strncmp(o->reply.location, "https://", 8) != 0 ||
	    strlen(o->reply.location) > ACME_URL_MAX)
		return fail(o, FAIL_CA_DOWN, false,
			    "the CA took the order but did not say where it "
			    "is");
	free(o->url);
	o->url = mem_strdup(o->reply.location);
	return commit(o, op_order, S_RECORDED);
}

static enum order_wait s_recorded(struct order *o)
{
	if (o->store_err.kind)
		return fail_store(o);
	return follow(o, false);
}

static enum order_wait s_authz(struct order *o)
{
	size_t i, valid = 0;
	const struct fail *f;
	bool terminal;

	for (i = 0; i < o->n_authz; i++) {
		authz_step(o->authz[i]);
		f = authz_fail(o->authz[i], &terminal);
		if (f)
			return fail_with(o, f, terminal);
		valid += authz_valid(o->authz[i]);
	}
	return valid == o->n_authz ? go(o, S_FINALIZE) : ORDER_AUTHZ;
}

static enum order_wait s_finalize(struct order *o)
{
	const unsigned char *der;
	size_t len;

	if (!o->finalize)
		return fail(o, FAIL_CA_DOWN, true,
			    "the CA's order has no finalize URL");
	o->finalizes++;
	x509_csr_der(o->csr, &der, &len);
	return call(o,
		    acme_finalize(o->acme, o->finalize, der, len, on_reply, o),
		    S_FINALIZED);
}

static enum order_wait s_finalized(struct order *o)
{
	if (!o->reply.failed)
		return follow(o, true);
	/* orderNotReady (RFC 8555 section 7.4), or the answer was lost: the
	 * order itself tells. */
	if (o->reply.problem &&
	    strcmp(o->reply.problem, "orderNotReady") == 0 &&
	    o->tries++ < REPLY_TRIES)
		return pause_ms(o, 1000, S_POLL);
	return fail_reply(o, S_POLL);
}

static enum order_wait s_poll(struct order *o)
{
	o->polls++;
	return call(o, acme_get(o->acme, o->url, on_reply, o), S_POLLED);
}

static enum order_wait s_polled(struct order *o)
{
	if (o->reply.failed)
		return fail_reply(o, S_POLL);
	return follow(o, true);
}

static enum order_wait s_download(struct order *o)
{
	return call(o, acme_get(o->acme, o->certificate, on_reply, o),
		    S_DOWNLOADED);
}

static void attempt(const struct order *o, struct store_attempt *a)
{
	*a = (struct store_attempt){
		.name = o->name,
		.ca_name = o->ca ? o->ca->name : o->ca_name,
		.account = o->acme ? acme_account(o->acme) : NULL,
		.order_url = o->url,
		.outcome = o->failed ? fail_name(o->fail.class) : "ok",
		.detail = o->failed ? o->fail.detail : NULL,
		.ts_start = o->ts_start,
		.ts_end = o->ts_end,
	};
}

static int op_accept(struct store *store, void *arg, struct err *err)
{
	const struct order *o = arg;
	const struct accept_cert *c = &o->accepted;
	struct store_accept a = {
		.owner = o->env->owner,
		.crt = { c->crt, strlen(c->crt) },
		.ca = { c->ca, strlen(c->ca) },
		.md5_ca = c->md5_ca,
		.crt_sha256 = c->crt_sha256,
		.ts_expire = c->not_after,
		.ts_not_before = c->not_before,
		.ts_due = due_instant(true, c->not_before, c->not_after, 0,
				      false, false, o->env->conf->days_left),
	};

	attempt(o, &a.attempt);
	return store_accept(store, &a, err);
}

static enum order_wait s_downloaded(struct order *o)
{
	struct err err = ERR_INIT;

	if (o->reply.failed)
		return fail_reply(o, S_DOWNLOAD);
	if (accept_check(o->reply.body, o->reply.len, o->csr, clock_now(),
			 &o->accepted, &err) == -1)
		return fail(o, FAIL_BAD_CERT, true, "%s", err.msg);
	o->ts_end = clock_now();
	return commit(o, op_accept, S_STORED);
}

static enum order_wait s_stored(struct order *o)
{
	if (o->store_err.kind)
		return fail_store(o);
	o->not_after = o->accepted.not_after;
	o->end = ORDER_RENEWED;
	return go(o, S_CLEAN);
}

/* --- the end --- */

static uint32_t random_number(void)
{
	uint32_t r = 0;

	(void) !getrandom(&r, sizeof(r), 0); /* jitter can do without */
	return r;
}

static enum order_wait s_fail(struct order *o)
{
	struct backoff_in in = {
		.fail = &o->fail,
		.now = clock_now(),
		.limit = o->env->conf->count_fail_limit,
		.random = random_number(),
	};
	size_t i;

	acme_cancel(&o->call);
	loop_cancel(&o->timer);
	if (o->resumed && o->terminal) {
		/* Proofs of the useless order go first. */
		for (i = 0; i < o->n_authz; i++)
			authz_give_up(o->authz[i], true);
		return go(o, S_GIVE_UP);
	}
	if (o->cert) {
		in.count = o->cert->count_fail_update;
		in.ts_expire = o->cert->crt.len ? o->cert->ts_expire : 0;
	}
	if (fail_of_ca(o->fail.class) && o->ca)
		in.ca_backoff = o->env->ca_failed(o->env->arg, o->ca, &o->fail);
	o->backoff = backoff_name(&in, o->terminal);
	o->count = in.count + o->backoff.count;
	for (i = 0; i < o->n_authz; i++)
		authz_give_up(o->authz[i], o->backoff.drop_order);
	return go(o, S_GIVE_UP);
}

static bool step_authz(struct order *o)
{
	bool all = true;
	size_t i;

	for (i = 0; i < o->n_authz; i++) {
		authz_step(o->authz[i]);
		all = all && authz_ended(o->authz[i]);
	}
	return all;
}

/* The deadline of the order is over or off; cleaning gets one of its own. */
static void limit_cleaning(struct order *o)
{
	if (o->cleaning)
		return;
	o->cleaning = true;
	loop_cancel(&o->deadline);
	o->deadline = loop_after(o->env->loop, CLEAN_MS, on_deadline, o);
}

static int op_fail(struct store *store, void *arg, struct err *err)
{
	const struct order *o = arg;
	struct store_fail f = {
		.owner = o->env->owner,
		.next = o->backoff.next,
		.count = o->backoff.count,
		.hold = o->backoff.hold,
		.drop_order = o->backoff.drop_order,
	};

	attempt(o, &f.attempt);
	return store_fail(store, &f, err);
}

static enum order_wait s_give_up(struct order *o)
{
	limit_cleaning(o);
	if (!step_authz(o))
		return ORDER_AUTHZ;
	if (o->resumed && o->terminal) {
		drop_authz(o);
		o->cleaning = false;
		loop_cancel(&o->deadline);
		o->deadline = loop_after(o->env->loop,
					 o->env->conf->order_timeout * 1000,
					 on_deadline, o);
		return start_anew(o);
	}
	o->end = ORDER_FAILED;
	o->ts_end = clock_now();
	if (o->claimed != 1)
		return go(o, S_END);
	return commit(o, op_fail, S_FAILED);
}

static enum order_wait s_failed(struct order *o)
{
	/* ERR_CONFLICT: the lease ran out and is another's now, who will
	 * record what comes of it. Anything else has no better place. */
	if (o->store_err.kind && o->store_err.kind != ERR_CONFLICT)
		log_warn("%s: the failure could not be recorded: %s", o->name,
			 o->store_err.msg);
	return go(o, S_END);
}

static enum order_wait s_clean(struct order *o)
{
	limit_cleaning(o);
	return step_authz(o) ? go(o, S_END) : ORDER_AUTHZ;
}

static int op_release(struct store *store, void *arg, struct err *err)
{
	const struct order *o = arg;

	return store_release(store, o->name, o->env->owner, err);
}

static enum order_wait s_leave(struct order *o)
{
	limit_cleaning(o);
	if (!step_authz(o))
		return ORDER_AUTHZ;
	o->end = ORDER_STOPPED;
	return commit(o, op_release, S_LEFT);
}

static enum order_wait s_left(struct order *o)
{
	return go(o, S_END);
}

static enum order_wait s_end(struct order *o)
{
	loop_cancel(&o->deadline);
	return ORDER_END;
}

static const struct {
	state_fn *fn;
	const char *waits_for;
	enum fail_class class; /* when that takes too long */
} table[] = {
	[S_CLAIM] = { s_claim, "its turn", FAIL_INTERNAL },
	[S_CLAIMED] = { s_claimed, "the store", FAIL_STORE },
	[S_RESUME] = { s_resume, "the CA", FAIL_CA_DOWN },
	[S_RESUMED] = { s_resumed, "the CA to show the order", FAIL_CA_DOWN },
	[S_FORGOTTEN] = { s_forgotten, "the store", FAIL_STORE },
	[S_NEW] = { s_new, "the CA", FAIL_CA_DOWN },
	[S_CREATED] = { s_created, "the CA to take the order", FAIL_CA_DOWN },
	[S_RECORDED] = { s_recorded, "the store", FAIL_STORE },
	[S_AUTHZ] = { s_authz, NULL, FAIL_CA_DOWN },
	[S_FINALIZE] = { s_finalize, "the CA", FAIL_CA_DOWN },
	[S_FINALIZED] = { s_finalized, "the CA to take the CSR", FAIL_CA_DOWN },
	[S_POLL] = { s_poll, "the CA to issue", FAIL_CA_DOWN },
	[S_POLLED] = { s_polled, "the CA to issue", FAIL_CA_DOWN },
	[S_DOWNLOAD] = { s_download, "the CA", FAIL_CA_DOWN },
	[S_DOWNLOADED] = { s_downloaded, "the certificate", FAIL_CA_DOWN },
	[S_STORED] = { s_stored, "the store", FAIL_STORE },
	[S_FAIL] = { s_fail, "nothing", FAIL_INTERNAL },
	[S_GIVE_UP] = { s_give_up, NULL, FAIL_INTERNAL },
	[S_FAILED] = { s_failed, "the store", FAIL_STORE },
	[S_CLEAN] = { s_clean, NULL, FAIL_INTERNAL },
	[S_LEAVE] = { s_leave, NULL, FAIL_INTERNAL },
	[S_LEFT] = { s_left, "the store", FAIL_STORE },
	[S_END] = { s_end, "nothing", FAIL_INTERNAL },
};

/* --- time --- */

static const char *waits_for(const struct order *o, enum fail_class *class)
{
	size_t i;

	*class = table[o->state].class;
	if (table[o->state].waits_for)
		return table[o->state].waits_for;
	for (i = 0; i < o->n_authz; i++)
		if (!authz_valid(o->authz[i]))
			return authz_waits_for(o->authz[i], class);
	return "nothing";
}

/* The order took too long; or its cleaning did. */
static void on_deadline(void *arg)
{
	struct order *o = arg;
	enum fail_class class;
	const char *what = waits_for(o, &class);
	char span[CLOCK_TEXT];

	o->deadline = NULL;
	if (o->waits == ORDER_COMMIT) {
		/* The batch has a limit of its own. */
		o->deadline =
			loop_after(o->env->loop, COMMIT_MS, on_deadline, o);
		return;
	}
	acme_cancel(&o->call);
	loop_cancel(&o->timer);
	if (o->cleaning) {
		drop_authz(o); /* the rows of its proofs stay */
	} else {
		(void) fail(o, class, false, "gave up after %s, waiting for %s",
			    clock_span(o->env->conf->order_timeout, span),
			    what);
	}
	o->waits = ORDER_ON;
	wake(o);
}

/* --- interface --- */

struct order *order_new(const struct order_env *env,
			const struct certrepo_ca *ca, const char *ca_name,
			struct acme *acme, const char *name, bool early,
			void *cookie)
{
	struct order *o = mem_alloc(sizeof(*o));

	o->env = env;
	o->cookie = cookie;
	o->ca = ca;
	o->acme = acme;
	o->name = mem_strdup(name);
	o->early = early;
	o->ca_name = ca_name ? mem_strdup(ca_name) : NULL;
	o->row = arena_new();
	o->arena = arena_new();
	return o;
}

void order_free(struct order **op)
{
	struct order *o = *op;

	if (!o)
		return;
	acme_cancel(&o->call);
	loop_cancel(&o->timer);
	loop_cancel(&o->deadline);
	batch_forget(o->env->batch, o);
	drop_authz(o);
	reply_free(&o->reply);
	accept_free(&o->accepted);
	x509_csr_free(&o->csr);
	arena_free(&o->row);
	arena_free(&o->arena);
	free(o->url);
	free(o->finalize);
	free(o->certificate);
	free(o->name);
	free(o->ca_name);
	free(o);
	*op = NULL;
}

void order_step(struct order *o)
{
	/* Authorizations go on while the order waits for something else. */
	if (o->waits != ORDER_ON && o->waits != ORDER_AUTHZ) {
		(void) step_authz(o);
		return;
	}
	do {
		o->waits = table[o->state].fn(o);
	} while (o->waits == ORDER_ON);
}

void order_stop(struct order *o)
{
	size_t i;

	if (o->stopping || o->state >= S_STORED || o->waits == ORDER_COMMIT)
		return;
	o->stopping = true;
	acme_cancel(&o->call);
	loop_cancel(&o->timer);
	for (i = 0; i < o->n_authz; i++)
		authz_leave(o->authz[i]);
	o->state = S_LEAVE;
	o->waits = ORDER_ON;
	wake(o);
}

const char *order_name(const struct order *o)
{
	return o->name;
}

const struct certrepo_ca *order_ca(const struct order *o)
{
	return o->ca;
}

enum order_end order_ended(const struct order *o)
{
	return o->waits == ORDER_END ? o->end : ORDER_NOT_ENDED;
}

const struct fail *order_fail(const struct order *o)
{
	return &o->fail;
}

const struct backoff *order_backoff(const struct order *o)
{
	return &o->backoff;
}

int64_t order_count(const struct order *o)
{
	return o->count;
}

int64_t order_not_after(const struct order *o)
{
	return o->not_after;
}
