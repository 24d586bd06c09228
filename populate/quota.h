/* SPDX-License-Identifier: MIT */
#ifndef QUOTA_H
#define QUOTA_H

/*
 * How many orders rules may make: ORDERS_MAX of a registered domain in 7 days,
 * as all come together, and of these QUOTA_HOST for one host, so that one that
 * was broken into leaves the others theirs. What the store has of the last 7
 * days counts, whoever approved it. And QUOTA_SET rows of exactly the same
 * names: Let's Encrypt issues 5 certificates for one set in 7 days, renewals
 * and changes of the key among them.
 */

#include "ask.h"
#include "orders.h"

#define QUOTA_HOST (ORDERS_MAX / 4)
#define QUOTA_SET  2

struct quota;

struct quota *quota_new(void);
void quota_free(struct quota **q);
/* K, when a rule takes it and an order follows, counts from now on; or it is
 * too many, and no rule takes it any more (k->v.no_rule). With --yes all may.
 */
int quota_take(struct quota *q, struct ask *k, struct err *err) MUST_CHECK;

#endif
