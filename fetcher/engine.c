/* SPDX-License-Identifier: MIT */
#include "engine.h"
#include <signal.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include "batch.h"
#include "ca_queue.h"
#include "clock.h"
#include "due.h"
#include "due_policy.h"
#include "held.h"
#include "why_idle.h"
#include "proof_sweep.h"
#include "log.h"
#include "loop.h"
#include "namemap.h"
#include "order.h"
#include "pick.h"
#include "proof_kind.h"
#include "prune.h"

/* After a signal, orders in flight have this long to end by themselves. */
#define STOP_GRACE_MS 3000
#define ROUND_MS      1000

/* What became of a name in this run. */
enum outcome { MET, RENEWED, FAILED, WAITING };

struct slot {
	struct engine *engine;
	struct order *order; /* NULL: free */
	struct ca_queue *ca;
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
	struct report *report;
	struct order_env env;
	struct proof_sweep *sweep;

	struct ca_queue **ca; /* one per CA; the last for unknown ones */
	size_t n_ca;
	struct slot *slots;
	size_t n_slots, in_flight;
	struct namemap *met;	  /* in this pass */
	struct namemap *outcomes; /* in this run */

	bool drained; /* no more pages in this pass */
	size_t page;
	int passes;
	int64_t begun_ms;
	int64_t earliest; /* next attempt of what failed or waits */

	int sig_fd;
	struct loop_io *sig;
	bool stopping, leaving, hurry;
	struct loop_timer *stop_timer;
	struct loop_timer *pass_timer;
};

/* --- what orders ask of us --- */

static void on_wake(void *arg, void *cookie)
{
	struct slot *s = cookie;

	(void) arg;
	s->woken = true;
}

static struct ca_queue *ca_of(struct engine *e, const char *name)
{
	const struct certrepo_ca *conf = certrepo_conf_ca(e->conf, name);
	size_t i;

	for (i = 0; i < e->n_ca; i++)
		if (ca_queue_conf(e->ca[i]) == conf)
			return e->ca[i];
	return e->ca[e->n_ca - 1];
}

static int64_t on_ca_failed(void *arg, const struct certrepo_ca *ca,
			    const struct fail *f)
{
	struct engine *e = arg;

	return ca_queue_failed(ca_of(e, ca->name), f);
}

static void on_proof_gone(void *arg, const char *id)
{
	struct engine *e = arg;

	if (e->sweep)
		proof_sweep_gone(e->sweep, id);
}

/* --- signals --- */

static void on_grace_over(void *arg)
{
	struct engine *e = arg;

	e->stop_timer = NULL;
	e->leaving = true;
}

static void on_signal(void *arg, short revents)
{
	struct engine *e = arg;
	struct signalfd_siginfo si;

	(void) revents;
	if (read(e->sig_fd, &si, sizeof(si)) != (ssize_t) sizeof(si))
		return;
	if (e->stopping) {
		e->hurry = true;
		return;
	}
	e->stopping = true;
	batch_hurry(e->batch);
	log_event(LOG_L_INFO, "stopping", "signal",
		  si.ssi_signo == SIGINT ? "INT" : "TERM", NULL);
	e->stop_timer = loop_after(e->loop, STOP_GRACE_MS, on_grace_over, e);
}

static int watch_signals(struct engine *e, struct err *err)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	if (sigprocmask(SIG_BLOCK, &set, NULL) == -1)
		return err_errno(err, ERR_INTERNAL, "sigprocmask");
	e->sig_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (e->sig_fd == -1)
		return err_errno(err, ERR_INTERNAL, "signalfd");
	e->sig = loop_watch(e->loop, e->sig_fd, POLLIN, on_signal, e);
	return 0;
}

/* --- birth and end --- */

