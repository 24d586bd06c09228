/* SPDX-License-Identifier: MIT */
#include <stdint.h>
#include <stddef.h>
#include "arena.h"

#define BLOCK_SIZE 8192
#define ALIGN	   __alignof__(max_align_t)

struct block {
	struct block *next;
	size_t used;
	size_t size;
	max_align_t data[];
};

struct arena {
	struct block *first; /* the one allocations are taken from */
};

static struct block *block_new(size_t size)
{
	struct block *b;

	if (size < BLOCK_SIZE)
		size = BLOCK_SIZE;
	if (size > SIZE_MAX - sizeof(*b))
		mem_exhausted();
	b = mem_alloc(sizeof(*b) + size);
	b->size = size;
	return b;
}

struct arena *arena_new(void)
{
	struct arena *a = mem_alloc(sizeof(*a));

	a->first = block_new(0);
	return a;
}

static void blocks_free(struct block *b)
{
	struct block *next;

	for (; b; b = next) {
		next = b->next;
		free(b);
	}
}

void arena_free(struct arena **a)
{
	if (!*a)
		return;
	blocks_free((*a)->first);
	free(*a);
	*a = NULL;
}

void arena_clear(struct arena *a)
{
	struct block *keep = a->first;

	blocks_free(keep->next);
	keep->next = NULL;
	memset(keep->data, 0, keep->used);
	keep->used = 0;
}

void *arena_alloc(struct arena *a, size_t size)
{
	struct block *b = a->first;
	void *p;

	if (size == 0)
		size = 1;
	if (size <= SIZE_MAX - ALIGN)
		size = (size + ALIGN - 1) & ~(ALIGN - 1);
	if (size > b->size - b->used) {
		struct block *fresh = block_new(size);

		/* A large one goes behind the first, whose rest stays good. */
		if (size >= BLOCK_SIZE / 2) {
			fresh->next = b->next;
			b->next = fresh;
		} else {
			fresh->next = b;
			a->first = fresh;
		}
		b = fresh;
	}
	p = (char *) b->data + b->used;
	b->used += size;
	return p;
}

void *arena_array(struct arena *a, size_t count, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(count, size, &total))
		mem_exhausted();
	return arena_alloc(a, total);
}

void *arena_dup(struct arena *a, const void *p, size_t len)
{
	void *copy = arena_alloc(a, len);

	if (len)
		memcpy(copy, p, len);
	return copy;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return s ? arena_dup(a, s, strlen(s) + 1) : NULL;
}

char *arena_strndup(struct arena *a, const char *s, size_t len)
{
	char *copy;

	if (!s)
		return NULL;
	len = strnlen(s, len);
	copy = arena_alloc(a, len + 1);
	memcpy(copy, s, len);
	return copy;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	AUTO(mem_free_str) char *s = NULL;
	va_list ap;

	va_start(ap, fmt);
	s = mem_vprintf(fmt, ap);
	va_end(ap);
	return arena_strdup(a, s);
}
