/* SPDX-License-Identifier: MIT */
#include "authz.h"
#include <stdlib.h>
#include <string.h>
#include "clock.h"
#include "log.h"
#include "plain.h"
#include "reply.h"

/* A challenge that failed and is still pending is tried again. */
#define RESPOND_AGAIN	 2
#define RESPOND_AGAIN_MS 5000

enum state {
	A_GET,
	A_GOT,
	A_LOCATED,
	A_RECORDED,
	A_PREPARED,
	A_READY,
	A_RESPONDED,
	A_POLL,
	A_CLEAN,
	A_CLEANED,
	A_DROPPED,
	A_DEACTIVATE,
	A_END,
};

struct authz {
	const struct authz_job *job;
	enum state state;
	bool waiting; /* for a callback */
	char *url;

	struct acme_call *call;
	struct reply reply;
	int64_t sent_ms, rtt_ms;
	struct loop_timer *timer;
	int tries, polls;
	int responses; /* how often the CA was told in this run */

	char *challenge_url;
	const struct proof_type *type;
	struct chall *chall;
	bool chall_busy;
	struct err chall_err; /* of the last step */
	char *proof_id;
	struct err store_err;
	bool recorded;	/* the proof may lie out there */
	bool placed;	/* and does */
	bool responded; /* the CA may be looking at it */
	bool told;	/* by a run that was killed */
	bool pending;	/* deactivate it when the order is abandoned */

	bool valid, failed, terminal, gave_up, deactivate;
	struct fail fail;
};

/* A state function: true goes on at once with a->state, false waits for a
 * callback first. */
typedef bool state_fn(struct authz *a);

/* --- what it waits for --- */

static void on_reply(void *arg, const struct acme_result *r)
{
	struct authz *a = arg;

	a->call = NULL;
	a->rtt_ms = clock_mono_ms() - a->sent_ms;
	reply_take(&a->reply, r);
	a->waiting = false;
	a->job->wake(a->job->arg);
}

static void on_timer(void *arg)
{
	struct authz *a = arg;

	a->timer = NULL;
	a->waiting = false;
	a->job->wake(a->job->arg);
}

static void on_chall(struct chall *c, const struct err *err, void *arg)
{
	struct authz *a = arg;

	(void) c;
	a->chall_busy = false;
	if (err)
		a->chall_err = *err;
	else
		err_clear(&a->chall_err);
	a->waiting = false;
	a->job->wake(a->job->arg);
}

static void on_commit(void *arg, const struct err *err)
{
	struct authz *a = arg;

	if (err)
		a->store_err = *err;
	else
		err_clear(&a->store_err);
	a->waiting = false;
	a->job->wake(a->job->arg);
}

static bool go(struct authz *a, enum state next)
{
	a->state = next;
	return true;
}

static bool wait_then(struct authz *a, enum state next)
{
	a->state = next;
	return false;
}

static bool wait_call(struct authz *a, struct acme_call *call, enum state next)
{
	a->call = call;
	a->sent_ms = clock_mono_ms();
	return wait_then(a, next);
}

static bool wait_ms(struct authz *a, int64_t ms, enum state next)
{
	a->timer = loop_after(a->job->loop, ms, on_timer, a);
	return wait_then(a, next);
}

static bool wait_chall(struct authz *a, void (*step)(struct chall *),
		       enum state next)
{
	a->chall_busy = true;
	step(a->chall);
	return wait_then(a, next);
}

/* --- failure --- */

static bool fail(struct authz *a, enum fail_class class, bool terminal,
		 const char *msg)
{
	if (!a->failed) {
		fail_set(&a->fail, class, 0, "%s", msg);
		a->failed = true;
		a->terminal = terminal;
	}
	/* The order now gives all of its authorizations up. */
	return go(a, a->recorded ? A_CLEAN : A_END);
}

static bool fail_with(struct authz *a, const struct fail *f, bool terminal)
{
	if (!a->failed) {
		a->fail = *f;
		a->failed = true;
		a->terminal = terminal;
	}
	return go(a, a->recorded ? A_CLEAN : A_END);
}

/* A request failed: once more when that may help, by way of a look at how
 * things stand (which makes it safe to repeat), else the end. */
