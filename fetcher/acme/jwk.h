/* SPDX-License-Identifier: MIT */
#ifndef JWK_H
#define JWK_H

/* Private keys of other clients as JSON Web Keys (RFC 7517, RFC 7518 section
 * 6), certbot's private_key.json for one. */

#include <openssl/types.h>
#include <stddef.h>
#include "err.h"

#define JWK_NUMBER_MAX 1024 /* bytes of a number: RSA of 8192 bits */

/* RSA with its two primes and what follows from them (n, e, d, p, q, dp, dq,
 * qi), or EC on P-256 or P-384. ERR_CONFIG says of WHERE what is missing or
 * wrong; the parts were not compared with each other. */
int jwk_parse(const char *json, size_t len, const char *where, EVP_PKEY **ret,
	      struct err *err) MUST_CHECK;

#endif
