/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <sys/stat.h>
#include "conf_names.h"
#include "mem.h"
#include "scratch.h"

static void of_two_folders(void **state)
{
	AUTO(mem_free_str) char *a = mem_strdup(scratch("a"));
	AUTO(mem_free_str) char *b = mem_strdup(scratch("b"));
	AUTO(mem_free_str) char *none = mem_strdup(scratch("none"));
	const char *const dirs[] = { a, none, b, NULL };
	static const char *const files[] = {
		"a/web.conf",	      "a/mail.conf", "b/web.conf",
		"b/ldap.conf",	      "a/.x.conf",   "b/.conf",
		"b/web.conf.dpkg-old"
	};
	AUTO(strlist_free) struct strlist names = STRLIST_INIT;
	AUTO(mem_free_str) char *all = NULL;

	assert_int_equal(mkdir(a, 0755), 0);
	assert_int_equal(mkdir(b, 0755), 0);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		scratch_write(scratch(files[i]), "", 0644);
	conf_names(dirs, &names);
	all = strlist_join(&names, " ");
	assert_string_equal(all, "ldap mail web");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(of_two_folders) };

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
