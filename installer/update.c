/* SPDX-License-Identifier: MIT */

#include <string.h>
#include "dryrun.h"
#include "log.h"
#include "say.h"
#include "txn.h"
#include "update.h"

struct update {
	struct host *r;
	struct finding *v;
	size_t n;
};

/* --- acting --- */

static void activate(struct finding *t)
{
	struct part p = { .run = t->r,
			  .svc = t->s,
			  .state = &t->state,
			  .g = &t->g,
			  .before = t->seen };

	txn_activate(&p);
	if (p.result == PART_SERVED) {
		svcstate_set_activate(&t->state, 0, 0);
		return;
	}
	if (p.result == PART_WAITING) {
		svcstate_set_waiting(&t->state, t->r->now);
	} else {
		t->unseen = t->unseen || p.result == PART_UNSEEN;
		svcstate_set_activate(&t->state, t->state.activate_count + 1,
				      t->r->now);
		t->bad = true;
	}
	say_notice(t,
		   p.result == PART_WAITING ? NOTICE_WAITING : NOTICE_TROUBLE,
		   "", part_state(&p), p.err.msg);
	log_warn("service %s: %s", t->s->name, p.err.msg);
}

static void all_well(struct finding *t)
{
	/* What the store was told then, is not so any more. */
	if ((!t->bad && svcstate_unwarn(&t->state)) || t->state.waiting != 0 ||
	    t->r->beat)
		say_well(t);
	svcstate_set_waiting(&t->state, 0);
}

static void act(struct finding *t)
{
	switch (t->action) {
	case PLAN_INSTALL:
		break;
	case PLAN_ACTIVATE:
		activate(t);
		break;
	case PLAN_HELD:
		say_held(t, arena_printf(
				    t->r->arena,
				    "held, since it failed before: %s; a new "
				    "certificate, a changed profile or --force "
				    "ends this",
				    t->state.hold_reason));
		break;
	case PLAN_BLOCKED:
		say_held(t, t->why);
		break;
	case PLAN_WINDOW:
		say_later(t);
		break;
	case PLAN_WAITING:
		say_waiting(t);
		break;
	case PLAN_DOWN:
	case PLAN_POSTPONE:
		say_endpoints(t);
		break;
	case PLAN_NOTHING:
		if (t->unseen)
			say_unseen(t);
		else
			all_well(t);
		break;
	}
}

/* What came of an installation. */
static void tell_part(struct finding *t, const struct part *p)
{
	if (p->result == PART_SERVED)
		return;
	say_notice(t,
		   p->result == PART_WAITING ? NOTICE_WAITING : NOTICE_TROUBLE,
		   "", part_state(p), p->err.msg);
	if (p->result == PART_WAITING) {
		(void) say_once(t, SVCSTATE_SERVICE, p->err.msg);
		return;
	}
	t->bad = true;
	t->unseen = t->unseen || p->result == PART_UNSEEN;
	log_warn("service %s: %s", t->s->name, p->err.msg);
}

/* All that change together with task FIRST. */
static void install(struct update *u, size_t first, const char *hold)
{
	struct part *parts = arena_array(u->r->arena, u->n, sizeof(*parts));
	size_t n = 0;

	for (size_t i = first; i < u->n; i++) {
		struct finding *t = &u->v[i];

		if (t->group == u->v[first].group && t->action == PLAN_INSTALL)
			parts[n++] = (struct part){ .svc = t->s,
						    .state = &t->state,
						    .g = &t->g,
						    .before = t->seen };
	}
	txn_install(u->r, parts, n, hold);
	n = 0;
	for (size_t i = first; i < u->n; i++) {
		struct finding *t = &u->v[i];

		if (t->group == u->v[first].group && t->action == PLAN_INSTALL)
			tell_part(t, &parts[n++]);
	}
}

/* --- who goes with whom --- */

static const struct judge_cert *cert_of(const struct finding *t,
					const char *name)
{
	for (size_t i = 0; i < t->g.n; i++)
		if (strcmp(t->g.v[i].svc->conf->name, name) == 0)
			return &t->g.v[i];
	return NULL;
}

/* A certificate that A is to be given, and B as well. */
static bool linked(const struct finding *a, const struct finding *b)
{
	for (size_t i = 0; i < a->g.n; i++) {
		const struct judge_cert *c;

		if (a->g.v[i].verdict != PLAN_PUT)
			continue;
		c = cert_of(b, a->g.v[i].svc->conf->name);
		if (c && c->verdict == PLAN_PUT)
			return true;
	}
	return false;
}

