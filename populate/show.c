/* SPDX-License-Identifier: MIT */
#include "due.h"
#include "populate_cmd.h"
#include "view.h"

#define SHOW_MAX (64u << 20) /* a name on tens of thousands of hosts */

/* The fetcher's account may not read them, and its configuration is the one
 * that is there: all else is shown. */
static int receipts(struct populate *p, const char *name, struct arena *a,
		    struct view *v, struct err *err)
{
	if (store_receipts_of(p->store, name, a, &v->installs, err) == 0)
		return 0;
	if (err->kind != ERR_CONFIG)
		return -1;
	v->installs_fault = *err;
	err_clear(err);
	return 0;
}

/* What is known of the CA that signs it. */
static int of_the_ca(struct populate *p, struct arena *a, struct view *v,
		     struct err *err)
{
	struct store_offer *offer = arena_alloc(a, sizeof(*offer));
	int rc;

	if (!v->signer)
		return 0;
	rc = populate_offer(p, v->signer, a, offer, err);
	if (rc != 1)
		return rc;
	v->offer = offer;
	return store_chains_get(p->store, v->signer->name, a, &v->chains,
				err) == -1
		       ? -1
		       : 0;
}

/* Who set days_left should see where it does nothing. */
static void note_days_left(const struct populate *p, const struct view *v,
			   struct arena *a)
{
	int64_t days = p->conf.days_left;

	if (!v->ts_expire || !due_ignores(v->ts_not_before, v->ts_expire, days))
		return;
	populate_line(
		"note",
		arena_printf(a,
			     "days_left = %lld would renew this certificate in "
			     "the first quarter of its life, and does not "
			     "count for it",
			     (long long) days));
}

static int show_in(struct populate *p, const char *name, struct arena *a,
		   struct err *err)
{
	AUTO(view_free) struct view v = { .row = NULL };
	AUTO(sbuf_free) struct sbuf out = SBUF_INIT(SHOW_MAX);
	const struct certrepo_ca *ca = certrepo_conf_ca(&p->conf, NULL);
	struct store_cert *row;

	if (populate_row(p, name, a, &row, err) == -1)
		return -1;
	view_make(row, &v);
	v.signer = certrepo_conf_ca(&p->conf, row->ca_name);
	v.days_left = p->conf.days_left;
	if (store_attempts_of(p->store, name, VIEW_ATTEMPTS, a, &v.attempts,
			      err) == -1 ||
	    store_order_get(p->store, name, 0, a, &v.order, err) == -1 ||
	    populate_ca(p, row, a, &v.ca, err) == -1 ||
	    of_the_ca(p, a, &v, err) == -1 ||
	    receipts(p, name, a, &v, err) == -1)
		return -1;
	v.fetcher = populate_fetcher(p, a);
	if (p->opt.json)
		view_json(&v, ca ? ca->name : NULL, p->now, &out);
	else
		view_text(&v, ca ? ca->name : NULL, p->now, populate_hint(p, a),
			  &out);
	if (sbuf_over(&out))
		return err_set(err, ERR_LIMIT, "%s: too much to show", name);
	fwrite(sbuf_str(&out), 1, out.len, stdout);
	if (!p->opt.json)
		note_days_left(p, &v, a);
	return 0;
}

int show_run(struct populate *p, const char *name, struct err *err)
{
	struct arena *a = arena_new();
	int rc = show_in(p, name, a, err);

	arena_free(&a);
	return rc;
}
