/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "disc_pick.h"

static const char *const challenges[] = { "http-01", "dns-01", NULL };
static const char *const allow[] = { "Certs4All.example.", NULL };
static const struct disc_rule plain = { .parent = "corp.example",
					.challenges = challenges };
static const struct disc_rule more = { .parent = "corp.example",
				       .allow = allow,
				       .challenges = challenges };

static const struct {
	const struct disc_rule *rule;
	const char *name, *want; /* want: NULL, or why not */
} instances[] = {
	{ &plain, "corpca._acme-server._tcp.corp.example", NULL },
	{ &plain, "main\\032ca._acme-server._tcp.corp.example", NULL },
	{ &plain, "a\\.b._acme-server._tcp.corp.example", NULL },
	{ &plain, "x._acme-server._tcp.sub.corp.example", NULL },
	{ &plain, "x._acme-server._tcp.evil.example", "other domain" },
	{ &plain, "x._acme-server._tcp.evilcorp.example", "other domain" },
	{ &plain, "x._acme-server._tcp.example", "other domain" },
	{ &more, "x._acme-server._tcp.certs4all.example", NULL },
	{ &more, "x._acme-server._tcp.a.certs4all.example", NULL },
	{ &more, "x._acme-server._tcp.evil.example", "other domain" },
	/* no instance, or of another service */
	{ &plain, "_acme-server._tcp.corp.example", "bad name" },
	{ &plain, "ca.corp.example", "bad name" },
	{ &plain, "x._http._tcp.corp.example", "bad name" },
	{ &plain, "a.b._acme-server._tcp.corp.example", "bad name" },
	{ &plain, "corp.example", "bad name" },
	{ &plain, ".", "bad name" },
};

static void test_instances(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(instances); i++) {
		const char *got = disc_pick_instance(instances[i].rule,
						     instances[i].name);
		const char *want = instances[i].want;

		if ((got || want) && (!got || !want || strcmp(got, want) != 0))
			fail_msg("%s: %s", instances[i].name, got);
	}
}

static const struct {
	const struct disc_rule *rule;
	const char *target;
	unsigned port;
	struct disc_txt txt;
	const char *url, *why;
} offers[] = {
	/* document 004's two */
	{ &plain,
	  "ca.corp.example",
	  443,
	  { "/acme", "ip,dns", NULL },
	  "https://ca.corp.example/acme",
	  NULL },
	{ &plain,
	  "certs4all.example",
	  443,
	  { "/acme/v2", "dns", NULL },
	  NULL,
	  "other domain" },
	{ &more,
	  "certs4all.example",
	  443,
	  { "/acme/v2", "dns", NULL },
	  "https://certs4all.example/acme/v2",
	  NULL },
	{ &plain,
	  "ca.corp.example",
	  14000,
	  { "/dir", "dns", "x,DNS-01" },
	  "https://ca.corp.example:14000/dir",
	  NULL },
	{ &plain,
	  "ca.corp.example",
	  14000,
	  { "/dir", "dns", "tls-alpn-01" },
	  NULL,
	  "no common v" },
	{ &plain,
	  "ca.corp.example",
	  14000,
	  { "/dir", "dns", "" },
	  NULL,
	  "no common v" },
	{ &plain,
	  "ca.corp.example",
	  443,
	  { "/dir", "ip", NULL },
	  NULL,
	  "i lacks dns" },
	{ &plain,
	  "ca.corp.example",
	  443,
	  { "/dir", NULL, NULL },
	  NULL,
	  "i lacks dns" },
	{ &plain,
	  "ca.corp.example",
	  443,
	  { NULL, "dns", NULL },
	  NULL,
	  "no path" },
	{ &plain,
	  "ca.corp.example",
	  443,
	  { "dir", "dns", NULL },
	  NULL,
	  "no path" },
	{ &plain,
	  "ca.corp.example",
	  443,
	  { "@evil.example/", "dns", NULL },
	  NULL,
	  "no path" },
	{ &plain,
	  ".",
	  443,
	  { "/dir", "dns", NULL },
	  NULL,
	  "service not there" },
	{ &plain, ".", 0, { "/dir", "dns", NULL }, NULL, "service not there" },
	{ &plain,
	  "ca.corp.example",
	  0,
	  { "/dir", "dns", NULL },
	  NULL,
	  "bad name" },
	{ &plain,
	  "a\\@b.corp.example",
	  443,
	  { "/dir", "dns", NULL },
	  NULL,
	  "bad name" },
	{ &plain,
	  "a\\032b.corp.example",
	  443,
	  { "/dir", "dns", NULL },
	  NULL,
	  "bad name" },
	{ &plain,
	  "a\\.corp.example",
	  443,
	  { "/dir", "dns", NULL },
	  NULL,
	  "bad name" },
};

