/* SPDX-License-Identifier: MIT */
/* Hosts, what they may read and what goes with them, on whichever store the kit
 * has. */
#include "fleet_kit.h"
#include "fleet_hosts.h"
#include "fleet_pending.h"

static void add(int want, const char *host, const char *account,
		const char *name)
{
	const struct fleet_host h = { .host = host,
				      .account = account,
				      .ts_added = 7 };

	RC(want, fleet_host_put(s, &h, &name, name ? 1 : 0, &err));
}

static void said(const char *host, const char *name, int ts)
{
	raw(arena_printf(
		arena,
		"INSERT INTO installs (host, name, service, endpoint, "
		"state, ts) VALUES ('%s', '%s', 'web', '%d', 'served', "
		"%d)",
		host, name, ts, ts));
}

static int64_t count(const char *sql)
{
	AUTO(store_done) struct db_stmt *st = NULL;

	OK(store_query(s, sql, "I", NO_ARGS, &st, &err));
	RC(1, db_step(st, &err));
	return db_col_int(st, 0);
}

static const char *names(const char *host)
{
	AUTO(sbuf_free) struct sbuf b = SBUF_INIT(1000);
	struct fleet_names n;

	OK(fleet_host_names(s, host, arena, &n, &err));
	for (size_t i = 0; i < n.n; i++)
		sbuf_addf(&b, "%s%s%s", i ? " " : "", n.v[i].name,
			  n.v[i].enrolled ? "!" : "");
	return arena_strdup(arena, sbuf_str(&b));
}

static void test_check(void **state)
{
	char text[FLEET_HOST_MAX + 2];
	static const char *const bad[] = { "",	 "-x",	     "a b", "a'b",
					   "a;", "a\\b",     "a`b", "a\"b",
					   "*",	 "h\nost",   "a@b", "a+b",
					   "%",	 "\xc3\xa4", "a/b", ".",
					   "..", "web1.",    ".a" };

	OK(fleet_host_check("Web1.example_2.org", &err));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		FAILS(ERR_INPUT, "host", fleet_host_check(bad[i], &err));
	memset(text, 'a', sizeof(text));
	text[FLEET_HOST_MAX + 1] = '\0';
	FAILS(ERR_INPUT, "at most 255", fleet_host_check(text, &err));
	text[FLEET_HOST_MAX] = '\0';
	OK(fleet_host_check(text, &err));
}

static void test_put(void **state)
{
	const struct fleet_host again = { .host = "web1",
					  .account = "other",
					  .ts_added = 9 };
	const struct fleet_host taken = { .host = "web2", .account = "a-web1" };
	const char *all = "*";
	struct fleet_host h;

	RC(0, fleet_host_get(s, "web1", arena, &h, &err));
	add(1, "web1", "a-web1", "www.example.org");
	add(0, "web1", "a-web1", "*.example.org");
	add(0, "web1", "a-web1", "www.example.org");
	RC(1, fleet_host_get(s, "web1", arena, &h, &err));
	assert_string_equal(h.account, "a-web1");
	assert_int_equal(h.ts_added, 7);
	assert_null(h.comment);
	RC(0, fleet_host_get(s, "WEB1", arena, &h, &err));
	assert_string_equal(names("web1"), "*.example.org www.example.org");
	FAILS(ERR_CONFLICT, "\"a-web1\"",
	      fleet_host_put(s, &again, NULL, 0, &err));
	err_clear(&err);
	assert_int_equal(fleet_host_put(s, &taken, NULL, 0, &err), -1);
	assert_int_equal(err.kind, ERR_CONFLICT);
	/* All names there are would be more than a host has. */
	FAILS(ERR_INPUT, "*",
	      fleet_host_put(s, &(struct fleet_host){ "web3", "a-web3", 7 },
			     &all, 1, &err));
	RC(0, fleet_host_get(s, "web3", arena, &h, &err));
}

