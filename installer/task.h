/* SPDX-License-Identifier: MIT */
#ifndef TASK_H
#define TASK_H

/* One service in one run: what is known of it, and what is to be done. */

#include "gather.h"
#include "plan.h"
#include "svcstate.h"

struct task {
	struct run *r;
	const struct svc *s;
	struct svcstate state;
	struct gather g;
	struct verify_seen *seen; /* of each endpoint, when probed */
	bool probed;
	bool stopped; /* by the word of its profile */
	bool bad;     /* there was something to complain about */
	struct plan_service plan;
	enum plan_action action;
	const char *why; /* of some actions: a sentence */
	size_t group;	 /* those that change together have the same */
};

/* What is on disk, in the store (ROWS) and at the endpoints. When the files
 * of another machine cannot be fetched: -1, and nothing can be done. */
int task_begin(struct task *t, struct run *r, const struct svc *s,
	       const struct store_host_certs *rows, struct err *err) MUST_CHECK;
/* Without the store; and without the endpoints, too, unless PROBE. */
void task_begin_disk(struct task *t, struct run *r, const struct svc *s,
		     bool probe);
/* Remembers what is to be remembered, counts, and frees. */
void task_end(struct task *t);

/* Does endpoint I serve what is on disk? Also true when nothing is. */
bool task_right(const struct task *t, size_t i, char why[300]);
/* All that are not, in one sentence, added to RET. */
void task_wrongs(const struct task *t, struct sbuf *ret);

#endif
