/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>
#include "num.h"
#include "plain.h"
#include "range.h"

enum unit { NO_UNIT, SHARE, TIME };

/* A century: more is a slip. */
#define SPAN_MAX INT64_C(3155760000)

static int wrong(const char *text, const char *why, struct err *err)
{
	char quoted[PLAIN_QUOTED];

	return err_set(err, ERR_USAGE,
		       "threshold %s: %s (such as \"15%%:\", less than 15 "
		       "%% of the life left, or \"7d:\", less than 7 days)",
		       plain_quoted(text, quoted), why);
}

/* One end. "0" alone is of any unit. */
static int parse_end(const char *s, double *ret, enum unit *ret_unit)
{
	AUTO(mem_free_str) char *number = NULL;
	size_t len = strlen(s);
	int64_t value;

	if (strcmp(s, "0") == 0) {
		*ret = 0;
		*ret_unit = NO_UNIT;
		return 0;
	}
	if (len > 1 && s[len - 1] == '%') {
		number = mem_strndup(s, len - 1);
		if (num_int(number, 0, 100, &value, NULL) == -1)
			return -1;
		*ret_unit = SHARE;
	} else {
		if (len == 0 || !strchr("smhdw", s[len - 1]) ||
		    num_duration(s, SPAN_MAX, &value, NULL) == -1)
			return -1;
		*ret_unit = TIME;
	}
	*ret = (double) value;
	return 0;
}

int range_parse(const char *text, struct range *ret, struct err *err)
{
	static const char number[] = "a number with %, s, m, h, d or w is "
				     "missing";
	const char *s = text + (*text == '@');
	const char *colon = strchr(s, ':');
	AUTO(mem_free_str) char *start = NULL;
	struct range r = { .inside = *text == '@',
			   .start = 0,
			   .end = INFINITY };
	enum unit low = NO_UNIT, high = NO_UNIT;

	if (colon) {
		start = mem_strndup(s, (size_t) (colon - s));
		if (strcmp(start, "~") == 0)
			r.start = -INFINITY;
		else if (parse_end(start, &r.start, &low) == -1)
			return wrong(text, number, err);
		s = colon + 1;
	}
	if ((*s != '\0' || !colon) && parse_end(s, &r.end, &high) == -1)
		return wrong(text, number, err);
	if (low == NO_UNIT && high == NO_UNIT)
		return wrong(text, number, err);
	if (low != NO_UNIT && high != NO_UNIT && low != high)
		return wrong(text, "its ends are of different units", err);
	if (r.start > r.end)
		return wrong(text, "its start is behind its end", err);
	r.share = low == SHARE || high == SHARE;
	*ret = r;
	return 0;
}

bool range_alerts(const struct range *r, double value)
{
	return (value >= r->start && value <= r->end) == r->inside;
}

void range_text(const struct range *r, struct sbuf *out)
{
	if (r->inside)
		sbuf_addc(out, '@');
	if (isinf(r->start))
		sbuf_addc(out, '~');
	else
		sbuf_addf(out, "%.0f", r->start);
	sbuf_addc(out, ':');
	if (!isinf(r->end))
		sbuf_addf(out, "%.0f", r->end);
}
