/* SPDX-License-Identifier: MIT */
#ifndef FAKE_CA_H
#define FAKE_CA_H

/*
 * A CA, solvers and a clock behind the link seam: this defines what acme.c,
 * chall.c and loop.c do, so that the order machine runs alone, in virtual
 * time, and whatever the CA does to it is one row of a table. Parsing,
 * classifying and the store are the real ones. Include after cmocka.h, once
 * in a program.
 *
 * The CA is a small state machine of its own (RFC 8555 section 7.1.6); a
 * struct twist answers a request otherwise than it would.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "acme.h"
#include "acme_problem.h"
#include "chall.h"
#include "clock.h"
#include "loop.h"

/* --- time --- */

struct loop_timer {
	int64_t at;
	loop_timer_fn *fn;
	void *arg;
	struct loop_timer *next;
};
static struct loop_timer *timers;
static int64_t now_ms;

static void fake_clock(int64_t ms)
{
	now_ms = ms;
	clock_set_for_test(ms / 1000);
	clock_set_mono_for_test(ms);
}

struct loop_timer *loop_after(struct loop *loop, int64_t ms, loop_timer_fn *fn,
			      void *arg)
{
	struct loop_timer *t = mem_alloc(sizeof(*t)), **p = &timers;

	*t = (struct loop_timer){ now_ms + ms, fn, arg, NULL };
	while (*p && (*p)->at <= t->at)
		p = &(*p)->next;
	t->next = *p;
	*p = t;
	return t;
}

void loop_cancel(struct loop_timer **timer)
{
	struct loop_timer **p = &timers;

	if (!*timer)
		return;
	while (*p != *timer)
		p = &(*p)->next;
	*p = (*timer)->next;
	free(*timer);
	*timer = NULL;
}

/* The earliest timer goes off: false when there is none. */
static bool fake_timer(void)
{
	struct loop_timer t;

	if (!timers)
		return false;
	t = *timers;
	free(timers);
	timers = t.next;
	if (t.at > now_ms)
		fake_clock(t.at);
	t.fn(t.arg);
	return true;
}

/* --- the CA --- */

enum kind {
	NEW,
	AUTHZ,
	RESPOND,
	ORDER,
	FINALIZE,
	CERT,
	ALTERNATE,
	DEACTIVATE,
	KINDS
};

struct twist {
	enum kind kind;
	int nth;     /* from this request of its kind on, from 1 up */
	int times;   /* so often; 0: always */
	long status; /* 0: the connection is cut; -1: it never answers */
	const char *body;
	const char *type; /* Content-Type, NULL: problem or JSON */
	int64_t retry;	  /* Retry-After, s */
	bool acted;	  /* the CA did what was asked, all the same */
};

#define TWISTS 4
struct ca_says {
	struct twist twist[TWISTS];
	int processing; /* looks at the order that find it so; -1: all */
	int validating; /* looks at the authorization that find it pending */
};

struct ca_order {
	const char *status, *authz;
	int looks, authz_looks;
	bool finalized;
	int64_t expires; /* 0: does not say */
};

static struct {
	struct ca_says says;
	struct ca_order order[9]; /* from 1 up */
	int n_orders;
	int count[KINDS];
	char *cert; /* PEM: what it issues */
	/* The same by other chains, PEM; NULL: 404. */
	const char *alternates[ACME_ALTERNATE_MAX];
	size_t n_alternates;
	struct acme_offer offer;
	const char *shows; /* profile in its orders, or NULL */
	/* of the last newOrder */
	char profile[100], replaces[100];
} ca;

struct acme_call {
	enum kind kind;
	int order;
	acme_fn *fn;
	void *arg;
	struct acme_call *next;
	/* the answer */
	long status;
	char *body, *location;
	const char *type;
	int64_t retry;
	int nth; /* alternate */
};
static struct acme_call *calls;

