/* SPDX-License-Identifier: MIT */
#include "order_impl.h"
#include <stdlib.h>
#include "clock.h"

/* Past the deadline, a commit that is under way is waited for. */
#define COMMIT_MS 5000

/* --- what it waits for --- */

void order_wake(void *arg)
{
	struct order *o = arg;

	o->env->wake(o->env->arg, o->cookie);
}

void order_on_reply(void *arg, const struct acme_result *r)
{
	struct order *o = arg;

	o->call = NULL;
	o->rtt_ms = clock_mono_ms() - o->sent_ms;
	reply_take(&o->reply, r);
	o->waits = ORDER_ON;
	order_wake(o);
}

static void on_timer(void *arg)
{
	struct order *o = arg;

	o->timer = NULL;
	o->waits = ORDER_ON;
	order_wake(o);
}

static void on_commit(void *arg, const struct err *err)
{
	struct order *o = arg;

	if (err)
		o->store_err = *err;
	else
		err_clear(&o->store_err);
	o->waits = ORDER_ON;
	order_wake(o);
}

int64_t order_steady(const struct order *o)
{
	return o->ts_start + (clock_mono_ms() - o->start_ms) / 1000;
}

enum order_wait order_go(struct order *o, enum state next)
{
	o->state = next;
	return ORDER_ON;
}

enum order_wait order_call(struct order *o, struct acme_call *c,
			   enum state next)
{
	o->call = c;
	o->sent_ms = clock_mono_ms();
	o->state = next;
	return ORDER_CALL;
}

enum order_wait order_pause(struct order *o, int64_t ms, enum state next)
{
	o->timer = loop_after(o->env->loop, ms, on_timer, o);
	o->state = next;
	return ORDER_TIMER;
}

enum order_wait order_commit(struct order *o, batch_op *op, enum state next)
{
	/* Without the row nothing is worth a long wait for a lock. */
	(o->claimed == 1 ? batch_add : batch_add_claim)(o->env->batch, op,
							on_commit, o);
	o->state = next;
	return ORDER_COMMIT;
}

/* --- failure --- */

enum order_wait order_fail_with(struct order *o, const struct fail *f,
				bool terminal)
{
	if (!o->failed) {
		o->failed = true;
		o->fail = *f;
		o->terminal = terminal;
	}
	return order_go(o, S_FAIL);
}

enum order_wait order_failed(struct order *o, enum fail_class class,
			     bool terminal, const char *fmt, ...)
{
	AUTO(mem_free_str) char *msg = NULL;
	struct fail f;
	va_list ap;

	va_start(ap, fmt);
	msg = mem_vprintf(fmt, ap);
	va_end(ap);
	fail_set(&f, class, 0, "%s", msg);
	return order_fail_with(o, &f, terminal);
}

enum order_wait order_fail_store(struct order *o)
{
	return order_failed(o, FAIL_STORE, false, "%s", o->store_err.msg);
}

enum order_wait order_fail_reply(struct order *o, enum state again)
{
	int64_t ms;

	if (reply_transient(&o->reply.fail, o->tries, clock_now(), &ms)) {
		o->tries++;
		return order_pause(o, ms, again);
	}
	return order_fail_with(o, &o->reply.fail,
			       reply_terminal(&o->reply.fail));
}

