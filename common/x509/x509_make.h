/* SPDX-License-Identifier: MIT */
#ifndef X509_MAKE_H
#define X509_MAKE_H

/* New private keys, and requests for certificates of them (RFC 2986). */

#include "x509.h"

/* "P-256", "P-384", "rsa2048", "rsa3072", "rsa4096": what public CAs take; for
 * CONF_ENUM. */
extern const char *const x509_key_kinds[];
#define X509_KEY_KIND "P-256" /* where nobody says anything else */

/* A new one; KIND is one of the above. */
int x509_key_make(const char *kind, struct x509_key **ret,
		  struct err *err) MUST_CHECK;
/* Which of them KEY is; NULL: none. */
const char *x509_key_kind(const struct x509_key *key);
/* SHA-256 of its SubjectPublicKeyInfo. */
int x509_key_id(const struct x509_key *key, char ret[ENC_SHA256_HEX],
		struct err *err) MUST_CHECK;
/* Are they of one public half: 1, 0, -1. */
int x509_key_same(const struct x509_key *a, const struct x509_key *b,
		  struct err *err) MUST_CHECK;

/* A request of KEY, which is a private one, for NAMES: DNS names, at least
 * one, each once. Without a subject: the names stand in the SAN alone. PEM is
 * added to RET. */
int x509_csr_make(const struct x509_key *key, const char *const *names,
		  size_t n, struct sbuf *ret, struct err *err) MUST_CHECK;

#endif
