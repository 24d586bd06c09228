/* SPDX-License-Identifier: MIT */
#include <malloc.h>
#include <string.h>
#include "certrepo_conf.h"
#include "clock.h"
#include "detail.h"
#include "filter.h"
#include "load.h"
#include "log.h"
#include "near.h"
#include "num.h"
#include "opts.h"
#include "out.h"
#include "startup.h"
#include "status_conf.h"
#include "store_near.h"
#include "why.h"

#define PROGRAM	     "certrepo-status"
#define DURATION_MAX (INT64_C(100) * 365 * 86400)

enum {
	KEY_NAME = 256,
	KEY_HOST,
	KEY_OWNER,
	KEY_CA,
	KEY_STATE,
	KEY_EXPIRES,
	KEY_NOT_SERVED,
	KEY_SILENT,
	KEY_ACT,
};

static const struct opts_option options[] = {
	{ 'c', "config", "FILE", "instead of status.conf or certrepo.conf" },
	{ 'v', "verbose", NULL, "all of the table, and all of its columns" },
	{ KEY_ACT, "act", NULL, "what needs somebody" },
	{ KEY_NAME, "name", "PART", "names with that in them, or a pattern" },
	{ KEY_HOST, "host", "HOST", "of that host; alone: all about it" },
	{ KEY_OWNER, "owner", "MAIL", "whose notices go there" },
	{ KEY_CA, "ca", "NAME", "of that CA" },
	{ KEY_STATE, "state", "WORD", "expired, failing, held, ..." },
	{ KEY_EXPIRES, "expires-within", "TIME", "30d, 12h, ..." },
	{ KEY_NOT_SERVED, "not-served", NULL, "issued, and served it is not" },
	{ KEY_SILENT, "silent", "TIME", "of hosts that were not seen since" },
	{ 0 },
};

static const struct opts_spec spec = {
	.program = PROGRAM,
	.usage = "[options] [NAME...]",
	.summary = "The fleet at a glance: certificates, hosts, and what needs "
		   "somebody.",
	.options = options,
	.examples = "\n"
		    "www.example.org\n"
		    "--ca letsencrypt --expires-within 7d\n",
};

struct asked {
	const char *config;
	bool verbose;
	struct filter filter;
	const char *wrong; /* an option's value: what it should be */
};

/* A form in which the fleet is written out. Gives the exit status. */
typedef int form_fn(const struct status_model *m, const struct asked *a,
		    FILE *f, struct err *err);

static int form_text(const struct status_model *m, const struct asked *a,
		     FILE *f, struct err *err)
{
	return out_text(m, a->verbose, f);
}

static bool take_duration(const char *value, int64_t *ret)
{
	return num_duration(value, DURATION_MAX, ret, NULL) == 0;
}

static bool is_state(const char *word)
{
	for (size_t i = 0; why_states(i); i++)
		if (strcmp(why_states(i), word) == 0)
			return true;
	return false;
}

static bool take_filter(struct filter *f, int k, const char *value)
{
	switch (k) {
	case KEY_ACT:
		f->act = true;
		return true;
	case KEY_NAME:
		f->part = value;
		return *value != '\0';
	case KEY_HOST:
		f->host = value;
		return *value != '\0';
	case KEY_OWNER:
		f->owner = value;
		return true;
	case KEY_CA:
		f->ca = value;
		return *value != '\0';
	case KEY_STATE:
		f->state = value;
		return is_state(value);
	case KEY_EXPIRES:
		return take_duration(value, &f->expires_within);
	case KEY_NOT_SERVED:
		f->not_served = true;
		return true;
	case KEY_SILENT:
		return take_duration(value, &f->silent);
	}
	return false;
}

static bool take_option(int k, const char *value, void *arg)
{
	struct asked *a = arg;

	switch (k) {
	case 'c':
		a->config = value;
		return *value != '\0';
	case 'v':
		a->verbose = true;
		return true;
	default:
		return take_filter(&a->filter, k, value);
	}
}

/* --- one of it --- */

struct look {
	const struct asked *asked;
	const struct status_conf *conf;
	struct store *store;
	int64_t now;
};

static int load(const struct look *l, const char *name, const char *host,
		struct status_model *ret, struct err *err)
{
	const struct fleet_scope scope = { .name = name, .host = host };

	return load_model(l->store, &scope, &l->conf->set, l->now, ret, err);
}

