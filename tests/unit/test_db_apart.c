/* SPDX-License-Identifier: MIT */
/*
 * SQLite files of another user, as root: where they are opened and where not,
 * and the process that opens them, when it dies, is held, or answers what it
 * likes.
 */
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <linux/keyctl.h>
#include "clock.h"
#include "store_kit.h"
#include "db_apart.h"
#include "db_child.h"
#include "db_where.h"
#include "db_wire.h"

#define USER 61234

static struct db *db;

static void chown_to(const char *path, uid_t uid, mode_t mode)
{
	assert_int_equal(chown(path, uid, uid), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static int setup(void **state)
{
	if (kit_begin() == -1)
		return -1;
	if (geteuid() == 0)
		chown_to(kit_dir, USER, 0755);
	conf.timeout = 1;
	return 0;
}

/* No child, alive or dead, and no descriptor is left, whatever happened. */
static int teardown(void **state)
{
	db_child_set_for_test(NULL);
	db_close(&db);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	kit_end();
	return 0;
}

static int first(const char *sql, const char *columns)
{
	struct db_stmt *st = NULL;
	int rc;

	err_clear(&err);
	if (db_prepare(db, sql, columns, &st, &err) == -1)
		return -1;
	rc = db_step(st, &err);
	db_done(st);
	return rc;
}

static void make_store(void)
{
	OK(db_open(&conf, DB_CREATE, &db, &err));
	OK(db_script(db, "CREATE TABLE t (k INT); INSERT INTO t VALUES (7)",
		     &err));
	db_close(&db);
	OK(db_open(&conf, DB_WAIT, &db, &err));
	RC(1, first("SELECT k FROM t", "I"));
}

/* Of our only child. */
static pid_t child_pid(void)
{
	char path[100], text[50] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children",
		 (int) getpid());
	f = fopen(path, "r");
	if (!f || !fgets(text, sizeof(text), f))
		text[0] = '\0';
	if (f)
		fclose(f);
	return (pid_t) atoi(text);
}

/* --- whose it is --- */

static void asked(const char *path, int want, const char *text)
{
	struct db_where where = { 0 };

	err_clear(&err);
	assert_int_equal(db_where(path, &where, &err), want);
	if (want == -1) {
		if (!strstr(err.msg, text))
			print_error("\"%s\" is not in: %s\n", text, err.msg);
		assert_non_null(strstr(err.msg, text));
		assert_int_equal(err.kind, ERR_CONFIG);
	} else if (want == 1) {
		assert_int_equal(where.uid, atoi(text));
	}
	mem_free_str(&where.path);
}

static void touch(const char *path, uid_t uid, mode_t mode)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fclose(f);
	chown_to(path, uid, mode);
}

static void test_where(void **state)
{
	char sub[300], file[310], wal[320];

	if (geteuid() != 0)
		skip();
	snprintf(sub, sizeof(sub), "%s/sub", kit_dir);
	snprintf(file, sizeof(file), "%s/x.db", sub);
	snprintf(wal, sizeof(wal), "%s-wal", file);
	asked(file, 0, "");
	asked("/tmp/certrepo-nosuch.db", -1, "a folder of its own");
	asked(kit_dir, -1, "not a regular file");
	assert_int_equal(mkdir(sub, 0700), 0);
	/* Root's, but in a folder of the user's, who can swap it. */
	asked(file, -1, "run: chown root");
	chown_to(sub, USER, 0700);
	asked(file, 1, "61234");
	chown_to(sub, 61235, 0700);
	asked(file, -1, "must be one user's; run: chown 61235");
	chown_to(kit_dir, 0, 0775);
	asked(file, -1, "run: chmod go-w");
	chown_to(kit_dir, 0, 0755);
	asked(file, 1, "61235");
	chown_to(sub, 0, 0770);
	asked(file, -1, "run: chmod go-w");
	chown_to(sub, 0, 0750);
	asked(file, 1, "0");
	touch(file, 0, 0640);
	asked(file, 1, "0");
	chmod(file, 0660);
	asked(file, -1, "run: chmod go-w");
	chown_to(file, USER, 0640);
	asked(file, -1, "run: chown 61234 ");
	chown_to(file, 1, 0640); /* by his name */
	asked(file, -1, "run: chown daemon ");
	chown_to(file, 0, 0640);
	touch(wal, USER, 0640);
	asked(file, -1, "x.db-wal belongs to user 61234");
	asked(file, -1, "run: chown root ");
	unlink(wal);
	unlink(file);
	assert_int_equal(mkfifo(file, 0600), 0);
	asked(file, -1, "not a regular file");
	unlink(file);
	/* A link of the user's is his process's to follow. */
	assert_int_equal(symlink("/tmp/x", file), 0);
	asked(file, -1, "folder /tmp");
	chown_to(sub, USER, 0755);
	asked(file, 1, "61234");
	unlink(file);
	rmdir(sub);
}

