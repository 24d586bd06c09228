/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "scratch.h"
#include "webroot.h"

#define OTHER 54321 /* has no name */

static struct arena *a;
static struct webroot_look look;

static int setup(void **state)
{
	if (scratch_setup(state))
		return -1;
	a = arena_new();
	chmod(scratch_dir, 0755);
	umask(022);
	mkdir(scratch("www"), 0755);
	return 0;
}

static int teardown(void **state)
{
	arena_free(&a);
	return scratch_teardown(state);
}

static int own(const char *webroot, uid_t uid)
{
	int rc = seteuid(uid);

	assert_int_equal(rc, 0);
	rc = webroot_look(webroot, uid, a, &look);
	assert_int_equal(seteuid(0), 0);
	return rc;
}

/* By root for OTHER, and by himself: they agree. */
static int both(const char *webroot)
{
	int rc = webroot_look(webroot, OTHER, a, &look);
	struct webroot_look of_root = look;

	assert_int_equal(own(webroot, OTHER), rc);
	if (rc == 0) {
		assert_string_equal(of_root.folder, look.folder);
		assert_string_equal(of_root.command, look.command);
	}
	return rc;
}

/* COMMAND on FOLDER, or what is to be MADE in it. */
static void refuses(const char *folder, const char *owner, const char *command,
		    const char *made)
{
	char text[1024];

	assert_int_equal(both(scratch("www")), 0);
	assert_string_equal(look.folder,
			    *folder ? scratch(folder) : scratch_dir);
	assert_string_equal(look.owner, owner);
	assert_string_equal(look.user, "54321");
	snprintf(text, sizeof(text), "%s %s%s", command,
		 *folder ? scratch(folder) : scratch_dir, made);
	assert_string_equal(look.command, text);
}

/* Each step from what is missing to what is his. */
static void steps(void **state)
{
	if (geteuid() != 0)
		skip();
	refuses("www", "root", "install -d -o 54321", "/.well-known");
	/* what is another's is not taken from him */
	assert_int_equal(chown(scratch("www"), 33, 33), 0);
	refuses("www", "www-data", "install -d -o 54321", "/.well-known");
	mkdir(scratch("www/.well-known"), 0755);
	refuses("www/.well-known", "root", "install -d -o 54321",
		"/acme-challenge");
	mkdir(scratch("www/.well-known/acme-challenge"), 0755);
	refuses("www/.well-known/acme-challenge", "root", "chown -h 54321", "");
	assert_int_equal(look.mode, 0755);
	assert_false(look.way);
	assert_int_equal(
		chown(scratch("www/.well-known/acme-challenge"), OTHER, 0), 0);
	assert_int_equal(both(scratch("www")), 1);
	chmod(scratch("www/.well-known/acme-challenge"), 0555);
	refuses("www/.well-known/acme-challenge", "54321", "chmod u+rwx", "");
	rmdir(scratch("www/.well-known/acme-challenge"));
	assert_int_equal(chown(scratch("www/.well-known"), OTHER, 0), 0);
	assert_int_equal(both(scratch("www")), 1);
}

static void way(void **state)
{
	if (geteuid() != 0)
		skip();
	mkdir(scratch("www/.well-known"), 0755);
	assert_int_equal(chown(scratch("www/.well-known"), OTHER, 0), 0);
	chmod(scratch("www"), 0700);
	refuses("www", "root", "chmod o+x", "");
	assert_true(look.way);
	chmod(scratch("www"), 0755);
	chmod(scratch_dir, 0700);
	refuses("", "root", "chmod o+x", "");
	chmod(scratch_dir, 0755);
	assert_int_equal(both(scratch("www")), 1);
}

static void not_known(void **state)
{
	assert_int_equal(webroot_look(scratch("none"), OTHER, a, &look), -1);
	assert_int_equal(webroot_look("", OTHER, a, &look), -1);
	scratch_write(scratch("www/.well-known"), "x", 0644);
	assert_int_equal(webroot_look(scratch("www"), OTHER, a, &look), -1);
	unlink(scratch("www/.well-known"));
	assert_int_equal(symlink(scratch_dir, scratch("www/.well-known")), 0);
	assert_int_equal(webroot_look(scratch("www"), OTHER, a, &look), -1);
}

static void as_a_shell_takes_it(void **state)
{
	char text[1024];

	if (geteuid() != 0)
		skip();
	mkdir(scratch("a b"), 0755);
	assert_int_equal(webroot_look(scratch("a b/"), OTHER, a, &look), 0);
	snprintf(text, sizeof(text), "install -d -o 54321 '%s/a b/.well-known'",
		 scratch_dir);
	assert_string_equal(look.command, text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(steps, setup, teardown),
		cmocka_unit_test_setup_teardown(way, setup, teardown),
		cmocka_unit_test_setup_teardown(not_known, setup, teardown),
		cmocka_unit_test_setup_teardown(as_a_shell_takes_it, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
