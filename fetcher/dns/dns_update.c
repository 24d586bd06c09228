/* SPDX-License-Identifier: MIT */
#include "dns_update.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include "clock.h"
#include "log.h"
#include "plain.h"

/* An owner's wire form, its TXT of a challenge and their headers take 320
 * bytes at most, so that CHANGES_MAX of them stay well within a message. */
#define BATCH_BYTES 16384

struct dns_change {
	struct line *line;
	struct dns_change_rr rr; /* strings are ours */
	dns_update_fn *fn;	 /* NULL: cancelled while under way */
	void *arg;
	size_t together; /* at most so many in its message */
	bool sent;
	bool maybe; /* it went out, and nothing signed says what became of it */
	TAILQ_ENTRY(dns_change) link;
};
TAILQ_HEAD(changes, dns_change);

/* What waits for one zone, server and key. */
struct line {
	struct dns_updater *u;
	struct dns_zone zone; /* the first to come; name is ours */
	struct changes waiting, flying;
	size_t n_flying;
	struct dns_query *query;
	struct loop_timer *timer; /* to start, or to try again */
	unsigned tries;
	size_t server; /* its index */
	struct dns_update_sent sent;
	char server_text[DNS_ADDR_TEXT];
	TAILQ_ENTRY(line) link;
};

TAILQ_HEAD(lines, line);

struct dns_updater {
	struct dns_net *net;
	struct lines lines;
};

static void send_batch(struct line *l);

struct dns_updater *dns_updater_new(struct dns_net *net)
{
	struct dns_updater *u = mem_alloc(sizeof(*u));

	u->net = net;
	TAILQ_INIT(&u->lines);
	return u;
}

static void change_free(struct dns_change *c)
{
	free((char *) c->rr.owner);
	free((char *) c->rr.text);
	free(c);
}

void dns_updater_free(struct dns_updater **u)
{
	struct line *l;
	struct dns_change *c;

	if (!*u)
		return;
	while ((l = TAILQ_FIRST(&(*u)->lines))) {
		TAILQ_CONCAT(&l->flying, &l->waiting, link);
		dns_query_cancel(&l->query);
		loop_cancel(&l->timer);
		while ((c = TAILQ_FIRST(&l->flying))) {
			assert(!c->fn);
			TAILQ_REMOVE(&l->flying, c, link);
			change_free(c);
		}
		TAILQ_REMOVE(&(*u)->lines, l, link);
		free((char *) l->zone.name);
		free(l);
	}
	free(*u);
	*u = NULL;
}

/* --- what an answer means: pure --- */

/* The key, its secret and the clocks are the zone's or this host's, the same
 * for every name: no name is to be held for them (ERR_CONFIG), and all go on by
 * themselves when they are mended. */
static int tsig_trouble(const struct dns_update_sent *s, int64_t now,
			const struct dns_tsig_answer *a, struct err *err)
{
	char ours[CLOCK_TEXT], theirs[CLOCK_TEXT];

	switch (a->error) {
	case DNS_TSIG_BADKEY:
		return err_set(err, ERR_UNAVAILABLE,
			       "DNS server %s does not know the key %s of %s "
			       "for zone %s (BADKEY)",
			       s->server, s->key->name, s->key_file, s->zone);
	case DNS_TSIG_BADSIG:
		return err_set(err, ERR_UNAVAILABLE,
			       "DNS server %s has another secret for the key "
			       "%s than %s (BADSIG)",
			       s->server, s->key->name, s->key_file);
	case DNS_TSIG_BADTIME:
		return err_set(err, ERR_UNAVAILABLE,
			       "the clocks differ too much: here it is %s, at "
			       "DNS server %s %s (BADTIME)",
			       clock_text(now, ours), s->server,
			       a->server_time
				       ? clock_text(a->server_time, theirs)
				       : "another time");
	default:
		return err_set(err, ERR_UNAVAILABLE,
			       "DNS server %s refuses the signature of the key "
			       "%s: TSIG error %u",
			       s->server, s->key->name, a->error);
	}
}

