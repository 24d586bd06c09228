/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <unistd.h>
#include "mem.h"
#include "opts.h"
#include "paths.h"
#include "scratch.h"

static const struct opts_option options[] = {
	{ 'c', "config", "FILE", "read FILE" },
	{ 'n', "dry-run", NULL, "change nothing" },
	{ 300, "json", NULL, "print JSON" },
	{ 301, "jobs", "N", "so many at once" },
	{ 302, "one", NULL, NULL },
	{ 't', "two", "N", NULL },
	{ 303, "three", NULL, "of this kind" },
	{ 0 },
};

static const struct opts_option of_commands[] = {
	{ 'c', "config", "FILE", "read FILE" },
	{ 300, "json", NULL, "print JSON", " list show " },
	{ 301, "lists", NULL, "all of them", " lists " },
	{ 302, "as", "NAME", "its name", " host-add host-list " },
	{ 303, "all", NULL, "every one", " host-list host-listen " },
	{ 0 },
};
static const struct opts_topic topics[] = {
	{ "list", "[options] list", "All of them.", "list --json\n" },
	{ "add", "[options] add NAME", "One more.", NULL },
	{ "host", "[options] host COMMAND", "Of hosts.", NULL,
	  "Commands:\n  list  all" },
	{ "host list", "[options] host list", "All hosts.", NULL },
	{ 0 },
};
static const struct opts_spec commands = {
	.program = "prog",
	.usage = "[options] COMMAND",
	.summary = "Does things.",
	.options = of_commands,
	.examples = "list\nadd x\n",
	.topics = topics,
};

static const struct opts_spec spec = {
	.program = "prog",
	.usage = "[options] [NAME...]",
	.summary = "Does things.",
	.options = options,
	.epilogue = "More words.",
};

struct seen {
	char text[300];
};

static bool see(int key, const char *value, void *arg)
{
	struct seen *seen = arg;
	size_t len = strlen(seen->text);

	snprintf(seen->text + len, sizeof(seen->text) - len, "%d=%s ", key,
		 value ? value : "-");
	return !value || strcmp(value, "bad") != 0;
}

static const struct opts_spec *under_test = &spec;

static void parse(void *arg)
{
	struct seen seen = { "" };
	char **argv = arg;
	int argc = 0, i;

	while (argv[argc])
		argc++;
	i = opts_parse(under_test, argc, argv, see, &seen);
	printf("%s|", seen.text);
	for (; i < argc; i++)
		printf(" %s", argv[i]);
}

#define ARGS(...) ((const char *[]){ "prog", ##__VA_ARGS__, NULL })

static void check(const char **argv, int status, const char *out,
		  const char *errors)
{
	assert_int_equal(scratch_fork(parse, (void *) argv), status);
	assert_string_equal(scratch_read(scratch("out")), out);
	assert_string_equal(scratch_read(scratch("err")), errors);
}

static void accepted(void **state)
{
	check(ARGS(), 0, "|", "");
	check(ARGS("-c", "f", "-n", "x"), 0, "99=f 110=- | x", "");
	check(ARGS("a", "--config=f", "b", "--dry-run", "c"), 0,
	      "99=f 110=- | a b c", "");
	check(ARGS("a", "--config", "f", "--json"), 0, "99=f 300=- | a", "");
	check(ARGS("-nc", "f"), 0, "110=- 99=f |", "");
	check(ARGS("-nnn"), 0, "110=- 110=- 110=- |", "");
	check(ARGS("-cf", "--", "-n", "--json"), 0, "99=f | -n --json", "");
	check(ARGS("--config=", "-"), 0, "99= | -", "");
	check(ARGS("--config", "--json"), 0, "99=--json |", "");
}

static void refused(void **state)
{
	check(ARGS("--nix"), 64, "",
	      "prog: unknown option --nix "
	      "(try --help)\n");
	check(ARGS("-x"), 64, "", "prog: unknown option -x (try --help)\n");
	check(ARGS("-nx"), 64, "", "prog: unknown option -x (try --help)\n");
	check(ARGS("--config"), 64, "",
	      "prog: option --config needs a value (try --help)\n");
	check(ARGS("-n", "-c"), 64, "",
	      "prog: option -c needs a value (try --help)\n");
	check(ARGS("--json=1"), 64, "",
	      "prog: option --json takes no value (try --help)\n");
	check(ARGS("--jobs=bad"), 64, "",
	      "prog: option --jobs: \"bad\" is not accepted (try --help)\n");
}

