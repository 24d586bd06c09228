/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <sys/types.h>
#include "conf.h"
#include "conf_text.h"
#include "scratch.h"

struct inner {
	struct conf_src src;
	const char *name;
	int64_t size;
};

struct outer {
	struct conf_src src;
	const char *text;
	const char *empty;
	const char *path;
	const char *color;
	int64_t number;
	int64_t wide;
	bool truth;
	int64_t wait;
	mode_t mode;
	struct conf_strings words;
	struct inner *one;
	struct inner *always;
	struct conf_groups many;
	struct conf_any any;
	struct conf_vars vars;
};

static const char *const colors[] = { "red", "green", NULL };

#define AT(struct_, field) .name = #field, .offset = offsetof(struct_, field)

static const struct conf_setting inner_settings[] = {
	{ AT(struct inner, name), .type = CONF_STRING, .flags = CONF_REQUIRED },
	{ AT(struct inner, size), .type = CONF_INT, .def = "7" },
	{ .name = NULL },
};
static const struct conf_schema inner_schema = {
	.settings = inner_settings,
	.size = sizeof(struct inner),
};

static const struct conf_setting free_settings[] = {
	{ .name = "size",
	  .type = CONF_INT,
	  .def = "7",
	  .offset = offsetof(struct inner, size) },
	{ .name = NULL },
};
static const struct conf_schema free_schema = {
	.settings = free_settings,
	.size = sizeof(struct inner),
};

static const struct conf_setting outer_settings[] = {
	{ AT(struct outer, text), .type = CONF_STRING, .def = "default" },
	{ AT(struct outer, empty), .type = CONF_STRING,
	  .flags = CONF_EMPTY_OK },
	{ AT(struct outer, path), .type = CONF_PATH },
	{ AT(struct outer, color), .type = CONF_ENUM, .def = "red",
	  .choices = colors },
	{ AT(struct outer, number), .type = CONF_INT, .def = "5", .min = 1,
	  .max = 100 },
	{ AT(struct outer, wide), .type = CONF_INT, .min = INT64_MIN },
	{ AT(struct outer, truth), .type = CONF_BOOL, .def = "true" },
	{ AT(struct outer, wait), .type = CONF_DURATION, .def = "2h",
	  .max = 7 * 86400 },
	{ AT(struct outer, mode), .type = CONF_MODE, .def = "0640" },
	{ AT(struct outer, words), .type = CONF_STRINGS, .def = "w" },
	{ AT(struct outer, one), .type = CONF_GROUP, .sub = &inner_schema },
	{ AT(struct outer, always), .type = CONF_GROUP,
	  .flags = CONF_DEFAULT_GROUP, .sub = &free_schema },
	{ AT(struct outer, many), .type = CONF_GROUPS, .sub = &inner_schema },
	{ AT(struct outer, any), .type = CONF_ANY },
	{ AT(struct outer, vars), .type = CONF_VARS },
	{ .name = NULL },
};
static const struct conf_schema outer_schema = {
	.settings = outer_settings,
	.size = sizeof(struct outer),
};

struct loaded {
	struct arena *arena;
	struct conf_errors errs;
	struct outer o;
	int rc;
};

static int fresh(void **state)
{
	struct loaded *l = calloc(1, sizeof(*l));

	l->arena = arena_new();
	*state = l;
	return 0;
}

static void reset(struct loaded *l)
{
	conf_errors_free(&l->errs);
	arena_clear(l->arena);
	memset(&l->o, 0x5a, sizeof(l->o));
}

static int done(void **state)
{
	struct loaded *l = *state;

	conf_errors_free(&l->errs);
	arena_free(&l->arena);
	free(l);
	return 0;
}

static void from_text(struct loaded *l, const char *text)
{
	reset(l);
	l->rc = conf_load_string("f", text, &outer_schema, l->arena, &l->o,
				 &l->errs);
}

static void from_file(struct loaded *l, const char *path)
{
	reset(l);
	l->rc = conf_load(path, &outer_schema, l->arena, &l->o, &l->errs);
}

static void fine(struct loaded *l)
{
	if (l->rc != 0)
		fail_msg("%s", l->errs.list.v[0]);
	assert_int_equal(l->errs.list.n, 0);
}