/* The user is who asked, not who is to do something. */
static void test_as_whom(void **state)
{
	int fd;

	if (geteuid() != 0)
		skip();
	make_store();
	db_close(&db);
	fd = open(kit_path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(write(fd, "This is a text", 14), 14);
	close(fd);
	FAILS(ERR_CONFIG,
	      "this is not a SQLite database (\"file is not a database\", "
	      "asked as user 61234)",
	      db_open(&conf, DB_WAIT, &db, &err));
}

/* --- a child that ends, or hangs --- */

static void test_killed(void **state)
{
	struct db_stmt *st = NULL;
	pid_t pid;

	if (geteuid() != 0)
		skip();
	make_store();
	assert_ptr_equal(db->driver, &db_apart);
	pid = child_pid();
	assert_int_equal(kill(pid, SIGKILL), 0);
	FAILS(ERR_UNAVAILABLE, "reads it as user 61234 was ended by signal 9",
	      first("SELECT k FROM t", "I"));
	assert_int_equal(db_fault(db), DB_FAULT_LOST);
	assert_int_equal(kill(pid, 0), -1);
	OK(db_reconnect(db, &err));
	RC(1, first("SELECT k FROM t", "I"));
	/* Between two rows, and in a transaction. */
	OK(db_begin(db, &err));
	OK(db_script(db, "INSERT INTO t VALUES (8)", &err));
	OK(db_prepare(db, "SELECT k FROM t ORDER BY k", "I", &st, &err));
	RC(1, db_step(st, &err));
	assert_int_equal(kill(child_pid(), SIGBUS), 0);
	FAILS(ERR_UNAVAILABLE, "signal 7 (Bus error): somebody changes",
	      db_step(st, &err));
	db_done(st);
	FAILS(ERR_UNAVAILABLE, "rolled back", db_commit(db, &err));
	db_rollback(db);
	OK(db_reconnect(db, &err));
	RC(1, first("SELECT k FROM t ORDER BY k DESC", "I"));
	assert_int_equal(kill(child_pid(), SIGTERM), 0);
	db_close(&db);
}

#define MANY "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"

static void numbered(struct db_stmt *st, int64_t from, int64_t to)
{
	for (int64_t i = from; i <= to; i++) {
		RC(1, db_step(st, &err));
		assert_int_equal(db_col_int(st, 0), i);
	}
}

/* Rows come many at a time: what has come is there, though the process that
 * sent it is not. A first row alone, since most ask for one. */
static void test_many(void **state)
{
	struct db_stmt *st = NULL;

	if (geteuid() != 0)
		skip();
	make_store();
	OK(db_prepare(db, MANY " LIMIT 100) SELECT i FROM n", "I", &st, &err));
	numbered(st, 1, 2);
	assert_int_equal(kill(child_pid(), SIGKILL), 0);
	numbered(st, 3, 100);
	RC(0, db_step(st, &err));
	db_done(st);
	OK(db_reconnect(db, &err));
	/* More than go into one reply, and some that are left. */
	OK(db_prepare(db, MANY " LIMIT 100000) SELECT i FROM n", "I", &st,
		      &err));
	numbered(st, 1, 100000);
	RC(0, db_step(st, &err));
	db_done(st);
	OK(db_prepare(db, MANY ") SELECT i FROM n", "I", &st, &err));
	numbered(st, 1, 20000);
	db_done(st);
	/* Rows that are large, between small ones. */
	OK(db_prepare(
		db, MANY " LIMIT 60) SELECT i, zeroblob(i % 7 * 20000) FROM n",
		"IB", &st, &err));
	for (int i = 1; i <= 60; i++) {
		size_t len;

		RC(1, db_step(st, &err));
		assert_int_equal(db_col_int(st, 0), i);
		assert_non_null(db_col_blob(st, 1, &len));
		assert_int_equal(len, i % 7 * 20000);
	}
	RC(0, db_step(st, &err));
	db_done(st);
}

/* What goes wrong with a row behind the first is said, and the next statement
 * has an answer of its own. */
static void test_row_fails(void **state)
{
	struct db_stmt *st = NULL;

	if (geteuid() != 0)
		skip();
	make_store();
	OK(db_prepare(db,
		      MANY " LIMIT 9) SELECT abs(CASE i WHEN 5 THEN "
			   "-9223372036854775807 - 1 ELSE i END) FROM n",
		      "I", &st, &err));
	RC(1, db_step(st, &err));
	FAILS(ERR_INTERNAL, "integer overflow", db_step(st, &err));
	db_done(st);
	RC(1, first("SELECT k FROM t", "I"));
}

static void test_held(void **state)
{
	int64_t started;

	if (geteuid() != 0)
		skip();
	make_store();
	db_renew(db);
	assert_int_equal(kill(child_pid(), SIGSTOP), 0);
	started = clock_mono_ms();
	FAILS(ERR_UNAVAILABLE, "no answer within 1 s",
	      first("SELECT k FROM t", "I"));
	assert_in_range(clock_mono_ms() - started, 900, 3000);
	db_renew(db);
	OK(db_reconnect(db, &err));
	assert_int_equal(kill(child_pid(), SIGSTOP), 0);
	started = clock_mono_ms();
	db_close(&db);
	assert_in_range(clock_mono_ms() - started, 0, 3000);
}

/* Nobody reaps our child but us, or everybody does. */
static void test_ignored(void **state)
{
	void (*old)(int);
	pid_t pid;

	if (geteuid() != 0)
		skip();
	old = signal(SIGCHLD, SIG_IGN);
	make_store();
	pid = child_pid();
	db_close(&db);
	assert_int_equal(kill(pid, 0), -1);
	OK(db_open(&conf, DB_WAIT, &db, &err));
	assert_int_equal(kill(child_pid(), SIGKILL), 0);
	FAILS(ERR_UNAVAILABLE, "user 61234 ended",
	      first("SELECT k FROM t", "I"));
	db_close(&db);
	signal(SIGCHLD, old);
}

/* What the child has of ours: the ids and groups of its user, no descriptor,
 * no session. */
static void test_child(void **state)
{
	char path[100], line[500], want[100];
	const char *const files[] = { "status", "stat" };
	int fd, found = 0, session = 0, pid = 0, n = 0;
	const gid_t groups[] = { 0, 4, 27 };
	FILE *f;

	if (geteuid() != 0)
		skip();
	assert_int_equal(setgroups(3, groups), 0);
	fd = open("/etc/shadow", O_RDONLY);
	make_store();
	pid = (int) child_pid();
	snprintf(path, sizeof(path), "/proc/%d/%s", pid, files[0]);
	f = fopen(path, "r");
	assert_non_null(f);
	snprintf(want, sizeof(want), "Uid:\t%d\t%d\t%d\t%d\n", USER, USER, USER,
		 USER);
	while (fgets(line, sizeof(line), f)) {
		found += strcmp(line, want) == 0;
		found +=
			strcmp(line, "Gid:\t65534\t65534\t65534\t65534\n") == 0;
		found += strncmp(line, "Groups:\t", 8) == 0 &&
			 strspn(line + 8, " \n") == strlen(line + 8);
		found += strcmp(line, "CapEff:\t0000000000000000\n") == 0;
		found += strcmp(line, "CapPrm:\t0000000000000000\n") == 0;
		found += strcmp(line, "NoNewPrivs:\t1\n") == 0;
	}
	fclose(f);
	assert_int_equal(found, 6);
	snprintf(path, sizeof(path), "/proc/%d/%s", pid, files[1]);
	f = fopen(path, "r");
	assert_non_null(f);
	assert_non_null(fgets(line, sizeof(line), f));
	fclose(f);
	assert_int_equal(
		sscanf(strrchr(line, ')'), ") %*c %*d %*d %d", &session), 1);
	assert_int_equal(session, pid);
	for (int i = 0; i < 200; i++) {
		ssize_t len;

		snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, i);
		len = readlink(path, line, sizeof(line) - 1);
		if (len == -1)
			continue;
		line[len] = '\0';
		n++;
		assert_true(i > 2 || strcmp(line, "/dev/null") == 0);
		assert_null(strstr(line, "shadow"));
	}
	assert_in_range(n, 5, 8); /* those, the socket, up to three files */
	close(fd);
	assert_int_equal(setgroups(0, NULL), 0);
}

