/* SPDX-License-Identifier: MIT */

#include <stdio.h>
#include <string.h>
#include "clock.h"
#include "finding.h"
#include "hook.h"
#include "log.h"
#include "target.h"

bool finding_want(const struct judge_cert *c, struct verify_want *ret)
{
	*ret = (struct verify_want){ NULL, NULL };
	if (!c->disk)
		return false;
	ret->fingerprint = x509_chain_fingerprint(c->disk);
	ret->chain = c->svc->has_chain && c->disk_digest[0] != '\0'
			     ? c->disk_digest
			     : NULL;
	return true;
}

/* Before it is believed that an endpoint does not answer, two more looks. */
#define LOOKS	    3
#define LOOKS_PAUSE 250 /* ms */

/* A look at every endpoint, before anything is done. Whether a service is told,
 * and what the way back is to reach, hangs on it: an answer that was missed
 * once, by a busy host, must not pass for what is served. */
static void look_at_all(struct finding *t)
{
	const struct svc *s = t->s;
	bool mute = true;

	for (unsigned int n = 0; n < LOOKS && mute; n++) {
		if (n > 0)
			verify_wait(LOOKS_PAUSE);
		mute = false;
		for (size_t i = 0; i < s->n_endpoints; i++) {
			struct verify_want want;

			if (n > 0 && t->seen[i].handshake)
				continue;
			(void) finding_want(&t->g.v[s->endpoints[i].cert],
					    &want);
			verify_endpoint(s, i, &want, &t->seen[i]);
			mute = mute || !t->seen[i].handshake;
		}
	}
	t->probed = true;
}

bool finding_right(const struct finding *t, size_t i, char why[300])
{
	struct verify_want want;

	why[0] = '\0';
	return !finding_want(&t->g.v[t->s->endpoints[i].cert], &want) ||
	       seen_match(&want, &t->seen[i], why);
}

void finding_wrongs(const struct finding *t, struct sbuf *ret)
{
	for (size_t i = 0; t->probed && i < t->s->n_endpoints; i++) {
		char why[300];

		if (!finding_right(t, i, why))
			sbuf_addf(ret, "%s%s %s", ret->len != 0 ? "; " : "",
				  svc_endpoint_text(&t->s->endpoints[i],
						    t->r->arena),
				  why);
	}
}

/* --- what there is to say of it --- */

/* Is there an endpoint of certificate I, *RET_RIGHT: do all of them serve it.
 */
static bool looked_at(const struct finding *t, size_t i, bool *ret_right)
{
	bool any = false;
	char why[300];

	*ret_right = true;
	for (size_t k = 0; k < t->s->n_endpoints; k++) {
		if (t->s->endpoints[k].cert != i)
			continue;
		any = true;
		*ret_right = *ret_right && finding_right(t, k, why);
	}
	return any;
}

const char *finding_untimely(const struct host *r, const struct judge_cert *c)
{
	char from[CLOCK_TEXT], doubt[CLOCK_DOUBT];

	if (!c->disk || x509_chain_self_signed(c->disk))
		return c->disk ? judge_placeholder(r, c) : NULL;
	if (x509_chain_not_after(c->disk) <= r->now)
		return "it has EXPIRED, and the store has nothing newer";
	if (x509_chain_not_before(c->disk) <= r->now + r->conf->clock_skew)
		return NULL;
	return arena_printf(r->arena, "it is not valid before %s; %s",
			    clock_text(x509_chain_not_before(c->disk), from),
			    clock_doubt(r->now, doubt));
}

/* What came of it is said instead. */
static bool installing(const struct finding *t)
{
	return t->action == PLAN_INSTALL || t->action == PLAN_FAILED ||
	       t->action == PLAN_BACK;
}

/* Of what is on disk, and should be. */
static bool kept_state(const struct finding *t, size_t i,
		       enum receipt_state *ret)
{
	const struct store_receipt *last =
		host_last(t->r, t->s, t->s->certs[i].conf->name, NULL);
	bool right, looked = looked_at(t, i, &right), unlike;

