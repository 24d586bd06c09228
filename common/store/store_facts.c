/* SPDX-License-Identifier: MIT */
#include "store_facts.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "store_impl.h"
#include "x509.h"

#define FILL_AT_ONCE 100  /* rows in one transaction */
#define ORPHANS	     1000 /* that go at the end of all rows */
#define CERTS_MAX    INT32_MAX

/* --- of a certificate --- */

static int by_value(const void *a, const void *b)
{
	return strcmp(*(const char *const *) a, *(const char *const *) b);
}

static const char *hash_names(const struct x509_ids *ids, struct arena *a)
{
	AUTO(sbuf_free)
	struct sbuf all = SBUF_INIT((ids->n + 1) * X509_NAME_TEXT);
	const char **v = arena_array(a, ids->n + 1, sizeof(*v));
	char *hash = arena_alloc(a, ENC_SHA256_HEX);

	for (size_t i = 0; i < ids->n; i++)
		v[i] = ids->v[i].value;
	qsort(v, ids->n, sizeof(*v), by_value);
	for (size_t i = 0; i < ids->n; i++)
		sbuf_addf(&all, "%s\n", v[i]);
	enc_sha256_hex(sbuf_str(&all), all.len, hash);
	return hash;
}

/* "RSA 2048" is rsa2048, "EC P-256" is P-256, "ED25519" is ed25519. */
static const char *key_word(const struct x509_key_info *key, struct arena *a)
{
	char word[sizeof(key->text)];
	size_t n = 0;

	if (key->type == X509_KEY_EC && strncmp(key->text, "EC ", 3) == 0)
		return arena_strndup(a, key->text + 3, STORE_KEY_TYPE_MAX);
	for (const char *p = key->text; *p; p++)
		if (*p != ' ')
			word[n++] = (char) tolower((unsigned char) *p);
	return arena_strndup(a, word,
			     n < STORE_KEY_TYPE_MAX ? n : STORE_KEY_TYPE_MAX);
}

static const char *hash_crt(struct store_blob crt, struct arena *a)
{
	char *hash = arena_alloc(a, ENC_SHA256_HEX);

	enc_sha256_hex(crt.p, crt.len, hash);
	return hash;
}

int store_facts_derive(const char *name, struct store_blob crt, int64_t now,
		       struct arena *a, struct store_facts *ret,
		       struct err *err)
{
	AUTO(x509_chain_free) struct x509_chain *c = NULL;
	char issuer[STORE_ISSUER_MAX + 1];

	if (x509_chain_parse(crt.p, crt.len, &c, err) == -1)
		return -1;
	*ret = (struct store_facts){
		.name = name,
		.crt_sha256 = hash_crt(crt, a),
		.fingerprint = arena_strdup(a, x509_chain_fingerprint(c)),
		.ts_not_before = x509_chain_not_before(c),
		.ts_not_after = x509_chain_not_after(c),
		.ts_stored = now,
		.key_type = key_word(x509_chain_key(c), a),
		.key_sha256 = arena_strdup(a, x509_chain_key(c)->sha256),
		.ts_key = now ? now : x509_chain_not_before(c),
		.key_certs = 1,
		.issuer = arena_strdup(a, store_fit(x509_chain_issuer(c),
						    issuer, sizeof(issuer))),
		.n_names = (int64_t) x509_chain_ids(c)->n,
		.names_sha256 = hash_names(x509_chain_ids(c), a),
		.client_auth = x509_chain_client_auth(c),
	};
	return 0;
}

/* --- one row --- */

#define COLUMNS(f)                                                     \
	f "crt_sha256, " f "fingerprint, " f "old_fingerprint, " f     \
	  "ts_not_before, " f "ts_not_after, " f "ts_stored, " f       \
	  "key_type, " f "key_sha256, " f "ts_key, " f "key_certs, " f \
	  "issuer, " f "n_names, " f "names_sha256, " f "client_auth"
#define TYPES "WWwNNNWWNNWNWN"
enum { FACTS_N = sizeof(TYPES) - 1 };

