/* SPDX-License-Identifier: MIT */
/* What the fetcher does: leases, orders, proofs, outcomes. What is due is in
 * store_due.c. */
#include "enc.h"
#include "store_facts.h"
#include "store_impl.h"
#include "strlist.h"

/* --- leases --- */

int store_claim(struct store *s, const char *name, const char *owner,
		int64_t now, int64_t until, struct err *err)
{
	int64_t rows = 0;

	if (store_check_text("the instance", owner, STORE_OWNER_MAX, err) ==
		    -1 ||
	    store_exec_try(
		    s,
		    "UPDATE certs SET lease_owner = ?, lease_until = ?, "
		    "ts_last_update = ? WHERE name = ? AND "
		    "(lease_owner IS NULL OR lease_owner = ? OR "
		    "lease_until < ?)",
		    ARGS(T(owner), I(until), I(now), T(name), T(owner), I(now)),
		    &rows, err) == -1)
		return -1;
	return rows > 0;
}

int store_claim_due(struct store *s, const char *name, const char *owner,
		    int64_t now, int64_t until, struct err *err)
{
	int64_t rows = 0;

	if (store_check_text("the instance", owner, STORE_OWNER_MAX, err) ==
		    -1 ||
	    store_exec_try(s,
			   "UPDATE certs SET lease_owner = ?, lease_until = ?, "
			   "ts_last_update = ? WHERE name = ? AND "
			   "(lease_owner IS NULL OR lease_owner = ? OR "
			   "lease_until < ?) AND enable = 'Y' AND ts_due <= ?",
			   ARGS(T(owner), I(until), I(now), T(name), T(owner),
				I(now), I(now)),
			   &rows, err) == -1)
		return -1;
	return rows > 0;
}

int store_release(struct store *s, const char *name, const char *owner,
		  struct err *err)
{
	return store_exec_try(s,
			      "UPDATE certs SET lease_owner = NULL, "
			      "lease_until = 0 "
			      "WHERE name = ? AND lease_owner = ?",
			      ARGS(T(name), T(owner)), NULL, err);
}

static int leased(struct store *s, const char *owner, struct strlist *ret,
		  struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	int rc;

	strlist_free(ret);
	if (store_query(s, "SELECT name FROM certs WHERE lease_owner = ?", "W",
			ARGS(T(owner)), &st, err) == -1)
		return -1;
	while ((rc = db_step(st, err)) == 1)
		strlist_add(ret, db_col_text(st, 0));
	return rc;
}

/* But for those that are locked: their leases run out. */
static int release_each(struct store *s, const char *owner, struct err *err)
{
	AUTO(strlist_free) struct strlist names = STRLIST_INIT;

	if (STORE_TRY(s, STORE_TX_NO, err, leased(s, owner, &names, err)) == -1)
		return -1;
	for (size_t i = 0; i < names.n; i++) {
		struct err own = ERR_INIT;

		if (store_release(s, names.v[i], owner, &own) == 0 ||
		    own.kind == ERR_LOCKED)
			continue;
		*err = own;
		return -1;
	}
	return 0;
}

int store_release_all(struct store *s, const char *owner, struct err *err)
{
	struct err own = ERR_INIT;

	if (store_exec_try(s,
			   "UPDATE certs SET lease_owner = NULL, "
			   "lease_until = 0 WHERE lease_owner = ?",
			   ARGS(T(owner)), NULL, &own) == 0)
		return 0;
	if (own.kind == ERR_LOCKED)
		return release_each(s, owner, err);
	*err = own;
	return -1;
}

int store_set_due(struct store *s, const char *name, int64_t when,
		  const struct store_due *read, struct err *err)
{
	return store_exec_try(s,
			      "UPDATE certs SET ts_due = ? WHERE name = ? AND "
			      "ts_due = ? AND ts_next_attempt = ? AND "
			      "(renew <> 0) = ?",
			      ARGS(I(when), T(name), I(read->ts_due),
				   I(read->ts_next_attempt), I(read->renew)),
			      NULL, err);
}

/* ts_expire has 32 bits, unsigned, since 2019: a private CA's year 9999
 * becomes 2106, which is as far. 1 is "none". */
