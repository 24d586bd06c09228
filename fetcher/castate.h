/* SPDX-License-Identifier: MIT */
#ifndef CASTATE_H
#define CASTATE_H

/*
 * What a run knows of one CA: its client, the names that wait for it, and
 * its backoff, which the store keeps from run to run. A CA that fails as a
 * whole (account, rate limit of the account, outage) rests; its names wait
 * and none of them is counted. One lost answer is not an outage: only the
 * third in a row without a success between stops new orders of this run.
 */

#include <stdbool.h>
#include "acme/acme.h"
#include "batch.h"
#include "report.h"

struct castate;

enum castate_is {
	CASTATE_IDLE,	  /* not asked yet */
	CASTATE_STARTING, /* directory, nonces, account */
	CASTATE_READY,
	CASTATE_RESTING, /* no new orders until its backoff ends */
};

/* CONF NULL: for the names of CAs that the configuration lacks. */
int castate_new(const struct certrepo_ca *conf, struct loop *loop,
		struct store *store, struct batch *batch, struct report *report,
		struct castate **ret, struct err *err) MUST_CHECK;
void castate_free(struct castate **c);

const struct certrepo_ca *castate_conf(const struct castate *c);
struct acme *castate_acme(struct castate *c); /* when READY */
size_t castate_requests(const struct castate *c);

/* Also wakes a CA whose rest is over. */
enum castate_is castate_is(struct castate *c, int64_t now);
int64_t castate_until(const struct castate *c); /* of its rest; 0: none */
/* It rests for a fault of its account or its settings. */
bool castate_needs_person(const struct castate *c);
void castate_force(struct castate *c); /* whatever its backoff says */
/* From IDLE; WANTED orders are about to begin. */
void castate_start(struct castate *c, size_t wanted);

/* An order that uses its client begins, has ended and was freed. */
void castate_begin(struct castate *c);
void castate_end(struct castate *c);
/* An order met a failure of the CA as a whole: until when does it rest? */
int64_t castate_failed(struct castate *c, const struct fail *f);
void castate_succeeded(struct castate *c);

/* The names that wait for it, first in first out. The caller's string. */
struct castate_name {
	char *name;
	char *ca_name; /* as the row has it, or NULL */
	bool early;    /* see pick.h */
};
void castate_push(struct castate *c, const char *name, const char *ca_name,
		  bool early);
bool castate_pop(struct castate *c, struct castate_name *ret);
size_t castate_queued(const struct castate *c);

#endif
