/* SPDX-License-Identifier: MIT */

#include <string.h>
#include "clock.h"
#include "hook.h"
#include "log.h"
#include "prove.h"
#include "remember.h"
#include "say.h"
#include "txn_end.h"

static bool eq(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

static void save_state(const struct txn_part *p)
{
	struct err err = ERR_INIT;

	if (svcstate_save(p->run->conf->state_dir, p->svc->name, p->state,
			  &err) == -1)
		log_warn("service %s: %s", p->svc->name, err.msg);
}

/* --- going back --- */

void txn_end_unproven(struct txn_part *p, const char *what)
{
	const char *force =
		p->svc ? arena_printf(p->run->arena,
				      "; " SAY_FORCE
				      " gives up the way back, and installs "
				      "what the store has",
				      host_name_for(p->run, p->svc))
		       : "";

	err_set(&p->err, ERR_CHILD,
		"%.400s; %s: %.800s%s; the next run tries again%s",
		p->j->reason, what, p->err.msg, say_on_disk(p->run, p->svc),
		force);
	p->result = TXN_UNPROVEN;
	if (!p->svc)
		return;
	prove_report(p, RECEIPT_FAILED, p->err.msg);
	prove_report_endpoints(p, true, RECEIPT_FAILED);
}

bool txn_end_was_first(const struct txn_part *p)
{
	for (size_t i = 0; i < p->j->n_ops; i++)
		if (p->j->ops[i].old)
			return false;
	return p->j->n_ops > 0;
}

/* What is there, and what a person or the next run does about it. */
static const char *what_next(const struct txn_part *p)
{
	const char *stays = say_on_disk(p->run, p->svc);
	struct arena *a = p->run->arena;

	return p->j->back ? stays
	       : p->j->no_hold || !p->j->hold
		       ? arena_printf(a, "%s; the next run tries again", stays)
		       : arena_printf(a, "%s; mend it, then run: " SAY_FORCE,
				      stays, host_name_for(p->run, p->svc));
}

/* To wait would help nobody. */
void txn_end_lost(struct txn_part *p)
{
	bool held = p->svc && !p->j->no_hold && p->j->hold;
	const char *why = p->err.msg, *reason = p->j->reason;
	struct arena *a = p->run->arena;
	const char *story =
		eq(why, reason)
			? arena_printf(a, "%s; what is there stays", why)
			: arena_printf(a,
				       "%s; there is no way back (%s), what is "
				       "there stays",
				       reason, why);

	err_set(&p->err, ERR_CONFLICT, "%s%s", story, held ? what_next(p) : "");
	if (!p->svc)
		return;
	prove_report(p, RECEIPT_FAILED, p->err.msg);
	prove_report_endpoints(p, p->j->state == JOURNAL_ROLLBACK,
			       RECEIPT_FAILED);
	if (held)
		svcstate_set_hold(p->state, p->j->hold, story);
	save_state(p);
}

void txn_end_back(struct txn_part *p)
{
	const char *set = p->j->back ? "not gone back, the set that was there"
				     : "rolled back, the old set";
	const char *reason = p->j->reason, *why = NULL;
	bool shows = prove_shows_old(p, &why);

	/* As if a person had not tried. */
	if (!p->j->back || !shows) {
		prove_report(p, RECEIPT_ROLLED_BACK, reason);
		prove_report_endpoints(p, true, RECEIPT_FAILED);
	}
	if (!p->j->no_hold && p->j->hold)
		svcstate_set_hold(p->state, p->j->hold, reason);
	if (!shows && p->svc->wait > 0)
		svcstate_set_waiting(p->state, p->run->now);
	if (txn_end_was_first(p))
		err_set(&p->err, ERR_CHILD,
			"%s; rolled back, the new files are gone again, there "
			"were none before%s",
			reason, what_next(p));
	else if (!shows)
		err_set(&p->err, ERR_CHILD, "%s; %s is in place, but %s%s",
			reason, set, why, what_next(p));
	else
		err_set(&p->err, ERR_CHILD, "%s; %s is %s%s", reason, set,
			p->svc->n_endpoints > 0 ? "served" : "in place",
			what_next(p));
	save_state(p);
	log_event(LOG_L_RECORD, p->j->back ? "not-gone-back" : "rolled-back",
		  "service", p->svc->name, "reason", reason, NULL);
}

/* --- going forward --- */

/* What came of the whole service. */
static enum receipt_state state_of(const struct txn_part *p)
{
	if (p->stopped || p->result == TXN_UNSEEN)
		return RECEIPT_INSTALLED;
	if (p->result == TXN_SAME)
		return RECEIPT_FAILED;
	if (p->result == TXN_WAITING)
		return RECEIPT_WAITING;
	return RECEIPT_SERVED;
}

/* STATE of certificate NAME, or NULL, in people's logs. */
static const char *word_of(const struct txn_part *p, const char *name,
			   enum receipt_state state)
{
	if (p->result == TXN_SAME)
		state = RECEIPT_INSTALLED;
	return receipt_state_name(prove_state(p, name, state));
}

static void announce(const struct txn_part *p, enum receipt_state state)
{
	/* A field, or the end. */
	const char *by = p->j->back ? "by" : NULL;
	bool said = false;

	for (size_t i = 0; i < p->j->n_certs; i++) {
		const struct journal_cert *c = &p->j->certs[i];
		char until[CLOCK_TEXT];

		if (!c->fingerprint || (eq(c->fingerprint, c->old) && !c->left))
			continue;
		log_event(LOG_L_INFO, word_of(p, c->name, state), "service",
			  p->svc->name, "name", c->name, "fingerprint",
			  c->fingerprint, "until",
			  clock_text(c->not_after, until), by, "rollback",
			  NULL);
		said = true;
	}
	if (!said)
		log_event(LOG_L_INFO, word_of(p, NULL, state), "service",
			  p->svc->name, by, "rollback", NULL);
}

int txn_end_post(struct txn_part *p, enum receipt_state state)
{
	if (hook_run(p->svc, HOOK_POST, NULL, &p->err) == 0) {
		svcstate_set_post(p->state, 0, 0, NULL);
		return 0;
	}
	err_wrap(&p->err, "%s, but afterwards", word_of(p, NULL, state));
	svcstate_set_post(p->state, p->state->post_count + 1, p->run->now,
			  arena_strdup(p->run->arena, p->err.msg));
	return -1;
}

void txn_end_done(struct txn_part *p)
{
	enum receipt_state state = state_of(p);

	if (p->result == TXN_SERVED && !p->stopped) {
		/* Those of an earlier change count no more. */
		svcstate_set_post(p->state, 0, 0, NULL);
		if (txn_end_post(p, state) == -1)
			p->result = TXN_UNSEEN;
	}
	prove_report(p, state, p->result != TXN_SERVED ? p->err.msg : NULL);
	if (!p->stopped)
		prove_report_endpoints(p, false,
				       p->result == TXN_WAITING
					       ? RECEIPT_WAITING
					       : RECEIPT_FAILED);
	remember_change(p);
	save_state(p);
	announce(p, state);
}
