/* SPDX-License-Identifier: MIT */
/* How long a fetcher waits for a lease at most, while tests/contract/
 * store_hosts.t has hosts do all they can against it: CERTREPO_TEST_CLAIMS
 * seconds long, the names n1 to n20 of a store that is there. By itself, a
 * moment on a store of its own. */
#include "clock.h"
#include "store_kit.h"

#define NAMES	   20
#define SLOWEST_MS 2000

static void make_rows(void)
{
	struct store *s = NULL;
	int from, to;

	kit_wipe();
	OK(store_open(&conf, STORE_ADMIN, &s, &err));
	OK(store_schema_upgrade(s, 1, &from, &to, &err));
	for (int i = 1; i <= NAMES; i++) {
		AUTO(mem_free_str)
		char *sql = mem_printf("INSERT INTO certs (name, csr, "
				       "md5_modulus, ts_expire, "
				       "ts_last_update) VALUES "
				       "('n%d', 'x', '', 1, 1)",
				       i);

		OK(db_script(s->db, sql, &err));
	}
	store_free(&s);
}

/* How long it takes until it is ours, in ms. A row that is locked is tried
 * again, as the fetcher does in its next turn. */
static int64_t claim(struct store *s, const char *name, int64_t until)
{
	int64_t started = clock_mono_ms(), took;
	int rc;

	do {
		err_clear(&err);
		rc = store_claim(s, name, "me", 1000, 2000, &err);
	} while (rc != 1 && clock_mono_ms() < until + SLOWEST_MS);
	took = clock_mono_ms() - started;
	if (rc != 1)
		print_error("%s: %s\n", name, err.msg);
	while (rc == 1 && store_release(s, name, "me", &err) == -1 &&
	       clock_mono_ms() < until + SLOWEST_MS)
		;
	return took;
}

static void slowest(void **state)
{
	const char *seconds = kit_env("CERTREPO_TEST_CLAIMS");
	int64_t until = clock_mono_ms() + (seconds ? atoi(seconds) : 0) * 1000;
	int64_t worst = 0, n = 0;
	struct store *s = NULL;

	if (!seconds)
		make_rows();
	OK(store_open(&conf, STORE_LOOP, &s, &err));
	do {
		char name[20];
		int64_t ms;

		(void) snprintf(name, sizeof(name), "n%d",
				(int) (n++ % NAMES) + 1);
		ms = claim(s, name, until);
		worst = ms > worst ? ms : worst;
	} while (clock_mono_ms() < until || n < NAMES);
	store_free(&s);
	print_message("# %lld claims, the slowest took %lld ms\n",
		      (long long) n, (long long) worst);
	assert_true(worst < SLOWEST_MS);
	if (!seconds)
		kit_wipe();
}

static int begin(void **state)
{
	return kit_begin();
}

static int end(void **state)
{
	return rmdir(kit_dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(slowest) };

	return cmocka_run_group_tests(tests, begin, end);
}
