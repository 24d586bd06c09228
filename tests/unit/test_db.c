/* SPDX-License-Identifier: MIT */
/* The driver interface, on SQLite or MariaDB: see store_kit.h. */
#include <fcntl.h>
#include <sys/stat.h>
#include <mysql.h>
#include <mysqld_error.h>
#include <errmsg.h>
#include "clock.h"
#include "store_kit.h"
#include "db_impl.h"
#include "db_mariadb_err.h"

static struct db *db;

static int setup(void **state)
{
	OK(db_open(&conf, DB_CREATE, &db, &err));
	OK(db_script(db, "DROP TABLE IF EXISTS t", &err));
	OK(db_script(db,
		     "CREATE TABLE t (k INTEGER NOT NULL PRIMARY KEY, n BIGINT,"
		     " s VARCHAR(50), b BLOB); INSERT INTO t (k) VALUES (1)",
		     &err));
	return 0;
}

static int teardown(void **state)
{
	if (db) {
		db_rollback(db);
		OK(db_script(db, "DROP TABLE t", &err));
	}
	db_close(&db);
	return 0;
}

static void test_types(void **state)
{
	static const char update[] =
		"UPDATE t SET n = ?, s = ?, b = ? WHERE k = ?";
	static const char select[] = "SELECT n, s, b, k FROM t WHERE k = ?";
	struct db_stmt *st = NULL;
	const void *p;
	size_t len = 9;

	for (int i = 0; i < 3; i++) {
		OK(db_prepare(db, update, "", &st, &err));
		if (i == 1) {
			db_bind_int(st, 1, INT64_MIN);
			db_bind_text(st, 2, "it's");
			db_bind_blob(st, 3, "\0\xff'", 3);
		} else if (i == 2) {
			db_bind_int(st, 1, INT64_MAX);
			db_bind_text(st, 2, "");
			db_bind_blob(st, 3, "", 0);
		} else {
			db_bind_blob(st, 1, NULL, 0);
			db_bind_text(st, 2, NULL);
			db_bind_blob(st, 3, NULL, 5);
		}
		db_bind_int(st, 4, 1);
		RC(0, db_step(st, &err));
		assert_int_equal(db_affected(st), 1);
		db_done(st);
		OK(db_prepare(db, select, "itbI", &st, &err));
		db_bind_int(st, 1, 1);
		RC(1, db_step(st, &err));
		assert_int_equal(db_col_int(st, 3), 1);
		p = db_col_blob(st, 2, &len);
		if (i == 0) {
			assert_true(db_col_null(st, 0));
			assert_int_equal(db_col_int(st, 0), 0);
			assert_null(db_col_text(st, 1));
			assert_null(p);
			assert_int_equal(len, 0);
		} else if (i == 1) {
			assert_true(db_col_int(st, 0) == INT64_MIN);
			assert_string_equal(db_col_text(st, 1), "it's");
			assert_int_equal(len, 3);
			assert_memory_equal(p, "\0\xff'", 3);
		} else {
			assert_true(db_col_int(st, 0) == INT64_MAX);
			assert_string_equal(db_col_text(st, 1), "");
			assert_non_null(p);
			assert_int_equal(len, 0);
		}
		RC(0, db_step(st, &err));
		db_done(st);
	}
}

/* Matched counts, also when nothing changes. */
static void test_affected(void **state)
{
	struct db_stmt *st = NULL;

	for (int i = 0; i < 2; i++) {
		OK(db_prepare(db, "UPDATE t SET n = 5 WHERE k = 1", "", &st,
			      &err));
		RC(0, db_step(st, &err));
		assert_int_equal(db_affected(st), 1);
		db_done(st);
	}
	OK(db_prepare(db, "UPDATE t SET n = 5 WHERE k = 2", "", &st, &err));
	RC(0, db_step(st, &err));
	assert_int_equal(db_affected(st), 0);
	db_done(st);
}

static int64_t value(void)
{
	struct db_stmt *st = NULL;
	int64_t n;

	OK(db_prepare(db, "SELECT n FROM t WHERE k = 1", "i", &st, &err));
	RC(1, db_step(st, &err));
	n = db_col_int(st, 0);
	db_done(st);
	return n;
}

