/* SPDX-License-Identifier: MIT */
/* The centre's side of requests. A cell of SQLite may hold anything, and none
 * of it must hide what others asked for: columns are read as words. */
#include "fleet_pending.h"
#include <stdio.h>
#include <string.h>
#include "namemap.h"
#include "store_impl.h"

#define PAGE_ROWS 1000
#define PAGES_MAX 10000

#define COLUMNS                                                              \
	"id, account, host, name, csr, key_sha256, new_key, state, reason, " \
	"as_name, ts, ts_decided"
#define TYPES "NWWWLWnWwwnn"

static const char *text(const struct db_stmt *st, int i, struct arena *a)
{
	const char *s = store_col_text(st, i, a);

	return s ? s : "";
}

static struct fleet_request read_request(const struct db_stmt *st,
					 struct arena *a)
{
	const char *csr = text(st, 4, a);

	return (struct fleet_request){
		.id = db_col_int(st, 0),
		.account = text(st, 1, a),
		.host = text(st, 2, a),
		.name = text(st, 3, a),
		.csr = { .p = csr, .len = strlen(csr) },
		.key_sha256 = text(st, 5, a),
		.new_key = db_col_int(st, 6) != 0,
		.state = text(st, 7, a),
		.reason = store_col_text(st, 8, a),
		.as_name = store_col_text(st, 9, a),
		.ts = db_col_int(st, 10),
		.ts_decided = db_col_int(st, 11),
	};
}

static int read_requests(struct db_stmt *st, size_t limit, struct arena *a,
			 struct fleet_requests *ret, struct err *err)
{
	struct fleet_requests all = { 0 };
	int rc;

	db_limit(st, limit, DB_ANSWER_MAX);
	while ((rc = db_step(st, err)) == 1) {
		all.v = STORE_GROW(a, all.v, all.n);
		all.v[all.n++] = read_request(st, a);
	}
	if (rc == -1)
		return -1;
	*ret = all;
	return 0;
}

static int pending(struct store *s, int64_t after, size_t limit,
		   struct arena *a, struct fleet_requests *ret, struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;

	if (store_query(s,
			"SELECT " COLUMNS " FROM host_requests WHERE state = "
			"'" FLEET_PENDING "' AND id > ? ORDER BY id LIMIT ?",
			TYPES, ARGS(I(after), I((int64_t) limit)), &st,
			err) == -1)
		return -1;
	return read_requests(st, limit, a, ret, err);
}

int fleet_requests_pending(struct store *s, int64_t after, size_t limit,
			   struct arena *a, struct fleet_requests *ret,
			   struct err *err)
{
	return STORE_TRY(s, STORE_TX_NO, err,
			 pending(s, after, limit, a, ret, err));
}

static int get(struct store *s, int64_t id, struct arena *a,
	       struct fleet_request *ret, struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	int rc;

	if (store_query(s, "SELECT " COLUMNS " FROM host_requests WHERE id = ?",
			TYPES, ARGS(I(id)), &st, err) == -1)
		return -1;
	rc = db_step(st, err);
	if (rc == 1)
		*ret = read_request(st, a);
	return rc;
}

int fleet_request_get(struct store *s, int64_t id, struct arena *a,
		      struct fleet_request *ret, struct err *err)
{
	return STORE_TRY(s, STORE_TX_NO, err, get(s, id, a, ret, err));
}

static int decide(struct store *s, const struct fleet_request *r,
		  const char *state, const char *reason, const char *as_name,
		  int64_t now, struct err *err)
{
	int64_t rows = 0;

	if (store_exec(s,
		       "UPDATE host_requests SET state = ?, reason = ?, "
		       "as_name = ?, ts_decided = ? WHERE id = ? AND state = "
		       "'" FLEET_PENDING "' AND (csr = ? OR ? = 0)",
		       ARGS(T(state), T(reason), T(as_name), I(now), I(r->id),
			    B(r->csr), I(r->csr.len > 0)),
		       &rows, err) == -1)
		return -1;
	return rows > 0;
}

