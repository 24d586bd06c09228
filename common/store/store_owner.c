/* SPDX-License-Identifier: MIT */
#include "store_owner.h"
#include <stdlib.h>
#include <string.h>
#include "sbuf.h"
#include "store_impl.h"

#define OWNER "'certrepo-owner'@'localhost'"

/* As in schema/mariadb/0001-orders-installs.sql. */
#define CERTS_VIEW                                                    \
	"SQL SECURITY DEFINER VIEW host_certs AS "                    \
	"SELECT name, enable, crt, ca, md5_ca, ts_expire, "           \
	"(SELECT MAX(min_reader) FROM schema_version) AS min_reader " \
	"FROM certs"
#define INSTALLS_VIEW                                        \
	"SQL SECURITY DEFINER VIEW host_installs AS "        \
	"SELECT host, name, service, endpoint, protocol, "   \
	"state, fingerprint, serial, ts_expire, depth, ts, " \
	"detail, version FROM installs"

static const char *const rights[] = {
	"CREATE USER IF NOT EXISTS " OWNER " ACCOUNT LOCK",
	"GRANT SELECT ON certs TO " OWNER,
	"GRANT SELECT ON schema_version TO " OWNER,
	"GRANT SELECT, INSERT, UPDATE, DELETE ON installs TO " OWNER,
	"GRANT SELECT ON hosts TO " OWNER,
	"GRANT SELECT ON host_names TO " OWNER,
	"GRANT SELECT, INSERT, DELETE ON host_requests TO " OWNER,
	NULL
};
static const char *const views[] = {
	"CREATE OR REPLACE DEFINER = " OWNER " " CERTS_VIEW,
	"CREATE OR REPLACE DEFINER = " OWNER " " INSTALLS_VIEW, NULL
};

/* For want of rights: at least they work. */
static const char *const our_views[] = { "CREATE OR REPLACE " CERTS_VIEW,
					 "CREATE OR REPLACE " INSTALLS_VIEW,
					 NULL };

#define N_ROUTINES 5 /* procedures among the statements of store_routines */

/* What there is. */
struct sight {
	struct arena *arena;
	const char *was;   /* the definer of the views, "" */
	const char *maker; /* that of the procedures, "" */
	bool works;	   /* the views do */
	bool none;	   /* they are not there at all */
	int64_t calls;	   /* so many procedures are as they should be */
	const char *old;   /* see struct store_owner */
};

static bool lost(const struct store *s)
{
	return db_fault(s->db) == DB_FAULT_LOST ||
	       db_fault(s->db) == DB_FAULT_RETRY;
}

static bool is_grant(const char *sql)
{
	return strncmp(sql, "GRANT ", 6) == 0;
}

/* 1; 0: refused, and ERR says why; -1. */
static int run_all(struct store *s, const char *const *sql, struct err *err)
{
	for (; *sql; sql++)
		if (db_script(s->db, *sql, err) == -1)
			return lost(s) ? -1 : 0;
	return 1;
}

/* Of the procedures what grants the owner its right to them, which goes with
 * it and comes not back with it; or all else. */
static int run_routines(struct store *s, bool grants, struct err *err)
{
	for (const char *const *sql = store_routines; *sql; sql++)
		if (is_grant(*sql) == grants &&
		    db_script(s->db, *sql, err) == -1)
			return lost(s) ? -1 : 0;
	return 1;
}

/* The procedures as ours: what is the owner's in the statements is left out. */
static int make_ours(struct store *s, struct err *err)
{
	static const char lead[] = "CREATE OR REPLACE DEFINER = " OWNER;

	for (const char *const *sql = store_routines; *sql; sql++) {
		AUTO(mem_free_str) char *ours = NULL;

		if (strncmp(*sql, lead, strlen(lead)) != 0)
			continue;
		ours = mem_printf("CREATE OR REPLACE %s", *sql + strlen(lead));
		if (db_script(s->db, ours, err) == -1)
			return lost(s) ? -1 : 0;
	}
	return 1;
}

/* Of several, the one that is not as it should be. */
static int find_definer(struct store *s, const char *sql, struct arena *a,
			const char **ret, struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	const char *definer, *found = NULL;
	int rc;

	if (store_query(s, sql, "w", NO_ARGS, &st, err) == -1)
		return -1;
	while ((rc = db_step(st, err)) == 1) {
		definer = store_col_text(st, 0, a);
		if (!found || strcmp(found, STORE_OWNER) == 0)
			found = definer;
	}
	*ret = found ? found : "";
	return rc;
}

