/* SPDX-License-Identifier: MIT */
#include <assert.h>
#include <fcntl.h>
#include <mysql.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "clock.h"
#include "db_impl.h"
#include "db_mariadb_err.h"
#include "file.h"

#define PASSWORD_MAX 1024

#define ADMIN_TIMEOUT 3600 /* a migration of a large table takes its time */

/* What the server would do by default depends on its configuration. A text
 * that is too long is refused, not cut; and who waits for a lock hears of it
 * before the connection's time is up. */
#define SESSION                                                      \
	"SET SESSION autocommit = 1, sql_mode = 'STRICT_ALL_TABLES," \
	"NO_ENGINE_SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO', "            \
	"innodb_lock_wait_timeout = 5, lock_wait_timeout = 10"

struct col {
	bool is_int;
	my_bool null;
	my_bool cut;
	int64_t i;
	unsigned long len;
	char *buf;
	size_t cap;
};

struct stmt {
	MYSQL_STMT *st;
	const char *sql;
	bool prepared, executed;
	unsigned n_params;
	MYSQL_BIND *params;
	int64_t *ints;
	unsigned n_cols;
	MYSQL_BIND *binds;
	struct col *cols;
	int64_t affected;
};

static int fail(struct db *db, struct err *err)
{
	MYSQL *m = db->handle;

	return db_mariadb_fail(db, mysql_errno(m), mysql_error(m), err);
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
	int fd, rc = 0;

	if (!path)
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd == -1)
		return err_errno(err, ERR_CONFIG, "%s %s", what, path);
	if (secret)
		rc = file_check_secret(fd, what, path, err);
	close(fd);
	return rc;
}

static int check_files(const struct store_conf *c, struct err *err)
{
	if (check_readable("ca_file", c->ca_file, false, err) == -1 ||
	    check_readable("cert_file", c->cert_file, false, err) == -1 ||
	    check_readable("key_file", c->key_file, true, err) == -1 ||
	    check_readable("option_file", c->option_file, true, err) == -1)
		return -1;
	if (!c->ca_file && c->host && !c->option_file)
		return err_set(err, ERR_CONFIG,
			       "store: ca_file is missing: without it the "
			       "server at %s cannot be verified",
			       c->host);
	return 0;
}

/* Everything is set, because the library's defaults are clear text, no
 * verification, no time limits and, for "localhost", another protocol. An
 * option file is read by mysql_real_connect, after all this. */
