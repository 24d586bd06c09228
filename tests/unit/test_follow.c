/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "follow.h"
#include "scratch.h"

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

static void make_link(const char *text, const char *name)
{
	assert_int_equal(symlink(text, scratch(name)), 0);
}

static void folder(const char *name)
{
	assert_int_equal(mkdir(scratch(name), 0755), 0);
}

/* Where NAME leads; "" and the error in ERR. Both from the scratch folder. */
static const char *lead(const char *root, const char *name, struct err *err)
{
	const char *from =
		*root != '\0' ? arena_strdup(arena, scratch(root)) : "";
	const char *ret;

	err_clear(err);
	if (follow_path(from, arena_strdup(arena, scratch(name)), arena, &ret,
			err) == -1)
		return "";
	/* Only so that the table is easy to read. */
	if (strncmp(ret, scratch_dir, strlen(scratch_dir)) != 0)
		return ret;
	return ret + strlen(scratch_dir) + 1;
}

/* The last name only, as open(2) would. */
static void last_name(void **state)
{
	static const struct {
		const char *name, *want;
	} cases[] = {
		{ "etc/file", "etc/file" },
		{ "etc/missing", "etc/missing" },
		{ "gone/missing", "gone/missing" },
		{ "etc/relative", "srv/keys/a.pem" },
		{ "etc/absolute", "srv/keys/a.pem" },
		{ "etc/three", "srv/keys/a.pem" },
		{ "etc/dangling", "srv/keys/new.pem" },
		{ "etc/beside", "etc/file" },
		{ "etc/dots", "etc/file" },
		/* A folder may be a link; what is above it is above what it
		 * leads to. */
		{ "deep/file", "deep/file" },
		{ "deep/up", "srv/up.pem" },
		{ "etc/by-folder", "srv/keys/a.pem" },
		{ "etc/to-folder", "srv/keys" },
	};
	struct err err = ERR_INIT;

	folder("etc");
	folder("srv");
	folder("srv/keys");
	scratch_write(scratch("etc/file"), "x", 0644);
	scratch_write(scratch("srv/keys/a.pem"), "x", 0644);
	make_link("../srv/keys/a.pem", "etc/relative");
	make_link(scratch("srv/keys/a.pem"), "etc/absolute");
	make_link("two", "etc/three");
	make_link("relative", "etc/two");
	make_link("../srv/keys/new.pem", "etc/dangling");
	make_link("file", "etc/beside");
	make_link(".././etc//file", "etc/dots");
	make_link("srv/keys", "deep");
	make_link("../up.pem", "srv/keys/up");
	make_link("../deep/a.pem", "etc/by-folder");
	make_link("../srv/keys/", "etc/to-folder");
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *got = lead("", cases[i].name, &err);

		if (strcmp(got, cases[i].want) != 0)
			fail_msg("%s: %s %s", cases[i].name, got, err.msg);
	}
}

static void too_many(void **state)
{
	struct err err = ERR_INIT;
	char from[20], to[20];

	for (int i = 0; i < FOLLOW_MAX; i++) {
		snprintf(from, sizeof(from), "n%d", i);
		snprintf(to, sizeof(to), "n%d", i + 1);
		make_link(to, from);
	}
	assert_string_equal(lead("", "n0", &err), "n16");
	make_link("n0", "n-1");
	assert_string_equal(lead("", "n-1", &err), "");
	assert_non_null(strstr(err.msg, "more than 16 links"));
	make_link("loop", "loop");
	assert_string_equal(lead("", "loop", &err), "");
	assert_int_equal(err.kind, ERR_IO);
}

static void not_followed(void **state)
{
	struct err err = ERR_INIT;

	folder("open");
	scratch_write(scratch("x"), "x", 0644);
	make_link("../x", "open/link");
	make_link("open/link", "safe");
	assert_string_equal(lead("", "open/link", &err), "x");
	chmod(scratch("open"), 0775);
	assert_string_equal(lead("", "open/link", &err), "");
	assert_int_equal(err.kind, ERR_IO);
	assert_non_null(strstr(err.msg, "open/link is not followed: "));
	assert_non_null(strstr(err.msg, "chmod g-w,o-w "));
	/* Not on the way either. */
	assert_string_equal(lead("", "safe", &err), "");
	/* A file in such a folder is no link. */
	scratch_write(scratch("open/file"), "x", 0644);
	assert_string_equal(lead("", "open/file", &err), "open/file");
	make_link("a\nb", "strange");
	assert_string_equal(lead("", "strange", &err), "");
	assert_non_null(strstr(err.msg, "control characters"));
	if (geteuid() != 0)
		SCRATCH_SKIP("not root");
	chmod(scratch("open"), 0755);
	assert_int_equal(lchown(scratch("open/link"), 65534, 0), 0);
	assert_string_equal(lead("", "open/link", &err), "");
	assert_non_null(strstr(err.msg, "belongs to user 65534"));
	assert_int_equal(lchown(scratch("open/link"), 0, 0), 0);
	assert_int_equal(chown(scratch("open"), 65534, 0), 0);
	assert_string_equal(lead("", "open/link", &err), "");
	assert_non_null(strstr(err.msg, "belongs to user 65534"));
}

/* As chroot(2) has it. */
static void jailed(void **state)
{
	static const struct {
		const char *name, *want;
	} cases[] = {
		{ "jail/tls/a.pem", "jail/tls/a.pem" },
		{ "jail/etc/tls/a.pem", "jail/tls/a.pem" },
		{ "jail/etc/out/a.pem", "jail/tls/a.pem" },
		{ "jail/../tls/a.pem", "jail/tls/a.pem" },
		{ "jail/tls/../../../x", "jail/x" },
		{ "jail/new/../../x", "jail/x" },
		{ "jail/etc/host", "jail/etc/passwd" },
		{ "jail//tls/./a.pem", "jail/tls/a.pem" },
		{ "jail/", "jail" },
	};
	struct err err = ERR_INIT;

	folder("jail");
	folder("jail/etc");
	folder("jail/tls");
	make_link("/tls", "jail/etc/tls");
	make_link("../../../../tls", "jail/etc/out");
	make_link("/etc/passwd", "jail/etc/host");
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *got = lead("jail", cases[i].name, &err);

		if (strcmp(got, cases[i].want) != 0)
			fail_msg("%s: %s %s", cases[i].name, got, err.msg);
	}
	chmod(scratch("jail/etc"), 0777);
	assert_string_equal(lead("jail", "jail/etc/tls/a.pem", &err), "");
	assert_non_null(strstr(err.msg, "jail/etc/tls is not followed"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(last_name, setup, teardown),
		cmocka_unit_test_setup_teardown(too_many, setup, teardown),
		cmocka_unit_test_setup_teardown(not_followed, setup, teardown),
		cmocka_unit_test_setup_teardown(jailed, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
