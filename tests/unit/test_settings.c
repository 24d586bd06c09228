/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>
#include "ca_preset.h"
#include "conf_names.h"
#include "certrepo_conf.h"
#include "installer_conf.h"
#include "num.h"
#include "profile.h"
#include "scratch.h"

/*
 * The manual's pages and the tables of settings say the same: the settings
 * of the file itself stand in the section SETTINGS, those of a group x in
 * "The group x", those of a list of groups x in "The groups in x", or for the
 * lists of commands of a profile in "The groups of commands"; each as
 * `.It Ic NAME`, its default, range and choices on the same line. Examples in
 * the page are good configurations. Run from the source folder, as tests/run.sh
 * does.
 */

struct page {
	const char *path;
	char *text;
	size_t faults;
};

static void fault(struct page *p, const char *fmt, ...) PRINTF_LIKE(2, 3);

static void fault(struct page *p, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "# %s: ", p->path);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	p->faults++;
}

/* The lines below ".Sh HEADING" or ".Ss HEADING", up to the next heading. */
static char *section(const struct page *p, const char *heading)
{
	const char *line, *next, *start = NULL;

	for (line = p->text; line; line = next ? next + 1 : NULL) {
		next = strchr(line, '\n');
		if (strncmp(line, ".Sh ", 4) != 0 &&
		    strncmp(line, ".Ss ", 4) != 0)
			continue;
		if (start)
			return mem_strndup(start, (size_t) (line - start));
		if (next && strlen(heading) == (size_t) (next - line - 4) &&
		    memcmp(line + 4, heading, strlen(heading)) == 0)
			start = next + 1;
	}
	return start ? mem_strdup(start) : NULL;
}

/* The line ".It Ic NAME ..." in TEXT, the caller's; or NULL. */
static char *item(const char *text, const char *name)
{
	AUTO(mem_free_str) char *want = mem_printf("\n.It Ic %s", name);
	size_t len = strlen(want);
	const char *at = text;

	while ((at = strstr(at, want))) {
		if (at[len] == ' ' || at[len] == '\n')
			return mem_strndup(at + 1, strcspn(at + 1, "\n"));
		at += len;
	}
	return NULL;
}

/* "MIN to MAX" in LINE, in whatever unit. */
static bool tells_range(const char *line, const struct conf_setting *set)
{
	const char *to = strstr(line, " to "), *from;
	AUTO(mem_free_str) char *min = NULL;
	AUTO(mem_free_str) char *max = NULL;
	struct err err = ERR_INIT;
	int64_t n, m;

	if (!to)
		return false;
	for (from = to; from > line && from[-1] != ' '; from--)
		;
	min = mem_strndup(from, (size_t) (to - from));
	to += strlen(" to ");
	max = mem_strndup(to, strcspn(to, " ,"));
	return num_duration(min, INT64_MAX, &n, &err) == 0 &&
	       num_duration(max, INT64_MAX, &m, &err) == 0 && n == set->min &&
	       m == set->max;
}

/* Each is quoted somewhere in the section, "Dq NAME" or "Do NAME Dc". */
static void compare_choices(struct page *p, const char *heading,
			    const char *text, const struct conf_setting *set)
{
	const char *const *c;

	for (c = set->choices; c && *c; c++) {
		AUTO(mem_free_str) char *alone = mem_printf("Dq %s\n", *c);
		AUTO(mem_free_str) char *first = mem_printf("Dq %s ", *c);
		AUTO(mem_free_str) char *inside = mem_printf("Do %s Dc", *c);

		if (!strstr(text, alone) && !strstr(text, first) &&
		    !strstr(text, inside))
			fault(p, "section %s: %s: %s is not told", heading,
			      set->name, *c);
	}
}

static void compare_setting(struct page *p, const char *heading,
			    const char *text, const struct conf_setting *set)
{
	AUTO(mem_free_str) char *line = item(text, set->name);

	if (!set->help || !*set->help)
		fault(p, "table: %s has no help", set->name);
	if (!line)
		fault(p, "section %s: %s is missing", heading, set->name);
	else if (set->def &&
		 (!strstr(line, "default") || !strstr(line, set->def)))
		fault(p, "section %s: %s: default %s is not told", heading,
		      set->name, set->def);
	else if ((set->flags & CONF_REQUIRED) && !strstr(line, "required"))
		fault(p, "section %s: %s is required", heading, set->name);
	else if (set->max > 0 && !tells_range(line, set))
		fault(p, "section %s: %s: its range is %" PRId64 " to %" PRId64,
		      heading, set->name, set->min, set->max);
	else
		compare_choices(p, heading, text, set);
}

static bool in_table(const struct conf_schema *schema, const char *name,
		     size_t len)
{
	const struct conf_setting *set;

	for (set = schema->settings; set->name; set++)
		if (strlen(set->name) == len &&
		    memcmp(set->name, name, len) == 0)
			return true;
	return false;
}

