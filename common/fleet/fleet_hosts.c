/* SPDX-License-Identifier: MIT */
#include "fleet_hosts.h"
#include <string.h>
#include "clock.h"
#include "fleet_requests.h"
#include "store_impl.h"

#define PAGE 500

static const char host_chars[] = "abcdefghijklmnopqrstuvwxyz"
				 "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

int fleet_host_check(const char *host, struct err *err)
{
	size_t len = strlen(host);

	if (len == 0)
		return err_set(err, ERR_INPUT, "the name of the host is empty");
	if (len > FLEET_HOST_MAX)
		return err_set(err, ERR_INPUT,
			       "the name of the host has %zu characters, at "
			       "most %d",
			       len, FLEET_HOST_MAX);
	if (host[strspn(host, host_chars)] || host[0] == '-' ||
	    host[0] == '.' || host[len - 1] == '.')
		return err_set(err, ERR_INPUT,
			       "%s is no name of a host: that is letters, "
			       "digits and . - _, as `host` of installer.conf "
			       "says it, or hostname there",
			       host);
	return 0;
}

static int get(struct store *s, const char *host, struct arena *a,
	       struct fleet_host *ret, struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	int rc;

	if (store_query(s,
			"SELECT host, account, ts_added, comment FROM hosts "
			"WHERE host = ?",
			"WWNw", ARGS(T(host)), &st, err) == -1)
		return -1;
	rc = db_step(st, err);
	if (rc == 1)
		*ret = (struct fleet_host){
			.host = store_col_text(st, 0, a),
			.account = store_col_text(st, 1, a),
			.ts_added = db_col_int(st, 2),
			.comment = store_col_text(st, 3, a),
		};
	return rc;
}

int fleet_host_get(struct store *s, const char *host, struct arena *a,
		   struct fleet_host *ret, struct err *err)
{
	return STORE_TRY(s, STORE_TX_NO, err, get(s, host, a, ret, err));
}

static int is_its(struct store *s, const char *host, const char *account,
		  struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;

	if (store_query(s,
			"SELECT 1 FROM hosts h WHERE h.host = ? AND "
			"h.account = ? AND NOT EXISTS (SELECT 1 FROM "
			"host_names n WHERE n.account = h.account AND "
			"(n.name = '*' OR n.host <> h.host))",
			"I", ARGS(T(host), T(account)), &st, err) == -1)
		return -1;
	return db_step(st, err);
}

int fleet_host_is_its(struct store *s, const char *host, const char *account,
		      struct err *err)
{
	return STORE_TRY(s, STORE_TX_NO, err, is_its(s, host, account, err));
}

/* What is marked as taken from HOST, of the domain of NAME: a person who gives
 * a row of it means these names. */
static int unmark(struct store *s, const char *host, const char *name,
		  int64_t *ret_rows, struct err *err)
{
	AUTO(arena_free) struct arena *a = arena_new();
	const char *domain = store_name_domain(a, name);
	struct fleet_host h = { .account = "" };
	struct store_ids ids;
	int64_t rows;

	/* That of NAME by its key: who marks it at this moment is met here. */
	if (get(s, host, a, &h, err) == -1 ||
	    store_exec(s,
		       "DELETE FROM host_requests WHERE account = ? AND host = "
		       "? AND name = ? AND key_sha256 = ''",
		       ARGS(T(h.account), T(host), T(name)), &rows,
		       err) == -1 ||
	    store_ids(s,
		      "SELECT id FROM host_requests WHERE state = "
		      "'" FLEET_REVOKED "' AND host = ? AND (as_name = ? OR "
		      "(as_name > ? AND as_name < ?))",
		      ARGS(T(host), T(domain),
			   T(arena_printf(a, "%s+", domain)),
			   T(arena_printf(a, "%s,", domain))), /* '+' + 1 */
		      a, &ids, err) == -1)
		return -1;
	for (size_t i = 0; i < ids.n; i++)
		if (store_exec(s, "DELETE FROM host_requests WHERE id = ?",
			       ARGS(I(ids.v[i])), NULL, err) == -1)
			return -1;
	*ret_rows = rows + (int64_t) ids.n;
	return 0;
}

