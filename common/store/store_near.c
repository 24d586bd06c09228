/* SPDX-License-Identifier: MIT */
#include "store_near.h"
#include <stdio.h>
#include "mem.h"
#include "near.h"
#include "plain.h"
#include "store_impl.h"

#define PAGE_ROWS 1000
#define PAGES_MAX 200

struct search {
	struct near near;
	char best[STORE_NAME_MAX + 1];
	char after[STORE_NAME_MAX + 1];
	size_t rows; /* of the page */
};

/* Those behind FROM. */
static int page(struct store *s, const char *from, struct search *f,
		struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	const char *name;
	int rc;

	f->rows = 0;
	if (store_query(s,
			"SELECT name FROM certs WHERE name > ? ORDER BY name "
			"LIMIT 1000",
			"W", ARGS(T(from)), &st, err) == -1)
		return -1;
	db_limit(st, PAGE_ROWS, 1u << 20);
	while ((rc = db_step(st, err)) == 1) {
		name = db_col_text(st, 0);
		if (!name)
			continue;
		if (near_try(&f->near, name)) {
			(void) snprintf(f->best, sizeof(f->best), "%s", name);
			f->near.best = f->best;
		}
		(void) snprintf(f->after, sizeof(f->after), "%s", name);
		f->rows++;
	}
	return rc;
}

char *store_near_text(struct store *s, const char *name)
{
	struct search f = { .near = near_name(name) };
	char before[STORE_NAME_MAX + 1];
	int pages = 0;

	do {
		(void) snprintf(before, sizeof(before), "%s", f.after);
		if (STORE_TRY(s, STORE_TX_NO, NULL,
			      page(s, before, &f, NULL)) == -1)
			return mem_strdup("");
		/* Names that are bytes, in SQLite, come again. */
	} while (f.rows == PAGE_ROWS && ++pages < PAGES_MAX &&
		 strcmp(f.after, before) > 0);
	plain_ascii(f.best);
	return near_text(&f.near, "");
}
