/* SPDX-License-Identifier: MIT */
#ifndef CA_QUEUE_H
#define CA_QUEUE_H

/*
 * What a run knows of one CA: its client, the names that wait for it, and
 * its backoff, which the store keeps from run to run. A CA that fails as a
 * whole rests; its names wait and none of them is counted. Other instances
 * write the same row: a rest of theirs is not ended by ours, nor by a success
 * of ours that began before it.
 *
 * It rests for faults of its directory, nonces, account, the rate limit of
 * the account, and when CA_QUEUE_WITNESSES different names fail alike
 * ("ca-down", in the same words: backoff_alike) without a success between.
 * Before that, each of them was counted as its own fault (backoff.h), which is
 * then taken back. An order that goes through ends such a rest at once.
 *
 * A name that failed so before is no witness while the CA serves others: it
 * is itself to blame, and must not rest the CA run after run. A CA that has
 * rested and has served nobody since (its count_fail is not 0) begins with
 * names that did not lead there (ca_queue_doubtful). A rest for a fault of
 * the account ends when what a new one is asked for with is another: eab_kid,
 * or what ca_account_asked() is of. What is wrong with our own files and
 * settings (struct fail: here) is judged anew in each run, where it can be
 * before the CA is asked, and makes no rest of the CA's longer.
 */

#include <stdbool.h>
#include "acme.h"
#include "batch.h"
#include "ca_find.h"
#include "ca_names.h"
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

/* CONF is ca_find_ca(FIND), which lives longer: its directory is looked for
 * before it is asked for anything, and after it failed for long enough. */
void ca_queue_discover(struct ca_queue *c, struct ca_find *find);

const struct certrepo_ca *ca_queue_conf(const struct ca_queue *c);
struct acme *ca_queue_acme(struct ca_queue *c); /* when READY */
size_t ca_queue_requests(const struct ca_queue *c);

/* Also wakes a CA whose rest is over. */
enum ca_queue_is ca_queue_is(struct ca_queue *c, int64_t now);
int64_t ca_queue_until(const struct ca_queue *c); /* of its rest; 0: none */
const struct fail *ca_queue_fail(const struct ca_queue *c); /* of its rest */
/* It rests for a fault of its account or its settings. */
bool ca_queue_needs_person(const struct ca_queue *c);
void ca_queue_force(struct ca_queue *c); /* whatever its backoff says */
/* From IDLE; WANTED orders are about to begin. */
void ca_queue_start(struct ca_queue *c, size_t wanted);

/* For who asks for renewal information: its client, when its directory was
 * read in this run; else that is seen to, without an account. What fails here
 * is no failure of the CA for orders, but for a clock that is wrong. */
enum ca_queue_look {
	CA_QUEUE_LOOK_WAIT,
	CA_QUEUE_LOOK_READY, /* ca_queue_acme() is there */
	CA_QUEUE_LOOK_NEVER, /* not in this run: it rests, or cannot be read */
};
enum ca_queue_look ca_queue_look(struct ca_queue *c);
/* Between these its client stays. */
void ca_queue_look_begin(struct ca_queue *c);
void ca_queue_look_end(struct ca_queue *c);
/* URL of its renewalInfo, as last heard, "" when its directory had none within
 * the last day; NULL: it is to be read. The store remembers it, with the rest
 * of what the directory offers (store_offer.h). */
const char *ca_queue_renewal_info(const struct ca_queue *c);

/* An order that uses its client begins, has ended and was freed. */
void ca_queue_begin(struct ca_queue *c);
void ca_queue_end(struct ca_queue *c);
/* An order of NAME met a failure of the CA: until when does the CA rest? 0: it
 * does not, the failure is the name's own. AGAIN: so was its last one. */
#define CA_QUEUE_WITNESSES 3
int64_t ca_queue_failed(struct ca_queue *c, const char *name, bool again,
			const struct fail *f);
/* That failure is in the store now, and was counted: the COUNT-th, and until
 * when the name waits. */
void ca_queue_counted(struct ca_queue *c, const char *name, int64_t count,
		      int64_t next);
void ca_queue_succeeded(struct ca_queue *c);
/* It rested, and has served nobody since. */
bool ca_queue_doubtful(const struct ca_queue *c);
/* It was reached in this run, and its clock agrees with ours. */
bool ca_queue_met(const struct ca_queue *c);
size_t ca_queue_orders(const struct ca_queue *c); /* in flight */

/* The names that wait for it, as ca_names.h has it. */
void ca_queue_push(struct ca_queue *c, const struct ca_queue_name *n);
bool ca_queue_pop(struct ca_queue *c, struct ca_queue_name *ret);
size_t ca_queue_queued(const struct ca_queue *c);

#endif
