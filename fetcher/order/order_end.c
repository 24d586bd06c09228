/* SPDX-License-Identifier: MIT */
/* How an order ends: failed, cleaned up after, or left for the next run. */
#include "order_impl.h"
#include <stdlib.h>
#include <string.h>
#include "clock.h"
#include "jitter.h"
#include "log.h"

/* Proofs are removed within this, or by the next run. */
#define CLEAN_MS (60 * 1000)
/* Beyond, nobody counts. */
#define COUNT_MOST 1000000

void order_drop_authz(struct order *o)
{
	size_t i;

	for (i = 0; i < o->n_authz; i++)
		authz_free(&o->authz[i]);
	free(o->authz);
	o->authz = NULL;
	o->n_authz = 0;
}

/* What is to be known of it later. */
static const char *well(const struct order *o)
{
	if (!o->profile)
		return o->early;
	return arena_printf(o->row, "%s%s" STORE_BY_PROFILE "%s",
			    o->early ? o->early : "", o->early ? "; " : "",
			    o->profile);
}

void order_attempt(const struct order *o, struct store_attempt *a)
{
	*a = (struct store_attempt){
		.name = o->name,
		.ca_name = o->ca ? o->ca->name : o->ca_name,
		.account = o->acme ? acme_account(o->acme) : NULL,
		.order_url = o->url,
		.outcome = o->end == ORDER_PARKED ? STORE_PARKED
			   : o->failed		  ? fail_name(o->fail.class)
						  : "ok",
		.detail = o->end == ORDER_PARKED || o->failed ? o->fail.detail
							      : well(o),
		.ts_start = o->ts_start,
		.ts_end = o->ts_end,
		.instance = o->env->owner,
	};
}

/* --- the end --- */

/* The column may hold anything. */
static int64_t count_of(const struct store_cert *row)
{
	int64_t n = row->count_fail_update;

	return n < 0 ? 0 : n > COUNT_MOST ? COUNT_MOST : n;
}

/* The CSR is refused, there is no certificate by it, and there is one by that
 * before it: the store puts that back. A refusal that may be one odd answer is
 * waited for once more. */
static bool goes_back(const struct order *o)
{
	return o->fail.class == FAIL_BAD_CSR && !o->fail.later &&
	       o->backoff.drop_order && o->cert && o->cert->renew &&
	       o->cert->old_csr.len;
}

enum order_wait order_s_fail(struct order *o)
{
	struct backoff_in in = {
		.fail = &o->fail,
		.now = clock_now(),
		.limit = o->env->conf->count_fail_limit,
		.random = jitter_number(o->name),
	};
	size_t i;

	acme_cancel(&o->call);
	loop_cancel(&o->timer);
	if (o->cert) {
		in.count = count_of(o->cert);
		in.ts_expire = o->cert->crt.len ? o->cert->ts_expire : 0;
	}
	if (fail_of_ca(o->fail.class) && o->ca)
		in.ca_backoff =
			o->env->ca_failed(o->env->arg, o->cookie, &o->fail);
	if (o->jumped) {
		/* An instant of that clock would keep the name for years. */
		in.now = order_steady(o);
		in.ca_backoff = 0;
	}
	o->backoff = backoff_name(&in, o->terminal);
	/* Nor what an earlier run left, be it another's: we got nowhere. */
	if ((o->finalized && !o->terminal) || (!o->url && order_has_kept(o)))
		o->backoff.drop_order = false;
	o->count = in.count + o->backoff.count;
	if (goes_back(o))
		fail_set(&o->fail, o->fail.class, o->fail.retry_at,
			 "the new CSR is refused, renewal goes on with the one "
			 "before it: %s",
			 o->fail.detail);
	for (i = 0; i < o->n_authz; i++)
		authz_give_up(o->authz[i], o->backoff.drop_order);
	return order_go(o, S_GIVE_UP);
}

bool order_step_authz(struct order *o)
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
	order_set_deadline(o, CLEAN_MS);
}

/* The lease is no longer ours: because there is no row? Then nobody else clears
 * away what belongs to it. */
static int op_removed(struct store *store, struct order *o, struct err *err)
{
	AUTO(arena_free) struct arena *arena = arena_new();
	struct store_due row;
	struct err why = ERR_INIT;
	bool enabled;
	int found = store_due_one(store, o->name, arena, &row, &enabled, &why);

	if (found != 0) /* err says whose it is */
		return -1;
	o->removed = true;
	err_clear(err);
	return store_order_drop(store, o->name, 0, err);
}