/* The errors are exactly these lines. */
static void wrong(struct loaded *l, const char *want)
{
	AUTO(mem_free_str) char *got = strlist_join(&l->errs.list, "\n");

	assert_string_equal(got, want);
	assert_int_equal(l->rc, -1);
}

static void defaults(void **state)
{
	struct loaded *l = *state;

	from_text(l, "");
	fine(l);
	assert_string_equal(l->o.text, "default");
	assert_null(l->o.empty);
	assert_null(l->o.path);
	assert_string_equal(l->o.color, "red");
	assert_int_equal(l->o.number, 5);
	assert_int_equal(l->o.wide, 0);
	assert_true(l->o.truth);
	assert_int_equal(l->o.wait, 7200);
	assert_int_equal(l->o.mode, 0640);
	assert_int_equal(l->o.words.n, 1);
	assert_string_equal(l->o.words.v[0], "w");
	assert_null(l->o.words.v[1]);
	assert_null(l->o.one);
	assert_int_equal(l->o.always->size, 7);
	assert_null(l->o.always->src.file);
	assert_int_equal(l->o.many.n, 0);
	assert_null(l->o.any.v);
	assert_int_equal(l->o.vars.n, 0);
	assert_string_equal(l->o.src.file, "f");
}

static void values(void **state)
{
	struct loaded *l = *state;
	struct inner *i;

	from_text(l, "text = \"t\" \"u\"; empty = \"\"; path = \"/p q\";\n"
		     "color = \"green\"; number = 100; truth = false;\n"
		     "wide = -9223372036854775808; wait = \"1w\";\n"
		     "mode = \"755\"; words = (\"a\", \"b\");\n"
		     "one : { name = \"n\"; size = 0x10; };\n"
		     "always : { size = 4294967296; };\n"
		     "many = ( { name = \"x\"; },\n"
		     "         { name = \"y\"; size = 9; } );\n"
		     "any = [1, 2]; vars : { z = true; y = \"s\"; };\n");
	fine(l);
	assert_string_equal(l->o.text, "tu");
	assert_string_equal(l->o.empty, "");
	assert_string_equal(l->o.path, "/p q");
	assert_string_equal(l->o.color, "green");
	assert_int_equal(l->o.number, 100);
	assert_true(l->o.wide == INT64_MIN);
	assert_false(l->o.truth);
	assert_int_equal(l->o.wait, 604800);
	assert_int_equal(l->o.mode, 0755);
	assert_int_equal(l->o.words.n, 2);
	assert_string_equal(l->o.words.v[1], "b");
	assert_string_equal(l->o.one->name, "n");
	assert_int_equal(l->o.one->size, 16);
	assert_int_equal(l->o.one->src.line, 5);
	/* Over 32 bits, which libconfig alone would cut to 0. */
	assert_true(l->o.always->size == 4294967296);
	assert_int_equal(l->o.many.n, 2);
	i = l->o.many.v[1];
	assert_string_equal(i->name, "y");
	assert_int_equal(i->size, 9);
	assert_int_equal(i->src.line, 8);
	assert_string_equal(i->src.file, "f");
	assert_int_equal(l->o.any.n, 2);
	assert_true(l->o.any.list);
	assert_string_equal(l->o.any.v[1], "2");
	assert_int_equal(l->o.vars.n, 2);
	assert_string_equal(l->o.vars.v[0].name, "z");
	assert_string_equal(l->o.vars.v[0].v[0], "true");
	assert_false(l->o.vars.v[1].list);
	assert_string_equal(l->o.vars.v[1].v[0], "s");
	from_text(l, "wait = 90; words = \"single\"; any = \"x\";");
	fine(l);
	assert_int_equal(l->o.wait, 90);
	assert_int_equal(l->o.words.n, 1);
	assert_string_equal(l->o.words.v[0], "single");
	from_text(l, "words = []; many = ();");
	fine(l);
	assert_int_equal(l->o.words.n, 0);
}