static void test_grant(void **state)
{
	const struct store_cert row = { .name = "www.example.org",
					.csr = BLOB("csr"),
					.md5_modulus = "x" };

	RC(0, fleet_host_grant(s, "web1", "www.example.org", &err));
	assert_int_equal(count("SELECT COUNT(*) FROM host_names"), 0);
	add(1, "web1", "a-web1", NULL);
	RC(1, fleet_host_grant(s, "web1", "www.example.org", &err));
	RC(1, fleet_host_grant(s, "web1", "www.example.org", &err));
	assert_int_equal(count("SELECT COUNT(*) FROM host_names WHERE account "
			       "= 'a-web1' AND host = 'web1' AND name = "
			       "'www.example.org'"),
			 1);
	assert_int_equal(count("SELECT COUNT(*) FROM host_names"), 1);
	FAILS(ERR_INPUT, "*", fleet_host_grant(s, "web1", "*", &err));
	assert_string_equal(names("web1"), "www.example.org");
	OK(store_add(s, &row, &err));
	assert_string_equal(names("web1"), "www.example.org!");
}

static int grant_and_fail(struct store *st, void *arg, struct err *e)
{
	RC(1, fleet_host_grant(st, "web1", "www.example.org", e));
	return err_set(e, ERR_INPUT, "no");
}

/* It is part of the caller's transaction. */
static void test_tx(void **state)
{
	add(1, "web1", "a-web1", NULL);
	FAILS(ERR_INPUT, "no", store_tx(s, grant_and_fail, NULL, &err));
	assert_string_equal(names("web1"), "");
}

static void test_is_its(void **state)
{
	RC(0, fleet_host_is_its(s, "web1", "a-web1", &err));
	add(1, "web1", "a-web1", "www.example.org");
	RC(1, fleet_host_is_its(s, "web1", "a-web1", &err));
	RC(0, fleet_host_is_its(s, "web1", "a-web2", &err));
	RC(0, fleet_host_is_its(s, "web1", "A-web1", &err));
	RC(0, fleet_host_is_its(s, "web1", "", &err));
	RC(0, fleet_host_is_its(s, "web2", "a-web1", &err));
	raw("INSERT INTO host_names (account, name, host) VALUES ('a-web1', "
	    "'x.example.org', 'web2')");
	RC(0, fleet_host_is_its(s, "web1", "a-web1", &err));
	raw("DELETE FROM host_names WHERE host = 'web2'");
	RC(1, fleet_host_is_its(s, "web1", "a-web1", &err));
	raw("INSERT INTO host_names (account, name, host) VALUES ('a-web1', "
	    "'*', '*')");
	RC(0, fleet_host_is_its(s, "web1", "a-web1", &err));
}

/* The domains that are marked as taken from HOST. */
static const char *taken(const char *host)
{
	const struct fleet_request r = {
		.account = arena_printf(arena, "a-%s", host),
		.host = host,
	};
	const char *all = "";
	struct fleet_taken t;

	OK(fleet_pending_taken(s, &r, arena, &t, &err));
	for (size_t i = 0; i < t.n; i++)
		all = arena_printf(arena, "%s%s%s", all, i ? " " : "", t.v[i]);
	return all;
}

