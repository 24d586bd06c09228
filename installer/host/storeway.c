/* SPDX-License-Identifier: MIT */

#include <string.h>
#include "file.h"
#include "log.h"
#include "plain.h"
#include "record.h"
#include "storeway.h"

#define KIND	 "certrepo-store"
#define VERSION	 2
#define FILE_MAX 65536u
#define KEPT	 ((int64_t) 86400)
#define NAMES	 20 /* said at once */

/* What is in the file: at most one line of each. */
struct way {
	int64_t view;	     /* since when; 0: nothing is known of it */
	const char *of;	     /* by whom, by which program */
	const char *refused; /* the sentence, NULL */
	int64_t said;	     /* when */
};

static char *path_of(const struct host *r)
{
	return mem_printf("%s/store", r->conf->state_dir);
}

/* Another account, store or version may have another way. */
static const char *identity(const struct host *r, const struct store *store)
{
	const char *user = r->conf->store->user;

	return arena_printf(r->arena, "%s %s %s", CERTREPO_VERSION,
			    user ? user : "-", store_name(store));
}

static struct way load(const struct host *r)
{
	AUTO(mem_free_str) char *path = path_of(r);
	struct record rec = { .n = 0 };
	struct way w = { .view = 0 };

	if (record_read(path, KIND, VERSION, FILE_MAX, r->arena, &rec, NULL) !=
	    1)
		return w;
	for (size_t i = 0; i < rec.n; i++) {
		const struct record_line *l = &rec.v[i];

		if (record_is(l, "view", 3) && l->v[2]) {
			w.view = record_int(l, 1);
			w.of = l->v[2];
		} else if (record_is(l, "refused", 3)) {
			w.said = record_int(l, 1);
			w.refused = l->v[2];
		}
	}
	return w;
}

static void save(const struct host *r, const struct way *w)
{
	AUTO(mem_free_str) char *path = path_of(r);
	AUTO(record_out_free) struct record_out out;
	struct err err = ERR_INIT;
	int rc;

	record_begin(&out, KIND, VERSION, FILE_MAX);
	if (w->of) {
		record_key(&out, "view");
		record_add_int(&out, w->view);
		record_add(&out, w->of);
	}
	if (w->refused) {
		record_key(&out, "refused");
		record_add_int(&out, w->said);
		record_add(&out, w->refused);
	}
	rc = w->of || w->refused ? record_write(&out, path, &err)
				 : file_remove(path, &err);
	if (rc == -1)
		log_warn("%s", err.msg);
}

static bool is_fresh(const struct host *r, int64_t ts)
{
	return ts <= r->now && r->now - ts < KEPT;
}

void storeway_recall(struct host *r, struct store *store)
{
	struct way w = load(r);

	if (!w.of || strcmp(w.of, identity(r, store)) != 0 ||
	    !is_fresh(r, w.view))
		return;
	store_host_set_by_view(store);
	r->recalled = store_host_by_view(store);
}

void storeway_remember(struct host *r, const struct store *store)
{
	bool view = store_host_by_view(store);
	struct way w;

	/* A day begins when the procedures were tried. */
	if (r->dry_run || (view && r->recalled))
		return;
	w = load(r);
	if (!view && !w.of)
		return;
	w.view = r->now;
	w.of = view ? identity(r, store) : NULL;
	save(r, &w);
}

/* Whoever is to approve the request grants NAME with it. */
static void leave_out_asked(struct host *r, struct strlist *names)
{
	struct strlist left = STRLIST_INIT;

	for (size_t i = 0; i < names->n; i++)
		if (!requested_waits(host_requested(r), names->v[i]))
			strlist_add(&left, names->v[i]);
	strlist_free(names);
	*names = left;
}

void storeway_refused(struct host *r, struct strlist *names)
{
	struct way w = load(r);
	const char *text = NULL;
	AUTO(sbuf_free) struct sbuf list = SBUF_INIT(NAMES * 400);
	char one[PLAIN_QUOTED];

	leave_out_asked(r, names);
	if (names->n == 0 && !w.refused)
		return;
	strlist_sort_unique(names);
	for (size_t i = 0; i < names->n && i < NAMES; i++)
		sbuf_addf(&list, "%s%s", i > 0 ? ", " : "",
			  plain_quoted(names->v[i], one));
	if (names->n > 0)
		text = arena_printf(
			r->arena,
			"the store takes no receipts of %s%s from this host: "
			"its account has not been granted %s; to ask for it, "
			"run here: certrepo-installer --request NAME; where "
			"NAME is enrolled already, on the centre: "
			"certrepo-populate host grant %s NAME",
			sbuf_str(&list), names->n > NAMES ? ", ..." : "",
			names->n > 1 ? "these" : "that", r->conf->host);
	if (text && w.refused && strcmp(text, w.refused) == 0 &&
	    is_fresh(r, w.said))
		return;
	if (text)
		log_warn("%s", text);
	w.refused = text;
	w.said = r->now;
	save(r, &w);
}
