/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdbool.h>
#include "num.h"

/* The decimal digits at *S; false when there are none or too many. */
static bool digits(const char **s, uint64_t *ret)
{
	const char *p = *s;
	uint64_t value = 0;

	if (*p < '0' || *p > '9')
		return false;
	for (; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(value, 10u, &value) ||
		    __builtin_add_overflow(value, (uint64_t) (*p - '0'),
					   &value))
			return false;
	*s = p;
	*ret = value;
	return true;
}

static bool too_long(const char *s)
{
	return strnlen(s, 65) > 64;
}

int num_int(const char *s, int64_t min, int64_t max, int64_t *ret,
	    struct err *err)
{
	const char *p = s;
	bool negative = *p == '-';
	uint64_t magnitude;
	int64_t value;

	if (negative)
		p++;
	if (too_long(s) || *p < '0' || *p > '9' ||
	    p[strspn(p, "0123456789")] != '\0')
		return err_set(err, ERR_INPUT, "\"%.64s\" is not a number", s);
	if (!digits(&p, &magnitude) ||
	    magnitude > (uint64_t) INT64_MAX + negative)
		goto out_of_range;
	value = (int64_t) (negative ? -magnitude : magnitude);
	if (value < min || value > max)
		goto out_of_range;
	*ret = value;
	return 0;
out_of_range:
	return err_set(err, ERR_INPUT,
		       "%s is out of range, %" PRId64 " to %" PRId64
		       " is accepted",
		       s, min, max);
}

static int64_t unit_seconds(const char *s)
{
	if (s[0] != '\0' && s[1] != '\0')
		return 0;
	switch (s[0]) {
	case '\0':
	case 's':
		return 1;
	case 'm':
		return 60;
	case 'h':
		return 3600;
	case 'd':
		return 86400;
	case 'w':
		return 7 * 86400;
	default:
		return 0;
	}
}

int num_duration(const char *s, int64_t max, int64_t *ret, struct err *err)
{
	const char *p = s + strspn(s, "0123456789");
	int64_t unit = unit_seconds(p), value;
	uint64_t count;

	if (too_long(s) || p == s || unit == 0)
		return err_set(err, ERR_INPUT,
			       "\"%.64s\" is not a duration such as 90s, 15m, "
			       "2h, 30d or 1w",
			       s);
	p = s;
	if (!digits(&p, &count) ||
	    __builtin_mul_overflow(count, unit, &value) || value > max)
		return err_set(err, ERR_INPUT,
			       "%s is too long, at most %" PRId64
			       " seconds are accepted",
			       s, max);
	*ret = value;
	return 0;
}

int num_mode(const char *s, mode_t *ret, struct err *err)
{
	size_t len = strspn(s, "01234567"), i;
	mode_t mode = 0;

	if (s[len] != '\0' || len < 3 || len > 5 || (len == 5 && s[0] != '0'))
		return err_set(err, ERR_INPUT,
			       "\"%.64s\" is not a file mode such as 0640", s);
	for (i = 0; i < len; i++)
		mode = mode * 8 + (mode_t) (s[i] - '0');
	*ret = mode;
	return 0;
}
