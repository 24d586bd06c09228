/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "clock.h"
#include "jitter.h"
#include "store_impl.h"
#include "store_schema.h"

/* A transaction is begun again this often, within this time: a deadlock
 * passes at once, a Galera node that joins takes seconds. */
#define RETRIES_MAX 10
#define RETRY_MS    15000
#define LOSSES_MAX  2
#define LOCKED_MAX  6

int store_open(const struct store_conf *conf, enum store_use use,
	       struct store **ret, struct err *err)
{
	AUTO(store_free) struct store *s = mem_alloc(sizeof(*s));
	enum db_use db_use = use == STORE_ADMIN	  ? DB_CREATE
			     : use == STORE_LOOP  ? DB_LOOP
			     : use == STORE_BRIEF ? DB_BRIEF
			     : use == STORE_HOST  ? DB_HOST
						  : DB_WAIT;

	s->use = use;
	if (db_open(conf, db_use, &s->db, err) == -1)
		return -1;
	if (use == STORE_ADMIN)
		s->checked = true;
	if ((use == STORE_WRITE || use == STORE_BRIEF || use == STORE_LOOP) &&
	    store_check_schema(s, err) == -1)
		return -1;
	*ret = TAKE(s);
	return 0;
}

void store_free(struct store **s)
{
	if (!*s)
		return;
	db_close(&(*s)->db);
	free(*s);
	*s = NULL;
}

void store_hurry(struct store *s)
{
	db_hurry(s->db);
}

const char *store_name(const struct store *s)
{
	return db_name(s->db);
}

static int judge_schema(struct store *s, int64_t version, int64_t min_reader,
			int64_t min_writer, struct err *err)
{
	int64_t need = s->use == STORE_READ || s->use == STORE_HOST
			       ? min_reader
			       : min_writer;

	if (version < STORE_SCHEMA_VERSION)
		return err_set(err, ERR_CONFIG,
			       "%s: the schema has version %lld, this program "
			       "needs %d: run certrepo-populate init",
			       store_name(s), (long long) version,
			       STORE_SCHEMA_VERSION);
	if (need > STORE_SCHEMA_VERSION)
		return err_set(err, ERR_CONFIG,
			       "%s: the schema (version %lld) is too new, it "
			       "asks for programs of schema version %lld, this "
			       "one knows %d: upgrade this program",
			       store_name(s), (long long) version,
			       (long long) need, STORE_SCHEMA_VERSION);
	return 0;
}

static int read_schema(struct store *s, struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	int rc;

	if (store_query(s,
			"SELECT version, min_reader, min_writer "
			"FROM schema_version ORDER BY version DESC LIMIT 1",
			"III", NO_ARGS, &st, err) == -1)
		return -1;
	rc = db_step(st, err);
	if (rc == -1)
		return -1;
	if (rc == 0)
		return judge_schema(s, 0, 0, 0, err);
	return judge_schema(s, db_col_int(st, 0), db_col_int(st, 1),
			    db_col_int(st, 2), err);
}

int store_check_schema(struct store *s, struct err *err)
{
	if (!s->checked)
		s->checked = STORE_TRY_ANY(s, STORE_TX_NO, err,
					   read_schema(s, err)) == 0;
	return s->checked ? 0 : -1;
}

/* --- repetition --- */

void store_try_start(struct store *s, enum store_tx_use tx)
{
	/* Within store_tx the time is that of the whole. */
	if (s->in_tx)
		return;
	s->tx = tx;
	s->retries = s->losses = 0;
	s->until_ms = clock_mono_ms() + RETRY_MS;
	if (s->use != STORE_HOST)
		db_renew(s->db);
}

int store_try_begin(struct store *s, struct err *err)
{
	if (s->tx == STORE_TX_NO || s->in_tx)
		return 0;
	return s->tx == STORE_TX_READ ? db_begin_read(s->db, err)
				      : db_begin(s->db, err);
}

/* 5 ms, doubling; a little different for each process, so that two which
 * met do not meet again. False when no time would be left. */
static bool pause_before(struct db *db, int retry)
{
	int ms = (5 << (retry < 8 ? retry : 8)) +
		 (int) ((unsigned) getpid() % 7u);

	if (db_left_ms(db) <= ms)
		return false;
	db_pause(db, ms);
	return true;
}

/* Two that were in each other's way got nothing, both: they come back at
 * different times. */
static bool pause_locked(struct store *s)
{
	int ms = 5 << s->retries++;

	ms += (int) (jitter_number("lock") % (unsigned) ms);
	if (db_left_ms(s->db) <= ms)
		return false;
	db_pause(s->db, ms);
	return true;
}

