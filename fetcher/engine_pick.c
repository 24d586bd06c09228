/* SPDX-License-Identifier: MIT */
/* Whose turn it is. */
#include "engine_impl.h"
#include "asked.h"
#include "clock.h"
#include "due.h"
#include "log.h"

/* What has become due since is looked for again after this. */
#define LIST_MS (60 * 1000)

void engine_remember_next(struct engine *e, int64_t next)
{
	if (next < e->earliest)
		e->earliest = next;
}

/* Its CA rests. Nothing is written: when the rest is over, it is due. Names
 * that nobody gave are counted in the store, see count_waits(). */
void engine_let_wait(struct engine *e, struct ca_queue *ca, const char *name,
		     int64_t ts_expire)
{
	engine_remember_next(e, ca_queue_until(ca));
	if (!e->opts.n_names) {
		namemap_put(e->met, name, LET_GO);
		return;
	}
	namemap_put(e->outcomes, name, WAITING);
	waits_add(&e->cas.waits[cas_index(&e->cas, ca)], ts_expire);
}

static bool is_met(const char *name, void *arg)
{
	struct engine *e = arg;

	return namemap_get(e->met, name) == MET;
}

/* One that was given is not ordered. */
void engine_say_why_not(struct engine *e, const char *name)
{
	switch (asked_say(e->store, e->owner, name, clock_now())) {
	case ASKED_FREE:
		return;
	case ASKED_LEASED:
		namemap_put(e->outcomes, name, WAITING);
		break;
	case ASKED_GONE:
		namemap_put(e->outcomes, name, FAILED);
		break;
	case ASKED_WAITS:
		break;
	}
	e->said = true;
}

static int on_pick(const struct pick *p, void *arg, struct err *err)
{
	struct engine *e = arg;
	struct ca_queue *ca = cas_of(&e->cas, p->ca_name);
	struct ca_queue_name name = { .name = (char *) p->name,
				      .ca_name = (char *) p->ca_name,
				      .early = p->early,
				      .again = p->again,
				      .ts_expire = p->ts_expire };

	(void) err;
	if (p->reason == DUE_ARI)
		log_event(LOG_L_NOTE, "due", "name", p->name, "reason",
			  due_reason_text(p->reason), NULL);
	/* Its CA failed it, and rests: it is not due only for that. */
	if (p->reason == DUE_NOT &&
	    !(cas_rests(ca) && p->of_ca && p->ts_due <= ca_queue_until(ca))) {
		if (e->opts.n_names && e->passes == 1 && !e->again)
			engine_say_why_not(e, p->name);
		return 0;
	}
	if (is_met(p->name, e))
		return 0;
	namemap_put(e->met, p->name, MET);
	if (cas_rests(ca))
		engine_let_wait(e, ca, p->name, p->ts_expire);
	else
		ca_queue_push(ca, &name);
	return 0;
}

/* Names that a person gave, in the first pass with force. */
static int pick_named(struct engine *e, struct err *err)
{
	struct pick_opts po = { .days_left = e->conf->days_left,
				.now = clock_now(),
				.force = e->opts.force && e->passes == 1,
				.write = true };
	size_t i;
	int found;

	for (i = 0; i < e->opts.n_names; i++) {
		const char *name = e->opts.names[i];

		found = pick_one(e->store, name, &po, on_pick, e, err);
		if (found == -1)
			return -1;
		if (found == 1 || e->again)
			continue;
		namemap_put(e->outcomes, name, FAILED);
		if (e->passes == 1) {
			AUTO(mem_free_str)
			char *text = asked_not_enabled(e->store, name);

			log_warn("%s", text);
		}
	}
	return 0;
}

/* What a page is for: a CA without a queue that can take orders. */
static struct ca_queue *hungry(struct engine *e, size_t page)
{
	struct ca_queue *ca = cas_of(&e->cas, pages_ca(e->pages, page));

	if (!pages_left(e->pages, page) || ca_queue_queued(ca))
		return NULL;
	if (!cas_rests(ca))
		return ca;
	engine_remember_next(e, ca_queue_until(ca));
	return NULL;
}

bool engine_wants_more(struct engine *e)
{
	size_t i;

	if (halt_stopping(e->halt) || !e->pages || batch_away(e->batch) ||
	    (e->in_flight >= e->n_slots && !e->fresh))
		return false;
	for (i = 0; i < pages_n(e->pages); i++)
		if (hungry(e, i))
			return true;
	return false;
}

int engine_pick_more(struct engine *e, struct err *err)
{
	struct pick_opts po = { .days_left = e->conf->days_left,
				.now = clock_now(),
				.write = true };
	struct ca_queue *ca;
	size_t i;

	e->fresh = false;
	for (i = 0; i < pages_n(e->pages); i++) {
		ca = hungry(e, i);
		if (!ca)
			continue;
		po.doubtful = ca_queue_doubtful(ca);
		if (pages_pick(e->pages, i, &po, is_met, on_pick, e, err) == 0)
			batch_met(e->batch);
		else if (err->kind == ERR_UNAVAILABLE)
			return batch_missed(e->batch, err);
		else
			return -1;
	}
	return 0;
}

int engine_pick_first(struct engine *e, struct err *err)
{
	pages_free(&e->pages);
	if (e->opts.n_names)
		return pick_named(e, err);
	e->listed_ms = clock_mono_ms();
	if (pages_new(e->conf, e->store, clock_now(), &e->pages, err) == -1)
		return -1;
	pages_tell_unknown(e->pages, &e->told_unknown);
	return 0;
}

/* What their CAs were heard to ask for. */
static int pick_named_again(struct engine *e, struct err *err)
{
	int rc;

	e->again = true;
	rc = pick_named(e, err);
	e->again = false;
	if (rc == 0) {
		batch_met(e->batch);
		polls_listed(e->polls);
	} else if (err->kind == ERR_UNAVAILABLE) {
		rc = batch_missed(e->batch, err);
	}
	return rc;
}

/* A CA that is slow draws the run out: names of others that have become due
 * meanwhile need not wait for its end; nor what CAs were heard to ask for.
 * Those that were met in this pass are passed over. */
int engine_list_again(struct engine *e, struct err *err)
{
	struct pages *pages = NULL;
	int64_t now = clock_mono_ms();
	bool due = e->polls && polls_due(e->polls);

	if (halt_stopping(e->halt) || batch_away(e->batch))
		return 0;
	if (e->opts.n_names)
		return due ? pick_named_again(e, err) : 0;
	if (!e->pages ||
	    (!due && (!e->in_flight || now - e->listed_ms < LIST_MS)))
		return 0;
	e->listed_ms = now;
	if (e->polls)
		polls_listed(e->polls);
	if (pages_new(e->conf, e->store, clock_now(), &pages, err) == -1)
		return err->kind == ERR_UNAVAILABLE
			       ? batch_missed(e->batch, err)
			       : -1;
	batch_met(e->batch);
	pages_free(&e->pages);
	e->pages = pages;
	e->fresh = true;
	return 0;
}
