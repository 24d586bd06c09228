/* SPDX-License-Identifier: MIT */
#include "foreign.h"
#include <string.h>
#include "log.h"
#include "once_a_day.h"
#include "pick.h"
#include "store_facts.h"

#define FOREIGN_FILE "fetcher.foreign" /* when it was last done */
#define FACTS_FILE   "fetcher.facts"
#define PAGE	     1000

static int on_pick(const struct pick *p, void *arg, struct err *err)
{
	(void) p;
	(void) arg;
	(void) err;
	return 0;
}

static int refresh(struct store *store, const struct store_stale *rows,
		   const struct pick_opts *opts, struct err *err)
{
	for (size_t i = 0; i < rows->n; i++) {
		log_debug("%s: another program wrote its crt", rows->v[i]);
		if (pick_one(store, rows->v[i], opts, on_pick, NULL, err) == -1)
			return -1;
	}
	return 0;
}

static int refresh_all(struct store *store, const struct pick_opts *opts,
		       struct err *err)
{
	AUTO(arena_free) struct arena *arena = arena_new();
	AUTO(mem_free_str) char *after = mem_strdup("");
	struct store_stale rows;

	for (;;) {
		arena_clear(arena);
		if (store_stale(store, after, opts->now, PAGE, arena, &rows,
				err) == -1 ||
		    refresh(store, &rows, opts, err) == -1)
			return -1;
		/* A name that is no text is none one could go on from; all
		 * that are come before it. */
		if (!rows.last || strcmp(rows.last, after) <= 0)
			return 0;
		free(after);
		after = mem_strdup(rows.last);
	}
}

void foreign_refresh(const struct certrepo_conf *conf, struct store *store,
		     int64_t now)
{
	const struct pick_opts opts = { .days_left = conf->days_left,
					.now = now,
					.write = true };
	struct err err = ERR_INIT;

	if (once_a_day_done(conf->state_dir, FOREIGN_FILE, now))
		return;
	if (refresh_all(store, &opts, &err) == -1)
		log_warn("certificates that other programs stored were not all "
			 "looked at: %s",
			 err.msg);
	else
		once_a_day_mark(conf->state_dir, FOREIGN_FILE, now);
}

/* 1 when all are well, 0 when there are more. */
static int mend(struct store *store, size_t *ret_n, struct err *err)
{
	char after[STORE_NAME_MAX + 1] = "";
	size_t n;

	*ret_n = 0;
	do {
		if (store_facts_fill(store, PAGE, after, &n, err) == -1)
			return -1;
		*ret_n += n;
	} while (after[0] && *ret_n + PAGE <= FOREIGN_FACTS);
	return !after[0];
}

void foreign_facts(const struct certrepo_conf *conf, struct store *store,
		   int64_t now)
{
	struct err err = ERR_INIT;
	size_t n;
	int rc;

	if (once_a_day_done(conf->state_dir, FACTS_FILE, now))
		return;
	rc = mend(store, &n, &err);
	if (rc == -1)
		log_warn("what is kept of certificates that other programs "
			 "stored was not mended: %s",
			 err.msg);
	if (rc != 0)
		once_a_day_mark(conf->state_dir, FACTS_FILE, now);
	if (n)
		log_debug("%zu rows of cert_facts were mended", n);
}
