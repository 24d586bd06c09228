/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "range.h"

/* The table of the guidelines, with units: what VALUE is an alert. */
static void alerts(void **state)
{
	static const struct {
		const char *text;
		double value;
		bool alert;
	} cases[] = {
		{ "10%", -1, true },	   { "10%", 0, false },
		{ "10%", 10, false },	   { "10%", 10.1, true },
		{ "10%:", 9.99, true },	   { "10%:", 10, false },
		{ "10%:", 1e9, false },	   { "~:10%", 10.1, true },
		{ "~:10%", -1e9, false },  { "10%:20%", 9, true },
		{ "10%:20%", 20, false },  { "10%:20%", 21, true },
		{ "@10%:20%", 10, true },  { "@10%:20%", 20, true },
		{ "@10%:20%", 21, false }, { "@10%:20%", 9, false },
		{ "7d:", 604799, true },   { "7d:", 604800, false },
		{ "@0:2h", 7200, true },   { "@0:2h", 7201, false },
		{ "0:30m", 1800, false },  { "0:30m", -1, true },
		{ "@~:90s", 90, true },	   { "0:1w", 604801, true },
	};
	struct err err = ERR_INIT;
	struct range r;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(range_parse(cases[i].text, &r, &err), 0);
		assert_int_equal(r.share, !!strchr(cases[i].text, '%'));
		if (range_alerts(&r, cases[i].value) != cases[i].alert)
			fail_msg("%s: %f", cases[i].text, cases[i].value);
	}
}

static void refused(void **state)
{
	static const char *const cases[] = {
		"",	  "@",	     ":",     "10",	"10:",	    "1:2",
		"0",	  "0:",	     "%",     "%:",	"101%:",    "-1%:",
		"10%:1d", "20%:10%", "1.5%:", "10%:20", "10%:20%:", "x",
		"7d:x",	  "1y:",     "~",     "~:",	"@@1%",	    "7 d:",
		" 7d:",	  "1e3s:",   "@:",    "10%:~",
	};
	struct range r = { .start = 42 };

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct err err = ERR_INIT;

		if (range_parse(cases[i], &r, &err) != -1)
			fail_msg("\"%s\" is accepted", cases[i]);
		assert_int_equal(err.kind, ERR_USAGE);
		assert_non_null(strstr(err.msg, "threshold \""));
		assert_true(r.start == 42);
	}
}

/* As performance data have them: plain numbers of the base unit. */
static void text(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "10%", "0:10" },     { "10%:", "10:" },
		{ "~:10%", "~:10" },   { "@10%:20%", "@10:20" },
		{ "7d:", "604800:" },  { "@0:2h", "@0:7200" },
		{ "@~:90s", "@~:90" },
	};
	struct err err = ERR_INIT;
	struct range r;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		AUTO(sbuf_free) struct sbuf out = SBUF_INIT(100);

		assert_int_equal(range_parse(cases[i].text, &r, &err), 0);
		range_text(&r, &out);
		assert_string_equal(sbuf_str(&out), cases[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(alerts),
		cmocka_unit_test(refused),
		cmocka_unit_test(text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
