/* SPDX-License-Identifier: MIT */
/* A file that has `store' alone, certrepo.conf, and what is neither. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "scratch.h"
#include "status_conf.h"

#define STORE "store : { driver = \"sqlite\"; path = \"/x/y.db\"; };\n"
#define CAS                                                             \
	"ca = ( { name = \"le\"; directory = \"https://a.example/d\"; " \
	"agree_tos = true; contact = [\"mailto:a@example.org\"]; }, "   \
	"{ name = \"own\"; directory = \"https://b.example/d\"; "       \
	"agree_tos = true; contact = [\"mailto:a@example.org\"]; } );\n"

static struct arena *arena;
static struct status_conf conf;
static char why[8000];

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

/* -1: WHY has each error. */
static int load(const char *text)
{
	AUTO(conf_errors_free) struct conf_errors errs = { .unread = false };
	int rc;

	scratch_write(scratch("x.conf"), text, 0644);
	rc = status_conf_load(scratch("x.conf"), arena, &conf, &errs);
	why[0] = '\0';
	for (size_t i = 0; i < errs.list.n; i++)
		snprintf(why + strlen(why), sizeof(why) - strlen(why), "%s\n",
			 errs.list.v[i]);
	if (rc == 0)
		assert_string_equal(why, "");
	else
		assert_string_not_equal(why, "");
	return rc;
}

static void has(const char *text)
{
	if (!strstr(why, text))
		print_error("\"%s\" is not in: %s\n", text, why);
	assert_non_null(strstr(why, text));
}

static void test_store_alone(void **state)
{
	assert_int_equal(load(STORE), 0);
	assert_string_equal(conf.store->path, "/x/y.db");
	assert_false(conf.set.known);
	assert_null(conf.set.cas);
	assert_null(conf.set.default_ca);
	/* As certrepo.conf(5) has them. */
	assert_int_equal(conf.set.count_fail_limit, 10);
	assert_int_equal(conf.set.order_timeout, 15 * 60);
	assert_int_equal(conf.set.deliver_within, 0);
}

static void test_centre(void **state)
{
	assert_int_equal(load(STORE CAS "webroot_prefixes = [\"/srv\"];\n"
					"days_left = 20;\n"
					"count_fail_limit = 4;\n"
					"deliver_within = \"3h\";\n"
					"order_timeout = \"20m\";\n"),
			 0);
	assert_string_equal(conf.store->path, "/x/y.db");
	assert_string_equal(conf.set.cas, "le own");
	assert_string_equal(conf.set.default_ca, "le");
	assert_int_equal(conf.set.days_left, 20);
	assert_int_equal(conf.set.count_fail_limit, 4);
	assert_int_equal(conf.set.deliver_within, 3 * 3600);
	assert_int_equal(conf.set.order_timeout, 20 * 60);
	assert_false(conf.set.known);
}

/* What is wrong is said as of the file that it means to be. */
static void test_wrong(void **state)
{
	assert_int_equal(load("store : { driver = \"mariadb\"; };\n"), -1);
	assert_null(strstr(why, "ca is missing"));
	assert_int_equal(load(STORE "fresh = 3;\n"), -1);
	has("fresh");
	assert_int_equal(load(STORE CAS "days_left = \"many\";\n"
					"max_orders = 5;\n"
					"webroot_prefixes = [\"/srv\"];\n"),
			 -1);
	has("days_left");
	assert_null(strstr(why, "max_orders"));
	assert_int_equal(load("store : {\n"), -1);
	has("x.conf");
}

static void test_missing(void **state)
{
	AUTO(conf_errors_free) struct conf_errors errs = { .unread = false };

	assert_int_equal(status_conf_load(scratch("none"), arena, &conf, &errs),
			 -1);
	assert_int_equal(errs.list.n, 1);
	assert_non_null(strstr(errs.list.v[0], "certrepo-status(8)"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_store_alone),
		TEST(test_centre),
		TEST(test_wrong),
		TEST(test_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
