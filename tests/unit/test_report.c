/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "report.h"

static void text(void **state)
{
	struct report_counts c = { .renewed = 12,
				   .failed = 1,
				   .waiting = 3,
				   .requests = 97,
				   .seconds = 41 };
	char buf[REPORT_TEXT];

	assert_string_equal(report_text(&c, buf),
			    "12 renewed, 1 failed, 3 waiting; 00:41; "
			    "97 requests");
	c.seconds = 3600 + 2 * 60 + 5;
	assert_string_equal(report_text(&c, buf),
			    "12 renewed, 1 failed, 3 waiting; 1:02:05; "
			    "97 requests");
	c.parked = 2;
	assert_string_equal(report_text(&c, buf),
			    "12 renewed, 1 failed, 3 waiting, 2 with the CA; "
			    "1:02:05; 97 requests");
	c = (struct report_counts){ .renewed = SIZE_MAX,
				    .parked = SIZE_MAX,
				    .failed = SIZE_MAX,
				    .waiting = SIZE_MAX,
				    .requests = SIZE_MAX,
				    .seconds = INT64_MAX };
	assert_non_null(strstr(report_text(&c, buf), " requests"));
}

/* The name as a shell takes it: a row may have any. */
static void more(void **state)
{
	static const struct {
		enum fail_class class;
		const char *name, *want;
	} cases[] = {
		{ FAIL_CAA, "www.example.org",
		  "; certrepo-fetcher caa www.example.org prints the records "
		  "it wants" },
		{ FAIL_CAA, "a;id",
		  "; certrepo-fetcher caa 'a;id' prints the records it wants" },
		{ FAIL_CAA, "-n",
		  "; certrepo-fetcher caa -- -n prints the records it wants" },
		{ FAIL_DNS, "www.example.org", "" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *got = report_more(cases[i].class, cases[i].name);

		assert_string_equal(got, cases[i].want);
		free(got);
	}
}

static void status(void **state)
{
	static const struct {
		size_t renewed, failed, waiting;
		int want;
		bool account;
	} cases[] = {
		{ 0, 0, 9, 78, true }, { 5, 0, 9, 2, true },
		{ 0, 1, 9, 1, true },  { 5, 0, 0, 0, true },
		{ 0, 0, 0, 0 },	       { 5, 0, 0, 0 },
		{ 0, 1, 0, 1 },	       { 0, 1, 9, 1 },
		{ 0, 0, 9, 69 },       { 5, 1, 0, 2 },
		{ 5, 0, 1, 2 },	       { 5, 1, 1, 2 },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct report_counts c = { .renewed = cases[i].renewed,
					   .failed = cases[i].failed,
					   .waiting = cases[i].waiting,
					   .account = cases[i].account };

		assert_int_equal(report_status(&c), cases[i].want);
		/* a CA that takes its time is as it should be */
		c.parked = 3;
		assert_int_equal(report_status(&c), cases[i].want);
	}
}

static void ordinal(void **state)
{
	static const struct {
		int64_t n;
		const char *want;
	} cases[] = {
		{ 1, "1st" },	  { 2, "2nd" },	      { 3, "3rd" },
		{ 4, "4th" },	  { 10, "10th" },     { 11, "11th" },
		{ 12, "12th" },	  { 13, "13th" },     { 21, "21st" },
		{ 112, "112th" }, { 1003, "1003rd" },
	};
	char buf[32];
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(report_ordinal(cases[i].n, buf),
				    cases[i].want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text),
		cmocka_unit_test(more),
		cmocka_unit_test(status),
		cmocka_unit_test(ordinal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
