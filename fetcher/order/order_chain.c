/* SPDX-License-Identifier: MIT */
/*
 * The chains that a CA has for one certificate (RFC 8555 section 7.4.2). The
 * preferred one is looked for before the certificate is stored, when the
 * default is another. Then, with the certificate safe, once a day and CA, what
 * others there are is learnt, for populate. A chain that cannot be had or used
 * costs itself alone.
 */
#include "order_impl.h"
#include <string.h>
#include "clock.h"
#include "log.h"
#include "remark.h"
#include "plain.h"
#include "x509_change.h"
#include "x509_top.h"

#define SAID_MAX 600 /* of a warning: the chains that there are */

/* Take down that it is there: what it ends in. */
static void note(struct order *o, const struct x509_top *top)
{
	if (o->seen.n < STORE_CHAINS_MAX)
		o->seen.v[o->seen.n++] = (struct store_chain){
			.issuer = top->issuer,
			.sha256 = arena_strdup(o->row, top->sha256),
			.ts = clock_now()
		};
}

static bool is_preferred(const struct order *o, const struct x509_top *top)
{
	const char *text = o->ca->preferred_chain;

	return text && *text && x509_top_is(top, text);
}

enum order_wait order_choose_chain(struct order *o)
{
	const char *text = o->ca->preferred_chain;
	struct x509_top top;

	o->alternates = o->reply.alternates;
	o->reply.alternates = (struct strlist) STRLIST_INIT;
	reply_read(&o->reply);
	x509_top_of(o->accepted.chain, o->row, &top);
	note(o, &top);
	if (!text || !*text || is_preferred(o, &top))
		return order_go(o, S_ACCEPT);
	return order_go(o, S_ALTERNATE);
}

/* The warning says which there are, for the setting. */
static void say_none(struct order *o)
{
	AUTO(sbuf_free) struct sbuf list = SBUF_INIT(2 * SAID_MAX);
	char said[PLAIN_QUOTED], name[PLAIN_QUOTED];

	if (!chains_say(o->env->chains, o->ca, clock_now()))
		return;
	for (size_t i = 0; i < o->seen.n && list.len < SAID_MAX; i++)
		sbuf_addf(&list, "%s%s%s%s%s", i ? ", " : "",
			  plain_quoted(o->seen.v[i].issuer, said),
			  *o->seen.v[i].sha256 ? " (SHA-256 " : "",
			  o->seen.v[i].sha256, *o->seen.v[i].sha256 ? ")" : "");
	plain_quoted(o->ca->preferred_chain, name);
	remark_warn(NOTICE_CHAIN, o->ca->name, name,
		    "it has no chain like its preferred_chain %s, and its "
		    "default one is stored for %s; there are chains whose "
		    "topmost certificate is issued by %s",
		    name, o->name, sbuf_str(&list));
}

enum order_wait order_s_alternate(struct order *o)
{
	if (o->alternate < o->alternates.n)
		return order_call(o,
				  acme_get(o->acme,
					   o->alternates.v[o->alternate++],
					   order_on_reply, o),
				  S_ALTERNATED);
	if (o->stored)
		return order_go(o, S_TEACH);
	say_none(o);
	return order_go(o, S_ACCEPT);
}

/* The same certificate, under another chain that a client takes? */
static int check_alternate(const struct order *o, struct accept_cert *ret,
			   struct err *err)
{
	if (o->reply.failed)
		return err_set(err, ERR_INPUT, "%s", o->reply.fail.detail);
	if (accept_check(o->reply.body, o->reply.len, o->csr, clock_now(), ret,
			 err) == -1)
		return -1;
	if (!x509_chain_same(ret->chain, o->accepted.chain))
		return err_set(err, ERR_INPUT, "it is of another certificate");
	return 0;
}

enum order_wait order_s_alternated(struct order *o)
{
	AUTO(accept_free) struct accept_cert c = { .crt = NULL };
	struct err err = ERR_INIT;
	struct x509_top top;

	if (check_alternate(o, &c, &err) == -1) {
		log_debug("%s: no chain from %s: %s", o->name,
			  o->alternates.v[o->alternate - 1], err.msg);
		return order_go(o, S_ALTERNATE);
	}
	x509_top_of(c.chain, o->row, &top);
	note(o, &top);
	if (o->stored || !is_preferred(o, &top))
		return order_go(o, S_ALTERNATE);
	log_debug("%s: the chain of %s is preferred", o->name, top.issuer);
	accept_free(&o->accepted);
	o->accepted = c;
	c = (struct accept_cert){ .crt = NULL };
	return order_go(o, S_ACCEPT);
}

/* --- what else there is, for others --- */

static int op_know(struct store *store, void *arg, struct err *err)
{
	struct order *o = arg;

	o->known.n = 0;
	return store_chains_get(store, o->ca->name, o->row, &o->known, err) ==
			       -1
		       ? -1
		       : 0;
}

/* It looked at all of them, for the preferred one, in vain or late. */
static bool saw_all(const struct order *o)
{
	return o->alternate > 0 && o->alternate == o->alternates.n;
}

enum order_wait order_s_learn(struct order *o)
{
	/* Nor when its time is over. */
	if (!o->deadline || !o->env->chains)
		return order_go(o, S_CLEAN);
	if (saw_all(o)) {
		(void) chains_look(o->env->chains, o->ca, clock_now());
		return order_go(o, S_TEACH);
	}
	if (!chains_look(o->env->chains, o->ca, clock_now()))
		return order_go(o, S_CLEAN);
	return order_commit(o, op_know, S_KNOWN);
}

enum order_wait order_s_known(struct order *o)
{
	int64_t now = clock_now(), last = o->known.n ? o->known.v[0].ts : 0;

	if (o->store_err.kind)
		return order_go(o, S_CLEAN);
	/* Another fetcher did, or an earlier run; not tomorrow. */
	if (last > now - CHAINS_EACH && last <= now)
		return order_go(o, S_CLEAN);
	return order_go(o, S_ALTERNATE);
}

static int op_teach(struct store *store, void *arg, struct err *err)
{
	const struct order *o = arg;

	return store_chains_put(store, o->ca->name, o->ca->directory, &o->seen,
				err);
}

enum order_wait order_s_teach(struct order *o)
{
	return order_commit(o, op_teach, S_TAUGHT);
}

enum order_wait order_s_taught(struct order *o)
{
	if (o->store_err.kind)
		log_debug("%s: the chains of %s are not kept: %s", o->name,
			  o->ca->name, o->store_err.msg);
	return order_go(o, S_CLEAN);
}

/* --- what a host may miss --- */

void order_say_change(const struct order *o)
{
	AUTO(x509_chain_free) struct x509_chain *old = NULL;
	AUTO(mem_free_str) char *text = NULL;
	const struct store_blob *crt = &o->cert->crt;
	struct x509_traits was, is;
	char said[PLAIN_QUOTED];

	if (!crt->len || x509_chain_parse(crt->p, crt->len, &old, NULL) == -1)
		return;
	was = x509_traits_of(old);
	is = x509_traits_of(o->accepted.chain);
	text = x509_change_text(&was, &is);
	if (!text)
		return;
	if (o->profile)
		log_info("%s: the new certificate, by the profile %s, %s",
			 o->name, plain_quoted(o->profile, said), text);
	else
		log_info("%s: the new certificate %s", o->name, text);
}
