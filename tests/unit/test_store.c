/* SPDX-License-Identifier: MIT */
/* The store's contract, on SQLite or MariaDB: see store_kit.h. */
#include <sys/wait.h>
#include "clock.h"
#include "store_kit.h"

static struct store *s;
static struct arena *arena;
static void raw(const char *sql)
{
	OK(db_script(s->db, sql, &err));
}

static int group_setup(void **state)
{
	int from, to;

	if (kit_begin() == -1)
		return -1;
	kit_wipe();
	if (store_open(&conf, STORE_ADMIN, &s, &err) == -1 ||
	    store_schema_upgrade(s, 1000, &from, &to, &err) == -1) {
		print_error("%s\n", err.msg);
		return -1;
	}
	store_free(&s);
	return 0;
}

static int group_teardown(void **state)
{
	kit_end();
	return 0;
}

static int setup(void **state)
{
	err_clear(&err);
	arena = arena_new();
	if (store_open(&conf, STORE_WRITE, &s, &err) == -1) {
		print_error("%s\n", err.msg);
		return -1;
	}
	raw("DELETE FROM certs");
	raw("DELETE FROM orders");
	raw("DELETE FROM proofs");
	raw("DELETE FROM attempts");
	raw("DELETE FROM cas");
	raw("DELETE FROM installs");
	return 0;
}

static int teardown(void **state)
{
	store_free(&s);
	arena_free(&arena);
	return 0;
}

static struct store_cert row_of(const char *name)
{
	return (struct store_cert){
		.name = name,
		.enabled = true,
		.csr = BLOB("-----CSR-----"),
		.md5_modulus = "0123456789abcdef0123456789abcdef",
		.key_sha256 = "aa000000000000000000000000000000000000000000"
			      "00000000000000000000",
	};
}

static void add(const char *name)
{
	struct store_cert r = row_of(name);

	OK(store_add(s, &r, &err));
}

static struct store_cert *get(const char *name)
{
	struct store_cert *r = NULL;

	RC(1, store_get(s, name, arena, &r, &err));
	return r;
}

static void assert_blob(struct store_blob b, const char *text)
{
	assert_non_null(b.p);
	assert_int_equal(b.len, strlen(text));
	assert_memory_equal(b.p, text, b.len);
}

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

/* --- fetcher --- */

static void test_claim(void **state)
{
	add("a.example.org");
	OK(kit_set_due(s, "a.example.org", 100, &err));
	RC(0, store_claim(s, "b.example.org", "me", 100, 200, &err));
	RC(1, store_claim(s, "a.example.org", "me", 100, 200, &err));
	assert_string_equal(get("a.example.org")->lease_owner, "me");
	assert_int_equal(get("a.example.org")->lease_until, 200);
	assert_int_equal(get("a.example.org")->ts_last_update, 100);
	RC(0, store_claim(s, "a.example.org", "you", 150, 300, &err));
	RC(1, store_claim(s, "a.example.org", "me", 150, 250, &err));
	/* Renewed with nothing changed: matched is what counts. */
	RC(1, store_claim(s, "a.example.org", "me", 150, 250, &err));
	RC(0, store_claim(s, "a.example.org", "you", 250, 300, &err));
	RC(1, store_claim(s, "a.example.org", "you", 251, 300, &err));
	OK(store_release(s, "a.example.org", "me", &err));
	assert_string_equal(get("a.example.org")->lease_owner, "you");
	OK(store_release(s, "a.example.org", "you", &err));
	assert_null(get("a.example.org")->lease_owner);
	RC(0, store_claim_due(s, "a.example.org", "me", 99, 200, &err));
	RC(1, store_claim_due(s, "a.example.org", "me", 100, 200, &err));
	OK(store_release_all(s, "me", &err));
	assert_null(get("a.example.org")->lease_owner);
	raw("UPDATE certs SET enable = 'N'");
	RC(0, store_claim_due(s, "a.example.org", "me", 100, 200, &err));
	RC(1, store_claim(s, "a.example.org", "me", 100, 200, &err));
}

static void test_refresh(void **state)
{
	struct store_derived d = {
		.ts_expire = 7000,
		.ts_not_before = 1000,
		.ts_due = 5000,
		.crt_sha256 = "11",
		.key_sha256 = "22",
	};
	struct store_due one;
	bool enabled;

	add("a.example.org");
	/* What download_cert.pl does to it. */
	raw("UPDATE certs SET crt='CRT', ca='CA', md5_ca='m', "
	    "ts_expire=6999, ts_last_update=5000, count_fail_update=0 "
	    "WHERE name='a.example.org'");
	RC(1, store_due_one(s, "a.example.org", arena, &one, &enabled, &err));
	assert_true(one.stale);
	OK(store_refresh(s, "a.example.org", &d, get("a.example.org"), &err));
	RC(1, store_due_one(s, "a.example.org", arena, &one, &enabled, &err));
	assert_false(one.stale);
	assert_true(one.has_crt);
	assert_int_equal(one.ts_expire, 7000);
	assert_int_equal(one.ts_not_before, 1000);
	assert_int_equal(one.ts_due, 5000);
	assert_string_equal(get("a.example.org")->crt_sha256, "11");
	assert_string_equal(get("a.example.org")->key_sha256, "22");
	/* 9999-12-31 does not fit the column of 2019. */
	d.ts_expire = 253402300799;
	d.key_sha256 = NULL;
	OK(store_refresh(s, "a.example.org", &d, get("a.example.org"), &err));
	RC(1, store_due_one(s, "a.example.org", arena, &one, &enabled, &err));
	assert_true(one.ts_expire == 4294967295);
	assert_false(one.stale);
	assert_string_equal(get("a.example.org")->key_sha256, "22");
}

