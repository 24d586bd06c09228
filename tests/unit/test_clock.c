/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <time.h>
#include <unistd.h>
#include "clock.h"

/* From `date -u -d @T +%FT%TZ`. */
static void text(void **state)
{
	char buf[CLOCK_TEXT];

	assert_string_equal(clock_text(0, buf), "1970-01-01T00:00:00Z");
	assert_string_equal(clock_text(1, buf), "1970-01-01T00:00:01Z");
	assert_string_equal(clock_text(1709210096, buf),
			    "2024-02-29T12:34:56Z");
	assert_string_equal(clock_text(2147483648, buf),
			    "2038-01-19T03:14:08Z");
	assert_string_equal(clock_text(253402300799, buf),
			    "9999-12-31T23:59:59Z");
	assert_string_equal(clock_text(253402300800, buf), "-");
	assert_string_equal(clock_text(-1, buf), "-");
	assert_string_equal(clock_text(INT64_MAX, buf), "-");
	assert_string_equal(clock_text(INT64_MIN, buf), "-");
}

static void span(void **state)
{
	static const struct {
		int64_t seconds;
		const char *want;
	} cases[] = {
		{ 0, "0 s" },
		{ 40, "40 s" },
		{ 60, "1 min" },
		{ 90, "90 s" },
		{ 120, "2 min" },
		{ 3600, "1 h" },
		{ 5 * 3600, "5 h" },
		{ 86400, "1 day" },
		{ 90000, "25 h" },
		{ 3 * 86400, "3 days" },
		{ -40, "-40 s" },
		{ -172800, "-2 days" },
		{ INT64_MAX, "106751991167300 days" },
		{ INT64_MIN, "-106751991167300 days" },
	};
	char buf[CLOCK_TEXT];
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(clock_span(cases[i].seconds, buf),
				    cases[i].want);
}

static void doubt(void **state)
{
	char buf[CLOCK_DOUBT];

	/* date -ud 2027-02-21 +%s */
	assert_string_equal(
		clock_doubt(1803168000 + 86399, buf),
		"this host's clock says 2027-02-21 (date): see that "
		"it is right");
	assert_string_equal(clock_doubt(0, buf),
			    "this host's clock is wrong, it says 1970-01-01 "
			    "(date): set it");
	assert_string_equal(clock_doubt(INT64_MAX, buf),
			    "this host's clock is wrong, it says - (date): "
			    "set it");
	assert_string_equal(clock_doubt(INT64_MIN, buf),
			    "this host's clock is wrong, it says - (date): "
			    "set it");
}

static void now(void **state)
{
	time_t before = time(NULL);
	int64_t mono = clock_mono_ms();

	assert_in_range(clock_now(), before, before + 5);
	clock_set_for_test(1000);
	assert_int_equal(clock_now(), 1000);
	clock_set_for_test(0);
	assert_int_equal(clock_now(), 0);
	clock_set_for_test(-1);
	assert_in_range(clock_now(), before, before + 5);
	usleep(20000);
	assert_in_range(clock_mono_ms() - mono, 20, 5000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text),
		cmocka_unit_test(span),
		cmocka_unit_test(doubt),
		cmocka_unit_test(now),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
