/* SPDX-License-Identifier: MIT */
#include "held.h"
#include <inttypes.h>
#include <string.h>
#include "file.h"
#include "log.h"
#include "num.h"

#define HELD_FILE "fetcher.held" /* when it was last said */
#define HELD_EACH 86400
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

/* Said within the last day? A file that makes no sense was not written by
 * us: say it. */
static int said(const char *path, int64_t now, struct err *err)
{
	AUTO(sbuf_free) struct sbuf text = SBUF_INIT(40);
	int64_t when;
	int found = file_read(path, &text, err);

	if (found != 1)
		return found;
	if (num_int(sbuf_str(&text), 0, INT64_MAX, &when, NULL) == -1)
		return 0;
	return when <= now && now - when < HELD_EACH;
}

int held_report(const struct certrepo_conf *conf, struct store *store,
		int64_t now, struct err *err)
{
	AUTO(arena_free) struct arena *arena = arena_new();
	AUTO(mem_free_str)
	char *path = mem_printf("%s/%s", conf->state_dir, HELD_FILE);
	AUTO(mem_free_str) char *stamp = mem_printf("%" PRId64, now);
	AUTO(mem_free_str) char *text = NULL;
	const struct file_attr attr = { .mode = 0600,
					.uid = FILE_KEEP,
					.gid = FILE_KEEP };
	struct store_helds rows = { NULL, 0 };
	int rc = said(path, now, err);

	if (rc != 0)
		return rc == 1 ? 0 : -1;
	if (store_held(store, HELD_MOST + 1, arena, &rows, err) == -1)
		return -1;
	if (!rows.n)
		return 0;
	text = held_text(&rows, HELD_MOST);
	log_warn("held until someone acts: %s", text);
	return file_replace(path, stamp, strlen(stamp), &attr, err);
}