static char *order_json(int n)
{
	const struct ca_order *o = &ca.order[n];
	AUTO(mem_free_str) char *expires = mem_strdup("");
	char at[CLOCK_TEXT];

	if (o->expires) {
		free(expires);
		expires = mem_printf("\"expires\":\"%s\",",
				     clock_text(o->expires, at));
	}
	return mem_printf("{\"status\":\"%s\",%s\"authorizations\":"
			  "[\"https://ca.test/authz/%d\"],"
			  "%s%s%s"
			  "\"finalize\":\"https://ca.test/final/%d\"%s%d%s}",
			  o->status, expires, n,
			  ca.shows ? "\"profile\":\"" : "",
			  ca.shows ? ca.shows : "", ca.shows ? "\"," : "", n,
			  strcmp(o->status, "valid") == 0
				  ? ",\"certificate\":\"https://ca.test/cert/"
				  : ",\"x\":\"",
			  n, "\"");
}

static char *authz_json(int n)
{
	const struct ca_order *o = &ca.order[n];

	return mem_printf(
		"{\"status\":\"%s\",\"identifier\":{\"type\":\"dns\","
		"\"value\":\"www.example.org\"},\"challenges\":[{\"type\":"
		"\"dns-01\",\"url\":\"https://ca.test/chall/%d\",\"token\":"
		"\"token\",\"status\":\"%s\"}]}",
		o->authz, n, o->authz);
}

/* What the CA does when it gets this. */
static void ca_act(struct acme_call *c)
{
	struct ca_order *o = &ca.order[c->order];

	c->status = 200;
	switch (c->kind) {
	case NEW:
		assert_true(ca.n_orders < 8);
		c->order = ++ca.n_orders;
		o = &ca.order[c->order];
		*o = (struct ca_order){ .status = "pending",
					.authz = "pending" };
		c->status = 201;
		c->location = mem_printf("https://ca.test/order/%d", c->order);
		c->body = order_json(c->order);
		return;
	case RESPOND:
		o->authz_looks = 0;
		if (strcmp(o->authz, "pending") == 0 && !ca.says.validating) {
			o->authz = "valid";
			o->status = "ready";
		}
		c->body = mem_strdup("{}");
		return;
	case AUTHZ:
		if (ca.count[RESPOND] &&
		    ++o->authz_looks > ca.says.validating &&
		    strcmp(o->authz, "pending") == 0) {
			o->authz = "valid";
			o->status = "ready";
		}
		c->body = authz_json(c->order);
		return;
	case FINALIZE:
		if (strcmp(o->status, "ready") != 0) {
			c->status = 403;
			c->body = mem_strdup(
				"{\"type\":\"urn:ietf:params:acme:error:"
				"orderNotReady\",\"detail\":\"not ready\"}");
			return;
		}
		o->finalized = true;
		o->status = ca.says.processing ? "processing" : "valid";
		c->body = order_json(c->order);
		return;
	case ORDER:
		if (strcmp(o->status, "processing") == 0 &&
		    ca.says.processing >= 0 && ++o->looks >= ca.says.processing)
			o->status = "valid";
		c->body = order_json(c->order);
		return;
	case CERT:
		c->body = mem_strdup(ca.cert);
		return;
	case ALTERNATE:
		if (!ca.alternates[c->nth])
			c->status = 404;
		c->body = mem_strdup(c->status == 404 ? ""
						      : ca.alternates[c->nth]);
		return;
	default:
		c->body = mem_strdup("{}");
	}
}

static const struct twist *ca_twist(enum kind kind)
{
	const struct twist *t = ca.says.twist;
	int n = ++ca.count[kind], i;

	for (i = 0; i < TWISTS; i++)
		if (t[i].nth && t[i].kind == kind && n >= t[i].nth &&
		    (!t[i].times || n < t[i].nth + t[i].times))
			return &t[i];
	return NULL;
}