	if (t->action == PLAN_ACTIVATE)
		return false;
	if (!looked || !t->probed || t->unseen) {
		if (!last || !receipt_state_parse(last->state, ret))
			*ret = RECEIPT_INSTALLED;
		/* Of an endpoint that is not looked at any more, or of what
		 * had to be done afterwards. */
		unlike = !looked && last &&
			 (*ret == RECEIPT_SERVED || last->detail);
		/* That the service was told of it is still so. */
		if (*ret != RECEIPT_ACTIVATED)
			*ret = RECEIPT_INSTALLED;
		return t->r->beat || !last || unlike ||
		       receipt_state_bad(last->state);
	}
	*ret = !t->stopped && right ? RECEIPT_SERVED : RECEIPT_INSTALLED;
	return true;
}

/* Where a placeholder was the last time, and is none: what was said of it must
 * not stay. */
static bool was_placeholder(const struct finding *t, const struct judge_cert *c,
			    enum receipt_state *ret, const char **ret_detail)
{
	const struct store_receipt *last =
		host_last(t->r, t->s, c->svc->conf->name, NULL);

	if (!last || !last->detail ||
	    strcmp(last->detail, HOST_PLACEHOLDER) != 0)
		return false;
	*ret = c->disk ? RECEIPT_INSTALLED : RECEIPT_FAILED;
	*ret_detail = c->disk ? "another certificate is in the placeholder's "
				"place; none from the store yet"
			      : "the placeholder is gone; no certificate from "
				"the store yet";
	return true;
}

/* The store has none, or none that is newer. */
static bool waits_state(const struct finding *t, size_t i,
			enum receipt_state *ret, const char **ret_detail)
{
	const struct judge_cert *c = &t->g.v[i];
	const struct store_receipt *last;

	if (was_placeholder(t, c, ret, ret_detail))
		return true;
	/* What was wrong with the store's is over: it has none. */
	last = host_last(t->r, t->s, c->svc->conf->name, NULL);
	if (!c->disk || c->row == PLAN_ROW_MISSING || !last ||
	    !receipt_state_bad(last->state))
		return false;
	return kept_state(t, i, ret);
}

bool finding_cert_state(const struct finding *t, size_t i,
			enum receipt_state *ret, const char **ret_detail)
{
	const struct judge_cert *c = &t->g.v[i];

	*ret_detail = NULL;
	if (c->placeholder && c->verdict == PLAN_WAIT) {
		*ret = RECEIPT_INSTALLED;
		*ret_detail = HOST_PLACEHOLDER;
		return true;
	}
	switch (c->verdict) {
	case PLAN_WAIT:
		return waits_state(t, i, ret, ret_detail);
	case PLAN_KEEP:
		*ret = RECEIPT_FAILED;
		*ret_detail = finding_untimely(t->r, c);
		if (*ret_detail)
			return true;
		if (t->state.post_count > 0)
			*ret_detail = t->state.post_reason;
		return kept_state(t, i, ret);
	case PLAN_PUT:
		if (installing(t))
			return false;
		/* What is wrong with the one that is there, is worse. */
		if (c->unfit) {
			*ret = RECEIPT_FAILED;
			*ret_detail = c->unfit;
			return true;
		}
		*ret = t->action == PLAN_WINDOW ? RECEIPT_FETCHED
						: RECEIPT_HELD;
		*ret_detail = t->why	     ? t->why
			      : t->plan.held ? t->state.hold_reason
					     : "not installed while the key of "
					       "another certificate does not "
					       "fit";
		return true;
	case PLAN_HOLD:
		*ret = RECEIPT_HELD;
		break;
	case PLAN_MISFIT:
	case PLAN_UNKNOWN:
		*ret = RECEIPT_FAILED;
		break;
	default:
		*ret = RECEIPT_REFUSED;
		break;
	}
	*ret_detail = c->reason;
	return c->reason[0] != '\0';
}

bool finding_asked(const struct finding *t)
{
	for (size_t i = 0; i < t->g.n; i++)
		if (t->g.v[i].row == PLAN_ROW_ASKED)
			return true;
	return false;
}

bool finding_over(const struct finding *t, size_t i)
{
	const struct judge_cert *c = &t->g.v[i];
	const struct store_receipt *last =
		host_last(t->r, t->s, c->svc->conf->name, NULL);
	enum receipt_state was;

	return c->verdict == PLAN_WAIT && !c->disk && last &&
	       receipt_state_parse(last->state, &was) && was == RECEIPT_REFUSED;
}

