/* SPDX-License-Identifier: MIT */
#include "store_pin.h"
#include <string.h>
#include "store_impl.h"

static int pin_get(struct store *s, const char *ca_name, struct arena *a,
		   struct store_pin *ret, struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	int rc;

	if (store_query(s,
			"SELECT directory, discovered, ts_discovered, ts_down "
			"FROM cas WHERE name = ?",
			"WwNN", ARGS(T(ca_name)), &st, err) == -1)
		return -1;
	rc = db_step(st, err);
	if (rc != 1)
		return rc;
	*ret = (struct store_pin){
		.directory = store_col_text(st, 0, a),
		.discovered = store_col_text(st, 1, a),
		.ts_discovered = db_col_int(st, 2),
		.ts_down = db_col_int(st, 3),
	};
	return 1;
}

int store_pin_get(struct store *s, const char *ca_name, struct arena *arena,
		  struct store_pin *ret, struct err *err)
{
	return STORE_TRY(s, STORE_TX_NO, err,
			 pin_get(s, ca_name, arena, ret, err));
}

/* The CA it already was. */
static int again(struct store *s, const char *ca_name,
		 const struct store_pin *pin, const char *how,
		 int64_t *ret_rows, struct err *err)
{
	return store_exec(s,
			  "UPDATE cas SET discovered = ?, ts_discovered = ?, "
			  "ts_down = ? WHERE name = ? AND directory = ?",
			  ARGS(T(how), I(pin->ts_discovered), I(pin->ts_down),
			       T(ca_name), T(pin->directory)),
			  ret_rows, err);
}

static int other(struct store *s, const char *ca_name, const char *was,
		 const struct store_pin *pin, const char *how,
		 int64_t *ret_rows, struct err *err)
{
	return store_exec(
		s,
		"UPDATE cas SET directory = ?, discovered = ?, "
		"ts_discovered = ?, ts_down = ?, account = NULL, "
		"account_key = NULL, eab_kid = NULL, backoff_until = 0, "
		"count_fail = 0, fail_class = NULL, fail_detail = NULL, "
		"renewal_info = NULL, profiles = NULL, caa = NULL, "
		"ts_offer = 0, chains = NULL WHERE name = ? AND directory = ?",
		ARGS(T(pin->directory), T(how), I(pin->ts_discovered),
		     I(pin->ts_down), T(ca_name), T(was)),
		ret_rows, err);
}

/* 1, or 0 when there is a row. */
static int insert(struct store *s, const char *ca_name,
		  const struct store_pin *pin, const char *how, struct err *err)
{
	struct err own = ERR_INIT;

	if (store_exec(s,
		       "INSERT INTO cas (name, directory, discovered, "
		       "ts_discovered, ts_down) VALUES (?, ?, ?, ?, ?)",
		       ARGS(T(ca_name), T(pin->directory), T(how),
			    I(pin->ts_discovered), I(pin->ts_down)),
		       NULL, &own) == 0)
		return 1;
	if (db_fault(s->db) == DB_FAULT_DUPLICATE)
		return 0;
	if (err)
		*err = own;
	return -1;
}

static int pin_put(struct store *s, const char *ca_name, const char *was,
		   const struct store_pin *pin, const char *how,
		   struct err *err)
{
	int64_t rows = 0;

	if (again(s, ca_name, pin, how, &rows, err) == -1 ||
	    (!rows && other(s, ca_name, was, pin, how, &rows, err) == -1))
		return -1;
	return rows ? 1 : insert(s, ca_name, pin, how, err);
}

int store_pin_put(struct store *s, const char *ca_name, const char *was,
		  const struct store_pin *pin, struct err *err)
{
	char how[STORE_PIN_TEXT_MAX + 1];

	if (store_check_text("the CA's name", ca_name, STORE_CA_NAME_MAX,
			     err) == -1 ||
	    store_check_text("the directory's URL", pin->directory,
			     STORE_URL_MAX, err) == -1)
		return -1;
	return STORE_TRY(s, STORE_TX_YES, err,
			 pin_put(s, ca_name, was, pin,
				 store_fit(pin->discovered, how, sizeof(how)),
				 err));
}

int store_pin_down(struct store *s, const char *ca_name, const char *directory,
		   int64_t ts_down, struct err *err)
{
	return store_exec_try(s,
			      "UPDATE cas SET ts_down = ? WHERE name = ? AND "
			      "directory = ?",
			      ARGS(I(ts_down), T(ca_name), T(directory)), NULL,
			      err);
}
