/* SPDX-License-Identifier: MIT */
/* The host's side of requests. */
#include "fleet_requests.h"
#include "fleet_kit.h"
#include "store_owner.h"

/* The procedures, and an account that all hosts share. */
static void as_host(void)
{
	struct store_owner owner;

	OK(store_owner_take(s, arena, &owner, &err));
	free(owner.sql);
	OK(store_exec_try(s, "INSERT INTO host_names VALUES (?, '*', '*')",
			  ARGS(T(conf.user)), NULL, &err));
}

static int setup(void **state)
{
	if (fleet_setup(state) == -1)
		return -1;
	if (kit_mariadb())
		as_host();
	return 0;
}

#define KEY1 "1111111111111111111111111111111111111111111111111111111111111111"
#define KEY2 "2222222222222222222222222222222222222222222222222222222222222222"

static struct fleet_request request(const char *name, const char *key)
{
	return (struct fleet_request){ .host = "web1.example.org",
				       .name = name,
				       .csr = { "first", 5 },
				       .key_sha256 = key,
				       .ts = 100 };
}

/* What the centre does, by whatever way. */
static void decide(int64_t id, const char *state, const char *reason,
		   const char *as_name)
{
	OK(store_exec_try(s,
			  "UPDATE host_requests SET state = ?, reason = ?, "
			  "as_name = ?, ts_decided = 200 WHERE id = ?",
			  ARGS(T(state), T(reason), T(as_name), I(id)), NULL,
			  &err));
}

static void assert_csr(int64_t id, const char *want)
{
	struct db_stmt *st = NULL;
	struct store_blob b;

	OK(store_query(s, "SELECT csr FROM host_requests WHERE id = ?", "B",
		       ARGS(I(id)), &st, &err));
	RC(1, db_step(st, &err));
	b = store_col_blob(st, 0, arena);
	assert_int_equal(b.len, strlen(want));
	assert_memory_equal(b.p, want, b.len);
	store_done(&st);
}

static struct fleet_requests mine(const char *host)
{
	struct fleet_requests all;

	OK(fleet_requests_mine(s, host, arena, &all, &err));
	return all;
}

static void test_send(void **state)
{
	struct fleet_request r = request("www.example.org", KEY1), got, two;

	assert_int_equal(mine(r.host).n, 0);
	OK(fleet_request_send(s, &r, arena, &got, &err));
	assert_true(got.id > 0);
	assert_string_equal(got.state, "pending");
	assert_string_equal(got.host, "web1.example.org");
	assert_string_equal(got.name, "www.example.org");
	assert_string_equal(got.key_sha256, KEY1);
	assert_null(got.reason);
	assert_null(got.as_name);
	assert_int_equal(got.ts, 100);
	assert_int_equal(got.ts_decided, 0);
	assert_false(got.new_key);
	assert_csr(got.id, "first");
	/* the same again is the same */
	r.ts = 120;
	OK(fleet_request_send(s, &r, arena, &two, &err));
	assert_int_equal(two.id, got.id);
	assert_int_equal(two.ts, 100);
	/* another CSR is another request, in its place */
	r.csr = BLOB("second");
	r.ts = 150;
	r.new_key = true;
	OK(fleet_request_send(s, &r, arena, &two, &err));
	assert_true(two.id > got.id);
	assert_int_equal(two.ts, 150);
	assert_true(two.new_key);
	assert_csr(two.id, "second");
	assert_int_equal(mine(r.host).n, 1);
	got = two;
	/* another key is another request */
	r.key_sha256 = KEY2;
	OK(fleet_request_send(s, &r, arena, &two, &err));
	assert_int_not_equal(two.id, got.id);
	assert_int_equal(mine(r.host).n, 2);
	/* and so is another host */
	assert_int_equal(mine("web2.example.org").n, 0);
}

