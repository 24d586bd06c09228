/* SPDX-License-Identifier: MIT */

#include "backup.h"
#include "deploy.h"
#include "log.h"
#include "txn_impl.h"

const char *txn_state_dir(const struct txn *t)
{
	return t->run->conf->state_dir;
}

int txn_write(const struct txn *t, struct err *err)
{
	return journal_write(t->path, t->j, t->n, err);
}

/* What is thrown away at the end, or it is left, and said: the journal stays
 * then, for the next run to try again. */
static bool thrown_away(const struct txn *t, const struct journal *j,
			bool backup)
{
	struct err err = ERR_INIT;

	if (deploy_discard(txn_state_dir(t), j, &err) == 0 &&
	    (!backup ||
	     backup_remove(txn_state_dir(t), j->service, j->gen, &err) == 0))
		return true;
	log_warn("service %s: %s; the next run tries again", j->service,
		 err.msg);
	return false;
}

/* Is J's backup to stay: a renewal's, which is what --rollback goes to, and the
 * only copy of what could not be put back. 1, 0, -1. */
static int backup_stays(const struct txn *t, const struct journal *j, bool lost,
			struct err *err)
{
	int stuck;

	if (lost || (!j->back && !j->reason))
		return 1;
	stuck = backup_stuck(txn_state_dir(t), j->service, j->gen, err);
	return stuck == -1 && err->kind == ERR_INPUT ? 0 : stuck;
}

static bool tidy(const struct txn *t, const struct journal *j, bool lost)
{
	struct err err = ERR_INIT;
	int stays = backup_stays(t, j, lost, &err);

	if (stays == -1)
		log_warn("service %s: %s; the next run tries again", j->service,
			 err.msg);
	if (stays == -1 || !thrown_away(t, j, stays == 0))
		return false;
	if (!j->back || j->reason ||
	    backup_remove(txn_state_dir(t), j->service, j->consumed, &err) == 0)
		return true;
	log_warn("service %s: %s; the next run tries again", j->service,
		 err.msg);
	return false;
}

/* What is left of it is what is at no end yet: LEFT says which. */
static void shrink_journal(const struct txn *t, const bool *left)
{
	struct journal *rest = arena_array(t->run->arena, t->n, sizeof(*rest));
	struct err err = ERR_INIT;
	size_t n = 0;

	for (size_t i = 0; i < t->n; i++)
		if (left[i])
			rest[n++] = t->j[i];
	if (n == t->n)
		return;
	if ((n == 0 ? journal_remove(t->path, &err)
		    : journal_write(t->path, rest, n, &err)) == -1)
		log_warn("service %s: %s", t->j[0].service, err.msg);
}

void txn_close(struct txn *t)
{
	bool left[JOURNAL_PARTS_MAX];
	struct err err = ERR_INIT;

	for (size_t i = 0; i < t->n; i++) {
		if (t->v[i].result != TXN_UNPROVEN)
			t->j[i].state = JOURNAL_CLOSE;
		if (t->v[i].result == TXN_LOST &&
		    backup_mark_stuck(txn_state_dir(t), &t->j[i], &err) == -1)
			log_warn("service %s: %s", t->j[i].service, err.msg);
	}
	/* What there is to say must outlive a kill before the store hears. */
	if ((t->run->receipts.n > 0 && t->run->conf->report &&
	     receipt_save(txn_state_dir(t), RECEIPTS_WAITING, &t->run->receipts,
			  &err) == -1) ||
	    txn_write(t, &err) == -1) {
		log_warn("service %s: %s", t->j[0].service, err.msg);
		return;
	}
	for (size_t i = 0; i < t->n; i++)
		left[i] = t->j[i].state != JOURNAL_CLOSE ||
			  !tidy(t, &t->j[i], t->v[i].result == TXN_LOST);
	shrink_journal(t, left);
}

void txn_abandon(struct txn *t)
{
	bool left[JOURNAL_PARTS_MAX];
	struct err err = ERR_INIT;

	for (size_t i = 0; t->going && i < t->n; i++) {
		t->j[i].state = JOURNAL_CLOSE;
		t->j[i].reason = "it could not begin";
	}
	if (t->going && txn_write(t, &err) == -1) {
		log_warn("service %s: %s; the next run goes on",
			 t->j[0].service, err.msg);
		return;
	}
	for (size_t i = 0; i < t->n; i++) {
		left[i] = !thrown_away(t, &t->j[i], true);
		if (!left[i])
			t->j[i].state = JOURNAL_CLOSE;
	}
	shrink_journal(t, left);
}

void txn_prune(const struct txn *t, const struct txn_part *p)
{
	struct err err = ERR_INIT;

	if (p->svc && backup_prune(txn_state_dir(t), p->svc,
				   (size_t) t->run->conf->keep, &err) == -1)
		log_warn("service %s: %s", p->svc->name, err.msg);
}
