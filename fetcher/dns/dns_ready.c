/* SPDX-License-Identifier: MIT */
#include "dns_ready.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "clock.h"
#include "dns_path.h"
#include "log.h"

enum state { ASKING, HAS_IT, LEFT_OUT };

struct server {
	struct dns_ready *ready;
	const struct dns_addr *addr;
	enum state state;
	bool reached; /* it answered something, ever */
	bool no_way;  /* from this host: it has no IPv6, or no IPv4 */
	bool absent;  /* by its last answer nothing is there */
	int64_t interval;
	struct dns_ask *query;
	struct loop_timer *timer;
	char what[256]; /* its last answer, or why there is none */
};

struct dns_ready {
	struct dns_watch *w;
	const struct dns_zone *zone;
	char *owner, *value;
	struct dns_question question;
	struct server *servers;
	size_t n;
	struct loop_timer *grace, *deadline;
	dns_ready_fn *fn;
	void *arg;
};

struct dns_watch {
	struct dns_net *net;
	int64_t timeout_ms, grace_ms;
	struct dns_addr *reported; /* unreachable ones, told once each */
	size_t n_reported;
	size_t waiting;
};

static void ask(struct server *s);

struct dns_watch *dns_watch_new(struct dns_net *net, int64_t timeout_ms,
				int64_t grace_ms)
{
	struct dns_watch *w = mem_alloc(sizeof(*w));

	w->net = net;
	w->timeout_ms = timeout_ms;
	w->grace_ms = grace_ms;
	return w;
}

void dns_watch_free(struct dns_watch **w)
{
	if (!*w)
		return;
	assert((*w)->waiting == 0);
	free((*w)->reported);
	free(*w);
	*w = NULL;
}

bool dns_ready_has(const struct dns_msg *m, const char *owner,
		   const char *value, char what[256])
{
	char code[16];
	size_t others = 0;

	for (size_t i = 0; i < m->n; i++) {
		const struct dns_rr *rr = &m->rr[i];

		if (rr->section != DNS_ANSWER || rr->type != DNS_TXT ||
		    strcmp(rr->owner, owner) != 0)
			continue;
		if (rr->len == strlen(value) &&
		    memcmp(rr->data, value, rr->len) == 0)
			return true;
		others++;
	}
	if (m->rcode != DNS_NOERROR)
		snprintf(what, 256, "answers %s",
			 dns_rcode_text(m->rcode, code));
	else if (others > 0)
		snprintf(what, 256, "answers with %zu other value%s", others,
			 others == 1 ? "" : "s");
	else
		snprintf(what, 256, "answers without a TXT record");
	return false;
}

bool dns_ready_serves(const struct dns_msg *m, const char *owner)
{
	if (m->rcode != DNS_NOERROR && m->rcode != DNS_NXDOMAIN)
		return false;
	if (m->authoritative || dns_path_soa(m, owner))
		return true;
	for (size_t i = 0; i < m->n; i++)
		if (m->rr[i].section == DNS_ANSWER)
			return true;
	return false;
}

static void stop_server(struct server *s)
{
	dns_ask_cancel(&s->query);
	loop_cancel(&s->timer);
}

static void destroy(struct dns_ready *r)
{
	for (size_t i = 0; i < r->n; i++)
		stop_server(&r->servers[i]);
	loop_cancel(&r->grace);
	loop_cancel(&r->deadline);
	free(r->servers);
	free(r->owner);
	free(r->value);
	r->w->waiting--;
	free(r);
}

static void finish(struct dns_ready *r, const struct err *err)
{
	dns_ready_fn *fn = r->fn;
	void *arg = r->arg;
	bool absent = false;

	for (size_t i = 0; err && i < r->n; i++)
		absent = absent || r->servers[i].absent;
	destroy(r);
	fn(arg, err, absent);
}

static void report(struct dns_watch *w, const struct server *s)
{
	char text[DNS_ADDR_TEXT];

	for (size_t i = 0; i < w->n_reported; i++)
		if (dns_addr_equal(&w->reported[i], s->addr))
			return;
	w->reported =
		mem_grow(w->reported, w->n_reported + 1, sizeof(*w->reported));
	w->reported[w->n_reported++] = *s->addr;
	log_warn("name server %s of zone %s %s and is not waited for",
		 dns_addr_text(s->addr, text), s->ready->zone->name, s->what);
}

static void none_reached(struct dns_ready *r)
{
	char text[DNS_ADDR_TEXT];
	struct err err = ERR_INIT;

	(void) err_set(&err, ERR_UNAVAILABLE,
		       "no name server of zone %s answers for it: %s %s",
		       r->zone->name, dns_addr_text(r->servers[0].addr, text),
		       r->servers[0].what);
	finish(r, &err);
}

