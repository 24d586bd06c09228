/* SPDX-License-Identifier: MIT */
#include "prune.h"
#include "once_a_day.h"
#include "log.h"

#define PRUNE_FILE "fetcher.prune" /* when it was last done */

static int prune(struct store *store, int64_t before, struct err *err)
{
	size_t all = 0, n = PRUNE_CHUNK;

	/* Fewer than asked for: what is left is younger. */
	for (; n == PRUNE_CHUNK && all < PRUNE_MOST; all += n)
		if (store_attempts_prune(store, before, PRUNE_CHUNK, &n, err) ==
		    -1)
			return -1;
	if (all)
		log_debug("%zu attempts of long ago were deleted", all);
	return 0;
}

static int fold(struct store *store, int64_t before, struct err *err)
{
	size_t all = 0, n = PRUNE_CHUNK;

	for (; n == PRUNE_CHUNK && all < PRUNE_MOST; all += n)
		if (store_totals_fold(store, before, PRUNE_CHUNK, &n, err) ==
		    -1)
			return -1;
	return 0;
}

void prune_attempts(const struct certrepo_conf *conf, struct store *store,
		    int64_t now)
{
	struct err err = ERR_INIT;

	if (once_a_day_done(conf->state_dir, PRUNE_FILE, now))
		return;
	/* First the mark: what fails is not said more than once a day. */
	once_a_day_mark(conf->state_dir, PRUNE_FILE, now);
	if (prune(store, now - PRUNE_KEEP, &err) == -1)
		log_warn("old rows of attempts were not deleted: %s", err.msg);
	else if (fold(store, now - PRUNE_KEEP, &err) == -1)
		log_warn("old rows of attempt_totals were not added up: %s",
			 err.msg);
}
