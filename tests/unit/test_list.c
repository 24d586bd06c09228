/* SPDX-License-Identifier: MIT */
#include "ask_kit.h"
#include "store_facts.h"

static void lists(void **state)
{
	assert_int_equal(RUN(add_run(&p, NAME, &err)), 0);
	assert_int_equal(RUN(list_run(&p, &err)), 0);
	assert_string_equal(SAID,
			    "NAME             STATE     EXPIRES      DAYS  "
			    "CHALLENGE  CA            LAST FAILURE\n"
			    "www.example.org  disabled  -               -  "
			    "dns-01     letsencrypt   -\n");
}

/* A column more, when one has one. */
static void lists_owners(void **state)
{
	char owner[] = "owner=web-team@example.org", *words[] = { owner, NULL };

	assert_int_equal(RUN(add_run(&p, NAME, &err)), 0);
	p.opt.csr = scratch("www.example.org.csr");
	assert_int_equal(RUN(add_run(&p, NAME "+b", &err)), 0);
	assert_int_equal(RUN(change_set(&p, NAME, words, &err)), 0);
	assert_int_equal(RUN(list_run(&p, &err)), 0);
	assert_string_equal(SAID,
			    "NAME               STATE     EXPIRES      DAYS  "
			    "CHALLENGE  CA            LAST FAILURE      OWNER\n"
			    "www.example.org    disabled  -               -  "
			    "dns-01     letsencrypt   -                 "
			    "web-team@example.org\n"
			    "www.example.org+b  disabled  -               -  "
			    "dns-01     letsencrypt   -                 -\n");
	p.opt.json = true;
	assert_int_equal(RUN(list_run(&p, &err)), 0);
	SAYS("\"owner\":\"web-team@example.org\"");
	SAYS("\"owner\":null");
	assert_int_equal(RUN(show_run(&p, NAME, &err)), 0);
	SAYS("\"owner\":\"web-team@example.org\"");
	p.opt.json = false;
	assert_int_equal(RUN(show_run(&p, NAME, &err)), 0);
	SAYS("  owner        web-team@example.org\n");
}

static void lists_json(void **state)
{
	p.opt.json = true;
	assert_int_equal(RUN(list_run(&p, &err)), 0);
	assert_string_equal(SAID, "[]\n");
	assert_int_equal(RUN(add_run(&p, NAME, &err)), 0);
	p.opt.csr = scratch("www.example.org.csr");
	assert_int_equal(RUN(add_run(&p, NAME "+b", &err)), 0);
	assert_int_equal(RUN(list_run(&p, &err)), 0);
	SAYS("[\n{\"name\":\"www.example.org\",");
	SAYS("},\n{\"name\":\"www.example.org+b\",");
	SAYS("}\n]\n");
}

/* A row NAME of a certificate whose issuer is written down, or of another. */
static void issued(const char *name, const char *sha256, const char *of,
		   int64_t end)
{
	DO(store_exec_try(p.store,
			  "INSERT INTO certs (name, enable, csr, crt, "
			  "md5_modulus, ts_expire, ts_expire_seen, crt_sha256, "
			  "ts_last_update, count_fail_update) VALUES (?, 'Y', "
			  "'x', 'x', 'x', 1900000000, 1900000000, ?, 1, 0)",
			  ARGS(T(name), T(sha256)), NULL, &err));
	DO(store_facts_put(p.store,
			   &(struct store_facts){ .name = name,
						  .crt_sha256 = of,
						  .fingerprint = "f",
						  .ts_not_after = end,
						  .key_type = "P-256",
						  .key_sha256 = "k",
						  .issuer = "R \"1\"",
						  .n_names = 1,
						  .names_sha256 = "n" },
			   &err));
}

static void lists_issuers(void **state)
{
	const int many = 1203; /* more than two pages, of others between */

	for (int i = 0; i < many; i++)
		issued(arena_printf(p.arena, "n%04d.example.org", i), "a", "a",
		       1900000000);
	DO(store_exec_try(
		p.store, "DELETE FROM certs WHERE name NOT LIKE '%2.example.%'",
		NO_ARGS, NULL, &err));
	issued("a.example.org", "a", "b", 1900000000);
	issued("b.example.org", "a", "a", 1800000000);
	p.opt.json = true;
	assert_int_equal(RUN(list_run(&p, &err)), 0);
	kit_sh("jq -r '.[] | select(.issuer == \"R \\\"1\\\"\") | .name' said "
	       ">with; jq -r '.[] | select(.issuer == null) | .name' said "
	       ">without; wc -l <with >n");
	assert_string_equal(scratch_read(scratch("n")), "121\n");
	assert_string_equal(scratch_read(scratch("without")),
			    "a.example.org\nb.example.org\n");
	/* A database without them. */
	DO(store_exec_try(p.store, "DROP TABLE cert_facts", NO_ARGS, NULL,
			  &err));
	assert_int_equal(RUN(list_run(&p, &err)), 0);
	SAYS("\"issuer\":null");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(lists, kit_setup, kit_teardown),
		cmocka_unit_test_setup_teardown(lists_owners, kit_setup,
						kit_teardown),
		cmocka_unit_test_setup_teardown(lists_json, kit_setup,
						kit_teardown),
		cmocka_unit_test_setup_teardown(lists_issuers, kit_setup,
						kit_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