static int make_cas(struct engine *e, struct err *err)
{
	size_t i;

	e->ca = mem_array(e->conf->ca.n + 1, sizeof(*e->ca));
	for (i = 0; i <= e->conf->ca.n; i++) {
		const struct certrepo_ca *ca =
			i < e->conf->ca.n ? e->conf->ca.v[i] : NULL;

		if (ca_queue_new(ca, e->loop, e->store, e->batch, e->report,
				 &e->ca[i], err) == -1)
			return -1;
		e->n_ca++;
		if (e->opts.force)
			ca_queue_force(e->ca[i]);
	}
	return 0;
}

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
	e->sig_fd = -1;
	e->begun_ms = clock_mono_ms();
	e->report = report_new();
	e->batch = batch_new(store);
	e->met = namemap_new();
	e->outcomes = namemap_new();
	e->n_slots = (size_t) conf->max_orders;
	e->slots = mem_array(e->n_slots, sizeof(e->slots[0]));
	for (i = 0; i < e->n_slots; i++)
		e->slots[i].engine = e;
	if (loop_new(&e->loop, err) == -1 ||
	    chall_ctx_new(conf, e->loop, &e->chall, err) == -1 ||
	    watch_signals(e, err) == -1 || make_cas(e, err) == -1)
		return -1;
	e->env = (struct order_env){ .conf = conf,
				     .loop = e->loop,
				     .batch = e->batch,
				     .chall = e->chall,
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
	for (i = 0; i < e->n_ca; i++)
		ca_queue_free(&e->ca[i]);
	loop_cancel(&e->stop_timer);
	loop_cancel(&e->pass_timer);
	loop_unwatch(&e->sig);
	if (e->sig_fd != -1)
		(void) close(e->sig_fd);
	chall_ctx_free(&e->chall);
	loop_free(&e->loop);
	batch_free(&e->batch);
	namemap_free(&e->met);
	namemap_free(&e->outcomes);
	report_free(&e->report);
	free(e->ca);
	free(e->slots);
	free(e);
	*ep = NULL;
}

/* --- choosing --- */

static void remember_next(struct engine *e, int64_t next)
{
	if (next < e->earliest)
		e->earliest = next;
}

struct postpone {
	struct engine *engine;
	char *name;
	int64_t until;
};

static int op_postpone(struct store *store, void *arg, struct err *err)
{
	const struct postpone *p = arg;

	return store_set_due(store, p->name, p->until, err);
}

static void on_postponed(void *arg, const struct err *err)
{
	struct postpone *p = arg;

	if (err)
		log_warn("%s: %s", p->name, err->msg);
	free(p->name);
	free(p);
}

/* Its CA rests: it waits, and does not stand at the head of every page. */
static void let_wait(struct engine *e, struct ca_queue *ca, const char *name)
{
	struct postpone *p = mem_alloc(sizeof(*p));

	*p = (struct postpone){ .engine = e,
				.name = mem_strdup(name),
				.until = ca_queue_until(ca) };
	batch_add(e->batch, op_postpone, on_postponed, p);
	namemap_put(e->outcomes, name, WAITING);
	remember_next(e, p->until);
}

static int on_pick(const struct pick *p, void *arg, struct err *err)
{
	struct engine *e = arg;
	struct ca_queue *ca = ca_of(e, p->ca_name);

	(void) err;
	namemap_put(e->met, p->name, MET);
	if (ca_queue_is(ca, clock_now()) == CA_QUEUE_RESTING)
		let_wait(e, ca, p->name);
	else
		ca_queue_push(ca, p->name, p->ca_name, p->early);
	return 0;
}

static bool is_met(const char *name, void *arg)
{
	struct engine *e = arg;

	return namemap_get(e->met, name) != -1;
}

static size_t queued(const struct engine *e)
{
	size_t i, n = 0;

	for (i = 0; i < e->n_ca; i++)
		n += ca_queue_queued(e->ca[i]);
	return n;
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

	e->drained = true;
	for (i = 0; i < e->opts.n_names; i++) {
		const char *name = e->opts.names[i];

		found = pick_one(e->store, name, &po, on_pick, e, err);
		if (found == -1)
			return -1;
		if (found == 1)
			continue;
		namemap_put(e->outcomes, name, FAILED);
		if (e->passes == 1)
			log_warn("%s: there is no such enabled name in %s",
				 name, store_name(e->store));
	}
	return 0;
}

static int pick_more(struct engine *e, struct err *err)
{
	struct pick_opts po = { .days_left = e->conf->days_left,
				.now = clock_now(),
				.write = true };
	size_t n;

	if (e->opts.n_names)
		return pick_named(e, err);
	if (pick_page(e->store, e->page, &po, is_met, on_pick, e, &n, err) ==
	    -1)
		return -1;
	if (n < e->page)
		e->drained = true;
	else if (!queued(e))
		e->page *= 2; /* those at its head do not go away */
	return 0;
}

/* --- orders --- */

static void begin_order(struct engine *e, struct slot *s, struct ca_queue *ca)
{
	struct ca_queue_name name;

	if (!ca_queue_pop(ca, &name))
		return;
	s->ca = ca;
	s->order = order_new(&e->env, ca_queue_conf(ca), name.ca_name,
			     ca_queue_acme(ca), name.name, name.early, s);
	s->woken = true;
	e->in_flight++;
	ca_queue_begin(ca);
	free(name.name);
	free(name.ca_name);
}