static void test_revoke(void **state)
{
	add(1, "web1", "a-web1", "www.example.org");
	add(0, "web1", "a-web1", "ftp.example.org");
	add(1, "web2", "a-web2", "www.example.org");
	said("web1", "www.example.org", 5);
	said("web1", "ftp.example.org", 6);
	said("web2", "www.example.org", 7);
	RC(0, fleet_host_revoke(s, "web1", "mail.example.org", &err));
	RC(0, fleet_host_revoke(s, "web3", "www.example.org", &err));
	raw("INSERT INTO host_requests (account, host, name, csr, key_sha256, "
	    "new_key, state, as_name, ts) VALUES ('a-web1', 'web1', "
	    "'www.example.org', 'csr', 'abc', 1, 'pending', NULL, 8), "
	    "('a-web1', 'web1', 'www.example.org', 'csr', 'def', 1, "
	    "'approved', 'www.example.org', 8), ('a-web1', 'web1', "
	    "'ftp.example.org', 'csr', 'abc', 1, 'pending', NULL, 8)");
	RC(1, fleet_host_revoke(s, "web1", "www.example.org", &err));
	assert_string_equal(names("web1"), "ftp.example.org");
	/* The host is told, and does not ask anew by itself. */
	assert_int_equal(count("SELECT COUNT(*) FROM host_requests WHERE state "
			       "= 'rejected' AND key_sha256 = 'abc' AND name "
			       "= 'www.example.org' AND ts_decided > 0"),
			 1);
	assert_int_equal(count("SELECT COUNT(*) FROM host_requests WHERE state "
			       "= 'revoked' AND key_sha256 = 'ef'"),
			 1);
	assert_int_equal(count("SELECT COUNT(*) FROM host_requests WHERE state "
			       "= 'pending'"),
			 1);
	assert_string_equal(names("web2"), "www.example.org");
	assert_int_equal(count("SELECT CAST(SUM(ts) AS SIGNED) FROM "
			       "installs"),
			 13);
	RC(0, fleet_host_revoke(s, "web1", "www.example.org", &err));
	assert_string_equal(taken("web1"), "www.example.org");
	assert_string_equal(taken("web2"), "");
}

static void asked(const char *name, const char *key, const char *state,
		  const char *as)
{
	raw(arena_printf(arena,
			 "INSERT INTO host_requests (account, host, name, csr, "
			 "key_sha256, new_key, state, as_name, ts) VALUES "
			 "('a-web1', 'web1', '%s', 'csr', '%s', 0, '%s', %s, "
			 "8)",
			 name, key, state, as));
}

/* Whatever there is of requests, or nothing at all; until a person gives a row
 * of that domain back. */
static void test_revoke_mark(void **state)
{
	const char *const own = "www.example.org+web1";
	struct fleet_gone gone;

	add(1, "web1", "a-web1", own);
	asked("www.example.org", "abc", "approved", "'www.example.org+web1'");
	asked("www.example.org", "def", "pending", "'www.example.org+web1'");
	asked("www.example.org", "ghi", "pending", "NULL");
	RC(1, fleet_host_revoke(s, "web1", own, &err));
	assert_string_equal(taken("web1"), "www.example.org");
	assert_int_equal(count("SELECT COUNT(*) FROM host_requests WHERE "
			       "key_sha256 = 'def' AND state = 'rejected'"),
			 1);
	assert_int_equal(count("SELECT COUNT(*) FROM host_requests WHERE "
			       "key_sha256 = 'ghi' AND state = 'pending'"),
			 1);
	FAILS(ERR_CONFLICT, "taken",
	      fleet_host_grant_by_rule(s, "web1", "www.example.org+web1-2",
				       &err));
	assert_string_equal(names("web1"), "");
	raw("DELETE FROM host_requests WHERE key_sha256 <> ''");
	assert_string_equal(taken("web1"), "www.example.org");
	add(0, "web1", "a-web1", "wwww.example.org");
	assert_string_equal(taken("web1"), "www.example.org");
	add(0, "web1", "a-web1", "www.example.org");
	assert_string_equal(taken("web1"), "");
	RC(1, fleet_host_grant_by_rule(s, "web1", own, &err));
	/* Granted by hand, and never asked for; twice. */
	for (int i = 0; i < 2; i++) {
		add(0, "web1", "a-web1", own);
		RC(1, fleet_host_revoke(s, "web1", own, &err));
		assert_string_equal(taken("web1"), "www.example.org");
	}
	/* The same key, once as this row and once as that one. */
	for (int i = 0; i < 2; i++) {
		const char *as = i ? "b.example.org" : "a.example.org";

		add(0, "web1", "a-web1", as);
		asked("x.example.org", "xyz", "approved",
		      arena_printf(arena, "'%s'", as));
		RC(1, fleet_host_revoke(s, "web1", as, &err));
	}
	assert_non_null(strstr(taken("web1"), "a.example.org"));
	assert_non_null(strstr(taken("web1"), "b.example.org"));
	OK(fleet_host_remove(s, "web1", &gone, &err));
	assert_string_equal(taken("web1"), "");
}

