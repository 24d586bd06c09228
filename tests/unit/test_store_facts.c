/* SPDX-License-Identifier: MIT */
/* What is kept beside certificates, on whichever store the kit has. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "scratch.h"
#include "x509_kit.h"
#include "store_kit.h"
#include "store_facts.h"

static struct store *s;
static struct arena *arena;

static void raw(const char *sql)
{
	OK(db_script(s->db, sql, &err));
}

/* KEY, a name of a key, signs NAME.pem for one name; openssl's numbers. */
static void make_crt(const char *name, const char *key, const char *alg)
{
	kit_sh("[ -s %s.key ] || openssl genpkey %s -out %s.key; openssl req "
	       "-x509 -new -key %s.key -subj '/O=Test Org/CN=Test CA' -days 90 "
	       "-addext subjectAltName=DNS:www.example.org -out %s.pem",
	       key, alg, key, key, name);
}

#define EC  "-algorithm EC -pkeyopt ec_paramgen_curve:P-256"
#define RSA "-algorithm RSA -pkeyopt rsa_keygen_bits:2048"

static int setup(void **state)
{
	int from, to;

	if (kit_begin() == -1 || scratch_setup(state) == -1)
		return -1;
	kit_wipe();
	arena = arena_new();
	OK(store_open(&conf, STORE_ADMIN, &s, &err));
	OK(store_schema_upgrade(s, 1, &from, &to, &err));
	kit_pki();
	make_crt("one", "k1", EC);
	make_crt("two", "k1", EC);
	make_crt("three", "k3", RSA);
	return 0;
}

static int teardown(void **state)
{
	store_free(&s);
	arena_free(&arena);
	kit_end();
	return scratch_teardown(state);
}

static int clear(void **state)
{
	raw("DELETE FROM certs; DELETE FROM cert_facts");
	arena_clear(arena);
	return 0;
}

static struct store_blob pem(const char *name)
{
	const char *file = arena_printf(arena, "%s.pem", name);
	const char *text = arena_strdup(arena, scratch_read(scratch(file)));

	return BLOB(text);
}

static const char *print_of(const char *name)
{
	return arena_strdup(arena, kit_out("openssl x509 -in %s.pem -outform "
					   "DER | sha256sum",
					   name));
}

static struct store_facts derive(const char *crt, int64_t now)
{
	struct store_facts f;

	OK(store_facts_derive("a", pem(crt), now, arena, &f, &err));
	return f;
}

static struct store_facts get(const char *name)
{
	struct store_facts f;

	RC(1, store_facts_get(s, name, arena, &f, &err));
	return f;
}

/* What openssl says of it. */
static void test_derive(void **state)
{
	struct store_facts f;

	OK(store_facts_derive("www.example.org", pem("chain"), 77, arena, &f,
			      &err));
	assert_string_equal(f.name, "www.example.org");
	assert_string_equal(f.fingerprint, print_of("leaf"));
	assert_string_equal(f.crt_sha256, kit_out("sha256sum <chain.pem"));
	assert_int_equal(f.ts_not_before,
			 atoll(kit_out("date +%%s -ud \"$(openssl x509 -in "
				       "leaf.pem -noout -startdate | cut -d= "
				       "-f2)\"")));
	assert_int_equal(f.ts_not_after,
			 atoll(kit_out("date +%%s -ud \"$(openssl x509 -in "
				       "leaf.pem -noout -enddate | cut -d= "
				       "-f2)\"")));
	assert_int_equal(f.ts_stored, 77);
	assert_string_equal(f.key_type, "P-256");
	assert_string_equal(f.key_sha256,
			    kit_out("openssl pkey -in leaf.key -pubout "
				    "-outform DER | sha256sum"));
	assert_int_equal(f.ts_key, 77);
	assert_int_equal(f.key_certs, 1);
	assert_string_equal(f.issuer, "Test Intermediate");
	assert_int_equal(f.n_names, 2);
	assert_string_equal(f.names_sha256,
			    kit_out("printf 'example.org\\nwww.example.org\\n' "
				    "| sha256sum"));
	assert_false(f.client_auth);
	assert_null(f.old_fingerprint);
	f = derive("three", 0);
	assert_string_equal(f.key_type, "rsa2048");
	assert_string_equal(f.issuer, "Test CA");
	assert_true(f.client_auth);
	assert_int_equal(f.ts_stored, 0);
	assert_int_equal(f.ts_key, f.ts_not_before);
	make_crt("ed", "ked", "-algorithm ED25519");
	assert_string_equal(derive("ed", 0).key_type, "ed25519");
	FAILS(ERR_INPUT, "",
	      store_facts_derive("a", BLOB("none"), 0, arena, &f, &err));
	FAILS(ERR_INPUT, "",
	      store_facts_derive("a", BLOB(""), 0, arena, &f, &err));
}

