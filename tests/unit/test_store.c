/* SPDX-License-Identifier: MIT */
/* The contract of rows, transactions and who is in whose way, on SQLite or
 * MariaDB: see store_kit.h. */
#include <sys/wait.h>
#include "clock.h"
#include "rows_kit.h"

/* --- names --- */

static void test_names(void **state)
{
	static const char *const good[] = {
		"a",
		"www.example.org",
		"*.example.org",
		"_sip.example.org",
		"www.example.org+ec",
		"www.example.org+web-2",
		"xn--bcher-kva.example",
	};
	static const char *const bad[] = {
		"",
		"WWW.example.org",
		"www..example.org",
		".example.org",
		"example.org.",
		"-a.example.org",
		"a-.example.org",
		"www.example.org+",
		"www.example.org+EC",
		"www.example.org+a+b",
		"www.example.org+a_b",
		"../etc/passwd",
		"a/b",
		"a b",
		"b\303\274cher.example",
		"www.*.org",
		"+ec",
		"a.+ec",
		"a+012345678901234567890123456789012",
	};
	char name[300];

	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		OK(store_name_check(good[i], &err));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		RC(-1, store_name_check(bad[i], &err));
	memset(name, 'a', sizeof(name));
	for (size_t i = 50; i < 250; i += 50)
		name[i] = '.';
	name[250] = '\0';
	OK(store_name_check(name, &err));
	name[250] = 'a';
	name[251] = '\0';
	FAILS(ERR_INPUT, "at most 250", store_name_check(name, &err));
	assert_string_equal(store_name_domain(arena, "www.example.org+ec"),
			    "www.example.org");
	assert_string_equal(store_name_domain(arena, "www.example.org"),
			    "www.example.org");
}

/* --- populate --- */

static void test_add_get(void **state)
{
	struct store_cert r = row_of("www.example.org+ec"), *g = NULL;

	r.enabled = false;
	r.comment = "the shop";
	r.certbot = true;
	r.webroot_path = "/var/www/shop";
	r.ca_name = "letsencrypt";
	r.ts_due = 17;
	/* Ignored, as promised. */
	r.crt = BLOB("crt");
	RC(0, store_get(s, r.name, arena, &g, &err));
	OK(store_add(s, &r, &err));
	g = get("www.example.org+ec");
	assert_string_equal(g->name, "www.example.org+ec");
	assert_false(g->enabled);
	assert_true(g->certbot);
	assert_string_equal(g->comment, "the shop");
	assert_string_equal(g->webroot_path, "/var/www/shop");
	assert_string_equal(g->ca_name, "letsencrypt");
	assert_null(g->challenge);
	assert_string_equal(g->md5_modulus, r.md5_modulus);
	assert_string_equal(g->key_sha256, r.key_sha256);
	assert_blob(g->csr, "-----CSR-----");
	assert_null(g->crt.p);
	assert_null(g->ca.p);
	assert_int_equal(g->ts_expire, 1);
	assert_int_equal(g->ts_last_update, 1);
	assert_int_equal(g->count_fail_update, 0);
	assert_int_equal(g->ts_due, 17);
	assert_false(g->held);
	assert_null(g->lease_owner);
	FAILS(ERR_CONFLICT, "already enrolled", store_add(s, &r, &err));
	assert_string_equal(get("www.example.org+ec")->comment, "the shop");
}

static void test_blob_bytes(void **state)
{
	static char big[STORE_BLOB_MAX + 1];
	struct store_cert r = row_of("bytes.example.org");

	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (char) i; /* every byte, NUL and quotes too */
	r.csr = (struct store_blob){ big, STORE_BLOB_MAX };
	r.owner = "a@example.org";
	OK(store_add(s, &r, &err));
	assert_string_equal(get(r.name)->owner, "a@example.org");
	assert_int_equal(get(r.name)->csr.len, STORE_BLOB_MAX);
	assert_memory_equal(get(r.name)->csr.p, big, STORE_BLOB_MAX);
	r.name = "more.example.org";
	r.csr.len++;
	FAILS(ERR_LIMIT, "at most 65535", store_add(s, &r, &err));
}

static void test_ascii(void **state)
{
	struct store_cert r = row_of("a.example.org");
	struct store_field f = { "comment", "Gesch\xc3\xa4"
					    "ft" };

	r.comment = "caf\xc3\xa9";
	FAILS(ERR_INPUT, "not plain ASCII", store_add(s, &r, &err));
	r.comment = "two\nlines";
	FAILS(ERR_INPUT, "control character", store_add(s, &r, &err));
	add("a.example.org");
	FAILS(ERR_INPUT, "not plain ASCII",
	      store_set(s, "a.example.org", &f, 1, 0, &err));
}

