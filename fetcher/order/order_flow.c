/* SPDX-License-Identifier: MIT */
/* The CA's order (RFC 8555 section 7.4), from newOrder to the certificate. */
#include "order_impl.h"
#include <stdlib.h>
#include <string.h>
#include "clock.h"
#include "due.h"
#include "log.h"

#define FINALIZE_MAX 3

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
		return order_failed(o, FAIL_CA_DOWN, true, "the CA's order: %s",
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
			return order_failed(
				o, FAIL_CA_DOWN, true,
				"the CA's order has %zu authorizations",
				a.n_authorizations);
		o->authz = mem_array(a.n_authorizations, sizeof(*o->authz));
		o->n_authz = a.n_authorizations;
		for (i = 0; i < o->n_authz; i++)
			o->authz[i] = authz_new(&o->job, a.authorizations[i]);
		return order_go(o, S_AUTHZ);
	case ACME_READY:
		/* Still? Then our request or its answer was lost. */
		if (o->finalizes >= FINALIZE_MAX)
			break;
		return o->finalizes ? order_pause(o, 1000, S_FINALIZE)
				    : order_go(o, S_FINALIZE);
	case ACME_PROCESSING:
		return order_pause(o,
				   reply_poll_ms(o->polls, o->rtt_ms,
						 o->reply.retry_at,
						 clock_now()),
				   S_POLL);
	case ACME_VALID:
		if (o->certificate)
			return order_go(o, S_DOWNLOAD);
		break;
	default:
		if (a.error.class != FAIL_NONE)
			return order_fail_with(o, &a.error, true);
		return order_failed(
			o, FAIL_UNAUTHORIZED, true,
			"the CA declared the order invalid and did not "
			"say why");
	}
	return order_failed(
		o, FAIL_CA_DOWN, true, "the CA's order makes no sense: %s",
		a.status == ACME_VALID ? "valid without a certificate"
				       : "finalized, yet not processed");
}

/* What was resumed turned out to be of no use: order anew, at once. */
static int op_forget(struct store *store, void *arg, struct err *err)
{
	struct order *o = arg;

	return store_order_drop(store, o->name, 0, err);
}

enum order_wait order_start_anew(struct order *o)
{
	log_event(LOG_L_INFO, "order-useless", "name", o->name, "order",
		  o->saved.url, "why", o->fail.detail, NULL);
	o->failed = false;
	o->terminal = false;
	o->resumed = false;
	o->polls = o->tries = o->finalizes = 0;
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
	if (!o->url)
		o->url = mem_strdup(o->saved.url);
	return order_call(o, acme_get(o->acme, o->url, order_on_reply, o),
			  S_RESUMED);
}

enum order_wait order_s_resumed(struct order *o)
{
	if (!o->reply.failed)
		return follow(o, false);
	/* The CA knows it no more. Whatever else may be wrong says nothing of
	 * the order (rejected nonces, a proxy that refuses). */
	if (!fail_of_ca(o->reply.fail.class))
		return order_fail_with(o, &o->reply.fail, true);
	if (o->reply.status == 404 || o->reply.status == 410)
		return order_fail_with(o, &o->reply.fail, true);
	return order_fail_reply(o, S_RESUME);
}

enum order_wait order_s_new(struct order *o)
{
	return order_call(o,
			  acme_new_order(o->acme, x509_csr_ids(o->csr),
					 order_on_reply, o),
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

enum order_wait order_s_created(struct order *o)
{
	if (o->reply.failed)
		return order_fail_with(o, &o->reply.fail, false);
	if (!o->reply.location ||
	    strncmp(o->reply.location, "https://", 8) != 0 ||
	    strlen(o->reply.location) >= ACME_URL_MAX)
		return order_failed(
			o, FAIL_CA_DOWN, false,
			"the CA took the order but did not say where it "
			"is");
	free(o->url);
	o->url = mem_strdup(o->reply.location);
	return order_commit(o, op_order, S_RECORDED);
}

enum order_wait order_s_recorded(struct order *o)
{
	if (o->store_err.kind)
		return order_fail_store(o);
	return follow(o, false);
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
	const unsigned char *der;
	size_t len;

	if (!o->finalize)
		return order_failed(o, FAIL_CA_DOWN, true,
				    "the CA's order has no finalize URL");
	o->finalizes++;
	x509_csr_der(o->csr, &der, &len);
	return order_call(o,
			  acme_finalize(o->acme, o->finalize, der, len,
					order_on_reply, o),
			  S_FINALIZED);
}

enum order_wait order_s_finalized(struct order *o)
{
	if (!o->reply.failed)
		return follow(o, true);
	/* orderNotReady (RFC 8555 section 7.4), or the answer was lost: the
	 * order itself tells. */
	if (o->reply.problem &&
	    strcmp(o->reply.problem, "orderNotReady") == 0 &&
	    o->tries++ < REPLY_TRIES)
		return order_pause(o, 1000, S_POLL);
	return order_fail_reply(o, S_POLL);
}

enum order_wait order_s_poll(struct order *o)
{
	o->polls++;
	return order_call(o, acme_get(o->acme, o->url, order_on_reply, o),
			  S_POLLED);
}

enum order_wait order_s_polled(struct order *o)
{
	if (o->reply.failed)
		return order_fail_reply(o, S_POLL);
	return follow(o, true);
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

	order_attempt(o, &a.attempt);
	return store_accept(store, &a, err);
}

enum order_wait order_s_downloaded(struct order *o)
{
	struct err err = ERR_INIT;

	if (o->reply.failed)
		return order_fail_reply(o, S_DOWNLOAD);
	if (accept_check(o->reply.body, o->reply.len, o->csr, clock_now(),
			 &o->accepted, &err) == -1)
		return order_failed(o, FAIL_BAD_CERT, true, "%s", err.msg);
	o->ts_end = clock_now();
	return order_commit(o, op_accept, S_STORED);
}

enum order_wait order_s_stored(struct order *o)
{
	if (o->store_err.kind)
		return order_fail_store(o);
	o->not_after = o->accepted.not_after;
	o->end = ORDER_RENEWED;
	return order_go(o, S_CLEAN);
}
