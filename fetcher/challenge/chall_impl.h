/* SPDX-License-Identifier: MIT */
#ifndef CHALL_IMPL_H
#define CHALL_IMPL_H

/* What a solver provides; included by chall.c and the solvers only. */

#include "chall.h"

#define CHALL_TOKEN_MAX 128

struct chall_ops {
	const char *type;
	/* Shared state of the type, made when the first solution is. */
	int (*ctx_new)(struct chall_ctx *ctx, void **ret, struct err *err);
	void (*ctx_free)(void *type_ctx);
	/* Check and take over the request (c->req is filled). */
	int (*init)(struct chall *c, struct err *err);
	/* The same for a proof of a killed run (c->proof is filled). */
	int (*init_proof)(struct chall *c, struct err *err);
	void (*locate)(struct chall *c);
	void (*prepare)(struct chall *c);
	void (*ready)(struct chall *c);
	void (*clean)(struct chall *c);
	/* Cancel what is under way, free priv. */
	void (*fini)(struct chall *c);
};

struct chall {
	const struct chall_ops *ops;
	struct chall_ctx *ctx;
	void *type_ctx;
	struct arena *arena;
	struct chall_req req;	  /* strings in arena */
	struct store_proof proof; /* filled by locate, strings in arena */
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
	void *type_ctx[8]; /* by place in the table of chall.c */
};

/* "TOKEN.THUMBPRINT", RFC 8555 section 8.1; in the arena. */
const char *chall_key_authorization(struct chall *c);
/* Fill c->proof; zone and server may be "". Strings are copied. */
void chall_set_proof(struct chall *c, const char *zone, const char *server,
		     const char *owner, const char *value);
/* Only letters, digits, '-' and '_', 1 to CHALL_TOKEN_MAX of them. */
bool chall_token_ok(const char *token);

/* End the step under way: called by solvers, from the loop only. The
 * solution may be gone afterwards. */
void chall_done(struct chall *c, const struct err *err);
/* The same from within the step's own call: through the loop's next round. */
void chall_done_soon(struct chall *c, const struct err *err);

extern const struct chall_ops chall_dns01;
extern const struct chall_ops chall_http01;

#endif
