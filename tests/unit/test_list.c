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
		cmocka_unit_test_setup_teardown(lists_json, kit_setup,
						kit_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
