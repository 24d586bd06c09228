/* SPDX-License-Identifier: MIT */
#ifndef ROWS_KIT_H
#define ROWS_KIT_H

/* One store for all tests of a file, emptied before each: TEST() names one of
 * them, ROWS_RUN() runs a table of these. */

#include "store_kit.h"

static struct store *s;
static struct arena *arena;

static inline void raw(const char *sql)
{
	OK(db_script(s->db, sql, &err));
}

static inline int rows_group_setup(void **state)
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

static inline int rows_group_teardown(void **state)
{
	kit_end();
	return 0;
}

static inline int rows_setup(void **state)
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

static inline int rows_teardown(void **state)
{
	store_free(&s);
	arena_free(&arena);
	return 0;
}

static inline struct store_cert row_of(const char *name)
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

static inline void add(const char *name)
{
	struct store_cert r = row_of(name);

	OK(store_add(s, &r, &err));
}

static inline struct store_cert *get(const char *name)
{
	struct store_cert *r = NULL;

	RC(1, store_get(s, name, arena, &r, &err));
	return r;
}

static inline void assert_blob(struct store_blob b, const char *text)
{
	assert_non_null(b.p);
	assert_int_equal(b.len, strlen(text));
	assert_memory_equal(b.p, text, b.len);
}

/* What a CA gave for a.example.org. */
static inline struct store_accept accept_of(const char *crt, const char *ca,
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

static inline void accept_it(const char *crt, const char *ca, int64_t start)
{
	struct store_accept a = accept_of(crt, ca, start);

	RC(1, store_claim(s, "a.example.org", "me", start, start + 99, &err));
	OK(store_accept(s, &a, &err));
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, rows_setup, rows_teardown)
#define ROWS_RUN(tests) \
	cmocka_run_group_tests(tests, rows_group_setup, rows_group_teardown)

#endif
