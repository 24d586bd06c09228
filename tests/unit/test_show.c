/* SPDX-License-Identifier: MIT */
#include "populate_kit.h"

static void shows(void **state)
{
	assert_int_equal(RUN(show_run(&p, NAME, &err)), -1);
	kit_says(&err, "is not enrolled in");
	assert_string_equal(SAID, "");
	assert_int_equal(RUN(add_run(&p, NAME, &err)), 0);
	assert_int_equal(RUN(show_run(&p, NAME, &err)), 0);
	SAYS(NAME "\n  state        disabled (certrepo-populate enable " NAME
		  ")\n");
	SAYS("names        www.example.org, example.org\n");
	SAYS("CA           letsencrypt (default)\n");
	SAYS("certificate  none yet\n");
	p.opt.json = true;
	assert_int_equal(RUN(show_run(&p, NAME, &err)), 0);
	SAYS("\"names\":[\"www.example.org\",\"example.org\"]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(shows, kit_setup, kit_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