/* Unique abbreviations, which getopt_long takes, and ambiguous ones. */
static void abbreviations(void **state)
{
	check(ARGS("--dry"), 64, "",
	      "prog: unknown option --dry, --dry-run is the whole name "
	      "(try --help)\n");
	check(ARGS("--conf=f"), 64, "",
	      "prog: unknown option --conf, --config is the whole name "
	      "(try --help)\n");
	check(ARGS("--conf", "f"), 64, "",
	      "prog: unknown option --conf, --config is the whole name "
	      "(try --help)\n");
	check(ARGS("--j"), 64, "", "prog: unknown option --j (try --help)\n");
	check(ARGS("--jsno"), 64, "",
	      "prog: unknown option --jsno; is --json meant? (try --help)\n");
	check(ARGS("--confg=x"), 64, "",
	      "prog: unknown option --confg=x; is --config meant? "
	      "(try --help)\n");
	check(ARGS("--hel"), 64, "",
	      "prog: unknown option --hel, --help is the whole name "
	      "(try --help)\n");
}

static void help(void **state)
{
	static const char text[] =
		"usage: prog [options] [NAME...]\n"
		"Does things.\n\n"
		"  -c, --config=FILE         read FILE\n"
		"  -n, --dry-run             change nothing\n"
		"      --json                print JSON\n"
		"      --jobs=N              so many at once\n"
		"      --one, -t, --two=N, --three of this kind\n"
		"  -h, --help                print this text\n"
		"  -V, --version             print the version\n"
		"\nMore words.\n";

	check(ARGS("--help"), 0, text, "");
	check(ARGS("-nh"), 0, text, "");
	check(ARGS("--version"), 0, "prog " CERTREPO_VERSION "\n", "");
	check(ARGS("-V"), 0, "prog " CERTREPO_VERSION "\n", "");
	check(ARGS("-nV"), 0, "prog " CERTREPO_VERSION "\n", "");
}

static void usage(void *arg)
{
	opts_usage(&spec, "NAME %s is wrong", "x");
}

/* Of a command: its options and no others, wherever its word stands. */
static void topic(void **state)
{
	static const char whole[] =
		"usage: prog [options] COMMAND\n"
		"Does things.\n\n"
		"  -c, --config=FILE         read FILE\n"
		"  -h, --help                print this text; COMMAND --help: "
		"more of that\n"
		"  -V, --version             print the version\n"
		"\nExamples:\n"
		"  prog list\n"
		"  prog add x\n";
	static const char list[] =
		"usage: prog [options] list\n"
		"All of them.\n\n"
		"  -c, --config=FILE         read FILE\n"
		"      --json                print JSON\n"
		"  -h, --help                print this text\n"
		"  -V, --version             print the version\n"
		"\nExamples:\n"
		"  prog list --json\n";

	under_test = &commands;
	check(ARGS("--help"), 0, whole, "");
	check(ARGS("--help", "other"), 0, whole, "");
	check(ARGS("list", "--help"), 0, list, "");
	check(ARGS("-h", "list"), 0, list, "");
	check(ARGS("-c", "list", "-h"), 0, whole, "");
	check(ARGS("add", "x", "-h"), 0,
	      "usage: prog [options] add NAME\n"
	      "One more.\n\n"
	      "  -c, --config=FILE         read FILE\n"
	      "  -h, --help                print this text\n"
	      "  -V, --version             print the version\n",
	      "");
	under_test = &spec;
}

