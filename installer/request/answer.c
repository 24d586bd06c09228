/* SPDX-License-Identifier: MIT */

#include <string.h>
#include "answer.h"
#include "centre.h"
#include "clock.h"
#include "hostkey.h"
#include "jout.h"
#include "journal.h"
#include "judge.h"
#include "log.h"
#include "nextkey.h"
#include "plain.h"
#include "request.h"
#include "words.h"
#include "x509_make.h"

#define TRY_AGAIN 86400 /* after what failed */

/* The state of no request, but of a key. */
#define NEXT "next"

static bool eq(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

static bool is_within(const struct host *r, int64_t t, int64_t seconds)
{
	return !host_is_ahead(r, t) && r->now - t < seconds;
}

static bool rejected(const struct requested_one *o)
{
	return eq(o->state, FLEET_REJECTED);
}

/* Approved, and a person has to act. */
static bool renamed(const struct requested_one *o)
{
	return eq(o->state, FLEET_APPROVED) && o->as_name &&
	       !eq(o->as_name, o->name);
}

/* A sentence, of what may be a peer's words. */
static const char *story(const struct requested_one *o, struct arena *a)
{
	const char *key =
		o->new_key ? "a certificate of its next key" : "a certificate";
	char at[CLOCK_TEXT], said[PLAIN_QUOTED];

	if (eq(o->state, NEXT))
		return "its next key is there, and no request of it waits";
	clock_text(o->ts, at);
	if (rejected(o))
		return arena_printf(a,
				    "the request for %s (%s) was rejected: %s",
				    key, at, requested_why(o, said));
	if (renamed(o))
		return arena_printf(
			a,
			"the request for %s (%s) was approved as %s: put "
			"that name into installer.conf",
			key, at, plain_quoted(o->as_name, said));
	if (eq(o->state, REQUESTED_FAILED))
		return arena_printf(
			a, "%s could not be asked for (%s): %s", key, at,
			o->reason ? o->reason : "it is not known why");
	if (eq(o->state, REQUESTED_PRINTED))
		return arena_printf(a, "the CSR for %s was printed (%s)", key,
				    at);
	return arena_printf(a, "%s was asked for (%s), and %s", key, at,
			    eq(o->state, FLEET_APPROVED)
				    ? "approved; the CA has its turn"
				    : "waits to be approved");
}

/* --- what is in use --- */

static bool nothing_left(const struct host *r)
{
	AUTO(strlist_free) struct strlist names = STRLIST_INIT;
	AUTO(mem_free_str)
	char *path = mem_printf("%s/journal", r->conf->state_dir);

	return journal_list(path, &names, NULL) == 0 && names.n == 0;
}

/* Is certificate I of S, and its key, that of ID? */
static bool uses_key(const struct svc *s, size_t i, const char *id)
{
	AUTO(x509_key_free) struct x509_key *key = NULL;
	char hex[ENC_SHA256_HEX];
	struct judge g;
	bool yes;

	if (!s->certs[i].conf->key ||
	    hostkey_load(&s->certs[i], &key, NULL) == -1 ||
	    x509_key_id(key, hex, NULL) == -1 || strcmp(hex, id) != 0)
		return false;
	judge_disk(s, &g);
	yes = g.v[i].disk && !g.v[i].placeholder &&
	      x509_key_matches(key, g.v[i].disk);
	judge_free(&g);
	return yes;
}

/* Everywhere on this host. */
static bool in_use(const struct host *r, const char *name, const char *id)
{
	bool any = false;

	for (size_t i = 0; i < r->svcs->n; i++) {
		const struct svc *s = &r->svcs->v[i];

		for (size_t k = 0; k < s->n_certs; k++) {
			if (!eq(s->certs[k].conf->name, name))
				continue;
			if (!uses_key(s, k, id))
				return false;
			any = true;
		}
	}
	return any;
}

/* The first name of C that DISK is not for, or NULL. */
static const char *lacks(const struct svc_cert *c,
			 const struct x509_chain *disk)
{
	const struct conf_strings *names = &c->conf->names;

	for (size_t i = 0; i < names->n; i++)
		if (!x509_ids_cover(x509_chain_ids(disk), names->v[i]))
			return names->v[i];
	return NULL;
}

/* Is what is in place of NAME for all its names? */
static bool complete(const struct host *r, const char *name)
{
	bool yes = true;

	for (size_t i = 0; i < r->svcs->n; i++) {
		const struct svc *s = &r->svcs->v[i];
		struct judge g;

		judge_disk(s, &g);
		for (size_t k = 0; k < g.n; k++)
			if (g.v[k].disk && eq(s->certs[k].conf->name, name) &&
			    lacks(&s->certs[k], g.v[k].disk))
				yes = false;
		judge_free(&g);
	}
	return yes;
}

static void live(struct host *r, struct requested *all,
		 struct requested_one *one)
{
	struct requested_one now = *one;

	log_event(LOG_L_NOTE, "request-done", "name", one->name, "key",
		  one->key, NULL);
	if (!one->new_key) {
		requested_drop(all, one);
		return;
	}
	/* max_key_age goes by when it was asked for. */
	now.state = REQUESTED_LIVE;
	now.reason = now.as_name = now.csr = NULL;
	requested_put(all, r->arena, &now);
}

static void look_at_requests(struct host *r, struct requested *all)
{
	for (size_t i = all->n; i-- > 0;) {
		struct requested_one *one = &all->v[i];

		if (!eq(one->state, REQUESTED_LIVE) &&
		    in_use(r, one->name, one->key) &&
		    (one->new_key || complete(r, one->name))) {
			live(r, all, one);
			i = i < all->n ? i : all->n;
		}
	}
}

static int drop_used(struct host *r, const char *name, struct err *err)
{
	AUTO(x509_key_free) struct x509_key *key = NULL;
	char id[ENC_SHA256_HEX];
	int rc = nextkey_load(r->conf->state_dir, name, &key, err);

	if (rc != 1)
		return rc;
	if (x509_key_id(key, id, err) == -1)
		return -1;
	return in_use(r, name, id) ? nextkey_drop(r->conf->state_dir, name, err)
				   : 0;
}

/* While a change is not at its end, it may go back to the other one. */
static void look_at_next(struct host *r)
{
	AUTO(strlist_free) struct strlist names = STRLIST_INIT;
	struct err err = ERR_INIT;

	if (nextkey_list(r->conf->state_dir, &names, &err) == -1)
		log_warn("%s", err.msg);
	if (names.n == 0 || !nothing_left(r))
		return;
	for (size_t i = 0; i < names.n; i++) {
		err_clear(&err);
		if (drop_used(r, names.v[i], &err) == -1)
			log_warn("the next key of %s: %s", names.v[i], err.msg);
	}
}

/* --- what was decided --- */

static void take_answer(struct host *r, struct requested *all,
			const struct requested_one *one,
			const struct fleet_request *got)
{
	bool revoked = eq(got->state, FLEET_REVOKED);
	struct requested_one now = *one;

	if (eq(one->state, got->state))
		return;
	now.state = revoked ? FLEET_REJECTED : got->state;
	now.reason =
		revoked ? "the name was taken from this host" : got->reason;
	now.as_name = got->as_name;
	requested_put(all, r->arena, &now);
	/* A store that was restored has the question again. */
	if (eq(now.state, FLEET_PENDING))
		return;
	log_event(LOG_L_NOTE, "request-decided", "name", now.name, "state",
		  now.state, "as", now.as_name, "reason", now.reason, NULL);
	/* Once; those in notify are told as long as it is so. */
	if (rejected(&now) || renamed(&now))
		log_warn("%s: %s", now.name, story(&now, r->arena));
}

/* Where the store may have news of it. That it approved a next key, a store
 * that was restored may have forgotten; that it approved a first one, the
 * missing certificate tells. */
static bool undecided(const struct host *r, const struct requested_one *o)
{
	if (*o->key == '\0')
		return false;
	if (eq(o->state, REQUESTED_FAILED))
		return r->now - o->ts >= TRY_AGAIN;
	return eq(o->state, FLEET_PENDING) ||
	       (o->new_key && eq(o->state, FLEET_APPROVED) && !renamed(o));
}

/* The one of MINE that ONE is, or NULL. */
static const struct fleet_request *find_mine(const struct fleet_requests *mine,
					     const struct requested_one *one)
{
	for (size_t i = 0; i < mine->n; i++) {
		const struct fleet_request *q = &mine->v[i];

		if (eq(q->name, one->name) &&
		    (eq(q->key_sha256, one->key) ||
		     (eq(q->state, FLEET_REVOKED) &&
		      eq(q->key_sha256, one->key + 1))))
			return q;
	}
	return NULL;
}

/* ONE, that the store has lost. What it does not take it is not asked for in
 * each run. */
static int send_again(struct host *r, struct store *centre,
		      struct requested *all, const struct requested_one *one,
		      struct err *err)
{
	struct err own = ERR_INIT;
	struct requested_one now = *one;
	int rc = request_again(r, centre, one, &own);

	if (rc == -1 && own.kind == ERR_UNAVAILABLE)
		return err_set(err, own.kind, "%s", own.msg);
	if (rc != -1)
		log_event(LOG_L_NOTE, "request-lost", "name", one->name, "key",
			  one->key, "sent-again", rc == 1 ? "yes" : "no", NULL);
	if (rc == 0)
		requested_drop(all, requested_find(all, one->name, one->key));
	if (rc != -1)
		return 0;
	now.state = REQUESTED_FAILED;
	now.reason = arena_strdup(r->arena, own.msg);
	now.as_name = NULL;
	now.ts = r->now;
	requested_put(all, r->arena, &now);
	log_warn("%s: the store does not know its request any more, and it "
		 "cannot be sent again: %s",
		 one->name, own.msg);
	return 0;
}

static int ask(struct host *r, struct store *store, struct requested *all,
	       struct err *err)
{
	struct requested open = { .n = 0 };
	struct fleet_requests mine;
	struct store *centre;

	/* Of those that there are now: answers move them. */
	open.v = arena_array(r->arena, all->n + 1, sizeof(*open.v));
	for (size_t i = 0; i < all->n; i++)
		if (undecided(r, &all->v[i]))
			open.v[open.n++] = all->v[i];
	if (open.n == 0)
		return 0;
	centre = centre_open(r, store, err);
	if (!centre || fleet_requests_mine(centre, r->conf->host, r->arena,
					   &mine, err) == -1)
		return -1;
	for (size_t i = 0; i < open.n; i++) {
		const struct requested_one *one = &open.v[i];
		const struct fleet_request *got = find_mine(&mine, one);

		if (got)
			take_answer(r, all, one, got);
		/* What is missing in a list that was cut is not gone. */
		else if (mine.n < FLEET_MINE_MAX &&
			 send_again(r, centre, all, one, err) == -1)
			return -1;
	}
	return 0;
}

/* --- what is asked for by itself --- */

/* A fleet that was set up on one day does not ask on one day: up to a tenth
 * later, each name of each host at its own time. */
static int64_t limit_of(const struct host *r, const struct installer_cert *c)
{
	AUTO(mem_free_str)
	char *text = mem_printf("%s %s", r->conf->host, c->name);
	unsigned char hash[ENC_SHA256_LEN];

	enc_sha256(text, strlen(text), hash);
	return c->max_key_age + c->max_key_age / 10 * hash[0] / 256;
}

/* Not more often than that, whatever the file says of itself: its folder may
 * be somebody else's. */
static bool asked_lately(const struct host *r, const struct requested *all,
			 const struct installer_cert *c)
{
	for (size_t i = 0; i < all->n; i++) {
		const struct requested_one *o = &all->v[i];
		int64_t rest = eq(o->state, REQUESTED_FAILED) ? TRY_AGAIN
							      : c->max_key_age;

		if (eq(o->name, c->name) && o->new_key &&
		    is_within(r, o->ts, rest))
			return true;
	}
	return false;
}

static bool too_old(const struct host *r, const struct requested *all,
		    const struct svc_cert *c, int64_t since)
{
	return r->now - since > limit_of(r, c->conf) &&
	       !asked_lately(r, all, c->conf);
}

static void ask_next(struct host *r, struct store *store, struct requested *all,
		     const char *name)
{
	struct err err = ERR_INIT;
	struct store *centre = centre_open(r, store, &err);

	if (centre && request_next(r, centre, name, &err) == 0)
		return;
	requested_put(all, r->arena,
		      &(struct requested_one){
			      .name = name,
			      .key = "",
			      .new_key = true,
			      .state = REQUESTED_FAILED,
			      .reason = arena_strdup(r->arena, err.msg),
			      .ts = r->now });
	log_warn("%s: its key is older than max_key_age, and no new one could "
		 "be asked for: %s",
		 name, err.msg);
}

/* Its age is not known. Were it taken for old, a host whose clock is behind
 * would ask for all keys anew: a person has to say. */
static void say_ahead(struct host *r, const struct svc *s,
		      const struct installer_cert *c, int64_t since)
{
	const char *const argv[] = { c->key, NULL };
	AUTO(mem_free_str) char *path = words_text(argv);
	char at[CLOCK_TEXT];
	const char *text = arena_printf(
		r->arena,
		"max_key_age does not know how old its key is: the time of %s, "
		"%s, is yet to come; if this host's clock is right, run: "
		"touch %s",
		c->key, clock_text(since, at), path);

	log_warn("service %s: %s: %s", s->name, c->name, text);
	host_notice(r, NOTICE_TROUBLE, s->name, c->name,
		    receipt_state_name(RECEIPT_REFUSED), text);
}

static void look_at_age(struct host *r, struct store *store,
			struct requested *all, const struct svc *s, size_t i)
{
	const struct svc_cert *c = &s->certs[i];
	int64_t since;

	if (!c->conf->key || c->conf->max_key_age <= 0 ||
	    hostkey_since(c, &since) == -1)
		return;
	if (host_is_ahead(r, since))
		say_ahead(r, s, c->conf, since);
	else if (too_old(r, all, c, since))
		ask_next(r, store, all, c->conf->name);
}

static void look_at_ages(struct host *r, struct store *store,
			 struct requested *all)
{
	for (size_t i = 0; i < r->svcs->n; i++)
		for (size_t k = 0; k < r->svcs->v[i].n_certs; k++)
			look_at_age(r, store, all, &r->svcs->v[i], k);
}

/* --- names that were added --- */

/* The next renewal would be refused, weeks from now: somebody has to know. */
static void look_at_names(struct host *r, const struct svc *s)
{
	struct judge g;

	judge_disk(s, &g);
	for (size_t i = 0; i < g.n; i++) {
		const char *name = s->certs[i].conf->name, *missing, *text;

		if (!g.v[i].disk || g.v[i].placeholder ||
		    requested_waits(host_requested(r), name))
			continue;
		missing = lacks(&s->certs[i], g.v[i].disk);
		if (!missing)
			continue;
		text = arena_printf(
			r->arena,
			"what is in place is not for %s, which `names` has: "
			"certrepo-installer --request %s asks for one that is",
			missing, name);
		log_warn("service %s: %s: %s", s->name, name, text);
		host_notice(r, NOTICE_TROUBLE, s->name, name,
			    receipt_state_name(RECEIPT_REFUSED), text);
	}
	judge_free(&g);
}

/* --- all of it --- */

/* Is it something that somebody has to see to. */
static bool needs_somebody(const struct requested_one *o)
{
	return rejected(o) || renamed(o) || eq(o->state, REQUESTED_FAILED);
}

static void notify(struct host *r, const struct requested *all)
{
	for (size_t i = 0; i < all->n; i++) {
		const struct requested_one *o = &all->v[i];

		if (needs_somebody(o))
			host_notice(r, NOTICE_TROUBLE, "", o->name,
				    receipt_state_name(RECEIPT_REFUSED),
				    story(o, r->arena));
	}
}

void answer_look(struct host *r, struct store *store)
{
	struct err err = ERR_INIT;
	struct requested *all = host_requested(r);

	if (r->dry_run)
		return;
	look_at_requests(r, all);
	look_at_next(r);
	if (ask(r, store, all, &err) == -1)
		log_warn("what became of requests is not known: %s", err.msg);
	if (r->only.n == 0)
		look_at_ages(r, store, all);
	for (size_t i = 0; i < r->svcs->n; i++)
		if (host_wants(r, &r->svcs->v[i]))
			look_at_names(r, &r->svcs->v[i]);
	notify(r, all);
	err_clear(&err);
	if (requested_save(r->conf->state_dir, all, &err) == -1)
		log_warn("what was asked for is not remembered: %s", err.msg);
}

static bool wanted(const struct host *r, const char *name)
{
	for (size_t i = 0; i < r->svcs->n; i++)
		for (size_t k = 0; k < r->svcs->v[i].n_certs; k++)
			if (eq(r->svcs->v[i].certs[k].conf->name, name) &&
			    host_wants(r, &r->svcs->v[i]))
				return true;
	return false;
}

/* --- what is known, for --status --- */

/* Is a certificate of NAME's next key on its way. */
static bool asks_next(const struct requested *all, const char *name)
{
	for (size_t i = 0; i < all->n; i++)
		if (eq(all->v[i].name, name) && all->v[i].new_key &&
		    !eq(all->v[i].state, REQUESTED_LIVE) &&
		    *all->v[i].key != '\0')
			return true;
	return false;
}

static void show_json(const struct requested_one *o, struct arena *a,
		      struct sbuf *out)
{
	sbuf_adds(out, out->len > 0 ? ",{" : "{");
	jout_str(out, "service", NULL);
	jout_str(out, "name", o->name);
	jout_str(out, "endpoint", NULL);
	jout_str(out, "state", o->state);
	jout_bool(out, "new_key", o->new_key);
	jout_str(out, "key", *o->key != '\0' ? o->key : NULL);
	jout_str(out, "as_name", o->as_name);
	jout_time(out, "ts", o->ts);
	jout_str(out, "detail", story(o, a));
	sbuf_addc(out, '}');
}

static void show(struct host *r, const struct requested_one *o, bool json,
		 struct sbuf *out)
{
	if (json)
		show_json(o, r->arena, out);
	else
		sbuf_addf(out, "%s: %s\n", o->name, story(o, r->arena));
}

/* Next keys that nothing is asked for, as after --rollback. */
static void show_next(struct host *r, const struct requested *all, bool json,
		      struct sbuf *out)
{
	AUTO(strlist_free) struct strlist names = STRLIST_INIT;
	struct err err = ERR_INIT;

	if (nextkey_list(r->conf->state_dir, &names, &err) == -1)
		log_warn("which next keys there are is not known: %s", err.msg);
	for (size_t i = 0; i < names.n; i++) {
		struct requested_one one = { .name = names.v[i],
					     .key = "",
					     .new_key = true,
					     .state = NEXT };

		if (wanted(r, names.v[i]) && !asks_next(all, names.v[i]))
			show(r, &one, json, out);
	}
}

bool answer_show(struct host *r, bool json, struct sbuf *ret)
{
	const struct requested *all = host_requested(r);
	bool well = true;

	for (size_t i = 0; i < all->n; i++) {
		const struct requested_one *o = &all->v[i];

		if (eq(o->state, REQUESTED_LIVE) || !wanted(r, o->name))
			continue;
		show(r, o, json, ret);
		well = well && !needs_somebody(o);
	}
	show_next(r, all, json, ret);
	return well;
}
