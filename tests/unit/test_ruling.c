/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "scratch.h"
#include "x509_kit.h"
#include "ruling.h"

#define N   "www.example.org"
#define NOW 1800000000

static struct arena *arena;
/* one: a key and names; key: another key, names: another name more */
static struct x509_csr *one, *key, *names;

static int setup(void **state)
{
	struct err err = ERR_INIT;

	if (scratch_setup(state))
		return -1;
	arena = arena_new();
	kit_req("one", KIT_EC " -subj /CN=" N);
	kit_req("key", KIT_EC " -subj /CN=" N);
	kit_sh("openssl req -new -key one.key -subj /CN=" N " -addext "
	       "subjectAltName=DNS:b.example.org,DNS:" N " -out names");
	one = kit_csr("one", &err);
	key = kit_csr("key", &err);
	names = kit_csr("names", &err);
	return one && key && names ? 0 : -1;
}

static int teardown(void **state)
{
	x509_csr_free(&one);
	x509_csr_free(&key);
	x509_csr_free(&names);
	arena_free(&arena);
	return scratch_teardown(state);
}

static const struct rules_rule rule = { .host = "web1.example.org" };

/* Who uses the row: bits. */
#define GRANTED	 1
#define REPORTED 2
#define EARLIER	 4
#define OTHERS	 8
/* The request, and the person. */
#define NEW_KEY 16
#define ITS	32
#define RULE	64
#define REPLACE 128
#define BESIDE	256
#define LATELY	512
#define TAKEN	1024
#define ALL	(ITS | RULE)

static int make(struct x509_csr *csr, const char *same, const char *own,
		struct x509_csr *own_csr, int bits, struct ruling *ret)
{
	const struct fleet_request r = { .host = "web1.example.org",
					 .name = N,
					 .new_key = bits & NEW_KEY };
	const struct fleet_users users = { .granted = bits & GRANTED,
					   .reported = bits & REPORTED,
					   .n = bits & OTHERS ? 1 : 0,
					   .others = { "web2.example.org" } };
	static struct fleet_rows rows;
	struct err err = ERR_INIT;
	const struct ruling_in in = {
		.r = &r,
		.csr = csr,
		.rows = &rows,
		.taken = bits & TAKEN,
		.same = same,
		.own = own,
		.own_csr = own_csr,
		.users = &users,
		.earlier = bits & EARLIER,
		.ts_before = bits & LATELY ? NOW - 86400 : 0,
		.its = bits & ITS,
		.rule = bits & RULE ? &rule : NULL,
		.replace = bits & REPLACE,
		.beside = bits & BESIDE,
		.now = NOW,
	};

	rows.n = 0;
	if (own)
		rows.v[rows.n++].name = own;
	return ruling_make(&in, arena, ret, &err);
}

