/* SPDX-License-Identifier: MIT */
#include "fleet_account.h"
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <string.h>
#include "enc.h"
#include "namemap.h"
#include "store_impl.h"

#define PREFIX	"certrepo-host-"
#define HEAD	33 /* characters of a long host */
#define SHA	32 /* of its hash */
#define SQL_MAX 20000

#define USERS_MAX 1000000 /* of the server */

static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
			      "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

static const char *const procedures[] = {
	"host_certs_get",    "host_receipts_put",  "host_receipts_mine",
	"host_requests_put", "host_requests_mine",
};
#define PROCEDURES                                                       \
	"('host_certs_get', 'host_receipts_put', 'host_receipts_mine', " \
	"'host_requests_put', 'host_requests_mine')"

const char *fleet_account_of(const char *host, char ret[FLEET_ACCOUNT_MAX + 1])
{
	char sha[ENC_SHA256_HEX];
	size_t len = strlen(host);

	if (sizeof(PREFIX) - 1 + len <= FLEET_ACCOUNT_MAX)
		(void) snprintf(ret, FLEET_ACCOUNT_MAX + 1, PREFIX "%s", host);
	else
		(void) snprintf(ret, FLEET_ACCOUNT_MAX + 1, PREFIX "%.*s+%.*s",
				HEAD, host, SHA,
				enc_sha256_hex(host, len, sha));
	return ret;
}

int fleet_password_new(char ret[FLEET_PASSWORD_LEN + 1], struct err *err)
{
	char made[FLEET_PASSWORD_LEN + 1] = "";
	const unsigned int n = sizeof(letters) - 1;
	unsigned char byte;

	for (size_t i = 0; i < FLEET_PASSWORD_LEN;) {
		if (RAND_bytes(&byte, 1) != 1)
			return err_set(err, ERR_INTERNAL,
				       "there are no random numbers for a "
				       "password");
		/* The last few would make some letters likelier. */
		if (byte < 256 / n * n)
			made[i++] = letters[byte % n];
	}
	memcpy(ret, made, sizeof(made));
	mem_erase(made, sizeof(made));
	return 0;
}

const char *fleet_password_hash(const char *password,
				char ret[FLEET_HASH_LEN + 1])
{
	unsigned char once[EVP_MAX_MD_SIZE], twice[EVP_MAX_MD_SIZE];
	unsigned int len = 0;

	if (EVP_Digest(password, strlen(password), once, &len, EVP_sha1(),
		       NULL) != 1 ||
	    EVP_Digest(once, len, twice, &len, EVP_sha1(), NULL) != 1)
		mem_exhausted();
	mem_erase(once, sizeof(once));
	ret[0] = '*';
	enc_hex(twice, len, ret + 1);
	for (char *p = ret; *p; p++)
		if (*p >= 'a' && *p <= 'f')
			*p = (char) (*p - 'a' + 'A');
	return ret;
}

bool fleet_accounts(const struct store *s)
{
	return strcmp(db_dialect(s->db), "mariadb") == 0;
}

static bool lost(const struct store *s, const struct err *err)
{
	return db_fault(s->db) == DB_FAULT_LOST ||
	       db_fault(s->db) == DB_FAULT_RETRY ||
	       err->kind == ERR_UNAVAILABLE;
}

/* --- what there is --- */

struct found {
	enum fleet_seen seen;
	bool tls;     /* REQUIRE SSL, or more */
	bool limited; /* in its connections */
	char hash[FLEET_HASH_LEN + 1];
};

static int look(struct store *s, const char *account, struct found *ret,
		struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	struct found f = { .seen = FLEET_MISSING };
	struct err own = ERR_INIT;
	int rc = -1;

	if (store_query(s,
			"SELECT ssl_type, max_user_connections, "
			"authentication_string FROM mysql.user WHERE user = ? "
			"AND host = '%'",
			"wnw", ARGS(T(account)), &st, &own) == 0)
		rc = db_step(st, &own);
	if (rc == -1 && lost(s, &own)) {
		*err = own;
		return -1;
	}
	if (rc == -1)
		f.seen = FLEET_HIDDEN;
	if (rc == 1) {
		const char *tls = db_col_text(st, 0);

		f.seen = FLEET_THERE;
		f.tls = tls && *tls;
		f.limited = db_col_int(st, 1) > 0;
		(void) store_fit(db_col_text(st, 2), f.hash, sizeof(f.hash));
	}
	*ret = f;
	return 0;
}

