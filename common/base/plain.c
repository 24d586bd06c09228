/* SPDX-License-Identifier: MIT */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include "plain.h"

/* No NUL continues a sequence, so nothing is read behind the end. */
static size_t utf8_len(const unsigned char *p)
{
	unsigned char low = 0x80, high = 0xbf;
	size_t len, i;

	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	len = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (p[0] == 0xe0 || p[0] == 0xc2) /* U+0080 to U+009F: C1 */
		low = 0xa0;
	else if (p[0] == 0xed)
		high = 0x9f;
	else if (p[0] == 0xf0)
		low = 0x90;
	else if (p[0] == 0xf4)
		high = 0x8f;
	if (p[1] < low || p[1] > high)
		return 0;
	for (i = 2; i < len; i++)
		if (p[i] < 0x80 || p[i] > 0xbf)
			return 0;
	return len;
}

/* What turns the direction of all that follows, or ends a line: U+061C,
 * U+200E, U+200F, U+2028 to U+202E, U+2066 to U+2069. */
static bool turns(const unsigned char *p)
{
	if (p[0] == 0xd8)
		return p[1] == 0x9c;
	if (p[0] != 0xe2)
		return false;
	return (p[1] == 0x80 && (p[2] == 0x8e || p[2] == 0x8f ||
				 (p[2] >= 0xa8 && p[2] <= 0xae))) ||
	       (p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9);
}

static bool is_ascii(char c)
{
	return c >= ' ' && c <= '~';
}

size_t plain_len(const char *p)
{
	if ((unsigned char) *p < 0x80)
		return is_ascii(*p);
	return turns((const unsigned char *) p)
		       ? 0
		       : utf8_len((const unsigned char *) p);
}

void plain_utf8(char *s)
{
	while (*s) {
		size_t len = plain_len(s);

		if (len == 0)
			*s++ = '?';
		s += len;
	}
}

void plain_ascii(char *s)
{
	for (; *s; s++)
		if (!is_ascii(*s))
			*s = '?';
}

const char *plain_quoted(const char *text, char ret[PLAIN_QUOTED])
{
	const int max = PLAIN_QUOTED - 3;
	bool cut = strlen(text) > (size_t) max;

	snprintf(ret, PLAIN_QUOTED, "'%.*s%s'", cut ? max - 3 : max, text,
		 cut ? "..." : "");
	plain_ascii(ret);
	for (char *p = ret; (p = strchr(p, '"'));)
		*p = '\'';
	ret[0] = ret[strlen(ret) - 1] = '"';
	return ret;
}
