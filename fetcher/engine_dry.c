/* SPDX-License-Identifier: MIT */
/* What a run would do, by the same pages, CAs and words as a run. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "cas.h"
#include "clock.h"
#include "due.h"
#include "engine.h"
#include "log.h"
#include "asked.h"
#include "pages.h"
#include "proof_kind.h"
#include "report.h"
#include "why_idle.h"

struct dry {
	const struct certrepo_conf *conf;
	struct store *store;
	const char *owner;
	const struct engine_opts *opts;
	int64_t now;
	struct cas cas;
	struct report_counts counts;
};

static int on_dry(const struct pick *p, void *arg, struct err *err)
{
	struct dry *d = arg;
	const struct certrepo_ca *ca = certrepo_conf_ca(d->conf, p->ca_name);
	struct ca_queue *queue = cas_of(&d->cas, p->ca_name);

	(void) err;
	if (cas_rests(queue)) {
		if (p->reason == DUE_NOT &&
		    !(p->of_ca && p->ts_due <= ca_queue_until(queue)))
			return 0;
		waits_add(&d->cas.waits[cas_index(&d->cas, queue)],
			  p->ts_expire);
		return 0;
	}
	if (p->reason == DUE_NOT) {
		if (d->opts->n_names)
			(void) asked_say(d->store, d->owner, p->name, d->now);
		return 0;
	}
	d->counts.renewed++;
	(void) printf("%s: %s, from %s by %s\n", p->name,
		      due_reason_text(p->reason),
		      ca ? ca->name : "a CA that is not configured",
		      proof_type_of_row(p->challenge, p->certbot));
	return 0;
}

/* Another fetcher has it: said, and counted. 1, 0, -1. */
static int is_leased(struct dry *d, const char *name, struct err *err)
{
	AUTO(mem_free_str) char *text = NULL;
	enum asked is;

	if (d->opts->break_lease)
		return 0;
	if (asked_look(d->store, d->owner, name, d->now, &is, &text, err) == -1)
		return -1;
	if (is != ASKED_LEASED)
		return 0;
	log_warn("%s", text);
	d->counts.waiting++;
	return 1;
}

static void say_not_enabled(struct store *store, const char *name)
{
	AUTO(mem_free_str) char *text = asked_not_enabled(store, name);

	log_warn("%s", text);
}

static int dry_named(struct dry *d, const struct pick_opts *po, struct err *err)
{
	size_t i;
	int found;

	for (i = 0; i < d->opts->n_names; i++) {
		found = is_leased(d, d->opts->names[i], err);
		if (found == -1)
			return -1;
		if (found == 1)
			continue;
		found = pick_one(d->store, d->opts->names[i], po, on_dry, d,
				 err);
		if (found == -1)
			return -1;
		if (found == 1)
			continue;
		say_not_enabled(d->store, d->opts->names[i]);
		d->counts.failed++;
	}
	return 0;
}

static int dry_all(struct dry *d, const struct pick_opts *po, struct err *err)
{
	AUTO(pages_free) struct pages *pages = NULL;
	bool told = false;
	size_t i;

	if (pages_new(d->conf, d->store, po->now, &pages, err) == -1)
		return -1;
	for (i = 0; i < pages_n(pages); i++)
		if (!cas_rests(cas_of(&d->cas, pages_ca(pages, i))) &&
		    pages_pick_all(pages, i, po, on_dry, d, err) == -1)
			return -1;
	pages_tell_unknown(pages, &told);
	return cas_count_waits(&d->cas, d->store, err);
}

/* For who looks. Of names that were given, each has been told. */
static int say_idle(struct dry *d, struct err *err)
{
	AUTO(mem_free_str) char *text = NULL;

	if (d->opts->n_names || !(log_verbose() || isatty(STDOUT_FILENO) == 1))
		return 0;
	if (why_idle_text(d->store, d->owner, NULL, 0, d->now, &text, err) ==
	    -1)
		return -1;
	(void) printf("%s\n", text);
	return 0;
}

static int dry_run(struct dry *d, int *ret_status, struct err *err)
{
	struct pick_opts po = { .days_left = d->conf->days_left,
				.now = clock_now(),
				.force = d->opts->force };
	size_t i;

	d->now = po.now;
	if (cas_init(&d->cas, d->conf, NULL, d->store, NULL, NULL,
		     d->opts->force, err) == -1 ||
	    (d->opts->n_names ? dry_named : dry_all)(d, &po, err) == -1)
		return -1;
	for (i = 0; i < d->cas.n; i++) {
		AUTO(mem_free_str) char *text = NULL;

		if (!d->cas.waits[i].n)
			continue;
		text = waits_text(&d->cas.waits[i], d->cas.v[i]);
		log_warn("%s", text);
		d->counts.waiting += d->cas.waits[i].n;
		d->counts.account |= ca_queue_needs_person(d->cas.v[i]);
	}
	*ret_status = report_status(&d->counts);
	return d->counts.renewed || *ret_status ? 0 : say_idle(d, err);
}

int engine_dry_run(const struct certrepo_conf *conf, struct store *store,
		   const char *owner, const struct engine_opts *opts,
		   int *ret_status, struct err *err)
{
	struct dry d = {
		.conf = conf, .store = store, .owner = owner, .opts = opts
	};
	int rc = dry_run(&d, ret_status, err);

	cas_done(&d.cas);
	return rc;
}
