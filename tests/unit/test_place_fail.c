/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <dlfcn.h>
#include <time.h>
#include "place_kit.h"

/*
 * Each call of the system that place makes fails once, or from then on. The
 * definitions here take the place of libc's, in this program.
 */

static bool armed;
static bool lasting;	    /* fails from then on */
static bool short_writes;   /* of one byte, in place of a failure */
static unsigned int count;  /* of calls */
static unsigned int target; /* the one that fails */
static int failure;
static const char *failed; /* its name */

static bool hit(const char *name)
{
	if (!armed)
		return false;
	count++;
	if (lasting ? count < target : count != target)
		return false;
	failed = name;
	errno = failure;
	return true;
}

#define REAL(name)                            \
	static __typeof__(&fake_##name) real; \
	if (!real)                            \
	real = (__typeof__(real)) dlsym(RTLD_NEXT, #name)

#define FAKE(type, bad, name, params, args)     \
	type fake_##name params __asm__(#name); \
	type fake_##name params                 \
	{                                       \
		REAL(name);                     \
		if (hit(#name))                 \
			return bad;             \
		return real args;               \
	}

FAKE(int, -1, open, (const char *p, int f, mode_t m), (p, f, m))
FAKE(int, -1, fcntl, (int d, int c, long a), (d, c, a))
FAKE(int, -1, fstat, (int d, struct stat *s), (d, s))
FAKE(int, -1, fstatat, (int d, const char *p, struct stat *s, int f),
     (d, p, s, f))
FAKE(ssize_t, -1, readlinkat, (int d, const char *p, char *b, size_t n),
     (d, p, b, n))
FAKE(int, -1, renameat, (int d, const char *p, int e, const char *q),
     (d, p, e, q))
FAKE(int, -1, renameat2,
     (int d, const char *p, int e, const char *q, unsigned int f),
     (d, p, e, q, f))
FAKE(int, -1, unlinkat, (int d, const char *p, int f), (d, p, f))
FAKE(int, -1, mkdirat, (int d, const char *p, mode_t m), (d, p, m))
FAKE(int, -1, symlinkat, (const char *t, int d, const char *p), (t, d, p))
FAKE(int, -1, fchown, (int d, uid_t u, gid_t g), (d, u, g))
FAKE(int, -1, fchmod, (int d, mode_t m), (d, m))
FAKE(int, -1, fsync, (int d), (d))
FAKE(int, -1, fsetxattr, (int d, const char *a, const void *v, size_t n, int f),
     (d, a, v, n, f))
FAKE(ssize_t, -1, fgetxattr, (int d, const char *a, void *v, size_t n),
     (d, a, v, n))
FAKE(ssize_t, -1, flistxattr, (int d, char *v, size_t n), (d, v, n))
FAKE(int, -1, fremovexattr, (int d, const char *a), (d, a))
FAKE(ssize_t, -1, getrandom, (void *b, size_t n, unsigned int f), (b, n, f))
FAKE(DIR *, NULL, fdopendir, (int d), (d))
FAKE(struct dirent *, NULL, readdir, (DIR * d), (d))

ssize_t fake_write(int d, const void *b, size_t n) __asm__("write");
ssize_t fake_write(int d, const void *b, size_t n)
{
	REAL(write);
	if (armed && short_writes && n > 1)
		return real(d, b, 1);
	if (hit("write"))
		return -1;
	return real(d, b, n);
}

static void (*before_open)(void); /* done before a file is opened to read */

int fake_openat(int d, const char *p, int f, mode_t m) __asm__("openat");
int fake_openat(int d, const char *p, int f, mode_t m)
{
	REAL(openat);
	if (before_open && (f & (O_PATH | O_DIRECTORY)) == 0) {
		void (*do_it)(void) = before_open;

		before_open = NULL;
		do_it();
	}
	if (hit("openat"))
		return -1;
	return real(d, p, f, m);
}

static void (*meanwhile)(void); /* done before the next read */

ssize_t fake_read(int d, void *b, size_t n) __asm__("read");
ssize_t fake_read(int d, void *b, size_t n)
{
	REAL(read);
	if (meanwhile) {
		void (*do_it)(void) = meanwhile;

		meanwhile = NULL;
		do_it();
	}
	if (hit("read"))
		return -1;
	return real(d, b, n);
}

/* --- what is done; each 0 or -1, and repeated until it is done --- */

static struct strlist gen_files;
static ino_t gen_ino;

static void with_file(void)
{
	scratch_write(scratch("f"), "old", 0640);
	(void) !setxattr(scratch("f"), "user.note", "x", 1, 0);
}

static int replace(struct err *err)
{
	AUTO(place_close) struct place p = PLACE_INIT;
	AUTO(place_old_free) struct place_old old = PLACE_OLD_INIT;
	AUTO(place_new_close) struct place_new n = PLACE_NEW_INIT;
	int rc = place_open("", scratch("l"), PLACE_TRUSTED, &p, err);

	assert_int_not_equal(rc, 0);
	if (rc == -1 || place_read(&p, &old, err) == -1)
		return -1;
	assert_int_equal(old.kind, PLACE_FILE);
	rc = place_stage(&p, "new", 3, NULL, &old, &n, err);
	if (rc == 0)
		rc = place_commit(&p, &n, false, err);
	if (rc == -1)
		place_drop(&p, &n);
	return rc;
}

static void link_to_file(void)
{
	with_file();
	assert_int_equal(symlink("f", scratch("l")), 0);
}

static void file_whole(bool done)
{
	const char *is = scratch_read(scratch("f"));

	if (strcmp(is, "new") != 0 && (done || strcmp(is, "old") != 0))
		fail_msg("it is \"%s\"", is);
	assert_int_equal(place_kit_mode(scratch("f")), 0640);
	assert_int_equal(place_kit_count(scratch_dir), 2);
}

static int create(struct err *err)
{
	AUTO(place_close) struct place p = PLACE_INIT;
	AUTO(place_old_free) struct place_old old = PLACE_OLD_INIT;
	AUTO(place_new_close) struct place_new n = PLACE_NEW_INIT;
	int rc = place_open("", scratch("f"), 0, &p, err);

	assert_int_not_equal(rc, 0);
	if (rc == -1 || place_look(&p, &old, err) == -1)
		return -1;
	rc = place_stage(&p, "new", 3, &plain, NULL, &n, err);
	if (rc == 0)
		rc = place_commit(&p, &n, old.kind == PLACE_NONE, err);
	if (rc == -1)
		place_drop(&p, &n);
	return rc;
}

static void nothing(void)
{
}

static void file_or_none(bool done)
{
	struct stat st;
	bool there = lstat(scratch("f"), &st) == 0;

	assert_true(there || !done);
	if (there)
		assert_string_equal(scratch_read(scratch("f")), "new");
	assert_int_equal(place_kit_count(scratch_dir), there);
}

static int flip(struct err *err)
{
	AUTO(place_close) struct place p = PLACE_INIT;
	AUTO(place_new_close) struct place_new n = PLACE_NEW_INIT;
	int rc = place_open("", scratch("current"), PLACE_LAST, &p, err);

	assert_int_not_equal(rc, 0);
	if (rc == -1)
		return -1;
	rc = place_stage_link(&p, "two", &n, err);
	if (rc == 0)
		rc = place_commit(&p, &n, false, err);
	if (rc == -1)
		place_drop(&p, &n);
	return rc;
}

static void current(void)
{
	assert_int_equal(symlink("one", scratch("current")), 0);
}

static void link_whole(bool done)
{
	char text[10] = "";

	assert_int_equal(readlink(scratch("current"), text, 9), 3);
	if (strcmp(text, "two") != 0)
		assert_true(!done && strcmp(text, "one") == 0);
	assert_int_equal(place_kit_count(scratch_dir), 1);
}

static int fill_gen(const struct place *p, const struct place_new *n,
		    struct err *err)
{
	AUTO(place_close) struct place in = PLACE_INIT;
	AUTO(place_close) struct place f = PLACE_INIT;
	AUTO(place_new_close) struct place_new k = PLACE_NEW_INIT;
	int rc;

	if (place_inside(p, n, &in, err) == -1 ||
	    place_in(&in, "key", &f, err) == -1)
		return -1;
	rc = place_stage(&f, "new", 3, &plain, NULL, &k, err);
	if (rc == 0)
		rc = place_commit(&f, &k, true, err);
	if (rc == -1)
		place_drop(&f, &k);
	return rc;
}

static int generation(struct err *err)
{
	AUTO(place_close) struct place p = PLACE_INIT;
	AUTO(place_new_close) struct place_new n = PLACE_NEW_INIT;
	int rc = place_open("", scratch("gen"), PLACE_LAST, &p, err);
	struct stat st;

	assert_int_not_equal(rc, 0);
	/* Done by the run before, which did not know. */
	if (!armed && lstat(scratch("gen"), &st) == 0)
		return 0;
	if (rc == -1 || place_begin(&p, &n, err) == -1)
		return -1;
	if (fill_gen(&p, &n, err) == 0 && place_publish(&p, &n, 0755, err) == 0)
		return 0;
	place_drop(&p, &n);
	return -1;
}

static void gen_or_none(bool done)
{
	struct stat st;
	bool there = lstat(scratch("gen"), &st) == 0;

	assert_true(there || !done);
	assert_int_equal(place_kit_count(scratch_dir), there);
	if (!there)
		return;
	/* After a failure it may be under its name, but not half of it,
	 * unless it was dropped: then nothing is in it. */
	assert_int_equal(st.st_mode & 0777, 0755);
	if (done)
		assert_string_equal(scratch_read(scratch("gen/key")), "new");
}

static void old_gen(void)
{
	assert_int_equal(mkdir(scratch("gen"), 0755), 0);
	scratch_write(scratch("gen/key"), "k", 0600);
	scratch_write(scratch("gen/crt"), "c", 0600);
	gen_ino = place_kit_stat(scratch("gen")).st_ino;
	scratch_write(scratch("stays"), "", 0600);
}

static int remove_gen(struct err *err)
{
	AUTO(place_close) struct place p = PLACE_INIT;
	int rc = place_open("", scratch("gen"), PLACE_LAST, &p, err);

	assert_int_not_equal(rc, 0);
	if (rc == 1)
		rc = place_remove_folder(&p, gen_ino, &gen_files, err);
	assert_int_not_equal(rc, 0);
	return rc == 1 ? 0 : -1;
}

static void gen_gone(bool done)
{
	place_kit_stat(scratch("stays"));
	if (done)
		assert_int_equal(place_kit_count(scratch_dir), 1);
}

static int take_away(struct err *err)
{
	AUTO(place_close) struct place p = PLACE_INIT;
	int rc = place_open("", scratch("f"), 0, &p, err);

	assert_int_not_equal(rc, 0);
	return rc == -1 ? -1 : place_remove(&p, err);
}

static void file_gone(bool done)
{
	if (done)
		assert_int_equal(place_kit_count(scratch_dir), 0);
}

static int make_deep(struct err *err)
{
	AUTO(place_close) struct place p = PLACE_INIT;
	AUTO(place_close) struct place q = PLACE_INIT;
	AUTO(place_close) struct place r = PLACE_INIT;
	AUTO(place_close) struct place s = PLACE_INIT;
	int rc = place_open("", scratch("a"), PLACE_TRUSTED, &p, err);

	assert_int_not_equal(rc, 0);
	if (rc == -1 || place_make(&p, 0700, &q, err) == -1 ||
	    place_in(&q, "b", &r, err) == -1)
		return -1;
	return place_make(&r, 0750, &s, err);
}

static void deep(bool done)
{
	struct stat st;

	if (done)
		assert_int_equal(place_kit_mode(scratch("a/b")), 0750);
	if (lstat(scratch("a"), &st) == 0) {
		assert_int_equal(st.st_mode & 0777, 0700);
		assert_int_equal(place_kit_count(scratch("a")),
				 lstat(scratch("a/b"), &st) == 0);
	}
}

static int sweep(struct err *err)
{
	AUTO(place_close) struct place p = PLACE_INIT;
	AUTO(strlist_free) struct strlist l = STRLIST_INIT;
	int rc = place_open("", scratch("f"), 0, &p, err);

	assert_int_not_equal(rc, 0);
	if (rc == -1 || place_sweep(&p, "f", err) == -1 ||
	    place_list(&p, NULL, NULL, 10, &l, err) == -1)
		return -1;
	assert_int_equal(l.n, 2);
	return 0;
}

static void leftovers(void)
{
	with_file();
	scratch_write(scratch("g"), "", 0600);
	scratch_write(scratch(".f.certrepo-abcdef"), "", 0600);
	scratch_write(scratch(".f.certrepo-abcdefabcdefabcd"), "", 0600);
	assert_int_equal(mkdir(scratch(".f.certrepo-abcdefabcdefabce"), 0700),
			 0);
}

static void swept(bool done)
{
	if (done)
		assert_int_equal(place_kit_count(scratch_dir), 2);
}

static const struct {
	const char *name;
	void (*before)(void);
	int (*act)(struct err *);
	void (*check)(bool done);
} acts[] = {
	{ "replace", link_to_file, replace, file_whole },
	{ "create", nothing, create, file_or_none },
	{ "flip", current, flip, link_whole },
	{ "generation", nothing, generation, gen_or_none },
	{ "remove a generation", old_gen, remove_gen, gen_gone },
	{ "remove", with_file, take_away, file_gone },
	{ "make", nothing, make_deep, deep },
	{ "sweep", leftovers, sweep, swept },
};

/* One act with one failure; false when there were fewer calls than that. */
static bool one(size_t i, unsigned int n, int e)
{
	struct err err = ERR_INIT;
	size_t fds = place_kit_fds();
	int rc;

	assert_int_equal(place_kit_fresh(NULL), 0);
	acts[i].before();
	failed = NULL;
	count = 0;
	target = n;
	failure = e;
	armed = true;
	rc = acts[i].act(&err);
	armed = false;
	if (failed && rc == 0 && (e == EIO || lasting))
		fail_msg("%s: %s failed (call %u, %s), and nothing said so",
			 acts[i].name, failed, n, strerror(e));
	if (rc == -1 && e == EINTR &&
	    strstr("open openat read fsync getrandom", failed))
		fail_msg("%s: an interrupted %s was not repeated", acts[i].name,
			 failed);
	if (rc == -1 && (err.kind == ERR_NONE || !failed))
		fail_msg("%s: without a reason: %s", acts[i].name, err.msg);
	if (place_kit_fds() != fds)
		fail_msg("%s: %s left something open", acts[i].name, failed);
	if (!lasting)
		acts[i].check(rc == 0);
	/* The next run. */
	rc = acts[i].act(&err);
	if (rc == -1)
		fail_msg("%s: after %s failed (%u): %s", acts[i].name, failed,
			 n, err.msg);
	return failed;
}

static unsigned int all(int e)
{
	unsigned int n, sum = 0;

	for (size_t i = 0; i < ARRAY_LEN(acts); i++) {
		for (n = 1; one(i, n, e); n++)
			;
		assert_in_range(n, 8, 200);
		sum += n;
	}
	return sum;
}

static void io(void **state)
{
	print_message("# %u points\n", all(EIO));
}

static void interrupted(void **state)
{
	all(EINTR);
}

static void full(void **state)
{
	all(ENOSPC);
}

static void forbidden(void **state)
{
	all(EACCES);
}

static void from_then_on(void **state)
{
	lasting = true;
	all(EROFS);
	lasting = false;
}

static void in_pieces(void **state)
{
	short_writes = true;
	all(EIO);
	short_writes = false;
}

static void write_to_it(void)
{
	int fd = open(scratch("f"), O_WRONLY | O_APPEND);

	assert_int_equal(write(fd, "x", 1), 1);
	close(fd);
}

static void open_it(void)
{
	assert_int_equal(chmod(scratch("f"), 0644), 0);
}

static void replace_it(void)
{
	scratch_write(scratch("g"), "new", 0600);
	assert_int_equal(rename(scratch("g"), scratch("f")), 0);
}

/* Half of one file and half of another, or of another mode. */
static void torn(void **state)
{
	static void (*const what[])(void) = { write_to_it, open_it,
					      replace_it };
	AUTO(place_close) struct place p = PLACE_INIT;
	AUTO(place_old_free) struct place_old old = PLACE_OLD_INIT;

	for (size_t i = 0; i < ARRAY_LEN(what); i++) {
		struct err err = ERR_INIT;
		/* The kernel's clock of files ticks. */
		struct timespec ts = { 0, 20000000 };

		assert_int_equal(place_kit_fresh(state), 0);
		scratch_write(scratch("f"), "old", 0640);
		place_kit_get(scratch("f"), &p);
		nanosleep(&ts, NULL);
		meanwhile = what[i];
		assert_int_equal(place_read(&p, &old, &err), -1);
		assert_int_equal(err.kind, ERR_CONFLICT);
		assert_int_equal(old.kind, PLACE_NONE);
	}
}

static void link_it(void)
{
	assert_int_equal(unlink(scratch("f")), 0);
	assert_int_equal(symlink("secret", scratch("f")), 0);
}

static void rename_it(void)
{
	assert_int_equal(rename(scratch("secret"), scratch("f")), 0);
}

static void fifo_it(void)
{
	assert_int_equal(unlink(scratch("f")), 0);
	assert_int_equal(mkfifo(scratch("f"), 0600), 0);
}

static void unlink_it(void)
{
	assert_int_equal(unlink(scratch("f")), 0);
}

/* Something else since it was looked at. */
static void swapped(void **state)
{
	static void (*const what[])(void) = { link_it, rename_it, fifo_it,
					      unlink_it };
	AUTO(place_close) struct place p = PLACE_INIT;
	AUTO(place_old_free) struct place_old old = PLACE_OLD_INIT;

	for (size_t i = 0; i < ARRAY_LEN(what); i++) {
		struct err err = ERR_INIT;

		assert_int_equal(place_kit_fresh(state), 0);
		scratch_write(scratch("f"), "old", 0640);
		scratch_write(scratch("secret"), "secret", 0600);
		place_kit_get(scratch("f"), &p);
		before_open = what[i];
		assert_int_equal(place_read(&p, &old, &err), -1);
		assert_int_equal(err.kind, ERR_CONFLICT);
		assert_int_equal(old.content.len, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(io),	     cmocka_unit_test(interrupted),
		cmocka_unit_test(full),	     cmocka_unit_test(forbidden),
		cmocka_unit_test(in_pieces), cmocka_unit_test(torn),
		cmocka_unit_test(swapped),   cmocka_unit_test(from_then_on),
	};

	if (access("/dev/shm", W_OK) == 0)
		setenv("TMPDIR", "/dev/shm", 1);
	strlist_add(&gen_files, "key");
	strlist_add(&gen_files, "crt");
	return cmocka_run_group_tests_name("place_fail", tests, scratch_setup,
					   scratch_teardown);
}
