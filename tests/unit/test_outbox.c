/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <sys/prctl.h>
#include <utime.h>
#include "scratch.h"
#include "arena.h"
#include "lockfile.h"
#include "notice_hand.h"

#define NOON 1795694400 /* 2026-11-26T12:00:00Z */
#define DAY  86400

static const char *const whom[] = { "ops@example.org", "root", NULL };
static struct arena *arena;
static struct notify_conf notify;
static struct notice_from from;
static char told[4000]; /* what was said, a line each */

static int setup(void **state)
{
	if (scratch_setup(state))
		return -1;
	arena = arena_new();
	return 0;
}

static int teardown(void **state)
{
	arena_free(&arena);
	return scratch_teardown(state);
}

static void say(const char *line)
{
	size_t len = strlen(told);

	snprintf(told + len, sizeof(told) - len, "%s\n", line);
}

static int put(const char *text, int64_t now, struct err *err)
{
	AUTO(sbuf_free) struct sbuf mail = SBUF_INIT(1000);

	sbuf_adds(&mail, text);
	return outbox_put(scratch_dir, &mail, OUTBOX_MAX, now, err);
}

static void must_put(const char *text, int64_t now)
{
	struct err err = ERR_INIT;

	if (put(text, now, &err) == -1)
		fail_msg("%s", err.msg);
}

/* All mails there are, the oldest first. */
static const char *all(void)
{
	AUTO(strlist_free) struct strlist names = STRLIST_INIT;
	const char *text = "";

	assert_int_equal(outbox_list(scratch_dir, &names, NULL), 0);
	for (size_t i = 0; i < names.n; i++) {
		AUTO(sbuf_free) struct sbuf mail = SBUF_INIT(1000);

		assert_int_equal(
			outbox_read(scratch_dir, names.v[i], &mail, NULL), 1);
		text = arena_printf(arena, "%s%s;", text, sbuf_str(&mail));
	}
	return text;
}

static void empty(void)
{
	AUTO(strlist_free) struct strlist names = STRLIST_INIT;

	assert_int_equal(outbox_list(scratch_dir, &names, NULL), 0);
	for (size_t i = 0; i < names.n; i++)
		assert_int_equal(outbox_remove(scratch_dir, names.v[i], NULL),
				 0);
}

/* sendmail is BODY, of a shell; "$out" keeps what it took. */
static void sendmail_is(const char *body)
{
	const char *path = arena_strdup(arena, scratch("sendmail"));
	const char **argv = arena_array(arena, 2, sizeof(*argv));

	scratch_write(path,
		      arena_printf(arena, "#!/bin/sh\nout='%s'\n%s\n",
				   scratch("taken"), body),
		      0755);
	unlink(scratch("taken"));
	argv[0] = path;
	notify = (struct notify_conf){ .mail = { .v = whom, .n = 1 },
				       .sendmail = { .v = argv, .n = 1 },
				       .timeout = 10 };
	from = (struct notice_from){ .state_dir = scratch_dir,
				     .notify = &notify };
	*told = '\0';
}

static const char *hand_over(int64_t now)
{
	size_t sent = 0, failed = 0;
	struct err err = ERR_INIT;

	if (notice_hand_outbox(&from, now, say, &sent, &failed, &err) == -1)
		return arena_strdup(arena, err.msg);
	return arena_printf(arena, "%zu sent, %zu failed", sent, failed);
}