static int64_t fit_expire(int64_t t)
{
	if (t < 1)
		return 1;
	return t > UINT32_MAX ? UINT32_MAX : t;
}

/* The caller's. */
static char *hex_of(struct store_blob b)
{
	return enc_hex(b.p, b.len, mem_alloc(2 * b.len + 1));
}

static int refresh(struct store *s, const char *name,
		   const struct store_derived *d, const struct store_cert *read,
		   struct err *err)
{
	int64_t expire = fit_expire(d->ts_expire), rows = 0;
	AUTO(mem_free_str) char *csr = hex_of(read->csr);
	AUTO(mem_free_str) char *crt = hex_of(read->crt);

	/* As hexadecimal: SQLite tells text from bytes, and people write
	 * both. */
	if (store_exec(s,
		       "UPDATE certs SET ts_expire = ?, "
		       "ts_expire_seen = ?, ts_not_before = ?, "
		       "ts_due = ?, crt_sha256 = ?, "
		       "key_sha256 = COALESCE(?, key_sha256) "
		       "WHERE name = ? AND LOWER(HEX(csr)) = ? AND "
		       "COALESCE(LOWER(HEX(crt)), '') = ? AND "
		       "ts_due = ? AND ts_next_attempt = ? AND "
		       "(renew <> 0) = ? AND (held <> 0) = ?",
		       ARGS(I(expire), I(expire), I(d->ts_not_before),
			    I(d->ts_due), T(d->crt_sha256), T(d->key_sha256),
			    T(name), T(csr), T(crt), I(read->ts_due),
			    I(read->ts_next_attempt), I(read->renew),
			    I(read->held)),
		       &rows, err) == -1)
		return -1;
	return rows ? store_aside(
			      s, store_facts_follow(s, name, read->crt, 0, err),
			      err)
		    : 0;
}

int store_refresh(struct store *s, const char *name,
		  const struct store_derived *d, const struct store_cert *read,
		  struct err *err)
{
	return STORE_TRY(s, STORE_TX_YES, err, refresh(s, name, d, read, err));
}

/* --- orders --- */

/* Why a change that is conditional on a lease met no row. */
static int not_ours(struct store *s, const char *name, struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	const char *owner;
	int64_t rows = 0;
	int rc;

	/* As it is now: a SELECT may be told what was when it all began. */
	if (store_exec(s, "UPDATE certs SET name = name WHERE name = ?",
		       ARGS(T(name)), &rows, err) == -1)
		return -1;
	if (rows == 0)
		return err_set(err, ERR_CONFLICT,
			       "%s: %s was removed meanwhile", store_name(s),
			       name);
	if (store_query(s, "SELECT lease_owner FROM certs WHERE name = ?", "w",
			ARGS(T(name)), &st, err) == -1 ||
	    (rc = db_step(st, err)) == -1)
		return -1;
	owner = rc == 1 ? db_col_text(st, 0) : NULL;
	if (owner)
		return err_set(err, ERR_CONFLICT,
			       "%s: another instance, %s, has taken %s over "
			       "meanwhile",
			       store_name(s), owner, name);
	return err_set(err, ERR_CONFLICT,
		       "%s: %s was changed meanwhile: its CSR was replaced, or "
		       "its lease broken",
		       store_name(s), name);
}

/* RC of a change of NAME's order: of a name that was removed nothing stays. */
static int clean(struct store *s, const char *name, int rc, struct err *err)
{
	struct err own = ERR_INIT;

	if (rc != -1 || !err || err->kind != ERR_CONFLICT ||
	    store_exec_try(s,
			   "DELETE FROM orders WHERE name = ? AND NOT EXISTS "
			   "(SELECT 1 FROM certs WHERE certs.name = "
			   "orders.name)",
			   ARGS(T(name)), NULL, &own) == 0)
		return rc;
	*err = own;
	return -1;
}

/* By a SELECT, which waits for no lock: a row that somebody has locked must not
 * keep its order from being written down. */
