/* SPDX-License-Identifier: MIT */
/* What hosts read and write: on MariaDB by procedures, or through the views
 * host_certs and host_installs; they may have no right to anything else. */
#include "store_call.h"
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

static int read_certs(struct store *s, struct db_stmt *st, size_t n,
		      struct arena *a, struct store_host_certs *ret,
		      struct err *err)
{
	struct store_host_certs all = { 0 };
	int rc;

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

static int viewed_certs(struct store *s, const char *const *names, size_t n,
			struct arena *a, struct store_host_certs *ret,
			struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	size_t q = 0;

	while (queries[q].places < n)
		q++;
	if (db_prepare(s->db, queries[q].sql, "Ttbbi", &st, err) == -1)
		return -1;
	for (size_t i = 0; i < queries[q].places; i++)
		db_bind_text(st, (int) i + 1, names[i < n ? i : n - 1]);
	return read_certs(s, st, n, a, ret, err);
}

static int called_certs(struct store *s, const char *const *names, size_t n,
			struct arena *a, struct store_host_certs *ret,
			struct err *err)
{
	AUTO(sbuf_free) struct sbuf json = SBUF_INIT(1);
	AUTO(store_done) struct db_stmt *st = NULL;

	if (store_call_certs(s, names, n, &json, &st, err) == -1)
		return -1;
	return read_certs(s, st, n, a, ret, err);
}

/* --- by which way --- */

static bool has_ways(const struct store *s)
{
	return s->use == STORE_HOST &&
	       strcmp(db_dialect(s->db), "mariadb") == 0;
}

bool store_host_by_view(const struct store *s)
{
	return s->by_view;
}

void store_host_set_by_view(struct store *s)
{
	s->by_view = has_ways(s);
}

/* After a failure: is this way not open to us? The view is said not to be in
 * several words. */
static bool closed(const struct store *s, bool view, const struct err *err)
{
	enum db_fault fault = db_fault(s->db);

	if (!view)
		return fault == DB_FAULT_NO_ROUTINE;
	return err->kind == ERR_CONFIG &&
	       (fault == DB_FAULT_OTHER || fault == DB_FAULT_NO_TABLE);
}

/* One way, and where that is closed, the other. */
static int host_certs(struct store *s, const char *const *names, size_t n,
		      struct arena *a, struct store_host_certs *ret,
		      struct err *err)
{
	struct err first = ERR_INIT, second = ERR_INIT;
	bool view = s->by_view || !has_ways(s);
	int rc = view ? viewed_certs(s, names, n, a, ret, &first)
		      : called_certs(s, names, n, a, ret, &first);