/* Every row of HOST there is, whoever has that account. */
static int grant(struct store *s, const char *host, const char *name,
		 bool by_rule, struct err *err)
{
	int64_t rows, marks;

	if (store_exec(s,
		       "REPLACE INTO host_names (account, name, host) SELECT "
		       "account, ?, host FROM hosts WHERE host = ?",
		       ARGS(T(name), T(host)), &rows, err) == -1 ||
	    unmark(s, host, name, &marks, err) == -1)
		return -1;
	/* Taken since it was looked at: who comes second waits for the first,
	 * at the row of host_names or at these. */
	if (by_rule && marks > 0)
		return err_set(err, ERR_CONFLICT,
			       "%s was taken from %s meanwhile", name, host);
	return rows > 0;
}

/* "*" would be all names, and those of other hosts, too. */
static int check_name(const char *name, struct err *err)
{
	return store_name_check(name, err);
}

int fleet_host_grant(struct store *s, const char *host, const char *name,
		     struct err *err)
{
	if (check_name(name, err) == -1)
		return -1;
	return STORE_TRY(s, STORE_TX_YES, err,
			 grant(s, host, name, false, err));
}

int fleet_host_grant_by_rule(struct store *s, const char *host,
			     const char *name, struct err *err)
{
	if (check_name(name, err) == -1)
		return -1;
	return STORE_TRY(s, STORE_TX_YES, err, grant(s, host, name, true, err));
}

/* --- by hand --- */

/* 1 new, 0 there with the same account. */
static int put_row(struct store *s, const struct fleet_host *h, struct err *err)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct fleet_host old;
	int rc = get(s, h->host, a, &old, err);

	if (rc == -1)
		return -1;
	if (rc == 1 && strcmp(old.account, h->account) != 0)
		return err_set(err, ERR_CONFLICT,
			       "%s has the account \"%s\" in %s, which is none "
			       "that is made here: take that row away first",
			       h->host, old.account, store_name(s));
	if (rc == 1)
		return 0;
	if (store_exec(s,
		       "INSERT INTO hosts (host, account, ts_added, comment) "
		       "VALUES (?, ?, ?, ?)",
		       ARGS(T(h->host), T(h->account), I(h->ts_added),
			    T(h->comment)),
		       NULL, err) == -1)
		return -1;
	return 1;
}

static int put(struct store *s, const struct fleet_host *h,
	       const char *const *names, size_t n, struct err *err)
{
	int rc = put_row(s, h, err);

	for (size_t i = 0; i < n && rc != -1; i++)
		if (grant(s, h->host, names[i], false, err) == -1)
			return -1;
	return rc;
}

int fleet_host_put(struct store *s, const struct fleet_host *h,
		   const char *const *names, size_t n, struct err *err)
{
	if (fleet_host_check(h->host, err) == -1 ||
	    store_check_text("the account's name", h->account,
			     FLEET_ACCOUNT_MAX, err) == -1 ||
	    store_check_text("the comment", h->comment, STORE_COMMENT_MAX,
			     err) == -1)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (check_name(names[i], err) == -1)
			return -1;
	return STORE_TRY(s, STORE_TX_YES, err, put(s, h, names, n, err));
}

static int names_of(struct store *s, const char *host, struct arena *a,
		    struct fleet_names *ret, struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	struct fleet_names all = { .n = 0 };
	int rc;

	if (store_query(s,
			"SELECT n.name, c.name FROM host_names n JOIN hosts h "
			"ON h.account = n.account AND h.host = n.host LEFT "
			"JOIN certs c ON c.name = n.name WHERE h.host = ? "
			"ORDER BY n.name LIMIT 5001",
			"Ww", ARGS(T(host)), &st, err) == -1)
		return -1;
	while ((rc = db_step(st, err)) == 1) {
		if (all.n == FLEET_NAMES_MAX)
			return err_set(err, ERR_LIMIT,
				       "%s: more than %d names of one host",
				       host, FLEET_NAMES_MAX);
		all.v = STORE_GROW(a, all.v, all.n);
		all.v[all.n++] = (struct fleet_name){
			.name = store_col_text(st, 0, a),
			.enrolled = !db_col_null(st, 1),
		};
	}
	if (rc == 0)
		*ret = all;
	return rc;
}

int fleet_host_names(struct store *s, const char *host, struct arena *a,
		     struct fleet_names *ret, struct err *err)
{
	return STORE_TRY(s, STORE_TX_NO, err, names_of(s, host, a, ret, err));
}

/* A row of its own, with a key that no host can send: it stays, whatever the
 * host asks for and whatever becomes of that, and no rule gives NAME back. */
