/* SPDX-License-Identifier: MIT */
/* A CA as a whole, of which every instance writes what it has met. */
#include <string.h>
#include "store_impl.h"

static int ca_get(struct store *s, const char *name, struct arena *a,
		  struct store_ca *ret, struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	int rc;

	if (store_query(s,
			"SELECT name, directory, account, account_key, "
			"backoff_until, count_fail, fail_class, fail_detail, "
			"eab_kid FROM cas WHERE name = ?",
			"WWwwNNwww", ARGS(T(name)), &st, err) == -1)
		return -1;
	rc = db_step(st, err);
	if (rc != 1)
		return rc;
	*ret = (struct store_ca){
		.name = store_col_text(st, 0, a),
		.directory = store_col_text(st, 1, a),
		.account = store_col_text(st, 2, a),
		.account_key = store_col_text(st, 3, a),
		.backoff_until = db_col_int(st, 4),
		.count_fail = db_col_int(st, 5),
		.fail_class = store_col_text(st, 6, a),
		.fail_detail = store_col_text(st, 7, a),
		.eab_kid = store_col_text(st, 8, a),
	};
	return 1;
}

int store_ca_get(struct store *s, const char *name, struct arena *arena,
		 struct store_ca *ret, struct err *err)
{
	return STORE_TRY(s, STORE_TX_NO, err, ca_get(s, name, arena, ret, err));
}

/* A row as it goes into its columns. */
struct fitted {
	struct store_ca ca;
	char class[STORE_WORD_MAX + 1], detail[STORE_DETAIL_MAX + 1];
};

static const struct store_ca *fit(const struct store_ca *ca, struct fitted *f)
{
	f->ca = *ca;
	f->ca.fail_class =
		store_fit(ca->fail_class, f->class, sizeof(f->class));
	f->ca.fail_detail =
		store_fit(ca->fail_detail, f->detail, sizeof(f->detail));
	return &f->ca;
}

static const char *or_empty(const char *s)
{
	return s ? s : "";
}

static bool same(const char *a, const char *b)
{
	return strcmp(or_empty(a), or_empty(b)) == 0;
}

/* The row is of another CA: what that offered, which chains it gave and how it
 * was found. The rest of it is written anew. */
static int forget_other(struct store *s, const struct store_ca *ca,
			struct err *err)
{
	return store_exec(s,
			  "UPDATE cas SET renewal_info = NULL, profiles = "
			  "NULL, caa = NULL, ts_offer = 0, chains = NULL, "
			  "discovered = NULL, ts_discovered = 0, ts_down = 0 "
			  "WHERE name = ? AND directory <> ?",
			  ARGS(T(ca->name), T(ca->directory)), NULL, err);
}

/* Nobody was there meanwhile, or it was another CA. *ret_rows: 0 or 1. */
static int replace_read(struct store *s, const struct store_ca *ca,
			const struct store_ca *read, int64_t *ret_rows,
			struct err *err)
{
	return store_exec(
		s,
		"UPDATE cas SET account = ?, account_key = ?, eab_kid = ?, "
		"backoff_until = ?, count_fail = ?, fail_class = ?, "
		"fail_detail = ?, directory = ? WHERE name = ? AND "
		"(directory <> ? OR (backoff_until = ? AND count_fail = ? AND "
		"COALESCE(account, '') = ? AND COALESCE(account_key, '') = ?))",
		ARGS(T(ca->account), T(ca->account_key), T(ca->eab_kid),
		     I(ca->backoff_until), I(ca->count_fail), T(ca->fail_class),
		     T(ca->fail_detail), T(ca->directory), T(ca->name),
		     T(ca->directory), I(read->backoff_until),
		     I(read->count_fail), T(or_empty(read->account)),
		     T(or_empty(read->account_key))),
		ret_rows, err);
}

/* 1, or 0 when there is a row. */
static int insert(struct store *s, const struct store_ca *ca, struct err *err)
{
	struct err own = ERR_INIT;

	if (store_exec(s,
		       "INSERT INTO cas (name, directory, account, "
		       "account_key, backoff_until, count_fail, fail_class, "
		       "fail_detail, eab_kid) "
		       "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
		       ARGS(T(ca->name), T(ca->directory), T(ca->account),
			    T(ca->account_key), I(ca->backoff_until),
			    I(ca->count_fail), T(ca->fail_class),
			    T(ca->fail_detail), T(ca->eab_kid)),
		       NULL, &own) == 0)
		return 1;
	if (db_fault(s->db) == DB_FAULT_DUPLICATE)
		return 0;
	if (err)
		*err = own;
	return -1;
}

