/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <unistd.h>
#include "acme_impl.h"
#include "clock.h"
#include "enc.h"
#include "http_link.h"
#include "log.h"
#include "plain.h"
#include "strlist.h"

/*
 * Calls wait in the queue until there is a nonce, an account and a place in
 * the pace; pump() sends them. Everything a caller may do in a callback is
 * allowed, acme_free() included: so a callback is always the last thing done.
 */

#define REQUEST_MAX  (128u * 1024) /* a signed request; a CSR is below 64 K */
#define PACE_DEFAULT 100
/* newNonce is limited more tightly: Let's Encrypt allows 20 a second, 10 at
 * once, of its 100 and more for other things. */
#define HEAD_SHARE     5
#define HEAD_BURST     10
#define HEAD_FAILS_MAX 3
#define HEAD_HOLD_MAX  30 /* s */

/* --- pace --- */

void acme_pace_init(struct acme_pace *p, int64_t per_second, int64_t burst)
{
	if (per_second < 1)
		per_second = 1;
	if (burst < 1)
		burst = 1;
	p->interval_us = 1000000 / per_second;
	p->burst_us = (burst - 1) * p->interval_us;
	p->next_us = 0;
}

int64_t acme_pace_wait(const struct acme_pace *p)
{
	int64_t now = clock_mono_ms() * 1000;
	int64_t early = p->next_us - now - p->burst_us;

	return early > 0 ? early / 1000 + 1 : 0;
}

int64_t acme_pace_ask(struct acme_pace *p)
{
	int64_t now = clock_mono_ms() * 1000, wait = acme_pace_wait(p);

	if (wait)
		return wait;
	if (p->next_us < now)
		p->next_us = now;
	p->next_us += p->interval_us;
	return 0;
}

/* --- life --- */

int acme_new(struct loop *loop, const struct certrepo_ca *ca,
	     const char *account_url, const char *account_thumbprint,
	     struct acme **ret, struct err *err)
{
	AUTO(acme_free) struct acme *a = mem_alloc(sizeof(*a));
	int64_t rate = ca->requests_per_second;

	TAILQ_INIT(&a->queue);
	TAILQ_INIT(&a->flight);
	TAILQ_INIT(&a->failing);
	a->loop = loop;
	a->ca = ca;
	a->arena = arena_new();
	if (rate < 1)
		rate = PACE_DEFAULT;
	acme_pace_init(&a->pace, rate, rate);
	acme_pace_init(&a->head_pace, rate / HEAD_SHARE, rate / HEAD_BURST);
	acme_renewal_init(a);
	if (!acme_parse_url_ok(ca->directory))
		return err_set(err, ERR_CONFIG,
			       "the directory %s is not an https URL",
			       ca->directory);
	if (ca->ca_file && access(ca->ca_file, R_OK) == -1)
		return err_errno(err, ERR_CONFIG, "cannot read ca_file %s",
				 ca->ca_file);
	if ((ca->account_key &&
	     jws_key_open(ca->account_key, ca->account_key_type, &a->key,
			  err) == -1) ||
	    http_new(loop, ca->ca_file, ACME_BODY_MAX, &a->http, err) == -1)
		return -1;
	if (ca->http_version && strcmp(ca->http_version, "1.1") == 0)
		http_only_1_1(a->http);
	/* An account belongs to its key: not ours, not our account. */
	if (account_url && account_thumbprint &&
	    strcmp(account_thumbprint, jws_key_thumbprint(a->key)) == 0 &&
	    acme_parse_url_ok(account_url))
		a->account = mem_strdup(account_url);
	*ret = TAKE(a);
	return 0;
}

int acme_key_look(const struct certrepo_ca *ca, char **ret)
{
	AUTO(jws_key_free) struct jws_key *key = NULL;
	struct err err = ERR_INIT;

	if (access(ca->account_key, F_OK) == -1)
		return errno == ENOENT ? 0 : -1;
	if (jws_key_open(ca->account_key, ca->account_key_type, &key, &err) ==
	    -1)
		return -1;
	*ret = mem_strdup(jws_key_thumbprint(key));
	return 1;
}