static int is_there(struct store *s, const struct store_order *o,
		    struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;

	if (store_query(s,
			"SELECT name FROM certs WHERE name = ? AND "
			"COALESCE(?, lease_owner, '') = "
			"COALESCE(lease_owner, '')",
			"W", ARGS(T(o->name), T(o->owner)), &st, err) == -1)
		return -1;
	return db_step(st, err);
}

static int order_put(struct store *s, const struct store_order *o,
		     struct err *err)
{
	int rc = is_there(s, o, err);

	if (rc != 1)
		return rc == 0 ? not_ours(s, o->name, err) : -1;
	return store_exec(s,
			  "REPLACE INTO orders (name, slot, ca_name, "
			  "account, key_sha256, url, state, ts_created, "
			  "ts_state, ts_expires, directory) VALUES (?, ?, ?, "
			  "?, ?, ?, ?, ?, NULLIF(?, 0), NULLIF(?, 0), ?)",
			  ARGS(T(o->name), I(o->slot), T(o->ca_name),
			       T(o->account), T(o->key_sha256), T(o->url),
			       T(o->state), I(o->ts_created), I(o->ts_state),
			       I(o->ts_expires), T(o->directory)),
			  NULL, err);
}

int store_order_put(struct store *s, const struct store_order *o,
		    struct err *err)
{
	if (store_check_text("the CA's name", o->ca_name, STORE_CA_NAME_MAX,
			     err) == -1 ||
	    store_check_text("the directory's URL", o->directory, STORE_URL_MAX,
			     err) == -1 ||
	    store_check_text("the account's URL", o->account, STORE_URL_MAX,
			     err) == -1 ||
	    store_check_text("the order's URL", o->url, STORE_URL_MAX, err) ==
		    -1 ||
	    store_check_text("the order's state", o->state, 16, err) == -1)
		return -1;
	return clean(s, o->name,
		     STORE_TRY(s, STORE_TX_NO, err, order_put(s, o, err)), err);
}

static int order_get(struct store *s, const char *name, int slot,
		     struct arena *a, struct store_order *ret, struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	int rc;

	if (store_query(s,
			"SELECT name, slot, ca_name, account, key_sha256, url, "
			"state, ts_created, ts_state, ts_expires, directory "
			"FROM orders "
			"WHERE name = ? AND slot = ?",
			"WNWwwwWNnnw", ARGS(T(name), I(slot)), &st, err) == -1)
		return -1;
	rc = db_step(st, err);
	if (rc != 1)
		return rc;
	*ret = (struct store_order){
		.name = store_col_text(st, 0, a),
		.slot = (int) db_col_int(st, 1),
		.ca_name = store_col_text(st, 2, a),
		.account = store_col_text(st, 3, a),
		.key_sha256 = store_col_text(st, 4, a),
		.url = store_col_text(st, 5, a),
		.state = store_col_text(st, 6, a),
		.ts_created = db_col_int(st, 7),
		.ts_state = db_col_int(st, 8),
		.ts_expires = db_col_int(st, 9),
		.directory = store_col_text(st, 10, a),
	};
	return 1;
}

int store_order_get(struct store *s, const char *name, int slot,
		    struct arena *arena, struct store_order *ret,
		    struct err *err)
{
	return STORE_TRY(s, STORE_TX_NO, err,
			 order_get(s, name, slot, arena, ret, err));
}

int store_order_drop(struct store *s, const char *name, int slot,
		     struct err *err)
{
	return store_exec_try(s,
			      "DELETE FROM orders WHERE name = ? AND slot = ?",
			      ARGS(T(name), I(slot)), NULL, err);
}

/* --- proofs --- */

int store_proof_put(struct store *s, const struct store_proof *p,
		    struct err *err)
{
	if (store_check_text("the proof's zone", p->zone, 255, err) == -1 ||
	    store_check_text("the zone's server", p->server, 255, err) == -1 ||
	    store_check_text("the proof's place", p->owner, STORE_URL_MAX,
			     err) == -1 ||
	    store_check_text("the proof's value", p->value, STORE_URL_MAX,
			     err) == -1)
		return -1;
	return store_exec_try(s,
			      "REPLACE INTO proofs (id, name, slot, "
			      "lease_owner, type, zone, server, owner, value, "
			      "ts_created) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, "
			      "?)",
			      ARGS(T(p->id), T(p->name), I(p->slot),
				   T(p->lease_owner), T(p->type), T(p->zone),
				   T(p->server), T(p->owner), T(p->value),
				   I(p->ts_created)),
			      NULL, err);
}