static void test_set(void **state)
{
	struct store_field f[] = {
		{ "comment", "it's \"here\"; DROP TABLE certs" },
		{ "webroot_path", "/srv/www" },
		{ "certbot", "Y" },
		{ "enable", "N" },
		{ "challenge", "http-01" },
		{ "ca_name", "own" },
	};
	struct store_field none[] = { { "comment", NULL },
				      { "challenge", NULL } };
	struct store_field bad[] = { { "comment", "changed" }, { "csr", "x" } };
	struct store_field maybe = { "enable", "maybe" };
	struct store_field null = { "enable", NULL };
	struct store_cert *g;

	add("a.example.org");
	RC(1, store_set(s, "a.example.org", f, ARRAY_LEN(f), 4242, &err));
	g = get("a.example.org");
	assert_string_equal(g->comment, f[0].value);
	assert_string_equal(g->webroot_path, "/srv/www");
	assert_true(g->certbot);
	assert_false(g->enabled);
	assert_string_equal(g->challenge, "http-01");
	assert_string_equal(g->ca_name, "own");
	assert_int_equal(g->ts_due, 4242);
	RC(1, store_set(s, "a.example.org", none, 2, 1, &err));
	g = get("a.example.org");
	assert_null(g->comment);
	assert_null(g->challenge);
	RC(0, store_set(s, "b.example.org", f, 1, 1, &err));
	FAILS(ERR_INPUT, "no field \"csr\"",
	      store_set(s, "a.example.org", bad, 2, 1, &err));
	assert_null(get("a.example.org")->comment);
	FAILS(ERR_INPUT, "Y or N",
	      store_set(s, "a.example.org", &maybe, 1, 1, &err));
	FAILS(ERR_INPUT, "Y or N",
	      store_set(s, "a.example.org", &null, 1, 1, &err));
	/* The same values again: still found. */
	RC(1, store_set(s, "a.example.org", none, 2, 1, &err));
}

/* Whose it is, mends nothing. */
static void test_set_owner(void **state)
{
	struct store_field f[] = { { "owner", "a@example.org" },
				   { "comment", "x" } };
	struct store_field none = { "owner", NULL };
	struct store_cert *g;
	char longest[256];

	add("a.example.org");
	assert_null(get("a.example.org")->owner);
	OK(db_script(s->db,
		     "UPDATE certs SET held = 1, ts_due = 77, "
		     "count_fail_update = 3, ts_next_attempt = 77",
		     &err));
	RC(1, store_set(s, "a.example.org", f, 1, 1, &err));
	g = get("a.example.org");
	assert_string_equal(g->owner, "a@example.org");
	assert_true(g->held);
	assert_int_equal(g->ts_due, 77);
	assert_int_equal(g->ts_next_attempt, 77);
	assert_int_equal(g->count_fail_update, 3);
	RC(1, store_set(s, "a.example.org", f, 1, 1, &err));
	RC(1, store_set(s, "a.example.org", &none, 1, 1, &err));
	assert_null(get("a.example.org")->owner);
	RC(0, store_set(s, "b.example.org", f, 1, 1, &err));
	RC(1, store_set(s, "a.example.org", f, 2, 1, &err));
	g = get("a.example.org");
	assert_false(g->held);
	assert_int_equal(g->ts_due, 1);
	memset(longest, 'a', sizeof(longest) - 1);
	longest[255] = '\0';
	f[0].value = longest;
	FAILS(ERR_LIMIT, "owner is 255",
	      store_set(s, "a.example.org", f, 1, 1, &err));
}

static void test_replace_csr(void **state)
{
	struct store_order o = { .name = "a.example.org",
				 .ca_name = "x",
				 .state = "new" };
	struct store_cert *g;

	add("a.example.org");
	OK(kit_set_due(s, "a.example.org", 9999, &err));
	OK(store_order_put(s, &o, &err));
	RC(1, store_claim(s, "a.example.org", "me", 10, 20, &err));
	/* The same CSR: nothing happens to its order, lease and due time. */
	OK(store_replace_csr(s, "a.example.org", BLOB("-----CSR-----"), "bb",
			     "cc", &err));
	g = get("a.example.org");
	assert_int_equal(g->ts_due, 9999);
	assert_false(g->renew);
	assert_string_equal(g->lease_owner, "me");
	RC(1, store_order_get(s, "a.example.org", 0, arena, &o, &err));
	OK(store_replace_csr(s, "a.example.org", BLOB("other"), "dd", "ee",
			     &err));
	g = get("a.example.org");
	assert_blob(g->csr, "other");
	assert_string_equal(g->key_sha256, "dd");
	assert_string_equal(g->md5_modulus, "ee");
	assert_int_equal(g->ts_due, 0);
	assert_true(g->renew);
	assert_null(g->lease_owner);
	RC(0, store_order_get(s, "a.example.org", 0, arena, &o, &err));
	FAILS(ERR_INPUT, "there is no b.example.org",
	      store_replace_csr(s, "b.example.org", BLOB("x"), "d", "e", &err));
}

