/* SPDX-License-Identifier: MIT */
#ifndef STORE_FACTS_H
#define STORE_FACTS_H

/*
 * What a certificate says, kept beside it (table cert_facts), so that who looks
 * at all of them need not take each apart. Written in the transaction that
 * writes the certificate. A row that another program wrote (a script of 2019, a
 * fetcher of a version before) is known by crt_sha256, which is not that of the
 * row in certs, or by ts_expire, which is not ts_expire_seen there.
 */

#include "store.h"

#define STORE_KEY_TYPE_MAX 32 /* "rsa2048", "P-256" */
#define STORE_ISSUER_MAX   255

struct store_facts {
	const char *name;
	const char *crt_sha256; /* of the bytes of crt that this is of */
	const char *fingerprint;
	const char *old_fingerprint; /* NULL: there was none, or it is not
				      * known */
	int64_t ts_not_before, ts_not_after;
	int64_t ts_stored; /* 0: not known */
	const char *key_type, *key_sha256;
	int64_t ts_key;	   /* since when this key was seen */
	int64_t key_certs; /* stored since, on this key */
	const char *issuer;
	int64_t n_names;
	const char *names_sha256;
	bool client_auth;
};

/* Of CRT, which is of NAME and is stored at NOW (0: not known when), in A; all
 * but what the row before it decides: old_fingerprint, ts_key, key_certs. -1:
 * it is no certificate. */
int store_facts_derive(const char *name, struct store_blob crt, int64_t now,
		       struct arena *a, struct store_facts *ret,
		       struct err *err) MUST_CHECK;
/* Puts F in the place of what is there, whose fingerprint becomes the old one,
 * and whose key, where it is the same, goes on. Repeated with the same
 * certificate it changes nothing. Part of the caller's transaction. */
int store_facts_put(struct store *s, const struct store_facts *f,
		    struct err *err) MUST_CHECK;
/* 1, 0 there is none, -1. */
int store_facts_get(struct store *s, const char *name, struct arena *a,
		    struct store_facts *ret, struct err *err) MUST_CHECK;
/* Those that are missing or stale, page by page in order of name; what goes
 * with no certificate goes. *ret_n: how many were mended. A certificate that is
 * none leaves none. For init, and, with LIMIT rows read at most and *AFTER to
 * go on from (in: "", or what came out; out: "" at the end), for the fetcher.
 */
int store_facts_fill(struct store *s, size_t limit,
		     char after[STORE_NAME_MAX + 1], size_t *ret_n,
		     struct err *err) MUST_CHECK;

#endif