/* What changes a row between the fetcher's look at it and its word on it. */
static const char *const meanwhile[] = {
	"UPDATE certs SET renew = 1",
	"UPDATE certs SET ts_due = 3",
	"UPDATE certs SET ts_next_attempt = 4",
};
static const char *const meanwhile_blobs[] = {
	"UPDATE certs SET csr = 'another'",
	"UPDATE certs SET crt = 'another'",
	"UPDATE certs SET crt = NULL",
	"UPDATE certs SET held = 1",
};

/* Whether the row is still as the change SQL left it, after both. */
static bool stays(const char *sql, bool due_too)
{
	const struct store_derived d = { .ts_expire = 7000, .ts_due = 5000 };
	struct store_cert *row, *after;
	struct store_due one;
	bool enabled, same = true;
	int64_t want;

	raw("UPDATE certs SET csr = 'c', crt = 'CRT', ts_expire = 6999, "
	    "renew = 0, ts_due = 1, ts_next_attempt = 0, held = 0");
	row = get("a.example.org");
	RC(1, store_due_one(s, "a.example.org", arena, &one, &enabled, &err));
	raw(sql);
	want = get("a.example.org")->ts_due;
	OK(store_refresh(s, "a.example.org", &d, row, &err));
	after = get("a.example.org");
	same = after->ts_due == want && after->ts_expire == 6999;
	if (due_too) {
		OK(store_set_due(s, "a.example.org", 5000, &one, &err));
		same = same && get("a.example.org")->ts_due == want;
	}
	return same;
}

static void test_meanwhile(void **state)
{
	struct store_due one;
	struct store_cert *row;
	bool enabled;

	add("a.example.org");
	for (size_t i = 0; i < ARRAY_LEN(meanwhile); i++)
		assert_true(stays(meanwhile[i], true));
	for (size_t i = 0; i < ARRAY_LEN(meanwhile_blobs); i++)
		assert_true(stays(meanwhile_blobs[i], false));
	assert_false(stays("UPDATE certs SET comment = 'x'", true));
	/* A CSR of a person's, put in place of the one that was looked at. */
	raw("UPDATE certs SET renew = 0, ts_due = 1");
	row = get("a.example.org");
	RC(1, store_due_one(s, "a.example.org", arena, &one, &enabled, &err));
	OK(store_replace_csr(s, "a.example.org", BLOB("new"), "bb", "cc",
			     &err));
	OK(store_set_due(s, "a.example.org", 5000, &one, &err));
	OK(store_refresh(s, "a.example.org",
			 &(struct store_derived){ .ts_due = 5000 }, row, &err));
	assert_int_equal(get("a.example.org")->ts_due, 0);
	assert_true(get("a.example.org")->renew);
	/* Text that a person wrote into SQLite is the same as its bytes. */
	raw("UPDATE certs SET csr = 'text', crt = 'more'");
	OK(store_refresh(s, "a.example.org",
			 &(struct store_derived){ .ts_due = 6000 },
			 get("a.example.org"), &err));
	assert_int_equal(get("a.example.org")->ts_due, 6000);
}

static void test_orders(void **state)
{
	struct store_order o = {
		.name = "a.example.org",
		.ca_name = "le",
		.account = "https://ca/acct/1",
		.key_sha256 = "ab",
		.state = "new",
		.ts_created = 77,
	};
	struct store_order got = { 0 };
	struct store_attempt a = { .name = "a.example.org",
				   .ca_name = "le",
				   .outcome = "gone",
				   .ts_start = 80,
				   .ts_end = 81 };
	struct store_attempts tried;

	add("a.example.org");
	RC(0, store_order_get(s, "a.example.org", 0, arena, &got, &err));
	OK(store_order_put(s, &o, &err));
	RC(1, store_order_get(s, "a.example.org", 0, arena, &got, &err));
	assert_int_equal(got.ts_state, 0);
	o.url = "https://ca/order/9";
	o.state = "finalized";
	o.ts_state = 78;
	o.ts_expires = 2000000000;
	OK(store_order_put(s, &o, &err));
	RC(1, store_order_get(s, "a.example.org", 0, arena, &got, &err));
	assert_string_equal(got.url, o.url);
	assert_string_equal(got.state, "finalized");
	assert_string_equal(got.account, o.account);
	assert_int_equal(got.ts_created, 77);
	assert_int_equal(got.ts_state, 78);
	assert_int_equal(got.ts_expires, 2000000000);
	RC(0, store_order_get(s, "a.example.org", 1, arena, &got, &err));
	/* another's order stays */
	a.order_url = "https://ca/order/other";
	OK(store_order_gone(s, 0, &a, &err));
	RC(1, store_order_get(s, "a.example.org", 0, arena, &got, &err));
	/* with its attempt, once, however often it runs */
	a.order_url = o.url;
	OK(store_order_gone(s, 0, &a, &err));
	OK(store_order_gone(s, 0, &a, &err));
	RC(0, store_order_get(s, "a.example.org", 0, arena, &got, &err));
	OK(store_attempts_of(s, "a.example.org", 9, arena, &tried, &err));
	assert_int_equal(tried.n, 1);
	assert_string_equal(tried.v[0].outcome, "gone");
	o.url = "https://ca/\xff";
	FAILS(ERR_INPUT, "not plain ASCII", store_order_put(s, &o, &err));
}

