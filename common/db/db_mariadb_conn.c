/* SPDX-License-Identifier: MIT */
#include "db_mariadb_conn.h"
#include <fcntl.h>
#include <errmsg.h>
#include <mysql.h>
#include <mysqld_error.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include "clock.h"
#include "db_alarm.h"
#include "db_mariadb_err.h"
#include "file.h"
#include "place.h"

#define PASSWORD_MAX 1024

/* No row of ours is larger than DB_ROW_MAX, and no statement. What the server
 * says beyond this ends the connection. */
#define PACKET_MAX (DB_ROW_MAX * 2ul)

#define CONNECT_GRACE_MS 200

/* Ways to log in that send no password in the clear and ask nobody for one.
 * An account by unix_socket needs none of them. */
#define AUTH_PLUGINS "mysql_native_password,client_ed25519"

/* What the server would do by default depends on its configuration. A text
 * that is too long is refused, not cut; and who waits for a lock hears of it
 * before the connection's time is up, or, in the loop, of a row at once. */
#define SESSION                                                      \
	"SET SESSION autocommit = 1, sql_mode = 'STRICT_ALL_TABLES," \
	"NO_ENGINE_SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO', "
#define WAIT_LOCKS  "innodb_lock_wait_timeout = 5, lock_wait_timeout = 10"
#define BRIEF_LOCKS "innodb_lock_wait_timeout = 2, lock_wait_timeout = 10"
#define LOOP_LOCKS  "innodb_lock_wait_timeout = 0, lock_wait_timeout = 1"

/* --- the deadline --- */

static int fd_of(void *arg)
{
	struct db *db = arg;

	if (db->fd != -1 || !db->handle)
		return db->fd;
	return (int) mysql_get_socket(db->handle); /* it connects */
}

static int arm_for(struct db *db, int64_t ms, struct err *err)
{
	/* A connect(2) under way has the library's limit, in whole seconds. */
	int64_t again_ms = 1000 * db_mariadb_connect_timeout(db->conf) + 500;

	return db_alarm_start(ms, again_ms, fd_of, db, err);
}

int db_mariadb_arm(struct db *db, struct err *err)
{
	int64_t ms = db->until_ms - clock_mono_ms();

	return ms > 0 ? arm_for(db, ms, err) : -1;
}

/* --- connecting --- */

/* Its first line. That it cannot be read is a fault of the configuration, as
 * with the other files. */
static int read_password(const char *path, struct sbuf *ret, struct err *err)
{
	struct err own = ERR_INIT;

	if (!path)
		return 0;
	if (file_read_secret(path, ret, &own) == -1)
		return err_set(err, ERR_CONFIG, "%s%s",
			       own.kind == ERR_CONFIG ? "" : "password_file ",
			       own.msg);
	if (ret->buf)
		ret->buf[strcspn(ret->buf, "\r\n")] = '\0';
	return 0;
}

static int check_readable(const char *what, const char *path, bool secret,
			  struct err *err)
{
	AUTO(file_close) int fd = -1;
	struct stat st;

	if (!path)
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd == -1 || fstat(fd, &st) == -1)
		return err_errno(err, ERR_CONFIG, "%s %s", what, path);
	return secret ? file_check_secret(st.st_mode, what, path, err) : 0;
}

/* The library obeys it: it may name plugins. So nobody else may write it, or
 * swap it for another. */
static int check_options(const char *path, struct err *err)
{
	AUTO(place_close) struct place p = PLACE_INIT;
	AUTO(place_old_free) struct place_old o = PLACE_OLD_INIT;

	if (!path)
		return 0;
	if (check_readable("option_file", path, true, err) == -1)
		return -1;
	if (place_open("", path, PLACE_TRUSTED, &p, err) == -1 ||
	    (p.fd != -1 && place_look(&p, &o, err) == -1))
		return err_set(err, ERR_CONFIG, "option_file: %s", err->msg);
	return 0;
}

static int check_files(const struct store_conf *c, struct err *err)
{
	if (check_readable("ca_file", c->ca_file, false, err) == -1 ||
	    check_readable("cert_file", c->cert_file, false, err) == -1 ||
	    check_readable("key_file", c->key_file, true, err) == -1 ||
	    check_options(c->option_file, err) == -1)
		return -1;
	if (!c->ca_file && c->host && !c->option_file)
		return err_set(err, ERR_CONFIG,
			       "store: ca_file is missing: without it the "
			       "server at %s cannot be verified",
			       c->host);
	return 0;
}