int fleet_request_decide(struct store *s, const struct fleet_request *r,
			 const char *state, const char *reason,
			 const char *as_name, int64_t now, struct err *err)
{
	if (store_check_text("the reason", reason, STORE_DETAIL_MAX, err) ==
		    -1 ||
	    store_check_text("the name", as_name, STORE_NAME_MAX, err) == -1)
		return -1;
	return STORE_TRY(s, STORE_TX_NO, err,
			 decide(s, r, state, reason, as_name, now, err));
}

int fleet_pending_shorten(struct store *s, int64_t id, const char *pem,
			  struct err *err)
{
	return STORE_TRY(
		s, STORE_TX_NO, err,
		store_exec(s, "UPDATE host_requests SET csr = ? WHERE id = ?",
			   ARGS(B(((struct store_blob){ pem, strlen(pem) })),
				I(id)),
			   NULL, err));
}

static int rows_of(struct store *s, const char *domain, struct arena *a,
		   struct fleet_rows *ret, struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	const char *from = arena_printf(a, "%s+", domain);
	const char *to = arena_printf(a, "%s,", domain); /* '+' and 1 */
	int rc;

	ret->n = 0;
	ret->more = false;
	if (store_query(s,
			"SELECT name, key_sha256 FROM certs WHERE name = ? OR "
			"(name > ? AND name < ?) ORDER BY name LIMIT ?",
			"Ww",
			ARGS(T(domain), T(from), T(to), I(FLEET_ROWS_MAX + 1)),
			&st, err) == -1)
		return -1;
	while ((rc = db_step(st, err)) == 1) {
		ret->more = ret->n == FLEET_ROWS_MAX;
		if (ret->more)
			continue;
		ret->v[ret->n].name = text(st, 0, a);
		ret->v[ret->n++].key_sha256 = store_col_text(st, 1, a);
	}
	return rc;
}

int fleet_pending_rows(struct store *s, const char *domain, struct arena *a,
		       struct fleet_rows *ret, struct err *err)
{
	return STORE_TRY(s, STORE_TX_NO, err, rows_of(s, domain, a, ret, err));
}

static int there(struct store *s, const char *sql, const struct store_arg *args,
		 size_t n, bool *ret, struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	int rc;

	if (store_query(s, sql, "n", args, n, &st, err) == -1)
		return -1;
	rc = db_step(st, err);
	if (rc != -1)
		*ret = rc == 1;
	return rc == -1 ? -1 : 0;
}

static int others(struct store *s, const char *name, const char *host,
		  struct arena *a, struct fleet_users *ret, struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	int rc;

	if (store_query(s,
			"SELECT host FROM host_names WHERE name = ? AND "
			"host <> ? AND host <> '*' UNION "
			"SELECT host FROM installs WHERE name = ? AND "
			"host <> ? ORDER BY 1 LIMIT ?",
			"W",
			ARGS(T(name), T(host), T(name), T(host),
			     I(FLEET_USERS_MAX + 1)),
			&st, err) == -1)
		return -1;
	while ((rc = db_step(st, err)) == 1) {
		ret->more = ret->n == FLEET_USERS_MAX;
		if (!ret->more)
			ret->others[ret->n++] = text(st, 0, a);
	}
	return rc;
}

static int users(struct store *s, const char *name, const char *host,
		 const char *account, struct arena *a, struct fleet_users *ret,
		 struct err *err)
{
	*ret = (struct fleet_users){ .n = 0 };
	if (there(s,
		  "SELECT 1 FROM host_names WHERE account = ? AND name = ? AND "
		  "host = ?",
		  ARGS(T(account), T(name), T(host)), &ret->granted,
		  err) == -1 ||
	    there(s,
		  "SELECT 1 FROM installs WHERE host = ? AND name = ? LIMIT 1",
		  ARGS(T(host), T(name)), &ret->reported, err) == -1)
		return -1;
	return others(s, name, host, a, ret, err);
}