/* Is there one whose names could begin at once? */
static bool ca_queues_ready(struct engine *e)
{
	size_t i;

	for (i = 0; i < e->n_ca; i++)
		if (ca_queue_queued(e->ca[i]) &&
		    ca_queue_is(e->ca[i], clock_now()) == CA_QUEUE_READY)
			return true;
	return false;
}

static struct slot *free_slot(struct engine *e)
{
	size_t i;

	for (i = 0; i < e->n_slots; i++)
		if (!e->slots[i].order)
			return &e->slots[i];
	return NULL;
}

/* The CA rests: all of its names wait. */
static void drain_resting(struct engine *e, struct ca_queue *ca)
{
	struct ca_queue_name name;

	while (ca_queue_pop(ca, &name)) {
		let_wait(e, ca, name.name);
		free(name.name);
		free(name.ca_name);
	}
}

static void fill(struct engine *e)
{
	int64_t now = clock_now();
	struct slot *s;
	bool more = true;
	size_t i, n;

	for (i = 0; i < e->n_ca; i++) {
		n = ca_queue_queued(e->ca[i]);
		if (!n)
			continue;
		if (ca_queue_is(e->ca[i], now) == CA_QUEUE_IDLE)
			ca_queue_start(e->ca[i],
				       n < e->n_slots ? n : e->n_slots);
		if (ca_queue_is(e->ca[i], now) == CA_QUEUE_RESTING)
			drain_resting(e, e->ca[i]);
	}
	/* In turns, so that no CA waits for another's queue. */
	while (more && (s = free_slot(e))) {
		more = false;
		for (i = 0; i < e->n_ca && (s = free_slot(e)); i++) {
			if (ca_queue_is(e->ca[i], now) != CA_QUEUE_READY ||
			    !ca_queue_queued(e->ca[i]))
				continue;
			begin_order(e, s, e->ca[i]);
			more = true;
		}
	}
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
		resting = fail_of_ca(order_fail(o)->class) &&
			  ca_queue_is(s->ca, clock_now()) == CA_QUEUE_RESTING;
		report_failed(e->report, o, resting);
		namemap_put(e->outcomes, order_name(o), FAILED);
		remember_next(e, order_backoff(o)->next);
		break;
	case ORDER_PARKED:
		ca_queue_succeeded(s->ca);
		namemap_put(e->outcomes, order_name(o), WAITING);
		break;
	case ORDER_STOPPED:
		namemap_put(e->outcomes, order_name(o), WAITING);
		break;
	case ORDER_LOST:
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

static void count(struct engine *e, struct report_counts *c)
{
	size_t i;

	*c = (struct report_counts){
		.renewed = namemap_count(e->outcomes, RENEWED),
		.failed = namemap_count(e->outcomes, FAILED),
		.waiting = namemap_count(e->outcomes, WAITING),
		.in_flight = e->in_flight,
		.queued = queued(e),
		.seconds = (clock_mono_ms() - e->begun_ms) / 1000,
	};
	for (i = 0; i < e->n_ca; i++) {
		c->requests += ca_queue_requests(e->ca[i]);
		c->account = c->account || ca_queue_needs_person(e->ca[i]);
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
		if (!e->stopping)
			fill(e);
		if (e->leaving)
			leave_orders(e);
		step_orders(e);
		if (batch_flush(e->batch, ret_wait_ms, err) == -1)
			return -1;
		if (!*ret_wait_ms)
			*ret_wait_ms = ROUND_MS;
		else
			break; /* the store is away */
	} while (anyone_woken(e) || batch_waiting(e->batch) ||
		 (!e->stopping && e->in_flight < e->n_slots &&
		  ca_queues_ready(e)));
	return 0;
}

static bool busy(const struct engine *e)
{
	return e->in_flight || !batch_empty(e->batch) ||
	       proof_sweep_busy(e->sweep) || (!e->stopping && queued(e));
}

/* Rounds until nothing is under way. */
static int rounds(struct engine *e, struct err *err)
{
	int64_t wait_ms;

	for (;;) {
		if (!e->stopping && !e->drained && !queued(e) &&
		    e->in_flight < e->n_slots && pick_more(e, err) == -1)
			return -1;
		if (turn(e, &wait_ms, err) == -1)
			return -1;
		if (!e->stopping && !e->drained && !queued(e) &&
		    e->in_flight < e->n_slots)
			continue;
		if (!busy(e))
			return 0;
		progress(e);
		if (loop_run(e->loop, wait_ms, err) == -1)
			return -1;
		if (e->hurry)
			return err_set(err, ERR_UNAVAILABLE,
				       "interrupted; the next run goes on");
	}
}

static int pass(struct engine *e, struct err *err)
{
	e->passes++;
	e->drained = false;
	e->page = 2 * e->n_slots < 100 ? 100 : 2 * e->n_slots;
	e->earliest = STORE_NEVER;
	namemap_clear(e->met);
	proof_sweep_begin(e->sweep, false);
	if (rounds(e, err) == -1)
		return -1;
	if (e->leaving)
		return 0; /* the CA may be looking at them */
	proof_sweep_begin(e->sweep, true);
	e->drained = true;
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
	if (e->opts.once || e->stopping || e->passes >= e->conf->max_passes ||
	    e->earliest > clock_now() + wait)
		return 0;
	e->pass_timer = loop_after(e->loop, wait * 1000, on_pass_timer, e);
	while (e->pass_timer && !e->stopping)
		if (loop_run(e->loop, 60 * 1000, err) == -1)
			return -1;
	*ret_again = !e->stopping;
	return 0;
}

/* A signal came before their turn. */
static void count_unbegun(struct engine *e)
{
	struct ca_queue_name name;
	size_t i;

	for (i = 0; i < e->n_ca; i++)
		while (ca_queue_pop(e->ca[i], &name)) {
			namemap_put(e->outcomes, name.name, WAITING);
			free(name.name);
			free(name.ca_name);
		}
}

static int say_idle(struct engine *e, struct err *err)
{
	AUTO(mem_free_str) char *text = NULL;

	if (e->stopping || !report_wants_reason(e->report))
		return 0;
	if (why_idle_text(e->store, e->opts.names, e->opts.n_names, clock_now(),
			  &text, err) == -1)
		return -1;
	report_idle(e->report, text);
	return 0;
}

int engine_run(struct engine *e, int *ret_status, struct err *err)
{
	struct report_counts c;
	bool again;

	/* Our lock says that whoever held these is dead. */
	if (store_release_all(e->store, e->owner, err) == -1 ||
	    due_policy_apply(e->conf, e->store, err) == -1 ||
	    held_report(e->conf, e->store, clock_now(), err) == -1 ||
	    proof_sweep_new(e->store, e->batch, e->chall, e->owner,
			    e->conf->state_dir, &e->sweep, err) == -1)
		return -1;
	do {
		if (pass(e, err) == -1 || wait_for_pass(e, &again, err) == -1)
			return -1;
	} while (again);
	if (!e->stopping)
		prune_attempts(e->conf, e->store, clock_now());
	count_unbegun(e);
	count(e, &c);
	report_summary(e->report, &c);
	if (c.renewed + c.failed + c.waiting == 0 && say_idle(e, err) == -1)
		return -1;
	*ret_status = report_status(&c);
	return 0;
}

/* --- dry run --- */

struct dry {
	const struct certrepo_conf *conf;
};

static int on_dry(const struct pick *p, void *arg, struct err *err)
{
	const struct dry *d = arg;
	const struct certrepo_ca *ca = certrepo_conf_ca(d->conf, p->ca_name);

	(void) err;
	(void) printf("%s: %s, from %s by %s\n", p->name,
		      due_reason_text(p->reason),
		      ca ? ca->name : "a CA that is not configured",
		      proof_type_of_row(p->challenge, p->certbot));
	return 0;
}

static bool none_met(const char *name, void *arg)
{
	(void) name;
	(void) arg;
	return false;
}

int engine_dry_run(const struct certrepo_conf *conf, struct store *store,
		   const struct engine_opts *opts, int *ret_status,
		   struct err *err)
{
	struct pick_opts po = { .days_left = conf->days_left,
				.now = clock_now(),
				.force = opts->force };
	struct dry d = { conf };
	size_t i, n;
	int found;

	*ret_status = 0;
	for (i = 0; i < opts->n_names; i++) {
		found = pick_one(store, opts->names[i], &po, on_dry, &d, err);
		if (found == -1)
			return -1;
		if (found == 0) {
			log_warn("%s: there is no such enabled name in %s",
				 opts->names[i], store_name(store));
			*ret_status = 1;
		}
	}
	if (opts->n_names)
		return 0;
	return pick_page(store, PICK_ALL, &po, none_met, on_dry, &d, &n, err);
}
