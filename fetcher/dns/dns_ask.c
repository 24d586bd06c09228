/* SPDX-License-Identifier: MIT */
#include "dns_ask.h"

#include <stdlib.h>
#include "clock.h"

struct dns_ask {
	struct dns_query *query;
	struct dns_addr to;
	const struct dns_key *key;
	struct dns_tsig_mac mac;
	struct loop_timer *soon; /* it could not be signed */
	struct err err;
	dns_ask_fn *fn;
	void *arg;
};

static int check_signature(const struct dns_ask *a, const unsigned char *wire,
			   size_t len, struct err *err)
{
	struct dns_tsig_answer tsig;
	char text[DNS_ADDR_TEXT];

	if (dns_tsig_verify(a->key, &a->mac, clock_now(), wire, len, &tsig,
			    err) == -1)
		return -1;
	if (tsig.valid)
		return 0;
	return err_set(err, ERR_INPUT,
		       "DNS server %s does not sign its answer by the key %s%s",
		       dns_addr_text(&a->to, text), a->key->name,
		       tsig.error == DNS_TSIG_BADKEY	? " (BADKEY)"
		       : tsig.error == DNS_TSIG_BADSIG	? " (BADSIG)"
		       : tsig.error == DNS_TSIG_BADTIME ? " (BADTIME)"
							: "");
}

static void finish(struct dns_ask *a, const struct dns_msg *m,
		   const struct err *err)
{
	a->fn(a->arg, m, err);
	free(a);
}

static void answered(void *arg, const unsigned char *wire, size_t len,
		     const struct err *err)
{
	AUTO(arena_free) struct arena *arena = arena_new();
	struct dns_ask *a = arg;
	char text[DNS_ADDR_TEXT];
	struct dns_msg m;

	a->query = NULL;
	if (!wire) {
		finish(a, NULL, err);
	} else if (dns_msg_parse(wire, len, arena, &m, &a->err) == -1) {
		(void) err_wrap(&a->err, "DNS server %s",
				dns_addr_text(&a->to, text));
		finish(a, NULL, &a->err);
	} else if (a->key && check_signature(a, wire, len, &a->err) == -1) {
		finish(a, NULL, &a->err);
	} else {
		finish(a, &m, NULL);
	}
}

static void fail_now(void *arg)
{
	struct dns_ask *a = arg;

	a->soon = NULL;
	finish(a, NULL, &a->err);
}

struct dns_ask *dns_ask(struct dns_net *net, const struct dns_addr *to,
			const struct dns_question *q, dns_ask_fn *fn, void *arg)
{
	AUTO(sbuf_free) struct sbuf msg = SBUF_INIT(DNS_MESSAGE_MAX);
	struct dns_ask *a = mem_alloc(sizeof(*a));

	a->to = *to;
	a->key = q->key;
	a->fn = fn;
	a->arg = arg;
	if (dns_msg_question(q->name, q->type, q->recursive, &msg, &a->err) ==
		    -1 ||
	    (q->key && (dns_query_set_id(&msg, &a->err) == -1 ||
			dns_tsig_sign(q->key, clock_now(), &msg, &a->mac,
				      &a->err) == -1)))
		a->soon = loop_after(dns_net_loop(net), 0, fail_now, a);
	else if (q->key) /* over TCP: signed is signed with its ID */
		a->query = dns_query_send(net, to, &msg, answered, a);
	else
		a->query = dns_query_ask(net, to, &msg, answered, a);
	return a;
}

void dns_ask_cancel(struct dns_ask **a)
{
	if (!*a)
		return;
	dns_query_cancel(&(*a)->query);
	loop_cancel(&(*a)->soon);
	free(*a);
	*a = NULL;
}