int fleet_account_look(struct store *s, const char *account,
		       enum fleet_seen *ret, struct err *err)
{
	struct found f;

	if (STORE_TRY(s, STORE_TX_NO, err, look(s, account, &f, err)) == -1)
		return -1;
	*ret = f.seen;
	return 0;
}

/* The users that the server has, at whatever host. 1, 0 they cannot be seen,
 * -1. */
static int read_users(struct store *s, struct namemap *ret, struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	AUTO(arena_free) struct arena *a = arena_new();
	struct err own = ERR_INIT;
	const char *user;
	int rc = -1;

	namemap_clear(ret);
	if (store_query(s, "SELECT user FROM mysql.user LIMIT ?", "w",
			ARGS(I(USERS_MAX)), &st, &own) == 0) {
		db_limit(st, USERS_MAX, DB_ANSWER_MAX);
		while ((rc = db_step(st, &own)) == 1) {
			user = store_col_text(st, 0, a);
			if (user)
				namemap_put(ret, user, 0);
		}
	}
	if (rc == 0)
		return 1;
	if (!lost(s, &own))
		return 0;
	*err = own;
	return -1;
}

struct lacking {
	const struct namemap *users;
	struct arena *arena;
	struct fleet_lacks *to;
};

static int lacking_host(const struct fleet_known *h, void *arg, struct err *err)
{
	struct lacking *l = arg;

	if (!h->account || namemap_get(l->users, h->account) != -1)
		return 0;
	if (l->to->hosts < FLEET_LACKS_SHOWN)
		l->to->host[l->to->hosts] = arena_strdup(l->arena, h->host);
	l->to->hosts++;
	return 0;
}

static int lacking_shared(struct store *s, const struct namemap *users,
			  struct arena *a, struct fleet_lacks *to,
			  struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	const char *account;
	int rc;

	to->shared = 0;
	if (store_query(s,
			"SELECT DISTINCT n.account FROM host_names n WHERE NOT "
			"EXISTS (SELECT 1 FROM hosts h WHERE h.account = "
			"n.account) ORDER BY n.account LIMIT 1000",
			"w", NO_ARGS, &st, err) == -1)
		return -1;
	while ((rc = db_step(st, err)) == 1) {
		account = store_col_text(st, 0, a);
		if (!account || namemap_get(users, account) != -1)
			continue;
		if (to->shared < FLEET_LACKS_SHOWN)
			to->account[to->shared] = account;
		to->shared++;
	}
	return rc;
}

int fleet_account_lacks(struct store *s, struct arena *a,
			struct fleet_lacks *ret, struct err *err)
{
	AUTO(namemap_free) struct namemap *users = namemap_new();
	struct fleet_lacks found = { .hosts = 0 };
	struct lacking l = { .users = users, .arena = a, .to = &found };
	int seen = fleet_accounts(s) ? STORE_TRY(s, STORE_TX_NO, err,
						 read_users(s, users, err))
				     : 0;

	if (seen == -1)
		return -1;
	if (seen == 1 &&
	    (fleet_hosts_each(s, lacking_host, &l, err) == -1 ||
	     STORE_TRY(s, STORE_TX_NO, err,
		       lacking_shared(s, users, a, &found, err)) == -1))
		return -1;
	*ret = found;
	return 0;
}

/* Has it any right but to call our procedures? What cannot be seen counts as
 * one. */
