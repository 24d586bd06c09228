/* SPDX-License-Identifier: MIT */
/* Whose turn it is to be asked about, on whichever store the kit has. */
#include "store_kit.h"
#include "store_ari.h"

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

/* With a certificate that is good until 5000. SET: more of the row. */
static void add(const char *name, const char *set)
{
	struct store_cert r = { .name = name,
				.enabled = true,
				.csr = BLOB("csr"),
				.md5_modulus = "x",
				.ts_due = 4000 };

	OK(store_add(s, &r, &err));
	raw(arena_printf(arena,
			 "UPDATE certs SET crt = 'crt of %s', crt_sha256 = "
			 "'hash', ts_expire = 5000, ts_expire_seen = 5000, "
			 "ts_not_before = 50, %s WHERE name = '%s'",
			 name, set, name));
}

static struct store_cert *get(const char *name)
{
	struct store_cert *row = NULL;

	RC(1, store_get(s, name, arena, &row, &err));
	return row;
}

static const char *names_of(const struct store_aris *a)
{
	struct sbuf b = SBUF_INIT(1000);
	const char *ret;

	for (size_t i = 0; i < a->n; i++)
		sbuf_addf(&b, "%s%s", i ? " " : "", a->v[i].name);
	ret = arena_strdup(arena, sbuf_str(&b));
	sbuf_free(&b);
	return ret;
}

static const char *page(const char *ca_name, int64_t from, int64_t to,
			size_t limit)
{
	struct store_aris a = { 0 };

	OK(store_ari_page(s, ca_name, from, to, 100, limit, arena, &a, &err));
	RC(a.n ? 1 : 0, store_ari_any(s, ca_name, from, to, 100, &err));
	return names_of(&a);
}

static const char *all(const char *ca_name, const char *after, size_t limit)
{
	struct store_aris a = { 0 };

	OK(store_ari_all(s, ca_name, after, 100, limit, arena, &a, &err));
	return names_of(&a);
}

static void test_page(void **state)
{
	struct store_aris a = { 0 };

	add("b", "ts_ari_poll = 90");
	add("a", "ts_ari_poll = 100, ari_crt = 'hash', ts_ari = 70, "
		 "ari_start = 60, ari_end = 80, ari_url = 'https://why', "
		 "ts_due = 70, ts_next_attempt = 9, renew = 1");
	add("z", "ts_ari_poll = 0, ari_crt = 'other', ts_ari = 70, "
		 "ari_start = 60, ari_end = 80, ari_url = 'https://why'");
	add("later", "ts_ari_poll = 101");
	add("off", "enable = 'N'");
	add("gone", "ts_expire = 100, ts_expire_seen = 100");
	add("script", "ts_expire = 5001");
	add("none", "crt = NULL, ts_expire = 1, ts_expire_seen = 1");
	add("underived", "crt_sha256 = NULL");
	add("one", "ca_name = 'one', ts_ari_poll = 5");
	add("two", "ca_name = 'One', ts_ari_poll = 5");
	add("empty", "ca_name = '', ts_ari_poll = 5");
	add("leased", "ts_ari_poll = 95, lease_owner = 'x', lease_until = 900");
	assert_string_equal(page(NULL, 0, 100, 10), "z b leased a");
	assert_string_equal(page(NULL, 0, 100, 2), "z b");
	assert_string_equal(page(NULL, 95, 101, 10), "leased a later");
	assert_string_equal(page(NULL, 102, INT64_MAX, 10), "");
	assert_string_equal(page("one", 0, 100, 10), "one");
	assert_string_equal(page("two", 0, 100, 10), "");
	assert_string_equal(page("", 0, 100, 10), "empty");
	assert_string_equal(all(NULL, "", 10), "a b empty later leased z");
	assert_string_equal(all(NULL, "empty", 2), "later leased");
	assert_string_equal(all("one", "", 10), "one");
	assert_string_equal(all("one", "one", 10), "");
	OK(store_ari_page(s, NULL, 0, 100, 100, 10, arena, &a, &err));
	assert_string_equal(a.v[3].crt_sha256, "hash");
	assert_int_equal(a.v[3].crt.len, strlen("crt of a"));
	assert_memory_equal(a.v[3].crt.p, "crt of a", a.v[3].crt.len);
	assert_int_equal(a.v[3].ts_expire, 5000);
	assert_int_equal(a.v[3].ts_not_before, 50);
	assert_int_equal(a.v[3].ts_ari, 70);
	assert_int_equal(a.v[3].ari_start, 60);
	assert_int_equal(a.v[3].ari_end, 80);
	assert_string_equal(a.v[3].ari_url, "https://why");
	assert_int_equal(a.v[3].ts_ari_poll, 100);
	assert_int_equal(a.v[3].ts_due, 70);
	assert_int_equal(a.v[3].ts_next_attempt, 9);
	assert_true(a.v[3].renew);
	assert_null(a.v[3].issuer);
	/* what is known is of another certificate */
	assert_int_equal(a.v[0].ts_ari + a.v[0].ari_start + a.v[0].ari_end, 0);
	assert_null(a.v[0].ari_url);
	assert_false(a.v[0].renew);
}