static void join(struct update *u, size_t a, size_t b)
{
	for (size_t i = 0; i < u->n; i++)
		if (u->v[i].group == b)
			u->v[i].group = a;
}

static void group(struct update *u)
{
	size_t size[2];

	for (size_t i = 0; i < u->n; i++)
		u->v[i].group = i;
	for (size_t i = 0; i < u->n; i++) {
		for (size_t k = 0; k < i; k++) {
			struct finding *a = &u->v[k], *b = &u->v[i];

			if (a->s->conf->alone || b->s->conf->alone ||
			    a->group == b->group || !linked(a, b))
				continue;
			size[0] = size[1] = 0;
			for (size_t x = 0; x < u->n; x++) {
				size[0] += u->v[x].group == a->group;
				size[1] += u->v[x].group == b->group;
			}
			/* More than one journal has room for. */
			if (size[0] + size[1] <= JOURNAL_PARTS_MAX)
				join(u, a->group, b->group);
		}
	}
}

/* What failed is held under this: the same certificates, the same way, by the
 * same services. */
static const char *hold_digest(const struct update *u, size_t group)
{
	AUTO(sbuf_free) struct sbuf text = SBUF_INIT(1u << 20);
	char hex[ENC_SHA256_HEX];

	for (size_t i = 0; i < u->n; i++) {
		const struct finding *t = &u->v[i];

		if (t->group != group)
			continue;
		sbuf_addf(&text, "%s\n", t->s->digest);
		for (size_t k = 0; k < t->g.n; k++) {
			const struct judge_cert *c = &t->g.v[k];

			if (c->chain)
				sbuf_addf(&text, "%s %s %s\n",
					  c->svc->conf->name,
					  x509_chain_fingerprint(c->chain),
					  c->chain_digest);
		}
	}
	enc_sha256_hex(sbuf_str(&text), text.len, hex);
	return arena_strdup(u->r->arena, hex);
}

/* Why B keeps A from its new certificates, which both use; or NULL. */
static const char *hinders(const struct finding *a, const struct finding *b)
{
	for (size_t i = 0; i < a->g.n; i++) {
		const struct judge_cert *c;
		const char *why;

		if (a->g.v[i].verdict != PLAN_PUT)
			continue;
		c = cert_of(b, a->g.v[i].svc->conf->name);
		if (!c || c->verdict == PLAN_KEEP || b->action == PLAN_INSTALL)
			continue;
		why = c->reason[0] != '\0'     ? c->reason
		      : b->action == PLAN_HELD ? b->state.hold_reason
		      : b->why		       ? b->why
					       : "it cannot be changed now";
		return arena_printf(a->r->arena,
				    "service %s, which uses %s too: %s",
				    b->s->name, c->svc->conf->name, why);
	}
	return NULL;
}

static void block_group(struct update *u, enum plan_action by, size_t group,
			const char *why)
{
	bool later = by == PLAN_WINDOW;

	for (size_t i = 0; i < u->n; i++) {
		struct finding *t = &u->v[i];

		if (t->group != group || t->action != PLAN_INSTALL)
			continue;
		t->action = later ? PLAN_WINDOW : PLAN_BLOCKED;
		t->why = later ? arena_printf(u->r->arena, "waits for %s", why)
			       : arena_printf(u->r->arena,
					      "not installed, because of %s; "
					      "mend that, or set alone for "
					      "one of them",
					      why);
	}
}

/* The same of a service that is out of reach in this run. */
static const char *hinders_out(const struct finding *a, const struct svc *s)
{
	for (size_t i = 0; i < s->n_certs && !s->conf->alone; i++) {
		const char *name = s->certs[i].conf->name;
		const struct judge_cert *c = cert_of(a, name);

		if (c && c->verdict == PLAN_PUT)
			return arena_printf(a->r->arena,
					    "service %s, which uses %s too: it "
					    "cannot be changed now",
					    s->name, name);
	}
	return NULL;
}

static void block_out(struct update *u, struct finding *a)
{
	const struct svcs *all = u->r->svcs;

	for (size_t i = 0; i < all->n; i++) {
		const char *why;

		if (a->action != PLAN_INSTALL || a->s->conf->alone ||
		    !u->r->skip[i])
			continue;
		why = hinders_out(a, &all->v[i]);
		if (why)
			block_group(u, PLAN_BLOCKED, a->group, why);
	}
}

