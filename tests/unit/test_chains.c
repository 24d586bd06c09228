/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "chains.h"

#define NOW 1700000000

static void once(void **state)
{
	static const struct certrepo_ca ca[3];
	struct chains *c = chains_new();

	for (size_t i = 0; i < 3; i++) {
		assert_true(chains_look(c, &ca[i], NOW));
		assert_false(chains_look(c, &ca[i], NOW + CHAINS_EACH - 1));
		assert_true(chains_say(c, &ca[i], NOW + 1));
		assert_false(chains_say(c, &ca[i], NOW + 1));
	}
	assert_true(chains_look(c, &ca[1], NOW + CHAINS_EACH));
	/* the clock was put back */
	assert_true(chains_look(c, &ca[1], NOW));
	assert_false(chains_look(c, &ca[1], NOW));
	assert_false(chains_look(NULL, &ca[1], NOW));
	assert_false(chains_say(NULL, &ca[1], NOW));
	chains_free(&c);
	assert_null(c);
	chains_free(&c);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
