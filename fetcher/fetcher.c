/* SPDX-License-Identifier: MIT */
/* certrepo-fetcher: renew what is due, keep the certificates in the store. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>
#include "alive.h"
#include "arena.h"
#include "certrepo_conf.h"
#include "clock.h"
#include "command.h"
#include "discover.h"
#include "discover_cmd.h"
#include "dns_key.h"
#include "engine.h"
#include "file.h"
#include "held.h"
#include "instance.h"
#include "lessees.h"
#include "log.h"
#include "opts.h"
#include "remark.h"
#include "runas.h"
#include "staging.h"
#include "startup.h"
#include "store.h"
#include "notify.h"
#include "notify_post.h"

#define PROGRAM COMMAND_PROGRAM

struct cmdline {
	const char *config;
	bool dry_run, force, once, break_lease, test, post, staging, discover;
	const char *advertise;
	int verbose;
};

enum {
	OPT_FORCE = 256,
	OPT_ONCE,
	OPT_BREAK,
	OPT_TEST,
	OPT_POST,
	OPT_STAGING,
	OPT_DISCOVER,
	OPT_ADVERTISE,
};

static const struct opts_option options[] = {
	{ 'c', "config", "FILE", "instead of " CERTREPO_CONF_PATH },
	{ 'n', "dry-run", NULL, "print what would be ordered, change nothing" },
	{ OPT_FORCE, "force", NULL,
	  "order the NAMEs, due or not, held or not" },
	{ OPT_BREAK, "break-lease", NULL,
	  "take the NAMEs from a fetcher that is dead" },
	{ OPT_ONCE, "once", NULL, "one pass, do not wait to try again" },
	{ OPT_STAGING, "staging", NULL,
	  "try the NAMEs at the CA's staging, for nothing" },
	{ OPT_TEST, "test-notify", NULL, "send a test to those in notify" },
	{ OPT_POST, "send-mail", NULL, "hand over the mails that wait" },
	{ OPT_DISCOVER, "discover", NULL,
	  "look in the DNS for the directory of a CA" },
	{ OPT_ADVERTISE, "advertise", "URL", "print the DNS records for that" },
	{ 'v', "verbose", NULL, "say what happens; twice: all of it" },
	{ 0 },
};

static const struct opts_spec spec = {
	.program = PROGRAM,
	.usage = "[options] [NAME...]",
	.summary = "Renew what is due, or the NAMEs; silent when all is well.",
	.options = options,
	.epilogue = "Commands, each with its own --help (a certificate of "
		    "that name: -- account):\n"
		    "  account               our accounts at the CAs\n"
		    "  caa                   the CAA records that names want, "
		    "and those published",
	.examples = "--staging www.example.org\n"
		    "--once --force www.example.org\n",
};

static bool on_option(int key, const char *value, void *arg)
{
	struct cmdline *c = arg;

	switch (key) {
	case 'c':
		c->config = value;
		return true;
	case 'n':
		c->dry_run = true;
		return true;
	case 'v':
		c->verbose++;
		return true;
	case OPT_FORCE:
		c->force = true;
		return true;
	case OPT_BREAK:
		c->break_lease = true;
		return true;
	case OPT_ONCE:
		c->once = true;
		return true;
	case OPT_STAGING:
		c->staging = true;
		return true;
	case OPT_TEST:
		c->test = true;
		return true;
	case OPT_POST:
		c->post = true;
		return true;
	case OPT_DISCOVER:
		c->discover = true;
		return true;
	case OPT_ADVERTISE:
		c->advertise = value;
		return true;
	default:
		return false;
	}
}

static struct notify_from who(const struct certrepo_conf *conf,
			      const char *config, const char *owner,
			      struct arena *arena)
{
	const char *hint = certrepo_conf_hint(config, arena);

	return (struct notify_from){
		.conf = conf,
		.owner = owner,
		.command = arena_printf(arena, PROGRAM "%s", hint),
		.populate = arena_printf(arena, "certrepo-populate%s", hint),
		.clock = -1,
		.stop = -1,
	};
}

/* Readable once this is to end; -1: it ends at once by itself. */
static int stop_fd(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	if (sigprocmask(SIG_BLOCK, &set, NULL) == -1)
		return -1;
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* What needs a person, as the run leaves it. Who gave names looks, and is told
 * of leases alone. -1: somebody could not be told, which is said. */
static int tell(struct notify_from *from, const struct engine *engine,
		struct store *store, bool all, const struct err *away)
{
	int64_t now = clock_now();
	struct err err = ERR_INIT;
	int rc = 0;

	if (engine)
		from->clock = engine_clock(engine, &from->clock_ca,
					   &from->clock_detail);
	from->stop = stop_fd();
	if (all && notify_run(from, store, away, now, &err) == -1) {
		log_error(&err);
		rc = -1;
	}
	file_close(&from->stop);
	if (all && notify_post_check(from->conf, now, &err) == -1) {
		log_error(&err);
		rc = -1;
	}
	if (away)
		return rc;
	if ((all && held_report(from, store, now, &err) == -1) ||
	    lessees_report(from, store, now, &err) == -1) {
		log_error(&err);
		rc = -1;
	}
	return rc;
}

/* NULL: then nothing is known of those that this run gives up. */
static const struct store_proofs *proofs_before(const struct notify_from *from,
						struct store *store,
						struct arena *arena)
{
	struct store_proofs *all = arena_alloc(arena, sizeof(*all));

	return from->conf->notify && notify_proofs_before(store, from->owner,
							  arena, all, NULL) == 0
		       ? all
		       : NULL;
}

/* Cannot the store be used, STORE or none, since ERR, and stderr may be read by
 * nobody? */
static bool is_away(const struct store *store, const struct err *err)
{
	return !store || err->kind == ERR_UNAVAILABLE ||
	       err->kind == ERR_CONFIG;
}

/* How the run ended, for who looks at the fleet. UNTOLD: people could not be
 * told; RC is that of the run, which has failed for WHY where it is -1. */
static void leave_trace(struct alive *alive, struct store *store,
			const struct engine *engine, bool all, bool untold,
			int rc, const struct err *why, int status)
{
	struct engine_result r = { .cas = false };
	struct alive_end end = { .status = status };
	const char *ca;

	if (engine)
		engine_result(engine, &r);
	end.n_ok = r.renewed;
	end.n_failed = r.failed;
	end.well = rc == 0 && all && r.cas && !engine_stopped(engine);
	if (rc == -1) {
		end.status = err_exit_status(why->kind);
		end.detail = why->msg;
	} else if (engine_stopped(engine)) {
		end.detail = "a signal ended it";
	} else if (untold) {
		end.detail = "what needs a person could not be told";
	} else if (status != 0 && engine_clock(engine, &ca, &end.detail) != 1) {
		end.detail = r.text;
	}
	alive_end(alive, store, &end, clock_now());
}

/* By the store, which was opened. */
static int go(struct store *store, struct alive *alive,
	      const struct engine_opts *opts, struct notify_from *from,
	      struct arena *arena, struct engine **ret, int *ret_status,
	      struct err *err)
{
	alive_begin(alive, store);
	if (!opts->n_names)
		from->proofs = proofs_before(from, store, arena);
	if (engine_new(alive->conf, store, alive->instance, opts, ret, err) ==
	    -1)
		return -1;
	return engine_run(*ret, ret_status, err);
}

static int run(const struct certrepo_conf *conf, const char *config,
	       const struct engine_opts *opts, int *ret_status, struct err *err)
{
	AUTO(arena_free) struct arena *arena = arena_new();
	AUTO(instance_free) struct instance *self = NULL;
	AUTO(store_free) struct store *store = NULL;
	AUTO(engine_free) struct engine *engine = NULL;
	struct alive alive = { .conf = conf, .start = clock_now() };
	bool all = !opts->n_names, mails, away, untold = false;
	struct notify_from from;
	int rc;

	if (instance_open(conf->state_dir, &self, err) == -1)
		return -1;
	runas_keys(conf);
	alive.instance = instance_id(self);
	from = who(conf, config, alive.instance, arena);
	mails = all && conf->notify && conf->notify->mail.n > 0;
	log_mailed(mails);
	rc = store_open(conf->store, STORE_LOOP, &store, err);
	if (rc == 0)
		rc = go(store, &alive, opts, &from, arena, &engine, ret_status,
			err);
	if (rc == -1)
		certrepo_conf_tell(config, err);
	away = rc == -1 && is_away(store, err);
	if (!(store || away) || (engine && engine_stopped(engine))) {
		if (mails)
			remark_print();
	} else if (tell(&from, engine, store, all, away ? err : NULL) == -1) {
		untold = true;
		if (rc == 0 && *ret_status == 0)
			*ret_status = 1;
	}
	if (store)
		leave_trace(&alive, store, engine, all, untold, rc, err,
			    *ret_status);
	return rc;
}

/* What is wrong with the configuration; by mail, too, where that much of it is
 * known, and nobody looks. */
static int refused(const struct certrepo_conf *conf, const struct cmdline *cmd,
		   const struct conf_errors *errs, bool all)
{
	AUTO(arena_free) struct arena *arena = arena_new();
	AUTO(instance_free) struct instance *self = NULL;
	int status = conf_errors_print(errs, PROGRAM);
	struct notify_from from;
	struct err err = ERR_INIT;
	struct stat st;

	/* As in a run, nothing is made as another user. */
	if (!all || cmd->dry_run || !errs->filled || !conf->notify ||
	    !conf->state_dir || stat(conf->state_dir, &st) == -1 ||
	    st.st_uid != geteuid() ||
	    instance_open(conf->state_dir, &self, &err) == -1)
		return status;
	from = who(conf, command_path(cmd->config, arena), instance_id(self),
		   arena);
	if (notify_refused(&from, errs, clock_now(), &err) == -1)
		log_error(&err);
	return status;
}

/* A store that is away is told by mail, once that has lasted. */
static void end(const struct certrepo_conf *conf,
		const struct engine_opts *opts, const struct err *err)
{
	if (err->kind == ERR_UNAVAILABLE && !opts->n_names && conf->notify &&
	    conf->notify->mail.n > 0)
		log_warn("%s", err->msg);
	else
		log_error(err);
}

static int dry_run(const struct certrepo_conf *conf,
		   const struct engine_opts *opts, int *ret_status,
		   struct err *err)
{
	AUTO(store_free) struct store *store = NULL;
	AUTO(mem_free_str) char *id = instance_peek(conf->state_dir);

	if (store_open(conf->store, STORE_READ, &store, err) == -1)
		return -1;
	return engine_dry_run(conf, store, id, opts, ret_status, err);
}

/* Rows of the 2019 system have names that we would not enrol (capitals, say):
 * refused is only what no row can have. */
static void check_names(const char *const *names, size_t n)
{
	const char *p;
	size_t i;

	for (i = 0; i < n; i++) {
		for (p = names[i]; *p > ' ' && *p <= '~'; p++)
			;
		if (*p || p == names[i] || p - names[i] > STORE_NAME_MAX)
			opts_usage(&spec,
				   "\"%.250s\" is not the name of a "
				   "certificate",
				   names[i]);
	}
}

static void check_alone(const struct cmdline *cmd,
			const struct engine_opts *opts)
{
	if (cmd->test && (cmd->dry_run || opts->n_names))
		opts_usage(&spec, "--test-notify does nothing else");
	if (cmd->post && (cmd->dry_run || cmd->test || opts->n_names))
		opts_usage(&spec, "--send-mail does nothing else");
}

static void check_usage(const struct cmdline *cmd,
			const struct engine_opts *opts)
{
	if (cmd->advertise && opts->n_names > 1)
		opts_usage(&spec, "--advertise wants one domain, or none");
	if (cmd->discover || cmd->advertise)
		return;
	check_names(opts->names, opts->n_names);
	if (cmd->force && !opts->n_names)
		opts_usage(&spec, "--force wants the names to order");
	check_alone(cmd, opts);
	if (cmd->staging && !opts->n_names)
		opts_usage(&spec, "--staging wants the names to try");
	if (cmd->staging && (cmd->dry_run || cmd->force || cmd->break_lease))
		opts_usage(&spec, "--staging changes nothing that --dry-run, "
				  "--force or --break-lease is for");
	if (cmd->break_lease && !opts->n_names)
		opts_usage(&spec, "--break-lease wants the names to take");
}

/* Domains, not names of certificates; who asks may have no configuration yet.
 */
static int discover(const struct cmdline *cmd, const struct engine_opts *opts)
{
	AUTO(arena_free) struct arena *arena = arena_new();
	AUTO(conf_errors_free) struct conf_errors errs = { .list = { NULL } };
	struct certrepo_conf conf;

	if (cmd->advertise)
		return discover_cmd_advertise(cmd->advertise, opts->names[0]);
	if (strcmp(cmd->config, CERTREPO_CONF_PATH) == 0 &&
	    access(cmd->config, F_OK) == -1 && errno == ENOENT)
		discover_cmd_defaults(arena, &conf);
	else if (certrepo_conf_load(cmd->config, arena, &conf, &errs) == -1)
		return conf_errors_print(&errs, PROGRAM);
	else
		discover_check(&conf, &errs);
	if (errs.list.n)
		return conf_errors_print(&errs, PROGRAM);
	return discover_cmd(&conf, opts->names, opts->n_names);
}

/* Also that a configuration is refused is told by mail: where LOADED is -1,
 * with what is good of it. */
static int post(const struct certrepo_conf *conf, int loaded,
		const struct conf_errors *errs, char **argv)
{
	struct err err = ERR_INIT;
	struct stat st;
	int status = 0;

	if (loaded == -1 &&
	    (!errs->filled || !conf->state_dir ||
	     stat(conf->state_dir, &st) == -1 || st.st_uid != geteuid()))
		return conf_errors_print(errs, PROGRAM);
	if ((loaded == 0 &&
	     runas_check(conf, (const char *const *) argv, &err) == -1) ||
	    notify_post(conf->state_dir, notify_usable(conf), clock_now(),
			&status, &err) == -1) {
		log_error(&err);
		return err_exit_status(err.kind);
	}
	return status;
}

static struct engine_opts engine_opts(const struct cmdline *cmd, int first,
				      int argc, char **argv)
{
	return (struct engine_opts){
		.names = (const char *const *) argv + first,
		.n_names = (size_t) (argc - first),
		.force = cmd->force,
		.once = cmd->once,
		.break_lease = cmd->break_lease,
	};
}

/* What is asked for, by a configuration that is good; the exit status. */
static int work(const struct certrepo_conf *conf, const struct cmdline *cmd,
		const struct engine_opts *opts)
{
	struct err err = ERR_INIT;
	int rc, status = 0;

	if (cmd->staging)
		rc = staging_run(conf, cmd->config, opts->names, opts->n_names,
				 &status, &err);
	else if (cmd->dry_run)
		rc = dry_run(conf, opts, &status, &err);
	else
		rc = run(conf, cmd->config, opts, &status, &err);
	if (rc == 0)
		return status;
	certrepo_conf_tell(cmd->config, &err);
	end(conf, opts, &err);
	return err_exit_status(err.kind);
}

int main(int argc, char **argv)
{
	AUTO(arena_free) struct arena *arena = arena_new();
	AUTO(conf_errors_free) struct conf_errors errs = { .list = { NULL } };
	struct cmdline cmd = { .config = CERTREPO_CONF_PATH };
	struct certrepo_conf conf;
	struct engine_opts opts;
	struct err err = ERR_INIT;
	const struct command *command;
	int first, rc;

	startup_secret();
	command = command_find(&spec, argc, argv, &first);
	if (command)
		return command_main(command, first, argc, argv);
	first = opts_parse(&spec, argc, argv, on_option, &cmd);
	opts = engine_opts(&cmd, first, argc, argv);
	check_usage(&cmd, &opts);
	log_open(PROGRAM, cmd.verbose);
	if (runas_become(cmd.config, &err) == -1) {
		log_error(&err);
		return err_exit_status(err.kind);
	}
	if (cmd.discover || cmd.advertise)
		return opts_end(PROGRAM, discover(&cmd, &opts));
	rc = certrepo_conf_load(cmd.config, arena, &conf, &errs);
	if (cmd.post)
		return opts_end(PROGRAM, post(&conf, rc, &errs, argv));
	if (rc == -1)
		return refused(&conf, &cmd, &errs, !opts.n_names && !cmd.test);
	cmd.config = command_path(cmd.config, arena);
	if (!cmd.dry_run &&
	    runas_check(&conf, (const char *const *) argv, &err) == -1) {
		log_error(&err);
		return err_exit_status(err.kind);
	}
	if (cmd.test) {
		const struct notify_from from =
			who(&conf, cmd.config, "", arena);

		return opts_end(PROGRAM,
				notify_test(&from, cmd.config, clock_now()));
	}
	/* Not when the first proof is wanted: each try would cost an order. */
	dns_key_check(conf.proof.dns, &errs);
	discover_check(&conf, &errs);
	if (errs.list.n)
		return refused(&conf, &cmd, &errs, !opts.n_names);
	return opts_end(PROGRAM, work(&conf, &cmd, &opts));
}
