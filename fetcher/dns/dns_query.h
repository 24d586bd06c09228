/* SPDX-License-Identifier: MIT */
#ifndef DNS_QUERY_H
#define DNS_QUERY_H

/*
 * Send one DNS message to one server, get its answer, in the loop.
 *
 * Each question goes out on a connected socket of its own: the kernel picks
 * a random port and lets only that server's datagrams through; the ID is
 * random too, and an answer with another ID or question is dropped. Over UDP
 * it is repeated, and asked over TCP when the answer is truncated, forged
 * ones arrive, or half of the time has passed in silence.
 *
 * Many may be asked for at once; so many sockets are open at a time, and of
 * those at most as many towards one server as are left for others, that dead
 * servers do not keep the others from being asked. The time of a query that
 * waits for its turn does not run.
 */

#include "dns_addr.h"
#include "dns_msg.h"
#include "loop.h"

#define DNS_QUERY_MAX 256 /* sockets */

struct dns_net;	  /* what the queries of a loop share */
struct dns_query; /* one under way */

/* TIMEOUT_MS: for one query, from its first datagram. */
struct dns_net *dns_net_new(struct loop *loop, int64_t timeout_ms);
void dns_net_free(struct dns_net **net); /* no query left; accepts NULL */
struct loop *dns_net_loop(const struct dns_net *net);

/*
 * WIRE is valid during the call and has the right ID and question, nothing
 * else was checked. It is NULL when there was no answer; LEN is then how much
 * went out over TCP, 0 when nothing did:
 *	ERR_UNAVAILABLE	 nobody there, silence, connection cut
 *	ERR_IO		 this host has no way to that network (no IPv6, say)
 *	ERR_INPUT	 an answer to something else, over TCP
 * The query is gone when fn is called: forget the pointer.
 */
typedef void dns_query_fn(void *arg, const unsigned char *wire, size_t len,
			  const struct err *err);

/* A question as of dns_msg_question(). */
struct dns_query *dns_query_ask(struct dns_net *net, const struct dns_addr *to,
				const struct sbuf *question, dns_query_fn *fn,
				void *arg);
/* Over TCP, with the ID it has: what was signed stays as it is. */
struct dns_query *dns_query_send(struct dns_net *net, const struct dns_addr *to,
				 const struct sbuf *msg, dns_query_fn *fn,
				 void *arg);
void dns_query_cancel(struct dns_query **q); /* accepts NULL; no callback */

/* A random ID into the message. */
int dns_query_set_id(struct sbuf *msg, struct err *err) MUST_CHECK;

#endif
