/* SPDX-License-Identifier: MIT */
#ifndef COMMAND_H
#define COMMAND_H

/*
 * Commands of certrepo-fetcher, as "certrepo-fetcher account show": the first
 * word that is no option, where it is one of the table in command.c. Words and
 * options are its own then, those before it, too. A certificate whose name is
 * spelt like a command is named behind "--", or behind another name.
 */

#include "arena.h"
#include "certrepo_conf.h"
#include "err.h"
#include "opts.h"

/* What a command is given to run with; all borrowed. */
struct command_run {
	const struct certrepo_conf *conf;
	const char *config; /* the file of conf, for commands to be copied */
	const char *const *words; /* behind the command's own; ends with NULL */
	size_t n_words;
	const void *own; /* its options, see struct command */
	struct arena *arena;
};

struct command {
	const char *word;
	const struct opts_spec *spec; /* its options begin with
				       * COMMAND_OPTIONS */
	/* Its other options go into its own struct, of OWN_SIZE, zeroed at
	 * first. NULL: it has none. */
	opts_fn *on_option;
	size_t own_size;
	/* Words and options alone are looked at: ends by opts_usage() when
	 * they are wrong. *ret_writes: the store or a file will be changed, as
	 * by a run, so this must be the fetcher's own user. */
	void (*check)(const struct command_run *run, bool *ret_writes);
	/* The configuration is loaded and good. *ret_status is the exit
	 * status; -1: the one of err, which is then said. */
	int (*run)(const struct command_run *run, int *ret_status,
		   struct err *err);
};

#define COMMAND_PROGRAM "certrepo-fetcher"
#define COMMAND_OPTIONS                                                    \
	{ 'c', "config", "FILE",                                           \
	  "configuration, default " CERTREPO_CONF_PATH },                  \
	{                                                                  \
		'v', "verbose", NULL, "say what happens; twice: all of it" \
	}

/* The command that ARGV names, or NULL; *ret_at: where. PLAIN has the options
 * that may stand before it, and which of them take a value. */
const struct command *command_find(const struct opts_spec *plain, int argc,
				   char **argv, int *ret_at);
/* Run it, with the words and options of ARGV, whose word AT goes: the exit
 * status, which was said. */
int command_main(const struct command *command, int at, int argc, char **argv);

/* PATH of a file for a person to copy, wherever that is done; in ARENA. */
const char *command_path(const char *path, struct arena *arena);

#endif