static void same(const struct store_facts *a, const struct store_facts *b)
{
	assert_string_equal(a->crt_sha256, b->crt_sha256);
	assert_string_equal(a->fingerprint, b->fingerprint);
	assert_int_equal(a->ts_not_before, b->ts_not_before);
	assert_int_equal(a->ts_not_after, b->ts_not_after);
	assert_int_equal(a->ts_stored, b->ts_stored);
	assert_string_equal(a->key_type, b->key_type);
	assert_string_equal(a->key_sha256, b->key_sha256);
	assert_string_equal(a->issuer, b->issuer);
	assert_int_equal(a->n_names, b->n_names);
	assert_string_equal(a->names_sha256, b->names_sha256);
	assert_int_equal(a->client_auth, b->client_auth);
}

static void test_put(void **state)
{
	struct store_facts one = derive("one", 10), two = derive("two", 20);
	struct store_facts three = derive("three", 30), f;

	RC(0, store_facts_get(s, "a", arena, &f, &err));
	OK(store_facts_put(s, &one, &err));
	f = get("a");
	same(&f, &one);
	assert_null(f.old_fingerprint);
	assert_int_equal(f.ts_key, 10);
	for (int i = 0; i < 2; i++) {
		OK(store_facts_put(s, &two, &err));
		f = get("a");
		same(&f, &two);
		assert_string_equal(f.old_fingerprint, print_of("one"));
		assert_int_equal(f.ts_key, 10);
		assert_int_equal(f.key_certs, 2);
	}
	OK(store_facts_put(s, &three, &err));
	f = get("a");
	same(&f, &three);
	assert_string_equal(f.old_fingerprint, print_of("two"));
	assert_int_equal(f.ts_key, 30);
	assert_int_equal(f.key_certs, 1);
	/* the same one in other bytes: it came when it came */
	kit_sh("{ echo; cat three.pem; } >other.pem");
	f = derive("other", 40);
	OK(store_facts_put(s, &f, &err));
	f = get("a");
	assert_string_equal(f.crt_sha256, kit_out("sha256sum <other.pem"));
	assert_string_equal(f.fingerprint, print_of("three"));
	assert_string_equal(f.old_fingerprint, print_of("two"));
	assert_int_equal(f.ts_stored, 30);
	assert_int_equal(f.key_certs, 1);
	OK(store_facts_drop(s, "a", &err));
	RC(0, store_facts_get(s, "a", arena, &f, &err));
}

/* A row with these certificates; NULL: none. DERIVED: as ours are. */
static void add(const char *name, const char *crt, const char *old_crt,
		bool derived)
{
	struct store_cert r = { .name = name,
				.csr = BLOB("csr"),
				.md5_modulus = "x" };
	struct store_facts f = { .ts_not_after = 1 };

	OK(store_add(s, &r, &err));
	if (crt && strcmp(crt, "none"))
		f = derive(crt, 0);
	if (crt)
		OK(store_exec(s,
			      "UPDATE certs SET crt = ?, old_crt = ?, "
			      "ts_expire = ? WHERE name = ?",
			      ARGS(B(pem(crt)),
				   B(old_crt ? pem(old_crt) : BLOB("")),
				   I(strcmp(crt, "none") ? f.ts_not_after : 5),
				   T(name)),
			      NULL, &err));
	if (derived)
		OK(store_exec(s,
			      "UPDATE certs SET ts_expire_seen = ts_expire, "
			      "crt_sha256 = ? WHERE name = ?",
			      ARGS(T(f.crt_sha256), T(name)), NULL, &err));
}

