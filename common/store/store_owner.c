/* SPDX-License-Identifier: MIT */
#include "store_owner.h"
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

static const char *const to_owner[] = {
	"CREATE USER IF NOT EXISTS " OWNER " ACCOUNT LOCK",
	"GRANT SELECT ON certs TO " OWNER,
	"GRANT SELECT ON schema_version TO " OWNER,
	"GRANT SELECT, INSERT, UPDATE, DELETE ON installs TO " OWNER,
	"CREATE OR REPLACE DEFINER = " OWNER " " CERTS_VIEW,
	"CREATE OR REPLACE DEFINER = " OWNER " " INSTALLS_VIEW,
};

/* For want of rights: at least they work. */
static const char *const to_ourselves[] = {
	"CREATE OR REPLACE " CERTS_VIEW,
	"CREATE OR REPLACE " INSTALLS_VIEW,
};

static bool lost(const struct store *s)
{
	return db_fault(s->db) == DB_FAULT_LOST ||
	       db_fault(s->db) == DB_FAULT_RETRY;
}

/* 1; 0: refused, and ERR says why; -1. */
static int run_all(struct store *s, const char *const *sql, size_t n,
		   struct err *err)
{
	for (size_t i = 0; i < n; i++)
		if (db_script(s->db, sql[i], err) == -1)
			return lost(s) ? -1 : 0;
	return 1;
}

static int find_definer(struct store *s, struct arena *a, const char **ret,
			struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	const char *definer, *found = NULL;
	int rc;

	/* An account without rights on them sees no row here. */
	if (store_query(s,
			"SELECT definer FROM information_schema.views WHERE "
			"table_schema = DATABASE() AND table_name IN "
			"('host_certs', 'host_installs')",
			"w", NO_ARGS, &st, err) == -1)
		return -1;
	while ((rc = db_step(st, err)) == 1) {
		definer = store_col_text(st, 0, a);
		/* Of two, the one that is not as it should be. */
		if (!found || strcmp(found, STORE_OWNER) == 0)
			found = definer;
	}
	*ret = found ? found : "";
	return rc;
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

/* As they are pasted into a client that has no database yet. */
static int statements(struct store *s, char **ret, struct err *err)
{
	AUTO(sbuf_free) struct sbuf b = SBUF_INIT(10000);

	if (use(s, &b, err) == -1)
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(to_owner); i++)
		sbuf_addf(&b, "%s;\n", to_owner[i]);
	*ret = mem_strdup(sbuf_str(&b));
	return 0;
}

int store_owner_take(struct store *s, struct arena *arena,
		     struct store_owner *ret, struct err *err)
{
	struct store_owner o = { .was = "", .works = true };
	struct err own = ERR_INIT;
	bool none = false;
	int works, taken;

	if (strcmp(db_dialect(s->db), "mariadb") != 0) {
		*ret = o;
		return 0;
	}
	db_renew(s->db);
	if (find_definer(s, arena, &o.was, err) == -1 ||
	    (works = probe(s, &none, err)) == -1)
		return -1;
	o.gone = works == 0;
	if (o.gone && !*o.was && !none) {
		o.state = STORE_OWNER_HIDDEN;
		o.gone = o.works = false;
		*ret = o;
		return 0;
	}
	if (!o.gone && strcmp(o.was, STORE_OWNER) == 0) {
		*ret = o;
		return 0;
	}
	taken = run_all(s, to_owner, ARRAY_LEN(to_owner), &own);
	if (taken == 0 && o.gone)
		taken = run_all(s, to_ourselves, ARRAY_LEN(to_ourselves),
				&own) == -1
				? -1
				: 0;
	if (taken == -1 || (works = probe(s, &none, &own)) == -1) {
		*err = own;
		return -1;
	}
	o.state = taken ? STORE_OWNER_TAKEN : STORE_OWNER_REFUSED;
	o.works = works == 1;
	if (!taken && statements(s, &o.sql, err) == -1)
		return -1;
	*ret = o;
	return 0;
}