/* Three ways to lose a row in the middle of its order. */
static void test_row_lost(void **state)
{
	struct store_order o = { .name = "a.example.org",
				 .owner = "me",
				 .ca_name = "le",
				 .url = "https://ca/order/1",
				 .state = "new",
				 .ts_created = 1 };
	struct store_fail f = { .owner = "me",
				.next = 99,
				.attempt = { .name = "a.example.org",
					     .outcome = "dns",
					     .detail = "no",
					     .ts_start = 1,
					     .ts_end = 2 } };
	struct store_accept acc = { .owner = "me",
				    .crt = BLOB("crt"),
				    .ca = BLOB("ca"),
				    .md5_ca = "m",
				    .crt_sha256 = "s",
				    .attempt = f.attempt };
	struct store_park p = { .owner = "me", .attempt = f.attempt };
	struct store_order got = { 0 };

	add("a.example.org");
	FAILS(ERR_CONFLICT, "was changed meanwhile",
	      store_order_put(s, &o, &err));
	RC(1, store_claim(s, "a.example.org", "other", 1, 100, &err));
	FAILS(ERR_CONFLICT, "another instance, other, has",
	      store_order_put(s, &o, &err));
	FAILS(ERR_CONFLICT, "another instance, other, has",
	      store_fail(s, &f, &err));
	RC(0, store_order_get(s, "a.example.org", 0, arena, &got, &err));
	o.owner = "other";
	OK(store_order_put(s, &o, &err));
	FAILS(ERR_CONFLICT, "has taken", store_accept(s, &acc, &err));
	RC(1, store_order_get(s, "a.example.org", 0, arena, &got, &err));
	RC(1, store_lease_break(s, "a.example.org", &err));
	FAILS(ERR_CONFLICT, "its lease broken", store_park(s, &p, &err));
	/* An older program left its order after the name was removed. */
	RC(1, store_remove(s, "a.example.org", &err));
	for (int i = 0; i < 4; i++) {
		OK(db_script(s->db,
			     "INSERT INTO orders (name, slot, ca_name, state, "
			     "ts_created) VALUES ('a.example.org', 0, 'le', "
			     "'new', 1), ('b.example.org', 0, 'le', 'new', 1)",
			     &err));
		FAILS(ERR_CONFLICT, "a.example.org was removed meanwhile",
		      i == 0   ? store_order_put(s, &o, &err)
		      : i == 1 ? store_fail(s, &f, &err)
		      : i == 2 ? store_park(s, &p, &err)
			       : store_accept(s, &acc, &err));
		RC(0,
		   store_order_get(s, "a.example.org", 0, arena, &got, &err));
		RC(1,
		   store_order_get(s, "b.example.org", 0, arena, &got, &err));
		OK(db_script(s->db, "DELETE FROM orders", &err));
	}
}

static void test_proofs(void **state)
{
	struct store_proof p = {
		.id = "b1",
		.name = "a.example.org",
		.lease_owner = "me",
		.type = "dns-01",
		.zone = "example.org",
		.server = "192.0.2.1",
		.owner = "_acme-challenge.a.example.org",
		.value = "xyz",
		.ts_created = 20,
	};
	struct store_proofs all = { 0 };

	OK(store_proof_put(s, &p, &err));
	OK(store_proof_put(s, &p, &err)); /* again: one */
	p.id = "a2";
	p.zone = NULL;
	p.server = NULL;
	p.type = "http-01";
	p.ts_created = 10;
	OK(store_proof_put(s, &p, &err));
	p.id = "c3";
	p.lease_owner = "you";
	OK(store_proof_put(s, &p, &err));
	OK(store_proofs_of(s, "me", 10, arena, &all, &err));
	assert_int_equal(all.n, 2);
	assert_string_equal(all.v[0].id, "a2");
	assert_null(all.v[0].zone);
	assert_string_equal(all.v[1].id, "b1");
	assert_string_equal(all.v[1].server, "192.0.2.1");
	OK(store_proofs_of(s, "me", 1, arena, &all, &err));
	assert_int_equal(all.n, 1);
	OK(store_proof_drop(s, "a2", "me", &err));
	OK(store_proof_drop(s, "a2", "me", &err));
	OK(store_proofs_of(s, "me", 10, arena, &all, &err));
	assert_int_equal(all.n, 1);
	/* another resumed the order, and put the same proof there */
	p.id = "b1";
	OK(store_proof_put(s, &p, &err));
	OK(store_proof_drop(s, "b1", "me", &err));
	OK(store_proofs_of(s, "you", 10, arena, &all, &err));
	assert_int_equal(all.n, 2);
	OK(store_proof_drop(s, "b1", "you", &err));
	OK(store_proofs_of(s, "you", 10, arena, &all, &err));
	assert_int_equal(all.n, 1);
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
		.ts_ari_poll = start + 3600,
		.attempt = { .name = "a.example.org",
			     .ca_name = "le",
			     .account = "acct",
			     .order_url = "url",
			     .outcome = "ok",
			     .ts_start = start,
			     .ts_end = start + 5 },
	};
}

