/* SPDX-License-Identifier: MIT */
#ifndef FINDING_H
#define FINDING_H

/* One service in one run: what is known of it, and what is to be done. */

#include "judge.h"
#include "plan.h"
#include "svcstate.h"

struct finding {
	struct host *r;
	const struct svc *s;
	struct svcstate state;
	struct judge g;
	struct verify_seen *seen; /* of each endpoint, when probed */
	bool probed;
	bool unseen;  /* some of them this host could not look at */
	bool stopped; /* by the word of its profile */
	bool bad;     /* there was something to complain about */
	struct plan_service plan;
	enum plan_action action;
	const char *why; /* of some actions: a sentence, which is said */
	size_t group;	 /* those that change together have the same */
};

/* What is on disk, in the store (ROWS) and at the endpoints. When the files
 * of another machine cannot be fetched: -1, and nothing can be done. */
int finding_begin(struct finding *t, struct host *r, const struct svc *s,
		  const struct store_host_certs *rows,
		  struct err *err) MUST_CHECK;
/* Without the store; and without the endpoints, too, unless PROBE. */
void finding_begin_disk(struct finding *t, struct host *r, const struct svc *s,
			bool probe);
/* What an endpoint of C should show now, by what is on disk. False: nothing is
 * there to be shown. */
bool finding_want(const struct judge_cert *c, struct verify_want *ret);
/* After either of them, also when it failed, where nothing can be done: a look
 * at the endpoints, if it is time for one, and what is to be said of it. */
void finding_look(struct finding *t);
/* Remembers what is to be remembered, counts, and frees. */
void finding_end(struct finding *t);

/* Does endpoint I serve what is on disk? Also true when nothing is. */
bool finding_right(const struct finding *t, size_t i, char why[300]);
/* Is one of them but asked for. */
bool finding_asked(const struct finding *t);
/* Was certificate I refused the last time, and now there is none. */
bool finding_over(const struct finding *t, size_t i);
/* What is to be said of certificate I, or of endpoint I, after this look and
 * what was decided on it. Of a placeholder that is served, *ret_why says so.
 * False: nothing; or, when something is done now, what comes of it is said
 * instead. */
bool finding_cert_state(const struct finding *t, size_t i,
			enum receipt_state *ret, const char **ret_detail);
bool finding_endpoint_state(const struct finding *t, size_t i,
			    enum receipt_state *ret, char ret_why[300]);
/* All that are not, in one sentence, added to RET. */
void finding_wrongs(const struct finding *t, struct sbuf *ret);

/* What is wrong with the time of C's file; NULL: nothing, or it is of no CA. */
const char *finding_untimely(const struct host *r, const struct judge_cert *c);

#endif