/* The exit status, or -1. */
static int look_name(const struct look *l, const char *name, struct err *err)
{
	AUTO(model_free) struct status_model m = { .arena = NULL };
	AUTO(mem_free_str) char *near = NULL;

	if (load(l, name, NULL, &m, err) == -1)
		return -1;
	if (m.n_names == 0 && !m.unread[FLEET_PART_NAMES]) {
		near = store_near_text(l->store, name);
		return err_set(err, ERR_INPUT, "%s: there is no %s%s",
			       store_name(l->store), name, near);
	}
	filter_apply(&m, &l->asked->filter);
	m.filtered = true;
	if (m.n_names == 0)
		return form_text(&m, l->asked, stdout, err);
	if (detail_name(l->store, &m, stdout, err) == -1)
		return -1;
	return model_exit(&m);
}

/* A host that was meant by one that is not there; to be freed. */
static char *near_host(const struct look *l, const char *host)
{
	AUTO(model_free) struct status_model m = { .arena = NULL };
	struct near near = near_name(host);

	if (load(l, NULL, NULL, &m, NULL) == -1)
		return mem_strdup("");
	for (size_t i = 0; i < m.n_hosts; i++)
		(void) near_try(&near, m.hosts[i].host);
	return near_text(&near, "");
}

static int look_host(const struct look *l, const char *host, struct err *err)
{
	AUTO(model_free) struct status_model m = { .arena = NULL };
	AUTO(mem_free_str) char *near = NULL;

	if (load(l, NULL, host, &m, err) == -1)
		return -1;
	if (m.n_hosts == 0 && !m.unread[FLEET_PART_INSTALLS]) {
		near = near_host(l, host);
		return err_set(err, ERR_INPUT,
			       "%s: no host %s has an account or a receipt%s",
			       store_name(l->store), host, near);
	}
	filter_apply(&m, &l->asked->filter);
	detail_host(&m, stdout);
	return model_exit(&m);
}

static int look_all(const struct look *l, struct err *err)
{
	AUTO(model_free) struct status_model m = { .arena = NULL };

	if (load(l, NULL, NULL, &m, err) == -1)
		return -1;
	filter_apply(&m, &l->asked->filter);
	return form_text(&m, l->asked, stdout, err);
}

static bool host_alone(const struct filter *f)
{
	struct filter rest = *f;

	rest.host = NULL;
	return f->host && !filter_any(&rest);
}

static int tell(const struct err *err)
{
	fprintf(stderr, "%s: %s\n", PROGRAM, err->msg);
	return err_exit_status(err->kind);
}

static int run(const struct look *l, char **names, int n)
{
	struct err err = ERR_INIT;
	int status = 0, rc;

	if (n == 0) {
		rc = host_alone(&l->asked->filter)
			     ? look_host(l, l->asked->filter.host, &err)
			     : look_all(l, &err);
		return rc == -1 ? tell(&err) : rc;
	}
	for (int i = 0; i < n; i++) {
		rc = look_name(l, names[i], &err);
		if (rc == -1)
			rc = tell(&err);
		err_clear(&err);
		if (rc > status)
			status = rc;
		if (i + 1 < n)
			putchar('\n');
	}
	return status;
}

int main(int argc, char **argv)
{
	struct asked asked = { .filter = FILTER_ALL };
	struct look l = { .asked = &asked };
	AUTO(conf_errors_free) struct conf_errors errs = { .unread = false };
	AUTO(arena_free) struct arena *arena = arena_new();
	struct status_conf conf;
	struct err err = ERR_INIT;
	int at, status;

	startup_plain();
	/* Large tables grow in their place, and what was of one goes back. */
	(void) mallopt(M_MMAP_THRESHOLD, 128 << 10);
	at = opts_parse(&spec, argc, argv, take_option, &asked);
	log_open(PROGRAM, 0);
	if (!asked.config)
		asked.config = status_conf_path();
	if (status_conf_load(asked.config, arena, &conf, &errs) == -1)
		return opts_end(PROGRAM, conf_errors_print(&errs, PROGRAM));
	l.conf = &conf;
	l.now = clock_now();
	if (store_open(conf.store, STORE_READ, &l.store, &err) == -1) {
		status = tell(&err);
	} else {
		status = run(&l, argv + at, argc - at);
		store_free(&l.store);
	}
	return opts_end(PROGRAM, status);
}
