/* SPDX-License-Identifier: MIT */
#ifndef INSTANCE_H
#define INSTANCE_H

/*
 * Who this fetcher is: a stable id, kept in the file fetcher.id of the state
 * folder, and a lock on fetcher.lock beside it. Whoever holds the lock knows
 * that a predecessor of the same id is dead, and takes over its leases and
 * clears away its proofs. Two fetchers on one store have two state folders.
 */

#include "err.h"

#define INSTANCE_ID_MAX 64

struct instance;

/* Makes DIR (0700, its parent must exist) and the id on first use. ERR_BUSY
 * when this instance is already running; ERR_CONFIG when the id file is not
 * ours to trust, or DIR cannot be made or written. */
int instance_open(const char *dir, struct instance **ret,
		  struct err *err) MUST_CHECK;
void instance_free(struct instance **i);	   /* lets go of the lock */
const char *instance_id(const struct instance *i); /* [a-z0-9-]+; borrowed */
/* The id of DIR, the caller's, without the lock; NULL when it has none yet, or
 * it is not for us to read. */
char *instance_peek(const char *dir);

#endif