static int has_more(struct store *s, const char *account, bool *ret,
		    struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	char grantee[FLEET_ACCOUNT_MAX + 10];
	struct err own = ERR_INIT;
	int rc = -1;

	(void) snprintf(grantee, sizeof(grantee), "'%s'@'%%'", account);
	if (store_query(
		    s,
		    "SELECT (SELECT COUNT(*) FROM mysql.db WHERE user = ? AND "
		    "host = '%') + (SELECT COUNT(*) FROM mysql.tables_priv "
		    "WHERE user = ? AND host = '%') + (SELECT COUNT(*) FROM "
		    "mysql.columns_priv WHERE user = ? AND host = '%') + "
		    "(SELECT COUNT(*) FROM mysql.roles_mapping WHERE user = ? "
		    "AND host = '%') + (SELECT COUNT(*) FROM mysql.procs_priv "
		    "WHERE user = ? AND host = '%' AND NOT (db = DATABASE() "
		    "AND routine_type = 'PROCEDURE' AND proc_priv = 'Execute' "
		    "AND routine_name IN " PROCEDURES ")) + (SELECT COUNT(*) "
		    "FROM information_schema.user_privileges WHERE grantee = ? "
		    "AND (privilege_type <> 'USAGE' OR is_grantable = "
		    "'YES'))",
		    "I",
		    ARGS(T(account), T(account), T(account), T(account),
			 T(account), T(grantee)),
		    &st, &own) == 0)
		rc = db_step(st, &own);
	if (rc == -1 && lost(s, &own)) {
		*err = own;
		return -1;
	}
	*ret = rc != 1 || db_col_int(st, 0) > 0;
	return 0;
}

static int check_procedures(struct store *s, struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	int rc;

	if (store_query(s,
			"SELECT COUNT(*) FROM information_schema.routines "
			"WHERE routine_schema = DATABASE() AND routine_type = "
			"'PROCEDURE' AND routine_name IN " PROCEDURES,
			"I", NO_ARGS, &st, err) == -1)
		return -1;
	rc = db_step(st, err);
	if (rc != 1 || db_col_int(st, 0) == ARRAY_LEN(procedures))
		return rc == -1 ? -1 : 0;
	return err_set(err, ERR_CONFIG,
		       "%s has not the procedures that hosts call, or this "
		       "account may not see them: run certrepo-populate init "
		       "(they need MariaDB 10.6 or later)",
		       store_name(s));
}

static int database(struct store *s, struct sbuf *ret, struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	const char *name;
	int rc;

	if (store_query(s, "SELECT DATABASE()", "T", NO_ARGS, &st, err) == -1 ||
	    (rc = db_step(st, err)) == -1)
		return -1;
	sbuf_addc(ret, '`');
	name = rc == 1 ? db_col_text(st, 0) : "";
	for (const char *p = name; *p; p++)
		sbuf_addf(ret, *p == '`' ? "``" : "%c", *p);
	sbuf_addc(ret, '`');
	return 0;
}

/* --- statements, each in a line of its own --- */

static void add_grants(const char *db, const char *account, struct sbuf *b)
{
	for (size_t i = 0; i < ARRAY_LEN(procedures); i++)
		sbuf_addf(b, "GRANT EXECUTE ON PROCEDURE %s.%s TO '%s'@'%%';\n",
			  db, procedures[i], account);
}

static void add_kill(const char *account, struct sbuf *b)
{
	sbuf_addf(b, "KILL USER '%s'@'%%';\n", account);
}

#define WITH                 \
	" REQUIRE SSL WITH " \
	"MAX_USER_CONNECTIONS %d"
#define HASH " IDENTIFIED VIA mysql_native_password USING '%s'"

static void add_create(const char *how, const char *account, const char *hash,
		       struct sbuf *b)
{
	sbuf_addf(b, "CREATE %s '%s'@'%%'" HASH WITH ";\n", how, account, hash,
		  FLEET_CONNECTIONS);
}

/* Of one that is there. */
static void add_alter(const char *account, const char *hash,
		      const struct found *f, struct sbuf *b)
{
	if (!hash && f->tls && f->limited)
		return;
	sbuf_addf(b, "ALTER USER '%s'@'%%'", account);
	if (hash)
		sbuf_addf(b, HASH, hash);
	if (!f->tls)
		sbuf_adds(b, " REQUIRE SSL");
	if (!f->limited)
		sbuf_addf(b, " WITH MAX_USER_CONNECTIONS %d",
			  FLEET_CONNECTIONS);
	sbuf_adds(b, ";\n");
}

/* Those that make the account what it has to be, from what was found. */
static void add_all(const char *db, const char *account, const char *hash,
		    const struct found *f, bool strip, struct sbuf *b)
{
	if (f->seen == FLEET_THERE) {
		if (strip)
			sbuf_addf(b,
				  "REVOKE ALL PRIVILEGES, GRANT OPTION FROM "
				  "'%s'@'%%';\n",
				  account);
		add_alter(account, hash, f, b);
	} else {
		/* With the password that is told: one that was there, unseen,
		 * has another. */
		add_create(f->seen == FLEET_HIDDEN ? "OR REPLACE USER" : "USER",
			   account, hash, b);
	}
	add_grants(db, account, b);
	if (hash && f->seen != FLEET_MISSING)
		add_kill(account, b);
}

