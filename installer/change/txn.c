/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "hook.h"
#include "backup.h"
#include "deploy.h"
#include "lay.h"
#include "log.h"
#include "prepare.h"
#include "prove.h"
#include "rekey.h"
#include "say.h"
#include "txn_end.h"
#include "txn_impl.h"
#include "wayback.h"

static bool eq(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

const char *txn_journal_path(const struct host *r, const char *name)
{
	return arena_printf(r->arena, "%s/journal/%s", r->conf->state_dir,
			    name);
}

/* A certificate of both, or NULL: others are between them. */
static const char *in_both(const struct journal *a, const struct journal *b)
{
	for (size_t i = 0; i < a->n_certs; i++)
		for (size_t k = 0; k < b->n_certs; k++)
			if (strcmp(a->certs[i].name, b->certs[k].name) == 0)
				return a->certs[i].name;
	return NULL;
}

/* What PART has to say of a failure that was BLAME's. */
static const char *cause_for(const struct txn *t, const struct txn_part *part,
			     const struct txn_part *blame, const char *cause)
{
	const char *shared;

	if (part == blame || !blame)
		return arena_strdup(t->run->arena, cause);
	shared = in_both(part->j, blame->j);
	return arena_printf(t->run->arena, "service %s%s%s%s: %s",
			    blame->j->service, shared ? ", which uses " : "",
			    shared ? shared : "", shared ? " too" : "", cause);
}

/* --- going back --- */

/* A test that fails with the old set, too, says nothing against the new
 * one: nothing to hold against it. */
static bool test_fails_too(const struct txn *t, const struct txn_part *p)
{
	struct err err = ERR_INIT;

	return p->svc && (t->untested || !p->j->activated) &&
	       p->svc->hooks[HOOK_TEST].n > 0 &&
	       hook_run(p->svc, HOOK_TEST, NULL, &err) == -1;
}

/* What came of it, once the old files were put back, or not. UNCLEAR: nothing
 * is to be held against the new ones. */
static void end_back(struct txn_part *p, bool unclear)
{
	if (p->result != TXN_UNPROVEN)
		p->j->no_hold = p->j->no_hold || unclear;
	if (p->result == TXN_LOST)
		txn_end_lost(p);
	else if (p->result != TXN_BACK || !p->svc)
		return;
	else if (prove_back(p, &p->err) == 0)
		txn_end_back(p);
	else if (wayback_ends(p))
		txn_end_lost(p);
	else
		txn_end_unproven(p, "rolled back, but not proven");
}

static void put_back(struct txn *t, struct txn_part *p)
{
	const struct deploy_back b = { txn_state_dir(t), p->j,
				       !t->late && p->j->activated };
	enum deploy_lost lost;
	int rc;

	p->result = TXN_BACK;
	err_clear(&p->err);
	rc = deploy_undo(&b, &lost, &p->err);
	if (rc == -1 && lost != DEPLOY_MAY)
		p->result = TXN_LOST;
	else if (p->again && wayback_forced(p))
		wayback_give_up(
			p, rc == 0 ? "--force gives it up"
				   : arena_strdup(t->run->arena, p->err.msg));
	else if (rc == -1)
		txn_end_unproven(p, txn_end_was_first(p)
					    ? "the new files could not be "
					      "taken away"
					    : "the old files could not be put "
					      "back");
}

/* All parts that are in the state rollback. */
static void go_back(struct txn *t)
{
	struct err err = ERR_INIT;
	bool unclear = false;

	/* A journal that cannot be written (a full disk) must not keep the
	 * old set from coming back; the one on disk leads there as well. */
	if (txn_write(t, &err) == -1)
		log_warn("service %s: %s", t->j[0].service, err.msg);
	for (size_t i = 0; i < t->n; i++)
		if (t->j[i].state == JOURNAL_ROLLBACK)
			put_back(t, &t->v[i]);
	for (size_t i = 0; i < t->n; i++)
		unclear = unclear || (t->j[i].state == JOURNAL_ROLLBACK &&
				      t->v[i].result != TXN_LOST &&
				      test_fails_too(t, &t->v[i]));
	for (size_t i = 0; i < t->n; i++) {
		struct txn_part *p = &t->v[i];

		if (p->j->state == JOURNAL_ROLLBACK)
			end_back(p, unclear);
	}
	txn_close(t);
	for (size_t i = 0; i < t->n; i++)
		if (t->v[i].result == TXN_LOST)
			txn_prune(t, &t->v[i]);
}

/* BLAME failed, because of CAUSE: all go back. */
static void turn_back(struct txn *t, const struct txn_part *blame,
		      const char *cause)
{
	bool no_hold = blame->j->no_hold;

	for (size_t i = 0; i < t->n; i++) {
		t->j[i].no_hold = t->j[i].no_hold || no_hold;
		t->j[i].reason = cause_for(t, &t->v[i], blame, cause);
		if (wayback_stays(&t->v[i])) {
			t->j[i].state = JOURNAL_CLOSE;
			txn_end_lost(&t->v[i]);
		} else {
			t->j[i].state = JOURNAL_ROLLBACK;
		}
	}
	go_back(t);
}

/* --- going forward --- */

static void finish(struct txn *t)
{
	for (size_t i = 0; i < t->n; i++)
		txn_end_done(&t->v[i]);
	txn_close(t);
	for (size_t i = 0; i < t->n; i++)
		txn_prune(t, &t->v[i]);
}

/* Found after a kill long ago. */
static bool expired(const struct txn_part *p)
{
	for (size_t i = 0; i < p->j->n_certs && !p->j->back; i++)
		if (p->j->certs[i].fingerprint &&
		    p->j->certs[i].not_after <= p->run->now &&
		    !eq(p->j->certs[i].fingerprint, p->j->certs[i].old))
			return true;
	return false;
}

static int put(struct txn_part *p, struct err *err)
{
	if (deploy_commit(p->run->conf->state_dir, p->j, err) == -1) {
		p->j->no_hold = true;
		return -1;
	}
	/* A backup that is damaged must not take the place of a set that is
	 * not. */
	return p->j->back ? prepare_read_back(p, err) : 0;
}

static int test(struct txn *t, struct txn_part *p, struct err *err)
{
	bool tried = true;

	if (hook_run(p->svc, HOOK_TEST, &tried, err) == 0)
		return 0;
	t->untested = true;
	p->j->no_hold = p->j->no_hold || !tried;
	return err_wrap(err, "the configuration test failed");
}

/* In place, but not served, and that is no reason to go back. */
static int settle(struct txn_part *p, enum txn_result result, const char *what,
		  const struct err *err)
{
	p->result = result;
	err_set(&p->err, err->kind, "%s: %s", what, err->msg);
	return 0;
}

static int mark(struct txn *t, struct txn_part *p, struct err *err)
{
	/* After a kill it may say so already, and the disk be full. */
	if (p->j->state == JOURNAL_ACTIVATE && p->j->activated)
		return 0;
	p->j->state = JOURNAL_ACTIVATE;
	p->j->activated = true;
	if (txn_write(t, err) == 0)
		return 0;
	p->j->no_hold = true;
	return -1;
}

static int activate(struct txn_part *p, struct err *err)
{
	bool tried = true;

	if (hook_run(p->svc, HOOK_ACTIVATE, &tried, err) == 0)
		return 0;
	p->j->no_hold = !tried;
	return err_wrap(err, "the activation failed");
}

/* Not every endpoint was seen to serve it: is that no reason to go back. */
static int excuse(struct txn_part *p, struct err *err)
{
	if (p->svc->wait > 0)
		return settle(p, TXN_WAITING,
			      "installed, waits until it is restarted", err);
	if (prove_only_down(p))
		return settle(p, TXN_UNSEEN,
			      "installed, but not seen to be served, nor "
			      "before",
			      err);
	if (prove_only_unseen(p))
		return settle(p, TXN_UNSEEN,
			      "installed, but it was not seen what is served",
			      err);
	err_set(err, err->kind, "%s%s", err->msg, prove_advice(p));
	if (prove_only_same(p))
		return settle(p, TXN_SAME,
			      "installed, but not seen to be served, as before",
			      err);
	return err_wrap(err, "activated, but not served");
}

static int look(struct txn_part *p, struct err *err)
{
	return prove_served(p, err) == 0 ? 0 : excuse(p, err);
}

/* A run before told it, and it serves the new set: neither a test nor telling
 * it again says more, and what ended that run would end this one. */
static bool was_told(struct txn_part *p)
{
	struct err err = ERR_INIT;
	int rc = p->j->activated ? prove_served_now(p, &err) : -1;

	return p->j->activated && prove_was_told(p) &&
	       (rc == 0 || excuse(p, &err) == 0);
}

/* Tell the service, and see what it serves. */
static int tell(struct txn *t, struct txn_part *p, struct err *err)
{
	/* After a kill, it may have been the activation that ended it. */
	p->stopped = !p->j->activated && !hook_running(p->svc);
	if (p->stopped)
		return 0;
	/* A reboot ends the run that asked for it: not a second one. */
	if (p->j->activated && p->svc->wait > 0)
		return look(p, err);
	if (mark(t, p, err) == -1)
		return -1;
	if (activate(p, err) == 0)
		return look(p, err);
	/* It did not run before: it will find the files. */
	if (prove_all_down(p))
		return settle(p, TXN_UNSEEN,
			      "installed, but the service does not run", err);
	return -1;
}

/* --- at the wrong hour --- */

static bool closed(const struct txn_part *p, struct tm *ret_now)
{
	time_t now = (time_t) p->run->now;

	return p->svc->window.n > 0 && !wayback_forced(p) &&
	       localtime_r(&now, ret_now) &&
	       !window_open(&p->svc->window, ret_now);
}

/* Nobody was told of the new set before the window of one closed: to put the
 * old files back needs no telling. */
static bool undone_unseen(struct txn *t)
{
	struct txn_part *late = NULL;
	struct tm now;

	for (size_t i = 0; i < t->n; i++) {
		if (t->j[i].activated)
			return false;
		if (closed(&t->v[i], &now))
			late = &t->v[i];
	}
	if (!late)
		return false;
	for (size_t i = 0; i < t->n; i++)
		t->v[i].quiet = true;
	late->j->no_hold = true;
	turn_back(t, late, "its window has closed meanwhile");
	return true;
}

/* One has to be told, and can wait for its window: the files stay, as does the
 * journal. */
static bool waits(struct txn *t, const bool *told)
{
	const struct txn_part *late = NULL;
	struct err err = ERR_INIT;
	char next[WINDOW_TEXT];
	const char *text;
	struct tm now;

	for (size_t i = 0; i < t->n && !late; i++) {
		struct txn_part *p = &t->v[i];

		/* What only a reboot can tell is not told twice. */
		if (told[i] || (p->j->activated && p->svc->wait > 0) ||
		    !closed(p, &now))
			continue;
		(void) !prove_served_now(p, &err);
		if (prove_can_wait(p, p->svc->conf->window_override))
			late = p;
	}
	if (!late)
		return false;
	text = arena_printf(t->run->arena,
			    "a run was ended while it told the service; waits "
			    "for its window, which opens %s; " SAY_FORCE
			    " does not",
			    window_next(&late->svc->window, &now, next),
			    host_name_for(t->run, late->svc));
	for (size_t i = 0; i < t->n; i++) {
		t->v[i].result = TXN_UNPROVEN;
		err_set(&t->v[i].err, ERR_CHILD, "%s",
			cause_for(t, &t->v[i], late, text));
	}
	return true;
}

/* From the moment all is staged. */
static void forward(struct txn *t)
{
	bool told[JOURNAL_PARTS_MAX];
	struct err err = ERR_INIT;

	for (size_t i = 0; i < t->n; i++) {
		t->v[i].result = TXN_SERVED;
		err_clear(&t->v[i].err);
		if (!expired(&t->v[i]))
			continue;
		/* If it was the clock, it is needed again. */
		t->v[i].j->no_hold = true;
		return turn_back(t, &t->v[i],
				 "the certificate has expired meanwhile");
	}
	for (size_t i = 0; i < t->n; i++)
		if (put(&t->v[i], &err) == -1)
			return turn_back(t, &t->v[i], err.msg);
	for (size_t i = 0; i < t->n; i++)
		told[i] = was_told(&t->v[i]);
	if (t->late && waits(t, told))
		return;
	for (size_t i = 0; i < t->n; i++)
		if (!told[i] && test(t, &t->v[i], &err) == -1)
			return turn_back(t, &t->v[i], err.msg);
	/* One after the other, so that the others need not be told of what
	 * does not work for the first. */
	for (size_t i = 0; i < t->n; i++)
		if (!told[i] && tell(t, &t->v[i], &err) == -1)
			return turn_back(t, &t->v[i], err.msg);
	finish(t);
}

/* --- the beginning --- */

/* BLAME cannot be changed, so none is. */
static void refuse(struct txn *t, const struct txn_part *blame,
		   const struct err *err)
{
	for (size_t i = 0; i < t->n; i++) {
		struct txn_part *p = &t->v[i];
		const char *cause = cause_for(t, p, blame, err->msg);

		p->result = TXN_FAILED;
		prove_report(p, RECEIPT_FAILED, cause);
		err_set(&p->err, err->kind, "%s; nothing was changed%s", cause,
			say_on_disk(p->run, p->svc));
	}
}

/* The same once something was prepared. Called with errno as it was. */
static void failed(struct txn *t, const struct txn_part *blame, struct err *err)
{
	if ((errno == EACCES || errno == EPERM) && geteuid() != 0)
		err_set(err, err->kind, "%s; run this as root", err->msg);
	txn_abandon(t);
	refuse(t, blame, err);
}

/* What an earlier run left comes first. */
static int check_free(const struct txn *t, struct err *err)
{
	const char *dir =
		arena_printf(t->run->arena, "%s/journal", txn_state_dir(t));
	AUTO(strlist_free) struct strlist names = STRLIST_INIT;

	if (journal_list(dir, &names, err) == -1)
		return -1;
	for (size_t i = 0; i < names.n * t->n; i++) {
		const char *path = txn_journal_path(t->run, names.v[i / t->n]);
		const char *service = t->v[i % t->n].svc->name;
		int rc = journal_tells_of(path, service, err);

		if (rc == -1)
			return -1;
		if (rc == 1)
			return err_set(err, ERR_CONFLICT,
				       "an earlier change of service %s is not "
				       "finished yet: %s",
				       service, path);
	}
	return 0;
}

/* A journal that others' part is still in may have the name. */
static int name_journal(struct txn *t, struct err *err)
{
	const char *name = t->j[0].service;
	int rc;

	t->path = txn_journal_path(t->run, name);
	rc = journal_there(t->path, err);
	if (rc == 1)
		t->path = txn_journal_path(t->run,
					   arena_printf(t->run->arena, "%s.%s",
							name, t->j[0].gen));
	return rc == -1 ? -1 : 0;
}

int txn_begin(struct txn *t, struct host *r, struct txn_part *parts, size_t n,
	      struct err *err)
{
	*t = (struct txn){ .run = r, .v = parts, .n = n };
	t->j = arena_array(r->arena, n, sizeof(*t->j));
	for (size_t i = 0; i < n; i++) {
		parts[i].run = r;
		parts[i].j = &t->j[i];
		prepare_begin(&parts[i], parts[i].g, parts[i].before);
		err_clear(&parts[i].err);
	}
	if (check_free(t, err) == -1)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (prepare_name(&parts[i], err) == -1)
			return -1;
	return name_journal(t, err);
}

/* All that was prepared is on disk: go. */
static void go(struct txn *t)
{
	struct err err = ERR_INIT;

	for (size_t i = 0; i < t->n; i++)
		t->j[i].state = JOURNAL_INSTALL;
	t->going = true;
	if (txn_write(t, &err) == -1)
		return failed(t, NULL, &err);
	forward(t);
}

void txn_install(struct host *r, struct txn_part *parts, size_t n,
		 const char *hold)
{
	struct err err = ERR_INIT;
	struct txn t;

	if (txn_begin(&t, r, parts, n, &err) == -1)
		return refuse(&t, NULL, &err);
	for (size_t i = 0; i < n; i++) {
		t.j[i].hold = hold;
		if (hook_run(parts[i].svc, HOOK_CHECK, NULL, &err) == -1) {
			err_wrap(&err, "the check beforehand failed");
			return failed(&t, &parts[i], &err);
		}
	}
	for (size_t i = 0; i < n; i++)
		if (prepare_install(&parts[i], parts[i].g, &err) == -1)
			return failed(&t, &parts[i], &err);
	if (txn_write(&t, &err) == -1)
		return failed(&t, NULL, &err);
	for (size_t i = 0; i < n; i++)
		if (backup_make(txn_state_dir(&t), &t.j[i], r->arena, &err) ==
			    -1 ||
		    prepare_stage(&parts[i], parts[i].g, &err) == -1)
			return failed(&t, &parts[i], &err);
	go(&t);
}

/* There is no going back, since BLAME cannot. */
static void not_back(struct txn *t, const struct txn_part *blame,
		     const struct err *err)
{
	for (size_t i = 0; i < t->n; i++) {
		t->v[i].result = TXN_FAILED;
		err_set(&t->v[i].err, err->kind, "%s",
			cause_for(t, &t->v[i], blame, err->msg));
	}
}

void txn_go_back(struct host *r, struct txn_part *parts, size_t n)
{
	struct journal *m = arena_array(r->arena, n, sizeof(*m));
	struct err err = ERR_INIT;
	struct txn t;

	if (txn_begin(&t, r, parts, n, &err) == -1)
		return refuse(&t, NULL, &err);
	for (size_t i = 0; i < n; i++)
		if (prepare_back(&parts[i], &m[i], &err) == -1)
			return not_back(&t, &parts[i], &err);
	if (rekey_all_back(parts, m, n, &err) == -1)
		return not_back(&t, NULL, &err);
	if (txn_write(&t, &err) == -1)
		return failed(&t, NULL, &err);
	for (size_t i = 0; i < n; i++)
		if (backup_make(txn_state_dir(&t), &t.j[i], r->arena, &err) ==
			    -1 ||
		    prepare_stage_back(&parts[i], &m[i], &err) == -1)
			return failed(&t, &parts[i], &err);
	go(&t);
}

/* --- recovery --- */

/* What the journal asks for, as far as there is somebody left to ask which
 * commands to run. One of an older program is good for going back alone. */
static bool must_go_back(struct txn *t)
{
	const struct journal *gone = NULL;
	bool back = false;

	for (size_t i = 0; i < t->n; i++) {
		if (t->j[i].state == JOURNAL_CLOSE)
			continue;
		back = back || t->j[i].state == JOURNAL_ROLLBACK ||
		       t->j[i].version == 1;
		if (!t->v[i].svc)
			gone = &t->j[i];
	}
	for (size_t i = 0; i < t->n; i++) {
		if (t->j[i].state == JOURNAL_CLOSE || (!back && !gone))
			continue;
		if (t->j[i].version == 1 && t->j[i].state != JOURNAL_ROLLBACK)
			t->j[i].no_hold = true;
		t->j[i].state = JOURNAL_ROLLBACK;
		if (!t->j[i].reason)
			t->j[i].reason =
				!gone && t->j[i].version == 1
					? "an older version of this program "
					  "was killed"
				: !gone ? "an earlier run failed"
					: arena_printf(t->run->arena,
						       "service %s is not "
						       "configured any more",
						       gone->service);
	}
	return back || gone;
}

static bool all_in(const struct txn *t, enum journal_state state)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->j[i].state != state)
			return false;
	return true;
}

