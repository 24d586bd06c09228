/* SPDX-License-Identifier: MIT */
#include "engine_impl.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "clock.h"
#include "foreign.h"
#include "due_policy.h"
#include "lessees.h"
#include "log.h"
#include "prune.h"
#include "why_idle.h"
#include "wrong_clock.h"

#define ROUND_MS 1000

/* --- what orders ask of us --- */

static void on_wake(void *arg, void *cookie)
{
	struct slot *s = cookie;

	(void) arg;
	s->woken = true;
}

static int64_t on_ca_failed(void *arg, void *cookie, const struct fail *f)
{
	const struct slot *s = cookie;

	(void) arg;
	return ca_queue_failed(s->ca, order_name(s->order), s->again, f);
}

static void on_proof_gone(void *arg, const char *id)
{
	struct engine *e = arg;

	if (e->sweep)
		proof_sweep_gone(e->sweep, id);
}

/* --- birth and end --- */

int engine_new(const struct certrepo_conf *conf, struct store *store,
	       const char *owner, const struct engine_opts *opts,
	       struct engine **ret, struct err *err)
{
	AUTO(engine_free) struct engine *e = mem_alloc(sizeof(*e));
	size_t i;

	e->conf = conf;
	e->store = store;
	e->owner = owner;
	e->opts = *opts;
	e->begun_ms = clock_mono_ms();
	e->report = report_new(opts->quiet);
	e->batch = batch_new(store);
	e->met = namemap_new();
	e->outcomes = namemap_new();
	e->chains = chains_new();
	e->n_slots = (size_t) conf->max_orders;
	e->slots = mem_array(e->n_slots, sizeof(e->slots[0]));
	for (i = 0; i < e->n_slots; i++)
		e->slots[i].engine = e;
	if (loop_new(&e->loop, err) == -1 ||
	    chall_ctx_new(conf, e->loop, &e->chall, err) == -1 ||
	    halt_new(e->loop, &e->halt, err) == -1 ||
	    cas_init(&e->cas, conf, e->loop, store, e->batch, e->report,
		     opts->force, err) == -1)
		return -1;
	e->env = (struct order_env){ .conf = conf,
				     .loop = e->loop,
				     .batch = e->batch,
				     .chall = e->chall,
				     .chains = e->chains,
				     .owner = owner,
				     .arg = e,
				     .wake = on_wake,
				     .ca_failed = on_ca_failed,
				     .proof_gone = on_proof_gone };
	*ret = TAKE(e);
	return 0;
}

void engine_free(struct engine **ep)
{
	struct engine *e = *ep;
	size_t i;

	if (!e)
		return;
	for (i = 0; i < e->n_slots; i++)
		order_free(&e->slots[i].order);
	proof_sweep_free(&e->sweep);
	polls_free(&e->polls);
	cas_done(&e->cas);
	loop_cancel(&e->pass_timer);
	halt_free(&e->halt);
	chall_ctx_free(&e->chall);
	loop_free(&e->loop);
	batch_free(&e->batch);
	namemap_free(&e->met);
	namemap_free(&e->outcomes);
	chains_free(&e->chains);
	report_free(&e->report);
	pages_free(&e->pages);
	free(e->slots);
	free(e);
	*ep = NULL;
}

/* --- orders --- */

static void begin_order(struct engine *e, struct slot *s, struct ca_queue *ca)
{
	struct ca_queue_name name;

	if (!ca_queue_pop(ca, &name))
		return;
	s->ca = ca;
	s->again = name.again;
	s->order = order_new(&e->env, ca_queue_conf(ca), name.ca_name,
			     ca_queue_acme(ca), name.name,
			     e->opts.force && e->passes == 1 ? ORDER_FORCED
			     : name.early		     ? ORDER_EARLY
							     : ORDER_DUE,
			     s);
	s->woken = true;
	e->in_flight++;
	ca_queue_begin(ca);
	free(name.name);
	free(name.ca_name);
}

