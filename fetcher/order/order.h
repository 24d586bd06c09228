/* SPDX-License-Identifier: MIT */
#ifndef ORDER_H
#define ORDER_H

/*
 * One order, from the lease on its row to the certificate in the store or
 * the failure on record: a table of state functions, each of which returns
 * what it waits for. Callbacks take down what came and mark the order
 * runnable; the engine steps it. Nothing here waits.
 *
 * A stop at any point is safe: the order's URL is committed before anything
 * else is asked of the CA, each proof before it is put in place. The next
 * run goes on from the URL.
 */

#include <stdbool.h>
#include <stdint.h>
#include "acme.h"
#include "backoff.h"
#include "batch.h"
#include "certrepo_conf.h"
#include "chains.h"
#include "chall.h"
#include "fail.h"

struct order;

/* What all orders share; the engine's. */
struct order_env {
	const struct certrepo_conf *conf;
	struct loop *loop;
	struct batch *batch;
	struct chall_ctx *chall;
	struct chains *chains; /* NULL: none are learnt */
	const char *owner;     /* the instance */
	void *arg;	       /* of the calls below */
	/* Step the order of this cookie in this round. */
	void (*wake)(void *arg, void *cookie);
	/* The order of this cookie met a failure of its CA (fail_of_ca): until
	 * when does the CA rest for it? 0: it does not. */
	int64_t (*ca_failed)(void *arg, void *cookie, const struct fail *f);
	/* A proof was removed, and its row. */
	void (*proof_gone)(void *arg, const char *id);
};

/* What an order waits for. */
enum order_wait {
	ORDER_ON,     /* for nothing: goes on at once */
	ORDER_CALL,   /* an answer of the CA */
	ORDER_TIMER,  /* an instant */
	ORDER_COMMIT, /* the store */
	ORDER_AUTHZ,  /* its authorizations, which wait by themselves */
	ORDER_END,
};

enum order_end {
	ORDER_NOT_ENDED,
	ORDER_RENEWED,
	ORDER_FAILED,
	ORDER_PARKED,  /* the CA takes its time: the order is kept */
	ORDER_LOST,    /* the lease is another's: nothing was done; or, when
			* it has a failure, the row was removed: said */
	ORDER_STOPPED, /* left for the next run */
	/* The CA has a finalized order of another fetcher's account, which is
	 * left to that one: nothing was done. */
	ORDER_ELSEWHERE,
};

enum order_how {
	ORDER_DUE,   /* if the row still says so */
	ORDER_EARLY, /* a person wants it before that */
	/* ... and at any price: an order of an earlier run that was finalized,
	 * and is not fulfilled when it is looked at now, is let go for a new
	 * one. */
	ORDER_FORCED,
};

/* CA is NULL when the row names one that is not in the configuration
 * (CA_NAME): the order then fails, on record. NAME is copied. Step it to
 * begin. */
struct order *order_new(const struct order_env *env,
			const struct certrepo_ca *ca, const char *ca_name,
			struct acme *acme, const char *name, enum order_how how,
			void *cookie);
void order_free(struct order **o); /* whatever it is doing */

void order_step(struct order *o);
/* End soon, leave everything so that the next run resumes. */
void order_stop(struct order *o);

const char *order_name(const struct order *o);
const struct certrepo_ca *order_ca(const struct order *o);
enum order_end order_ended(const struct order *o);
/* After the end. FAIL and BACKOFF when it failed or is parked (next 0: as a
 * person has set the row meanwhile, or, with count, as the CSR before it is
 * back), FAIL's detail when it is elsewhere, NOT_AFTER when renewed. */
const struct fail *order_fail(const struct order *o);
const struct backoff *order_backoff(const struct order *o);
/* The failure is in the row, or the row is another's. */
bool order_on_record(const struct order *o);
int64_t order_count(const struct order *o); /* failures, this one included */
int64_t order_not_after(const struct order *o);

#endif
