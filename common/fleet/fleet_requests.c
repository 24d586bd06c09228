/* SPDX-License-Identifier: MIT */
/* The host's side. On MariaDB hosts have no right to the table, procedures do
 * the same there (schema/mariadb/routines.sql). */
#include <string.h>
#include "fleet_requests.h"
#include "store_impl.h"

#define PUT_COLUMNS \
	"id, account, new_key, state, reason, as_name, ts, ts_decided"
#define PUT_TYPES "IWiWwwii"
#define MINE_COLUMNS                                                       \
	"id, account, name, key_sha256, new_key, state, reason, as_name, " \
	"ts, ts_decided"
#define MINE_TYPES "IWWWiWwwii"

/* Answers of a procedure that are no state of a row. */
#define FULL	"full"
#define REFUSED "refused"

static bool by_procedure(const struct store *s)
{
	return strcmp(db_dialect(s->db), "mariadb") == 0;
}

static int full(const char *host, struct err *err)
{
	return err_set(err, ERR_LIMIT,
		       "%d requests of %s wait for a decision already, no more "
		       "are taken: certrepo-populate pending, on the central "
		       "host, lists them",
		       FLEET_PENDING_MAX, host);
}

static int check(const struct fleet_request *r, struct err *err)
{
	if (!r->host || !r->name || !r->key_sha256 || !r->csr.p)
		return err_set(err, ERR_INTERNAL, "a request lacks its key");
	if (store_check_text("the host's name", r->host, STORE_HOST_MAX, err) ==
		    -1 ||
	    store_name_check(r->name, err) == -1 ||
	    store_check_text("the key's digest", r->key_sha256, STORE_HASH_MAX,
			     err) == -1)
		return -1;
	return store_check_blob("the CSR", r->csr, err);
}

/* The row of R, by whichever statement; 1, 0, -1. */
static int read_one(struct store *s, const struct fleet_request *r,
		    struct db_stmt *st, struct arena *a,
		    struct fleet_request *ret, struct err *err)
{
	int rc = db_step(st, err);

	if (rc != 1)
		return rc;
	*ret = (struct fleet_request){
		.id = db_col_int(st, 0),
		.account = store_col_text(st, 1, a),
		.host = arena_strdup(a, r->host),
		.name = arena_strdup(a, r->name),
		.key_sha256 = arena_strdup(a, r->key_sha256),
		.new_key = db_col_int(st, 2) != 0,
		.state = store_col_text(st, 3, a),
		.reason = store_col_text(st, 4, a),
		.as_name = store_col_text(st, 5, a),
		.ts = db_col_int(st, 6),
		.ts_decided = db_col_int(st, 7),
	};
	/* To its end: a procedure's answer has one behind its rows. */
	rc = db_step(st, err);
	if (rc == 1)
		return err_set(err, ERR_INPUT,
			       "%s: a request has more than one row",
			       store_name(s));
	return rc == 0 ? 1 : -1;
}

/* --- by the table --- */

static int find(struct store *s, const struct fleet_request *r, struct arena *a,
		struct fleet_request *ret, struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;

	if (store_query(s,
			"SELECT " PUT_COLUMNS " FROM host_requests WHERE "
			"account = '' AND host = ? AND name = ? AND "
			"key_sha256 = ?",
			PUT_TYPES,
			ARGS(T(r->host), T(r->name), T(r->key_sha256)), &st,
			err) == -1)
		return -1;
	return read_one(s, r, st, a, ret, err);
}

static int count_pending(struct store *s, const char *host, int64_t *ret,
			 struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;

	if (store_query(s,
			"SELECT COUNT(*) FROM host_requests WHERE state = "
			"'" FLEET_PENDING "' AND account = '' AND host = ?",
			"I", ARGS(T(host)), &st, err) == -1 ||
	    db_step(st, err) == -1)
		return -1;
	*ret = db_col_int(st, 0);
	return 0;
}

/* A new one in the place of WAS, whose id is 0: of none. */
static int write_row(struct store *s, const struct fleet_request *r,
		     const struct fleet_request *was, struct err *err)
{
	bool kept = strcmp(was->state, FLEET_REJECTED) != 0;

	if (was->id != 0 &&
	    store_exec(s, "DELETE FROM host_requests WHERE id = ?",
		       ARGS(I(was->id)), NULL, err) == -1)
		return -1;
	return store_exec(
		s,
		"INSERT INTO host_requests (account, host, name, csr, "
		"key_sha256, new_key, state, as_name, ts, ts_decided) VALUES "
		"('', ?, ?, ?, ?, ?, '" FLEET_PENDING "', ?, ?, ?)",
		ARGS(T(r->host), T(r->name), B(r->csr), T(r->key_sha256),
		     I(r->new_key), T(kept ? was->as_name : NULL), I(r->ts),
		     I(kept ? was->ts_decided : 0)),
		NULL, err);
}

/* Is request ID the very one that R is, and waits, or holds: 1, 0, -1. */
static int holds(struct store *s, int64_t id, const struct fleet_request *r,
		 struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;

	if (store_query(s,
			"SELECT id FROM host_requests r WHERE id = ? AND "
			"csr = ? AND (state = '" FLEET_PENDING "' OR (state = "
			"'" FLEET_APPROVED "' AND EXISTS (SELECT 1 FROM certs "
			"c WHERE c.name = r.as_name AND c.key_sha256 = "
			"r.key_sha256)))",
			"I", ARGS(I(id), B(r->csr)), &st, err) == -1)
		return -1;
	return db_step(st, err);
}

