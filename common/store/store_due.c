/* SPDX-License-Identifier: MIT */
/* What wants the fetcher, what waits, and for what. */
#include "store_impl.h"

/* In one place, so that the tests can ask each database how it goes about
 * them: all of these go by an index, whatever the table holds. */
enum { DUE_MORE = sizeof(STORE_DUE_TYPES) - 1 }; /* the column after them */

#define DUE_FREE                                                    \
	"enable = 'Y' AND ts_due <= ? AND (lease_owner IS NULL OR " \
	"lease_until < ?)"

/* The most urgent first; a cell may hold anything, and its place is a number
 * even so. */
#define DUE_PLACED                                               \
	"SELECT " STORE_DUE_COLUMNS                              \
	", CASE WHEN CAST(ts_expire AS INTEGER) > ? THEN 0 "     \
	"WHEN CAST(ts_expire AS INTEGER) > 1 THEN 1 ELSE 2 END " \
	"AS urgency, CASE WHEN CAST(ts_expire AS INTEGER) > ? "  \
	"THEN CAST(ts_expire AS INTEGER) "                       \
	"ELSE CAST(COALESCE(ts_last_update, 0) AS INTEGER) END " \
	"AS place FROM certs WHERE " DUE_FREE
#define DUE_TYPES STORE_DUE_TYPES "II"
/* What comes after a row, whose place these are. */
#define DUE_PAGE(rows)                              \
	"SELECT * FROM (" rows ") placed "          \
	"WHERE (urgency, place, name) > (?, ?, ?) " \
	"ORDER BY urgency, place, name LIMIT ?"

/* Which CA of those bound a row names: a statement is a literal, so it has
 * places for so many, and what is left over repeats the last one. By a number,
 * so that rows which spell it with spaces (MariaDB takes them for the same)
 * are of the same queue. */
enum { CA_UNKNOWN = 0, CA_NONE = 1, CA_FIRST = 100 };
#define WHEN(i) "WHEN ? THEN " #i " "
/* clang-format off */
#define WHEN10(i) \
	WHEN(i##0) WHEN(i##1) WHEN(i##2) WHEN(i##3) WHEN(i##4) \
	WHEN(i##5) WHEN(i##6) WHEN(i##7) WHEN(i##8) WHEN(i##9)
#define WHEN100 \
	WHEN10(10) WHEN10(11) WHEN10(12) WHEN10(13) WHEN10(14) \
	WHEN10(15) WHEN10(16) WHEN10(17) WHEN10(18) WHEN10(19)
/* clang-format on */
#define WHICH(whens) \
	"CASE COALESCE(ca_name, '') WHEN '' THEN 1 " whens "ELSE 0 END"
#define UNKNOWN(whens) DUE_PAGE(DUE_PLACED " AND " WHICH(whens) " = 0")
#define CAS(whens)                                                           \
	"SELECT " WHICH(whens) " AS which, COUNT(*), "                       \
			       "MIN(CASE WHEN ts_expire > ? THEN ts_expire " \
			       "END) FROM certs "                            \
			       "WHERE " DUE_FREE " GROUP BY which"
static const size_t ca_places[] = { 10, STORE_CAS_MAX };

const struct store_due_sql store_due_sql = {
	.due = DUE_PAGE(DUE_PLACED " AND COALESCE(ca_name, '') = ?"),
	.unknown = { UNKNOWN(WHEN10(10)), UNKNOWN(WHEN100) },
	.cas = { CAS(WHEN10(10)), CAS(WHEN100) },
	.waits = "SELECT COUNT(*), "
		 "MIN(CASE WHEN ts_expire > ? THEN ts_expire END) "
		 "FROM certs WHERE " DUE_FREE
		 " AND (ts_due <= ? OR fail_class IN ('ca-down', "
		 "'ca-rate-limited', 'account', 'clock')) "
		 "AND COALESCE(ca_name, '') IN (?, ?)",
	.far = "SELECT " STORE_DUE_COLUMNS " FROM certs "
	       "WHERE enable = 'Y' AND ts_next_attempt > ? AND "
	       "ts_next_attempt < ? ORDER BY ts_next_attempt LIMIT ?",
	.leases = "SELECT lease_owner, COUNT(*), MAX(lease_until), "
		  "MIN(ts_last_update), MIN(name) FROM certs "
		  "WHERE lease_owner > '' AND lease_owner <> ? AND "
		  "lease_until >= ? AND enable = 'Y' AND ts_due <= ? "
		  "GROUP BY lease_owner LIMIT ?",
	.far_leases = "SELECT COUNT(*) FROM certs WHERE lease_owner > '' AND "
		      "lease_until > ?",
};

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
		.fail_class = store_col_text(st, 12, a),
		.ts_ari = db_col_int(st, 13),
	};
	/* The scripts of 2019 write ts_expire together with crt and never
	 * touch our copy of it; 1 (or nothing) means "no certificate". */
	d->has_crt = d->ts_expire > 1;
	d->stale = d->ts_expire != db_col_int(st, 11);
}

