/* SPDX-License-Identifier: MIT */
#include "waits.h"
#include "clock.h"
#include "sbuf.h"

#define TEXT_MAX 2000

void waits_add(struct waits *w, int64_t ts_expire)
{
	w->n++;
	if (ts_expire && (!w->ts_expire || ts_expire < w->ts_expire))
		w->ts_expire = ts_expire;
}

int waits_of(struct store *store, const struct ca_queue *c, bool is_default,
	     int64_t now, struct waits *ret, struct err *err)
{
	struct store_due_ca row;

	if (store_ca_waits(store, ca_queue_conf(c)->name, is_default, now,
			   ca_queue_until(c), &row, err) == -1)
		return -1;
	*ret = (struct waits){ .n = row.n, .ts_expire = row.ts_expire };
	return 0;
}

char *waits_text(const struct waits *w, const struct ca_queue *c)
{
	const struct fail *f = ca_queue_fail(c);
	struct sbuf s = SBUF_INIT(TEXT_MAX);
	char at[CLOCK_TEXT];

	sbuf_addf(&s, "%zu %s for the CA %s", w->n,
		  w->n == 1 ? "name waits" : "names wait",
		  ca_queue_conf(c)->name);
	/* Else it is for this run only. */
	if (f->class != FAIL_CLOCK && f->class != FAIL_HOST && !f->here)
		sbuf_addf(&s, ", which rests until %s",
			  clock_text(ca_queue_until(c), at));
	sbuf_addf(&s, ": %s: %s", fail_name(f->class), f->detail);
	if (w->ts_expire)
		sbuf_addf(&s, "; the nearest expires %s",
			  clock_text(w->ts_expire, at));
	return sbuf_take(&s, NULL);
}