static void test_remove(void **state)
{
	struct store_order o = { .name = "a.example.org",
				 .ca_name = "x",
				 .state = "new" };
	struct store_cert *g = NULL;

	add("a.example.org");
	add("a.example.org+ec");
	OK(store_order_put(s, &o, &err));
	RC(1, store_remove(s, "a.example.org", &err));
	RC(0, store_remove(s, "a.example.org", &err));
	RC(0, store_get(s, "a.example.org", arena, &g, &err));
	RC(0, store_order_get(s, "a.example.org", 0, arena, &o, &err));
	RC(1, store_get(s, "a.example.org+ec", arena, &g, &err));
}

static void test_key_owner(void **state)
{
	struct store_cert r = row_of("a.example.org");
	const char *other = "";

	OK(store_add(s, &r, &err));
	OK(store_key_owner(s, r.key_sha256, "a.example.org", arena, &other,
			   &err));
	assert_null(other);
	OK(store_key_owner(s, r.key_sha256, "b.example.org", arena, &other,
			   &err));
	assert_string_equal(other, "a.example.org");
	OK(store_key_owner(s, r.key_sha256, NULL, arena, &other, &err));
	assert_string_equal(other, "a.example.org");
}

static int count_row(const struct store_cert *row, void *arg, struct err *e)
{
	struct strlist *l = arg;

	assert_null(row->csr.p);
	assert_int_equal(row->csr.len, 13);
	assert_int_equal(row->crt.len, 0);
	/* The store may be used from here. */
	if (l->n == 0) {
		struct store_cert *g = NULL;

		assert_int_equal(store_get(s, row->name, arena, &g, e), 1);
	}
	strlist_add(l, row->name);
	return l->n == 1205 ? err_set(e, ERR_INTERNAL, "enough") : 0;
}

static int add_many(struct store *st, void *arg, struct err *e)
{
	char name[50];

	for (int i = 0; i < *(int *) arg; i++) {
		struct store_cert r = row_of(name);

		snprintf(name, sizeof(name), "h%05d.example.org", i);
		r.ts_due = STORE_NEVER;
		if (store_add(st, &r, e) == -1)
			return -1;
	}
	return 0;
}

static void test_each(void **state)
{
	struct strlist l = STRLIST_INIT;
	char name[50];
	int n = 1204, more = 1;

	OK(store_each(s, count_row, &l, &err));
	assert_int_equal(l.n, 0);
	OK(store_tx(s, add_many, &n, &err));
	OK(store_each(s, count_row, &l, &err));
	assert_int_equal(l.n, 1204);
	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "h%05d.example.org", i);
		assert_string_equal(l.v[i], name);
	}
	strlist_free(&l);
	raw("DELETE FROM certs WHERE name = 'h00000.example.org'");
	OK(store_tx(s, add_many, &more, &err));
	add("z.example.org");
	FAILS(ERR_INTERNAL, "enough", store_each(s, count_row, &l, &err));
	strlist_free(&l);
}

struct two {
	int runs;
	bool fail;
};

static int two_changes(struct store *st, void *arg, struct err *e)
{
	struct two *t = arg;

	t->runs++;
	if (kit_set_due(st, "a.example.org", 1, e) == -1 ||
	    kit_set_due(st, "b.example.org", 2, e) == -1)
		return -1;
	return t->fail ? err_set(e, ERR_INTERNAL, "no") : 0;
}

static void test_tx(void **state)
{
	struct two t = { 0 };

	add("a.example.org");
	add("b.example.org");
	t.fail = true;
	FAILS(ERR_INTERNAL, "no", store_tx(s, two_changes, &t, &err));
	assert_int_equal(get("a.example.org")->ts_due, 0);
	assert_int_equal(get("b.example.org")->ts_due, 0);
	t.fail = false;
	OK(store_tx(s, two_changes, &t, &err));
	assert_int_equal(get("a.example.org")->ts_due, 1);
	assert_int_equal(get("b.example.org")->ts_due, 2);
	assert_int_equal(t.runs, 2);
}