/* --- a child that is somebody else --- */

static int turn; /* which of the lies below */

static void put_raw(int fd, const void *p, size_t len)
{
	(void) !send(fd, p, len, MSG_NOSIGNAL);
}

static void put(int fd, struct sbuf *s)
{
	(void) !db_wire_send(fd, s, clock_mono_ms() + 5000);
	sbuf_free(s);
}

static void begin(struct sbuf *s, unsigned int result, unsigned int fault)
{
	sbuf_init(s, 64u << 20);
	db_wire_start(s);
	db_wire_u8(s, result);
	db_wire_u8(s, fault);
}

static void head(struct sbuf *s, uint32_t n)
{
	begin(s, DB_WIRE_DONE, 0);
	db_wire_u32(s, n);
}

/* A row is to follow, of one column, whose value is of TYPE. */
static void row(struct sbuf *s, unsigned int type)
{
	head(s, 1);
	db_wire_bytes(s, "k", 1);
	db_wire_u8(s, DB_WIRE_ROW);
	db_wire_u8(s, type);
}

/* Answers to a first step of which none adds up. */
static void lie(int fd)
{
	static const char big[DB_VALUE_MAX + 1];
	struct sbuf s;

	switch (turn) {
	case 0: /* a giant that never comes */
		put_raw(fd, "\xff\xff\xff\xff\x01", 5);
		return;
	case 1: /* empty */
		put_raw(fd, "\0\0\0\0", 4);
		return;
	case 2: /* garbage */
		put_raw(fd, "\x04\0\0\0\x77\x77\x77\x77", 8);
		return;
	case 3: /* a fault that is none */
		begin(&s, DB_WIRE_DONE, 99);
		break;
	case 4: /* an error of a kind that ends a program otherwise */
		begin(&s, DB_WIRE_ERROR, DB_FAULT_OTHER);
		db_wire_u8(&s, ERR_USAGE);
		db_wire_bytes(&s, "x", 1);
		break;
	case 5: /* a text longer than the message */
		begin(&s, DB_WIRE_ERROR, DB_FAULT_OTHER);
		db_wire_u8(&s, ERR_INPUT);
		db_wire_i64(&s, INT64_MAX);
		break;
	case 6: /* columns without end */
		head(&s, UINT32_MAX);
		break;
	case 7: /* a name too long */
		head(&s, 1);
		db_wire_bytes(&s, big, DB_WIRE_NAME_MAX + 1);
		break;
	case 8: /* a type that is none */
		row(&s, 77);
		break;
	case 9: /* a length below nothing */
		row(&s, DB_BYTES);
		db_wire_i64(&s, -1);
		db_wire_u8(&s, 1);
		db_wire_i64(&s, -1);
		break;
	case 10: /* a value larger than any */
		row(&s, DB_BYTES);
		db_wire_i64(&s, sizeof(big));
		db_wire_u8(&s, 1);
		db_wire_bytes(&s, big, sizeof(big));
		break;
	case 11: /* something behind the last */
		head(&s, 0);
		db_wire_u8(&s, DB_WIRE_END);
		db_wire_i64(&s, 1);
		db_wire_u8(&s, 1);
		break;
	case 12: /* cut */
		row(&s, DB_INT);
		db_wire_u32(&s, 1);
		break;
	case 13: /* rows matched below nothing */
		head(&s, 0);
		db_wire_u8(&s, DB_WIRE_END);
		db_wire_i64(&s, -5);
		break;
	case 14: /* a row of nothing */
		head(&s, 0);
		db_wire_u8(&s, DB_WIRE_ROW);
		db_wire_u8(&s, DB_WIRE_MORE);
		break;
	case 15: /* more of nothing: it would go on for ever */
		head(&s, 1);
		db_wire_bytes(&s, "k", 1);
		db_wire_u8(&s, DB_WIRE_MORE);
		break;
	case 16: /* an item that is none */
		head(&s, 0);
		db_wire_u8(&s, 77);
		break;
	case 17: /* nothing behind the columns */
		head(&s, 0);
		break;
	case 18: /* a result that is none */
		begin(&s, 7, 0);
		break;
	default: /* as it says is its length, and it is not */
		row(&s, DB_BYTES);
		db_wire_i64(&s, 3);
		db_wire_u8(&s, 1);
		db_wire_bytes(&s, "ab", 2);
		break;
	}
	put(fd, &s);
}
#define LIES 20

