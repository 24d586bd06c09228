/* SPDX-License-Identifier: MIT */
#ifndef ENGINE_IMPL_H
#define ENGINE_IMPL_H

/* What engine.c (a run) and engine_pick.c (whose turn it is) share. Nobody
 * else includes this. */

#include "batch.h"
#include "cas.h"
#include "engine.h"
#include "halt.h"
#include "loop.h"
#include "namemap.h"
#include "order.h"
#include "pages.h"
#include "polls.h"
#include "proof_sweep.h"

/* What became of a name in this run. */
enum outcome { MET, RENEWED, FAILED, WAITING, PARKED, LET_GO };

struct slot {
	struct engine *engine;
	struct order *order; /* NULL: free */
	struct ca_queue *ca;
	bool again; /* its last failure was ca-down */
	bool woken;
};

struct engine {
	const struct certrepo_conf *conf;
	struct store *store;
	const char *owner;
	struct engine_opts opts;

	struct loop *loop;
	struct batch *batch;
	struct chall_ctx *chall;
	struct chains *chains;
	struct report *report;
	struct order_env env;
	struct proof_sweep *sweep;

	struct cas cas;
	struct slot *slots;
	size_t n_slots, in_flight;
	bool said;		  /* why a name that was given is not ordered */
	struct namemap *met;	  /* in this pass */
	struct namemap *outcomes; /* in this run */

	struct polls *polls; /* NULL: nobody is asked */
	bool again;	     /* names that were given are looked at once more */

	struct pages *pages; /* NULL: no more in this pass */
	int64_t listed_ms;   /* when they were */
	bool fresh;	     /* and not looked into, be a slot free or not */
	bool told_unknown;
	bool doubt; /* there are instants of a wrong clock */
	int passes;
	int64_t begun_ms;
	int64_t earliest; /* next attempt of what failed or waits */

	struct halt *halt;
	struct loop_timer *pass_timer;
};

/* --- engine_pick.c --- */

/* The first names of a pass. */
int engine_pick_first(struct engine *e, struct err *err) MUST_CHECK;
/* Is there more to be read, by a CA that can take orders? Then do. */
bool engine_wants_more(struct engine *e);
int engine_pick_more(struct engine *e, struct err *err) MUST_CHECK;
/* What has become due since, and was not met in this pass. */
int engine_list_again(struct engine *e, struct err *err) MUST_CHECK;

void engine_remember_next(struct engine *e, int64_t next);
/* Its CA rests. */
void engine_let_wait(struct engine *e, struct ca_queue *ca, const char *name,
		     int64_t ts_expire);
/* One that was given is not ordered. */
void engine_say_why_not(struct engine *e, const char *name);

#endif
