/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <pty.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "clock.h"
#include "log.h"
#include "term.h"

#define AHEAD INT64_C(1000000000000)

static int terminal, saved;
static char got[4096];

/* stderr is a terminal from now on, so many columns wide. */
static void begin(unsigned short columns)
{
	struct winsize size = { .ws_col = columns, .ws_row = 24 };
	int other;

	assert_int_equal(openpty(&terminal, &other, NULL, NULL, &size), 0);
	saved = dup(STDERR_FILENO);
	assert_int_equal(dup2(other, STDERR_FILENO), STDERR_FILENO);
	close(other);
}

/* What came there. */
static const char *end(void)
{
	size_t len = 0;
	ssize_t n;

	fflush(stderr);
	assert_int_equal(fcntl(terminal, F_SETFL, O_NONBLOCK), 0);
	while ((n = read(terminal, got + len, sizeof(got) - 1 - len)) > 0)
		len += (size_t) n;
	got[len] = '\0';
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(terminal);
	return got;
}

static void colours(void **state)
{
	setenv("TERM", "xterm", 1);
	unsetenv("NO_COLOR");
	begin(80);
	assert_string_equal(term_on(stderr, TERM_BAD), "\033[31m");
	assert_string_equal(term_on(stderr, TERM_GOOD), "\033[32m");
	assert_string_equal(term_off(stderr), "\033[m");
	setenv("NO_COLOR", "", 1); /* empty is not set */
	assert_string_equal(term_on(stderr, TERM_WARN), "\033[33m");
	setenv("NO_COLOR", "1", 1);
	assert_string_equal(term_on(stderr, TERM_BAD), "");
	assert_string_equal(term_off(stderr), "");
	unsetenv("NO_COLOR");
	setenv("TERM", "dumb", 1);
	assert_string_equal(term_on(stderr, TERM_BAD), "");
	unsetenv("TERM");
	assert_string_equal(term_on(stderr, TERM_BAD), "");
	(void) end();
}

static void no_terminal(void **state)
{
	FILE *f = tmpfile();

	setenv("TERM", "xterm", 1);
	assert_non_null(f);
	assert_string_equal(term_on(f, TERM_BAD), "");
	assert_string_equal(term_off(f), "");
	fclose(f);
}

static void progress(void **state)
{
	begin(20);
	term_progress("%d of %d, and many words more", 1, 2);
	term_progress("a\033[2Jb");
	term_wipe();
	term_wipe(); /* nothing is there */
	assert_string_equal(end(), "\r\033[K1 of 2, and many wo"
				   "\r\033[Ka?[2Jb"
				   "\r\033[K");
}

static void often(void **state)
{
	begin(80);
	clock_set_mono_for_test(AHEAD);
	assert_true(term_wants_progress());
	term_progress("x");
	assert_false(term_wants_progress());
	clock_set_mono_for_test(AHEAD + 200);
	assert_true(term_wants_progress());
	clock_set_mono_for_test(AHEAD + 9999);
	term_wipe();
	(void) end();
	assert_false(term_wants_progress()); /* stderr is a file, or a pipe */
	clock_set_mono_for_test(-1);
}

/* A line of the log takes it away. */
static void logged(void **state)
{
	setenv("TERM", "dumb", 1);
	begin(80);
	log_open("prog", 0);
	term_progress("1 of 2");
	log_warn("disk is full");
	assert_string_equal(end(), "\r\033[K1 of 2\r\033[K"
				   "prog: disk is full\r\n");
	setenv("TERM", "xterm", 1);
	begin(80);
	log_warn("disk is full");
	assert_string_equal(end(), "prog: \033[33mdisk is full\033[m\r\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(colours),  cmocka_unit_test(no_terminal),
		cmocka_unit_test(progress), cmocka_unit_test(often),
		cmocka_unit_test(logged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
