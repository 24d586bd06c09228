/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include "dns_addr.h"
#include "scratch.h"

static void assert_text(const char *in, const char *want)
{
	struct dns_addr a;
	struct err err = ERR_INIT;
	char buf[DNS_ADDR_TEXT];

	if (dns_addr_parse(in, &a, &err) == -1)
		fail_msg("%s", err.msg);
	assert_string_equal(dns_addr_text(&a, buf), want);
}

static void test_forms(void **state)
{
	assert_text("192.0.2.1", "192.0.2.1");
	assert_text("192.0.2.1:53", "192.0.2.1");
	assert_text("192.0.2.1:5353", "192.0.2.1:5353");
	assert_text("2001:db8::1", "2001:db8::1");
	assert_text("[2001:db8::1]", "2001:db8::1");
	assert_text("[2001:DB8:0::1]:5353", "[2001:db8::1]:5353");
	assert_text("fe80::1%lo", "fe80::1%lo");
	assert_text("[fe80::1%lo]:54", "[fe80::1%lo]:54");
}

static void test_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"ns.example.org",
		"192.0.2.1:",
		"192.0.2.1:0",
		"192.0.2.1:65536",
		"192.0.2.1:x",
		"[::1",
		"[::1]x",
		"[]:53",
		"192.0.2.256",
		"192.0.2.1:53:53",
		" 192.0.2.1",
		"[::1]:",
		"1:2:3",
		":53",
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct dns_addr a = { .len = 77 };
		struct err err = ERR_INIT;

		if (dns_addr_parse(bad[i], &a, &err) != -1)
			fail_msg("taken: %s", bad[i]);
		assert_int_equal(err.kind, ERR_INPUT);
		assert_int_equal(a.len, 77);
	}
}

static void test_records_and_equality(void **state)
{
	static const unsigned char v4[] = { 192, 0, 2, 7 };
	static const unsigned char v6[16] = { 0x20, 0x01, 0x0d,
					      0xb8, [15] = 9 };
	struct dns_addr a, b;
	struct err err = ERR_INIT;
	char buf[DNS_ADDR_TEXT];

	dns_addr_from_rdata(v4, 4, &a);
	assert_string_equal(dns_addr_text(&a, buf), "192.0.2.7");
	assert_int_equal(dns_addr_parse("192.0.2.7:53", &b, &err), 0);
	assert_true(dns_addr_equal(&a, &b));
	assert_int_equal(dns_addr_parse("192.0.2.7:54", &b, &err), 0);
	assert_false(dns_addr_equal(&a, &b));
	dns_addr_from_rdata(v6, 16, &b);
	assert_string_equal(dns_addr_text(&b, buf), "2001:db8::9");
	assert_false(dns_addr_equal(&a, &b));
}

static void test_resolv_conf(void **state)
{
	struct dns_addr a[DNS_RESOLVERS_MAX];
	struct err err = ERR_INIT;
	char buf[DNS_ADDR_TEXT];
	const char *path = scratch("resolv.conf");
	size_t n = 0;

	scratch_write(path,
		      "# nameserver 192.0.2.9\n; nameserver 192.0.2.8\n"
		      "search example.org\nnameserverx 192.0.2.7\n"
		      "nameserver\t192.0.2.1  \nnameserver not-an-address\n"
		      "nameserver 2001:db8::1\r\noptions edns0\n"
		      "nameserver 192.0.2.2",
		      0644);
	assert_int_equal(dns_addr_resolv_conf(path, a, &n, &err), 0);
	assert_int_equal(n, 3);
	assert_string_equal(dns_addr_text(&a[0], buf), "192.0.2.1");
	assert_string_equal(dns_addr_text(&a[1], buf), "2001:db8::1");
	assert_string_equal(dns_addr_text(&a[2], buf), "192.0.2.2");
	/* more than there is room for */
	scratch_write(path,
		      "nameserver 192.0.2.1\nnameserver 192.0.2.1\n"
		      "nameserver 192.0.2.1\nnameserver 192.0.2.1\n"
		      "nameserver 192.0.2.1\nnameserver 192.0.2.1\n"
		      "nameserver 192.0.2.1\nnameserver 192.0.2.1\n"
		      "nameserver 192.0.2.1\nnameserver 192.0.2.1\n",
		      0644);
	assert_int_equal(dns_addr_resolv_conf(path, a, &n, &err), 0);
	assert_int_equal(n, DNS_RESOLVERS_MAX);
	/* none: the host itself */
	assert_int_equal(dns_addr_resolv_conf(scratch("none"), a, &n, &err), 0);
	assert_int_equal(n, 1);
	assert_string_equal(dns_addr_text(&a[0], buf), "127.0.0.1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_records_and_equality),
		cmocka_unit_test(test_resolv_conf),
	};

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
