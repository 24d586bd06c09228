/* SPDX-License-Identifier: MIT */
/*
 * Answers that never arrive. The connection goes through tests/lib/cutproxy.py
 * (at CERTREPO_TEST_CUT_PORT), which cuts it at the piece that the file
 * CERTREPO_TEST_CUT names; here at every piece in turn, in both directions.
 * Whatever was lost, the operation succeeds and took place once.
 */
#include "store_kit.h"

static struct store_conf cut_conf;
static struct store *s; /* the direct way */
static struct arena *arena;

static void control_write(const char *text)
{
	FILE *f = fopen(kit_env("CERTREPO_TEST_CUT"), "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static bool control_cut(void)
{
	char text[10] = "";
	FILE *f = fopen(kit_env("CERTREPO_TEST_CUT"), "r");

	assert_non_null(f);
	assert_non_null(fgets(text, sizeof(text), f));
	fclose(f);
	return strcmp(text, "cut") == 0;
}

/* One connection, whose opening may be what is cut. */
static struct store *open_cut(void)
{
	struct store *cut = NULL;

	for (int i = 0; i < 2; i++) {
		err_clear(&err);
		if (store_open(&cut_conf, STORE_WRITE, &cut, &err) == 0)
			return cut;
		if (err.kind != ERR_UNAVAILABLE)
			print_error("%s\n", err.msg);
		assert_int_equal(err.kind, ERR_UNAVAILABLE);
		assert_null(strstr(err.msg, "(1"));
	}
	fail_msg("does not open: %s", err.msg);
	return NULL;
}

static struct store_accept accept_of(const char *crt, const char *ca,
				     int64_t start)
{
	return (struct store_accept){
		.owner = "me",
		.crt = BLOB(crt),
		.ca = BLOB(ca),
		.md5_ca = ca,
		.crt_sha256 = crt,
		.ts_expire = start + 9000,
		.ts_not_before = start,
		.ts_due = start + 6000,
		.attempt = { .name = "a.example.org",
			     .ca_name = "le",
			     .outcome = "ok",
			     .ts_start = start,
			     .ts_end = start + 5 },
	};
}

static struct store_cert *get(void)
{
	struct store_cert *r = NULL;

	RC(1, store_get(s, "a.example.org", arena, &r, &err));
	return r;
}

static size_t attempts(void)
{
	struct store_attempts all = { 0 };

	OK(store_attempts_of(s, "a.example.org", 100, arena, &all, &err));
	return all.n;
}

/* How many were counted. */
static int64_t counted(void)
{
	struct db_stmt *st = NULL;
	int64_t n;

	OK(db_prepare(s->db,
		      "SELECT CAST(COALESCE(SUM(n), 0) AS INTEGER) "
		      "FROM attempt_totals",
		      "I", &st, &err));
	assert_int_equal(db_step(st, &err), 1);
	n = db_col_int(st, 0);
	db_done(st);
	return n;
}

static void assert_blob(struct store_blob b, const char *text)
{
	assert_int_equal(b.len, strlen(text));
	assert_memory_equal(b.p, text, b.len);
}

static void add(struct store *to)
{
	struct store_cert r = {
		.name = "a.example.org",
		.enabled = true,
		.csr = BLOB("CSR"),
		.md5_modulus = "m",
	};

	OK(store_add(to, &r, &err));
}

static void renew(struct store *cut)
{
	struct store_accept a = accept_of("crt2", "ca2", 2000);

	RC(1, store_claim_due(cut, "a.example.org", "me", 7000, 9000, &err));
	OK(store_accept(cut, &a, &err));
	assert_blob(get()->crt, "crt2");
	assert_blob(get()->old_crt, "crt1");
	assert_blob(get()->ca, "ca2");
	assert_blob(get()->old_ca, "ca1");
	assert_null(get()->lease_owner);
	assert_int_equal(attempts(), 2);
	assert_int_equal(counted(), 2);
}

static int renew_fn(struct store *cut, void *arg, struct err *e)
{
	struct store_accept a = accept_of("crt2", "ca2", 2000);
	struct store_order o = { .name = "a.example.org",
				 .ca_name = "x",
				 .state = "new" };

	if (store_accept(cut, &a, e) == -1)
		return -1;
	return store_order_put(cut, &o, e);
}

/* The same within a batch. */
static void renew_batch(struct store *cut)
{
	RC(1, store_claim_due(s, "a.example.org", "me", 7000, 9000, &err));
	OK(store_tx(cut, renew_fn, NULL, &err));
	assert_blob(get()->crt, "crt2");
	assert_blob(get()->old_crt, "crt1");
	assert_blob(get()->old_ca, "ca1");
	assert_int_equal(attempts(), 2);
	assert_int_equal(counted(), 2);
}

static void fail_once(struct store *cut)
{
	struct store_fail f = {
		.owner = "me",
		.next = 9999,
		.count = true,
		.attempt = { .name = "a.example.org",
			     .ca_name = "le",
			     .outcome = "dns",
			     .detail = "x",
			     .ts_start = 2000,
			     .ts_end = 2001 },
	};

	RC(1, store_claim(cut, "a.example.org", "me", 7000, 9000, &err));
	OK(store_fail(cut, &f, &err));
	assert_int_equal(get()->count_fail_update, 1);
	assert_int_equal(get()->ts_due, 9999);
	assert_null(get()->lease_owner);
	assert_int_equal(attempts(), 2);
	assert_int_equal(counted(), 2);
}

/* Without a lease that would tell. */
static void add_attempt(struct store *cut)
{
	struct store_attempt a = { .name = "a.example.org",
				   .outcome = "dns",
				   .ts_start = 2000,
				   .ts_end = 2001 };

	OK(store_attempt_add(cut, &a, &err));
	assert_int_equal(attempts(), 2);
	assert_int_equal(counted(), 2);
}

static void fold(struct store *cut)
{
	size_t n = 0;

	OK(db_script(s->db, "UPDATE attempt_totals SET day = 7", &err));
	OK(store_totals_fold(cut, 8 * 86400, 10, &n, &err));
	assert_int_equal(counted(), 1);
}

static void enrol(struct store *cut)
{
	struct store_field f[] = { { "comment", "c" }, { "enable", "N" } };
	struct store_cert *none = NULL;
	struct store_receipt r = { .name = "a.example.org",
				   .host = "h",
				   .service = "s",
				   .endpoint = "",
				   .state = "alive" };
	struct store_receipts all = { 0 };

	RC(1, store_remove(cut, "a.example.org", &err));
	RC(0, store_get(cut, "a.example.org", arena, &none, &err));
	add(cut);
	RC(1, store_set(cut, "a.example.org", f, 2, 5, &err));
	assert_string_equal(get()->comment, "c");
	OK(store_receipts_put(cut, &r, 1, &err));
	OK(store_receipts_of(cut, "a.example.org", arena, &all, &err));
	assert_int_equal(all.n, 1);
}

static void broken(struct store *cut)
{
	RC(1, store_claim(cut, "a.example.org", "you", 7000, 9000, &err));
	RC(1, store_lease_break(cut, "a.example.org", &err));
	assert_null(get()->lease_owner);
	RC(0, store_lease_break(cut, "a.example.org", &err));
}

/* Cut at every piece of OPERATION, from both sides. */
static void at_every_piece(void (*operation)(struct store *cut))
{
	struct store_accept a = accept_of("crt1", "ca1", 1000);
	struct store *cut;
	char text[10];
	int cuts = 0;

	for (int i = 2; i < 200; i++) {
		snprintf(text, sizeof(text), "%c%d", i & 1 ? 'c' : 's', i / 2);
		OK(db_script(s->db,
			     "DELETE FROM certs; DELETE FROM attempts;"
			     "DELETE FROM installs; DELETE FROM orders;"
			     "DELETE FROM attempt_totals",
			     &err));
		add(s);
		RC(1, store_claim(s, "a.example.org", "me", 1000, 1100, &err));
		OK(store_accept(s, &a, &err));
		control_write(text);
		cut = open_cut();
		operation(cut);
		store_free(&cut);
		arena_clear(arena);
		if (!control_cut() && i & 1)
			break;
		cuts++;
	}
	/* At least the handshake and each statement. */
	assert_in_range(cuts, 10, 190);
}

static void test_renew(void **state)
{
	at_every_piece(renew);
}

static void test_renew_batch(void **state)
{
	at_every_piece(renew_batch);
}

static void test_fail(void **state)
{
	at_every_piece(fail_once);
}

static void test_attempt(void **state)
{
	at_every_piece(add_attempt);
}

static void test_fold(void **state)
{
	at_every_piece(fold);
}

static void test_broken(void **state)
{
	at_every_piece(broken);
}

static void test_enrol(void **state)
{
	at_every_piece(enrol);
}

static int group_setup(void **state)
{
	int from, to;

	if (kit_begin() == -1)
		return -1;
	kit_wipe();
	cut_conf = conf;
	cut_conf.port = atoi(kit_env("CERTREPO_TEST_CUT_PORT"));
	control_write("pass");
	arena = arena_new();
	if (store_open(&conf, STORE_ADMIN, &s, &err) == -1 ||
	    store_schema_upgrade(s, 1000, &from, &to, &err) == -1) {
		print_error("%s\n", err.msg);
		return -1;
	}
	return 0;
}

static int group_teardown(void **state)
{
	store_free(&s);
	arena_free(&arena);
	kit_end();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_renew),
		cmocka_unit_test(test_renew_batch),
		cmocka_unit_test(test_fail),
		cmocka_unit_test(test_attempt),
		cmocka_unit_test(test_fold),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_enrol),
	};

	if (!kit_mariadb() || !kit_env("CERTREPO_TEST_CUT")) {
		printf("1..0 # SKIP needs MariaDB behind a proxy: see "
		       "tests/contract/store_mariadb.t\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
