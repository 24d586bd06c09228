/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "num.h"

static void integers(void **state)
{
	static const struct {
		const char *text;
		int64_t min, max;
		int rc;
		int64_t want;
	} cases[] = {
		{ "0", 0, 9, 0, 0 },
		{ "007", 0, 9, 0, 7 },
		{ "-5", -5, 5, 0, -5 },
		{ "-6", -5, 5, -1, 0 },
		{ "6", -5, 5, -1, 0 },
		{ "9223372036854775807", INT64_MIN, INT64_MAX, 0, INT64_MAX },
		{ "-9223372036854775808", INT64_MIN, INT64_MAX, 0, INT64_MIN },
		{ "9223372036854775808", INT64_MIN, INT64_MAX, -1, 0 },
		{ "-9223372036854775809", INT64_MIN, INT64_MAX, -1, 0 },
		{ "18446744073709551616", INT64_MIN, INT64_MAX, -1, 0 },
		{ "18446744073709551621", 0, 9, -1, 0 }, /* 5 modulo 2^64 */
		{ "", 0, 9, -1, 0 },
		{ "-", -9, 9, -1, 0 },
		{ "--1", -9, 9, -1, 0 },
		{ "+1", 0, 9, -1, 0 },
		{ " 1", 0, 9, -1, 0 },
		{ "1 ", 0, 9, -1, 0 },
		{ "1\n", 0, 9, -1, 0 },
		{ "0x1", 0, 9, -1, 0 },
		{ "1e0", 0, 9, -1, 0 },
		{ "1.0", 0, 9, -1, 0 },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = ERR_INIT;
		int64_t value = -77;

		assert_int_equal(num_int(cases[i].text, cases[i].min,
					 cases[i].max, &value, &err),
				 cases[i].rc);
		assert_int_equal(value, cases[i].rc ? -77 : cases[i].want);
		assert_int_equal(err.kind, cases[i].rc ? ERR_INPUT : ERR_NONE);
	}
}

static void durations(void **state)
{
	static const struct {
		const char *text;
		int64_t max;
		int rc;
		int64_t want;
	} cases[] = {
		{ "0", 100, 0, 0 },
		{ "90", 100, 0, 90 },
		{ "90s", 100, 0, 90 },
		{ "15m", 1000, 0, 900 },
		{ "2h", 10000, 0, 7200 },
		{ "30d", 5000000, 0, 2592000 },
		{ "1w", 604800, 0, 604800 },
		{ "1w", 604799, -1, 0 },
		{ "9223372036854775807w", INT64_MAX, -1, 0 },
		{ "99999999999999999999", INT64_MAX, -1, 0 },
		{ "", 100, -1, 0 },
		{ "s", 100, -1, 0 },
		{ "-1s", 100, -1, 0 },
		{ "1 s", 100, -1, 0 },
		{ "1sm", 100, -1, 0 },
		{ "1y", INT64_MAX, -1, 0 },
		{ "1h30m", INT64_MAX, -1, 0 },
		{ "1.5h", INT64_MAX, -1, 0 },
		{ "1H", INT64_MAX, -1, 0 },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = ERR_INIT;
		int64_t value = -77;

		assert_int_equal(
			num_duration(cases[i].text, cases[i].max, &value, &err),
			cases[i].rc);
		assert_int_equal(value, cases[i].rc ? -77 : cases[i].want);
		assert_int_equal(err.kind, cases[i].rc ? ERR_INPUT : ERR_NONE);
	}
}

static void modes(void **state)
{
	static const struct {
		const char *text;
		int rc;
		mode_t want;
	} cases[] = {
		{ "640", 0, 0640 },   { "0640", 0, 0640 },   { "000", 0, 0 },
		{ "7777", 0, 07777 }, { "07777", 0, 07777 }, { "10000", -1, 0 },
		{ "17777", -1, 0 },   { "648", -1, 0 },	     { "", -1, 0 },
		{ "6", -1, 0 },	      { "-640", -1, 0 },     { "u=rw", -1, 0 },
		{ "0640 ", -1, 0 },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = ERR_INIT;
		mode_t mode = 01;

		assert_int_equal(num_mode(cases[i].text, &mode, &err),
				 cases[i].rc);
		assert_int_equal(mode, cases[i].rc ? 01 : cases[i].want);
	}
}

static void message_names_the_text(void **state)
{
	struct err err = ERR_INIT;
	int64_t value;

	assert_int_equal(num_int("12x", 0, 99, &value, &err), -1);
	assert_string_equal(err.msg, "\"12x\" is not a number");
	assert_int_equal(num_int("100", 0, 99, &value, &err), -1);
	assert_string_equal(err.msg,
			    "100 is out of range, 0 to 99 is accepted");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(integers),
		cmocka_unit_test(durations),
		cmocka_unit_test(modes),
		cmocka_unit_test(message_names_the_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
