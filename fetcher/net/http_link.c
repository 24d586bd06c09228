/* SPDX-License-Identifier: MIT */
#include <stdbool.h>
#include <string.h>
#include <strings.h>
#include "http_link.h"

#define BLANK " \t"

/* Is REL one of the words of LIST? */
static bool has_word(const char *list, const char *rel)
{
	size_t n = strlen(rel);

	while (*list) {
		size_t word;

		list += strspn(list, BLANK);
		word = strcspn(list, BLANK);
		if (word == n && strncasecmp(list, rel, n) == 0)
			return true;
		list += word;
	}
	return false;
}

/* A token or a quoted string at *P, in ARENA. */
static char *value_of(const char **p, struct arena *arena)
{
	char *value, *to;
	size_t n;

	if (**p != '"') {
		n = strcspn(*p, ";," BLANK);
		value = arena_strndup(arena, *p, n);
		*p += n;
		return value;
	}
	value = to = arena_strdup(arena, ++*p);
	for (; **p && **p != '"'; ++*p) {
		if (**p == '\\' && (*p)[1])
			++*p;
		*to++ = **p;
	}
	*to = '\0';
	if (**p)
		++*p;
	return value;
}

/* The parameters behind a reference, up to the comma or the end. True: they
 * say REL, and of this resource; the first "rel" counts. */
static bool params(const char **p, const char *rel, struct arena *arena)
{
	bool found = false, seen = false, other = false;

	for (;;) {
		const char *name, *value = "";
		size_t n;

		*p += strspn(*p, BLANK);
		if (**p != ';')
			break;
		++*p;
		*p += strspn(*p, BLANK);
		name = *p;
		n = strcspn(name, "=;,\"" BLANK);
		*p += n;
		*p += strspn(*p, BLANK);
		if (**p == '=') {
			++*p;
			*p += strspn(*p, BLANK);
			value = value_of(p, arena);
		}
		if (n == 3 && strncasecmp(name, "rel", n) == 0 && !seen) {
			seen = true;
			found = has_word(value, rel);
		}
		if (n == 6 && strncasecmp(name, "anchor", n) == 0)
			other = true;
	}
	return found && !other;
}

const char *http_link_next(const char **value, const char *rel,
			   struct arena *arena)
{
	const char *p = *value, *target;

	for (;;) {
		bool found;
		size_t n;

		p += strspn(p, "," BLANK);
		n = *p == '<' ? strcspn(p, ">") : 0;
		if (!n || !p[n])
			break;
		target = p + 1;
		p += n + 1;
		found = params(&p, rel, arena);
		if (*p && *p != ',')
			p = "";
		*value = p;
		if (found)
			return arena_strndup(arena, target, n - 1);
	}
	*value = "";
	return NULL;
}
