/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/xattr.h>
#include "file.h"
#include "scratch.h"

static const struct file_attr plain = { .mode = 0640,
					.uid = FILE_KEEP,
					.gid = FILE_KEEP };

static size_t count_entries(void)
{
	DIR *d = opendir(scratch_dir);
	size_t n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

static int empty(void **state)
{
	scratch_teardown(state);
	return scratch_setup(state);
}

static void reading(void **state)
{
	AUTO(sbuf_free) struct sbuf s = SBUF_INIT(10000);
	AUTO(sbuf_free) struct sbuf small = SBUF_INIT(5);
	struct err err = ERR_INIT;
	char big[9001];

	memset(big, 'q', 9000);
	big[9000] = '\0';
	scratch_write(scratch("f"), big, 0600);
	sbuf_adds(&s, ">");
	assert_int_equal(file_read(scratch("f"), &s, &err), 1);
	assert_int_equal(s.len, 9001);
	assert_memory_equal(s.buf + 1, big, 9001);
	assert_int_equal(file_read(scratch("missing"), &s, &err), 0);
	assert_int_equal(file_read(scratch("f/x"), &s, &err), -1);
	assert_int_equal(s.len, 9001);

	sbuf_adds(&small, "abc");
	assert_int_equal(file_read(scratch("f"), &small, &err), -1);
	assert_int_equal(err.kind, ERR_LIMIT);
	assert_string_equal(sbuf_str(&small), "abc");
}

/* A FIFO must not hang a program run by cron. */
static void reading_other_things(void **state)
{
	AUTO(sbuf_free) struct sbuf s = SBUF_INIT(100);
	struct err err = ERR_INIT;

	assert_int_equal(mkfifo(scratch("fifo"), 0600), 0);
	assert_int_equal(file_read(scratch("fifo"), &s, &err), -1);
	assert_non_null(strstr(err.msg, "not a regular file"));
	assert_int_equal(file_read(scratch_dir, &s, &err), -1);
	assert_non_null(strstr(err.msg, "is a directory"));
	assert_int_equal(file_read("/dev/null", &s, &err), -1);
	assert_non_null(strstr(err.msg, "/dev/null"));
}

static void secrets(void **state)
{
	static const struct {
		mode_t mode;
		int rc;
	} cases[] = {
		{ 0600, 0 },  { 0400, 0 },  { 0640, 0 },
		{ 0440, 0 },  { 0644, -1 }, { 0604, -1 },
		{ 0620, -1 }, { 0602, -1 }, { 0660, -1 },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		AUTO(sbuf_erase) struct sbuf s = SBUF_INIT(100);
		struct err err = ERR_INIT;

		scratch_write(scratch("s"), "secret", cases[i].mode);
		assert_int_equal(file_read_secret(scratch("s"), &s, &err),
				 cases[i].rc);
		assert_string_equal(sbuf_str(&s), cases[i].rc ? "" : "secret");
		assert_int_equal(err.kind, cases[i].rc ? ERR_CONFIG : ERR_NONE);
	}
}

/* Closed to everyone, root's file would be closed to us as well: one command
 * for both, of what our group may read. */
static void secret_of_root(void **state)
{
	AUTO(sbuf_erase) struct sbuf s = SBUF_INIT(100);
	struct err err = ERR_INIT;
	char path[600], want[1500];
	int rc;

	if (geteuid() != 0)
		skip();
	snprintf(path, sizeof(path), "%s", scratch("s"));
	scratch_write(path, "secret", 0644);
	assert_int_equal(chmod(scratch_dir, 0755), 0);
	assert_int_equal(setegid(65534), 0);
	assert_int_equal(seteuid(65534), 0);
	rc = file_read_secret(path, &s, &err);
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(setegid(0), 0);
	assert_int_equal(rc, -1);
	snprintf(want, sizeof(want),
		 "run, as root: chgrp nogroup %s && chmod 640 %s", path, path);
	if (!strstr(err.msg, want))
		fail_msg("no \"%s\" in: %s", want, err.msg);
}

static void missing_secret(void **state)
{
	AUTO(sbuf_free) struct sbuf s = SBUF_INIT(100);
	struct err err = ERR_INIT;

	assert_int_equal(file_read_secret(scratch("none"), &s, &err), -1);
	assert_non_null(strstr(err.msg, "No such file"));
	assert_non_null(strstr(err.msg, scratch("none")));
}

static void configurations(void **state)
{
	AUTO(sbuf_free) struct sbuf s = SBUF_INIT(100);
	struct err err = ERR_INIT;

	scratch_write(scratch("c"), "x", 0644);
	assert_int_equal(file_read_config(scratch("c"), &s, &err), 0);
	assert_int_equal(chmod(scratch("c"), 0664), 0);
	assert_int_equal(file_read_config(scratch("c"), &s, &err), -1);
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_int_equal(chmod(scratch("c"), 0602), 0);
	assert_int_equal(file_read_config(scratch("c"), &s, &err), -1);
	if (geteuid() != 0)
		return;
	assert_int_equal(chmod(scratch("c"), 0600), 0);
	assert_int_equal(chown(scratch("c"), 65534, 0), 0);
	assert_int_equal(file_read_config(scratch("c"), &s, &err), -1);
	assert_non_null(strstr(err.msg, "user 65534"));
}

static void replacing(void **state)
{
	struct err err = ERR_INIT;
	struct stat before, after;
	mode_t mask = umask(0777);

	scratch_write(scratch("t"), "old", 0644);
	assert_int_equal(stat(scratch("t"), &before), 0);
	assert_int_equal(file_replace(scratch("t"), "new", 3, &plain, &err), 0);
	umask(mask);
	assert_int_equal(stat(scratch("t"), &after), 0);
	/* Replaced, not overwritten: a reader of the old one keeps it. */
	assert_int_not_equal(before.st_ino, after.st_ino);
	assert_int_equal(after.st_mode & 07777, 0640);
	assert_string_equal(scratch_read(scratch("t")), "new");
	assert_int_equal(count_entries(), 1);
	assert_int_equal(file_replace(scratch("n"), "", 0, &plain, &err), 0);
	assert_int_equal(count_entries(), 2);
}

/* Without SELinux root may set it where it is known; the longest is 4096. */
static void label(void **state)
{
	static const char name[] = "security.selinux";
	static const char want[] = "system_u:object_r:cert_t:s0";
	struct err err = ERR_INIT;
	char got[5000], longer[4097];
	size_t len;

	scratch_write(scratch("t"), "old", 0644);
	len = (size_t) (lgetxattr(scratch("t"), name, got, sizeof(got)) + 1);
	if (setxattr(scratch("t"), name, want, sizeof(want), 0) == -1)
		SCRATCH_SKIP("security.selinux cannot be set here");
	assert_int_equal(file_replace(scratch("t"), "new", 3, &plain, &err), 0);
	assert_string_equal(scratch_read(scratch("t")), "new");
	assert_int_equal(getxattr(scratch("t"), name, got, sizeof(got)),
			 sizeof(want));
	assert_memory_equal(got, want, sizeof(want));
	/* A new one has none but its folder's. */
	assert_int_equal(file_replace(scratch("n"), "x", 1, &plain, &err), 0);
	assert_int_equal(lgetxattr(scratch("n"), name, got, sizeof(got)) + 1,
			 len);
	memset(longer, 'l', sizeof(longer));
	if (setxattr(scratch("t"), name, longer, sizeof(longer), 0) == 0) {
		assert_int_equal(
			file_replace(scratch("t"), "y", 1, &plain, &err), 0);
		assert_string_equal(scratch_read(scratch("t")), "y");
	}
}

static void replacing_with_owner(void **state)
{
	const struct file_attr attr = { .mode = 0600,
					.uid = 65534,
					.gid = 12345 };
	struct err err = ERR_INIT;
	struct stat st;

	if (geteuid() != 0)
		SCRATCH_SKIP("not root");
	assert_int_equal(file_replace(scratch("t"), "x", 1, &attr, &err), 0);
	assert_int_equal(stat(scratch("t"), &st), 0);
	assert_int_equal(st.st_uid, 65534);
	assert_int_equal(st.st_gid, 12345);
	assert_int_equal(st.st_mode & 07777, 0600);
}

static void replacing_without_folder(void **state)
{
	struct err err = ERR_INIT;

	assert_int_equal(file_replace(scratch("none/t"), "x", 1, &plain, &err),
			 -1);
	assert_int_equal(err.kind, ERR_IO);
	assert_non_null(strstr(err.msg, scratch("none/t")));
	/* A folder stands where the file should go: rename fails, late. */
	assert_int_equal(mkdir(scratch("d"), 0700), 0);
	assert_int_equal(file_replace(scratch("d"), "x", 1, &plain, &err), -1);
	assert_int_equal(count_entries(), 1);
}

/* A write that stops half-way: the file size limit stands for a full disk. */
static void fill_up(void *arg)
{
	static char big[100000];
	struct rlimit limit = { 50000, 50000 };
	struct err err = ERR_INIT;

	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &limit);
	if (file_replace(scratch("t"), big, sizeof(big), &plain, &err) != -1)
		_exit(2);
	fprintf(stderr, "%s", err.msg);
}