static void test_rejected(void **state)
{
	struct fleet_request r = request("www.example.org", KEY1), got, two;
	struct fleet_requests all;

	OK(fleet_request_send(s, &r, arena, &got, &err));
	decide(got.id, "rejected", "not ours", NULL);
	all = mine(r.host);
	assert_int_equal(all.n, 1);
	assert_string_equal(all.v[0].state, "rejected");
	assert_string_equal(all.v[0].reason, "not ours");
	assert_string_equal(all.v[0].key_sha256, KEY1);
	assert_int_equal(all.v[0].ts_decided, 200);
	/* asked again, it is to be decided again */
	r.csr = BLOB("again");
	r.ts = 300;
	OK(fleet_request_send(s, &r, arena, &two, &err));
	assert_true(two.id > got.id);
	assert_string_equal(two.state, "pending");
	assert_null(two.reason);
	assert_int_equal(two.ts_decided, 0);
	assert_csr(two.id, "again");
	/* also the very same */
	decide(two.id, "rejected", "still not", NULL);
	OK(fleet_request_send(s, &r, arena, &got, &err));
	assert_true(got.id > two.id);
	assert_string_equal(got.state, "pending");
	assert_int_equal(mine(r.host).n, 1);
}

static void sql(const char *text)
{
	OK(db_script(s->db, text, &err));
}

#define AS "www.example.org+web1"

/* A row of that name, with that key. */
static void enrol(const char *key)
{
	OK(store_exec_try(s, "DELETE FROM certs", NO_ARGS, NULL, &err));
	OK(store_exec_try(s,
			  "INSERT INTO certs (name, csr, md5_modulus, "
			  "key_sha256) VALUES ('" AS "', 'x', '', ?)",
			  ARGS(T(key)), NULL, &err));
}

static struct fleet_request sent(const struct fleet_request *r)
{
	struct fleet_request got;

	OK(fleet_request_send(s, r, arena, &got, &err));
	return got;
}

/* It holds as long as there is what was approved; then it is asked anew. */
static void test_approved(void **state)
{
	struct fleet_request r = request("www.example.org", KEY1), got, two;

	got = sent(&r);
	enrol(KEY1);
	decide(got.id, "approved", NULL, AS);
	r.ts = 300;
	two = sent(&r);
	assert_int_equal(two.id, got.id);
	assert_string_equal(two.state, "approved");
	assert_string_equal(two.as_name, AS);
	assert_int_equal(two.ts, 100);
	assert_string_equal(mine(r.host).v[0].as_name, AS);
	/* other names, or whatever else is another CSR */
	r.csr = BLOB("other");
	two = sent(&r);
	assert_true(two.id > got.id);
	assert_string_equal(two.state, "pending");
	assert_int_equal(two.ts, 300);
	assert_csr(two.id, "other");
	assert_int_equal(mine(r.host).n, 1);
	/* what it was before is kept, for who decides; and once more */
	assert_string_equal(two.as_name, AS);
	assert_int_equal(two.ts_decided, 200);
	r.csr = BLOB("third");
	got = sent(&r);
	assert_true(got.id > two.id);
	assert_string_equal(got.as_name, AS);
	assert_int_equal(got.ts_decided, 200);
	/* the row has another key */
	decide(got.id, "approved", NULL, AS);
	enrol(KEY2);
	two = sent(&r);
	assert_true(two.id > got.id);
	assert_string_equal(two.state, "pending");
	/* it is gone */
	decide(two.id, "approved", NULL, AS);
	sql("DELETE FROM certs");
	got = sent(&r);
	assert_true(got.id > two.id);
	assert_string_equal(got.state, "pending");
}

/* And, of an account of its own, as long as it may read that. */
static void test_granted(void **state)
{
	struct fleet_request r = request("www.example.org", KEY1), got, two;

	if (!kit_mariadb())
		return;
	sql("DELETE FROM host_names");
	OK(store_exec_try(s,
			  "INSERT INTO hosts (host, account, ts_added) VALUES "
			  "('web1.example.org', ?, 1)",
			  ARGS(T(conf.user)), NULL, &err));
	got = sent(&r);
	enrol(KEY1);
	OK(store_exec_try(s,
			  "INSERT INTO host_names (account, name, host) VALUES "
			  "(?, '" AS "', 'web1.example.org')",
			  ARGS(T(conf.user)), NULL, &err));
	decide(got.id, "approved", NULL, AS);
	two = sent(&r);
	assert_int_equal(two.id, got.id);
	sql("DELETE FROM host_names");
	two = sent(&r);
	assert_true(two.id > got.id);
	assert_string_equal(two.state, "pending");
}

