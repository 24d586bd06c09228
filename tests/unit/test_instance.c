/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
#include "instance.h"

static char base[200];
static char dir[256];

static const char *in_dir(const char *file)
{
	static char path[400];

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	return path;
}

static int setup(void **state)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(base, sizeof(base), "%s/instance-XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(base))
		return -1;
	snprintf(dir, sizeof(dir), "%s/state", base);
	return 0;
}

static int teardown(void **state)
{
	unlink(in_dir("fetcher.id"));
	unlink(in_dir("fetcher.lock"));
	rmdir(dir);
	return rmdir(base);
}

static void stable(void **state)
{
	struct instance *i = NULL;
	struct err err = ERR_INIT;
	struct stat st;
	char *id;

	assert_int_equal(instance_open(dir, &i, &err), 0);
	assert_int_equal(stat(dir, &st), 0);
	assert_int_equal(st.st_mode & 077, 0);
	id = strdup(instance_id(i));
	assert_true(strlen(id) > 16 && strlen(id) < INSTANCE_ID_MAX);
	instance_free(&i);
	assert_null(i);
	instance_free(&i);
	assert_int_equal(instance_open(dir, &i, &err), 0);
	assert_string_equal(instance_id(i), id);
	instance_free(&i);
	/* another folder, another instance */
	unlink(in_dir("fetcher.id"));
	assert_int_equal(instance_open(dir, &i, &err), 0);
	assert_string_not_equal(instance_id(i), id);
	instance_free(&i);
	free(id);
}

static void busy(void **state)
{
	struct instance *a = NULL, *b = NULL;
	struct err err = ERR_INIT;

	assert_int_equal(instance_open(dir, &a, &err), 0);
	assert_int_equal(instance_open(dir, &b, &err), -1);
	assert_null(b);
	assert_int_equal(err.kind, ERR_BUSY);
	assert_int_equal(err_exit_status(err.kind), 75);
	instance_free(&a);
	err_clear(&err);
	assert_int_equal(instance_open(dir, &b, &err), 0);
	instance_free(&b);
}

static void bad(void **state)
{
	static char long_id[300];
	const char *const bad_ids[] = { "",	   "\n",  "UPPER", "a b",
					"../../x", "a'b", long_id };
	struct instance *i = NULL;
	struct err err = ERR_INIT;
	size_t n;
	FILE *f;

	memset(long_id, 'a', sizeof(long_id) - 1);
	assert_int_equal(mkdir(dir, 0700), 0);
	for (n = 0; n < sizeof(bad_ids) / sizeof(bad_ids[0]); n++) {
		f = fopen(in_dir("fetcher.id"), "w");
		fputs(bad_ids[n], f);
		fclose(f);
		err_clear(&err);
		assert_int_equal(instance_open(dir, &i, &err), -1);
		assert_null(i);
		assert_int_equal(err.kind, ERR_CONFIG);
		assert_non_null(strstr(err.msg, "fetcher.id"));
		assert_non_null(strstr(err.msg, "remove it"));
	}
	f = fopen(in_dir("fetcher.id"), "w");
	fputs("web-0123\n", f);
	fclose(f);
	assert_int_equal(instance_open(dir, &i, &err), 0);
	assert_string_equal(instance_id(i), "web-0123");
	instance_free(&i);
}

/* A disk that is in trouble is no matter of modes. */
static void read_only(void **state)
{
	struct instance *i = NULL;
	struct err err = ERR_INIT;

	if (geteuid() != 0 || unshare(CLONE_NEWNS) == -1 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1)
		skip();
	assert_int_equal(mkdir(dir, 0700), 0);
	assert_int_equal(mount("none", dir, "tmpfs", MS_RDONLY, NULL), 0);
	assert_int_equal(instance_open(dir, &i, &err), -1);
	assert_int_equal(umount(dir), 0);
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_non_null(strstr(err.msg, "/state is on a file system that is "
					"mounted read-only"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(stable, setup, teardown),
		cmocka_unit_test_setup_teardown(busy, setup, teardown),
		cmocka_unit_test_setup_teardown(bad, setup, teardown),
		cmocka_unit_test_setup_teardown(read_only, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
