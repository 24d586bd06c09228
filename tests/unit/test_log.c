/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <pty.h>
#include <stdlib.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>
#include "log.h"
#include "scratch.h"

/* What stderr gets when it is no terminal, with and without a listener on
 * /dev/log; which of the two this machine has is asked here once more. */
static bool has_syslog(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX,
				    .sun_path = "/dev/log" };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	int rc = connect(fd, (struct sockaddr *) &addr, sizeof(addr));

	close(fd);
	return rc == 0;
}

static void speak(void *arg)
{
	struct err err = ERR_INIT;

	log_open("prog", *(int *) arg);
	log_event(LOG_L_DEBUG, "tried", "n", "1", NULL);
	log_event(LOG_L_RECORD, "rolled-back", NULL);
	log_event(LOG_L_NOTE, "well-again", NULL);
	log_event(LOG_L_INFO, "renewed", "name", "www.example.org", "until",
		  "2027-02-21T00:00:00Z", NULL);
	log_event(LOG_L_WARN, "odd", "a", "b c", "none", NULL, "empty", "",
		  "quote", "say \"hi\\\"", "eq", "a=b", "ctl", "x\ny\033",
		  NULL);
	log_warn("disk is %d%% full\nforged: line", 91);
	log_warn("\xc3\xa4 \xc2\x9b"
		 "2J \x9b \x7f");
	log_debug("details");
	err_set(&err, ERR_IO, "no way");
	log_error(&err);
}

#define NOTE "prog: well-again\n"
#define INFO "prog: renewed name=www.example.org until=2027-02-21T00:00:00Z\n"
#define WARN                                                           \
	"prog: odd a=\"b c\" empty=\"\" quote=\"say \\\"hi\\\\\\\"\" " \
	"eq=\"a=b\" ctl=\"x\\ny\\x1b\"\n"                              \
	"prog: disk is 91% full?forged: line\n"                        \
	"prog: \xc3\xa4 ??2J ? ?\n"

/* Of a command: each of its lines, and nothing that is none. */
static void say(void *arg)
{
	log_open("prog", *(int *) arg);
	log_said(true, "nginx -t", "one\n\ntwo \x1b[2J\xc2\x9b\nforged");
	log_said(false, "true\n", "well\n");
}

static void said(void **state)
{
	static const char *const says[] = {
		"",
		"prog: nginx -t: | one\nprog: nginx -t: | \n"
		"prog: nginx -t: | two ?[2J??\nprog: nginx -t: | forged\n",
		"prog: nginx -t: | one\nprog: nginx -t: | \n"
		"prog: nginx -t: | two ?[2J??\nprog: nginx -t: | forged\n"
		"prog: true?: | well\n",
	};

	for (int verbose = 0; verbose < 3; verbose++) {
		assert_int_equal(scratch_fork(say, &verbose), 0);
		assert_string_equal(scratch_read(scratch("err")),
				    says[verbose]);
	}
}

static void quiet(void **state)
{
	int verbose = 0;

	assert_int_equal(scratch_fork(speak, &verbose), 0);
	assert_string_equal(scratch_read(scratch("out")), "");
	assert_string_equal(scratch_read(scratch("err")),
			    has_syslog() ? WARN "prog: no way\n"
					 : INFO WARN "prog: no way\n");
}

static void speak_mailed(void *arg)
{
	log_mailed(true);
	speak(arg);
}

static void mailed(void **state)
{
	int verbose = 0;

	assert_int_equal(scratch_fork(speak_mailed, &verbose), 0);
	assert_string_equal(scratch_read(scratch("err")),
			    has_syslog() ? "prog: no way\n"
					 : INFO WARN "prog: no way\n");
	verbose = 1;
	assert_int_equal(scratch_fork(speak_mailed, &verbose), 0);
	assert_string_equal(scratch_read(scratch("err")),
			    NOTE INFO WARN "prog: no way\n");
}

#define NO_NAMESPACE 77

/* A syslog socket of its own, wherever the test runs: in a private /dev. What
 * comes to it goes to stdout, with its priority. */