static int mark(struct store *s, const char *host, const char *name,
		struct err *err)
{
	return store_exec(
		s,
		"REPLACE INTO host_requests (account, host, name, csr, "
		"key_sha256, state, as_name, ts) SELECT account, host, ?, '', "
		"'', '" FLEET_REVOKED "', ?, 0 FROM hosts WHERE host = ?",
		ARGS(T(name), T(name), T(host)), NULL, err);
}

/* The host's own: what another account sent in its name is not. */
#define ITS_REQUESTS                                        \
	"SELECT r.id FROM host_requests r JOIN hosts h ON " \
	"h.host = r.host AND h.account = r.account WHERE "  \
	"r.host = ? AND r.state = ? AND "

/* What was asked for, and approved, is so no more, and the host is told. Beside
 * one of this name and key that ended so before, it may stay as it is. */
static int end_approved(struct store *s, const char *host, const char *name,
			struct err *err)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct store_ids ids;

	if (store_ids(s,
		      ITS_REQUESTS
		      "r.as_name = ? AND "
		      "NOT EXISTS (SELECT 1 FROM host_requests o WHERE "
		      "o.account = r.account AND o.host = r.host AND o.name = "
		      "r.name AND o.key_sha256 = SUBSTR(r.key_sha256, 2))",
		      ARGS(T(host), T(FLEET_APPROVED), T(name)), a, &ids,
		      err) == -1)
		return -1;
	for (size_t i = 0; i < ids.n; i++)
		if (store_exec(s,
			       "UPDATE host_requests SET state = "
			       "'" FLEET_REVOKED "', key_sha256 = "
			       "SUBSTR(key_sha256, 2) WHERE id = ? AND state = "
			       "'" FLEET_APPROVED "'",
			       ARGS(I(ids.v[i])), NULL, err) == -1)
			return -1;
	return 0;
}

/* Those that wait, by this name or for this row. (That what else waits is no
 * rule's is seen when its turn comes.) */
static int end_pending(struct store *s, const char *host, const char *name,
		       struct err *err)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct store_ids ids;

	if (store_ids(s, ITS_REQUESTS "(r.name = ? OR r.as_name = ?)",
		      ARGS(T(host), T(FLEET_PENDING), T(name), T(name)), a,
		      &ids, err) == -1)
		return -1;
	/* One that was missing would be sent again. */
	for (size_t i = 0; i < ids.n; i++)
		if (store_exec(s,
			       "UPDATE host_requests SET state = "
			       "'" FLEET_REJECTED "', reason = 'the name was "
			       "taken from this host', ts_decided = ? WHERE id "
			       "= ? AND state = '" FLEET_PENDING "'",
			       ARGS(I(clock_now()), I(ids.v[i])), NULL,
			       err) == -1)
			return -1;
	return 0;
}

static int take(struct store *s, const char *host, const char *name,
		struct err *err)
{
	int64_t rows;

	if (store_exec(s,
		       "DELETE FROM host_names WHERE account = (SELECT account "
		       "FROM hosts WHERE host = ?) AND name = ? AND host = ?",
		       ARGS(T(host), T(name), T(host)), &rows, err) == -1)
		return -1;
	if (rows == 0)
		return 0;
	if (store_exec(s, "DELETE FROM installs WHERE host = ? AND name = ?",
		       ARGS(T(host), T(name)), NULL, err) == -1 ||
	    end_pending(s, host, name, err) == -1 ||
	    end_approved(s, host, name, err) == -1 ||
	    mark(s, host, name, err) == -1)
		return -1;
	return 1;
}

int fleet_host_revoke(struct store *s, const char *host, const char *name,
		      struct err *err)
{
	return STORE_TRY(s, STORE_TX_YES, err, take(s, host, name, err));
}

static int remove_requests(struct store *s, const char *host, int64_t *ret,
			   struct err *err)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct store_ids ids;

	if (store_ids(s, "SELECT id FROM host_requests WHERE host = ?",
		      ARGS(T(host)), a, &ids, err) == -1)
		return -1;
	for (size_t i = 0; i < ids.n; i++)
		if (store_exec(s, "DELETE FROM host_requests WHERE id = ?",
			       ARGS(I(ids.v[i])), NULL, err) == -1)
			return -1;
	*ret = (int64_t) ids.n;
	return 0;
}

/* What its account may read goes first: from then on it says nothing new. */
static int remove_all(struct store *s, const char *host, struct fleet_gone *ret,
		      struct err *err)
{
	struct fleet_gone gone = { 0 };