static void accept_it(const char *crt, const char *ca, int64_t start)
{
	struct store_accept a = accept_of(crt, ca, start);

	RC(1, store_claim(s, "a.example.org", "me", start, start + 99, &err));
	OK(store_accept(s, &a, &err));
}

static size_t attempts(void)
{
	struct store_attempts all = { 0 };

	OK(store_attempts_of(s, "a.example.org", 100, arena, &all, &err));
	return all.n;
}

static void test_accept(void **state)
{
	struct store_accept a = accept_of("crt1", "ca1", 1000);
	struct store_order o = { .name = "a.example.org",
				 .ca_name = "le",
				 .state = "new" };
	struct store_cert *g;

	add("a.example.org");
	FAILS(ERR_CONFLICT, "a.example.org", store_accept(s, &a, &err));
	assert_null(get("a.example.org")->crt.p);
	assert_int_equal(attempts(), 0);
	OK(store_order_put(s, &o, &err));
	/* of the one before */
	OK(db_script(s->db,
		     "UPDATE certs SET ari_crt = 'crt0', ts_ari = 5, "
		     "ari_start = 4, ari_end = 6, ari_url = 'https://why', "
		     "ts_ari_poll = 7",
		     &err));
	accept_it("crt1", "ca1", 1000);
	g = get("a.example.org");
	assert_null(g->ari_crt);
	assert_null(g->ari_url);
	assert_int_equal(g->ts_ari + g->ari_start + g->ari_end, 0);
	assert_int_equal(g->ts_ari_poll, 4600);
	assert_blob(g->crt, "crt1");
	assert_blob(g->ca, "ca1");
	assert_null(g->old_crt.p);
	assert_null(g->old_ca.p);
	assert_string_equal(g->md5_ca, "ca1");
	assert_string_equal(g->crt_sha256, "crt1");
	assert_int_equal(g->ts_expire, 10000);
	assert_int_equal(g->ts_not_before, 1000);
	assert_int_equal(g->ts_due, 7000);
	assert_null(g->lease_owner);
	RC(0, store_order_get(s, "a.example.org", 0, arena, &o, &err));
	assert_int_equal(attempts(), 1);
	/* A second one shifts, on every database; the CA is the same. */
	accept_it("crt2", "ca1", 2000);
	g = get("a.example.org");
	assert_blob(g->crt, "crt2");
	assert_blob(g->old_crt, "crt1");
	assert_blob(g->ca, "ca1");
	assert_null(g->old_ca.p);
	accept_it("crt3", "ca2", 3000);
	g = get("a.example.org");
	assert_blob(g->old_crt, "crt2");
	assert_blob(g->old_ca, "ca1");
	/* Back to the same CA: the previous different one stays. */
	accept_it("crt4", "ca2", 4000);
	g = get("a.example.org");
	assert_blob(g->old_crt, "crt3");
	assert_blob(g->ca, "ca2");
	assert_blob(g->old_ca, "ca1");
	assert_int_equal(attempts(), 4);
}

/* The commit went through, its answer did not: all runs again. */
static void test_accept_again(void **state)
{
	struct store_accept a = accept_of("crt2", "ca2", 2000);
	struct store_cert *g;

	add("a.example.org");
	accept_it("crt1", "ca1", 1000);
	accept_it("crt2", "ca2", 2000);
	OK(store_accept(s, &a, &err));
	OK(store_accept(s, &a, &err));
	g = get("a.example.org");
	assert_blob(g->crt, "crt2");
	assert_blob(g->old_crt, "crt1");
	assert_blob(g->old_ca, "ca1");
	assert_int_equal(attempts(), 2);
	/* Accepted again under a lease: still not shifted. */
	accept_it("crt2", "ca2", 2000);
	assert_blob(get("a.example.org")->old_crt, "crt1");
	assert_blob(get("a.example.org")->old_ca, "ca1");
	/* Somebody else has it: not ours to store. */
	RC(1, store_claim(s, "a.example.org", "you", 3000, 4000, &err));
	a = accept_of("crt3", "ca2", 3000);
	FAILS(ERR_CONFLICT, "another instance", store_accept(s, &a, &err));
	assert_blob(get("a.example.org")->crt, "crt2");
	assert_string_equal(get("a.example.org")->lease_owner, "you");
}

static void test_accept_clears(void **state)
{
	add("a.example.org");
	raw("UPDATE certs SET count_fail_update = 7, held = 1, renew = 1, "
	    "ts_next_attempt = 99, fail_class = 'dns', fail_detail = 'x'");
	accept_it("crt1", "ca1", 1000);
	assert_int_equal(get("a.example.org")->count_fail_update, 0);
	assert_false(get("a.example.org")->held);
	assert_false(get("a.example.org")->renew);
	assert_int_equal(get("a.example.org")->ts_next_attempt, 0);
	assert_null(get("a.example.org")->fail_class);
	assert_null(get("a.example.org")->fail_detail);
}

/* Claims a.example.org and parks it. */
static void park_it(struct store_park *p, int64_t start)
{
	RC(1, store_claim(s, "a.example.org", "me", start, start + 99, &err));
	p->next = start + 600;
	p->attempt.ts_start = start;
	p->attempt.ts_end = start + 60;
	OK(store_park(s, p, &err));
}