/* Where the SOA said who takes the changes, somebody else may. */
static const char *hidden_primary(const struct dns_update_sent *s,
				  char buf[PLAIN_QUOTED + 200])
{
	char name[DNS_NAME_SAID];

	buf[0] = '\0';
	if (s->primary)
		snprintf(buf, PLAIN_QUOTED + 200,
			 ": it is the primary %s that the zone's SOA names; if "
			 "another server takes the changes, set it as server "
			 "in the zone's entry of dns.zones",
			 dns_name_said(s->primary, name));
	return buf;
}

/* Signed, it is the policy's. A server that does not sign it may mean any
 * other thing, as PowerDNS does. */
static int refused(const struct dns_update_sent *s, bool is_signed,
		   struct err *err)
{
	if (is_signed)
		return err_set(err, ERR_CONFIG,
			       "DNS server %s does not allow the key %s to "
			       "change %s in zone %s (REFUSED): see its "
			       "update-policy, and whether the zone is frozen "
			       "(rndc thaw %s)",
			       s->server, s->key->name, s->what, s->zone,
			       s->zone);
	return err_set(err, ERR_CONFIG,
		       "DNS server %s refuses the change of %s in zone %s and "
		       "does not sign that (REFUSED): the key %s of %s may be "
		       "unknown there or have another secret, the clocks may "
		       "differ, or updates are not allowed for that key, from "
		       "here, or at all",
		       s->server, s->what, s->zone, s->key->name, s->key_file);
}

static int refusal(const struct dns_update_sent *s, unsigned rcode,
		   bool is_signed, struct err *err)
{
	char code[16], other[PLAIN_QUOTED + 200];

	switch (rcode) {
	case DNS_NOTAUTH:
		return err_set(err, ERR_CONFIG,
			       "DNS server %s is not authoritative for zone %s "
			       "(NOTAUTH)%s",
			       s->server, s->zone,
			       s->primary ? hidden_primary(s, other)
					  : ": is it a zone, and that one its "
					    "primary server?");
	case DNS_REFUSED:
		return refused(s, is_signed, err);
	case DNS_NXDOMAIN:
		return err_set(err, ERR_CONFIG,
			       "DNS server %s does not know zone %s (NXDOMAIN)",
			       s->server, s->zone);
	case DNS_NOTZONE:
		return err_set(err, ERR_CONFIG,
			       "%s does not lie in zone %s, says DNS server %s "
			       "(NOTZONE)",
			       s->what, s->zone, s->server);
	case DNS_NOTIMP:
		return err_set(err, ERR_CONFIG,
			       "DNS server %s takes no UPDATE (NOTIMP)",
			       s->server);
	case DNS_SERVFAIL:
		return err_set(err, ERR_UNAVAILABLE,
			       "DNS server %s could not change %s in zone %s "
			       "(SERVFAIL): see its log",
			       s->server, s->what, s->zone);
	default:
		return err_set(err, ERR_UNAVAILABLE,
			       "DNS server %s answered %s to the change of %s "
			       "in zone %s",
			       s->server, dns_rcode_text(rcode, code), s->what,
			       s->zone);
	}
}

int dns_update_verdict(const struct dns_update_sent *sent, int64_t now,
		       const unsigned char *wire, size_t len, bool *ret_single,
		       bool *ret_undone, struct err *err)
{
	struct dns_tsig_answer tsig;
	unsigned rcode = len < DNS_HEADER ? 0 : wire[3] & 0x0f;

	if (len < DNS_HEADER)
		return err_set(err, ERR_INPUT,
			       "DNS server %s answered %zu bytes", sent->server,
			       len);
	if (dns_tsig_verify(sent->key, &sent->mac, now, wire, len, &tsig,
			    err) == -1)
		return err_wrap(err, "DNS server %s", sent->server);
	if (tsig.present && tsig.error != 0) {
		*ret_undone = tsig.valid;
		return tsig_trouble(sent, now, &tsig, err);
	}
	if (tsig.present && !tsig.valid)
		return err_set(err, ERR_INPUT,
			       "the answer of DNS server %s is not signed "
			       "rightly by the key %s",
			       sent->server, sent->key->name);
	/* An unsigned refusal is believed as far as it costs no more than an
	 * attempt. */
	if (rcode != DNS_NOERROR) {
		*ret_single = rcode == DNS_REFUSED || rcode == DNS_NOTZONE ||
			      rcode == DNS_FORMERR || rcode == DNS_SERVFAIL;
		refusal(sent, rcode, tsig.present, err);
		/* A server in trouble does not say what it did. */
		*ret_undone = tsig.present && err->kind == ERR_CONFIG;
		return -1;
	}
	if (!tsig.present)
		return err_set(err, ERR_INPUT,
			       "the answer of DNS server %s is not signed",
			       sent->server);
	return 0;
}