static void call_free(struct acme_call *c)
{
	struct acme *a = c->acme;

	switch (c->state) {
	case ACME_CALL_QUEUED:
		TAILQ_REMOVE(&a->queue, c, link);
		a->n_queue--;
		break;
	case ACME_CALL_SENT:
		http_cancel(&c->req);
		TAILQ_REMOVE(&a->flight, c, link);
		break;
	case ACME_CALL_FAILING:
		TAILQ_REMOVE(&a->failing, c, link);
		break;
	}
	free(c->url);
	free(c->payload);
	free(c->fail);
	free(c);
}

static void calls_free(struct acme_calls *list)
{
	while (!TAILQ_EMPTY(list))
		call_free(TAILQ_FIRST(list));
}

void acme_free(struct acme **acme)
{
	struct acme *a = TAKE(*acme);

	if (!a)
		return;
	calls_free(&a->queue);
	calls_free(&a->flight);
	calls_free(&a->failing);
	loop_cancel(&a->wake);
	loop_cancel(&a->go_on);
	http_free(&a->http);
	jws_key_free(&a->key);
	acme_nonces_free(&a->nonces);
	arena_free(&a->arena);
	free(a->account);
	free(a->directory);
	free(a);
}

const char *acme_account(const struct acme *acme)
{
	return acme->account;
}

const char *acme_thumbprint(const struct acme *acme)
{
	return jws_key_thumbprint(acme->key);
}

const struct acme_offer *acme_offer(const struct acme *acme)
{
	return &acme->dir.offer;
}

size_t acme_requests(const struct acme *acme)
{
	return http_count(acme->http);
}

/* --- the queue --- */

static void pump(void *arg);

void acme_wake_in(struct acme *a, int64_t ms)
{
	int64_t at = clock_mono_ms() + ms;

	if (a->wake && a->wake_at <= at)
		return;
	loop_cancel(&a->wake);
	a->wake = loop_after(a->loop, ms, pump, a);
	a->wake_at = at;
}

struct acme_call *acme_call_new(struct acme *a, enum acme_step step,
				unsigned int flags, const char *url,
				const char *payload, size_t len, acme_fn *fn,
				void *arg)
{
	struct acme_call *c = mem_alloc(sizeof(*c));

	c->acme = a;
	c->step = step;
	c->flags = flags;
	c->url = mem_strdup(url);
	c->payload = mem_dup(payload, len + 1);
	c->len = len;
	c->fn = fn;
	c->arg = arg;
	c->state = ACME_CALL_QUEUED;
	TAILQ_INSERT_TAIL(&a->queue, c, link);
	a->n_queue++;
	acme_wake_in(a, 0);
	return c;
}

/* Sent, but to be sent again: before the others. */
static void call_requeue(struct acme_call *c)
{
	struct acme *a = c->acme;

	TAILQ_REMOVE(&a->flight, c, link);
	c->req = NULL;
	c->state = ACME_CALL_QUEUED;
	TAILQ_INSERT_HEAD(&a->queue, c, link);
	a->n_queue++;
	acme_wake_in(a, 0);
}

/* From the queue: the callback comes later, from the loop. */
static void call_fail_later(struct acme_call *c, const struct fail *why)
{
	struct acme *a = c->acme;

	TAILQ_REMOVE(&a->queue, c, link);
	a->n_queue--;
	c->state = ACME_CALL_FAILING;
	c->fail = mem_dup(why, sizeof(*why));
	TAILQ_INSERT_TAIL(&a->failing, c, link);
	acme_wake_in(a, 0);
}

void acme_fail_queue(struct acme *a, const struct fail *why)
{
	while (!TAILQ_EMPTY(&a->queue))
		call_fail_later(TAILQ_FIRST(&a->queue), why);
}

/* Frees the call, then calls back; acme may be gone afterwards. */
static void call_end(struct acme_call *c, const struct acme_result *r)
{
	acme_fn *fn = c->fn;
	void *arg = c->arg;

	c->req = NULL;
	call_free(c);
	fn(arg, r);
}

