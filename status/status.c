/* SPDX-License-Identifier: MIT */
#include <malloc.h>
#include <string.h>
#include <sysexits.h>
#include "certrepo_conf.h"
#include "clock.h"
#include "detail.h"
#include "filter.h"
#include "load.h"
#include "log.h"
#include "nagios.h"
#include "num.h"
#include "opts.h"
#include "ours.h"
#include "out.h"
#include "outfile.h"
#include "plain.h"
#include "range.h"
#include "startup.h"
#include "status_conf.h"
#include "store_near.h"
#include "strlist.h"
#include "why.h"

#define PROGRAM	     "certrepo-status"
#define FRESH	     (3 * 3600)
#define DURATION_MAX (INT64_C(100) * 365 * 86400)

enum {
	FOR_PEOPLE, /* no option: the form when none is asked for */
	KEY_NAME = 256,
	KEY_HOST,
	KEY_OWNER,
	KEY_CA,
	KEY_STATE,
	KEY_EXPIRES,
	KEY_NOT_SERVED,
	KEY_SILENT,
	KEY_ACT,
	KEY_HTML,
	KEY_FRESH,
	KEY_JSON,
	KEY_PROMETHEUS,
	KEY_NAGIOS,
	KEY_WARNING,
	KEY_CRITICAL,
	KEY_OUTPUT,
	KEY_KEY,
};

static const struct opts_option options[] = {
	{ 'c', "config", "FILE", "instead of status.conf or certrepo.conf" },
	{ 'v', "verbose", NULL, "all of the table, and all of its columns" },
	{ KEY_ACT, "act", NULL, "what needs somebody" },
	{ KEY_NAME, "name", "PART", "names with that in them, or a pattern" },
	{ KEY_HOST, "host", "HOST", "of that host; alone: all about it" },
	{ KEY_OWNER, "owner", "MAIL", "whose notices go there" },
	{ KEY_CA, "ca", "NAME", "of that CA" },
	{ KEY_STATE, "state", "WORD",
	  "expired, failing, held, ...; a wrong one lists all" },
	{ KEY_EXPIRES, "expires-within", "TIME", "30d, 12h, ..." },
	{ KEY_NOT_SERVED, "not-served", NULL, "issued, and served it is not" },
	{ KEY_SILENT, "silent", "TIME", "of hosts that were not seen since" },
	{ KEY_HTML, "html", NULL, NULL },
	{ KEY_JSON, "json", NULL, NULL },
	{ KEY_PROMETHEUS, "prometheus", NULL, NULL },
	{ KEY_NAGIOS, "nagios", NULL, "other forms" },
	{ KEY_WARNING, "warning", "RANGE", NULL },
	{ KEY_CRITICAL, "critical", "RANGE", "of --nagios: 15%:, 7d:" },
	{ KEY_FRESH, "fresh", "TIME", NULL },
	{ KEY_OUTPUT, "output", "FILE",
	  "of --html: 3h; write all of it, or nothing" },
	{ KEY_KEY, "key", "HEX", "whose public key is it, by its SHA-256" },
	{ 0 },
};

static const struct opts_spec spec = {
	.program = PROGRAM,
	.usage = "[options] [NAME...]",
	.summary = "The fleet at a glance: certificates, hosts, and what needs "
		   "somebody.",
	.options = options,
	.examples = "www.example.org\n"
		    "--ca letsencrypt --expires-within 7d\n",
};

struct asked;

/* A form in which the fleet is written out. Gives the exit status. */
struct form {
	int key;
	const char *option;
	int (*write)(const struct status_model *m, const struct asked *a,
		     FILE *f, struct err *err);
};

struct asked {
	const char *config;
	bool verbose, nagios;
	struct filter filter;
	const struct form *form;
	const char *warning, *critical; /* NULL: the default ones */
	int64_t fresh;			/* seconds; 0: as long as ever */
	const char *output;		/* NULL: standard output */
	const char *key;		/* NULL: no question about one */
};

static int form_text(const struct status_model *m, const struct asked *a,
		     FILE *f, struct err *err)
{
	return out_text(m, a->verbose, f);
}

static int form_html(const struct status_model *m, const struct asked *a,
		     FILE *f, struct err *err)
{
	return out_html(m, a->fresh > 0 ? a->fresh : FRESH, f);
}

static int form_json(const struct status_model *m, const struct asked *a,
		     FILE *f, struct err *err)
{
	return out_json(m, f);
}

static int form_prometheus(const struct status_model *m, const struct asked *a,
			   FILE *f, struct err *err)
{
	return out_prometheus(m, f);
}

static int form_nagios(const struct status_model *m, const struct asked *a,
		       FILE *f, struct err *err)
{
	return out_nagios(m, a->warning, a->critical, f, err);
}

static const struct form forms[] = {
	{ FOR_PEOPLE, "", form_text },
	{ KEY_HTML, "--html", form_html },
	{ KEY_JSON, "--json", form_json },
	{ KEY_PROMETHEUS, "--prometheus", form_prometheus },
	{ KEY_NAGIOS, "--nagios", form_nagios },
};

