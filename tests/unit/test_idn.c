/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "idn.h"

/* From RFC 3492 section 7.1, UTS 46 and the registries' own tables. */
static void alabels(void **state)
{
	static const struct {
		const char *name, *alabel;
	} cases[] = {
		{ "m\xc3\xbcnchen.example", "xn--mnchen-3ya.example" },
		{ "*.m\xc3\xbcnchen.example", "*.xn--mnchen-3ya.example" },
		{ "m\xc3\xbcnchen.example+ec", "xn--mnchen-3ya.example+ec" },
		{ "M\xc3\x9cNCHEN.example", "xn--mnchen-3ya.example" },
		/* u and a combining diaeresis */
		{ "mu\xcc\x88nchen.example", "xn--mnchen-3ya.example" },
		{ "stra\xc3\x9f"
		  "e.example",
		  "xn--strae-oqa.example" },
		{ "\xe4\xbe\x8b\xe3\x81\x88.\xe3\x83\x86\xe3\x82\xb9\xe3\x83"
		  "\x88",
		  "xn--r8jz45g.xn--zckzah" },
		{ "www.example.org", NULL },
		{ "m\xfcnchen.example", NULL }, /* Latin-1 */
		{ "a\xe2\x80\xaez.example", NULL },
		{ "\xe2\x99\xa5.example", NULL }, /* no letter */
	};
	struct arena *a = arena_new();

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *got = idn_alabel(a, cases[i].name);

		if (!cases[i].alabel)
			assert_null(got);
		else
			assert_string_equal(got, cases[i].alabel);
	}
	arena_free(&a);
}

static void tells(void **state)
{
	struct err err = ERR_INIT;

	(void) err_set(&err, ERR_INPUT, "no");
	idn_tell(NULL, &err);
	idn_tell("www.example.org", &err);
	assert_string_equal(err.msg, "no");
	idn_tell("m\xc3\xbcnchen.example", &err);
	assert_string_equal(err.msg,
			    "no; its A-label is xn--mnchen-3ya.example");
	assert_int_equal(err.kind, ERR_INPUT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(alabels),
		cmocka_unit_test(tells),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