static struct acme_call *ca_ask(enum kind kind, const char *url, acme_fn *fn,
				void *arg)
{
	struct acme_call *c = mem_alloc(sizeof(*c)), **p = &calls;
	const struct twist *t = ca_twist(kind);
	const char *slash = url ? strrchr(url, '/') : NULL;

	*c = (struct acme_call){ .kind = kind, .fn = fn, .arg = arg };
	c->order = slash ? atoi(slash + 1) : 0;
	if (kind == ALTERNATE)
		c->nth = atoi(strstr(url, "/alt/") + 5);
	if (url && (c->order < 1 || c->order > ca.n_orders))
		fail_msg("asks for %s", url);
	if (!t || t->acted)
		ca_act(c);
	if (t) {
		c->status = t->status;
		c->type = t->type;
		c->retry = t->retry;
		free(c->body);
		c->body = mem_strdup(t->body ? t->body : "");
	}
	while (*p)
		p = &(*p)->next;
	*p = c;
	return c;
}

static void call_free(struct acme_call *c)
{
	free(c->body);
	free(c->location);
	free(c);
}

void acme_cancel(struct acme_call **call)
{
	struct acme_call **p = &calls;

	if (!*call)
		return;
	while (*p != *call)
		p = &(*p)->next;
	*p = (*call)->next;
	call_free(*call);
	*call = NULL;
}

/* The oldest request is answered: false when there is none. */
static bool fake_answer(void)
{
	struct acme_call **p = &calls, *c;
	struct acme_result r = { 0 };
	char type[ACME_PROBLEM_TYPE] = "";
	char url[ACME_ALTERNATE_MAX][80];
	const char *urls[ACME_ALTERNATE_MAX];
	struct fail f;

	while (*p && (*p)->status == -1)
		p = &(*p)->next;
	c = *p;
	if (!c)
		return false;
	*p = c->next;
	r.status = c->status;
	r.body = c->body;
	r.len = strlen(c->body);
	r.location = c->location;
	for (size_t i = 0; c->kind == CERT && i < ca.n_alternates; i++) {
		snprintf(url[i], sizeof(url[i]), "https://ca.test/alt/%zu/%d",
			 i, c->order);
		urls[i] = url[i];
		r.n_alternates++;
	}
	r.alternates = urls;
	r.retry_at = c->retry ? clock_now() + c->retry : 0;
	if (c->status == 0) {
		fail_set(&f, FAIL_CA_DOWN, 0, "the connection was cut");
		r.fail = &f;
	} else if (c->status >= 300) {
		acme_problem_classify(c->kind == NEW	    ? ACME_STEP_ORDER
				      : c->kind == FINALIZE ? ACME_STEP_FINALIZE
							    : ACME_STEP_OTHER,
				      c->status,
				      c->type ? c->type
					      : "application/problem+json",
				      r.body, r.len, r.retry_at, &f, type);
		r.fail = &f;
		r.problem_type = *type ? type : NULL;
	}
	c->fn(c->arg, &r);
	call_free(c);
	return true;
}

struct acme_call *acme_new_order(struct acme *acme,
				 const struct acme_wish *wish, acme_fn *fn,
				 void *arg)
{
	snprintf(ca.profile, sizeof(ca.profile), "%s",
		 wish->profile ? wish->profile : "-");
	snprintf(ca.replaces, sizeof(ca.replaces), "%s",
		 wish->replaces ? wish->replaces : "-");
	return ca_ask(NEW, NULL, fn, arg);
}

const struct acme_offer *acme_offer(const struct acme *acme)
{
	return &ca.offer;
}

struct acme_call *acme_get(struct acme *acme, const char *url, acme_fn *fn,
			   void *arg)
{
	return ca_ask(strstr(url, "/authz/")   ? AUTHZ
		      : strstr(url, "/order/") ? ORDER
		      : strstr(url, "/alt/")   ? ALTERNATE
					       : CERT,
		      url, fn, arg);
}

struct acme_call *acme_respond(struct acme *acme, const char *url, acme_fn *fn,
			       void *arg)
{
	return ca_ask(RESPOND, url, fn, arg);
}

struct acme_call *acme_finalize(struct acme *acme, const char *url,
				const unsigned char *der, size_t len,
				acme_fn *fn, void *arg)
{
	return ca_ask(FINALIZE, url, fn, arg);
}

