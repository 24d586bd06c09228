/* SPDX-License-Identifier: MIT */
#ifndef BACKOFF_H
#define BACKOFF_H

/*
 * What follows from a failure: when to try again, whom it counts against,
 * whether a person is needed. Pure.
 *
 * A name: 1, 10, 100 minutes, then a day (as public CAs advise), with jitter,
 * but at most a day or an eighth of what is left of its certificate, whichever
 * is shorter. Retry-After counts as far as that goes; after a rate limit
 * (429) it is an hour at least, whatever the CA said. A class that only a
 * person can mend is held once the count reaches its limit.
 *
 * Whose fault is "ca-down"? That of the smallest thing that explains it. What
 * one order met (a 500 at its finalize, an answer that cannot be read) says
 * nothing of the CA as long as other orders go through: the name is counted
 * and held at the limit, with the reason, as a name that a person must look
 * at, and no other name waits for it. Only when the CA rests (ca_queue.h: its
 * directory, nonces or account fail, or several different names fail alike)
 * is it the CA's: then no name is counted, all come back when the rest is
 * over, and those whose failures led to the rest, which were counted when
 * nobody could know, are given their count back (and are let go if that
 * failure held them).
 *
 * What a CA does not offer, by its directory, costs it no request, and it may
 * be offered again: no name is counted or held for that, each is looked at
 * again after an hour. What only looks lasting is held at the second time, six
 * hours later (fail.h: unspent, later).
 *
 * Where the DNS had no proof for the CA, its resolvers may go on saying so for
 * as long as the zone lets them (fail.h: absent), and who tries earlier fails
 * again: not before that, as far as an hour or that eighth goes.
 *
 * A CA: Retry-After up to a day and after a rate limit an hour at least,
 * otherwise 1, 2, 4 ... minutes, at most an hour (six for trouble with the
 * account), with jitter. No name is counted.
 *
 * So no instant that comes from here lies more than BACKOFF_MAX ahead, and
 * none in the store is believed that does.
 */

#include "fail.h"

#define BACKOFF_MAX 86400

struct backoff_in {
	const struct fail *fail;
	int64_t now;
	int64_t count;	    /* failures of the name before this one */
	int64_t limit;	    /* count_fail_limit */
	int64_t ts_expire;  /* of its certificate, 0: none */
	int64_t ca_backoff; /* until when the CA rests, 0: it does not */
	uint32_t random;    /* any number: the jitter */
};

struct backoff {
	int64_t next; /* STORE_NEVER when held */
	bool count;
	bool hold;
	bool drop_order; /* the order cannot or should not be resumed */
};

/* TERMINAL: the CA's order object is past use (invalid, gone). */
struct backoff backoff_name(const struct backoff_in *in, bool terminal);

/* Until when the CA rests after its COUNT-th failure in a row (1 and up). */
int64_t backoff_ca(const struct fail *fail, int64_t now, int64_t count,
		   uint32_t random);

/* When the order of a name is looked at again that the CA takes its time with,
 * since SINCE: when the CA asked to (RETRY_AT), else after half of the time
 * that it waits already, 5 minutes to 6 hours; in any case several times before
 * TS_EXPIRE (as in backoff_in). */
struct backoff_park {
	int64_t now, since, retry_at, ts_expire;
	uint32_t random;
};
int64_t backoff_parked(const struct backoff_park *in);
/* Did two orders fail in the same way? The same class and the same words,
 * but for what is each order's own: names, addresses, numbers. */
bool backoff_alike(const struct fail *a, const struct fail *b);

#endif