/* What came between is not forgotten. */
static void test_follow(void **state)
{
	struct store_facts f = derive("three", 10);

	add("a", "two", "one", true);
	OK(store_facts_put(s, &f, &err));
	for (int i = 0; i < 2; i++) {
		OK(store_facts_follow(s, "a", pem("two"), 30, &err));
		f = get("a");
		assert_string_equal(f.fingerprint, print_of("two"));
		assert_string_equal(f.old_fingerprint, print_of("one"));
		assert_int_equal(f.ts_stored, 30);
		assert_int_equal(f.key_certs, 2);
		assert_int_equal(f.ts_key, derive("one", 0).ts_not_before);
	}
	OK(store_facts_follow(s, "a", BLOB("none"), 30, &err));
	RC(0, store_facts_get(s, "a", arena, &f, &err));
}

static size_t fill(size_t limit, char *after)
{
	size_t n = 99;

	OK(store_facts_fill(s, limit, after, &n, &err));
	return n;
}

static size_t fill_all(void)
{
	char after[STORE_NAME_MAX + 1] = "";

	return fill(100, after);
}

static void test_fill(void **state)
{
	char after[STORE_NAME_MAX + 1] = "";
	struct store_facts f = derive("three", 10);

	add("b", "two", "one", true);
	add("c", "three", NULL, false);
	add("d", NULL, NULL, false);
	add("e", "none", NULL, false);
	add("f", "one", "none", true);
	f.name = "d"; /* it has none */
	OK(store_facts_put(s, &f, &err));
	f.name = "gone";
	OK(store_facts_put(s, &f, &err));
	f.name = "f"; /* of another */
	OK(store_facts_put(s, &f, &err));
	assert_int_equal(fill(2, after), 2);
	assert_string_equal(after, "c");
	f = get("b");
	assert_string_equal(f.fingerprint, print_of("two"));
	assert_string_equal(f.old_fingerprint, print_of("one"));
	assert_int_equal(f.ts_stored, 0);
	assert_int_equal(f.key_certs, 2);
	assert_string_equal(get("c").fingerprint, print_of("three"));
	assert_int_equal(fill(2, after), 1);
	assert_string_equal(after, "e");
	RC(0, store_facts_get(s, "d", arena, &f, &err));
	assert_int_equal(fill(2, after), 2);
	assert_string_equal(after, "");
	f = get("f");
	assert_string_equal(f.fingerprint, print_of("one"));
	assert_string_equal(f.old_fingerprint, print_of("three"));
	RC(0, store_facts_get(s, "gone", arena, &f, &err));
	RC(0, store_facts_get(s, "e", arena, &f, &err));
	/* what is well stays as it is */
	raw("UPDATE cert_facts SET issuer = 'x'");
	assert_int_equal(fill_all(), 0);
	/* each way in which others leave rows behind */
	raw("UPDATE certs SET ts_expire = ts_expire + 1 WHERE name = 'b'");
	assert_int_equal(fill_all(), 0);
	assert_string_equal(get("b").issuer, "x");
	raw("UPDATE cert_facts SET crt_sha256 = 'x' WHERE name = 'f'");
	assert_int_equal(fill_all(), 1);
	assert_string_equal(get("f").issuer, "Test CA");
	raw("UPDATE certs SET crt = NULL, ts_expire = 1 WHERE name = 'c'");
	assert_int_equal(fill_all(), 1);
	RC(0, store_facts_get(s, "c", arena, &f, &err));
}

static void claim(void)
{
	RC(1, store_claim(s, "a", "me", 1000, 2000, &err));
}

