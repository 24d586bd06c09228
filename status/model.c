/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include "due.h"
#include "model.h"

int model_exit(const struct status_model *m)
{
	bool act = m->counts[STATUS_ACT] > 0 ||
		   m->host_counts[STATUS_ACT] > 0 ||
		   m->fetching.need == STATUS_ACT || m->all_requests > 0;

	for (size_t i = 0; i < FLEET_PARTS; i++)
		act = act || m->unread[i];
	for (size_t i = 0; i < m->n_cas; i++)
		act = act || m->cas[i].verdict.need == STATUS_ACT;
	return act;
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
