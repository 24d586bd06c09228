/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include "due.h"
#include "model.h"
#include "why.h"

/* Receipts of a host that are not well stand with their names, which were
 * chosen or not. */
static bool chosen_act(const struct status_model *m)
{
	for (size_t i = 0; i < m->n_host_order; i++) {
		const struct status_verdict *v =
			&m->hosts[m->host_order[i]].verdict;

		if (v->need == STATUS_ACT && v->why != WHY_HOST_BAD)
			return true;
	}
	/* What needs most comes first. */
	return m->n_order > 0 && m->names[m->order[0]].need == STATUS_ACT;
}

size_t model_cas_act(const struct status_model *m)
{
	size_t n = 0;

	for (size_t i = 0; i < m->n_cas; i++)
		n += m->cas[i].verdict.need == STATUS_ACT;
	return n;
}

static bool any_act(const struct status_model *m)
{
	return m->counts[STATUS_ACT] > 0 || m->host_counts[STATUS_ACT] > 0 ||
	       m->fetching.need == STATUS_ACT || m->all_requests > 0 ||
	       model_cas_act(m) > 0;
}

size_t model_unread(const struct status_model *m)
{
	size_t n = 0;

	for (size_t i = 0; i < FLEET_PARTS; i++)
		n += m->unread[i] ? 1 : 0;
	return n;
}

const struct status_ca *model_ca(const struct status_model *m, const char *ca)
{
	for (size_t i = 0; ca && i < m->n_cas; i++)
		if (strcmp(m->cas[i].name, ca) == 0)
			return &m->cas[i];
	return NULL;
}

int model_exit(const struct status_model *m)
{
	if (model_unread(m) > 0)
		return 1;
	return m->filtered ? chosen_act(m) : any_act(m);
}

bool model_past(const struct status_model *m, int64_t t)
{
	return t <= m->now + DUE_CLOCKS;
}

void model_free(struct status_model *m)
{
	free(m->names);
	free(m->hosts);
	free(m->receipts);
	free(m->order);
	free(m->host_order);
	arena_free(&m->arena);
}
