/* SPDX-License-Identifier: MIT */

#include "centre.h"

const struct store_conf *centre_conf(const struct host *r)
{
	return r->conf->receipts ? r->conf->receipts : r->conf->store;
}

struct store *centre_open(struct host *r, struct store *store, struct err *err)
{
	struct err *away = &r->centre_away;

	if (!r->conf->receipts && store)
		return store;
	if (!r->conf->receipts) {
		err_set(err, ERR_UNAVAILABLE, "the store is away");
		return NULL;
	}
	if (!r->centre && away->kind == ERR_NONE &&
	    store_open(r->conf->receipts, STORE_HOST, &r->centre, away) == -1)
		r->centre = NULL;
	if (!r->centre)
		err_set(err, away->kind, "%s", away->msg);
	return r->centre;
}

void centre_close(struct host *r)
{
	store_free(&r->centre);
	err_clear(&r->centre_away);
}
