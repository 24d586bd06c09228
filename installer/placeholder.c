/* SPDX-License-Identifier: MIT */

#include <stdio.h>
#include "clock.h"
#include "deploy.h"
#include "hostkey.h"
#include "lay.h"
#include "log.h"
#include "placeholder.h"
#include "target.h"
#include "words.h"
#include "x509_self.h"

/* Nobody trusts it, so that its end is no news to a client; what watches ends
 * alone sees it in time. The services of all shipped profiles start with one
 * that has expired. */
#define LIFE  (30 * (int64_t) 86400)
#define SINCE 3600 /* for clocks that are behind */

/* One certificate of a service. */
struct work {
	struct host *r;
	const struct svc *s;
	size_t i;
	const struct svc_cert *c;
	struct judge g;
};

/* --- whether one is needed --- */

/* Why this host cannot make one, and need not; or NULL. */
static const char *not_here(const struct work *w)
{
	if (w->s->hooks[HOOK_SEED].n > 0)
		return "what it uses now is fetched from where it runs (seed)";
	if (!w->c->conf->key)
		return "its private key is not on this host (public_key)";
	return NULL;
}

static void left(const struct work *w, const char *why)
{
	printf("%s: %s: left as it is: %s\n", w->s->name, w->c->conf->name,
	       why);
}

/* What is there. */
static const char *what_is_there(const struct work *w, const char *path)
{
	struct arena *a = w->r->arena;
	char until[CLOCK_TEXT];

	if (!w->g.v[w->i].placeholder)
		return arena_printf(a, "%s is there", path);
	return arena_printf(
		a, "%s is there, with a placeholder (until %s)", path,
		clock_text(x509_chain_not_after(w->g.v[w->i].disk), until));
}

/* What no service starts with is not left in silence. */
static int check_there(const struct work *w, const char *path, struct err *err)
{
	const struct judge_cert *g = &w->g.v[w->i];

	if (g->verdict == PLAN_UNKNOWN)
		return err_set(err, ERR_IO, "%s", g->reason);
	if (!g->disk)
		return err_set(err, ERR_IO,
			       "%s is in the way: no certificate can be read "
			       "there; move it away, then run this again",
			       path);
	return 0;
}

/* --- making it --- */

static int no_key(const struct work *w, struct err *err)
{
	const char *const argv[] = { w->c->conf->key, NULL };
	AUTO(mem_free_str) char *path = words_text(argv);

	return err_set(err, ERR_CONFIG,
		       "its key is not there; run: certrepo-installer "
		       "--request %s, which makes one and asks for its "
		       "certificate, then run this again; or make one by hand: "
		       "(umask 077; openssl genrsa -out %s 2048)",
		       w->c->conf->name, path);
}

static int load_key(const struct work *w, struct x509_key **ret,
		    struct err *err)
{
	int rc = hostkey_there(w->c, err);

	if (rc == 1)
		return hostkey_load(w->c, ret, err);
	return rc == 0 ? no_key(w, err) : -1;
}

static int make(const struct work *w, const struct x509_key *key,
		struct x509_chain **ret, struct err *err)
{
	const struct conf_strings *more = &w->c->conf->names;
	const char **names =
		arena_array(w->r->arena, more->n + 1, sizeof(*names));
	const struct x509_self s = { .key = key,
				     .names = names,
				     .n = more->n + 1,
				     .from = w->r->now - SINCE,
				     .until = w->r->now + LIFE };

	names[0] = w->c->domain;
	for (size_t i = 0; i < more->n; i++)
		names[i + 1] = more->v[i];
	return x509_self_make(&s, ret, err);
}

/* As if it were the row's, and had been judged. */
static int fill(struct work *w, struct err *err)
{
	AUTO(x509_key_free) struct x509_key *key = NULL;
	struct judge_cert *g = &w->g.v[w->i];
	struct format_from from = { .chain = NULL };

	if (load_key(w, &key, err) == -1 || make(w, key, &g->chain, err) == -1)
		return -1;
	from.chain = g->chain;
	from.key = key;
	for (size_t k = 0; k < w->c->n_files; k++)
		if (format_build(&w->c->files[k].format, &from, &g->contents[k],
				 err) == -1)
			return -1;
	seen_chain_digest(g->chain, g->chain_digest);
	g->verdict = PLAN_PUT;
	return 0;
}

