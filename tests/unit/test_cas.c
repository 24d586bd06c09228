/* SPDX-License-Identifier: MIT */
#include "store_kit.h"
#include "cas.h"
#include "clock.h"

#define NOW  1700000000
#define REST (NOW + 600)

static struct certrepo_ca one = { .name = "one",
				  .directory = "https://one.example/dir",
				  .account_key = "/nosuch/one.pem" };
static struct certrepo_ca two = { .name = "two",
				  .directory = "https://two.example/dir",
				  .account_key = "/nosuch/two.pem" };
static void *list[] = { &one, &two };
static struct certrepo_conf cc = { .default_ca = "two",
				   .ca = { .v = list, .n = 2 } };

static struct store *store;
static struct cas cas;

static void load(bool force)
{
	cas_done(&cas);
	OK(cas_init(&cas, &cc, NULL, store, NULL, NULL, force, &err));
}

static int setup(void **state)
{
	const struct store_ca rests = { .name = "two",
					.directory = two.directory,
					.backoff_until = REST,
					.count_fail = 1,
					.fail_class = "ca-down",
					.fail_detail = "away" };
	const struct store_ca none = { NULL };
	struct arena *arena = arena_new();
	struct store_ca now;
	int from, to;

	if (kit_begin() == -1)
		return -1;
	kit_wipe();
	clock_set_for_test(NOW);
	OK(store_open(&conf, STORE_ADMIN, &store, &err));
	OK(store_schema_upgrade(store, 1, &from, &to, &err));
	OK(store_ca_put(store, &rests, &none, arena, &now, &err));
	arena_free(&arena);
	load(false);
	return 0;
}

static int teardown(void **state)
{
	cas_done(&cas);
	store_free(&store);
	clock_set_for_test(-1);
	kit_end();
	return 0;
}

static void by_name(void **state)
{
	assert_int_equal(cas.n, 3);
	assert_ptr_equal(ca_queue_conf(cas_of(&cas, "one")), &one);
	assert_ptr_equal(ca_queue_conf(cas_of(&cas, NULL)), &two);
	assert_null(ca_queue_conf(cas_of(&cas, "nosuch")));
	assert_int_equal(cas_index(&cas, cas_of(&cas, "two")), 1);
}

static void resting(void **state)
{
	assert_false(cas_rests(cas_of(&cas, "one")));
	assert_true(cas_rests(cas_of(&cas, "two")));
	assert_false(cas_starting(&cas));
	assert_false(cas_met(&cas));
	load(true);
	assert_false(cas_rests(cas_of(&cas, "two")));
}

static void waiting(void **state)
{
	static const char *const names[] = { "a.example.org", "b.example.org",
					     "c.example.org" };
	struct ca_queue_name n = { .name = (char *) "x.example.org" };
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++) {
		struct store_cert row = { .name = names[i],
					  .enabled = true,
					  .csr = BLOB("csr"),
					  .ca_name = i == 0 ? "one" : NULL,
					  .md5_modulus = "x" };

		OK(store_add(store, &row, &err));
		OK(kit_set_due(store, names[i], 0, &err));
	}
	OK(cas_count_waits(&cas, store, &err));
	/* of one that does not rest nothing waits */
	assert_int_equal(cas.waits[0].n, 0);
	assert_int_equal(cas.waits[1].n, 2);
	cas.fell[1] = 1;
	cas_begin_pass(&cas);
	assert_int_equal(cas.waits[1].n + cas.fell[1], 0);
	ca_queue_push(cas.v[0], &n);
	ca_queue_push(cas.v[2], &n);
	assert_int_equal(cas_queued(&cas), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(by_name, setup, teardown),
		cmocka_unit_test_setup_teardown(resting, setup, teardown),
		cmocka_unit_test_setup_teardown(waiting, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
