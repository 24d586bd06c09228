/* SPDX-License-Identifier: MIT */
#ifndef LOOK_TLS_H
#define LOOK_TLS_H

/*
 * The client's side of a TLS handshake that trusts nothing and only looks at
 * what the server shows: any version and cipher will do, since nothing is
 * sent that matters. Whether a client would trust the certificate was decided
 * before it was installed.
 */

#include <openssl/ssl.h>
#include "verify.h"

/* SNI: the name to ask for, or NULL; KEY_TYPE: "rsa" or "ec" to be shown a
 * certificate of this kind only, or NULL. NULL when OpenSSL fails. */
SSL *look_tls_new(const char *sni, const char *key_type);
void look_tls_free(SSL **ssl);

/* The server has shown a certificate and proved that it has its key: the
 * handshake is complete, or waits only for a certificate of ours. */
bool look_tls_proven(SSL *ssl);
/* Which one, and the chain with it; -1: ret->why says what is wrong. */
int look_tls_shown(SSL *ssl, struct verify_seen *ret) MUST_CHECK;
/* Why the handshake failed, into ret->why. */
void look_tls_why(struct verify_seen *ret);

#endif