/* --- the line of a zone --- */

/* By the first address: a stored zone has no other. What adds a value and what
 * removes it have to be in one line, or they overtake each other. */
static bool line_serves(const struct line *l, const struct dns_zone *zone)
{
	return l->zone.key == zone->key &&
	       dns_addr_equal(&l->zone.server[0], &zone->server[0]) &&
	       strcmp(l->zone.name, zone->name) == 0;
}

static struct line *line_of(struct dns_updater *u, const struct dns_zone *zone)
{
	struct line *l;

	TAILQ_FOREACH (l, &u->lines, link)
		if (line_serves(l, zone)) {
			if (zone->n_server > l->zone.n_server) {
				memcpy(l->zone.server, zone->server,
				       sizeof(zone->server));
				l->zone.n_server = zone->n_server;
			}
			return l;
		}
	l = mem_alloc(sizeof(*l));
	l->u = u;
	l->zone = *zone;
	l->zone.name = mem_strdup(zone->name);
	TAILQ_INIT(&l->waiting);
	TAILQ_INIT(&l->flying);
	TAILQ_INSERT_TAIL(&u->lines, l, link);
	return l;
}

static void begin(void *arg)
{
	struct line *l = arg;

	l->timer = NULL;
	send_batch(l);
}

/* Changes that come in the same round go out together. */
static void line_go(struct line *l)
{
	if (!l->query && !l->timer && !TAILQ_EMPTY(&l->waiting))
		l->timer = loop_after(dns_net_loop(l->u->net), 0, begin, l);
}

/* Move the next changes from waiting to flying. */
static void take_batch(struct line *l)
{
	struct dns_change *c = TAILQ_FIRST(&l->waiting);
	size_t together = c->together;
	size_t bytes = 0;

	while (c && l->n_flying < together && c->together == together &&
	       bytes < BATCH_BYTES) {
		TAILQ_REMOVE(&l->waiting, c, link);
		TAILQ_INSERT_TAIL(&l->flying, c, link);
		c->sent = true;
		l->n_flying++;
		bytes += strlen(c->rr.owner) + strlen(c->rr.text) + 16;
		c = TAILQ_FIRST(&l->waiting);
	}
}

static void in_doubt(struct line *l)
{
	struct dns_change *c;

	TAILQ_FOREACH (c, &l->flying, link)
		c->maybe = true;
}

/* UNDONE but for those that are in doubt. */
static void all_done(struct line *l, const struct err *err, bool undone)
{
	struct changes done = TAILQ_HEAD_INITIALIZER(done);
	struct dns_change *c;

	TAILQ_CONCAT(&done, &l->flying, link);
	l->n_flying = 0;
	l->tries = 0;
	TAILQ_FOREACH (c, &done, link)
		c->sent = true;
	/* The next ones need not wait for what the callbacks do. */
	line_go(l);
	while ((c = TAILQ_FIRST(&done))) {
		TAILQ_REMOVE(&done, c, link);
		if (c->fn)
			c->fn(c->arg, err, undone && !c->maybe);
		change_free(c);
	}
}

/* Back to the head of the line, in the same order, in halves. */
static void halve(struct line *l)
{
	size_t half = (l->n_flying + 1) / 2;
	struct dns_change *c;

	while ((c = TAILQ_LAST(&l->flying, changes))) {
		TAILQ_REMOVE(&l->flying, c, link);
		c->sent = false;
		c->together = half;
		TAILQ_INSERT_HEAD(&l->waiting, c, link);
	}
	l->n_flying = 0;
	l->tries = 0;
	line_go(l);
}

