/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "scratch.h"
#include "profile.h"
#include "sbuf.h"

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

#define FILES "files = ( { file = \"a.pem\"; format = \"fullchain\"; } );\n"

static void good(void **state)
{
	static const char text[] =
		"description = \"x\"; layout = \"generation\";\n" FILES
		"vars = ( { name = \"svc\"; value = [ \"svcd\", \"-q\" ]; },\n"
		" { name = \"none\"; value = [ ]; } );\n"
		"test = ( { command = [ \"$svc\", \"$none\", \"$$svc\", \"-t\" "
		"]; timeout = \"5s\"; } );\n";
	struct conf_errors errs = { 0 };
	struct profile p;
	const struct profile_command *cmd;
	const char *const *argv;

	if (profile_load_string("p", text, arena, &p, &errs) == -1)
		fail_msg("%s", errs.list.v[0]);
	assert_string_equal(p.layout, "generation");
	assert_int_equal(p.files.n, 1);
	assert_int_equal(p.hooks[HOOK_TEST].n, 1);
	assert_int_equal(p.hooks[HOOK_ACTIVATE].n, 0);
	cmd = p.hooks[HOOK_TEST].v[0];
	assert_int_equal(cmd->timeout, 5);
	assert_int_equal(profile_argv(&p, NULL, cmd, arena, &argv, &errs), 0);
	assert_string_equal(argv[0], "svcd");
	assert_string_equal(argv[1], "-q");
	assert_string_equal(argv[2], "$svc");
	assert_string_equal(argv[3], "-t");
	assert_null(argv[4]);
}

static void overrides(void **state)
{
	static const char text[] =
		FILES "vars = ( { name = \"svc\"; value = \"svcd\"; } );\n"
		      "activate = ( { command = [ \"$svc\", \"-r\" ]; } );\n";
	static const char *const words[] = { "other", "-c", "/x y", NULL };
	struct profile_var var = { .name = "svc",
				   .value = { .v = words, .n = 3 } };
	struct profile_var strange = { .name = "strange",
				       .value = { .v = words, .n = 1 } };
	void *vars[] = { &var, &strange };
	struct conf_groups g = { .v = vars, .n = 1 };
	struct conf_errors errs = { 0 };
	struct profile p;
	const char *const *argv;

	assert_int_equal(profile_load_string("p", text, arena, &p, &errs), 0);
	assert_int_equal(profile_argv(&p, &g, p.hooks[HOOK_ACTIVATE].v[0],
				      arena, &argv, &errs),
			 0);
	assert_string_equal(argv[0], "other");
	assert_string_equal(argv[2], "/x y");
	assert_string_equal(argv[3], "-r");
	assert_null(argv[4]);
	profile_check_vars(&p, &g, NULL, &errs);
	assert_int_equal(errs.list.n, 0);
	g.n = 2;
	profile_check_vars(&p, &g, NULL, &errs);
	assert_int_equal(errs.list.n, 1);
	assert_non_null(strstr(errs.list.v[0], "no variable strange"));
	conf_errors_free(&errs);
}

