/* SPDX-License-Identifier: MIT */
#ifndef EAP_H
#define EAP_H

/*
 * What certificate a RADIUS server shows to those who log in by EAP: begin
 * EAP-TLS, PEAP or EAP-TTLS, and stop when the server has proved that it has
 * the key: when it has said all of its part of the TLS handshake, or, with
 * static RSA, when that is complete. No account is needed, and none is asked
 * for.
 *
 * RADIUS RFC 2865, EAP within it RFC 3579 (every packet carries a
 * Message-Authenticator, and every answer must), EAP RFC 3748, fragments of
 * TLS RFC 5216 section 2.1.5. Only the dialogue, no socket.
 */

#include <stddef.h>
#include <openssl/ssl.h>
#include "err.h"

#define EAP_PACKET_MAX	 4096	       /* of RADIUS, RFC 2865 section 3 */
#define EAP_TLS_MAX	 (256u * 1024) /* bytes of TLS the server may send */
#define EAP_ROUNDS_MAX	 100	       /* answers of the server */
#define EAP_SECRET_MAX	 256
#define EAP_IDENTITY_MAX 253

struct eap;

enum eap_result {
	EAP_FAILED = -1,
	EAP_IGNORED, /* not an answer to what we sent; err says why */
	EAP_SEND,    /* eap_out() has the next packet */
	EAP_SHOWN,   /* the server's certificate is in SSL, and proven */
};

/* SSL, a client that has not begun, is borrowed. The secret (of at most
 * EAP_SECRET_MAX bytes) is copied, and erased with the struct. */
struct eap *eap_new(const void *secret, size_t secret_len, const char *identity,
		    SSL *ssl);
void eap_free(struct eap **e);

/* Its client, borrowed. */
SSL *eap_tls(const struct eap *e);

/* The packet to send, and to send again while no answer comes. Borrowed until
 * the next call with E. */
const unsigned char *eap_out(const struct eap *e, size_t *ret_len);
/* A datagram of the server. */
enum eap_result eap_in(struct eap *e, const void *p, size_t len,
		       struct err *err) MUST_CHECK;

#endif
