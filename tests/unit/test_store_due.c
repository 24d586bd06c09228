/* SPDX-License-Identifier: MIT */
/* What is due, who waits and why, on whichever store the kit has. */
#include "store_kit.h"

static struct store *s;
static struct arena *arena;

static void raw(const char *sql)
{
	OK(db_script(s->db, sql, &err));
}

static int setup(void **state)
{
	int from, to;

	if (kit_begin() == -1)
		return -1;
	kit_wipe();
	arena = arena_new();
	OK(store_open(&conf, STORE_ADMIN, &s, &err));
	OK(store_schema_upgrade(s, 1, &from, &to, &err));
	return 0;
}

static int teardown(void **state)
{
	store_free(&s);
	arena_free(&arena);
	kit_end();
	return 0;
}

/* SET: more of the row, "ts_due = 7". */
static void add(const char *name, const char *set)
{
	struct store_cert r = { .name = name,
				.enabled = true,
				.csr = BLOB("csr"),
				.md5_modulus = "x" };
	char sql[1000];

	OK(store_add(s, &r, &err));
	if (!set)
		return;
	snprintf(sql, sizeof(sql), "UPDATE certs SET %s WHERE name = '%s'", set,
		 name);
	raw(sql);
}

static struct store_cert *get(const char *name)
{
	struct store_cert *row = NULL;

	RC(1, store_get(s, name, arena, &row, &err));
	return row;
}

static const char *names_of(const struct store_dues *d)
{
	struct sbuf b = SBUF_INIT(1000);
	const char *ret;

	for (size_t i = 0; i < d->n; i++)
		sbuf_addf(&b, "%s%s", i ? " " : "", d->v[i].name);
	ret = arena_strdup(arena, sbuf_str(&b));
	sbuf_free(&b);
	return ret;
}

static const char *due(const char *ca_name, int64_t now, size_t limit)
{
	struct store_dues d = { 0 };

	OK(store_due(s, ca_name, now, limit, arena, &d, &err));
	return names_of(&d);
}

static void test_due(void **state)
{
	struct store_dues d = { 0 };
	struct store_due one;
	bool enabled = false;

	add("new", NULL);
	add("untried", NULL);
	add("tried", "ts_last_update = 90");
	add("late", "ts_expire = 5000, ts_expire_seen = 5000");
	add("soon", "ts_expire = 4000, ts_expire_seen = 4000, ts_due = 100, "
		    "fail_class = 'dns'");
	add("fine", "ts_due = 101");
	add("off", "enable = 'N'");
	add("taken", "lease_owner = 'other', lease_until = 100");
	add("freed",
	    "lease_owner = 'dead', lease_until = 99, ts_expire = 6000");
	add("gone", "ts_expire = 99, ts_expire_seen = 99, ts_last_update = 80");
	add("dead", "ts_expire = 50, ts_expire_seen = 50, ts_last_update = 7");
	/* good ones by their end, expired, never issued, by the last try */
	assert_string_equal(due(NULL, 100, 20), "soon late freed dead gone new "
						"untried tried");
	OK(store_due(s, NULL, 100, 20, arena, &d, &err));
	assert_true(d.v[0].has_crt);
	assert_false(d.v[0].stale);
	assert_int_equal(d.v[0].ts_expire, 4000);
	assert_int_equal(d.v[0].ts_due, 100);
	assert_string_equal(d.v[0].fail_class, "dns");
	assert_true(d.v[2].stale);
	assert_false(d.v[5].has_crt);
	assert_false(d.v[5].stale);
	assert_string_equal(due(NULL, 100, 2), "soon late");
	assert_string_equal(due(NULL, 99, 1), "late");
	RC(1, store_due_one(s, "off", arena, &one, &enabled, &err));
	assert_false(enabled);
	RC(1, store_due_one(s, "taken", arena, &one, &enabled, &err));
	assert_true(enabled);
	assert_string_equal(one.name, "taken");
	RC(0, store_due_one(s, "x", arena, &one, &enabled, &err));
}