/* "${x}" in an argument, and what keeps it from being one. */
static void words(void **state)
{
	static const struct {
		const char *arg, *want;
	} cases[] = {
		{ "root@${host}:/etc/x", "root@h1:/etc/x" },
		{ "${host}", "h1" },
		{ "${host}${empty}${host}", "h1h1" },
		{ "${site}!", "x!" },
		{ "$site", "x" },
		{ "$${host}", "${host}" },
		{ "a$${host}b${host}", "a${host}bh1" },
		{ "$$${host}", "$h1" },
		{ "a$$${host}", "a$h1" },
		{ "$$$${host}", "$${host}" },
		{ "$${host", "${host" },
		/* Elsewhere a dollar is a dollar, two at the beginning one. */
		{ "a$host", "a$host" },
		{ "a$$", "a$$" },
		{ "a$", "a$" },
		{ "$$host", "$host" },
		{ "$$", "$" },
		{ "$$$", "$$" },
		{ "$$1 $1 ${host}", "$1 $1 h1" },
		{ "{host}}", "{host}}" },
		{ "${host}}", "h1}" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct conf_errors errs = { 0 };
		const char *text = arena_printf(
			arena,
			FILES "vars = ( { name = \"host\"; value = \"h1\"; },"
			      "{ name = \"empty\"; value = [ \"\" ]; },"
			      "{ name = \"site\"; } );"
			      "test = ( { command = [ \"x\", \"%s\" ]; } );",
			cases[i].arg);
		const char *const *argv;
		struct profile p;

		if (profile_load_string("p", text, arena, &p, &errs) == -1)
			fail_msg("%s", errs.list.v[0]);
		assert_int_equal(profile_argv(&p, NULL, p.hooks[HOOK_TEST].v[0],
					      arena, &argv, &errs),
				 0);
		assert_string_equal(argv[1], cases[i].want);
		assert_null(argv[2]);
		assert_int_equal(profile_uses(p.hooks[HOOK_TEST].v[0], "host"),
				 !!strstr(cases[i].want, "h1"));
		assert_false(profile_uses(p.hooks[HOOK_TEST].v[0], "hos"));
	}
}

static void one_word(void **state)
{
	static const char text[] =
		FILES "vars = ( { name = \"host\"; value = \"h\"; },"
		      "{ name = \"site\"; },\n"
		      "{ name = \"unused\"; } );\n"
		      "test = ( { command = [ \"x\", \"${host}\" ]; } );\n"
		      "post = ( { command = [ \"y\", \"$site\" ]; },"
		      "{ command = [ \"y\", \"$site\" ]; } );\n";
	static const char *const two[] = { "a", "b", NULL };
	struct profile_var var = { .src = { "site.conf", 7 }, .name = "host" };
	void *vars[] = { &var };
	struct conf_groups g = { .v = vars, .n = 1 };
	const struct conf_src src = { "site.conf", 5 };
	const char *const *argv;
	struct profile p;

	for (size_t n = 0; n <= 2; n += 2) {
		struct conf_errors errs = { 0 };

		var.value = (struct conf_strings){ two, n };
		assert_int_equal(
			profile_load_string("p", text, arena, &p, &errs), 0);
		assert_int_equal(profile_argv(&p, &g, p.hooks[HOOK_TEST].v[0],
					      arena, &argv, &errs),
				 -1);
		assert_string_equal(
			errs.list.v[0],
			n == 0 ? "site.conf:7: command: ${host} must stand for "
				 "one argument, not for 0"
			       : "site.conf:7: command: ${host} must stand for "
				 "one argument, not for 2");
		conf_errors_free(&errs);
		profile_check_vars(&p, &g, &src, &errs);
		assert_int_equal(errs.list.n, 1);
		assert_string_equal(errs.list.v[0],
				    "site.conf:5: variable site must be set in "
				    "vars of the service");
		conf_errors_free(&errs);
	}
	var.name = "site";
	for (int set = 0; set < 2; set++) {
		struct conf_errors errs = { 0 };

		var.value.v = set ? two : NULL;
		profile_check_vars(&p, &g, &src, &errs);
		assert_int_equal(errs.list.n, !set);
		if (!set)
			assert_string_equal(
				errs.list.v[0],
				"site.conf:7: variable site has no value");
		conf_errors_free(&errs);
	}
}

static void argument_bounded(void **state)
{
	AUTO(sbuf_free) struct sbuf text = SBUF_INIT(1u << 20);
	struct conf_errors errs = { 0 };
	struct profile p;

	sbuf_adds(&text, FILES "vars = ( { name = \"v\"; value = \"");
	for (int i = 0; i < 1000; i++)
		sbuf_addc(&text, 'v');
	sbuf_adds(&text, "\"; } ); test = ( { command = [ \"");
	for (int i = 0; i < 100; i++)
		sbuf_adds(&text, "${v}");
	sbuf_adds(&text, "\" ]; } );");
	assert_int_equal(
		profile_load_string("p", sbuf_str(&text), arena, &p, &errs),
		-1);
	assert_non_null(strstr(errs.list.v[0], "more than 65536 bytes"));
	conf_errors_free(&errs);
}

static const struct {
	const char *text, *says;
} refusals[] = {
	{ "", "files" },
	{ "files = ( );", "files" },
	{ "files = ( { file = \"a\"; format = \"pfx\"; } );", "pfx" },
	{ "files = ( { file = \"../a\"; format = \"chain\"; } );", "../a" },
	{ "files = ( { file = \"a/../b\"; format = \"chain\"; } );", "a/../b" },
	{ "files = ( { file = \"a/\"; format = \"chain\"; } );",
	  "not the name" },
	{ "layout = \"generation\"; files = ( { file = \"a/b\"; format "
	  "= \"chain\"; } );",
	  "plain name" },
	{ "files = ( { file = \"a\\tb\"; format = \"chain\"; } );",
	  "not the name" },
	{ "files = ( { file = \"a\"; } );", "format or parts" },
	{ "files = ( { file = \"a\"; format = \"chain\"; parts = [ "
	  "\"key\" ]; } );",
	  "exclude" },
	{ "files = ( { file = \"a\"; parts = [ \"key\", \"ca\" ]; } );",
	  "none of key" },
	{ "files = ( { file = \"a\"; parts = [ \"key\", \"key\" ]; } "
	  ");",
	  "twice" },
	{ "files = ( { file = \"a\"; parts = [ \"dh\" ]; } );", "dh_file" },
	{ "files = ( { file = \"a\"; parts = [ \"certificate\" ]; "
	  "extra_file = \"/x\"; } );",
	  "extra_file" },
	{ "files = ( { file = \"a\"; parts = [ \"chain\", "
	  "\"certificate\", \"root\" ]; } );",
	  "before or after" },
	{ "files = ( { file = \"a\"; format = \"fullchain\"; encoding "
	  "= "
	  "\"der\"; } );",
	  "der holds one" },
	{ "files = ( { file = \"a\"; format = \"fullchain\"; encoding "
	  "= "
	  "\"pkcs12\"; } );",
	  "needs password_file" },
	{ "files = ( { file = \"a\"; format = \"chain\"; encoding = "
	  "\"pkcs12\"; password_file = \"/p\"; } );",
	  "pkcs12 holds" },
	{ "files = ( { file = \"a\"; format = \"chain\"; pkcs12 = "
	  "\"3des\"; } );",
	  "are for encoding" },
	{ FILES "vars = ( { name = \"dir\"; value = \"x\"; } );", "built in" },
	{ FILES "shell = \"rm\";", "shell" },
	{ FILES "layout = \"random\";", "random" },
	{ FILES "test = ( { command = [ \"$gone\" ]; } );",
	  "no variable $gone" },
	{ FILES "test = ( { command = [ \"a${gone}\" ]; } );",
	  "no variable ${gone} (write $${gone} for" },
	{ FILES "\ntest = ( { command = [ \"a${service\" ]; } );",
	  "p.conf:3: command: a${service: no } behind ${" },
	{ FILES "test = ( { command = [ \"${}\" ]; } );", "no variable ${}" },
	{ FILES "test = ( { command = [ \"a\", \"$service/x\" ]; } );",
	  "no variable $service/x" },
	{ FILES "vars = (\n{ name = \"n\"; value = [ ]; } );\n"
		"test = ( { command = [ \"a\", \"${n}\" ]; } );",
	  "p.conf:3: command: ${n} must stand for one argument, not "
	  "for 0" },
	{ FILES "vars = ( { name = \"file\"; value = \"x\"; } );", "built in" },
	{ FILES "test = ( { command = [ ]; } );", "command" },
	{ FILES "post = ( { command = [ \"$gone\" ]; } );",
	  "no variable $gone" },
	{ FILES "check = ( { command = [ \"x\" ]; env = [ \"A B=c\" ]; "
		"} );",
	  "NAME=value" },
	{ FILES "running = ( { command = [ \"x\" ]; env = [ \"1=c\" ]; "
		"} );",
	  "NAME=value" },
	{ FILES "vars = ( { name = \"n\"; value = [ ]; } );\n"
		"test = ( { command = [ \"$n\" ]; } );",
	  "no program" },
	{ FILES "vars = ( { name = \"A B\"; value = [ ]; } );",
	  "not the name of a variable" },
	{ FILES "vars = ( { name = \"a\"; value = [ ]; }, { name = "
		"\"a\"; value = [ ]; } );",
	  "twice" },
	{ FILES "test = ( { command = [ \"x\" ]; timeout = 0; } );",
	  "timeout" },
};

static void refused(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
		struct conf_errors errs = { 0 };
		struct profile p;
		bool said = false;

		if (profile_load_string("p.conf", refusals[i].text, arena, &p,
					&errs) != -1)
			fail_msg("taken: %s", refusals[i].text);
		for (size_t k = 0; k < errs.list.n; k++)
			said = said || strstr(errs.list.v[k], refusals[i].says);
		if (!said)
			fail_msg("no \"%s\" in: %s", refusals[i].says,
				 errs.list.v[0]);
		conf_errors_free(&errs);
	}
}

