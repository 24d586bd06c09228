/* SPDX-License-Identifier: MIT */
/* Against the scripted CA: who is asked, how often, and what of it stays. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "acme_peer.h"
#include "store_kit.h"
#include "acme.h"
#include "ari_poll.h"
#include "clock.h"
#include "due.h"

#define DAY 86400

static struct peer server;
static struct store *store;
static struct batch *batch;
static struct loop *loop;
static struct arena *arena;
static struct acme *acme;
static char key[300];
static struct certrepo_ca ca = { .name = "one",
				 .directory = server.url,
				 .account_key = key,
				 .ca_file = server.ca_file,
				 .requests_per_second = 100,
				 .polls_per_second = 5000,
				 .nonce_pool = 10 };
static int64_t now;

/* --- the CA --- */

static void post(const char *path, const char *json)
{
	char cmd[1000];

	snprintf(cmd, sizeof(cmd),
		 "curl -sSf --http1.1 --noproxy '*' --max-time 5 --cacert "
		 "ca.pem -o /dev/null https://127.0.0.1:%d/%s -d '%s'",
		 server.port, path, json);
	assert_int_equal(peer_sh(server.dir, cmd), 0);
}

static void windows(const char *lines)
{
	char path[300], temp[300];
	FILE *f;

	snprintf(path, sizeof(path), "%s/windows", server.dir);
	snprintf(temp, sizeof(temp), "%s/windows.new", server.dir);
	f = fopen(temp, "w");
	assert_non_null(f);
	fputs(lines, f);
	fclose(f);
	assert_int_equal(rename(temp, path), 0);
}

static int count(const char *kind)
{
	char cmd[500], out[300];
	FILE *f;
	int n = -1;

	snprintf(cmd, sizeof(cmd),
		 "grep -c '\"kind\": \"%s\"' requests.log >count || true",
		 kind);
	assert_int_equal(peer_sh(server.dir, cmd), 0);
	snprintf(out, sizeof(out), "%s/count", server.dir);
	f = fopen(out, "r");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%d", &n), 1);
	fclose(f);
	return n;
}

static int group_setup(void **state)
{
	static char script[4096], port[20];
	char *argv[] = { (char *) "/usr/bin/python3",
			 (char *) "-W",
			 (char *) "ignore",
			 script,
			 (char *) "--cert",
			 (char *) "cert.pem",
			 (char *) "--key",
			 (char *) "key.pem",
			 (char *) "--log",
			 (char *) "requests.log",
			 (char *) "--dir",
			 (char *) ".",
			 (char *) "--offer",
			 (char *) "{\"ari\": {}}",
			 (char *) "--port",
			 port,
			 NULL };

	if (!peer_init(&server) ||
	    !realpath("tests/lib/acme_server.py", script))
		return -1;
	server.port = peer_free_port();
	snprintf(port, sizeof(port), "%d", server.port);
	snprintf(server.url, sizeof(server.url), "https://127.0.0.1:%d/dir",
		 server.port);
	snprintf(key, sizeof(key), "%s/account.pem", server.dir);
	peer_exec(&server, argv, NULL);
	return peer_wait_port(&server, server.port) &&
			       peer_sh(server.dir,
				       "printf 'authorityKeyIdentifier="
				       "keyid:always\\n' >leaf.ext; openssl "
				       "x509 -req -in req.pem -CA ca.pem "
				       "-CAkey cakey.pem -set_serial "
				       "0x87654321 "
				       "-extfile leaf.ext -out leaf.pem") == 0
		       ? 0
		       : -1;
}

static int group_teardown(void **state)
{
	peer_free(&server);
	return 0;
}

/* --- a run --- */

static bool ready;

static void on_ready(void *arg, const struct fail *f)
{
	if (f)
		fail_msg("%s", f->detail);
	ready = true;
}

static int setup(void **state)
{
	int from, to;

	if (kit_begin() == -1)
		return -1;
	kit_wipe();
	OK(store_open(&conf, STORE_ADMIN, &store, &err));
	OK(store_schema_upgrade(store, 1, &from, &to, &err));
	arena = arena_new();
	batch = batch_new(store);
	OK(loop_new(&loop, &err));
	OK(acme_new(loop, &ca, NULL, NULL, &acme, &err));
	post("fault", "{\"clear\": true}");
	windows("any +86400 +90000 https://ca.example/why\n");
	ready = false;
	acme_read_directory(acme, on_ready, NULL);
	while (!ready)
		OK(loop_run(loop, 1000, &err));
	assert_non_null(acme_offer(acme)->renewal_info);
	assert_int_equal(peer_sh(server.dir, ": >requests.log"), 0);
	now = clock_now();
	return 0;
}

