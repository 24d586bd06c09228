/* SPDX-License-Identifier: MIT */
/* The centre's side of requests, on SQLite or MariaDB: see store_kit.h. */
#include "fleet_pending.h"
#include "namemap.h"
#include "fleet_kit.h"

static int setup(void **state)
{
	if (fleet_setup(state) == -1)
		return -1;
	OK(db_script(s->db,
		     "DELETE FROM host_requests; DELETE FROM host_names; "
		     "DELETE FROM hosts",
		     &err));
	return 0;
}

#define KEY "1111111111111111111111111111111111111111111111111111111111111111"

/* A request as a host's procedure leaves it. */
static void ask(const char *account, const char *host, const char *name,
		const char *csr, const char *key)
{
	OK(store_exec_try(
		s,
		"INSERT INTO host_requests (account, host, name, "
		"csr, key_sha256, state, ts) "
		"VALUES (?, ?, ?, ?, ?, 'pending', 100)",
		ARGS(T(account), T(host), T(name), B(BLOB(csr)), T(key)), NULL,
		&err));
}

static struct fleet_requests pending(int64_t after, size_t limit)
{
	struct fleet_requests all = { .n = 99 };

	OK(fleet_requests_pending(s, after, limit, arena, &all, &err));
	return all;
}

static void test_lists(void **state)
{
	struct fleet_requests all;

	assert_int_equal(pending(0, 10).n, 0);
	ask("h1", "web1", "a.example.org", "one", KEY);
	ask("h2", "web2", "a.example.org", "two", KEY);
	ask("h2", "web2", "b.example.org", "three", KEY);
	all = pending(0, 2);
	assert_int_equal(all.n, 2);
	assert_string_equal(all.v[0].account, "h1");
	assert_string_equal(all.v[0].host, "web1");
	assert_string_equal(all.v[0].name, "a.example.org");
	assert_int_equal(all.v[0].csr.len, 3);
	assert_memory_equal(all.v[0].csr.p, "one", 3);
	assert_string_equal(all.v[0].key_sha256, KEY);
	assert_string_equal(all.v[0].state, FLEET_PENDING);
	assert_null(all.v[0].reason);
	assert_int_equal(all.v[0].ts, 100);
	assert_false(all.v[0].new_key);
	OK(fleet_pending_find(s, "web2", "a.example.org", 2, arena, &all,
			      &err));
	assert_int_equal(all.n, 1);
	assert_memory_equal(all.v[0].csr.p, "two", 3);
	OK(fleet_pending_find(s, "web2", "c.example.org", 2, arena, &all,
			      &err));
	assert_int_equal(all.n, 0);
	all = pending(pending(0, 2).v[1].id, 2);
	assert_int_equal(all.n, 1);
	assert_string_equal(all.v[0].name, "b.example.org");
}

static void test_decides(void **state)
{
	struct fleet_request r, now;

	ask("h1", "web1", "a.example.org", "one", KEY);
	r = pending(0, 1).v[0];
	/* Another CSR came meanwhile. */
	OK(store_exec_try(s, "UPDATE host_requests SET csr = ? WHERE id = ?",
			  ARGS(B(BLOB("other")), I(r.id)), NULL, &err));
	RC(0, fleet_request_decide(s, &r, FLEET_APPROVED, NULL, "a.example.org",
				   200, &err));
	RC(1, fleet_request_get(s, r.id, arena, &now, &err));
	assert_string_equal(now.state, FLEET_PENDING);
	RC(1, fleet_request_decide(s, &now, FLEET_APPROVED, NULL,
				   "a.example.org+web1", 200, &err));
	RC(1, fleet_request_get(s, r.id, arena, &r, &err));
	assert_string_equal(r.state, FLEET_APPROVED);
	assert_string_equal(r.as_name, "a.example.org+web1");
	assert_int_equal(r.ts_decided, 200);
	/* Once. */
	RC(0, fleet_request_decide(s, &now, FLEET_REJECTED, "no", NULL, 300,
				   &err));
	RC(0, fleet_request_get(s, r.id + 1, arena, &r, &err));
	assert_int_equal(pending(0, 10).n, 0);
}

/* One whose CSR is nothing can be rejected all the same. */
static void test_rejects_anything(void **state)
{
	struct fleet_request r;

	ask("h1", "web1", "a.example.org", "", KEY);
	if (!kit_mariadb())
		OK(store_exec_try(s,
				  "UPDATE host_requests SET csr = 17, name = "
				  "x'6100FF', host = 1.5, new_key = 'x'",
				  NO_ARGS, NULL, &err));
	r = pending(0, 1).v[0];
	assert_int_equal(r.csr.len, 0);
	RC(1, fleet_request_decide(s, &r, FLEET_REJECTED, "no CSR", NULL, 200,
				   &err));
	RC(1, fleet_request_get(s, r.id, arena, &r, &err));
	assert_string_equal(r.state, FLEET_REJECTED);
	assert_string_equal(r.reason, "no CSR");
	FAILS(ERR_INPUT, "plain ASCII",
	      fleet_request_decide(s, &r, FLEET_REJECTED, "nö", NULL, 1, &err));
}