static void try_again(void *arg)
{
	struct line *l = arg;

	l->timer = NULL;
	send_batch(l);
}

/* OUT: it, or a part of it, went out. */
static void lost(struct line *l, const struct err *err, bool out)
{
	if (out)
		in_doubt(l);
	if (++l->tries >= DNS_UPDATE_TRIES && l->tries >= l->zone.n_server) {
		all_done(l, err, true);
		return;
	}
	log_debug("UPDATE of zone %s: %s; trying again", l->zone.name,
		  err->msg);
	l->server++;
	l->timer = loop_after(
		dns_net_loop(l->u->net),
		l->server % l->zone.n_server ? 0 : 200 * (int64_t) l->tries,
		try_again, l);
}

static void answered(void *arg, const unsigned char *wire, size_t len,
		     const struct err *err)
{
	struct line *l = arg;
	struct err why = ERR_INIT;
	char other[PLAIN_QUOTED + 200];
	bool single = false, undone = false;

	l->query = NULL;
	if (!wire) {
		(void) err_set(&why, ERR_UNAVAILABLE, "UPDATE of zone %s: %s%s",
			       l->zone.name, err->msg,
			       hidden_primary(&l->sent, other));
		lost(l, &why, len > 0);
	} else if (dns_update_verdict(&l->sent, clock_now(), wire, len, &single,
				      &undone, &why) == 0) {
		all_done(l, NULL, false);
	} else {
		if (!undone)
			in_doubt(l);
		if (single && l->n_flying > 1)
			halve(l);
		else
			all_done(l, &why, true);
	}
}

static int build(struct line *l, struct sbuf *msg, struct err *err)
{
	struct dns_change_rr rr[DNS_UPDATE_CHANGES_MAX];
	struct dns_change *c;
	size_t n = 0;

	TAILQ_FOREACH (c, &l->flying, link)
		rr[n++] = c->rr;
	if (dns_msg_update(l->zone.name, rr, n, msg, err) == -1 ||
	    dns_query_set_id(msg, err) == -1)
		return -1;
	return dns_tsig_sign(l->zone.key, clock_now(), msg, &l->sent.mac, err);
}

static void send_batch(struct line *l)
{
	AUTO(sbuf_free) struct sbuf msg = SBUF_INIT(DNS_MESSAGE_MAX);
	const struct dns_addr *to;
	struct err err = ERR_INIT;

	if (TAILQ_EMPTY(&l->flying)) {
		if (TAILQ_EMPTY(&l->waiting))
			return;
		take_batch(l);
	}
	to = &l->zone.server[l->server % l->zone.n_server];
	l->sent.zone = l->zone.name;
	l->sent.server = dns_addr_text(to, l->server_text);
	l->sent.key = l->zone.key;
	l->sent.key_file = l->zone.key_file;
	l->sent.primary = l->zone.primary;
	l->sent.what = l->n_flying == 1 ? TAILQ_FIRST(&l->flying)->rr.owner
					: "several names";
	if (build(l, &msg, &err) == -1)
		all_done(l, &err, true);
	else
		l->query = dns_query_send(l->u->net, to, &msg, answered, l);
}

struct dns_change *dns_update(struct dns_updater *u,
			      const struct dns_zone *zone,
			      const struct dns_change_rr *rr, dns_update_fn *fn,
			      void *arg)
{
	struct dns_change *c = mem_alloc(sizeof(*c));

	c->line = line_of(u, zone);
	c->rr = *rr;
	c->rr.owner = mem_strdup(rr->owner);
	c->rr.text = mem_strdup(rr->text);
	c->fn = fn;
	c->arg = arg;
	c->together = DNS_UPDATE_CHANGES_MAX;
	TAILQ_INSERT_TAIL(&c->line->waiting, c, link);
	line_go(c->line);
	return c;
}

void dns_update_cancel(struct dns_change **change)
{
	struct dns_change *c = TAKE(*change);

	if (!c)
		return;
	c->fn = NULL;
	if (c->sent)
		return;
	TAILQ_REMOVE(&c->line->waiting, c, link);
	change_free(c);
}
