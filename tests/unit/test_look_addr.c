/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <poll.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <setjmp.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "clock.h"
#include "file.h"
#include "look_addr.h"

static void literal(void **state)
{
	static const struct {
		const char *host, *ways, *want; /* NULL: none of this kind */
	} cases[] = {
		{ "192.0.2.1", "all", "192.0.2.1:443" },
		{ "2001:db8::1", "all", "[2001:db8::1]:443" },
		{ "192.0.2.1", "ipv4", "192.0.2.1:443" },
		{ "192.0.2.1", "ipv6", NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct installer_endpoint conf = {
			.protocol = "tls", .addresses = cases[i].ways
		};
		const struct svc_endpoint e = { .conf = &conf,
						.host = cases[i].host,
						.port = "443" };
		struct look_addrs list;
		struct err err = ERR_INIT;
		char text[100];

		if (!cases[i].want) {
			assert_int_equal(look_addr_find(&e, 2000, &list, &err),
					 -1);
			assert_string_not_equal(err.msg, "");
			continue;
		}
		assert_int_equal(look_addr_find(&e, 2000, &list, &err), 0);
		assert_int_equal(list.n, 1);
		look_addr_text(&list.v[0], text, sizeof(text));
		assert_string_equal(text, cases[i].want);
	}
}

static void waits(void **state)
{
	int fd[2];

	assert_int_equal(pipe(fd), 0);
	assert_int_equal(look_wait_fd(fd[0], POLLIN, clock_mono_ms() + 20), 0);
	assert_int_equal(look_wait_fd(fd[0], POLLIN, clock_mono_ms() - 1), 0);
	assert_int_equal(write(fd[1], "x", 1), 1);
	assert_int_equal(look_wait_fd(fd[0], POLLIN, clock_mono_ms() + 5000),
			 1);
	file_close(&fd[0]);
	file_close(&fd[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(literal),
		cmocka_unit_test(waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