static void add(const char *name, const char *key)
{
	const struct store_cert row = { .name = name,
					.enabled = true,
					.csr = BLOB("CSR"),
					.md5_modulus = "0123",
					.key_sha256 = key };

	OK(store_add(s, &row, &err));
}

static void test_rows(void **state)
{
	struct fleet_rows rows;

	add("a.example.org", KEY);
	add("a.example.org+web1", NULL);
	add("a.example.org.x.org", KEY);
	add("b.a.example.org", KEY);
	OK(fleet_pending_rows(s, "a.example.org", arena, &rows, &err));
	assert_int_equal(rows.n, 2);
	assert_string_equal(rows.v[0].name, "a.example.org");
	assert_string_equal(rows.v[0].key_sha256, KEY);
	assert_string_equal(rows.v[1].name, "a.example.org+web1");
	assert_null(rows.v[1].key_sha256);
	assert_false(rows.more);
	OK(fleet_pending_rows(s, "c.example.org", arena, &rows, &err));
	assert_int_equal(rows.n, 0);
	for (int i = 0; i < FLEET_ROWS_MAX; i++)
		add(arena_printf(arena, "c.example.org+%03d", i), KEY);
	OK(fleet_pending_rows(s, "c.example.org", arena, &rows, &err));
	assert_int_equal(rows.n, FLEET_ROWS_MAX);
	assert_false(rows.more);
	add("c.example.org", KEY);
	OK(fleet_pending_rows(s, "c.example.org", arena, &rows, &err));
	assert_true(rows.more);
}

static void map(const char *account, const char *name, const char *host)
{
	OK(store_exec_try(s,
			  "INSERT INTO host_names (account, name, host) VALUES "
			  "(?, ?, ?)",
			  ARGS(T(account), T(name), T(host)), NULL, &err));
}

static void report(const char *host, const char *name, const char *endpoint)
{
	OK(store_exec_try(s,
			  "INSERT INTO installs (host, name, service, "
			  "endpoint, state, ts) VALUES (?, ?, 'web', ?, "
			  "'served', 1)",
			  ARGS(T(host), T(name), T(endpoint)), NULL, &err));
}

static void test_users(void **state)
{
	struct fleet_users u;

	OK(fleet_pending_users(s, "a.example.org", "web1", "h1", arena, &u,
			       &err));
	assert_false(u.granted || u.reported || u.more);
	assert_int_equal(u.n, 0);
	map("shared", "*", "*");
	map("h1", "a.example.org", "web1");
	map("h2", "a.example.org", "web2");
	map("h3", "b.example.org", "web3");
	report("web1", "a.example.org", ":443");
	report("web4", "a.example.org", ":443");
	report("web4", "a.example.org", ":444");
	OK(fleet_pending_users(s, "a.example.org", "web1", "h1", arena, &u,
			       &err));
	assert_true(u.granted && u.reported);
	assert_int_equal(u.n, 2);
	assert_string_equal(u.others[0], "web2");
	assert_string_equal(u.others[1], "web4");
	assert_null(u.others[2]);
	/* Whoever calls himself so by another account has no grant. */
	OK(fleet_pending_users(s, "a.example.org", "web1", "shared", arena, &u,
			       &err));
	assert_false(u.granted);
	for (int i = 0; i < FLEET_USERS_MAX; i++)
		report(arena_printf(arena, "many%d", i), "a.example.org", "");
	OK(fleet_pending_users(s, "a.example.org", "web1", "h1", arena, &u,
			       &err));
	assert_int_equal(u.n, FLEET_USERS_MAX);
	assert_true(u.more);
}

static void test_approved_as(void **state)
{
	struct fleet_request r;
	const char *as = NULL;
	int64_t at = 1;

	ask("h1", "web1", "a.example.org", "one", KEY);
	r = pending(0, 1).v[0];
	RC(0, fleet_pending_as(s, &r, arena, &as, &err));
	OK(fleet_pending_last(s, "a.example.org+web1", &at, &err));
	assert_int_equal(at, 0);
	RC(1, fleet_request_decide(s, &r, FLEET_APPROVED, NULL,
				   "a.example.org+web1", 200, &err));
	RC(1, fleet_pending_as(s, &r, arena, &as, &err));
	assert_string_equal(as, "a.example.org+web1");
	/* The row, by whichever name and host. */
	ask("h2", "web2", "a.example.org+x", "one", KEY);
	r = pending(0, 1).v[0];
	RC(0, fleet_pending_as(s, &r, arena, &as, &err));
	RC(1, fleet_request_decide(s, &r, FLEET_APPROVED, NULL,
				   "a.example.org+web1", 300, &err));
	OK(fleet_pending_last(s, "a.example.org+web1", &at, &err));
	assert_int_equal(at, 300);
	OK(fleet_pending_last(s, "a.example.org", &at, &err));
	assert_int_equal(at, 0);
}