static void test_park(void **state)
{
	struct store_park p = {
		.owner = "me",
		.next = 5000,
		.attempt = { .name = "a.example.org",
			     .ca_name = "le",
			     .order_url = "https://ca/order/9",
			     .detail = "waits for the CA since ...",
			     .ts_start = 1000,
			     .ts_end = 1060 },
	};
	struct store_order o = { .name = "a.example.org",
				 .ca_name = "le",
				 .url = "https://ca/order/9",
				 .state = "finalized",
				 .ts_created = 900,
				 .ts_state = 990 };
	struct store_attempts all = { 0 };
	struct store_cert *g;

	add("a.example.org");
	raw("UPDATE certs SET count_fail_update = 3");
	OK(store_order_put(s, &o, &err));
	FAILS(ERR_CONFLICT, "was changed meanwhile", store_park(s, &p, &err));
	RC(1, store_order_get(s, "a.example.org", 0, arena, &o, &err));
	assert_string_equal(o.state, "finalized");
	park_it(&p, 1000);
	OK(store_park(s, &p, &err)); /* the answer was lost */
	g = get("a.example.org");
	assert_int_equal(g->count_fail_update, 3);
	assert_int_equal(g->ts_due, 1600);
	assert_int_equal(g->ts_next_attempt, 1600);
	assert_string_equal(g->fail_class, "parked");
	assert_string_equal(g->fail_detail, p.attempt.detail);
	assert_false(g->held);
	assert_null(g->lease_owner);
	RC(1, store_order_get(s, "a.example.org", 0, arena, &o, &err));
	assert_string_equal(o.state, "parked");
	assert_string_equal(o.url, "https://ca/order/9");
	assert_int_equal(o.ts_created, 900);
	assert_int_equal(o.ts_state, 1060);
	/* Parked again: since the first time. */
	park_it(&p, 2000);
	RC(1, store_order_get(s, "a.example.org", 0, arena, &o, &err));
	assert_int_equal(o.ts_state, 1060);
	assert_int_equal(get("a.example.org")->ts_due, 2600);
	OK(store_attempts_of(s, "a.example.org", 9, arena, &all, &err));
	assert_int_equal(all.n, 2);
	assert_string_equal(all.v[0].outcome, "parked");
	assert_int_equal(all.v[0].ts_start, 2000);
	/* Another order's is another matter. */
	o.state = "finalized";
	o.ts_state = 2500;
	OK(store_order_put(s, &o, &err));
	park_it(&p, 3000);
	RC(1, store_order_get(s, "a.example.org", 0, arena, &o, &err));
	assert_int_equal(o.ts_state, 3060);
	accept_it("crt1", "ca1", 4000);
	assert_null(get("a.example.org")->fail_class);
}

/* A person acts while an attempt is under way: what he set stays. */
static void test_fail_set(void **state)
{
	struct store_fail f = {
		.owner = "me",
		.next = 5000,
		.count = true,
		.hold = true,
		.attempt = { .name = "a.example.org",
			     .ca_name = "le",
			     .outcome = "config",
			     .ts_start = 1000,
			     .ts_end = 1010 },
	};
	struct store_park p = { .owner = "me",
				.next = 5000,
				.attempt = f.attempt };
	struct store_attempts tried = { 0 };
	struct store_cert *g;

	add("a.example.org");
	raw("UPDATE certs SET count_fail_update = 9, ts_next_attempt = 900, "
	    "ts_due = 900");
	RC(1, store_claim(s, "a.example.org", "me", 1000, 2000, &err));
	f.read = p.read = get("a.example.org");
	RC(1, store_set(s, "a.example.org", NULL, 0, 0, &err));
	RC(1, store_fail(s, &f, &err));
	g = get("a.example.org");
	assert_int_equal(g->count_fail_update, 0);
	assert_false(g->held);
	assert_int_equal(g->ts_due, 0);
	assert_int_equal(g->ts_next_attempt, 0);
	assert_null(g->lease_owner);
	OK(store_attempts_of(s, "a.example.org", 9, arena, &tried, &err));
	assert_int_equal(tried.n, 1);
	assert_string_equal(tried.v[0].outcome, "config");
	OK(store_fail(s, &f, &err)); /* the answer was lost */
	assert_int_equal(attempts(), 1);
	RC(1, store_claim(s, "a.example.org", "me", 1000, 2000, &err));
	RC(1, store_park(s, &p, &err));
	assert_int_equal(get("a.example.org")->ts_due, 0);
	assert_null(get("a.example.org")->lease_owner);
	/* Nobody did: as ever. */
	RC(1, store_claim(s, "a.example.org", "me", 1000, 2000, &err));
	f.read = get("a.example.org");
	f.attempt.ts_start = 1500;
	OK(store_fail(s, &f, &err));
	assert_int_equal(get("a.example.org")->count_fail_update, 1);
	assert_true(get("a.example.org")->held);
}

/* Of a row that cannot be written to. */
static void test_attempt(void **state)
{
	const struct store_attempt a = { .name = "a.example.org",
					 .outcome = "locked",
					 .detail = "by somebody" };
	struct store_attempts tried = { 0 };

	OK(store_attempt_add(s, &a, &err));
	OK(store_attempts_of(s, "a.example.org", 9, arena, &tried, &err));
	assert_int_equal(tried.n, 1);
	assert_string_equal(tried.v[0].outcome, "locked");
}