static struct slot *free_slot(struct engine *e)
{
	size_t i;

	for (i = 0; i < e->n_slots; i++)
		if (!e->slots[i].order)
			return &e->slots[i];
	return NULL;
}

/* All of its names wait: it rests, or (else) a signal came before their turn.
 */
static void drain(struct engine *e, struct ca_queue *ca, bool resting)
{
	struct ca_queue_name name;

	while (ca_queue_pop(ca, &name)) {
		if (resting)
			engine_let_wait(e, ca, name.name, name.ts_expire);
		else
			namemap_put(e->outcomes, name.name, WAITING);
		free(name.name);
		free(name.ca_name);
	}
}

/* Of those that could begin an order, the one with the fewest in flight: a CA
 * that is slow does not fill all slots while another has names, whose turn may
 * come later. */
static struct ca_queue *next_ca(struct engine *e, int64_t now)
{
	struct ca_queue *best = NULL;
	size_t i, want = 0, most;

	for (i = 0; i < e->cas.n; i++)
		want += ca_queue_queued(e->cas.v[i]) && !cas_rests(e->cas.v[i]);
	most = want > 1 ? e->n_slots - e->n_slots / 4 : e->n_slots;
	for (i = 0; i < e->cas.n; i++)
		if (ca_queue_queued(e->cas.v[i]) &&
		    ca_queue_is(e->cas.v[i], now) == CA_QUEUE_READY &&
		    ca_queue_orders(e->cas.v[i]) < most &&
		    (!best ||
		     ca_queue_orders(e->cas.v[i]) < ca_queue_orders(best)))
			best = e->cas.v[i];
	return best;
}

static void fill(struct engine *e)
{
	int64_t now = clock_now();
	struct ca_queue *ca;
	struct slot *s;
	size_t i, n;

	for (i = 0; i < e->cas.n; i++) {
		cas_pass_on(&e->cas, e->cas.v[i]);
		n = ca_queue_queued(e->cas.v[i]);
		if (!n)
			continue;
		if (ca_queue_is(e->cas.v[i], now) == CA_QUEUE_IDLE)
			ca_queue_start(e->cas.v[i],
				       n < e->n_slots ? n : e->n_slots);
		if (ca_queue_is(e->cas.v[i], now) == CA_QUEUE_RESTING)
			drain(e, e->cas.v[i], true);
	}
	while ((ca = next_ca(e, now)) && (s = free_slot(e)))
		begin_order(e, s, ca);
}

static void settle(struct engine *e, struct slot *s)
{
	const struct order *o = s->order;
	bool resting;

	switch (order_ended(o)) {
	case ORDER_RENEWED:
		ca_queue_succeeded(s->ca);
		report_renewed(e->report, o);
		namemap_put(e->outcomes, order_name(o), RENEWED);
		break;
	case ORDER_FAILED:
		resting = fail_of_ca(order_fail(o)->class) && cas_rests(s->ca);
		report_failed(
			e->report, o,
			resting || (!ca_queue_conf(s->ca) && e->told_unknown));
		if (fail_of_ca(order_fail(o)->class))
			e->cas.fell[cas_index(&e->cas, s->ca)]++;
		if (order_backoff(o)->count &&
		    order_fail(o)->class == FAIL_CA_DOWN)
			ca_queue_counted(s->ca, order_name(o), order_count(o),
					 order_backoff(o)->next);
		/* The CA's failure is not the name's. */
		namemap_put(e->outcomes, order_name(o),
			    resting ? WAITING : FAILED);
		engine_remember_next(e, order_backoff(o)->next);
		break;
	case ORDER_PARKED:
		report_parked(e->report, o);
		namemap_put(e->outcomes, order_name(o), PARKED);
		engine_remember_next(e, order_backoff(o)->next);
		break;
	case ORDER_ELSEWHERE: /* another fetcher's order */
		if (e->opts.n_names) {
			report_elsewhere(e->report, o);
			namemap_put(e->outcomes, order_name(o), WAITING);
		}
		break;
	case ORDER_STOPPED:
		namemap_put(e->outcomes, order_name(o), WAITING);
		break;
	case ORDER_LOST:
		if (e->opts.n_names && order_fail(o)->class == FAIL_NONE)
			engine_say_why_not(e, order_name(o));
		else if (e->opts.n_names)
			namemap_put(e->outcomes, order_name(o), FAILED);
		break;
	case ORDER_NOT_ENDED:
		break;
	}
}