/* As long as the new set is held, the endpoint shows the one before. */
static bool still_back(const struct finding *t, const struct svc_endpoint *e,
		       size_t i)
{
	const struct store_receipt *last =
		host_last(t->r, t->s, t->s->certs[e->cert].conf->name, e);
	enum receipt_state was;

	return t->plan.held && last && receipt_state_parse(last->state, &was) &&
	       was == RECEIPT_ROLLED_BACK && last->fingerprint &&
	       strcmp(last->fingerprint, t->seen[i].fingerprint) == 0;
}

bool finding_endpoint_state(const struct finding *t, size_t i,
			    enum receipt_state *ret, char ret_why[300])
{
	const struct svc_endpoint *e = &t->s->endpoints[i];

	ret_why[0] = '\0';
	/* What could not begin has changed nothing. */
	if (!t->probed || !t->g.v[e->cert].disk || t->action == PLAN_ACTIVATE ||
	    (installing(t) && t->action != PLAN_FAILED))
		return false;
	if (!seen_tells(&t->seen[i]))
		return false;
	if (finding_right(t, i, ret_why)) {
		*ret = still_back(t, e, i) ? RECEIPT_ROLLED_BACK
					   : RECEIPT_SERVED;
		if (t->g.v[e->cert].placeholder &&
		    !finding_untimely(t->r, &t->g.v[e->cert]))
			snprintf(ret_why, 300, HOST_PLACEHOLDER);
	} else if (t->stopped) {
		*ret = RECEIPT_INSTALLED;
		snprintf(ret_why, 300, "the service is stopped");
	} else {
		*ret = t->action == PLAN_WAITING ? RECEIPT_WAITING
						 : RECEIPT_FAILED;
	}
	return true;
}

/* --- the look --- */

static void count_endpoints(struct finding *t)
{
	struct plan_service *p = &t->plan;

	for (size_t i = 0; t->probed && i < t->s->n_endpoints; i++) {
		char why[300];

		if (finding_right(t, i, why))
			p->right++;
		else if (t->seen[i].unknown)
			t->unseen = true;
		else if (t->seen[i].reachable)
			p->wrong++;
		else
			p->down++;
	}
}

/* Can what has these dates go on for a while? */
static bool lasts(const struct finding *t, int64_t not_before,
		  int64_t not_after)
{
	int64_t left = not_after - t->r->now;

	return left > 0 && left >= window_override(t->s->conf->window_override,
						   not_before, not_after);
}

/* So it is with all that is to be replaced, or is wrongly served. */
static bool can_go_on(const struct finding *t)
{
	char why[300];

	for (size_t i = 0; i < t->g.n; i++) {
		const struct x509_chain *disk = t->g.v[i].disk;

		if (t->g.v[i].verdict == PLAN_PUT &&
		    !(disk && !x509_chain_self_signed(disk) &&
		      lasts(t, x509_chain_not_before(disk),
			    x509_chain_not_after(disk))))
			return false;
	}
	for (size_t i = 0; t->probed && i < t->s->n_endpoints; i++)
		if (t->seen[i].reachable && !finding_right(t, i, why) &&
		    !lasts(t, t->seen[i].not_before, t->seen[i].not_after))
			return false;
	return true;
}

/* Not at this hour, and it can wait. */
static bool closed(const struct finding *t)
{
	time_t now = (time_t) t->r->now;
	struct tm local;

	return localtime_r(&now, &local) &&
	       !window_open(&t->s->window, &local) && can_go_on(t);
}

/* Though there is nothing to be installed. */
static bool look_due(const struct finding *t)
{
	int64_t recheck = t->r->conf->recheck;
	int64_t since = t->r->now - t->state.probed_at;

	return recheck == 0 || t->state.waiting != 0 ||
	       t->state.post_count != 0 || t->r->force || t->r->beat ||
	       since < 0 || since >= recheck;
}

