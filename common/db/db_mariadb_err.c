/* SPDX-License-Identifier: MIT */
#include "db_mariadb_err.h"
#include <mysql.h>
#include <mysqld_error.h>
#include <errmsg.h>
#include <stdio.h>
#include <string.h>
#include "clock.h"
#include "paths.h"
#include "plain.h"

#define GRANTS		CERTREPO_DATA_DIR "/grants.sql"
#define CONNECT_TIMEOUT 10
#define IO_TIMEOUT	30

const char *db_mariadb_place(const struct store_conf *c,
			     struct db_mariadb_place *p)
{
	if (c->socket)
		(void) snprintf(p->text, sizeof(p->text), "MariaDB at %s",
				c->socket);
	else if (c->host)
		(void) snprintf(p->text, sizeof(p->text), "MariaDB at %s:%lld",
				c->host,
				(long long) (c->port ? c->port : 3306));
	else
		(void) snprintf(p->text, sizeof(p->text),
				"MariaDB (by option file %s)",
				c->option_file ? c->option_file : "none");
	return p->text;
}

int64_t db_mariadb_connect_timeout(const struct store_conf *c)
{
	return c->connect_timeout > 0 ? c->connect_timeout : CONNECT_TIMEOUT;
}

int64_t db_mariadb_timeout(const struct store_conf *c)
{
	return c->timeout > 0 ? c->timeout : IO_TIMEOUT;
}

static const char *user_of(const struct store_conf *c)
{
	return c->user ? c->user : "of the option file";
}

/* By the clock of this host, which may be what is wrong: who believes the first
 * half alone replaces a good certificate. */
static int not_now_fail(const char *where, bool not_yet, struct err *err)
{
	char doubt[CLOCK_DOUBT];

	return err_set(err, ERR_CONFIG,
		       "%s shows a certificate that %s; %s; only if the clock "
		       "is right, give the server %s (ssl_cert), then run "
		       "there: FLUSH SSL",
		       where, not_yet ? "is not valid yet" : "has expired",
		       clock_doubt(clock_now(), doubt),
		       not_yet ? "another one, made by a right clock"
			       : "a new one");
}

/* The library's texts name the cause, if at all, in the words of OpenSSL. */
static int tls_fail(const struct store_conf *c, const char *where,
		    const char *text, struct err *err)
{
	const char *ca = c->ca_file ? c->ca_file : "(none given)";
	char said[PLAIN_QUOTED];

	if (strstr(text, "doesn't support") || strstr(text, "not support") ||
	    strstr(text, "SSL is required"))
		return err_set(err, ERR_CONFIG,
			       "%s does not offer TLS, and clear text is "
			       "refused: set up ssl_cert and ssl_key on the "
			       "server",
			       where);
	if (strstr(text, "Validation of SSL server certificate failed") ||
	    strstr(text, "Hostname verification failed"))
		return err_set(err, ERR_CONFIG,
			       "%s shows a certificate that is not for the "
			       "name \"%s\"",
			       where, c->host ? c->host : "of the option file");
	if (strstr(text, "expired") || strstr(text, "not yet valid"))
		return not_now_fail(where, !strstr(text, "expired"), err);
	if (strstr(text, "self-signed") || strstr(text, "self signed") ||
	    strstr(text, "verify failed") || strstr(text, "local issuer"))
		return err_set(err, ERR_CONFIG,
			       "%s shows a certificate that does not come "
			       "from the CA of ca_file %s (%s)",
			       where, ca, plain_quoted(text, said));
	return err_set(err, ERR_CONFIG, "%s: no TLS connection: %s", where,
		       plain_quoted(text, said));
}

/* The time was up. How it was spent is not known: the library looks up the name
 * by itself, too. */
static int slow_fail(const char *where, unsigned code, int64_t limit_ms,
		     struct err *err)
{
	bool connected =
		code != CR_CONNECTION_ERROR && code != CR_CONN_HOST_ERROR;

	return err_set(err, ERR_UNAVAILABLE, "%s %s within %lld s", where,
		       connected ? "accepted the connection, but began no "
				   "session"
				 : "could not be reached",
		       (long long) (limit_ms + 999) / 1000);
}

