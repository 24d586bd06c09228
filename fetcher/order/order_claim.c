/* SPDX-License-Identifier: MIT */
/* The row: its lease, what it asks for, and what is wrong with it. */
#include "order_impl.h"
#include <string.h>
#include "ca_limits.h"
#include "clock.h"
#include "due.h"
#include "log.h"
#include "plain.h"
#include "x509_ari.h"

_Static_assert(DUE_LEASE_MARGIN >= 5 * 60 + BATCH_PATIENCE_MS / 1000,
	       "a lease outlives the wait for an absent store");

/* An order of another account is left to its fetcher while it was heard of
 * within this time, and the certificate is good for longer. */
#define OTHERS_WAIT 86400
#define OTHERS_LOOK 20 /* attempts */
/* As many are looked at for the last one that went well. */
#define ISSUER_LOOK 20

/* --- the row --- */

static bool is_finalized(const struct store_order *s)
{
	return strcmp(s->state, "new") != 0;
}

static void heard_of(struct order *o, int64_t at)
{
	if (at > o->moved && at <= clock_now() + ACCEPT_SKEW)
		o->moved = at;
}

/* When did the fetcher of another account last say anything of its order? */
static int look_whose(struct store *store, struct order *o, struct err *err)
{
	AUTO(arena_free) struct arena *arena = arena_new();
	const struct store_order *s = &o->saved;
	struct store_attempts tried = { NULL, 0 };
	size_t i;

	o->moved = 0;
	if (!o->have_saved || !o->ca || !s->account || !s->url ||
	    !is_finalized(s) || strcmp(s->account, acme_account(o->acme)) == 0)
		return 0;
	if (store_attempts_of(store, o->name, OTHERS_LOOK, arena, &tried,
			      err) == -1)
		return -1;
	heard_of(o, s->ts_created);
	heard_of(o, s->ts_state);
	for (i = 0; i < tried.n; i++)
		if (tried.v[i].order_url &&
		    strcmp(tried.v[i].order_url, s->url) == 0)
			heard_of(o, tried.v[i].ts_end);
	return 0;
}

/* Else it stands in for the CA of the row, which is missing (cas.h). */
static bool is_own_ca(const struct order *o)
{
	const struct certrepo_ca *own =
		certrepo_conf_ca(o->env->conf, o->cert->ca_name);

	return !own || strcmp(own->name, o->ca->name) == 0;
}

/* Did our account there order what is in the row? When that was too long ago
 * to be known, then so when the CA was heard of the certificate. */
static int look_issuer(struct store *store, const struct order *o, bool *ret,
		       struct err *err)
{
	AUTO(arena_free) struct arena *arena = arena_new();
	struct store_attempts tried = { NULL, 0 };
	size_t i = 0;

	if (store_attempts_of(store, o->name, ISSUER_LOOK, arena, &tried,
			      err) == -1)
		return -1;
	while (i < tried.n && strcmp(tried.v[i].outcome, "ok") != 0)
		i++;
	*ret = i == tried.n ? store_cert_ari(o->cert) != 0 && is_own_ca(o)
			    : strcmp(tried.v[i].ca_name, o->ca->name) == 0 &&
				      tried.v[i].account &&
				      strcmp(tried.v[i].account,
					     acme_account(o->acme)) == 0;
	return 0;
}

/* What this order replaces (RFC 9773 section 5), where the CA wants to know. */
static int look_replaced(struct store *store, struct order *o, struct err *err)
{
	AUTO(x509_chain_free) struct x509_chain *chain = NULL;
	char id[X509_ARI_MAX + 1];
	bool same = false;

	o->replaces = NULL;
	if (!o->ca || !o->cert->crt.len || !acme_offer(o->acme)->renewal_info)
		return 0;
	if (look_issuer(store, o, &same, err) == -1)
		return -1;
	if (same &&
	    x509_chain_parse(o->cert->crt.p, o->cert->crt.len, &chain, NULL) ==
		    0 &&
	    x509_ari_id(chain, id))
		o->replaces = arena_strdup(o->row, id);
	return 0;
}

