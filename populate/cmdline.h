/* SPDX-License-Identifier: MIT */
#ifndef CMDLINE_H
#define CMDLINE_H

/*
 * The command line of certrepo-populate. A new command is a line in `commands`
 * and one in `topics`, a new option one in `options` and a case in
 * take_option(); which options a command takes is what `of` of theirs says.
 */

#include "populate_cmd.h"

#define CMDLINE_PROGRAM "certrepo-populate"

/* For one NAME; each is tried, a failure is said and does not stop the others.
 */
typedef int cmdline_one_fn(struct populate *p, const char *name,
			   struct err *err);
/* For all the words behind the command, N of them, and NULL. */
typedef int cmdline_all_fn(struct populate *p, char **words, int n,
			   struct err *err);

struct cmdline_command {
	const char *word; /* "list", or of a group: "host list" */
	/* STORE_ADMIN: by the account that owns the database */
	enum store_use use;
	cmdline_one_fn *one; /* either this */
	cmdline_all_fn *all; /* or this */
	int least, most;     /* how many words it takes; most 0: any number */
	const char *needs;   /* "a NAME": what to say when there are fewer */
};

struct cmdline {
	const struct cmdline_command *command;
	struct populate_opts opt;
	char **words; /* behind the command */
	int n;
};

/* Ends the program for --help, --version, and what is wrong (64). */
void cmdline_parse(int argc, char **argv, struct cmdline *ret);

#endif
