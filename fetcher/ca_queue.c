/* SPDX-License-Identifier: MIT */
#include "ca_queue.h"
#include <stdlib.h>
#include <string.h>
#include "backoff.h"
#include "ca_account.h"
#include "ca_offer.h"
#include "clock.h"
#include "due.h"
#include "jitter.h"
#include "log.h"

#define COUNT_MOST  1000000
#define WITNESS_MAX 64	 /* remembered; the oldest is forgotten */
#define RUN_REST    3600 /* what the next run judges anew */

/* A name that met ca-down while the CA served others. */
struct witness {
	struct ca_queue *ca;
	struct witness *next;
	char *name;
	struct fail fail;
	bool counted; /* in the store: */
	int64_t count, until;
	bool owed; /* it was the CA's fault: to be taken back */
};

struct ca_queue {
	const struct certrepo_ca *conf;
	struct ca_find *find; /* or NULL */
	const char *was;      /* its directory, when a search began */
	struct loop *loop;
	struct batch *batch;
	struct report *report;
	struct acme *acme;
	enum ca_queue_is is;
	bool started;  /* acme has its account */
	size_t orders; /* in flight */
	size_t looks;  /* who else uses acme */
	enum { LOOK_NOT, LOOK_RUNS, LOOK_DONE, LOOK_FAILED } look;
	size_t wanted; /* of a start that waits for the look, or search */
	struct arena *offer_mem;
	struct store_offer offer; /* as the store has it, or is to have it */

	/* As the store has it. While it rests for a fault of the account, the
	 * key is what ca_account_asked() said, or NULL when that is ours. */
	char *account, *account_key;
	char *asked; /* of acme */
	char *bound; /* eab_kid of the account, where that is another */
	int64_t backoff_until, count_fail;
	struct fail fail; /* the last one; class FAIL_NONE: well */
	bool put;	  /* on its way to the store */
	struct arena *read_mem, *sent_mem;
	struct store_ca read; /* what the store had when we last saw it */
	struct store_ca sent; /* ... and has by the put under way */
	bool changed;	      /* since that was sent */
	bool met;
	struct witness *witnesses; /* since the last success, newest first */
	size_t requests;	   /* of clients that are gone */

	struct ca_names names;
};

static enum fail_class class_of(const char *name)
{
	int i;

	for (i = FAIL_NONE + 1; i <= FAIL_LOCKED; i++)
		if (name && strcmp(fail_name((enum fail_class) i), name) == 0)
			return (enum fail_class) i;
	return FAIL_CA_DOWN;
}

static int load(struct ca_queue *c, struct store *store, struct err *err)
{
	struct store_ca row;
	int found = store_ca_get(store, c->conf->name, c->read_mem, &row, err);

	if (found != 1)
		return found;
	/* Another directory under the same name is another CA. */
	if (row.directory && strcmp(row.directory, c->conf->directory) != 0)
		return 0;
	c->read = row;
	if (store_offer_get(store, c->conf->name, c->offer_mem, &c->offer,
			    err) == -1)
		return -1;
	/* Under another eab_kid it may be another account: it is looked for. */
	if (ca_account_same_kid(c->conf, &row)) {
		c->account = row.account ? mem_strdup(row.account) : NULL;
		c->account_key =
			row.account_key ? mem_strdup(row.account_key) : NULL;
	}
	/* The columns may hold anything, and a clock that was wrong when they
	 * were written must not stop a CA for years. */
	if (row.backoff_until <= clock_now() + BACKOFF_MAX + DUE_CLOCKS)
		c->backoff_until = row.backoff_until;
	if (row.count_fail > 0 && row.count_fail < COUNT_MOST)
		c->count_fail = row.count_fail;
	if (c->count_fail)
		fail_set(&c->fail, class_of(row.fail_class), 0, "%s",
			 row.fail_detail ? row.fail_detail : "unknown");
	if (c->fail.class == FAIL_ACCOUNT && ca_account_mended(c->conf, &row))
		c->backoff_until = 0;
	return 0;
}