/* After a failure: is it one that goes away when all is done again? */
static bool recover(struct store *s, enum db_fault fault, struct err *err)
{
	struct err again = ERR_INIT;

	if (clock_mono_ms() > s->until_ms || db_left_ms(s->db) == 0) {
		/* What took all the time says more than that it is over. */
		if (fault == DB_FAULT_LOST && s->retries > 0 && err)
			*err = s->retried;
		return false;
	}
	if (fault == DB_FAULT_RETRY && s->retries < RETRIES_MAX) {
		if (!pause_before(s->db, s->retries++))
			return false;
		if (err)
			s->retried = *err;
		err_clear(err);
		return true;
	}
	if (fault == DB_FAULT_LOCKED && s->tx == STORE_TX_PATIENT &&
	    s->retries < LOCKED_MAX && pause_locked(s)) {
		err_clear(err);
		return true;
	}
	if (fault != DB_FAULT_LOST || s->losses >= LOSSES_MAX)
		return false;
	if (s->losses++ > 0 && !pause_before(s->db, 8))
		return false;
	if (db_reconnect(s->db, &again) == -1) {
		if (err)
			*err = again; /* it says why there is none */
		return false;
	}
	err_clear(err);
	return true;
}

bool store_try_again(struct store *s, int *rc, struct err *err)
{
	enum db_fault fault;

	if (s->in_tx)
		return false;
	if (*rc != -1 && s->tx != STORE_TX_NO && db_commit(s->db, err) == -1)
		*rc = -1;
	if (*rc != -1)
		return false;
	fault = db_fault(s->db);
	db_rollback(s->db);
	return recover(s, fault, err);
}

static int run_in_tx(struct store *s, store_tx_fn *fn, void *arg,
		     struct err *err)
{
	int rc;

	s->in_tx = true;
	rc = fn(s, arg, err);
	s->in_tx = false;
	return rc;
}

int store_tx(struct store *s, store_tx_fn *fn, void *arg, struct err *err)
{
	return STORE_TRY(s, STORE_TX_YES, err, run_in_tx(s, fn, arg, err));
}

int store_tx_read(struct store *s, store_tx_fn *fn, void *arg, struct err *err)
{
	return STORE_TRY(s, STORE_TX_READ, err, run_in_tx(s, fn, arg, err));
}

/* --- statements --- */

int store_query(struct store *s, const char *sql, const char *columns,
		const struct store_arg *args, size_t n, struct db_stmt **ret,
		struct err *err)
{
	struct db_stmt *st = NULL;

	if (db_prepare(s->db, sql, columns, &st, err) == -1)
		return -1;
	for (size_t k = 0; k < n; k++) {
		int i = (int) k + 1;

		if (args[k].type == STORE_ARG_INT)
			db_bind_int(st, i, args[k].i);
		else if (args[k].type == STORE_ARG_TEXT)
			db_bind_text(st, i, args[k].t);
		else
			db_bind_blob(st, i, args[k].b.p, args[k].b.len);
	}
	*ret = st;
	return 0;
}

void store_done(struct db_stmt **st)
{
	db_done(*st);
	*st = NULL;
}

int store_exec(struct store *s, const char *sql, const struct store_arg *args,
	       size_t n, int64_t *ret_rows, struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;

	if (store_query(s, sql, "", args, n, &st, err) == -1 ||
	    db_step(st, err) == -1)
		return -1;
	if (ret_rows)
		*ret_rows = db_affected(st);
	return 0;
}

int store_ids(struct store *s, const char *sql, const struct store_arg *args,
	      size_t n, struct arena *a, struct store_ids *ret, struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	struct store_ids all = { .n = 0 };
	int rc;

	if (store_query(s, sql, "n", args, n, &st, err) == -1)
		return -1;
	while ((rc = db_step(st, err)) == 1) {
		all.v = STORE_GROW(a, all.v, all.n);
		all.v[all.n++] = db_col_int(st, 0);
	}
	if (rc == 0)
		*ret = all;
	return rc;
}

int store_exec_try(struct store *s, const char *sql,
		   const struct store_arg *args, size_t n, int64_t *ret_rows,
		   struct err *err)
{
	return STORE_TRY(s, STORE_TX_NO, err,
			 store_exec(s, sql, args, n, ret_rows, err));
}

int store_aside(struct store *s, int rc, struct err *err)
{
	if (rc != -1 || !err || err->kind != ERR_CONFIG ||
	    db_fault(s->db) != DB_FAULT_OTHER)
		return rc;
	err_clear(err);
	return 0;
}

