/* SPDX-License-Identifier: MIT */
#ifndef DUE_H
#define DUE_H

/*
 * What is due, and when it next will be. Pure: rows and a time in, a verdict
 * out. A certificate wants renewal when less than a third of its lifetime is
 * left, half when it lives less than ten days (what public CAs ask for), or
 * when days_left days are left if that is configured; or when its CA asks for
 * it (RFC 9773), which takes the place of the rule.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "store.h"

/* How far clocks of ours may be apart: who compares an instant that another
 * may have written with now allows for that much. */
#define DUE_CLOCKS 3600

/* A lease lasts twice as long as an order may take, and a while, so that it
 * outlives its order and the wait for an absent store. Another instance may
 * have another order_timeout: of a lease in the store, up to a day is
 * believed. */
#define DUE_LEASE_MARGIN (7 * 60)
int64_t due_lease(int64_t order_timeout);
int64_t due_lease_most(int64_t order_timeout);

enum due_reason {
	DUE_NOT = 0,
	DUE_MISSING, /* no certificate yet */
	DUE_EXPIRED,
	DUE_REPLACED, /* its CSR is another one now */
	DUE_RENEW,    /* its renewal instant has come */
	DUE_ARI,      /* so it has, which the CA asks for */
	DUE_FORCED,   /* a person asked */
};

const char *due_reason_text(enum due_reason r); /* for people */

/*
 * The instant from which on a certificate of these dates wants renewal.
 * NOT_BEFORE 0: unknown, taken as 90 days before the end. DAYS_LEFT 0: the
 * rule above. A days_left that would have a certificate renewed in the first
 * quarter of its life (30 days, a week-long certificate) is not meant for
 * it: the rule applies.
 */
int64_t due_renew_at(int64_t not_before, int64_t not_after, int64_t days_left);
/* It is: what was configured is not what is done. */
bool due_ignores(int64_t not_before, int64_t not_after, int64_t days_left);
/*
 * The same with ARI, the instant chosen in the window that the CA asks for; 0:
 * it asks for none. It replaces the rule, be it earlier or later, but leaves
 * at least a sixth of the life, a quarter when that is less than ten days: a CA
 * that puts off each renewal lets nothing end. Nor is it before a sixteenth of
 * the life is over, a day at most: a CA that wants each new certificate
 * replaced at once costs an order a day, not one in each run. A days_left that
 * is meant for the certificate still counts when it is the earlier one.
 * *ret_asked (may be NULL): it is what the CA asks for, but for that day.
 */
int64_t due_renew_asked(int64_t not_before, int64_t not_after,
			int64_t days_left, int64_t ari, bool *ret_asked);
/* When the CA of a certificate that was just stored is asked about it first:
 * between one and six hours from NOW, so that those which were issued together
 * are not asked about together. */
int64_t due_first_poll(int64_t now, uint32_t random);

/* What ts_due of a row must be: the renewal instant, but not before its
 * backoff ends, never while it is held. Without a certificate, or with a
 * replaced CSR, the row is due at once: that is 0, never the instant of now,
 * so that no clock of anybody decides when "at once" is. */
struct due_in {
	bool has_crt;
	int64_t not_before, not_after; /* of the certificate */
	int64_t next_attempt;	       /* backoff; 0: none */
	bool renew;		       /* the CSR was replaced */
	bool held;
	int64_t days_left;
	int64_t ari; /* 0: the CA asks for nothing */
};
int64_t due_instant(const struct due_in *in);

/* Does this row want an order at NOW? FORCE: whatever its dates and backoff
 * say. The row's derived columns must be fresh (not stale). */
enum due_reason due_decide(const struct store_due *row, int64_t now,
			   int64_t days_left, bool force);

#endif