int ca_queue_new(const struct certrepo_ca *conf, struct loop *loop,
		 struct store *store, struct batch *batch,
		 struct report *report, struct ca_queue **ret, struct err *err)
{
	AUTO(ca_queue_free) struct ca_queue *c = mem_alloc(sizeof(*c));

	c->conf = conf;
	c->loop = loop;
	c->batch = batch;
	c->report = report;
	c->read_mem = arena_new();
	c->sent_mem = arena_new();
	c->offer_mem = arena_new();
	if (!conf)
		c->is = CA_QUEUE_READY;
	else if (load(c, store, err) == -1)
		return -1;
	if (c->backoff_until > clock_now())
		c->is = CA_QUEUE_RESTING;
	*ret = TAKE(c);
	return 0;
}

static void forget(struct ca_queue *c, struct witness **wp)
{
	struct witness *w = *wp;

	batch_forget(c->batch, w);
	*wp = w->next;
	free(w->name);
	free(w);
}

void ca_queue_free(struct ca_queue **cp)
{
	struct ca_queue *c = *cp;

	if (!c)
		return;
	if (c->batch)
		batch_forget(c->batch, c);
	while (c->witnesses)
		forget(c, &c->witnesses);
	acme_free(&c->acme);
	arena_free(&c->read_mem);
	arena_free(&c->sent_mem);
	arena_free(&c->offer_mem);
	ca_names_free(&c->names);
	free(c->account);
	free(c->account_key);
	free(c->asked);
	free(c->bound);
	free(c);
	*cp = NULL;
}

const struct certrepo_ca *ca_queue_conf(const struct ca_queue *c)
{
	return c->conf;
}

struct acme *ca_queue_acme(struct ca_queue *c)
{
	return c->acme;
}

size_t ca_queue_requests(const struct ca_queue *c)
{
	return c->requests + (c->acme ? acme_requests(c->acme) : 0);
}

enum ca_queue_is ca_queue_is(struct ca_queue *c, int64_t now)
{
	if (c->is == CA_QUEUE_RESTING && c->backoff_until <= now) {
		if (c->started)
			c->is = CA_QUEUE_READY;
		else if (!c->orders && !c->looks) /* they use the client */
			c->is = CA_QUEUE_IDLE;
	}
	return c->is;
}

int64_t ca_queue_until(const struct ca_queue *c)
{
	return c->backoff_until;
}

const struct fail *ca_queue_fail(const struct ca_queue *c)
{
	return &c->fail;
}

bool ca_queue_needs_person(const struct ca_queue *c)
{
	return c->is == CA_QUEUE_RESTING && c->fail.class == FAIL_ACCOUNT;
}

void ca_queue_force(struct ca_queue *c)
{
	c->backoff_until = 0;
}

bool ca_queue_doubtful(const struct ca_queue *c)
{
	return c->count_fail > 0;
}

bool ca_queue_met(const struct ca_queue *c)
{
	return c->met;
}

size_t ca_queue_orders(const struct ca_queue *c)
{
	return c->orders;
}

/* --- the store's row --- */

static int op_put(struct store *store, void *arg, struct err *err)
{
	struct ca_queue *c = arg;
	struct store_ca row = { .name = c->conf->name,
				.directory = c->conf->directory,
				.account = c->account,
				.account_key = c->account_key,
				.eab_kid =
					c->bound ? c->bound : c->conf->eab_kid,
				.backoff_until = c->backoff_until,
				.count_fail = c->count_fail };

	if (c->count_fail) {
		row.fail_class = fail_name(c->fail.class);
		row.fail_detail = c->fail.detail;
	}
	/* Again and again, until it is committed. */
	arena_clear(c->sent_mem);
	c->changed = false;
	return store_ca_put(store, &row, &c->read, c->sent_mem, &c->sent, err);
}

