/* SPDX-License-Identifier: MIT */
#ifndef PRUNE_H
#define PRUNE_H

/*
 * Years unattended must not fill the store: once a day what was tried more
 * than PRUNE_KEEP ago is deleted, at most PRUNE_MOST rows of it. (Longer than
 * any period a CA counts by, and than the life of a certificate.) How many
 * there were each day is added up to one number then.
 */

#include "certrepo_conf.h"
#include "store.h"

#define PRUNE_KEEP  (400 * 86400)
#define PRUNE_CHUNK 1000 /* in one transaction */
#define PRUNE_MOST  (100 * PRUNE_CHUNK)

/* A store that does not allow it costs a line in the log, no more. */
void prune_attempts(const struct certrepo_conf *conf, struct store *store,
		    int64_t now);

#endif