static void call_end_failed(struct acme_call *c, const struct fail *why,
			    const char *type, const struct http_reply *reply)
{
	struct acme_result r = { .fail = why,
				 .problem_type = type && *type ? type : NULL,
				 .retry_at = why->retry_at,
				 .body = "" };

	if (reply) {
		r.status = reply->status;
		r.body = reply->body;
		r.len = reply->len;
	}
	call_end(c, &r);
}

/* --- answers --- */

/* What else it says where this is (RFC 8555 section 7.4.2). */
static void find_alternates(const char *url, const struct http_reply *reply,
			    struct strlist *ret)
{
	AUTO(arena_free) struct arena *arena = arena_new();
	const char *ref;

	for (size_t i = 0; i < reply->n_links; i++) {
		const char *p = reply->links[i];

		while (ret->n < ACME_ALTERNATE_MAX &&
		       (ref = http_link_next(&p, "alternate", arena))) {
			AUTO(mem_free_str) char *to = http_join(url, ref);

			if (to && acme_parse_url_ok(to) &&
			    strcmp(to, url) != 0 && !strlist_has(ret, to))
				strlist_add(ret, to);
		}
	}
}

static void on_success(struct acme_call *c, const struct http_reply *reply,
		       int64_t retry_at)
{
	AUTO(mem_free_str)
	char *location =
		reply->location ? http_join(c->url, reply->location) : NULL;
	AUTO(strlist_free) struct strlist alternates = STRLIST_INIT;
	struct acme_result r = { .status = reply->status,
				 .location = location,
				 .retry_at = retry_at,
				 .body = reply->body,
				 .len = reply->len };
	char where[PLAIN_QUOTED];
	struct fail f;

	find_alternates(c->url, reply, &alternates);
	r.alternates = (const char *const *) alternates.v;
	r.n_alternates = alternates.n;
	if (location && !acme_parse_url_ok(location))
		r.location = NULL;
	if (acme_problem_is_html(reply->content_type, reply->body))
		fail_set(&f, FAIL_CA_DOWN, retry_at,
			 "the CA answered %s with an HTML page (status %ld)",
			 c->url, reply->status);
	else if ((c->flags & ACME_CALL_LOCATION) && !r.location)
		fail_set(&f, FAIL_CA_DOWN, retry_at,
			 "the CA answered %s without an https URL for what was "
			 "made there (Location: %.80s)",
			 c->url,
			 reply->location ? plain_quoted(reply->location, where)
					 : "none");
	else {
		call_end(c, &r);
		return;
	}
	call_end_failed(c, &f, NULL, reply);
}

/* RFC 8555 section 6.5: the error answer brings the nonce to try next; it is
 * the newest now, so the call gets it. */
static bool retry_nonce(struct acme_call *c, const struct http_reply *reply,
			struct fail *f)
{
	if (reply->resent && !(c->flags & ACME_CALL_REPEATABLE)) {
		/* The first copy used up the nonce: it was handled. */
		fail_set(f, FAIL_CA_DOWN, 0,
			 "the connection to the CA was cut; whether it handled "
			 "the request to %s is not known",
			 c->url);
		return false;
	}
	if (c->bad_nonces++ < ACME_BADNONCE_MAX) {
		call_requeue(c);
		return true;
	}
	fail_set(f, FAIL_CA_DOWN, f->retry_at,
		 "the CA rejected %u nonces one after another, each its own",
		 c->bad_nonces);
	return false;
}

/* A server of the CA's that answers with an error page may have lost the
 * nonces it gave (Dogtag says so to a bad one), or not be the one that gave
 * them: with a fresh nonce it is tried again. Not finalize, whose order tells
 * how it went. */
static bool retry_page(struct acme_call *c, const struct http_reply *reply)
{
	if (!reply->replay_nonce)
		acme_nonces_free(&c->acme->nonces);
	if (reply->status != 500 || c->step == ACME_STEP_FINALIZE ||
	    c->pages++ >= ACME_PAGES_MAX)
		return false;
	call_requeue(c);
	return true;
}

/* Section 6.7: the CA does not know the account (any more). The same key is
 * registered again, once; calls signed before that are then repeated. */
