/* SPDX-License-Identifier: MIT */
#ifndef CAS_H
#define CAS_H

/* The CAs of a run, and what waits for each of them. */

#include <stdbool.h>
#include "ca_queue.h"
#include "certrepo_conf.h"
#include "waits.h"

struct cas {
	const struct certrepo_conf *conf;
	struct ca_queue **v;   /* as conf->ca; the last one for unknown ones */
	struct ca_find **find; /* of each, or NULL: it has its directory */
	size_t n;
	struct waits *waits; /* for each of them: names that wait */
	size_t *fell;	     /* ... and how many failed by it in this pass */
};

/* LOOP, BATCH and REPORT are NULL when nobody is to be asked. FORCE: whatever
 * their back-offs say. After -1, too, cas_done(). */
int cas_init(struct cas *c, const struct certrepo_conf *conf, struct loop *loop,
	     struct store *store, struct batch *batch, struct report *report,
	     bool force, struct err *err) MUST_CHECK;
void cas_done(struct cas *c);
void cas_begin_pass(struct cas *c); /* nothing waits, none fell */

/* As a row names it, NULL: the default one. Where that one is missing in this
 * run (ca_find.h), the next that is not. */
struct ca_queue *cas_of(const struct cas *c, const char *ca_name);
size_t cas_index(const struct cas *c, const struct ca_queue *ca);
bool cas_rests(struct ca_queue *ca);
/* Let what is queued for CA, which is missing, wait for the next; else nothing.
 */
void cas_pass_on(struct cas *c, struct ca_queue *ca);

bool cas_starting(const struct cas *c); /* any of them */
bool cas_met(const struct cas *c);	/* one was reached, see ca_queue_met */
size_t cas_queued(const struct cas *c);

/* What waits for those that rest, from the store. */
int cas_count_waits(struct cas *c, struct store *store,
		    struct err *err) MUST_CHECK;

#endif