/* --- concurrency --- */

/* Several processes claim the same names: each name has one winner. */
static void test_claimers(void **state)
{
	enum { PROCESSES = 4, NAMES = 60 };
	int n = NAMES, pipes[2], won[NAMES] = { 0 };
	unsigned char got;

	OK(store_tx(s, add_many, &n, &err));
	raw("UPDATE certs SET ts_due = 1");
	assert_int_equal(pipe(pipes), 0);
	store_free(&s); /* a connection does not survive fork */
	for (int p = 0; p < PROCESSES; p++) {
		if (fork() != 0)
			continue;
		char owner[20], name[50];
		struct store *mine = NULL;
		struct err e = ERR_INIT;

		snprintf(owner, sizeof(owner), "p%d", p);
		if (store_open(&conf, STORE_WRITE, &mine, &e) == -1)
			_exit(1);
		for (int i = 0; i < NAMES; i++) {
			unsigned char byte = (unsigned char) i;
			int rc;

			snprintf(name, sizeof(name), "h%05d.example.org", i);
			rc = store_claim_due(mine, name, owner, 100, 200, &e);
			if (rc == -1)
				_exit(2);
			if (rc == 1 && write(pipes[1], &byte, 1) != 1)
				_exit(3);
		}
		store_free(&mine);
		_exit(0);
	}
	close(pipes[1]);
	while (read(pipes[0], &got, 1) == 1)
		won[got]++;
	close(pipes[0]);
	for (int p = 0; p < PROCESSES; p++) {
		int status = -1;

		wait(&status);
		assert_int_equal(status, 0);
	}
	for (int i = 0; i < NAMES; i++)
		assert_int_equal(won[i], 1);
	OK(store_open(&conf, STORE_WRITE, &s, &err));
}

struct dance {
	const char *first, *second;
	int tell, hear;
	int runs;
};

/* Update one row, wait until the other process has updated the other one,
 * then want that. */
static int step_on_toes(struct store *st, void *arg, struct err *e)
{
	struct dance *d = arg;
	char byte = 'x';

	if (kit_set_due(st, d->first, 7, e) == -1)
		return -1;
	if (d->runs++ == 0 &&
	    (write(d->tell, &byte, 1) != 1 || read(d->hear, &byte, 1) != 1))
		return err_set(e, ERR_IO, "pipe");
	return kit_set_due(st, d->second, 7, e);
}

static int dance(struct dance *d)
{
	struct store *mine = NULL;
	struct err e = ERR_INIT;
	int rc;

	if (store_open(&conf, STORE_WRITE, &mine, &e) == -1)
		return -1;
	rc = store_tx(mine, step_on_toes, d, &e);
	store_free(&mine);
	if (rc == -1)
		print_error("%s\n", e.msg);
	return rc == -1 ? -1 : d->runs;
}

/* A deadlock: the database rolls one of the two back, and it runs again.
 * (SQLite has one writer at a time: none can arise.) */
