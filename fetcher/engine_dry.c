/* SPDX-License-Identifier: MIT */
/* What a run would do, by the same pages, CAs and words as a run. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ca_queue.h"
#include "clock.h"
#include "due.h"
#include "engine.h"
#include "log.h"
#include "pages.h"
#include "proof_kind.h"
#include "report.h"
#include "waits.h"

struct dry {
	const struct certrepo_conf *conf;
	struct store *store;
	const struct engine_opts *opts;
	struct ca_queue **ca; /* of conf->ca, in their order */
	struct waits *waits;
	size_t n_ca;
	struct report_counts counts;
};

static void dry_end(struct dry *d)
{
	size_t i;

	for (i = 0; i < d->n_ca; i++)
		ca_queue_free(&d->ca[i]);
	free(d->ca);
	free(d->waits);
}

static int dry_begin(struct dry *d, struct err *err)
{
	size_t n = d->conf->ca.n;

	d->ca = mem_array(n, sizeof(*d->ca));
	d->waits = mem_array(n, sizeof(*d->waits));
	for (; d->n_ca < n; d->n_ca++) {
		if (ca_queue_new(d->conf->ca.v[d->n_ca], NULL, d->store, NULL,
				 NULL, &d->ca[d->n_ca], err) == -1)
			return -1;
		if (d->opts->force)
			ca_queue_force(d->ca[d->n_ca]);
	}
	return 0;
}

/* The CA of a row, if it rests: its place; else n_ca. */
static size_t resting(const struct dry *d, const char *ca_name)
{
	const struct certrepo_ca *ca = certrepo_conf_ca(d->conf, ca_name);
	size_t i;

	for (i = 0; i < d->n_ca; i++)
		if (ca_queue_conf(d->ca[i]) == ca &&
		    ca_queue_is(d->ca[i], clock_now()) == CA_QUEUE_RESTING)
			return i;
	return d->n_ca;
}

static int on_dry(const struct pick *p, void *arg, struct err *err)
{
	struct dry *d = arg;
	const struct certrepo_ca *ca = certrepo_conf_ca(d->conf, p->ca_name);
	size_t i = resting(d, p->ca_name);

	(void) err;
	if (i < d->n_ca) {
		if (p->reason == DUE_NOT &&
		    !(p->of_ca && p->ts_due <= ca_queue_until(d->ca[i])))
			return 0;
		waits_add(&d->waits[i], p->ts_expire);
		return 0;
	}
	if (p->reason == DUE_NOT)
		return 0;
	d->counts.renewed++;
	(void) printf("%s: %s, from %s by %s\n", p->name,
		      due_reason_text(p->reason),
		      ca ? ca->name : "a CA that is not configured",
		      proof_type_of_row(p->challenge, p->certbot));
	return 0;
}

static int dry_named(struct dry *d, const struct pick_opts *po, struct err *err)
{
	size_t i;
	int found;

	for (i = 0; i < d->opts->n_names; i++) {
		found = pick_one(d->store, d->opts->names[i], po, on_dry, d,
				 err);
		if (found == -1)
			return -1;
		if (found == 1)
			continue;
		log_warn("%s: there is no such enabled name in %s",
			 d->opts->names[i], store_name(d->store));
		d->counts.failed++;
	}
	return 0;
}

static int dry_all(struct dry *d, const struct pick_opts *po, struct err *err)
{
	AUTO(pages_free) struct pages *pages = NULL;
	const char *def = certrepo_conf_ca(d->conf, NULL)->name;
	AUTO(mem_free_str) char *unknown = NULL;
	size_t i;

	if (pages_new(d->conf, d->store, po->now, &pages, err) == -1)
		return -1;
	for (i = 0; i < pages_n(pages); i++)
		if (resting(d, pages_ca(pages, i)) == d->n_ca &&
		    pages_pick_all(pages, i, po, on_dry, d, err) == -1)
			return -1;
	unknown = pages_unknown_text(pages);
	if (unknown)
		log_warn("%s", unknown);
	for (i = 0; i < d->n_ca; i++) {
		const char *name = ca_queue_conf(d->ca[i])->name;

		if (resting(d, name) == i &&
		    waits_of(d->store, d->ca[i], strcmp(name, def) == 0,
			     po->now, &d->waits[i], err) == -1)
			return -1;
	}
	return 0;
}

static int dry_run(struct dry *d, int *ret_status, struct err *err)
{
	struct pick_opts po = { .days_left = d->conf->days_left,
				.now = clock_now(),
				.force = d->opts->force };
	size_t i;

	if (dry_begin(d, err) == -1 ||
	    (d->opts->n_names ? dry_named : dry_all)(d, &po, err) == -1)
		return -1;
	for (i = 0; i < d->n_ca; i++) {
		AUTO(mem_free_str) char *text = NULL;

		if (!d->waits[i].n)
			continue;
		text = waits_text(&d->waits[i], d->ca[i]);
		log_warn("%s", text);
		d->counts.waiting += d->waits[i].n;
		d->counts.account |= ca_queue_needs_person(d->ca[i]);
	}
	*ret_status = report_status(&d->counts);
	return 0;
}

int engine_dry_run(const struct certrepo_conf *conf, struct store *store,
		   const struct engine_opts *opts, int *ret_status,
		   struct err *err)
{
	struct dry d = { .conf = conf, .store = store, .opts = opts };
	int rc = dry_run(&d, ret_status, err);

	dry_end(&d);
	return rc;
}