/* Of the columns from 0 on, which nobody wrote but us. */
static void read_facts(const struct db_stmt *st, const char *name,
		       struct arena *a, struct store_facts *ret)
{
	*ret = (struct store_facts){
		.name = name,
		.crt_sha256 = store_col_text(st, 0, a),
		.fingerprint = store_col_text(st, 1, a),
		.old_fingerprint = store_col_text(st, 2, a),
		.ts_not_before = db_col_int(st, 3),
		.ts_not_after = db_col_int(st, 4),
		.ts_stored = db_col_int(st, 5),
		.key_type = store_col_text(st, 6, a),
		.key_sha256 = store_col_text(st, 7, a),
		.ts_key = db_col_int(st, 8),
		.key_certs = db_col_int(st, 9),
		.issuer = store_col_text(st, 10, a),
		.n_names = db_col_int(st, 11),
		.names_sha256 = store_col_text(st, 12, a),
		.client_auth = db_col_int(st, 13) != 0,
	};
}

static int facts_get(struct store *s, const char *name, struct arena *a,
		     struct store_facts *ret, struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	int rc;

	if (store_query(s,
			"SELECT " COLUMNS("") " FROM cert_facts WHERE name = ?",
			TYPES, ARGS(T(name)), &st, err) == -1)
		return -1;
	rc = db_step(st, err);
	if (rc == 1)
		read_facts(st, name, a, ret);
	return rc;
}

int store_facts_get(struct store *s, const char *name, struct arena *a,
		    struct store_facts *ret, struct err *err)
{
	return STORE_TRY(s, STORE_TX_NO, err, facts_get(s, name, a, ret, err));
}

static int facts_page(struct store *s, const char *after, size_t limit,
		      struct arena *a, struct store_facts **ret, size_t *ret_n,
		      struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	struct store_facts *v = NULL;
	size_t n = 0;
	int rc;

	if (store_query(s,
			"SELECT " COLUMNS("") ", name FROM cert_facts WHERE "
					      "name > ? ORDER BY name LIMIT ?",
			TYPES "W", ARGS(T(after), I((int64_t) limit)), &st,
			err) == -1)
		return -1;
	db_limit(st, limit, DB_ANSWER_MAX);
	while ((rc = db_step(st, err)) == 1) {
		v = STORE_GROW(a, v, n);
		read_facts(st, store_col_text(st, FACTS_N, a), a, &v[n++]);
	}
	if (rc == 0) {
		*ret = v;
		*ret_n = n;
	}
	return rc;
}

int store_facts_page(struct store *s, const char *after, size_t limit,
		     struct arena *a, struct store_facts **ret, size_t *ret_n,
		     struct err *err)
{
	return STORE_TRY(s, STORE_TX_NO, err,
			 facts_page(s, after, limit, a, ret, ret_n, err));
}

/* In all three: a statement that changes no row would lock the gap where it
 * might be, and with it what other fetchers store beside it. */
int store_facts_drop(struct store *s, const char *name, struct err *err)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct store_facts was;
	int rc = facts_get(s, name, a, &was, err);

	if (rc != 1)
		return rc;
	return store_exec(s, "DELETE FROM cert_facts WHERE name = ?",
			  ARGS(T(name)), NULL, err);
}

static bool is_of(const struct store_facts *f, struct store_blob crt,
		  struct arena *a)
{
	return strcmp(f->crt_sha256, hash_crt(crt, a)) == 0;
}

static bool same_leaf(const struct store_facts *a, const struct store_facts *b)
{
	return strcmp(a->fingerprint, b->fingerprint) == 0;
}

/* What NOW has of the one before it. */
static void inherit(const struct store_facts *was, struct store_facts *now)
{
	if (same_leaf(was, now)) {
		/* In other bytes. */
		now->old_fingerprint = was->old_fingerprint;
		now->ts_stored = was->ts_stored;
		now->ts_key = was->ts_key;
		now->key_certs = was->key_certs;
		return;
	}
	if (!now->old_fingerprint)
		now->old_fingerprint = was->fingerprint;
	if (strcmp(was->key_sha256, now->key_sha256) != 0)
		return;
	now->ts_key = was->ts_key;
	now->key_certs =
		was->key_certs < CERTS_MAX ? was->key_certs + 1 : CERTS_MAX;
}

/* The same, where OLD_CRT was before it, which WAS, what was known last, may
 * have missed. WAS->name NULL: nothing was. */
