/* SPDX-License-Identifier: MIT */
/* What hosts read and write, through the views host_certs and
 * host_installs only: they may have no right to anything else. */
#include "store_impl.h"
#include "store_schema.h"

/* A statement is a literal, so the number of names it asks for is one of
 * these; places left over repeat the last name. */
#define Q10 "?,?,?,?,?,?,?,?,?,?"
#define Q100                                                                \
	Q10 "," Q10 "," Q10 "," Q10 "," Q10 "," Q10 "," Q10 "," Q10 "," Q10 \
	    "," Q10
#define SELECT "SELECT name, enable, crt, ca, min_reader FROM host_certs "
static const struct {
	size_t places;
	const char *sql;
} queries[] = {
	{ 1, SELECT "WHERE name = ?" },
	{ 10, SELECT "WHERE name IN (" Q10 ")" },
	{ 100, SELECT "WHERE name IN (" Q100 ")" },
	{ STORE_HOST_NAMES_MAX, SELECT "WHERE name IN (" Q100 "," Q100 "," Q100
				       "," Q100 "," Q100 ")" },
};

static int check_reader(struct store *s, int64_t min_reader, struct err *err)
{
	if (min_reader <= STORE_SCHEMA_VERSION)
		return 0;
	return err_set(err, ERR_CONFIG,
		       "%s: the schema is too new, it asks for programs of "
		       "schema version %lld, this one knows %d: upgrade this "
		       "program",
		       store_name(s), (long long) min_reader,
		       STORE_SCHEMA_VERSION);
}

static int host_certs(struct store *s, const char *const *names, size_t n,
		      struct arena *a, struct store_host_certs *ret,
		      struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	struct store_host_certs all = { 0 };
	size_t q = 0;
	int rc;

	while (queries[q].places < n)
		q++;
	if (db_prepare(s->db, queries[q].sql, "Ttbbi", &st, err) == -1)
		return -1;
	for (size_t i = 0; i < queries[q].places; i++)
		db_bind_text(st, (int) i + 1, names[i < n ? i : n - 1]);
	/* A name has one row. */
	db_limit(st, n, n * (2 * STORE_BLOB_MAX + 4096));
	while ((rc = db_step(st, err)) == 1) {
		if (check_reader(s, db_col_int(st, 4), err) == -1)
			return -1;
		all.v = STORE_GROW(a, all.v, all.n);
		all.v[all.n++] = (struct store_host_cert){
			.name = store_col_text(st, 0, a),
			.enabled = store_col_yes(st, 1),
			.crt = store_col_blob(st, 2, a),
			.ca = store_col_blob(st, 3, a),
		};
	}
	if (rc == -1)
		return -1;
	*ret = all;
	return 0;
}

int store_host_certs(struct store *s, const char *const *names, size_t n,
		     struct arena *arena, struct store_host_certs *ret,
		     struct err *err)
{
	if (n > STORE_HOST_NAMES_MAX)
		return err_set(err, ERR_LIMIT,
			       "%zu certificates on one host, at most %d", n,
			       STORE_HOST_NAMES_MAX);
	if (n == 0) {
		*ret = (struct store_host_certs){ 0 };
		return 0;
	}
	return STORE_TRY_ANY(s, STORE_TX_NO, err,
			     host_certs(s, names, n, arena, ret, err));
}

/* --- receipts --- */

static int check_receipt(const struct store_receipt *r, struct err *err)
{
	if (store_check_text("the host's name", r->host, STORE_HOST_MAX, err) ==
		    -1 ||
	    store_check_text("the certificate's name", r->name, STORE_NAME_MAX,
			     err) == -1 ||
	    store_check_text("the service's name", r->service, 64, err) == -1 ||
	    store_check_text("the endpoint", r->endpoint, STORE_HOST_MAX,
			     err) == -1)
		return -1;
	if (!r->host || !r->name || !r->service || !r->endpoint || !r->state)
		return err_set(err, ERR_INTERNAL, "a receipt lacks its key");
	return 0;
}

static int put_receipt(struct store *s, const struct store_receipt *r,
		       struct err *err)
{
	char protocol[33], state[17], fingerprint[STORE_HASH_MAX + 1];
	char serial[65], detail[STORE_DETAIL_MAX + 1], version[33];

	return store_exec(
		s,
		"REPLACE INTO host_installs (host, name, service, endpoint, "
		"protocol, state, fingerprint, serial, ts_expire, depth, ts, "
		"detail, version) "
		"VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		ARGS(T(r->host), T(r->name), T(r->service), T(r->endpoint),
		     T(store_fit(r->protocol, protocol, sizeof(protocol))),
		     T(store_fit(r->state, state, sizeof(state))),
		     T(store_fit(r->fingerprint, fingerprint,
				 sizeof(fingerprint))),
		     T(store_fit(r->serial, serial, sizeof(serial))),
		     I(r->ts_expire), I(r->depth), I(r->ts),
		     T(store_fit(r->detail, detail, sizeof(detail))),
		     T(store_fit(r->version, version, sizeof(version)))),
		NULL, err);
}

static bool is_kept(const struct store_receipts *keep,
		    const struct store_receipt *r)
{
	for (size_t i = 0; i < keep->n; i++)
		if (strcmp(keep->v[i].name, r->name) == 0 &&
		    strcmp(keep->v[i].service, r->service) == 0 &&
		    strcmp(keep->v[i].endpoint, r->endpoint) == 0)
			return true;
	return false;
}