/* End when nobody is being asked any more. R may be gone afterwards. */
static void settle(struct dns_ready *r)
{
	size_t have = 0, asking = 0;

	for (size_t i = 0; i < r->n; i++) {
		/* No route, to an address the zone offers by itself: not even
		 * the grace is spent on it. */
		if (r->servers[i].state == ASKING &&
		    !(r->servers[i].no_way && !r->zone->check_configured))
			asking++;
		have += r->servers[i].state == HAS_IT;
	}
	if (asking > 0)
		return;
	if (have > 0)
		finish(r, NULL);
	else if (!r->grace)
		none_reached(r);
}

static void grace_over(void *arg)
{
	struct dns_ready *r = arg;

	r->grace = NULL;
	for (size_t i = 0; i < r->n; i++) {
		struct server *s = &r->servers[i];

		if (s->state != ASKING || s->reached)
			continue;
		s->state = LEFT_OUT;
		stop_server(s);
		if (!s->no_way || r->zone->check_configured)
			report(r->w, s);
	}
	settle(r);
}

static void deadline_over(void *arg)
{
	struct dns_ready *r = arg;
	struct err err = ERR_INIT;
	char text[DNS_ADDR_TEXT];
	size_t i = 0;

	r->deadline = NULL;
	while (i + 1 < r->n && r->servers[i].state != ASKING)
		i++;
	(void) err_set(&err, ERR_TIMEOUT,
		       "after %lld s name server %s of zone %s still %s at %s",
		       (long long) (r->w->timeout_ms / 1000),
		       dns_addr_text(r->servers[i].addr, text), r->zone->name,
		       r->servers[i].what, r->owner);
	finish(r, &err);
}

static void again(void *arg)
{
	struct server *s = arg;

	s->timer = NULL;
	ask(s);
}

static void ask_later(struct server *s)
{
	s->timer = loop_after(dns_net_loop(s->ready->w->net), s->interval,
			      again, s);
	s->interval *= 2;
	if (s->interval > DNS_READY_MAX_MS)
		s->interval = DNS_READY_MAX_MS;
}

static void take_answer(struct server *s, const struct dns_msg *m)
{
	struct dns_ready *r = s->ready;
	char code[16];

	s->no_way = false;
	if (dns_ready_has(m, r->owner, r->value, s->what))
		s->state = HAS_IT;
	/* What has it from the zone's own servers may have it tomorrow. */
	s->absent = s->state != HAS_IT && !m->authoritative &&
		    dns_ready_serves(m, r->owner) &&
		    !dns_msg_find(m, DNS_ANSWER, r->owner, DNS_TXT);
	if (dns_ready_serves(m, r->owner))
		s->reached = true;
	else
		snprintf(s->what, sizeof(s->what),
			 "does not answer for it (%s)",
			 m->rcode == DNS_NOERROR
				 ? "it refers to others"
				 : dns_rcode_text(m->rcode, code));
}

static void answered(void *arg, const struct dns_msg *m, const struct err *err)
{
	struct server *s = arg;
	struct dns_ready *r = s->ready;

	s->query = NULL;
	if (m) {
		take_answer(s, m);
	} else {
		snprintf(s->what, sizeof(s->what), "does not answer (%.200s)",
			 err->msg);
		s->no_way = err->kind == ERR_IO;
	}
	if (s->state == ASKING && !r->grace && !s->reached) {
		s->state = LEFT_OUT;
		report(r->w, s);
	} else if (s->state == ASKING) {
		ask_later(s);
	}
	settle(r);
}

static void ask(struct server *s)
{
	s->query = dns_ask(s->ready->w->net, s->addr, &s->ready->question,
			   answered, s);
}

struct dns_ready *dns_ready_wait(struct dns_watch *w,
				 const struct dns_zone *zone, const char *owner,
				 const char *value, dns_ready_fn *fn, void *arg)
{
	struct dns_ready *r = mem_alloc(sizeof(*r));
	struct loop *loop = dns_net_loop(w->net);

	assert(zone->n_check > 0);
	r->w = w;
	w->waiting++;
	r->zone = zone;
	r->owner = mem_strdup(owner);
	r->value = mem_strdup(value);
	r->fn = fn;
	r->arg = arg;
	r->n = zone->n_check;
	r->servers = mem_array(r->n, sizeof(*r->servers));
	r->question = (struct dns_question){
		.name = r->owner,
		.type = DNS_TXT,
		.key = zone->check_signed ? zone->key : NULL,
	};
	r->grace = loop_after(loop, w->grace_ms, grace_over, r);
	r->deadline = loop_after(loop, w->timeout_ms, deadline_over, r);
	for (size_t i = 0; i < r->n; i++) {
		struct server *s = &r->servers[i];

		s->ready = r;
		s->addr = &zone->check[i];
		s->interval = DNS_READY_FIRST_MS;
		snprintf(s->what, sizeof(s->what), "does not answer");
		ask(s);
	}
	return r;
}

void dns_ready_cancel(struct dns_ready **r)
{
	if (*r)
		destroy(*r);
	*r = NULL;
}