/* The first one is the only one. */
static bool take_form(struct asked *a, int key)
{
	const struct form *form = forms;

	while (form->key != key)
		form++;
	if (a->form && a->form != form)
		opts_usage(&spec,
			   "%s and %s exclude each other: a run writes one "
			   "form",
			   a->form->option, form->option);
	a->form = form;
	return true;
}

/* RC, or that the value of OPTION is not what it has to be. */
static bool checked(int rc, const char *option, const struct err *err)
{
	if (rc == -1)
		opts_usage(&spec, "%s: %s", option, err->msg);
	return true;
}

static bool take_duration(const char *option, const char *value, int64_t *ret)
{
	struct err err = ERR_INIT;

	return checked(num_duration(value, DURATION_MAX, ret, &err), option,
		       &err);
}

static bool take_range(const char *option, const char *value, const char **ret)
{
	struct err err = ERR_INIT;
	struct range r;

	*ret = value;
	return checked(range_parse(value, &r, &err), option, &err);
}

static bool take_state(const char *value, const char **ret)
{
	AUTO(strlist_free) struct strlist states = { .n = 0 };
	char quoted[PLAIN_QUOTED];

	for (size_t i = 0; why_states(i); i++) {
		strlist_add(&states, why_states(i));
		if (strcmp(why_states(i), value) == 0)
			*ret = value;
	}
	if (*ret != value)
		opts_usage(&spec, "--state is one of %s; %s is none",
			   strlist_join(&states, ", "),
			   plain_quoted(value, quoted));
	return true;
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
		return take_state(value, &f->state);
	case KEY_EXPIRES:
		return take_duration("--expires-within", value,
				     &f->expires_within);
	case KEY_NOT_SERVED:
		f->not_served = true;
		return true;
	case KEY_SILENT:
		return take_duration("--silent", value, &f->silent);
	}
	return false;
}