static void save(struct ca_queue *c);

static void on_put(void *arg, const struct err *err)
{
	struct ca_queue *c = arg;
	struct arena *old = c->read_mem;

	c->put = false;
	if (err) {
		report_ca(c->report, c->conf->name, FAIL_STORE, err->msg,
			  c->backoff_until);
		return;
	}
	c->read = c->sent;
	c->read_mem = c->sent_mem;
	c->sent_mem = old;
	if (c->changed)
		save(c);
}

static void save(struct ca_queue *c)
{
	c->changed = true;
	if (c->put)
		return;
	c->put = true;
	batch_add(c->batch, op_put, on_put, c);
}

static int op_offer(struct store *store, void *arg, struct err *err)
{
	const struct ca_queue *c = arg;

	return store_offer_put(store, c->conf->name, c->conf->directory,
			       &c->offer, err);
}

static void on_offered(void *arg, const struct err *err)
{
	const struct ca_queue *c = arg;

	if (err)
		log_debug("%s: what it offers is not remembered: %s",
			  c->conf->name, err->msg);
}

/* What the directory offers, for those who do not read it. */
static void learn_offer(struct ca_queue *c)
{
	struct arena *mem = arena_new();
	struct store_offer new;

	ca_offer_text(acme_offer(c->acme), clock_now(), mem, &new);
	if (!ca_offer_differs(&c->offer, &new)) {
		arena_free(&mem);
		return;
	}
	arena_free(&c->offer_mem);
	c->offer_mem = mem;
	c->offer = new;
	if (!c->read.name) /* there is no row yet */
		save(c);
	batch_add(c->batch, op_offer, on_offered, c);
}

/* The account as the client has it: it may have had to make one, at its start
 * or when the CA no longer knew the old one. */
static void learn_account(struct ca_queue *c)
{
	const char *bound;

	if (!c->started)
		return;
	if (c->account && c->account_key &&
	    strcmp(c->account, acme_account(c->acme)) == 0 &&
	    strcmp(c->account_key, acme_thumbprint(c->acme)) == 0)
		return;
	mem_free_str(&c->account);
	mem_free_str(&c->account_key);
	mem_free_str(&c->bound);
	c->account = mem_strdup(acme_account(c->acme));
	c->account_key = mem_strdup(acme_thumbprint(c->acme));
	log_event(LOG_L_NOTE, "account", "ca", c->conf->name, "url", c->account,
		  "key", c->account_key, NULL);
	bound = ca_account_bound(c->conf, &c->read, c->account);
	if (bound) {
		c->bound = mem_strdup(bound);
		ca_account_warn(c->conf, bound);
	}
	save(c);
}

/* --- failure and success --- */

/* Look for the account anew next time. */
static void forget_account(struct ca_queue *c, const struct fail *f)
{
	mem_free_str(&c->account);
	mem_free_str(&c->account_key);
	mem_free_str(&c->bound);
	if (!f->here)
		c->account_key = c->asked ? mem_strdup(c->asked)
					  : ca_account_asked(c->conf);
	c->started = false;
}

/* The CA did nothing: its rest does not grow. */
static void rest_here(struct ca_queue *c, int64_t now)
{
	c->backoff_until = now + RUN_REST;
	if (!c->count_fail)
		c->count_fail = 1;
}

static void rest_more(struct ca_queue *c, const struct fail *f, int64_t now)
{
	int64_t until;

	/* Many orders fall over the same outage: it counts once. */
	if (c->backoff_until <= now)
		c->count_fail++;
	until = backoff_ca(f, now, c->count_fail, jitter_number(c->conf->name));
	if (c->backoff_until <= now || f->retry_at > c->backoff_until)
		c->backoff_until = until;
}

