/* SPDX-License-Identifier: MIT */
#include "backoff.h"
#include <string.h>
#include "store.h"

#define MINUTE 60
#define HOUR   3600
#define DAY    BACKOFF_MAX

/* Names have 1, 10, 100 minutes and then a day. */
#define NAME_FIRST  (1 * MINUTE)
#define NAME_FACTOR 10
/* Ours: a full disk, a lost store. */
#define OWN_WAIT (5 * MINUTE)
/* Another answer to the same question. */
#define LATER_WAIT (6 * HOUR)
/* An order that the CA takes its time with. */
#define PARK_LEAST (5 * MINUTE)
#define PARK_MOST  (6 * HOUR)
/* However little is left, more often than this helps nobody. */
#define NAME_LEAST (5 * MINUTE)

/* SECONDS plus up to a fifth, so that names which failed together do not
 * come back together. */
static int64_t jitter(int64_t seconds, uint32_t random)
{
	return seconds + (int64_t) (random % (uint32_t) (seconds / 5 + 1));
}

static int64_t grow(int64_t first, int64_t factor, int64_t steps, int64_t most)
{
	while (steps-- > 0 && first < most)
		first *= factor;
	return first < most ? first : most;
}

/* The longest wait that still leaves several tries before the end. */
static int64_t name_most(int64_t now, int64_t ts_expire)
{
	int64_t eighth;

	if (ts_expire <= 1)
		return DAY;
	if (ts_expire <= now)
		return HOUR; /* every hour counts now */
	eighth = (ts_expire - now) / 8;
	if (eighth < NAME_LEAST)
		return NAME_LEAST;
	return eighth < DAY ? eighth : DAY;
}

static int64_t name_wait(const struct backoff_in *in)
{
	int64_t wait = grow(NAME_FIRST, NAME_FACTOR, in->count, DAY);

	if (in->fail->later && wait < LATER_WAIT)
		wait = LATER_WAIT;
	return jitter(wait, in->random);
}

/* What the peer asked for, else WAIT; at most MOST. Who asks again within the
 * hour after a rate limit only extends it. */
static int64_t wait_for(const struct backoff_in *in, int64_t wait, int64_t most)
{
	const struct fail *f = in->fail;

	if (f->retry_at > in->now)
		wait = f->retry_at - in->now;
	if (wait > most)
		wait = most;
	if (f->limited && wait < HOUR)
		wait = jitter(HOUR, in->random);
	return in->now + wait;
}

/* Not while resolvers remember that there was nothing. Who keeps that for
 * longer than an hour is rare, and a zone that allows it for days is not to be
 * obeyed (RFC 2308 section 5). */
static int64_t past_absence(const struct backoff_in *in, int64_t next,
			    int64_t most)
{
	int64_t wait = in->fail->absent;

	if (wait > HOUR)
		wait = HOUR;
	if (wait > most)
		wait = most;
	return next > in->now + wait ? next : in->now + wait;
}

/* Ours, or nobody's: no name is counted. */
static bool uncounted(const struct backoff_in *in)
{
	enum fail_class c = in->fail->class;

	return in->fail->unspent || c == FAIL_INTERNAL || c == FAIL_HOST ||
	       c == FAIL_STORE || c == FAIL_LOCKED ||
	       (fail_of_ca(c) && c != FAIL_CA_DOWN);
}

struct backoff backoff_name(const struct backoff_in *in, bool terminal)
{
	enum fail_class c = in->fail->class;
	struct backoff b = { .drop_order = terminal };
	int64_t most = name_most(in->now, in->ts_expire);

	if (fail_of_ca(c) && in->ca_backoff > in->now) {
		b.next = in->ca_backoff;
		return b;
	}
	if (uncounted(in)) {
		b.next = wait_for(
			in,
			jitter(in->fail->unspent ? HOUR : OWN_WAIT, in->random),
			most);
		return b;
	}
	b.count = true;
	if (fail_holds(c))
		b.hold = in->fail->lasting || in->count + 1 >= in->limit;
	/* The next attempt may find another CSR or another configuration:
	 * what was asked of the CA is void. */
	if (fail_of_person(c))
		b.drop_order = true;
	b.next = b.hold ? STORE_NEVER
			: past_absence(in, wait_for(in, name_wait(in), most),
				       most);
	return b;
}

int64_t backoff_ca(const struct fail *fail, int64_t now, int64_t count,
		   uint32_t random)
{
	const struct backoff_in in = { .fail = fail,
				       .now = now,
				       .random = random };
	int64_t most = fail->class == FAIL_ACCOUNT ? 6 * HOUR : HOUR;

	return wait_for(&in, jitter(grow(MINUTE, 2, count - 1, most), random),
			DAY);
}

/* The next word of *P that is not an order's own; its length, 0 at the end. */
static size_t next_word(const char **p)
{
	size_t n;

	for (;;) {
		*p += strspn(*p, " ");
		n = strcspn(*p, " ");
		if (strcspn(*p, "0123456789./@\"") >= n)
			return n;
		*p += n;
	}
}

bool backoff_alike(const struct fail *a, const struct fail *b)
{
	const char *p = a->detail, *q = b->detail;
	size_t n, m;

	if (a->class != b->class)
		return false;
	do {
		n = next_word(&p);
		m = next_word(&q);
		if (n != m || memcmp(p, q, n) != 0)
			return false;
		p += n;
		q += n;
	} while (n);
	return true;
}

int64_t backoff_parked(const struct backoff_park *in)
{
	int64_t most = name_most(in->now, in->ts_expire);
	int64_t wait = (in->now - in->since) / 2;

	if (in->retry_at > in->now)
		wait = in->retry_at - in->now;
	else if (wait < PARK_LEAST)
		wait = jitter(PARK_LEAST, in->random);
	else if (wait > PARK_MOST)
		wait = PARK_MOST;
	return in->now + (wait < most ? wait : most);
}