/* All errors at once, each at its place. */
static void every_error(void **state)
{
	struct loaded *l = *state;

	from_text(l, "text = 5;\n"
		     "path = \"relative\";\n"
		     "color = \"blue\";\n"
		     "number = 101;\n"
		     "truth = \"yes\";\n"
		     "wait = \"8d\";\n"
		     "mode = 640;\n"
		     "words = [1];\n"
		     "one : { size = 1; };\n"
		     "many = ( { name = \"\"; },\n"
		     "         5 );\n"
		     "nmber = 3;\n");
	wrong(l,
	      "f:1: setting `text': must be a string in double quotes\n"
	      "f:2: setting `path': \"relative\" must be an absolute path\n"
	      "f:3: setting `color': \"blue\" is unknown, accepted are "
	      "\"red\", \"green\"\n"
	      "f:4: setting `number': 101 is out of range, 1 to 100 are "
	      "accepted\n"
	      "f:5: setting `truth': must be true or false, without quotes\n"
	      "f:6: setting `wait': 691200 is out of range, 0 to 604800 "
	      "seconds are accepted\n"
	      "f:7: setting `mode': a file mode is a string such as \"0640\"\n"
	      "f:8: setting `words': must be a list of strings, as in: "
	      "[\"one\", \"two\"]\n"
	      "f:9: setting `name': is missing and has no default\n"
	      "f:10: setting `name': must not be empty\n"
	      "f:11: setting `many': each element must be a group { ... }\n"
	      "f:12: setting `nmber': is unknown, is `number' meant?");
}

static void more_types(void **state)
{
	static const struct {
		const char *text, *error;
	} cases[] = {
		{ "number = \"5\";", "f:1: setting `number': must be a whole "
				     "number, without quotes" },
		{ "number = 1.5;", "f:1: setting `number': must be a whole "
				   "number, without quotes" },
		{ "number = -1;", "f:1: setting `number': -1 is out of range, "
				  "1 to 100 are accepted" },
		{ "truth = 1;", "f:1: setting `truth': must be true or false, "
				"without quotes" },
		{ "wait = 1.5;", "f:1: setting `wait': must be a duration "
				 "such as \"30d\", \"2h\" or seconds" },
		{ "wait = -1;", "f:1: setting `wait': -1 is out of range, 0 "
				"to 604800 seconds are accepted" },
		{ "wait = \"soon\";",
		  "f:1: setting `wait': \"soon\" is not a duration such as "
		  "90s, 15m, 2h, 30d or 1w" },
		{ "mode = \"rw\";", "f:1: setting `mode': \"rw\" is not a "
				    "file mode such as 0640" },
		{ "one = ( { name = \"x\"; } );",
		  "f:1: setting `one': must be a group, as in: one : { ... "
		  "};" },
		{ "many : { name = \"x\"; };",
		  "f:1: setting `many': must be a list of groups, as in: many "
		  "= ( { ... }, { ... } );" },
		{ "text = \"\";", "f:1: setting `text': must not be empty" },
		{ "path = \"/a\\nb\";",
		  "f:1: setting `path': a path has no control characters" },
		{ "any = { };", "f:1: setting `any': must be a string, a "
				"whole number, true or false, or a list of "
				"these" },
		{ "vars = 1;", "f:1: setting `vars': must be a group, as in: "
			       "vars : { name = \"value\"; };" },
		{ "zzz = 1;",
		  "f:1: setting `zzz': is unknown; known here: text, empty, "
		  "path, color, number, wide, truth, wait, mode, words, one, "
		  "always, many, any, vars" },
		{ "one : { name = \"n\"; nane = 1; };",
		  "f:1: setting `nane': is unknown, is `name' meant?" },
	};
	struct loaded *l = *state;
	size_t i;

	for (i = 0; i < ARRAY_LEN(cases); i++) {
		from_text(l, cases[i].text);
		wrong(l, cases[i].error);
	}
}