static void set_options(MYSQL *m, const struct store_conf *c, bool admin)
{
	unsigned connect_s = (unsigned) db_mariadb_connect_timeout(c);
	unsigned io_s =
		admin ? ADMIN_TIMEOUT : (unsigned) db_mariadb_timeout(c);
	unsigned none = 0, protocol = MYSQL_PROTOCOL_TCP;
	my_bool no = 0, yes = 1;

	if (c->socket)
		protocol = MYSQL_PROTOCOL_SOCKET;
	mysql_options(m, MYSQL_OPT_CONNECT_TIMEOUT, &connect_s);
	mysql_options(m, MYSQL_OPT_READ_TIMEOUT, &io_s);
	mysql_options(m, MYSQL_OPT_WRITE_TIMEOUT, &io_s);
	mysql_options(m, MYSQL_OPT_RECONNECT, &no);
	/* Or a server could ask for any file of ours. */
	mysql_options(m, MYSQL_OPT_LOCAL_INFILE, &none);
	mysql_options(m, MYSQL_SET_CHARSET_NAME, "utf8mb4");
	mysql_options(m, MYSQL_INIT_COMMAND, SESSION);
	if (c->socket || c->host)
		mysql_options(m, MYSQL_OPT_PROTOCOL, &protocol);
	if (c->option_file) {
		mysql_options(m, MYSQL_READ_DEFAULT_FILE, c->option_file);
		mysql_options(m, MYSQL_READ_DEFAULT_GROUP, "client");
	}
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

/* A unix socket needs no TLS; anything else has it and verified it, or an
 * option file has talked the library out of it. */
static int check_session(struct db *db, struct err *err)
{
	MYSQL *m = db->handle;
	struct sockaddr_storage a = { 0 };
	socklen_t len = sizeof(a);
	my_bool verified = 0;
	struct db_mariadb_place p;

	if (getsockname(mysql_get_socket(m), (struct sockaddr *) &a, &len) ==
		    0 &&
	    a.ss_family == AF_UNIX)
		return 0;
	(void) mysql_get_optionv(m, MYSQL_OPT_SSL_VERIFY_SERVER_CERT,
				 &verified);
	if (mysql_get_ssl_cipher(m) && verified)
		return 0;
	return err_set(err, ERR_CONFIG,
		       "%s: the connection is not protected by verified TLS; "
		       "does the option file turn it off?",
		       db_mariadb_place(db->conf, &p));
}

static void mariadb_close(struct db *db)
{
	if (db->handle)
		mysql_close(db->handle);
	db->handle = NULL;
}

static int refuse(struct db *db)
{
	db->fault = DB_FAULT_OTHER;
	mariadb_close(db);
	return -1;
}

static int mariadb_open(struct db *db, bool create, struct err *err)
{
	AUTO(sbuf_erase) struct sbuf password = SBUF_INIT(PASSWORD_MAX);
	const struct store_conf *c = db->conf;
	const char *database = c->database ? c->database : "certrepo";
	int64_t started = clock_mono_ms();
	MYSQL *m;

	if (check_files(c, err) == -1 ||
	    read_password(c->password_file, &password, err) == -1)
		return -1;
	m = mysql_init(NULL);
	if (!m)
		return err_set(err, ERR_INTERNAL, "mysql_init failed");
	db->handle = m;
	set_options(m, c, create);
	/* The rows an UPDATE matched, not those it changed. */
	if (!mysql_real_connect(m, c->socket ? NULL : c->host, c->user,
				c->password_file ? sbuf_str(&password) : NULL,
				database,
				c->host && !c->socket ? (unsigned) c->port : 0,
				c->socket, CLIENT_FOUND_ROWS)) {
		(void) db_mariadb_refused(db, mysql_errno(m), mysql_error(m),
					  clock_mono_ms() - started, err);
		return refuse(db);
	}
	return check_session(db, err) == -1 ? refuse(db) : 0;
}

/* --- transactions --- */

static int run(struct db *db, const char *sql, struct err *err)
{
	if (mysql_real_query(db->handle, sql, strlen(sql)) != 0)
		return fail(db, err);
	return 0;
}

static int mariadb_begin(struct db *db, struct err *err)
{
	return run(db, "START TRANSACTION", err);
}

static int mariadb_commit(struct db *db, struct err *err)
{
	return run(db, "COMMIT", err);
}

static void mariadb_rollback(struct db *db)
{
	(void) mysql_rollback(db->handle);
}

static int mariadb_script(struct db *db, const char *sql, struct err *err)
{
	MYSQL *m = db->handle;
	int rc, more = 0;

	if (mysql_set_server_option(m, MYSQL_OPTION_MULTI_STATEMENTS_ON) != 0)
		return fail(db, err);
	rc = run(db, sql, err);
	while (rc == 0 && more == 0) {
		MYSQL_RES *res = mysql_store_result(m);

		if (res)
			mysql_free_result(res);
		more = mysql_next_result(m);
		if (more > 0)
			rc = fail(db, err);
	}
	if (mysql_set_server_option(m, MYSQL_OPTION_MULTI_STATEMENTS_OFF) !=
		    0 &&
	    rc == 0)
		rc = fail(db, err);
	return rc;
}

/* --- statements --- */

static int stmt_fail(struct db *db, struct stmt *s, struct err *err)
{
	return db_mariadb_fail(db, mysql_stmt_errno(s->st),
			       mysql_stmt_error(s->st), err);
}

/* Nothing is sent yet: see execute(). */
static int mariadb_prepare(struct db *db, const char *sql, void **ret,
			   struct err *err)
{
	MYSQL_STMT *st = mysql_stmt_init(db->handle);
	struct stmt *s;

	if (!st)
		return fail(db, err);
	s = mem_alloc(sizeof(*s));
	s->st = st;
	s->sql = sql;
	/* Our statements hold no '?' but those of parameters. */
	for (const char *p = strchr(sql, '?'); p; p = strchr(p + 1, '?'))
		s->n_params++;
	s->params = mem_array(s->n_params + 1, sizeof(*s->params));
	s->ints = mem_array(s->n_params + 1, sizeof(*s->ints));
	mysql_stmt_attr_set(st, STMT_ATTR_PREBIND_PARAMS, &s->n_params);
	*ret = s;
	return 0;
}

static void mariadb_finalize(void *stmt)
{
	struct stmt *s = stmt;

	(void) mysql_stmt_close(s->st);
	for (unsigned i = 0; i < s->n_cols; i++)
		free(s->cols[i].buf);
	free(s->cols);
	free(s->binds);
	free(s->params);
	free(s->ints);
	free(s);
}

static MYSQL_BIND *param(void *stmt, int i)
{
	struct stmt *s = stmt;

	assert(i >= 1 && (unsigned) i <= s->n_params);
	s->params[i - 1] = (MYSQL_BIND){ .buffer_type = MYSQL_TYPE_NULL };
	return &s->params[i - 1];
}

static void mariadb_bind_null(void *stmt, int i)
{
	(void) param(stmt, i);
}

static void mariadb_bind_int(void *stmt, int i, int64_t v)
{
	MYSQL_BIND *b = param(stmt, i);
	struct stmt *s = stmt;

	s->ints[i - 1] = v;
	b->buffer_type = MYSQL_TYPE_LONGLONG;
	b->buffer = &s->ints[i - 1];
}

static void bind_bytes(void *stmt, int i, const void *p, size_t len,
		       enum enum_field_types type)
{
	MYSQL_BIND *b = param(stmt, i);

	b->buffer_type = type;
	b->buffer = (void *) (uintptr_t) p; /* only read */
	b->buffer_length = len;
}

static void mariadb_bind_text(void *stmt, int i, const char *text)
{
	bind_bytes(stmt, i, text, strlen(text), MYSQL_TYPE_STRING);
}

static void mariadb_bind_blob(void *stmt, int i, const void *p, size_t len)
{
	bind_bytes(stmt, i, p, len, MYSQL_TYPE_BLOB);
}

static bool is_int(const MYSQL_FIELD *f)
{
	switch (f->type) {
	case MYSQL_TYPE_TINY:
	case MYSQL_TYPE_SHORT:
	case MYSQL_TYPE_INT24:
	case MYSQL_TYPE_LONG:
	case MYSQL_TYPE_LONGLONG:
		return true;
	default:
		return false;
	}
}

static void describe(struct stmt *s)
{
	MYSQL_RES *meta = mysql_stmt_result_metadata(s->st);

	s->n_cols = mysql_stmt_field_count(s->st);
	s->cols = mem_array(s->n_cols, sizeof(*s->cols));
	s->binds = mem_array(s->n_cols, sizeof(*s->binds));
	for (unsigned i = 0; i < s->n_cols; i++) {
		struct col *c = &s->cols[i];
		MYSQL_BIND *b = &s->binds[i];

		c->is_int = meta && is_int(mysql_fetch_field_direct(meta, i));
		b->is_null = &c->null;
		b->length = &c->len;
		b->error = &c->cut;
		/* Bytes get no room here: fetched when their length is known */
		b->buffer_type =
			c->is_int ? MYSQL_TYPE_LONGLONG : MYSQL_TYPE_BLOB;
		b->buffer = c->is_int ? &c->i : NULL;
		b->buffer_length = c->is_int ? sizeof(c->i) : 0;
	}
	if (meta)
		mysql_free_result(meta);
}

/* The first execution goes together with the preparation: one round trip
 * instead of two. */
static int execute(struct db *db, struct stmt *s, struct err *err)
{
	int rc;

	if (s->n_params > 0 && mysql_stmt_bind_param(s->st, s->params) != 0)
		return stmt_fail(db, s, err);
	rc = s->prepared ? mysql_stmt_execute(s->st)
			 : mariadb_stmt_execute_direct(s->st, s->sql,
						       strlen(s->sql));
	if (rc != 0)
		return stmt_fail(db, s, err);
	s->prepared = s->executed = true;
	if (mysql_stmt_field_count(s->st) == 0) {
		s->affected = (int64_t) mysql_stmt_affected_rows(s->st);
		return 0;
	}
	if (!s->cols)
		describe(s);
	if (mysql_stmt_bind_result(s->st, s->binds) != 0 ||
	    mysql_stmt_store_result(s->st) != 0)
		return stmt_fail(db, s, err);
	return 0;
}

static int load(struct db *db, struct stmt *s, unsigned i, struct err *err)
{
	struct col *c = &s->cols[i];
	MYSQL_BIND b = s->binds[i];
	struct db_mariadb_place p;

	if (c->is_int || c->null)
		return 0;
	if (c->len > DB_VALUE_MAX)
		return err_set(err, ERR_LIMIT,
			       "%s: a value is %lu bytes long, at most %u are "
			       "taken",
			       db_mariadb_place(db->conf, &p), c->len,
			       DB_VALUE_MAX);
	if (c->cap < c->len + 1) {
		c->cap = c->len + 1;
		c->buf = mem_grow(c->buf, c->cap, 1);
	}
	b.buffer = c->buf;
	b.buffer_length = c->len;
	if (c->len > 0 && mysql_stmt_fetch_column(s->st, &b, i, 0) != 0)
		return stmt_fail(db, s, err);
	c->buf[c->len] = '\0';
	return 0;
}

static int mariadb_step(struct db *db, void *stmt, struct err *err)
{
	struct stmt *s = stmt;
	int rc;

	if (!s->executed && execute(db, s, err) == -1)
		return -1;
	if (!s->cols)
		return 0;
	rc = mysql_stmt_fetch(s->st);
	if (rc == MYSQL_NO_DATA)
		return 0;
	if (rc != 0 && rc != MYSQL_DATA_TRUNCATED)
		return stmt_fail(db, s, err);
	for (unsigned i = 0; i < s->n_cols; i++)
		if (load(db, s, i, err) == -1)
			return -1;
	return 1;
}

static const struct col *col(void *stmt, int i)
{
	struct stmt *s = stmt;

	assert(i >= 0 && (unsigned) i < s->n_cols);
	return &s->cols[i];
}

static bool mariadb_col_null(void *stmt, int i)
{
	return col(stmt, i)->null != 0;
}

static int64_t mariadb_col_int(void *stmt, int i)
{
	const struct col *c = col(stmt, i);

	return c->is_int ? c->i : strtoll(c->buf, NULL, 10);
}

static const char *mariadb_col_text(void *stmt, int i)
{
	const struct col *c = col(stmt, i);

	assert(!c->is_int);
	return c->buf;
}

static const void *mariadb_col_blob(void *stmt, int i, size_t *ret_len)
{
	const struct col *c = col(stmt, i);

	assert(!c->is_int);
	*ret_len = c->len;
	return c->buf;
}

static int64_t mariadb_affected(void *stmt)
{
	struct stmt *s = stmt;

	return s->affected;
}

static void mariadb_reset(void *stmt)
{
	struct stmt *s = stmt;

	if (s->executed && s->cols)
		(void) mysql_stmt_free_result(s->st);
	s->executed = false;
	for (unsigned i = 1; i <= s->n_params; i++)
		mariadb_bind_null(s, (int) i);
}

const struct db_driver db_mariadb = {
	.dialect = "mariadb",
	.open = mariadb_open,
	.close = mariadb_close,
	.begin = mariadb_begin,
	.commit = mariadb_commit,
	.rollback = mariadb_rollback,
	.script = mariadb_script,
	.prepare = mariadb_prepare,
	.finalize = mariadb_finalize,
	.bind_null = mariadb_bind_null,
	.bind_int = mariadb_bind_int,
	.bind_text = mariadb_bind_text,
	.bind_blob = mariadb_bind_blob,
	.step = mariadb_step,
	.col_null = mariadb_col_null,
	.col_int = mariadb_col_int,
	.col_text = mariadb_col_text,
	.col_blob = mariadb_col_blob,
	.affected = mariadb_affected,
	.reset = mariadb_reset,
};