/* 1; 0: the server refuses, WHY says what; -1. */
static int run_lines(struct store *s, const char *sql, struct err *why,
		     struct err *err)
{
	struct err own = ERR_INIT;

	for (const char *p = sql; *p; p += strcspn(p, "\n") + 1) {
		/* Without the semicolon: one statement each. */
		AUTO(mem_free_str)
		char *one = mem_strndup(p, strcspn(p, "\n") - 1);

		if (db_script(s->db, one, &own) == 0)
			continue;
		*(lost(s, &own) ? err : why) = own;
		return lost(s, &own) ? -1 : 0;
	}
	return 1;
}

static int put(struct store *s, const char *account, const char *hash,
	       struct fleet_account *ret, struct err *err)
{
	AUTO(sbuf_free) struct sbuf db = SBUF_INIT(200);
	AUTO(sbuf_free) struct sbuf b = SBUF_INIT(SQL_MAX);
	bool strip = false;
	struct found f;
	int rc = 0;

	if (look(s, account, &f, err) == -1 || database(s, &db, err) == -1)
		return -1;
	if (f.seen == FLEET_THERE && has_more(s, account, &strip, err) == -1)
		return -1;
	if (f.seen != FLEET_HIDDEN && check_procedures(s, err) == -1)
		return -1;
	ret->was = f.seen;
	/* It is the one it has: nobody need be cut off. */
	if (hash && strcmp(hash, f.hash) == 0)
		hash = NULL;
	if (!hash && f.seen != FLEET_THERE)
		return err_set(err, ERR_INTERNAL,
			       "an account without a password");
	add_all(sbuf_str(&db), account, hash, &f, strip, &b);
	if (f.seen != FLEET_HIDDEN)
		rc = run_lines(s, sbuf_str(&b), &ret->why, err);
	if (rc == -1)
		return -1;
	ret->done = rc == 1;
	ret->stripped = strip && ret->done;
	if (!ret->done)
		ret->sql = sbuf_take(&b, NULL);
	return 0;
}

/* Repeated from its beginning, it finds what was done. */
int fleet_account_put(struct store *s, const char *host, const char *hash,
		      struct fleet_account *ret, struct err *err)
{
	char account[FLEET_ACCOUNT_MAX + 1];
	struct fleet_account f = { .done = false };

	if (fleet_host_check(host, err) == -1 ||
	    STORE_TRY(s, STORE_TX_NO, err,
		      put(s, fleet_account_of(host, account), hash, &f, err)) ==
		    -1)
		return -1;
	*ret = f;
	return 0;
}

static int drop(struct store *s, const char *account, struct fleet_account *ret,
		struct err *err)
{
	AUTO(sbuf_free) struct sbuf b = SBUF_INIT(SQL_MAX);
	struct found f;
	int rc;

	if (look(s, account, &f, err) == -1)
		return -1;
	sbuf_addf(&b, "DROP USER IF EXISTS '%s'@'%%';\n", account);
	/* Sessions outlive their account. */
	add_kill(account, &b);
	ret->was = f.seen;
	rc = f.seen == FLEET_HIDDEN
		     ? 0
		     : run_lines(s, sbuf_str(&b), &ret->why, err);
	if (rc == -1)
		return -1;
	ret->done = rc == 1;
	if (!ret->done)
		ret->sql = sbuf_take(&b, NULL);
	return 0;
}

int fleet_account_drop(struct store *s, const char *host,
		       struct fleet_account *ret, struct err *err)
{
	char account[FLEET_ACCOUNT_MAX + 1];
	struct fleet_account f = { .done = false };

	if (fleet_host_check(host, err) == -1 ||
	    STORE_TRY(s, STORE_TX_NO, err,
		      drop(s, fleet_account_of(host, account), &f, err)) == -1)
		return -1;
	*ret = f;
	return 0;
}

void fleet_account_free(struct fleet_account *f)
{
	free(f->sql);
	f->sql = NULL;
}