const char *store_col_text(const struct db_stmt *st, int i, struct arena *a)
{
	return arena_strdup(a, db_col_text(st, i));
}

struct store_blob store_col_blob(const struct db_stmt *st, int i,
				 struct arena *a)
{
	struct store_blob b = { 0 };
	const void *p = db_col_blob(st, i, &b.len);

	/* One byte more and zero, for those who take PEM for a string. */
	if (p)
		b.p = arena_strndup(a, "", 0);
	if (b.len > 0) {
		char *copy = arena_alloc(a, b.len + 1);

		memcpy(copy, p, b.len);
		b.p = copy;
	}
	return b;
}

bool store_col_yes(const struct db_stmt *st, int i)
{
	const char *s = db_col_text(st, i);

	return s && strcmp(s, "Y") == 0;
}

void *store_grow(struct arena *a, void *v, size_t n, size_t size)
{
	void *bigger;

	/* Capacities are powers of two, so N tells whether it is full. */
	if (n > 0 && (n & (n - 1)) != 0)
		return v;
	bigger = arena_array(a, n > 0 ? n * 2 : 1, size);
	if (n > 0)
		memcpy(bigger, v, n * size);
	return bigger;
}

/* --- values --- */

int store_check_text(const char *what, const char *value, size_t max,
		     struct err *err)
{
	size_t len = value ? strlen(value) : 0;

	if (len > max)
		return err_set(err, ERR_LIMIT,
			       "%s is %zu characters long, the store takes "
			       "at most %zu",
			       what, len, max);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char) value[i];

		if (c >= 0x80)
			return err_set(err, ERR_INPUT,
				       "%s is not plain ASCII (byte %zu is "
				       "0x%02x), and the store's table is: "
				       "write it without accents and the like",
				       what, i + 1, c);
		if (c < 0x20 || c == 0x7f)
			return err_set(err, ERR_INPUT,
				       "%s contains a control character "
				       "(byte %zu is 0x%02x)",
				       what, i + 1, c);
	}
	return 0;
}

int store_check_blob(const char *what, struct store_blob b, struct err *err)
{
	if (b.len > STORE_BLOB_MAX)
		return err_set(err, ERR_LIMIT,
			       "%s is %zu bytes long, the store takes at "
			       "most %d",
			       what, b.len, STORE_BLOB_MAX);
	return 0;
}

const char *store_fit(const char *value, char *buf, size_t size)
{
	size_t i;

	if (!value)
		return NULL;
	for (i = 0; value[i] && i + 1 < size; i++) {
		unsigned char c = (unsigned char) value[i];

		buf[i] = c >= 0x20 && c < 0x7f ? value[i] : '?';
	}
	buf[i] = '\0';
	return buf;
}

/* One label of a domain: what DNS names in certificates may hold. */
static bool label_ok(const char *s, size_t len)
{
	if (len == 0 || len > 63 || s[0] == '-' || s[len - 1] == '-')
		return false;
	return strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-_") >= len;
}

static bool domain_ok(const char *s, size_t len)
{
	const char *end = s + len;

	if (len > 2 && s[0] == '*' && s[1] == '.')
		s += 2;
	for (;;) {
		const char *dot = memchr(s, '.', (size_t) (end - s));
		const char *stop = dot ? dot : end;

		if (!label_ok(s, (size_t) (stop - s)))
			return false;
		if (!dot)
			return true;
		s = dot + 1;
	}
}

int store_name_check(const char *name, struct err *err)
{
	const char *plus = strchr(name, '+');
	size_t domain = plus ? (size_t) (plus - name) : strlen(name);
	size_t suffix = plus ? strlen(plus + 1) : 0;

	if (strlen(name) > STORE_NAME_MAX)
		return err_set(err, ERR_INPUT,
			       "a name has at most %d characters, this one "
			       "has %zu",
			       STORE_NAME_MAX, strlen(name));
	if (strpbrk(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
		return err_set(err, ERR_INPUT,
			       "name \"%s\": write it in lower case", name);
	if (!domain_ok(name, domain))
		return err_set(err, ERR_INPUT,
			       "name \"%s\" is not a domain name, or "
			       "domain+label",
			       name);
	if (plus && (suffix == 0 || suffix > 32 ||
		     strspn(plus + 1, "abcdefghijklmnopqrstuvwxyz0123456789-") <
			     suffix))
		return err_set(err, ERR_INPUT,
			       "name \"%s\": a label after + is 1 to 32 of "
			       "a-z, 0-9 and -",
			       name);
	return 0;
}

const char *store_name_domain(struct arena *a, const char *name)
{
	return arena_strndup(a, name, strcspn(name, "+"));
}
