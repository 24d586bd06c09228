/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <sys/xattr.h>
#include "place.h"
#include "scratch.h"

static const struct file_attr plain = { .mode = 0640,
					.uid = FILE_KEEP,
					.gid = FILE_KEEP };

static size_t count_entries(const char *dir)
{
	DIR *d = opendir(dir);
	size_t n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

static int empty(void **state)
{
	return scratch_teardown(state) == 0 ? scratch_setup(state) : -1;
}

/* The place of PATH, which must be found. */
static void get(const char *path, unsigned int flags, struct place *ret)
{
	struct err err = ERR_INIT;

	if (place_open("", path, flags, ret, &err) != 1)
		fail_msg("%s: %s", path, err.msg);
}

__attribute__((unused)) static void put(const struct place *p, const char *text,
		const struct place_old *from, const struct file_attr *attr)
{
	AUTO(place_new_close) struct place_new n = PLACE_NEW_INIT;
	struct err err = ERR_INIT;

	if (place_stage(p, text, strlen(text), attr, from, &n, &err) == -1 ||
	    place_commit(p, &n, false, &err) == -1)
		fail_msg("%s", err.msg);
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	return st.st_mode & 07777;
}

static void replacing(void **state)
{
	AUTO(place_close) struct place p = PLACE_INIT;
	AUTO(place_old_free) struct place_old old = PLACE_OLD_INIT;
	AUTO(place_new_close) struct place_new n = PLACE_NEW_INIT;
	struct err err = ERR_INIT;

	get(scratch("f"), 0, &p);
	assert_true(p.trusted);
	assert_string_equal(p.path, scratch("f"));
	assert_int_equal(place_read(&p, &old, &err), 0);
	assert_int_equal(old.kind, PLACE_NONE);
	assert_int_equal(place_stage(&p, "one", 3, &plain, NULL, &n, &err), 0);
	assert_int_equal(mode_of(scratch(n.temp)), 0640);
	assert_string_equal(scratch_read(scratch(n.temp)), "one");
	assert_int_equal(place_commit(&p, &n, true, &err), 0);
	assert_int_equal(n.fd, -1);
	assert_string_equal(scratch_read(scratch("f")), "one");
	assert_int_equal(count_entries(scratch_dir), 1);

	/* Nothing is said to be there. */
	assert_int_equal(place_stage(&p, "two", 3, &plain, NULL, &n, &err), 0);
	assert_int_equal(place_commit(&p, &n, true, &err), -1);
	assert_int_equal(err.kind, ERR_CONFLICT);
	place_drop(&p, &n);
	assert_string_equal(scratch_read(scratch("f")), "one");
	assert_int_equal(count_entries(scratch_dir), 1);

	assert_int_equal(place_read(&p, &old, &err), 0);
	assert_int_equal(old.kind, PLACE_FILE);
	assert_int_equal(old.attr.mode, 0640);
	assert_int_equal(old.attr.uid, geteuid());
	assert_string_equal(sbuf_str(&old.content), "one");
	assert_int_equal(place_remove(&p, &err), 0);
	assert_int_equal(place_remove(&p, &err), 0);
	assert_int_equal(count_entries(scratch_dir), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(replacing, empty),
	};

	return cmocka_run_group_tests_name("place", tests, scratch_setup,
					   scratch_teardown);
}