static bool fail_reply(struct authz *a, enum state again)
{
	int64_t ms;

	if (reply_race(&a->reply, &a->tries, &ms))
		return wait_ms(a, ms, again);
	if (reply_transient(&a->reply.fail, a->tries, clock_now(), &ms)) {
		a->tries++;
		return wait_ms(a, ms, again);
	}
	return fail_with(a, &a->reply.fail, reply_terminal(&a->reply.fail));
}

/* --- pure --- */

int authz_choose(const struct acme_authz *authz, const struct proof_type *want,
		 struct err *err)
{
	AUTO(strlist_free) struct strlist types = STRLIST_INIT;
	AUTO(mem_free_str) char *list = NULL;
	char said[PLAIN_QUOTED];
	size_t i;

	want = proof_type_for(want, authz->wildcard,
			      authz->id_type == X509_ID_IP);
	for (i = 0; i < authz->n_challenges; i++) {
		const struct acme_challenge *c = &authz->challenges[i];

		if (strcmp(c->type, want->name) == 0 && c->token && c->url)
			return (int) i;
		strlist_add(&types, c->type);
	}
	list = strlist_join(&types, ", ");
	return err_set(
		err, ERR_CONFIG, "the CA does not offer %s for %s%s, only: %s",
		want->name, authz->wildcard ? "*." : "", authz->identifier,
		types.n ? plain_quoted(list, said) : "nothing");
}

enum fail_class authz_class(enum err_kind kind, const struct proof_type *type)
{
	switch (kind) {
	case ERR_CONFIG:
		return FAIL_CONFIG;
	case ERR_UNAVAILABLE:
	case ERR_TIMEOUT:
	case ERR_INPUT:
	case ERR_LIMIT:
		return type->in_dns ? FAIL_DNS : FAIL_CONFIG;
	default:
		return FAIL_INTERNAL;
	}
}

static bool says(const char *detail, const char *const *words)
{
	for (; *words; words++)
		if (strcasestr(detail, *words))
			return true;
	return false;
}

/* RFC 8555 has no type for it (section 6.7): "dns" is any failed look-up, and
 * "unauthorized" any wrong proof. */
bool authz_absent(const struct fail *f)
{
	static const char *const none[] = { "no TXT record", "NXDOMAIN",
					    "not found", NULL };
	static const char *const trouble[] = {
		"SERVFAIL",    "server failure", "timed out", "timeout",
		"REFUSED",     "networking",	 "DNSSEC",    "bogus",
		"misbehaving", "unreachable",	 "CAA for",   NULL
	};

	if (f->class == FAIL_UNAUTHORIZED)
		return says(f->detail, none);
	return f->class == FAIL_DNS && !says(f->detail, trouble);
}

/* Only what the CSR asks for: a CA cannot have us put proofs elsewhere. Not
 * every CA says that an authorization is for a wildcard (RFC 8555 section
 * 7.1.4): the CSR does. */
static bool asked_for(const struct authz *a, struct acme_authz *z)
{
	AUTO(mem_free_str) char *wild = mem_printf("*.%s", z->identifier);

	if (!z->wildcard && x509_ids_have(a->job->ids, z->identifier))
		return true;
	z->wildcard = x509_ids_have(a->job->ids, wild);
	return z->wildcard;
}

/* --- states --- */

static bool s_get(struct authz *a)
{
	return wait_call(a, acme_get(a->job->acme, a->url, on_reply, a), A_GOT);
}

static bool begin_proof(struct authz *a, const struct acme_authz *z,
			const struct acme_challenge *c)
{
	struct chall_req req = {
		.type = proof_type_find(c->type),
		.name = a->job->name,
		.owner = a->job->owner,
		.identifier = z->identifier,
		.token = c->token,
		.thumbprint = acme_thumbprint(a->job->acme),
		.webroot_path = a->job->webroot_path,
	};
	struct err err = ERR_INIT;

	if (a->chall) {
		/* Here again after a hiccup: the proof is in place. */
		return go(a, A_READY);
	}
	a->challenge_url = mem_strdup(c->url);
	a->type = req.type;
	/* On resumption the CA may have been told already. */
	a->told = c->status == ACME_PROCESSING;
	if (chall_new(a->job->chall, &req, on_chall, a, &a->chall, &err) == -1)
		/* A token that is not one makes the CA's order worthless. */
		return fail(a,
			    err.kind == ERR_INPUT
				    ? FAIL_CA_DOWN
				    : authz_class(err.kind, a->type),
			    err.kind == ERR_INPUT, err.msg);
	return wait_chall(a, chall_locate, A_LOCATED);
}