static void hear(int fd)
{
	struct db_wire_buf buf = { 0 };
	struct db_wire w;

	if (db_wire_receive(fd, &buf, DB_WIRE_REQUEST_MAX,
			    clock_mono_ms() + 10000, &w) != DB_WIRE_OK)
		_exit(0);
	free(buf.p);
}

static void accept_open(int fd)
{
	struct sbuf s;

	hear(fd);
	begin(&s, DB_WIRE_DONE, DB_OK);
	put(fd, &s);
	hear(fd);
}

static void liar(int fd)
{
	accept_open(fd);
	lie(fd);
	hear(fd); /* and stays */
}

static void test_lies(void **state)
{
	if (geteuid() != 0)
		skip();
	db_child_set_for_test(liar);
	for (turn = 0; turn < LIES; turn++) {
		OK(db_open(&conf, DB_WAIT, &db, &err));
		FAILS(ERR_UNAVAILABLE, "answers what it never should",
		      first("SELECT k FROM t", "I"));
		assert_int_equal(db_fault(db), DB_FAULT_LOST);
		db_close(&db);
	}
}

/* A first row that is right, and behind it none of which one adds up. */
static void lie_later(int fd)
{
	struct sbuf s;

	accept_open(fd);
	row(&s, DB_INT);
	db_wire_i64(&s, 7);
	switch (turn) {
	case 0: /* no item at all */
		break;
	case 1: /* one that is none */
		db_wire_u8(&s, 77);
		break;
	case 2: /* half a row */
		db_wire_u8(&s, DB_WIRE_ROW);
		db_wire_u8(&s, DB_INT);
		db_wire_u8(&s, 1);
		break;
	case 3: /* an end before the end */
		db_wire_u8(&s, DB_WIRE_END);
		db_wire_i64(&s, 0);
		db_wire_u8(&s, DB_WIRE_ROW);
		break;
	case 4: /* more, and something behind it */
		db_wire_u8(&s, DB_WIRE_MORE);
		db_wire_u8(&s, DB_WIRE_END);
		db_wire_i64(&s, 0);
		break;
	default: /* more, and there is none, for ever */
		db_wire_u8(&s, DB_WIRE_MORE);
		put(fd, &s);
		hear(fd);
		begin(&s, DB_WIRE_DONE, 0);
		db_wire_u8(&s, DB_WIRE_MORE);
		break;
	}
	put(fd, &s);
	hear(fd);
}
#define LATER_LIES 6

