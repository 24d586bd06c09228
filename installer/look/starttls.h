/* SPDX-License-Identifier: MIT */
#ifndef STARTTLS_H
#define STARTTLS_H

/*
 * The words before TLS: what a client says to a service that begins in clear
 * text until both agree on TLS. Only the dialogue, no socket: bytes of the
 * peer go in, bytes to send come out, so that it can be tested and fuzzed
 * without a network.
 *
 *	smtp lmtp	RFC 3207		sieve	RFC 5804 section 2.2
 *	imap pop3	RFC 2595, RFC 9051	ldap	RFC 4511 section 4.14
 *	ftp		RFC 4217		nntp	RFC 4642
 *	xmpp-client, xmpp-server		RFC 6120 section 5
 *	postgres	SSLRequest of the frontend/backend protocol
 *	mysql		SSLRequest of the client/server protocol
 *
 * Whatever stands behind the peer's last answer was not said by the one we
 * shake hands with: it is refused (CVE-2011-0411 and its relatives).
 */

#include <stdbool.h>
#include <stddef.h>
#include "err.h"

#define STARTTLS_ANSWER_MAX 16384 /* bytes of one answer */

struct starttls;

/* PROTOCOL begins in clear text, and we know how. */
bool starttls_knows(const char *protocol);
/* NAME is what the service is called (xmpp asks for it), or NULL; it is
 * borrowed. NULL for a protocol that starttls_knows() does not. */
struct starttls *starttls_new(const char *protocol, const char *name);
void starttls_free(struct starttls **s);

/* What to send now, all of it, before reading on; NULL for nothing. Borrowed
 * until the next call with S. */
const char *starttls_out(struct starttls *s, size_t *ret_len);
/* What the peer said. 1: TLS begins, once what starttls_out() still has is
 * sent; 0: go on; -1 with ERR_INPUT: it refuses, or does not speak this
 * protocol. */
int starttls_in(struct starttls *s, const void *p, size_t len,
		struct err *err) MUST_CHECK;
/* The peer closed the connection: always -1, err says after which words. */
int starttls_closed(struct starttls *s, struct err *err) MUST_CHECK;

#endif
