/* SPDX-License-Identifier: MIT */
#include "command.h"
#include <stdlib.h>
#include <string.h>
#include "account.h"
#include "caa.h"
#include "log.h"
#include "runas.h"

static const struct command *const commands[] = {
	&account_command,
	&caa_command,
};

const char *command_path(const char *path, struct arena *arena)
{
	AUTO(mem_free_str) char *full = realpath(path, NULL);

	return *path == '/' || !full ? path : arena_strdup(arena, full);
}

/* Is the value of this option the next word? */
static bool takes_next(const struct opts_spec *spec, const char *word)
{
	const struct opts_option *o;
	const char *p;

	if (word[1] == '-') {
		for (o = spec->options; o->key; o++)
			if (strcmp(o->name, word + 2) == 0)
				return o->arg;
		return false;
	}
	for (p = word + 1; *p; p++)
		for (o = spec->options; o->key; o++)
			if (o->key == *p && o->arg)
				return !p[1];
	return false;
}

const struct command *command_find(const struct opts_spec *plain, int argc,
				   char **argv, int *ret_at)
{
	int i;

	for (i = 1; i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
		if (strcmp(argv[i], "--") == 0)
			return NULL;
		if (takes_next(plain, argv[i]))
			i++;
	}
	if (i >= argc)
		return NULL;
	for (size_t c = 0; c < ARRAY_LEN(commands); c++)
		if (strcmp(argv[i], commands[c]->word) == 0) {
			*ret_at = i;
			return commands[c];
		}
	return NULL;
}

struct parsed {
	const struct command *command;
	const char *config;
	int verbose;
	void *own;
};

static bool on_option(int key, const char *value, void *arg)
{
	struct parsed *p = arg;

	switch (key) {
	case 'c':
		p->config = value;
		return *value != '\0';
	case 'v':
		p->verbose++;
		return true;
	default:
		return p->command->on_option(key, value, p->own);
	}
}

/* The configuration is read here, for all commands alike. */
static int run_loaded(const struct command *c, struct command_run *run,
		      bool writes, char **typed)
{
	AUTO(conf_errors_free) struct conf_errors errs = { .list = { NULL } };
	struct certrepo_conf conf;
	struct err err = ERR_INIT;
	int status = 0;

	if (runas_become(run->config, &err) == -1) {
		log_error(&err);
		return err_exit_status(err.kind);
	}
	if (certrepo_conf_load(run->config, run->arena, &conf, &errs) == -1)
		return conf_errors_print(&errs, COMMAND_PROGRAM);
	run->conf = &conf;
	run->config = command_path(run->config, run->arena);
	if ((!writes ||
	     runas_check(&conf, (const char *const *) typed, &err) == 0) &&
	    c->run(run, &status, &err) == 0)
		return status;
	certrepo_conf_tell(run->config, &err);
	(void) fflush(stdout);
	log_error(&err);
	return err_exit_status(err.kind);
}

int command_main(const struct command *c, int at, int argc, char **argv)
{
	AUTO(arena_free) struct arena *arena = arena_new();
	char **words = arena_alloc(arena, (size_t) argc * sizeof(*words));
	struct parsed p = { .command = c, .config = CERTREPO_CONF_PATH };
	struct command_run run = { .arena = arena };
	bool writes = false;
	int i, n = 0, first;

	for (i = 0; i < argc; i++)
		if (i != at)
			words[n++] = argv[i];
	p.own = arena_alloc(arena, c->own_size ? c->own_size : 1);
	first = opts_parse(c->spec, n, words, on_option, &p);
	run.config = p.config;
	run.words = (const char *const *) words + first;
	run.n_words = (size_t) (n - first);
	run.own = p.own;
	c->check(&run, &writes);
	log_open(COMMAND_PROGRAM, p.verbose);
	return opts_end(COMMAND_PROGRAM, run_loaded(c, &run, writes, argv));
}