static const struct {
	order_state_fn *fn;
	const char *waits_for;
	enum fail_class class; /* when that takes too long */
} table[] = {
	[S_CLAIM] = { order_s_claim, "its turn", FAIL_INTERNAL },
	[S_CLAIMED] = { order_s_claimed, "the store", FAIL_STORE },
	[S_RESUME] = { order_s_resume, "the CA", FAIL_CA_DOWN },
	[S_RESUMED] = { order_s_resumed, "the CA to show the order",
			FAIL_CA_DOWN },
	[S_FORGOTTEN] = { order_s_forgotten, "the store", FAIL_STORE },
	[S_NEW] = { order_s_new, "the CA", FAIL_CA_DOWN },
	[S_CREATED] = { order_s_created, "the CA to take the order",
			FAIL_CA_DOWN },
	[S_RECORDED] = { order_s_recorded, "the store", FAIL_STORE },
	[S_AUTHZ] = { order_s_authz, NULL, FAIL_CA_DOWN },
	[S_FINALIZE] = { order_s_finalize, "the CA", FAIL_CA_DOWN },
	[S_SEND_CSR] = { order_s_send_csr, "the store", FAIL_STORE },
	[S_FINALIZED] = { order_s_finalized, "the CA to take the CSR",
			  FAIL_CA_DOWN },
	[S_POLL] = { order_s_poll, "the CA to issue", FAIL_CA_DOWN },
	[S_POLLED] = { order_s_polled, "the CA to issue", FAIL_CA_DOWN },
	[S_DOWNLOAD] = { order_s_download, "the CA", FAIL_CA_DOWN },
	[S_DOWNLOADED] = { order_s_downloaded, "the certificate",
			   FAIL_CA_DOWN },
	[S_ALTERNATE] = { order_s_alternate, "the CA", FAIL_CA_DOWN },
	[S_ALTERNATED] = { order_s_alternated, "another chain", FAIL_CA_DOWN },
	[S_ACCEPT] = { order_s_accept, "nothing", FAIL_INTERNAL },
	[S_STORED] = { order_s_stored, "the store", FAIL_STORE },
	[S_LEARN] = { order_s_learn, "nothing", FAIL_INTERNAL },
	[S_KNOWN] = { order_s_known, "the store", FAIL_STORE },
	[S_TEACH] = { order_s_teach, "nothing", FAIL_INTERNAL },
	[S_TAUGHT] = { order_s_taught, "the store", FAIL_STORE },
	[S_PARK] = { order_s_park, "nothing", FAIL_INTERNAL },
	[S_PARKED] = { order_s_parked, "the store", FAIL_STORE },
	[S_FAIL] = { order_s_fail, "nothing", FAIL_INTERNAL },
	[S_GIVE_UP] = { order_s_give_up, NULL, FAIL_INTERNAL },
	[S_FAILED] = { order_s_failed, "the store", FAIL_STORE },
	[S_CLEAN] = { order_s_clean, NULL, FAIL_INTERNAL },
	[S_LEAVE] = { order_s_leave, NULL, FAIL_INTERNAL },
	[S_LEFT] = { order_s_left, "the store", FAIL_STORE },
	[S_END] = { order_s_end, "nothing", FAIL_INTERNAL },
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
	enum order_wait waits = o->waits;
	bool issuing = o->finalized && waits == ORDER_TIMER;
	const char *why = issuing ? o->why : "";
	char span[CLOCK_TEXT];

	o->deadline = NULL;
	if (o->waits == ORDER_COMMIT) {
		/* The batch has a limit of its own. */
		order_set_deadline(o, COMMIT_MS);
		return;
	}
	acme_cancel(&o->call);
	loop_cancel(&o->timer);
	if (o->cleaning) {
		order_drop_authz(o); /* the rows of its proofs stay */
	} else if (o->state == S_ALTERNATED) {
		/* What it has of the CA is good. */
		o->state = o->stored ? S_CLEAN : S_ACCEPT;
	} else {
		(void) order_failed(
			o, class, false, "gave up after %s, waiting for %s%s%s",
			clock_span(o->env->conf->order_timeout, span), what,
			*why ? ": " : "", why);
		/* A CA that answers and does not issue: see S_PARK. */
		if (issuing) {
			o->failed = false;
			o->fail.class = FAIL_NONE;
			o->state = S_PARK;
		}
	}
	o->waits = ORDER_ON;
	order_wake(o);
}

void order_set_deadline(struct order *o, int64_t ms)
{
	loop_cancel(&o->deadline);
	o->deadline = loop_after(o->env->loop, ms, on_deadline, o);
}

/* --- interface --- */

struct order *order_new(const struct order_env *env,
			const struct certrepo_ca *ca, const char *ca_name,
			struct acme *acme, const char *name, enum order_how how,
			void *cookie)
{
	struct order *o = mem_alloc(sizeof(*o));

	o->env = env;
	o->cookie = cookie;
	o->ca = ca;
	o->acme = acme;
	o->name = mem_strdup(name);
	o->how = how;
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
	order_drop_authz(o);
	reply_free(&o->reply);
	accept_free(&o->accepted);
	strlist_free(&o->alternates);
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
		(void) order_step_authz(o);
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
	for (i = 0; !o->stored && i < o->n_authz; i++)
		authz_leave(o->authz[i]);
	o->state = o->stored ? S_CLEAN : S_LEAVE;
	o->waits = ORDER_ON;
	order_wake(o);
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

bool order_on_record(const struct order *o)
{
	return !o->unrecorded;
}

int64_t order_count(const struct order *o)
{
	return o->count;
}

int64_t order_not_after(const struct order *o)
{
	return o->not_after;
}
