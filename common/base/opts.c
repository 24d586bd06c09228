/* SPDX-License-Identifier: MIT */
#include <getopt.h>
#include <signal.h>
#include "mem.h"
#include "err.h"
#include "near.h"
#include "sbuf.h"
#include "opts.h"
#include "paths.h"

/* No program has these letters for anything else. */
#define KEY_HELP    'h'
#define KEY_VERSION 'V'

bool opts_lost(const char *program)
{
	/* What was lost earlier is not seen by the last fflush(). */
	if (!ferror(stdout) && fflush(stdout) == 0)
		return false;
	fprintf(stderr, "%s: cannot write to standard output\n", program);
	return true;
}

int opts_end(const char *program, int status)
{
	return opts_lost(program) && !status ? 1 : status;
}

static opts_usage_fn *usage_fn;

void opts_usage_by(opts_usage_fn *fn)
{
	usage_fn = fn;
}

void opts_usage(const struct opts_spec *spec, const char *fmt, ...)
{
	char message[500];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	if (usage_fn)
		usage_fn(message);
	fprintf(stderr, "%s: %s (try --help)\n", spec->program, message);
	exit(err_exit_status(ERR_USAGE));
}

/* LINE has those that stand before it on its line, and is empty afterwards,
 * unless HELP is NULL. */
static void print_option(struct sbuf *line, int key, const char *name,
			 const char *arg, const char *help)
{
	if (line->len > 0)
		sbuf_adds(line, ", ");
	else
		sbuf_adds(line, key < 256 ? "  " : "      ");
	if (key < 256)
		sbuf_addf(line, "-%c, ", key);
	sbuf_addf(line, "--%s%s%s", name, arg ? "=" : "", arg ? arg : "");
	if (!help)
		return;
	printf("%-27s %s\n", sbuf_str(line), help);
	sbuf_clear(line);
}

static void print_examples(const char *program, const char *lines)
{
	if (!lines)
		return;
	printf("\nExamples:\n");
	for (; *lines; lines += strcspn(lines, "\n") + 1)
		printf("  %s %.*s\n", program, (int) strcspn(lines, "\n"),
		       lines);
}

bool opts_is_of(const struct opts_option *o, const char *word)
{
	AUTO(mem_free_str) char *want = mem_printf(" %s", word);
	size_t len = strlen(want);

	if (!o->of)
		return true;
	for (char *p = want + 1; *p; p++)
		if (*p == ' ')
			*p = '-';
	for (const char *p = strstr(o->of, want); p; p = strstr(p + 1, want))
		if (p[len] == ' ' || p[len] == '-')
			return true;
	return false;
}

static const struct opts_topic *topic_of(const struct opts_spec *spec,
					 const char *word)
{
	const struct opts_topic *t = spec->topics;

	while (t && t->word && strcmp(t->word, word) != 0)
		t++;
	return t && t->word ? t : NULL;
}

/* Of the words that are left: that of two of them before that of one. */
static const struct opts_topic *find_topic(const struct opts_spec *spec,
					   char *const *words)
{
	AUTO(mem_free_str) char *both = NULL;
	const struct opts_topic *t;

	if (!words[0])
		return NULL;
	both = mem_printf("%s %s", words[0], words[1] ? words[1] : "");
	t = topic_of(spec, both);
	return t ? t : topic_of(spec, words[0]);
}

/* Who reads the first lines alone wants no more: that is no error, as it would
 * be where SIGPIPE is ignored. */
static void may_be_cut(void)
{
	(void) signal(SIGPIPE, SIG_DFL);
}

/* T: of that command alone. */
static void __attribute__((__noreturn__))
help(const struct opts_spec *spec, const struct opts_topic *t)
{
	const char *epilogue = t ? t->epilogue : spec->epilogue;
	struct sbuf line = SBUF_INIT(200);
	const struct opts_option *o;

	may_be_cut();
	if (t)
		printf("usage: %s %s\n%s\n\n", spec->program, t->usage,
		       t->summary);
	else
		printf("usage: %s %s\n%s\n\n", spec->program, spec->usage,
		       spec->summary);
	for (o = spec->options; o->key; o++)
		if (t && !t->epilogue ? opts_is_of(o, t->word) : !o->of)
			print_option(&line, o->key, o->name, o->arg, o->help);
	print_option(&line, KEY_HELP, "help", NULL,
		     spec->topics && (!t || t->epilogue)
			     ? "print this text; COMMAND --help: "
			       "more of that"
			     : "print this text");
	print_option(&line, KEY_VERSION, "version", NULL, "print the version");
	sbuf_free(&line);
	if (epilogue)
		printf("\n%s\n", epilogue);
	print_examples(spec->program, t ? t->examples : spec->examples);
	exit(opts_end(spec->program, 0));
}