static bool retry_account(struct acme_call *c)
{
	struct acme *a = c->acme;

	bool lost = c->generation == a->generation && a->phase == ACME_UP;

	if ((c->flags & ACME_CALL_JWK) || (lost && a->renewed))
		return false;
	call_requeue(c);
	if (lost) {
		a->renewed = true;
		log_debug("%s does not know our account: registering again",
			  a->ca->name);
		acme_account_register(a);
	}
	return true;
}

/* The account is of no more use, or its key: not so when something is wanted
 * of it (terms, a contact). */
static bool account_lost(const struct acme_call *c, const struct fail *f,
			 const char *type)
{
	if (f->class != FAIL_ACCOUNT)
		return false;
	if (c->flags & ACME_CALL_JWK)
		return strcmp(type, "unauthorized") == 0 &&
		       strcasestr(f->detail, "deactivated");
	return strcmp(type, "accountDoesNotExist") == 0 ||
	       strcmp(type, "unauthorized") == 0 ||
	       strcmp(type, "malformed") == 0;
}

static void on_problem(struct acme_call *c, const struct http_reply *reply,
		       int64_t retry_at)
{
	char type[ACME_PROBLEM_TYPE];
	struct fail f;

	acme_problem_classify(c->step, reply->status, reply->content_type,
			      reply->body, reply->len, retry_at, &f, type);
	if (strcmp(type, "badNonce") == 0 && retry_nonce(c, reply, &f))
		return;
	if (reply->status >= 500 && !*type && retry_page(c, reply))
		return;
	if (strcmp(type, "accountDoesNotExist") == 0 && retry_account(c))
		return;
	if ((c->flags & ACME_CALL_LENIENT) && (c->cuts > 0 || reply->resent) &&
	    strcmp(type, "malformed") == 0) {
		struct acme_result r = { .status = 200, .body = "" };

		call_end(c, &r);
		return;
	}
	if (account_lost(c, &f, type))
		acme_say_new_account(c->acme, &f);
	else if (strcmp(type, "invalidContact") == 0 ||
		 strcmp(type, "unsupportedContact") == 0)
		acme_say_contact(c->acme, &f);
	call_end_failed(c, &f, type, reply);
}

enum fail_class acme_class_of(const struct http_reply *r)
{
	if (r->end == HTTP_OURS)
		return FAIL_HOST;
	/* Certificates are issued before they are used. */
	return r->not_yet ? FAIL_CLOCK : FAIL_CA_DOWN;
}

static void on_answer(void *arg, const struct http_reply *reply)
{
	struct acme_call *c = arg;
	struct acme *a = c->acme;
	int64_t retry_at;
	struct fail f;

	acme_nonce_keep(a, reply->replay_nonce);
	if (a->n_queue > 0)
		acme_wake_in(a, 0);
	if (reply->end == HTTP_CUT && (c->flags & ACME_CALL_REPEATABLE) &&
	    c->cuts++ < ACME_CUTS_MAX) {
		call_requeue(c);
		return;
	}
	if (reply->end != HTTP_OK) {
		fail_set(&f, acme_class_of(reply), 0, "%s", reply->error);
		call_end_failed(c, &f, NULL, NULL);
		return;
	}
	retry_at = acme_problem_retry_after(reply->retry_after, reply->date,
					    clock_now());
	if (reply->status >= 200 && reply->status < 300)
		on_success(c, reply, retry_at);
	else
		on_problem(c, reply, retry_at);
}

/* --- nonces --- */

/* Those that calls wait for are not counted as kept. */
static size_t nonces_most(const struct acme *a)
{
	size_t pool = (size_t) a->ca->nonce_pool;

	return pool > a->n_queue ? pool : a->n_queue;
}

void acme_nonce_keep(struct acme *a, const char *nonce)
{
	acme_nonces_add(&a->nonces, nonce, nonces_most(a), clock_mono_ms());
}

/* newNonce did not work: wait a little if the CA says so, or let those who
 * need one know. Other answers bring nonces as well. */