	if (store_exec(s,
		       "DELETE FROM host_names WHERE account = (SELECT account "
		       "FROM hosts WHERE host = ?)",
		       ARGS(T(host)), &gone.names, err) == -1 ||
	    store_exec(s, "DELETE FROM hosts WHERE host = ?", ARGS(T(host)),
		       &gone.rows, err) == -1 ||
	    store_exec(s, "DELETE FROM installs WHERE host = ?", ARGS(T(host)),
		       &gone.receipts, err) == -1 ||
	    remove_requests(s, host, &gone.requests, err) == -1)
		return -1;
	*ret = gone;
	return 0;
}

int fleet_host_remove(struct store *s, const char *host, struct fleet_gone *ret,
		      struct err *err)
{
	return STORE_TRY(s, STORE_TX_YES, err, remove_all(s, host, ret, err));
}

int fleet_host_forget(struct store *s, const char *host, int64_t *ret,
		      struct err *err)
{
	return store_exec_try(s, "DELETE FROM installs WHERE host = ?",
			      ARGS(T(host)), ret, err);
}

static int receipts(struct store *s, const char *host, struct arena *a,
		    struct store_receipts *ret, struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	struct store_receipts all = { .n = 0 };
	int rc;

	if (store_query(s,
			"SELECT name, service, endpoint, protocol, state, "
			"fingerprint, serial, ts_expire, depth, ts, detail, "
			"version, profile, needs, heartbeat, ts_window FROM "
			"installs WHERE host = ? "
			"ORDER BY ts DESC, name, service, endpoint LIMIT ?",
			"wwwwwwwnnnwwwwnn",
			ARGS(T(host), I((int64_t) STORE_RECEIPTS_MAX + 1)), &st,
			err) == -1)
		return -1;
	while ((rc = db_step(st, err)) == 1) {
		if (all.n == STORE_RECEIPTS_MAX) {
			all.more = 1;
			continue;
		}
		all.v = STORE_GROW(a, all.v, all.n);
		all.v[all.n++] = (struct store_receipt){
			.host = host,
			.name = store_col_text(st, 0, a),
			.service = store_col_text(st, 1, a),
			.endpoint = store_col_text(st, 2, a),
			.protocol = store_col_text(st, 3, a),
			.state = store_col_text(st, 4, a),
			.fingerprint = store_col_text(st, 5, a),
			.serial = store_col_text(st, 6, a),
			.ts_expire = db_col_int(st, 7),
			.depth = db_col_int(st, 8),
			.ts = db_col_int(st, 9),
			.detail = store_col_text(st, 10, a),
			.version = store_col_text(st, 11, a),
			.profile = store_col_text(st, 12, a),
			.needs = store_col_text(st, 13, a),
			.heartbeat = db_col_int(st, 14),
			.ts_window = db_col_int(st, 15),
		};
	}
	if (rc == 0)
		*ret = all;
	return rc;
}

int fleet_host_receipts(struct store *s, const char *host, struct arena *a,
			struct store_receipts *ret, struct err *err)
{
	return STORE_TRY(s, STORE_TX_NO, err, receipts(s, host, a, ret, err));
}

static int asks(struct store *s, const char *host, struct arena *a,
		struct fleet_asks *ret, struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	struct fleet_asks all = { .n = 0 };
	int rc;

	if (store_query(s,
			"SELECT id, name, ts, new_key FROM host_requests WHERE "
			"host = ? AND state = 'pending' ORDER BY id LIMIT 1000",
			"NwNN", ARGS(T(host)), &st, err) == -1)
		return -1;
	while ((rc = db_step(st, err)) == 1) {
		all.v = STORE_GROW(a, all.v, all.n);
		all.v[all.n++] = (struct fleet_ask){
			.id = db_col_int(st, 0),
			.name = store_col_text(st, 1, a),
			.ts = db_col_int(st, 2),
			.new_key = db_col_int(st, 3) != 0,
		};
	}
	if (rc == 0)
		*ret = all;
	return rc;
}

int fleet_host_asks(struct store *s, const char *host, struct arena *a,
		    struct fleet_asks *ret, struct err *err)
{
	return STORE_TRY(s, STORE_TX_NO, err, asks(s, host, a, ret, err));
}

/* --- all of them --- */

/* Two lists in order of host, each read page by page. */
struct list {
	struct fleet_known *v;
	size_t n, at;
	bool full; /* there may be another page */
};

