/* SPDX-License-Identifier: MIT */
#include "forecast.h"
#include "due.h"

#define HOUR 3600

/* As long as the rule leaves this certificate, the next one is left. */
static int64_t interval(const struct status_name *n)
{
	int64_t at = n->ts_renew;

	if (at <= n->ts_not_before || at > n->ts_not_after)
		at = due_renew_at(n->ts_not_before, n->ts_not_after, 0);
	at -= n->ts_not_before;
	return at < HOUR ? HOUR : at;
}

/* Renewals from FIRST on that are not behind TO. */
static uint32_t until(int64_t first, int64_t every, int64_t to)
{
	return first > to ? 0 : (uint32_t) ((to - first) / every) + 1;
}

uint32_t forecast_renewals(const struct status_name *n, int64_t now,
			   int64_t from, int64_t to)
{
	int64_t first = n->ts_renew > now ? n->ts_renew : now + 1;

	if (!n->enabled || n->held)
		return 0;
	if (!n->has_crt)
		return first > from && first <= to;
	if (n->ts_renew <= 0 || n->ts_not_after <= n->ts_not_before)
		return 0;
	return until(first, interval(n), to) - until(first, interval(n), from);
}