static void disk_full(void **state)
{
	scratch_write(scratch("t"), "old", 0600);
	assert_int_equal(scratch_fork(fill_up, NULL), 0);
	assert_non_null(strstr(scratch_read(scratch("err")), strerror(EFBIG)));
	assert_string_equal(scratch_read(scratch("t")), "old");
	assert_int_equal(count_entries(), 3); /* t, out, err */
}

static void staging(void **state)
{
	AUTO(mem_free_str) char *temp = NULL;
	struct err err = ERR_INIT;
	char want[600];

	scratch_write(scratch("t"), "old", 0644);
	assert_int_equal(
		file_stage(scratch("t"), "new", 3, &plain, &temp, &err), 0);
	snprintf(want, sizeof(want), "%s/.t.certrepo-", scratch_dir);
	assert_memory_equal(temp, want, strlen(want));
	assert_int_equal(strlen(temp), strlen(want) + 6);
	assert_string_equal(scratch_read(scratch("t")), "old");
	assert_string_equal(scratch_read(temp), "new");
	assert_int_equal(file_commit(temp, scratch("t"), &err), 0);
	assert_string_equal(scratch_read(scratch("t")), "new");
	assert_int_equal(count_entries(), 1);
	assert_int_equal(file_commit(temp, scratch("t"), &err), -1);
	assert_string_equal(scratch_read(scratch("t")), "new");
}

