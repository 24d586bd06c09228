/* SPDX-License-Identifier: MIT */
#ifndef ENGINE_H
#define ENGINE_H

/*
 * A run of the fetcher: finds what is due, page by page, keeps up to
 * max_orders orders in flight in one loop, commits their changes in
 * batches, and does it again for what failed, after retry_wait, at most
 * max_passes times.
 */

#include <stdbool.h>
#include "certrepo_conf.h"
#include "report.h"
#include "store.h"

struct engine;

struct engine_opts {
	const char *const *names; /* only these, NULL: all that are due */
	size_t n_names;
	bool force;	  /* with names: due or not, backoff, hold or not */
	bool once;	  /* one pass */
	bool break_lease; /* with names: whoever holds them is dead */
	bool quiet;	  /* the caller says what came of each */
};

/* OWNER is this instance's id, whose lock is held. All borrowed. */
int engine_new(const struct certrepo_conf *conf, struct store *store,
	       const char *owner, const struct engine_opts *opts,
	       struct engine **ret, struct err *err) MUST_CHECK;
void engine_free(struct engine **e);

/* The whole run; a summary at its end. *ret_status is the exit status. -1:
 * the store is away (ERR_UNAVAILABLE) or something is wrong with us;
 * everything can be resumed. SIGTERM and SIGINT end it early: no new orders,
 * a few seconds for those in flight, the rest left for the next run. */
int engine_run(struct engine *e, int *ret_status, struct err *err) MUST_CHECK;

/* It was ended early. */
bool engine_stopped(const struct engine *e);
/* What came of it so far. */
struct engine_result {
	size_t renewed, failed;
	bool cas; /* of the CAs that it needed, one at least served it */
	char text[REPORT_TEXT];
};
void engine_result(const struct engine *e, struct engine_result *ret);
/* What this run heard of our clock: 1, a CA's is far apart, in *ret_detail,
 * which lives as long as E, and no other agreed; 2, the same, but another
 * agreed; 0, all that were asked agreed; -1, none was asked. */
int engine_clock(const struct engine *e, const char **ret_ca,
		 const char **ret_detail);

/* What a run would order, to stdout, and who would wait; changes nothing
 * anywhere. OWNER may be NULL: then all leases are another's. *ret_status is
 * what a run would give if all went well. */
int engine_dry_run(const struct certrepo_conf *conf, struct store *store,
		   const char *owner, const struct engine_opts *opts,
		   int *ret_status, struct err *err) MUST_CHECK;

#endif
