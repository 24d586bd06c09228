/* SPDX-License-Identifier: MIT */
#include "strlist.h"

void strlist_free(struct strlist *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		free(l->v[i]);
	free(l->v);
	*l = (struct strlist) STRLIST_INIT;
}

static void add_taken(struct strlist *l, char *s)
{
	if (l->n + 2 > l->cap) {
		l->cap = l->cap ? l->cap * 2 : 8;
		l->v = mem_grow(l->v, l->cap, sizeof(*l->v));
	}
	l->v[l->n++] = s;
	l->v[l->n] = NULL;
}

void strlist_add(struct strlist *l, const char *s)
{
	add_taken(l, mem_strdup(s));
}

void strlist_addf(struct strlist *l, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_taken(l, mem_vprintf(fmt, ap));
	va_end(ap);
}

bool strlist_has(const struct strlist *l, const char *s)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (strcmp(l->v[i], s) == 0)
			return true;
	return false;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

void strlist_sort_unique(struct strlist *l)
{
	size_t i, kept = 0;

	if (l->n == 0)
		return;
	qsort(l->v, l->n, sizeof(*l->v), compare);
	for (i = 1; i < l->n; i++) {
		if (strcmp(l->v[i], l->v[kept]) == 0)
			free(l->v[i]);
		else
			l->v[++kept] = l->v[i];
	}
	l->n = kept + 1;
	l->v[l->n] = NULL;
}

char *strlist_join(const struct strlist *l, const char *separator)
{
	size_t i, size = 1, gap = strlen(separator);
	char *joined, *end;

	for (i = 0; i < l->n; i++)
		size += strlen(l->v[i]) + gap;
	joined = end = mem_alloc(size);
	for (i = 0; i < l->n; i++) {
		if (i > 0)
			end = mempcpy(end, separator, gap);
		end = mempcpy(end, l->v[i], strlen(l->v[i]));
	}
	return joined;
}