static void compare_group(struct page *p, const char *heading,
			  const struct conf_schema *schema)
{
	AUTO(mem_free_str) char *body = section(p, heading);
	AUTO(mem_free_str) char *text = NULL;
	const struct conf_setting *set;
	const char *at;

	if (!body) {
		fault(p, "section %s is missing", heading);
		return;
	}
	text = mem_printf("\n%s", body);
	for (set = schema->settings; set->name; set++)
		if (strcmp(set->name, "*") != 0)
			compare_setting(p, heading, text, set);
	for (at = text; (at = strstr(at, "\n.It Ic "));) {
		at += strlen("\n.It Ic ");
		if (!in_table(schema, at, strcspn(at, " \n")))
			fault(p, "section %s: there is no setting %.*s",
			      heading, (int) strcspn(at, " \n"), at);
	}
}

static char *heading_of(const struct conf_setting *set)
{
	if (set->type != CONF_GROUPS)
		return mem_printf("The group %s", set->name);
	for (size_t i = 0; i < HOOKS; i++)
		if (strcmp(set->name, profile_hooks[i]) == 0)
			return mem_strdup("The groups of commands");
	return mem_printf("The groups in %s", set->name);
}

/* All groups, with a list instead of recursion. */
static void compare(struct page *p, const struct conf_schema *root)
{
	struct {
		const struct conf_schema *schema;
		char *heading;
	} todo[32] = { { root, mem_strdup("SETTINGS") } };
	const struct conf_setting *set;
	size_t i, k, n = 1;

	for (i = 0; i < n; i++) {
		compare_group(p, todo[i].heading, todo[i].schema);
		for (set = todo[i].schema->settings; set->name; set++) {
			if (!set->sub)
				continue;
			/* The same under another name is told once. */
			for (k = 0; k < n && todo[k].schema != set->sub; k++)
				;
			if (k < n)
				continue;
			assert_true(n < ARRAY_LEN(todo));
			todo[n].schema = set->sub;
			todo[n++].heading = heading_of(set);
		}
		free(todo[i].heading);
	}
}

static bool page_read(struct page *p, const char *path)
{
	*p = (struct page){ .path = path };
	if (access(path, R_OK) == -1)
		return false;
	p->text = mem_strdup(scratch_read(path));
	return true;
}

/* roff's way to write a backslash. */
static void unescape(char *text)
{
	char *from, *to = text;

	for (from = text; *from; from++) {
		*to++ = *from;
		if (from[0] == '\\' && from[1] == 'e')
			from++;
	}
	*to = '\0';
}

/* Each literal display of EXAMPLES, as the file "example". Returns how many
 * passed. */
static size_t try_examples(struct page *p, int (*load)(struct conf_errors *))
{
	AUTO(mem_free_str) char *body = section(p, "EXAMPLES");
	const char *at = body, *end;
	struct conf_errors errs = { 0 };
	size_t n = 0, i;

	while (at && (at = strstr(at, "\n.Bd -literal"))) {
		AUTO(mem_free_str) char *text = NULL;

		at = strchr(at + 1, '\n') + 1;
		end = strstr(at, "\n.Ed");
		assert_non_null(end);
		text = mem_strndup(at, (size_t) (end + 1 - at));
		unescape(text);
		scratch_write(scratch("example"), text, 0600);
		if (load(&errs) == -1)
			for (i = 0; i < errs.list.n; i++)
				fault(p, "example: %s", errs.list.v[i]);
		else
			n++;
		conf_errors_free(&errs);
		at = end;
	}
	return n;
}

/* As they are shipped, in a folder of ours. */
static void add_preset_dir(struct arena *arena)
{
	AUTO(strlist_free) struct strlist names = STRLIST_INIT;
	const char *const dirs[] = { "ca-presets", NULL };
	const char *to = arena_strdup(arena, scratch("cas"));
	const char *text =
		arena_strdup(arena, scratch_read(scratch("example")));

	(void) mkdir(to, 0755);
	conf_names(dirs, &names);
	for (size_t i = 0; i < names.n; i++)
		scratch_write(arena_printf(arena, "%s/%s.conf", to, names.v[i]),
			      scratch_read(arena_printf(arena, "%s/%s.conf",
							dirs[0], names.v[i])),
			      0644);
	scratch_write(scratch("example"),
		      arena_printf(arena, "%s\nshipped_preset_dir = \"%s\";\n",
				   text, to),
		      0600);
}

static int load_central(struct conf_errors *errs)
{
	AUTO(arena_free) struct arena *arena = arena_new();
	struct certrepo_conf conf;

	/* One of a store alone, beside which others of the page are. */
	if (strstr(scratch_read(scratch("example")), "\nca = ("))
		(void) unlink(scratch("example.d/rest.conf"));
	else
		scratch_write(scratch("example.d/rest.conf"),
			      "ca = ( { name = \"a\"; directory = "
			      "\"https://a.test/\"; } );\n",
			      0600);
	add_preset_dir(arena);
	return certrepo_conf_load(scratch("example"), arena, &conf, errs);
}