/* What HOST says of anything but KEEP. */
static int find_stale(struct store *s, const char *host,
		      const struct store_receipts *keep, struct arena *a,
		      struct store_receipts *ret, struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	int rc;

	if (store_query(s,
			"SELECT name, service, endpoint FROM host_installs "
			"WHERE host = ?",
			"TTT", ARGS(T(host)), &st, err) == -1)
		return -1;
	while ((rc = db_step(st, err)) == 1) {
		struct store_receipt r = {
			.name = store_col_text(st, 0, a),
			.service = store_col_text(st, 1, a),
			.endpoint = store_col_text(st, 2, a),
		};

		if (is_kept(keep, &r))
			continue;
		ret->v = STORE_GROW(a, ret->v, ret->n);
		ret->v[ret->n++] = r;
	}
	return rc;
}

static int drop_stale(struct store *s, const char *host,
		      const struct store_receipts *keep, struct err *err)
{
	AUTO(arena_free) struct arena *scratch = arena_new();
	struct store_receipts stale = { 0 };
	int rc = find_stale(s, host, keep, scratch, &stale, err);

	for (size_t i = 0; i < stale.n && rc == 0; i++)
		rc = store_exec(s,
				"DELETE FROM host_installs WHERE host = ? AND "
				"name = ? AND service = ? AND endpoint = ?",
				ARGS(T(host), T(stale.v[i].name),
				     T(stale.v[i].service),
				     T(stale.v[i].endpoint)),
				NULL, err);
	return rc;
}

static int replace_receipts(struct store *s, const struct store_receipt *r,
			    size_t n, const char *host,
			    const struct store_receipts *keep, struct err *err)
{
	for (size_t i = 0; i < n; i++)
		if (put_receipt(s, &r[i], err) == -1)
			return -1;
	return keep ? drop_stale(s, host, keep, err) : 0;
}

/* KEEP NULL: nothing goes. */
static int put_receipts(struct store *s, const struct store_receipt *r,
			size_t n, const char *host,
			const struct store_receipts *keep, struct err *err)
{
	for (size_t i = 0; i < n; i++)
		if (check_receipt(&r[i], err) == -1)
			return -1;
	if (n == 0)
		return 0;
	return STORE_TRY_ANY(s, n > 1 || keep ? STORE_TX_YES : STORE_TX_NO, err,
			     replace_receipts(s, r, n, host, keep, err));
}

int store_receipts_put(struct store *s, const struct store_receipt *r, size_t n,
		       struct err *err)
{
	return put_receipts(s, r, n, NULL, NULL, err);
}

int store_receipts_sync(struct store *s, const struct store_receipt *r,
			size_t n, const char *host,
			const struct store_receipts *keep, struct err *err)
{
	return put_receipts(s, r, n, host, keep, err);
}

static void read_receipt(const struct db_stmt *st, struct arena *a,
			 struct store_receipt *r)
{
	*r = (struct store_receipt){
		.name = store_col_text(st, 0, a),
		.host = store_col_text(st, 1, a),
		.service = store_col_text(st, 2, a),
		.endpoint = store_col_text(st, 3, a),
		.protocol = store_col_text(st, 4, a),
		.state = store_col_text(st, 5, a),
		.fingerprint = store_col_text(st, 6, a),
		.serial = store_col_text(st, 7, a),
		.ts_expire = db_col_int(st, 8),
		.depth = db_col_int(st, 9),
		.ts = db_col_int(st, 10),
		.detail = store_col_text(st, 11, a),
		.version = store_col_text(st, 12, a),
	};
}

static int receipts_count(struct store *s, const char *name, size_t *ret,
			  struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	int rc;

	if (store_query(s, "SELECT COUNT(*) FROM installs WHERE name = ?", "I",
			ARGS(T(name)), &st, err) == -1)
		return -1;
	rc = db_step(st, err);
	if (rc == -1)
		return -1;
	*ret = rc == 1 && db_col_int(st, 0) > 0 ? (size_t) db_col_int(st, 0)
						: 0;
	return 0;
}

static int receipts_of(struct store *s, const char *name, struct arena *a,
		       struct store_receipts *ret, struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	struct store_receipts all = { 0 };
	int rc;

	if (store_query(s,
			"SELECT name, host, service, endpoint, protocol, "
			"state, fingerprint, serial, ts_expire, depth, ts, "
			"detail, version FROM installs WHERE name = ? "
			"ORDER BY ts DESC, host, service, endpoint LIMIT ?",
			"WWWWwWwwNNNww", ARGS(T(name), I(STORE_RECEIPTS_MAX)),
			&st, err) == -1)
		return -1;
	while ((rc = db_step(st, err)) == 1) {
		all.v = STORE_GROW(a, all.v, all.n);
		read_receipt(st, a, &all.v[all.n++]);
	}
	if (rc == -1)
		return -1;
	store_done(&st);
	if (all.n == STORE_RECEIPTS_MAX) {
		if (receipts_count(s, name, &all.more, err) == -1)
			return -1;
		all.more -= all.more > all.n ? all.n : all.more;
	}
	*ret = all;
	return 0;
}

int store_receipts_of(struct store *s, const char *name, struct arena *arena,
		      struct store_receipts *ret, struct err *err)
{
	return STORE_TRY(s, STORE_TX_NO, err,
			 receipts_of(s, name, arena, ret, err));
}