bool store_owner_new_enough(const char *version)
{
	char *end;
	long major = strtol(version, &end, 10);
	long minor = *end == '.' ? strtol(end + 1, NULL, 10) : 0;

	return strstr(version, "MariaDB") &&
	       (major > 10 || (major == 10 && minor >= 6));
}

/* *RET: NULL, or what it is when it is too old. */
static int find_version(struct store *s, struct arena *a, const char **ret,
			struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	const char *version;

	if (store_query(s, "SELECT VERSION()", "W", NO_ARGS, &st, err) == -1 ||
	    db_step(st, err) == -1)
		return -1;
	version = store_col_text(st, 0, a);
	*ret = store_owner_new_enough(version) ? NULL : version;
	return 0;
}

/* Whether an account without the right to call them would find them working is
 * not known: they are taken to. */
static int probe_calls(struct store *s, struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;

	if (store_query(s, "CALL host_requests_mine('')", "ITTTITTTII", NO_ARGS,
			&st, err) == 0 &&
	    db_step(st, err) != -1)
		return 1;
	return lost(s) ? -1 : db_fault(s->db) == DB_FAULT_NO_ROUTINE;
}

static int count_routines(struct store *s, int64_t *ret, struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;

	if (store_query(s,
			"SELECT COUNT(*) FROM information_schema.routines "
			"WHERE routine_schema = DATABASE() AND "
			"routine_name IN ('host_certs_get', "
			"'host_receipts_put', 'host_receipts_mine', "
			"'host_requests_put', 'host_requests_mine') AND "
			"routine_comment = ?",
			"I", ARGS(T(store_routines_id)), &st, err) == -1 ||
	    db_step(st, err) == -1)
		return -1;
	*ret = db_col_int(st, 0);
	return 0;
}

/* 1 they can be read, 0 not, -1. RET_NONE: they are not there at all. */
static int probe(struct store *s, bool *ret_none, struct err *err)
{
	static const char *const sql[] = {
		"SELECT COUNT(*) FROM host_certs WHERE name = ''",
		"SELECT COUNT(*) FROM host_installs WHERE host = ''",
	};

	for (size_t i = 0; i < ARRAY_LEN(sql); i++) {
		AUTO(store_done) struct db_stmt *st = NULL;

		if (store_query(s, sql[i], "i", NO_ARGS, &st, err) == -1 ||
		    db_step(st, err) == -1) {
			*ret_none = db_fault(s->db) == DB_FAULT_NO_TABLE;
			return lost(s) ? -1 : 0;
		}
	}
	return 1;
}

static int use(struct store *s, struct sbuf *b, struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	AUTO(arena_free) struct arena *a = arena_new();
	int rc;

	if (store_query(s, "SELECT DATABASE()", "T", NO_ARGS, &st, err) == -1 ||
	    (rc = db_step(st, err)) == -1)
		return -1;
	if (rc == 0)
		return 0;
	sbuf_adds(b, "USE `");
	for (const char *p = store_col_text(st, 0, a); *p; p++)
		sbuf_addf(b, *p == '`' ? "``" : "%c", *p);
	sbuf_adds(b, "`;\n");
	return 0;
}

/* An account without rights on them sees no row here. */
static int look(struct store *s, struct sight *w, struct err *err)
{
	int works, calls;

	if (find_definer(s,
			 "SELECT definer FROM information_schema.views WHERE "
			 "table_schema = DATABASE() AND table_name IN "
			 "('host_certs', 'host_installs')",
			 w->arena, &w->was, err) == -1 ||
	    find_definer(s,
			 "SELECT definer FROM information_schema.routines "
			 "WHERE routine_schema = DATABASE() AND routine_name "
			 "IN ('host_certs_get', 'host_receipts_put', "
			 "'host_receipts_mine', 'host_requests_put', "
			 "'host_requests_mine')",
			 w->arena, &w->maker, err) == -1 ||
	    find_version(s, w->arena, &w->old, err) == -1 ||
	    count_routines(s, &w->calls, err) == -1 ||
	    (works = probe(s, &w->none, err)) == -1 ||
	    (calls = w->calls == 0 ? 0 : probe_calls(s, err)) == -1)
		return -1;
	w->works = works == 1;
	if (calls == 0)
		w->calls = 0;
	return 0;
}