static void test_later_lies(void **state)
{
	struct db_stmt *st = NULL;

	if (geteuid() != 0)
		skip();
	db_child_set_for_test(lie_later);
	for (turn = 0; turn < LATER_LIES; turn++) {
		OK(db_open(&conf, DB_WAIT, &db, &err));
		OK(db_prepare(db, "SELECT k FROM t", "I", &st, &err));
		RC(1, db_step(st, &err));
		assert_int_equal(db_col_int(st, 0), 7);
		FAILS(ERR_UNAVAILABLE, "answers what it never should",
		      db_step(st, &err));
		assert_int_equal(db_fault(db), DB_FAULT_LOST);
		db_done(st);
		db_close(&db);
	}
}

/* A byte now and then. */
static void drip(int fd)
{
	accept_open(fd);
	put_raw(fd, "\x10\0\0\0", 4);
	for (int i = 0; i < 100; i++) {
		put_raw(fd, "x", 1);
		(void) poll(NULL, 0, 300);
	}
}

/* More than anybody asked for, without end. */
static void flood(int fd)
{
	static const char junk[65536];

	accept_open(fd);
	while (send(fd, junk, sizeof(junk), MSG_NOSIGNAL) > 0)
		;
}

static void deaf(int fd)
{
	accept_open(fd);
	(void) poll(NULL, 0, 20000);
}

