/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include "fleet_fetchers.h"
#include "fleet_read.h"
#include "store_impl.h"

/* The last second of 9999. Of what a store holds, nothing is further from 0: it
 * may be added, and taken a few thousand times. */
#define NUMBER_MAX INT64_C(253402300799)

static int64_t number(const struct db_stmt *st, int i)
{
	int64_t v = db_col_int(st, i);

	return v > NUMBER_MAX ? NUMBER_MAX : v < -NUMBER_MAX ? -NUMBER_MAX : v;
}

/* The same of an instant that may be STORE_NEVER. */
static int64_t never_or(const struct db_stmt *st, int i)
{
	return db_col_int(st, i) == STORE_NEVER ? STORE_NEVER : number(st, i);
}

#define PAGE	   20000
#define ROW_BYTES  ((size_t) 20 * DB_WORDS_MAX) /* more than any of ours has */
#define FEW	   1000				/* of CAs, of fetchers */
#define KEYS	   4
#define KEY_MAX	   (DB_WORDS_MAX + 1)
#define AFTER_HOST "\x7f" /* behind all that a name may begin with */

struct reader {
	struct store *s;
	const struct fleet_scope *scope;
	const struct fleet_taker *to;
	/* The keys of the row behind which a page begins, and of the last one
	 * so far: what is bound must not change meanwhile. */
	char from[KEYS][KEY_MAX], last[KEYS][KEY_MAX];
	bool enough; /* no more of its host */
	size_t of_host;
};

typedef void row_fn(struct reader *r, const struct db_stmt *st);

const char *fleet_part_text(enum fleet_part part)
{
	static const char *const texts[FLEET_PARTS] = {
		[FLEET_PART_SETTINGS] = "the fetcher's settings (settings)",
		[FLEET_PART_NAMES] = "certificates (certs)",
		[FLEET_PART_FACTS] = "what certificates say (cert_facts)",
		[FLEET_PART_DETAILS] = "why attempts failed (certs)",
		[FLEET_PART_HOSTS] = "hosts' accounts (hosts)",
		[FLEET_PART_INSTALLS] = "what hosts report (installs)",
		[FLEET_PART_GRANTS] = "what hosts may read (host_names)",
		[FLEET_PART_CAS] = "CAs (cas)",
		[FLEET_PART_FETCHERS] = "runs of fetchers (fetchers)",
		[FLEET_PART_REQUESTS] = "requests of hosts (host_requests)",
		[FLEET_PART_TOTALS] = "counts of attempts (attempt_totals)",
	};

	return texts[part];
}

/* *RET_N: how many rows there were. */
static int each(struct reader *r, const char *sql, const char *types,
		const struct store_arg *args, size_t n, row_fn *fn,
		size_t *ret_n, struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	int rc;

	*ret_n = 0;
	if (store_query(r->s, sql, types, args, n, &st, err) == -1)
		return -1;
	/* None of them is kept. */
	db_limit(st, FLEET_INSTALLS_MAX, PAGE * ROW_BYTES);
	while ((rc = db_step(st, err)) == 1) {
		fn(r, st);
		(*ret_n)++;
	}
	return rc;
}

static const char *text(const struct db_stmt *st, int i)
{
	const char *t = db_col_text(st, i);

	return t ? t : "";
}

/* NULL, and what cannot be read, are one. */
static const char *some(const struct db_stmt *st, int i)
{
	const char *t = db_col_text(st, i);

	return t && *t ? t : NULL;
}

static void keep_key(struct reader *r, size_t i, const char *value)
{
	(void) snprintf(r->last[i], KEY_MAX, "%s", value);
}

static void first_page(struct reader *r)
{
	for (size_t i = 0; i < KEYS; i++)
		r->from[i][0] = r->last[i][0] = '\0';
}

/* False: it is the same again. (A key may be bytes, in SQLite, and is cut.) */
static bool next_page(struct reader *r)
{
	bool moved = memcmp(r->from, r->last, sizeof(r->from)) != 0;

	memcpy(r->from, r->last, sizeof(r->from));
	return moved;
}