/* All or none: what one of them cannot take, none does. */
static void block(struct update *u)
{
	for (size_t i = 0; i < u->n; i++) {
		struct finding *a = &u->v[i];

		for (size_t k = 0; k < u->n; k++) {
			const struct finding *b = &u->v[k];
			const char *why;

			if (k == i || a->action != PLAN_INSTALL ||
			    a->s->conf->alone || b->s->conf->alone)
				continue;
			why = hinders(a, b);
			if (why)
				block_group(u, b->action, a->group, why);
		}
		block_out(u, a);
	}
}

/* --- all of it --- */

static const char *window_text(const struct finding *t)
{
	time_t now = (time_t) t->r->now;
	char next[WINDOW_TEXT];
	struct tm local;

	localtime_r(&now, &local);
	return arena_printf(t->r->arena, "waits for its window, which opens %s",
			    window_next(&t->s->window, &local, next));
}

static void plan(struct update *u)
{
	group(u);
	for (size_t i = 0; i < u->n; i++) {
		struct finding *t = &u->v[i];
		const char *hold = hold_digest(u, t->group);

		t->plan.held =
			t->state.hold && strcmp(t->state.hold, hold) == 0;
		t->action = plan_service(&t->plan, u->r->now, u->r->force);
		if (t->action == PLAN_WINDOW)
			t->why = window_text(t);
	}
	block(u);
}

static void print(const struct update *u, const struct finding *t)
{
	if (t->why)
		printf("%s: %s\n", t->s->name, t->why);
	for (size_t i = 0; i < u->n; i++)
		if (&u->v[i] != t && u->v[i].group == t->group &&
		    t->action == PLAN_INSTALL)
			printf("%s: together with service %s, both or none\n",
			       t->s->name, u->v[i].s->name);
	dryrun_print(t->s, &t->g, t->action, t->seen);
}

static void carry_out(struct update *u)
{
	for (size_t i = 0; i < u->n; i++) {
		struct finding *t = &u->v[i];
		bool first = true;

		say_certs(t);
		say_lives(t);
		say_looked(t);
		if (u->r->dry_run) {
			print(u, t);
			continue;
		}
		for (size_t k = 0; k < i; k++)
			first = first && (u->v[k].group != t->group ||
					  u->v[k].action != PLAN_INSTALL);
		if (t->action == PLAN_INSTALL && first)
			install(u, i, hold_digest(u, t->group));
		act(t);
		/* What was not seen, the next run looks at. */
		if (u->r->conf->recheck != 0 && t->probed && !t->unseen) {
			t->state.probed_at = u->r->now;
			t->state.dirty = true;
		}
	}
}

/* False: nothing can be done for it. */
static bool begin(struct finding *t, struct host *r, const struct svc *s,
		  const struct store_host_certs *rows)
{
	struct err err = ERR_INIT;

	if (finding_begin(t, r, s, rows, &err) == 0)
		return true;
	t->bad = true;
	say_notice(t, NOTICE_TROUBLE, "", "failed", err.msg);
	if (say_once(t, SVCSTATE_SERVICE, err.msg))
		for (size_t i = 0; i < s->n_certs; i++)
			host_receipt(r, s, s->certs[i].conf->name, NULL,
				     "failed", NULL, err.msg);
	finding_end(t);
	return false;
}

void update_lives(struct host *r)
{
	for (size_t i = 0; i < r->svcs->n; i++) {
		struct finding t;

		if (!host_wants(r, &r->svcs->v[i]))
			continue;
		finding_begin_disk(&t, r, &r->svcs->v[i], false);
		say_lives(&t);
		if (r->notices) {
			notice_looked(r->notices, NOTICE_EXPIRING, t.s->name);
			notice_looked(r->notices, NOTICE_KEY_AGE, t.s->name);
		}
		finding_end(&t);
	}
}

void update_all(struct host *r, const struct store_host_certs *rows)
{
	struct update u = { .r = r };

	u.v = arena_array(r->arena, r->svcs->n, sizeof(*u.v));
	for (size_t i = 0; i < r->svcs->n; i++) {
		if (!host_wants(r, &r->svcs->v[i]) || r->skip[i])
			continue;
		if (begin(&u.v[u.n], r, &r->svcs->v[i], rows))
			u.n++;
		else
			r->skip[i] = true;
	}
	plan(&u);
	carry_out(&u);
	for (size_t i = 0; i < u.n; i++)
		finding_end(&u.v[i]);
}