struct acme_call *acme_deactivate(struct acme *acme, const char *url,
				  acme_fn *fn, void *arg)
{
	return ca_ask(DEACTIVATE, url, fn, arg);
}

const char *acme_account(const struct acme *acme)
{
	return "https://ca.test/account/1";
}

bool acme_is_at(const struct acme *acme, const char *url)
{
	return strncmp(url, "https://ca.test/", 16) == 0;
}

const char *acme_thumbprint(const struct acme *acme)
{
	return "thumbprint";
}

/* --- the solver --- */

enum step { LOCATE, PREPARE, WAIT, CLEAN };

static struct {
	/* step N fails so, when its turn comes; NONE: it does not */
	enum err_kind fails[4];
	bool placed;
	int puts;
	int64_t negative_ttl;
	bool saw_none;
} solver;

struct chall {
	chall_fn *fn;
	void *arg;
	struct store_proof proof;
	enum step step;
	bool busy;
	struct chall *next;
};
static struct chall *challs;

static struct chall *fake_chall(chall_fn *fn, void *arg)
{
	struct chall *c = mem_alloc(sizeof(*c));

	*c = (struct chall){ .fn = fn, .arg = arg, .next = challs };
	c->proof = (struct store_proof){
		.id = "0123456789abcdef0123456789abcdef"
		      "0123456789abcdef0123456789abcdef",
		.name = "www.example.org",
		.lease_owner = "unit-1",
		.type = "dns-01",
		.zone = "example.org",
		.server = "192.0.2.1:53",
		.owner = "_acme-challenge.www.example.org",
		.value = "value",
		.ts_created = clock_now(),
	};
	challs = c;
	return c;
}

int chall_new(struct chall_ctx *ctx, const struct chall_req *req, chall_fn *fn,
	      void *arg, struct chall **ret, struct err *e)
{
	if (strspn(req->token, "abcdefghijklmnopqrstuvwxyz") == 0)
		return err_set(e, ERR_INPUT, "the token is none");
	*ret = fake_chall(fn, arg);
	return 0;
}

int chall_from_proof(struct chall_ctx *ctx, const struct store_proof *proof,
		     chall_fn *fn, void *arg, struct chall **ret, struct err *e)
{
	*ret = fake_chall(fn, arg);
	return 0;
}

void chall_free(struct chall **cp)
{
	struct chall **p = &challs;

	if (!*cp)
		return;
	while (*p != *cp)
		p = &(*p)->next;
	*p = (*cp)->next;
	free(*cp);
	*cp = NULL;
}

static void chall_begin(struct chall *c, enum step step)
{
	assert_false(c->busy);
	c->busy = true;
	c->step = step;
	/* It goes out at once; the answer comes later. */
	if (step == PREPARE) {
		solver.placed = true;
		solver.puts++;
	} else if (step == CLEAN && !solver.fails[CLEAN]) {
		solver.placed = false;
	}
}

void chall_locate(struct chall *c)
{
	chall_begin(c, LOCATE);
}

void chall_prepare(struct chall *c)
{
	chall_begin(c, PREPARE);
}

void chall_ready(struct chall *c)
{
	chall_begin(c, WAIT);
}

void chall_clean(struct chall *c)
{
	chall_begin(c, CLEAN);
}

const struct store_proof *chall_proof(const struct chall *c)
{
	return &c->proof;
}

int64_t chall_negative_ttl(const struct chall *c)
{
	return c->proof.id ? solver.negative_ttl : 0;
}

bool chall_saw_none(const struct chall *c)
{
	return solver.saw_none && c->step == WAIT;
}

/* A step of a solution ends: false when none is under way. */
static bool fake_solve(void)
{
	struct err e = ERR_INIT;
	struct chall *c = challs;

	while (c && !c->busy)
		c = c->next;
	if (!c)
		return false;
	c->busy = false;
	if (solver.fails[c->step])
		(void) err_set(&e, solver.fails[c->step], "the solver fails");
	c->fn(c, e.kind ? &e : NULL, c->arg);
	return true;
}

#endif
