/* SPDX-License-Identifier: MIT */
/* When a CA's directory is looked for; what comes of it is tests/e2e/discover.t
 * and tests/unit/test_discover.c. */
#include "store_kit.h"
#include "ca_find.h"
#include "clock.h"
#include "loop.h"
#include "store_pin.h"

static struct store *s;

static int setup(void **state)
{
	int from, to;

	if (kit_begin() == -1)
		return -1;
	kit_wipe();
	OK(store_open(&conf, STORE_ADMIN, &s, &err));
	OK(store_schema_upgrade(s, 1, &from, &to, &err));
	return 0;
}

static int teardown(void **state)
{
	store_free(&s);
	kit_end();
	return 0;
}

static void test_next(void **state)
{
	static const struct {
		int64_t down, now;
		enum ca_find_next want;
	} cases[] = {
		{ 0, 100000, CA_FIND_NOTE },
		{ 100000, 100000, CA_FIND_WAIT },
		{ 100000, 103599, CA_FIND_WAIT },
		{ 100000, 103600, CA_FIND_SEARCH },
		{ 1, 100000, CA_FIND_SEARCH },
		/* a clock that was wrong */
		{ 100001, 100000, CA_FIND_NOTE },
		{ -5, 100000, CA_FIND_NOTE },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(ca_find_next(cases[i].down, cases[i].now),
				 cases[i].want);
}

static const char *domains[] = { "Corp.Example", "other.example", NULL };
static struct certrepo_ca ca = { .name = "corp",
				 .directory = "",
				 .discover = { domains, 2 },
				 .mode = "try" };
static struct certrepo_ca second = { .name = "second",
				     .directory = "https://x/d" };
static void *list[] = { &ca, &second };
static struct proof_dns dns;
static const struct certrepo_conf two = { .ca = { list, 2 },
					  .proof.dns = &dns };

/* Which of what may stand in the row is used without a look-up. */
static void test_pinned(void **state)
{
	static const struct {
		const char *directory, *how;
		bool known;
	} rows[] = {
		{ "https://ca.corp.example/d", "corp.example secure x", true },
		{ "https://ca.other.example/d", "other.example secure", true },
		/* the domain is set no more, or is part of one */
		{ "https://ca.gone.example/d", "gone.example secure x", false },
		{ "https://ca.corp.example/d", "corp.exampl secure x", false },
		/* of an explicit directory; of none; of nobody's making */
		{ "https://ca.corp.example/d", NULL, false },
		{ "", NULL, false },
		{ "http://ca.corp.example/d", "corp.example secure x", false },
		/* nothing in the DNS could lead there */
		{ "https://ca.evil.example/d", "corp.example secure x", false },
		{ "https://ca.other.example/d", "corp.example secure x",
		  false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct store_pin pin = { rows[i].directory, rows[i].how, 1, 0 };
		struct ca_find *f = NULL;

		OK(db_script(s->db, "DELETE FROM cas", &err));
		RC(1, store_pin_put(s, "corp", "", &pin, &err));
		OK(ca_find_new(&two, &ca, NULL, s, NULL, &f, &err));
		if (ca_find_known(f) != rows[i].known)
			fail_msg("row %zu", i);
		assert_string_equal(ca_find_ca(f)->directory,
				    rows[i].known ? rows[i].directory : "");
		assert_string_equal(ca_find_ca(f)->name, "corp");
		assert_false(ca_find_missing(f));
		ca_find_free(&f);
		assert_string_equal(ca.directory, "");
	}
}

static void test_no_row(void **state)
{
	struct ca_find *f = NULL;

	OK(ca_find_new(&two, &ca, NULL, s, NULL, &f, &err));
	assert_false(ca_find_known(f));
	ca_find_free(&f);
}

/* Settings that are no good are an answer as well, from the loop. */
static int failed;

static void on_failed(void *arg, const struct fail *fail)
{
	failed++;
	assert_int_equal(fail->class, FAIL_ACCOUNT);
	assert_non_null(strstr(fail->detail, "/nonexistent/ca.pem"));
}

static void test_settings(void **state)
{
	struct certrepo_ca bad = ca;
	void *alone[] = { &bad };
	const struct certrepo_conf one = { .ca = { alone, 1 },
					   .proof.dns = &dns };
	struct ca_find *f = NULL;
	struct loop *loop = NULL;

	bad.ca_file = "/nonexistent/ca.pem";
	OK(loop_new(&loop, &err));
	OK(ca_find_new(&one, &bad, loop, s, NULL, &f, &err));
	failed = 0;
	ca_find_start(f, true, on_failed, NULL);
	assert_int_equal(failed, 0);
	while (!failed)
		OK(loop_run(loop, 100, &err));
	ca_find_start(f, true, on_failed, NULL);
	ca_find_free(&f); /* with that on its way */
	loop_free(&loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_next),
		cmocka_unit_test_setup_teardown(test_pinned, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_row, setup, teardown),
		cmocka_unit_test_setup_teardown(test_settings, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