/* A CA's names are its own page, however many others there are. */
static void test_cas(void **state)
{
	const char *const names[] = { "One", "one", "idle" };
	const struct store_ca_names known = { names, 3 };
	struct store_due_cas all = { 0 };

	OK(store_due_cas(s, &known, 100, arena, &all, &err));
	assert_int_equal(all.n, 0);
	assert_int_equal(all.unknown.n, 0);
	add("a", NULL);
	add("b", "ca_name = 'one', ts_expire = 900, ts_due = 5");
	add("c", "ca_name = 'one', ts_expire = 800");
	add("d", "ca_name = 'one', ts_expire = 60");
	add("e", "ca_name = 'one', ts_due = 101");
	add("f", "ca_name = 'One'");
	add("g", "ca_name = 'one', lease_owner = 'x', lease_until = 200");
	OK(store_due_cas(s, &known, 100, arena, &all, &err));
	assert_int_equal(all.n, 3);
	assert_int_equal(all.unknown.n, 0);
	for (size_t i = 0; i < all.n; i++) {
		const char *name = all.v[i].ca_name;

		if (!name || strcmp(name, "One") == 0) {
			assert_int_equal(all.v[i].n, 1);
			assert_int_equal(all.v[i].ts_expire, 0);
			continue;
		}
		assert_string_equal(name, "one");
		assert_int_equal(all.v[i].n, 3);
		assert_int_equal(all.v[i].ts_expire, 800);
	}
	assert_string_equal(due(NULL, 100, 10), "a");
	assert_string_equal(due("one", 100, 10), "c b d");
	assert_string_equal(due("One", 100, 10), "f");
	assert_string_equal(due("other", 100, 10), "");
}

/* Who changes nothing sees each of them once, in the same order. */
static void test_after(void **state)
{
	const char *const names[] = { "one" };
	const struct store_ca_names known = { names, 1 };
	struct store_dues d = { 0 };
	struct sbuf all = SBUF_INIT(1000);
	const char *whole;

	add("a", "ts_expire = 900");
	add("b", "ts_expire = 900");
	add("c", "ts_expire = 800");
	add("d", "ts_expire = 99, ts_last_update = 7");
	add("e", "ts_last_update = 7");
	add("f", "ts_last_update = NULL, ts_expire = NULL");
	add("g", "ts_last_update = 6");
	if (!kit_mariadb())
		raw("UPDATE certs SET ts_last_update = 'never' "
		    "WHERE name = 'e'");
	whole = due(NULL, 100, 10);
	assert_string_equal(whole,
			    kit_mariadb() ? "c a b d f g e" : "c a b d e f g");
	for (;;) {
		struct store_due last =
			d.n ? d.v[d.n - 1] : (struct store_due){ 0 };

		OK(store_due_after(s, NULL, 100, d.n ? &last : NULL, 2, arena,
				   &d, &err));
		if (!d.n)
			break;
		sbuf_addf(&all, "%s%s", all.len ? " " : "", names_of(&d));
	}
	assert_string_equal(sbuf_str(&all), whole);
	sbuf_free(&all);
	raw("UPDATE certs SET ca_name = 'typo'");
	OK(store_due_unknown(s, &known, 100, 3, arena, &d, &err));
	assert_string_equal(names_of(&d), "c a b");
	OK(store_due_unknown_after(s, &known, 100, &d.v[2], 2, arena, &d,
				   &err));
	assert_true(strncmp(names_of(&d), "d ", 2) == 0);
}

/* Cells of 200,000 bytes in so many rows are more than an answer may be. */
#define WIDE 400

static int add_wide(struct store *st, void *arg, struct err *e)
{
	char name[50];

	for (int i = 0; i < WIDE; i++) {
		struct store_cert r = { .name = name,
					.csr = BLOB("csr"),
					.enabled = true,
					.md5_modulus = "x" };

		snprintf(name, sizeof(name), "w%05d", i);
		if (store_add(st, &r, e) == -1)
			return -1;
	}
	return 0;
}

