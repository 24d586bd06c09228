/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "store_conf.h"

static void check(const char *text, const char *want)
{
	struct arena *arena = arena_new();
	struct conf_errors errs = { 0 };
	struct store_conf conf;
	char *got;

	if (conf_load_string("f", text, &store_conf_schema, arena, &conf,
			     &errs) == 0)
		store_conf_check(&conf, &errs);
	got = strlist_join(&errs.list, "\n");
	assert_string_equal(got, want);
	free(got);
	conf_errors_free(&errs);
	arena_free(&arena);
}

static void defaults(void **state)
{
	struct arena *arena = arena_new();
	struct conf_errors errs = { 0 };
	struct store_conf conf;

	assert_int_equal(conf_load_string("f", "path = \"/x.db\";",
					  &store_conf_schema, arena, &conf,
					  &errs),
			 0);
	store_conf_check(&conf, &errs);
	assert_int_equal(errs.list.n, 0);
	assert_string_equal(conf.driver, "sqlite");
	assert_string_equal(conf.path, "/x.db");
	assert_int_equal(conf.port, 3306);
	assert_string_equal(conf.database, "certrepo");
	assert_int_equal(conf.connect_timeout, 10);
	assert_int_equal(conf.timeout, 30);
	assert_null(conf.host);
	arena_free(&arena);
}

static void accepted(void **state)
{
	check("driver = \"mariadb\"; host = \"db\"; user = \"u\"; "
	      "password_file = \"/p\"; ca_file = \"/ca\"; cert_file = \"/c\"; "
	      "key_file = \"/k\"; port = 3307; database = \"d\"; "
	      "connect_timeout = 5; timeout = \"1m\";",
	      "");
	check("driver = \"mariadb\"; socket = \"/run/mysqld.sock\";", "");
	check("driver = \"mariadb\"; option_file = \"/my.cnf\";", "");
	check("driver = \"mariadb\"; option_file = \"/my.cnf\"; host = \"h\";",
	      "");
}

static void refused(void **state)
{
	check("", "f: setting `path': is missing, driver \"sqlite\" needs the "
		  "database file");
	check("path = \"/x\"; host = \"db\"; ca_file = \"/c\";",
	      "f: setting `host': has no meaning with driver \"sqlite\", "
	      "remove it or set driver = \"mariadb\"\n"
	      "f: setting `ca_file': has no meaning with driver \"sqlite\", "
	      "remove it or set driver = \"mariadb\"");
	check("driver = \"mariadb\";",
	      "f: setting `host': is missing, driver \"mariadb\" needs host, "
	      "socket or option_file");
	check("driver = \"mariadb\"; host = \"h\"; key_file = \"/k\";",
	      "f: setting `ca_file': is missing, the connection to host is "
	      "encrypted and verified; name the file of the CA that signed "
	      "the server's certificate\n"
	      "f: settings `cert_file' and `key_file' belong together, set "
	      "both or none");
	check("driver = \"mariadb\"; host = \"h\"; socket = \"/s\"; "
	      "ca_file = \"/c\"; path = \"/p\";",
	      "f: setting `path': has no meaning with driver \"mariadb\", "
	      "remove it\n"
	      "f: settings `host' and `socket' exclude each other, remove "
	      "one");
	check("driver = \"mysql\"; path = \"/x\"; port = 0; timeout = 0;",
	      "f:1: setting `driver': \"mysql\" is unknown, accepted are "
	      "\"sqlite\", \"mariadb\"\n"
	      "f:1: setting `port': 0 is out of range, 1 to 65535 are "
	      "accepted\n"
	      "f:1: setting `timeout': 0 is out of range, 1 to 3600 seconds "
	      "are accepted");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(accepted),
		cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
