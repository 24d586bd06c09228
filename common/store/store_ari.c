/* SPDX-License-Identifier: MIT */
#include "store_ari.h"
#include "store_impl.h"

#define COLUMNS                                                               \
	"name, crt_sha256, ts_expire, ts_not_before, ts_due, "                \
	"ts_next_attempt, renew, held, "                                      \
	"CASE WHEN ari_crt = crt_sha256 THEN ts_ari ELSE 0 END, "             \
	"CASE WHEN ari_crt = crt_sha256 THEN ari_start ELSE 0 END, "          \
	"CASE WHEN ari_crt = crt_sha256 THEN ari_end ELSE 0 END, "            \
	"CASE WHEN ari_crt = crt_sha256 THEN ari_url END, ts_ari_poll, crt, " \
	"(SELECT attempts.ca_name FROM attempts "                             \
	"WHERE attempts.name = certs.name AND outcome = 'ok' "                \
	"ORDER BY ts_start DESC LIMIT 1)"
#define TYPES "WWNnNNnnnnnwNbw"
/* What a script of 2019 wrote is not known yet (pick.h). A cell of SQLite may
 * hold anything: of so many characters none is over DB_VALUE_MAX. */
#define GOOD                                                             \
	"ts_expire > ? AND ts_expire = ts_expire_seen AND crt > '' AND " \
	"LENGTH(crt) <= 32700 AND crt_sha256 > '' AND LENGTH(name) <= 250"
#define FROM(whose, to)                             \
	" FROM certs WHERE enable = 'Y' AND " whose \
	" AND ts_ari_poll >= ? " to "AND " GOOD     \
	" ORDER BY ts_ari_poll LIMIT ?"
#define DUE(whose) FROM(whose, "AND ts_ari_poll <= ? ")
/* With cells that hold no number, which are beyond all that do. */
#define FAR(whose) FROM(whose, "")
/* In the order of the names, which no other index has. */
#define ALL                                                                   \
	"SELECT " COLUMNS " FROM certs WHERE name > ? AND "                   \
	"CASE WHEN enable = 'Y' THEN COALESCE(ca_name, '') END = ? AND " GOOD \
	" ORDER BY name LIMIT ?"
#define ONE                                                              \
	"SELECT " COLUMNS " FROM certs WHERE name = ? AND enable = 'Y' " \
	"AND COALESCE(ca_name, '') = ? AND " GOOD
#define NAMED	"ca_name = ?"
#define UNNAMED "ca_name IS NULL"

const struct store_ari_sql store_ari_sql = {
	.page = { "SELECT " COLUMNS DUE(NAMED),
		  "SELECT " COLUMNS DUE(UNNAMED) },
	.any = { "SELECT name" DUE(NAMED), "SELECT name" DUE(UNNAMED) },
	.far = { "SELECT " COLUMNS FAR(NAMED), "SELECT " COLUMNS FAR(UNNAMED) },
	.far_any = { "SELECT name" FAR(NAMED), "SELECT name" FAR(UNNAMED) },
	.all = ALL,
};

static int read_aris(struct db_stmt *st, size_t limit, struct arena *arena,
		     struct store_aris *ret, struct err *err)
{
	struct store_aris all = { 0 };
	int rc;

	db_limit(st, limit, DB_ANSWER_MAX);
	while ((rc = db_step(st, err)) == 1) {
		all.v = STORE_GROW(arena, all.v, all.n);
		all.v[all.n++] = (struct store_ari){
			.name = store_col_text(st, 0, arena),
			.crt_sha256 = store_col_text(st, 1, arena),
			.ts_expire = db_col_int(st, 2),
			.ts_not_before = db_col_int(st, 3),
			.ts_due = db_col_int(st, 4),
			.ts_next_attempt = db_col_int(st, 5),
			.renew = db_col_int(st, 6) != 0,
			.held = db_col_int(st, 7) != 0,
			.ts_ari = db_col_int(st, 8),
			.ari_start = db_col_int(st, 9),
			.ari_end = db_col_int(st, 10),
			.ari_url = store_col_text(st, 11, arena),
			.ts_ari_poll = db_col_int(st, 12),
			.crt = store_col_blob(st, 13, arena),
			.issuer = store_col_text(st, 14, arena),
		};
	}
	if (rc == -1)
		return -1;
	*ret = all;
	return 0;
}

/* Of those from FROM to TO; CA_NAME, where there is a place for it, is bound
 * first. */
