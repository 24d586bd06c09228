/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "store_schema.h"
#include "store_impl.h"
#include "store_schema_impl.h"

/* What each version asks of the programs. Additive ones ask nothing new. */
static const struct {
	int version, min_reader, min_writer;
} needs[] = {
	{ 1, 1, 1 },
};

/* The first column of a one-row query; 0 when the table is missing. */
static int ask(struct store *s, const char *sql, int *ret, struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	struct err own = ERR_INIT;
	int rc = store_query(s, sql, NO_ARGS, &st, &own);

	if (rc == 0)
		rc = db_step(st, &own);
	if (rc == -1 && db_fault(s->db) == DB_FAULT_NO_TABLE)
		return 0;
	if (rc == -1) {
		if (err)
			*err = own;
		return -1;
	}
	*ret = rc == 1 ? (int) db_col_int(st, 0) : 0;
	return 1;
}

/* -1 an empty database, 0 the system of 2019, else our version. */
static int version_of(struct store *s, int *ret, struct err *err)
{
	int version = 0, count, rc;

	rc = ask(s,
		 "SELECT version FROM schema_version "
		 "ORDER BY version DESC LIMIT 1",
		 &version, err);
	if (rc == -1)
		return -1;
	if (rc == 0 || version == 0) {
		rc = ask(s, "SELECT 1 FROM certs LIMIT 1", &count, err);
		if (rc == -1)
			return -1;
		version = rc == 1 ? 0 : -1;
	}
	*ret = version;
	return 0;
}

static int record(struct store *s, int version, int64_t now, struct err *err)
{
	for (size_t i = 0; i < ARRAY_LEN(needs); i++) {
		if (needs[i].version != version)
			continue;
		return store_exec(s,
				  "REPLACE INTO schema_version (version, "
				  "min_reader, min_writer, ts_applied) "
				  "VALUES (?, ?, ?, ?)",
				  ARGS(I(version), I(needs[i].min_reader),
				       I(needs[i].min_writer), I(now)),
				  NULL, err);
	}
	return 0; /* version 0 knows no record */
}

/* One transaction on SQLite. MariaDB commits at each statement of the step,
 * so there the step repeats well, and its record comes last. */
static int apply(struct store *s, const struct store_schema_step *step,
		 int64_t now, struct err *err)
{
	if (db_begin(s->db, err) == -1)
		return -1;
	if (db_script(s->db, step->sql, err) == -1 ||
	    record(s, step->version, now, err) == -1 ||
	    db_commit(s->db, err) == -1) {
		db_rollback(s->db);
		return err_wrap(err, "%s", step->file);
	}
	return 0;
}

int store_schema_upgrade(struct store *s, int64_t now, int *ret_from,
			 int *ret_to, struct err *err)
{
	int from = 0, to;

	if (version_of(s, &from, err) == -1)
		return -1;
	if (from > STORE_SCHEMA_VERSION)
		return err_set(err, ERR_CONFIG,
			       "%s: the schema (version %d) is newer than "
			       "this program knows (%d): upgrade this program",
			       store_name(s), from, STORE_SCHEMA_VERSION);
	to = from;
	for (const struct store_schema_step *step = store_schema_steps;
	     step->dialect; step++) {
		if (strcmp(step->dialect, db_dialect(s->db)) != 0 ||
		    step->version <= from)
			continue;
		if (apply(s, step, now, err) == -1)
			return -1;
		to = step->version;
	}
	*ret_from = from;
	*ret_to = to;
	return 0;
}