static int teardown(void **state)
{
	acme_free(&acme);
	batch_free(&batch);
	store_free(&store);
	arena_free(&arena);
	loop_free(&loop);
	kit_end();
	return 0;
}

static int add_rows(struct store *s, void *arg, struct err *e)
{
	const int *n = arg;
	char name[50];

	for (int i = 0; i < *n; i++) {
		struct store_cert r = { .name = name,
					.csr = BLOB("csr"),
					.enabled = true,
					.md5_modulus = "x",
					.ca_name = i % 2 ? "one" : NULL };

		snprintf(name, sizeof(name), "n%05d.example.org", i);
		if (store_add(s, &r, e) == -1)
			return -1;
	}
	return 0;
}

/* All with leaf.pem, of 90 days from now on, and so due in 60. */
static void rows(int n)
{
	char path[300], sql[9000], pem[4000], sha256[ENC_SHA256_HEX];
	FILE *f;
	size_t len;

	OK(store_tx(store, add_rows, &n, &err));
	snprintf(path, sizeof(path), "%s/leaf.pem", server.dir);
	f = fopen(path, "r");
	assert_non_null(f);
	len = fread(pem, 1, sizeof(pem) - 1, f);
	fclose(f);
	pem[len] = '\0';
	enc_sha256_hex(pem, len, sha256);
	snprintf(sql, sizeof(sql),
		 "UPDATE certs SET crt = '%s', crt_sha256 = '%s', "
		 "ts_not_before = %lld, ts_expire = %lld, ts_expire_seen = "
		 "%lld, ts_due = %lld",
		 pem, sha256, (long long) now - 2 * DAY,
		 (long long) now + 90 * DAY, (long long) now + 90 * DAY,
		 (long long) now + 60 * DAY);
	OK(db_script(store->db, sql, &err));
}

static void sql(const char *text)
{
	OK(db_script(store->db, text, &err));
}

/* Of the names N00000 and so on, those with this. */
static int have(const char *where)
{
	struct db_stmt *st = NULL;
	/* statements are known by their address */
	const char *text = arena_printf(
		arena, "SELECT COUNT(*) FROM certs WHERE %s", where);
	int n;

	OK(db_prepare(store->db, text, "I", &st, &err));
	RC(1, db_step(st, &err));
	n = (int) db_col_int(st, 0);
	db_done(st);
	return n;
}

static struct ari_poll *poll_new(void)
{
	const struct ari_env env = {
		.loop = loop, .store = store, .batch = batch, .begun = now
	};

	return ari_poll_new(&env, "one", true);
}

/* Until nothing is under way. */
static struct ari_told run(struct ari_poll *p)
{
	static char name[300], url[600], detail[2000];
	struct ari_told told;
	int64_t wait;

	while (ari_poll_busy(p)) {
		OK(ari_poll_step(p, acme, ARI_POLL_MOST, &err));
		OK(batch_flush(batch, &wait, &err));
		if (ari_poll_busy(p) && !batch_waiting(batch))
			OK(loop_run(loop, 1000, &err));
	}
	ari_poll_told(p, &told);
	snprintf(name, sizeof(name), "%s", told.name ? told.name : "");
	snprintf(url, sizeof(url), "%s", told.url ? told.url : "");
	told.name = name;
	told.url = url;
	snprintf(detail, sizeof(detail), "%s", told.detail);
	told.detail = detail;
	return told;
}

static struct ari_told run_once(int want_any)
{
	struct ari_poll *p = poll_new();
	struct ari_told told;

	RC(want_any, ari_poll_any(p, &err));
	told = run(p);
	ari_poll_free(&p);
	assert_true(batch_empty(batch));
	return told;
}

/* More than a page, by both ways to name the CA: each once. */
static void pages(void **state)
{
	struct ari_told t;

	rows(650);
	sql("UPDATE certs SET ca_name = 'two' WHERE name = "
	    "'n00001.example.org'");
	sql("UPDATE certs SET ca_name = '' WHERE name = 'n00002.example.org'");
	sql("UPDATE certs SET ts_ari_poll = 4000000000 "
	    "WHERE name = 'n00003.example.org'");
	t = run_once(1);
	assert_int_equal(t.asked, 649);
	assert_int_equal(t.heard, 649);
	assert_int_equal(t.due + t.moved, 0);
	assert_false(t.broken_off);
	assert_int_equal(count("renewalInfo"), 649);
	assert_int_equal(have("ts_ari > 0 AND ts_ari = ts_due AND ari_url = "
			      "'https://ca.example/why'"),
			 649);
	/* not all at the same second */
	assert_in_range(have("ts_ari > ari_start + 900"), 200, 450);
	t = run_once(0);
	assert_int_equal(t.asked, 0);
	assert_int_equal(count("renewalInfo"), 649);
}