static void test_waiting(void **state)
{
	struct fleet_waiting w;

	OK(fleet_pending_waiting(s, arena, &w, &err));
	assert_int_equal(w.n, 0);
	ask("h1", "web1", "a.example.org", "one", KEY);
	ask("h1", "web1", "b.example.org", "one", KEY);
	OK(fleet_pending_waiting(s, arena, &w, &err));
	assert_int_equal(w.n, 2);
	assert_int_equal(w.id, pending(0, 1).v[0].id);
	assert_int_equal(w.ts, 100);
	assert_string_equal(w.host, "web1");
	assert_string_equal(w.name, "a.example.org");
}

#define NOW 1800000000

static void tried(const char *name, const char *outcome, int64_t at)
{
	const struct store_attempt t = { .name = name,
					 .ca_name = "x",
					 .outcome = outcome,
					 .ts_start = at,
					 .ts_end = at };

	OK(store_attempt_add(s, &t, &err));
}

static int count(const char *name, void *arg, struct err *e)
{
	struct namemap *m = arg;
	int n = namemap_get(m, name);

	namemap_put(m, name, n == -1 ? 1 : n + 1);
	return 0;
}

/* First certificates of the week, and what waits; renewals are none. */
static void test_orders(void **state)
{
	AUTO(namemap_free) struct namemap *m = namemap_new();

	tried("new.example.org", "ok", NOW - 6 * 86400);
	tried("new.example.org", "ok", NOW - 86400);
	tried("renewed.example.org", "ok", NOW - 60 * 86400);
	tried("renewed.example.org", "ok", NOW - 86400);
	tried("failed.example.org", "dns", NOW - 86400);
	tried("old.example.org", "ok", NOW - 8 * 86400);
	add("waits.example.org", KEY);
	add("has.example.org", KEY);
	add("replaced.example.org", KEY);
	add("off.example.org", KEY);
	OK(store_exec_try(s,
			  "UPDATE certs SET ts_expire = 9 WHERE name IN "
			  "('has.example.org', 'replaced.example.org')",
			  NO_ARGS, NULL, &err));
	OK(store_exec_try(s,
			  "UPDATE certs SET renew = 1 WHERE name = "
			  "'replaced.example.org'",
			  NO_ARGS, NULL, &err));
	OK(store_exec_try(s,
			  "UPDATE certs SET enable = 'N' WHERE name = "
			  "'off.example.org'",
			  NO_ARGS, NULL, &err));
	OK(fleet_pending_orders(s, NOW, count, m, &err));
	assert_int_equal(namemap_get(m, "new.example.org"), 1);
	assert_int_equal(namemap_get(m, "waits.example.org"), 1);
	assert_int_equal(namemap_get(m, "replaced.example.org"), 1);
	assert_int_equal(namemap_count(m, 1), 3);
	assert_int_equal(namemap_count(m, 2), 0);
}

/* More than a page of them. */
static void test_orders_pages(void **state)
{
	AUTO(namemap_free) struct namemap *m = namemap_new();

	OK(db_script(s->db, kit_mariadb() ? "START TRANSACTION" : "BEGIN",
		     &err));
	for (int i = 0; i < 2001; i++) {
		const char *name = arena_printf(arena, "n%d.example.org", i);

		OK(store_exec(s,
			      "INSERT INTO attempts (name, ca_name, outcome, "
			      "ts_start, ts_end) VALUES (?, 'x', 'ok', ?, ?)",
			      ARGS(T(name), I(NOW - 9), I(NOW - 9)), NULL,
			      &err));
	}
	OK(db_script(s->db, "COMMIT", &err));
	OK(fleet_pending_orders(s, NOW, count, m, &err));
	assert_int_equal(namemap_count(m, 1), 2001);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T_(f) cmocka_unit_test_setup_teardown(f, setup, fleet_teardown)
		T_(test_lists),	  T_(test_decides), T_(test_rejects_anything),
		T_(test_rows),	  T_(test_users),   T_(test_approved_as),
		T_(test_waiting), T_(test_orders),  T_(test_orders_pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