static void test_fail(void **state)
{
	struct store_fail f = {
		.owner = "me",
		.next = 5000,
		.count = true,
		.attempt = { .name = "a.example.org",
			     .ca_name = "le",
			     .outcome = "dns",
			     .detail = "no \xc3\xa4nswer\n",
			     .ts_start = 1000,
			     .ts_end = 1010 },
	};
	struct store_order o = { .name = "a.example.org",
				 .ca_name = "le",
				 .state = "new" };
	struct store_cert *g;

	add("a.example.org");
	raw("UPDATE certs SET count_fail_update = NULL");
	OK(store_order_put(s, &o, &err));
	FAILS(ERR_CONFLICT, "was changed meanwhile", store_fail(s, &f, &err));
	RC(1, store_claim(s, "a.example.org", "me", 1000, 2000, &err));
	OK(store_fail(s, &f, &err));
	OK(store_fail(s, &f, &err)); /* the answer was lost */
	g = get("a.example.org");
	assert_int_equal(g->count_fail_update, 1);
	assert_string_equal(g->fail_class, "dns");
	assert_string_equal(g->fail_detail, "no ??nswer?");
	assert_int_equal(g->ts_next_attempt, 5000);
	assert_int_equal(g->ts_due, 5000);
	assert_false(g->held);
	assert_null(g->lease_owner);
	assert_int_equal(attempts(), 1);
	RC(1, store_order_get(s, "a.example.org", 0, arena, &o, &err));
	RC(1, store_claim(s, "a.example.org", "me", 5000, 6000, &err));
	f.hold = f.drop_order = true;
	f.count = false;
	f.attempt.ts_start = 5000;
	OK(store_fail(s, &f, &err));
	g = get("a.example.org");
	assert_int_equal(g->count_fail_update, 1);
	assert_true(g->held);
	assert_true(g->ts_due == STORE_NEVER);
	RC(0, store_order_get(s, "a.example.org", 0, arena, &o, &err));
	assert_int_equal(attempts(), 2);
	/* A person acts. */
	RC(1, store_set(s, "a.example.org", NULL, 0, 6000, &err));
	g = get("a.example.org");
	assert_false(g->held);
	assert_int_equal(g->count_fail_update, 0);
	assert_int_equal(g->ts_next_attempt, 0);
	assert_int_equal(g->ts_due, 6000);
}

static void test_attempts_order(void **state)
{
	struct store_attempts all = { 0 };

	add("a.example.org");
	accept_it("crt1", "ca1", 1000);
	accept_it("crt2", "ca1", 3000);
	accept_it("crt3", "ca1", 2000);
	OK(store_attempts_of(s, "a.example.org", 2, arena, &all, &err));
	assert_int_equal(all.n, 2);
	assert_int_equal(all.v[0].ts_start, 3000);
	assert_int_equal(all.v[1].ts_start, 2000);
	assert_string_equal(all.v[0].outcome, "ok");
	assert_null(all.v[0].detail);
	assert_string_equal(all.v[0].order_url, "url");
}

static const char *ca_row(const char *name)
{
	struct store_ca r = { 0 };

	RC(1, store_ca_get(s, name, arena, &r, &err));
	return arena_printf(
		arena, "%s %s until %d, %d %s %s", r.account ? r.account : "-",
		r.account_key ? r.account_key : "-", (int) r.backoff_until,
		(int) r.count_fail, r.fail_class ? r.fail_class : "-",
		r.fail_detail ? r.fail_detail : "-");
}

static struct store_ca ca_put(const struct store_ca *c,
			      const struct store_ca *read)
{
	struct store_ca now = { 0 };

	OK(store_ca_put(s, c, read, arena, &now, &err));
	return now;
}

static void test_ca(void **state)
{
	const struct store_ca none = { 0 };
	struct store_ca c = { .name = "le", .directory = "https://ca/dir" };
	struct store_ca got = { 0 };

	RC(0, store_ca_get(s, "le", arena, &got, &err));
	got = ca_put(&c, &none);
	assert_string_equal(ca_row("le"), "- - until 0, 0 - -");
	c.account = "https://ca/acct/1";
	c.account_key = "thumb";
	c.backoff_until = 5000;
	c.count_fail = 2;
	c.fail_class = "rate-limited";
	c.fail_detail = "later";
	got = ca_put(&c, &got);
	assert_string_equal(got.directory, "https://ca/dir");
	assert_null(got.eab_kid);
	assert_string_equal(ca_row("le"), "https://ca/acct/1 thumb until 5000, "
					  "2 rate-limited later");
	/* What was read may be lifted by who read it. */
	c.backoff_until = c.count_fail = 0;
	c.fail_class = c.fail_detail = NULL;
	c.eab_kid = "kid";
	got = ca_put(&c, &got);
	assert_string_equal(got.eab_kid, "kid");
	assert_string_equal(ca_row("le"),
			    "https://ca/acct/1 thumb until 0, 0 - -");
	/* by whom the row was not read as it is now, too */
	c.eab_kid = "other";
	got = ca_put(&c, &none);
	assert_string_equal(got.eab_kid, "other");
	assert_string_equal(got.account, "https://ca/acct/1");
}

