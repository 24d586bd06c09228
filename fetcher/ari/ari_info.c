/* SPDX-License-Identifier: MIT */
#include "ari_info.h"
#include <ctype.h>
#include <jansson.h>
#include <string.h>
#include <time.h>
#include "plain.h"

#define YEAR_9999 253402300799

static void doc_free(json_t **doc)
{
	json_decref(*doc);
	*doc = NULL;
}

/* --- instants (RFC 3339 section 5.6) --- */

/* N digits of *S into *ret, from MIN to MAX. */
static bool digits(const char **s, int n, int min, int max, int *ret)
{
	int v = 0;

	for (; n; n--, (*s)++) {
		if (!isdigit((unsigned char) **s))
			return false;
		v = 10 * v + (**s - '0');
	}
	*ret = v;
	return v >= min && v <= max;
}

static bool sign(const char **s, const char *any, char *ret)
{
	if (!**s || !strchr(any, **s))
		return false;
	*ret = *(*s)++;
	return true;
}

/* Nanoseconds; more digits say nothing. */
static bool fraction(const char **s, int64_t *ret)
{
	int64_t unit = 100000000;

	*ret = 0;
	if (**s != '.')
		return true;
	(*s)++;
	if (!isdigit((unsigned char) **s))
		return false;
	for (; isdigit((unsigned char) **s); (*s)++, unit /= 10)
		*ret += unit * (**s - '0');
	return true;
}

static bool offset(const char **s, int64_t *ret)
{
	int hours, minutes;
	char c;

	if (!sign(s, "Zz+-", &c))
		return false;
	*ret = 0;
	if (c == 'Z' || c == 'z')
		return true;
	if (!digits(s, 2, 0, 23, &hours) || *(*s)++ != ':' ||
	    !digits(s, 2, 0, 59, &minutes))
		return false;
	*ret = 60 * (60 * hours + minutes) * (c == '-' ? -1 : 1);
	return true;
}

static bool date(const char **s, struct tm *tm)
{
	static const int days[] = { 31, 29, 31, 30, 31, 30,
				    31, 31, 30, 31, 30, 31 };
	char c;
	int y;

	if (!digits(s, 4, 1970, 9999, &tm->tm_year) || !sign(s, "-", &c) ||
	    !digits(s, 2, 1, 12, &tm->tm_mon) || !sign(s, "-", &c) ||
	    !digits(s, 2, 1, days[tm->tm_mon - 1], &tm->tm_mday))
		return false;
	y = tm->tm_year;
	if (tm->tm_mon == 2 && tm->tm_mday == 29 &&
	    (y % 4 || (y % 100 == 0 && y % 400)))
		return false;
	tm->tm_year -= 1900;
	tm->tm_mon--;
	return true;
}

struct instant {
	int64_t seconds, nano;
};

static bool instant(const char *s, struct instant *ret)
{
	struct tm tm = { 0 };
	int64_t ahead;
	char c;

	if (!s || !date(&s, &tm) || !sign(&s, "Tt ", &c) ||
	    !digits(&s, 2, 0, 23, &tm.tm_hour) || !sign(&s, ":", &c) ||
	    !digits(&s, 2, 0, 59, &tm.tm_min) || !sign(&s, ":", &c) ||
	    !digits(&s, 2, 0, 60, &tm.tm_sec) || !fraction(&s, &ret->nano) ||
	    !offset(&s, &ahead) || *s)
		return false;
	ret->seconds = timegm(&tm) - ahead;
	return ret->seconds > 0 && ret->seconds <= YEAR_9999;
}

static int get_instant(const json_t *window, const char *key,
		       struct instant *ret, struct err *err)
{
	const char *s = json_string_value(json_object_get(window, key));
	char said[PLAIN_QUOTED];

	if (instant(s, ret))
		return 0;
	return err_set(err, ERR_INPUT,
		       "the suggestedWindow has no \"%s\" that is an instant: "
		       "%s",
		       key, plain_quoted(s ? s : "", said));
}

/* --- the answer --- */

static const char *get_url(const json_t *doc, struct arena *arena)
{
	const char *s =
		json_string_value(json_object_get(doc, "explanationURL"));
	const char *host;
	size_t n = s ? strlen(s) : 0;

	if (!n || n > ARI_URL_MAX)
		return NULL;
	host = strncasecmp(s, "https://", 8) == 0  ? s + 8
	       : strncasecmp(s, "http://", 7) == 0 ? s + 7
						   : "";
	for (size_t i = 0; i < n; i++)
		if (s[i] <= ' ' || s[i] > '~')
			return NULL;
	return *host ? arena_strdup(arena, s) : NULL;
}

static int check(const json_t *doc, struct arena *arena, struct ari_info *ret,
		 struct err *err)
{
	const json_t *window = json_object_get(doc, "suggestedWindow");
	struct instant start, end;

	if (!json_is_object(window))
		return err_set(err, ERR_INPUT,
			       "the renewal information has no "
			       "suggestedWindow");
	if (get_instant(window, "start", &start, err) == -1 ||
	    get_instant(window, "end", &end, err) == -1)
		return -1;
	if (end.seconds < start.seconds ||
	    (end.seconds == start.seconds && end.nano <= start.nano))
		return err_set(err, ERR_INPUT,
			       "the suggestedWindow ends before it begins");
	ret->start = start.seconds + (start.nano > 0);
	ret->end = end.seconds > ret->start ? end.seconds : ret->start + 1;
	ret->url = get_url(doc, arena);
	return 0;
}

int ari_info_parse(const void *json, size_t len, struct arena *arena,
		   struct ari_info *ret, struct err *err)
{
	AUTO(doc_free) json_t *doc = NULL;
	struct ari_info info;
	char said[PLAIN_QUOTED];
	json_error_t je = { .text = "" };

	if (len > ARI_BODY_MAX)
		return err_set(err, ERR_INPUT,
			       "the renewal information is too large");
	doc = json_loadb(json, len, JSON_REJECT_DUPLICATES, &je);
	if (!json_is_object(doc))
		return err_set(err, ERR_INPUT,
			       "the renewal information is not a JSON object: "
			       "%s",
			       plain_quoted(je.text, said));
	if (check(doc, arena, &info, err) == -1)
		return -1;
	*ret = info;
	return 0;
}

int64_t ari_info_again(int64_t now, int64_t retry_at)
{
	if (!retry_at)
		return now + ARI_EVERY;
	if (retry_at < now + ARI_EVERY_LESS)
		return now + ARI_EVERY_LESS;
	return retry_at > now + ARI_EVERY_MOST ? now + ARI_EVERY_MOST
					       : retry_at;
}

struct ari_choice ari_info_choose(const struct ari_info *info,
				  const struct ari_choice *was, uint32_t random)
{
	int64_t span = info->end - info->start;

	if (was->start == info->start && was->end == info->end &&
	    was->at >= was->start && was->at < was->end)
		return *was;
	span = span > 2 * ARI_LAST ? span - ARI_LAST : (span + 1) / 2;
	return (struct ari_choice){ .at = info->start + random % span,
				    .start = info->start,
				    .end = info->end };
}