static void __attribute__((__noreturn__)) version(const struct opts_spec *spec)
{
	may_be_cut();
	printf("%s %s\n", spec->program, CERTREPO_VERSION);
	exit(opts_end(spec->program, 0));
}

struct tables {
	struct option *longs;
	char *shorts;
};

static void tables_free(struct tables *t)
{
	free(t->longs);
	free(t->shorts);
}

static void tables_fill(struct tables *t, const struct opts_option *options)
{
	size_t n = 0, i;
	char *s;

	while (options[n].key)
		n++;
	t->longs = mem_array(n + 3, sizeof(*t->longs));
	t->shorts = s = mem_alloc(2 * n + 4);
	*s++ = ':'; /* tell a missing argument from an unknown option */
	for (i = 0; i < n; i++) {
		t->longs[i] = (struct option){
			.name = options[i].name,
			.has_arg = options[i].arg ? required_argument
						  : no_argument,
			.val = options[i].key,
		};
		if (options[i].key > 255)
			continue;
		*s++ = (char) options[i].key;
		if (options[i].arg)
			*s++ = ':';
	}
	*s++ = KEY_HELP;
	*s++ = KEY_VERSION;
	t->longs[n++] = (struct option){ "help", no_argument, NULL, KEY_HELP };
	t->longs[n] =
		(struct option){ "version", no_argument, NULL, KEY_VERSION };
}

/* getopt_long takes any unique abbreviation; a script that relies on one
 * breaks with the next option we add. */
static void refuse_abbreviation(const struct opts_spec *spec,
				const struct option *o, char **argv)
{
	const char *given = argv[optind - 1];
	size_t len;

	if (optarg && optarg == given) /* a word of its own */
		given = argv[optind - 2];
	given += 2;
	len = strcspn(given, "=");
	if (len != strlen(o->name))
		opts_usage(spec,
			   "unknown option --%.*s, --%s is the whole name",
			   (int) len, given, o->name);
}

static void __attribute__((__noreturn__))
unknown_option(const struct opts_spec *spec, const char *given)
{
	AUTO(mem_free_str)
	char *name = mem_strndup(given + 2, strcspn(given + 2, "="));
	AUTO(mem_free_str) char *meant = NULL;
	struct near near = near_word(name);
	const struct opts_option *o;

	for (o = spec->options; o->key; o++)
		(void) near_try(&near, o->name);
	(void) near_try(&near, "help");
	(void) near_try(&near, "version");
	meant = near_text(&near, "--");
	opts_usage(spec, "unknown option %s%s", given, meant);
}

static void __attribute__((__noreturn__))
refuse_option(const struct opts_spec *spec, int what, char **argv)
{
	const char *given = argv[optind - 1];

	if (what == ':')
		opts_usage(spec, "option %s needs a value", given);
	if (strncmp(given, "--", 2) != 0 && optopt > 0 && optopt < 256)
		opts_usage(spec, "unknown option -%c", optopt);
	if (optopt) /* known, but it came as --name=value */
		opts_usage(spec, "option %.*s takes no value",
			   (int) strcspn(given, "="), given);
	unknown_option(spec, given);
}

int opts_parse(const struct opts_spec *spec, int argc, char **argv, opts_fn *fn,
	       void *arg)
{
	/* Static, because --help and errors leave by exit(). */
	static struct tables t;
	const char *name;
	bool wants_help = false;
	int key, index;

	tables_free(&t);
	tables_fill(&t, spec->options);
	opterr = 0;
	optind = 0; /* glibc: start anew, also when called twice */
	for (;;) {
		index = -1;
		key = getopt_long(argc, argv, t.shorts, t.longs, &index);
		if (key == -1 && wants_help)
			help(spec, find_topic(spec, argv + optind));
		if (key == -1)
			return optind;
		if (key == '?' || key == ':')
			refuse_option(spec, key, argv);
		if (index >= 0)
			refuse_abbreviation(spec, &t.longs[index], argv);
		if (key == KEY_VERSION)
			version(spec);
		/* Of what, is said by a word that may come later. */
		wants_help = wants_help || key == KEY_HELP;
		if (key == KEY_HELP || fn(key, optarg, arg))
			continue;
		for (index = 0; t.longs[index].val != key;)
			index++;
		name = t.longs[index].name;
		opts_usage(spec, "option --%s: \"%s\" is not accepted", name,
			   optarg ? optarg : "");
	}
}
