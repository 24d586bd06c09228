/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "scratch.h"
#include "hook.h"

static int run(const struct svc_commands *c, bool *ret_tried, struct err *err)
{
	struct svc s = { .hooks = { [HOOK_TEST] = *c } };

	return hook_run(&s, HOOK_TEST, ret_tried, err);
}

static void in_order_until_one_fails(void **state)
{
	const char *a[] = { "sh", "-c", "echo a >>\"$0\"", scratch("log"),
			    NULL };
	const char *b[] = { "sh", "-c",
			    "echo first; echo b >>\"$0\"; echo "
			    "second; echo; exit 7",
			    scratch("log"), NULL };
	struct svc_command v[] = { { a, 5, NULL },
				   { b, 5, NULL },
				   { a, 5, NULL } };
	struct svc_commands all = { v, 3 }, one = { v, 1 }, no = { v, 0 };
	struct err err = ERR_INIT;
	bool tried = false;

	assert_int_equal(run(&all, &tried, &err), -1);
	assert_true(tried);
	assert_int_equal(err.kind, ERR_CHILD);
	assert_non_null(strstr(err.msg, "exited with 7: \"first / second\""));
	assert_string_equal(scratch_read(scratch("log")), "a\nb\n");
	assert_int_equal(run(&one, NULL, &err), 0);
	assert_int_equal(run(&no, &tried, &err), 0);
}

static void cannot_start(void **state)
{
	const char *argv[] = { scratch("nothing"), "-x", NULL };
	struct svc_command v = { argv, 5, NULL };
	struct svc_commands c = { &v, 1 };
	struct err err = ERR_INIT;
	bool tried = true;

	assert_int_equal(run(&c, &tried, &err), -1);
	assert_false(tried);
	assert_non_null(strstr(err.msg, "nothing"));
}

static void found(void **state)
{
	const char *argv[] = { "sh", "-c", "exit 9", NULL };
	struct svc_command v = { argv, 5, NULL };
	struct err err = ERR_INIT;

	assert_int_equal(hook_find(&v, &err), 0);
	argv[0] = "no-such-one";
	assert_int_equal(hook_find(&v, &err), -1);
	assert_string_equal(err.msg, "there is no no-such-one in "
				     "/usr/sbin:/usr/bin:/sbin:/bin");
}

static void too_long(void **state)
{
	const char *argv[] = { "sleep", "20", NULL };
	struct svc_command v = { argv, 1, NULL };
	struct svc_commands c = { &v, 1 };
	struct err err = ERR_INIT;
	bool tried = false;

	assert_int_equal(run(&c, &tried, &err), -1);
	assert_true(tried);
	assert_non_null(strstr(err.msg, "\"sleep 20\" timed out after 1 s"));
}

static void killed(void **state)
{
	const char *argv[] = { "sh", "-c", "echo dying; kill -9 $$", NULL };
	struct svc_command v = { argv, 5, NULL };
	struct svc_commands c = { &v, 1 };
	struct err err = ERR_INIT;

	assert_int_equal(run(&c, NULL, &err), -1);
	assert_non_null(strstr(err.msg, "was ended by signal 9: \"dying\""));
	/* What a shell says of its own child is an exit status. */
	argv[2] = "exit 137";
	assert_int_equal(run(&c, NULL, &err), -1);
	assert_non_null(strstr(err.msg, "exited with 137"));
}

static void text(void **state)
{
	const char *argv[] = { "nginx", "-s", "reload", NULL };
	struct svc_command v = { argv, 1, NULL };
	struct arena *arena = arena_new();

	assert_string_equal(hook_text(&v, arena), "nginx -s reload");
	argv[1] = "a b";
	assert_string_equal(hook_text(&v, arena), "nginx 'a b' reload");
	arena_free(&arena);
}

static void environment(void **state)
{
	const char *argv[] = { "sh", "-c", "test \"$A\" = 'b c=d'", NULL };
	const char *env[] = { "A=b c=d", NULL };
	struct svc_command v = { argv, 5, NULL, env };
	struct svc_commands c = { &v, 1 };
	struct err err = ERR_INIT;

	assert_int_equal(run(&c, NULL, &err), 0);
	v.env = NULL;
	assert_int_equal(run(&c, NULL, &err), -1);
}

static void running(void **state)
{
	const char *no[] = { "false", NULL };
	const char *gone[] = { "/nonexistent/x", NULL };
	const char *killed[] = { "sh", "-c", "kill -9 $$", NULL };
	const char *slow[] = { "sleep", "20", NULL };
	struct svc_command v = { no, 5, NULL };
	struct svc s = { .name = "x" };

	assert_true(hook_running(&s));
	s.hooks[HOOK_RUNNING] = (struct svc_commands){ &v, 1 };
	assert_false(hook_running(&s));
	v.argv = gone;
	assert_true(hook_running(&s));
	v.argv = killed;
	assert_true(hook_running(&s));
	v.argv = slow;
	v.timeout_s = 1;
	assert_true(hook_running(&s));
}

/* Whoever can change the folder would have root read what he likes. */
static void given(void **state)
{
	const char *dir = scratch("open");
	const char *argv[] = { "true", NULL };
	struct svc_cert cert = { .root = "", .dir = dir };
	struct svc_command v = { argv, 5, NULL, NULL, SVC_GIVEN_DIR };
	struct svc s = { .certs = &cert,
			 .n_certs = 1,
			 .hooks = { [HOOK_TEST] = { &v, 1 } } };
	struct err err = ERR_INIT;
	bool tried = true;

	assert_int_equal(mkdir(dir, 0700), 0);
	assert_int_equal(chmod(scratch("."), 0755), 0);
	assert_int_equal(hook_run(&s, HOOK_TEST, &tried, &err), 0);
	assert_int_equal(chmod(dir, 0777), 0);
	assert_int_equal(hook_run(&s, HOOK_TEST, &tried, &err), -1);
	assert_false(tried);
	assert_non_null(strstr(err.msg, "\"true\" has no user, and others can "
					"change what it is given: folder "));
	rmdir(dir);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_order_until_one_fails),
		cmocka_unit_test(cannot_start),
		cmocka_unit_test(found),
		cmocka_unit_test(environment),
		cmocka_unit_test(running),
		cmocka_unit_test(too_long),
		cmocka_unit_test(killed),
		cmocka_unit_test(text),
		cmocka_unit_test(given),
	};

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