/* What libconfig 1.5 takes in silence, or reports at the wrong place. */
static void behind_libconfig(void **state)
{
	static const struct {
		const char *text, *error;
	} cases[] = {
		{ "number = 4294967297;", /* 1 modulo 2^32 */
		  "f:1: setting `number': 4294967297 is out of range, 1 to "
		  "100 are accepted" },
		{ "\nwide = 9223372036854775808;",
		  "f:2: number 9223372036854775808 is out of range" },
		{ "wide = -9223372036854775809L;",
		  "f:1: number -9223372036854775809 is out of range" },
		{ "wide = 0x10000000000000000;",
		  "f:1: number 0x10000000000000000 is out of range" },
		{ "number = 010;", "f:1: number 010 begins with 0; numbers "
				   "are decimal, a file mode is written "
				   "\"0640\"" },
		{ "text = \"a\\x00b\";",
		  "f:1: \\x00 cannot be a part of a string" },
		{ "text = \"a\\qb\";", "f:1: unknown escape in a string; "
				       "write \\\\ for a backslash" },
		{ "\ntext = \"open;\nnumber = 5;\n",
		  "f:2: this string is not closed on its line by \"; longer "
		  "ones are written \"part\" \"part\"" },
		{ "\n/* open\n\n\n", "f:2: this comment is never closed by "
				     "*/" },
		{ "@include \"x\"\n", "f:1: @include is not possible here" },
		{ "text = @;", "f:1: '@' has no meaning here\n"
			       "f:1: syntax error here or before: is a ';', "
			       "comma, quote or bracket missing?" },
		{ "text = \"a\";\ntext = \"b\";",
		  "f:2: setting `text': is already set in f:1" },
		{ "text = \"number = 1; { \\\"\";\n# number = 2;\n"
		  "many = ( { number = 3; },\n{ number = 4;\nsub : { "
		  "number = 5; }; x = 1; number\n: 6; } ); number = 7;\n",
		  "f:5: setting `number': is already set in f:4" },
		{ "number = 1;\n\nmany = ( {} {} );",
		  "f:3: syntax error here or before: is a ';', comma, quote or "
		  "bracket missing?" },
		{ "text = \"a = b\";\ntruth = Yes;",
		  "f:2: syntax error: `Yes' is no value, write true or false" },
		{ "truth = True; text = localhost;",
		  "f:1: syntax error: `localhost' is no value, a text is "
		  "written in quotes" },
		{ "truth = true; ) # = yes",
		  "f:1: syntax error here or before: is a ';', comma, quote or "
		  "bracket missing?" },
	};
	struct loaded *l = *state;
	size_t i;

	for (i = 0; i < ARRAY_LEN(cases); i++) {
		from_text(l, cases[i].text);
		wrong(l, cases[i].error);
	}
}

/* Signs of our scanner inside comments and strings mean nothing. */
static void comments_and_strings(void **state)
{
	struct loaded *l = *state;

	from_text(l, "# 0123 \" @include \"x\"\n"
		     "// 99999999999999999999 /* \"\n"
		     "/* \" 010 # */ number = /* x */ 7; /***/\n"
		     "text = \"# // /* 010 \\\" @include \\\\\"; # end\r\n"
		     "wide = 12L; wait = 0;");
	fine(l);
	assert_int_equal(l->o.number, 7);
	assert_string_equal(l->o.text, "# // /* 010 \" @include \\");
	assert_int_equal(l->o.wide, 12);
}

static void missing_files(void **state)
{
	AUTO(mem_free_str) char *want = NULL;
	struct loaded *l = *state;

	from_file(l, scratch("none"));
	want = mem_printf("%s: cannot be read: No such file or directory",
			  scratch("none"));
	wrong(l, want);
	from_file(l, scratch_dir);
	mem_free_str(&want);
	want = mem_printf("%s: cannot be read: it is a directory", scratch_dir);
	wrong(l, want);
}

/* A program's own file: where to read what belongs in it. */
static void own_file(void **state)
{
	AUTO(mem_free_str) char *want = NULL;
	struct loaded *l = *state;

	assert_false(conf_missing(scratch_dir, "x.conf(5)", &l->errs));
	assert_int_equal(l->errs.list.n, 0);
	assert_true(conf_missing(scratch("none"), "x.conf(5)", &l->errs));
	want = mem_printf("%s is not there; for what belongs in it see "
			  "x.conf(5)",
			  scratch("none"));
	assert_string_equal(l->errs.list.v[0], want);
}

static void file_of_others(void **state)
{
	struct loaded *l = *state;

	scratch_write(scratch("w.conf"), "number = 5;", 0664);
	from_file(l, scratch("w.conf"));
	assert_int_equal(l->errs.list.n, 1);
	assert_non_null(strstr(l->errs.list.v[0], "writable by others"));
	if (geteuid() != 0)
		return;
	scratch_write(scratch("w.conf"), "number = 5;", 0600);
	assert_int_equal(chown(scratch("w.conf"), 65534, 0), 0);
	from_file(l, scratch("w.conf"));
	assert_int_equal(l->errs.list.n, 1);
	assert_non_null(strstr(l->errs.list.v[0], "belongs to user 65534"));
}