static int too_many(const struct reader *r, enum fleet_part part, size_t max,
		    struct err *err)
{
	return err_set(err, ERR_LIMIT,
		       "%s: %s: more than %zu rows, the others are left",
		       store_name(r->s), fleet_part_text(part), max);
}

/* --- tables in order of one column, page by page --- */

struct paged {
	const char *all, *of_name; /* SQL */
	const char *of_host;	   /* the same; the host, as often as it asks */
	const char *types;
	row_fn *fn;
	size_t max;
};

static int read_some(struct reader *r, const struct paged *p, struct err *err)
{
	const struct fleet_scope *o = r->scope;
	const char *sql = o->name ? p->of_name : p->of_host;
	const char *of = o->name ? o->name : o->host;
	const struct store_arg args[] = { T(of), T(of) };
	bool twice = strchr(sql, '?') != strrchr(sql, '?');
	size_t n;

	return each(r, sql, p->types, args, twice ? 2 : 1, p->fn, &n, err);
}

static int read_paged(struct reader *r, enum fleet_part part,
		      const struct paged *p, struct err *err)
{
	size_t n, all = 0;

	if (r->scope->name || r->scope->host)
		return read_some(r, p, err);
	first_page(r);
	do {
		if (each(r, p->all, p->types, ARGS(T(r->from[0]), I(PAGE)),
			 p->fn, &n, err) == -1)
			return -1;
		all += n;
		if (all > p->max || (n == PAGE && !next_page(r)))
			return too_many(r, part, p->max, err);
	} while (n == PAGE);
	return 0;
}

#define TOLD "EXISTS (SELECT 1 FROM installs i WHERE i.name = g.name)"
#define TOLD_THERE                                                    \
	"EXISTS (SELECT 1 FROM installs i WHERE i.name = g.name AND " \
	"i.host = h.host)"
#define GRANTED "FROM hosts h JOIN host_names g ON g.account = h.account WHERE "
/* (MariaDB would go through all names for a union that is no table.) */
#define OF_HOST                                                 \
	"name IN (SELECT name FROM (SELECT name FROM installs " \
	"WHERE host = ? UNION SELECT g.name " GRANTED "h.host = ?) u)"
#define OF_NAME	     "host IN (SELECT host FROM installs WHERE name = ?)"
#define PAGE_BY(key) key " > ? ORDER BY " key " LIMIT ?"

/* All of it is in that index, which MariaDB would not take by itself. (For
 * SQLite, which does, the hint is a comment.) */
#define NAMES                                                                 \
	"SELECT name, enable, ca_name, ts_expire, ts_expire_seen, "           \
	"ts_not_before, ts_due, ts_next_attempt, ts_last_update, "            \
	"count_fail_update, renew, held, fail_class, lease_until, "           \
	"crt_sha256, CASE WHEN ari_crt = crt_sha256 THEN ts_ari ELSE 0 END, " \
	"owner FROM certs "
#define BY_GLANCE "/*! FORCE INDEX (certs_glance) */ "

static void take_name(struct reader *r, const struct db_stmt *st)
{
	struct fleet_name n = {
		.name = text(st, 0),
		.enabled = store_col_yes(st, 1),
		.ca_name = some(st, 2),
		.ts_expire = number(st, 3),
		.stale = db_col_int(st, 4) != db_col_int(st, 3),
		.ts_not_before = number(st, 5),
		.ts_due = never_or(st, 6),
		.ts_next_attempt = never_or(st, 7),
		.ts_attempt = number(st, 8),
		.count_fail = number(st, 9),
		.renew = db_col_int(st, 10) != 0,
		.held = db_col_int(st, 11) != 0,
		.fail_class = some(st, 12),
		.lease_until = number(st, 13),
		.crt_sha256 = some(st, 14),
		.ts_ari = number(st, 15),
		.owner = some(st, 16),
	};

	if (n.stale)
		n.ts_ari = 0;
	keep_key(r, 0, n.name);
	r->to->name(r->to->arg, &n);
}

