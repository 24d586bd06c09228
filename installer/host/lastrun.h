/* SPDX-License-Identifier: MIT */
#ifndef LASTRUN_H
#define LASTRUN_H

/*
 * What came of the last run that was asked for all services, and which of them
 * were not looked at since: STATE_DIR/last-run, for --status. May be lost.
 */

#include "host.h"

struct lastrun_unseen {
	const char *service;
	int64_t since; /* the last run that looked; 0: it is not known */
};

struct lastrun {
	int64_t ts;	    /* 0: nothing is known of it */
	int64_t status;	    /* its exit status */
	const char *reason; /* NULL: it lies with the services */
	int64_t store;	    /* when the store last answered; 0: never */
	struct lastrun_unseen *v;
	size_t n;
};

/* When there is none, RET is empty. -1: it cannot be read, or is damaged. */
int lastrun_load(const char *state_dir, struct arena *arena,
		 struct lastrun *ret, struct err *err) MUST_CHECK;
/* At the end of a run. REASON may be NULL. */
int lastrun_save(const struct host *r, int status, const char *reason,
		 struct err *err) MUST_CHECK;
/* NULL: the last run looked at it. */
const struct lastrun_unseen *lastrun_unseen(const struct lastrun *l,
					    const char *service);

#endif
