/* SPDX-License-Identifier: MIT */
#include "store_trouble.h"
#include "store_impl.h"

#define COLUMNS                                                      \
	"SELECT name, ca_name, fail_class, fail_detail, ts_expire, " \
	"ts_not_before, ts_next_attempt, count_fail_update FROM certs "
#define TYPES "Wwwwnnnn"
#define ORDER "ORDER BY COALESCE(ts_expire, 0), name LIMIT ?"

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
			.has_crt = db_col_int(st, 4) > 1,
		};
	}
	if (rc == -1)
		return -1;
	*ret = t;
	return 0;
}

static int failing(struct store *s, size_t limit, struct arena *arena,
		   struct store_troubles *ret, struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;

	if (store_query(s,
			COLUMNS "WHERE enable = 'Y' AND ts_next_attempt > 0 "
				"AND ts_next_attempt < ? AND held = 0 " ORDER,
			TYPES, ARGS(I(STORE_NEVER), I((int64_t) limit)), &st,
			err) == -1)
		return -1;
	return read_troubles(st, limit, arena, ret, err);
}

int store_failing(struct store *s, size_t limit, struct arena *arena,
		  struct store_troubles *ret, struct err *err)
{
	return STORE_TRY(s, STORE_TX_NO, err,
			 failing(s, limit, arena, ret, err));
}

static int held_why(struct store *s, size_t limit, struct arena *arena,
		    struct store_troubles *ret, struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;

	if (store_query(s, COLUMNS "WHERE enable = 'Y' AND ts_due = ? " ORDER,
			TYPES, ARGS(I(STORE_NEVER), I((int64_t) limit)), &st,
			err) == -1)
		return -1;
	return read_troubles(st, limit, arena, ret, err);
}

int store_held_why(struct store *s, size_t limit, struct arena *arena,
		   struct store_troubles *ret, struct err *err)
{
	return STORE_TRY(s, STORE_TX_NO, err,
			 held_why(s, limit, arena, ret, err));
}