static int read_names(struct reader *r, struct err *err)
{
	static const struct paged p = {
		NAMES BY_GLANCE "WHERE " PAGE_BY("name"),
		NAMES "WHERE name = ?",
		NAMES "WHERE " OF_HOST " ORDER BY name",
		"wwwnnnnnnnnnwnwnw",
		take_name,
		FLEET_NAMES_MAX,
	};

	return read_paged(r, FLEET_PART_NAMES, &p, err);
}

#define FACTS                                                        \
	"SELECT name, crt_sha256, fingerprint, old_fingerprint, "    \
	"ts_not_before, ts_not_after, ts_stored, key_type, ts_key, " \
	"key_certs, issuer, n_names, client_auth FROM cert_facts WHERE "

static void take_fact(struct reader *r, const struct db_stmt *st)
{
	const struct fleet_fact f = {
		.name = text(st, 0),
		.crt_sha256 = text(st, 1),
		.fingerprint = text(st, 2),
		.old_fingerprint = some(st, 3),
		.ts_not_before = number(st, 4),
		.ts_not_after = number(st, 5),
		.ts_stored = number(st, 6),
		.key_type = text(st, 7),
		.ts_key = number(st, 8),
		.key_certs = number(st, 9),
		.issuer = text(st, 10),
		.n_names = number(st, 11),
		.client_auth = db_col_int(st, 12) != 0,
	};

	keep_key(r, 0, f.name);
	r->to->fact(r->to->arg, &f);
}

static int read_facts(struct reader *r, struct err *err)
{
	static const struct paged p = {
		FACTS PAGE_BY("name"), FACTS "name = ?", FACTS OF_HOST,
		"wwwwnnnwnnwnn",       take_fact,	 FLEET_NAMES_MAX,
	};

	return read_paged(r, FLEET_PART_FACTS, &p, err);
}

static void take_place(struct reader *r, const struct db_stmt *st)
{
	const struct fleet_place h = { .host = text(st, 0),
				       .ts_added = number(st, 1) };

	keep_key(r, 0, h.host);
	r->to->place(r->to->arg, &h);
}

static int read_places(struct reader *r, struct err *err)
{
	static const struct paged p = {
		"SELECT host, ts_added FROM hosts WHERE " PAGE_BY("host"),
		"SELECT host, ts_added FROM hosts WHERE " OF_NAME,
		"SELECT host, ts_added FROM hosts WHERE host = ?",
		"wn",
		take_place,
		FLEET_HOSTS_MAX,
	};

	return read_paged(r, FLEET_PART_HOSTS, &p, err);
}

/* --- what is said of failures --- */

#define DETAILS "SELECT name, fail_detail FROM certs WHERE "

static void take_detail(struct reader *r, const struct db_stmt *st)
{
	r->to->detail(r->to->arg, text(st, 0), text(st, 1));
}

static int read_details(struct reader *r, struct err *err)
{
	/* By the index on (enable, ts_next_attempt): those that failed last. */
	static const struct paged p = {
		.of_name = DETAILS "fail_detail IS NOT NULL AND name = ?",
		.of_host = DETAILS "fail_detail IS NOT NULL AND " OF_HOST,
		.types = "ww",
		.fn = take_detail,
	};
	size_t n;

	if (r->scope->name || r->scope->host)
		return read_some(r, &p, err);
	return each(r,
		    DETAILS "enable = 'Y' AND ts_next_attempt > 0 AND "
			    "fail_detail IS NOT NULL LIMIT ?",
		    p.types, ARGS(I(FLEET_DETAILS_MAX)), p.fn, &n, err);
}

/* --- receipts --- */

