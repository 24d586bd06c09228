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

/* What the fetcher noted of the CA, as long as it is this CA. */
static void of_the_ca(void **state)
{
	const struct store_field field = { "ca_profile", "b" };
	const struct store_chains seen = { .v = { { "Other Root", "", NOW } },
					   .n = 1 };

	assert_int_equal(RUN(add_run(&p, NAME, &err)), 0);
	assert_int_equal(store_set(p.store, NAME, &field, 1, 0, &err), 1);
	assert_int_equal(RUN(show_run(&p, NAME, &err)), 0);
	SAYS("CA profile   b\n");
	assert_null(strstr(SAID, "does not offer"));
	kit_offer(&kit_ca, "a\tsaid\n");
	assert_int_equal(store_chains_put(p.store, kit_ca.name,
					  kit_ca.directory, &seen, &err),
			 0);
	assert_int_equal(RUN(show_run(&p, NAME, &err)), 0);
	SAYS("CA letsencrypt does not offer the profile b");
	p.opt.json = true;
	assert_int_equal(RUN(show_run(&p, NAME, &err)), 0);
	SAYS("\"ca_profile\":\"b\"");
	SAYS("\"ca_chains\":[{\"issuer\":\"Other Root\",\"sha256\":\"\",");
	SAYS("\"ari\":null");
	/* another CA is called that now */
	kit_ca.directory = "https://elsewhere.example/";
	assert_int_equal(RUN(show_run(&p, NAME, &err)), 0);
	SAYS("\"ca_chains\":[]");
	assert_null(strstr(SAID, "does not offer"));
	kit_ca.directory = "https://acme-v02.api.letsencrypt.org/directory";
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(shows, kit_setup, kit_teardown),
		cmocka_unit_test_setup_teardown(of_the_ca, kit_setup,
						kit_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
