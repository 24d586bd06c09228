/* SPDX-License-Identifier: MIT */
#include "dns_valid.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unbound-event.h>
#include <unbound.h>
#include "clock.h"
#include "dns_valid_ev.h"
#include "file.h"

#define ANCHOR_MAX (256 * 1024)
#define WHY_MAX	   400

enum { UB_INSECURE, UB_BOGUS, UB_SECURE };

LIST_HEAD(dns_valid_asks, dns_valid_ask);

struct dns_valid_ask {
	struct dns_valid *v;
	LIST_ENTRY(dns_valid_ask) link;
	dns_valid_fn *fn; /* NULL: nobody waits any more */
	void *arg;
	char *what; /* "NAME TYPE" */
	bool held;  /* libunbound knows it, and will call back */
	struct loop_timer *deadline, *soon;
	int sec, rcode;
	unsigned char *wire; /* NULL: none came */
	size_t len;
	char *why;
};

struct dns_valid {
	struct loop *loop;
	struct ub_event_base *base;
	struct ub_ctx *ub;
	bool checks;
	int64_t timeout_ms;
	struct dns_valid_asks asks;
};

const char *dns_valid_state_text(enum dns_valid_state s)
{
	static const char *const texts[] = {
		[DNS_VALID_UNCHECKED] = "not checked",
		[DNS_VALID_INSECURE] = "insecure",
		[DNS_VALID_SECURE] = "secure",
		[DNS_VALID_BOGUS] = "bogus",
	};

	return texts[s];
}

/* --- setting up --- */

static int ub_check(int rc, const char *what, struct err *err)
{
	return rc == 0 ? 0
		       : err_set(err, ERR_CONFIG, "%s: %s", what,
				 ub_strerror(rc));
}

static int set_option(struct dns_valid *v, const char *name, const char *value,
		      struct err *err)
{
	return ub_check(ub_ctx_set_option(v->ub, name, value), name, err);
}

/* libunbound's own syntax: ADDRESS@PORT. */
static int add_server(struct dns_valid *v, const struct dns_addr *a,
		      struct err *err)
{
	char text[DNS_ADDR_TEXT], at[DNS_ADDR_TEXT + 8];
	struct dns_addr plain = *a;
	unsigned port = ntohs(a->u.sa.sa_family == AF_INET6 ? a->u.in6.sin6_port
							    : a->u.in.sin_port);

	if (a->u.sa.sa_family == AF_INET6)
		plain.u.in6.sin6_port = htons(DNS_PORT);
	else
		plain.u.in.sin_port = htons(DNS_PORT);
	snprintf(at, sizeof(at), "%s@%u", dns_addr_text(&plain, text), port);
	return ub_check(ub_ctx_set_fwd(v->ub, at), at, err);
}

/* Without one it would check nothing, and say nothing of that. */
static int add_anchor(struct dns_valid *v, const char *path, struct err *err)
{
	AUTO(sbuf_free) struct sbuf text = SBUF_INIT(ANCHOR_MAX);
	int found = path && *path ? file_read(path, &text, err) : 0;

	if (found != 1)
		return found;
	if (!strstr(sbuf_str(&text), "DS") &&
	    !strstr(sbuf_str(&text), "DNSKEY"))
		return err_set(err, ERR_CONFIG,
			       "%s holds no trust anchor (a DS or DNSKEY "
			       "record)",
			       path);
	v->checks = true;
	return ub_check(ub_ctx_add_ta_file(v->ub, path), path, err);
}

static int set_up(struct dns_valid *v, const struct dns_valid_opts *o,
		  struct err *err)
{
	/* Names it answers for by itself, though sites may have them. */
	static const char *const unblocked[] = { "test.", "home.arpa." };
	size_t i;

	for (i = 0; i < o->n_servers; i++)
		if (add_server(v, &o->servers[i], err) == -1)
			return -1;
	for (i = 0; o->insecure && o->insecure[i]; i++)
		if (set_option(v, "domain-insecure:", o->insecure[i], err) ==
		    -1)
			return -1;
	if (ub_check(ub_ctx_debugout(v->ub, NULL), "libunbound", err) == -1 ||
	    set_option(v, "do-not-query-localhost:", "no", err) == -1 ||
	    set_option(v, "unblock-lan-zones:", "yes", err) == -1 ||
	    add_anchor(v, o->anchor, err) == -1)
		return -1;
	/* The first of these reads what was set. */
	for (i = 0; i < ARRAY_LEN(unblocked); i++)
		if (ub_check(ub_ctx_zone_remove(v->ub, unblocked[i]),
			     v->checks ? o->anchor : "libunbound", err) == -1)
			return -1;
	return 0;
}

int dns_valid_new(struct loop *loop, const struct dns_valid_opts *opts,
		  struct dns_valid **ret, struct err *err)
{
	AUTO(dns_valid_free) struct dns_valid *v = mem_alloc(sizeof(*v));

	LIST_INIT(&v->asks);
	v->loop = loop;
	v->timeout_ms = opts->timeout_ms;
	v->base = dns_valid_ev_new(loop);
	v->ub = ub_ctx_create_ub_event(v->base);
	if (!v->ub)
		return err_set(err, ERR_INTERNAL, "cannot set up libunbound");
	if (set_up(v, opts, err) == -1)
		return -1;
	*ret = TAKE(v);
	return 0;
}

