/* SPDX-License-Identifier: MIT */
#ifndef CHALL_H
#define CHALL_H

/*
 * Proofs of control: what a challenge type wants to see (RFC 8555 section 8)
 * is worked out in chall.c, how it gets there is a solver's. To add one, write
 * a solver_KIND.c with a struct solver_ops, and name it in the table of
 * chall.c and in proof_kind.
 *
 * A solution goes through four steps, each asynchronous, each ending in one
 * call of the callback:
 *
 *	locate   find out where the proof has to go (zone, server, path); no
 *		 change anywhere yet. Afterwards chall_proof() says what will
 *		 be changed; the caller commits that to the store, so that a
 *		 killed run can be cleaned up, and only then goes on to
 *	prepare  put the proof there (UPDATE, file)
 *	ready    everybody the CA may ask now sees it
 *	clean    remove exactly what prepare put there; nothing else. Safe
 *		 to repeat, and when prepare never ran or failed
 *
 * A solver may do the work of many solutions at once: changes to one DNS
 * zone that come together go out as one UPDATE.
 *
 * Kinds of error that reach the callback:
 *	ERR_CONFIG	a person has to mend it: no key for the zone, the
 *			server's policy forbids the change, CNAMEs that run
 *			in a circle, a web root outside the allowed prefixes
 *	ERR_UNAVAILABLE a server cannot be reached or has trouble of its
 *			own (SERVFAIL): later may do. Or it does not know the
 *			key, has another secret or another time: that is
 *			every name's of the zone, and passes for all at once
 *	ERR_TIMEOUT	not every server had the value in time (ready)
 *	ERR_INPUT	what the CA or a DNS server sent makes no sense
 *	ERR_IO		a file could not be written, for a reason that passes
 *			(disk full)
 * The first is FAIL_CONFIG to the engine, the next three FAIL_DNS.
 */

#include <stddef.h>
#include "certrepo_conf.h"
#include "err.h"
#include "loop.h"
#include "proof_kind.h"
#include "store.h"

struct chall;	  /* one solution */
struct chall_ctx; /* what solvers share: configuration, loop, DNS caches */

int chall_ctx_new(const struct certrepo_conf *conf, struct loop *loop,
		  struct chall_ctx **ret, struct err *err) MUST_CHECK;
void chall_ctx_free(struct chall_ctx **ctx); /* all solutions gone before */
const struct certrepo_conf *chall_ctx_conf(const struct chall_ctx *ctx);

struct chall_req {
	const struct proof_type *type;
	const char *name; /* the certificate's, for messages and rows */
	int slot;
	const char *owner;	  /* this instance's id, for the proof row */
	const char *identifier;	  /* DNS name without "*." */
	const char *token;	  /* from the CA: not yet trusted */
	const char *thumbprint;	  /* of the account key, RFC 7638 */
	const char *webroot_path; /* http-01: from the store: not trusted */
};

/* err is NULL when the step succeeded. The kind of an error decides its
 * class: see above. Called from the loop, once per step. The callback may
 * begin the next step or free the solution. */
typedef void chall_fn(struct chall *c, const struct err *err, void *arg);

/* Checks the request (a token that is not base64url, a path outside the
 * allowed prefixes: ERR_INPUT, ERR_CONFIG). Strings are copied. */
int chall_new(struct chall_ctx *ctx, const struct chall_req *req, chall_fn *fn,
	      void *arg, struct chall **ret, struct err *err) MUST_CHECK;
/* To clean up what a killed run left: only chall_clean() may follow. */
int chall_from_proof(struct chall_ctx *ctx, const struct store_proof *proof,
		     chall_fn *fn, void *arg, struct chall **ret,
		     struct err *err) MUST_CHECK;
void chall_free(struct chall **c); /* cancels a step under way, no callback */

/* Steps follow one another; calling one while another is under way is a bug
 * (assert). */
void chall_locate(struct chall *c);
void chall_prepare(struct chall *c);
void chall_ready(struct chall *c);
void chall_clean(struct chall *c);

/* Of a row of the store, which may be anybody's, in words to be shown; in
 * the arena. What it stands for:
 *	TXT "LPJN..." at _acme-challenge.www.example.org
 *	the file "/srv/www/.well-known/acme-challenge/token" */
const char *chall_what(const struct store_proof *proof, struct arena *arena);
/* The command by which root removes it, made of nothing but what the
 * configuration says and what can be in a proof; NULL where there is none. */
const char *chall_by_hand(const struct certrepo_conf *conf,
			  const struct store_proof *proof, struct arena *arena);

/* After locate; borrowed, lives as long as c. zone and server are "" where
 * they do not apply. id is the SHA-256, hex, of "type|server|owner|value". */
const struct store_proof *chall_proof(const struct chall *c);

/* A proof in the DNS. For how many seconds resolvers may remember that it is
 * not there (RFC 2308), as its zone has it; 0 before locate, and where that is
 * not known. */
int64_t chall_negative_ttl(const struct chall *c);
/* After a ready that failed: a resolver says that there is nothing, and goes on
 * saying so. */
bool chall_saw_none(const struct chall *c);

#endif
