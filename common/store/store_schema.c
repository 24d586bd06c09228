/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include "store_schema.h"
#include "store_impl.h"
#include "store_schema_impl.h"
#include "x509.h"

#define KEYS_AT_ONCE 200
#define PAGES_MAX    50000 /* a database may list for ever */

/* What each version asks of the programs. Additive ones ask nothing new. */
static const struct {
	int version, min_reader, min_writer;
} needs[] = {
	{ 1, 1, 1 },
	{ 2, 1, 1 },
	{ 3, 1, 1 },
	{ 4, 1, 1 },
};

/* The first column of a one-row query; 0 when the table is missing. */
static int ask(struct store *s, const char *sql, int *ret, struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	struct err own = ERR_INIT;
	int rc = store_query(s, sql, "i", NO_ARGS, &st, &own);

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

/* --- the keys of rows that a script of 2019 wrote --- */

struct keys {
	struct arena *arena;
	const char *after;
	struct {
		const char *name;
		struct store_blob csr;
	} v[KEYS_AT_ONCE];
	size_t n;
};

static int load_keyless(struct store *s, struct keys *k, struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	int rc;

	if (store_query(s,
			"SELECT name, csr FROM certs WHERE key_sha256 IS NULL "
			"AND name > ? ORDER BY name LIMIT ?",
			"TB", ARGS(T(k->after), I(KEYS_AT_ONCE)), &st,
			err) == -1)
		return -1;
	k->n = 0;
	db_limit(st, KEYS_AT_ONCE, DB_ANSWER_MAX);
	while ((rc = db_step(st, err)) == 1) {
		k->v[k->n].name = store_col_text(st, 0, k->arena);
		k->v[k->n].csr = store_col_blob(st, 1, k->arena);
		k->n++;
	}
	return rc == -1 ? -1 : 0;
}

/* A page of them. A CSR that is none stays without: the fetcher says so when
 * it comes to it. */
static int derive_keys(struct store *s, void *arg, struct err *err)
{
	struct keys *k = arg;

	if (load_keyless(s, k, err) == -1)
		return -1;
	for (size_t i = 0; i < k->n; i++) {
		AUTO(x509_csr_free) struct x509_csr *csr = NULL;

		if (x509_csr_parse(k->v[i].csr.p, k->v[i].csr.len, &csr,
				   NULL) == 0 &&
		    store_exec(s,
			       "UPDATE certs SET key_sha256 = ? "
			       "WHERE name = ? AND csr = ?",
			       ARGS(T(x509_csr_key(csr)->sha256),
				    T(k->v[i].name), B(k->v[i].csr)),
			       NULL, err) == -1)
			return -1;
	}
	return 0;
}

static int derive_all_keys(struct store *s, struct err *err)
{
	AUTO(arena_free) struct arena *arena = arena_new();
	AUTO(mem_free_any) struct keys *k = mem_alloc(sizeof(*k));
	char after[STORE_NAME_MAX + 1] = "";
	int pages = 0;

	do {
		if (pages++ == PAGES_MAX)
			return err_set(err, ERR_LIMIT,
				       "%s: more than %d rows in certs, or "
				       "they come again and again",
				       store_name(s), PAGES_MAX * KEYS_AT_ONCE);
		arena_clear(arena);
		k->arena = arena;
		k->after = after;
		if (store_tx(s, derive_keys, k, err) == -1)
			return -1;
		if (k->n > 0)
			(void) snprintf(after, sizeof(after), "%s",
					k->v[k->n - 1].name);
	} while (k->n == KEYS_AT_ONCE);
	return 0;
}

int store_schema_look(struct store *s, int *ret_from, int *ret_to,
		      struct err *err)
{
	int from = 0;

	if (version_of(s, &from, err) == -1)
		return -1;
	if (from > STORE_SCHEMA_VERSION)
		return err_set(err, ERR_CONFIG,
			       "%s: the schema (version %d) is newer than "
			       "this program knows (%d): upgrade this program",
			       store_name(s), from, STORE_SCHEMA_VERSION);
	*ret_from = from;
	*ret_to = STORE_SCHEMA_VERSION;
	return 0;
}

int store_schema_upgrade(struct store *s, int64_t now, int *ret_from,
			 int *ret_to, struct err *err)
{
	int from = 0, to;

	if (store_schema_look(s, &from, &to, err) == -1)
		return -1;
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
	if (derive_all_keys(s, err) == -1)
		return err_wrap(err, "keys of the CSRs");
	*ret_from = from;
	*ret_to = to;
	return 0;
}
