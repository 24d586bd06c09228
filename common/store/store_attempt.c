/* SPDX-License-Identifier: MIT */
/* What was tried, and what came of it: each for a time, their number for
 * ever. */
#include "store_impl.h"

#define DAY 86400

/* --- how many --- */

struct total {
	int64_t day;
	const char *ca_name, *outcome, *instance;
	int64_t n;
};

static int total_update(struct store *s, const struct total *t, struct err *err)
{
	return store_exec(s,
			  "UPDATE attempt_totals SET n = n + ? WHERE day = ? "
			  "AND ca_name = ? AND outcome = ? AND instance = ?",
			  ARGS(I(t->n), I(t->day), T(t->ca_name), T(t->outcome),
			       T(t->instance)),
			  NULL, err);
}

/* A look that locks nothing: an UPDATE that meets no row would lock the gap
 * where it might be, and with it all other fetchers' first ones. */
static int total_there(struct store *s, const struct total *t, struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;

	if (store_query(s,
			"SELECT n FROM attempt_totals WHERE day = ? AND "
			"ca_name = ? AND outcome = ? AND instance = ?",
			"N",
			ARGS(I(t->day), T(t->ca_name), T(t->outcome),
			     T(t->instance)),
			&st, err) == -1)
		return -1;
	return db_step(st, err);
}

/* Two whose instances have one name may both be the first. */
static int total_add(struct store *s, const struct total *t, struct err *err)
{
	int rc = total_there(s, t, err);

	if (rc == -1)
		return -1;
	if (rc == 1)
		return total_update(s, t, err);
	if (store_exec(s,
		       "INSERT INTO attempt_totals (day, ca_name, outcome, "
		       "instance, n) VALUES (?, ?, ?, ?, ?)",
		       ARGS(I(t->day), T(t->ca_name), T(t->outcome),
			    T(t->instance), I(t->n)),
		       NULL, err) == 0)
		return 0;
	if (db_fault(s->db) != DB_FAULT_DUPLICATE)
		return -1;
	err_clear(err);
	return total_update(s, t, err);
}

static int read_old_totals(struct store *s, int64_t day, size_t limit,
			   struct arena *a, struct total **ret, size_t *ret_n,
			   struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	struct total *v = NULL;
	size_t n = 0;
	int rc;

	if (store_query(s,
			"SELECT day, ca_name, outcome, instance, n "
			"FROM attempt_totals WHERE day > 0 AND day < ? "
			"ORDER BY day LIMIT ?",
			"NWWWN", ARGS(I(day), I((int64_t) limit)), &st,
			err) == -1)
		return -1;
	db_limit(st, limit, DB_ANSWER_MAX);
	while ((rc = db_step(st, err)) == 1) {
		v = STORE_GROW(a, v, n);
		v[n++] = (struct total){ .day = db_col_int(st, 0),
					 .ca_name = store_col_text(st, 1, a),
					 .outcome = store_col_text(st, 2, a),
					 .instance = store_col_text(st, 3, a),
					 .n = db_col_int(st, 4) };
	}
	*ret = v;
	*ret_n = n;
	return rc;
}

/* As it was read: another fetcher may be at it, too. */
static int fold_one(struct store *s, const struct total *t, struct err *err)
{
	struct total past = { 0, t->ca_name, t->outcome, "", t->n };
	int64_t rows = 0;

	if (store_exec(s,
		       "DELETE FROM attempt_totals WHERE day = ? AND "
		       "ca_name = ? AND outcome = ? AND instance = ? AND n = ?",
		       ARGS(I(t->day), T(t->ca_name), T(t->outcome),
			    T(t->instance), I(t->n)),
		       &rows, err) == -1)
		return -1;
	return rows > 0 ? total_add(s, &past, err) : 0;
}

static int fold(struct store *s, int64_t day, size_t limit, size_t *ret_n,
		struct err *err)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct total *v = NULL;
	size_t n = 0;

	if (read_old_totals(s, day, limit, a, &v, &n, err) == -1)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (fold_one(s, &v[i], err) == -1)
			return -1;
	*ret_n = n;
	return 0;
}

int store_totals_fold(struct store *s, int64_t before, size_t limit,
		      size_t *ret_n, struct err *err)
{
	return STORE_TRY(s, STORE_TX_YES, err,
			 fold(s, before / DAY, limit, ret_n, err));
}

/* --- each --- */

static int insert(struct store *s, const struct store_attempt *a,
		  struct err *err)
{
	char ca[STORE_CA_NAME_MAX + 1], account[STORE_URL_MAX + 1];
	char url[STORE_URL_MAX + 1], outcome[STORE_WORD_MAX + 1];
	char detail[STORE_DETAIL_MAX + 1];

	return store_exec(
		s,
		"INSERT INTO attempts (name, ca_name, account, order_url, "
		"outcome, detail, ts_start, ts_end) "
		"VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		ARGS(T(a->name),
		     T(store_fit(a->ca_name ? a->ca_name : "", ca, sizeof(ca))),
		     T(store_fit(a->account, account, sizeof(account))),
		     T(store_fit(a->order_url, url, sizeof(url))),
		     T(store_fit(a->outcome, outcome, sizeof(outcome))),
		     T(store_fit(a->detail, detail, sizeof(detail))),
		     I(a->ts_start), I(a->ts_end)),
		NULL, err);
}

