/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <signal.h>
#include <sys/resource.h>
#include "outfile.h"
#include "scratch.h"

static struct err err;

static void holds(const char *path, const char *want)
{
	char got[100] = "";
	FILE *f = fopen(path, "re");

	assert_non_null(f);
	got[fread(got, 1, sizeof(got) - 1, f)] = '\0';
	fclose(f);
	assert_string_equal(got, want);
}

/* How many files are in the folder. */
static int files(void)
{
	DIR *d = opendir(scratch_dir);
	struct dirent *e;
	int n = 0;

	assert_non_null(d);
	while ((e = readdir(d)))
		n += e->d_name[0] != '.' || strlen(e->d_name) > 2;
	closedir(d);
	return n;
}

static void replaces(void **state)
{
	const char *path = scratch("page");
	struct outfile *o = NULL;
	struct stat st;
	mode_t old = umask(077);

	for (int turn = 0; turn < 2; turn++) {
		assert_int_equal(outfile_open(path, &o, &err), 0);
		fprintf(outfile_stream(o), "turn %d", turn);
		fflush(outfile_stream(o));
		if (turn == 0)
			assert_int_equal(access(path, F_OK), -1);
		else
			holds(path, "turn 0");
		assert_int_equal(files(), turn + 1);
		assert_int_equal(outfile_commit(&o, &err), 0);
		assert_null(o);
		assert_int_equal(files(), 1);
	}
	holds(path, "turn 1");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	umask(old);
}

static void dropped(void **state)
{
	const char *path = scratch("page");
	struct outfile *o = NULL;

	assert_int_equal(outfile_open(path, &o, &err), 0);
	fputs("half", outfile_stream(o));
	outfile_drop(&o);
	assert_null(o);
	holds(path, "turn 1");
	assert_int_equal(files(), 1);
	outfile_drop(&o);
}

/* More than may be written: what was there stays. At the end there is room
 * again: what is told is why it was lost then. */
static void full(void **state)
{
	const char *path = scratch("page");
	struct rlimit was, small;
	struct outfile *o = NULL;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	small = was;
	small.rlim_cur = 1000;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(outfile_open(path, &o, &err), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	for (int i = 0; i < 100000; i++)
		fputs("0123456789", outfile_stream(o));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	assert_int_equal(outfile_commit(&o, &err), -1);
	signal(SIGXFSZ, SIG_DFL);
	assert_non_null(
		strstr(err.msg, "/page: cannot be written: File too large"));
	assert_null(o);
	holds(path, "turn 1");
	assert_int_equal(files(), 1);
}

static void refused(void **state)
{
	struct outfile *o = NULL;

	assert_int_equal(outfile_open("/dev/null", &o, &err), -1);
	assert_int_equal(err.kind, ERR_USAGE);
	assert_int_equal(outfile_open(scratch_dir, &o, &err), -1);
	assert_int_equal(err.kind, ERR_USAGE);
	assert_int_equal(outfile_open(scratch("none/page"), &o, &err), -1);
	assert_int_equal(err.kind, ERR_IO);
	assert_null(o);
}

/* Our own link is followed and stays; what it led to is replaced. */
static void linked(void **state)
{
	struct outfile *o = NULL;
	struct stat st;

	assert_int_equal(symlink("page", scratch("link")), 0);
	assert_int_equal(outfile_open(scratch("link"), &o, &err), 0);
	fputs("by a link", outfile_stream(o));
	assert_int_equal(outfile_commit(&o, &err), 0);
	holds(scratch("page"), "by a link");
	assert_int_equal(lstat(scratch("link"), &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(unlink(scratch("link")), 0);
	assert_int_equal(files(), 1);
}

/* That of others is not: it says which, and what to do. */
static void others(void **state)
{
	struct outfile *o = NULL;

	if (geteuid() != 0)
		return;
	assert_int_equal(symlink("page", scratch("link")), 0);
	assert_int_equal(lchown(scratch("link"), 61234, 61234), 0);
	assert_int_equal(outfile_open(scratch("link"), &o, &err), -1);
	assert_int_equal(err.kind, ERR_IO);
	assert_non_null(strstr(err.msg, "/link belongs to user 61234, "));
	assert_non_null(strstr(err.msg, "; where it is meant, name with "));
	holds(scratch("page"), "by a link");
	assert_int_equal(unlink(scratch("link")), 0);
	assert_int_equal(files(), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replaces), cmocka_unit_test(dropped),
		cmocka_unit_test(full),	    cmocka_unit_test(refused),
		cmocka_unit_test(linked),   cmocka_unit_test(others),
	};

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