static void ask(const char *host, const char *state)
{
	raw(arena_printf(arena,
			 "INSERT INTO host_requests (account, host, name, csr, "
			 "key_sha256, new_key, state, ts) VALUES ('x', '%s', "
			 "'www.example.org', 'csr', '%s', 1, '%s', 8)",
			 host, state, state));
}

static void test_remove(void **state)
{
	struct fleet_gone gone;
	struct fleet_asks asks;
	int64_t n;

	add(1, "web1", "a-web1", "www.example.org");
	add(1, "web2", "a-web2", "www.example.org");
	said("web1", "www.example.org", 5);
	said("web1", "", 6);
	said("web2", "www.example.org", 7);
	said("old", "www.example.org", 8);
	ask("web1", "pending");
	ask("web1", "approved");
	ask("web2", "pending");
	OK(fleet_host_asks(s, "web1", arena, &asks, &err));
	assert_int_equal(asks.n, 1);
	assert_string_equal(asks.v[0].name, "www.example.org");
	assert_true(asks.v[0].new_key);
	assert_int_equal(asks.v[0].ts, 8);
	OK(fleet_host_remove(s, "web1", &gone, &err));
	assert_int_equal(gone.rows, 1);
	assert_int_equal(gone.names, 1);
	assert_int_equal(gone.receipts, 2);
	assert_int_equal(gone.requests, 2);
	assert_int_equal(count("SELECT CAST(SUM(ts) AS SIGNED) FROM "
			       "installs"),
			 15);
	assert_int_equal(count("SELECT COUNT(*) FROM host_requests"), 1);
	assert_int_equal(count("SELECT COUNT(*) FROM host_names"), 1);
	OK(fleet_host_remove(s, "web1", &gone, &err));
	assert_int_equal(gone.rows + gone.names + gone.receipts, 0);
	OK(fleet_host_forget(s, "old", &n, &err));
	assert_int_equal(n, 1);
	OK(fleet_host_forget(s, "web2", &n, &err));
	assert_int_equal(n, 1);
	assert_string_equal(names("web2"), "www.example.org");
}

static void test_receipts(void **state)
{
	struct store_receipts r;

	said("web1", "www.example.org", 5);
	said("web1", "", 6);
	said("web2", "www.example.org", 7);
	OK(fleet_host_receipts(s, "web1", arena, &r, &err));
	assert_int_equal(r.n, 2);
	assert_int_equal(r.more, 0);
	assert_string_equal(r.v[0].name, "");
	assert_string_equal(r.v[1].name, "www.example.org");
	assert_string_equal(r.v[1].host, "web1");
	assert_string_equal(r.v[1].state, "served");
	assert_int_equal(r.v[1].ts, 5);
	assert_null(r.v[1].detail);
}

/* "web1=a-web1/1/2@6 old=-/0/1@8": names, receipts, the last of them. */
static int see(const struct fleet_known *h, void *arg, struct err *e)
{
	struct sbuf *b = arg;

	sbuf_addf(b, "%s%s=%s/%d/%d@%d", b->len ? " " : "", h->host,
		  h->account ? h->account : "-", (int) h->n_names,
		  (int) h->n_receipts, (int) h->ts_seen);
	return strcmp(h->host, "stop") == 0 ? err_set(e, ERR_INPUT, "stop") : 0;
}

static void test_each(void **state)
{
	AUTO(sbuf_free) struct sbuf b = SBUF_INIT(1000);

	OK(fleet_hosts_each(s, see, &b, &err));
	assert_string_equal(sbuf_str(&b), "");
	add(1, "web1", "a-web1", "www.example.org");
	add(1, "new", "a-new", NULL);
	said("web1", "www.example.org", 5);
	said("web1", "", 6);
	said("web3", "www.example.org", 7);
	said("Old", "www.example.org", 8);
	OK(fleet_hosts_each(s, see, &b, &err));
	assert_string_equal(sbuf_str(&b), "Old=-/0/1@8 new=a-new/0/0@0 "
					  "web1=a-web1/1/2@6 web3=-/0/1@7");
	add(1, "stop", "a-stop", NULL);
	sbuf_clear(&b);
	FAILS(ERR_INPUT, "stop", fleet_hosts_each(s, see, &b, &err));
	assert_string_equal(sbuf_str(&b), "Old=-/0/1@8 new=a-new/0/0@0 "
					  "stop=a-stop/0/0@0");
}

