/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
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
	log_event(LOG_L_INFO, "renewed", "name", "www.example.org", "until",
		  "2027-02-21T00:00:00Z", NULL);
	log_event(LOG_L_WARN, "odd", "a", "b c", "none", NULL, "empty", "",
		  "quote", "say \"hi\\\"", "eq", "a=b", "ctl", "x\ny\033",
		  NULL);
	log_warn("disk is %d%% full\nforged: line", 91);
	log_debug("details");
	err_set(&err, ERR_IO, "no way");
	log_error(&err);
}

#define INFO "prog: renewed name=www.example.org until=2027-02-21T00:00:00Z\n"
#define WARN                                                           \
	"prog: odd a=\"b c\" empty=\"\" quote=\"say \\\"hi\\\\\\\"\" " \
	"eq=\"a=b\" ctl=\"x\\ny\\x1b\"\n"                              \
	"prog: disk is 91% full?forged: line\n"

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
			    INFO WARN "prog: no way\n");
}

static void verbose_one(void **state)
{
	int verbose = 1;

	assert_int_equal(scratch_fork(speak, &verbose), 0);
	assert_string_equal(scratch_read(scratch("err")),
			    INFO WARN "prog: no way\n");
}

static void verbose_two(void **state)
{
	int verbose = 2;

	assert_int_equal(scratch_fork(speak, &verbose), 0);
	assert_string_equal(scratch_read(scratch("err")),
			    "prog: tried n=1\n" INFO WARN
			    "prog: details\nprog: no way\n");
}

/* Before log_open, as in a library's unit test, only trouble is said. */
static void unopened(void *arg)
{
	log_event(LOG_L_INFO, "renewed", NULL);
	log_warn("trouble");
}

static void before_open(void **state)
{
	assert_false(log_verbose());
	assert_int_equal(scratch_fork(unopened, NULL), 0);
	assert_string_equal(scratch_read(scratch("err")),
			    "certrepo: trouble\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quiet),       cmocka_unit_test(mailed),
		cmocka_unit_test(verbose_one), cmocka_unit_test(verbose_two),
		cmocka_unit_test(before_open),
	};

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