#if MARIADB_PACKAGE_VERSION_ID >= 30402
/* How its structure begins, in a header that is not installed. */
struct tls_head {
	void *data, *pvio;
	SSL *ssl;
};
static const MYSQL *connecting;
static int verdict; /* -1: it was not asked for */
static long trust;

static int judge(SSL *ssl)
{
	X509 *cert = SSL_get0_peer_certificate(ssl);
	const char *host = connecting->host;

	trust = SSL_get_verify_result(ssl);
	if (!cert || trust != X509_V_OK)
		return MARIADB_TLS_VERIFY_TRUST;
	if (host && (X509_check_host(cert, host, 0, 0, NULL) == 1 ||
		     X509_check_ip_asc(cert, host, 0) == 1))
		return MARIADB_TLS_VERIFY_OK;
	return MARIADB_TLS_VERIFY_HOST;
}

/* Whose certificate it is, in place of the library's own look: since 3.4 that
 * takes any name when the host is "127.0.0.1" or "::1", and, when no CA is
 * given and the account has a password, any certificate. */
static int verify(const struct tls_head *head, unsigned int flags)
{
	verdict = judge(head->ssl);
	return verdict;
}

static void verify_here(MYSQL *m)
{
	connecting = m;
	verdict = -1;
	mysql_optionsv(m, MARIADB_OPT_TLS_VERIFICATION_CALLBACK,
		       (void *) verify);
}

static bool verified_here(void)
{
	return verdict == MARIADB_TLS_VERIFY_OK;
}

/* The library has no words for it: those it had before. */
static const char *refused_here(void)
{
	return verdict <= 0 ? NULL
	       : verdict == MARIADB_TLS_VERIFY_HOST
		       ? "Validation of SSL server certificate failed"
		       : X509_verify_cert_error_string(trust);
}
#else
static void verify_here(MYSQL *m)
{
}

static bool verified_here(void)
{
	return true;
}

static const char *refused_here(void)
{
	return NULL;
}
#endif

/* Everything is set, because the library's defaults are clear text, no
 * verification, no time limits and, for "localhost", another protocol. An
 * option file is read by mysql_real_connect, after all this. */
static void set_options(const struct db *db, int64_t connect_ms,
			int64_t left_ms)
{
	const struct store_conf *c = db->conf;
	MYSQL *m = db->handle;
	unsigned connect_s = (unsigned) (connect_ms + 999) / 1000;
	/* The alarm comes before; these are for a host without a timer. */
	unsigned io_s = (unsigned) (left_ms / 1000 + 1);
	unsigned none = 0, protocol = MYSQL_PROTOCOL_TCP;
	unsigned long packet = PACKET_MAX;
	my_bool no = 0, yes = 1;

	if (c->socket)
		protocol = MYSQL_PROTOCOL_SOCKET;
	mysql_options(m, MYSQL_OPT_CONNECT_TIMEOUT, &connect_s);
	mysql_options(m, MYSQL_OPT_READ_TIMEOUT, &io_s);
	mysql_options(m, MYSQL_OPT_WRITE_TIMEOUT, &io_s);
	mysql_options(m, MYSQL_OPT_RECONNECT, &no);
	mysql_options(m, MYSQL_OPT_MAX_ALLOWED_PACKET, &packet);
	/* Or a server could ask for any file of ours. */
	mysql_options(m, MYSQL_OPT_LOCAL_INFILE, &none);
	mysql_options(m, MYSQL_SET_CHARSET_NAME, "utf8mb4");
	mysql_options(m, MYSQL_INIT_COMMAND,
		      db->use == DB_LOOP    ? SESSION LOOP_LOCKS
		      : db->use == DB_BRIEF ? SESSION BRIEF_LOCKS
					    : SESSION WAIT_LOCKS);
	if (c->socket || c->host)
		mysql_options(m, MYSQL_OPT_PROTOCOL, &protocol);
	if (c->option_file) {
		mysql_options(m, MYSQL_READ_DEFAULT_FILE, c->option_file);
		mysql_options(m, MYSQL_READ_DEFAULT_GROUP, "client");
	}
	mysql_optionsv(m, MARIADB_OPT_RESTRICTED_AUTH, AUTH_PLUGINS);
	verify_here(m);
	if (c->socket)
		return;
	if (c->ca_file)
		mysql_options(m, MYSQL_OPT_SSL_CA, c->ca_file);
	if (c->cert_file)
		mysql_options(m, MYSQL_OPT_SSL_CERT, c->cert_file);
	if (c->key_file)
		mysql_options(m, MYSQL_OPT_SSL_KEY, c->key_file);
	mysql_options(m, MARIADB_OPT_TLS_VERSION, "TLSv1.2,TLSv1.3");
	mysql_options(m, MYSQL_OPT_SSL_ENFORCE, &yes);
	mysql_options(m, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &yes);
}

