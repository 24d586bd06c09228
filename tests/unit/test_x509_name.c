/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "x509.h"

#define L63 "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz0"

static void dns_names(void **state)
{
	static const struct {
		const char *name;
		bool single, ok;
	} cases[] = {
		{ "example.org", false, true },
		{ "www.example.org", false, true },
		{ "*.example.org", false, true },
		{ "xn--mnchen-3ya.example", false, true },
		{ "1.example.org", false, true },
		{ "a-b.example.org", false, true },
		{ L63 ".org", false, true },
		{ L63 "x.org", false, false },
		{ "", false, false },
		{ ".", false, false },
		{ "example.org.", false, false },
		{ ".example.org", false, false },
		{ "www..example.org", false, false },
		{ "-a.example.org", false, false },
		{ "a-.example.org", false, false },
		{ "a_b.example.org", false, false },
		{ "a b.example.org", false, false },
		{ "a/b.example.org", false, false },
		{ "Example.org", false, false },
		{ "m\xc3\xbcnchen.example", false, false },
		{ "*", false, false },
		{ "*.", false, false },
		{ "**.example.org", false, false },
		{ "w*.example.org", false, false },
		{ "www.*.example.org", false, false },
		{ "*.*.example.org", false, false },
		{ "192.0.2.1", false, false },
		{ "a.1", false, false },
		{ "intranet", false, false },
		{ "intranet", true, true },
		{ "*.intranet", true, true },
		{ "*.org", false, false },
	};
	char longest[300] = "";

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (x509_dns_name_ok(cases[i].name, cases[i].single) !=
		    cases[i].ok)
			fail_msg("\"%s\" must be %s", cases[i].name,
				 cases[i].ok ? "allowed" : "refused");
	/* 3 * 64 + 57 + 4 = 253 is allowed, 254 is not */
	strcat(longest, L63 "." L63 "." L63 ".");
	memset(longest + 192, 'a', 57);
	strcpy(longest + 249, ".org");
	assert_int_equal(strlen(longest), 253);
	assert_true(x509_dns_name_ok(longest, false));
	memset(longest + 192, 'a', 58);
	strcpy(longest + 250, ".org");
	assert_false(x509_dns_name_ok(longest, false));
}

static const struct x509_id abc_v[] = {
	{ X509_ID_DNS, "a.example.org" },
	{ X509_ID_DNS, "*.example.org" },
	{ X509_ID_IP, "192.0.2.1" },
};
static const struct x509_id cab_v[] = {
	{ X509_ID_IP, "192.0.2.1" },
	{ X509_ID_DNS, "a.example.org" },
	{ X509_ID_DNS, "*.example.org" },
};
static const struct x509_id other_v[] = {
	{ X509_ID_IP, "192.0.2.1" },
	{ X509_ID_DNS, "a.example.org" },
	{ X509_ID_DNS, "b.example.org" },
};

static void sets(void **state)
{
	const struct x509_ids abc = { abc_v, 3 }, cab = { cab_v, 3 },
			      other = { other_v, 3 }, less = { abc_v, 2 },
			      none = { NULL, 0 };

	assert_true(x509_ids_have(&abc, "*.example.org"));
	assert_false(x509_ids_have(&abc, "b.example.org"));
	assert_true(x509_ids_equal(&abc, &cab));
	assert_false(x509_ids_equal(&abc, &other));
	assert_false(x509_ids_equal(&abc, &less));
	assert_false(x509_ids_equal(&less, &abc));
	assert_true(x509_ids_equal(&none, &none));
}

static void covered(void **state)
{
	static const struct x509_id odd_v[] = {
		{ X509_ID_DNS, "192.0.2.1" },
		{ X509_ID_DNS, "*.0.2.7" },
		{ X509_ID_DNS, "a.*.org" },
		{ X509_ID_DNS, "x*.example.org" },
	};
	const struct x509_ids abc = { abc_v, 3 }, odd = { odd_v, 4 };

	assert_true(x509_ids_cover(&abc, "a.example.org"));
	assert_true(x509_ids_cover(&abc, "b.example.org"));
	assert_true(x509_ids_cover(&abc, "*.example.org"));
	/* one label, not none, not two */
	assert_false(x509_ids_cover(&abc, "example.org"));
	assert_false(x509_ids_cover(&abc, "a.b.example.org"));
	assert_false(x509_ids_cover(&abc, ".example.org"));
	assert_false(x509_ids_cover(&abc, ""));
	assert_true(x509_ids_cover(&abc, "192.0.2.1"));
	assert_false(x509_ids_cover(&abc, "192.0.2.2"));
	/* an address is no name, whatever somebody wrote into one */
	assert_false(x509_ids_cover(&odd, "192.0.2.1"));
	assert_false(x509_ids_cover(&odd, "192.0.2.7"));
	assert_false(x509_ids_cover(&odd, "a.example.org"));
	assert_false(x509_ids_cover(&odd, "xa.example.org"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dns_names),
		cmocka_unit_test(sets),
		cmocka_unit_test(covered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