static int page_rows(struct store *s, const char *after, struct arena *a,
		     struct list *ret, struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	struct list l = { .n = 0 };
	int rc;

	if (store_query(s,
			"SELECT h.host, h.account, h.ts_added, (SELECT "
			"COUNT(*) FROM host_names n WHERE n.account = "
			"h.account AND n.host = h.host) FROM hosts h WHERE "
			"h.host > ? ORDER BY h.host LIMIT 500",
			"wwnn", ARGS(T(after)), &st, err) == -1)
		return -1;
	while ((rc = db_step(st, err)) == 1) {
		l.v = STORE_GROW(a, l.v, l.n);
		l.v[l.n++] = (struct fleet_known){
			.host = store_col_text(st, 0, a),
			.account = store_col_text(st, 1, a),
			.ts_added = db_col_int(st, 2),
			.n_names = db_col_int(st, 3),
		};
	}
	l.full = l.n == PAGE;
	if (rc == 0)
		*ret = l;
	return rc;
}

static int page_receipts(struct store *s, const char *after, struct arena *a,
			 struct list *ret, struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	struct list l = { .n = 0 };
	int rc;

	if (store_query(s,
			"SELECT host, MAX(ts), COUNT(*) FROM installs WHERE "
			"host > ? GROUP BY host ORDER BY host LIMIT 500",
			"wnn", ARGS(T(after)), &st, err) == -1)
		return -1;
	while ((rc = db_step(st, err)) == 1) {
		l.v = STORE_GROW(a, l.v, l.n);
		l.v[l.n++] = (struct fleet_known){
			.host = store_col_text(st, 0, a),
			.ts_seen = db_col_int(st, 1),
			.n_receipts = db_col_int(st, 2),
		};
	}
	l.full = l.n == PAGE;
	if (rc == 0)
		*ret = l;
	return rc;
}

/* The first of both, of which either may be at its end; NULL: the end. */
static struct fleet_known *next(struct list *rows, struct list *said)
{
	struct fleet_known *r = rows->at < rows->n ? &rows->v[rows->at] : NULL;
	struct fleet_known *i = said->at < said->n ? &said->v[said->at] : NULL;
	int order = !r ? 1 : !i ? -1 : strcmp(r->host, i->host);

	if (!r && !i)
		return NULL;
	rows->at += order <= 0;
	said->at += order >= 0;
	if (order == 0) {
		r->ts_seen = i->ts_seen;
		r->n_receipts = i->n_receipts;
	}
	return order <= 0 ? r : i;
}

/* Both from AFTER on, up to the end of the shorter page that has a next one:
 * what is behind that may have its other half there. */
static int page(struct store *s, char after[DB_WORDS_MAX + 1],
		fleet_known_fn *fn, void *arg, bool *ret_more, struct err *err)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct list rows = { .n = 0 }, said = { .n = 0 };
	char before[DB_WORDS_MAX + 1];
	struct fleet_known *h;
	bool more = false;

	(void) snprintf(before, sizeof(before), "%s", after);
	if (STORE_TRY(s, STORE_TX_NO, err,
		      page_rows(s, after, a, &rows, err)) == -1 ||
	    STORE_TRY(s, STORE_TX_NO, err,
		      page_receipts(s, after, a, &said, err)) == -1)
		return -1;
	while (!more && (h = next(&rows, &said))) {
		/* In SQLite, what is no text, or much too long, reads as "". */
		if (strcmp(h->host, after) > 0) {
			if (fn(h, arg, err) == -1)
				return -1;
			(void) snprintf(after, DB_WORDS_MAX + 1, "%s", h->host);
		}
		more = (rows.full && rows.at == rows.n) ||
		       (said.full && said.at == said.n);
	}
	if (more && strcmp(after, before) <= 0)
		return err_set(err, ERR_INPUT,
			       "%s: %d rows of hosts or installs behind \"%s\" "
			       "have no name that can be read, so what follows "
			       "cannot be listed: take them away",
			       store_name(s), PAGE, after);
	*ret_more = more;
	return 0;
}

int fleet_hosts_each(struct store *s, fleet_known_fn *fn, void *arg,
		     struct err *err)
{
	char after[DB_WORDS_MAX + 1] = "";
	bool more = true;

	while (more)
		if (page(s, after, fn, arg, &more, err) == -1)
			return -1;
	return 0;
}