static void rest(struct ca_queue *c, const struct fail *f)
{
	int64_t now = clock_now();

	if (f->class == FAIL_CLOCK || f->class == FAIL_HOST) {
		/* For this run: an instant of this clock means nothing to the
		 * next one; what is short here is not the CA's fault. */
		c->fail = *f;
		c->backoff_until = now + RUN_REST;
		c->is = CA_QUEUE_RESTING;
		report_ca(c->report, c->conf->name, f->class, f->detail, 0);
		return;
	}
	if (f->here)
		rest_here(c, now);
	else
		rest_more(c, f, now);
	c->fail = *f;
	if (f->class == FAIL_ACCOUNT)
		forget_account(c, f);
	save(c);
	if (c->is == CA_QUEUE_RESTING)
		return;
	c->is = CA_QUEUE_RESTING;
	report_ca(c->report, c->conf->name, f->class, f->detail,
		  f->here ? 0 : c->backoff_until);
}

/* --- whose fault --- */

static int op_uncount(struct store *store, void *arg, struct err *err)
{
	const struct witness *w = arg;
	const struct store_uncount u = { .name = w->name,
					 .count = w->count,
					 .next = w->until,
					 .until = w->ca->backoff_until };

	return store_uncount(store, &u, err);
}

static struct witness **find(struct ca_queue *c, const char *name)
{
	struct witness **w = &c->witnesses;

	while (*w && strcmp((*w)->name, name) != 0)
		w = &(*w)->next;
	return w;
}

static void on_uncounted(void *arg, const struct err *err)
{
	struct witness *w = arg, **at = &w->ca->witnesses;

	if (err)
		log_warn("%s: a failure that was the CA's stays counted: %s",
			 w->name, err->msg);
	while (*at != w)
		at = &(*at)->next;
	forget(w->ca, at);
}

static void take_back(struct witness *w)
{
	w->owed = true;
	if (w->counted)
		batch_add(w->ca->batch, op_uncount, on_uncounted, w);
}

static void remember(struct ca_queue *c, const char *name, const struct fail *f)
{
	struct witness *w, **old = find(c, name);
	size_t n = 0;

	if (*old && !(*old)->owed)
		forget(c, old);
	w = mem_alloc(sizeof(*w));
	*w = (struct witness){ .ca = c,
			       .next = c->witnesses,
			       .name = mem_strdup(name) };
	w->fail = *f;
	c->witnesses = w;
	for (old = &c->witnesses; *old; old = &(*old)->next)
		if (++n > WITNESS_MAX && !(*old)->owed) {
			forget(c, old);
			break;
		}
}

/* NAME and those before it: is it an outage? Then none of them is to blame. */
static bool is_outage(struct ca_queue *c, const char *name,
		      const struct fail *f)
{
	struct witness *w;
	size_t n = 1;

	for (w = c->witnesses; w; w = w->next)
		n += !w->owed && strcmp(w->name, name) != 0 &&
		     backoff_alike(&w->fail, f);
	if (n < CA_QUEUE_WITNESSES)
		return false;
	for (w = c->witnesses; w; w = w->next)
		if (!w->owed && backoff_alike(&w->fail, f))
			take_back(w);
	return true;
}

int64_t ca_queue_failed(struct ca_queue *c, const char *name, bool again,
			const struct fail *f)
{
	if (f->class != FAIL_CA_DOWN ||
	    ca_queue_is(c, clock_now()) == CA_QUEUE_RESTING) {
		rest(c, f);
		return c->backoff_until;
	}
	if (again && !c->count_fail)
		return 0;
	if (!is_outage(c, name, f)) {
		remember(c, name, f);
		return 0;
	}
	rest(c, f);
	return c->backoff_until;
}

void ca_queue_counted(struct ca_queue *c, const char *name, int64_t count,
		      int64_t next)
{
	struct witness *w = *find(c, name);

	if (!w || w->counted)
		return;
	w->counted = true;
	w->count = count;
	w->until = next;
	if (w->owed)
		take_back(w);
}

