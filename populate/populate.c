/* SPDX-License-Identifier: MIT */
#include "clock.h"
#include "cmdline.h"
#include "log.h"
#include "opts.h"
#include "startup.h"
#include "term.h"

/* The commands in ERR, as they have to be. */
static void tell_config(const struct populate *p, struct err *err)
{
	if (*populate_hint(p, p->arena))
		certrepo_conf_tell(p->opt.config, err);
}

/* Every name is tried; a failure of one is said and does not stop the
 * others, unless it would be theirs, too. */
static int each_name(struct populate *p, cmdline_one_fn *fn, char **names,
		     int n)
{
	int failed = 0, status = 0;

	for (int i = 0; i < n; i++) {
		struct err err = ERR_INIT;
		bool denied;

		/* On a terminal their own lines show how far it is. */
		if (isatty(STDOUT_FILENO) != 1 && term_wants_progress())
			term_progress("%d of %d", i, n);
		if (fn(p, names[i], &err) == 0)
			continue;
		term_wipe();
		populate_tell(names[i], &err);
		denied = populate_tell_account(false, &err);
		tell_config(p, &err);
		fflush(stdout);
		log_error(&err);
		status = err_exit_status(err.kind);
		failed++;
		if (err.kind == ERR_UNAVAILABLE || denied)
			return i + 1 - failed > 0 ? 2 : status;
	}
	term_wipe();
	return failed > 0 && failed < n ? 2 : status;
}

static int run(struct populate *p, const struct cmdline *l)
{
	const struct cmdline_command *c = l->command;
	struct err err = ERR_INIT;
	enum store_use use = c->use;

	if (p->opt.dry_run)
		use = STORE_READ;
	if ((use == STORE_READ && c->use == STORE_ADMIN && init_dry_new(p)) ||
	    approve_idle(p))
		return 0;
	if (store_open(p->conf.store, use, &p->store, &err) == -1) {
		populate_tell_user(p->conf.store, &err);
		tell_config(p, &err);
		log_error(&err);
		return err_exit_status(err.kind);
	}
	if (c->one)
		return each_name(p, c->one, l->words, l->n);
	if (c->all(p, l->words, l->n, &err) == 0)
		return p->status;
	if (l->n > 0 && c->needs && strncmp(c->needs, "a NAME", 6) == 0)
		populate_tell(l->words[0], &err);
	(void) populate_tell_account(c->use == STORE_ADMIN, &err);
	tell_config(p, &err);
	fflush(stdout);
	log_error(&err);
	return err_exit_status(err.kind);
}

static int load_conf(struct populate *p)
{
	AUTO(conf_errors_free) struct conf_errors errs = { .list = { 0 } };

	if (certrepo_conf_load(p->opt.config, p->arena, &p->conf, &errs) == 0)
		return 0;
	return conf_errors_print(&errs, CMDLINE_PROGRAM);
}

int main(int argc, char **argv)
{
	struct populate p = { .store = NULL };
	struct cmdline line;
	int status;

	startup_plain();
	cmdline_parse(argc, argv, &line);
	p.opt = line.opt;
	log_open(CMDLINE_PROGRAM, p.opt.verbose);
	if (!p.opt.config) {
		p.opt.config =
			populate_config(line.command->use == STORE_ADMIN);
		if (log_verbose())
			log_info("configuration: %s", p.opt.config);
	}
	p.arena = arena_new();
	p.now = clock_now();
	status = load_conf(&p);
	if (status == 0)
		status = run(&p, &line);
	store_free(&p.store);
	arena_free(&p.arena);
	return opts_end(CMDLINE_PROGRAM, status);
}