	if (rc == 0)
		return 0;
	if (has_ways(s) && closed(s, view, &first)) {
		rc = view ? called_certs(s, names, n, a, ret, &second)
			  : viewed_certs(s, names, n, a, ret, &second);
		if (rc == 0) {
			s->by_view = !view;
			return 0;
		}
		/* Neither is: that one is told of which is to be opened. */
		if (view || !closed(s, true, &second))
			first = second;
	}
	return err_set(err, first.kind, "%s", first.msg);
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

/* The first columns of installs, which the view has, and all. */
#define VIEWED                                             \
	"host, name, service, endpoint, protocol, state, " \
	"fingerprint, serial, ts_expire, depth, ts, detail, version"
#define VIEWED_VALUES "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?"

static int put_receipt(struct store *s, const struct store_receipt *r,
		       bool whole, struct err *err)
{
	char protocol[33], state[17], fingerprint[STORE_HASH_MAX + 1];
	char serial[65], detail[STORE_DETAIL_MAX + 1], version[33];
	char profile[65], needs[65];
	const struct store_arg args[] = {
		T(r->host), T(r->name), T(r->service), T(r->endpoint),
		T(store_fit(r->protocol, protocol, sizeof(protocol))),
		T(store_fit(r->state, state, sizeof(state))),
		T(store_fit(r->fingerprint, fingerprint, sizeof(fingerprint))),
		T(store_fit(r->serial, serial, sizeof(serial))),
		I(r->ts_expire), I(r->depth), I(r->ts),
		T(store_fit(r->detail, detail, sizeof(detail))),
		T(store_fit(r->version, version, sizeof(version))),
		/* all but these through the view */
		T(store_fit(r->profile, profile, sizeof(profile))),
		T(store_fit(r->needs, needs, sizeof(needs))), I(r->heartbeat),
		I(r->heartbeat), I(r->ts_window)
	};

	return whole ? store_exec(s,
				  "REPLACE INTO installs (" VIEWED ", profile, "
				  "needs, heartbeat, ts_window) "
				  "VALUES (" VIEWED_VALUES ", ?, ?, "
				  "NULLIF(?, 0), CASE WHEN ? > 0 THEN ? END)",
				  args, ARRAY_LEN(args), NULL, err)
		     : store_exec(s,
				  "REPLACE INTO host_installs (" VIEWED ") "
				  "VALUES (" VIEWED_VALUES ")",
				  args, ARRAY_LEN(args) - 5, NULL, err);
}

/* May the table itself be written, and has it all columns: on SQLite, which
 * knows no accounts, of this version. 1, 0, -1. */
static int has_whole(struct store *s, struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;

	if (strcmp(db_dialect(s->db), "sqlite") != 0)
		return 0;
	if (store_query(s,
			"SELECT COUNT(*) FROM pragma_table_info('installs') "
			"WHERE name IN ('profile', 'needs', 'heartbeat', "
			"'ts_window')",
			"I", NO_ARGS, &st, err) == -1 ||
	    db_step(st, err) == -1)
		return -1;
	return db_col_int(st, 0) == 4;
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

static bool is_of(const struct store_receipt *r, const char *host)
{
	return !host || strcmp(r->host, host) == 0;
}

/* HOST NULL: whosever they are. */
static int replace_receipts(struct store *s, const struct store_receipt *r,
			    size_t n, const char *host,
			    const struct store_receipts *keep, struct err *err)
{
	int whole = has_whole(s, err);

	if (whole == -1)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (is_of(&r[i], host) &&
		    put_receipt(s, &r[i], whole == 1, err) == -1)
			return -1;
	return keep ? drop_stale(s, host, keep, err) : 0;
}

static int check_receipts(const struct store_receipt *r, size_t n,
			  struct err *err)
{
	for (size_t i = 0; i < n; i++)
		if (check_receipt(&r[i], err) == -1)
			return -1;
	return 0;
}

int store_receipts_put(struct store *s, const struct store_receipt *r, size_t n,
		       struct err *err)
{
	if (check_receipts(r, n, err) == -1)
		return -1;
	if (n == 0)
		return 0;
	return STORE_TRY_ANY(s, STORE_TX_YES, err,
			     replace_receipts(s, r, n, NULL, NULL, err));
}

/* 1; 0: there is no such procedure for us; -1. */
static int call_receipts(struct store *s, const struct store_receipt *r,
			 size_t n, const char *host,
			 const struct store_receipts *keep,
			 struct strlist *refused, struct err *err)
{
	size_t at = 0;

	do {
		if (STORE_TRY_ANY(s, STORE_TX_NO, err,
				  store_call_receipts(s, r, n, &at, host, keep,
						      refused, err)) == -1)
			return db_fault(s->db) == DB_FAULT_NO_ROUTINE ? 0 : -1;
	} while (at < n);
	return 1;
}

int store_receipts_sync(struct store *s, const struct store_receipt *r,
			size_t n, const char *host,
			const struct store_receipts *keep,
			struct strlist *refused, struct err *err)
{
	struct err own = ERR_INIT;
	int rc = 0;

	if (check_receipts(r, n, err) == -1)
		return -1;
	if (n == 0)
		return 0;
	if (has_ways(s) && !s->by_view)
		rc = call_receipts(s, r, n, host, keep, refused, &own);
	if (rc == 0)
		rc = STORE_TRY_ANY(s, STORE_TX_YES, err,
				   replace_receipts(s, r, n, host, keep, err));
	else if (rc == -1)
		return err_set(err, own.kind, "%s", own.msg);
	return rc == -1 ? -1 : 0;
}

#define MINE	 "name, service, endpoint, state, fingerprint, ts"
#define MINE_MAX 5000 /* as the procedure has it */

static int read_mine(struct store *s, bool view, const char *host,
		     struct arena *a, struct store_receipts *ret,
		     struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	struct store_receipts all = { 0 };
	int rc;

	if (store_query(s,
			view ? "SELECT " MINE " FROM host_installs WHERE "
			       "host = ? ORDER BY name, service, endpoint "
			       "LIMIT 5000"
			     : "CALL host_receipts_mine(?)",
			"TTTTtI", ARGS(T(host)), &st, err) == -1)
		return -1;
	db_limit(st, MINE_MAX, DB_ANSWER_MAX);
	while ((rc = db_step(st, err)) == 1) {
		all.v = STORE_GROW(a, all.v, all.n);
		all.v[all.n++] = (struct store_receipt){
			.host = arena_strdup(a, host),
			.name = store_col_text(st, 0, a),
			.service = store_col_text(st, 1, a),
			.endpoint = store_col_text(st, 2, a),
			.state = store_col_text(st, 3, a),
			.fingerprint = store_col_text(st, 4, a),
			.ts = db_col_int(st, 5),
		};
	}
	if (rc == -1)
		return -1;
	*ret = all;
	return 0;
}

int store_receipts_mine(struct store *s, const char *host, struct arena *arena,
			struct store_receipts *ret, struct err *err)
{
	bool view = s->by_view || !has_ways(s);
	struct err own = ERR_INIT;
	int rc = STORE_TRY_ANY(s, STORE_TX_NO, &own,
			       read_mine(s, view, host, arena, ret, &own));

	if (rc == -1 && has_ways(s) && closed(s, view, &own)) {
		err_clear(&own);
		rc = STORE_TRY_ANY(s, STORE_TX_NO, &own,
				   read_mine(s, !view, host, arena, ret, &own));
	}
	return rc == 0 ? 0 : err_set(err, own.kind, "%s", own.msg);
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
		.profile = store_col_text(st, 13, a),
		.needs = store_col_text(st, 14, a),
		.heartbeat = db_col_int(st, 15),
		.ts_window = db_col_int(st, 16),
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
			"detail, version, profile, needs, heartbeat, "
			"ts_window FROM installs WHERE name = ? "
			"ORDER BY ts DESC, host, service, endpoint LIMIT ?",
			"WWWWwWwwNNNwwwwnn",
			ARGS(T(name), I(STORE_RECEIPTS_MAX)), &st, err) == -1)
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