static void ask_free(struct dns_valid_ask *a)
{
	loop_cancel(&a->deadline);
	loop_cancel(&a->soon);
	LIST_REMOVE(a, link);
	free(a->what);
	free(a->wire);
	free(a->why);
	free(a);
}

void dns_valid_free(struct dns_valid **vp)
{
	struct dns_valid *v = TAKE(*vp);

	if (!v)
		return;
	if (v->ub)
		ub_ctx_delete(v->ub);
	while (!LIST_EMPTY(&v->asks))
		ask_free(LIST_FIRST(&v->asks));
	dns_valid_ev_free(&v->base);
	free(v);
}

/* --- one look-up --- */

/* What libunbound still holds stays until it lets go. */
static void let_go(struct dns_valid_ask *a)
{
	a->fn = NULL;
	loop_cancel(&a->deadline);
	loop_cancel(&a->soon);
	if (!a->held)
		ask_free(a);
}

void dns_valid_cancel(struct dns_valid_ask **a)
{
	struct dns_valid_ask *gone = TAKE(*a);

	if (gone)
		let_go(gone);
}

static void finish(struct dns_valid_ask *a, const struct dns_valid_answer *r,
		   const struct err *err)
{
	dns_valid_fn *fn = a->fn;
	void *arg = a->arg;

	/* What R points to may lie in A. */
	fn(arg, r, err);
	let_go(a);
}

static int read_answer(const struct dns_valid_ask *a, struct arena *arena,
		       struct dns_msg *ret, struct err *err)
{
	char text[16];

	if (!a->wire || a->rcode != DNS_NOERROR)
		return err_set(err, ERR_UNAVAILABLE,
			       "the resolvers give no answer for %s (%s)",
			       a->what,
			       dns_rcode_text((unsigned) a->rcode, text));
	if (dns_msg_parse(a->wire, a->len, arena, ret, err) == -1)
		return err_wrap(err, "%s", a->what);
	if (ret->rcode != DNS_NOERROR && ret->rcode != DNS_NXDOMAIN)
		return err_set(err, ERR_UNAVAILABLE,
			       "the resolvers give no answer for %s (%s)",
			       a->what, dns_rcode_text(ret->rcode, text));
	return 0;
}

static void deliver(void *arg)
{
	AUTO(arena_free) struct arena *arena = arena_new();
	struct dns_valid_ask *a = arg;
	struct dns_valid_answer r = { .state = DNS_VALID_UNCHECKED };
	struct err err = ERR_INIT;
	struct dns_msg m;

	a->soon = NULL;
	if (a->sec == UB_BOGUS) {
		r.state = DNS_VALID_BOGUS;
		r.why = a->why ? a->why : "no reason given";
		finish(a, &r, NULL);
		return;
	}
	if (read_answer(a, arena, &m, &err) == -1) {
		finish(a, NULL, &err);
		return;
	}
	if (a->v->checks)
		r.state = a->sec == UB_SECURE ? DNS_VALID_SECURE
					      : DNS_VALID_INSECURE;
	r.m = &m;
	finish(a, &r, NULL);
}

/* Now or from the loop. What it is given lives as long as the call. */
static void on_answer(void *arg, int rcode, void *packet, int len, int sec,
		      char *why, int ratelimited)
{
	struct dns_valid_ask *a = arg;

	(void) ratelimited;
	a->held = false;
	if (!a->fn) {
		ask_free(a);
		return;
	}
	a->rcode = rcode;
	a->sec = sec;
	if (packet && len > 0) {
		a->wire = mem_dup(packet, (size_t) len);
		a->len = (size_t) len;
	}
	if (why)
		a->why = mem_strndup(why, WHY_MAX);
	loop_cancel(&a->deadline);
	a->soon = loop_after(a->v->loop, 0, deliver, a);
}

static void on_deadline(void *arg)
{
	struct dns_valid_ask *a = arg;
	struct err err = ERR_INIT;

	a->deadline = NULL;
	(void) err_set(&err, ERR_UNAVAILABLE,
		       "the resolvers give no answer for %s within %lld ms",
		       a->what, (long long) a->v->timeout_ms);
	finish(a, NULL, &err);
}

struct dns_valid_ask *dns_valid_ask(struct dns_valid *v, const char *name,
				    unsigned type, dns_valid_fn *fn, void *arg)
{
	struct dns_valid_ask *a = mem_alloc(sizeof(*a));
	char said[DNS_NAME_SAID];
	int rc;

	LIST_INSERT_HEAD(&v->asks, a, link);
	a->v = v;
	a->fn = fn;
	a->arg = arg;
	a->what = mem_printf("%s %s", dns_name_said(name, said),
			     dns_type_text(type));
	a->deadline = loop_after(v->loop, v->timeout_ms, on_deadline, a);
	a->held = true;
	rc = ub_resolve_event(v->ub, name, (int) type, 1, a, on_answer, NULL);
	if (rc == 0)
		return a;
	a->held = false;
	a->rcode = DNS_SERVFAIL;
	loop_cancel(&a->deadline);
	a->soon = loop_after(v->loop, 0, deliver, a);
	return a;
}
