/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include "intern.h"

#define FIRST_CAP 256

struct slot {
	const void *p;
	uint32_t hash, len;
};

struct intern {
	struct arena *arena;
	struct slot *v;
	size_t cap, n;
};

static uint64_t key_of_run(void)
{
	static uint64_t key;

	/* Without one it is slower where somebody means it to be. */
	if (key == 0 &&
	    getrandom(&key, sizeof(key), GRND_NONBLOCK) != sizeof(key))
		key = 0;
	key |= 1;
	return key;
}

static uint64_t mix(uint64_t a, uint64_t b)
{
	unsigned __int128 m = (unsigned __int128) a * b;

	return (uint64_t) m ^ (uint64_t) (m >> 64);
}

static uint32_t hash_of(const void *p, size_t len)
{
	const unsigned char *s = p;
	uint64_t key = key_of_run(), h = key ^ len, block;

	while (len > 0) {
		size_t n = len < sizeof(block) ? len : sizeof(block);

		block = 0;
		memcpy(&block, s, n);
		h = mix(h ^ block, key ^ UINT64_C(0x9e3779b97f4a7c15));
		s += n;
		len -= n;
	}
	return (uint32_t) mix(h, UINT64_C(0xd6e8feb86659fd93));
}

struct intern *intern_new(struct arena *a)
{
	struct intern *in = mem_alloc(sizeof(*in));

	in->arena = a;
	in->cap = FIRST_CAP;
	in->v = mem_array(in->cap, sizeof(*in->v));
	return in;
}

void intern_free(struct intern **in)
{
	if (!*in)
		return;
	free((*in)->v);
	free(*in);
	*in = NULL;
}

static void intern_grow(struct intern *in)
{
	struct slot *old = in->v;
	size_t cap = in->cap;

	in->cap *= 2;
	in->v = mem_array(in->cap, sizeof(*in->v));
	for (size_t i = 0; i < cap; i++) {
		size_t at = old[i].hash & (in->cap - 1);

		if (!old[i].p)
			continue;
		while (in->v[at].p)
			at = (at + 1) & (in->cap - 1);
		in->v[at] = old[i];
	}
	free(old);
}

const void *intern_bytes(struct intern *in, const void *p, size_t len)
{
	uint32_t hash = hash_of(p, len);
	size_t at = hash & (in->cap - 1);
	struct slot *s;

	for (s = &in->v[at]; s->p; s = &in->v[at]) {
		if (s->hash == hash && s->len == len &&
		    memcmp(s->p, p, len) == 0)
			return s->p;
		at = (at + 1) & (in->cap - 1);
	}
	*s = (struct slot){ .p = arena_dup(in->arena, p, len),
			    .hash = hash,
			    .len = (uint32_t) len };
	p = s->p;
	if (++in->n * 4 > in->cap * 3)
		intern_grow(in);
	return p;
}

const char *intern_str(struct intern *in, const char *s)
{
	return s ? intern_bytes(in, s, strlen(s) + 1) : NULL;
}

/* --- places --- */

/* The slot of S, or the empty one where it belongs. */
static size_t slot_of(const struct places *p, const void *table,
		      places_key *key, const char *s)
{
	size_t at = hash_of(s, strlen(s)) & (p->cap - 1);

	while (p->v[at] > 0 && strcmp(key(table, p->v[at] - 1), s) != 0)
		at = (at + 1) & (p->cap - 1);
	return at;
}

uint32_t places_find(const struct places *p, const void *table, places_key *key,
		     const char *s)
{
	size_t at;

	if (p->cap == 0)
		return PLACES_NONE;
	at = slot_of(p, table, key, s);
	return p->v[at] > 0 ? p->v[at] - 1 : PLACES_NONE;
}

static void places_grow(struct places *p, const void *table, places_key *key)
{
	struct places big = { .cap = p->cap > 0 ? p->cap * 2 : FIRST_CAP };

	big.v = mem_array(big.cap, sizeof(*big.v));
	for (size_t i = 0; i < p->cap; i++)
		if (p->v[i] > 0)
			places_add(&big, table, key, p->v[i] - 1);
	free(p->v);
	*p = big;
}

void places_add(struct places *p, const void *table, places_key *key,
		uint32_t place)
{
	if ((p->n + 1) * 4 > p->cap * 3)
		places_grow(p, table, key);
	p->v[slot_of(p, table, key, key(table, place))] = place + 1;
	p->n++;
}

void places_free(struct places *p)
{
	free(p->v);
	*p = (struct places){ .v = NULL };
}