void ca_queue_succeeded(struct ca_queue *c)
{
	struct witness **w = &c->witnesses;
	bool outage = c->fail.class == FAIL_CA_DOWN;

	while (*w)
		if ((*w)->owed)
			w = &(*w)->next;
		else
			forget(c, w);
	learn_account(c);
	if (!c->count_fail || (c->is == CA_QUEUE_RESTING && !outage))
		return;
	/* An order that went through says nothing against a rate limit. */
	if (!outage && c->backoff_until > clock_now())
		return;
	c->count_fail = 0;
	c->backoff_until = 0;
	save(c);
}

/* --- the client --- */

static void look_for_it(struct ca_queue *c);

/* Is another directory to be looked for? Another try begins from nothing; but
 * nobody else may use the client then. */
static bool is_lost(struct ca_queue *c, struct fail *why)
{
	return c->find && why->class == FAIL_CA_DOWN && !c->looks &&
	       ca_find_down(c->find, why);
}

/* It could not start. */
static void unreachable(struct ca_queue *c, const struct fail *f)
{
	struct fail why = *f;

	if (is_lost(c, &why))
		look_for_it(c);
	else
		rest(c, &why);
}

static void on_ready(void *arg, const struct fail *f)
{
	struct ca_queue *c = arg;

	if (f) {
		unreachable(c, f);
		return;
	}
	if (c->find)
		ca_find_up(c->find);
	c->is = CA_QUEUE_READY;
	c->started = true;
	c->met = true;
	learn_account(c);
	learn_offer(c);
}

static int new_client(struct ca_queue *c, struct fail *f)
{
	struct err err = ERR_INIT;

	if (c->acme) {
		c->requests += acme_requests(c->acme);
		acme_free(&c->acme);
	}
	mem_free_str(&c->asked);
	if (acme_new(c->loop, c->conf, c->account, c->account_key, &c->acme,
		     &err) == 0) {
		c->asked = ca_account_asked(c->conf);
		return 0;
	}
	fail_set(f, FAIL_ACCOUNT, 0, "%s", err.msg);
	f->here = true;
	return -1;
}

/* Nobody waits for more than a question. */
static void not_asked(struct ca_queue *c, const struct fail *f)
{
	struct fail why = *f;

	if (is_lost(c, &why)) {
		c->look = LOOK_RUNS;
		look_for_it(c);
		return;
	}
	log_event(LOG_L_NOTE, "not-asked", "ca", c->conf->name, "class",
		  fail_name(f->class), "detail", why.detail, NULL);
}

static void on_looked(void *arg, const struct fail *f)
{
	struct ca_queue *c = arg;

	c->look = f ? LOOK_FAILED : LOOK_DONE;
	if (!f) {
		if (c->find)
			ca_find_up(c->find);
		c->met = true;
		learn_offer(c);
		if (c->is == CA_QUEUE_STARTING)
			ca_queue_start(c, c->wanted);
	} else if (c->is == CA_QUEUE_STARTING || f->class == FAIL_CLOCK) {
		unreachable(c, f);
	} else {
		not_asked(c, f);
	}
}

static void begin_look(struct ca_queue *c)
{
	struct fail f;

	if (c->find && !ca_find_known(c->find)) {
		c->look = LOOK_RUNS;
		look_for_it(c);
		return;
	}
	/* Without its key there are no orders, which say so. */
	if (new_client(c, &f) == -1) {
		c->look = LOOK_FAILED;
		return;
	}
	c->look = LOOK_RUNS;
	acme_read_directory(c->acme, on_looked, c);
}

