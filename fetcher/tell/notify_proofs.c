/* SPDX-License-Identifier: MIT */
/* Proofs of control that stay where they are. */
#include <string.h>
#include "clock.h"
#include "notify_impl.h"
#include "proof_kind.h"
#include "words.h"

#define PROOFS_MAX  1000
#define PROOFS_MOST 5		     /* spelt out */
#define KEEP	    (7 * NOTIFY_DAY) /* as proof_sweep.h */

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

static bool made_of(const char *s, const char *chars, size_t most)
{
	return s && *s != '\0' && s[strspn(s, chars)] == '\0' &&
	       strlen(s) <= most;
}

/* The key by which that zone is changed; NULL: none. */
static const char *key_of(const struct certrepo_conf *conf, const char *zone)
{
	for (size_t i = 0; zone && i < conf->proof.dns->zones.n; i++) {
		const struct proof_zone *z = conf->proof.dns->zones.v[i];

		if (strcasecmp(z->zone, zone) == 0 && z->key_file)
			return z->key_file;
	}
	return conf->proof.dns->key_file;
}

/* By which a person removes it. A row may hold anything: what a proof of ours
 * cannot have is in no command. NULL then. */
static const char *removal(const struct teller *t, const struct store_proof *p)
{
	const char *key = key_of(t->from->conf, p->zone);
	const char *const argv[] = { "nsupdate", "-k", key ? key : "", NULL };
	AUTO(mem_free_str) char *command = words_text(argv);
	static const char place[] = "/.well-known/acme-challenge/";
	const char *token;

	if (strcmp(p->type, "dns-01") == 0) {
		/* host#port, as BIND writes it, or host:port */
		if (strncmp(p->owner, "_acme-challenge.", 16) != 0 ||
		    !made_of(p->owner, LETTERS "._-", 254) ||
		    !made_of(p->value, LETTERS "_-", 64) ||
		    !made_of(p->server, LETTERS ".:[]#-", 255))
			return NULL;
		return arena_printf(t->arena,
				    " printf 'update delete %s%s TXT "
				    "\"%s\"\\nsend\\n' | %s",
				    p->owner,
				    p->owner[strlen(p->owner) - 1] == '.' ? ""
									  : ".",
				    p->value, key ? command : "nsupdate");
	}
	token = strstr(p->owner, place);
	if (!token || !made_of(token + sizeof(place) - 1, LETTERS "_-", 255) ||
	    !made_of(p->owner, LETTERS "._/-", 1000) ||
	    proof_webroot_check(t->from->conf,
				arena_strndup(t->arena, p->owner,
					      (size_t) (token - p->owner)),
				NULL) == -1)
		return NULL;
	return arena_printf(t->arena, " rm -f %s", p->owner);
}

/* All that N of them say, and the ways to remove them. */
static const char *text_of(struct teller *t, const struct store_proof *const *v,
			   size_t n, const char *what, const char **todo)
{
	AUTO(sbuf_free) struct sbuf s = SBUF_INIT(8000);
	char at[CLOCK_TEXT];

	sbuf_addf(&s, "%s: %zu, the oldest since %s: ", what, n,
		  clock_text(v[0]->ts_created, at));
	for (size_t i = 0; i < n && i < PROOFS_MOST; i++) {
		const char *command = removal(t, v[i]);

		sbuf_addf(&s, "%s%.100s at %.100s", i > 0 ? ", " : "",
			  v[i]->owner,
			  v[i]->server ? v[i]->server : "this host");
		if (command)
			*todo++ = command;
	}
	*todo = NULL;
	return arena_printf(t->arena, "%s%s", sbuf_str(&s),
			    n > PROOFS_MOST ? " ..." : "");
}

static bool is_in(const struct store_proofs *all, const struct store_proof *p)
{
	for (size_t i = 0; i < all->n; i++)
		if (strcmp(all->v[i].id, p->id) == 0)
			return true;
	return false;
}

static void add(struct teller *t, const char *cert, const char *state,
		const char *what, const char *first,
		const struct store_proof *const *v, size_t n)
{
	const char **todo =
		arena_array(t->arena, PROOFS_MOST + 2, sizeof(*todo));

	todo[0] = first;
	notice_add(t->n,
		   &(struct notice){ .topic = NOTICE_PROOF,
				     .service = "",
				     .cert = cert,
				     .state = state,
				     .alike = state,
				     .since = v[0]->ts_created,
				     .text = text_of(t, v, n, what, todo + 1),
				     .todo = todo });
}

int notify_proofs(struct teller *t, struct err *err)
{
	const struct store_proofs *before = t->from->proofs;
	AUTO(strlist_free) struct strlist told = STRLIST_INIT;
	const struct store_proof **v;
	struct store_proofs all;
	size_t n = 0;

	if (store_proofs_of(t->store, t->from->owner, PROOFS_MAX, t->arena,
			    &all, err) == -1)
		return -1;
	v = arena_array(t->arena, all.n + (before ? before->n : 0) + 1,
			sizeof(*v));
	for (; n < all.n && all.v[n].ts_created < t->now - NOTIFY_DAY; n++)
		v[n] = &all.v[n];
	notice_looked(t->n, NOTICE_PROOF, "");
	notice_now_of(t->n, NOTICE_PROOF, "",
		      "none is left that is still tried");
	if (n > 0)
		add(t, "", "left", "could not be removed",
		    "Each run tries again, for a week; renewals go on. By "
		    "hand, where they are and the zone's server is the one "
		    "that nsupdate finds:",
		    v, n);
	n = 0;
	for (size_t i = 0; before && i < before->n; i++)
		if (before->v[i].ts_created <= t->now - KEEP &&
		    !is_in(&all, &before->v[i]))
			v[n++] = &before->v[i];
	/* Told of once; that is not over by itself. */
	notice_missing(t->n, NOTICE_PROOF, &told);
	for (size_t i = 0; i < told.n; i++)
		if (*told.v[i] != '\0')
			notice_forget(t->n, NOTICE_PROOF, told.v[i]);
	if (n > 0)
		add(t, arena_printf(t->arena, "%s", v[0]->id), "given up",
		    "not tried any more, and maybe still there",
		    "They do no harm but that they are there. To remove them:",
		    v, n);
	return 0;
}

int notify_proofs_before(struct store *store, const char *owner,
			 struct arena *arena, struct store_proofs *ret,
			 struct err *err)
{
	return store_proofs_of(store, owner, PROOFS_MAX, arena, ret, err);
}
