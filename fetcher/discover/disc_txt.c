/* SPDX-License-Identifier: MIT */
#include "disc_txt.h"

#include <string.h>
#include <strings.h>

#define PATH_MAX_CHARS 500

static bool is_key(const char *s, size_t n, const char *key)
{
	return n == strlen(key) && strncasecmp(s, key, n) == 0;
}

static void take(const char *s, size_t n, struct arena *arena,
		 struct disc_txt *t)
{
	const char *eq = memchr(s, '=', n);
	size_t key = eq ? (size_t) (eq - s) : n;
	const char **to = is_key(s, key, "path") ? &t->path
			  : is_key(s, key, "i")	 ? &t->i
			  : is_key(s, key, "v")	 ? &t->v
						 : NULL;

	if (!to || *to || memchr(s, '\0', n))
		return;
	*to = eq ? arena_strndup(arena, eq + 1, n - key - 1) : "";
}

void disc_txt_parse(const unsigned char *strings, size_t len,
		    struct arena *arena, struct disc_txt *ret)
{
	struct disc_txt t = { .path = NULL };
	size_t at = 0;

	while (at < len) {
		size_t n = strings[at++];

		if (n > len - at)
			break;
		take((const char *) strings + at, n, arena, &t);
		at += n;
	}
	*ret = t;
}

bool disc_txt_lists(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (; list && *list; list += *list == ',') {
		size_t len;

		list += strspn(list, " ");
		len = strcspn(list, ",");
		while (len > 0 && list[len - 1] == ' ')
			len--;
		if (len == n && strncasecmp(list, word, n) == 0)
			return true;
		list += strcspn(list, ",");
	}
	return false;
}

bool disc_txt_path_ok(const char *path)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "abcdefghijklmnopqrstuvwxyz0123456789"
				      "-._~!$&'()*+,;=:@/?%";
	size_t n = strlen(path);

	return n > 0 && n <= PATH_MAX_CHARS && *path == '/' &&
	       strspn(path, allowed) == n;
}