/* The store's own hands. */
static void test_accept(void **state)
{
	struct store_accept a = {
		.owner = "me",
		.crt = pem("one"),
		.ca = pem("inter"),
		.ts_due = 7000,
		.attempt = { .name = "a", .outcome = "ok", .ts_end = 1000 }
	};
	struct store_facts f;

	add("a", NULL, NULL, false);
	claim();
	OK(store_accept(s, &a, &err));
	assert_string_equal(get("a").fingerprint, print_of("one"));
	assert_int_equal(get("a").ts_stored, 1000);
	claim();
	a.crt = pem("two");
	a.attempt.ts_end = 1500;
	OK(store_accept(s, &a, &err));
	OK(store_accept(s, &a, &err)); /* the answer was lost */
	f = get("a");
	assert_string_equal(f.fingerprint, print_of("two"));
	assert_string_equal(f.old_fingerprint, print_of("one"));
	assert_int_equal(f.ts_stored, 1500);
	assert_int_equal(f.ts_key, 1000);
	assert_int_equal(f.key_certs, 2);
	/* not ours to store: nothing of it is known */
	a.crt = pem("three");
	FAILS(ERR_CONFLICT, "", store_accept(s, &a, &err));
	assert_string_equal(get("a").fingerprint, print_of("two"));
	claim();
	a.crt = BLOB("none");
	OK(store_accept(s, &a, &err));
	RC(0, store_facts_get(s, "a", arena, &f, &err));
}

/* What a script of 2019 stored. */
static void test_refresh(void **state)
{
	struct store_facts f = derive("two", 0);
	struct store_derived d = { .ts_expire = f.ts_not_after,
				   .ts_not_before = f.ts_not_before,
				   .ts_due = 7000,
				   .crt_sha256 = f.crt_sha256 };
	struct store_cert *row = NULL;

	add("a", "two", "one", false);
	f = derive("one", 10);
	OK(store_facts_put(s, &f, &err));
	RC(1, store_get(s, "a", arena, &row, &err));
	for (int i = 0; i < 2; i++) {
		OK(store_refresh(s, "a", &d, row, &err));
		f = get("a");
		assert_string_equal(f.fingerprint, print_of("two"));
		assert_string_equal(f.old_fingerprint, print_of("one"));
		assert_int_equal(f.ts_key, 10);
		assert_int_equal(f.key_certs, 2);
	}
	assert_int_equal(fill_all(), 0);
	/* another one meanwhile: that is not what was looked at */
	raw("DELETE FROM cert_facts");
	OK(store_refresh(s, "a", &d, row, &err));
	RC(0, store_facts_get(s, "a", arena, &f, &err));
}

static void test_remove(void **state)
{
	struct store_facts f = derive("two", 0);

	add("a", "two", "one", true);
	OK(store_facts_put(s, &f, &err));
	RC(1, store_remove(s, "a", &err));
	RC(0, store_facts_get(s, "a", arena, &f, &err));
}

static void test_many(void **state)
{
	struct store_blob crt = pem("one");
	struct store_facts one = derive("one", 0);
	char after[STORE_NAME_MAX + 1] = "";
	size_t n = 0;

	OK(db_begin(s->db, &err));
	for (int i = 0; i < 250; i++)
		OK(store_exec(s,
			      "INSERT INTO certs (name, csr, md5_modulus, crt, "
			      "ts_expire) VALUES (?, 'x', 'x', ?, ?)",
			      ARGS(T(arena_printf(arena, "n%03d", i)), B(crt),
				   I(one.ts_not_after)),
			      NULL, &err));
	OK(db_commit(s->db, &err));
	do {
		n += fill(240, after);
	} while (after[0]);
	assert_int_equal(n, 250);
	assert_string_equal(get("n249").fingerprint, one.fingerprint);
}

/* --- how the databases go about it --- */