static int query(struct store *s, const char *const due[2],
		 const char *const far[2], const char *columns,
		 const char *ca_name, int64_t from, int64_t to, int64_t now,
		 size_t limit, struct db_stmt **ret, struct err *err)
{
	const struct store_arg all[] = { T(ca_name), I(from), I(to), I(now),
					 I((int64_t) limit) };
	bool is_far = to == INT64_MAX;
	struct store_arg args[ARRAY_LEN(all)];
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if ((i != 0 || ca_name) && (i != 2 || !is_far))
			args[n++] = all[i];
	return store_query(s, (is_far ? far : due)[!ca_name], columns, args, n,
			   ret, err);
}

static int page(struct store *s, const char *ca_name, int64_t from, int64_t to,
		int64_t now, size_t limit, struct arena *arena,
		struct store_aris *ret, struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;

	if (query(s, store_ari_sql.page, store_ari_sql.far, TYPES, ca_name,
		  from, to, now, limit, &st, err) == -1)
		return -1;
	return read_aris(st, limit, arena, ret, err);
}

int store_ari_page(struct store *s, const char *ca_name, int64_t from,
		   int64_t to, int64_t now, size_t limit, struct arena *arena,
		   struct store_aris *ret, struct err *err)
{
	return STORE_TRY(
		s, STORE_TX_NO, err,
		page(s, ca_name, from, to, now, limit, arena, ret, err));
}

static int any(struct store *s, const char *ca_name, int64_t from, int64_t to,
	       int64_t now, struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;

	if (query(s, store_ari_sql.any, store_ari_sql.far_any, "W", ca_name,
		  from, to, now, 1, &st, err) == -1)
		return -1;
	return db_step(st, err);
}

int store_ari_any(struct store *s, const char *ca_name, int64_t from,
		  int64_t to, int64_t now, struct err *err)
{
	return STORE_TRY(s, STORE_TX_NO, err,
			 any(s, ca_name, from, to, now, err));
}

static int all(struct store *s, const char *ca_name, const char *after,
	       int64_t now, size_t limit, struct arena *arena,
	       struct store_aris *ret, struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;

	if (store_query(s, store_ari_sql.all, TYPES,
			ARGS(T(after), T(ca_name ? ca_name : ""), I(now),
			     I((int64_t) limit)),
			&st, err) == -1)
		return -1;
	return read_aris(st, limit, arena, ret, err);
}

int store_ari_all(struct store *s, const char *ca_name, const char *after,
		  int64_t now, size_t limit, struct arena *arena,
		  struct store_aris *ret, struct err *err)
{
	return STORE_TRY(s, STORE_TX_NO, err,
			 all(s, ca_name, after, now, limit, arena, ret, err));
}

static int one(struct store *s, const char *ca_name, const char *name,
	       int64_t now, struct arena *arena, struct store_aris *ret,
	       struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;

	if (store_query(s, ONE, TYPES,
			ARGS(T(name), T(ca_name ? ca_name : ""), I(now)), &st,
			err) == -1)
		return -1;
	return read_aris(st, 1, arena, ret, err);
}

int store_ari_named(struct store *s, const char *ca_name, const char *name,
		    int64_t now, struct arena *arena, struct store_aris *ret,
		    struct err *err)
{
	return STORE_TRY(s, STORE_TX_NO, err,
			 one(s, ca_name, name, now, arena, ret, err));
}

/* --- what the CA answered --- */

int store_ari_put(struct store *s, const struct store_ari *read,
		  const struct store_ari *new, bool asked_only, int64_t now,
		  bool *ret, struct err *err)
{
	int64_t rows = 0;
	int rc;

	if (asked_only)
		rc = store_exec_try(s,
				    "UPDATE certs SET ts_ari_poll = ? "
				    "WHERE name = ? AND crt_sha256 = ?",
				    ARGS(I(new->ts_ari_poll), T(read->name),
					 T(read->crt_sha256)),
				    &rows, err);
	else
		rc = store_exec_try(
			s,
			"UPDATE certs SET ts_due = CASE WHEN "
			"(lease_owner IS NULL OR lease_until < ?) AND "
			"ts_due = ? AND ts_next_attempt = ? AND "
			"(renew <> 0) = ? AND (held <> 0) = ? THEN ? "
			"ELSE ts_due END, ari_crt = crt_sha256, ts_ari = ?, "
			"ari_start = ?, ari_end = ?, ari_url = ?, "
			"ts_ari_poll = ? WHERE name = ? AND crt_sha256 = ?",
			ARGS(I(now), I(read->ts_due), I(read->ts_next_attempt),
			     I(read->renew), I(read->held), I(new->ts_due),
			     I(new->ts_ari), I(new->ari_start), I(new->ari_end),
			     T(new->ari_url), I(new->ts_ari_poll),
			     T(read->name), T(read->crt_sha256)),
			&rows, err);
	if (rc == -1)
		return -1;
	if (ret)
		*ret = rows > 0;
	return 0;
}