struct seen {
	size_t n, both, account, said;
	char last[1200];
};

static int tally(const struct fleet_known *h, void *arg, struct err *e)
{
	struct seen *t = arg;

	assert_true(strcmp(h->host, t->last) > 0);
	(void) snprintf(t->last, sizeof(t->last), "%s", h->host);
	t->n++;
	t->both += h->account && h->n_receipts;
	t->account += h->account && !h->n_receipts;
	t->said += !h->account && h->n_receipts;
	return 0;
}

/* Of lists of different lengths, over several pages: none twice, none left
 * out, none torn apart. 3,000 hosts: those that 2 divides have an account,
 * those that 3 divides have spoken. */
static void test_pages(void **state)
{
	struct seen t = { .n = 0 };

	OK(db_begin(s->db, &err));
	for (int i = 0; i < 3000; i++) {
		if (i % 2 == 0)
			raw(arena_printf(arena,
					 "INSERT INTO hosts (host, account, "
					 "ts_added) VALUES ('h%d', 'a%d', 1)",
					 i, i));
		if (i % 3 == 0)
			said(arena_printf(arena, "h%d", i), "n", 5);
	}
	OK(db_commit(s->db, &err));
	OK(fleet_hosts_each(s, tally, &t, &err));
	assert_int_equal(t.n, 2000);
	assert_int_equal(t.both, 500);
	assert_int_equal(t.account, 1000);
	assert_int_equal(t.said, 500);
}

/* SQLite holds anything in a cell: that ends nothing, or is told. */
static void test_odd(void **state)
{
	static const char fill[] =
		"WITH RECURSIVE c(v) AS (SELECT 1 UNION ALL SELECT v + 1 FROM "
		"c LIMIT 700) INSERT INTO installs (host, name, service, "
		"endpoint, state, ts) SELECT %s, 'n', '', '', 'x', 'y' FROM c";
	struct seen t = { .n = 0 };

	if (kit_mariadb())
		return;
	said("web1", "www.example.org", 5);
	raw("INSERT INTO installs (host, name, service, endpoint, state, ts) "
	    "VALUES (x'00ff', 'n', '', '', 'x', x'00')");
	raw(arena_printf(arena, fill, "printf('%0300d', v)"));
	OK(fleet_hosts_each(s, tally, &t, &err));
	assert_int_equal(t.n, 701);
	assert_string_equal(t.last, "web1");
	raw(arena_printf(arena, fill, "printf('%02000d', v)"));
	t = (struct seen){ .n = 0 };
	FAILS(ERR_INPUT, "cannot be listed",
	      fleet_hosts_each(s, tally, &t, &err));
}

/* Enrolled again, it is asked anew who may read it. */
static void test_name_gone(void **state)
{
	struct store_cert row = { .name = "a.example.org",
				  .enabled = true,
				  .csr = { "csr", 3 },
				  .md5_modulus = "m",
				  .key_sha256 = "k" };

	OK(store_add(s, &row, &err));
	row.name = "b.example.org";
	row.key_sha256 = "l";
	OK(store_add(s, &row, &err));
	add(1, "web1", "a1", "a.example.org");
	add(1, "web2", "a2", "a.example.org");
	RC(1, fleet_host_grant(s, "web1", "b.example.org", &err));
	RC(1, store_remove(s, "a.example.org", &err));
	assert_string_equal(names("web1"), "b.example.org!");
	assert_string_equal(names("web2"), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_check),	TEST(test_put),	   TEST(test_grant),
		TEST(test_tx),		TEST(test_is_its), TEST(test_revoke),
		TEST(test_revoke_mark), TEST(test_remove), TEST(test_receipts),
		TEST(test_each),	TEST(test_pages),  TEST(test_odd),
		TEST(test_name_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