static void test_transactions(void **state)
{
	OK(db_begin(db, &err));
	OK(db_script(db, "UPDATE t SET n = 1", &err));
	db_rollback(db);
	assert_int_equal(value(), 0);
	OK(db_begin(db, &err));
	OK(db_script(db, "UPDATE t SET n = 2", &err));
	OK(db_commit(db, &err));
	db_rollback(db); /* harmless */
	assert_int_equal(value(), 2);
	OK(db_begin(db, &err));
	OK(db_script(db, "UPDATE t SET n = 3", &err));
	OK(db_reconnect(db, &err));
	assert_int_equal(value(), 2);
}

/* Who reads much sees one moment, and is in nobody's way. */
static void test_read(void **state)
{
	struct db *other = NULL;

	OK(db_open(&conf, DB_WAIT, &other, &err));
	OK(db_script(db, "UPDATE t SET n = 1", &err));
	OK(db_begin_read(db, &err));
	assert_int_equal(value(), 1);
	OK(db_begin(other, &err));
	OK(db_script(other, "UPDATE t SET n = 2", &err));
	OK(db_commit(other, &err));
	assert_int_equal(value(), 1);
	OK(db_commit(db, &err));
	assert_int_equal(value(), 2);
	OK(db_begin_read(db, &err));
	assert_int_equal(value(), 2);
	db_rollback(db);
	OK(db_script(db, "UPDATE t SET n = 0", &err));
	db_close(&other);
}

static void test_faults(void **state)
{
	struct db_stmt *st = NULL;
	struct err e = ERR_INIT;
	int rc;

	rc = db_prepare(db, "SELECT x FROM nowhere", "i", &st, &e);
	if (rc == 0)
		rc = db_step(st, &e);
	assert_int_equal(rc, -1);
	assert_int_equal(db_fault(db), DB_FAULT_NO_TABLE);
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_non_null(strstr(e.msg, "run certrepo-populate init"));
	db_done(st);
	st = NULL;
	OK(db_prepare(db, "INSERT INTO t (k) VALUES (1)", "", &st, &err));
	FAILS(ERR_CONFLICT, "", db_step(st, &err));
	assert_int_equal(db_fault(db), DB_FAULT_DUPLICATE);
	db_done(st);
	FAILS(ERR_INTERNAL, "syntax", db_script(db, "SELECT FROM WHERE", &err));
	assert_int_equal(db_fault(db), DB_FAULT_OTHER);
	/* Statement errors leave the connection usable. */
	assert_int_equal(value(), 0);
	assert_int_equal(db_fault(db), DB_OK);
}

/* A connection that goes inside a transaction takes it away: what comes
 * after must not be committed on its own. */
static void test_broken(void **state)
{
	struct db_stmt *st = NULL;
	struct db *other = NULL;
	char sql[50];

	if (!kit_mariadb())
		return;
	OK(db_prepare(db, "SELECT CONNECTION_ID()", "I", &st, &err));
	RC(1, db_step(st, &err));
	snprintf(sql, sizeof(sql), "KILL %lld", (long long) db_col_int(st, 0));
	db_done(st);
	OK(db_begin(db, &err));
	OK(db_script(db, "UPDATE t SET n = 1", &err));
	OK(db_open(&conf, DB_WAIT, &other, &err));
	OK(db_script(other, sql, &err));
	db_close(&other);
	FAILS(ERR_UNAVAILABLE, "connection was lost",
	      db_script(db, "UPDATE t SET n = 2", &err));
	assert_int_equal(db_fault(db), DB_FAULT_LOST);
	FAILS(ERR_UNAVAILABLE, "rolled back",
	      db_script(db, "UPDATE t SET n = 3", &err));
	assert_int_equal(db_fault(db), DB_FAULT_LOST);
	FAILS(ERR_UNAVAILABLE, "rolled back", db_commit(db, &err));
	db_rollback(db);
	OK(db_reconnect(db, &err));
	assert_int_equal(value(), 0);
}