/* Who issued it: the last order that went well says. */
static void test_issuer(void **state)
{
	struct store_aris a = { 0 };

	add("a", "ca_name = 'one'");
	raw("INSERT INTO attempts (name, ca_name, outcome, ts_start, ts_end) "
	    "VALUES ('a', 'one', 'ok', 10, 11), ('a', 'two', 'ok', 20, 21), "
	    "('a', 'three', 'dns', 30, 31), ('b', 'four', 'ok', 40, 41)");
	OK(store_ari_page(s, "one", 0, 100, 100, 10, arena, &a, &err));
	assert_int_equal(a.n, 1);
	assert_string_equal(a.v[0].issuer, "two");
	OK(store_ari_all(s, "one", "", 100, 10, arena, &a, &err));
	assert_string_equal(a.v[0].issuer, "two");
}

/* SQLite lets a cell hold anything: nobody else's turn ends with it. */
static void test_cells(void **state)
{
	static const char *const odd[] = {
		"crt = 7",
		"crt = 7.5",
		"crt = hex(zeroblob(100000))",
		"crt = zeroblob(200000)",
		"crt = x'00ff00', ari_url = x'fffe', ari_start = 'x'",
		"ts_ari_poll = 'never'",
		"ts_ari_poll = x'00'",
		"crt_sha256 = x'fffe00ff', ari_crt = x'fffe00ff'",
		"ts_expire = 'never', ts_expire_seen = 'never'",
		"ts_due = 'x', ts_next_attempt = 'y', renew = 'z'",
		"ca_name = x'00', crt = NULL",
	};
	const char *got;

	if (kit_mariadb())
		return;
	/* no instant: as one that is too far */
	add("odd", "ts_ari_poll = 'soon'");
	add("bytes", "ts_ari_poll = x'00'");
	add("far", "ts_ari_poll = 9223372036854775807");
	add("good", "ts_ari_poll = 99");
	got = page(NULL, 200, INT64_MAX, 10);
	if (!strstr(got, "odd") || !strstr(got, "bytes") ||
	    !strstr(got, "far") || strstr(got, "good"))
		fail_msg("%s", got);
	for (size_t i = 0; i < ARRAY_LEN(odd); i++) {
		raw("DELETE FROM certs WHERE name = 'odd'");
		add("odd", odd[i]);
		got = page(NULL, INT64_MIN, 100, 10);
		if (!strstr(got, "good"))
			fail_msg("%s: %s", odd[i], got);
		got = all(NULL, "", 10);
		if (!strstr(got, "good"))
			fail_msg("%s: %s", odd[i], got);
	}
}

static struct store_ari read_one(const char *name)
{
	struct store_aris a = { 0 };

	OK(store_ari_all(s, NULL, "", 100, 100, arena, &a, &err));
	for (size_t i = 0; i < a.n; i++)
		if (strcmp(a.v[i].name, name) == 0)
			return a.v[i];
	fail_msg("no %s", name);
	return (struct store_ari){ 0 };
}

static const struct store_ari answer = { .ts_due = 300,
					 .ts_ari = 300,
					 .ari_start = 250,
					 .ari_end = 350,
					 .ari_url = "https://why",
					 .ts_ari_poll = 900 };

static bool put(const struct store_ari *read, bool asked_only)
{
	bool done = false;

	OK(store_ari_put(s, read, &answer, asked_only, 100, &done, &err));
	return done;
}

static void test_put(void **state)
{
	struct store_ari read;
	struct store_cert *g;

	add("a", "ts_ari_poll = 7");
	add("b", "ts_ari_poll = 7");
	read = read_one("a");
	assert_true(put(&read, false));
	g = get("a");
	assert_string_equal(g->ari_crt, "hash");
	assert_int_equal(store_cert_ari(g), 300);
	assert_int_equal(g->ari_start, 250);
	assert_int_equal(g->ari_end, 350);
	assert_string_equal(g->ari_url, "https://why");
	assert_int_equal(g->ts_ari_poll, 900);
	assert_int_equal(g->ts_due, 300);
	assert_int_equal(get("b")->ts_ari_poll, 7);
	/* its answer was lost: once more */
	assert_true(put(&read, false));
	assert_int_equal(get("a")->ts_due, 300);
	/* nothing new but that it was asked */
	read = read_one("b");
	assert_true(put(&read, true));
	assert_int_equal(get("b")->ts_ari_poll, 900);
	assert_null(get("b")->ari_crt);
	assert_int_equal(get("b")->ts_due, 4000);
}