int store_proof_drop(struct store *s, const char *id, const char *lease_owner,
		     struct err *err)
{
	return store_exec_try(s,
			      "DELETE FROM proofs WHERE id = ? AND "
			      "lease_owner = ?",
			      ARGS(T(id), T(lease_owner)), NULL, err);
}

static void read_proof(const struct db_stmt *st, struct arena *a,
		       struct store_proof *p)
{
	*p = (struct store_proof){
		.id = store_col_text(st, 0, a),
		.name = store_col_text(st, 1, a),
		.slot = (int) db_col_int(st, 2),
		.lease_owner = store_col_text(st, 3, a),
		.type = store_col_text(st, 4, a),
		.zone = store_col_text(st, 5, a),
		.server = store_col_text(st, 6, a),
		.owner = store_col_text(st, 7, a),
		.value = store_col_text(st, 8, a),
		.ts_created = db_col_int(st, 9),
	};
}

static int proofs_of(struct store *s, const char *lease_owner, size_t limit,
		     struct arena *arena, struct store_proofs *ret,
		     struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	struct store_proofs p = { 0 };
	int rc;

	if (store_query(s,
			"SELECT id, name, slot, lease_owner, type, zone, "
			"server, owner, value, ts_created FROM proofs "
			"WHERE lease_owner = ? ORDER BY ts_created, id LIMIT ?",
			"WWNWWwwWWN", ARGS(T(lease_owner), I((int64_t) limit)),
			&st, err) == -1)
		return -1;
	db_limit(st, limit, DB_ANSWER_MAX);
	while ((rc = db_step(st, err)) == 1) {
		p.v = STORE_GROW(arena, p.v, p.n);
		read_proof(st, arena, &p.v[p.n++]);
	}
	if (rc == -1)
		return -1;
	*ret = p;
	return 0;
}

int store_proofs_of(struct store *s, const char *lease_owner, size_t limit,
		    struct arena *arena, struct store_proofs *ret,
		    struct err *err)
{
	return STORE_TRY(s, STORE_TX_NO, err,
			 proofs_of(s, lease_owner, limit, arena, ret, err));
}

/* --- outcomes --- */

/* The lease is gone: did an earlier run of ours store this very certificate,
 * whose commit was not answered? */
static int accepted_before(struct store *s, const struct store_accept *a,
			   struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;

	if (store_query(s, "SELECT name FROM certs WHERE name = ? AND crt = ?",
			"T", ARGS(T(a->attempt.name), B(a->crt)), &st,
			err) == -1)
		return -1;
	return db_step(st, err);
}

static int accept(struct store *s, const struct store_accept *a,
		  struct err *err)
{
	int64_t expire = fit_expire(a->ts_expire), rows = 0;
	int rc;

	/* MariaDB assigns from left to right and sees its own assignments,
	 * SQLite and the standard see the old row: so what is shifted comes
	 * before what replaces it. */
	if (store_exec(
		    s,
		    "UPDATE certs SET "
		    "old_ca = CASE WHEN ca IS NULL OR ca = ? "
		    "THEN old_ca ELSE ca END, ca = ?, "
		    "old_crt = CASE WHEN crt IS NULL OR crt = ? "
		    "THEN old_crt ELSE crt END, crt = ?, "
		    "md5_ca = ?, crt_sha256 = ?, ts_expire = ?, "
		    "ts_expire_seen = ?, ts_not_before = ?, ts_due = ?, "
		    "ts_next_attempt = 0, count_fail_update = 0, "
		    "renew = 0, old_csr = NULL, held = 0, fail_class = NULL, "
		    "fail_detail = NULL, lease_owner = NULL, "
		    "lease_until = 0, ari_crt = NULL, ts_ari = 0, "
		    "ari_start = 0, ari_end = 0, ari_url = NULL, "
		    "ts_ari_poll = ? WHERE name = ? AND lease_owner = ?",
		    ARGS(B(a->ca), B(a->ca), B(a->crt), B(a->crt), T(a->md5_ca),
			 T(a->crt_sha256), I(expire), I(expire),
			 I(a->ts_not_before), I(a->ts_due), I(a->ts_ari_poll),
			 T(a->attempt.name), T(a->owner)),
		    &rows, err) == -1)
		return -1;
	if (rows == 0) {
		rc = accepted_before(s, a, err);
		return rc == 1	  ? 0
		       : rc == -1 ? -1
				  : not_ours(s, a->attempt.name, err);
	}
	if (store_exec(s, "DELETE FROM orders WHERE name = ? AND slot = ?",
		       ARGS(T(a->attempt.name), I(a->slot)), NULL, err) == -1 ||
	    store_aside(s,
			store_facts_follow(s, a->attempt.name, a->crt,
					   a->attempt.ts_end, err),
			err) == -1)
		return -1;
	return store_attempt_put(s, &a->attempt, err);
}