#define INSTALLS                                                        \
	"SELECT host, name, service, endpoint, state, protocol, "       \
	"fingerprint, detail, version, profile, needs, ts_expire, ts, " \
	"heartbeat, COALESCE(ts_window, -1) FROM installs WHERE "
#define INSTALLS_TYPES "wwwwwwwwwwwnnnn"

static void take_install(struct reader *r, const struct db_stmt *st)
{
	const struct fleet_install i = {
		.host = text(st, 0),
		.name = text(st, 1),
		.service = text(st, 2),
		.endpoint = text(st, 3),
		.state = text(st, 4),
		.protocol = some(st, 5),
		.fingerprint = some(st, 6),
		.detail = some(st, 7),
		.version = some(st, 8),
		.profile = db_col_text(st, 9),
		.needs = db_col_text(st, 10),
		.ts_expire = number(st, 11),
		.ts = number(st, 12),
		.heartbeat = number(st, 13),
		.ts_window = number(st, 14),
	};
	bool another = strcmp(i.host, r->last[0]) != 0;

	if (another)
		r->enough = false;
	keep_key(r, 0, i.host);
	keep_key(r, 1, i.name);
	keep_key(r, 2, i.service);
	keep_key(r, 3, i.endpoint);
	if (!r->enough)
		r->enough = !r->to->install(r->to->arg, &i);
}

static int read_all_installs(struct reader *r, struct err *err)
{
	size_t n, all = 0;

	first_page(r);
	r->enough = false;
	do {
		/* MariaDB finds the place by the first part alone. */
		const char *host = r->from[0];
		const char *name = r->enough ? AFTER_HOST : r->from[1];

		if (each(r,
			 INSTALLS "host >= ? AND (host, name, service, "
				  "endpoint) > (?, ?, ?, ?) ORDER BY host, "
				  "name, service, endpoint LIMIT ?",
			 INSTALLS_TYPES,
			 ARGS(T(host), T(host), T(name), T(r->from[2]),
			      T(r->from[3]), I(PAGE)),
			 take_install, &n, err) == -1)
			return -1;
		all += n;
		if (all > FLEET_INSTALLS_MAX || (n == PAGE && !next_page(r)))
			return too_many(r, FLEET_PART_INSTALLS,
					FLEET_INSTALLS_MAX, err);
	} while (n == PAGE);
	return 0;
}

static int read_installs(struct reader *r, struct err *err)
{
	const struct fleet_scope *o = r->scope;
	size_t n;

	if (!o->name && !o->host)
		return read_all_installs(r, err);
	first_page(r);
	r->enough = false;
	if (o->host)
		return each(r,
			    INSTALLS "host = ? ORDER BY host, name, service, "
				     "endpoint LIMIT ?",
			    INSTALLS_TYPES,
			    ARGS(T(o->host), I(FLEET_HOST_MOST + 1)),
			    take_install, &n, err);
	/* What its hosts say of themselves, and of it. */
	if (each(r,
		 INSTALLS OF_NAME " AND name = '' AND service = '' AND "
				  "endpoint = ''",
		 INSTALLS_TYPES, ARGS(T(o->name)), take_install, &n, err) == -1)
		return -1;
	r->enough = false;
	return each(r,
		    INSTALLS "name = ? ORDER BY host, service, endpoint LIMIT "
			     "?",
		    INSTALLS_TYPES, ARGS(T(o->name), I(FLEET_HOSTS_MAX)),
		    take_install, &n, err);
}

/* --- who may read what --- */

/* (Of the others there are many, and nobody asks.) */
#define GRANTS                                                          \
	"SELECT g.account, g.name, g.host, h.host, h.ts_added, 0 "      \
	"FROM host_names g LEFT JOIN hosts h ON h.account = g.account " \
	"WHERE NOT " TOLD " AND "
/* Of one name, or host, those of which that host says nothing. */
#define GRANTS_OF(what)                                               \
	"SELECT g.account, g.name, g.host, h.host, h.ts_added, " TOLD \
	" " GRANTED what " AND NOT " TOLD_THERE " ORDER BY h.host, g.name"

