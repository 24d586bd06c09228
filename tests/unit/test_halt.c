/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <unistd.h>
#include "halt.h"

static void signals(void **state)
{
	struct err err = ERR_INIT;
	struct loop *loop = NULL;
	struct halt *h = NULL;
	int i;

	assert_int_equal(loop_new(&loop, &err), 0);
	assert_int_equal(halt_new(loop, &h, &err), 0);
	assert_int_equal(loop_run(loop, 0, &err), 0);
	assert_false(halt_stopping(h));
	kill(getpid(), SIGTERM);
	for (i = 0; i < 100 && !halt_stopping(h); i++)
		assert_int_equal(loop_run(loop, 100, &err), 0);
	assert_true(halt_stopping(h));
	assert_false(halt_leaving(h));
	assert_false(halt_hurry(h));
	for (i = 0; i < 100 && !halt_leaving(h); i++)
		assert_int_equal(loop_run(loop, 1000, &err), 0);
	assert_true(halt_leaving(h));
	kill(getpid(), SIGINT);
	for (i = 0; i < 100 && !halt_hurry(h); i++)
		assert_int_equal(loop_run(loop, 100, &err), 0);
	assert_true(halt_hurry(h));
	halt_free(&h);
	assert_null(h);
	halt_free(&h);
	loop_free(&loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(signals) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