static void test_put(void **state)
{
	struct stat st;

	assert_string_equal(all(), "");
	must_put("two", NOON + 1);
	must_put("one", NOON);
	must_put("one again", NOON);
	assert_string_equal(all(), "one;one again;two;");
	assert_int_equal(stat(scratch("outbox"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	/* what is no mail, or not whole */
	scratch_write(scratch("outbox/README"), "x", 0600);
	scratch_write(scratch("outbox/001795694400.1.0.mail~"), "x", 0600);
	scratch_write(scratch("outbox/.001795694400.1.0.mail.certrepo-aaaaaa"),
		      "x", 0600);
	/* a mail's name, and none of ours */
	assert_int_equal(mkdir(scratch("outbox/001795694400.1.7.mail"), 0700),
			 0);
	assert_int_equal(mkfifo(scratch("outbox/001795694400.1.8.mail"), 0600),
			 0);
	assert_int_equal(
		symlink("README", scratch("outbox/001795694400.1.9.mail")), 0);
	if (geteuid() == 0) {
		const char *path = scratch("outbox/001795694400.1.6.mail");

		scratch_write(path, "x", 0644);
		assert_int_equal(chown(path, 65534, 65534), 0);
	}
	assert_string_equal(all(), "one;one again;two;");
	assert_int_equal(
		outbox_read(scratch_dir, "001795694400.1.9.mail", NULL, NULL),
		-1);
	empty();
	assert_string_equal(all(), "");
}

static void test_limit(void **state)
{
	struct err err = ERR_INIT;

	for (int i = 0; i < OUTBOX_MAX; i++)
		must_put("x", NOON + i);
	assert_int_equal(put("y", NOON, &err), -1);
	assert_int_equal(err.kind, ERR_LIMIT);
	assert_non_null(strstr(err.msg, "50 mails wait in "));
	empty();
}

static void test_taken(void **state)
{
	sendmail_is("cat >>\"$out\"");
	assert_string_equal(hand_over(NOON), "0 sent, 0 failed");
	must_put("To: root\n\nb\n", NOON + 1);
	must_put("To: root\n\na\n", NOON);
	assert_string_equal(hand_over(NOON + 2), "2 sent, 0 failed");
	assert_string_equal(scratch_read(scratch("taken")),
			    "To: root\n\na\nTo: root\n\nb\n");
	assert_string_equal(told, "");
	assert_string_equal(all(), "");
	unlink(scratch("taken"));
}

static void test_refused(void **state)
{
	/* one of them is the matter */
	sendmail_is("grep -v bad >>\"$out\" || { echo no; exit 75; }");
	must_put("bad", NOON);
	must_put("good", NOON + 1);
	assert_string_equal(hand_over(NOON + 2), "1 sent, 1 failed");
	assert_non_null(strstr(told, "exited with 75: \"no\""));
	assert_string_equal(all(), "bad;");
	/* sendmail is */
	sendmail_is("echo x >>\"$out\"; exit 75");
	for (int i = 1; i < 6; i++)
		must_put("bad", NOON + i);
	assert_string_equal(hand_over(NOON + 7), "0 sent, 6 failed");
	/* three, and the newest */
	assert_string_equal(scratch_read(scratch("taken")), "x\nx\nx\nx\n");
	empty();
	unlink(scratch("taken"));
}

/* However many there are that nobody takes, for good, the others go out. */
static void test_blocked(void **state)
{
	sendmail_is("grep good >>\"$out\" || exit 65");
	for (int i = 0; i < 7; i++)
		must_put("bad", NOON + i);
	must_put("good 1\n", NOON + 7);
	must_put("good 2\n", NOON + 8);
	must_put("good 3\n", NOON + 9);
	assert_string_equal(hand_over(NOON + 10), "3 sent, 7 failed");
	assert_string_equal(scratch_read(scratch("taken")),
			    "good 3\ngood 2\ngood 1\n");
	empty();
	unlink(scratch("taken"));
}

/* Those whom notify names, whatever a mail says. */
static void test_whom(void **state)
{
	const char *const *argv;

	sendmail_is(":");
	notify.sendmail.n = 0;
	notify.mail.n = 2;
	argv = notice_hand_argv(&from, NOTICE_MAIL, NULL, arena);
	assert_string_equal(argv[0], "sendmail");
	assert_string_equal(argv[1], "-i");
	assert_string_equal(argv[2], "ops@example.org");
	assert_string_equal(argv[3], "root");
	assert_null(argv[4]);
}

static void test_nobody(void **state)
{
	sendmail_is("echo x >>\"$out\"");
	for (int i = 0; i < 5; i++)
		must_put("To: root\n\nb\n", NOON + i);
	notify.mail.n = 0;
	assert_string_equal(hand_over(NOON + 7), "0 sent, 5 failed");
	assert_int_equal(access(scratch("taken"), F_OK), -1);
	assert_non_null(strstr(told, "notify names nobody"));
	assert_non_null(strstr(told, "\nTo: root\n\nb\n"));
	must_put("To: root\n\nb\n", NOON);
	from.notify = NULL;
	assert_string_equal(hand_over(NOON + 7), "0 sent, 1 failed");
	assert_string_equal(all(), "");
}

static void test_old(void **state)
{
	sendmail_is("exit 1");
	must_put("To: root\n\nexample.org EXPIRED\x1b[0m\n", NOON);
	assert_string_equal(hand_over(NOON + 7 * DAY - 1), "0 sent, 1 failed");
	assert_null(strstr(told, "EXPIRED"));
	assert_string_equal(hand_over(NOON + 7 * DAY), "0 sent, 1 failed");
	assert_string_equal(all(), "");
	assert_non_null(
		strstr(told, "\nTo: root\n\nexample.org EXPIRED?[0m\n"));
	/* the clock was ahead, or is behind */
	must_put("x", NOON + 30 * DAY);
	assert_string_equal(hand_over(NOON), "0 sent, 1 failed");
	empty();
	/* a week's old one is sent when it can be */
	sendmail_is("cat >\"$out\"");
	must_put("late", NOON);
	assert_string_equal(hand_over(NOON + 8 * DAY), "1 sent, 0 failed");
	assert_string_equal(scratch_read(scratch("taken")), "late");
	unlink(scratch("taken"));
}

static void test_lock(void **state)
{
	struct lockfile *lock = NULL;
	const struct utimbuf old = { 1, 1 };
	const char *dead = ".001795694400.1.0.mail.certrepo-bbbbbb";
	const char *path = arena_strdup(
		arena, scratch(arena_printf(arena, "outbox/%s", dead)));

	sendmail_is("cat >\"$out\"");
	must_put("x", NOON);
	scratch_write(path, "half", 0600);
	assert_int_equal(outbox_lock(scratch_dir, NOON, &lock, NULL), 0);
	assert_int_equal(access(path, F_OK), 0);
	assert_non_null(strstr(hand_over(NOON), "already running"));
	assert_string_equal(all(), "x;");
	lockfile_free(&lock);
	assert_int_equal(utime(path, &old), 0);
	assert_string_equal(hand_over(NOON), "1 sent, 0 failed");
	assert_int_equal(access(path, F_OK), -1);
}

/* In a process of its own, which cannot get rid of it any more. */
static int wanted(bool root, bool flag)
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		if (!root && geteuid() == 0 && setuid(65534) == -1)
			_exit(2);
		if (flag && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
			_exit(2);
		_exit(outbox_wanted());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WEXITSTATUS(status);
}

static void test_wanted(void **state)
{
	assert_int_equal(wanted(false, false), 0);
	assert_int_equal(wanted(false, true), 1);
	/* needs no bit of a file */
	if (geteuid() == 0)
		assert_int_equal(wanted(true, true), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_put),    cmocka_unit_test(test_limit),
		cmocka_unit_test(test_taken),  cmocka_unit_test(test_refused),
		cmocka_unit_test(test_old),    cmocka_unit_test(test_lock),
		cmocka_unit_test(test_wanted), cmocka_unit_test(test_blocked),
		cmocka_unit_test(test_whom),   cmocka_unit_test(test_nobody),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