static void lets_go(int fd)
{
	accept_open(fd);
	close(fd);
	(void) poll(NULL, 0, 20000);
}

static void test_slow(void **state)
{
	static void (*const all[])(int) = { drip, flood, deaf, lets_go };
	int64_t started;

	if (geteuid() != 0)
		skip();
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		db_child_set_for_test(all[i]);
		OK(db_open(&conf, DB_WAIT, &db, &err));
		started = clock_mono_ms();
		RC(-1, first("SELECT k FROM t", "I"));
		assert_int_equal(err.kind, ERR_UNAVAILABLE);
		assert_int_equal(db_fault(db), DB_FAULT_LOST);
		db_close(&db);
		assert_in_range(clock_mono_ms() - started, 0, 3500);
	}
}

/* Its words are a peer's: under the file's name, and plain. */
static void talk(int fd)
{
	static const char text[] = "\033[2Jservice web: all is well\nreally";
	struct sbuf s;

	hear(fd);
	begin(&s, DB_WIRE_ERROR, DB_FAULT_OTHER);
	db_wire_u8(&s, ERR_CONFIG);
	db_wire_bytes(&s, text, sizeof(text) - 1);
	put(fd, &s);
}

static void test_words(void **state)
{
	char want[400];

	if (geteuid() != 0)
		skip();
	db_child_set_for_test(talk);
	snprintf(want, sizeof(want), "%s: ?[2Jservice web: all is well?really",
		 kit_path);
	FAILS(ERR_CONFIG, want, db_open(&conf, DB_WAIT, &db, &err));
	assert_string_equal(err.msg, want);
}

/* Tells whether it finds the key that root's session has. */
static void seek(int fd)
{
	const char *text = "it has the key";
	struct sbuf s;

	hear(fd);
	if (syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_SESSION_KEYRING, "user",
		    "certrepo-secret", 0) == -1)
		text = "it has no key";
	begin(&s, DB_WIRE_ERROR, DB_FAULT_OTHER);
	db_wire_u8(&s, ERR_CONFIG);
	db_wire_bytes(&s, text, strlen(text));
	put(fd, &s);
}

static void test_keys(void **state)
{
	if (geteuid() != 0 ||
	    syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) == -1 ||
	    syscall(SYS_add_key, "user", "certrepo-secret", "x", 1,
		    KEY_SPEC_SESSION_KEYRING) == -1)
		skip();
	db_child_set_for_test(seek);
	FAILS(ERR_CONFIG, "it has no key", db_open(&conf, DB_WAIT, &db, &err));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_where),     TEST(test_as_whom),    TEST(test_killed),
		TEST(test_held),      TEST(test_ignored),    TEST(test_child),
		TEST(test_lies),      TEST(test_later_lies), TEST(test_many),
		TEST(test_row_fails), TEST(test_slow),	     TEST(test_words),
		TEST(test_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