/* When nothing else is known of it any more, the attempt says so. */
static void look_early(struct order *o, int64_t now)
{
	const struct store_cert *c = o->cert;
	const char *url = c->ari_url ? c->ari_url : "";
	int64_t days_left = o->env->conf->days_left;
	bool asked;

	o->early = NULL;
	if (!c->crt.len || !store_cert_ari(c) || c->renew ||
	    (!*url && c->ari_end > now) ||
	    due_renew_at(c->ts_not_before, c->ts_expire, days_left) <= now ||
	    due_renew_asked(c->ts_not_before, c->ts_expire, days_left,
			    c->ts_ari, &asked) > now ||
	    !asked)
		return;
	o->early = arena_printf(o->row,
				"renewed early because the CA asked%s%.300s%s",
				*url ? " (" : "", url, *url ? ")" : "");
}

static int op_claim(struct store *store, void *arg, struct err *err)
{
	struct order *o = arg;
	int64_t now = clock_now();
	int64_t until = now + due_lease(o->env->conf->order_timeout);
	int found;

	arena_clear(o->row);
	o->cert = NULL;
	o->have_saved = false;
	/* A row that was due when we listed it may have been renewed by
	 * another instance since. */
	o->claimed = (o->how == ORDER_DUE ? store_claim_due : store_claim)(
		store, o->name, o->env->owner, now, until, err);
	if (o->claimed != 1)
		return o->claimed;
	found = store_get(store, o->name, o->row, &o->cert, err);
	if (found != 1) {
		o->claimed = 0;
		return found;
	}
	look_early(o, now);
	found = store_order_get(store, o->name, 0, o->row, &o->saved, err);
	o->have_saved = found == 1;
	if (found == -1 || look_replaced(store, o, err) == -1)
		return -1;
	return look_whose(store, o, err);
}

enum order_wait order_s_claim(struct order *o)
{
	o->ts_start = clock_now();
	o->start_ms = clock_mono_ms();
	order_set_deadline(o, o->env->conf->order_timeout * 1000);
	return order_commit(o, op_claim, S_CLAIMED);
}

/* Enrolment checked the signature of this key, which takes long. All else is
 * looked at again: the CA or what it is allowed may have changed since, and
 * scripts of 2019 put CSRs into rows as well. */
static int check_csr(const struct order *o, struct err *err)
{
	const char *key = o->cert->key_sha256;
	const struct x509_csr_policy policy = {
		.allow_ip = o->ca->allow_ip,
		.any_key = o->ca->any_key,
		.allow_single = o->ca->allow_single,
		.verified =
			key && strcmp(key, x509_csr_key(o->csr)->sha256) == 0,
	};

	if (x509_csr_check(o->csr, &policy, err) == -1)
		return -1;
	return ca_limits_check(o->env->conf, o->ca, o->csr, err);
}

/* All that can be known to be wrong before an order is spent. */
static enum order_wait check_row(struct order *o)
{
	const char *type =
		proof_type_of_row(o->cert->challenge, o->cert->certbot);
	struct err err = ERR_INIT;

	if (x509_csr_parse(o->cert->csr.p, o->cert->csr.len, &o->csr, &err) ==
		    -1 ||
	    check_csr(o, &err) == -1) {
		enum order_wait w = order_failed(o, FAIL_BAD_CSR, false,
						 "the row's CSR: %s", err.msg);

		o->fail.lasting = o->csr && ca_limits_usage(o->ca, o->csr) ==
						    CA_USAGE_REFUSED;
		return w;
	}
	if (proof_check(o->env->conf, x509_csr_ids(o->csr), type,
			o->cert->webroot_path, &err) == -1)
		return order_failed(o, FAIL_CONFIG, false, "the row: %s",
				    err.msg);
	o->type = proof_type_find(type);
	return ORDER_ON;
}

/* What was finalized is kept until it expires; an order that is said to have
 * been made tomorrow is none of which that is known. */
static bool expired(const struct store_order *s)
{
	int64_t now = clock_now();

	if (!is_finalized(s))
		return false; /* the CA tells */
	if (s->ts_expires && s->ts_expires <= now)
		return true;
	if (s->ts_created > now + ACCEPT_SKEW)
		return !s->ts_expires;
	return s->ts_created <=
	       now - (s->ts_expires ? ORDER_LIFE_MOST : ORDER_LIFE_UNKNOWN);
}

