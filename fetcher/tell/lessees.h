/* SPDX-License-Identifier: MIT */
#ifndef LESSEES_H
#define LESSEES_H

/*
 * Names that are due and wait for another instance, which has them on lease.
 * One that works gives them back within its order_timeout; one that is dead
 * keeps them until the lease runs out, and a person who knows better can
 * break it (certrepo-fetcher --break-lease).
 */

#include <stdbool.h>
#include "notify.h"
#include "store.h"

/* Has it kept a name for longer than an order takes? That it was taken tomorrow
 * is not believed. Pure. */
bool lessees_late(const struct certrepo_conf *conf,
		  const struct store_lease *lease, int64_t now);
/* Warn of those who have held a name for longer than an order takes. */
int lessees_report(const struct notify_from *from, struct store *store,
		   int64_t now, struct err *err) MUST_CHECK;
/* A person knows that whoever has these is dead. What nobody has is left. */
int lessees_break(struct store *store, const char *const *names, size_t n,
		  struct err *err) MUST_CHECK;
/* "; 3 names are on lease to web1-0123 until 2026-...", of all; "" when there
 * are none. NOT_OWNER may be "". To be freed. */
int lessees_text(struct store *store, const char *not_owner, int64_t now,
		 char **ret, struct err *err) MUST_CHECK;

#endif
