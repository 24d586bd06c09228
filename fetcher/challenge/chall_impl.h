/* SPDX-License-Identifier: MIT */
#ifndef CHALL_IMPL_H
#define CHALL_IMPL_H

/* What a solver provides; included by chall.c and the solvers only. */

#include "chall.h"

#define CHALL_TOKEN_MAX 128

struct solver_ops {
	/* Shared state of the solver, made when the first solution is. */
	int (*ctx_new)(struct chall_ctx *ctx, void **ret, struct err *err);
	void (*ctx_free)(void *solver_ctx);
	/* Check and take over the request (c->req is filled). */
	int (*init)(struct chall *c, struct err *err);
	/* The same for a proof of a killed run (c->proof is filled). */
	int (*init_proof)(struct chall *c, struct err *err);
	void (*locate)(struct chall *c);
	void (*prepare)(struct chall *c);
	void (*ready)(struct chall *c);
	void (*clean)(struct chall *c);
	/* As chall_by_hand(); may be NULL. */
	const char *(*by_hand)(const struct certrepo_conf *conf,
			       const struct store_proof *proof,
			       struct arena *arena);
	/* Cancel what is under way, free priv. */
	void (*fini)(struct chall *c);
};

struct chall {
	const struct solver_ops *ops;
	struct chall_ctx *ctx;
	void *solver_ctx;
	struct arena *arena;
	struct chall_req req; /* strings in arena */
	/* What the CA wants to see where, for the solver to put there: the
	 * text of a TXT record at PLACE, or a file's content at the path PLACE
	 * below a web root. */
	const char *place, *value;
	struct store_proof proof; /* filled by locate, strings in arena */
	int64_t negative_ttl;	  /* filled by locate, 0: not known */
	bool saw_none;		  /* filled by ready */
	chall_fn *fn;
	void *arg;
	void *priv; /* the solver's own */
	bool busy;  /* a step is under way */
	struct loop_timer *soon;
	struct err soon_err;
};

struct chall_ctx {
	const struct certrepo_conf *conf;
	struct loop *loop;
	void *solver_ctx[SOLVER_KINDS];
};

/* Where RFC 8555 section 8.3 has the file: its folder. */
#define CHALL_WELL_KNOWN "/.well-known/acme-challenge/"

/* Fill c->proof: c->value at OWNER. Zone and server may be "". Strings are
 * copied. */
void chall_set_proof(struct chall *c, const char *zone, const char *server,
		     const char *owner);
/* Only letters, digits, '-' and '_', 1 to CHALL_TOKEN_MAX of them. */
bool chall_token_ok(const char *token);

/* End the step under way: called by solvers, from the loop only. The
 * solution may be gone afterwards. */
void chall_done(struct chall *c, const struct err *err);
/* The same from within the step's own call: through the loop's next round. */
void chall_done_soon(struct chall *c, const struct err *err);

extern const struct solver_ops solver_rfc2136;
extern const struct solver_ops solver_webroot;

#endif
