/* SPDX-License-Identifier: MIT */
#ifndef STORE_ARI_H
#define STORE_ARI_H

/* Renewal information (RFC 9773) of certificates: whose turn it is to be asked
 * about, and what the CA answered. */

#include "store.h"

/* A certificate to ask its CA about. */
struct store_ari {
	const char *name, *crt_sha256;
	struct store_blob crt;
	int64_t ts_expire, ts_not_before;
	/* What ts_due comes from, and what it is. */
	int64_t ts_due, ts_next_attempt;
	bool renew, held;
	/* What is known of this certificate; all 0 and NULL: nothing. */
	int64_t ts_ari, ari_start, ari_end;
	const char *ari_url;
	int64_t ts_ari_poll;
	/* The CA of its last order that went well; NULL: not on record. It may
	 * be another than the row names, see "mode" of a CA. */
	const char *issuer;
};
struct store_aris {
	struct store_ari *v;
	size_t n;
};

/* Enabled rows of one CA (CA_NAME as rows have it, NULL: those that name none,
 * but for those with an empty text there, which are a CA_NAME of their own),
 * whose certificate is good at NOW and whose derived columns are of it, and
 * which are to be asked about from FROM to TO, the oldest question first, at
 * most LIMIT. With TO INT64_MAX also those of SQLite that have no number
 * there. By the index on (enable, ca_name, ts_ari_poll). */
int store_ari_page(struct store *s, const char *ca_name, int64_t from,
		   int64_t to, int64_t now, size_t limit, struct arena *arena,
		   struct store_aris *ret, struct err *err) MUST_CHECK;
/* The same whenever they are to be asked about, by name, those behind AFTER
 * (""): by the primary key. NULL and "" are one here. */
int store_ari_all(struct store *s, const char *ca_name, const char *after,
		  int64_t now, size_t limit, struct arena *arena,
		  struct store_aris *ret, struct err *err) MUST_CHECK;
/* The same of one NAME. At most one. */
int store_ari_named(struct store *s, const char *ca_name, const char *name,
		    int64_t now, struct arena *arena, struct store_aris *ret,
		    struct err *err) MUST_CHECK;
/* Is there one for store_ari_page? 1, 0, -1. Reads no blob. */
int store_ari_any(struct store *s, const char *ca_name, int64_t from,
		  int64_t to, int64_t now, struct err *err) MUST_CHECK;

/*
 * What is known now of a row as it was READ: NEW's ts_ari, ari_start, ari_end,
 * ari_url, ts_ari_poll and ts_due. ASKED_ONLY: nothing new is known,
 * ts_ari_poll alone changes. Nothing happens when the row's certificate is
 * another meanwhile; ts_due stays when what it comes from is another, or while
 * somebody holds a lease at NOW, who will set it. *ret (may be NULL): 1, or 0
 * when nothing happened.
 */
int store_ari_put(struct store *s, const struct store_ari *read,
		  const struct store_ari *new, bool asked_only, int64_t now,
		  bool *ret, struct err *err) MUST_CHECK;

#endif