static bool is_verified(MYSQL *m)
{
	my_bool asked = 0;

	(void) mysql_get_optionv(m, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &asked);
	return mysql_get_ssl_cipher(m) && asked && verified_here();
}

/* A unix socket needs no TLS; anything else has it and verified it, or an
 * option file has talked the library out of it. */
static int check_session(struct db *db, struct err *err)
{
	MYSQL *m = db->handle;
	struct sockaddr_storage a = { 0 };
	socklen_t len = sizeof(a);
	struct db_mariadb_place p;

	if (getsockname(mysql_get_socket(m), (struct sockaddr *) &a, &len) ==
		    0 &&
	    a.ss_family == AF_UNIX)
		return 0;
	if (is_verified(m))
		return 0;
	return err_set(err, ERR_CONFIG,
		       "%s: the connection is not protected by verified TLS; "
		       "does the option file turn it off, or name no CA?",
		       db_mariadb_place(db->conf, &p));
}

void db_mariadb_close(struct db *db)
{
	if (db->handle)
		mysql_close(db->handle);
	db->handle = NULL;
	db->fd = -1;
}

static int refuse(struct db *db)
{
	db->fault = DB_FAULT_OTHER;
	db_mariadb_close(db);
	return -1;
}

/* On Galera a node answers before it has what another has committed. A query
 * of its own: what does not know the variable would refuse the connection. */
static bool see_the_latest(const struct db *db)
{
	static const char sql[] = "SET SESSION wsrep_sync_wait = 7";

	return db->use == DB_HOST ||
	       mysql_real_query(db->handle, sql, strlen(sql)) == 0 ||
	       mysql_errno(db->handle) == ER_UNKNOWN_SYSTEM_VARIABLE;
}

/* connect_timeout, or what is left of all the time. */
static bool connect_to(struct db *db, const char *password, struct err *err)
{
	const struct store_conf *c = db->conf;
	const char *database = c->database ? c->database : "certrepo";
	int64_t ms = 1000 * db_mariadb_connect_timeout(c);
	int64_t started = clock_mono_ms();
	MYSQL *m = db->handle;

	if (ms > db->until_ms - started)
		ms = db->until_ms - started;
	set_options(db, ms, db->until_ms - started);
	/* For connect(2) itself the library's own limit comes first. */
	if (arm_for(db, ms + CONNECT_GRACE_MS, err) == -1)
		return false;
	/* The rows an UPDATE matched, not those it changed. */
	if (mysql_real_connect(m, c->socket ? NULL : c->host, c->user, password,
			       database,
			       c->host && !c->socket ? (unsigned) c->port : 0,
			       c->socket, CLIENT_FOUND_ROWS) &&
	    see_the_latest(db) && !db_alarm_stop()) {
		db->fd = (int) mysql_get_socket(m);
		return true;
	}
	if (refused_here())
		(void) db_mariadb_refused(db, CR_SSL_CONNECTION_ERROR,
					  refused_here(), ms, 0, err);
	else
		(void) db_mariadb_refused(db, mysql_errno(m), mysql_error(m),
					  ms, clock_mono_ms() - started, err);
	(void) db_alarm_stop();
	return false;
}

int db_mariadb_open(struct db *db, bool create, struct err *err)
{
	AUTO(sbuf_erase) struct sbuf password = SBUF_INIT(PASSWORD_MAX);
	const struct store_conf *c = db->conf;

	if (check_files(c, err) == -1 ||
	    read_password(c->password_file, &password, err) == -1)
		return -1;
	db->handle = mysql_init(NULL);
	if (!db->handle)
		return err_set(err, ERR_INTERNAL, "mysql_init failed");
	if (!connect_to(db, c->password_file ? sbuf_str(&password) : NULL,
			err) ||
	    check_session(db, err) == -1)
		return refuse(db);
	return 0;
}
