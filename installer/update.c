/* SPDX-License-Identifier: MIT */

#include <string.h>
#include <unistd.h>
#include "clock.h"
#include "deploy.h"
#include "dryrun.h"
#include "group.h"
#include "hostkey.h"
#include "log.h"
#include "place.h"
#include "say.h"
#include "target.h"
#include "txn.h"
#include "txn_activate.h"
#include "txn_end.h"
#include "update.h"

struct update {
	struct host *r;
	struct finding *v;
	size_t n;
	/* Of each of V, and then of those that are out of reach. */
	struct group_service *groups;
	size_t *index; /* of each, in the host's services */
	size_t n_groups;
	const char *trust; /* digest of the file's bytes, once needed */
};

/* --- acting --- */

static void activate(struct finding *t)
{
	AUTO(sbuf_free) struct sbuf text = SBUF_INIT(64u * 1024);
	struct txn_part p = { .run = t->r,
			      .svc = t->s,
			      .state = &t->state,
			      .g = &t->g,
			      .before = t->seen };

	finding_wrongs(t, &text);
	txn_activate(&p, sbuf_str(&text));
	if (p.result == TXN_SERVED) {
		svcstate_set_activate(&t->state, 0, 0);
		return;
	}
	if (p.result == TXN_WAITING) {
		svcstate_set_waiting(&t->state, t->r->now);
	} else {
		t->unseen = t->unseen || p.result == TXN_UNSEEN;
		svcstate_set_activate(&t->state, t->state.activate_count + 1,
				      t->r->now);
		t->bad = true;
	}
	say_notice(t,
		   p.result == TXN_WAITING ? NOTICE_WAITING : NOTICE_ENDPOINT,
		   "", txn_part_state(&p), p.err.msg);
	say_once(t, SVCSTATE_ENDPOINT, p.err.msg);
}

static void all_well(struct finding *t)
{
	/* What is said next is new. What is only asked for is not well yet. */
	if (!t->bad && !finding_asked(t) && svcstate_unwarn(&t->state))
		log_event(LOG_L_NOTE, "well-again", "service", t->s->name,
			  NULL);
	svcstate_set_waiting(&t->state, 0);
	if (!t->bad && t->r->verbose)
		say_well(t);
}

/* The commands after the last change that failed: they are told of until they
 * succeed. */
static void post_again(struct finding *t)
{
	struct txn_part p = { .run = t->r, .svc = t->s, .state = &t->state };
	bool now = !t->stopped && plan_post(&t->plan, t->r->now);

	if (t->state.post_count == 0)
		return;
	if (now && txn_end_post(&p, RECEIPT_SERVED) == 0) {
		log_event(LOG_L_INFO, "post", "service", t->s->name, NULL);
		return;
	}
	t->bad = true;
	say_notice(t, NOTICE_ENDPOINT, "", RECEIPT_INSTALLED,
		   t->state.post_reason);
	say_attempt(t, t->state.post_reason);
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
				    "held, since it failed before: %s%s; mend "
				    "it, then run: " SAY_FORCE,
				    t->state.hold_reason,
				    say_in_place(&t->g, t->r->now, t->r->arena),
				    host_name_for(t->r, t->s)));
		(void) say_beside(t, NULL);
		break;
	case PLAN_BLOCKED:
		say_held(t, arena_printf(t->r->arena, "%s%s", t->why,
					 say_in_place(&t->g, t->r->now,
						      t->r->arena)));
		(void) say_beside(t, NULL);
		break;
	case PLAN_FAILED:
		(void) say_beside(t, NULL);
		break;
	case PLAN_BACK:
		break;
	case PLAN_WINDOW:
		say_later(t);
		post_again(t);
		break;
	case PLAN_WAITING:
		say_waiting(t);
		break;
	case PLAN_DOWN:
	case PLAN_POSTPONE:
		say_endpoints(t);
		break;
	case PLAN_NOTHING:
		if (t->unseen) {
			say_unseen(t);
			break;
		}
		post_again(t);
		all_well(t);
		break;
	}
}

/* What came of an installation. */
static void tell_part(struct finding *t, const struct txn_part *p)
{
	enum notice_topic topic = txn_part_topic(p);

	if (p->result == TXN_SERVED)
		return;
	if (topic == NOTICE_TROUBLE)
		t->action = p->result == TXN_FAILED ? PLAN_FAILED : PLAN_BACK;
	/* What is there now is for the next look to judge. */
	for (size_t i = 0; i < t->g.n && p->result == TXN_LOST; i++)
		t->g.v[i].unfit = NULL;
	say_notice(t, topic, "", txn_part_state(p), p->err.msg);
	if (p->result == TXN_WAITING) {
		say_once(t, SVCSTATE_SERVICE, p->err.msg);
		return;
	}
	t->bad = true;
	t->unseen = t->unseen || p->result == TXN_UNSEEN;
	say_attempt(t, p->err.msg);
}

