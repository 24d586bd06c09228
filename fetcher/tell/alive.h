/* SPDX-License-Identifier: MIT */
#ifndef ALIVE_H
#define ALIVE_H

/* What a run leaves in the store for who looks at the fleet
 * (fleet_fetchers.h): that it began, how it ended, and what it is configured to
 * do. No run fails for it: a table that is missing, or that may not be written
 * (the grants are of a version before), is one line with -v -v. */

#include <stddef.h>
#include "certrepo_conf.h"
#include "store.h"

/* A fetcher that has not started for so long is forgotten by the others. */
#define ALIVE_FORGOTTEN (90 * (int64_t) 86400)

struct alive {
	const struct certrepo_conf *conf;
	const char *instance; /* its id, whose lock is held */
	int64_t start;
	bool off; /* that it began, could not be written */
};

struct alive_end {
	int status; /* exit status */
	size_t n_ok, n_failed;
	bool well;	    /* as ts_ok of fleet_fetchers.h has it */
	const char *detail; /* why not; or NULL */
};

void alive_begin(struct alive *a, struct store *store);
void alive_end(struct alive *a, struct store *store, const struct alive_end *e,
	       int64_t now);

#endif