enum ca_queue_look ca_queue_look(struct ca_queue *c)
{
	switch (ca_queue_is(c, clock_now())) {
	case CA_QUEUE_READY:
		return c->acme ? CA_QUEUE_LOOK_READY : CA_QUEUE_LOOK_NEVER;
	case CA_QUEUE_RESTING:
		return CA_QUEUE_LOOK_NEVER;
	case CA_QUEUE_STARTING:
		return CA_QUEUE_LOOK_WAIT;
	case CA_QUEUE_IDLE:
		break;
	}
	if (c->look == LOOK_NOT)
		begin_look(c);
	return c->look == LOOK_DONE   ? CA_QUEUE_LOOK_READY
	       : c->look == LOOK_RUNS ? CA_QUEUE_LOOK_WAIT
				      : CA_QUEUE_LOOK_NEVER;
}

void ca_queue_look_begin(struct ca_queue *c)
{
	c->looks++;
}

void ca_queue_look_end(struct ca_queue *c)
{
	c->looks--;
}

const char *ca_queue_renewal_info(const struct ca_queue *c)
{
	return ca_offer_renewal_info(&c->offer, clock_now());
}

static void begin(struct ca_queue *c)
{
	struct fail f;

	if (c->look == LOOK_RUNS)
		return; /* then on_looked() does, or on_found() */
	/* The directory that was read is still good, and so is the connection.
	 */
	if (c->look != LOOK_DONE &&
	    ((!c->account && ca_account_fault(c->conf, &f)) ||
	     new_client(c, &f) == -1)) {
		rest(c, &f);
		return;
	}
	c->look = LOOK_NOT;
	acme_start(c->acme, c->wanted, on_ready, c);
}

/* The row is new, or another's: see store_pin.h. */
static void is_another(struct ca_queue *c)
{
	mem_free_str(&c->account);
	mem_free_str(&c->account_key);
	mem_free_str(&c->bound);
	c->backoff_until = c->count_fail = 0;
	c->fail = (struct fail){ .class = FAIL_NONE };
	c->read = (struct store_ca){ .name = NULL };
	c->offer = (struct store_offer){ .renewal_info = NULL };
}

static void on_found(void *arg, const struct fail *f)
{
	struct ca_queue *c = arg;
	bool looks = c->look == LOOK_RUNS;

	c->look = f ? LOOK_FAILED : LOOK_NOT;
	if (f && looks && c->is == CA_QUEUE_STARTING) {
		look_for_it(c); /* somebody waits for it now */
	} else if (f && looks) {
		log_debug("%s: it is not asked: %s", c->conf->name, f->detail);
	} else if (f && ca_find_missing(c->find)) {
		/* For this run, and it was said. */
		c->fail = *f;
		c->backoff_until = clock_now() + RUN_REST;
		c->is = CA_QUEUE_RESTING;
	} else if (f) {
		rest(c, f);
	} else {
		if (strcmp(c->was, c->conf->directory) != 0)
			is_another(c);
		if (c->is == CA_QUEUE_STARTING)
			begin(c);
		else
			begin_look(c);
	}
}

static void look_for_it(struct ca_queue *c)
{
	c->was = c->conf->directory;
	ca_find_start(c->find, c->look != LOOK_RUNS, on_found, c);
}

void ca_queue_start(struct ca_queue *c, size_t wanted)
{
	c->is = CA_QUEUE_STARTING;
	c->started = false;
	c->wanted = wanted;
	if (c->look != LOOK_RUNS && c->find && !ca_find_known(c->find))
		look_for_it(c);
	else
		begin(c);
}

void ca_queue_discover(struct ca_queue *c, struct ca_find *find)
{
	c->find = find;
}

void ca_queue_begin(struct ca_queue *c)
{
	c->orders++;
}

void ca_queue_end(struct ca_queue *c)
{
	c->orders--;
}

/* --- the names --- */

void ca_queue_push(struct ca_queue *c, const struct ca_queue_name *n)
{
	ca_names_push(&c->names, n);
}

bool ca_queue_pop(struct ca_queue *c, struct ca_queue_name *ret)
{
	return ca_names_pop(&c->names, ret);
}

size_t ca_queue_queued(const struct ca_queue *c)
{
	return ca_names_left(&c->names);
}