static void step_orders(struct engine *e)
{
	size_t i;

	for (i = 0; i < e->n_slots; i++) {
		struct slot *s = &e->slots[i];

		if (!s->order || !s->woken)
			continue;
		s->woken = false;
		order_step(s->order);
		if (order_ended(s->order) == ORDER_NOT_ENDED)
			continue;
		settle(e, s);
		order_free(&s->order);
		ca_queue_end(s->ca);
		e->in_flight--;
	}
}

static bool anyone_woken(const struct engine *e)
{
	size_t i;

	for (i = 0; i < e->n_slots; i++)
		if (e->slots[i].order && e->slots[i].woken)
			return true;
	return false;
}

static void leave_orders(struct engine *e)
{
	size_t i;

	for (i = 0; i < e->n_slots; i++)
		if (e->slots[i].order)
			order_stop(e->slots[i].order);
}

/* --- the run --- */

static void say_waits(struct engine *e)
{
	size_t i;

	for (i = 0; i < e->cas.n; i++)
		if (e->cas.waits[i].n)
			report_waits(e->report, &e->cas.waits[i], e->cas.v[i]);
}

static void count(const struct engine *e, struct report_counts *c)
{
	size_t i;

	*c = (struct report_counts){
		.renewed = namemap_count(e->outcomes, RENEWED),
		.failed = namemap_count(e->outcomes, FAILED),
		.waiting = namemap_count(e->outcomes, WAITING),
		.parked = namemap_count(e->outcomes, PARKED),
		.in_flight = e->in_flight,
		.queued = cas_queued(&e->cas),
		.seconds = (clock_mono_ms() - e->begun_ms) / 1000,
	};
	for (i = 0; i < e->cas.n; i++) {
		c->requests += ca_queue_requests(e->cas.v[i]);
		c->account = c->account || ca_queue_needs_person(e->cas.v[i]);
		/* What failed by its CA in this run waits, too. */
		if (!e->opts.n_names && e->cas.waits[i].n > e->cas.fell[i])
			c->waiting += e->cas.waits[i].n - e->cas.fell[i];
	}
}

static void progress(struct engine *e)
{
	struct report_counts c;

	if (!report_wants_progress(e->report))
		return;
	count(e, &c);
	report_progress(e->report, &c);
}

/* Step whatever can be stepped and commit what it asks for, until all of
 * them wait. */
static int turn(struct engine *e, int64_t *ret_wait_ms, struct err *err)
{
	*ret_wait_ms = ROUND_MS;
	do {
		if (halt_stopping(e->halt))
			batch_hurry(e->batch);
		else
			fill(e);
		if (halt_leaving(e->halt))
			leave_orders(e);
		step_orders(e);
		if (batch_flush(e->batch, ret_wait_ms, err) == -1)
			return -1;
		if (!*ret_wait_ms)
			*ret_wait_ms = ROUND_MS;
		else
			break; /* the store is away */
	} while (anyone_woken(e) || batch_waiting(e->batch) ||
		 (!halt_stopping(e->halt) && e->in_flight < e->n_slots &&
		  next_ca(e, clock_now())));
	return 0;
}

static bool busy(struct engine *e)
{
	return e->in_flight || !batch_empty(e->batch) ||
	       proof_sweep_busy(e->sweep) ||
	       (e->polls && polls_busy(e->polls)) ||
	       (!halt_stopping(e->halt) &&
		(cas_queued(&e->cas) || cas_starting(&e->cas) ||
		 batch_away(e->batch)));
}

