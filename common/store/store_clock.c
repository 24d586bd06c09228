/* SPDX-License-Identifier: MIT */
#include "store_clock.h"
#include "store_impl.h"

const struct store_clock_sql store_clock_sql = {
	.latest = "SELECT " STORE_DUE_COLUMNS " FROM certs "
		  "WHERE enable = 'Y' AND ts_due > ? AND ts_due < ? "
		  "ORDER BY ts_due DESC LIMIT ?",
	/* There is no index on their instants; but numbers grow with time. */
	.ahead = "SELECT id, name, CASE WHEN ts_start > ? OR ts_end > ? "
		 "THEN 1 ELSE 0 END FROM attempts WHERE id < ? "
		 "ORDER BY id DESC LIMIT ?",
};

static int latest(struct store *s, int64_t now, size_t limit,
		  struct arena *arena, struct store_dues *ret, struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;

	if (store_query(s, store_clock_sql.latest, STORE_DUE_TYPES,
			ARGS(I(now), I(STORE_NEVER), I((int64_t) limit)), &st,
			err) == -1)
		return -1;
	return store_read_dues(st, limit, arena, ret, err);
}

int store_latest(struct store *s, int64_t now, size_t limit,
		 struct arena *arena, struct store_dues *ret, struct err *err)
{
	return STORE_TRY(s, STORE_TX_NO, err,
			 latest(s, now, limit, arena, ret, err));
}

static int ahead(struct store *s, int64_t below, int64_t beyond, size_t limit,
		 struct arena *arena, struct store_aheads *ret,
		 int64_t *ret_lowest, struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	struct store_aheads all = { 0 };
	int64_t lowest = 0;
	int rc;

	if (store_query(
		    s, store_clock_sql.ahead, "IWI",
		    ARGS(I(beyond), I(beyond), I(below), I((int64_t) limit)),
		    &st, err) == -1)
		return -1;
	db_limit(st, limit, DB_ANSWER_MAX);
	while ((rc = db_step(st, err)) == 1) {
		lowest = db_col_int(st, 0);
		if (!db_col_int(st, 2))
			continue;
		all.v = STORE_GROW(arena, all.v, all.n);
		all.v[all.n++] = (struct store_ahead){
			.id = lowest, .name = store_col_text(st, 1, arena)
		};
	}
	if (rc == -1)
		return -1;
	*ret = all;
	*ret_lowest = lowest;
	return 0;
}

int store_ahead(struct store *s, int64_t below, int64_t beyond, size_t limit,
		struct arena *arena, struct store_aheads *ret,
		int64_t *ret_lowest, struct err *err)
{
	return STORE_TRY(
		s, STORE_TX_NO, err,
		ahead(s, below, beyond, limit, arena, ret, ret_lowest, err));
}

/* The fetcher may insert and delete them, not change one. */
static int ahead_mend(struct store *s, int64_t id, int64_t now, struct err *err)
{
	if (store_exec(s,
		       "INSERT INTO attempts (name, ca_name, account, "
		       "order_url, outcome, detail, ts_start, ts_end) "
		       "SELECT name, ca_name, account, order_url, outcome, "
		       "detail, CASE WHEN ts_start > ? THEN ? ELSE ts_start "
		       "END, ? FROM attempts WHERE id = ?",
		       ARGS(I(now), I(now), I(now), I(id)), NULL, err) == -1)
		return -1;
	return store_exec(s, "DELETE FROM attempts WHERE id = ?", ARGS(I(id)),
			  NULL, err);
}

int store_ahead_mend(struct store *s, int64_t id, int64_t now, struct err *err)
{
	return STORE_TRY(s, STORE_TX_YES, err, ahead_mend(s, id, now, err));
}

int store_ahead_row(struct store *s, const struct store_due *read,
		    int64_t due_at, int64_t beyond, int64_t now,
		    struct err *err)
{
	if (read->ts_last_update <= beyond)
		return 0;
	/* ts_next_attempt after ts_due: MariaDB sees its own assignments. */
	return store_exec_try(
		s,
		"UPDATE certs SET ts_last_update = ?, "
		"ts_due = CASE WHEN ts_next_attempt = 0 OR held <> 0 "
		"THEN ts_due ELSE ? END, ts_next_attempt = CASE WHEN "
		"held <> 0 THEN ts_next_attempt ELSE 0 END WHERE name = ? AND "
		"ts_last_update = ? AND ts_due = ? AND ts_next_attempt = ?",
		ARGS(I(now), I(due_at), T(read->name), I(read->ts_last_update),
		     I(read->ts_due), I(read->ts_next_attempt)),
		NULL, err);
}

int store_ahead_order(struct store *s, const char *name, int64_t beyond,
		      int64_t now, struct err *err)
{
	return store_exec_try(
		s,
		"UPDATE orders SET ts_created = CASE WHEN ts_created > ? "
		"THEN ? ELSE ts_created END, ts_state = CASE WHEN "
		"ts_state > ? THEN ? ELSE ts_state END WHERE name = ? AND "
		"(ts_created > ? OR ts_state > ?)",
		ARGS(I(beyond), I(now), I(beyond), I(now), T(name), I(beyond),
		     I(beyond)),
		NULL, err);
}

static int far_cas(struct store *s, int64_t beyond, size_t *ret,
		   struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;

	if (store_query(s, "SELECT COUNT(*) FROM cas WHERE backoff_until > ?",
			"N", ARGS(I(beyond)), &st, err) == -1 ||
	    db_step(st, err) == -1)
		return -1;
	*ret = (size_t) db_col_int(st, 0);
	return 0;
}

int store_far_cas(struct store *s, int64_t beyond, size_t *ret, struct err *err)
{
	return STORE_TRY(s, STORE_TX_NO, err, far_cas(s, beyond, ret, err));
}

int store_far_cas_mend(struct store *s, int64_t beyond, struct err *err)
{
	return store_exec_try(s,
			      "UPDATE cas SET backoff_until = 0, "
			      "count_fail = 0, fail_class = NULL, "
			      "fail_detail = NULL WHERE backoff_until > ?",
			      ARGS(I(beyond)), NULL, err);
}
