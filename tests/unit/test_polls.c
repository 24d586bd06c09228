/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include "ari_poll.h"
#include "polls.h"

static void moved(void **state)
{
	struct ari_told t = { .moved = 1, .name = "a.example.org" };
	char *text = polls_moved_text("one", &t);

	assert_string_equal(
		text, "CA one: it wants 1 certificate renewed at once "
		      "that had time until now, that of a.example.org; it "
		      "does not say why");
	free(text);
	t.moved = 300;
	t.url = "https://ca.example/why";
	text = polls_moved_text("one", &t);
	assert_string_equal(text,
			    "CA one: it wants 300 certificates renewed at once "
			    "that had time until now, one of them that of "
			    "a.example.org; why: https://ca.example/why");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(moved) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