static void head_failed(struct acme *a, const struct http_reply *r)
{
	int64_t now = clock_now();
	int64_t at = acme_problem_retry_after(r->retry_after, r->date, now);
	char type[ACME_PROBLEM_TYPE];
	struct fail f;

	a->prime = 0;
	/* One cut ends all that shared the connection: it counts once. */
	if (r->end == HTTP_CUT && a->heads > 0)
		return;
	a->head_fails++;
	if (r->end == HTTP_CUT && a->head_fails <= ACME_CUTS_MAX)
		return;
	if (at && at - now <= HEAD_HOLD_MAX &&
	    a->head_fails <= HEAD_FAILS_MAX) {
		a->head_hold = clock_mono_ms() + 1000 * (at - now);
		return;
	}
	if (r->end != HTTP_OK)
		fail_set(&f, acme_class_of(r), 0, "%s", r->error);
	else if (r->status >= 200 && r->status < 300)
		fail_set(&f, FAIL_CA_DOWN, 0,
			 "the CA gave no nonce when asked for one");
	else
		acme_problem_classify(ACME_STEP_NONCE, r->status,
				      r->content_type, r->body, r->len, at, &f,
				      type);
	acme_fail_queue(a, &f);
}

static void head_done(void *arg, const struct http_reply *r)
{
	struct acme *a = arg;

	a->heads--;
	acme_wake_in(a, 0);
	if (r->end == HTTP_OK && r->status >= 200 && r->status < 300 &&
	    r->replay_nonce && acme_nonce_ok(r->replay_nonce)) {
		a->head_fails = 0;
		acme_nonce_keep(a, r->replay_nonce);
		return;
	}
	head_failed(a, r);
}

/* As many newNonce requests as there are calls that wait for one, or to be
 * primed; never more, and in their own pace. */
static void heads_send(struct acme *a)
{
	size_t have = a->heads + acme_nonces_count(&a->nonces);
	size_t waiting = a->n_queue > have ? a->n_queue - have : 0;
	size_t need = waiting > a->prime ? waiting : a->prime;
	int64_t hold = a->head_hold - clock_mono_ms();

	if (need > 0 && hold > 0) {
		acme_wake_in(a, hold);
		return;
	}
	for (; need > 0; need--) {
		int64_t wait = acme_pace_ask(&a->head_pace);

		if (wait == 0)
			wait = acme_pace_ask(&a->pace);
		if (wait > 0) {
			acme_wake_in(a, wait);
			return;
		}
		(void) http_send(a->http, HTTP_HEAD, a->dir.new_nonce, NULL, 0,
				 head_done, a);
		a->heads++;
		if (a->prime > 0)
			a->prime--;
	}
}

/* --- sending --- */

static void call_send(struct acme_call *c, const char *nonce)
{
	struct acme *a = c->acme;
	AUTO(sbuf_free) struct sbuf body = SBUF_INIT(REQUEST_MAX);
	struct err err = ERR_INIT;
	struct fail f;

	if (jws_sign(a->key, c->flags & ACME_CALL_JWK ? NULL : a->account,
		     nonce, c->url, c->payload, c->len, &body, &err) == -1) {
		fail_set(&f, FAIL_INTERNAL, 0, "%s", err.msg);
		call_fail_later(c, &f);
		return;
	}
	TAILQ_REMOVE(&a->queue, c, link);
	a->n_queue--;
	c->state = ACME_CALL_SENT;
	c->generation = a->generation;
	TAILQ_INSERT_TAIL(&a->flight, c, link);
	c->req = http_send(a->http, HTTP_POST, c->url, body.buf, body.len,
			   on_answer, c);
}

static bool call_refused(const struct acme_call *c, struct fail *f)
{
	const struct acme *a = c->acme;

	if (a->phase == ACME_FAILED)
		*f = a->why;
	else if (a->phase == ACME_IDLE)
		fail_set(f, FAIL_INTERNAL, 0, "the CA %s was not started",
			 a->ca->name);
	else if (!acme_parse_url_ok(c->url))
		fail_set(f, FAIL_CA_DOWN, 0,
			 "the CA gave a URL that is not https: %.200s", c->url);
	else
		return false;
	return true;
}