static int send_to_table(struct store *s, const struct fleet_request *r,
			 struct arena *a, struct fleet_request *ret,
			 struct err *err)
{
	struct fleet_request now = { .state = "" };
	int same = 0, there = find(s, r, a, &now, err);
	int64_t n = 0;

	if (there == -1)
		return -1;
	if (there == 1)
		same = holds(s, now.id, r, err);
	if (same == -1)
		return -1;
	if (same == 1) {
		*ret = now;
		return 0;
	}
	if (strcmp(now.state, FLEET_PENDING) != 0) {
		if (count_pending(s, r->host, &n, err) == -1)
			return -1;
		if (n >= FLEET_PENDING_MAX)
			return full(r->host, err);
	}
	if (write_row(s, r, &now, err) == -1)
		return -1;
	there = find(s, r, a, &now, err);
	if (there == 1)
		*ret = now;
	return there == 1 ? 0 : -1;
}

/* --- by procedures --- */

static int send_by_call(struct store *s, const struct fleet_request *r,
			struct arena *a, struct fleet_request *ret,
			struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	struct fleet_request now;
	int rc;

	if (store_query(s, "CALL host_requests_put(?, ?, ?, ?, ?, ?)",
			PUT_TYPES,
			ARGS(T(r->host), T(r->name), B(r->csr),
			     T(r->key_sha256), I(r->new_key), I(r->ts)),
			&st, err) == -1)
		return -1;
	rc = read_one(s, r, st, a, &now, err);
	if (rc == -1)
		return -1;
	if (rc == 0)
		return err_set(err, ERR_INPUT, "%s: a request has no answer",
			       store_name(s));
	if (strcmp(now.state, FULL) == 0)
		return full(r->host, err);
	if (strcmp(now.state, REFUSED) == 0)
		return err_set(err, ERR_CONFIG,
			       "%s: this account does not speak for %s: is "
			       "`host` in installer.conf the name that "
			       "certrepo-populate host add was given?",
			       store_name(s), r->host);
	*ret = now;
	return 0;
}

static int send_any(struct store *s, const struct fleet_request *r,
		    struct arena *a, struct fleet_request *ret, struct err *err)
{
	return by_procedure(s) ? send_by_call(s, r, a, ret, err)
			       : send_to_table(s, r, a, ret, err);
}

/* The database said why; what it means for us. */
static int takes_none(struct store *s, struct err *err)
{
	enum db_fault fault = db_fault(s->db);

	if (fault != DB_FAULT_NO_TABLE && fault != DB_FAULT_NO_ROUTINE)
		return -1;
	return err_set(err, ERR_CONFIG,
		       "%s takes no requests of this host yet (%s)",
		       store_name(s), err->msg);
}

int fleet_request_send(struct store *s, const struct fleet_request *r,
		       struct arena *a, struct fleet_request *ret,
		       struct err *err)
{
	enum store_tx_use tx = by_procedure(s) ? STORE_TX_NO : STORE_TX_YES;

	if (check(r, err) == -1)
		return -1;
	if (STORE_TRY_ANY(s, tx, err, send_any(s, r, a, ret, err)) == -1)
		return takes_none(s, err);
	return 0;
}

static int query_mine(struct store *s, const char *host, struct db_stmt **ret,
		      struct err *err)
{
	if (by_procedure(s))
		return store_query(s, "CALL host_requests_mine(?)", MINE_TYPES,
				   ARGS(T(host)), ret, err);
	return store_query(s,
			   "SELECT " MINE_COLUMNS " FROM host_requests WHERE "
			   "account = '' AND host = ? ORDER BY ts, id LIMIT ?",
			   MINE_TYPES, ARGS(T(host), I(FLEET_MINE_MAX)), ret,
			   err);
}

static int mine(struct store *s, const char *host, struct arena *a,
		struct fleet_requests *ret, struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	struct fleet_requests all = { 0 };
	int rc;

	if (query_mine(s, host, &st, err) == -1)
		return -1;
	db_limit(st, FLEET_MINE_MAX, FLEET_MINE_MAX * 4096);
	while ((rc = db_step(st, err)) == 1) {
		all.v = STORE_GROW(a, all.v, all.n);
		all.v[all.n++] = (struct fleet_request){
			.id = db_col_int(st, 0),
			.account = store_col_text(st, 1, a),
			.host = arena_strdup(a, host),
			.name = store_col_text(st, 2, a),
			.key_sha256 = store_col_text(st, 3, a),
			.new_key = db_col_int(st, 4) != 0,
			.state = store_col_text(st, 5, a),
			.reason = store_col_text(st, 6, a),
			.as_name = store_col_text(st, 7, a),
			.ts = db_col_int(st, 8),
			.ts_decided = db_col_int(st, 9),
		};
	}
	if (rc == -1)
		return -1;
	*ret = all;
	return 0;
}

int fleet_requests_mine(struct store *s, const char *host, struct arena *a,
			struct fleet_requests *ret, struct err *err)
{
	if (STORE_TRY_ANY(s, STORE_TX_NO, err, mine(s, host, a, ret, err)) ==
	    -1)
		return takes_none(s, err);
	return 0;
}
