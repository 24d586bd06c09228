/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "scratch.h"
#include "receipt.h"

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

static void collects(void **state)
{
	struct receipts l = { .arena = arena };
	struct store_receipt r = { .name = "n",
				   .host = "h",
				   .service = "s",
				   .endpoint = "e",
				   .state = "served",
				   .ts = 1 };

	receipt_add(&l, &r);
	r.state = "failed";
	r.ts = 2;
	receipt_add(&l, &r); /* the last word counts */
	r.endpoint = "f";
	receipt_add(&l, &r);
	assert_int_equal(l.n, 2);
	assert_string_equal(l.v[0].state, "failed");
	assert_int_equal(l.v[0].ts, 2);
	for (int i = 0; i < 3000; i++) {
		char name[20];

		snprintf(name, sizeof(name), "n%d", i);
		r.name = name;
		receipt_add(&l, &r);
	}
	assert_int_equal(l.n, RECEIPT_WAIT_MAX);
	receipt_free(&l);
}

static void waits(void **state)
{
	struct receipts l = { .arena = arena }, m = { .arena = arena };
	const char *dir = arena_strdup(arena, scratch_dir);
	struct err err = ERR_INIT;

	assert_int_equal(receipt_load(dir, RECEIPTS_WAITING, &m, &err), 0);
	assert_int_equal(m.n, 0);
	receipt_add(&l, &(struct store_receipt){ .name = "www.example.org",
						 .host = "h",
						 .service = "web",
						 .endpoint = "",
						 .state = "rolled-back",
						 .fingerprint = "ab",
						 .ts_expire = 7,
						 .depth = 2,
						 .ts = 99,
						 .detail = "so\tand\nso",
						 .version = "1.0",
						 .profile = "nginx",
						 .needs = "",
						 .heartbeat = 3600,
						 .ts_window = 1234 });
	receipt_add(&l, &(struct store_receipt){ .name = "",
						 .host = "h",
						 .service = "",
						 .endpoint = "",
						 .state = "alive" });
	assert_int_equal(receipt_save(dir, RECEIPTS_WAITING, &l, &err), 0);
	assert_int_equal(receipt_load(dir, RECEIPTS_WAITING, &m, &err), 0);
	assert_int_equal(m.n, 2);
	assert_string_equal(m.v[0].name, "www.example.org");
	assert_string_equal(m.v[0].endpoint, "");
	assert_string_equal(m.v[0].detail, "so\tand\nso");
	assert_string_equal(m.v[0].version, "1.0");
	assert_string_equal(m.v[0].fingerprint, "ab");
	assert_null(m.v[0].serial);
	assert_int_equal(m.v[0].ts_expire, 7);
	assert_int_equal(m.v[0].depth, 2);
	assert_int_equal(m.v[0].ts, 99);
	assert_string_equal(m.v[0].profile, "nginx");
	assert_string_equal(m.v[0].needs, "");
	assert_int_equal(m.v[0].heartbeat, 3600);
	assert_int_equal(m.v[0].ts_window, 1234);
	assert_null(m.v[1].profile);
	assert_null(m.v[1].needs);
	assert_string_equal(m.v[1].state, "alive");
	assert_string_equal(m.v[1].name, "");
	assert_int_equal(receipt_forget(dir, RECEIPTS_WAITING, &err), 0);
	assert_int_equal(receipt_forget(dir, RECEIPTS_WAITING, &err), 0);
	assert_int_equal(receipt_forget(scratch("x"), RECEIPTS_WAITING, &err),
			 0);
	/* no folder, which is another matter than a file that is not there */
	scratch_write(scratch("x"), "", 0600);
	assert_int_equal(receipt_forget(scratch("x"), RECEIPTS_WAITING, &err),
			 -1);
	assert_int_equal(access(scratch("receipts"), F_OK), -1);
	receipt_free(&l);
	receipt_free(&m);
}

static void damaged(void **state)
{
	struct receipts l = { .arena = arena };
	struct err err = ERR_INIT;
	char *text;

	scratch_write(scratch("receipts"), "half\ta\tline\n\n\tx\n", 0600);
	assert_int_equal(receipt_load(scratch_dir, RECEIPTS_WAITING, &l, &err),
			 0);
	assert_int_equal(l.n, 0);
	/* The version before had no last line. */
	scratch_write(scratch("receipts"),
		      "n\th\tweb\t-\t-\tfailed\t-\t-\t0\t0\t1\ta\\b\t0.1.0\n",
		      0600);
	assert_int_equal(receipt_load(scratch_dir, RECEIPTS_WAITING, &l, &err),
			 0);
	assert_int_equal(l.n, 1);
	assert_string_equal(l.v[0].endpoint, "");
	assert_string_equal(l.v[0].detail, "a\\b");
	assert_null(l.v[0].profile);
	assert_null(l.v[0].needs);
	assert_int_equal(l.v[0].heartbeat, 0);
	assert_int_equal(receipt_save(scratch_dir, RECEIPTS_WAITING, &l, &err),
			 0);
	text = arena_strdup(arena, scratch_read(scratch("receipts")));
	*strstr(text, "\n\\end") = '\0';
	scratch_write(scratch("receipts"), text, 0600);
	assert_int_equal(receipt_load(scratch_dir, RECEIPTS_WAITING, &l, &err),
			 -1);
	assert_int_equal(err.kind, ERR_INPUT);
	assert_non_null(strstr(err.msg, "receipts: it was cut"));
	receipt_free(&l);
}

/* As many as may wait, of the longest there are, fit into a file. */
static void full(void **state)
{
	struct receipts l = { .arena = arena }, m = { .arena = arena };
	char name[251], detail[STORE_DETAIL_MAX + 1];
	struct err err = ERR_INIT;

	memset(name, 'n', 250);
	name[250] = '\0';
	memset(detail, '\\', STORE_DETAIL_MAX);
	detail[STORE_DETAIL_MAX] = '\0';
	for (int i = 0; i < RECEIPT_WAIT_MAX; i++) {
		snprintf(name, 6, "%05d", i);
		name[5] = 'n';
		receipt_add(&l, &(struct store_receipt){ .name = name,
							 .host = name,
							 .service = name,
							 .endpoint = name,
							 .state = "failed",
							 .detail = detail });
	}
	assert_int_equal(receipt_save(scratch_dir, "full", &l, &err), 0);
	assert_int_equal(receipt_load(scratch_dir, "full", &m, &err), 0);
	assert_int_equal(m.n, RECEIPT_WAIT_MAX);
	assert_string_equal(m.v[RECEIPT_WAIT_MAX - 1].detail, detail);
	receipt_free(&l);
	receipt_free(&m);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(collects),
		cmocka_unit_test(waits),
		cmocka_unit_test(damaged),
		cmocka_unit_test(full),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