/* What a server says before TLS, in the words of the library: from anybody,
 * so it is repeated and not believed. */
static const char *unverified(const char *text)
{
	static const char lead[] = "cannot be verified: ";
	const char *p = strstr(text, lead);

	return p ? p + strlen(lead) : NULL;
}

/* LATE_MS: the limit, when the time was up; 0. */
static int down_fail(struct db *db, unsigned code, const char *text,
		     int64_t late_ms, struct err *err)
{
	struct db_mariadb_place p;
	const char *where = db_mariadb_place(db->conf, &p);
	char said[PLAIN_QUOTED];

	if (code == CR_UNKNOWN_HOST)
		return err_set(err, ERR_UNAVAILABLE,
			       "%s: the host name cannot be resolved", where);
	if (unverified(text))
		return err_set(err, ERR_UNAVAILABLE,
			       "%s turned us away before TLS could show that "
			       "it is the one; it said: %s",
			       where, plain_quoted(unverified(text), said));
	if (late_ms > 0)
		return slow_fail(where, code, late_ms, err);
	if (code != CR_CONNECTION_ERROR && code != CR_CONN_HOST_ERROR)
		return err_set(err, ERR_UNAVAILABLE,
			       "%s closed the connection before a session "
			       "began: it is starting, stopping or overloaded, "
			       "or it is no MariaDB",
			       where);
	return err_set(err, ERR_UNAVAILABLE,
		       "%s does not accept connections: is the server "
		       "running, and reachable from here?",
		       where);
}

