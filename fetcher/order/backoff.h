/* SPDX-License-Identifier: MIT */
#ifndef BACKOFF_H
#define BACKOFF_H

/*
 * What follows from a failure: when to try again, whom it counts against,
 * whether a person is needed. Pure.
 *
 * A name: Retry-After is obeyed to the second; otherwise 1, 10, 100 minutes,
 * then a day (as public CAs advise), with jitter, but at most a day or an
 * eighth of what is left of its certificate, whichever is shorter. A class
 * that only a person can mend is held once the count passes its limit.
 *
 * A CA: Retry-After, otherwise 1, 2, 4 ... minutes, at most an hour (six for
 * trouble with the account), with jitter. No name is counted.
 */

#include "fail.h"

#define BACKOFF_RETRY_MAX (31 * 86400) /* of Retry-After, from now */

struct backoff_in {
	const struct fail *fail;
	int64_t now;
	int64_t count;	    /* failures of the name before this one */
	int64_t limit;	    /* count_fail_limit */
	int64_t ts_expire;  /* of its certificate, 0: none */
	int64_t ca_backoff; /* fail_of_ca(): until when the CA rests */
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

/* Only a person can mend it. */
bool backoff_person(enum fail_class c);

#endif