/* SQLite lets a cell hold anything: nobody else's turn ends with it. */
static void test_cells(void **state)
{
	static const char *const cells[] = {
		"'a' || char(0) || 'b'",
		"hex(zeroblob(35000))",
		"hex(zeroblob(100000))",
		"x'fffe00ff'",
		"x'c0af'",
		"CAST(x'ff00fe' AS TEXT)",
		"7.5",
	};
	const char *const names[] = { "one" };
	const struct store_ca_names known = { names, 1 };
	struct store_due_cas all = { 0 };
	struct store_dues d = { 0 };
	struct store_due one;
	bool enabled;

	if (kit_mariadb())
		return;
	add("good", "ca_name = 'one'");
	OK(store_tx(s, add_wide, NULL, &err));
	for (size_t i = 0; i < ARRAY_LEN(cells); i++) {
		raw(arena_printf(arena,
				 "UPDATE certs SET ca_name = %s, fail_class = "
				 "%s, ts_due = %s WHERE name <> 'good'",
				 cells[i], cells[i], i % 2 ? "0" : "-5.5"));
		OK(store_due_cas(s, &known, 100, arena, &all, &err));
		assert_int_equal(all.n, 1);
		assert_int_equal(all.unknown.n, WIDE);
		OK(store_due_unknown(s, &known, 100, 1000, arena, &d, &err));
		assert_int_equal(d.n, WIDE);
		RC(1, store_due_one(s, "w00007", arena, &one, &enabled, &err));
		assert_string_equal(due("one", 100, 10), "good");
	}
}

static int add_strange(struct store *st, void *arg, struct err *e)
{
	char name[50], ca[50];

	for (int i = 0; i < 1200; i++) {
		struct store_cert r = { .name = name,
					.ca_name = ca,
					.csr = BLOB("csr"),
					.enabled = true,
					.md5_modulus = "x" };

		snprintf(name, sizeof(name), "h%05d", i);
		snprintf(ca, sizeof(ca), "a%05d", i);
		if (store_add(st, &r, e) == -1)
			return -1;
	}
	return 0;
}

static void known_are(const struct store_ca_names *known)
{
	struct store_due_cas all = { 0 };
	struct store_dues d = { 0 };

	OK(store_due_cas(s, known, 100, arena, &all, &err));
	assert_int_equal(all.n, 2);
	for (size_t i = 0; i < all.n; i++)
		assert_int_equal(all.v[i].n, all.v[i].ca_name ? 2 : 1);
	assert_int_equal(all.unknown.n, 1201);
	assert_int_equal(all.unknown.ts_expire, 800);
	OK(store_due_unknown(s, known, 100, 2, arena, &d, &err));
	assert_string_equal(names_of(&d), "urgent h00000");
	assert_string_equal(d.v[1].ca_name, "a00000");
}

/* Rows may say what they like: the CAs there are have their turn. */
static void test_unknown(void **state)
{
	const char *many[STORE_CAS_MAX + 1];
	struct store_ca_names known = { many, 2 };
	struct store_due_cas all = { 0 };
	struct store_dues d = { 0 };

	OK(store_tx(s, add_strange, NULL, &err));
	add("y", "ca_name = 'zone'");
	add("z", "ca_name = 'zone'");
	add("none", NULL);
	add("urgent", "ca_name = 'nosuch', ts_expire = 800");
	add("leased", "ca_name = 'x', lease_owner = 'x', lease_until = 200");
	many[0] = "other";
	many[1] = "zone";
	known_are(&known);
	for (int i = 0; i <= STORE_CAS_MAX; i++)
		many[i] = arena_printf(arena, "other%d", i);
	many[STORE_CAS_MAX - 1] = "zone";
	known.n = STORE_CAS_MAX;
	known_are(&known);
	known.n++;
	FAILS(ERR_LIMIT, "of 101 CAs",
	      store_due_cas(s, &known, 100, arena, &all, &err));
	known.n = 0;
	OK(store_due_cas(s, &known, 100, arena, &all, &err));
	assert_int_equal(all.n, 1);
	assert_int_equal(all.unknown.n, 1203);
	OK(store_due_unknown(s, &known, 100, 1, arena, &d, &err));
	assert_string_equal(names_of(&d), "urgent");
}