static bool views_fine(const struct sight *w)
{
	return w->works && strcmp(w->was, STORE_OWNER) == 0;
}

static bool calls_fine(const struct sight *w)
{
	return w->old ||
	       (w->calls == N_ROUTINES && strcmp(w->maker, STORE_OWNER) == 0);
}

/* As they are pasted into a client that has no database yet. */
static int statements(struct store *s, const struct sight *w, char **ret,
		      struct err *err)
{
	AUTO(sbuf_free) struct sbuf b = SBUF_INIT(100000);

	if (use(s, &b, err) == -1)
		return -1;
	for (const char *const *sql = rights; *sql; sql++)
		sbuf_addf(&b, "%s;\n", *sql);
	for (const char *const *sql = views; *sql; sql++)
		sbuf_addf(&b, "%s;\n", *sql);
	if (!w->old)
		sbuf_adds(&b, "DELIMITER //\n");
	for (const char *const *sql = store_routines; *sql && !w->old; sql++)
		sbuf_addf(&b, "%s//\n", *sql);
	if (!w->old)
		sbuf_adds(&b, "DELIMITER ;\n");
	*ret = mem_strdup(sbuf_str(&b));
	return 0;
}

/* What is right already is left alone: to replace it waits for whoever uses it.
 * Rights are given again: what is missing of them is not seen. 1, 0, -1. */
static int give(struct store *s, const struct sight *w, struct err *err)
{
	int rc = run_all(s, rights, err);

	if (rc == 1 && !views_fine(w))
		rc = run_all(s, views, err);
	if (rc == 1 && !calls_fine(w))
		rc = run_routines(s, false, err);
	if (rc == 1 && !w->old)
		rc = run_routines(s, true, err);
	return rc;
}

/* For want of rights. */
static int make_do(struct store *s, const struct sight *w, struct err *err)
{
	if (!w->works && run_all(s, our_views, err) == -1)
		return -1;
	if (!w->old && w->calls < N_ROUTINES && make_ours(s, err) == -1)
		return -1;
	return 0;
}

static int take(struct store *s, struct arena *arena, struct store_owner *ret,
		struct err *err)
{
	struct sight before = { .arena = arena }, now = { .arena = arena };
	struct store_owner o = { .state = STORE_OWNER_FINE };
	struct err own = ERR_INIT;
	bool fine;
	int given;

	if (look(s, &before, err) == -1)
		return -1;
	o.was = before.was;
	if (!before.works && !*o.was && !before.none) {
		o.state = STORE_OWNER_HIDDEN;
		*ret = o;
		return 0;
	}
	fine = views_fine(&before) && calls_fine(&before);
	given = give(s, &before, &own);
	if (given == -1 ||
	    (given == 0 && !fine && make_do(s, &before, &own) == -1) ||
	    look(s, &now, &own) == -1) {
		*err = own;
		return -1;
	}
	if (!fine)
		o.state = given ? STORE_OWNER_TAKEN : STORE_OWNER_REFUSED;
	o.gone = !before.works;
	o.works = now.works;
	o.old = now.old;
	o.calls = now.calls == N_ROUTINES;
	if (o.state == STORE_OWNER_REFUSED &&
	    statements(s, &now, &o.sql, err) == -1)
		return -1;
	*ret = o;
	return 0;
}

int store_owner_take(struct store *s, struct arena *arena,
		     struct store_owner *ret, struct err *err)
{
	if (strcmp(db_dialect(s->db), "mariadb") != 0) {
		*ret = (struct store_owner){ .was = "", .works = true };
		return 0;
	}
	db_renew(s->db);
	return take(s, arena, ret, err);
}

int store_owner_routines(struct store *s, bool *ret, struct err *err)
{
	AUTO(arena_free) struct arena *arena = arena_new();
	const char *old = "";

	if (strcmp(db_dialect(s->db), "mariadb") == 0 &&
	    STORE_TRY_ANY(s, STORE_TX_NO, err,
			  find_version(s, arena, &old, err)) == -1)
		return -1;
	*ret = !old;
	return 0;
}
