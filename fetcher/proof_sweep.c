/* SPDX-License-Identifier: MIT */
#include "proof_sweep.h"
#include <stdlib.h>
#include <string.h>
#include "clock.h"
#include "once_a_day.h"
#include "log.h"
#include "strlist.h"

#define DAY	  86400
#define SAID_FILE "fetcher.leftover" /* when something was said last */

struct leftover {
	struct proof_sweep *all;
	struct store_proof proof; /* in the arena */
	struct chall *chall;
	bool deferred, begun, done;
};

struct proof_sweep {
	struct arena *arena;
	struct batch *batch;
	struct chall_ctx *chall;
	struct leftover *v;
	size_t n, busy;
	char *state_dir;
	bool quiet;	       /* it was said today */
	struct strlist causes; /* that were said */
};

int proof_sweep_new(struct store *store, struct batch *batch,
		    struct chall_ctx *chall, const char *owner,
		    const char *state_dir, struct proof_sweep **ret,
		    struct err *err)
{
	AUTO(proof_sweep_free) struct proof_sweep *l = mem_alloc(sizeof(*l));
	struct store_proofs rows = { NULL, 0 };
	struct store_order order;
	int found;
	size_t i;

	l->state_dir = mem_strdup(state_dir);
	l->arena = arena_new();
	l->batch = batch;
	l->chall = chall;
	l->quiet = once_a_day_done(state_dir, SAID_FILE, clock_now());
	if (store_proofs_of(store, owner, PROOF_SWEEP_MAX, l->arena, &rows,
			    err) == -1)
		return -1;
	l->v = arena_array(l->arena, rows.n + 1, sizeof(l->v[0]));
	for (i = 0; i < rows.n; i++) {
		l->v[i] = (struct leftover){ .all = l, .proof = rows.v[i] };
		l->n++;
		found = store_order_get(store, rows.v[i].name, rows.v[i].slot,
					l->arena, &order, err);
		if (found == -1)
			return -1;
		l->v[i].deferred = found == 1;
	}
	*ret = TAKE(l);
	return 0;
}

void proof_sweep_free(struct proof_sweep **lp)
{
	struct proof_sweep *l = *lp;
	size_t i;

	if (!l)
		return;
	for (i = 0; i < l->n; i++) {
		chall_free(&l->v[i].chall);
		batch_forget(l->batch, &l->v[i]);
	}
	arena_free(&l->arena);
	free(l->state_dir);
	strlist_free(&l->causes);
	free(l);
	*lp = NULL;
}

static void finish(struct leftover *x)
{
	x->done = true;
	x->all->busy--;
}

static int op_drop(struct store *store, void *arg, struct err *err)
{
	const struct leftover *x = arg;

	return store_proof_drop(store, x->proof.id, x->proof.lease_owner, err);
}

static void on_dropped(void *arg, const struct err *err)
{
	struct leftover *x = arg;

	if (err)
		log_warn("%s: the row of a proof could not be dropped: %s",
			 x->proof.name, err->msg);
	finish(x);
}

/* One of each cause: a server that is away has them all. */
static bool to_be_said(struct proof_sweep *l, const struct err *err)
{
	if (l->quiet || l->causes.n >= PROOF_SWEEP_SAID ||
	    strlist_has(&l->causes, err->msg))
		return false;
	if (l->causes.n == 0)
		once_a_day_mark(l->state_dir, SAID_FILE, clock_now());
	strlist_add(&l->causes, err->msg);
	return true;
}

static void say_goodbye(const struct leftover *x, const struct err *err)
{
	AUTO(arena_free) struct arena *arena = arena_new();
	const char *command =
		chall_by_hand(chall_ctx_conf(x->all->chall), &x->proof, arena);

	log_warn("%s: a proof of an earlier run may be left, %s: it could not "
		 "be "
		 "removed for a week (%s) and is no longer tried; it disturbs "
		 "no renewal; remove it by hand%s%s",
		 x->proof.name, chall_what(&x->proof, arena), err->msg,
		 command ? ": " : "", command ? command : "");
}

/* Its row stays for the next run, but not for ever: its server may be gone. */
static void give_up(struct leftover *x, const struct err *err)
{
	AUTO(arena_free) struct arena *arena = arena_new();
	const char *what = chall_what(&x->proof, arena);
	int64_t now = clock_now();

	/* One that will be made tomorrow was so by a wrong clock. */
	if (x->proof.ts_created <= now - PROOF_SWEEP_KEEP ||
	    x->proof.ts_created > now + DAY) {
		say_goodbye(x, err);
		batch_add(x->all->batch, op_drop, on_dropped, x);
		return;
	}
	if (to_be_said(x->all, err))
		log_warn("%s: a proof of an earlier run may be left, %s: it "
			 "could not be removed: %s",
			 x->proof.name, what, err->msg);
	else
		log_debug("%s: %s could not be removed: %s", x->proof.name,
			  what, err->msg);
	finish(x);
}

static void on_cleaned(struct chall *c, const struct err *err, void *arg)
{
	struct leftover *x = arg;

	(void) c;
	if (err) {
		give_up(x, err);
		return;
	}
	log_event(LOG_L_INFO, "cleaned", "name", x->proof.name, "type",
		  x->proof.type, "at", x->proof.owner, NULL);
	batch_add(x->all->batch, op_drop, on_dropped, x);
}

void proof_sweep_begin(struct proof_sweep *l, bool deferred)
{
	struct err err = ERR_INIT;
	size_t i;

	for (i = 0; i < l->n; i++) {
		struct leftover *x = &l->v[i];

		if (x->begun || x->done || (x->deferred && !deferred))
			continue;
		x->begun = true;
		l->busy++;
		if (chall_from_proof(l->chall, &x->proof, on_cleaned, x,
				     &x->chall, &err) == -1) {
			give_up(x, &err);
			continue;
		}
		chall_clean(x->chall);
	}
}

void proof_sweep_gone(struct proof_sweep *l, const char *proof_id)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (!l->v[i].begun && strcmp(l->v[i].proof.id, proof_id) == 0)
			l->v[i].done = true;
}

bool proof_sweep_busy(const struct proof_sweep *l)
{
	return l->busy > 0;
}
