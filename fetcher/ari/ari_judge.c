/* SPDX-License-Identifier: MIT */
#include "ari_judge.h"
#include "due.h"

enum ari_heard ari_judge_heard(const struct acme_result *r, struct arena *arena,
			       struct ari_info *ret, struct err *detail)
{
	if (!r->fail)
		return ari_info_parse(r->body, r->len, arena, ret, detail) == 0
			       ? ARI_WINDOW
			       : ARI_GARBAGE;
	(void) err_set(detail, ERR_INPUT, "%s", r->fail->detail);
	switch (r->status) {
	case 400:
	case 404:
	case 410:
		return ARI_NONE;
	case 408: /* these say themselves that they pass (RFC 9110, 8470) */
	case 425:
	case 429:
		return ARI_LATER;
	default:
		/* Of a proxy, or a firewall: nothing is known by that. */
		return r->status >= 300 && r->status < 500 ? ARI_GARBAGE
							   : ARI_LATER;
	}
}

int64_t ari_judge_later(int64_t now, int64_t retry_at)
{
	if (retry_at < now + ARI_LATER_S)
		return now + ARI_LATER_S;
	return retry_at > now + ARI_EVERY_MOST ? now + ARI_EVERY_MOST
					       : retry_at;
}

/* What is known of NEW is all there is to know. */
static void set_due(const struct store_ari *read, int64_t now,
		    int64_t days_left, struct ari_verdict *v)
{
	const struct due_in in = {
		.has_crt = true,
		.not_before = read->ts_not_before,
		.not_after = read->ts_expire,
		.next_attempt = read->ts_next_attempt,
		.renew = read->renew,
		.held = read->held,
		.days_left = days_left,
		.ari = v->row.ts_ari,
	};

	v->row.ts_due = due_instant(&in);
	v->due = v->row.ts_due <= now;
}

void ari_judge(const struct store_ari *read, enum ari_heard heard,
	       const struct ari_info *info, int64_t retry_at, int64_t now,
	       int64_t days_left, uint32_t random, struct ari_verdict *ret)
{
	const struct ari_choice was = { .at = read->ts_ari,
					.start = read->ari_start,
					.end = read->ari_end };
	struct ari_choice choice;

	*ret = (struct ari_verdict){ .row = *read };
	switch (heard) {
	case ARI_WINDOW:
		choice = ari_info_choose(info, &was, random);
		ret->row.ts_ari = choice.at;
		ret->row.ari_start = choice.start;
		ret->row.ari_end = choice.end;
		ret->row.ari_url = info->url;
		ret->row.ts_ari_poll = ari_info_again(now, retry_at);
		ret->moved = was.at && was.end > now && choice.end <= now;
		ret->sooner = was.at && !ret->moved && info->url &&
			      was.start > now && choice.end <= was.start;
		set_due(read, now, days_left, ret);
		break;
	case ARI_NONE:
		ret->row.ts_ari = 0;
		ret->row.ari_start = ret->row.ari_end = 0;
		ret->row.ari_url = NULL;
		ret->row.ts_ari_poll = ari_info_again(now, 0);
		set_due(read, now, days_left, ret);
		break;
	case ARI_GARBAGE:
		ret->asked_only = true;
		ret->row.ts_ari_poll = ari_info_again(now, 0);
		break;
	case ARI_LATER:
		ret->asked_only = true;
		ret->row.ts_ari_poll = ari_judge_later(now, retry_at);
		break;
	}
}