static void nul_byte(void **state)
{
	AUTO(mem_free_str) char *want = NULL;
	struct loaded *l = *state;
	int fd = open(scratch("nul.conf"), O_CREAT | O_WRONLY, 0600);

	assert_int_equal(write(fd, "number = 5;\n\0 = ", 16), 16);
	close(fd);
	from_file(l, scratch("nul.conf"));
	want = mem_printf("%s:2: a NUL byte stands here; is this a text file?",
			  scratch("nul.conf"));
	assert_string_equal(l->errs.list.v[0], want);
}

/* Lines stay right before, in and after an included file. */
static void includes(void **state)
{
	AUTO(mem_free_str) char *want = NULL;
	AUTO(mem_free_str) char *text = NULL;
	struct loaded *l = *state;

	text = mem_printf("numbr = 1;\n  @include \"b.inc\" \n\ncolour = 1;\n"
			  "@include \"%s\"\n",
			  scratch("c.inc"));
	scratch_write(scratch("a.conf"), text, 0600);
	scratch_write(scratch("b.inc"), "\nwrds = 1;\n", 0600);
	scratch_write(scratch("c.inc"), "truth = false;\nmod = 1;", 0600);
	from_file(l, scratch("a.conf"));
	want = mem_printf(
		"%s:1: setting `numbr': is unknown, is `number' meant?\n"
		"%s:2: setting `wrds': is unknown, is `words' meant?\n"
		"%s:4: setting `colour': is unknown, is `color' meant?\n"
		"%s:2: setting `mod': is unknown, is `mode' meant?",
		scratch("a.conf"), scratch("b.inc"), scratch("a.conf"),
		scratch("c.inc"));
	wrong(l, want);

	scratch_write(scratch("a.conf"),
		      "one : {\n@include \"b.inc\"\n}; number = 3;", 0600);
	scratch_write(scratch("b.inc"), "name = \"in\"", 0600);
	from_file(l, scratch("a.conf"));
	fine(l);
	assert_string_equal(l->o.one->name, "in");
	assert_int_equal(l->o.number, 3);
}

static void includes_that_fail(void **state)
{
	AUTO(mem_free_str) char *want = NULL;
	struct loaded *l = *state;

	scratch_write(scratch("l.conf"), "\n@include \"l.conf\"\n", 0600);
	from_file(l, scratch("l.conf"));
	want = mem_printf("%s:2: @include goes too deep or names too many "
			  "files",
			  scratch("l.conf"));
	wrong(l, want);
	mem_free_str(&want);
	scratch_write(scratch("l.conf"),
		      "@include \"none\"\n@include x\n@include \"w\" y = 1;\n",
		      0600);
	scratch_write(scratch("w"), "", 0666);
	from_file(l, scratch("l.conf"));
	want = mem_printf(
		"%s:1: %s: cannot be read: No such file or directory\n"
		"%s:2: @include stands alone on its line, as in: @include "
		"\"more.conf\"\n"
		"%s:3: @include stands alone on its line, as in: @include "
		"\"more.conf\"",
		scratch("l.conf"), scratch("none"), scratch("l.conf"),
		scratch("l.conf"));
	wrong(l, want);
	/* An included file is checked as the first one is. */
	scratch_write(scratch("l.conf"), "@include \"w\"\n", 0600);
	from_file(l, scratch("l.conf"));
	assert_int_equal(l->errs.list.n, 1);
	assert_non_null(strstr(l->errs.list.v[0], "writable by others"));
}

