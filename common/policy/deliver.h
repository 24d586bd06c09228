/* SPDX-License-Identifier: MIT */
#ifndef DELIVER_H
#define DELIVER_H

/* How soon a host must serve what was issued for it. Pure. */

#include <stdint.h>

/* Seconds, counted from when a certificate of these dates came into the store,
 * after which a host that does not serve it has failed, unless it waits for its
 * window. CONFIGURED (deliver_within of certrepo.conf) when it is not 0; else
 * an eighth of the life, 26 hours at most: a daily cron job of a host may miss
 * a day's turn by an hour or two, and of a life of 160 hours no day may be
 * lost. Of dates that make no sense, 26 hours. */
#define DELIVER_MOST (26 * (int64_t) 3600)
int64_t deliver_within(int64_t not_before, int64_t not_after,
		       int64_t configured);

#endif