/* Two instances, neither of which has seen what the other writes. */
static void test_ca_two(void **state)
{
	const struct store_ca none = { 0 };
	struct store_ca a = { .name = "le", .directory = "https://ca/dir" };
	struct store_ca b = a, a_read, b_read;

	a.backoff_until = 5000;
	a.count_fail = 1;
	a.fail_class = "ca-down";
	a.fail_detail = "of a";
	a_read = ca_put(&a, &none);
	/* an account is learned, and the rest stays */
	b.account = "acct/b";
	b.account_key = "thumb";
	b_read = ca_put(&b, &none);
	assert_string_equal(ca_row("le"),
			    "acct/b thumb until 5000, 1 ca-down of a");
	assert_int_equal(b_read.backoff_until, 5000);
	/* the earlier rest does not shorten the later one */
	b.backoff_until = 4000;
	b.count_fail = 1;
	b.fail_class = "ca-rate-limited";
	b.fail_detail = "of b";
	(void) ca_put(&b, &none);
	assert_string_equal(ca_row("le"),
			    "acct/b thumb until 5000, 1 ca-down of a");
	/* the later one wins, with its reason; the larger count stays */
	b.backoff_until = 6000;
	b_read = ca_put(&b, &none);
	assert_string_equal(ca_row("le"),
			    "acct/b thumb until 6000, 1 ca-rate-limited of b");
	/* a's success lifts a's rest, and not b's; its account stays b's */
	a.backoff_until = a.count_fail = 0;
	a.fail_class = a.fail_detail = NULL;
	a_read = ca_put(&a, &a_read);
	assert_string_equal(ca_row("le"),
			    "acct/b thumb until 6000, 1 ca-rate-limited of b");
	/* b forgets its account, a finds another; b's is the one that goes */
	a.account = "acct/a";
	a.account_key = "thumb";
	a_read = ca_put(&a, &a_read);
	b.account = b.account_key = NULL;
	(void) ca_put(&b, &b_read);
	assert_string_equal(ca_row("le"),
			    "acct/a thumb until 6000, 1 ca-rate-limited of b");
	/* who has read it may end it; to put it twice is to put it once */
	a.backoff_until = a.count_fail = 0;
	b_read = a_read;
	RC(1, store_ca_get(s, "le", arena, &a_read, &err));
	(void) ca_put(&a, &a_read);
	(void) ca_put(&a, &a_read);
	assert_string_equal(ca_row("le"), "acct/a thumb until 0, 0 - -");
	/* ... whatever account another has found meanwhile */
	a.backoff_until = 9000;
	a.count_fail = 1;
	a.fail_class = "ca-down";
	RC(1, store_ca_get(s, "le", arena, &a_read, &err));
	b_read = a_read = ca_put(&a, &a_read);
	b = a;
	b.account = "acct/b";
	(void) ca_put(&b, &b_read);
	a.backoff_until = a.count_fail = 0;
	a.fail_class = NULL;
	(void) ca_put(&a, &a_read);
	assert_string_equal(ca_row("le"), "acct/b thumb until 0, 0 - -");
	/* another directory is another CA */
	a.directory = "https://other/dir";
	a.account = "acct/other";
	(void) ca_put(&a, &none);
	assert_string_equal(ca_row("le"), "acct/other thumb until 0, 0 - -");
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

/* --- hosts --- */

static const struct store_host_cert *host_cert(
	const struct store_host_certs *all, const char *name)
{
	for (size_t i = 0; i < all->n; i++)
		if (strcmp(all->v[i].name, name) == 0)
			return &all->v[i];
	return NULL;
}

static void test_host_certs(void **state)
{
	const char *names[] = { "a.example.org", "b.example.org",
				"gone.example.org" };
	const char *many[STORE_HOST_NAMES_MAX + 1];
	struct store_host_certs all = { 0 };
	struct store *host = NULL;

	add("a.example.org");
	add("b.example.org");
	add("c.example.org");
	accept_it("crt1", "ca1", 1000);
	raw("UPDATE certs SET enable = 'N' WHERE name = 'b.example.org'");
	OK(store_open(&conf, STORE_READ, &host, &err));
	OK(store_host_certs(host, names, 3, arena, &all, &err));
	assert_int_equal(all.n, 2);
	assert_true(host_cert(&all, "a.example.org")->enabled);
	assert_blob(host_cert(&all, "a.example.org")->crt, "crt1");
	assert_blob(host_cert(&all, "a.example.org")->ca, "ca1");
	assert_false(host_cert(&all, "b.example.org")->enabled);
	assert_null(host_cert(&all, "b.example.org")->crt.p);
	OK(store_host_certs(host, names, 1, arena, &all, &err));
	assert_int_equal(all.n, 1);
	OK(store_host_certs(host, names, 0, arena, &all, &err));
	assert_int_equal(all.n, 0);
	for (size_t i = 0; i < ARRAY_LEN(many); i++)
		many[i] = arena_printf(arena, "h%zu.example.org", i);
	many[STORE_HOST_NAMES_MAX - 1] = "c.example.org";
	OK(store_host_certs(host, many, STORE_HOST_NAMES_MAX, arena, &all,
			    &err));
	assert_int_equal(all.n, 1);
	FAILS(ERR_LIMIT, "at most 500",
	      store_host_certs(host, many, STORE_HOST_NAMES_MAX + 1, arena,
			       &all, &err));
	/* The same query says when this program is too old for the schema. */
	raw("UPDATE schema_version SET min_reader = 900");
	FAILS(ERR_CONFIG, "upgrade this program",
	      store_host_certs(host, names, 3, arena, &all, &err));
	raw("UPDATE schema_version SET min_reader = 1");
	store_free(&host);
}

static void test_receipts(void **state)
{
	struct store_receipt r[] = {
		{ .name = "a.example.org",
		  .host = "web1",
		  .service = "nginx",
		  .endpoint = "127.0.0.1:443",
		  .protocol = "tls",
		  .state = "served",
		  .fingerprint = "abcd",
		  .serial = "01",
		  .ts_expire = 9000,
		  .depth = 2,
		  .ts = 100,
		  .version = "0.1",
		  .profile = "nginx",
		  .needs = "",
		  .heartbeat = 86400,
		  .ts_window = 700 },
		{ .name = "a.example.org",
		  .host = "web1",
		  .service = "nginx",
		  .endpoint = "",
		  .state = "activated",
		  .ts = 100 },
		{ .name = "",
		  .host = "web1",
		  .service = "",
		  .endpoint = "",
		  .state = "alive",
		  .ts = 100 },
	};
	struct store_receipts all = { 0 };

	OK(store_receipts_put(s, r, 3, &err));
	OK(store_receipts_put(s, r, 3, &err));
	OK(store_receipts_of(s, "a.example.org", arena, &all, &err));
	assert_int_equal(all.n, 2);
	assert_string_equal(all.v[0].endpoint, "");
	assert_string_equal(all.v[1].endpoint, "127.0.0.1:443");
	assert_string_equal(all.v[1].state, "served");
	assert_int_equal(all.v[1].depth, 2);
	assert_null(all.v[1].detail);
	/* The views of MariaDB have no more. */
	if (!kit_mariadb()) {
		assert_string_equal(all.v[1].profile, "nginx");
		assert_string_equal(all.v[1].needs, "");
		assert_int_equal(all.v[1].heartbeat, 86400);
		assert_int_equal(all.v[1].ts_window, 700);
		assert_null(all.v[0].profile);
		assert_null(all.v[0].needs);
		assert_int_equal(all.v[0].heartbeat, 0);
	}
	r[0].state = "rolled-back";
	r[0].detail = "config test failed";
	r[0].fingerprint = NULL;
	OK(store_receipts_put(s, r, 1, &err));
	OK(store_receipts_of(s, "a.example.org", arena, &all, &err));
	assert_int_equal(all.n, 2);
	assert_string_equal(all.v[1].state, "rolled-back");
	assert_string_equal(all.v[1].detail, "config test failed");
	assert_null(all.v[1].fingerprint);
	OK(store_receipts_of(s, "", arena, &all, &err));
	assert_int_equal(all.n, 1);
	assert_string_equal(all.v[0].state, "alive");
	OK(store_receipts_put(s, r, 0, &err));
	/* Another host's, and what web1 says no more. */
	r[0].host = "other.example.org";
	OK(store_receipts_put(s, r, 1, &err));
	OK(store_receipts_mine(s, "web1", arena, &all, &err));
	assert_int_equal(all.n, 3);
	assert_string_equal(all.v[0].state, "alive");
	assert_string_equal(all.v[2].endpoint, "127.0.0.1:443");
	assert_string_equal(all.v[2].state, r[0].state);
	assert_string_equal(all.v[2].host, "web1");
	assert_int_equal(all.v[2].ts, r[0].ts);
	OK(store_receipts_mine(s, "web", arena, &all, &err));
	assert_int_equal(all.n, 0);
	OK(store_receipts_sync(s, &r[2], 1, r[1].host,
			       &(struct store_receipts){ .v = &r[1], .n = 2 },
			       NULL, &err));
	OK(store_receipts_of(s, "a.example.org", arena, &all, &err));
	assert_int_equal(all.n, 2);
	assert_string_equal(all.v[0].host, "other.example.org");
	assert_string_equal(all.v[1].host, "web1");
	assert_string_equal(all.v[1].endpoint, "");
	OK(store_receipts_of(s, "", arena, &all, &err));
	assert_int_equal(all.n, 1);
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
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_names),
		TEST(test_add_get),
		TEST(test_blob_bytes),
		TEST(test_ascii),
		TEST(test_set),
		TEST(test_set_owner),
		TEST(test_replace_csr),
		TEST(test_remove),
		TEST(test_key_owner),
		TEST(test_each),
		TEST(test_claim),
		TEST(test_refresh),
		TEST(test_meanwhile),
		TEST(test_orders),
		TEST(test_row_lost),
		TEST(test_proofs),
		TEST(test_accept),
		TEST(test_accept_again),
		TEST(test_accept_clears),
		TEST(test_park),
		TEST(test_fail),
		TEST(test_fail_set),
		TEST(test_attempt),
		TEST(test_attempts_order),
		TEST(test_ca),
		TEST(test_ca_two),
		TEST(test_tx),
		TEST(test_host_certs),
		TEST(test_receipts),
		TEST(test_claimers),
		TEST(test_deadlock),
		TEST(test_locked_row),
		TEST(test_locked_all),
		TEST(test_schema_checks),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
