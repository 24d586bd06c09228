/* SPDX-License-Identifier: MIT */
#include "chains.h"
#include <stdlib.h>
#include "mem.h"

struct of_ca {
	const struct certrepo_ca *ca;
	int64_t looked, said; /* 0: not yet */
};

struct chains {
	struct of_ca *v;
	size_t n;
};

struct chains *chains_new(void)
{
	return mem_alloc(sizeof(struct chains));
}

void chains_free(struct chains **c)
{
	if (*c)
		free((*c)->v);
	free(*c);
	*c = NULL;
}

static struct of_ca *find(struct chains *c, const struct certrepo_ca *ca)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->v[i].ca == ca)
			return &c->v[i];
	c->v = mem_grow(c->v, c->n + 1, sizeof(*c->v));
	c->v[c->n] = (struct of_ca){ .ca = ca };
	return &c->v[c->n++];
}

static bool take(int64_t *at, int64_t now)
{
	/* A clock that was put back is no reason to wait for it. */
	if (*at && *at <= now && now - *at < CHAINS_EACH)
		return false;
	*at = now;
	return true;
}

bool chains_look(struct chains *c, const struct certrepo_ca *ca, int64_t now)
{
	return c && take(&find(c, ca)->looked, now);
}

bool chains_say(struct chains *c, const struct certrepo_ca *ca, int64_t now)
{
	return c && take(&find(c, ca)->said, now);
}