/* Whatever somebody else did meanwhile stays. */
static void test_meanwhile(void **state)
{
	static const struct {
		const char *set;
		bool done;
		int64_t due;
	} cases[] = {
		{ "crt_sha256 = 'new'", false, 4000 },
		{ "crt_sha256 = NULL", false, 4000 },
		{ "ts_due = 0", true, 0 },
		{ "ts_next_attempt = 8000, ts_due = 8000", true, 8000 },
		{ "ts_next_attempt = 5", true, 4000 },
		{ "renew = 1", true, 4000 },
		{ "held = 1", true, 4000 },
		/* who holds the lease sets it in the end */
		{ "lease_owner = 'x', lease_until = 100", true, 4000 },
		{ "lease_owner = 'x', lease_until = 99", true, 300 },
		{ "comment = 'x'", true, 300 },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct store_ari read;

		raw("DELETE FROM certs");
		add("a", "ts_ari_poll = 7");
		read = read_one("a");
		raw(arena_printf(arena, "UPDATE certs SET %s", cases[i].set));
		if (put(&read, false) != cases[i].done ||
		    get("a")->ts_due != cases[i].due ||
		    get("a")->ts_ari_poll != (cases[i].done ? 900 : 7))
			fail_msg("%s: %lld", cases[i].set,
				 (long long) get("a")->ts_due);
	}
	raw("UPDATE certs SET crt_sha256 = 'new', ts_ari_poll = 7");
	assert_false(
		put(&(struct store_ari){ .name = "a", .crt_sha256 = "hash" },
		    true));
	assert_false(put(
		&(struct store_ari){ .name = "nosuch", .crt_sha256 = "hash" },
		true));
	assert_int_equal(get("a")->ts_ari_poll, 7);
}

/* --- how the databases go about it --- */

static int add_many(struct store *st, void *arg, struct err *e)
{
	char name[50];

	for (int i = 0; i < 3000; i++) {
		struct store_cert r = { .name = name,
					.csr = BLOB("csr"),
					.enabled = true,
					.ca_name = i % 2 ? "one" : NULL,
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
	for (int i = 1; *sql; sql++) {
		if (*sql != '?')
			continue;
		if (strncmp(sql - 10, "ca_name = ", 10) == 0)
			db_bind_text(st, i, "one");
		else if (strncmp(sql - 6, "END = ", 6) == 0)
			db_bind_text(st, i, "one");
		else if (strncmp(sql - 7, "name > ", 7) == 0)
			db_bind_text(st, i, "h02");
		else
			db_bind_int(st, i, 100 * i);
		i++;
	}
	while ((rc = db_step(st, &err)) == 1) {
		const char *key = db_col_text(st, lite ? 3 : 5);
		const char *more = lite ? key : db_col_text(st, 9);

		sbuf_addf(&plan, "%s %s\n", key ? key : "-", more ? more : "-");
		used |= key && strstr(key, index);
		if (more &&
		    (strstr(more, "SCAN certs") ||
		     strstr(more, "TEMP B-TREE") || strstr(more, "filesort")))
			fail_msg("%s\n%s", text, more);
	}
	if (rc == -1 || !used)
		fail_msg("%s\n%s%s", text, sbuf_str(&plan), err.msg);
	db_done(st);
	sbuf_free(&plan);
}

static void test_plans(void **state)
{
	const char *primary = kit_mariadb() ? "PRIMARY" : "name>?";

	OK(store_tx(s, add_many, NULL, &err));
	raw("UPDATE certs SET ts_ari_poll = 1000000 WHERE name > 'h00050'");
	if (kit_mariadb())
		raw("ANALYZE TABLE certs");
	for (int i = 0; i < 2; i++) {
		uses(store_ari_sql.page[i], "certs_ari");
		uses(store_ari_sql.any[i], "certs_ari");
		uses(store_ari_sql.far[i], "certs_ari");
		uses(store_ari_sql.far_any[i], "certs_ari");
	}
	uses(store_ari_sql.all, primary);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_page), TEST(test_issuer),    TEST(test_cells),
		TEST(test_put),	 TEST(test_meanwhile), TEST(test_plans),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
