/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "scratch.h"
#include "requested.h"

static struct arena *arena;
static struct err err;

static int setup(void **state)
{
	arena = arena_new();
	if (scratch_setup(state))
		return -1;
	return chmod(scratch_dir, 0755);
}

static int teardown(void **state)
{
	arena_free(&arena);
	return scratch_teardown(state);
}

static struct requested_one one(const char *name, const char *key, bool next,
				const char *state)
{
	return (struct requested_one){ .name = name,
				       .key = key,
				       .new_key = next,
				       .state = state,
				       .ts = 7 };
}

static void put(struct requested *r, struct requested_one o)
{
	requested_put(r, arena, &o);
}

static void kept(void **state)
{
	struct requested r, again;
	struct requested_one o;

	assert_int_equal(requested_load(scratch_dir, arena, &r, &err), 0);
	assert_int_equal(r.n, 0);
	/* nothing to say, nothing written */
	assert_int_equal(requested_save(scratch_dir, &r, &err), 0);
	assert_int_equal(access(scratch("requests"), F_OK), -1);
	o = one("a.example.org", "k1", true, FLEET_REJECTED);
	o.reason = "no\n\t\"way\"";
	o.as_name = "a.example.org+x";
	o.csr = "-----BEGIN\nx\n";
	put(&r, o);
	put(&r, one("a.example.org", "k2", false, FLEET_PENDING));
	assert_int_equal(requested_save(scratch_dir, &r, &err), 0);
	assert_false(r.dirty);
	assert_int_equal(requested_load(scratch_dir, arena, &again, &err), 0);
	assert_int_equal(again.n, 2);
	assert_string_equal(again.v[0].name, "a.example.org");
	assert_string_equal(again.v[0].key, "k1");
	assert_true(again.v[0].new_key);
	assert_string_equal(again.v[0].state, "rejected");
	assert_string_equal(again.v[0].reason, "no\n\t\"way\"");
	assert_string_equal(again.v[0].as_name, "a.example.org+x");
	assert_string_equal(again.v[0].csr, "-----BEGIN\nx\n");
	assert_int_equal(again.v[0].ts, 7);
	assert_false(again.v[1].new_key);
	assert_null(again.v[1].reason);
	scratch_write(scratch("requests"), "certrepo-requests\t2\nrequest\n",
		      0600);
	assert_int_equal(requested_load(scratch_dir, arena, &again, &err), -1);
	assert_int_equal(again.n, 0);
}

static void replaced(void **state)
{
	struct requested r = { .n = 0 };

	put(&r, one("a.example.org", "k1", true, FLEET_PENDING));
	put(&r, one("b.example.org", "k1", true, FLEET_PENDING));
	put(&r, one("a.example.org", "k2", true, FLEET_PENDING));
	assert_int_equal(r.n, 3);
	put(&r, one("a.example.org", "k1", true, FLEET_APPROVED));
	assert_int_equal(r.n, 3);
	assert_string_equal(requested_find(&r, "a.example.org", "k1")->state,
			    "approved");
	/* one that is in use is the end of all before it; it may be one of
	 * them */
	put(&r, *requested_find(&r, "a.example.org", "k2"));
	put(&r, one("a.example.org", "k2", true, REQUESTED_LIVE));
	assert_int_equal(r.n, 2);
	assert_null(requested_find(&r, "a.example.org", "k1"));
	assert_non_null(requested_find(&r, "b.example.org", "k1"));
	requested_drop(&r, requested_find(&r, "b.example.org", "k1"));
	assert_int_equal(r.n, 1);
	assert_string_equal(r.v[0].name, "a.example.org");
}

/* Is it no failure that the store does not know it. */
static void waits(void **state)
{
	static const struct {
		const char *state, *as;
		bool next, waits;
	} rows[] = {
		{ FLEET_PENDING, NULL, false, true },
		{ REQUESTED_PRINTED, NULL, false, true },
		/* then the store has it, or it was removed since */
		{ FLEET_APPROVED, NULL, false, false },
		{ FLEET_APPROVED, "a.example.org", false, false },
		{ FLEET_APPROVED, "a.example.org+h", false, false },
		{ FLEET_REJECTED, NULL, false, false },
		{ REQUESTED_FAILED, NULL, false, false },
		{ FLEET_PENDING, NULL, true, false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct requested_one o =
			one("a.example.org", "k", rows[i].next, rows[i].state);
		struct requested r = { .n = 0 };

		o.as_name = rows[i].as;
		put(&r, o);
		if (requested_waits(&r, "a.example.org") != rows[i].waits)
			fail_msg("row %zu", i);
		assert_false(requested_waits(&r, "b.example.org"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(kept, setup, teardown),
		cmocka_unit_test_setup_teardown(replaced, setup, teardown),
		cmocka_unit_test_setup_teardown(waits, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