static void told(const struct work *w)
{
	const struct x509_chain *c = w->g.v[w->i].chain;
	char until[CLOCK_TEXT];

	clock_text(x509_chain_not_after(c), until);
	printf("%s: %s: %s a placeholder, self-signed, until %s: %s\n",
	       w->s->name, w->c->conf->name,
	       w->r->dry_run ? "would lay" : "laid", until, w->c->leaf_path);
	if (!w->r->dry_run)
		log_event(LOG_L_RECORD, "placeholder", "service", w->s->name,
			  "name", w->c->conf->name, "fingerprint",
			  x509_chain_fingerprint(c), "until", until, NULL);
}

static int put(struct work *w, struct err *err)
{
	size_t n = w->s->n_endpoints;
	struct verify_seen *seen =
		arena_array(w->r->arena, n + 1, sizeof(*seen));
	struct txn_part p = { .svc = w->s, .g = &w->g, .before = seen };

	if (w->r->dry_run)
		return deploy_check(w->c, err);
	for (size_t i = 0; i < n; i++)
		seen[i].unknown = true; /* nobody looks */
	lay_install(w->r, &p);
	if (p.result == TXN_SERVED)
		return 0;
	return err_set(err, p.err.kind, "%s", p.err.msg);
}

/* --- all of it --- */

/* 1: what is there stays; 0: nothing is there, or a placeholder of a key that
 * the host has not any more, which nobody can use; -1. */
static int stays(const struct work *w, const char **ret_path, struct err *err)
{
	AUTO(x509_key_free) struct x509_key *key = NULL;
	const struct judge_cert *g = &w->g.v[w->i];
	int rc = target_taken(w->c, ret_path, err);

	if (rc != 1)
		return rc;
	if (check_there(w, *ret_path, err) == -1)
		return -1;
	if (!g->placeholder)
		return 1;
	return load_key(w, &key, err) == -1 ? -1
					    : x509_key_matches(key, g->disk);
}

static int lay(struct work *w, struct err *err)
{
	const char *why = not_here(w), *path = NULL;
	int rc;

	if (why) {
		left(w, why);
		return 0;
	}
	rc = stays(w, &path, err);
	if (rc == -1)
		return -1;
	if (rc == 1) {
		left(w, what_is_there(w, path));
		return 0;
	}
	if (fill(w, err) == -1 || put(w, err) == -1)
		return -1;
	told(w);
	return 0;
}

static bool lay_cert(struct host *r, const struct svc *s, size_t i)
{
	struct work w = { .r = r, .s = s, .i = i, .c = &s->certs[i] };
	struct err err = ERR_INIT;
	int rc;

	judge_disk(s, &w.g);
	/* What is there besides is not its matter. */
	for (size_t k = 0; k < w.g.n; k++)
		if (k != i)
			w.g.v[k].verdict = PLAN_WAIT;
	rc = lay(&w, &err);
	judge_free(&w.g);
	if (rc == -1 && r->dry_run)
		printf("%s: %s FAILS: %s\n", s->name, w.c->conf->name, err.msg);
	else if (rc == -1)
		log_warn("service %s: %s: no placeholder: %s", s->name,
			 w.c->conf->name, err.msg);
	return rc == 0;
}

void placeholder_lay(struct host *r)
{
	for (size_t k = 0; k < r->svcs->n; k++) {
		const struct svc *s = &r->svcs->v[k];
		bool well = true;

		if (!host_wants(r, s))
			continue;
		for (size_t i = 0; i < s->n_certs; i++)
			if (!lay_cert(r, s, i))
				well = false;
		if (well)
			r->good++;
		else
			r->bad++;
	}
}
