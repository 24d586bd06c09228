/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <unistd.h>
#include "backup.h"
#include "deploy.h"
#include "lay.h"
#include "log.h"
#include "prepare.h"

/* What was put there goes again; what somebody else has put there stays, as
 * does P->err, the reason. */
static void undo(struct txn *t)
{
	const struct deploy_back b = { txn_state_dir(t), t->j, false };
	struct txn_part *p = &t->v[0];
	struct err err = ERR_INIT;
	enum deploy_lost lost;

	p->result = TXN_BACK;
	if (deploy_undo(&b, &lost, &err) == -1)
		p->result = lost == DEPLOY_MAY ? TXN_UNPROVEN : TXN_LOST;
	if (p->result == TXN_UNPROVEN)
		err_set(&p->err, err.kind,
			"%s; what was put there could not be taken away: %s; "
			"the next run tries again",
			t->j->reason, err.msg);
	txn_close(t);
}

static void turn_back(struct txn *t, const struct err *why)
{
	struct err err = ERR_INIT;

	err_set(&t->v[0].err, why->kind, "%s", why->msg);
	t->j->state = JOURNAL_ROLLBACK;
	t->j->reason = arena_strdup(t->run->arena, why->msg);
	/* The one on disk goes on with it, and comes to the same end. */
	if (txn_write(t, &err) == -1)
		log_warn("service %s: %s", t->j->service, err.msg);
	undo(t);
}

static void forward(struct txn *t)
{
	struct err err = ERR_INIT;

	if (deploy_commit(txn_state_dir(t), t->j, &err) == -1)
		return turn_back(t, &err);
	t->v[0].result = TXN_SERVED;
	txn_close(t);
}

void lay_recover(struct txn *t)
{
	struct txn_part *p = &t->v[0];
	struct err err = ERR_INIT;

	if (t->j->state == JOURNAL_ROLLBACK) {
		if (!t->j->reason)
			t->j->reason = "an earlier run failed";
		return undo(t);
	}
	if (p->svc)
		return forward(t);
	err_set(&err, ERR_CONFIG, "service %s is not configured any more",
		t->j->service);
	turn_back(t, &err);
}

static void failed(struct txn_part *p, const struct err *err)
{
	p->result = TXN_FAILED;
	err_set(&p->err, err->kind, "%s", err->msg);
}

/* A placeholder that nobody can use is the one thing that may be there. */
static bool replaces(const struct journal *j)
{
	for (size_t i = 0; i < j->n_ops; i++)
		if (j->ops[i].old)
			return true;
	return false;
}

static int prepare(struct txn *t, struct err *err)
{
	struct txn_part *p = &t->v[0];

	if (prepare_install(p, p->g, err) == -1 || txn_write(t, err) == -1 ||
	    (replaces(t->j) &&
	     backup_make(txn_state_dir(t), t->j, t->run->arena, err) == -1) ||
	    prepare_stage(p, p->g, err) == -1)
		return -1;
	t->j->state = JOURNAL_INSTALL;
	t->going = true;
	return txn_write(t, err);
}

void lay_install(struct host *r, struct txn_part *p)
{
	struct err err = ERR_INIT;
	struct txn t;

	if (txn_begin(&t, r, p, 1, &err) == -1)
		return failed(p, &err);
	t.j->placeholder = true;
	if (prepare(&t, &err) == 0)
		return forward(&t);
	if ((errno == EACCES || errno == EPERM) && geteuid() != 0)
		err_set(&err, err.kind, "%s; run this as root", err.msg);
	txn_abandon(&t);
	failed(p, &err);
}
