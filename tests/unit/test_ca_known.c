/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include "ca_known.h"
#include "mem.h"

#define LE "https://acme-v02.api.letsencrypt.org/directory"

/* date -ud */
#define NOV_2026 1795910400
#define FEB_2027 1802217599 /* 2027-02-09T23:59:59Z */
#define MAR_2029 1867449600

/* letsencrypt.org/docs/profiles and its announcements. */
static void lets_encrypt(void **state)
{
	static const struct {
		const char *profile;
		int64_t now, hours, until, then_days, names;
		bool cn;
	} cases[] = {
		{ "classic", NOV_2026, 90 * 24, FEB_2027 + 1, 64, 100, true },
		{ "classic", FEB_2027, 90 * 24, FEB_2027 + 1, 64, 100, true },
		{ "classic", FEB_2027 + 1, 64 * 24, 1834272000, 45, 100, true },
		{ "classic", MAR_2029, 45 * 24, 0, 0, 100, true },
		{ "tlsserver", NOV_2026, 45 * 24, 0, 0, 25, false },
		{ "shortlived", NOV_2026, 160, 0, 0, 25, false },
	};
	struct ca_known k;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_true(ca_known_profile(LE, cases[i].profile, cases[i].now,
					     &k));
		assert_int_equal(k.life, cases[i].hours * 3600);
		assert_int_equal(k.until, cases[i].until);
		assert_int_equal(k.then, cases[i].then_days * 86400);
		assert_int_equal(k.max_names, cases[i].names);
		assert_int_equal(k.cn, cases[i].cn);
		assert_false(k.client_auth);
		assert_false(k.ended);
	}
	assert_true(ca_known_profile(LE, "tlsclient", NOV_2026, &k));
	assert_true(k.ended);
}

static void others(void **state)
{
	static const char *const directories[] = {
		"https://acme-v02.api.letsencrypt.org.evil.example/directory",
		"https://127.0.0.1:14000/dir",
		"https://x/acme-v02.api.letsencrypt.org/",
		"acme-v02.api.letsencrypt.org",
		"",
		NULL,
	};
	struct ca_known k;

	for (size_t i = 0; i < ARRAY_LEN(directories); i++)
		assert_false(ca_known_profile(directories[i], "classic",
					      NOV_2026, &k));
	assert_false(ca_known_profile(LE, "Classic", NOV_2026, &k));
	assert_true(ca_known_profile("HTTPS://ACME-v02.api.letsencrypt.org:443"
				     "/directory",
				     "classic", NOV_2026, &k));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lets_encrypt),
		cmocka_unit_test(others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