/* TABLE is read by INDEX, and nothing but INDEX is. */
static void reads_alone(const char *sql, const char *table, const char *index)
{
	bool lite = strcmp(db_dialect(s->db), "sqlite") == 0, alone = false;
	struct sbuf plan = SBUF_INIT(4000);
	struct db_stmt *st = NULL;
	/* statements are known by their address */
	const char *text = arena_printf(
		arena, "%s%s", lite ? "EXPLAIN QUERY PLAN " : "EXPLAIN ", sql);
	const char *want =
		arena_printf(arena, "%s USING COVERING INDEX %s", table, index);
	int rc;

	OK(db_prepare(s->db, text, lite ? "iiit" : "ittttttttt", &st, &err));
	for (int i = 1; *sql; sql++)
		if (*sql == '?')
			db_bind_int(st, i++, 100);
	while ((rc = db_step(st, &err)) == 1) {
		const char *t = db_col_text(st, lite ? 3 : 2);
		const char *key = lite ? NULL : db_col_text(st, 5);
		const char *extra = lite ? NULL : db_col_text(st, 9);

		sbuf_addf(&plan, "%s %s %s\n", t ? t : "-", key ? key : "-",
			  extra ? extra : "-");
		alone |= lite ? !!strstr(t, want)
			      : t && strcmp(t, table) == 0 && key &&
					 strcmp(key, index) == 0 &&
					 strstr(extra, "Using index");
	}
	if (rc == -1 || !alone)
		fail_msg("%s\n%s%s", text, sbuf_str(&plan), err.msg);
	db_done(st);
	sbuf_free(&plan);
}

static void test_plans(void **state)
{
	static const char *const glance[] = {
		"SELECT name, enable, ca_name, ts_expire, ts_expire_seen, "
		"ts_not_before, ts_due, ts_next_attempt, ts_last_update, "
		"count_fail_update, renew, held, fail_class, lease_until, "
		"crt_sha256, ari_crt, ts_ari, owner FROM certs c",
		"SELECT name, enable, ca_name, ts_expire, ts_expire_seen, "
		"ts_not_before, ts_due, ts_next_attempt, ts_last_update, "
		"count_fail_update, renew, held, fail_class, lease_until, "
		"crt_sha256, ari_crt, ts_ari, owner FROM certs c "
		"WHERE name > ? ORDER BY name, enable LIMIT ?",
		"SELECT c.name, c.enable, c.ts_expire, f.fingerprint, "
		"f.issuer, " STORE_FACTS_STALE " FROM certs c LEFT JOIN "
		"cert_facts f ON f.name = c.name WHERE c.name > ? "
		"ORDER BY c.name, c.enable",
	};
	struct sbuf big = SBUF_INIT(4000);

	while (big.len < 3000)
		sbuf_adds(&big, "0123456789");
	OK(db_begin(s->db, &err));
	for (int i = 0; i < 3000; i++)
		OK(store_exec(s,
			      "INSERT INTO certs (name, csr, md5_modulus, crt) "
			      "VALUES (?, ?, 'x', ?)",
			      ARGS(T(arena_printf(arena, "n%04d", i)),
				   B(BLOB(sbuf_str(&big))),
				   B(BLOB(sbuf_str(&big)))),
			      NULL, &err));
	OK(db_commit(s->db, &err));
	sbuf_free(&big);
	if (kit_mariadb())
		raw("ANALYZE TABLE certs");
	for (size_t i = 0; i < ARRAY_LEN(glance); i++)
		reads_alone(glance[i], "c", "certs_glance");
	reads_alone(store_facts_sql.page, "c", "certs_glance");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_derive, clear),
		cmocka_unit_test_setup(test_put, clear),
		cmocka_unit_test_setup(test_follow, clear),
		cmocka_unit_test_setup(test_fill, clear),
		cmocka_unit_test_setup(test_many, clear),
		cmocka_unit_test_setup(test_accept, clear),
		cmocka_unit_test_setup(test_refresh, clear),
		cmocka_unit_test_setup(test_remove, clear),
		cmocka_unit_test_setup(test_plans, clear),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