/* What the CA says of a proof: whose it was, and, where it looked for it, what
 * it had to find. Not every CA says. */
static bool fail_proof(struct authz *a, const struct acme_authz *z,
		       const struct fail *f, bool terminal)
{
	bool looked = f->class == FAIL_UNAUTHORIZED || f->class == FAIL_DNS ||
		      f->class == FAIL_CONNECTION;
	const struct store_proof *p = a->chall && a->recorded && looked
					      ? chall_proof(a->chall)
					      : NULL;
	const char *of = z->identifier ? z->identifier : "one of the names";
	const char *file = p ? strrchr(p->owner, '/') : NULL;
	int64_t absent = p && a->type->in_dns && authz_absent(f)
				 ? chall_negative_ttl(a->chall)
				 : 0;
	struct fail said;

	if (absent > 0) {
		fail_set(&said, f->class, f->retry_at,
			 "%s (TXT %s in zone %s, which lets resolvers remember "
			 "for %lld s that there was none): %s",
			 of, p->owner, p->zone, (long long) absent, f->detail);
	} else if (p && a->type->in_dns) {
		fail_set(&said, f->class, f->retry_at,
			 "%s (TXT %s in zone %s): %s", of, p->owner, p->zone,
			 f->detail);
	} else if (file) {
		fail_set(&said, f->class, f->retry_at,
			 "%s (http://%s/.well-known/acme-challenge%s): %s", of,
			 of, file, f->detail);
	} else {
		fail_set(&said, f->class, f->retry_at, "%s: %s", of, f->detail);
	}
	said.limited = f->limited;
	said.absent = absent;
	return fail_with(a, &said, terminal);
}

static bool refused(struct authz *a, const struct acme_authz *z)
{
	static const char *const text[] = { "pending", "ready",	  "processing",
					    "valid",   "invalid", "deactivated",
					    "expired", "revoked" };
	AUTO(mem_free_str) char *msg = NULL;
	size_t i;

	for (i = 0; i < z->n_challenges; i++)
		if (z->challenges[i].error.class != FAIL_NONE)
			return fail_proof(a, z, &z->challenges[i].error, true);
	msg = mem_printf("the CA's authorization for %s is %s",
			 z->identifier ? z->identifier : "one of the names",
			 text[z->status]);
	return fail(a, FAIL_UNAUTHORIZED, true, msg);
}

/* The CA was told, and has not decided. RFC 8555 section 8.2: an error says
 * that it tries again by itself while the challenge is "processing"; left
 * "pending" (smallstep), it waits for us to ask again. Not every CA that gives
 * a challenge up says so of the authorization. */
static bool still_pending(struct authz *a, const struct acme_authz *z)
{
	const struct acme_challenge *c;
	size_t i;

	for (i = 0; i < z->n_challenges; i++) {
		c = &z->challenges[i];
		if (strcmp(c->url, a->challenge_url) != 0 ||
		    c->error.class == FAIL_NONE)
			continue;
		if (c->status == ACME_INVALID)
			return fail_proof(a, z, &c->error, true);
		if (c->status != ACME_PENDING)
			continue;
		if (a->responses > RESPOND_AGAIN)
			return fail_proof(a, z, &c->error, false);
		a->polls = 0;
		a->told = false;
		return wait_ms(a, RESPOND_AGAIN_MS, A_READY);
	}
	return wait_ms(a,
		       reply_poll_ms(a->polls, a->rtt_ms, a->reply.retry_at,
				     clock_now()),
		       A_POLL);
}

static bool s_got(struct authz *a)
{
	AUTO(arena_free) struct arena *arena = arena_new();
	struct acme_authz z;
	struct err err = ERR_INIT;
	int64_t ms;
	int i;

	if (a->reply.failed)
		return fail_reply(a, A_GET);
	if (acme_parse_authz(a->reply.body, a->reply.len, arena, &z, &err) ==
	    -1) {
		(void) err_wrap(&err, "the CA's authorization");
		if (reply_unreadable(&a->tries, &ms))
			return wait_ms(a, ms, A_GET);
		return fail(a, FAIL_CA_DOWN, true, err.msg);
	}
	a->pending = z.status == ACME_PENDING;
	if (z.status == ACME_VALID) {
		a->valid = true;
		return go(a, a->recorded ? A_CLEAN : A_END);
	}
	if (z.status != ACME_PENDING && z.status != ACME_PROCESSING)
		return refused(a, &z);
	if (!asked_for(a, &z))
		return fail(a, FAIL_CA_DOWN, true,
			    "the CA wants proof for a name that was not "
			    "asked for");
	if (a->polls > 0)
		return still_pending(a, &z);
	i = authz_choose(&z, a->job->type, &err);
	if (i == -1)
		return fail(a, FAIL_CONFIG, false, err.msg);
	return begin_proof(a, &z, &z.challenges[i]);
}

