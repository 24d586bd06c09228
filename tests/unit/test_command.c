/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "command.h"
#include "scratch.h"

static const struct opts_option options[] = {
	{ 'c', "config", "FILE", "a file" },
	{ 'n', "dry-run", NULL, "no change" },
	{ 'v', "verbose", NULL, "say more" },
	{ 300, "once", NULL, "one pass" },
	{ 301, "staging", "NAME", "a try" },
	{ 0 },
};
static const struct opts_spec plain = {
	.program = "certrepo-fetcher",
	.options = options,
};

/* LINE, of words between blanks: where is the command, 0: there is none. */
static int where(const char *line)
{
	AUTO(mem_free_str) char *copy = mem_strdup(line);
	char *argv[20] = { NULL }, *rest = copy, *word;
	int argc = 0, at = 0;
	const struct command *c;

	while ((word = strsep(&rest, " ")))
		argv[argc++] = word;
	c = command_find(&plain, argc, argv, &at);
	if (c)
		assert_string_equal(c->word, argv[at]);
	return c ? at : 0;
}

static void finds(void **state)
{
	static const struct {
		const char *line;
		int at;
	} cases[] = {
		{ "f", 0 },
		{ "f account", 1 },
		{ "f account show", 1 },
		{ "f -c x account show", 3 },
		{ "f -cx account", 2 },
		{ "f -vc x account", 3 },
		{ "f -vvcx account", 2 },
		{ "f --config x account", 3 },
		{ "f --config=x account", 2 },
		{ "f --staging account", 0 }, /* a value */
		{ "f --staging account account", 3 },
		{ "f -c account", 0 },
		{ "f -c account account", 3 },
		{ "f --once account", 2 }, /* it refuses --once itself */
		{ "f --unknown account", 2 },
		/* names */
		{ "f -- account", 0 },
		{ "f -n -- account", 0 },
		{ "f www.example.org account", 0 },
		{ "f accounts", 0 },
		{ "f Account", 0 },
		{ "f - account", 0 },
		{ "f  account", 0 }, /* an empty word */
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (where(cases[i].line) != cases[i].at)
			fail_msg("%s: %d", cases[i].line, where(cases[i].line));
}

/* Exit status of a command line; what it prints is in the scratch file out. */
static int ends(const char *line)
{
	pid_t pid = fork();
	int status;

	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		AUTO(mem_free_str) char *copy = mem_strdup(line);
		char *argv[20] = { NULL }, *rest = copy, *word;
		const struct command *c;
		int argc = 0, at = 0;

		if (!freopen(scratch("out"), "w", stdout) || dup2(1, 2) == -1)
			_exit(99);
		while ((word = strsep(&rest, " ")))
			argv[argc++] = word;
		c = command_find(&plain, argc, argv, &at);
		status = c ? command_main(c, at, argc, argv) : 98;
		(void) fflush(stdout);
		_exit(status);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void says(const char *text)
{
	const char *out = scratch_read(scratch("out"));

	if (!strstr(out, text))
		fail_msg("no \"%s\" in: %s", text, out);
}

static void usage(void **state)
{
	assert_int_equal(ends("f account --help"), 0);
	says("usage: certrepo-fetcher account ");
	says("--config=FILE");
	assert_int_equal(ends("f --help account"), 0);
	says("usage: certrepo-fetcher account ");
	assert_int_equal(ends("f account"), 64);
	says("say what to do");
	assert_int_equal(ends("f account destroy"), 64);
	says("\"account destroy\"");
	says("certrepo-fetcher -- account");
	assert_int_equal(ends("f --once account show"), 64);
	says("certrepo-fetcher account: unknown option --once");
	/* usage first, then the configuration */
	assert_int_equal(ends("f -c /nowhere account destroy"), 64);
	assert_int_equal(ends("f -c /nowhere account show"), 78);
	says("/nowhere");
	assert_int_equal(ends("f account show -c /nowhere"), 78);
	assert_int_equal(ends("f account -c  show"), 64);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds),
		cmocka_unit_test_setup_teardown(usage, scratch_setup,
						scratch_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
