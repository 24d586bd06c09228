/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "mem.h"
#include "receipt_state.h"

/* As certrepo-installer(8) has them; the store has no room for longer words
 * than 16. */
static void as_the_manual_says(void **state)
{
	static const struct {
		const char *name;
		bool bad;
	} cases[] = {
		{ "fetched", false },	 { "installed", false },
		{ "activated", false },	 { "served", false },
		{ "alive", false },	 { "waiting", true },
		{ "rolled-back", true }, { "refused", true },
		{ "held", true },	 { "failed", true },
	};
	enum receipt_state s;

	assert_int_equal(ARRAY_LEN(cases), RECEIPT_STATES);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_true(receipt_state_parse(cases[i].name, &s));
		assert_string_equal(receipt_state_name(s), cases[i].name);
		assert_true(receipt_state_means(s)[0] != '\0');
		assert_int_equal(receipt_state_bad(cases[i].name),
				 cases[i].bad);
		assert_int_equal(receipt_state_severity(s) != RECEIPT_WELL,
				 cases[i].bad);
	}
	assert_false(receipt_state_parse("unheard-of", &s));
	assert_false(receipt_state_bad("unheard-of"));
	assert_false(receipt_state_bad(""));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_the_manual_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
