/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "scratch.h"
#include "deploy.h"

static struct arena *arena;

static int setup(void **state)
{
	arena = arena_new();
	return scratch_setup(state);
}

static int teardown(void **state)
{
	arena_free(&arena);
	return scratch_teardown(state);
}

static const char *path(const char *name)
{
	return arena_strdup(arena, scratch(name));
}

static const char *link_text(const char *name)
{
	static char buf[300];
	ssize_t n = readlink(scratch(name), buf, sizeof(buf) - 1);

	buf[n < 0 ? 0 : n] = '\0';
	return buf;
}

static mode_t mode_of(const char *name)
{
	struct stat st;

	assert_int_equal(lstat(scratch(name), &st), 0);
	return st.st_mode & 07777;
}

static void names(void **state)
{
	char buf[DEPLOY_GEN];

	deploy_gen_name(1795398122, NULL, buf); /* date -u -d @1795398122 */
	assert_memory_equal(buf, "20261123T014202Z-", 17);
	assert_true(deploy_gen_ok(buf));
	deploy_gen_name(1795398122, "20261123T014201Z-ffffffff", buf);
	assert_memory_equal(buf, "20261123T014202Z-", 17);
	/* The clock went back: still the newest. */
	deploy_gen_name(1795398122, "20301123T014202Z-0000009f", buf);
	assert_string_equal(buf, "20301123T014202Z-000000a0");
	deploy_gen_name(1795398122, "20301123T014202Z-00000009", buf);
	assert_string_equal(buf, "20301123T014202Z-0000000a");
	assert_false(deploy_gen_ok(""));
	assert_false(deploy_gen_ok("before"));
	assert_false(deploy_gen_ok("20261123T014202Z-0000000g"));
	assert_false(deploy_gen_ok("20261123T014202Z-00000000/"));
}

#define GEN_OLD "20261122T000000Z-00000000"
#define GEN_NEW "20261123T000000Z-00000000"

static void trouble(void **state)
{
	const struct svc_cert c = { .dir = scratch_dir,
				    .link = path("current"),
				    .trouble = "link x is not followed" };
	struct err err = ERR_INIT;

	assert_int_equal(deploy_check(&c, &err), -1);
	assert_string_equal(err.msg, "link x is not followed");
}

static void generation(void **state)
{
	const struct svc_file files[] = {
		{ .name = "a.pem",
		  .path = path("d/current/a.pem"),
		  .attr = { 0644, FILE_KEEP, FILE_KEEP } },
		{ .name = "key.pem",
		  .path = path("d/current/key.pem"),
		  .attr = { 0600, FILE_KEEP, FILE_KEEP } },
	};
	struct installer_cert conf = { .name = "n" };
	struct svc_cert c = { .conf = &conf,
			      .dir = path("d"),
			      .link = path("d/current"),
			      .files = files,
			      .n_files = 2 };
	struct sbuf contents[2] = { SBUF_INIT(100), SBUF_INIT(100) };
	struct journal_op op = { JOURNAL_LINK, c.link, GEN_NEW, NULL, NULL };
	struct journal j = { .service = "s", .ops = &op, .n_ops = 1 };
	struct err err = ERR_INIT;
	const char *text;

	sbuf_adds(&contents[0], "A");
	sbuf_adds(&contents[1], "K");
	assert_int_equal(deploy_check(&c, &err), 0);
	assert_int_equal(deploy_stage_generation(&c, GEN_NEW, contents, &err),
			 0);
	assert_string_equal(scratch_read(scratch("d/" GEN_NEW "/a.pem")), "A");
	assert_int_equal(mode_of("d/" GEN_NEW), 0755);
	assert_int_equal(mode_of("d/" GEN_NEW "/key.pem"), 0600);
	assert_int_equal(access(scratch("d/current"), F_OK), -1);

	/* Each may be done twice. */
	for (int i = 0; i < 2; i++) {
		assert_int_equal(deploy_commit(&j, &err), 0);
		assert_string_equal(link_text("d/current"), GEN_NEW);
	}
	deploy_discard(&j); /* it is in use */
	assert_string_equal(scratch_read(scratch("d/current/a.pem")), "A");
	for (int i = 0; i < 2; i++) {
		assert_int_equal(deploy_undo(&j, &err), 0);
		assert_string_equal(link_text("d/current"), "");
	}
	deploy_discard(&j);
	assert_int_equal(access(scratch("d/" GEN_NEW), F_OK), -1);

	op.old = "before";
	assert_int_equal(deploy_undo(&j, &err), 0);
	assert_string_equal(link_text("d/current"), "before");
	assert_int_equal(deploy_read_link(c.link, arena, &text, &err), 0);
	assert_string_equal(text, "before");

	/* What a kill left beside it goes. */
	assert_int_equal(symlink("x", scratch("d/.current.certrepo-link00")),
			 0);
	scratch_write(scratch("d/.current.other"), "", 0600);
	deploy_sweep(c.link);
	assert_string_equal(link_text("d/.current.certrepo-link00"), "");
	assert_int_equal(access(scratch("d/.current.other"), F_OK), 0);

	scratch_write(scratch("d/.x y.certrepo-abcdef"), "", 0600);
	scratch_write(scratch("d/x.certrepo-abcdef"), "", 0600);
	scratch_write(scratch("d/.certrepo-abcdef"), "", 0600);
	deploy_sweep_folder(c.dir);
	assert_int_equal(access(scratch("d/.x y.certrepo-abcdef"), F_OK), -1);
	assert_int_equal(access(scratch("d/x.certrepo-abcdef"), F_OK), 0);
	assert_int_equal(access(scratch("d/.certrepo-abcdef"), F_OK), 0);

	unlink(c.link);
	mkdir(c.link, 0755);
	assert_int_equal(deploy_check(&c, &err), -1);
	assert_non_null(strstr(err.msg, "in the way"));
	rmdir(c.link);
	chmod(c.dir, 0777);
	assert_int_equal(deploy_check(&c, &err), -1);
	assert_non_null(strstr(err.msg, "by everyone"));
	sbuf_free(&contents[0]);
	sbuf_free(&contents[1]);
}