void txn_recover(struct host *r, const char *path, struct txn_part *parts,
		 size_t n)
{
	struct txn t = {
		.run = r,
		.path = path,
		.v = parts,
		.j = parts[0].j,
		.n = n,
		.late = true,
	};

	for (size_t i = 0; i < n; i++) {
		const struct svc *s = parts[i].svc;

		parts[i].run = r;
		parts[i].result = TXN_BACK;
		parts[i].again = parts[i].j->state == JOURNAL_ROLLBACK;
		err_clear(&parts[i].err);
		parts[i].seen =
			arena_array(r->arena, (s ? s->n_endpoints : 0) + 1,
				    sizeof(*parts[i].seen));
	}
	if (all_in(&t, JOURNAL_PREPARE))
		txn_abandon(&t);
	else if (all_in(&t, JOURNAL_CLOSE))
		txn_close(&t);
	else if (t.j->placeholder)
		lay_recover(&t);
	else if (must_go_back(&t))
		go_back(&t);
	else if (!undone_unseen(&t)) {
		t.late = true;
		forward(&t);
	}
}

const char *txn_outlook(struct host *r, const struct svc *s,
			const struct journal *j, bool *ret_ends)
{
	const struct txn_part p = { .run = r, .svc = s };
	struct tm now;

	*ret_ends = true;
	if (j->state == JOURNAL_PREPARE || j->state == JOURNAL_CLOSE)
		return NULL;
	if (j->placeholder)
		return "first goes on with laying a placeholder";
	if (j->state == JOURNAL_ROLLBACK && wayback_forced(&p))
		return arena_printf(r->arena,
				    "gives up the way back from a change: %s",
				    j->reason ? j->reason : "it failed");
	*ret_ends = false;
	if (j->state == JOURNAL_ROLLBACK)
		return arena_printf(r->arena,
				    "first goes on with the way back from a "
				    "change: %s",
				    j->reason ? j->reason : "it failed");
	if (s && closed(&p, &now))
		return j->activated ? "first waits for its window, with a "
				      "change that is not finished, unless it "
				      "is served or urgent"
				    : "first undoes a change that is not "
				      "finished: its window has closed";
	return "first goes on with a change that is not finished";
}
