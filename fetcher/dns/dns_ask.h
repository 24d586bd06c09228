/* SPDX-License-Identifier: MIT */
#ifndef DNS_ASK_H
#define DNS_ASK_H

/* One question to one server, its answer read. With a key the question is
 * signed (TSIG), and so must the answer be: for servers that show different
 * views to different people. */

#include "dns_query.h"
#include "dns_tsig.h"

struct dns_ask;

struct dns_question {
	const char *name; /* canonical */
	unsigned type;
	bool recursive;
	const struct dns_key *key; /* NULL: not signed; lives on */
};

/* M is valid during the call and may be any answer, REFUSED included. NULL:
 * as dns_query_fn has it, or ERR_INPUT for an answer that is malformed or not
 * signed as it must be. Always from the loop; gone then: forget the pointer. */
typedef void dns_ask_fn(void *arg, const struct dns_msg *m,
			const struct err *err);

/* Q need not outlive the call. */
struct dns_ask *dns_ask(struct dns_net *net, const struct dns_addr *to,
			const struct dns_question *q, dns_ask_fn *fn,
			void *arg);
void dns_ask_cancel(struct dns_ask **a); /* accepts NULL; no callback */

#endif
