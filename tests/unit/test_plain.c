/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "plain.h"

/* Unicode, table 3-7: the limits of well-formed sequences, and C1. */
static const struct {
	const char *text, *utf8, *ascii;
} cases[] = {
	{ "", "", "" },
	{ "a ~", "a ~", "a ~" },
	{ "a\n\t\x1b[2J\x7f",
	  "a??"
	  "?[2J?",
	  "a??"
	  "?[2J?" },
	{ "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80",
	  "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "?????????" },
	/* U+0080, U+009B (CSI), U+009F; U+00A0 is a blank */
	{ "\xc2\x80\xc2\x9bm\xc2\x9f\xc2\xa0", "????m??\xc2\xa0", "????m????" },
	{ "\x9b"
	  "2J",
	  "?2J", "?2J" },			/* the same in ISO 8859-1 */
	{ "\xc0\x8a\xc1\xbf", "????", "????" }, /* overlong */
	{ "\xe0\x82\x9b", "???", "???" },	/* overlong C1 */
	{ "\xed\xa0\x80", "???", "???" },	/* a surrogate */
	{ "\xf4\x90\x80\x80", "????", "????" }, /* beyond U+10FFFF */
	{ "\xe2\x82", "??", "??" },		/* cut */
	{ "\xc3", "?", "?" },
	{ "\xff\xfe", "??", "??" },
	/* what turns the direction, or ends a line; U+2010 is a hyphen */
	{ "\xe2\x80\xaex\xe2\x81\xa6\xd8\x9c", "???x?????", "???x?????" },
	{ "\xe2\x80\xa8\xe2\x80\x90", "???\xe2\x80\x90", "??????" },
};

static void what_stays(void **state)
{
	char copy[64];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(copy, sizeof(copy), "%s", cases[i].text);
		plain_utf8(copy);
		assert_string_equal(copy, cases[i].utf8);
		snprintf(copy, sizeof(copy), "%s", cases[i].text);
		plain_ascii(copy);
		assert_string_equal(copy, cases[i].ascii);
	}
}

/* What others say cannot end the quotes it stands in. */
static void quoted(void **state)
{
	char ret[PLAIN_QUOTED], text[2 * PLAIN_QUOTED];

	assert_string_equal(plain_quoted("", ret), "\"\"");
	assert_string_equal(plain_quoted("no\nmail", ret), "\"no?mail\"");
	assert_string_equal(plain_quoted("busy\"; run: rm \"x", ret),
			    "\"busy'; run: rm 'x\"");
	for (size_t len = PLAIN_QUOTED - 5; len <= PLAIN_QUOTED; len++) {
		memset(text, '"', len);
		text[len] = '\0';
		assert_ptr_equal(plain_quoted(text, ret), ret);
		assert_int_equal(strlen(ret), len > PLAIN_QUOTED - 3
						      ? PLAIN_QUOTED - 1
						      : len + 2);
		assert_ptr_equal(strchr(ret + 1, '"'), ret + strlen(ret) - 1);
		assert_int_equal(!strstr(ret, "...\""),
				 len <= PLAIN_QUOTED - 3);
	}
}

static void lengths(void **state)
{
	assert_int_equal(plain_len(""), 0);
	assert_int_equal(plain_len("a"), 1);
	assert_int_equal(plain_len("\x1f"), 0);
	assert_int_equal(plain_len("\x7f"), 0);
	assert_int_equal(plain_len("\xc2\x9f"), 0);
	assert_int_equal(plain_len("\xc2\xa0"), 2);
	assert_int_equal(plain_len("\xe2\x82\xac"), 3);
	assert_int_equal(plain_len("\xf0\x9f\x98\x80"), 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_stays),
		cmocka_unit_test(quoted),
		cmocka_unit_test(lengths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