int store_read_dues(struct db_stmt *st, size_t limit, struct arena *arena,
		    struct store_dues *ret, struct err *err)
{
	struct store_dues d = { 0 };
	int rc;

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

/* Of a query that has places. */
static int read_placed(struct db_stmt *st, size_t limit, struct arena *arena,
		       struct store_dues *ret, struct err *err)
{
	struct store_dues d = { 0 };
	struct store_due *last;
	int rc;

	db_limit(st, limit, DB_ANSWER_MAX);
	while ((rc = db_step(st, err)) == 1) {
		d.v = STORE_GROW(arena, d.v, d.n);
		last = &d.v[d.n++];
		read_due(st, arena, last);
		last->urgency = db_col_int(st, DUE_MORE);
		last->place = db_col_int(st, DUE_MORE + 1);
	}
	if (rc == -1)
		return -1;
	*ret = d;
	return 0;
}

/* The places of a statement that ends in what comes AFTER a row, from N on. */
static size_t bind_after(struct store_arg *args, size_t n,
			 const struct store_due *after, size_t limit)
{
	args[n++] = (struct store_arg) I(after ? after->urgency : -1);
	args[n++] = (struct store_arg) I(after ? after->place : 0);
	args[n++] = (struct store_arg) T(after ? after->name : "");
	args[n++] = (struct store_arg) I((int64_t) limit);
	return n;
}

static int due(struct store *s, const char *ca_name, int64_t now,
	       const struct store_due *after, size_t limit, struct arena *arena,
	       struct store_dues *ret, struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	struct store_arg args[9] = { I(now), I(now), I(now), I(now),
				     T(ca_name ? ca_name : "") };
	size_t n = bind_after(args, 5, after, limit);

	if (store_query(s, store_due_sql.due, DUE_TYPES, args, n, &st, err) ==
	    -1)
		return -1;
	return read_placed(st, limit, arena, ret, err);
}

int store_due_after(struct store *s, const char *ca_name, int64_t now,
		    const struct store_due *after, size_t limit,
		    struct arena *arena, struct store_dues *ret,
		    struct err *err)
{
	return STORE_TRY(s, STORE_TX_NO, err,
			 due(s, ca_name, now, after, limit, arena, ret, err));
}

int store_due(struct store *s, const char *ca_name, int64_t now, size_t limit,
	      struct arena *arena, struct store_dues *ret, struct err *err)
{
	return store_due_after(s, ca_name, now, NULL, limit, arena, ret, err);
}

static int check_known(struct store *s, const struct store_ca_names *known,
		       struct err *err)
{
	if (known->n <= STORE_CAS_MAX)
		return 0;
	return err_set(err, ERR_LIMIT,
		       "%s: of %zu CAs at most %d can be looked after",
		       store_name(s), known->n, STORE_CAS_MAX);
}

/* The places of KNOWN in a statement, from *N on. */
static size_t bind_known(struct store_arg *args, size_t n,
			 const struct store_ca_names *known, size_t places)
{
	for (size_t i = 0; i < places; i++) {
		size_t at = i < known->n ? i : known->n - 1;

		args[n++] = (struct store_arg) T(known->n ? known->v[at] : "");
	}
	return n;
}

static int due_unknown(struct store *s, const struct store_ca_names *known,
		       int64_t now, const struct store_due *after, size_t limit,
		       struct arena *arena, struct store_dues *ret,
		       struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	struct store_arg args[STORE_CAS_MAX + 8] = { I(now), I(now), I(now),
						     I(now) };
	size_t many = known->n > ca_places[0];
	size_t n = bind_known(args, 4, known, ca_places[many]);

	n = bind_after(args, n, after, limit);
	if (store_query(s, store_due_sql.unknown[many], DUE_TYPES, args, n, &st,
			err) == -1)
		return -1;
	return read_placed(st, limit, arena, ret, err);
}

int store_due_unknown_after(struct store *s, const struct store_ca_names *known,
			    int64_t now, const struct store_due *after,
			    size_t limit, struct arena *arena,
			    struct store_dues *ret, struct err *err)
{
	if (check_known(s, known, err) == -1)
		return -1;
	return STORE_TRY(
		s, STORE_TX_NO, err,
		due_unknown(s, known, now, after, limit, arena, ret, err));
}

int store_due_unknown(struct store *s, const struct store_ca_names *known,
		      int64_t now, size_t limit, struct arena *arena,
		      struct store_dues *ret, struct err *err)
{
	return store_due_unknown_after(s, known, now, NULL, limit, arena, ret,
				       err);
}

static int due_cas(struct store *s, const struct store_ca_names *known,
		   int64_t now, struct arena *arena, struct store_due_cas *ret,
		   struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	struct store_arg args[STORE_CAS_MAX + 3];
	size_t many = known->n > ca_places[0];
	size_t n = bind_known(args, 0, known, ca_places[many]);
	struct store_due_cas all = { 0 };
	int rc;

	for (int i = 0; i < 3; i++)
		args[n++] = (struct store_arg) I(now);
	if (store_query(s, store_due_sql.cas[many], "INn", args, n, &st, err) ==
	    -1)
		return -1;
	db_limit(st, STORE_CAS_MAX + 2, DB_ANSWER_MAX);
	while ((rc = db_step(st, err)) == 1) {
		int64_t which = db_col_int(st, 0);
		struct store_due_ca ca = { .n = (size_t) db_col_int(st, 1),
					   .ts_expire = db_col_int(st, 2) };

		if (which >= CA_FIRST && which - CA_FIRST < (int64_t) known->n)
			ca.ca_name = known->v[which - CA_FIRST];
		else if (which != CA_NONE) {
			all.unknown = ca;
			continue;
		}
		all.v = STORE_GROW(arena, all.v, all.n);
		all.v[all.n++] = ca;
	}
	if (rc == -1)
		return -1;
	*ret = all;
	return 0;
}

int store_due_cas(struct store *s, const struct store_ca_names *known,
		  int64_t now, struct arena *arena, struct store_due_cas *ret,
		  struct err *err)
{
	if (check_known(s, known, err) == -1)
		return -1;
	return STORE_TRY(s, STORE_TX_NO, err,
			 due_cas(s, known, now, arena, ret, err));
}

static int ca_waits(struct store *s, const char *ca_name, bool is_default,
		    int64_t now, int64_t until, struct store_due_ca *ret,
		    struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;

	if (store_query(s, store_due_sql.waits, "Nn",
			ARGS(I(now), I(until), I(now), I(now), T(ca_name),
			     T(is_default ? "" : ca_name)),
			&st, err) == -1 ||
	    db_step(st, err) == -1)
		return -1;
	*ret = (struct store_due_ca){ .ca_name = ca_name,
				      .n = (size_t) db_col_int(st, 0),
				      .ts_expire = db_col_int(st, 1) };
	return 0;
}

int store_ca_waits(struct store *s, const char *ca_name, bool is_default,
		   int64_t now, int64_t until, struct store_due_ca *ret,
		   struct err *err)
{
	return STORE_TRY(
		s, STORE_TX_NO, err,
		ca_waits(s, ca_name, is_default, now, until, ret, err));
}

static int due_one(struct store *s, const char *name, struct arena *arena,
		   struct store_due *ret, bool *ret_enabled, struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	int rc;

	if (store_query(s,
			"SELECT " STORE_DUE_COLUMNS ", enable FROM certs "
			"WHERE name = ?",
			STORE_DUE_TYPES "w", ARGS(T(name)), &st, err) == -1)
		return -1;
	rc = db_step(st, err);
	if (rc != 1)
		return rc;
	read_due(st, arena, ret);
	*ret_enabled = store_col_yes(st, DUE_MORE);
	return 1;
}

int store_due_one(struct store *s, const char *name, struct arena *arena,
		  struct store_due *ret, bool *ret_enabled, struct err *err)
{
	return STORE_TRY(s, STORE_TX_NO, err,
			 due_one(s, name, arena, ret, ret_enabled, err));
}

static int stale(struct store *s, const char *after, int64_t now, size_t limit,
		 struct arena *arena, struct store_stale *ret, struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	struct store_stale all = { NULL, 0, NULL };
	int rc;

	if (store_query(s,
			"SELECT name, CASE WHEN enable = 'Y' AND ts_expire <> "
			"ts_expire_seen AND ts_due > ? THEN 1 ELSE 0 END "
			"FROM certs WHERE name > ? AND LENGTH(name) <= 250 "
			"ORDER BY name LIMIT ?",
			"WI", ARGS(I(now), T(after), I((int64_t) limit)), &st,
			err) == -1)
		return -1;
	db_limit(st, limit, DB_ANSWER_MAX);
	while ((rc = db_step(st, err)) == 1) {
		all.last = store_col_text(st, 0, arena);
		if (!db_col_int(st, 1))
			continue;
		all.v = STORE_GROW(arena, all.v, all.n);
		all.v[all.n++] = all.last;
	}
	if (rc == -1)
		return -1;
	*ret = all;
	return 0;
}

int store_stale(struct store *s, const char *after, int64_t now, size_t limit,
		struct arena *arena, struct store_stale *ret, struct err *err)
{
	return STORE_TRY(s, STORE_TX_NO, err,
			 stale(s, after, now, limit, arena, ret, err));
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

static int disabled(struct store *s, size_t *ret, struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;

	if (store_query(s, "SELECT COUNT(*) FROM certs WHERE enable <> 'Y'",
			"I", NO_ARGS, &st, err) == -1 ||
	    db_step(st, err) == -1)
		return -1;
	*ret = (size_t) db_col_int(st, 0);
	return 0;
}

int store_disabled(struct store *s, size_t *ret, struct err *err)
{
	return STORE_TRY(s, STORE_TX_NO, err, disabled(s, ret, err));
}

int store_held(struct store *s, size_t limit, struct arena *arena,
	       struct store_helds *ret, struct err *err)
{
	return STORE_TRY(s, STORE_TX_NO, err, held(s, limit, arena, ret, err));
}

/* --- instants that no rule of ours can have made --- */

static int far(struct store *s, int64_t beyond, size_t limit,
	       struct arena *arena, struct store_dues *ret, struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;

	if (store_query(s, store_due_sql.far, STORE_DUE_TYPES,
			ARGS(I(beyond), I(STORE_NEVER), I((int64_t) limit)),
			&st, err) == -1)
		return -1;
	return store_read_dues(st, limit, arena, ret, err);
}

int store_far(struct store *s, int64_t beyond, size_t limit,
	      struct arena *arena, struct store_dues *ret, struct err *err)
{
	return STORE_TRY(s, STORE_TX_NO, err,
			 far(s, beyond, limit, arena, ret, err));
}

int store_far_mend(struct store *s, const struct store_due *row, int64_t due_at,
		   struct err *err)
{
	return store_exec_try(
		s,
		"UPDATE certs SET ts_next_attempt = 0, "
		"ts_due = ? WHERE name = ? AND "
		"ts_next_attempt = ?",
		ARGS(I(due_at), T(row->name), I(row->ts_next_attempt)), NULL,
		err);
}

static int far_leases(struct store *s, int64_t beyond, size_t *ret,
		      struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;

	if (store_query(s, store_due_sql.far_leases, "N", ARGS(I(beyond)), &st,
			err) == -1 ||
	    db_step(st, err) == -1)
		return -1;
	*ret = (size_t) db_col_int(st, 0);
	return 0;
}

int store_far_leases(struct store *s, int64_t beyond, size_t *ret,
		     struct err *err)
{
	return STORE_TRY(s, STORE_TX_NO, err, far_leases(s, beyond, ret, err));
}

int store_far_leases_mend(struct store *s, int64_t beyond, struct err *err)
{
	return store_exec_try(s,
			      "UPDATE certs SET lease_owner = NULL, "
			      "lease_until = 0 WHERE lease_owner > '' AND "
			      "lease_until > ?",
			      ARGS(I(beyond)), NULL, err);
}

/* --- leases of others --- */

static int leases(struct store *s, const char *not_owner, int64_t now,
		  struct arena *arena, struct store_leases *ret,
		  struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	struct store_leases all = { 0 };
	int rc;

	if (store_query(s, store_due_sql.leases, "WNNnW",
			ARGS(T(not_owner), I(now), I(now), I(STORE_LEASES_MAX)),
			&st, err) == -1)
		return -1;
	db_limit(st, STORE_LEASES_MAX, DB_ANSWER_MAX);
	while ((rc = db_step(st, err)) == 1) {
		all.v = STORE_GROW(arena, all.v, all.n);
		all.v[all.n++] = (struct store_lease){
			.owner = store_col_text(st, 0, arena),
			.n = (size_t) db_col_int(st, 1),
			.until = db_col_int(st, 2),
			.since = db_col_int(st, 3),
			.name = store_col_text(st, 4, arena),
		};
	}
	if (rc == -1)
		return -1;
	*ret = all;
	return 0;
}

int store_leases(struct store *s, const char *not_owner, int64_t now,
		 struct arena *arena, struct store_leases *ret, struct err *err)
{
	return STORE_TRY(s, STORE_TX_NO, err,
			 leases(s, not_owner, now, arena, ret, err));
}

/* 1, 0 there is none, -1. */
static int lease_of(struct store *s, const char *name, struct arena *arena,
		    const char **ret_owner, struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	int rc;

	if (store_query(s,
			"SELECT lease_owner FROM certs WHERE name = ? AND "
			"lease_owner IS NOT NULL",
			"W", ARGS(T(name)), &st, err) == -1)
		return -1;
	rc = db_step(st, err);
	if (rc != 1)
		return rc;
	*ret_owner = store_col_text(st, 0, arena);
	return 1;
}

int store_lease_break(struct store *s, const char *name, struct err *err)
{
	AUTO(arena_free) struct arena *arena = arena_new();
	const char *owner = NULL;
	int64_t rows = 0;
	int found = STORE_TRY(s, STORE_TX_NO, err,
			      lease_of(s, name, arena, &owner, err));

	if (found != 1)
		return found;
	/* That one: when it runs again, another may have taken the row. */
	if (store_exec_try(s,
			   "UPDATE certs SET lease_owner = NULL, "
			   "lease_until = 0 WHERE name = ? AND "
			   "lease_owner = ?",
			   ARGS(T(name), T(owner)), &rows, err) == -1)
		return -1;
	/* Gone when it ran again: the first run did it, unanswered. */
	return rows > 0 || s->losses > 0;
}

/* --- a failure that turned out to be the CA's --- */

int store_uncount(struct store *s, const struct store_uncount *u,
		  struct err *err)
{
	return store_exec_try(
		s,
		"UPDATE certs SET count_fail_update = ?, held = 0, "
		"ts_next_attempt = ?, ts_due = ? WHERE name = ? AND "
		"count_fail_update = ? AND ts_next_attempt = ? AND "
		"lease_owner IS NULL",
		ARGS(I(u->count - 1), I(u->until), I(u->until), T(u->name),
		     I(u->count), I(u->next)),
		NULL, err);
}
