/* SPDX-License-Identifier: MIT */

#include "hook.h"
#include "prepare.h"
#include "prove.h"
#include "rekey.h"
#include "wayback.h"

bool wayback_forced(const struct txn_part *p)
{
	return p->run->force && p->svc && host_wants(p->run, p->svc);
}

void wayback_give_up(struct txn_part *p, const char *why)
{
	p->result = TXN_LOST;
	p->j->no_hold = true;
	err_set(&p->err, ERR_CONFLICT, "%s", why);
}

bool wayback_ends(struct txn_part *p)
{
	const char *why = prepare_moved(p);

	if (!why)
		why = prepare_unfit_back(p);
	if (why)
		wayback_give_up(p, why);
	return why;
}

/* Where there was nothing before, what is served now is not taken away: the
 * service may not start without it. */
static void keep_first(struct txn_part *p)
{
	struct err err = ERR_INIT;
	bool looked = false;

	for (size_t i = 0; i < p->j->n_certs; i++) {
		const struct journal_cert *c = &p->j->certs[i];

		/* A key goes back with all that is of it. */
		if (!c->fingerprint || c->old || rekey_has(p, c->name))
			continue;
		if (!looked)
			(void) !prove_served_now(p, &err);
		looked = true;
		if (prove_shows_new(p, c->name))
			prepare_keep(p, c->name);
	}
}

/* It may have died of what it was told, and has no other set to start with. */
static void start_new(struct txn_part *p)
{
	struct err err = ERR_INIT;

	if (p->svc->hooks[HOOK_START].n == 0 ||
	    prove_served_now(p, &err) == 0 || prove_only_unseen(p) ||
	    hook_run(p->svc, HOOK_START, NULL, &err) == -1)
		return;
	(void) !prove_served(p, &err);
}

bool wayback_stays(struct txn_part *p)
{
	const char *why = NULL;

	if (!p->j->activated || p->j->n_ops == 0)
		return false;
	keep_first(p);
	if (p->j->n_ops == 0)
		why = "there was none before, and what is new is served";
	else if (!prepare_moved(p) && prepare_fits(p))
		why = prepare_unfit_back(p);
	if (!why)
		return false;
	if (p->j->n_ops > 0)
		start_new(p);
	wayback_give_up(p, why);
	return true;
}
