/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>
#include "proxy.h"

/* Of doc/proxy-protocol.txt of HAProxy. */
static struct sockaddr_storage at(const char *ip, int port)
{
	struct sockaddr_storage sa = { .ss_family = AF_INET };
	struct sockaddr_in *v4 = (struct sockaddr_in *) &sa;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *) &sa;

	if (inet_pton(AF_INET, ip, &v4->sin_addr) == 1) {
		v4->sin_port = htons((uint16_t) port);
		return sa;
	}
	sa.ss_family = AF_INET6;
	assert_int_equal(inet_pton(AF_INET6, ip, &v6->sin6_addr), 1);
	v6->sin6_port = htons((uint16_t) port);
	return sa;
}

static size_t header(const char *version, const char *src, int sport,
		     const char *dst, int dport, char ret[PROXY_HEADER_MAX])
{
	struct sockaddr_storage a = at(src, sport), b = at(dst, dport);

	return proxy_header(version, (struct sockaddr *) &a,
			    (struct sockaddr *) &b, ret);
}

#define ONES "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"

/* Section 2.1: the worst cases it gives, and its example. */
static void one(void **state)
{
	static const struct {
		const char *src, *dst, *want;
		int sport, dport;
	} cases[] = {
		{ "255.255.255.255", "255.255.255.255",
		  "PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n",
		  65535, 65535 },
		{ ONES, ONES, "PROXY TCP6 " ONES " " ONES " 65535 65535\r\n",
		  65535, 65535 },
		{ "192.168.0.1", "192.168.0.11",
		  "PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n", 56324,
		  443 },
		{ "::1", "127.0.0.1", "PROXY UNKNOWN\r\n", 1, 2 },
	};
	char ret[PROXY_HEADER_MAX];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t n = header("v1", cases[i].src, cases[i].sport,
				  cases[i].dst, cases[i].dport, ret);

		assert_int_equal(n, strlen(cases[i].want));
		assert_memory_equal(ret, cases[i].want, n);
	}
}

#define SIGNATURE "\x0D\x0A\x0D\x0A\x00\x0D\x0A\x51\x55\x49\x54\x0A"

/* Section 2.2: signature, version and command, family and protocol, length,
 * then both addresses and both ports. */
static void two(void **state)
{
	static const char v4[] =
		SIGNATURE "\x21\x11\x00\x0c\xc0\xa8\x00\x01\xc0\xa8\x00\x0b"
			  "\xdc\x04\x01\xbb";
	static const char v6[] =
		SIGNATURE "\x21\x21\x00\x24"
			  "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1"
			  "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\2"
			  "\xdc\x04\x00\x19";
	static const char none[] = SIGNATURE "\x21\x00\x00\x00";
	struct sockaddr_un local = { .sun_family = AF_UNIX };
	const struct sockaddr *un = (const struct sockaddr *) &local;
	char ret[PROXY_HEADER_MAX];

	assert_int_equal(
		header("v2", "192.168.0.1", 56324, "192.168.0.11", 443, ret),
		16 + 12);
	assert_memory_equal(ret, v4, sizeof(v4) - 1);
	assert_int_equal(header("v2", "::1", 56324, "2001:db8::2", 25, ret),
			 16 + 36);
	assert_memory_equal(ret, v6, sizeof(v6) - 1);
	assert_int_equal(proxy_header("v2", un, un, ret), 16);
	assert_memory_equal(ret, none, sizeof(none) - 1);
	assert_int_equal(proxy_header("v1", un, un, ret), 15);
	assert_memory_equal(ret, "PROXY UNKNOWN\r\n", 15);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(one),
		cmocka_unit_test(two),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