static void test_table(void **state)
{
	/* WHICH CSR asks: 1 one, 2 key, 3 names; the row has that of OWN. */
	static const struct {
		int csr;
		const char *same, *own;
		int own_csr, bits;
		enum ruling_kind kind;
		const char *as;
		bool shared, by_rule;
	} t[] = {
		/* nobody has it */
		{ 1, NULL, NULL, 0, ALL, RULING_NEW, N, 0, 1 },
		{ 1, NULL, NULL, 0, RULE, RULING_NEW, N, 0, 0 },
		{ 1, NULL, NULL, 0, ITS, RULING_NEW, N, 0, 0 },
		{ 1, NULL, NULL, 0, ALL | TAKEN, RULING_NEW, N, 0, 0 },
		/* the same key and names, from another host */
		{ 1, N, NULL, 0, ALL | OTHERS, RULING_GRANT, N, 0, 1 },
		{ 1, N "+ha", NULL, 0, ALL, RULING_GRANT, N "+ha", 0, 1 },
		{ 1, N, NULL, 0, OTHERS, RULING_GRANT, N, 0, 0 },
		/* ... which has it by now */
		{ 1, N, NULL, 0, ALL | GRANTED, RULING_SAME, N, 0, 1 },
		{ 1, N, NULL, 0, REPORTED, RULING_SAME, N, 0, 0 },
		/* what is reported is no grant, where there are grants */
		{ 1, N, NULL, 0, ALL | REPORTED, RULING_GRANT, N, 0, 1 },
		{ 1, N, NULL, 0, ALL | TAKEN, RULING_GRANT, N, 0, 0 },
		/* another key, another host */
		{ 2, NULL, N, 1, ALL | OTHERS, RULING_BESIDE, N "+web1", 0, 1 },
		{ 2, NULL, N, 1, ALL, RULING_BESIDE, N "+web1", 0, 1 },
		{ 2, NULL, N, 1, OTHERS | NEW_KEY, RULING_BESIDE, N "+web1", 0,
		  0 },
		/* a rebuilt host */
		{ 2, NULL, N, 1, ALL | GRANTED, RULING_KEY, N, 0, 1 },
		{ 2, NULL, N, 1, ALL | REPORTED, RULING_KEY, N, 0, 0 },
		{ 2, NULL, N, 1, REPORTED, RULING_KEY, N, 0, 0 },
		{ 2, NULL, N "+web1", 1, EARLIER, RULING_KEY, N "+web1", 0, 0 },
		{ 2, NULL, N, 0, ALL | GRANTED, RULING_KEY, N, 0, 1 },
		/* the next key */
		{ 2, NULL, N, 1, ALL | GRANTED | NEW_KEY, RULING_KEY, N, 0, 1 },
		/* ... of a row that it never had: it says so, no more */
		{ 2, NULL, N, 1, ALL | NEW_KEY, RULING_BESIDE, N "+web1", 0,
		  0 },
		{ 2, NULL, N, 1, ALL | NEW_KEY | BESIDE, RULING_BESIDE,
		  N "+web1", 0, 1 },
		{ 2, NULL, N, 1, NEW_KEY | REPLACE, RULING_KEY, N, 0, 0 },
		{ 2, NULL, N, 1, ALL | GRANTED | LATELY, RULING_KEY, N, 0, 0 },
		/* ... of a row that is others', too */
		{ 2, NULL, N, 1, ALL | GRANTED | OTHERS, RULING_KEY, N, 1, 0 },
		{ 2, NULL, N, 1, ALL | GRANTED | OTHERS | REPLACE, RULING_KEY,
		  N, 0, 0 },
		{ 2, NULL, N, 1, ALL | GRANTED | OTHERS | BESIDE, RULING_BESIDE,
		  N "+web1", 0, 1 },
		{ 2, NULL, N, 1, OTHERS | REPLACE, RULING_KEY, N, 0, 0 },
		/* other names */
		{ 3, NULL, N, 1, ALL | GRANTED, RULING_NAMES, N, 0, 1 },
		{ 3, NULL, N, 1, ALL | GRANTED | LATELY, RULING_NAMES, N, 0,
		  0 },
		{ 3, NULL, N, 1, ALL | GRANTED | OTHERS, RULING_NAMES, N, 1,
		  0 },
		{ 3, NULL, N, 1, ALL | OTHERS, RULING_BESIDE, N "+web1", 0, 1 },
		{ 3, NULL, N, 1, REPLACE, RULING_NAMES, N, 0, 0 },
	};
	struct x509_csr *csrs[] = { NULL, one, key, names };

	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		struct ruling v = { .kind = 99 };

		if (make(csrs[t[i].csr], t[i].same, t[i].own,
			 csrs[t[i].own_csr], t[i].bits, &v) == -1 ||
		    v.kind != t[i].kind || strcmp(v.as, t[i].as) != 0 ||
		    v.shared != t[i].shared || v.by_rule != t[i].by_rule ||
		    !v.by_rule != !!v.no_rule)
			fail_msg(
				"row %zu: kind %d as %s shared %d rule %d (%s)",
				i, v.kind, v.as, v.shared, v.by_rule,
				v.no_rule ? v.no_rule : "");
	}
}

/* Labels are made of what hosts call themselves. */
static void test_labels(void **state)
{
	static const struct {
		const char *host, *name, *want;
	} t[] = {
		{ "web1", N, N "+web1" },
		{ "WEB_1.example.org", N, N "+web-1" },
		{ "10.0.0.1", N, N "+10" },
		{ ".x", N, N "+host" },
		{ "", N, N "+host" },
		{ "\x1b[31m+;'", N, N "+--31m---" },
		{ "a23456789012345678901234567890123456.x", N,
		  N "+a2345678901234567890123456789012" },
		{ "taken.x", N, N "+taken-3" },
		{ "b23456789012345678901234567890123456.x", N,
		  N "+b23456789012345678901234567890-2" },
		{ "web1", N "+ec", N "+ec-web1" },
	};
	static struct fleet_rows rows;
	struct err err = ERR_INIT;

	rows.n = 0;
	rows.v[rows.n++].name = N "+taken";
	rows.v[rows.n++].name = N "+taken-2";
	rows.v[rows.n++].name = N "+b2345678901234567890123456789012";
	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		const struct fleet_request r = { .host = t[i].host,
						 .name = t[i].name };
		const struct fleet_users users = { .n = 0 };
		struct ruling v = { .as = "?" };
		const struct ruling_in in = { .r = &r,
					      .csr = key,
					      .rows = &rows,
					      .own = t[i].name,
					      .own_csr = one,
					      .users = &users };

		assert_int_equal(ruling_make(&in, arena, &v, &err), 0);
		assert_int_equal(store_name_check(v.as, &err), 0);
		if (strcmp(v.as, t[i].want) != 0)
			fail_msg("%s, not %s", v.as, t[i].want);
	}
}

/* A name so long that there is none beside it. */
static void test_no_room(void **state)
{
	static struct fleet_rows rows;
	const char *name =
		arena_printf(arena, "%0*d.example.org", STORE_NAME_MAX - 12, 0);
	const struct fleet_request r = { .host = "web1", .name = name };
	const struct fleet_users users = { .n = 0 };
	const struct ruling_in in = { .r = &r,
				      .csr = key,
				      .rows = &rows,
				      .own = name,
				      .own_csr = one,
				      .users = &users };
	struct ruling v = { .as = "?" };
	struct err err = ERR_INIT;

	assert_int_equal(ruling_make(&in, arena, &v, &err), -1);
	assert_int_equal(err.kind, ERR_INPUT);
	assert_string_equal(v.as, "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_no_room),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