/* What there is to be planned with, of the service and what was seen of it. */
static void weigh(struct finding *t)
{
	struct plan_service *p = &t->plan;

	p->can_activate = t->s->hooks[HOOK_ACTIVATE].n > 0;
	p->activate_count = t->state.activate_count;
	p->activate_at = t->state.activate_at;
	p->post_count = t->state.post_count;
	p->post_at = t->state.post_at;
	p->along = host_is_along(t->r, t->s);
	p->wait = t->s->wait;
	p->waiting = t->state.waiting;
	count_endpoints(t);
	t->stopped = !hook_running(t->s);
	if (t->stopped) {
		/* It will find the files when somebody starts it. */
		p->down = 0;
		t->unseen = false;
		p->can_activate = false;
	}
}

static void look_around(struct finding *t)
{
	struct plan_service *p = &t->plan;

	for (size_t i = 0; i < t->g.n; i++) {
		p->misfit = p->misfit || t->g.v[i].misfit;
		p->unfit = p->unfit || t->g.v[i].unfit;
		p->put += t->g.v[i].verdict == PLAN_PUT;
	}
	if (p->put > 0 || look_due(t))
		look_at_all(t);
	weigh(t);
	p->closed = t->s->window.n > 0 && closed(t);
}

/* Is the file that leaf_path names there: 1, 0, -1. */
static int leaf_there(const struct svc_cert *c, struct err *err)
{
	for (size_t i = 0; i < c->n_files; i++)
		if (c->files[i].path == c->leaf_path)
			return target_there(c, i, err);
	return 0;
}

/* The files of another machine, so that there is something to go back to. */
static int seed(const struct finding *t, struct err *err)
{
	bool missing = false;

	if (t->s->hooks[HOOK_SEED].n == 0)
		return 0;
	for (size_t i = 0; i < t->s->n_certs; i++) {
		int there = leaf_there(&t->s->certs[i], err);

		if (there == -1)
			return -1;
		missing = missing || there == 0;
	}
	if (!missing || t->r->dry_run ||
	    hook_run(t->s, HOOK_SEED, NULL, err) == 0)
		return 0;
	return err_wrap(err, "what it uses now cannot be fetched");
}

static int load(struct finding *t, struct host *r, const struct svc *s,
		struct err *err)
{
	struct strlist names = STRLIST_INIT;
	int status;

	*t = (struct finding){ .r = r, .s = s };
	t->seen = arena_array(r->arena, s->n_endpoints + 1, sizeof(*t->seen));
	status = svcstate_load(r->conf->state_dir, s->name, r->arena, &t->state,
			       err);
	for (size_t i = 0; i < s->n_certs; i++)
		strlist_add(&names, s->certs[i].conf->name);
	svcstate_keep(&t->state, &names);
	strlist_free(&names);
	return status;
}

int finding_begin(struct finding *t, struct host *r, const struct svc *s,
		  const struct store_host_certs *rows, struct err *err)
{
	if (load(t, r, s, err) == -1 || seed(t, err) == -1)
		return -1;
	judge_rows(r, s, rows, &t->state, &t->g);
	look_around(t);
	return 0;
}

void finding_begin_disk(struct finding *t, struct host *r, const struct svc *s,
			bool probe)
{
	struct err err = ERR_INIT;

	if (load(t, r, s, &err) == -1)
		log_warn("service %s: %s", s->name, err.msg);
	judge_disk(s, &t->g);
	if (probe)
		look_at_all(t);
}

void finding_look(struct finding *t)
{
	if (!t->g.arena)
		judge_disk(t->s, &t->g);
	if (look_due(t))
		look_at_all(t);
	weigh(t);
	/* As far as it can be known. */
	t->plan.held = t->state.hold;
	t->action = plan_service(&t->plan, t->r->now, false);
	if (t->action == PLAN_ACTIVATE)
		t->action = PLAN_POSTPONE;
}

void finding_end(struct finding *t)
{
	struct err err = ERR_INIT;

	if (!t->r->dry_run && svcstate_save(t->r->conf->state_dir, t->s->name,
					    &t->state, &err) == -1)
		log_warn("service %s: %s", t->s->name, err.msg);
	if (t->g.arena)
		judge_free(&t->g);
	if (t->bad)
		t->r->bad++;
	else
		t->r->good++;
}
