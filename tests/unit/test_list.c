/* SPDX-License-Identifier: MIT */
#include "populate_kit.h"

static void lists(void **state)
{
	assert_int_equal(RUN(add_run(&p, NAME, &err)), 0);
	assert_int_equal(RUN(list_run(&p, &err)), 0);
	assert_string_equal(SAID,
			    "NAME             STATE     EXPIRES      DAYS  "
			    "CHALLENGE  CA            LAST FAILURE\n"
			    "www.example.org  disabled  -               -  "
			    "dns-01     letsencrypt   -\n");
}

/* A column more, when one has one. */
static void lists_owners(void **state)
{
	char owner[] = "owner=web-team@example.org", *words[] = { owner, NULL };

	assert_int_equal(RUN(add_run(&p, NAME, &err)), 0);
	p.opt.csr = scratch("www.example.org.csr");
	assert_int_equal(RUN(add_run(&p, NAME "+b", &err)), 0);
	assert_int_equal(RUN(change_set(&p, NAME, words, &err)), 0);
	assert_int_equal(RUN(list_run(&p, &err)), 0);
	assert_string_equal(SAID,
			    "NAME               STATE     EXPIRES      DAYS  "
			    "CHALLENGE  CA            LAST FAILURE      OWNER\n"
			    "www.example.org    disabled  -               -  "
			    "dns-01     letsencrypt   -                 "
			    "web-team@example.org\n"
			    "www.example.org+b  disabled  -               -  "
			    "dns-01     letsencrypt   -                 -\n");
	p.opt.json = true;
	assert_int_equal(RUN(list_run(&p, &err)), 0);
	SAYS("\"owner\":\"web-team@example.org\"");
	SAYS("\"owner\":null");
	assert_int_equal(RUN(show_run(&p, NAME, &err)), 0);
	SAYS("\"owner\":\"web-team@example.org\"");
	p.opt.json = false;
	assert_int_equal(RUN(show_run(&p, NAME, &err)), 0);
	SAYS("  owner        web-team@example.org\n");
}

static void lists_json(void **state)
{
	p.opt.json = true;
	assert_int_equal(RUN(list_run(&p, &err)), 0);
	assert_string_equal(SAID, "[]\n");
	assert_int_equal(RUN(add_run(&p, NAME, &err)), 0);
	p.opt.csr = scratch("www.example.org.csr");
	assert_int_equal(RUN(add_run(&p, NAME "+b", &err)), 0);
	assert_int_equal(RUN(list_run(&p, &err)), 0);
	SAYS("[\n{\"name\":\"www.example.org\",");
	SAYS("},\n{\"name\":\"www.example.org+b\",");
	SAYS("}\n]\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(lists, kit_setup, kit_teardown),
		cmocka_unit_test_setup_teardown(lists_owners, kit_setup,
						kit_teardown),
		cmocka_unit_test_setup_teardown(lists_json, kit_setup,
						kit_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
