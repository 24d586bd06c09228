/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "protocol.h"
#include "starttls.h"

static void names(void **state)
{
	for (size_t i = 0; i < PROTOCOL_COUNT; i++) {
		const struct protocol *p = protocol_find(protocol_names[i]);

		assert_non_null(p);
		assert_int_equal(p->id, i);
		assert_string_equal(p->name, protocol_names[i]);
		/* What begins in clear text has its words. */
		assert_int_equal(starttls_knows(p->name),
				 p->way == PROTOCOL_BY_STARTTLS);
	}
	assert_null(protocol_names[PROTOCOL_COUNT]);
	assert_null(protocol_find("gopher"));
	assert_null(protocol_find(""));
}

static void facts(void **state)
{
	const struct protocol *p = protocol_find("radius-eap");

	assert_int_equal(p->socktype, SOCK_DGRAM);
	assert_false(protocol_takes_proxy(p));
	assert_ptr_equal(protocol_needing(PROTOCOL_NEEDS_SECRET), p);
	p = protocol_find("command");
	assert_int_equal(p->socktype, 0);
	assert_false(protocol_takes_proxy(p));
	assert_ptr_equal(protocol_needing(PROTOCOL_NEEDS_COMMAND), p);
	p = protocol_find("radsec");
	assert_int_equal(p->way, PROTOCOL_BY_TLS);
	assert_true(protocol_takes_proxy(p));
	assert_true(protocol_takes_proxy(protocol_find("smtp")));
	assert_int_equal(protocol_find("xmpp-server")->needs,
			 PROTOCOL_NEEDS_PORT | PROTOCOL_NEEDS_NAME);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(facts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
