/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "ari_info.h"

static struct arena *arena;
static struct err err;

static int setup(void **state)
{
	arena = arena_new();
	return 0;
}

static int teardown(void **state)
{
	arena_free(&arena);
	return 0;
}

static int parse(const char *json, struct ari_info *ret)
{
	err_clear(&err);
	return ari_info_parse(json, strlen(json), arena, ret, &err);
}

static int window(const char *start, const char *end, struct ari_info *ret)
{
	char json[500];

	snprintf(json, sizeof(json),
		 "{\"suggestedWindow\":{\"start\":\"%s\",\"end\":\"%s\"}}",
		 start, end);
	return parse(json, ret);
}

/* Seconds by date -ud. */
static void windows(void **state)
{
	static const struct {
		const char *start, *end;
		int64_t from, to; /* 0: refused */
	} cases[] = {
		/* RFC 9773 section 4.2 */
		{ "2025-01-02T04:00:00Z", "2025-01-03T04:00:00Z", 1735790400,
		  1735876800 },
		/* offsets */
		{ "2025-01-02T06:00:00+02:00", "2025-01-02T22:30:00-05:30",
		  1735790400, 1735876800 },
		{ "2025-01-02t04:00:00z", "2025-01-03 04:00:00Z", 1735790400,
		  1735876800 },
		/* fractions: no second of it begins before it */
		{ "2025-01-02T04:00:00.25Z", "2025-01-03T04:00:00.999999999Z",
		  1735790401, 1735876800 },
		{ "2025-01-02T04:00:00.000Z", "2025-01-03T04:00:00.0Z",
		  1735790400, 1735876800 },
		{ "2025-01-02T04:00:00.1234567890123456789012345678901Z",
		  "2025-01-03T04:00:00Z", 1735790401, 1735876800 },
		{ "2025-01-02T04:00:00.1Z", "2025-01-02T04:00:00.2Z",
		  1735790401, 1735790402 },
		{ "2024-02-29T00:00:00Z", "2024-03-01T00:00:00Z", 1709164800,
		  1709251200 },
		/* the end is not after the start */
		{ "2025-01-03T04:00:00Z", "2025-01-02T04:00:00Z", 0, 0 },
		{ "2025-01-02T04:00:00Z", "2025-01-02T04:00:00Z", 0, 0 },
		{ "2025-01-02T04:00:00.5Z", "2025-01-02T04:00:00.5Z", 0, 0 },
		{ "2025-01-02T04:00:00.6Z", "2025-01-02T04:00:00.5Z", 0, 0 },
		/* no instants */
		{ "2025-01-02T04:00:00", "2025-01-03T04:00:00Z", 0, 0 },
		{ "2025-01-02T04:00Z", "2025-01-03T04:00:00Z", 0, 0 },
		{ "2025-01-02", "2025-01-03", 0, 0 },
		{ "2025-13-02T04:00:00Z", "2026-01-03T04:00:00Z", 0, 0 },
		{ "2025-00-02T04:00:00Z", "2026-01-03T04:00:00Z", 0, 0 },
		{ "2025-02-29T04:00:00Z", "2026-01-03T04:00:00Z", 0, 0 },
		{ "2100-02-29T04:00:00Z", "2101-01-03T04:00:00Z", 0, 0 },
		{ "2025-01-32T04:00:00Z", "2026-01-03T04:00:00Z", 0, 0 },
		{ "2025-01-02T24:00:00Z", "2026-01-03T04:00:00Z", 0, 0 },
		{ "2025-01-02T04:60:00Z", "2026-01-03T04:00:00Z", 0, 0 },
		{ "2025-01-02T04:00:61Z", "2026-01-03T04:00:00Z", 0, 0 },
		{ "2025-01-02T04:00:00.Z", "2026-01-03T04:00:00Z", 0, 0 },
		{ "2025-01-02T04:00:00+2:00", "2026-01-03T04:00:00Z", 0, 0 },
		{ "2025-01-02T04:00:00+24:00", "2026-01-03T04:00:00Z", 0, 0 },
		{ "2025-01-02T04:00:00Z ", "2026-01-03T04:00:00Z", 0, 0 },
		{ " 2025-01-02T04:00:00Z", "2026-01-03T04:00:00Z", 0, 0 },
		{ "+2025-01-02T04:00:00Z", "2026-01-03T04:00:00Z", 0, 0 },
		{ "1969-12-31T23:59:59Z", "2026-01-03T04:00:00Z", 0, 0 },
		{ "1970-01-01T00:30:00+01:00", "2026-01-03T04:00:00Z", 0, 0 },
		{ "10000-01-01T00:00:00Z", "10001-01-03T04:00:00Z", 0, 0 },
		{ "2025-01-02T04:00:00Z", "9999-12-31T23:59:59-01:00", 0, 0 },
		{ "", "", 0, 0 },
		{ "\\u001b[2J", "2026-01-03T04:00:00Z", 0, 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ari_info info = { .start = 7 };
		int rc = window(cases[i].start, cases[i].end, &info);

		if (rc != (cases[i].from ? 0 : -1))
			fail_msg("%s %s: %d %s", cases[i].start, cases[i].end,
				 rc, err.msg);
		if (rc == -1) {
			assert_int_equal(info.start, 7);
			assert_int_equal(err.kind, ERR_INPUT);
			assert_null(strchr(err.msg, 27));
			continue;
		}
		if (info.start != cases[i].from || info.end != cases[i].to)
			fail_msg("%s %s: %lld %lld", cases[i].start,
				 cases[i].end, (long long) info.start,
				 (long long) info.end);
	}
}

static void garbage(void **state)
{
	static const char *const bad[] = {
		"",
		"null",
		"[]",
		"\"x\"",
		"{",
		"{}",
		"{\"suggestedWindow\":null}",
		"{\"suggestedWindow\":[]}",
		"{\"suggestedWindow\":{}}",
		"{\"suggestedWindow\":{\"start\":1,\"end\":2}}",
		"{\"suggestedWindow\":{\"start\":\"2025-01-02T04:00:00Z\"}}",
		"{\"suggestedWindow\":{},\"suggestedWindow\":{}}",
		"<html>no</html>",
	};
	struct ari_info info;
	char big[ARI_BODY_MAX + 2];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (parse(bad[i], &info) != -1 || err.kind != ERR_INPUT)
			fail_msg("%s", bad[i]);
	memset(big, ' ', sizeof(big));
	big[sizeof(big) - 1] = '\0';
	assert_int_equal(parse(big, &info), -1);
	memset(big, '[', sizeof(big) - 2);
	big[sizeof(big) - 2] = '\0';
	assert_int_equal(parse(big, &info), -1);
}

static const char *url_of(const char *url)
{
	struct ari_info info = { .url = "?" };
	char json[2000];

	snprintf(json, sizeof(json),
		 "{\"suggestedWindow\":{\"start\":\"2025-01-02T04:00:00Z\","
		 "\"end\":\"2025-01-03T04:00:00Z\"},\"explanationURL\":%s,"
		 "\"more\":[1]}",
		 url);
	assert_int_equal(parse(json, &info), 0);
	return info.url ? info.url : "none";
}

static void urls(void **state)
{
	char longest[ARI_URL_MAX + 10] = "\"https://ca.example/";

	assert_string_equal(url_of("\"https://ca.example/why?x#y\""),
			    "https://ca.example/why?x#y");
	assert_string_equal(url_of("\"HTTP://ca.example/\""),
			    "HTTP://ca.example/");
	assert_string_equal(url_of("\"https://\""), "none");
	assert_string_equal(url_of("\"javascript:alert(1)\""), "none");
	assert_string_equal(url_of("\"file:///etc/passwd\""), "none");
	assert_string_equal(url_of("\"//ca.example/\""), "none");
	assert_string_equal(url_of("\"https://ca.example/a b\""), "none");
	assert_string_equal(url_of("\"https://ca.example/\\n\""), "none");
	assert_string_equal(url_of("\"https://ca.example/\\u001b[2J\""),
			    "none");
	assert_string_equal(url_of("\"https://ca.example/\\u00e4\""), "none");
	assert_string_equal(url_of("7"), "none");
	assert_string_equal(url_of("null"), "none");
	memset(longest + 20, 'x', ARI_URL_MAX - 19);
	strcpy(longest + ARI_URL_MAX + 1, "\"");
	assert_int_equal(strlen(url_of(longest)), ARI_URL_MAX);
	strcpy(longest + ARI_URL_MAX + 1, "x\"");
	assert_string_equal(url_of(longest), "none");
}

static void again(void **state)
{
	const int64_t now = 1735790400;

	assert_int_equal(ari_info_again(now, 0), now + 21600);
	assert_int_equal(ari_info_again(now, now + 21600), now + 21600);
	assert_int_equal(ari_info_again(now, now + 61), now + 61);
	assert_int_equal(ari_info_again(now, now + 59), now + 60);
	assert_int_equal(ari_info_again(now, now), now + 60);
	assert_int_equal(ari_info_again(now, 1), now + 60);
	assert_int_equal(ari_info_again(now, now + 86400), now + 86400);
	assert_int_equal(ari_info_again(now, now + 86401), now + 86400);
	assert_int_equal(ari_info_again(now, INT64_MAX), now + 86400);
}

/* Each second of a window may be it, and none outside. */
static void choice(void **state)
{
	const struct ari_info info = { .start = 1000, .end = 1020 };
	const struct ari_choice none = { 0 };
	struct ari_choice c, kept;
	int seen[10] = { 0 };

	for (uint32_t r = 4294967290u; r != 14; r++) {
		c = ari_info_choose(&info, &none, r);
		assert_in_range(c.at, 1000, 1009);
		assert_int_equal(c.start, 1000);
		assert_int_equal(c.end, 1020);
		seen[c.at - 1000]++;
	}
	for (size_t i = 0; i < 10; i++)
		assert_in_range(seen[i], 1, 3);
	/* not rolled anew, as long as the window is the same */
	c = ari_info_choose(&info, &none, 7);
	for (uint32_t r = 0; r < 20; r++) {
		kept = ari_info_choose(&info, &c, r);
		assert_int_equal(kept.at, c.at);
	}
	kept = ari_info_choose(&(struct ari_info){ .start = 1000, .end = 1022 },
			       &c, 10);
	assert_int_equal(kept.at, 1010);
	kept = ari_info_choose(&(struct ari_info){ .start = 999, .end = 1020 },
			       &c, 0);
	assert_int_equal(kept.at, 999);
	/* what the row says of it may be anything */
	c.at = 1020;
	assert_int_equal(ari_info_choose(&info, &c, 3).at, 1003);
	c.at = 999;
	assert_int_equal(ari_info_choose(&info, &c, 3).at, 1003);
	/* a window without an end: none of us lives so long */
	c = ari_info_choose(
		&(struct ari_info){ .start = 1, .end = 253402300799 }, &none,
		UINT32_MAX);
	assert_in_range(c.at, 1, 253402300798);
}

/* The run that comes within an hour finds the window open. */
static void in_time(void **state)
{
	static const int64_t window[] = {
		11520,	/* Let's Encrypt's, of 160 hours */
		77760,	/* ... of 45 days */
		155520, /* ... of 90 */
		8401,	7500,
	};
	const struct ari_choice none = { 0 };

	for (size_t i = 0; i < sizeof(window) / sizeof(window[0]); i++) {
		const struct ari_info info = { .start = 5,
					       .end = 5 + window[i] };

		for (uint32_t r = 0; r < UINT32_MAX - 99999; r += 99999)
			assert_in_range(ari_info_choose(&info, &none, r).at, 5,
					info.end - 3601);
	}
	/* one that no hourly run can be sure of */
	for (uint32_t r = 0; r < 2000; r++)
		assert_in_range(
			ari_info_choose(&(struct ari_info){ 5, 605 }, &none, r)
				.at,
			5, 304);
	assert_int_equal(
		ari_info_choose(&(struct ari_info){ 5, 6 }, &none, 77).at, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(windows), cmocka_unit_test(garbage),
		cmocka_unit_test(urls),	   cmocka_unit_test(again),
		cmocka_unit_test(choice),  cmocka_unit_test(in_time),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