/* All that change together with task FIRST. */
static void install(struct update *u, size_t first, const char *hold)
{
	struct txn_part *parts = arena_array(u->r->arena, u->n, sizeof(*parts));
	size_t n = 0;

	for (size_t i = first; i < u->n; i++) {
		struct finding *t = &u->v[i];

		if (t->group == u->v[first].group && t->action == PLAN_INSTALL)
			parts[n++] = (struct txn_part){ .svc = t->s,
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

/* REKEYED: a key is replaced, so it matters where they are. */
static struct group_cert *certs_of(const struct svc *s, bool rekeyed,
				   struct arena *arena)
{
	struct group_cert *v = arena_array(arena, s->n_certs + 1, sizeof(*v));

	for (size_t i = 0; i < s->n_certs; i++) {
		const struct svc_cert *c = &s->certs[i];

		v[i].name = c->conf->name;
		if (rekeyed)
			v[i].key = c->conf->key ? hostkey_path(c, arena) : NULL;
	}
	return v;
}

static struct group_service describe(const struct finding *t, bool rekeyed)
{
	struct group_cert *certs = certs_of(t->s, rekeyed, t->r->arena);

	for (size_t i = 0; i < t->g.n; i++) {
		certs[i].new_key = rekeyed && t->g.v[i].key.len > 0;
		certs[i].use = t->g.v[i].verdict == PLAN_KEEP  ? GROUP_HAS
			       : t->g.v[i].verdict == PLAN_PUT ? GROUP_PUT
							       : GROUP_NONE;
	}
	return (struct group_service){ .certs = certs,
				       .n_certs = t->g.n,
				       .alone = t->s->conf->alone,
				       .fate = GROUP_STAYS };
}

static bool any_new_key(const struct update *u)
{
	for (size_t i = 0; i < u->n; i++)
		for (size_t k = 0; k < u->v[i].g.n; k++)
			if (u->v[i].g.v[k].key.len > 0)
				return true;
	return false;
}

static void group(struct update *u)
{
	const struct svcs *all = u->r->svcs;
	bool rekeyed = any_new_key(u);

	u->groups =
		arena_array(u->r->arena, u->n + all->n + 1, sizeof(*u->groups));
	u->index =
		arena_array(u->r->arena, u->n + all->n + 1, sizeof(*u->index));
	for (size_t i = 0; i < u->n; i++) {
		u->index[u->n_groups] = (size_t) (u->v[i].s - all->v);
		u->groups[u->n_groups++] = describe(&u->v[i], rekeyed);
	}
	for (size_t i = 0; i < all->n; i++) {
		const struct svc *s = &all->v[i];

		if (!u->r->out[i])
			continue;
		u->index[u->n_groups] = i;
		u->groups[u->n_groups++] = (struct group_service){
			.certs = certs_of(s, rekeyed, u->r->arena),
			.n_certs = s->n_certs,
			.alone = s->conf->alone,
			.fate = GROUP_OUT,
		};
	}
	group_join(u->groups, u->n_groups, JOURNAL_PARTS_MAX);
	for (size_t i = 0; i < u->n; i++)
		u->v[i].group = u->groups[i].group;
}

static const char *trust_digest(struct update *u)
{
	AUTO(sbuf_free) struct sbuf text = SBUF_INIT(64u << 20);
	char hex[ENC_SHA256_HEX];

	if (u->trust)
		return u->trust;
	/* One that cannot be read is told of where it is needed. */
	(void) !place_read_path("", u->r->conf->trust_file, PLACE_TRUSTED,
				&text, NULL);
	enc_sha256_hex(sbuf_str(&text), text.len, hex);
	u->trust = arena_strdup(u->r->arena, hex);
	return u->trust;
}

/* What failed is held under this: the same certificates, the same way, by the
 * same services, with the same trust. */
static const char *hold_digest(struct update *u, size_t group)
{
	AUTO(sbuf_free) struct sbuf text = SBUF_INIT(1u << 20);
	char hex[ENC_SHA256_HEX];

	sbuf_addf(&text, "%s\n", trust_digest(u));
	for (size_t i = 0; i < u->n; i++) {
		const struct finding *t = &u->v[i];

		if (t->group != group)
			continue;
		sbuf_addf(&text, "%s\n", t->s->digest);
		for (size_t k = 0; k < t->g.n; k++) {
			const struct judge_cert *c = &t->g.v[k];

			if (c->chain)
				sbuf_addf(&text, "%s %s\n", c->svc->conf->name,
					  x509_chain_tbs(c->chain));
		}
	}
	enc_sha256_hex(sbuf_str(&text), text.len, hex);
	return arena_strdup(u->r->arena, hex);
}

/* Why the service I cannot be changed now, though another needs it. */
static const char *trouble(const struct update *u, size_t i, size_t cert)
{
	const struct finding *t = &u->v[i];

	if (i >= u->n)
		return u->r->out[u->index[i]];
	return t->g.v[cert].reason[0] != '\0' ? t->g.v[cert].reason
	       : t->action == PLAN_HELD	      ? t->state.hold_reason
	       : t->why			      ? t->why
					      : "it cannot be changed now";
}

static const char *name_of(const struct update *u, size_t i)
{
	return u->r->svcs->v[u->index[i]].name;
}

/* The service at the root of it that I is not changed, and the certificate
 * that leads there. */
static const char *blocker(const struct update *u, size_t i)
{
	size_t by = u->groups[i].by, cert = u->groups[i].cert;

	while (u->groups[by].by != GROUP_FREE) {
		cert = u->groups[by].cert;
		by = u->groups[by].by;
	}
	return arena_printf(u->r->arena, "service %s, which uses %s too: %s",
			    name_of(u, by), u->groups[by].certs[cert].name,
			    trouble(u, by, cert));
}

/* All or none: what one of them cannot take, none does. */
static void block(struct update *u)
{
	struct arena *a = u->r->arena;

	for (size_t i = 0; i < u->n; i++) {
		enum plan_action action = u->v[i].action;

		u->groups[i].fate = action == PLAN_INSTALL  ? GROUP_GOES
				    : action == PLAN_WINDOW ? GROUP_LATER
							    : GROUP_STAYS;
	}
	group_block(u->groups, u->n_groups);
	for (size_t i = 0; i < u->n; i++) {
		struct finding *t = &u->v[i];

		if (u->groups[i].by == GROUP_FREE)
			continue;
		if (u->groups[i].fate == GROUP_LATER) {
			t->action = PLAN_WINDOW;
			t->why = arena_printf(a, "waits for %s", blocker(u, i));
			continue;
		}
		t->action = PLAN_BLOCKED;
		t->why = arena_printf(a,
				      "not installed, because of %s; mend "
				      "that, or set alone for one of them",
				      blocker(u, i));
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

		t->plan.held =
			t->state.hold &&
			strcmp(t->state.hold, hold_digest(u, t->group)) == 0;
		t->action = plan_service(&t->plan, u->r->now, u->r->force);
		if (t->action == PLAN_WINDOW)
			t->why = window_text(t);
	}
	block(u);
}

static void print(const struct update *u, struct finding *t)
{
	struct err err = ERR_INIT;

	if (t->why)
		printf("%s: %s\n", t->s->name, t->why);
	for (size_t i = 0; i < u->n; i++)
		if (&u->v[i] != t && u->v[i].group == t->group &&
		    t->action == PLAN_INSTALL)
			printf("%s: together with service %s, both or none\n",
			       t->s->name, u->v[i].s->name);
	if (!dryrun_print(t->s, &t->g, t->action, t->seen))
		t->bad = true;
	if (t->action == PLAN_NOTHING && t->state.post_count > 0) {
		printf("%s: %s\n", t->s->name, t->state.post_reason);
		t->bad = true;
	}
	/* As it would be without -n. */
	if (t->action == PLAN_HELD || t->action == PLAN_BLOCKED ||
	    t->action == PLAN_DOWN || t->action == PLAN_POSTPONE ||
	    (t->action == PLAN_WINDOW &&
	     (t->plan.wrong + t->plan.down > 0 || t->unseen)))
		t->bad = true;
	if (target_check_commands(t->s, &err) == -1) {
		printf("%s: FAILS: %s\n", t->s->name, err.msg);
		t->bad = true;
	}
	for (size_t i = 0; i < t->g.n; i++) {
		if (t->g.v[i].verdict != PLAN_PUT ||
		    deploy_check(t->g.v[i].svc, &err) == 0)
			continue;
		printf("%s: %s FAILS: %s\n", t->s->name,
		       t->g.v[i].svc->conf->name, err.msg);
		t->bad = true;
	}
}

/* The first of those that change together. */
static bool leads(const struct update *u, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (u->v[k].group == u->v[i].group &&
		    u->v[k].action == PLAN_INSTALL)
			return false;
	return u->v[i].action == PLAN_INSTALL;
}

static bool looked(const struct finding *t)
{
	/* That it was not time for a look is no fault. */
	if (!t->probed)
		return t->r->conf->recheck != 0 || t->s->n_endpoints == 0;
	for (size_t i = 0; i < t->s->n_endpoints && !t->stopped; i++)
		if (!seen_tells(&t->seen[i]))
			return false;
	return true;
}

/* What was not seen, the next run looks at. */
static void remember_look(struct finding *t)
{
	struct host *r = t->r;

	if (r->looked)
		r->looked[t->s - r->svcs->v] = looked(t);
	if (r->conf->recheck == 0 || !t->probed || t->unseen)
		return;
	t->state.probed_at = t->r->now;
	t->state.dirty = true;
}

static void carry_out(struct update *u)
{
	for (size_t i = 0; i < u->n; i++) {
		struct finding *t = &u->v[i];

		if (!u->r->dry_run && leads(u, i))
			install(u, i, hold_digest(u, t->group));
		say_certs(t);
		say_lives(t);
		if (u->r->dry_run) {
			print(u, t);
			continue;
		}
		act(t);
		say_judged(t);
		say_states(t);
		remember_look(t);
	}
}

/* Nothing can be done for it in this run; that is no reason not to see, and
 * say, what it serves. */
static void look_on(struct finding *t)
{
	if (t->r->dry_run)
		return;
	finding_look(t);
	if (t->action != PLAN_NOTHING)
		act(t);
	else
		(void) say_beside(t, NULL);
	say_lives(t);
	say_looked(t);
	say_states(t);
	remember_look(t);
}

static void cannot(struct finding *t, const char *why)
{
	struct host *r = t->r;

	t->bad = true;
	for (size_t i = 0; i < t->s->n_certs; i++)
		host_found(r, t->s, t->s->certs[i].conf->name, NULL,
			   RECEIPT_FAILED, NULL, why);
	look_on(t);
	finding_end(t);
}

/* False: nothing can be done for it. */
static bool begin(struct finding *t, struct host *r, const struct svc *s,
		  const struct store_host_certs *rows)
{
	struct err err = ERR_INIT;

	if (finding_begin(t, r, s, rows, &err) == 0)
		return true;
	say_notice(t, NOTICE_TROUBLE, "", RECEIPT_FAILED, err.msg);
	say_once(t, SVCSTATE_SERVICE, err.msg);
	r->out[s - r->svcs->v] = arena_strdup(r->arena, err.msg);
	cannot(t, err.msg);
	return false;
}

/* The first of T's, or of those before, to end. */
static void first_end(const struct finding *t, int64_t *end, const char **name)
{
	for (size_t i = 0; i < t->g.n; i++) {
		const struct x509_chain *disk = t->g.v[i].disk;

		if (!disk || x509_chain_self_signed(disk) ||
		    (*name && *end <= x509_chain_not_after(disk)))
			continue;
		*end = x509_chain_not_after(disk);
		*name = t->s->certs[i].conf->name;
	}
}

const char *update_look(struct host *r)
{
	const char *name = NULL;
	char until[CLOCK_TEXT];
	int64_t end = 0;

	for (size_t i = 0; i < r->svcs->n; i++) {
		struct finding t;

		if (!host_wants(r, &r->svcs->v[i]))
			continue;
		finding_begin_disk(&t, r, &r->svcs->v[i], false);
		look_on(&t);
		first_end(&t, &end, &name);
		finding_end(&t);
	}
	if (!name)
		return "";
	clock_text(end, until);
	return end <= r->now
		       ? arena_printf(r->arena,
				      "; what is in place EXPIRED on %s (%s)",
				      until, name)
		       : arena_printf(r->arena,
				      "; what is in place is valid until %s "
				      "(%s) at the earliest",
				      until, name);
}

/* False: what a run before left is not finished. */
static bool in_reach(struct host *r, size_t i)
{
	struct finding t;

	if (!r->out[i])
		return true;
	finding_begin_disk(&t, r, &r->svcs->v[i], false);
	cannot(&t, r->out[i]);
	return false;
}

/* --dry-run, to a person. */
static void print_idle(const struct update *u)
{
	for (size_t i = 0; i < u->n; i++)
		if (u->v[i].action != PLAN_NOTHING)
			return;
	if (u->r->dry_run && u->r->bad == 0 && u->n > 0 &&
	    (u->r->verbose || isatty(STDOUT_FILENO) == 1))
		printf("nothing to do\n");
}

void update_all(struct host *r, const struct store_host_certs *rows)
{
	struct update u = { .r = r };

	u.v = arena_array(r->arena, r->svcs->n, sizeof(*u.v));
	for (size_t i = 0; i < r->svcs->n; i++)
		if (host_wants(r, &r->svcs->v[i]) && in_reach(r, i) &&
		    begin(&u.v[u.n], r, &r->svcs->v[i], rows))
			u.n++;
	plan(&u);
	carry_out(&u);
	for (size_t i = 0; i < u.n; i++)
		finding_end(&u.v[i]);
	print_idle(&u);
}