static void take_grant(struct reader *r, const struct db_stmt *st)
{
	const struct fleet_grant g = { .name = text(st, 1),
				       .host = some(st, 3),
				       .ts_added = number(st, 4),
				       .elsewhere = db_col_int(st, 5) != 0 };

	for (int i = 0; i < 3; i++)
		keep_key(r, (size_t) i, text(st, i));
	if (g.host)
		r->to->grant(r->to->arg, &g);
}

static int read_grants(struct reader *r, struct err *err)
{
	static const struct paged some_of = {
		.of_name = GRANTS_OF("g.name = ?"),
		.of_host = GRANTS_OF("h.host = ?"),
		.types = "wwwwnn",
		.fn = take_grant,
	};
	size_t n, all = 0;

	if (r->scope->name || r->scope->host)
		return read_some(r, &some_of, err);
	first_page(r);
	do {
		const char *account = r->from[0];

		if (each(r,
			 GRANTS "g.account >= ? AND (g.account, g.name, "
				"g.host) > (?, ?, ?) ORDER BY g.account, "
				"g.name, g.host LIMIT ?",
			 some_of.types,
			 ARGS(T(account), T(account), T(r->from[1]),
			      T(r->from[2]), I(PAGE)),
			 take_grant, &n, err) == -1)
			return -1;
		all += n;
		if (all > FLEET_INSTALLS_MAX || (n == PAGE && !next_page(r)))
			return too_many(r, FLEET_PART_GRANTS,
					FLEET_INSTALLS_MAX, err);
	} while (n == PAGE);
	return 0;
}

/* --- a few of each --- */

static void take_ca(struct reader *r, const struct db_stmt *st)
{
	const struct fleet_ca c = {
		.name = text(st, 0),
		.directory = text(st, 1),
		.backoff_until = number(st, 2),
		.fail_class = some(st, 3),
		.fail_detail = some(st, 4),
	};

	r->to->ca(r->to->arg, &c);
}

static int read_cas(struct reader *r, struct err *err)
{
	size_t n;

	return each(r,
		    "SELECT name, directory, backoff_until, fail_class, "
		    "fail_detail FROM cas ORDER BY name LIMIT ?",
		    "wwnww", ARGS(I(FEW)), take_ca, &n, err);
}

static void take_fetcher(struct reader *r, const struct db_stmt *st)
{
	const struct fleet_fetcher f = {
		.instance = text(st, 0),
		.host = text(st, 1),
		.version = text(st, 2),
		.ts_start = number(st, 3),
		.ts_end = number(st, 4),
		.ts_ok = number(st, 5),
		.status = number(st, 6),
		.n_ok = number(st, 7),
		.n_failed = number(st, 8),
		.detail = some(st, 9),
	};

	r->to->fetcher(r->to->arg, &f);
}

static void take_made(struct reader *r, const struct db_stmt *st)
{
	r->to->made(r->to->arg, number(st, 0));
}

static int read_fetchers(struct reader *r, struct err *err)
{
	size_t n;

	if (each(r, "SELECT ts_applied FROM schema_version WHERE version = 4",
		 "n", NO_ARGS, take_made, &n, err) == -1)
		return -1;
	return each(r,
		    "SELECT instance, host, version, ts_start, ts_end, ts_ok, "
		    "status, n_ok, n_failed, detail FROM fetchers "
		    "ORDER BY instance LIMIT ?",
		    "wwwnnnnnnw", ARGS(I(FEW)), take_fetcher, &n, err);
}

static int read_settings(struct reader *r, struct err *err)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct fleet_settings l;

	if (fleet_settings_get(r->s, a, &l, err) == -1)
		return -1;
	for (size_t i = 0; i < l.n; i++)
		r->to->setting(r->to->arg, &l.v[i]);
	return 0;
}