static bool take_option(int k, const char *value, void *arg)
{
	struct asked *a = arg;

	switch (k) {
	case KEY_HTML:
	case KEY_JSON:
	case KEY_PROMETHEUS:
	case KEY_NAGIOS:
		return take_form(a, k);
	case KEY_FRESH:
		return take_duration("--fresh", value, &a->fresh) &&
		       a->fresh > 0;
	case KEY_WARNING:
		return take_range("--warning", value, &a->warning);
	case KEY_CRITICAL:
		return take_range("--critical", value, &a->critical);
	case KEY_OUTPUT:
		a->output = value;
		return *value != '\0';
	case KEY_KEY:
		a->key = value;
		return *value != '\0';
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

/* For what reads a part alone: words that are nobody's. */
static int check_known(const struct look *l, struct err *err)
{
	AUTO(model_free) struct status_model all = { .arena = NULL };
	const struct filter *f = &l->asked->filter;

	if (!f->host && !f->owner && !f->ca)
		return 0;
	if (load(l, NULL, NULL, &all, err) == -1)
		return -1;
	return filter_known(&all, f, err);
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
	if (m.n_order == 0)
		return form_text(&m, l->asked, stdout, err);
	if (detail_name(l->store, &m, stdout, err) == -1)
		return -1;
	return model_exit(&m);
}

static int look_host(const struct look *l, const char *host, struct err *err)
{
	AUTO(model_free) struct status_model m = { .arena = NULL };

	if (load(l, NULL, host, &m, err) == -1 ||
	    (m.n_hosts == 0 && check_known(l, err) == -1))
		return -1;
	filter_apply(&m, &l->asked->filter);
	detail_host(&m, stdout);
	return model_exit(&m);
}

/* Of what was chosen those of NAMES; each must be there. */
static int only(const struct look *l, struct status_model *m, char **names,
		size_t n, struct err *err)
{
	AUTO(mem_free_str) char *near = NULL;
	size_t k, kept = 0;

	for (size_t i = 0; i < n; i++) {
		for (k = 0; k < m->n_names; k++)
			if (strcmp(m->names[k].name, names[i]) == 0)
				break;
		if (k < m->n_names || m->unread[FLEET_PART_NAMES])
			continue;
		near = store_near_text(l->store, names[i]);
		return err_set(err, ERR_INPUT, "%s: there is no %s%s",
			       store_name(l->store), names[i], near);
	}
	for (size_t i = 0; i < m->n_order; i++)
		for (k = 0; k < n; k++)
			if (strcmp(m->names[m->order[i]].name, names[k]) == 0) {
				m->order[kept++] = m->order[i];
				break;
			}
	m->n_order = kept;
	m->n_host_order = 0;
	m->filtered = true;
	return 0;
}

/* In the form that was asked for, to where it was: what is written to a file
 * needs nobody by that, so that a timer's run is well. */
static int write_out(const struct status_model *m, const struct asked *a,
		     struct err *err)
{
	AUTO(outfile_drop) struct outfile *o = NULL;

	if (!a->output)
		return a->form->write(m, a, stdout, err);
	if (outfile_open(a->output, &o, err) == -1 ||
	    a->form->write(m, a, outfile_stream(o), err) == -1)
		return -1;
	return outfile_commit(&o, err);
}

/* All, or those of NAMES that the filter lets through. */
static int look_all(const struct look *l, char **names, size_t n,
		    struct err *err)
{
	AUTO(model_free) struct status_model m = { .arena = NULL };

	if (load(l, NULL, NULL, &m, err) == -1 ||
	    filter_known(&m, &l->asked->filter, err) == -1)
		return -1;
	filter_apply(&m, &l->asked->filter);
	if (n > 0 && only(l, &m, names, n, err) == -1)
		return -1;
	return write_out(&m, l->asked, err);
}

static int look_key(const struct look *l, struct err *err)
{
	AUTO(arena_free) struct arena *a = arena_new();
	AUTO(mem_free_str) char *clean = NULL;
	const char *name = NULL;
	int rc = ours_find(l->store, l->asked->key, a, &name, err);

	if (rc == 1) {
		clean = mem_strdup(name);
		plain_ascii(clean);
		puts(clean);
	}
	return rc == -1 ? -1 : !rc;
}

static bool host_alone(const struct filter *f)
{
	struct filter rest = *f;

	rest.host = NULL;
	return f->host && !filter_any(&rest);
}

/* 1 says something of the fleet; and --nagios knows no status but its own. */
static int failed(const struct asked *a, const struct err *err)
{
	if (a->nagios)
		return NAGIOS_UNKNOWN;
	return err->kind == ERR_IO ? EX_IOERR : err_exit_status(err->kind);
}

static int tell(const struct asked *a, const struct err *err)
{
	if (a->nagios)
		return nagios_unknown(stdout, "%s", err->msg);
	fprintf(stderr, "%s: %s\n", PROGRAM, err->msg);
	return failed(a, err);
}

/* One look, which is written as one. */
static int look_one(const struct look *l, char **names, int n, struct err *err)
{
	const struct asked *a = l->asked;

	if (a->key)
		return look_key(l, err);
	if (n == 0 && a->form->key == FOR_PEOPLE && !a->output &&
	    host_alone(&a->filter))
		return look_host(l, a->filter.host, err);
	return look_all(l, names, (size_t) n, err);
}

static int run(const struct look *l, char **names, int n)
{
	const struct asked *a = l->asked;
	struct err err = ERR_INIT;
	int status = 0, rc;

	if (n == 0 || a->form->key != FOR_PEOPLE || a->output) {
		rc = look_one(l, names, n, &err);
		return rc == -1 ? tell(a, &err) : rc;
	}
	if (check_known(l, &err) == -1)
		return tell(a, &err);
	for (int i = 0; i < n; i++) {
		rc = look_name(l, names[i], &err);
		if (rc == -1)
			rc = tell(a, &err);
		err_clear(&err);
		if (rc > status)
			status = rc;
		if (i + 1 < n)
			putchar('\n');
	}
	return status;
}

/* What does not go together. */
static void check_asked(const struct asked *a, int n)
{
	bool chosen = n > 0 || filter_any(&a->filter);

	if (a->form->key == KEY_PROMETHEUS && chosen)
		opts_usage(&spec, "--prometheus writes all there is: no name "
				  "and no filter goes with it");
	if (a->form->key == KEY_NAGIOS && a->output)
		opts_usage(&spec, "--nagios answers who asks: --output does "
				  "not go with it");
	if ((a->warning || a->critical) && a->form->key != KEY_NAGIOS)
		opts_usage(&spec, "--warning and --critical are of --nagios");
	if (a->fresh > 0 && a->form->key != KEY_HTML)
		opts_usage(&spec, "--fresh is of --html");
	if (a->key && (chosen || a->output || a->form->key != FOR_PEOPLE))
		opts_usage(&spec, "--key is a question of its own");
}

static int end(const struct asked *a, int status)
{
	const struct err lost = { .kind = ERR_IO };

	return opts_lost(PROGRAM) ? failed(a, &lost) : status;
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
	asked.nagios = nagios_asked(argc, argv);
	at = opts_parse(&spec, argc, argv, take_option, &asked);
	if (!asked.form)
		asked.form = forms;
	check_asked(&asked, argc - at);
	log_open(PROGRAM, 0);
	if (!asked.config)
		asked.config = status_conf_path();
	if (status_conf_load(asked.config, arena, &conf, &errs) == -1)
		return end(&asked, asked.nagios
					   ? nagios_unknown(stdout, "%s",
							    errs.list.v[0])
					   : conf_errors_print(&errs, PROGRAM));
	l.conf = &conf;
	l.now = clock_now();
	if (store_open(conf.store, STORE_READ, &l.store, &err) == -1) {
		status = tell(&asked, &err);
	} else {
		status = run(&l, argv + at, argc - at);
		store_free(&l.store);
	}
	return end(&asked, status);
}
