/* SPDX-License-Identifier: MIT */
#include "due.h"

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
	case DUE_FORCED:
		return "forced";
	}
	return "?";
}

int64_t due_renew_at(int64_t not_before, int64_t not_after, int64_t days_left)
{
	int64_t life = LIFE_UNKNOWN;
	int64_t at;

	/* The columns may hold anything. */
	if (not_after < 0)
		not_after = 0;
	if (not_after > YEAR_9999)
		not_after = YEAR_9999;
	if (not_before > 0 && not_before < not_after)
		life = not_after - not_before;
	else
		not_before = not_after - life;
	at = not_after - (life < SHORT_LIVED ? life / 2 : life / 3);
	if (days_left > 0 && days_left < life / DAY &&
	    not_after - days_left * DAY >= not_before + life / 4)
		at = not_after - days_left * DAY;
	return at;
}

bool due_ignores(int64_t not_before, int64_t not_after, int64_t days_left)
{
	return days_left > 0 &&
	       due_renew_at(not_before, not_after, days_left) !=
		       not_after - days_left * DAY;
}

int64_t due_instant(const struct due_in *in)
{
	int64_t at = 0;

	if (in->held)
		return STORE_NEVER;
	if (in->has_crt && !in->renew)
		at = due_renew_at(in->not_before, in->not_after, in->days_left);
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
	if (!force && row->ts_next_attempt > now)
		return DUE_NOT;
	if (!row->has_crt)
		return DUE_MISSING;
	if (row->ts_expire <= now)
		return DUE_EXPIRED;
	if (row->renew)
		return DUE_REPLACED;
	if (due_renew_at(row->ts_not_before, row->ts_expire, days_left) <= now)
		return DUE_RENEW;
	return force ? DUE_FORCED : DUE_NOT;
}