bool order_has_kept(const struct order *o)
{
	return o->have_saved && is_finalized(&o->saved) && !expired(&o->saved);
}

/* The order of an earlier run, if it is still the one we want, whoever made
 * it. */
static bool is_wanted(const struct order *o)
{
	const struct store_order *s = &o->saved;

	return o->have_saved && !expired(s) && s->url && s->account &&
	       s->key_sha256 && s->ca_name &&
	       strcmp(s->ca_name, o->ca->name) == 0 &&
	       (!s->directory || strcmp(s->directory, o->ca->directory) == 0) &&
	       strcmp(s->key_sha256, x509_csr_key(o->csr)->sha256) == 0;
}

static bool resumable(const struct order *o)
{
	return is_wanted(o) &&
	       strcmp(o->saved.account, acme_account(o->acme)) == 0;
}

/* It is resumed where the CA is: elsewhere somebody else wrote it into the
 * store, or the CA has moved. */
static enum order_wait resume(struct order *o)
{
	char where[PLAIN_QUOTED];

	if (acme_is_at(o->acme, o->saved.url))
		return order_go(o, S_RESUME);
	fail_set(&o->fail, FAIL_NONE, 0,
		 "the order of an earlier run, %s, is on another server than "
		 "the CA's, which is not asked; see who can write to the store",
		 plain_quoted(o->saved.url, where));
	log_warn("%s: %s", o->name, o->fail.detail);
	o->url = mem_strdup(o->saved.url);
	o->let_go = true;
	return order_start_anew(o);
}

/* Another fetcher's, which alone can ask for it: each would throw away what the
 * other has waited for. Not for ever: that one may be gone. */
static bool is_elsewhere(struct order *o)
{
	const struct store_order *s = &o->saved;
	int64_t now = clock_now();
	bool late = o->cert->crt.len && o->cert->ts_expire - now <= OTHERS_WAIT;
	char since[CLOCK_TEXT], heard[CLOCK_TEXT];

	if (!o->moved || !is_wanted(o))
		return false;
	(void) clock_text(s->ts_state ? s->ts_state : s->ts_created, since);
	(void) clock_text(o->moved, heard);
	fail_set(&o->fail, FAIL_NONE, 0,
		 "another fetcher's order of %s waits for the CA since %s",
		 s->account, since);
	if (o->how != ORDER_FORCED && !late && now - o->moved < OTHERS_WAIT)
		return true;
	log_warn("%s: %s, last heard of at %s, and is replaced by one of ours"
		 "%s",
		 o->name, o->fail.detail, heard,
		 o->how == ORDER_FORCED ? ", by force"
		 : late			? ": the certificate is at its end"
					: "");
	fail_set(&o->fail, FAIL_NONE, 0, "%s", "");
	return false;
}

enum order_wait order_s_claimed(struct order *o)
{
	if (o->store_err.kind) {
		o->claimed = 0;
		/* Somebody's session has the row: that costs its turn. */
		if (o->store_err.kind == ERR_LOCKED)
			return order_failed(o, FAIL_LOCKED, false, "%s",
					    o->store_err.msg);
		return order_fail_store(o);
	}
	if (o->claimed != 1) {
		o->end = ORDER_LOST;
		return order_go(o, S_END);
	}
	if (!o->ca)
		return order_failed(
			o, FAIL_CONFIG, false,
			"the row names the CA \"%s\", which is not in the "
			"configuration",
			o->ca_name);
	o->state = S_NEW;
	if (check_row(o) == ORDER_ON && o->failed)
		return ORDER_ON;
	o->job = (struct authz_job){
		.loop = o->env->loop,
		.batch = o->env->batch,
		.chall = o->env->chall,
		.acme = o->acme,
		.owner = o->env->owner,
		.name = o->name,
		.type = o->type,
		.webroot_path = o->cert->webroot_path,
		.ids = x509_csr_ids(o->csr),
		.wake = order_wake,
		.arg = o,
		.proof_gone = o->env->proof_gone,
		.env = o->env->arg,
	};
	if (resumable(o))
		return resume(o);
	if (!is_elsewhere(o))
		return order_go(o, S_NEW);
	o->end = ORDER_ELSEWHERE;
	return order_go(o, S_LEAVE);
}
