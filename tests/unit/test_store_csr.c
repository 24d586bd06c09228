/* SPDX-License-Identifier: MIT */
/* A CSR in the place of another, and the way back, on whichever store the kit
 * has. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "scratch.h"
#include "x509_kit.h"
#include "store_kit.h"

#define NAME "www.example.org"

static struct store *s;
static struct arena *arena;

static void raw(const char *sql)
{
	OK(db_script(s->db, sql, &err));
}

static int group_setup(void **state)
{
	int from, to;

	if (kit_begin() == -1 || scratch_setup(state) == -1)
		return -1;
	kit_wipe();
	OK(store_open(&conf, STORE_ADMIN, &s, &err));
	OK(store_schema_upgrade(s, 1, &from, &to, &err));
	kit_req("one", KIT_EC " -subj /CN=" NAME);
	kit_req("two", KIT_EC " -subj /CN=" NAME);
	kit_req("three", KIT_EC " -subj /CN=" NAME);
	arena = arena_new();
	return 0;
}

static int group_teardown(void **state)
{
	store_free(&s);
	arena_free(&arena);
	kit_end();
	return scratch_teardown(state);
}

static struct store_blob csr(const char *name)
{
	const char *text = arena_strdup(arena, scratch_read(scratch(name)));

	return BLOB(text);
}

static int setup(void **state)
{
	struct store_cert r = { .name = NAME,
				.enabled = true,
				.csr = csr("one"),
				.key_sha256 = "one",
				.md5_modulus = "one" };

	raw("DELETE FROM certs; DELETE FROM attempts; DELETE FROM orders");
	OK(store_add(s, &r, &err));
	return 0;
}

static struct store_cert *get(void)
{
	struct store_cert *r = NULL;

	RC(1, store_get(s, NAME, arena, &r, &err));
	return r;
}

static void is(struct store_blob b, const char *name)
{
	struct store_blob want = csr(name);

	assert_int_equal(b.len, want.len);
	assert_memory_equal(b.p, want.p, want.len);
}

static void replace(const char *name)
{
	OK(store_replace_csr(s, NAME, csr(name), name, name, &err));
	is(get()->csr, name);
	assert_true(get()->renew);
}

static void issue(const char *crt)
{
	struct store_accept a = {
		.owner = "me",
		.crt = BLOB(crt),
		.ca = BLOB("ca"),
		.ts_expire = 9000,
		.ts_due = 7000,
		.attempt = { .name = NAME, .outcome = "ok", .ts_end = 1000 }
	};

	RC(1, store_claim(s, NAME, "me", 1000, 2000, &err));
	OK(store_accept(s, &a, &err));
}

static void test_kept(void **state)
{
	/* nothing is lost with one that was never of use */
	replace("two");
	assert_null(get()->old_csr.p);
	issue("crt1");
	assert_null(get()->old_csr.p);
	replace("three");
	is(get()->old_csr, "two");
	/* of several, the one that there is a certificate by */
	replace("one");
	is(get()->old_csr, "two");
	replace("one");
	is(get()->old_csr, "two");
	/* the way back by hand */
	replace("two");
	assert_null(get()->old_csr.p);
	replace("three");
	is(get()->old_csr, "two");
	issue("crt2");
	assert_null(get()->old_csr.p);
	/* an older fetcher stored it, and left ours behind */
	replace("one");
	raw("UPDATE certs SET renew = 0, crt = 'crt3'");
	is(get()->old_csr, "three");
	replace("two");
	is(get()->old_csr, "one");
}

static int fails(bool csr_back, int64_t start)
{
	struct store_fail f = {
		.owner = "me",
		.next = start + 60,
		.count = true,
		.hold = true,
		.csr_back = csr_back,
		.attempt = { .name = NAME,
			     .outcome = "bad-csr",
			     .detail = "no",
			     .ts_start = start,
			     .ts_end = start + 5 },
	};
	int rc;

	err_clear(&err);
	rc = store_fail(s, &f, &err);
	/* its answer was lost */
	RC(rc, store_fail(s, &f, &err));
	return rc;
}

static void under_way(int64_t start)
{
	struct store_order o = { .name = NAME, .ca_name = "x", .state = "new" };

	RC(1, store_claim(s, NAME, "me", start, start + 99, &err));
	OK(store_order_put(s, &o, &err));
}

static void test_back(void **state)
{
	struct store_order o;
	struct store_cert *g;

	issue("crt1");
	replace("two");
	under_way(2000);
	assert_int_equal(fails(false, 2000), 0);
	is(get()->csr, "two");
	assert_true(get()->held);
	RC(1, store_set(s, NAME, NULL, 0, 0, &err));
	under_way(3000);
	assert_int_equal(fails(true, 3000), 2);
	g = get();
	is(g->csr, "one");
	assert_null(g->old_csr.p);
	assert_string_equal(g->key_sha256,
			    kit_out("openssl pkey -in one.key -pubout -outform "
				    "DER | sha256sum"));
	assert_string_equal(g->md5_modulus,
			    kit_out("openssl pkey -in one.key -pubout -outform "
				    "DER | md5sum"));
	assert_false(g->renew);
	assert_false(g->held);
	assert_int_equal(g->ts_due, 0);
	assert_int_equal(g->ts_next_attempt, 0);
	assert_int_equal(g->ts_expire, 9000);
	assert_int_equal(g->count_fail_update, 1);
	assert_string_equal(g->fail_class, "bad-csr");
	assert_string_equal(g->fail_detail, "no");
	assert_null(g->lease_owner);
	RC(0, store_order_get(s, NAME, 0, arena, &o, &err));
	/* and when that one is refused, too, there is no other */
	under_way(4000);
	assert_int_equal(fails(true, 4000), 0);
	is(get()->csr, "one");
	assert_true(get()->held);
}

/* What is kept may be anybody's. */
static void test_not_back(void **state)
{
	issue("crt1");
	replace("two");
	raw("UPDATE certs SET old_csr = 'none'");
	under_way(2000);
	assert_int_equal(fails(true, 2000), 0);
	is(get()->csr, "two");
	assert_true(get()->held);
	/* there is a certificate by the new one, of an older fetcher */
	replace("three");
	raw("UPDATE certs SET renew = 0");
	under_way(3000);
	assert_int_equal(fails(true, 3000), 0);
	is(get()->csr, "three");
}

/* A person did something meanwhile: it is as he left it. */
static void test_meanwhile(void **state)
{
	struct store_fail f = { .owner = "me",
				.csr_back = true,
				.attempt = { .name = NAME,
					     .outcome = "bad-csr",
					     .ts_start = 2000,
					     .ts_end = 2005 } };

	issue("crt1");
	replace("two");
	under_way(2000);
	f.read = get();
	raw("UPDATE certs SET ts_due = 5");
	RC(1, store_fail(s, &f, &err));
	is(get()->csr, "two");
	is(get()->old_csr, "one");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_kept, setup),
		cmocka_unit_test_setup(test_back, setup),
		cmocka_unit_test_setup(test_not_back, setup),
		cmocka_unit_test_setup(test_meanwhile, setup),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