static void test_deadlock(void **state)
{
	int there[2], back[2], status = -1, runs;
	pid_t pid;

	if (!kit_mariadb())
		return;
	add("a.example.org");
	add("b.example.org");
	assert_int_equal(pipe(there), 0);
	assert_int_equal(pipe(back), 0);
	store_free(&s);
	pid = fork();
	if (pid == 0) {
		struct dance d = { "b.example.org", "a.example.org", back[1],
				   there[0], 0 };
		int n = dance(&d);

		_exit(n == -1 ? 99 : n);
	}
	struct dance d = { "a.example.org", "b.example.org", there[1], back[0],
			   0 };
	runs = dance(&d);
	waitpid(pid, &status, 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(runs + WEXITSTATUS(status), 3); /* one ran twice */
	OK(store_open(&conf, STORE_WRITE, &s, &err));
	assert_int_equal(get("a.example.org")->ts_due, 7);
	assert_int_equal(get("b.example.org")->ts_due, 7);
}

static int claim_two(struct store *mine, void *arg, struct err *e)
{
	if (store_claim(mine, "b.example.org", "me", 1, 99, e) == -1 ||
	    store_claim(mine, "a.example.org", "me", 1, 99, e) == -1)
		return -1;
	return 0;
}

/* Somebody has a row: in the loop that one is refused at once, whether its
 * statement is new or was run before, and the others are not. */
static void test_locked_row(void **state)
{
	struct store *loop = NULL;
	struct db *other = NULL;

	if (!kit_mariadb())
		return;
	add("a.example.org");
	add("b.example.org");
	OK(store_open(&conf, STORE_LOOP, &loop, &err));
	OK(db_open(&conf, DB_WAIT, &other, &err));
	for (int i = 0; i < 2; i++) {
		OK(db_begin(other, &err));
		OK(db_script(other,
			     "UPDATE certs SET comment = 'x' "
			     "WHERE name = 'a.example.org'",
			     &err));
		FAILS(ERR_LOCKED, "somebody's transaction keeps the row locked",
		      store_claim(loop, "a.example.org", "me", 1, 99, &err));
		RC(1, store_claim(loop, "b.example.org", "me", 1, 99, &err));
		OK(store_release(loop, "b.example.org", "me", &err));
		/* All of a transaction or nothing. */
		FAILS(ERR_LOCKED, "", store_tx(loop, claim_two, NULL, &err));
		assert_null(get("b.example.org")->lease_owner);
		db_rollback(other);
		RC(1, store_claim(loop, "a.example.org", "me", 1, 99, &err));
		OK(store_release(loop, "a.example.org", "me", &err));
	}
	/* Reading waits for nobody's row. */
	OK(db_begin(other, &err));
	OK(db_script(other, "UPDATE certs SET comment = 'x'", &err));
	assert_string_equal(get("a.example.org")->name, "a.example.org");
	db_rollback(other);
	db_close(&other);
	store_free(&loop);
}

/* Somebody has it all: the store is away. */
static void test_locked_all(void **state)
{
	struct store *loop = NULL;
	struct db *other = NULL;
	int64_t started;

	add("a.example.org");
	OK(store_open(&conf, STORE_LOOP, &loop, &err));
	OK(db_open(&conf, DB_WAIT, &other, &err));
	OK(db_script(other,
		     kit_mariadb() ? "LOCK TABLES certs WRITE"
				   : "BEGIN IMMEDIATE",
		     &err));
	store_hurry(loop);
	started = clock_mono_ms();
	FAILS(ERR_UNAVAILABLE, "",
	      store_claim(loop, "a.example.org", "me", 1, 99, &err));
	/* Of the 30 s that others have. */
	assert_in_range(clock_mono_ms() - started, 500, 10000);
	OK(db_script(other, kit_mariadb() ? "UNLOCK TABLES" : "ROLLBACK",
		     &err));
	RC(1, store_claim(loop, "a.example.org", "me", 1, 99, &err));
	db_close(&other);
	store_free(&loop);
}

/* --- the schema --- */

static void test_schema_checks(void **state)
{
	struct store *other = NULL;
	struct store_cert *g = NULL;
	int from = 9, to = 9;

	OK(store_schema_upgrade(s, 1, &from, &to, &err)); /* again: nothing */
	assert_int_equal(from, STORE_SCHEMA_VERSION);
	assert_int_equal(to, STORE_SCHEMA_VERSION);
	raw("INSERT INTO schema_version (version, min_reader, min_writer, "
	    "ts_applied) VALUES (900, 1, 900, 0)");
	/* A newer schema that older readers may go on using. */
	OK(store_open(&conf, STORE_READ, &other, &err));
	RC(0, store_get(other, "x.example.org", arena, &g, &err));
	store_free(&other);
	FAILS(ERR_CONFIG, "upgrade this program",
	      store_open(&conf, STORE_WRITE, &other, &err));
	assert_null(other);
	FAILS(ERR_CONFIG, "newer than this program",
	      store_schema_upgrade(s, 1, &from, &to, &err));
	raw("UPDATE schema_version SET min_reader = 900 WHERE version = 900");
	OK(store_open(&conf, STORE_READ, &other, &err));
	FAILS(ERR_CONFIG, "too new",
	      store_get(other, "x.example.org", arena, &g, &err));
	store_free(&other);
	raw("DELETE FROM schema_version WHERE version = 900");
	OK(store_open(&conf, STORE_WRITE, &other, &err));
	store_free(&other);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_names),	TEST(test_add_get),
		TEST(test_blob_bytes),	TEST(test_ascii),
		TEST(test_set),		TEST(test_set_owner),
		TEST(test_replace_csr), TEST(test_remove),
		TEST(test_key_owner),	TEST(test_each),
		TEST(test_tx),		TEST(test_claimers),
		TEST(test_deadlock),	TEST(test_locked_row),
		TEST(test_locked_all),	TEST(test_schema_checks),
	};

	return ROWS_RUN(tests);
}