static void arguments_bounded(void **state)
{
	struct sbuf text = SBUF_INIT(65536);
	struct conf_errors errs = { 0 };
	struct profile p;

	sbuf_adds(&text, FILES "test = ( { command = [ \"x\"");
	for (int i = 0; i < PROFILE_ARGV_MAX; i++)
		sbuf_adds(&text, ", \"y\"");
	sbuf_adds(&text, " ]; } );");
	assert_int_equal(
		profile_load_string("p", sbuf_str(&text), arena, &p, &errs),
		-1);
	assert_non_null(strstr(errs.list.v[0], "more than"));
	conf_errors_free(&errs);
	sbuf_free(&text);
}

static void folders(void **state)
{
	const char *dirs[] = { NULL, NULL, NULL };
	struct conf_errors errs = { 0 };
	struct profile p;

	mkdir(scratch("site"), 0755);
	mkdir(scratch("shipped"), 0755);
	dirs[0] = arena_strdup(arena, scratch("site"));
	dirs[1] = arena_strdup(arena, scratch("shipped"));
	scratch_write(scratch("shipped/x.conf"), "description = \"s\";" FILES,
		      0644);
	assert_int_equal(profile_load(dirs, "x", NULL, arena, &p, &errs), 0);
	assert_string_equal(p.description, "s");
	scratch_write(scratch("site/x.conf"), "description = \"l\";" FILES,
		      0644);
	assert_int_equal(profile_load(dirs, "x", NULL, arena, &p, &errs), 0);
	assert_string_equal(p.description, "l");
	chmod(scratch("site/x.conf"), 0664);
	assert_int_equal(profile_load(dirs, "x", NULL, arena, &p, &errs), -1);
	assert_non_null(
		strstr(errs.list.v[0],
		       "is writable by others than its owner, run: chmod "));
	chmod(scratch("site/x.conf"), 0644);
	chmod(scratch("site"), 0777);
	assert_int_equal(profile_load(dirs, "x", NULL, arena, &p, &errs), -1);
	assert_int_equal(profile_load(dirs, "y", NULL, arena, &p, &errs), -1);
	assert_int_equal(profile_load(dirs, "../x", NULL, arena, &p, &errs),
			 -1);
	assert_int_equal(errs.list.n, 4);
	assert_false(profile_name_ok(""));
	assert_false(profile_name_ok("-x"));
	assert_true(profile_name_ok("nginx-2"));
	conf_errors_free(&errs);
}

