/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "ca_offer.h"

#define NOW 1700000000

static struct arena *arena;

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

static struct acme_profile two[] = { { "classic", "as ever" },
				     { "short", "" } };
static const char *domains[] = { "ca.example", "ca2.example" };

static void text(void **state)
{
	const struct acme_offer o = { .renewal_info = "https://ca/ari",
				      .profiles = two,
				      .n_profiles = 2,
				      .caa = domains,
				      .n_caa = 2 };
	const struct acme_offer nothing = { .terms = "x" };
	struct store_offer s;

	ca_offer_text(&o, NOW, arena, &s);
	assert_string_equal(s.renewal_info, "https://ca/ari");
	assert_string_equal(s.profiles, "classic\tas ever\nshort\t\n");
	assert_string_equal(s.caa, "ca.example ca2.example");
	assert_int_equal(s.ts, NOW);
	assert_string_equal(store_offer_profile(&s, "classic", arena),
			    "as ever");
	ca_offer_text(&nothing, NOW, arena, &s);
	assert_string_equal(s.renewal_info, "");
	assert_string_equal(s.profiles, "");
	assert_string_equal(s.caa, "");
}

/* The most that the parser lets through: whole words of it. */
static void limits(void **state)
{
	struct acme_profile many[ACME_PROFILES_MAX];
	const char *far[ACME_CAA_MAX];
	struct acme_offer o = { .profiles = many, .caa = far };
	char long_text[500], domain[254];
	struct store_offer s;

	memset(long_text, 'x', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	memset(domain, 'd', sizeof(domain) - 1);
	domain[sizeof(domain) - 1] = '\0';
	for (; o.n_profiles < ACME_PROFILES_MAX; o.n_profiles++)
		many[o.n_profiles] = (struct acme_profile){ "p", long_text };
	for (; o.n_caa < ACME_CAA_MAX; o.n_caa++)
		far[o.n_caa] = domain;
	ca_offer_text(&o, NOW, arena, &s);
	assert_in_range(strlen(s.profiles), 1, STORE_OFFER_TEXT_MAX);
	assert_int_equal(strlen(s.profiles) % 502, 0);
	assert_int_equal(strlen(s.caa), 3 * 254 - 1);
}

static void differs(void **state)
{
	const struct store_offer was = { "https://ca/ari", "a\tb\n", "ca",
					 NOW };
	struct store_offer new = was;

	assert_false(ca_offer_differs(&was, &new));
	assert_true(ca_offer_differs(&(struct store_offer){ .ts = NOW }, &new));
	new.ts = NOW + 86399;
	assert_false(ca_offer_differs(&was, &new));
	new.ts = NOW + 86400;
	assert_true(ca_offer_differs(&was, &new));
	new.ts = NOW - 1; /* a wrong clock wrote the other */
	assert_true(ca_offer_differs(&was, &new));
	new.ts = NOW;
	new.renewal_info = "";
	assert_true(ca_offer_differs(&was, &new));
	new = was;
	new.profiles = "";
	assert_true(ca_offer_differs(&was, &new));
	new = was;
	new.caa = "ca ca2";
	assert_true(ca_offer_differs(&was, &new));
}

/* The last word of a directory, that it has none, does not hold for long. */
static void none(void **state)
{
	struct store_offer o = { .renewal_info = "https://ca/ari", .ts = NOW };

	assert_string_equal(ca_offer_renewal_info(&o, NOW + 400 * 86400),
			    "https://ca/ari");
	o.renewal_info = "";
	assert_string_equal(ca_offer_renewal_info(&o, NOW), "");
	assert_string_equal(ca_offer_renewal_info(&o, NOW + 86399), "");
	assert_null(ca_offer_renewal_info(&o, NOW + 86400));
	assert_null(ca_offer_renewal_info(&o, NOW - 1));
	o.renewal_info = NULL;
	assert_null(ca_offer_renewal_info(&o, NOW));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text),
		cmocka_unit_test(limits),
		cmocka_unit_test(differs),
		cmocka_unit_test(none),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