static void inherit_all(const struct store_facts *was,
			struct store_blob old_crt, struct arena *a,
			struct store_facts *now)
{
	struct store_facts old;
	bool known = was->name;

	if ((known && (same_leaf(was, now) || is_of(was, old_crt, a))) ||
	    store_facts_derive(now->name, old_crt, 0, a, &old, NULL) == -1 ||
	    same_leaf(&old, now)) {
		if (known)
			inherit(was, now);
		return;
	}
	if (known)
		inherit(was, &old);
	old.old_fingerprint = NULL;
	inherit(&old, now);
}

static int insert(struct store *s, const struct store_facts *f, struct err *err)
{
	return store_exec(
		s,
		"INSERT INTO cert_facts (name, " COLUMNS(
			"") ") VALUES "
			    "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		ARGS(T(f->name), T(f->crt_sha256), T(f->fingerprint),
		     T(f->old_fingerprint), I(f->ts_not_before),
		     I(f->ts_not_after), I(f->ts_stored), T(f->key_type),
		     T(f->key_sha256), I(f->ts_key), I(f->key_certs),
		     T(f->issuer), I(f->n_names), T(f->names_sha256),
		     I(f->client_auth)),
		NULL, err);
}

/* IS: the crt_sha256 that is there; NULL: whatever is. */
static int update(struct store *s, const struct store_facts *f, const char *is,
		  struct err *err)
{
	return store_exec(
		s,
		"UPDATE cert_facts SET fingerprint = ?, old_fingerprint = ?, "
		"ts_not_before = ?, ts_not_after = ?, ts_stored = ?, "
		"key_type = ?, key_sha256 = ?, ts_key = ?, key_certs = ?, "
		"issuer = ?, n_names = ?, names_sha256 = ?, client_auth = ?, "
		"crt_sha256 = ? WHERE name = ? AND "
		"crt_sha256 = COALESCE(?, crt_sha256)",
		ARGS(T(f->fingerprint), T(f->old_fingerprint),
		     I(f->ts_not_before), I(f->ts_not_after), I(f->ts_stored),
		     T(f->key_type), T(f->key_sha256), I(f->ts_key),
		     I(f->key_certs), T(f->issuer), I(f->n_names),
		     T(f->names_sha256), I(f->client_auth), T(f->crt_sha256),
		     T(f->name), T(is)),
		NULL, err);
}

/* In the place of WAS; .name NULL: of nothing, as far as is seen. */
static int write_facts(struct store *s, const struct store_facts *f,
		       const struct store_facts *was, struct err *err)
{
	if (was->name)
		return update(s, f, NULL, err);
	if (insert(s, f, err) == 0)
		return 0;
	if (db_fault(s->db) != DB_FAULT_DUPLICATE)
		return -1;
	err_clear(err);
	return update(s, f, NULL, err);
}

static int put(struct store *s, const struct store_facts *f, struct err *err)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct store_facts was = { .name = NULL }, now = *f;
	int rc = facts_get(s, f->name, a, &was, err);

	if (rc == -1)
		return -1;
	if (rc == 1 && strcmp(was.crt_sha256, f->crt_sha256) == 0)
		return 0;
	if (rc == 1)
		inherit(&was, &now);
	return write_facts(s, &now, &was, err);
}

int store_facts_put(struct store *s, const struct store_facts *f,
		    struct err *err)
{
	return STORE_TRY(s, STORE_TX_YES, err, put(s, f, err));
}

static int old_crt_of(struct store *s, const char *name, struct arena *a,
		      struct store_blob *ret, struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	int rc;

	if (store_query(s, "SELECT old_crt FROM certs WHERE name = ?", "b",
			ARGS(T(name)), &st, err) == -1 ||
	    (rc = db_step(st, err)) == -1)
		return -1;
	*ret = rc == 1 ? store_col_blob(st, 0, a)
		       : (struct store_blob){ NULL, 0 };
	return 0;
}

