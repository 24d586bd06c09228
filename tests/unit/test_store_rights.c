/* SPDX-License-Identifier: MIT */
/*
 * An account whose rights are those of grants.sql of schema version 3, on the
 * schema of now: the fetcher goes on, but for what version 4 wants to know
 * besides. CERTREPO_TEST_RIGHTS is a name of certs that nobody has a lease on;
 * tests/contract/store_upgrade.t makes both.
 */
#include "store_kit.h"
#include "store_facts.h"

static struct store *s;
static struct arena *arena;

static void claim(int64_t now)
{
	RC(1, store_claim(s, kit_env("CERTREPO_TEST_RIGHTS"), "me", now,
			  now + 99, &err));
}

static struct store_attempt attempt(const char *outcome, int64_t end)
{
	return (struct store_attempt){ .name = kit_env("CERTREPO_TEST_RIGHTS"),
				       .ca_name = "le",
				       .outcome = outcome,
				       .ts_start = end - 5,
				       .ts_end = end };
}

struct ends {
	struct store_fail fail;
	struct store_accept ok;
};

/* As in a batch: what is not allowed does not end the transaction. */
static int both(struct store *st, void *arg, struct err *e)
{
	struct ends *ends = arg;

	if (store_fail(st, &ends->fail, e) == -1 ||
	    store_claim(st, ends->ok.attempt.name, "me", 2000, 3000, e) != 1)
		return -1;
	return store_accept(st, &ends->ok, e);
}

static void goes_on(void **state)
{
	struct ends ends = { .fail = { .owner = "me",
				       .next = 9,
				       .attempt = attempt("dns", 1000) },
			     .ok = { .owner = "me",
				     .crt = BLOB("crt"),
				     .ca = BLOB("ca"),
				     .attempt = attempt("ok", 2000) } };
	struct store_attempt alone = attempt("dns", 3000);
	struct store_attempts all = { 0 };
	struct store_cert *row = NULL;

	claim(1000);
	OK(store_tx(s, both, &ends, &err));
	OK(store_attempt_add(s, &alone, &err));
	OK(store_attempts_of(s, alone.name, 10, arena, &all, &err));
	assert_int_equal(all.n, 3);
	RC(1, store_get(s, alone.name, arena, &row, &err));
	assert_int_equal(row->crt.len, 3);
	assert_null(row->lease_owner);
}

/* Who looks is told. */
static void is_told(void **state)
{
	char after[STORE_NAME_MAX + 1] = "";
	size_t n;

	FAILS(ERR_CONFIG, "rights of this user do not suffice",
	      store_facts_fill(s, 10, after, &n, &err));
	FAILS(ERR_CONFIG, "rights of this user do not suffice",
	      store_totals_fold(s, 86400 * 9, 10, &n, &err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goes_on),
		cmocka_unit_test(is_told),
	};
	int rc;

	if (!kit_mariadb() || !kit_env("CERTREPO_TEST_RIGHTS")) {
		printf("1..0 # SKIP needs an account of its own: see "
		       "tests/contract/store_upgrade.t\n");
		return 0;
	}
	if (kit_begin() == -1 ||
	    store_open(&conf, STORE_LOOP, &s, &err) == -1) {
		print_error("%s\n", err.msg);
		return 1;
	}
	arena = arena_new();
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	store_free(&s);
	arena_free(&arena);
	(void) rmdir(kit_dir);
	return rc;
}