int fleet_pending_users(struct store *s, const char *name, const char *host,
			const char *account, struct arena *a,
			struct fleet_users *ret, struct err *err)
{
	return STORE_TRY(s, STORE_TX_NO, err,
			 users(s, name, host, account, a, ret, err));
}

static int taken(struct store *s, const struct fleet_request *r,
		 struct arena *a, struct fleet_taken *ret, struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	AUTO(namemap_free) struct namemap *met = namemap_new();
	struct fleet_taken all = { .n = 0 };
	const char *name;
	int rc;

	if (store_query(s,
			"SELECT DISTINCT as_name FROM host_requests WHERE "
			"state = '" FLEET_REVOKED "' AND account = ? AND host "
			"= ? AND as_name IS NOT NULL LIMIT ?",
			"W",
			ARGS(T(r->account), T(r->host), I(FLEET_TAKEN_MAX + 1)),
			&st, err) == -1)
		return -1;
	for (size_t n = 0; (rc = db_step(st, err)) == 1; n++) {
		name = store_name_domain(a, text(st, 0, a));
		all.more = n == FLEET_TAKEN_MAX;
		if (all.more || namemap_get(met, name) != -1)
			continue;
		namemap_put(met, name, 0);
		all.v = STORE_GROW(a, all.v, all.n);
		all.v[all.n++] = name;
	}
	if (rc == 0)
		*ret = all;
	return rc;
}

int fleet_pending_taken(struct store *s, const struct fleet_request *r,
			struct arena *a, struct fleet_taken *ret,
			struct err *err)
{
	return STORE_TRY(s, STORE_TX_NO, err, taken(s, r, a, ret, err));
}

static int approved_as(struct store *s, const struct fleet_request *r,
		       struct arena *a, const char **ret, struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	int rc;

	if (store_query(s,
			"SELECT as_name FROM host_requests WHERE "
			"account = ? "
			"AND host = ? AND name = ? AND state IN "
			"('" FLEET_APPROVED "', '" FLEET_PENDING
			"') AND as_name IS NOT NULL "
			"ORDER BY ts_decided DESC, id DESC LIMIT 1",
			"W", ARGS(T(r->account), T(r->host), T(r->name)), &st,
			err) == -1)
		return -1;
	rc = db_step(st, err);
	if (rc == 1)
		*ret = text(st, 0, a);
	return rc;
}

int fleet_pending_as(struct store *s, const struct fleet_request *r,
		     struct arena *a, const char **ret, struct err *err)
{
	return STORE_TRY(s, STORE_TX_NO, err, approved_as(s, r, a, ret, err));
}

static int last(struct store *s, const char *row, int64_t *ret, struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	int rc;

	if (store_query(s,
			"SELECT MAX(ts_decided) FROM host_requests WHERE "
			"as_name = ?",
			"n", ARGS(T(row)), &st, err) == -1)
		return -1;
	rc = db_step(st, err);
	if (rc == 1)
		*ret = db_col_int(st, 0);
	return rc == -1 ? -1 : 0;
}

int fleet_pending_last(struct store *s, const char *row, int64_t *ret,
		       struct err *err)
{
	return STORE_TRY(s, STORE_TX_NO, err, last(s, row, ret, err));
}

static int csrs_of(struct store *s, const char *domain, struct arena *a,
		   struct fleet_csrs *ret, struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	const char *from = arena_printf(a, "%s+", domain);
	const char *to = arena_printf(a, "%s,", domain); /* '+' and 1 */
	int rc;

	ret->n = 0;
	if (store_query(s,
			"SELECT name, csr FROM certs WHERE name = ? OR "
			"(name > ? AND name < ?) ORDER BY name LIMIT ?",
			"WL",
			ARGS(T(domain), T(from), T(to), I(FLEET_ROWS_MAX)), &st,
			err) == -1)
		return -1;
	db_limit(st, FLEET_ROWS_MAX, DB_ANSWER_MAX);
	while ((rc = db_step(st, err)) == 1) {
		const char *csr = text(st, 1, a);

		ret->v[ret->n].name = text(st, 0, a);
		ret->v[ret->n++].csr = (struct store_blob){ csr, strlen(csr) };
	}
	return rc;
}