/* The same statement each time. */
static int change(struct err *e)
{
	struct db_stmt *st = NULL;
	int rc = db_prepare(db, "UPDATE t SET n = ? WHERE k = ?", "", &st, e);

	if (rc == -1)
		return -1;
	db_bind_int(st, 1, 7);
	db_bind_int(st, 2, 1);
	rc = db_step(st, e);
	db_done(st);
	return rc;
}

/* A statement whose first execution failed, repeated. (Connector/C: "Malformed
 * communication packet", then a crash, unless it is made anew.) */
static void test_again(void **state)
{
	struct db *other = NULL;

	if (!kit_mariadb())
		return;
	OK(db_open(&conf, DB_WAIT, &other, &err));
	OK(db_script(db,
		     "SET SESSION innodb_lock_wait_timeout = 1, "
		     "lock_wait_timeout = 1",
		     &err));
	OK(db_begin(other, &err)); /* a row */
	OK(db_script(other, "UPDATE t SET s = 'x' WHERE k = 1", &err));
	for (int i = 0; i < 3; i++) {
		FAILS(ERR_UNAVAILABLE,
		      "keeps the row or its table locked: see ", change(&err));
		assert_int_equal(db_fault(db), DB_FAULT_RETRY);
	}
	db_rollback(other);
	RC(0, change(&err));
	assert_int_equal(value(), 7);
	OK(db_script(db, "UPDATE t SET n = 0", &err));
	/* Once more on a connection that never executed it; the table. */
	OK(db_reconnect(db, &err));
	OK(db_script(db, "SET SESSION lock_wait_timeout = 1", &err));
	OK(db_script(other, "LOCK TABLES t WRITE", &err));
	for (int i = 0; i < 3; i++)
		FAILS(ERR_UNAVAILABLE,
		      "keeps the row or its table locked: see ", change(&err));
	OK(db_script(other, "UNLOCK TABLES", &err));
	OK(db_script(db, "LOCK TABLES t READ", &err)); /* 1099 */
	for (int i = 0; i < 3; i++)
		FAILS(ERR_INTERNAL, "READ lock", change(&err));
	OK(db_script(db, "UNLOCK TABLES", &err));
	RC(0, change(&err));
	assert_int_equal(value(), 7);
	db_close(&other);
}

/* A value larger than we take is an error, not a cut value. */
static void test_value_max(void **state)
{
	struct db_stmt *st = NULL;

	OK(db_prepare(db,
		      kit_mariadb() ? "SELECT REPEAT('x', 131073)"
				    : "SELECT hex(zeroblob(65536)) || 'x'",
		      "t", &st, &err));
	FAILS(ERR_LIMIT, "", db_step(st, &err));
	db_done(st);
	OK(db_prepare(db,
		      kit_mariadb() ? "SELECT REPEAT('x', 131072)"
				    : "SELECT hex(zeroblob(65536))",
		      "t", &st, &err));
	RC(1, db_step(st, &err));
	assert_int_equal(strlen(db_col_text(st, 0)), DB_VALUE_MAX);
	db_done(st);
}

/* --- SQLite files --- */

