/* SPDX-License-Identifier: MIT */
#include "namemap.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "mem.h"

struct entry {
	char *name; /* NULL: free */
	int value;
};

/* Open addressing, at most half full; CAP is a power of two. */
struct namemap {
	struct entry *v;
	size_t n, cap;
};

struct namemap *namemap_new(void)
{
	struct namemap *m = mem_alloc(sizeof(*m));

	m->cap = 64;
	m->v = mem_array(m->cap, sizeof(m->v[0]));
	return m;
}

void namemap_clear(struct namemap *m)
{
	size_t i;

	for (i = 0; i < m->cap; i++)
		mem_free_str(&m->v[i].name);
	m->n = 0;
}

void namemap_free(struct namemap **m)
{
	if (!*m)
		return;
	namemap_clear(*m);
	free((*m)->v);
	free(*m);
	*m = NULL;
}

static uint64_t hash(const char *s)
{
	uint64_t h = 14695981039346656037u; /* FNV-1a */

	for (; *s; s++)
		h = (h ^ (unsigned char) *s) * 1099511628211u;
	return h;
}

static struct entry *find(const struct namemap *m, const char *name)
{
	size_t i = hash(name) & (m->cap - 1);

	while (m->v[i].name && strcmp(m->v[i].name, name) != 0)
		i = (i + 1) & (m->cap - 1);
	return &m->v[i];
}

static void grow(struct namemap *m)
{
	struct namemap bigger = { .n = m->n, .cap = 2 * m->cap };
	size_t i;

	bigger.v = mem_array(bigger.cap, sizeof(bigger.v[0]));
	for (i = 0; i < m->cap; i++)
		if (m->v[i].name)
			*find(&bigger, m->v[i].name) = m->v[i];
	free(m->v);
	*m = bigger;
}

void namemap_put(struct namemap *m, const char *name, int value)
{
	struct entry *e;

	if (2 * (m->n + 1) > m->cap)
		grow(m);
	e = find(m, name);
	if (!e->name) {
		e->name = mem_strdup(name);
		m->n++;
	}
	e->value = value;
}

int namemap_get(const struct namemap *m, const char *name)
{
	const struct entry *e = find(m, name);

	return e->name ? e->value : -1;
}

size_t namemap_count(const struct namemap *m, int value)
{
	size_t i, n = 0;

	for (i = 0; i < m->cap; i++)
		n += m->v[i].name && m->v[i].value == value;
	return n;
}
