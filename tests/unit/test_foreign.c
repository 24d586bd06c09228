/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <time.h>
#include "scratch.h"
#include "x509_kit.h"
#include "store_kit.h"
#include "clock.h"
#include "foreign.h"
#include "once_a_day.h"
#include "store_facts.h"

#define DAY 86400

static struct store *store;
static int64_t now, not_before, not_after;

static struct sbuf crt = SBUF_INIT(1 << 20);

static int group_setup(void **state)
{
	struct x509_chain *chain;

	if (scratch_setup(state) != 0)
		return -1;
	kit_pki(); /* leaf.pem: 90 days from now */
	kit_read("leaf.pem", &crt);
	chain = kit_chain("leaf.pem", &err);
	not_before = x509_chain_not_before(chain);
	not_after = x509_chain_not_after(chain);
	x509_chain_free(&chain);
	return 0;
}

static int group_teardown(void **state)
{
	sbuf_free(&crt);
	return scratch_teardown(state);
}

static int setup(void **state)
{
	int from, to;

	if (kit_begin() == -1)
		return -1;
	kit_wipe();
	OK(store_open(&conf, STORE_ADMIN, &store, &err));
	OK(store_schema_upgrade(store, 1, &from, &to, &err));
	now = time(NULL);
	(void) unlink(scratch("fetcher.foreign"));
	(void) unlink(scratch("fetcher.facts"));
	return 0;
}

static int teardown(void **state)
{
	store_free(&store);
	kit_end();
	return 0;
}

static void add(const char *name, bool enabled)
{
	struct store_cert row = { .name = name,
				  .enabled = enabled,
				  .csr = BLOB("csr"),
				  .md5_modulus = "x",
				  .key_sha256 = name };

	OK(store_add(store, &row, &err));
}

/* A row with leaf.pem, as store_accept leaves it. */
static void issued(const char *name, int64_t due)
{
	struct store_accept a = {
		.owner = "me",
		.crt = { sbuf_str(&crt), crt.len },
		.ca = BLOB(""),
		.md5_ca = "x",
		.crt_sha256 = "x",
		.ts_expire = not_after,
		.ts_not_before = not_before,
		.ts_due = due,
		.attempt = { .name = name, .ca_name = "x", .outcome = "ok" },
	};

	add(name, true);
	RC(1, store_claim(store, name, "me", now, now + 60, &err));
	OK(store_accept(store, &a, &err));
}

static int64_t due_of(const char *name)
{
	struct arena *arena = arena_new();
	struct store_due d;
	bool enabled;

	RC(1, store_due_one(store, name, arena, &d, &enabled, &err));
	arena_free(&arena);
	return d.ts_due;
}

static void sql(const char *text)
{
	OK(db_script(store->db, text, &err));
}

static const struct certrepo_conf *config(void)
{
	static struct certrepo_conf c;

	c.state_dir = scratch("");
	return &c;
}

static int add_many(struct store *s, void *arg, struct err *e)
{
	char name[50];

	for (int i = 0; i < 2100; i++) {
		struct store_cert row = { .name = name,
					  .enabled = true,
					  .csr = BLOB("csr"),
					  .md5_modulus = "x" };

		snprintf(name, sizeof(name), "n%05d.example.org", i);
		if (store_add(s, &row, e) == -1)
			return -1;
	}
	return 0;
}

/* It ends in 90 days, and the one before would have been due in 200. */
static void refreshed(void **state)
{
	int64_t far = now + 200 * DAY, right = not_after - 30 * DAY;

	OK(store_tx(store, add_many, NULL, &err));
	issued("a.example.org", far);
	issued("n00500.example.org.x", far);
	issued("off.example.org", far);
	issued("ours.example.org", far);
	issued("z.example.org", far);
	sql("UPDATE certs SET ts_expire_seen = 7 WHERE name IN "
	    "('a.example.org', 'n00500.example.org.x', 'off.example.org', "
	    "'z.example.org')");
	sql("UPDATE certs SET enable = 'N' WHERE name = 'off.example.org'");
	foreign_refresh(config(), store, now);
	assert_int_equal(due_of("a.example.org"), right);
	assert_int_equal(due_of("n00500.example.org.x"), right);
	assert_int_equal(due_of("z.example.org"), right);
	assert_int_equal(due_of("ours.example.org"), far);
	assert_int_equal(due_of("off.example.org"), far);
	/* once a day */
	sql("UPDATE certs SET ts_expire_seen = 7, ts_due = 4000000000 "
	    "WHERE name = 'z.example.org'");
	foreign_refresh(config(), store, now + DAY - 1);
	assert_int_equal(due_of("z.example.org"), 4000000000);
	foreign_refresh(config(), store, now + DAY);
	assert_int_equal(due_of("z.example.org"), right);
}

/* SQLite lets a name be bytes, which come last, again and again. */
static void bytes(void **state)
{
	if (kit_mariadb())
		return;
	issued("a.example.org", now + 200 * DAY);
	sql("UPDATE certs SET ts_expire_seen = 7");
	sql("WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n "
	    "WHERE i < 2000) INSERT INTO certs (name, enable, csr, "
	    "md5_modulus, ts_expire, ts_due) SELECT CAST('b' || i AS BLOB), "
	    "'Y', csr, md5_modulus, 9, ts_due FROM n, certs");
	foreign_refresh(config(), store, now);
	assert_int_equal(due_of("a.example.org"), not_after - 30 * DAY);
	assert_true(
		once_a_day_done(config()->state_dir, "fetcher.foreign", now));
}

static int64_t n_facts(void)
{
	struct db_stmt *st = NULL;
	int64_t n;

	OK(db_prepare(store->db, "SELECT COUNT(*) FROM cert_facts", "I", &st,
		      &err));
	assert_int_equal(db_step(st, &err), 1);
	n = db_col_int(st, 0);
	db_done(st);
	return n;
}

/* A store that a program without facts filled: some in each run, all in the
 * end, and then once a day. */
static void facts(void **state)
{
	const struct certrepo_conf *c = config();

	OK(store_tx(store, add_many, NULL, &err));
	OK(store_exec(store,
		      "UPDATE certs SET crt = ?, ts_expire = ?, "
		      "ts_expire_seen = ts_expire, crt_sha256 = 'x'",
		      ARGS(B(BLOB(sbuf_str(&crt))), I(not_after)), NULL, &err));
	foreign_facts(c, store, now);
	assert_int_equal(n_facts(), FOREIGN_FACTS);
	assert_false(once_a_day_done(c->state_dir, "fetcher.facts", now));
	foreign_facts(c, store, now);
	assert_int_equal(n_facts(), 2100);
	assert_true(once_a_day_done(c->state_dir, "fetcher.facts", now));
	sql("DELETE FROM cert_facts WHERE name < 'n0001'");
	foreign_facts(c, store, now + DAY - 1);
	assert_int_equal(n_facts(), 2090);
	foreign_facts(c, store, now + DAY);
	assert_int_equal(n_facts(), 2100);
}

/* Said once a day. */
static void facts_away(void **state)
{
	sql("ALTER TABLE cert_facts RENAME TO gone");
	foreign_facts(config(), store, now);
	assert_true(once_a_day_done(config()->state_dir, "fetcher.facts", now));
	sql("ALTER TABLE gone RENAME TO cert_facts");
}

static void away(void **state)
{
	sql("DROP TABLE certs");
	foreign_refresh(config(), store, now);
	assert_false(
		once_a_day_done(config()->state_dir, "fetcher.foreign", now));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(refreshed),  TEST(bytes), TEST(facts),
		TEST(facts_away), TEST(away),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