static void take_pending(struct reader *r, const struct db_stmt *st)
{
	const struct fleet_pending p = {
		.id = db_col_int(st, 0),
		.ts = number(st, 1),
		.host = text(st, 2),
		.name = text(st, 3),
		.new_key = db_col_int(st, 4) != 0,
	};

	r->to->pending(r->to->arg, &p);
}

static void take_all_pending(struct reader *r, const struct db_stmt *st)
{
	int64_t n = db_col_int(st, 0);

	r->to->all_pending(r->to->arg, n > 0 ? (uint64_t) n : 0);
}

static int read_requests(struct reader *r, struct err *err)
{
	size_t n;

	if (each(r,
		 "SELECT id, ts, host, name, new_key FROM host_requests "
		 "WHERE state = 'pending' ORDER BY id LIMIT ?",
		 "nnwwn", ARGS(I(FLEET_REQUESTS_READ)), take_pending, &n,
		 err) == -1)
		return -1;
	return each(r,
		    "SELECT COUNT(*) FROM host_requests "
		    "WHERE state = 'pending'",
		    "n", NO_ARGS, take_all_pending, &n, err);
}

static void take_total(struct reader *r, const struct db_stmt *st)
{
	const struct fleet_total t = {
		.day = number(st, 0),
		.ca = text(st, 1),
		.outcome = text(st, 2),
		.n = number(st, 3),
	};

	r->to->total(r->to->arg, &t);
}

static int read_totals(struct reader *r, struct err *err)
{
	size_t n;

	return each(r,
		    "SELECT day, ca_name, outcome, CAST(SUM(n) AS INT) FROM "
		    "attempt_totals "
		    "GROUP BY day, ca_name, outcome "
		    "ORDER BY day, ca_name, outcome LIMIT ?",
		    "nwwn", ARGS(I(FLEET_TOTALS_MAX)), take_total, &n, err);
}

/* --- all of it --- */

static int (*const readers[FLEET_PARTS])(struct reader *r, struct err *err) = {
	[FLEET_PART_SETTINGS] = read_settings,
	[FLEET_PART_NAMES] = read_names,
	[FLEET_PART_FACTS] = read_facts,
	[FLEET_PART_DETAILS] = read_details,
	[FLEET_PART_HOSTS] = read_places,
	[FLEET_PART_INSTALLS] = read_installs,
	[FLEET_PART_GRANTS] = read_grants,
	[FLEET_PART_CAS] = read_cas,
	[FLEET_PART_FETCHERS] = read_fetchers,
	[FLEET_PART_REQUESTS] = read_requests,
	[FLEET_PART_TOTALS] = read_totals,
};

/* Is it over with all, or with this part alone? */
static bool ends_all(const struct store *s)
{
	switch (db_fault(s->db)) {
	case DB_FAULT_RETRY:
	case DB_FAULT_LOST:
	case DB_FAULT_LOCKED:
	case DB_FAULT_ENDED:
		return true;
	default:
		return false;
	}
}

static int read_parts(struct store *s, void *arg, struct err *err)
{
	struct reader *r = arg;
	const struct fleet_scope *o = r->scope;

	r->to->begin(r->to->arg);
	for (enum fleet_part p = 0; p < FLEET_PARTS; p++) {
		struct err own = ERR_INIT;

		if ((o->name || o->host) &&
		    (p == FLEET_PART_REQUESTS || p == FLEET_PART_TOTALS))
			continue;
		if (readers[p](r, &own) == -1 && ends_all(s)) {
			if (err)
				*err = own;
			return -1;
		}
		r->to->part(r->to->arg, p, &own);
	}
	return 0;
}

int fleet_read(struct store *s, const struct fleet_scope *scope,
	       const struct fleet_taker *to, struct err *err)
{
	AUTO(mem_free_any) struct reader *r = mem_alloc(sizeof(*r));

	r->s = s;
	r->scope = scope;
	r->to = to;
	return store_tx_read(s, read_parts, r, err);
}