static void test_limit(void **state)
{
	struct fleet_request r, got, first = { 0 };
	char name[64];

	for (int i = 0; i < FLEET_PENDING_MAX; i++) {
		snprintf(name, sizeof(name), "n%d.example.org", i);
		r = request(name, KEY1);
		OK(fleet_request_send(s, &r, arena, i ? &got : &first, &err));
	}
	r = request("more.example.org", KEY1);
	FAILS(ERR_LIMIT, "100 requests of web1.example.org",
	      fleet_request_send(s, &r, arena, &got, &err));
	/* what waits already may be sent again */
	r = request("n7.example.org", KEY1);
	OK(fleet_request_send(s, &r, arena, &got, &err));
	/* another host has its own */
	r = request("more.example.org", KEY1);
	r.host = "web2.example.org";
	OK(fleet_request_send(s, &r, arena, &got, &err));
	/* what is decided waits no more, and then it is full again */
	decide(first.id, "rejected", "no", NULL);
	r = request("more.example.org", KEY1);
	OK(fleet_request_send(s, &r, arena, &got, &err));
	r = request("n0.example.org", KEY1);
	FAILS(ERR_LIMIT, "100 requests",
	      fleet_request_send(s, &r, arena, &got, &err));
	assert_int_equal(mine(r.host).n, FLEET_PENDING_MAX + 1);
}

static void test_input(void **state)
{
	static char big[STORE_BLOB_MAX + 2];
	struct fleet_request r = request("WWW.example.org", KEY1), got;

	RC(-1, fleet_request_send(s, &r, arena, &got, &err));
	assert_int_equal(err.kind, ERR_INPUT);
	r = request("www.example.org", KEY1);
	r.csr = (struct store_blob){ big, sizeof(big) };
	RC(-1, fleet_request_send(s, &r, arena, &got, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
	r = request("www.example.org", KEY1);
	r.host = "web\n1";
	RC(-1, fleet_request_send(s, &r, arena, &got, &err));
	assert_int_equal(err.kind, ERR_INPUT);
	assert_int_equal(mine("web1.example.org").n, 0);
}

/* A centre of a version before. */
static void test_none(void **state)
{
	struct fleet_request r = request("www.example.org", KEY1), got;
	struct fleet_requests all;

	OK(db_script(s->db,
		     kit_mariadb() ? "DROP PROCEDURE host_requests_put; "
				     "DROP PROCEDURE host_requests_mine"
				   : "DROP TABLE host_requests",
		     &err));
	FAILS(ERR_CONFIG, "takes no requests",
	      fleet_request_send(s, &r, arena, &got, &err));
	FAILS(ERR_CONFIG, "takes no requests",
	      fleet_requests_mine(s, r.host, arena, &all, &err));
}

/* On MariaDB an account speaks for its own host alone. */
static void test_whose(void **state)
{
	struct fleet_request r = request("www.example.org", KEY1), got;

	if (!kit_mariadb())
		return;
	OK(store_exec_try(s, "DELETE FROM host_names", NO_ARGS, NULL, &err));
	FAILS(ERR_CONFIG, "does not speak for web1.example.org",
	      fleet_request_send(s, &r, arena, &got, &err));
	OK(store_exec_try(s,
			  "INSERT INTO hosts (host, account, ts_added) VALUES "
			  "('web1.example.org', ?, 1)",
			  ARGS(T(conf.user)), NULL, &err));
	OK(fleet_request_send(s, &r, arena, &got, &err));
	assert_string_equal(got.account, conf.user);
	r.host = "web2.example.org";
	FAILS(ERR_CONFIG, "does not speak for web2.example.org",
	      fleet_request_send(s, &r, arena, &got, &err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_send, setup,
						fleet_teardown),
		cmocka_unit_test_setup_teardown(test_rejected, setup,
						fleet_teardown),
		cmocka_unit_test_setup_teardown(test_approved, setup,
						fleet_teardown),
		cmocka_unit_test_setup_teardown(test_granted, setup,
						fleet_teardown),
		cmocka_unit_test_setup_teardown(test_limit, setup,
						fleet_teardown),
		cmocka_unit_test_setup_teardown(test_input, setup,
						fleet_teardown),
		cmocka_unit_test_setup_teardown(test_whose, setup,
						fleet_teardown),
		cmocka_unit_test_setup_teardown(test_none, setup,
						fleet_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