static void folder(void **state)
{
	AUTO(mem_free_str) char *want = NULL;
	struct loaded *l = *state;
	struct inner *i;

	scratch_write(scratch("m.conf"),
		      "number = 2; many = ( { name = \"a\"; } ); words = "
		      "\"p\";",
		      0600);
	assert_int_equal(mkdir(scratch("m.conf.d"), 0755), 0);
	scratch_write(scratch("m.conf.d/20.conf"),
		      "many = ( { name = \"c\"; } ); truth = false;", 0600);
	scratch_write(scratch("m.conf.d/10.conf"),
		      "\nmany = ( { name = \"b\"; } ); words = [\"q\"];", 0600);
	scratch_write(scratch("m.conf.d/.hidden.conf"), "x = 1;", 0600);
	scratch_write(scratch("m.conf.d/10.conf.bak"), "x = 1;", 0600);
	from_file(l, scratch("m.conf"));
	fine(l);
	assert_int_equal(l->o.many.n, 3);
	i = l->o.many.v[0];
	assert_string_equal(i->name, "a");
	i = l->o.many.v[1];
	assert_string_equal(i->name, "b");
	assert_string_equal(i->src.file, scratch("m.conf.d/10.conf"));
	assert_int_equal(i->src.line, 2);
	i = l->o.many.v[2];
	assert_string_equal(i->name, "c");
	assert_int_equal(l->o.words.n, 2);
	assert_string_equal(l->o.words.v[1], "q");
	assert_false(l->o.truth);

	scratch_write(scratch("m.conf.d/30.conf"), "number = 3;\nx y", 0600);
	from_file(l, scratch("m.conf"));
	assert_int_equal(l->errs.list.n, 1);
	assert_memory_equal(l->errs.list.v[0], scratch("m.conf.d/30.conf"),
			    strlen(scratch("m.conf.d/30.conf")));
	scratch_write(scratch("m.conf.d/30.conf"), "\nnumber = 3;\n", 0600);
	from_file(l, scratch("m.conf"));
	want = mem_printf("%s:2: setting `number': is already set in %s:1",
			  scratch("m.conf.d/30.conf"), scratch("m.conf"));
	wrong(l, want);
	assert_int_equal(unlink(scratch("m.conf.d/30.conf")), 0);
	assert_int_equal(chmod(scratch("m.conf.d"), 0777), 0);
	from_file(l, scratch("m.conf"));
	assert_int_equal(l->errs.list.n, 1);
	assert_non_null(strstr(l->errs.list.v[0], "writable by others"));
}

struct rest {
	struct conf_src src;
	int64_t size;
	struct conf_vars more;
};

static void all_other_names(void **state)
{
	static const struct conf_setting settings[] = {
		{ AT(struct rest, size), .type = CONF_INT },
		{ .name = "*",
		  .type = CONF_VARS,
		  .offset = offsetof(struct rest, more) },
		{ .name = NULL },
	};
	static const struct conf_schema schema = {
		.settings = settings,
		.size = sizeof(struct rest),
	};
	struct loaded *l = *state;
	struct rest r;

	assert_int_equal(conf_load_string("f", "a = \"x\"; size = 3; b = [1];",
					  &schema, l->arena, &r, &l->errs),
			 0);
	assert_int_equal(r.size, 3);
	assert_int_equal(r.more.n, 2);
	assert_string_equal(r.more.v[0].name, "a");
	assert_string_equal(r.more.v[1].name, "b");
	assert_true(r.more.v[1].list);
}

static void too_much(void **state)
{
	AUTO(mem_free_str) char *text = mem_alloc(CONF_FILE_MAX + 2);
	struct loaded *l = *state;

	memset(text, '\n', CONF_FILE_MAX + 1);
	scratch_write(scratch("big.conf"), text, 0600);
	from_file(l, scratch("big.conf"));
	assert_int_equal(l->errs.list.n, 1);
	assert_non_null(strstr(l->errs.list.v[0], "larger than"));
	text[70000] = '\0';
	from_text(l, text);
	wrong(l, "f: has more than 65000 lines; spread them over several files "
		 "in its .d folder");
}

static void print_errors(void *arg)
{
	struct conf_errors errs = { 0 };
	struct conf_src src = { "file", 3 };
	int rc;

	conf_error(&errs, &src, "bad\n%s", "thing");
	src.line = 0;
	conf_error(&errs, &src, "whole file");
	conf_error(&errs, NULL, "nowhere");
	rc = conf_errors_print(&errs, "prog");
	conf_errors_free(&errs);
	_exit(rc);
}

static void printing(void **state)
{
	assert_int_equal(scratch_fork(print_errors, NULL), 78);
	assert_string_equal(scratch_read(scratch("err")),
			    "prog: file:3: bad?thing\n"
			    "prog: file: whole file\n"
			    "prog: nowhere\n");
}

#define WITH(fn) cmocka_unit_test_setup_teardown(fn, fresh, done)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH(defaults),		WITH(values),
		WITH(every_error),	WITH(more_types),
		WITH(behind_libconfig), WITH(comments_and_strings),
		WITH(missing_files),	WITH(own_file),
		WITH(file_of_others),	WITH(nul_byte),
		WITH(includes),		WITH(includes_that_fail),
		WITH(folder),		WITH(all_other_names),
		WITH(too_much),		cmocka_unit_test(printing),
	};

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
