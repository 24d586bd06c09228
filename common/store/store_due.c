/* SPDX-License-Identifier: MIT */
/* What wants the fetcher, what waits, and for what. */
#include "store_impl.h"

/* No blob among them: rows stay cheap, whatever their chains weigh. */
#define DUE_COLUMNS                                                           \
	"name, ca_name, challenge, certbot, ts_expire, ts_not_before, "       \
	"ts_due, ts_next_attempt, ts_last_update, count_fail_update, renew, " \
	"ts_expire_seen"
#define DUE_TYPES "Wwwwnnnnnnnn"
enum { DUE_ENABLE = sizeof(DUE_TYPES) - 1 };

static void read_due(const struct db_stmt *st, struct arena *a,
		     struct store_due *d)
{
	*d = (struct store_due){
		.name = store_col_text(st, 0, a),
		.ca_name = store_col_text(st, 1, a),
		.challenge = store_col_text(st, 2, a),
		.certbot = store_col_yes(st, 3),
		.ts_expire = db_col_int(st, 4),
		.ts_not_before = db_col_int(st, 5),
		.ts_due = db_col_int(st, 6),
		.ts_next_attempt = db_col_int(st, 7),
		.ts_last_update = db_col_int(st, 8),
		.count_fail_update = db_col_int(st, 9),
		.renew = db_col_int(st, 10) != 0,
	};
	/* The scripts of 2019 write ts_expire together with crt and never
	 * touch our copy of it; 1 (or nothing) means "no certificate". */
	d->has_crt = d->ts_expire > 1;
	d->stale = d->ts_expire != db_col_int(st, 11);
}

static int due(struct store *s, int64_t now, size_t limit, struct arena *arena,
	       struct store_dues *ret, struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	struct store_dues d = { 0 };
	int rc;

	if (store_query(s,
			"SELECT " DUE_COLUMNS " FROM certs "
			"WHERE enable = 'Y' AND ts_due <= ? AND "
			"(lease_owner IS NULL OR lease_until < ?) "
			"ORDER BY COALESCE(ts_expire, 0), name LIMIT ?",
			DUE_TYPES, ARGS(I(now), I(now), I((int64_t) limit)),
			&st, err) == -1)
		return -1;
	db_limit(st, limit, DB_ANSWER_MAX);
	while ((rc = db_step(st, err)) == 1) {
		d.v = STORE_GROW(arena, d.v, d.n);
		read_due(st, arena, &d.v[d.n++]);
	}
	if (rc == -1)
		return -1;
	*ret = d;
	return 0;
}

int store_due(struct store *s, int64_t now, size_t limit, struct arena *arena,
	      struct store_dues *ret, struct err *err)
{
	return STORE_TRY(s, STORE_TX_NO, err,
			 due(s, now, limit, arena, ret, err));
}

static int due_one(struct store *s, const char *name, struct arena *arena,
		   struct store_due *ret, bool *ret_enabled, struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	int rc;

	if (store_query(s,
			"SELECT " DUE_COLUMNS ", enable FROM certs "
			"WHERE name = ?",
			DUE_TYPES "w", ARGS(T(name)), &st, err) == -1)
		return -1;
	rc = db_step(st, err);
	if (rc != 1)
		return rc;
	read_due(st, arena, ret);
	*ret_enabled = store_col_yes(st, DUE_ENABLE);
	return 1;
}

int store_due_one(struct store *s, const char *name, struct arena *arena,
		  struct store_due *ret, bool *ret_enabled, struct err *err)
{
	return STORE_TRY(s, STORE_TX_NO, err,
			 due_one(s, name, arena, ret, ret_enabled, err));
}

static int held(struct store *s, size_t limit, struct arena *arena,
		struct store_helds *ret, struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	struct store_helds h = { 0 };
	int rc;

	if (store_query(s,
			"SELECT name, fail_class FROM certs "
			"WHERE enable = 'Y' AND ts_due = ? ORDER BY name "
			"LIMIT ?",
			"Ww", ARGS(I(STORE_NEVER), I((int64_t) limit)), &st,
			err) == -1)
		return -1;
	db_limit(st, limit, DB_ANSWER_MAX);
	while ((rc = db_step(st, err)) == 1) {
		h.v = STORE_GROW(arena, h.v, h.n);
		h.v[h.n++] = (struct store_held){
			.name = store_col_text(st, 0, arena),
			.fail_class = store_col_text(st, 1, arena),
		};
	}
	if (rc == -1)
		return -1;
	*ret = h;
	return 0;
}

static int waiting(struct store *s, int64_t now, struct arena *arena,
		   struct store_waiting *ret, struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	int rc;

	if (store_query(s,
			"SELECT name, ts_due, (SELECT COUNT(*) FROM certs "
			"WHERE enable = 'Y' AND ts_due > ? AND ts_due < ?) "
			"FROM certs WHERE enable = 'Y' AND ts_due > ? AND "
			"ts_due < ? ORDER BY ts_due LIMIT 1",
			"WNI",
			ARGS(I(now), I(STORE_NEVER), I(now), I(STORE_NEVER)),
			&st, err) == -1)
		return -1;
	rc = db_step(st, err);
	if (rc != 1)
		return rc;
	*ret = (struct store_waiting){
		.name = store_col_text(st, 0, arena),
		.ts_due = db_col_int(st, 1),
		.n = (size_t) db_col_int(st, 2),
	};
	return 1;
}

int store_waiting(struct store *s, int64_t now, struct arena *arena,
		  struct store_waiting *ret, struct err *err)
{
	return STORE_TRY(s, STORE_TX_NO, err, waiting(s, now, arena, ret, err));
}

int store_held(struct store *s, size_t limit, struct arena *arena,
	       struct store_helds *ret, struct err *err)
{
	return STORE_TRY(s, STORE_TX_NO, err, held(s, limit, arena, ret, err));
}