static void test_waits(void **state)
{
	struct store_due_ca w;

	add("default", "ts_expire = 900");
	add("now", "ca_name = 'one', ts_expire = 1000");
	add("failed", "ca_name = 'one', ts_due = 150, fail_class = 'ca-down', "
		      "ts_expire = 800");
	add("own", "ca_name = 'one', ts_due = 151, fail_class = 'ca-down'");
	add("soon", "ca_name = 'one', ts_due = 150");
	add("other", "ca_name = 'two'");
	OK(store_ca_waits(s, "one", false, 100, 150, &w, &err));
	assert_int_equal(w.n, 2);
	assert_int_equal(w.ts_expire, 800);
	OK(store_ca_waits(s, "one", true, 100, 150, &w, &err));
	assert_int_equal(w.n, 3);
	OK(store_ca_waits(s, "three", false, 100, 150, &w, &err));
	assert_int_equal(w.n, 0);
	assert_int_equal(w.ts_expire, 0);
}

/* Never "held until the end of time" by an overflow on the way. */
static void test_never(void **state)
{
	add("a", NULL);
	OK(kit_set_due(s, "a", STORE_NEVER, &err));
	assert_true(get("a")->ts_due == STORE_NEVER);
	assert_string_equal(due(NULL, 4000000000, 10), "");
}

static void test_far(void **state)
{
	struct store_dues d = { 0 };
	size_t n = 7;

	add("fine", "ts_next_attempt = 1000, ts_due = 1000");
	add("far", "ts_next_attempt = 9001, ts_due = 9001");
	add("farther", "ts_next_attempt = 9999, ts_due = 9999");
	add("held", "ts_next_attempt = 9223372036854775807, "
		    "ts_due = 9223372036854775807, held = 1");
	add("off", "ts_next_attempt = 9999, enable = 'N'");
	OK(store_far(s, 9000, 10, arena, &d, &err));
	assert_string_equal(names_of(&d), "far farther");
	OK(store_far(s, 9000, 1, arena, &d, &err));
	assert_string_equal(names_of(&d), "far");
	OK(store_far_mend(s, &d.v[0], 50, &err));
	assert_int_equal(get("far")->ts_due, 50);
	assert_int_equal(get("far")->ts_next_attempt, 0);
	/* somebody was there meanwhile */
	raw("UPDATE certs SET ts_next_attempt = 70, ts_due = 70 "
	    "WHERE name = 'far'");
	OK(store_far_mend(s, &d.v[0], 50, &err));
	assert_int_equal(get("far")->ts_due, 70);

	raw("UPDATE certs SET lease_owner = 'x', lease_until = 9001 "
	    "WHERE name = 'far'");
	raw("UPDATE certs SET lease_owner = 'x', lease_until = 9000 "
	    "WHERE name = 'fine'");
	OK(store_far_leases(s, 9000, &n, &err));
	assert_int_equal(n, 1);
	OK(store_far_leases_mend(s, 9000, &err));
	assert_null(get("far")->lease_owner);
	assert_string_equal(get("fine")->lease_owner, "x");
	OK(store_far_leases(s, 9000, &n, &err));
	assert_int_equal(n, 0);
}

static void test_leases(void **state)
{
	struct store_leases all = { 0 };

	add("a", "lease_owner = 'x', lease_until = 200, ts_last_update = 90");
	add("b", "lease_owner = 'x', lease_until = 300, ts_last_update = 95");
	add("c", "lease_owner = 'y', lease_until = 99");
	add("d", "lease_owner = 'me', lease_until = 300");
	add("e", "lease_owner = 'z', lease_until = 300, ts_due = 101");
	OK(store_leases(s, "me", 100, arena, &all, &err));
	assert_int_equal(all.n, 1);
	assert_string_equal(all.v[0].owner, "x");
	assert_int_equal(all.v[0].n, 2);
	assert_int_equal(all.v[0].since, 90);
	assert_int_equal(all.v[0].until, 300);
	assert_string_equal(all.v[0].name, "a");
	RC(1, store_lease_break(s, "b", &err));
	RC(0, store_lease_break(s, "b", &err));
	RC(0, store_lease_break(s, "nosuch", &err));
	assert_null(get("b")->lease_owner);
	assert_string_equal(due(NULL, 100, 10), "c b");
}