static int op_record(struct store *store, void *arg, struct err *err)
{
	const struct authz *a = arg;

	return store_proof_put(store, chall_proof(a->chall), err);
}

static bool fail_chall(struct authz *a)
{
	return fail(a, authz_class(a->chall_err.kind, a->type), false,
		    a->chall_err.msg);
}

static bool s_located(struct authz *a)
{
	if (a->chall_err.kind)
		return fail_chall(a);
	a->proof_id = mem_strdup(chall_proof(a->chall)->id);
	batch_add(a->job->batch, op_record, on_commit, a);
	return wait_then(a, A_RECORDED);
}

static bool s_recorded(struct authz *a)
{
	if (a->store_err.kind)
		return fail(a, FAIL_STORE, false, a->store_err.msg);
	a->recorded = true;
	return wait_chall(a, chall_prepare, A_PREPARED);
}

static bool s_prepared(struct authz *a)
{
	if (a->chall_err.kind)
		return fail_chall(a);
	a->placed = true;
	return wait_chall(a, chall_ready, A_READY);
}

static bool s_ready(struct authz *a)
{
	if (a->chall_err.kind) {
		(void) fail_chall(a);
		if (chall_saw_none(a->chall))
			a->fail.absent = chall_negative_ttl(a->chall);
		return true;
	}
	a->responded = true;
	a->responses++;
	if (a->told)
		return wait_ms(a, reply_poll_ms(1, 0, 0, 0), A_POLL);
	return wait_call(
		a, acme_respond(a->job->acme, a->challenge_url, on_reply, a),
		A_RESPONDED);
}

static bool s_responded(struct authz *a)
{
	if (!a->reply.failed)
		return wait_ms(a, reply_poll_ms(0, a->rtt_ms, 0, 0), A_POLL);
	/* It may have been told before, its answer lost; or be valid by now.
	 * The authorization tells. */
	if (!fail_of_ca(a->reply.fail.class) && a->tries++ < REPLY_TRIES)
		return go(a, A_GET);
	return fail_reply(a, A_GET);
}

static bool s_poll(struct authz *a)
{
	a->polls++;
	a->state = A_GET;
	return true;
}

static bool s_clean(struct authz *a)
{
	return wait_chall(a, chall_clean, A_CLEANED);
}

static int op_drop(struct store *store, void *arg, struct err *err)
{
	const struct authz *a = arg;

	return store_proof_drop(store, a->proof_id, a->job->owner, err);
}

static bool s_cleaned(struct authz *a)
{
	if (a->chall_err.kind) {
		/* Its row stays: the next run tries again. Where it could not
		 * be put either, that was said. */
		if (a->placed)
			log_warn("%s: the proof could not be removed: %s",
				 a->job->name, a->chall_err.msg);
		return go(a, A_DEACTIVATE);
	}
	batch_add(a->job->batch, op_drop, on_commit, a);
	return wait_then(a, A_DROPPED);
}

static bool s_dropped(struct authz *a)
{
	if (!a->store_err.kind)
		a->job->proof_gone(a->job->env, a->proof_id);
	return go(a, A_DEACTIVATE);
}

static bool s_deactivate(struct authz *a)
{
	/* Not one that was never looked at, or that is valid: other orders may
	 * go by it. The CA gives a pending one to the next order for its name,
	 * or lets it expire; it is not worth two requests for each name of an
	 * order that fails. */
	if (!a->deactivate || !a->pending)
		return go(a, A_END);
	a->deactivate = false;
	/* A courtesy; whether it succeeds does not matter. */
	return wait_call(a, acme_deactivate(a->job->acme, a->url, on_reply, a),
			 A_END);
}

static bool s_end(struct authz *a)
{
	(void) a;
	return false;
}