/* Of a command of two words, and of the group that it is in. */
static void group(void **state)
{
	static const char host[] =
		"usage: prog [options] host COMMAND\n"
		"Of hosts.\n\n"
		"  -c, --config=FILE         read FILE\n"
		"  -h, --help                print this text; COMMAND --help: "
		"more of that\n"
		"  -V, --version             print the version\n"
		"\nCommands:\n  list  all\n";
	static const char host_list[] =
		"usage: prog [options] host list\n"
		"All hosts.\n\n"
		"  -c, --config=FILE         read FILE\n"
		"      --as=NAME             its name\n"
		"      --all                 every one\n"
		"  -h, --help                print this text\n"
		"  -V, --version             print the version\n";

	under_test = &commands;
	check(ARGS("host", "--help"), 0, host, "");
	check(ARGS("host", "none", "-h"), 0, host, "");
	check(ARGS("host", "list", "-h"), 0, host_list, "");
	check(ARGS("-h", "host", "list", "x"), 0, host_list, "");
	under_test = &spec;
	assert_true(opts_is_of(&of_commands[3], "host add"));
	assert_true(opts_is_of(&of_commands[3], "host"));
	assert_false(opts_is_of(&of_commands[3], "host lis"));
	assert_false(opts_is_of(&of_commands[3], "add"));
	assert_false(opts_is_of(&of_commands[1], "lis"));
	assert_true(opts_is_of(&of_commands[0], "anything"));
	assert_true(opts_is_of(&of_commands[4], "host listen"));
}

static void told(const char *message)
{
	printf("told: %s", message);
	exit(opts_end("prog", 3));
}

static void usage_told(void *arg)
{
	opts_usage_by(told);
	parse(arg);
}

static void told_elsewhere(void **state)
{
	assert_int_equal(scratch_fork(usage_told, (void *) ARGS("--nix")), 3);
	assert_string_equal(scratch_read(scratch("out")),
			    "told: unknown option --nix");
	assert_string_equal(scratch_read(scratch("err")), "");
}

static void own_usage_error(void **state)
{
	assert_int_equal(scratch_fork(usage, NULL), 64);
	assert_string_equal(scratch_read(scratch("err")),
			    "prog: NAME x is wrong (try --help)\n");
}

/* More than a buffer holds, and the disk is full. */
static void print_much(void *arg)
{
	FILE *full = freopen("/dev/full", "w", stdout);
	int i;

	for (i = 0; full && i < *(int *) arg; i++)
		printf("%d\n", i);
	_exit(opts_end("prog", 0));
}

static void print_and_fail(void *arg)
{
	if (freopen("/dev/full", "w", stdout))
		printf("x\n");
	_exit(opts_end("prog", 75));
}

static void print_and_ask(void *arg)
{
	if (freopen("/dev/full", "w", stdout))
		printf("x\n");
	_exit(opts_lost("prog") ? 3 : 0);
}

static void nothing_to_print(void *arg)
{
	_exit(opts_end("prog", 0));
}

/* As the programs have it, with SIGPIPE ignored. */
static void nobody_reads(void *arg)
{
	int ends[2];

	if (pipe(ends) == -1 || close(ends[0]) == -1 ||
	    dup2(ends[1], STDOUT_FILENO) == -1)
		_exit(99);
	(void) signal(SIGPIPE, SIG_IGN);
	parse(arg);
}

/* Who has read enough makes no error of a text to be read. */
static void enough(void **state)
{
	static const char *const words[] = { "--help", "--version" };

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		assert_int_equal(
			scratch_fork(nobody_reads, (void *) ARGS(words[i])),
			128 + SIGPIPE);
		assert_string_equal(scratch_read(scratch("err")), "");
	}
}

static void help_to_full(void *arg)
{
	if (freopen("/dev/full", "w", stdout))
		parse(arg);
}

static void lost_output(void **state)
{
	int few = 1, many = 100000;

	assert_int_equal(scratch_fork(print_much, &few), 1);
	assert_string_equal(scratch_read(scratch("err")),
			    "prog: cannot write to standard output\n");
	assert_int_equal(scratch_fork(print_much, &many), 1);
	assert_int_equal(scratch_fork(help_to_full, (void *) ARGS("--help")),
			 1);
	assert_int_equal(scratch_fork(print_and_fail, NULL), 75);
	assert_int_equal(scratch_fork(print_and_ask, NULL), 3);
	assert_string_equal(scratch_read(scratch("err")),
			    "prog: cannot write to standard output\n");
	assert_int_equal(scratch_fork(nothing_to_print, NULL), 0);
	assert_string_equal(scratch_read(scratch("err")), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepted),
		cmocka_unit_test(refused),
		cmocka_unit_test(abbreviations),
		cmocka_unit_test(help),
		cmocka_unit_test(topic),
		cmocka_unit_test(group),
		cmocka_unit_test(own_usage_error),
		cmocka_unit_test(told_elsewhere),
		cmocka_unit_test(lost_output),
		cmocka_unit_test(enough),
	};

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
