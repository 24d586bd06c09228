/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "scratch.h"
#include "journal.h"

static struct arena *arena;

static int setup(void **state)
{
	arena = arena_new();
	return scratch_setup(state);
}

static int teardown(void **state)
{
	arena_free(&arena);
	return scratch_teardown(state);
}

static void round_trip(void **state)
{
	struct journal_op ops[] = {
		{ JOURNAL_LINK, "/etc/a b/current", "20261123T014202Z-00000001",
		  NULL, "20261122T014202Z-00000001" },
		{ JOURNAL_LINK, "/etc/x/current", "20261123T014202Z-00000001",
		  NULL, NULL },
		{ JOURNAL_FILE, "/etc/f.pem", "/etc/.f.pem.certrepo-abcdef",
		  "00ff", "/var/backup/0" },
		{ JOURNAL_FILE, "/etc/g.pem", NULL, "00ff", NULL },
	};
	struct journal_cert certs[] = {
		{ "www.example.org", "aa", "bb", "cc", 5, 10, "ab" },
		{ "b.example.org", NULL, NULL, NULL, 0, INT64_MAX },
	};
	struct journal_endpoint endpoints[] = {
		{ "127.0.0.1:443", "www.example.org", true, "aa", "bb" },
		{ "[::1]:443", "", false, NULL, NULL },
	};
	struct journal in = {
		.service = "web",
		.gen = "20261123T014202Z-00000001",
		.state = JOURNAL_ROLLBACK,
		.back = true,
		.activated = true,
		.no_hold = true,
		.hold = "ab",
		.consumed = "20261121T014202Z-00000001",
		.reason = "it failed: so",
		.ops = ops,
		.n_ops = 4,
		.certs = certs,
		.n_certs = 2,
		.endpoints = endpoints,
		.n_endpoints = 2,
	};
	/* One transaction of two services. */
	struct journal parts[] = { in, { .service = "mail", .gen = "x" } };
	struct journals all;
	struct journal out;
	struct err err = ERR_INIT;

	assert_int_equal(journal_write(scratch("j"), parts, 2, &err), 0);
	assert_int_equal(journal_read(scratch("j"), arena, &all, &err), 1);
	assert_int_equal(all.n, 2);
	assert_string_equal(all.v[1].service, "mail");
	assert_int_equal(all.v[1].n_ops + all.v[1].n_certs, 0);
	out = all.v[0];
	assert_string_equal(out.service, "web");
	assert_string_equal(out.gen, in.gen);
	assert_int_equal(out.state, JOURNAL_ROLLBACK);
	assert_true(out.back && out.activated && out.no_hold);
	assert_string_equal(out.hold, "ab");
	assert_string_equal(out.consumed, in.consumed);
	assert_string_equal(out.reason, in.reason);
	assert_int_equal(out.n_ops, 4);
	assert_int_equal(out.ops[0].type, JOURNAL_LINK);
	assert_string_equal(out.ops[0].path, ops[0].path);
	assert_string_equal(out.ops[0].old, ops[0].old);
	assert_null(out.ops[1].old);
	assert_int_equal(out.ops[2].type, JOURNAL_FILE);
	assert_string_equal(out.ops[2].next, ops[2].next);
	assert_string_equal(out.ops[2].sha256, "00ff");
	assert_null(out.ops[3].next);
	assert_int_equal(out.n_certs, 2);
	assert_string_equal(out.certs[0].chain, "bb");
	assert_int_equal(out.certs[0].not_before, 5);
	assert_null(out.certs[1].fingerprint);
	assert_string_equal(out.certs[0].left, "ab");
	assert_null(out.certs[1].left);
	assert_int_equal(out.certs[1].not_after, INT64_MAX);
	assert_int_equal(out.n_endpoints, 2);
	assert_true(out.endpoints[0].reachable);
	assert_false(out.endpoints[1].reachable);
	assert_string_equal(out.endpoints[1].look, "");
	assert_null(out.endpoints[1].fingerprint);
}

static void missing(void **state)
{
	struct journals out;
	struct err err = ERR_INIT;

	assert_int_equal(journal_read(scratch("none"), arena, &out, &err), 0);
}

static void damaged(void **state)
{
	static const char *const texts[] = {
		"",
		"certrepo-journal\t2\nservice\tw\ngen\tg\nend\n",
		"certrepo-journal\t1\nservice\tw\ngen\tg\n",	/* cut */
		"certrepo-journal\t1\nservice\tw\ngen\tg\nend", /* cut */
		"certrepo-journal\t1\nservice\tw\nend\n",	/* no gen */
		"certrepo-journal\t1\ngen\tg\nend\n",
		"certrepo-journal\t1\nservice\tw\ngen\tg\nstate\tlost\nend\n",
		"certrepo-journal\t1\nservice\tw\ngen\tg\nlink\t/x\nend\n",
		"certrepo-journal\t1\nservice\tw\ngen\tg\n"
		"file\trelative\t-\t-\t-\nend\n",
		"certrepo-journal\t1\nservice\tw\ngen\tg\n"
		"cert\tn\t-\t-\t-\tx\t1\nend\n",
		"certrepo-journal\t1\nservice\tw\ngen\tg\nend\nmore\tof\n",
		/* a second part, cut; without its name; begun too early */
		"certrepo-journal\t1\nservice\tw\ngen\tg\nend\n"
		"certrepo-journal\t1\nservice\tx\ngen\tg\n",
		"certrepo-journal\t1\nservice\tw\ngen\tg\nend\n"
		"certrepo-journal\t1\ngen\tg\nend\n",
		"certrepo-journal\t1\nservice\tw\ngen\tg\n"
		"certrepo-journal\t1\nservice\tx\ngen\tg\nend\n",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct journals out = { .n = 7 };
		struct err err = ERR_INIT;

		scratch_write(scratch("bad"), texts[i], 0600);
		if (journal_read(scratch("bad"), arena, &out, &err) != -1)
			fail_msg("taken: %s", texts[i]);
		assert_int_equal(out.n, 7);
		assert_non_null(strstr(err.msg,
				       i == 1 ? "another version" : "damaged"));
	}
}

/* As many parts as there may be, and one more. */
static void many(void **state)
{
	struct journal parts[JOURNAL_PARTS_MAX + 1];
	struct journals out;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < JOURNAL_PARTS_MAX + 1; i++)
		parts[i] = (struct journal){ .service = "s", .gen = "g" };
	assert_int_equal(
		journal_write(scratch("j"), parts, JOURNAL_PARTS_MAX, &err), 0);
	assert_int_equal(journal_read(scratch("j"), arena, &out, &err), 1);
	assert_int_equal(out.n, JOURNAL_PARTS_MAX);
	assert_int_equal(
		journal_write(scratch("j"), parts, JOURNAL_PARTS_MAX + 1, &err),
		0);
	assert_int_equal(journal_read(scratch("j"), arena, &out, &err), -1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip),
		cmocka_unit_test(missing),
		cmocka_unit_test(damaged),
		cmocka_unit_test(many),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