static void speak_mailed_to_syslog(void *arg)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX,
				    .sun_path = "/dev/log" };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	char line[1000];
	ssize_t n;

	if (unshare(geteuid() == 0 ? CLONE_NEWNS
				   : CLONE_NEWUSER | CLONE_NEWNS) == -1 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1 ||
	    mount(scratch_dir, "/dev", NULL, MS_BIND, NULL) == -1 ||
	    bind(fd, (struct sockaddr *) &addr, sizeof(addr)) == -1)
		_exit(NO_NAMESPACE);
	speak_mailed(arg);
	log_syslog_error("FILE:3: bad");
	while ((n = recv(fd, line, sizeof(line), MSG_DONTWAIT)) > 0)
		printf("%.4s%.*s\n", line, (int) n,
		       (char *) memmem(line, (size_t) n, ": ", 2));
	unlink(addr.sun_path);
}

static void mailed_with_syslog(void **state)
{
	int verbose = 0;
	int rc = scratch_fork(speak_mailed_to_syslog, &verbose);
	const char *out;

	if (rc == NO_NAMESPACE)
		SCRATCH_SKIP("no private /dev here");
	assert_int_equal(rc, 0);
	assert_string_equal(scratch_read(scratch("err")), "prog: no way\n");
	/* facility daemon (3), warning (4) and err (3): RFC 5424, 6.2.1 */
	out = scratch_read(scratch("out"));
	assert_non_null(strstr(out, "<28>: odd a="));
	assert_non_null(strstr(out, "<28>: disk is 91% full"));
	assert_non_null(strstr(out, "<27>: no way"));
	assert_non_null(strstr(out, "<27>: FILE:3: bad"));
	assert_non_null(strstr(out, "<30>: well-again"));
	verbose = 1;
	assert_int_equal(scratch_fork(speak_mailed_to_syslog, &verbose), 0);
	assert_string_equal(scratch_read(scratch("err")),
			    NOTE INFO WARN "prog: no way\n");
}

static void speak_mailed_to_terminal(void *arg)
{
	dup2(*(int *) arg, STDERR_FILENO);
	speak_mailed(&(int){ 0 });
}

static void mailed_on_a_terminal(void **state)
{
	char text[2000] = "";
	int ours, theirs;

	setenv("NO_COLOR", "1", 1);
	assert_int_equal(openpty(&ours, &theirs, NULL, NULL, NULL), 0);
	assert_int_equal(scratch_fork(speak_mailed_to_terminal, &theirs), 0);
	assert_true(read(ours, text, sizeof(text) - 1) > 0);
	assert_non_null(strstr(text, "prog: disk is 91% full"));
	close(ours);
	close(theirs);
}

static void verbose_one(void **state)
{
	int verbose = 1;

	assert_int_equal(scratch_fork(speak, &verbose), 0);
	assert_string_equal(scratch_read(scratch("err")),
			    NOTE INFO WARN "prog: no way\n");
}

static void verbose_two(void **state)
{
	int verbose = 2;

	assert_int_equal(scratch_fork(speak, &verbose), 0);
	assert_string_equal(
		scratch_read(scratch("err")),
		"prog: tried n=1\nprog: rolled-back\n" NOTE INFO WARN
		"prog: details\nprog: no way\n");
}

/* Before log_open, as in a library's unit test, only trouble is said. */
static void unopened(void *arg)
{
	log_event(LOG_L_INFO, "renewed", NULL);
	log_warn("trouble");
}

static void unopened_mailed(void *arg)
{
	log_mailed(true);
	unopened(arg);
}

static void before_open(void **state)
{
	assert_false(log_verbose());
	assert_int_equal(scratch_fork(unopened, NULL), 0);
	assert_string_equal(scratch_read(scratch("err")),
			    "certrepo: trouble\n");
	/* No syslog was opened: nobody else would hear of it. */
	assert_int_equal(scratch_fork(unopened_mailed, NULL), 0);
	assert_string_equal(scratch_read(scratch("err")),
			    "certrepo: trouble\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quiet),
		cmocka_unit_test(said),
		cmocka_unit_test(mailed),
		cmocka_unit_test(mailed_with_syslog),
		cmocka_unit_test(mailed_on_a_terminal),
		cmocka_unit_test(verbose_one),
		cmocka_unit_test(verbose_two),
		cmocka_unit_test(before_open),
	};

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
