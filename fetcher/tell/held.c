/* SPDX-License-Identifier: MIT */
#include "held.h"
#include "once_a_day.h"
#include "log.h"
#include "sbuf.h"

#define HELD_FILE   "fetcher.held" /* when it was last said */
#define HELD_MOST   20
#define PARKED_MOST 5000 /* that are looked at, the most urgent ones */

char *held_text(const struct store_helds *rows, size_t most)
{
	struct sbuf s = SBUF_INIT(16384);
	size_t i;

	for (i = 0; i < rows->n && i < most; i++)
		sbuf_addf(&s, "%s%s (%s)", i ? ", " : "", rows->v[i].name,
			  rows->v[i].fail_class ? rows->v[i].fail_class
						: "unknown");
	if (rows->n > most)
		sbuf_adds(&s, " and others");
	return sbuf_take(&s, NULL);
}

/* Orders that the CA has had for long are no failures, and no attempt speaks of
 * them either. */
static int parked_text(const struct certrepo_conf *conf, struct store *store,
		       int64_t now, struct arena *arena, char **ret,
		       struct err *err)
{
	struct store_troubles rows;
	struct sbuf s = SBUF_INIT(16384);
	size_t n = 0;

	if (store_parked(store, now, PARKED_MOST, arena, &rows, err) == -1)
		return -1;
	for (size_t i = 0; i < rows.n && n <= HELD_MOST; i++) {
		int wanted = notify_parked(store, &rows.v[i], conf->days_left,
					   now, arena, err);

		if (wanted == -1) {
			sbuf_free(&s);
			return -1;
		}
		if (wanted && n++ < HELD_MOST)
			sbuf_addf(&s, "%s%s", n > 1 ? ", " : "",
				  rows.v[i].name);
	}
	if (n > HELD_MOST || rows.all > rows.n)
		sbuf_adds(&s, " and others");
	*ret = n > 0 ? sbuf_take(&s, NULL) : NULL;
	return 0;
}

int held_report(const struct notify_from *from, struct store *store,
		int64_t now, struct err *err)
{
	AUTO(arena_free) struct arena *arena = arena_new();
	AUTO(mem_free_str) char *text = NULL, *parked = NULL;
	const struct certrepo_conf *conf = from->conf;
	struct store_helds rows = { NULL, 0 };

	if (conf->notify || once_a_day_done(conf->state_dir, HELD_FILE, now))
		return 0;
	if (store_held(store, HELD_MOST + 1, arena, &rows, err) == -1 ||
	    parked_text(conf, store, now, arena, &parked, err) == -1)
		return -1;
	if (rows.n) {
		text = held_text(&rows, HELD_MOST);
		log_warn("held until someone acts: %s; for each: %s show NAME",
			 text, from->populate);
	}
	if (parked)
		log_warn("orders that wait for their CA: %s; for each: %s show "
			 "NAME",
			 parked, from->populate);
	if (text || parked)
		once_a_day_mark(conf->state_dir, HELD_FILE, now);
	return 0;
}
