/* SPDX-License-Identifier: MIT */
#ifndef JWS_H
#define JWS_H

/* The account key and what it signs: JWK (RFC 7517), its thumbprint (RFC
 * 7638) and flattened JWS (RFC 7515, RFC 8555 section 6.2). The algorithm
 * follows from the key: ES256 (P-256), ES384 (P-384), RS256 (RSA). */

#include <stdbool.h>
#include "err.h"
#include "sbuf.h"

#define JWS_KEY_FILE_MAX 16384

struct jws_key;

/* Read PATH, checked as a secret; when there is none, make a key of TYPE
 * ("ES256", "RS256" or NULL for ES256) in a new file of mode 0600, and its
 * folder (one level, 0700) as well. A key that is there is used whatever
 * TYPE says. Two that make it at once end up with the same one. */
int jws_key_open(const char *path, const char *type, struct jws_key **ret,
		 struct err *err) MUST_CHECK;
/* A private key in PEM (not encrypted). WHERE names it in messages. */
int jws_key_parse(const char *pem, size_t len, const char *where,
		  struct jws_key **ret, struct err *err) MUST_CHECK;
/* The same of another client, in PEM or as a JSON Web Key (jwk.h); its parts
 * belong together. */
int jws_key_import(const char *text, size_t len, const char *where,
		   struct jws_key **ret, struct err *err) MUST_CHECK;
/* Append it in PEM (PKCS#8), as jws_key_open() reads it. */
int jws_key_pem(const struct jws_key *key, struct sbuf *ret,
		struct err *err) MUST_CHECK;
void jws_key_free(struct jws_key **key);

const char *jws_key_thumbprint(const struct jws_key *key); /* borrowed */
/* The public key as RFC 7638 section 3.2 has it; borrowed. */
const char *jws_key_jwk(const struct jws_key *key);

/* Append the flattened JWS of PAYLOAD ("" for POST-as-GET) to ret. KID is
 * the account URL; NULL puts the JWK in its place. ERR_LIMIT when ret's
 * ceiling is too low. */
int jws_sign(const struct jws_key *key, const char *kid, const char *nonce,
	     const char *url, const char *payload, size_t len, struct sbuf *ret,
	     struct err *err) MUST_CHECK;

#endif