/* Three in a row without an answer: the rest is the next run's. */
static void trouble(void **state)
{
	static const char *const faults[] = {
		"{\"name\": \"503\", \"at\": \"renewalInfo\", \"times\": -1}",
		"{\"name\": \"429\", \"at\": \"renewalInfo\", \"times\": -1}",
		("{\"name\": \"cut-before\", \"at\": \"renewalInfo\", "
		 "\"times\": -1}"),
	};

	rows(300);
	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		struct ari_told t;

		post("fault", "{\"clear\": true}");
		post("fault", faults[i]);
		sql("UPDATE certs SET ts_ari_poll = 0");
		t = run_once(1);
		if (t.asked < 3 || t.asked > 20 || t.heard || !t.broken_off ||
		    !*t.detail)
			fail_msg("%s: %zu asked, %zu heard: %s", faults[i],
				 t.asked, t.heard, t.detail);
		assert_int_equal(have("ts_ari_poll = 0"), 300 - t.asked);
		assert_int_equal(have("ts_ari > 0 OR count_fail_update > 0"),
				 0);
	}
	/* one now and then stops nothing */
	post("fault", "{\"clear\": true}");
	post("fault",
	     "{\"name\": \"500\", \"at\": \"renewalInfo\", \"times\": 2}");
	sql("UPDATE certs SET ts_ari_poll = 0");
	assert_int_equal(run_once(1).heard, 298);
	assert_int_equal(have("ts_ari > 0"), 298);
}

/* What was to come and is over: all others are asked about, too. */
static void incident(void **state)
{
	struct ari_told t;

	rows(500);
	assert_int_equal(run_once(1).heard, 500);
	sql("UPDATE certs SET ts_ari_poll = 0 WHERE name < 'n00050'");
	windows("any -7200 -3600 https://ca.example/incident\n");
	assert_int_equal(peer_sh(server.dir, ": >requests.log"), 0);
	t = run_once(1);
	assert_int_equal(t.asked, 500);
	assert_int_equal(t.moved, 500);
	assert_int_equal(t.due, 500);
	assert_string_equal(t.url, "https://ca.example/incident");
	assert_non_null(strstr(t.name, ".example.org"));
	assert_int_equal(count("renewalInfo"), 500);
	assert_int_equal(have("ts_due < 4000000000 AND ts_due > ari_start - 1 "
			      "AND ts_due < ari_end"),
			 500);
	/* the next run: they were over before */
	sql("UPDATE certs SET ts_ari_poll = 0 WHERE name < 'n00050'");
	t = run_once(1);
	assert_int_equal(t.asked, 50);
	assert_int_equal(t.moved, 0);
}

/* Rows that cannot be asked about, or changed: nobody else's turn ends with
 * them, and nothing goes round in circles. */
static void odd(void **state)
{
	struct ari_told t;

	rows(450);
	sql("UPDATE certs SET crt = 'rubbish' WHERE name < 'n00100'");
	sql("UPDATE certs SET crt_sha256 = 'other' WHERE name > 'n00440'");
	t = run_once(1);
	assert_int_equal(t.asked, 340);
	assert_int_equal(t.heard, 340);
	assert_int_equal(have("ts_ari > 0"), 340);
	assert_int_equal(have("ts_ari_poll = 0"), 0);
}

/* Somebody stores another certificate while the CA is asked. */
/* What another CA gave is not this one's to be asked about; our own rule says
 * when it is due. */
static void anothers(void **state)
{
	struct ari_poll *p = poll_new();
	struct ari_told told;

	rows(3);
	sql("INSERT INTO attempts (name, ca_name, outcome, ts_start, ts_end) "
	    "VALUES ('n00000.example.org', 'one', 'ok', 1, 2), "
	    "('n00001.example.org', 'two', 'ok', 1, 2)");
	told = run(p);
	ari_poll_free(&p);
	assert_int_equal(told.asked, 2);
	assert_int_equal(count("renewalInfo"), 2);
	assert_int_equal(have("ts_ari > 0"), 2);
	assert_int_equal(have("name LIKE 'n00001.%' AND ts_ari = 0"), 1);
	/* it is looked at once a day, and no burden until then */
	assert_int_equal(have("ts_ari_poll = 0"), 0);
}