/* False: nothing more can go now. */
static bool call_try(struct acme_call *c)
{
	struct acme *a = c->acme;
	AUTO(mem_free_str) char *nonce = NULL;
	int64_t now = clock_mono_ms(), wait;
	struct fail f;

	if (call_refused(c, &f)) {
		call_fail_later(c, &f);
		return true;
	}
	if (a->phase == ACME_GET_DIRECTORY)
		return false;
	if (a->phase == ACME_GET_ACCOUNT && !(c->flags & ACME_CALL_JWK))
		return true;
	nonce = acme_nonces_take(&a->nonces, now);
	if (!nonce)
		return false;
	wait = acme_pace_ask(&a->pace);
	if (wait > 0) {
		acme_nonces_add(&a->nonces, nonce, ACME_NONCES_MAX, now);
		acme_wake_in(a, wait);
		return false;
	}
	call_send(c, nonce);
	return true;
}

static void pump(void *arg)
{
	struct acme *a = arg;
	struct acme_call *c = TAILQ_FIRST(&a->failing), *next;

	a->wake = NULL;
	if (c) {
		struct fail f = *c->fail;

		acme_wake_in(a, 0);
		call_end_failed(c, &f, NULL, NULL);
		return;
	}
	for (c = TAILQ_FIRST(&a->queue); c; c = next) {
		next = TAILQ_NEXT(c, link);
		if (!call_try(c))
			break;
	}
	if (a->phase == ACME_UP || a->phase == ACME_GET_ACCOUNT)
		heads_send(a);
}

void acme_cancel(struct acme_call **call)
{
	struct acme_call *c = TAKE(*call);

	if (c)
		call_free(c);
}

/* --- calls --- */

struct acme_call *acme_new_order(struct acme *acme,
				 const struct acme_wish *wish, acme_fn *fn,
				 void *arg)
{
	const struct x509_ids *ids = wish->ids;
	AUTO(sbuf_free) struct sbuf s = SBUF_INIT(REQUEST_MAX);
	const char *url = acme->dir.new_order ? acme->dir.new_order : "";

	sbuf_adds(&s, "{\"identifiers\":[");
	for (size_t i = 0; i < ids->n; i++) {
		sbuf_addf(&s, "%s{\"type\":\"%s\",\"value\":", i ? "," : "",
			  ids->v[i].type == X509_ID_IP ? "ip" : "dns");
		sbuf_add_json(&s, ids->v[i].value);
		sbuf_addc(&s, '}');
	}
	sbuf_addc(&s, ']');
	if (wish->profile) {
		sbuf_adds(&s, ",\"profile\":");
		sbuf_add_json(&s, wish->profile);
	}
	if (wish->replaces) {
		sbuf_adds(&s, ",\"replaces\":");
		sbuf_add_json(&s, wish->replaces);
	}
	sbuf_addc(&s, '}');
	return acme_call_new(acme, ACME_STEP_ORDER, ACME_CALL_LOCATION, url,
			     sbuf_str(&s), s.len, fn, arg);
}

struct acme_call *acme_get(struct acme *acme, const char *url, acme_fn *fn,
			   void *arg)
{
	return acme_call_new(acme, ACME_STEP_OTHER, ACME_CALL_REPEATABLE, url,
			     "", 0, fn, arg);
}

struct acme_call *acme_respond(struct acme *acme, const char *challenge_url,
			       acme_fn *fn, void *arg)
{
	return acme_call_new(acme, ACME_STEP_OTHER,
			     ACME_CALL_REPEATABLE | ACME_CALL_LENIENT,
			     challenge_url, "{}", 2, fn, arg);
}

struct acme_call *acme_finalize(struct acme *acme, const char *finalize_url,
				const unsigned char *csr_der, size_t len,
				acme_fn *fn, void *arg)
{
	AUTO(mem_free_str) char *csr = enc_b64url(csr_der, len);
	AUTO(mem_free_str) char *body = mem_printf("{\"csr\":\"%s\"}", csr);

	return acme_call_new(acme, ACME_STEP_FINALIZE, 0, finalize_url, body,
			     strlen(body), fn, arg);
}

struct acme_call *acme_deactivate(struct acme *acme, const char *authz_url,
				  acme_fn *fn, void *arg)
{
	static const char body[] = "{\"status\":\"deactivated\"}";

	return acme_call_new(acme, ACME_STEP_OTHER,
			     ACME_CALL_REPEATABLE | ACME_CALL_LENIENT,
			     authz_url, body, sizeof(body) - 1, fn, arg);
}