int fleet_pending_csrs(struct store *s, const char *domain, struct arena *a,
		       struct fleet_csrs *ret, struct err *err)
{
	return STORE_TRY(s, STORE_TX_NO, err, csrs_of(s, domain, a, ret, err));
}

static int find(struct store *s, const char *host, const char *name,
		size_t limit, struct arena *a, struct fleet_requests *ret,
		struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;

	if (store_query(s,
			"SELECT " COLUMNS " FROM host_requests WHERE state = "
			"'" FLEET_PENDING "' AND host = ? AND name = ? "
			"ORDER BY id LIMIT ?",
			TYPES, ARGS(T(host), T(name), I((int64_t) limit)), &st,
			err) == -1)
		return -1;
	return read_requests(st, limit, a, ret, err);
}

int fleet_pending_find(struct store *s, const char *host, const char *name,
		       size_t limit, struct arena *a,
		       struct fleet_requests *ret, struct err *err)
{
	return STORE_TRY(s, STORE_TX_NO, err,
			 find(s, host, name, limit, a, ret, err));
}

static int waiting(struct store *s, struct arena *a, struct fleet_waiting *ret,
		   struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	struct fleet_waiting w = { .n = 0 };
	int64_t n;
	int rc;

	if (store_query(s,
			"SELECT COUNT(*), MIN(id) FROM host_requests WHERE "
			"state = '" FLEET_PENDING "'",
			"Nn", NO_ARGS, &st, err) == -1 ||
	    db_step(st, err) == -1)
		return -1;
	n = db_col_int(st, 0);
	w.n = n > 0 ? (size_t) n : 0;
	w.id = db_col_int(st, 1);
	w.host = w.name = "";
	store_done(&st);
	if (w.n > 0 &&
	    store_query(s,
			"SELECT host, name, ts FROM host_requests WHERE id = ?",
			"WWn", ARGS(I(w.id)), &st, err) == -1)
		return -1;
	rc = w.n > 0 ? db_step(st, err) : 0;
	if (rc == 1) {
		w.host = text(st, 0, a);
		w.name = text(st, 1, a);
		w.ts = db_col_int(st, 2);
	}
	if (rc != -1)
		*ret = w;
	return rc == -1 ? -1 : 0;
}

int fleet_pending_waiting(struct store *s, struct arena *a,
			  struct fleet_waiting *ret, struct err *err)
{
	return STORE_TRY(s, STORE_TX_NO, err, waiting(s, a, ret, err));
}

/* --- what a CA counts --- */

struct names {
	char v[PAGE_ROWS][STORE_NAME_MAX + 1];
	size_t n;
};

/* Names behind AFTER; each question has its own two instants. */
static int page(struct store *s, bool issued, int64_t now, const char *after,
		struct names *ret, struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	int rc;

	ret->n = 0;
	rc = issued ? store_query(
			      s,
			      "SELECT DISTINCT a.name FROM attempts a WHERE "
			      "a.ts_end > ? AND a.outcome = 'ok' AND a.name > "
			      "? "
			      "AND NOT EXISTS (SELECT 1 FROM attempts b WHERE "
			      "b.name = a.name AND b.outcome = 'ok' AND "
			      "b.ts_end <= ?) ORDER BY a.name LIMIT ?",
			      "W",
			      ARGS(I(now - FLEET_WEEK), T(after),
				   I(now - FLEET_WEEK), I(PAGE_ROWS)),
			      &st, err)
		    : store_query(
			      s,
			      "SELECT name FROM certs WHERE enable = 'Y' AND "
			      "ts_due <= ? AND (ts_expire <= 1 OR renew = 1) "
			      "AND name > ? ORDER BY name LIMIT ?",
			      "W",
			      ARGS(I(now + FLEET_WEEK), T(after), I(PAGE_ROWS)),
			      &st, err);
	if (rc == -1)
		return -1;
	db_limit(st, PAGE_ROWS, DB_ANSWER_MAX);
	while ((rc = db_step(st, err)) == 1)
		(void) snprintf(ret->v[ret->n++], sizeof(ret->v[0]), "%s",
				db_col_text(st, 0));
	return rc;
}