static void meanwhile(void **state)
{
	struct ari_poll *p;
	struct ari_told t;

	rows(30);
	sql("UPDATE certs SET ca_name = 'one'");
	p = poll_new();
	OK(ari_poll_step(p, acme, ARI_POLL_MOST, &err));
	sql("UPDATE certs SET crt_sha256 = 'new' WHERE name < 'n00010'");
	t = run(p);
	ari_poll_free(&p);
	assert_int_equal(t.asked, 30);
	assert_int_equal(have("ts_ari > 0"), 20);
	assert_int_equal(have("ts_ari_poll = 0"), 10);
}

static void stopped(void **state)
{
	for (int rounds = 0; rounds < 20; rounds++) {
		struct ari_poll *p;
		int64_t wait;

		sql("DELETE FROM certs");
		rows(250);
		p = poll_new();
		for (int i = 0; i < rounds; i++) {
			OK(ari_poll_step(p, acme, ARI_POLL_MOST, &err));
			OK(batch_flush(batch, &wait, &err));
			OK(loop_run(loop, 5, &err));
		}
		if (rounds % 2) {
			struct ari_told t;

			ari_poll_leave(p);
			t = run(p);
			assert_int_equal(have("ts_ari > 0"), t.heard);
		}
		ari_poll_free(&p);
		assert_true(batch_empty(batch));
	}
}

/* Nobody can be asked about them, and each is as large as can be: pages do not
 * grow with them. */
static void large(void **state)
{
	struct ari_told t;

	rows(2300);
	sql("UPDATE certs SET ca_name = 'one', crt = CASE WHEN name < 'n02250' "
	    "THEN substr(hex(zeroblob(16350)), 1, 32700) ELSE crt END");
	t = run_once(1);
	assert_int_equal(t.asked, 50);
	assert_int_equal(have("ts_ari > 0"), 50);
	assert_int_equal(have("ts_ari_poll = 0"), 0);
}

/* SQLite lets a name be anything: bytes, which come after all text, again and
 * again; longer than it may be. An incident ends with none of them. */
static void names(void **state)
{
	static const char *const odd[] = {
		"CAST(name AS BLOB)",
		"substr(hex(zeroblob(300)), 1, 300) || name",
		"substr(hex(zeroblob(600)), 1, 1200) || name",
		"CAST(name || x'0041' AS TEXT)",
	};
	char text[200];

	for (size_t i = 0; i < ARRAY_LEN(odd); i++) {
		struct ari_poll *p;
		struct ari_told t;

		sql("DELETE FROM certs");
		windows("any +86400 +90000\n");
		rows(300);
		sql("UPDATE certs SET ca_name = 'one'");
		assert_int_equal(run_once(1).heard, 300);
		snprintf(text, sizeof(text),
			 "UPDATE certs SET name = %s WHERE name > 'n00029' "
			 "AND name < 'n00280'",
			 odd[i]);
		sql("UPDATE certs SET ts_ari_poll = 0 WHERE name < 'n00010'");
		sql("PRAGMA ignore_check_constraints = 1");
		sql(text);
		windows("any -7200 -3600\n");
		p = poll_new();
		t = run(p);
		ari_poll_free(&p);
		if (t.moved < 49)
			fail_msg("%s: %zu moved, %zu asked, %d, %s", odd[i],
				 t.moved, t.asked, t.broken_off, t.detail);
		assert_int_equal(
			have("name < 'n00050' AND ts_due > 4000000000"), 0);
	}
}

/* The store cannot be written while the program is to end. */
static void left(void **state)
{
	struct ari_poll *p;

	rows(30);
	p = poll_new();
	for (int i = 0; i < 1000 && batch_empty(batch); i++) {
		OK(ari_poll_step(p, acme, ARI_POLL_MOST, &err));
		OK(loop_run(loop, 100, &err));
	}
	assert_false(batch_empty(batch));
	ari_poll_leave(p);
	OK(ari_poll_step(p, acme, 0, &err));
	assert_true(ari_poll_busy(p));
	ari_poll_leave(p);
	assert_false(ari_poll_busy(p));
	assert_true(batch_empty(batch));
	ari_poll_free(&p);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(pages),	TEST(trouble),	 TEST(incident), TEST(odd),
		TEST(anothers), TEST(meanwhile), TEST(stopped),	 TEST(large),
		TEST(names),	TEST(left),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
