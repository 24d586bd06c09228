/* SPDX-License-Identifier: MIT */
#ifndef FOREIGN_H
#define FOREIGN_H

/*
 * Rows that the scripts of 2019 gave a certificate: what we derive from it is
 * not theirs to write, and ts_due still is that of the one before, which may
 * end later. Those that are due are set right when they are picked (pick.h);
 * for the others all rows are looked through once a day.
 */

#include "certrepo_conf.h"
#include "store.h"

/* A store that does not allow it costs a line in the log, and the next run
 * begins anew. */
void foreign_refresh(const struct certrepo_conf *conf, struct store *store,
		     int64_t now);

/* Mends what is kept of certificates (store_facts.h) where programs that do not
 * know it stored or removed some: once a day an index is read, and at most
 * FOREIGN_FACTS are mended, the rest by the next runs. What fails costs a line
 * in the log, once a day. */
#define FOREIGN_FACTS 2000
void foreign_facts(const struct certrepo_conf *conf, struct store *store,
		   int64_t now);

#endif