static int each_name(struct store *s, bool issued, int64_t now,
		     struct names *names, fleet_name_fn *fn, void *arg,
		     struct err *err)
{
	char after[STORE_NAME_MAX + 1] = "";
	int pages = 0;

	do {
		if (STORE_TRY(s, STORE_TX_NO, err,
			      page(s, issued, now, after, names, err)) == -1)
			return -1;
		for (size_t i = 0; i < names->n; i++)
			if (fn(names->v[i], arg, err) == -1)
				return -1;
		if (names->n < PAGE_ROWS)
			return 0;
		/* Names that are bytes, in SQLite, come again. */
		if (strcmp(names->v[PAGE_ROWS - 1], after) <= 0)
			return 0;
		memcpy(after, names->v[PAGE_ROWS - 1], sizeof(after));
	} while (++pages < PAGES_MAX);
	return 0;
}

int fleet_pending_orders(struct store *s, int64_t now, fleet_name_fn *fn,
			 void *arg, struct err *err)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct names *names = arena_alloc(a, sizeof(*names));

	return each_name(s, true, now, names, fn, arg, err) == -1 ||
			       each_name(s, false, now, names, fn, arg, err) ==
				       -1
		       ? -1
		       : 0;
}

/* Those that wait again, or were revoked, were approved before. */
static int query_had(struct store *s, const struct fleet_request *r,
		     int64_t since, struct arena *a, struct fleet_requests *ret,
		     struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;

	if (store_query(
		    s,
		    "SELECT " COLUMNS " FROM host_requests WHERE account = "
		    "? AND host = ? AND ts_decided > ? AND as_name IS NOT "
		    "NULL AND state <> '" FLEET_REJECTED "' AND EXISTS "
		    "(SELECT 1 FROM certs c WHERE c.name = as_name AND "
		    "(COALESCE(c.ts_expire, 0) <= 1 OR c.renew = 1 OR "
		    "EXISTS (SELECT 1 FROM attempts t WHERE t.name = "
		    "c.name AND t.outcome = 'ok' AND t.ts_end >= "
		    "ts_decided))) ORDER BY ts_decided DESC, id DESC LIMIT "
		    "?",
		    TYPES,
		    ARGS(T(r->account), T(r->host), I(since), I(FLEET_HAD_MAX)),
		    &st, err) == -1)
		return -1;
	return read_requests(st, FLEET_HAD_MAX, a, ret, err);
}

int fleet_pending_had(struct store *s, const struct fleet_request *r,
		      int64_t since, fleet_had_fn *fn, void *arg,
		      struct err *err)
{
	AUTO(arena_free) struct arena *a = arena_new();
	AUTO(namemap_free) struct namemap *met = namemap_new();
	struct fleet_requests l = { .n = 0 };

	if (STORE_TRY(s, STORE_TX_NO, err,
		      query_had(s, r, since, a, &l, err)) == -1)
		return -1;
	for (size_t i = 0; i < l.n; i++) {
		if (namemap_get(met, l.v[i].as_name) != -1)
			continue;
		namemap_put(met, l.v[i].as_name, 0);
		if (fn(l.v[i].as_name, l.v[i].csr, arg, err) == -1)
			return -1;
	}
	return 0;
}
