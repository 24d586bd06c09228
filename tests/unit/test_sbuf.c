/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <jansson.h>
#include "sbuf.h"

static void build(void **state)
{
	AUTO(sbuf_free) struct sbuf s = SBUF_INIT(100);

	assert_string_equal(sbuf_str(&s), "");
	sbuf_adds(&s, "ab");
	sbuf_addc(&s, 'c');
	sbuf_addf(&s, "%d", 42);
	sbuf_add(&s, "xyz", 2);
	assert_string_equal(sbuf_str(&s), "abc42xy");
	assert_int_equal(s.len, 7);
	sbuf_clear(&s);
	assert_string_equal(sbuf_str(&s), "");
	sbuf_add(&s, "a\0b", 3);
	assert_int_equal(s.len, 3);
	assert_memory_equal(s.buf, "a\0b", 4);
}

/* What does not fit is left out whole, and nothing that would fit comes
 * after it: there is never a hole. */
static void ceiling(void **state)
{
	AUTO(sbuf_free) struct sbuf s = SBUF_INIT(5);

	sbuf_adds(&s, "12345");
	assert_false(sbuf_over(&s));
	sbuf_adds(&s, "");
	assert_false(sbuf_over(&s));
	sbuf_addc(&s, '6');
	assert_true(sbuf_over(&s));
	assert_string_equal(sbuf_str(&s), "12345");
	sbuf_clear(&s);
	assert_false(sbuf_over(&s));
	sbuf_adds(&s, "123");
	sbuf_addf(&s, "%s", "456");
	assert_string_equal(sbuf_str(&s), "123");
	sbuf_addc(&s, '4');
	assert_string_equal(sbuf_str(&s), "123");
	assert_true(sbuf_over(&s));
}

static void long_format(void **state)
{
	AUTO(sbuf_free) struct sbuf s = SBUF_INIT(5000);
	char big[3001];

	memset(big, 'y', 3000);
	big[3000] = '\0';
	sbuf_addf(&s, "<%s>", big);
	assert_int_equal(s.len, 3002);
	assert_int_equal(s.buf[3001], '>');
	assert_int_equal(strlen(s.buf), 3002);
	sbuf_addf(&s, "<%s>", big);
	assert_true(sbuf_over(&s));
	assert_int_equal(s.len, 3002);
}

static void take(void **state)
{
	struct sbuf s = SBUF_INIT(10);
	size_t len = 99;
	char *p = sbuf_take(&s, &len);

	assert_string_equal(p, "");
	assert_int_equal(len, 0);
	free(p);
	sbuf_adds(&s, "abc");
	p = sbuf_take(&s, &len);
	assert_string_equal(p, "abc");
	assert_int_equal(len, 3);
	free(p);
	assert_int_equal(s.len, 0);
	assert_null(s.buf);
	/* The ceiling stays. */
	sbuf_adds(&s, "12345678901");
	assert_true(sbuf_over(&s));
	sbuf_erase(&s);
}

/* jansson reads back what we wrote. */
static void clean(void **state)
{
	struct sbuf s = SBUF_INIT(100);

	sbuf_add_clean(&s, "a\033[2J\r\n\x7f\x80\xff ~");
	sbuf_add_clean(&s, NULL);
	assert_string_equal(sbuf_str(&s), "a?[2J????? ~");
	sbuf_free(&s);
}

static void json(void **state)
{
	static const char *const texts[] = {
		"",
		"plain",
		"\"quoted\" and \\ and /",
		"\001\002\037\177\b\f\n\r\t",
		"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80",
	};
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		AUTO(sbuf_free) struct sbuf s = SBUF_INIT(1000);
		json_t *j;

		sbuf_add_json(&s, texts[i]);
		j = json_loads(sbuf_str(&s), JSON_DECODE_ANY, NULL);
		assert_non_null(j);
		assert_string_equal(json_string_value(j), texts[i]);
		json_decref(j);
	}
}

/* Each byte that begins no well-formed sequence is one U+FFFD: a lone
 * continuation, an overlong slash, a surrogate, a cut sequence, beyond
 * U+10FFFF (Unicode 15, 3.9, tables 3-7 and 3-8). */
static void json_of_bad_utf8(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "a\x80z", "\"a\\ufffdz\"" },
		{ "\xc0\xaf", "\"\\ufffd\\ufffd\"" },
		{ "\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\"" },
		{ "\xe2\x82", "\"\\ufffd\\ufffd\"" },
		{ "\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\"" },
		{ "\xf0\x8f\xbf\xbf", "\"\\ufffd\\ufffd\\ufffd\\ufffd\"" },
		{ "\xe0\x9f\xbf", "\"\\ufffd\\ufffd\\ufffd\"" },
		{ "\xff", "\"\\ufffd\"" },
		/* control characters, as terminals understand them: C1, DEL */
		{ "\xc2\x80\xc2\x9b"
		  "2J\xc2\x9f\x7f\x1b",
		  "\"\\u0080\\u009b2J\\u009f\\u007f\\u001b\"" },
		{ "\x9b", "\"\\ufffd\"" },
		{ "\xc2\xa0\xc2", "\"\xc2\xa0\\ufffd\"" },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		AUTO(sbuf_free) struct sbuf s = SBUF_INIT(1000);

		sbuf_add_json(&s, cases[i].in);
		assert_string_equal(sbuf_str(&s), cases[i].out);
	}
}

static void json_over_is_left_out(void **state)
{
	AUTO(sbuf_free) struct sbuf s = SBUF_INIT(10);

	sbuf_adds(&s, "x:");
	sbuf_add_json(&s, "123456789");
	assert_true(sbuf_over(&s));
	assert_string_equal(sbuf_str(&s), "x:");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(build),
		cmocka_unit_test(ceiling),
		cmocka_unit_test(long_format),
		cmocka_unit_test(take),
		cmocka_unit_test(clean),
		cmocka_unit_test(json),
		cmocka_unit_test(json_of_bad_utf8),
		cmocka_unit_test(json_over_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