static void write_file(const char *text)
{
	FILE *f = fopen(kit_path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

/* The result of a procedure has the answer to the CALL behind it. */
static void test_call(void **state)
{
	static const char call[] = "CALL p(?)", none[] = "CALL nosuch(?)",
			  two[] = "CALL two()", sad[] = "CALL sad(?)";
	struct db_stmt *st = NULL;

	if (!kit_mariadb())
		return;
	OK(db_script(db,
		     "CREATE OR REPLACE PROCEDURE p(IN n int) BEGIN COMMIT; "
		     "SELECT k, n FROM t WHERE k <= n; COMMIT; END;"
		     "CREATE OR REPLACE PROCEDURE two() BEGIN SELECT 1; "
		     "SELECT 2; END;"
		     "CREATE OR REPLACE PROCEDURE sad(IN n int) BEGIN "
		     "SELECT 1 FROM t WHERE n = 1; "
		     "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'so sad'; "
		     "END",
		     &err));
	for (int i = 0; i < 6; i++) {
		OK(db_prepare(db, call, "Ii", &st, &err));
		db_bind_int(st, 1, i % 2);
		RC(i % 2, db_step(st, &err));
		if (i == 5)
			assert_int_equal(db_col_int(st, 0), 1);
		/* Sometimes its end is not looked for. */
		if (i % 2 == 1 && i > 2)
			RC(0, db_step(st, &err));
		db_done(st);
		OK(db_prepare(db, "SELECT 1", "I", &st, &err));
		RC(1, db_step(st, &err));
		db_done(st);
	}
	for (int i = 0; i < 2; i++) {
		OK(db_prepare(db, none, "I", &st, &err));
		db_bind_int(st, 1, 1);
		FAILS(ERR_CONFIG, "init", db_step(st, &err));
		assert_int_equal(db_fault(db), DB_FAULT_NO_ROUTINE);
		db_done(st);
		OK(db_prepare(db, sad, "I", &st, &err));
		db_bind_int(st, 1, i);
		if (i == 1)
			RC(1, db_step(st, &err));
		FAILS(ERR_CONFIG, "so sad", db_step(st, &err));
		assert_int_equal(db_fault(db), DB_FAULT_OTHER);
		db_done(st);
	}
	OK(db_prepare(db, two, "I", &st, &err));
	RC(1, db_step(st, &err));
	FAILS(ERR_INPUT, "more answers than questions", db_step(st, &err));
	db_done(st);
	OK(db_reconnect(db, &err));
	OK(db_script(db,
		     "DROP PROCEDURE p; DROP PROCEDURE two; "
		     "DROP PROCEDURE sad",
		     &err));
}

static void test_sqlite_files(void **state)
{
	struct store_conf c = { .driver = "sqlite", .path = kit_path };
	char missing[sizeof(kit_dir) + 20];
	struct db *other = NULL;
	struct stat st;

	if (kit_mariadb())
		return;
	assert_int_equal(stat(kit_path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	db_close(&db);
	unlink(kit_path);
	FAILS(ERR_CONFIG, "run certrepo-populate init",
	      db_open(&c, DB_WAIT, &other, &err));
	write_file("This is a text, and no database at all. It must be longer "
		   "than the header of a database, which has 100 bytes.");
	FAILS(ERR_CONFIG, "not a SQLite database",
	      db_open(&c, DB_WAIT, &other, &err));
	unlink(kit_path);
	c.path = kit_dir;
	FAILS(ERR_CONFIG, "not a regular file",
	      db_open(&c, DB_CREATE, &other, &err));
	snprintf(missing, sizeof(missing), "%s/nosuch/x.db", kit_dir);
	c.path = missing;
	FAILS(ERR_CONFIG, "nosuch/x.db", db_open(&c, DB_CREATE, &other, &err));
	c.path = NULL;
	FAILS(ERR_CONFIG, "path", db_open(&c, DB_CREATE, &other, &err));
	assert_null(other);
}

static int first(struct db *from, const char *sql, const char *columns)
{
	struct db_stmt *st = NULL;
	int rc;

	err_clear(&err);
	if (db_prepare(from, sql, columns, &st, &err) == -1)
		return -1;
	rc = db_step(st, &err);
	db_done(st);
	return rc;
}

/* It is one kind, whichever of its pages is wrong. */
static void test_sqlite_damaged(void **state)
{
	char junk[200];
	int fd;

	if (kit_mariadb())
		return;
	FAILS(ERR_CONFIG, ": \"no such table: a'; run: rm 'x\": run certrepo",
	      first(db, "SELECT k FROM \"a\"\"; run: rm \"\"x\"", "i"));
	db_close(&db);
	memset(junk, 0xff, sizeof(junk));
	fd = open(kit_path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, junk, sizeof(junk), 100), sizeof(junk));
	close(fd);
	FAILS(ERR_CONFIG,
	      "the database is damaged, or its disk fails: when the "
	      "kernel's log has nothing of the disk, restore it from a "
	      "backup "
	      "(\"database disk image is malformed\"",
	      db_open(&conf, DB_WAIT, &db, &err) == -1
		      ? -1
		      : first(db, "SELECT k FROM t", "i"));
	db_close(&db);
	unlink(kit_path);
}

static void test_sqlite_full(void **state)
{
	if (kit_mariadb())
		return;
	OK(db_script(db, "PRAGMA max_page_count = 4", &err));
	OK(db_begin(db, &err));
	FAILS(ERR_UNAVAILABLE, "disk is full",
	      db_script(db, "INSERT INTO t (k, b) VALUES (9, zeroblob(99999))",
			&err));
	db_rollback(db);
	OK(db_script(db, "PRAGMA max_page_count = 10000", &err));
}

/* A locked database is waited for as long as the configuration says. */
static void test_sqlite_locked(void **state)
{
	struct store_conf c = conf;
	struct db *other = NULL;
	int64_t started;

	if (kit_mariadb())
		return;
	c.timeout = 1;
	OK(db_open(&c, DB_WAIT, &other, &err));
	OK(db_begin(db, &err));
	started = clock_mono_ms();
	FAILS(ERR_UNAVAILABLE, "another process keeps it locked",
	      db_begin(other, &err));
	assert_in_range(clock_mono_ms() - started, 900, 5000);
	assert_int_equal(db_fault(other), DB_FAULT_RETRY);
	db_rollback(db);
	db_renew(other);
	OK(db_begin(other, &err));
	db_rollback(other);
	db_close(&other);
}

/* --- a server that is out of reach --- */

/* In the end, and when the time was up meanwhile: what is known to be true. */
static void test_refused(void **state)
{
	static const struct {
		unsigned code;
		const char *text;
		const char *says, *late;
	} cases[] = {
		{ CR_UNKNOWN_HOST, "Unknown server host 'h' (-3)",
		  "cannot be resolved", "cannot be resolved" },
		{ CR_CONNECTION_ERROR, "Can't connect to server on 'h' (115)",
		  "does not accept connections",
		  "could not be reached within 2 s" },
		{ CR_SERVER_LOST, "Lost connection to server",
		  "closed the connection",
		  "accepted the connection, but began no session within 2 s" },
		{ CR_SSL_CONNECTION_ERROR, "TLS/SSL error: unexpected eof",
		  "closed the connection", "began no session within 2 s" },
		{ CR_SSL_CONNECTION_ERROR, "certificate has expired",
		  "has expired; this host's clock says 2027-02-08 (date): see "
		  "that it is right; only if the clock is right, give the "
		  "server a new one (ssl_cert), then run there: FLUSH SSL",
		  "has expired" },
		{ CR_SSL_CONNECTION_ERROR,
		  "TLS/SSL error: certificate is not yet valid",
		  "shows a certificate that is not valid yet; this host's "
		  "clock says 2027-02-08 (date): see that it is right",
		  "FLUSH SSL" },
		{ ER_ACCESS_DENIED_ERROR, "no", "wrong password",
		  "wrong password" },
		{ CR_CONNECTION_ERROR,
		  "The following error cannot be verified: 1040 - \"full\"",
		  "it said: \"1040 - 'full'\"", "it said: \"1040" },
		{ 0, "", "closed", "began no session within 2 s" },
	};
	struct store_conf c = { .driver = "mariadb", .host = "h" };
	struct db one = { .conf = &c };

	clock_set_for_test(1802044800);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		err_clear(&err);
		FAILS(err.kind, cases[i].says,
		      db_mariadb_refused(&one, cases[i].code, cases[i].text,
					 2000, 1000, &err));
		FAILS(err.kind, cases[i].late,
		      db_mariadb_refused(&one, cases[i].code, cases[i].text,
					 2000, 12000, &err));
	}
	clock_set_for_test(-1);
}

/* --- a SQLite file that belongs to somebody else --- */

#define NUMBERS \
	"WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) "

/* A view may go on for ever, or want all there is. */
static void test_sqlite_views(void **state)
{
	static const char never[] = "SELECT x FROM never";
	static const char sorted[] = "SELECT x FROM sorted";
	struct store_conf c = conf;
	struct db *other = NULL;
	int64_t started;

	if (kit_mariadb())
		return;
	OK(db_script(db,
		     "CREATE VIEW never AS " NUMBERS
		     "SELECT x FROM c WHERE x < 0;"
		     "CREATE VIEW sorted AS " NUMBERS
		     "SELECT x, hex(randomblob(9999)) AS y FROM c ORDER BY y;"
		     "CREATE VIEW large AS SELECT zeroblob(500000000) AS x",
		     &err));
	c.timeout = 1;
	OK(db_open(&c, DB_WAIT, &other, &err));
	started = clock_mono_ms();
	FAILS(ERR_UNAVAILABLE, "no answer within 1 s",
	      first(other, never, "i"));
	assert_in_range(clock_mono_ms() - started, 900, 2000);
	FAILS(ERR_UNAVAILABLE, "no time is left", first(other, never, "i"));
	db_renew(other);
	RC(1, first(other, "SELECT k FROM t", "I"));
	/* Inside a transaction, which is gone then. */
	OK(db_begin(other, &err));
	RC(-1, first(other, never, "i"));
	FAILS(ERR_UNAVAILABLE, "rolled back", db_commit(other, &err));
	db_rollback(other);
	db_renew(other);
	OK(db_begin(other, &err));
	OK(db_commit(other, &err));
	RC(-1, first(other, sorted, "i"));
	assert_true(err.kind == ERR_LIMIT || err.kind == ERR_UNAVAILABLE);
	db_renew(other);
	FAILS(ERR_LIMIT, "", first(other, "SELECT x FROM large", "b"));
	FAILS(ERR_INTERNAL, "attached",
	      db_script(other, "ATTACH ':memory:' AS more", &err));
	RC(-1, db_script(other,
			 "PRAGMA writable_schema = ON; "
			 "UPDATE sqlite_master SET sql = 'x'",
			 &err));
	db_close(&other);
	OK(db_script(db, "DROP VIEW never; DROP VIEW sorted; DROP VIEW large",
		     &err));
}

/* Beside the file its owner may leave a rollback journal, which SQLite obeys:
 * one that names a super-journal has that file deleted. Not with root's
 * rights. */
static void test_sqlite_owner(void **state)
{
	static const unsigned char magic[8] = { 0xd9, 0xd5, 0x05, 0xf9,
						0x20, 0xa1, 0x63, 0xd7 };
	unsigned char head[512] = { 0 }, tail[8] = { 0 };
	char dir[] = "/tmp/test_db.XXXXXX", victim[100], journal[300];
	const char *const suffixes[] = { "", "-wal", "-shm" };
	unsigned sum = 0;
	struct stat st;
	FILE *f;

	if (kit_mariadb() || geteuid() != 0)
		return;
	db_close(&db);
	assert_non_null(mkdtemp(dir));
	snprintf(victim, sizeof(victim), "%s/victim", dir);
	f = fopen(victim, "w");
	assert_non_null(f);
	fputs("root's", f);
	fclose(f);
	memcpy(head, magic, 8);
	assert_int_equal(stat(kit_path, &st), 0);
	head[19] = (unsigned char) (st.st_size / 4096);
	head[22] = 2;  /* sectors of 512 bytes */
	head[26] = 16; /* pages of 4096 */
	for (const char *p = victim; *p; p++)
		sum += (unsigned char) *p;
	tail[3] = (unsigned char) strlen(victim);
	tail[6] = (unsigned char) (sum >> 8);
	tail[7] = (unsigned char) sum;
	snprintf(journal, sizeof(journal), "%s-journal", kit_path);
	f = fopen(journal, "w");
	assert_non_null(f);
	fwrite(head, 1, sizeof(head), f);
	fwrite("\0\004\0\001", 1, 4, f); /* the page that is none */
	fwrite(victim, 1, strlen(victim), f);
	fwrite(tail, 1, sizeof(tail), f);
	fwrite(magic, 1, sizeof(magic), f);
	fclose(f);
	assert_int_equal(chown(kit_dir, 65534, 65534), 0);
	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
		char path[300];

		snprintf(path, sizeof(path), "%s%s", kit_path, suffixes[i]);
		(void) !chown(path, 65534, 65534);
	}
	err_clear(&err);
	if (db_open(&conf, DB_WAIT, &db, &err) == 0)
		(void) !db_script(db, "UPDATE t SET n = 1", &err);
	assert_int_equal(access(victim, F_OK), 0);
	db_close(&db);
	unlink(journal);
	OK(db_open(&conf, DB_WAIT, &db, &err));
	OK(db_script(db, "UPDATE t SET n = 1", &err));
	db_close(&db);
	unlink(kit_path);
	OK(db_open(&conf, DB_CREATE, &db, &err));
	assert_int_equal(stat(kit_path, &st), 0);
	assert_int_equal(st.st_uid, 65534);
	OK(db_script(db, "CREATE TABLE t (k INT)", &err));
	/* Whoever reads the configuration next is root again. */
	assert_int_equal(chmod(dir, 0), 0);
	assert_int_equal(access(victim, F_OK), 0);
	unlink(victim);
	rmdir(dir);
}

/* Odd cells of one row, read by who goes through all of them. */
static void read_odd(void)
{
	struct db_stmt *st = NULL;

	OK(db_prepare(db,
		      kit_mariadb() ? "SELECT CONCAT('a', CHAR(0), 'b'), k, s "
				      "FROM t"
				    : "SELECT s, k, n FROM t",
		      "wwn", &st, &err));
	RC(1, db_step(st, &err));
	assert_string_equal(db_col_text(st, 0), "a");
	assert_string_equal(db_col_text(st, 1), "");
	assert_int_equal(db_col_int(st, 2), 0);
	db_done(st);
	/* too long for words, and numbers that are none of ours */
	OK(db_prepare(db,
		      kit_mariadb() ? "SELECT REPEAT('x', 200000), "
				      "REPEAT('x', 1024), REPEAT('x', 1025), "
				      "'12 months', 7.9E0, "
				      "18446744073709551615"
				    : "SELECT hex(zeroblob(100000)), "
				      "hex(zeroblob(512)), "
				      "hex(zeroblob(512)) || 'x', "
				      "'12 months', 7.9, x'37'",
		      "wwwnnn", &st, &err));
	RC(1, db_step(st, &err));
	assert_string_equal(db_col_text(st, 0), "");
	assert_int_equal(strlen(db_col_text(st, 1)), 1024);
	assert_string_equal(db_col_text(st, 2), "");
	for (int i = 3; i < 6; i++)
		assert_int_equal(db_col_int(st, i), 0);
	db_done(st);
	/* a long text */
	OK(db_prepare(db,
		      kit_mariadb() ? "SELECT REPEAT('x', 131072), "
				      "REPEAT('x', 131073), "
				      "CONCAT('a', CHAR(0), 'b'), 7, NULL"
				    : "SELECT hex(zeroblob(65536)), "
				      "hex(zeroblob(65536)) || 'x', "
				      "'a' || char(0) || 'b', 7, NULL",
		      "lllll", &st, &err));
	RC(1, db_step(st, &err));
	assert_int_equal(strlen(db_col_text(st, 0)), 131072);
	assert_string_equal(db_col_text(st, 1), "");
	assert_string_equal(db_col_text(st, 2), "a");
	assert_string_equal(db_col_text(st, 3), "");
	assert_null(db_col_text(st, 4));
	db_done(st);
}

/* What comes is looked at, whatever the table's columns were made for. */
static void test_shapes(void **state)
{
	if (kit_mariadb())
		OK(db_script(db, "UPDATE t SET s = 'text', n = 5", &err));
	else
		OK(db_script(db,
			     "UPDATE t SET n = 'text', s = x'610062', b = 5.5",
			     &err));
	FAILS(ERR_INPUT, "column 1 of an answer (\"k\") is a number, not text",
	      first(db, "SELECT k FROM t", "t"));
	FAILS(ERR_INPUT, "an answer (\"k'; run: rm 'x\") is a number",
	      first(db, "SELECT k AS 'k\"; run: rm \"x' FROM t", "t"));
	FAILS(ERR_INPUT, "2 columns instead of 1",
	      first(db, "SELECT k, n FROM t", "i"));
	FAILS(ERR_INPUT, "1 columns instead of 2",
	      first(db, "SELECT k FROM t ", "ii"));
	FAILS(ERR_INPUT, "0 columns instead of 1",
	      first(db, "UPDATE t SET k = k", "i"));
	FAILS(ERR_INPUT, "1 columns instead of 0",
	      first(db, "SELECT k FROM t  ", ""));
	FAILS(ERR_INPUT, "(\"b\") is NULL",
	      first(db, "SELECT NULL AS b FROM t", "B"));
	FAILS(ERR_INPUT, "is not an integer",
	      first(db, kit_mariadb() ? "SELECT s FROM t" : "SELECT n FROM t",
		    "i"));
	FAILS(ERR_INPUT, "NUL byte",
	      first(db,
		    kit_mariadb() ? "SELECT CONCAT('a', CHAR(0), 'b')"
				  : "SELECT s FROM t",
		    "t"));
	FAILS(ERR_INPUT, "is a number, not text",
	      first(db, kit_mariadb() ? "SELECT 5.5E0" : "SELECT b FROM t",
		    "b"));
	if (kit_mariadb())
		FAILS(ERR_INPUT, "is not an integer",
		      first(db, "SELECT 18446744073709551615", "i"));
	FAILS(ERR_INPUT, "(\"b\") is NULL",
	      first(db, "SELECT NULL AS b FROM t ", "W"));
	read_odd();
	/* The connection and the statement go on. */
	RC(1, first(db, "SELECT k FROM t   ", "I"));
}

static void test_limits(void **state)
{
	struct db_stmt *st = NULL;

	OK(db_script(db,
		     "INSERT INTO t (k) VALUES (2); INSERT INTO t (k) "
		     "VALUES (3)",
		     &err));
	for (int i = 0; i < 2; i++) {
		OK(db_prepare(db, "SELECT k FROM t", "I", &st, &err));
		db_limit(st, i == 0 ? 2 : 9, i == 0 ? 999 : 20);
		RC(1, db_step(st, &err));
		RC(1, db_step(st, &err));
		FAILS(ERR_LIMIT,
		      i == 0 ? "more than 2 rows" : "more than 20 bytes",
		      db_step(st, &err));
		db_done(st);
		/* What was not read is given up with the connection. */
		if (!db->handle)
			OK(db_reconnect(db, &err));
	}
	OK(db_prepare(db, "SELECT k FROM t ORDER BY k", "I", &st, &err));
	RC(1, db_step(st, &err));
	db_done(st);
	if (!db->handle)
		OK(db_reconnect(db, &err));
	RC(1, first(db, "SELECT k FROM t WHERE k = 1", "I"));
	assert_non_null(db->handle);
}

static void test_sqlite_read_only(void **state)
{
	if (kit_mariadb() || geteuid() == 0)
		return; /* root may write anywhere */
	db_close(&db);
	assert_int_equal(chmod(kit_path, 0440), 0);
	OK(db_open(&conf, DB_WAIT, &db, &err));
	FAILS(ERR_CONFIG, "no permission to write",
	      db_script(db, "UPDATE t SET n = 1", &err));
	db_close(&db);
	assert_int_equal(chmod(kit_path, 0640), 0);
}

static int group_setup(void **state)
{
	if (kit_begin() == -1)
		return -1;
	kit_wipe();
	return 0;
}

static int group_teardown(void **state)
{
	kit_end();
	return 0;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_types),
		TEST(test_affected),
		TEST(test_transactions),
		TEST(test_read),
		TEST(test_faults),
		TEST(test_broken),
		TEST(test_again),
		TEST(test_value_max),
		TEST(test_sqlite_damaged),
		TEST(test_call),
		TEST(test_sqlite_files),
		TEST(test_sqlite_full),
		TEST(test_sqlite_views),
		TEST(test_sqlite_owner),
		TEST(test_refused),
		TEST(test_shapes),
		TEST(test_limits),
		TEST(test_sqlite_locked),
		TEST(test_sqlite_read_only),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
