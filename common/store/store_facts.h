/* SPDX-License-Identifier: MIT */
#ifndef STORE_FACTS_H
#define STORE_FACTS_H

/*
 * What a certificate says, kept beside it (table cert_facts), so that who looks
 * at all of them need not take each apart. store_accept and store_refresh write
 * it in the transaction that writes the certificate, store_remove drops it.
 *
 * Programs that do not know the table (a script of 2019, a fetcher of a version
 * before) leave rows of it behind: of another certificate, of none, or none at
 * all. STORE_FACTS_STALE finds them, init and the fetcher mend them.
 */

#include "store.h"

#define STORE_KEY_TYPE_MAX 32 /* "rsa2048", "P-256", "ed25519" */
#define STORE_ISSUER_MAX   255

/*
 * SQL, of certs c LEFT JOIN cert_facts f ON f.name = c.name: true where f is
 * not of the certificate that is there now. No blob is read. The scripts of
 * 2019 write ts_expire, and neither crt_sha256 nor our copy of ts_expire: there
 * it is the end that tells (ts_expire has 32 bits, unsigned, and 1 for none).
 *
 * Both stores read the index certs_glance, and no row of certs, where a query
 * of its columns has WHERE c.name > ? ORDER BY c.name, c.enable.
 */
#define STORE_FACTS_STALE                                             \
	"CASE WHEN f.name IS NULL THEN COALESCE(c.ts_expire, 0) > 1 " \
	"WHEN COALESCE(c.ts_expire, 0) <> CASE "                      \
	"WHEN f.ts_not_after > 4294967295 THEN 4294967295 "           \
	"ELSE f.ts_not_after END THEN 1 "                             \
	"WHEN c.ts_expire = c.ts_expire_seen AND c.crt_sha256 <> "    \
	"f.crt_sha256 THEN 1 ELSE 0 END"

struct store_facts {
	const char *name;
	const char *crt_sha256;	     /* of the bytes of crt that this is of */
	const char *fingerprint;     /* SHA-256 of the leaf */
	const char *old_fingerprint; /* of the one before; NULL: there was
				      * none, or it is not known */
	int64_t ts_not_before, ts_not_after;
	int64_t ts_stored; /* 0: not known */
	const char *key_type, *key_sha256;
	int64_t ts_key; /* the first certificate on this key that was seen: when
			 * it was stored, or, where that is not known, its
			 * ts_not_before */
	int64_t key_certs;  /* how many on it were seen, at least this one */
	const char *issuer; /* its common name, or all of its name */
	int64_t n_names;
	const char *names_sha256; /* of its names, sorted, "\n" behind each */
	bool client_auth; /* a client may show it: its extended key usage says
			   * so, or is not there */
};

/* Of CRT, which is of NAME and is stored at NOW (0: not known when), in A;
 * old_fingerprint NULL, ts_key and key_certs as of a first one. -1, ERR_INPUT
 * or ERR_LIMIT: it is no certificate. */
int store_facts_derive(const char *name, struct store_blob crt, int64_t now,
		       struct arena *a, struct store_facts *ret,
		       struct err *err) MUST_CHECK;
/* Puts F in the place of what is there, whose fingerprint becomes the old one
 * unless F has one, and whose key, where it is the same, goes on. Repeated with
 * the same crt_sha256 it changes nothing. Part of the caller's transaction. */
int store_facts_put(struct store *s, const struct store_facts *f,
		    struct err *err) MUST_CHECK;
/* The same of the CRT that the caller has just put into certs, in his
 * transaction: what is in old_crt there is the one before. A CRT that is no
 * certificate, or empty: there are none any more. */
int store_facts_follow(struct store *s, const char *name, struct store_blob crt,
		       int64_t now, struct err *err) MUST_CHECK;
int store_facts_drop(struct store *s, const char *name,
		     struct err *err) MUST_CHECK;
/* 1, 0 there is none, -1. */
int store_facts_get(struct store *s, const char *name, struct arena *a,
		    struct store_facts *ret, struct err *err) MUST_CHECK;

/* The next LIMIT of them behind AFTER, in order of name; fewer: the last. */
int store_facts_page(struct store *s, const char *after, size_t limit,
		     struct arena *a, struct store_facts **ret, size_t *ret_n,
		     struct err *err) MUST_CHECK;

/* Mends those that are missing or stale among the next LIMIT rows of certs
 * behind AFTER, in order of name; "" begins, and "" comes out at the end, where
 * those of names that were removed go, too. *ret_n: how many were mended. Rows
 * are read without their blobs, but for those that are stale. A certificate
 * that is none leaves none. Killed at any time, what was mended is. A row that
 * another program changes meanwhile, or has locked, is left to it, or to the
 * next time. */
int store_facts_fill(struct store *s, size_t limit,
		     char after[STORE_NAME_MAX + 1], size_t *ret_n,
		     struct err *err) MUST_CHECK;

#endif
