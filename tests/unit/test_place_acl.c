/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <endian.h>
#include <sched.h>
#include <sys/mount.h>
#include "place_kit.h"

/* Made by hand from linux/posix_acl_xattr.h and acl(5): u::rw- u:4242:r--
 * g::--- m::r-- o::--- */
static const unsigned char svc_reads[] = {
	2,    0, 0, 0,			       /* version */
	0x01, 0, 6, 0, 0xff, 0xff, 0xff, 0xff, /* u::rw- */
	0x02, 0, 4, 0, 0x92, 0x10, 0x00, 0x00, /* u:4242:r-- */
	0x04, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, /* g::--- */
	0x10, 0, 4, 0, 0xff, 0xff, 0xff, 0xff, /* m::r-- */
	0x20, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, /* o::--- */
};
#define SVC_READS "u::6,u:4242:4,g::0,m::4,o::0"

/* The same with u:4242:rw-, g:4343:r-- and m::rw-: what a folder gives. */
static const unsigned char gives[] = {
	2,    0,    0,	  0,	0x01, 0,    7,	  0,	0xff, 0xff, 0xff,
	0xff, 0x02, 0,	  7,	0,    0x92, 0x10, 0x00, 0x00, 0x04, 0,
	5,    0,    0xff, 0xff, 0xff, 0xff, 0x08, 0,	4,    0,    0xf7,
	0x10, 0x00, 0x00, 0x10, 0,    7,    0,	  0xff, 0xff, 0xff, 0xff,
	0x20, 0,    0,	  0,	0xff, 0xff, 0xff, 0xff,
};
#define GIVES "u::7,u:4242:7,g::5,g:4343:4,m::7,o::0"

#define DEFAULT_XATTR "system.posix_acl_default"

/* False where the file system has none. */
static bool set(const char *path, const char *name, const void *acl, size_t len)
{
	if (setxattr(path, name, acl, len, 0) == 0)
		return true;
	assert_int_equal(errno, ENOTSUP);
	return false;
}

static size_t have(const char *path, const char *name, unsigned char buf[1024])
{
	ssize_t n = getxattr(path, name, buf, 1024);

	if (n == -1)
		assert_true(errno == ENODATA || errno == ENOTSUP);
	return n == -1 ? 0 : (size_t) n;
}

static void has(const char *path, const void *acl, size_t len)
{
	unsigned char buf[1024];

	assert_int_equal(have(path, PLACE_ACL_XATTR, buf), len);
	assert_memory_equal(buf, acl, len);
}

#define NEEDS_ACL(path, name, acl)                                   \
	do {                                                         \
		if (geteuid() != 0)                                  \
			SCRATCH_SKIP("needs other users: root");     \
		if (!set(path, name, acl, sizeof(acl)))              \
			SCRATCH_SKIP("no ACLs on this file system"); \
	} while (0)

static void text(void **state)
{
	AUTO(mem_free_str) char *t = NULL;
	AUTO(mem_free_str) char *u = NULL;
	AUTO(sbuf_free) struct sbuf s = SBUF_INIT(1000);
	struct err err = ERR_INIT;

	assert_int_equal(
		place_acl_print(svc_reads, sizeof(svc_reads), &t, &err), 0);
	assert_string_equal(t, SVC_READS);
	assert_int_equal(place_acl_print(gives, sizeof(gives), &u, &err), 0);
	assert_string_equal(u, GIVES);
	assert_int_equal(place_acl_parse(SVC_READS, &s, &err), 0);
	assert_int_equal(s.len, sizeof(svc_reads));
	assert_memory_equal(s.buf, svc_reads, s.len);
	sbuf_clear(&s);
	assert_int_equal(place_acl_parse(GIVES, &s, &err), 0);
	assert_int_equal(s.len, sizeof(gives));
	assert_memory_equal(s.buf, gives, s.len);

	assert_int_equal(place_acl_group(SVC_READS), 0);
	assert_int_equal(place_acl_group(GIVES), 5);
	assert_int_equal(place_acl_group("u::6,g::6,m::4,o::0"), 4);
	assert_int_equal(place_acl_group("u::6,g::6,o::4"), 6);
	assert_int_equal(place_acl_group("u::6,g:5:6,m::7,o::4"), 0);
}

static void bad_text(void **state)
{
	static const char *const bad[] = {
		"",
		"u",
		"u::",
		"u::8",
		"u::6,",
		",u::6",
		"u::66",
		"u:-1:6",
		"u: 1:6",
		"m:1:6",
		"o:0:6",
		"x::6",
		"u:1:6:6",
		"u:4294967295:6",
		"u:4294967296:6",
		"u:99999999999999:6",
		"u::6 ",
		"u::6;g::6",
		"U::6",
		"u:1a:6",
		"u:1,2:6",
	};
	AUTO(sbuf_free) struct sbuf s = SBUF_INIT(1000);

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct err err = ERR_INIT;

		if (place_acl_parse(bad[i], &s, &err) != -1)
			fail_msg("accepted: %s", bad[i]);
		assert_int_equal(err.kind, ERR_INPUT);
		assert_int_equal(s.len, 0);
	}
}