static void fixed(void **state)
{
	/* SHA-256 of "new", by sha256sum. */
	struct journal_op ops[] = {
		{ JOURNAL_FILE, path("one"), NULL,
		  "11507a0e2f5e69d5dfa40a62a1bd7b6ee57e6bcd85c67c9b8431b36fff2"
		  "1c437",
		  path("copy") },
		{ JOURNAL_FILE, path("two"), NULL,
		  "11507a0e2f5e69d5dfa40a62a1bd7b6ee57e6bcd85c67c9b8431b36fff2"
		  "1c437",
		  NULL },
	};
	struct journal j = { .service = "s", .ops = ops, .n_ops = 2 };
	struct file_attr attr = { 0640, FILE_KEEP, FILE_KEEP };
	struct err err = ERR_INIT;

	scratch_write(scratch("one"), "old", 0604);
	assert_int_equal(deploy_copy(path("one"), path("copy"), &err), 0);
	assert_int_equal(mode_of("copy"), 0604);
	for (int i = 0; i < 2; i++) {
		char *temp = NULL;

		assert_int_equal(
			file_stage(ops[i].path, "new", 3, &attr, &temp, &err),
			0);
		ops[i].next = arena_strdup(arena, temp);
		free(temp);
	}
	for (int i = 0; i < 2; i++) {
		assert_int_equal(deploy_commit(&j, &err), 0);
		assert_string_equal(scratch_read(scratch("one")), "new");
		assert_string_equal(scratch_read(scratch("two")), "new");
		assert_int_equal(mode_of("one"), 0640);
	}
	scratch_write(scratch("two"), "somebody else's", 0600);
	assert_int_equal(deploy_commit(&j, &err), -1);
	assert_int_equal(err.kind, ERR_CONFLICT);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(deploy_undo(&j, &err), 0);
		assert_string_equal(scratch_read(scratch("one")), "old");
		assert_int_equal(mode_of("one"), 0604);
		assert_int_equal(access(scratch("two"), F_OK), -1);
	}
	/* It does what it can. */
	ops[0].old = path("gone");
	scratch_write(scratch("two"), "new", 0600);
	assert_int_equal(deploy_undo(&j, &err), -1);
	assert_non_null(strstr(err.msg, "gone"));
	assert_int_equal(access(scratch("two"), F_OK), -1);
}

static void links_are_copied_as_links(void **state)
{
	struct err err = ERR_INIT;

	assert_int_equal(symlink("nowhere", scratch("l")), 0);
	assert_int_equal(deploy_copy(path("l"), path("l.copy"), &err), 0);
	assert_string_equal(link_text("l.copy"), "nowhere");
}

static void folders(void **state)
{
	struct svc_file file = { .path = path("missing/x.pem") };
	struct installer_cert conf = { .name = "n" };
	struct svc_cert c = { .conf = &conf,
			      .dir = path("missing"),
			      .files = &file,
			      .n_files = 1 };
	struct err err = ERR_INIT;

	assert_int_equal(deploy_check(&c, &err), -1);
	assert_non_null(strstr(err.msg, "missing is not there"));
	c.dir = path("missing/deeper");
	c.link = path("missing/deeper/current");
	assert_int_equal(deploy_check(&c, &err), -1);
	assert_non_null(strstr(err.msg, "missing is not there"));
	mkdir(scratch("sub"), 0700);
	mkdir(scratch("sub/folder"), 0700);
	scratch_write(scratch("sub/file"), "", 0600);
	deploy_remove_folder(scratch("sub")); /* one level, no more */
	assert_int_equal(access(scratch("sub/folder"), F_OK), 0);
	assert_int_equal(access(scratch("sub/file"), F_OK), -1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(trouble),
		cmocka_unit_test(generation),
		cmocka_unit_test(fixed),
		cmocka_unit_test(links_are_copied_as_links),
		cmocka_unit_test(folders),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