static const struct {
	state_fn *fn;
	const char *waits_for; /* when this state is next */
	enum fail_class class; /* when that takes too long */
} table[] = {
	[A_GET] = { s_get, "the CA", FAIL_CA_DOWN },
	[A_GOT] = { s_got, "an authorization from the CA", FAIL_CA_DOWN },
	[A_LOCATED] = { s_located, "the place of the proof", FAIL_DNS },
	[A_RECORDED] = { s_recorded, "the store", FAIL_STORE },
	[A_PREPARED] = { s_prepared, "the proof to be put in place", FAIL_DNS },
	[A_READY] = { s_ready, "every server to have the proof", FAIL_DNS },
	[A_RESPONDED] = { s_responded, "the CA", FAIL_CA_DOWN },
	[A_POLL] = { s_poll, "the CA to look at the proof", FAIL_CA_DOWN },
	[A_CLEAN] = { s_clean, "the removal of the proof", FAIL_DNS },
	[A_CLEANED] = { s_cleaned, "the removal of the proof", FAIL_DNS },
	[A_DROPPED] = { s_dropped, "the store", FAIL_STORE },
	[A_DEACTIVATE] = { s_deactivate, "the CA", FAIL_CA_DOWN },
	[A_END] = { s_end, "nothing", FAIL_INTERNAL },
};

/* --- interface --- */

struct authz *authz_new(const struct authz_job *job, const char *url)
{
	struct authz *a = mem_alloc(sizeof(*a));

	a->job = job;
	a->url = mem_strdup(url);
	return a;
}

/* Nothing calls back any more. */
static void disconnect(struct authz *a)
{
	acme_cancel(&a->call);
	loop_cancel(&a->timer);
	batch_forget(a->job->batch, a);
}

void authz_free(struct authz **ap)
{
	struct authz *a = *ap;

	if (!a)
		return;
	disconnect(a);
	chall_free(&a->chall);
	reply_free(&a->reply);
	free(a->url);
	free(a->challenge_url);
	free(a->proof_id);
	free(a);
	*ap = NULL;
}

void authz_step(struct authz *a)
{
	while (!a->waiting && a->state != A_END) {
		a->waiting = !table[a->state].fn(a);
		reply_read(&a->reply);
	}
}

bool authz_valid(const struct authz *a)
{
	return a->valid;
}

bool authz_ended(const struct authz *a)
{
	return a->state == A_END && !a->call;
}

const struct fail *authz_fail(const struct authz *a, bool *ret_terminal)
{
	if (!a->failed)
		return NULL;
	*ret_terminal = a->terminal;
	return &a->fail;
}

const char *authz_waits_for(const struct authz *a, enum fail_class *ret)
{
	*ret = table[a->state].class;
	return table[a->state].waits_for;
}

/* A step of the solver may be under way: take it back, and go on with one
 * that only knows how to clean. */
static void reclaim_chall(struct authz *a)
{
	struct chall *cleaner = NULL;
	struct err err = ERR_INIT;

	if (!a->chall_busy)
		return;
	if (chall_from_proof(a->job->chall, chall_proof(a->chall), on_chall, a,
			     &cleaner, &err) == -1) {
		log_warn("%s: the proof could not be removed: %s", a->job->name,
			 err.msg);
		a->recorded = false; /* its row stays */
	}
	chall_free(&a->chall);
	a->chall = cleaner;
	a->chall_busy = false;
}

void authz_give_up(struct authz *a, bool deactivate)
{
	if (a->gave_up)
		return;
	a->gave_up = true;
	a->deactivate = deactivate;
	switch (a->state) {
	case A_CLEAN:
	case A_CLEANED:
	case A_DROPPED:
	case A_DEACTIVATE:
		return; /* on its way out */
	case A_END:
		if (!a->waiting && deactivate && a->pending)
			a->state = A_DEACTIVATE;
		return;
	default:
		break;
	}
	disconnect(a);
	if (a->recorded) {
		reclaim_chall(a);
		a->state = a->recorded ? A_CLEAN : A_DEACTIVATE;
	} else {
		chall_free(&a->chall);
		a->chall_busy = false;
		a->state = A_DEACTIVATE;
	}
	a->waiting = false;
}

void authz_leave(struct authz *a)
{
	if (!a->responded || a->valid || a->failed) {
		authz_give_up(a, false);
		return;
	}
	disconnect(a);
	chall_free(&a->chall);
	a->chall_busy = false;
	a->state = A_END;
	a->waiting = false;
}