int store_accept(struct store *s, const struct store_accept *a, struct err *err)
{
	if (store_check_blob("the certificate", a->crt, err) == -1 ||
	    store_check_blob("the chain", a->ca, err) == -1)
		return -1;
	if (!a->crt.p || a->crt.len == 0)
		return err_set(err, ERR_INTERNAL, "%s: no certificate to store",
			       a->attempt.name);
	return clean(s, a->attempt.name,
		     STORE_TRY(s, STORE_TX_YES, err, accept(s, a, err)), err);
}

/* The lease and nothing else: 1 it was OWNER's, 0, -1. */
static int let_go(struct store *s, const char *name, const char *owner,
		  struct err *err)
{
	int64_t rows = 0;

	if (store_exec(s,
		       "UPDATE certs SET lease_owner = NULL, lease_until = 0 "
		       "WHERE name = ? AND lease_owner = ?",
		       ARGS(T(name), T(owner)), &rows, err) == -1)
		return -1;
	return rows > 0;
}

/* What a person sets back is not as it was READ. */
#define AS_READ                                              \
	"(? = 0 OR (COALESCE(count_fail_update, 0) = ? AND " \
	"ts_due = ? AND ts_next_attempt = ? AND (held <> 0) = ?)) "
#define READ(r)                                                              \
	I(!!(r)), I((r) ? (r)->count_fail_update : 0),                       \
		I((r) ? (r)->ts_due : 0), I((r) ? (r)->ts_next_attempt : 0), \
		I((r) ? (r)->held : 0)

/* The lease is gone: an earlier run of ours did it, unanswered, or it is
 * another's. */
static int failed_before(struct store *s, const struct store_fail *f,
			 struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	const char *name = f->attempt.name;
	int rc = store_attempt_there(s, &f->attempt, err);

	if (rc != 1)
		return rc == -1 ? -1 : not_ours(s, name, err);
	if (!f->csr_back)
		return 0;
	if (store_query(s,
			"SELECT name FROM certs WHERE name = ? AND "
			"fail_class = ? AND renew = 0 AND ts_due = 0",
			"W", ARGS(T(name), T(f->attempt.outcome)), &st,
			err) == -1)
		return -1;
	rc = db_step(st, err);
	return rc == 1 ? 2 : rc;
}

static int fail_row(struct store *s, const struct store_fail *f,
		    int64_t *ret_rows, struct err *err)
{
	const struct store_attempt *a = &f->attempt;
	int64_t next = f->hold ? STORE_NEVER : f->next;
	char class[STORE_WORD_MAX + 1], detail[STORE_DETAIL_MAX + 1];

	return store_exec(s,
			  "UPDATE certs SET count_fail_update = "
			  "COALESCE(count_fail_update, 0) + ?, fail_class = ?, "
			  "fail_detail = ?, ts_next_attempt = ?, ts_due = ?, "
			  "held = ?, lease_owner = NULL, lease_until = 0 "
			  "WHERE name = ? AND lease_owner = ? AND " AS_READ,
			  ARGS(I(f->count ? 1 : 0),
			       T(store_fit(a->outcome, class, sizeof(class))),
			       T(store_fit(a->detail, detail, sizeof(detail))),
			       I(next), I(next), I(f->hold ? 1 : 0), T(a->name),
			       T(f->owner), READ(f->read)),
			  ret_rows, err);
}