/* The line a failing load says, static. */
static const char *load_says(const char *const *dirs, const char *name)
{
	static char line[600];
	struct conf_errors errs = { 0 };
	struct profile p;

	assert_int_equal(profile_load(dirs, name, NULL, arena, &p, &errs), -1);
	snprintf(line, sizeof(line), "%s", errs.list.v[0]);
	conf_errors_free(&errs);
	return line;
}

/* A command as one string is no command, unless there is such a file. */
static void unsplit(void **state)
{
	static const struct {
		const char *command, *says;
	} cases[] = {
		{ "\"systemctl reload x\"",
		  "command: there is no program \"systemctl reload x\", and no "
		  "shell takes that apart; write [ \"systemctl\", \"reload\", "
		  "\"x\" ]" },
		{ "[ \"/bin/systemctl reload\", \"x\" ]",
		  "write [ \"/bin/systemctl\", \"reload\", \"x\" ]" },
		{ "[ \"$do\", \"x\" ]",
		  "x:2: command: there is no program \"service a\", and no "
		  "shell takes that apart; write [ \"service\", \"a\", "
		  "\"x\" ]" },
		{ "[ \"sh\", \"-c\", \"a b\" ]", NULL },
		{ "[ \"no-such-one\" ]", NULL },
		{ "[ \"%s/my hook\" ]", NULL },
	};

	scratch_write(scratch("my hook"), "", 0644);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct conf_errors errs = { 0 };
		struct profile p;
		const char *command = cases[i].command, *text;

		if (strchr(command, '%'))
			command = arena_printf(arena, "[ \"%s/my hook\" ]",
					       scratch_dir);
		text = arena_printf(arena,
				    FILES "vars = ( { name = \"do\"; value = "
					  "\"service a\"; } ); activate = "
					  "( { command = %s; } );",
				    command);
		assert_int_equal(
			profile_load_string("x", text, arena, &p, &errs),
			cases[i].says ? -1 : 0);
		assert_int_equal(errs.list.n, cases[i].says ? 1 : 0);
		if (cases[i].says && !strstr(errs.list.v[0], cases[i].says))
			fail_msg("%s", errs.list.v[0]);
		conf_errors_free(&errs);
	}
}