/* NAME_MAX is 255 on every file system we meet. */
static void longest_name(void **state)
{
	struct err err = ERR_INIT;
	char name[256];

	memset(name, 'n', 255);
	name[255] = '\0';
	assert_int_equal(file_replace(scratch(name), "x", 1, &plain, &err), 0);
	assert_string_equal(scratch_read(scratch(name)), "x");
}

static void removing(void **state)
{
	struct err err = ERR_INIT;

	scratch_write(scratch("r"), "", 0600);
	assert_int_equal(file_remove(scratch("r"), &err), 0);
	assert_int_equal(access(scratch("r"), F_OK), -1);
	assert_int_equal(file_remove(scratch("r"), &err), 0);
	assert_int_equal(file_remove(scratch_dir, &err), -1);
	assert_int_equal(file_sync_dir(scratch_dir, &err), 0);
	assert_int_equal(file_sync_dir(scratch("none"), &err), -1);
}

static void folders(void **state)
{
	struct err err = ERR_INIT;
	mode_t mask = umask(077);
	struct stat st;

	assert_int_equal(file_mkdir(scratch("m"), 0755, &err), 0);
	umask(mask);
	assert_int_equal(stat(scratch("m"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_int_equal(file_mkdir(scratch("m"), 0700, &err), 0);
	assert_int_equal(stat(scratch("m"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	scratch_write(scratch("f"), "", 0600);
	assert_int_equal(file_mkdir(scratch("f"), 0700, &err), -1);
	assert_non_null(strstr(err.msg, "not a folder"));
	assert_int_equal(file_mkdir(scratch("a/b"), 0700, &err), -1);
}

/* As dirname(1) has it, but for slashes at the end, which no file has. */
static void dirnames(void **state)
{
	static const char *const cases[][2] = {
		{ "/a/b/c", "/a/b" },
		{ "/a", "/" },
		{ "a", "." },
		{ "a/b", "a" },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		AUTO(mem_free_str) char *dir = file_dirname(cases[i][0]);

		assert_string_equal(dir, cases[i][1]);
	}
}

static void ids(void **state)
{
	struct err err = ERR_INIT;
	uid_t uid = 7;
	gid_t gid = 7;

	assert_int_equal(file_uid("root", &uid, &err), 0);
	assert_int_equal(uid, 0);
	assert_int_equal(file_gid("root", &gid, &err), 0);
	assert_int_equal(gid, 0);
	assert_int_equal(file_uid("12345", &uid, &err), 0);
	assert_int_equal(uid, 12345);
	assert_int_equal(file_gid("4294967294", &gid, &err), 0);
	assert_int_equal(gid, 4294967294u);
	assert_int_equal(file_uid("no-such-user", &uid, &err), -1);
	assert_int_equal(file_gid("no-such-group", &gid, &err), -1);
	/* (uid_t) -1 would mean "leave it". */
	assert_int_equal(file_uid("4294967295", &uid, &err), -1);
	assert_int_equal(file_uid("-1", &uid, &err), -1);
	assert_int_equal(uid, 12345);
	assert_int_equal(file_uid("", &uid, &err), 0);
	assert_int_equal(uid, FILE_KEEP);
	assert_int_equal(file_gid("", &gid, &err), 0);
	assert_int_equal(gid, (gid_t) FILE_KEEP);
}

#define FRESH(fn) cmocka_unit_test_setup(fn, empty)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FRESH(reading),
		FRESH(reading_other_things),
		FRESH(secrets),
		FRESH(secret_of_root),
		FRESH(missing_secret),
		FRESH(configurations),
		FRESH(replacing),
		FRESH(label),
		FRESH(replacing_with_owner),
		FRESH(replacing_without_folder),
		FRESH(disk_full),
		FRESH(staging),
		FRESH(longest_name),
		FRESH(removing),
		FRESH(folders),
		FRESH(dirnames),
		FRESH(ids),
	};

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
