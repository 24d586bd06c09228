/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include "way.h"

/* A folder that lets in its owner alone, and who is let in when it changes. */
static void folders(void **state)
{
	char dir[] = "/tmp/way.XXXXXX", in[64], file[80], want[200];
	struct arena *a = arena_new();
	const struct passwd *me = getpwuid(geteuid());
	const char *got;

	assert_non_null(mkdtemp(dir));
	assert_int_equal(chmod(dir, 0755), 0);
	snprintf(in, sizeof(in), "%s/private", dir);
	snprintf(file, sizeof(file), "%s/a.key", in);
	assert_int_equal(mkdir(in, 0700), 0);
	snprintf(want, sizeof(want), "nobody cannot get into %s (%s:", in,
		 me->pw_name);
	got = way_barred(file, "nobody", a);
	assert_non_null(got);
	assert_memory_equal(got, want, strlen(want));
	assert_non_null(strstr(got, ", 0700)"));
	assert_null(way_barred(file, me->pw_name, a));
	assert_int_equal(chmod(in, 0711), 0);
	assert_null(way_barred(file, "nobody", a));
	assert_int_equal(rmdir(in), 0);
	assert_null(way_barred(file, "nobody", a)); /* nothing to be told */
	assert_int_equal(rmdir(dir), 0);
	arena_free(&a);
}

static void unknown(void **state)
{
	struct arena *a = arena_new();

	assert_null(way_barred("/root/x", "no-such-user", a));
	assert_null(way_barred("-c", "nobody", a));
	assert_null(way_barred("/", "nobody", a));
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(folders),
		cmocka_unit_test(unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
