/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "scratch.h"
#include "gen.h"

static void names(void **state)
{
	char buf[GEN_NAME], other[GEN_NAME];
	struct err err = ERR_INIT;

	/* date -u -d @1795398122 */
	assert_int_equal(gen_name(1795398122, NULL, buf, &err), 0);
	assert_memory_equal(buf, "20261123T014202Z-", 17);
	assert_true(gen_ok(buf));
	/* Not to be guessed. */
	assert_int_equal(gen_name(1795398122, NULL, other, &err), 0);
	assert_string_not_equal(buf, other);
	assert_int_equal(
		gen_name(1795398122, "20261123T014201Z-ffffffff", buf, &err),
		0);
	assert_memory_equal(buf, "20261123T014202Z-", 17);
	/* The clock went back: still the newest. */
	assert_int_equal(
		gen_name(1795398122, "20301123T014202Z-0000009f", buf, &err),
		0);
	assert_string_equal(buf, "20301123T014202Z-000000a0");
	assert_int_equal(
		gen_name(1795398122, "20301123T014202Z-00000009", buf, &err),
		0);
	assert_string_equal(buf, "20301123T014202Z-0000000a");
	assert_false(gen_ok(""));
	assert_false(gen_ok("before"));
	assert_false(gen_ok("20261123T014202Z-0000000g"));
	assert_false(gen_ok("20261123T014202Z-00000000/"));
}

static void record(void **state)
{
	static const char *const bad[] = {
		"",
		"certrepo-f",
		"certrepo-folders\t2\nfile\tx\nend\n",
		"certrepo-folders\t2\nfolder\tg\t/d\tn\tt\t12\n",
		"certrepo-folders\t2\nfolder\tg\td\tn\tt\t12\nend\n",
		"certrepo-folders\t2\nfolder\tg\t/d\tn\tt\t0\nend\n",
		"certrepo-folders\t2\nend\nend\n",
	};
	AUTO(arena_free) struct arena *arena = arena_new();
	const char *files[] = { "a", "b c" };
	struct gen_folder f = { "g", "/d e", "n",  ".n.certrepo-x", 12, files,
				2,   false,  false };
	struct gen_folders all, none = { .n = 0 };
	struct err err = ERR_INIT;

	assert_int_equal(gen_load(scratch_dir, "s", arena, &all, &err), 0);
	assert_int_equal(all.n, 0);
	gen_add(&all, arena, &f);
	f.name = "other";
	f.gone = true;
	gen_add(&all, arena, &f);
	assert_int_equal(gen_save(scratch_dir, "s", &all, &err), 0);
	assert_int_equal(gen_load(scratch_dir, "s", arena, &none, &err), 0);
	assert_int_equal(none.n, 1);
	assert_string_equal(none.v[0].dir, "/d e");
	assert_string_equal(none.v[0].name, "n");
	assert_string_equal(none.v[0].temp, ".n.certrepo-x");
	assert_true(none.v[0].ino == 12);
	assert_int_equal(none.v[0].n_files, 2);
	assert_string_equal(none.v[0].files[1], "b c");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		scratch_write(scratch("folders/s"), bad[i], 0600);
		if (gen_load(scratch_dir, "s", arena, &all, &err) == -1 ||
		    all.n != 0)
			fail_msg("taken: %s", bad[i]);
	}
	/* It is whole, and not ours to lose. */
	scratch_write(scratch("folders/s"), "certrepo-folders\t3\nend\n", 0600);
	assert_int_equal(gen_load(scratch_dir, "s", arena, &all, &err), -1);
	assert_int_equal(err.kind, ERR_INPUT);
	assert_non_null(strstr(err.msg, "another version"));
	/* Nothing in it: not kept. */
	all = (struct gen_folders){ .v = &f, .n = 1 };
	assert_true(f.gone);
	assert_int_equal(gen_save(scratch_dir, "s", &all, &err), 0);
	assert_int_equal(access(scratch("folders/s"), F_OK), -1);
	assert_int_equal(gen_save(scratch_dir, "s", &all, &err), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(record),
	};

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
