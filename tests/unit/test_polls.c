/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include "ari_poll.h"
#include "polls.h"

#define DONE                                                              \
	"; it is done in its time, and hosts have the new ones with "     \
	"their next certrepo-installer run: certrepo-populate show NAME " \
	"says which have not"

static void moved(void **state)
{
	static const struct {
		struct ari_told told;
		const char *text;
	} cases[] = {
		{ { .moved = 1, .name = "a.example.org" },
		  "it wants 1 certificate renewed at once that had time until "
		  "now, that of a.example.org; it does not say why" DONE },
		{ { .moved = 300,
		    .name = "a.example.org",
		    .url = "https://ca.example/why" },
		  "it wants 300 certificates renewed at once that had time "
		  "until now, one of them that of a.example.org; why: "
		  "https://ca.example/why" DONE },
		{ { .sooner = 1, .name = "a.example.org", .url = "https://w" },
		  "it wants 1 certificate renewed sooner than it had said, "
		  "that "
		  "of a.example.org; why: https://w" DONE },
		{ { .moved = 1,
		    .sooner = 2,
		    .name = "a.example.org",
		    .url = "https://w" },
		  "it wants 1 certificate renewed at once that had time until "
		  "now, and 2 certificates renewed sooner than it had said, "
		  "one of them that of a.example.org; why: https://w" DONE },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char *text = polls_moved_text(&cases[i].told);

		assert_string_equal(text, cases[i].text);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(moved) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
