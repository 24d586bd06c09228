/* SPDX-License-Identifier: MIT */
#include "ca_names.h"
#include <stdlib.h>
#include <string.h>
#include "mem.h"

void ca_names_push(struct ca_names *q, const struct ca_queue_name *n)
{
	struct ca_queue_name *to;

	if (q->n == q->cap) {
		if (q->head > 0)
			memmove(q->v, q->v + q->head,
				(q->n - q->head) * sizeof(q->v[0]));
		q->n -= q->head;
		q->head = 0;
		if (2 * q->n >= q->cap) {
			q->cap = q->cap ? 2 * q->cap : 64;
			q->v = mem_grow(q->v, q->cap, sizeof(q->v[0]));
		}
	}
	to = &q->v[q->n++];
	*to = *n;
	to->name = mem_strdup(n->name);
	to->ca_name = n->ca_name ? mem_strdup(n->ca_name) : NULL;
}

bool ca_names_pop(struct ca_names *q, struct ca_queue_name *ret)
{
	if (q->head == q->n)
		return false;
	*ret = q->v[q->head++];
	return true;
}

size_t ca_names_left(const struct ca_names *q)
{
	return q->n - q->head;
}

void ca_names_free(struct ca_names *q)
{
	struct ca_queue_name name;

	while (ca_names_pop(q, &name)) {
		free(name.name);
		free(name.ca_name);
	}
	free(q->v);
	*q = (struct ca_names){ .v = NULL };
}
