/* SPDX-License-Identifier: MIT */
#include "held.h"
#include "once_a_day.h"
#include "log.h"
#include "sbuf.h"

#define HELD_FILE "fetcher.held" /* when it was last said */
#define HELD_MOST 20

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

int held_report(const struct certrepo_conf *conf, struct store *store,
		int64_t now, struct err *err)
{
	AUTO(arena_free) struct arena *arena = arena_new();
	AUTO(mem_free_str) char *text = NULL;
	struct store_helds rows = { NULL, 0 };

	if (conf->notify || once_a_day_done(conf->state_dir, HELD_FILE, now))
		return 0;
	if (store_held(store, HELD_MOST + 1, arena, &rows, err) == -1)
		return -1;
	if (!rows.n)
		return 0;
	text = held_text(&rows, HELD_MOST);
	log_warn("held until someone acts: %s", text);
	once_a_day_mark(conf->state_dir, HELD_FILE, now);
	return 0;
}
