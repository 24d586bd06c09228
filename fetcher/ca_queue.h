/* SPDX-License-Identifier: MIT */
#ifndef CA_QUEUE_H
#define CA_QUEUE_H

/*
 * What a run knows of one CA: its client, the names that wait for it, and
 * its backoff, which the store keeps from run to run. A CA that fails as a
 * whole (account, rate limit of the account, outage) rests; its names wait
 * and none of them is counted. One lost answer is not an outage: only the
 * third in a row without a success between stops new orders of this run.
 */

#include <stdbool.h>
#include "acme.h"
#include "batch.h"
#include "report.h"

struct ca_queue;

enum ca_queue_is {
	CA_QUEUE_IDLE,	   /* not asked yet */
	CA_QUEUE_STARTING, /* directory, nonces, account */
	CA_QUEUE_READY,
	CA_QUEUE_RESTING, /* no new orders until its backoff ends */
};

/* CONF NULL: for the names of CAs that the configuration lacks. */
int ca_queue_new(const struct certrepo_ca *conf, struct loop *loop,
		 struct store *store, struct batch *batch,
		 struct report *report, struct ca_queue **ret,
		 struct err *err) MUST_CHECK;
void ca_queue_free(struct ca_queue **c);

const struct certrepo_ca *ca_queue_conf(const struct ca_queue *c);
struct acme *ca_queue_acme(struct ca_queue *c); /* when READY */
size_t ca_queue_requests(const struct ca_queue *c);

/* Also wakes a CA whose rest is over. */
enum ca_queue_is ca_queue_is(struct ca_queue *c, int64_t now);
int64_t ca_queue_until(const struct ca_queue *c); /* of its rest; 0: none */
/* It rests for a fault of its account or its settings. */
bool ca_queue_needs_person(const struct ca_queue *c);
void ca_queue_force(struct ca_queue *c); /* whatever its backoff says */
/* From IDLE; WANTED orders are about to begin. */
void ca_queue_start(struct ca_queue *c, size_t wanted);

/* An order that uses its client begins, has ended and was freed. */
void ca_queue_begin(struct ca_queue *c);
void ca_queue_end(struct ca_queue *c);
/* An order met a failure of the CA as a whole: until when does it rest? */
int64_t ca_queue_failed(struct ca_queue *c, const struct fail *f);
void ca_queue_succeeded(struct ca_queue *c);

/* The names that wait for it, first in first out. The caller's string. */
struct ca_queue_name {
	char *name;
	char *ca_name; /* as the row has it, or NULL */
	bool early;    /* see pick.h */
};
void ca_queue_push(struct ca_queue *c, const char *name, const char *ca_name,
		   bool early);
bool ca_queue_pop(struct ca_queue *c, struct ca_queue_name *ret);
size_t ca_queue_queued(const struct ca_queue *c);

#endif