/* Instants of a wrong clock: whose it is, ours or another's, a CA says. */
static int end_doubt(struct engine *e, struct err *err)
{
	int64_t now = clock_now();
	size_t i;

	if (!e->doubt || halt_stopping(e->halt))
		return 0;
	if (cas_met(&e->cas)) {
		e->doubt = false;
		if (wrong_clock_mend(e->conf, e->store, now, err) == -1)
			return -1;
		return engine_pick_first(e, err);
	}
	for (i = 0; !cas_starting(&e->cas) && i < e->conf->ca.n; i++)
		if (ca_queue_is(e->cas.v[i], now) == CA_QUEUE_IDLE)
			ca_queue_start(e->cas.v[i], 1);
	return 0;
}

/* The CAs, after the orders' turn. */
static int ask(struct engine *e, struct err *err)
{
	if (!e->polls)
		return 0;
	if (halt_stopping(e->halt))
		polls_stop(e->polls);
	return polls_step(e->polls, err);
}

/* There is more to do at once. */
static bool goes_on(struct engine *e)
{
	if (engine_wants_more(e))
		return true;
	return !halt_stopping(e->halt) && !batch_away(e->batch) &&
	       (batch_waiting(e->batch) || ((e->pages || e->opts.n_names) &&
					    e->polls && polls_due(e->polls)));
}

/* Rounds until nothing is under way. */
static int rounds(struct engine *e, struct err *err)
{
	int64_t wait_ms;

	for (;;) {
		if (end_doubt(e, err) == -1 ||
		    engine_list_again(e, err) == -1 ||
		    (engine_wants_more(e) && engine_pick_more(e, err) == -1) ||
		    turn(e, &wait_ms, err) == -1 || ask(e, err) == -1)
			return -1;
		if (goes_on(e))
			continue;
		if (!busy(e))
			return 0;
		progress(e);
		if (loop_run(e->loop, wait_ms, err) == -1)
			return -1;
		if (halt_hurry(e->halt))
			return err_set(err, ERR_UNAVAILABLE,
				       "interrupted; the next run goes on");
	}
}

static int pass(struct engine *e, struct err *err)
{
	e->passes++;
	e->earliest = STORE_NEVER;
	namemap_clear(e->met);
	cas_begin_pass(&e->cas);
	proof_sweep_begin(e->sweep, false);
	if (engine_pick_first(e, err) == -1 || rounds(e, err) == -1)
		return -1;
	if (halt_leaving(e->halt))
		return 0; /* the CA may be looking at them */
	proof_sweep_begin(e->sweep, true);
	pages_free(&e->pages);
	return rounds(e, err);
}

static void on_pass_timer(void *arg)
{
	struct engine *e = arg;

	e->pass_timer = NULL;
}

/* Is there a point in another pass? Then wait for it. */
static int wait_for_pass(struct engine *e, bool *ret_again, struct err *err)
{
	int64_t wait = e->conf->retry_wait;

	*ret_again = false;
	if (e->opts.once || halt_stopping(e->halt) ||
	    e->passes >= e->conf->max_passes ||
	    e->earliest > clock_now() + wait)
		return 0;
	e->pass_timer = loop_after(e->loop, wait * 1000, on_pass_timer, e);
	while (e->pass_timer && !halt_stopping(e->halt))
		if (loop_run(e->loop, 60 * 1000, err) == -1)
			return -1;
	*ret_again = !halt_stopping(e->halt);
	return 0;
}

static int say_idle(struct engine *e, struct err *err)
{
	AUTO(mem_free_str) char *text = NULL;

	if (halt_stopping(e->halt) || e->said ||
	    !report_wants_reason(e->report))
		return 0;
	if (why_idle_text(e->store, e->owner, e->opts.names, e->opts.n_names,
			  clock_now(), &text, err) == -1)
		return -1;
	report_idle(e->report, text);
	return 0;
}