static void bad_value(void **state)
{
	unsigned char v[sizeof(svc_reads)];
	AUTO(mem_free_str) char *t = NULL;
	struct err err = ERR_INIT;

	for (size_t len = 0; len < sizeof(v); len++) {
		if (len > 4 && (len - 4) % 8 == 0)
			continue;
		assert_int_equal(place_acl_print(svc_reads, len, &t, &err), -1);
	}
	memcpy(v, svc_reads, sizeof(v));
	v[0] = 3;
	assert_int_equal(place_acl_print(v, sizeof(v), &t, &err), -1);
	v[0] = 2;
	v[4] = 3;
	assert_int_equal(place_acl_print(v, sizeof(v), &t, &err), -1);
	v[4] = 1;
	v[6] = 8;
	assert_int_equal(place_acl_print(v, sizeof(v), &t, &err), -1);
	assert_null(t);
}

/* A default ACL of the folder opens a key that chmod should have closed. */
static void inherited(void **state)
{
	AUTO(place_close) struct place p = PLACE_INIT;
	unsigned char buf[1024];

	NEEDS_ACL(scratch_dir, DEFAULT_XATTR, gives);
	/* The attack is one: */
	scratch_write(scratch("naive"), "key", 0640);
	assert_true(place_kit_may(scratch("naive"), SVC, R_OK));
	place_kit_get(scratch("f"), &p);
	place_kit_put(&p, "key", &plain, NULL);
	assert_int_equal(place_kit_mode(scratch("f")), 0640);
	assert_int_equal(have(scratch("f"), PLACE_ACL_XATTR, buf), 0);
	assert_false(place_kit_may(scratch("f"), SVC, R_OK));
	assert_false(place_kit_may(scratch("f"), ANY, R_OK));
}

static void inherited_by_folder(void **state)
{
	AUTO(place_close) struct place p = PLACE_INIT;
	AUTO(place_new_close) struct place_new n = PLACE_NEW_INIT;
	struct err err = ERR_INIT;
	unsigned char buf[1024];

	NEEDS_ACL(scratch_dir, DEFAULT_XATTR, gives);
	place_kit_get(scratch("gen"), &p);
	assert_int_equal(place_begin(&p, &n, &err), 0);
	assert_int_equal(place_publish(&p, &n, 0750, &err), 0);
	assert_int_equal(have(scratch("gen"), PLACE_ACL_XATTR, buf), 0);
	assert_int_equal(have(scratch("gen"), DEFAULT_XATTR, buf), 0);
	assert_false(place_kit_may(scratch("gen"), SVC, X_OK));
}

/* Forward, and on the way back. */
static void kept(void **state)
{
	static const struct file_attr wide = { 0660, FILE_KEEP, FILE_KEEP };
	static const struct file_attr grouped = { 0640, FILE_KEEP, ANY };
	AUTO(place_close) struct place p = PLACE_INIT;
	AUTO(place_old_free) struct place_old old = PLACE_OLD_INIT;

	scratch_write(scratch("f"), "old", 0600);
	NEEDS_ACL(scratch("f"), PLACE_ACL_XATTR, svc_reads);
	assert_int_equal(chown(scratch("f"), 0, ANY), 0);
	assert_int_equal(place_kit_mode(scratch("f")), 0640);
	place_kit_get(scratch("f"), &p);
	place_kit_read(&p, &old);
	assert_string_equal(old.acl, SVC_READS);
	assert_int_equal(old.attr.mode, 0640);

	/* The mask of 4 is not the group's. */
	place_kit_put(&p, "new", &grouped, &old);
	assert_string_equal(scratch_read(scratch("f")), "new");
	has(scratch("f"), svc_reads, sizeof(svc_reads));
	assert_true(place_kit_may(scratch("f"), SVC, R_OK));
	assert_false(place_kit_may(scratch("f"), ANY, R_OK));

	/* A mode of its own is the mask. */
	place_kit_put(&p, "new", &wide, &old);
	assert_int_equal(place_kit_mode(scratch("f")), 0660);
	assert_true(place_kit_may(scratch("f"), SVC, R_OK));
	assert_false(place_kit_may(scratch("f"), SVC, W_OK));

	/* Back, after another had taken the ACL off. */
	place_kit_put(&p, "new", &plain, NULL);
	assert_false(place_kit_may(scratch("f"), SVC, R_OK));
	place_kit_put(&p, sbuf_str(&old.content), NULL, &old);
	assert_string_equal(scratch_read(scratch("f")), "old");
	has(scratch("f"), svc_reads, sizeof(svc_reads));
	assert_int_equal(place_kit_stat(scratch("f")).st_gid, ANY);
	assert_false(place_kit_may(scratch("f"), ANY, R_OK));
}

