/* SPDX-License-Identifier: MIT */
#include "store_trouble.h"
#include "store_impl.h"

#define ROWS                                                          \
	"SELECT name, ca_name, fail_class, fail_detail, ts_expire, "  \
	"ts_not_before, ts_next_attempt, count_fail_update, ts_due, " \
	"ts_last_update, lease_owner, lease_until, owner FROM certs "
#define TYPES "Wwwwnnnnnnwnw"
#define COUNT "SELECT COUNT(*) FROM certs "
/* MariaDB's ts_expire has no sign: nothing may be less than 0. */
#define ORDER                                                      \
	" ORDER BY CASE WHEN ts_expire > 1 THEN 0 ELSE 1 END, "    \
	"CASE WHEN ts_expire <= 1 THEN 0 WHEN ts_expire > ? THEN " \
	"ts_expire - ? ELSE ? - ts_expire END, name LIMIT ?"
#define FAILING                                       \
	"WHERE enable = 'Y' AND ts_next_attempt > 0 " \
	"AND ts_next_attempt < ? AND held = 0"
#define PARKED	FAILING " AND fail_class = '" STORE_PARKED "'"
#define OVERDUE "WHERE enable = 'Y' AND ts_due <= ?"
#define HELD	"WHERE enable = 'Y' AND ts_due = ?"

const struct store_trouble_sql store_trouble_sql[] = {
	[TROUBLE_FAILING] = { ROWS FAILING ORDER, COUNT FAILING },
	[TROUBLE_PARKED] = { ROWS PARKED ORDER, COUNT PARKED },
	[TROUBLE_HELD] = { ROWS HELD ORDER, COUNT HELD },
	[TROUBLE_OVERDUE] = { ROWS OVERDUE ORDER, COUNT OVERDUE },
};

static int read_troubles(struct db_stmt *st, size_t limit, struct arena *arena,
			 struct store_troubles *ret, struct err *err)
{
	struct store_troubles t = { 0 };
	int rc;

	db_limit(st, limit, DB_ANSWER_MAX);
	while ((rc = db_step(st, err)) == 1) {
		t.v = STORE_GROW(arena, t.v, t.n);
		t.v[t.n++] = (struct store_trouble){
			.name = store_col_text(st, 0, arena),
			.ca_name = store_col_text(st, 1, arena),
			.fail_class = store_col_text(st, 2, arena),
			.fail_detail = store_col_text(st, 3, arena),
			.ts_expire = db_col_int(st, 4),
			.ts_not_before = db_col_int(st, 5),
			.ts_next_attempt = db_col_int(st, 6),
			.count_fail = db_col_int(st, 7),
			.ts_due = db_col_int(st, 8),
			.ts_last_update = db_col_int(st, 9),
			.lease_owner = store_col_text(st, 10, arena),
			.lease_until = db_col_int(st, 11),
			.owner = store_col_text(st, 12, arena),
			.has_crt = db_col_int(st, 4) > 1,
		};
	}
	if (rc == -1)
		return -1;
	*ret = t;
	return 0;
}

static int64_t bound(enum store_trouble_kind kind, int64_t now)
{
	return kind == TROUBLE_OVERDUE ? now : STORE_NEVER;
}

static int rows_of(struct store *s, enum store_trouble_kind kind, int64_t now,
		   size_t limit, struct arena *arena,
		   struct store_troubles *ret, struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;

	if (store_query(s, store_trouble_sql[kind].rows, TYPES,
			ARGS(I(bound(kind, now)), I(now), I(now), I(now),
			     I((int64_t) limit)),
			&st, err) == -1)
		return -1;
	return read_troubles(st, limit, arena, ret, err);
}

/* 1, -1. */
static int count_of(struct store *s, enum store_trouble_kind kind, int64_t now,
		    size_t *ret, struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	int rc;

	if (store_query(s, store_trouble_sql[kind].count, "I",
			ARGS(I(bound(kind, now))), &st, err) == -1)
		return -1;
	rc = db_step(st, err);
	if (rc == 1)
		*ret = (size_t) db_col_int(st, 0);
	return rc;
}

static int find(struct store *s, enum store_trouble_kind kind, int64_t now,
		size_t limit, struct arena *arena, struct store_troubles *ret,
		struct err *err)
{
	struct store_troubles t = { 0 };

	if (rows_of(s, kind, now, limit, arena, &t, err) == -1)
		return -1;
	if (t.n == limit && count_of(s, kind, now, &t.all, err) == -1)
		return -1;
	/* Others come and go. */
	if (t.all < t.n)
		t.all = t.n;
	*ret = t;
	return 0;
}

int store_failing(struct store *s, int64_t now, size_t limit,
		  struct arena *arena, struct store_troubles *ret,
		  struct err *err)
{
	return STORE_TRY(s, STORE_TX_NO, err,
			 find(s, TROUBLE_FAILING, now, limit, arena, ret, err));
}

int store_parked(struct store *s, int64_t now, size_t limit,
		 struct arena *arena, struct store_troubles *ret,
		 struct err *err)
{
	return STORE_TRY(s, STORE_TX_NO, err,
			 find(s, TROUBLE_PARKED, now, limit, arena, ret, err));
}

int store_held_why(struct store *s, int64_t now, size_t limit,
		   struct arena *arena, struct store_troubles *ret,
		   struct err *err)
{
	return STORE_TRY(s, STORE_TX_NO, err,
			 find(s, TROUBLE_HELD, now, limit, arena, ret, err));
}

int store_overdue(struct store *s, int64_t now, size_t limit,
		  struct arena *arena, struct store_troubles *ret,
		  struct err *err)
{
	return STORE_TRY(s, STORE_TX_NO, err,
			 find(s, TROUBLE_OVERDUE, now, limit, arena, ret, err));
}
