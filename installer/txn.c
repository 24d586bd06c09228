/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "activate.h"
#include "backup.h"
#include "clock.h"
#include "deploy.h"
#include "log.h"
#include "prove.h"
#include "txn.h"

static const char *state_dir(const struct txn *t)
{
	return t->run->conf->state_dir;
}

static bool eq(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

const char *txn_journal_path(const struct run *r, const char *service)
{
	return arena_printf(r->arena, "%s/journal/%s", r->conf->state_dir,
			    service);
}

static void write_journal(struct txn *t)
{
	struct err err = ERR_INIT;

	/* A journal that cannot be written (a full disk) must not keep the
	 * old set from coming back; the one on disk leads there as well. */
	if (journal_write(t->path, t->j, &err) == -1)
		log_warn("service %s: %s", t->svc->name, err.msg);
}

static enum txn_result unproven(struct txn *t, const char *reason,
				struct err *err, const char *what)
{
	err_wrap(err, "%s; %s", reason, what);
	err_set(err, ERR_CHILD, "%s; the next run tries again", err->msg);
	prove_report(t, "failed", err->msg);
	prove_report_endpoints(t, true);
	return TXN_UNPROVEN;
}

/* All is proven: throw away what only an unfinished change needs. From here
 * on nothing is undone any more, and a killed run must not try to. */
static int close_journal(struct txn *t, struct err *err)
{
	struct journal *j = t->j;

	/* What there is to say must outlive a kill before the store hears. */
	if (t->run->receipts.n > 0 &&
	    receipt_save(state_dir(t), &t->run->receipts, err) == -1)
		return -1;
	if (j->state != JOURNAL_CLOSE) {
		j->state = JOURNAL_CLOSE;
		if (journal_write(t->path, j, err) == -1)
			return -1;
	}
	deploy_discard(j);
	/* A renewal's backup is what --rollback goes to. */
	if (j->back || j->reason != NULL)
		backup_remove(state_dir(t), j->service, j->gen);
	if (j->back && j->reason == NULL)
		backup_remove(state_dir(t), j->service, j->consumed);
	return file_remove(t->path, err);
}

/* The set before is back and served: forget the attempt. */
static void close_back(struct txn *t, const char *reason)
{
	struct err err = ERR_INIT;

	if (!t->j->no_hold && t->j->hold != NULL)
		svcstate_set_hold(t->state, t->j->hold, reason);
	if (svcstate_save(state_dir(t), t->svc->name, t->state, &err) == -1 ||
	    close_journal(t, &err) == -1)
		log_warn("service %s: %s", t->svc->name, err.msg);
}

static enum txn_result go_back(struct txn *t, const char *cause,
			       struct err *err)
{
	const char *reason = arena_strdup(t->run->arena, cause);
	const char *which = NULL;
	struct err tested = ERR_INIT;

	t->j->state = JOURNAL_ROLLBACK;
	t->j->reason = reason;
	write_journal(t);
	if (deploy_undo(t->j, err) == -1)
		return unproven(t, reason, err,
				"the old files could not be put back");
	/* A test that fails with the old set, too, says nothing against the
	 * new one: nothing to hold against it. */
	if (!t->j->activated && t->svc->test.n > 0 &&
	    activate_run(&t->svc->test, NULL, &tested) == -1)
		t->j->no_hold = true;
	if (prove_back(t, err) == -1)
		return unproven(t, reason, err, "rolled back, but not proven");
	prove_report(t, "rolled-back", reason);
	prove_report_endpoints(t, true);
	close_back(t, reason);
	log_event(LOG_L_INFO, "rolled-back", "service", t->svc->name, "reason",
		  reason, NULL);
	if (!prove_shows_old(t, &which))
		err_set(err, ERR_CHILD,
			"%s; rolled back, the old set is in place, but %s does "
			"not serve it, nor did before",
			reason, which);
	else
		err_set(err, ERR_CHILD, "%s; rolled back, the old set is %s",
			reason,
			t->svc->n_endpoints > 0 ? "served" : "in place");
	return TXN_BACK;
}

/* --- going forward --- */

static void remember(struct txn *t)
{
	struct journal *j = t->j;

	for (size_t i = 0; i < j->n_certs; i++) {
		const struct journal_cert *c = &j->certs[i];

		if (c->fingerprint == NULL)
			continue;
		svcstate_set_cert(t->state, t->run->arena, c->name,
				  c->fingerprint, c->not_before);
		if (eq(c->fingerprint, c->old) && c->left == NULL)
			continue;
		svcstate_hold_cert(t->state, t->run->arena, c->name,
				   c->left != NULL ? c->left
				   : j->back	   ? c->old
						   : NULL);
	}
	svcstate_set_hold(t->state, NULL, NULL);
	if (t->state->activate_count != 0)
		t->state->dirty = true;
	t->state->activate_count = 0;
	(void) svcstate_unwarn(t->state);
}

static void announce(const struct txn *t, const char *event)
{
	for (size_t i = 0; i < t->j->n_certs; i++) {
		const struct journal_cert *c = &t->j->certs[i];
		char until[CLOCK_TEXT];

		if (c->fingerprint == NULL ||
		    (eq(c->fingerprint, c->old) && c->left == NULL))
			continue;
		log_event(LOG_L_INFO, event, "service", t->svc->name, "name",
			  c->name, "fingerprint", c->fingerprint, "until",
			  clock_text(c->not_after, until), NULL);
	}
}

enum how { PROVEN, UNSEEN, STOPPED };

/* The change is done; how far, tells HOW. Commands after it do not undo it:
 * it works. */
static enum txn_result finish(struct txn *t, enum how how, struct err *err)
{
	struct err late = ERR_INIT;
	const char *event = how != PROVEN	      ? "installed"
			    : t->svc->n_endpoints > 0 ? "served"
			    : t->svc->activate.n > 0  ? "activated"
						      : "installed";
	bool bad = how == UNSEEN;

	if (how == PROVEN && activate_run(&t->svc->post, NULL, err) == -1) {
		err_wrap(err, "%s, but afterwards", event);
		bad = true;
	}
	prove_report(t, event, bad ? err->msg : NULL);
	if (how != STOPPED)
		prove_report_endpoints(t, false);
	remember(t);
	if (svcstate_save(state_dir(t), t->svc->name, t->state, &late) == -1 ||
	    close_journal(t, &late) == -1 ||
	    backup_prune(state_dir(t), t->svc, (size_t) t->run->conf->keep,
			 &late) == -1)
		log_warn("service %s: %s", t->svc->name, late.msg);
	announce(t, event);
	return bad ? TXN_UNSEEN : TXN_SERVED;
}

static bool expired(const struct txn *t)
{
	for (size_t i = 0; i < t->j->n_certs; i++)
		if (t->j->certs[i].fingerprint != NULL &&
		    t->j->certs[i].not_after <= t->run->now &&
		    !eq(t->j->certs[i].fingerprint, t->j->certs[i].old))
			return true;
	return false;
}

/* What the files hold that a person went back to; the backup does not say. */
static void read_back(struct txn *t)
{
	struct gather g;

	gather_disk(t->svc, &g);
	for (size_t i = 0; i < t->j->n_certs * g.n; i++) {
		struct journal_cert *c = &t->j->certs[i / g.n];
		const struct gather_cert *d = &g.v[i % g.n];

		if (d->disk == NULL ||
		    strcmp(c->name, d->svc->conf->name) != 0 ||
		    !eq(c->fingerprint, x509_chain_fingerprint(d->disk)))
			continue;
		c->not_after = x509_chain_not_after(d->disk);
		/* Only its chain tells whether it is served. */
		if (c->left != NULL && d->svc->has_chain &&
		    d->disk_digest[0] != '\0')
			c->chain = arena_strdup(t->run->arena, d->disk_digest);
	}
	gather_free(&g);
}

/* From the moment all is staged. */
static enum txn_result forward(struct txn *t, struct err *err)
{
	const struct svc *s = t->svc;
	bool tried = true;

	/* Found after a kill long ago. */
	if (expired(t) && !t->j->back)
		return go_back(t, "the certificate has expired meanwhile", err);
	if (deploy_commit(t->j, err) == -1) {
		t->j->no_hold = true;
		return go_back(t, err->msg, err);
	}
	if (t->j->back)
		read_back(t);
	if (activate_run(&s->test, &tried, err) == -1) {
		t->j->no_hold = t->j->no_hold || !tried;
		err_wrap(err, "the configuration test failed");
		return go_back(t, err->msg, err);
	}
	/* After a kill, it may have been the activation that ended it. */
	if (!t->j->activated && !activate_running(s))
		return finish(t, STOPPED, err);
	t->j->state = JOURNAL_ACTIVATE;
	t->j->activated = true;
	if (journal_write(t->path, t->j, err) == -1) {
		t->j->no_hold = true;
		return go_back(t, err->msg, err);
	}
	if (activate_run(&s->activate, &tried, err) == -1) {
		if (prove_all_down(t)) {
			/* It did not run before: it will find the files. */
			err_wrap(err, "installed, but the service does not "
				      "run");
			return finish(t, UNSEEN, err);
		}
		t->j->no_hold = !tried;
		err_wrap(err, "the activation failed");
		return go_back(t, err->msg, err);
	}
	if (prove_served(t, err) == -1) {
		if (prove_only_down(t)) {
			err_wrap(err, "installed, but not seen to be served, "
				      "nor before");
			return finish(t, UNSEEN, err);
		}
		err_wrap(err, "activated, but not served");
		return go_back(t, err->msg, err);
	}
	return finish(t, PROVEN, err);
}

/* --- preparing --- */

static void set_endpoints(struct txn *t, const struct verify_seen *seen)
{
	const struct svc *s = t->svc;
	struct arena *a = t->run->arena;

	t->j->endpoints =
		arena_array(a, s->n_endpoints + 1, sizeof(*t->j->endpoints));
	t->j->n_endpoints = s->n_endpoints;
	for (size_t i = 0; i < s->n_endpoints; i++) {
		struct journal_endpoint *e = &t->j->endpoints[i];

		e->address = s->endpoints[i].conf->address;
		e->look = s->endpoints[i].look;
		e->reachable = seen[i].reachable;
		if (seen[i].handshake) {
			e->fingerprint = arena_strdup(a, seen[i].fingerprint);
			e->chain = arena_strdup(a, seen[i].chain);
		}
	}
}

/* What is to be served afterwards: of what is put, the new one, of the rest
 * what is there. */
static void set_cert(struct arena *a, struct journal_cert *c,
		     const struct gather_cert *g)
{
	const struct x509_chain *next =
		g->verdict == PLAN_PUT ? g->chain : g->disk;
	const char *digest =
		g->verdict == PLAN_PUT ? g->chain_digest : g->disk_digest;

	c->name = g->svc->conf->name;
	if (next != NULL) {
		c->fingerprint = arena_strdup(a, x509_chain_fingerprint(next));
		c->not_before = x509_chain_not_before(next);
		c->not_after = x509_chain_not_after(next);
		if (g->svc->has_chain && digest[0] != '\0')
			c->chain = arena_strdup(a, digest);
	}
	if (g->disk != NULL)
		c->old = arena_strdup(a, x509_chain_fingerprint(g->disk));
}

static struct journal_op *add_op(struct journal *j, enum journal_op_type type,
				 const char *path)
{
	struct journal_op *o = &j->ops[j->n_ops++];

	o->type = type;
	o->path = path;
	return o;
}

/* Where the copy of what is at PATH will be, NULL when there is nothing. */
static const char *copy_for(struct txn *t, const char *path)
{
	char c;

	/* A dangling link is something, too. */
	if (access(path, F_OK) == -1 && readlink(path, &c, 1) == -1)
		return NULL;
	return backup_copy_path(state_dir(t), t->svc->name, t->j->gen,
				t->j->n_ops - 1, t->run->arena);
}

static int set_ops(struct txn *t, const struct gather *g, struct err *err)
{
	for (size_t i = 0; i < g->n; i++) {
		const struct svc_cert *c = g->v[i].svc;
		struct journal_op *o;

		if (g->v[i].verdict != PLAN_PUT)
			continue;
		if (deploy_check(c, err) == -1)
			return -1;
		if (c->link != NULL) {
			o = add_op(t->j, JOURNAL_LINK, c->link);
			o->next = t->j->gen;
			if (deploy_read_link(c->link, t->run->arena, &o->old,
					     err) == -1)
				return -1;
			continue;
		}
		for (size_t k = 0; k < c->n_files; k++) {
			const struct sbuf *content = &g->v[i].contents[k];
			char hex[ENC_SHA256_HEX];

			o = add_op(t->j, JOURNAL_FILE, c->files[k].path);
			enc_sha256_hex(sbuf_str(content), content->len, hex);
			o->sha256 = arena_strdup(t->run->arena, hex);
			o->old = copy_for(t, o->path);
		}
	}
	return 0;
}

static void begin(struct txn *t, struct run *r, const struct svc *s,
		  struct svcstate *state, const struct gather *g,
		  const struct verify_seen *seen, struct journal *j)
{
	AUTO(strlist_free) struct strlist gens = STRLIST_INIT;
	char gen[DEPLOY_GEN];
	size_t ops = 0;

	(void) !backup_list(r->conf->state_dir, s->name, &gens, NULL);

	*t = (struct txn){ .run = r, .svc = s, .state = state, .j = j };
	t->path = txn_journal_path(r, s->name);
	t->seen = arena_array(r->arena, s->n_endpoints + 1, sizeof(*t->seen));
	*j = (struct journal){
		.service = s->name,
		.gen = arena_strdup(
			r->arena,
			deploy_gen_name(r->now,
					gens.n > 0 ? gens.v[gens.n - 1] : NULL,
					gen)),
		.state = JOURNAL_PREPARE,
	};
	for (size_t i = 0; i < s->n_certs; i++)
		ops += s->certs[i].n_files + 1;
	j->ops = arena_array(r->arena, ops + 1, sizeof(*j->ops));
	j->certs = arena_array(r->arena, g->n + 1, sizeof(*j->certs));
	j->n_certs = g->n;
	for (size_t i = 0; i < g->n; i++)
		set_cert(r->arena, &j->certs[i], &g->v[i]);
	set_endpoints(t, seen);
}

static int stage(struct txn *t, const struct gather *g, struct err *err)
{
	size_t op = 0;

	for (size_t i = 0; i < g->n; i++) {
		const struct svc_cert *c = g->v[i].svc;

		if (g->v[i].verdict != PLAN_PUT)
			continue;
		if (c->link != NULL) {
			if (deploy_stage_generation(
				    c, t->j->gen, g->v[i].contents, err) == -1)
				return -1;
			op++;
			continue;
		}
		for (size_t k = 0; k < c->n_files; k++, op++) {
			const struct sbuf *content = &g->v[i].contents[k];
			AUTO(mem_free_str) char *temp = NULL;

			if (file_stage(c->files[k].path, sbuf_str(content),
				       content->len, &c->files[k].attr, &temp,
				       err) == -1)
				return -1;
			t->j->ops[op].next = arena_strdup(t->run->arena, temp);
		}
	}
	return 0;
}

/* Nothing the service reads was touched: throw away what was prepared. */
static void abandon(struct run *r, const struct journal *j, const char *path)
{
	struct err err = ERR_INIT;

	deploy_discard(j);
	backup_remove(r->conf->state_dir, j->service, j->gen);
	if (file_remove(path, &err) == -1)
		log_warn("service %s: %s", j->service, err.msg);
}

static enum txn_result failed(struct txn *t, struct err *err)
{
	if ((errno == EACCES || errno == EPERM) && geteuid() != 0)
		err_set(err, err->kind, "%s; run this as root", err->msg);
	abandon(t->run, t->j, t->path);
	prove_report(t, "failed", err->msg);
	err_set(err, err->kind, "%s; nothing was changed", err->msg);
	return TXN_FAILED;
}

enum txn_result txn_install(struct run *r, const struct svc *s,
			    struct svcstate *state, const struct gather *g,
			    const struct verify_seen *seen, const char *hold,
			    struct err *err)
{
	struct journal j;
	struct txn t;

	begin(&t, r, s, state, g, seen, &j);
	j.hold = hold;
	if (activate_run(&s->check, NULL, err) == -1) {
		err_wrap(err, "the check beforehand failed");
		return failed(&t, err);
	}
	if (set_ops(&t, g, err) == -1 || journal_write(t.path, &j, err) == -1 ||
	    backup_make(state_dir(&t), &j, err) == -1 ||
	    stage(&t, g, err) == -1)
		return failed(&t, err);
	j.state = JOURNAL_INSTALL;
	if (journal_write(t.path, &j, err) == -1)
		return failed(&t, err);
	return forward(&t, err);
}

/* --- a rollback that a person asked for --- */

/* The manifest's old becomes our next; what is there now, our old. */
static int set_back_ops(struct txn *t, const struct journal *m, struct err *err)
{
	struct arena *a = t->run->arena;

	t->j->ops = arena_array(a, m->n_ops + 1, sizeof(*t->j->ops));
	for (size_t i = 0; i < m->n_ops; i++) {
		const struct journal_op *was = &m->ops[i];
		struct journal_op *o;

		if (was->old == NULL)
			return err_set(err, ERR_INPUT,
				       "before %s there was no certificate to "
				       "go back to",
				       t->j->consumed);
		o = add_op(t->j, was->type, was->path);
		if (o->type == JOURNAL_FILE) {
			o->old = copy_for(t, o->path);
			continue;
		}
		o->next = was->old;
		if (deploy_read_link(o->path, a, &o->old, err) == -1)
			return -1;
	}
	return 0;
}

static int stage_back(struct txn *t, const struct journal *m, struct err *err)
{
	for (size_t i = 0; i < m->n_ops; i++) {
		AUTO(sbuf_erase) struct sbuf content = SBUF_INIT(4u << 20);
		struct journal_op *o = &t->j->ops[i];
		char hex[ENC_SHA256_HEX];

		if (o->type != JOURNAL_FILE)
			continue;
		if (deploy_stage_copy(m->ops[i].old, o->path, t->run->arena,
				      &o->next, err) == -1 ||
		    file_read(o->next, &content, err) == -1)
			return -1;
		enc_sha256_hex(sbuf_str(&content), content.len, hex);
		o->sha256 = arena_strdup(t->run->arena, hex);
	}
	return 0;
}

/* Does the change that M is of touch C's files? */
static bool touches(const struct journal *m, const struct svc_cert *c)
{
	for (size_t i = 0; i < m->n_ops; i++) {
		if (c->link != NULL && strcmp(m->ops[i].path, c->link) == 0)
			return true;
		for (size_t k = 0; k < c->n_files; k++)
			if (strcmp(m->ops[i].path, c->files[k].path) == 0)
				return true;
	}
	return false;
}

/* What will be served is what the backup's change replaced. */
static void set_back_cert(struct txn *t, struct journal_cert *c,
			  const struct svc_cert *svc,
			  const struct journal_cert *was)
{
	char left[ENC_SHA256_HEX];

	c->chain = NULL;
	if (eq(was->old, was->fingerprint)) {
		gather_digest(svc, left);
		c->left = arena_strdup(t->run->arena, left);
		return;
	}
	c->fingerprint = was->old;
	/* What is on disk tells, unless it is a placeholder. */
	c->not_before = 0;
	/* Until read_back(). */
	c->not_after = INT64_MAX;
}

static void set_back_certs(struct txn *t, const struct journal *m)
{
	for (size_t i = 0; i < t->j->n_certs; i++) {
		struct journal_cert *c = &t->j->certs[i];

		for (size_t k = 0; k < m->n_certs; k++)
			if (strcmp(m->certs[k].name, c->name) == 0 &&
			    touches(m, &t->svc->certs[i]))
				set_back_cert(t, c, &t->svc->certs[i],
					      &m->certs[k]);
	}
}

enum txn_result txn_go_back(struct run *r, const struct svc *s,
			    struct svcstate *state, const struct gather *g,
			    const struct verify_seen *seen, struct err *err)
{
	AUTO(strlist_free) struct strlist gens = STRLIST_INIT;
	struct journal j, m;
	struct txn t;
	int found;

	begin(&t, r, s, state, g, seen, &j);
	if (backup_list(state_dir(&t), s->name, &gens, err) == -1)
		return TXN_FAILED;
	if (gens.n == 0) {
		err_set(err, ERR_INPUT, "there is no backup to go back to");
		return TXN_FAILED;
	}
	j.back = true;
	j.no_hold = true;
	j.consumed = arena_strdup(r->arena, gens.v[gens.n - 1]);
	found = backup_read(state_dir(&t), s->name, j.consumed, r->arena, &m,
			    err);
	if (found == 0)
		err_set(err, ERR_INPUT, "backup %s is damaged", j.consumed);
	if (found != 1 || set_back_ops(&t, &m, err) == -1)
		return TXN_FAILED;
	set_back_certs(&t, &m);
	if (journal_write(t.path, &j, err) == -1 ||
	    backup_make(state_dir(&t), &j, err) == -1 ||
	    stage_back(&t, &m, err) == -1)
		return failed(&t, err);
	j.state = JOURNAL_INSTALL;
	if (journal_write(t.path, &j, err) == -1)
		return failed(&t, err);
	return forward(&t, err);
}

/* --- activation alone, and recovery --- */

enum txn_result txn_activate(struct run *r, const struct svc *s,
			     const struct gather *g, struct err *err)
{
	struct verify_seen *none =
		arena_array(r->arena, s->n_endpoints + 1, sizeof(*none));
	struct journal j;
	struct txn t;

	begin(&t, r, s, NULL, g, none, &j);
	if (activate_run(&s->test, NULL, err) == -1) {
		err_wrap(err, "not served, and the configuration test failed");
	} else if (activate_run(&s->activate, NULL, err) == -1) {
		err_wrap(err, "not served, and the activation failed");
	} else if (prove_served(&t, err) == -1) {
		err_wrap(err, "activated, but not served");
	} else {
		prove_report(&t, "served", NULL);
		prove_report_endpoints(&t, false);
		log_event(LOG_L_INFO, "activated", "service", s->name, NULL);
		return TXN_SERVED;
	}
	prove_report(&t, "failed", err->msg);
	prove_report_endpoints(&t, false);
	return TXN_FAILED;
}

enum txn_result txn_recover(struct run *r, const struct svc *s,
			    struct svcstate *state, struct journal *j,
			    struct err *err)
{
	struct txn t = { .run = r, .svc = s, .state = state, .j = j };
	const char *reason;

	t.path = txn_journal_path(r, j->service);
	if (j->state == JOURNAL_PREPARE) {
		abandon(r, j, t.path);
		return TXN_BACK;
	}
	if (j->state == JOURNAL_CLOSE)
		return close_journal(&t, err) == -1 ? TXN_UNPROVEN : TXN_BACK;
	if (s == NULL) {
		/* Nobody left to ask which commands to run. */
		if (deploy_undo(j, err) == -1)
			return TXN_UNPROVEN;
		abandon(r, j, t.path);
		return TXN_BACK;
	}
	t.seen = arena_array(r->arena, s->n_endpoints + 1, sizeof(*t.seen));
	if (j->state == JOURNAL_ROLLBACK) {
		reason =
			j->reason != NULL ? j->reason : "an earlier run failed";
		return go_back(&t, reason, err);
	}
	return forward(&t, err);
}
