/* SPDX-License-Identifier: MIT */
#include "clock.h"
#include "due.h"
#include "jout.h"
#include "plain.h"
#include "view_impl.h"

enum rule {
	RULE_NONE, /* no certificate, or not for its dates */
	RULE_ASKED,
	RULE_LATER, /* the CA asks for an instant that is too late */
	RULE_DAYS_LEFT,
	RULE_LIFE,
};

static int64_t asked(const struct view *v)
{
	return v->stale ? 0 : store_cert_ari(v->row);
}

static enum rule rule_of(const struct view *v, int64_t *ret_at)
{
	int64_t ari = asked(v);
	bool as_asked;

	if (!v->ts_expire || v->row->renew)
		return RULE_NONE;
	*ret_at = due_renew_asked(v->ts_not_before, v->ts_expire, v->days_left,
				  ari, &as_asked);
	if (as_asked)
		return RULE_ASKED;
	if (v->days_left > 0 && *ret_at == v->ts_expire - v->days_left * 86400)
		return RULE_DAYS_LEFT;
	return ari ? RULE_LATER : RULE_LIFE;
}

static void add_rule(const struct view *v, enum rule rule, int64_t at,
		     struct sbuf *out)
{
	bool is_short = at - v->ts_not_before <= v->ts_expire - at;
	char text[CLOCK_TEXT];

	sbuf_addf(out, "  %-13s%s, ", "renewal", clock_text(at, text));
	switch (rule) {
	case RULE_ASKED:
		sbuf_adds(out, "when the CA asks for it\n");
		break;
	case RULE_LATER:
		sbuf_adds(out, "before the CA asks for it, which would leave "
			       "too little of its life\n");
		break;
	case RULE_DAYS_LEFT:
		sbuf_addf(out, "by days_left = %lld%s\n",
			  (long long) v->days_left,
			  asked(v) ? ", which is before the CA asks for it"
				   : "");
		break;
	default:
		sbuf_addf(out, "when %s of its life is left\n",
			  is_short ? "half" : "a third");
	}
}

/* A window is a peer's word, and so is the address. */
static void add_window(const struct view *v, int64_t now, struct sbuf *out)
{
	const struct store_cert *row = v->row;
	char a[CLOCK_TEXT], b[CLOCK_TEXT], c[CLOCK_TEXT], url[PLAIN_QUOTED];

	sbuf_addf(out,
		  "  %-13sthe CA asks for renewal between %s\n"
		  "  %-13sand %s%s; chosen: %s\n",
		  "", clock_text(row->ari_start, a), "",
		  clock_text(row->ari_end, b),
		  row->ari_end <= now ? ", which is past" : "",
		  clock_text(row->ts_ari, c));
	if (row->ari_url && *row->ari_url)
		sbuf_addf(out, "  %-13sexplained at %s\n", "",
			  plain_quoted(row->ari_url, url));
}

void view_renewal_text(const struct view *v, int64_t now, struct sbuf *out)
{
	int64_t at, poll = v->row->ts_ari_poll;
	enum rule rule = rule_of(v, &at);

	if (rule != RULE_NONE)
		add_rule(v, rule, at, out);
	if (asked(v))
		add_window(v, now, out);
	else if (rule == RULE_NONE || !v->offer || !v->offer->renewal_info ||
		 !*v->offer->renewal_info)
		return;
	if (!v->row->enabled)
		return;
	if (v->offer && v->offer->renewal_info && !*v->offer->renewal_info)
		view_line(out, " ",
			  "the CA offers no renewal information any more");
	else if (poll > now)
		view_line_time(out, "", "the CA is asked about it again at ",
			       poll, now);
	else
		view_line(out, " ",
			  "the CA is asked about it in the fetcher's next run");
}

void view_renewal_json(const struct view *v, struct sbuf *out)
{
	static const char *const words[] = {
		[RULE_NONE] = NULL,	     [RULE_ASKED] = "ari",
		[RULE_LATER] = "before-ari", [RULE_DAYS_LEFT] = "days_left",
		[RULE_LIFE] = "lifetime",
	};
	int64_t at = 0;

	jout_str(out, "renewal_rule", words[rule_of(v, &at)]);
	jout_time(out, "ts_renewal", at);
}

void view_json_ari(const struct store_cert *row, bool stale, struct sbuf *out)
{
	jout_key(out, "ari");
	if (stale || !store_cert_ari(row)) {
		sbuf_adds(out, "null");
		return;
	}
	sbuf_addc(out, '{');
	jout_time(out, "ts_start", row->ari_start);
	jout_time(out, "ts_end", row->ari_end);
	jout_time(out, "ts_chosen", row->ts_ari);
	jout_time(out, "ts_poll", row->ts_ari_poll);
	jout_str(out, "url", row->ari_url);
	sbuf_addc(out, '}');
}
