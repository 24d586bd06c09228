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
#include "seen.h"

/* SNI: the name to ask for, or NULL; KEY_TYPE: "rsa" or "ec" to be shown a
 * certificate of this kind only, or NULL. NULL when OpenSSL fails. */
SSL *look_tls_new(const char *sni, const char *key_type);
void look_tls_free(SSL **ssl);

/* No key exchange but those in which the server signs; -1 when OpenSSL fails.
 * Before the handshake only. */
int look_tls_signed_only(SSL *ssl, const char *key_type) MUST_CHECK;

/* The server has shown a certificate and proved that it has its key: the
 * handshake is complete, or the server has signed and waits for a certificate
 * of ours. With static RSA (TLS 1.2 and older) it signs nothing, and only its
 * Finished proves anything (RFC 5246 section 7.4.9). */
bool look_tls_proven(SSL *ssl);
/* The other case: it has shown one, will have one of us before it proves that
 * it has the key, and we have none. */
bool look_tls_unproven(SSL *ssl);
/* The key exchange is static RSA. */
bool look_tls_static_rsa(SSL *ssl);
/* Which one, and the chain with it; -1: ret->why says what is wrong. */
int look_tls_shown(SSL *ssl, struct verify_seen *ret) MUST_CHECK;
/* Why the handshake failed, into ret. */
void look_tls_why(SSL *ssl, struct verify_seen *ret);
/* The same of OpenSSL's error queue, as a sentence. */
#define LOOK_TLS_REASON 200
void look_tls_reason(const char *none, char ret[LOOK_TLS_REASON]);

#endif
