/* SPDX-License-Identifier: MIT */
#ifndef OPTS_H
#define OPTS_H

/* Command lines: one table gives getopt_long its options and --help its
 * text. -h, --help and -V, --version (to stdout, exit 0) are built in. A
 * --help fits a screen of 24 lines and 80 columns. */

#include <stdbool.h>
#include <stddef.h>

struct opts_option {
	int key; /* the short letter, not h or V, or 256 and up for none */
	const char *name; /* the long name */
	const char *arg;  /* "FILE", or NULL when it takes none */
	const char *help; /* one line; NULL: that of the next one is of both */
	/* The commands it belongs to, " add list host-add "; NULL: all. Then it
	 * stands in their --help, not in that of the program. */
	const char *of;
};

/* A command, for its own --help. Of two words ("host add"), it is one of a
 * group: "host" is a topic, too, whose epilogue lists them. */
struct opts_topic {
	const char *word, *usage, *summary;
	const char *examples; /* as below */
	const char *epilogue; /* likewise */
};

struct opts_spec {
	const char *program;		   /* "certrepo-fetcher" */
	const char *usage;		   /* "[options] [NAME...]" */
	const char *summary;		   /* one line: what the program does */
	const struct opts_option *options; /* ends with key 0 */
	const char *epilogue; /* after the options in --help, or NULL */
	/* Lines behind the program's name, "--once --verbose", each ending in
	 * a newline; NULL: none. */
	const char *examples;
	const struct opts_topic *topics; /* ends with word NULL; or NULL */
};

/* Called for every option given. Return false to refuse the value. */
typedef bool opts_fn(int key, const char *value, void *arg);

/* Parses, calls fn for each; abbreviations of long options are refused.
 * Returns the index of the first operand in argv (operands are moved to the
 * end). Usage errors print one line and "try --help" to stderr and exit 64.
 */
int opts_parse(const struct opts_spec *spec, int argc, char **argv, opts_fn *fn,
	       void *arg);
/* Does O belong to the command WORD, or to one of the group that it is? */
bool opts_is_of(const struct opts_option *o, const char *word);
/* One line "program: message" and "try --help" to stderr, exit 64. */
void opts_usage(const struct opts_spec *spec, const char *fmt, ...)
	__attribute__((__noreturn__, __format__(__printf__, 2, 3)));

/* Who is told of such errors instead, and ends the program: for one whose
 * caller reads stdout and knows other statuses. NULL: as above. */
typedef void opts_usage_fn(const char *message);
void opts_usage_by(opts_usage_fn *fn);

/* At the end of main(): flush stdout. When something of it was lost (a full
 * disk; it is closed, see startup.h), say so; STATUS, or 1 in the place of 0.
 */
int opts_end(const char *program, int status);
/* The same, for a program whose 1 says something else: was something lost? */
bool opts_lost(const char *program);

#endif