static int passes(struct engine *e, struct err *err)
{
	bool again;

	/* Our lock says that whoever held these is dead. */
	if (store_release_all(e->store, e->owner, err) == -1 ||
	    (e->opts.break_lease &&
	     lessees_break(e->store, e->opts.names, e->opts.n_names, err) ==
		     -1) ||
	    wrong_clock_look(e->conf, e->store, clock_now(), &e->doubt, err) ==
		    -1 ||
	    due_policy_apply(e->conf, e->store, err) == -1 ||
	    proof_sweep_new(e->store, e->batch, e->chall, e->owner,
			    e->conf->state_dir, &e->sweep, err) == -1)
		return -1;
	if (!e->opts.n_names)
		foreign_refresh(e->conf, e->store, clock_now());
	/* What is forced is ordered, whatever a CA says. */
	if (!e->opts.force)
		e->polls = polls_new(e->conf, &e->cas, e->loop, e->store,
				     e->batch, e->opts.names, e->opts.n_names);
	do {
		if (pass(e, err) == -1 || wait_for_pass(e, &again, err) == -1)
			return -1;
	} while (again);
	return 0;
}

int engine_run(struct engine *e, int *ret_status, struct err *err)
{
	struct report_counts c;
	const char *ca, *detail;
	int rc = passes(e, err);

	/* What is in the store is not heard of a second time. */
	if (e->polls)
		polls_say(e->polls);
	if (rc == -1)
		return -1;
	/* By a clock that is right: what it deletes does not come back. */
	if (!halt_stopping(e->halt) && cas_met(&e->cas))
		prune_attempts(e->conf, e->store, clock_now());
	if (!halt_stopping(e->halt) && !e->opts.n_names)
		foreign_facts(e->conf, e->store, clock_now());
	for (size_t i = 0; i < e->cas.n; i++)
		drain(e, e->cas.v[i], false);
	/* Names that were given are counted one by one. */
	if (!e->opts.n_names && cas_count_waits(&e->cas, e->store, err) == -1)
		return -1;
	say_waits(e);
	count(e, &c);
	report_summary(e->report, &c);
	*ret_status = report_status(&c);
	if (c.renewed + c.failed + c.waiting + c.parked)
		return 0;
	/* What is due nobody knows. */
	if (engine_clock(e, &ca, &detail) == 1) {
		*ret_status = err_exit_status(ERR_UNAVAILABLE);
		return 0;
	}
	return say_idle(e, err);
}

/* Was it asked, or does anything wait for it? */
static bool needed(const struct engine *e, size_t i)
{
	return ca_queue_requests(e->cas.v[i]) > 0 || e->cas.waits[i].n > 0;
}

void engine_result(const struct engine *e, struct engine_result *ret)
{
	struct report_counts c;
	bool any = false;

	count(e, &c);
	*ret = (struct engine_result){ .renewed = c.renewed,
				       .failed = c.failed };
	for (size_t i = 0; i < e->conf->ca.n; i++) {
		any = any || needed(e, i);
		ret->cas = ret->cas || (ca_queue_met(e->cas.v[i]) &&
					!cas_rests(e->cas.v[i]));
	}
	ret->cas = ret->cas || !any;
	(void) report_text(&c, ret->text);
}

bool engine_stopped(const struct engine *e)
{
	return halt_stopping(e->halt);
}

int engine_clock(const struct engine *e, const char **ret_ca,
		 const char **ret_detail)
{
	for (size_t i = 0; i < e->conf->ca.n; i++) {
		const struct fail *f = ca_queue_fail(e->cas.v[i]);

		if (f->class != FAIL_CLOCK)
			continue;
		*ret_ca = ca_queue_conf(e->cas.v[i])->name;
		*ret_detail = f->detail;
		return cas_met(&e->cas) ? 2 : 1;
	}
	return cas_met(&e->cas) ? 0 : -1;
}