static int merge_account(struct store *s, const struct store_ca *ca,
			 const struct store_ca *read, struct err *err)
{
	if (same(ca->account, read->account) &&
	    same(ca->account_key, read->account_key) &&
	    same(ca->eab_kid, read->eab_kid))
		return 0;
	/* To forget one means that one. */
	return store_exec(s,
			  "UPDATE cas SET account = ?, account_key = ?, "
			  "eab_kid = ? "
			  "WHERE name = ? AND (? <> '' OR account = ?)",
			  ARGS(T(ca->account), T(ca->account_key),
			       T(ca->eab_kid), T(ca->name),
			       T(or_empty(ca->account)),
			       T(or_empty(read->account))),
			  NULL, err);
}

static int merge_rest(struct store *s, const struct store_ca *ca,
		      struct err *err)
{
	/* backoff_until last: MariaDB sees its own assignments. */
	return store_exec(s,
			  "UPDATE cas SET count_fail = CASE WHEN "
			  "count_fail > ? THEN count_fail ELSE ? END, "
			  "fail_class = ?, fail_detail = ?, backoff_until = ? "
			  "WHERE name = ? AND backoff_until < ?",
			  ARGS(I(ca->count_fail), I(ca->count_fail),
			       T(ca->fail_class), T(ca->fail_detail),
			       I(ca->backoff_until), T(ca->name),
			       I(ca->backoff_until)),
			  NULL, err);
}

static int merge_lift(struct store *s, const struct store_ca *ca,
		      const struct store_ca *read, struct err *err)
{
	if (ca->backoff_until || ca->count_fail)
		return 0;
	return store_exec(
		s,
		"UPDATE cas SET backoff_until = 0, count_fail = 0, "
		"fail_class = NULL, fail_detail = NULL "
		"WHERE name = ? AND backoff_until = ? AND "
		"count_fail = ?",
		ARGS(T(ca->name), I(read->backoff_until), I(read->count_fail)),
		NULL, err);
}

static int ca_put(struct store *s, const struct store_ca *ca,
		  const struct store_ca *read, struct arena *arena,
		  struct store_ca *ret, struct err *err)
{
	int64_t rows = 0;
	int rc;

	if (forget_other(s, ca, err) == -1 ||
	    replace_read(s, ca, read, &rows, err) == -1)
		return -1;
	rc = rows ? 1 : insert(s, ca, err);
	if (rc == -1 || (rc == 0 && (merge_account(s, ca, read, err) == -1 ||
				     merge_rest(s, ca, err) == -1 ||
				     merge_lift(s, ca, read, err) == -1)))
		return -1;
	rc = ca_get(s, ca->name, arena, ret, err);
	if (rc == 0) /* deleted by hand */
		*ret = *ca;
	return rc == -1 ? -1 : 0;
}

int store_ca_put(struct store *s, const struct store_ca *ca,
		 const struct store_ca *read, struct arena *arena,
		 struct store_ca *ret, struct err *err)
{
	struct fitted f;

	if (store_check_text("the CA's name", ca->name, STORE_CA_NAME_MAX,
			     err) == -1 ||
	    store_check_text("the directory's URL", ca->directory,
			     STORE_URL_MAX, err) == -1 ||
	    store_check_text("the account's URL", ca->account, STORE_URL_MAX,
			     err) == -1 ||
	    store_check_text("the account key's thumbprint", ca->account_key,
			     64, err) == -1 ||
	    store_check_text("eab_kid", ca->eab_kid, STORE_EAB_KID_MAX, err) ==
		    -1)
		return -1;
	return STORE_TRY(s, STORE_TX_YES, err,
			 ca_put(s, fit(ca, &f), read, arena, ret, err));
}

static int ca_orders(struct store *s, const char *name, int64_t *ret,
		     struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	int rc;

	if (store_query(s, "SELECT count(*) FROM orders WHERE ca_name = ?", "N",
			ARGS(T(name)), &st, err) == -1)
		return -1;
	rc = db_step(st, err);
	if (rc == 1)
		*ret = db_col_int(st, 0);
	return rc == 1 ? 0 : -1;
}

int store_ca_orders(struct store *s, const char *name, int64_t *ret,
		    struct err *err)
{
	return STORE_TRY(s, STORE_TX_NO, err, ca_orders(s, name, ret, err));
}