int store_facts_follow(struct store *s, const char *name, struct store_blob crt,
		       int64_t now, struct err *err)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct store_blob old_crt;
	struct store_facts f, was = { .name = NULL };
	int rc;

	if (store_facts_derive(name, crt, now, a, &f, NULL) == -1)
		return store_facts_drop(s, name, err);
	rc = facts_get(s, name, a, &was, err);
	if (rc == -1)
		return -1;
	if (rc == 1 && strcmp(was.crt_sha256, f.crt_sha256) == 0)
		return 0;
	if (old_crt_of(s, name, a, &old_crt, err) == -1)
		return -1;
	inherit_all(&was, old_crt, a, &f);
	return write_facts(s, &f, &was, err);
}

/* --- those that other programs left behind --- */

struct fill {
	struct arena *arena;
	const char **names; /* of certs, some of a page */
	size_t n;
	size_t mended;
};

struct fill_row {
	struct store_blob crt, old_crt;
	struct store_facts was; /* .name NULL: there are none */
};

static int fill_read(struct store *s, const char *name, struct arena *a,
		     struct fill_row *ret, struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	int rc;

	/* One statement: what it says of both was so at one time. */
	if (store_query(s,
			"SELECT " COLUMNS(
				"f.") ", f.name, c.crt, c.old_crt "
				      "FROM certs c LEFT JOIN cert_facts f "
				      "ON f.name = c.name WHERE c.name = ?",
			"wwwnnnwwnnwnwnwbb", ARGS(T(name)), &st, err) == -1)
		return -1;
	rc = db_step(st, err);
	if (rc != 1)
		return rc;
	*ret = (struct fill_row){ .crt = store_col_blob(st, FACTS_N + 1, a),
				  .old_crt =
					  store_col_blob(st, FACTS_N + 2, a) };
	if (!db_col_null(st, FACTS_N))
		read_facts(st, name, a, &ret->was);
	return 1;
}

/* What is there goes, unless it is not as it was read. 1, 0, -1. */
static int fill_take(struct store *s, const struct store_facts *was,
		     struct err *err)
{
	int64_t rows = 0;

	if (store_exec(s,
		       "DELETE FROM cert_facts WHERE name = ? AND "
		       "crt_sha256 = ?",
		       ARGS(T(was->name), T(was->crt_sha256)), &rows,
		       err) == -1)
		return -1;
	return rows > 0;
}

/* Rows of certs are neither locked nor waited for: who stores a certificate
 * meanwhile writes what is to be said of it, and that stays. */
static int fill_row(struct store *s, const char *name, struct fill *f,
		    struct err *err)
{
	struct fill_row r;
	struct store_facts now;
	int rc = fill_read(s, name, f->arena, &r, err);
	bool none;

	if (rc != 1)
		return rc;
	none = store_facts_derive(name, r.crt, 0, f->arena, &now, NULL) == -1;
	if (r.was.name && !none && is_of(&r.was, r.crt, f->arena))
		return 0;
	if (none && r.was.name) {
		rc = fill_take(s, &r.was, err);
	} else if (!none) {
		inherit_all(&r.was, r.old_crt, f->arena, &now);
		rc = r.was.name ? update(s, &now, r.was.crt_sha256, err)
				: insert(s, &now, err);
		if (rc == -1 && !r.was.name &&
		    db_fault(s->db) == DB_FAULT_DUPLICATE) {
			err_clear(err);
			rc = 0;
		}
	}
	if (rc == -1)
		return -1;
	f->mended += !none || r.was.name;
	return 0;
}

static int fill_rows(struct store *s, void *arg, struct err *err)
{
	struct fill *f = arg;

	f->mended = 0;
	for (size_t i = 0; i < f->n; i++) {
		arena_clear(f->arena);
		if (fill_row(s, f->names[i], f, err) == -1)
			return -1;
	}
	return 0;
}

static int fill_each(struct store *s, const struct fill *f, size_t *ret_n,
		     struct err *err)
{
	size_t n = 0;

	for (size_t i = 0; i < f->n; i++) {
		struct fill one = { f->arena, f->names + i, 1, 0 };
		struct err own = ERR_INIT;

		if (store_tx(s, fill_rows, &one, &own) == 0)
			n += one.mended;
		else if (own.kind != ERR_LOCKED)
			return err_set(err, own.kind, "%s", own.msg);
	}
	*ret_n = n;
	return 0;
}

/* In one transaction, or, where one of them is locked, each on its own. */
static int fill_some(struct store *s, struct fill *f, size_t *ret_n,
		     struct err *err)
{
	struct err own = ERR_INIT;