static int op_fail(struct store *store, void *arg, struct err *err)
{
	struct order *o = arg;
	struct store_fail f = {
		.owner = o->env->owner,
		.read = o->cert,
		.next = o->backoff.next,
		.count = o->backoff.count,
		.hold = o->backoff.hold,
		.drop_order = o->backoff.drop_order,
		.csr_back = goes_back(o),
	};
	int rc;

	order_attempt(o, &f.attempt);
	rc = store_fail(store, &f, err);
	o->changed = rc == 1;
	o->csr_back = rc == 2;
	if (rc != -1)
		return 0;
	return err->kind == ERR_CONFLICT ? op_removed(store, o, err) : -1;
}

/* The row is out of reach: of what came of it there is an attempt. */
static int op_attempt(struct store *store, void *arg, struct err *err)
{
	struct store_attempt a;

	order_attempt(arg, &a);
	return store_attempt_add(store, &a, err);
}

enum order_wait order_s_give_up(struct order *o)
{
	limit_cleaning(o);
	if (!order_step_authz(o))
		return ORDER_AUTHZ;
	o->end = ORDER_FAILED;
	o->ts_end = o->jumped ? order_steady(o) : clock_now();
	o->unrecorded = o->claimed != 1;
	if (o->unrecorded)
		return order_commit(o, op_attempt, S_FAILED);
	return order_commit(o, op_fail, S_FAILED);
}

/* --- parked --- */

static int op_park(struct store *store, void *arg, struct err *err)
{
	struct order *o = arg;
	struct store_park p = { .owner = o->env->owner,
				.read = o->cert,
				.next = o->backoff.next };
	int rc;

	order_attempt(o, &p.attempt);
	rc = store_park(store, &p, err);
	o->changed = rc == 1;
	return rc == -1 ? -1 : 0;
}

enum order_wait order_s_park(struct order *o)
{
	const struct store_cert *row = o->cert;
	struct backoff_park in = {
		.now = clock_now(),
		.retry_at = o->fail.retry_at,
		.ts_expire = row->crt.len ? row->ts_expire : 0,
		.random = jitter_number(o->name),
	};

	acme_cancel(&o->call);
	loop_cancel(&o->timer);
	/* The same order as in the run before? Then it waits since then. */
	in.since = o->resumed && strcmp(o->saved.state, STORE_PARKED) == 0 &&
				   o->saved.ts_state > 0 &&
				   o->saved.ts_state <= in.now
			   ? o->saved.ts_state
			   : in.now;
	o->backoff = (struct backoff){ .next = backoff_parked(&in) };
	o->end = ORDER_PARKED;
	o->ts_end = in.now;
	return order_commit(o, op_park, S_PARKED);
}

enum order_wait order_s_parked(struct order *o)
{
	if (o->store_err.kind)
		return order_fail_store(o);
	if (o->changed)
		o->backoff.next = 0;
	return order_go(o, S_CLEAN);
}

enum order_wait order_s_failed(struct order *o)
{
	if (o->changed || o->csr_back)
		o->backoff = (struct backoff){ .count = o->csr_back };
	if (o->removed) {
		log_warn("%s: was removed meanwhile; what was ordered is left "
			 "to the CA%s%s",
			 o->name, o->url ? ": " : "", o->url ? o->url : "");
		o->end = ORDER_LOST;
	}
	/* ERR_CONFLICT: the lease ran out and is another's now, who will
	 * record what comes of it. Anything else has no better place. */
	if (o->store_err.kind && o->store_err.kind != ERR_CONFLICT) {
		log_warn("%s: the failure could not be recorded: %s", o->name,
			 o->store_err.msg);
		o->unrecorded = true;
	}
	return order_go(o, S_END);
}

enum order_wait order_s_clean(struct order *o)
{
	limit_cleaning(o);
	return order_step_authz(o) ? order_go(o, S_END) : ORDER_AUTHZ;
}

static int op_release(struct store *store, void *arg, struct err *err)
{
	const struct order *o = arg;

	return store_release(store, o->name, o->env->owner, err);
}

enum order_wait order_s_leave(struct order *o)
{
	limit_cleaning(o);
	if (!order_step_authz(o))
		return ORDER_AUTHZ;
	if (o->end == ORDER_NOT_ENDED)
		o->end = ORDER_STOPPED;
	return order_commit(o, op_release, S_LEFT);
}

enum order_wait order_s_left(struct order *o)
{
	return order_go(o, S_END);
}

enum order_wait order_s_end(struct order *o)
{
	loop_cancel(&o->deadline);
	return ORDER_END;
}