static void includes(void **state)
{
	const char *dirs[] = { NULL, NULL, NULL };
	struct conf_errors errs = { 0 };
	const char *const *argv;
	struct profile p;

	mkdir(scratch("site2"), 0755);
	mkdir(scratch("shipped2"), 0755);
	dirs[0] = arena_strdup(arena, scratch("site2"));
	dirs[1] = arena_strdup(arena, scratch("shipped2"));
	scratch_write(scratch("shipped2/base.conf"),
		      "description = \"d\"; layout = \"generation\";" FILES
		      "vars = ( { name = \"a\"; value = \"1\"; },"
		      "{ name = \"b\"; value = \"2\"; } );"
		      "test = ( { command = [ \"t\", \"$a\", \"$b\" ]; } );"
		      "start = ( { command = [ \"s\" ]; } );"
		      "activate = ( { command = [ \"r\" ]; } );",
		      0644);
	scratch_write(scratch("site2/mine.conf"),
		      "include = \"base\"; description = \"mine\";"
		      "vars = ( { name = \"b\"; value = [ \"x\", \"y\" ]; } );"
		      "start = ( );"
		      "activate = ( { command = [ \"q\" ]; },"
		      "{ command = [ \"$a\" ]; } );",
		      0644);
	if (profile_load(dirs, "mine", NULL, arena, &p, &errs) == -1)
		fail_msg("%s", errs.list.v[0]);
	assert_string_equal(p.description, "mine");
	assert_string_equal(p.layout, "generation");
	assert_int_equal(p.files.n, 1);
	assert_int_equal(p.hooks[HOOK_START].n, 0);
	assert_int_equal(p.hooks[HOOK_ACTIVATE].n, 2);
	assert_int_equal(p.vars.n, 2);
	assert_int_equal(profile_argv(&p, NULL, p.hooks[HOOK_TEST].v[0], arena,
				      &argv, &errs),
			 0);
	assert_string_equal(argv[1], "1");
	assert_string_equal(argv[2], "x");
	assert_string_equal(argv[3], "y");
	/* The site's own of the same name, over the shipped one. */
	scratch_write(scratch("site2/base.conf"),
		      "include = \"base\"; start = ( );", 0644);
	assert_int_equal(profile_load(dirs, "base", NULL, arena, &p, &errs), 0);
	assert_int_equal(p.hooks[HOOK_START].n, 0);
	assert_int_equal(p.hooks[HOOK_ACTIVATE].n, 1);

	scratch_write(scratch("site2/l1.conf"), "\ninclude = \"l2\";", 0644);
	scratch_write(scratch("site2/l2.conf"), "\n\ninclude = \"l1\";", 0644);
	assert_non_null(strstr(load_says(dirs, "l1"),
			       "l2.conf:3: profile \"l1\" includes itself"));
	scratch_write(scratch("site2/l1.conf"), "include = \"gone\";", 0644);
	assert_non_null(strstr(load_says(dirs, "l1"),
			       "l1.conf:1: profile \"gone\" is neither"));
	scratch_write(scratch("site2/l1.conf"), "include = \"bsae\";", 0644);
	assert_non_null(strstr(load_says(dirs, "l1"), "; is base meant?"));
	scratch_write(scratch("site2/l1.conf"), "include = [ \"base\" ];",
		      0644);
	assert_non_null(strstr(load_says(dirs, "l1"), "l1.conf:1: include:"));
	scratch_write(scratch("site2/l1.conf"), "include = \"../base\";", 0644);
	assert_non_null(strstr(load_says(dirs, "l1"), "name of one profile"));
	scratch_write(scratch("site2/l1.conf"), "include = \"base\";", 0644);
	chmod(scratch("shipped2/base.conf"), 0666);
	assert_non_null(strstr(load_says(dirs, "l1"), "is writable by others"));
	for (int i = 0; i < 9; i++) {
		char path[40], text[60];

		snprintf(path, sizeof(path), "site2/n%d.conf", i);
		snprintf(text, sizeof(text), "include = \"n%d\";", i + 1);
		scratch_write(scratch(path), text, 0644);
	}
	assert_non_null(strstr(load_says(dirs, "n0"), "more than 8"));
	conf_errors_free(&errs);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(good),	    cmocka_unit_test(overrides),
		cmocka_unit_test(refused),  cmocka_unit_test(arguments_bounded),
		cmocka_unit_test(folders),  cmocka_unit_test(unsplit),
		cmocka_unit_test(includes), cmocka_unit_test(words),
		cmocka_unit_test(one_word), cmocka_unit_test(argument_bounded),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