/* As the tools of the package acl say it. */
static void tools(void **state)
{
	AUTO(place_close) struct place p = PLACE_INIT;
	AUTO(place_old_free) struct place_old old = PLACE_OLD_INIT;
	char command[1400];

	scratch_write(scratch("f"), "x", 0600);
	snprintf(command, sizeof(command),
		 "setfacl -m u:33:rw,g:44:r,m::rw %s && "
		 "getfacl -cnp %s >%s",
		 scratch("f"), scratch("f"), scratch("one"));
	if (geteuid() != 0 || system("command -v setfacl >/dev/null") != 0 ||
	    system(command) != 0)
		SCRATCH_SKIP("needs root, setfacl and a file system with ACLs");
	place_kit_get(scratch("f"), &p);
	place_kit_read(&p, &old);
	assert_string_equal(old.acl, "u::6,u:33:6,g::0,g:44:4,m::6,o::0");
	place_kit_put(&p, "y", NULL, &old);
	snprintf(command, sizeof(command), "getfacl -cnp %s | cmp - %s",
		 scratch("f"), scratch("one"));
	assert_int_equal(system(command), 0);
}

static void attributes(void **state)
{
	AUTO(place_close) struct place p = PLACE_INIT;
	AUTO(place_old_free) struct place_old old = PLACE_OLD_INIT;
	unsigned char buf[1024];

	scratch_write(scratch("f"), "x", 0600);
	if (!set(scratch("f"), "user.note", "hello", 5) ||
	    !set(scratch("f"), "user.empty", "", 0))
		SCRATCH_SKIP("no attributes on this file system");
	if (geteuid() == 0)
		(void) !setxattr(scratch("f"), "trusted.x", "x", 1, 0);
	place_kit_get(scratch("f"), &p);
	place_kit_read(&p, &old);
	place_kit_put(&p, "y", &plain, &old);
	assert_int_equal(have(scratch("f"), "user.note", buf), 5);
	assert_memory_equal(buf, "hello", 5);
	assert_int_equal(getxattr(scratch("f"), "user.empty", buf, 1), 0);
	assert_int_equal(have(scratch("f"), "trusted.x", buf), 0);
	/* Not from what is no file. */
	old.kind = PLACE_SYMLINK;
	place_kit_put(&p, "y", &plain, &old);
	assert_int_equal(have(scratch("f"), "user.note", buf), 0);
}

/* Where there are none (ramfs), the mask must not be the group's. */
static void in_ramfs(void *arg)
{
	AUTO(place_close) struct place p = PLACE_INIT;
	AUTO(place_old_free) struct place_old old = PLACE_OLD_INIT;
	AUTO(place_new_close) struct place_new n = PLACE_NEW_INIT;
	struct err err = ERR_INIT;
	struct stat st;

	if (unshare(CLONE_NEWNS) == -1 ||
	    mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1 ||
	    mount("ramfs", scratch("ram"), "ramfs", 0, NULL) == -1)
		_exit(77);
	place_kit_get(scratch("ram/f"), &p);
	old.kind = PLACE_FILE;
	old.acl = mem_strdup(SVC_READS);
	old.attr = (struct file_attr){ 0640, FILE_KEEP, FILE_KEEP };
	old.xattrs = mem_array(1, sizeof(*old.xattrs));
	old.n_xattrs = 1;
	old.xattrs[0].name = mem_strdup("user.note");
	old.xattrs[0].value = mem_strdup("x");
	old.xattrs[0].len = 1;
	if (place_stage(&p, "x", 1, NULL, &old, &n, &err) == -1 ||
	    place_commit(&p, &n, true, &err) == -1)
		_exit(1);
	if (stat(scratch("ram/f"), &st) == -1 || (st.st_mode & 0777) != 0600)
		_exit(2);
	place_old_free(&old);
	if (place_read(&p, &old, &err) == -1 || old.acl || old.n_xattrs > 0)
		_exit(3);
	if (place_stage(&p, "x", 1, &plain, &old, &n, &err) == -1 ||
	    place_commit(&p, &n, false, &err) == -1 ||
	    stat(scratch("ram/f"), &st) == -1 || (st.st_mode & 0777) != 0640)
		_exit(4);
	place_old_free(&old);
	place_close(&p);
}

static void without(void **state)
{
	int status;

	assert_int_equal(mkdir(scratch("ram"), 0755), 0);
	status = scratch_fork(in_ramfs, NULL);
	if (status == 77)
		SCRATCH_SKIP("no mount here");
	assert_int_equal(status, 0);
}

#define T(f) cmocka_unit_test_setup(f, place_kit_fresh)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(text),
		T(bad_text),
		T(bad_value),
		T(inherited),
		T(inherited_by_folder),
		T(kept),
		T(tools),
		T(attributes),
		T(without),
	};

	return cmocka_run_group_tests_name("place_acl", tests, scratch_setup,
					   scratch_teardown);
}