	if (store_tx(s, fill_rows, f, &own) == -1)
		return own.kind == ERR_LOCKED
			       ? fill_each(s, f, ret_n, err)
			       : err_set(err, own.kind, "%s", own.msg);
	*ret_n = f->mended;
	return 0;
}

struct page {
	struct arena *arena;
	const char **stale;
	size_t n_stale, n;
	const char *last;
};

const struct store_facts_sql store_facts_sql = {
	.page = "SELECT c.name, " STORE_FACTS_STALE " FROM certs c "
		"LEFT JOIN cert_facts f ON f.name = c.name WHERE c.name > ? "
		"ORDER BY c.name, c.enable LIMIT ?",
	.orphans = "SELECT f.name, f.crt_sha256 FROM cert_facts f "
		   "LEFT JOIN certs c ON c.name = f.name "
		   "WHERE c.name IS NULL ORDER BY f.name LIMIT ?",
};

static int read_page(struct store *s, const char *after, size_t limit,
		     struct page *p, struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	int rc;

	arena_clear(p->arena);
	p->stale = arena_array(p->arena, limit, sizeof(p->stale[0]));
	p->n_stale = p->n = 0;
	if (store_query(s, store_facts_sql.page, "WN",
			ARGS(T(after), I((int64_t) limit)), &st, err) == -1)
		return -1;
	db_limit(st, limit, DB_ANSWER_MAX);
	while ((rc = db_step(st, err)) == 1) {
		p->last = store_col_text(st, 0, p->arena);
		p->n++;
		if (db_col_int(st, 1))
			p->stale[p->n_stale++] = p->last;
	}
	return rc;
}

static int read_orphans(struct store *s, struct arena *a,
			struct store_facts **ret, size_t *ret_n,
			struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	struct store_facts *v = NULL;
	size_t n = 0;
	int rc;

	if (store_query(s, store_facts_sql.orphans, "WW", ARGS(I(ORPHANS)), &st,
			err) == -1)
		return -1;
	db_limit(st, ORPHANS, DB_ANSWER_MAX);
	while ((rc = db_step(st, err)) == 1) {
		v = STORE_GROW(a, v, n);
		v[n++] = (struct store_facts){
			.name = store_col_text(st, 0, a),
			.crt_sha256 = store_col_text(st, 1, a),
		};
	}
	*ret = v;
	*ret_n = n;
	return rc;
}

static int drop_orphans(struct store *s, struct arena *a, size_t *ret_n,
			struct err *err)
{
	struct store_facts *v = NULL;
	int rc = read_orphans(s, a, &v, ret_n, err);

	for (size_t i = 0; rc != -1 && i < *ret_n; i++)
		rc = fill_take(s, &v[i], err);
	return rc == -1 ? -1 : 0;
}

int store_facts_fill(struct store *s, size_t limit,
		     char after[STORE_NAME_MAX + 1], size_t *ret_n,
		     struct err *err)
{
	AUTO(arena_free) struct arena *arena = arena_new();
	AUTO(arena_free) struct arena *row = arena_new();
	struct page p = { .arena = arena };
	size_t all = 0, n = 0;

	if (STORE_TRY(s, STORE_TX_NO, err,
		      read_page(s, after, limit, &p, err)) == -1)
		return -1;
	for (size_t i = 0; i < p.n_stale; i += FILL_AT_ONCE) {
		struct fill f = { row, p.stale + i, p.n_stale - i, 0 };

		if (f.n > FILL_AT_ONCE)
			f.n = FILL_AT_ONCE;
		if (fill_some(s, &f, &n, err) == -1)
			return -1;
		all += n;
	}
	/* A name that is no text is none that one could go on from. */
	if (p.n == limit && strlen(p.last) <= STORE_NAME_MAX &&
	    strcmp(p.last, after) > 0) {
		(void) snprintf(after, STORE_NAME_MAX + 1, "%s", p.last);
	} else {
		if (STORE_TRY(s, STORE_TX_YES, err,
			      drop_orphans(s, row, &n, err)) == -1)
			return -1;
		all += n;
		after[0] = '\0';
	}
	*ret_n = all;
	return 0;
}
