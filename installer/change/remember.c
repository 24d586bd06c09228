/* SPDX-License-Identifier: MIT */

#include <string.h>
#include "remember.h"

static bool eq(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

/* The files that are there now: somebody wants them. */
static void free_files(struct txn_part *p, const char *cert)
{
	char files[ENC_SHA256_HEX];

	for (size_t i = 0; i < p->svc->n_certs; i++) {
		if (strcmp(p->svc->certs[i].conf->name, cert) != 0)
			continue;
		if (judge_digest(&p->svc->certs[i], files, NULL) == 0)
			svcstate_free_cert(p->state, cert, files);
	}
}

/* What the certificate FINGERPRINT is held by, if it is known whole. */
static const char *identity(const struct txn_part *p, const char *fingerprint)
{
	for (size_t i = 0; p->g && i < p->g->n; i++) {
		const struct x509_chain *both[] = { p->g->v[i].disk,
						    p->g->v[i].chain };

		for (size_t k = 0; k < ARRAY_LEN(both); k++)
			if (both[k] &&
			    eq(x509_chain_fingerprint(both[k]), fingerprint))
				return x509_chain_tbs(both[k]);
	}
	return fingerprint;
}

static void remember_steps(struct txn_part *p)
{
	for (size_t i = 0; p->g && i < p->g->n; i++) {
		const struct judge_cert *c = &p->g->v[i];

		if (c->verdict != PLAN_PUT || (!c->sideways && !c->dated_back))
			continue;
		/* What begins later is newer again, whenever it comes. */
		if (c->sideways)
			svcstate_step(p->state, p->run->arena,
				      c->svc->conf->name,
				      x509_chain_tbs(c->disk));
		svcstate_step(p->state, p->run->arena, c->svc->conf->name,
			      x509_chain_tbs(c->chain));
	}
}

void remember_change(struct txn_part *p)
{
	const struct journal *j = p->j;
	struct arena *a = p->run->arena;

	for (size_t i = 0; i < j->n_certs; i++) {
		const struct journal_cert *c = &j->certs[i];
		const char *from;

		if (!c->fingerprint)
			continue;
		svcstate_set_cert(p->state, a, c->name, c->fingerprint,
				  c->not_before);
		if (eq(c->fingerprint, c->old) && !c->left)
			continue;
		svcstate_free_cert(p->state, c->name, c->fingerprint);
		svcstate_free_cert(p->state, c->name,
				   identity(p, c->fingerprint));
		free_files(p, c->name);
		from = c->left ? c->left : j->back ? c->old : NULL;
		if (from)
			svcstate_hold_cert(p->state, a, c->name,
					   identity(p, from));
	}
	remember_steps(p);
	svcstate_set_hold(p->state, NULL, NULL);
	/* Telling it did not help, and would not the next time. */
	if (p->result == TXN_SAME)
		svcstate_set_activate(p->state, PLAN_ACTIVATE_TRIES,
				      p->run->now);
	else
		svcstate_set_activate(p->state, 0, 0);
	svcstate_set_waiting(p->state,
			     p->result == TXN_WAITING ? p->run->now : 0);
	(void) svcstate_unwarn(p->state);
}
