/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "conf_near.h"

static const char *meant(const char *name)
{
	static const char *const known[] = { "letsencrypt", "zerossl", "google",
					     "actalis" };
	size_t best = conf_near_most(name);
	const char *ret = NULL;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (conf_near(name, known[i], &best))
			ret = known[i];
	return ret;
}

static void near(void **state)
{
	assert_string_equal(meant("letsencrpyt"), "letsencrypt");
	assert_string_equal(meant("lets-encrypt"), "letsencrypt");
	assert_string_equal(meant("zeroSSL"), "zerossl");
	assert_string_equal(meant("gogle"), "google");
	assert_null(meant("smallstep"));
	assert_null(meant(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(near) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