static int no_database(const char *where, const char *name, struct err *err)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz0123456789_"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	const char *quote = name[strspn(name, plain)] ? "`" : "";

	return err_set(err, ERR_CONFIG,
		       "%s has no database \"%s\": make it, as an "
		       "administrator, by: CREATE DATABASE %s%s%s CHARACTER "
		       "SET ascii COLLATE ascii_bin; then run "
		       "certrepo-populate init",
		       where, name, quote, name, quote);
}

static int denied_fail(struct db *db, unsigned code, const char *text,
		       struct err *err)
{
	const struct store_conf *c = db->conf;
	struct db_mariadb_place p;
	const char *where = db_mariadb_place(c, &p);
	char said[PLAIN_QUOTED];

	switch (code) {
	case ER_ACCESS_DENIED_ERROR:
	case ER_ACCESS_DENIED_NO_PASSWORD_ERROR:
		return err_set(err, ERR_CONFIG,
			       "%s refuses user \"%s\": wrong password "
			       "(%s%s) or no such user for this host",
			       where, user_of(c),
			       c->password_file ? "password_file "
						: "no password_file given",
			       c->password_file ? c->password_file : "");
	case ER_DBACCESS_DENIED_ERROR:
		return err_set(err, ERR_CONFIG,
			       "%s: there is no database \"%s\", or user "
			       "\"%s\" has no rights on it: see "
			       "" GRANTS,
			       where, c->database ? c->database : "certrepo",
			       user_of(c));
	case ER_BAD_DB_ERROR:
		return no_database(where,
				   c->database ? c->database : "certrepo", err);
	case CR_PLUGIN_NOT_ALLOWED:
	case CR_AUTH_PLUGIN_CANNOT_LOAD:
		/* Its text is garbled. */
		return err_set(err, ERR_CONFIG,
			       "%s asks user \"%s\" to log in in a way that "
			       "is refused, since it could give the password "
			       "away: let the account use "
			       "mysql_native_password, ed25519 or unix_socket",
			       where, user_of(c));
	case ER_HOST_NOT_PRIVILEGED:
	case ER_HOST_IS_BLOCKED:
		return err_set(err, ERR_CONFIG,
			       "%s accepts no connections from this host (%s)",
			       where, plain_quoted(text, said));
	default:
		return err_set(err, ERR_UNAVAILABLE, "%s: %s", where,
			       plain_quoted(text, said));
	}
}

/* The network's trouble, which the library reports as one of TLS. */
static bool is_network(const char *text)
{
	static const char *const signs[] = { "timed out", "reset by peer",
					     "unexpected eof", "Broken pipe",
					     "onnection closed",
					     /* Connector/C 3.4, cut off */
					     "temporarily unavailable" };

	for (size_t i = 0; i < ARRAY_LEN(signs); i++)
		if (strstr(text, signs[i]))
			return true;
	return false;
}

static int galera_fail(const char *where, const char *text, struct err *err)
{
	return err_set(err, ERR_UNAVAILABLE,
		       "%s is a Galera node that is not ready: it joins its "
		       "cluster, or has no majority (see wsrep_cluster_status "
		       "and wsrep_ready there; it said: %s)",
		       where, text);
}

int db_mariadb_refused(struct db *db, unsigned code, const char *text,
		       int64_t limit_ms, int64_t waited_ms, struct err *err)
{
	int64_t late_ms = waited_ms >= limit_ms - 50 ? limit_ms : 0;
	struct db_mariadb_place p;
	char said[PLAIN_QUOTED];

	db->fault = DB_FAULT_OTHER;
	if (code == ER_UNKNOWN_COM_ERROR)
		return galera_fail(db_mariadb_place(db->conf, &p),
				   plain_quoted(text, said), err);
	if (code == CR_SSL_CONNECTION_ERROR && !is_network(text))
		return tls_fail(db->conf, db_mariadb_place(db->conf, &p), text,
				err);
	switch (code) {
	case 0: /* the session began when the time was up */
	case CR_CONNECTION_ERROR:
	case CR_CONN_HOST_ERROR:
	case CR_UNKNOWN_HOST:
	case CR_SERVER_LOST:
	case CR_SERVER_LOST_EXTENDED:
	case CR_SERVER_GONE_ERROR:
	case CR_SSL_CONNECTION_ERROR:
	case CR_MALFORMED_PACKET:
	case CR_VERSION_ERROR:
		return down_fail(db, code, text, late_ms, err);
	default:
		return denied_fail(db, code, text, err);
	}
}

static enum db_fault fault_of(unsigned code)
{
	switch (code) {
	case ER_LOCK_DEADLOCK:
	case ER_LOCK_WAIT_TIMEOUT:
	case ER_CHECKREAD:	   /* the row changed since it was read */
	case ER_UNKNOWN_COM_ERROR: /* Galera: the node is not ready */
		return DB_FAULT_RETRY;
	case CR_SERVER_GONE_ERROR:
	case CR_SERVER_LOST:
	case CR_SERVER_LOST_EXTENDED:
	case CR_SSL_CONNECTION_ERROR:
	case CR_NET_PACKET_TOO_LARGE:
	case ER_SERVER_SHUTDOWN:
	case ER_CONNECTION_KILLED:
	case ER_NET_READ_ERROR:
	case ER_NET_READ_INTERRUPTED:
	case ER_NET_ERROR_ON_WRITE:
	case ER_NET_WRITE_INTERRUPTED:
		return DB_FAULT_LOST;
	case ER_NO_SUCH_TABLE:
	case ER_UNKNOWN_TABLE:
		return DB_FAULT_NO_TABLE;
	case ER_DUP_ENTRY:
		return DB_FAULT_DUPLICATE;
	case ER_SP_DOES_NOT_EXIST:
	case ER_PROCACCESS_DENIED_ERROR:
		return DB_FAULT_NO_ROUTINE;
	default:
		return DB_FAULT_OTHER;
	}
}

/* An error of the library's own that is none of the network: what it read
 * does not fit together. */
bool db_mariadb_is_garbled(unsigned code)
{
	return fault_of(code) == DB_FAULT_OTHER &&
	       (code == 0 || (code >= CR_MIN_ERROR && code <= CR_MAX_ERROR) ||
		(code >= CR_EVENT_CREATE_FAILED &&
		 code <= CR_MARIADB_LAST_ERROR));
}

static int fail_other(unsigned code, const char *where, const char *text,
		      struct err *err)
{
	if (db_mariadb_is_garbled(code))
		return err_set(err, ERR_INPUT,
			       "%s: an answer is garbled (%s): is it a "
			       "MariaDB, and what stands between?",
			       where, text);
	switch (code) {
	case ER_TABLEACCESS_DENIED_ERROR:
	case ER_COLUMNACCESS_DENIED_ERROR:
	case ER_DBACCESS_DENIED_ERROR:
	case ER_SPECIFIC_ACCESS_DENIED_ERROR:
		return err_set(err, ERR_CONFIG,
			       "%s: %s: the rights of this user do not "
			       "suffice, see " GRANTS,
			       where, text);
	case ER_ACCESS_DENIED_ERROR: /* we are in already */
	case ER_NO_SUCH_USER:
	case ER_VIEW_INVALID:
		return err_set(err, ERR_CONFIG,
			       "%s: %s: the definer of the views and "
			       "procedures is gone, or lacks rights: run "
			       "certrepo-populate init",
			       where, text);
	case ER_SIGNAL_EXCEPTION: /* schema/mariadb/routines.sql says why */
		return err_set(err, ERR_CONFIG, "%s: %s", where, text);
	case ER_BAD_FIELD_ERROR:
		return err_set(err, ERR_CONFIG,
			       "%s: %s: the tables are not of this version: "
			       "run certrepo-populate init",
			       where, text);
	case ER_DATA_TOO_LONG:
		return err_set(err, ERR_LIMIT, "%s: %s", where, text);
	case ER_OPTION_PREVENTS_STATEMENT:
	case ER_READ_ONLY_MODE:
	case ER_RECORD_FILE_FULL:
	case ER_DISK_FULL:
	case ER_CON_COUNT_ERROR:
		return err_set(err, ERR_UNAVAILABLE, "%s: %s", where, text);
	default:
		return err_set(err, ERR_INTERNAL, "%s: %s (%u)", where, text,
			       code);
	}
}

int db_mariadb_locked(struct db *db, struct err *err)
{
	struct db_mariadb_place p;

	db->fault = DB_FAULT_LOCKED;
	return err_set(err, ERR_LOCKED,
		       "%s: somebody's transaction keeps the row locked: see "
		       "information_schema.INNODB_TRX there",
		       db_mariadb_place(db->conf, &p));
}

int db_mariadb_table_locked(struct db *db, struct err *err)
{
	struct db_mariadb_place p;

	db->fault = DB_FAULT_RETRY;
	return err_set(err, ERR_UNAVAILABLE,
		       "%s: somebody keeps a table locked (LOCK TABLES, ALTER "
		       "TABLE, a backup): see SHOW FULL PROCESSLIST there",
		       db_mariadb_place(db->conf, &p));
}

int db_mariadb_fail(struct db *db, unsigned code, const char *text,
		    struct err *err)
{
	struct db_mariadb_place p;
	const char *where = db_mariadb_place(db->conf, &p);
	char said[PLAIN_QUOTED];

	text = plain_quoted(text, said);
	db->fault = fault_of(code);
	switch (db->fault) {
	case DB_FAULT_LOST:
		return err_set(err, ERR_UNAVAILABLE,
			       "%s: the connection was lost; an answer "
			       "larger than any of ours ends it, too",
			       where);
	case DB_FAULT_NO_TABLE:
		return err_set(err, ERR_CONFIG,
			       "%s: %s: run certrepo-populate init", where,
			       text);
	case DB_FAULT_NO_ROUTINE:
		return err_set(err, ERR_CONFIG,
			       "%s: %s: run certrepo-populate init; the "
			       "account needs EXECUTE on it, see " GRANTS,
			       where, text);
	case DB_FAULT_DUPLICATE:
		return err_set(err, ERR_CONFLICT, "%s: %s", where, text);
	case DB_FAULT_RETRY:
		if (code == ER_UNKNOWN_COM_ERROR)
			return galera_fail(where, text, err);
		if (code == ER_LOCK_WAIT_TIMEOUT)
			return err_set(err, ERR_UNAVAILABLE,
				       "%s: somebody keeps the row or its "
				       "table locked: see "
				       "information_schema.INNODB_TRX and SHOW "
				       "FULL PROCESSLIST there",
				       where);
		return err_set(err, ERR_UNAVAILABLE, "%s: %s", where, text);
	default:
		return fail_other(code, where, text, err);
	}
}
