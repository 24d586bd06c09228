/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>
#include "disc_advert.h"

static void assert_lines(const char *url, const char *domain, const char *want)
{
	AUTO(sbuf_free) struct sbuf got = SBUF_INIT(10000);
	struct err err = ERR_INIT;

	if (disc_advert(url, domain, &got, &err) == -1)
		fail_msg("%s", err.msg);
	assert_string_equal(sbuf_str(&got), want);
}

static void test_lines(void **state)
{
	/* document 004's FreeIPA, whose instance is called "ipa" there */
	assert_lines("https://ipa-ca.ipa.local/acme/directory", NULL,
		     "_acme-server._tcp.ipa.local. 3600 IN PTR "
		     "ipa-ca._acme-server._tcp.ipa.local.\n"
		     "ipa-ca._acme-server._tcp.ipa.local. 3600 IN SRV 10 0 443 "
		     "ipa-ca.ipa.local.\n"
		     "ipa-ca._acme-server._tcp.ipa.local. 3600 IN TXT "
		     "\"path=/acme/directory\" \"i=dns\"\n");
	/* a port, a query, capitals, a domain that is given */
	assert_lines("https://CA.Lab.Corp.Example:14000/dir?x=y",
		     "Corp.Example.",
		     "_acme-server._tcp.corp.example. 3600 IN PTR "
		     "ca._acme-server._tcp.corp.example.\n"
		     "ca._acme-server._tcp.corp.example. 3600 IN SRV 10 0 "
		     "14000 ca.lab.corp.example.\n"
		     "ca._acme-server._tcp.corp.example. 3600 IN TXT "
		     "\"path=/dir?x=y\" \"i=dns\"\n");
	/* a server elsewhere */
	assert_lines(
		"https://certs4all.example/acme/v2", "corp.example",
		"_acme-server._tcp.corp.example. 3600 IN PTR "
		"certs4all._acme-server._tcp.corp.example.\n"
		"certs4all._acme-server._tcp.corp.example. 3600 IN SRV 10 "
		"0 443 certs4all.example.\n"
		"certs4all._acme-server._tcp.corp.example. 3600 IN TXT "
		"\"path=/acme/v2\" \"i=dns\"\n"
		"; clients want discover_allow = [ \"certs4all.example\" ] "
		"for it, for it is not in corp.example\n");
}

static void test_refused(void **state)
{
	static const char *const urls[] = {
		"http://ca.corp.example/acme",
		"https://192.0.2.1/dir",
		"https://[2001:db8::1]/dir",
		"https://ca/dir",
		"https://ca.example/dir", /* "example" is a suffix */
		"https://user@ca.corp.example/dir",
		"https://ca.corp.example/dir#x",
		"https://ca.corp.example/a\"b",
		"https:///dir",
		"nonsense",
		"",
	};
	AUTO(sbuf_free) struct sbuf got = SBUF_INIT(10000);
	struct err err = ERR_INIT;

	for (size_t i = 0; i < ARRAY_LEN(urls); i++)
		if (disc_advert(urls[i], NULL, &got, &err) == 0 ||
		    err.kind != ERR_USAGE)
			fail_msg("taken: %s", urls[i]);
	for (size_t i = 1; i < 3; i++) {
		assert_int_equal(disc_advert(urls[i], NULL, &got, &err), -1);
		assert_non_null(strstr(err.msg, "an address cannot be"));
	}
	assert_int_equal(
		disc_advert("https://ca.corp.example/x", "co.uk", &got, &err),
		-1);
	assert_non_null(strstr(err.msg, "public suffix"));
	assert_int_equal(
		disc_advert("https://ca.corp.example/x", "a..b", &got, &err),
		-1);
	assert_int_equal(got.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
