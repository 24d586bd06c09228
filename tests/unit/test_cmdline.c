/* SPDX-License-Identifier: MIT */
#include "populate_kit.h"
#include "cmdline.h"

static char *words[10];

/* What was understood of the words. */
static void parse(void *arg)
{
	struct cmdline line;
	int argc = 0;

	while (words[argc])
		argc++;
	cmdline_parse(argc, words, &line);
	printf("%s:", line.command->word);
	for (int i = 0; i < line.n; i++)
		printf(" %s", line.words[i]);
	printf("%s%s%s", line.opt.dry_run ? " dry" : "",
	       line.opt.yes ? " yes" : "", line.opt.csr ? line.opt.csr : "");
	fflush(stdout);
	_exit(0);
}

static void split(const char *text)
{
	size_t n = 1;

	words[0] = arena_strdup(p.arena, "certrepo-populate");
	for (char *w = strtok(arena_strdup(p.arena, text), " "); w;
	     w = strtok(NULL, " "))
		words[n++] = w;
	words[n] = NULL;
}

static void is(const char *text, const char *understood)
{
	split(text);
	assert_int_equal(scratch_fork(parse, NULL), 0);
	assert_string_equal(scratch_read(scratch("out")), understood);
}

static void refused(const char *text, const char *why)
{
	split(text);
	if (scratch_fork(parse, NULL) != 64)
		fail_msg("%s: %s", text, scratch_read(scratch("err")));
	if (!strstr(scratch_read(scratch("err")), why))
		fail_msg("no \"%s\" in: %s", why, scratch_read(scratch("err")));
}

static void understood(void **state)
{
	is("init -n", "init: dry");
	is("add a.example b.example", "add: a.example b.example");
	is("a.example --csr - -n", "add: a.example dry-");
	is("set a x=y", "set: a x=y");
	is("remove -y a", "remove: a yes");
	is("list", "list:");
	is("host list", "host list:");
	is("host add web1.example www.example", "host add: web1.example "
						"www.example");
	is("-n host remove -y a", "host remove: a dry yes");
	is("host.example", "add: host.example");
}

static void wrong(void **state)
{
	refused("", "say what to do: init, add, list, show, enable, disable, ");
	refused("host", "say what to do: host add, list, show, grant, revoke, "
			"remove or forget (");
	refused("host add", "host add needs a HOST");
	refused("host grant a", "host grant needs a HOST and a NAME");
	refused("host list a", "host list takes no name");
	refused("host show -n a", "host show does not take --dry-run");
	refused("add --new-password a.b", "add does not take --new-password");
	refused("host grnt a", "is host grant meant?");
	refused("host qqqqqqqqqqqqqqqq", ": add, list, show, grant");
	refused("grant a", "it is called host grant");
	refused("list -n", "list does not take --dry-run");
	refused("list a", "list takes no name");
	refused("show", "show needs a NAME");
	refused("set a", "set needs a NAME and FIELD=VALUE");
	refused("add a b --csr x", "--csr is one file");
	refused("ls", "it is called list");
	refused("renew a", "certrepo-fetcher --once --force NAME");
	refused("lst", "there is no command \"lst\"; is list meant?");
	refused("qqqqqqqqqqqq", "init, add, list");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(understood),
		cmocka_unit_test(wrong),
	};

	return cmocka_run_group_tests(tests, kit_setup, kit_teardown);
}