static void test_offers(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(offers); i++) {
		AUTO(arena_free) struct arena *arena = arena_new();
		struct disc_offer o = { .target = offers[i].target,
					.port = offers[i].port };
		const char *why = disc_pick_offer(offers[i].rule,
						  &offers[i].txt, arena, &o);

		if (offers[i].why) {
			if (!why || strcmp(why, offers[i].why) != 0 || o.url)
				fail_msg("case %zu: %s %s", i, why, o.url);
		} else if (why || strcmp(o.url, offers[i].url) != 0) {
			fail_msg("case %zu: %s %s", i, why, o.url);
		}
	}
}

/* What a row of the store may say. */
static void test_urls(void **state)
{
	static const struct {
		const struct disc_rule *rule;
		const char *url;
		bool ok;
	} urls[] = {
		{ &plain, "https://ca.corp.example/acme", true },
		{ &plain, "https://ca.corp.example:14000/dir?a=b", true },
		{ &plain, "https://corp.example/", true },
		{ &more, "https://a.certs4all.example/dir", true },
		{ &plain, "https://a.certs4all.example/dir", false },
		{ &plain, "https://evil.example/dir", false },
		{ &plain, "https://evilcorp.example/dir", false },
		{ &plain, "https://ca.corp.example@evil.example/dir", false },
		{ &plain, "https://ca.corp.example:1@evil.example/d", false },
		{ &plain, "https://evil.example\\.corp.example/d", false },
		{ &plain, "https://evil.example#.corp.example/d", false },
		{ &plain, "https://evil.example?.corp.example/d", false },
		{ &plain, "https://ca.corp.example", false },
		{ &plain, "https://ca.corp.example/a b", false },
		{ &plain, "https://127.0.0.1/d", false },
		{ &plain, "https://[::1]/d", false },
		{ &plain, "https:///d", false },
		{ &plain, "http://ca.corp.example/d", false },
		{ &plain, "", false },
	};

	for (size_t i = 0; i < ARRAY_LEN(urls); i++)
		if (disc_pick_url_ok(urls[i].rule, urls[i].url) != urls[i].ok)
			fail_msg("%s", urls[i].url);
}

/* What is drawn: the least, the most, or in turn. */
static uint32_t least(void *arg, uint32_t max)
{
	return 0;
}

static uint32_t most(void *arg, uint32_t max)
{
	return max;
}

static uint32_t lcg(void *arg, uint32_t max)
{
	uint64_t *seed = arg;

	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t) ((*seed >> 33) % ((uint64_t) max + 1));
}

static void assert_order(const struct disc_offer *v, size_t n, const char *want)
{
	char got[20] = "";

	for (size_t i = 0; i < n; i++)
		got[i] = v[i].instance[0];
	assert_string_equal(got, want);
}

static void test_order(void **state)
{
	static const struct disc_offer given[] = {
		{ .instance = "a", .priority = 20, .weight = 0 },
		{ .instance = "b", .priority = 10, .weight = 60 },
		{ .instance = "c", .priority = 10, .weight = 0 },
		{ .instance = "d", .priority = 0, .weight = 0 },
		{ .instance = "e", .priority = 10, .weight = 20 },
		{ .instance = "f", .priority = 65535, .weight = 65535 },
	};
	struct disc_offer v[6];

	/* RFC 2782: the one of weight 0 when 0 is drawn, else by the sums */
	memcpy(v, given, sizeof(given));
	disc_pick_order(v, 6, least, NULL);
	assert_int_equal(v[0].instance[0], 'd');
	assert_int_equal(v[1].instance[0], 'c');
	assert_int_equal(v[4].instance[0], 'a');
	assert_int_equal(v[5].instance[0], 'f');
	memcpy(v, given, sizeof(given));
	disc_pick_order(v, 6, most, NULL);
	assert_int_equal(v[3].instance[0], 'c');
	memcpy(v, given, sizeof(given));
	disc_pick_order(v, 1, most, NULL);
	assert_order(v, 1, "a");
	disc_pick_order(v, 0, most, NULL);
}

/* Over many: 60 to 20 is three to one, and weight 0 is seldom first. */
static void test_weights(void **state)
{
	uint64_t seed = 42;
	int first[3] = { 0 };

	for (int i = 0; i < 8100; i++) {
		struct disc_offer v[] = {
			{ .instance = "a", .priority = 1, .weight = 60 },
			{ .instance = "b", .priority = 1, .weight = 20 },
			{ .instance = "c", .priority = 1, .weight = 0 },
		};

		disc_pick_order(v, 3, lcg, &seed);
		first[v[0].instance[0] - 'a']++;
	}
	/* 60, 20 and 1 of 81 */
	assert_in_range(first[0], 5700, 6300);
	assert_in_range(first[1], 1800, 2200);
	assert_in_range(first[2], 60, 150);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_instances), cmocka_unit_test(test_offers),
		cmocka_unit_test(test_urls),	  cmocka_unit_test(test_order),
		cmocka_unit_test(test_weights),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
