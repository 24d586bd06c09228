/* SPDX-License-Identifier: MIT */
#ifndef ACME_EAB_H
#define ACME_EAB_H

/*
 * External account binding (RFC 8555 section 7.3.4): with its first request,
 * an account shows that it belongs to a customer of the CA, by a MAC with a key
 * that the CA gave to the customer. Pure, but for the file.
 */

#include "certrepo_conf.h"
#include "err.h"
#include "fail.h"
#include "jws.h"
#include "sbuf.h"

#define ACME_EAB_FILE_MAX 4096
#define ACME_EAB_KEY_MIN  16   /* bytes; fewer are not a whole key */
#define ACME_EAB_KEY_MAX  1024 /* bytes */

/* TEXT, base64 by the alphabet of RFC 4648 section 4 or 5, padded or not, white
 * space around it, to the bytes of the key, which are added to ret. WHERE names
 * it in messages, which show nothing of it. ERR_CONFIG when it is no key. */
int acme_eab_key_decode(const char *text, size_t len, const char *where,
			struct sbuf *ret, struct err *err) MUST_CHECK;
/* That of CA's eab_key_file, checked as a secret. */
int acme_eab_key_read(const struct certrepo_ca *ca, struct sbuf *ret,
		      struct err *err) MUST_CHECK;

/* Append the value of externalAccountBinding: the flattened JWS (RFC 7515
 * section 7.2.2) of ACCOUNT's public key for URL, that of newAccount. ALG:
 * "HS256" (also for NULL), "HS384" or "HS512". */
int acme_eab_sign(const struct sbuf *key, const char *alg, const char *kid,
		  const char *url, const struct jws_key *account,
		  struct sbuf *ret, struct err *err) MUST_CHECK;

/* A new account was refused by a problem of TYPE; SENT: with a binding. Where
 * that is about the binding, *f becomes class account, and says which of CA's
 * settings or files is wrong and what mends it. */
void acme_eab_explain(const struct certrepo_ca *ca, bool sent, const char *type,
		      struct fail *f);
/* As the configuration has it: "eab_kid", or that of staging. */
const char *acme_eab_kid_name(const struct certrepo_ca *ca);
/* The CA wants a binding, and there is none to send. */
void acme_eab_missing(const struct certrepo_ca *ca, struct fail *f);

#endif