static int record_failure(struct store *s, const struct store_fail *f,
			  struct err *err)
{
	const struct store_attempt *a = &f->attempt;
	int64_t rows = 0;
	int rc, back = 0;

	if (fail_row(s, f, &rows, err) == -1)
		return -1;
	rc = rows ? 0 : f->read ? let_go(s, a->name, f->owner, err) : 0;
	if (rc == -1)
		return -1;
	if (!rows && !rc)
		return failed_before(s, f, err);
	if (rows && f->csr_back)
		back = store_csr_back(s, a->name, err);
	if (back == -1)
		return -1;
	if ((f->drop_order || back) &&
	    store_exec(s, "DELETE FROM orders WHERE name = ? AND slot = ?",
		       ARGS(T(a->name), I(f->slot)), NULL, err) == -1)
		return -1;
	return store_attempt_put(s, a, err) == -1 ? -1 : back ? 2 : rc;
}

int store_fail(struct store *s, const struct store_fail *f, struct err *err)
{
	return clean(s, f->attempt.name,
		     STORE_TRY(s, STORE_TX_YES, err, record_failure(s, f, err)),
		     err);
}

static int park(struct store *s, const struct store_park *p,
		const struct store_attempt *a, struct err *err)
{
	char detail[STORE_DETAIL_MAX + 1];
	int64_t rows = 0;
	int rc;

	if (store_exec(s,
		       "UPDATE certs SET fail_class = ?, fail_detail = ?, "
		       "ts_next_attempt = ?, ts_due = ?, lease_owner = NULL, "
		       "lease_until = 0 WHERE name = ? AND lease_owner = ? "
		       "AND " AS_READ,
		       ARGS(T(a->outcome),
			    T(store_fit(a->detail, detail, sizeof(detail))),
			    I(p->next), I(p->next), T(a->name), T(p->owner),
			    READ(p->read)),
		       &rows, err) == -1)
		return -1;
	rc = rows ? 0 : p->read ? let_go(s, a->name, p->owner, err) : 0;
	if (rc == -1)
		return -1;
	if (!rows && !rc) {
		rc = store_attempt_there(s, a, err);
		return rc == 1 ? 0 : rc == -1 ? -1 : not_ours(s, a->name, err);
	}
	/* From left to right, as in accept(). */
	if (store_exec(s,
		       "UPDATE orders SET ts_state = CASE WHEN state = ? "
		       "THEN COALESCE(ts_state, ?) ELSE ? END, state = ? "
		       "WHERE name = ? AND slot = ?",
		       ARGS(T(a->outcome), I(a->ts_end), I(a->ts_end),
			    T(a->outcome), T(a->name), I(p->slot)),
		       NULL, err) == -1)
		return -1;
	return store_attempt_put(s, a, err) == -1 ? -1 : rc;
}

static int order_gone(struct store *s, int slot, const struct store_attempt *a,
		      struct err *err)
{
	int64_t rows = 0;

	/* That one; whoever took the row over may have another. */
	if (store_exec(s,
		       "DELETE FROM orders WHERE name = ? AND slot = ? AND "
		       "COALESCE(url, '') = ?",
		       ARGS(T(a->name), I(slot),
			    T(a->order_url ? a->order_url : "")),
		       &rows, err) == -1)
		return -1;
	/* Gone when it ran again: the first run did it, unanswered. */
	return rows ? store_attempt_put(s, a, err) : 0;
}

int store_order_gone(struct store *s, int slot, const struct store_attempt *a,
		     struct err *err)
{
	return STORE_TRY(s, STORE_TX_YES, err, order_gone(s, slot, a, err));
}

int store_park(struct store *s, const struct store_park *p, struct err *err)
{
	struct store_attempt a = p->attempt;

	a.outcome = STORE_PARKED;
	return clean(s, a.name,
		     STORE_TRY(s, STORE_TX_YES, err, park(s, p, &a, err)), err);
}