static int load_host(struct conf_errors *errs)
{
	AUTO(arena_free) struct arena *arena = arena_new();
	struct installer_conf conf;

	return conf_load(scratch("example"), &installer_conf_schema, arena,
			 &conf, errs);
}

static void central(void **state)
{
	struct page p;

	assert_true(page_read(&p, "man/certrepo.conf.5"));
	compare(&p, &certrepo_conf_schema);
	assert_int_equal(mkdir(scratch("example.d"), 0755), 0);
	if (try_examples(&p, load_central) == 0)
		fault(&p, "there is no example");
	(void) unlink(scratch("example.d/rest.conf"));
	assert_int_equal(p.faults, 0);
	free(p.text);
}

static void host(void **state)
{
	struct page p;

	if (!page_read(&p, "man/installer.conf.5"))
		SCRATCH_SKIP("no manual page");
	compare(&p, &installer_conf_schema);
	if (try_examples(&p, load_host) == 0)
		fault(&p, "there is no example");
	assert_int_equal(p.faults, 0);
	free(p.text);
}

static void profile(void **state)
{
	struct page p;

	assert_true(page_read(&p, "man/installer-profiles.5"));
	compare(&p, &profile_schema);
	assert_int_equal(p.faults, 0);
	free(p.text);
}

/* The comparison itself finds what differs. */
static void differences_are_found(void **state)
{
	static const struct conf_setting settings[] = {
		{ .name = "a", .def = "5", .help = "x" },
		{ .name = "b", .flags = CONF_REQUIRED, .help = "x" },
		{ .name = "c" },
		{ .name = NULL },
	};
	static const struct conf_schema schema = { .settings = settings };
	static const struct {
		const char *text;
		size_t faults; /* one for c, which has no help */
	} cases[] = {
		{ ".It Ic a Pq default 5\n.It Ic b Pq required\n.It Ic c\n",
		  1 },
		{ ".It Ic a Pq default 6\n.It Ic b Pq required\n.It Ic c\n",
		  2 },
		{ ".It Ic a Pq default 5\n.It Ic b\n.It Ic c\n", 2 },
		{ ".It Ic a Pq default 5\n.It Ic b Pq required\n.It Ic c\n"
		  ".It Ic d\n",
		  2 },
		{ ".It Ic a Pq default 5\n.It Ic bb\n.It Ic c\n", 3 },
		{ ".It Ic a Pq default 5\n.Ss x\n.It Ic b\n.It Ic c\n", 3 },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(cases); i++) {
		struct page p = { .path = "test" };

		p.text = mem_printf(".Sh SETTINGS\n%s.Sh END\n", cases[i].text);
		compare(&p, &schema);
		assert_int_equal(p.faults, cases[i].faults);
		free(p.text);
	}
}

static void ranges_and_choices_are_found(void **state)
{
	static const char *const choices[] = { "x", "y", NULL };
	static const struct conf_setting settings[] = {
		{ .name = "a", .min = 60, .max = 86400, .help = "x" },
		{ .name = "b", .choices = choices, .help = "x" },
		{ .name = NULL },
	};
	static const struct conf_schema schema = { .settings = settings };
	static const struct {
		const char *text;
		size_t faults;
	} cases[] = {
		{ ".It Ic a Pq duration, 1m to 1d, default 1h\n"
		  ".It Ic b Pq Do x Dc or Do y Dc\n",
		  0 },
		{ ".It Ic a Pq number, 60 to 86400\n"
		  ".It Ic b Pq string\n.It Dq x\n.It Dq y\n",
		  0 },
		{ ".It Ic a\n.It Ic b Pq Do x Dc or Do y Dc\n", 1 },
		{ ".It Ic a Pq 1s to 1d\n.It Ic b Pq Do x Dc or Do y Dc\n", 1 },
		{ ".It Ic a Pq 1m to 2d\n.It Ic b Pq Do x Dc or Do y Dc\n", 1 },
		{ ".It Ic a Pq 1m to 1d\n.It Ic b Pq Do x Dc or Do yy Dc\n",
		  1 },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(cases); i++) {
		struct page p = { .path = "test" };

		p.text = mem_printf(".Sh SETTINGS\n%s.Sh END\n", cases[i].text);
		compare(&p, &schema);
		assert_int_equal(p.faults, cases[i].faults);
		free(p.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(central),
		cmocka_unit_test(host),
		cmocka_unit_test(profile),
		cmocka_unit_test(differences_are_found),
		cmocka_unit_test(ranges_and_choices_are_found),
	};

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