/* A table of what is merely known: who may not write there goes on. */
static int count(struct store *s, const struct store_attempt *a,
		 struct err *err)
{
	char ca[STORE_CA_NAME_MAX + 1], outcome[STORE_WORD_MAX + 1];
	char instance[STORE_OWNER_MAX + 1];
	int64_t day = a->ts_end / DAY;
	struct total t = {
		.day = day < 1		 ? 1
		       : day > INT32_MAX ? INT32_MAX
					 : day,
		.ca_name =
			store_fit(a->ca_name ? a->ca_name : "", ca, sizeof(ca)),
		.outcome = store_fit(a->outcome, outcome, sizeof(outcome)),
		.instance = store_fit(a->instance ? a->instance : "", instance,
				      sizeof(instance)),
		.n = 1,
	};

	return store_aside(s, total_add(s, &t, err), err);
}

int store_attempt_put(struct store *s, const struct store_attempt *a,
		      struct err *err)
{
	return insert(s, a, err) == -1 ? -1 : count(s, a, err);
}

int store_attempt_there(struct store *s, const struct store_attempt *a,
			struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	char outcome[STORE_WORD_MAX + 1];

	if (store_query(
		    s,
		    "SELECT id FROM attempts WHERE name = ? AND "
		    "ts_start = ? AND ts_end = ? AND outcome = ? LIMIT 1",
		    "I",
		    ARGS(T(a->name), I(a->ts_start), I(a->ts_end),
			 T(store_fit(a->outcome, outcome, sizeof(outcome)))),
		    &st, err) == -1)
		return -1;
	return db_step(st, err);
}

static int attempt_add(struct store *s, const struct store_attempt *a,
		       struct err *err)
{
	/* It ran before, unanswered. */
	int rc = s->losses > 0 ? store_attempt_there(s, a, err) : 0;

	return rc == 0 ? store_attempt_put(s, a, err) : rc == 1 ? 0 : -1;
}

int store_attempt_add(struct store *s, const struct store_attempt *a,
		      struct err *err)
{
	return STORE_TRY(s, STORE_TX_YES, err, attempt_add(s, a, err));
}

static int attempts_of(struct store *s, const char *name, size_t limit,
		       struct arena *a, struct store_attempts *ret,
		       struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	struct store_attempts all = { 0 };
	int rc;

	if (store_query(s,
			"SELECT name, ca_name, account, order_url, outcome, "
			"detail, ts_start, ts_end FROM attempts WHERE name = ? "
			"ORDER BY ts_start DESC, id DESC LIMIT ?",
			"WWwwWwNN", ARGS(T(name), I((int64_t) limit)), &st,
			err) == -1)
		return -1;
	db_limit(st, limit, DB_ANSWER_MAX);
	while ((rc = db_step(st, err)) == 1) {
		all.v = STORE_GROW(a, all.v, all.n);
		all.v[all.n++] = (struct store_attempt){
			.name = store_col_text(st, 0, a),
			.ca_name = store_col_text(st, 1, a),
			.account = store_col_text(st, 2, a),
			.order_url = store_col_text(st, 3, a),
			.outcome = store_col_text(st, 4, a),
			.detail = store_col_text(st, 5, a),
			.ts_start = db_col_int(st, 6),
			.ts_end = db_col_int(st, 7),
		};
	}
	if (rc == -1)
		return -1;
	*ret = all;
	return 0;
}

int store_attempts_of(struct store *s, const char *name, size_t limit,
		      struct arena *arena, struct store_attempts *ret,
		      struct err *err)
{
	return STORE_TRY(s, STORE_TX_NO, err,
			 attempts_of(s, name, limit, arena, ret, err));
}

static int last_old(struct store *s, int64_t before, size_t limit, int64_t *ret,
		    struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	int rc;

	if (store_query(s,
			"SELECT COALESCE(MAX(id), 0) FROM (SELECT id, ts_end "
			"FROM attempts ORDER BY id LIMIT ?) oldest "
			"WHERE ts_end < ?",
			"I", ARGS(I((int64_t) limit), I(before)), &st,
			err) == -1 ||
	    (rc = db_step(st, err)) == -1)
		return -1;
	*ret = rc == 1 ? db_col_int(st, 0) : 0;
	return 0;
}

int store_attempts_prune(struct store *s, int64_t before, size_t limit,
			 size_t *ret_n, struct err *err)
{
	int64_t id = 0, rows = 0;

	if (STORE_TRY(s, STORE_TX_NO, err,
		      last_old(s, before, limit, &id, err)) == -1)
		return -1;
	/* By the primary key, which grows with time. */
	if (id > 0 &&
	    store_exec_try(s,
			   "DELETE FROM attempts WHERE id <= ? AND ts_end < ?",
			   ARGS(I(id), I(before)), &rows, err) == -1)
		return -1;
	*ret_n = (size_t) rows;
	return 0;
}
