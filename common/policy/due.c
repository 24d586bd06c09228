/* SPDX-License-Identifier: MIT */
#include "due.h"

#define HOUR	     3600
#define DAY	     86400
#define SHORT_LIVED  (10 * DAY)
#define LIFE_UNKNOWN (90 * DAY)
#define YEAR_9999    253402300799

const char *due_reason_text(enum due_reason r)
{
	switch (r) {
	case DUE_NOT:
		return "not due";
	case DUE_MISSING:
		return "no certificate yet";
	case DUE_EXPIRED:
		return "expired";
	case DUE_REPLACED:
		return "its CSR was replaced";
	case DUE_RENEW:
		return "due for renewal";
	case DUE_ARI:
		return "the CA asks for it";
	case DUE_FORCED:
		return "forced";
	}
	return "?";
}

/* The dates of a certificate; the columns may hold anything. */
struct dates {
	int64_t not_before, not_after, life;
};

static struct dates dates_of(int64_t not_before, int64_t not_after)
{
	struct dates d = { .life = LIFE_UNKNOWN };

	d.not_after = not_after < 0	      ? 0
		      : not_after > YEAR_9999 ? YEAR_9999
					      : not_after;
	if (not_before > 0 && not_before < d.not_after)
		d.life = d.not_after - not_before;
	d.not_before = d.not_after - d.life;
	return d;
}

static bool is_short(const struct dates *d)
{
	return d->life < SHORT_LIVED;
}

/* Is days_left meant for a certificate that lives so long? */
static bool is_meant(const struct dates *d, int64_t days_left)
{
	return days_left > 0 && days_left < d->life / DAY &&
	       d->not_after - days_left * DAY >= d->not_before + d->life / 4;
}

int64_t due_renew_at(int64_t not_before, int64_t not_after, int64_t days_left)
{
	struct dates d = dates_of(not_before, not_after);

	if (is_meant(&d, days_left))
		return d.not_after - days_left * DAY;
	return d.not_after - (is_short(&d) ? d.life / 2 : d.life / 3);
}

bool due_ignores(int64_t not_before, int64_t not_after, int64_t days_left)
{
	return days_left > 0 &&
	       due_renew_at(not_before, not_after, days_left) !=
		       not_after - days_left * DAY;
}

int64_t due_renew_asked(int64_t not_before, int64_t not_after,
			int64_t days_left, int64_t ari, bool *ret_asked)
{
	struct dates d = dates_of(not_before, not_after);
	int64_t at, first, last;

	if (ret_asked)
		*ret_asked = false;
	if (ari <= 0)
		return due_renew_at(not_before, not_after, days_left);
	first = d.not_before + (d.life / 16 < DAY ? d.life / 16 : DAY);
	if (ari < first)
		ari = first;
	last = d.not_after - (is_short(&d) ? d.life / 4 : d.life / 6);
	at = ari < last ? ari : last;
	if (is_meant(&d, days_left) && d.not_after - days_left * DAY < at)
		at = d.not_after - days_left * DAY;
	if (ret_asked)
		*ret_asked = at == ari;
	return at;
}

int64_t due_first_poll(int64_t now, uint32_t random)
{
	return now + HOUR + random % (5 * HOUR + 1);
}

int64_t due_instant(const struct due_in *in)
{
	int64_t at = 0;

	if (in->held)
		return STORE_NEVER;
	if (in->has_crt && !in->renew)
		at = due_renew_asked(in->not_before, in->not_after,
				     in->days_left, in->ari, NULL);
	if (at < 0)
		at = 0;
	return at > in->next_attempt ? at : in->next_attempt;
}

int64_t due_lease(int64_t order_timeout)
{
	return 2 * order_timeout + DUE_LEASE_MARGIN;
}

int64_t due_lease_most(int64_t order_timeout)
{
	int64_t ours = due_lease(order_timeout);

	return ours > DAY ? ours : DAY;
}

enum due_reason due_decide(const struct store_due *row, int64_t now,
			   int64_t days_left, bool force)
{
	bool asked;

	if (!force && row->ts_next_attempt > now)
		return DUE_NOT;
	if (!row->has_crt)
		return DUE_MISSING;
	if (row->ts_expire <= now)
		return DUE_EXPIRED;
	if (row->renew)
		return DUE_REPLACED;
	if (due_renew_asked(row->ts_not_before, row->ts_expire, days_left,
			    row->ts_ari, &asked) <= now)
		return asked ? DUE_ARI : DUE_RENEW;
	return force ? DUE_FORCED : DUE_NOT;
}