static void test_uncount(void **state)
{
	struct store_uncount u = {
		.name = "a", .count = 11, .next = STORE_NEVER, .until = 500
	};

	add("a", "count_fail_update = 11, held = 1, "
		 "ts_next_attempt = 9223372036854775807, "
		 "ts_due = 9223372036854775807");
	OK(store_uncount(s, &u, &err));
	assert_int_equal(get("a")->count_fail_update, 10);
	assert_false(get("a")->held);
	assert_int_equal(get("a")->ts_due, 500);
	assert_int_equal(get("a")->ts_next_attempt, 500);
	/* once, however often */
	OK(store_uncount(s, &u, &err));
	assert_int_equal(get("a")->count_fail_update, 10);
	/* another has the row, or had */
	u.count = 10;
	u.next = 500;
	raw("UPDATE certs SET lease_owner = 'x'");
	OK(store_uncount(s, &u, &err));
	assert_int_equal(get("a")->count_fail_update, 10);
	raw("UPDATE certs SET lease_owner = NULL, ts_next_attempt = 0");
	OK(store_uncount(s, &u, &err));
	assert_int_equal(get("a")->count_fail_update, 10);
}

/* --- how the databases go about it --- */

static int add_many(struct store *st, void *arg, struct err *e)
{
	char name[50];

	for (int i = 0; i < 3000; i++) {
		struct store_cert r = { .name = name,
					.csr = BLOB("csr"),
					.enabled = true,
					.md5_modulus = "x",
					.ts_due = 4000000000 };

		snprintf(name, sizeof(name), "h%05d", i);
		if (store_add(st, &r, e) == -1)
			return -1;
	}
	return 0;
}

static void uses(const char *sql, const char *index)
{
	bool lite = strcmp(db_dialect(s->db), "sqlite") == 0, used = false;
	struct db_stmt *st = NULL;
	struct sbuf plan = SBUF_INIT(4000);
	/* statements are known by their address */
	const char *text = arena_printf(
		arena, "%s%s", lite ? "EXPLAIN QUERY PLAN " : "EXPLAIN ", sql);
	int rc;

	OK(db_prepare(s->db, text, lite ? "iiit" : "ittttttttt", &st, &err));
	for (int i = 1; *sql; sql++)
		if (*sql == '?') {
			db_bind_int(st, i, 100 * i);
			i++;
		}
	while ((rc = db_step(st, &err)) == 1) {
		const char *key = db_col_text(st, lite ? 3 : 5);

		sbuf_addf(&plan, "%s\n", key ? key : "-");
		used |= key && strstr(key, index);
		if (lite && strstr(key, "SCAN certs"))
			fail_msg("%s\n%s", text, key);
	}
	if (rc == -1 || !used)
		fail_msg("%s\n%s%s", text, sbuf_str(&plan), err.msg);
	db_done(st);
	sbuf_free(&plan);
}

static void test_plans(void **state)
{
	OK(store_tx(s, add_many, NULL, &err));
	add("due", NULL);
	add("taken", "lease_owner = 'x', lease_until = 300");
	add("far", "ts_next_attempt = 9000");
	if (kit_mariadb())
		raw("ANALYZE TABLE certs");
	uses(store_due_sql.due, "certs_due");
	for (int i = 0; i < 2; i++) {
		uses(store_due_sql.cas[i], "certs_due");
		uses(store_due_sql.unknown[i], "certs_due");
	}
	uses(store_due_sql.waits, "certs_due");
	uses(store_due_sql.far, "certs_next");
	uses(store_due_sql.leases, "certs_");
	uses(store_due_sql.far_leases, "certs_lease");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_due),	   TEST(test_cas),     TEST(test_unknown),
		TEST(test_waits),  TEST(test_never),   TEST(test_far),
		TEST(test_leases), TEST(test_uncount), TEST(test_plans),
		TEST(test_after),  TEST(test_cells),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
