/* SPDX-License-Identifier: MIT */
#ifndef CHALL_IMPL_H
#define CHALL_IMPL_H

/* What a solver provides; included by chall.c and the solvers only. */

#include "chall.h"

struct chall_ops {
	const char *type;
	/* Shared state of the type, made when the first solution is. */
	int (*ctx_new)(struct chall_ctx *ctx, void **ret, struct err *err);
	void (*ctx_free)(void *type_ctx);
	/* Check and take over the request (c->req is filled). */
	int (*init)(struct chall *c, struct err *err);
	void (*locate)(struct chall *c);
	void (*prepare)(struct chall *c);
	void (*ready)(struct chall *c);
	void (*clean)(struct chall *c);
	void (*fini)(struct chall *c);
};

struct chall {
	const struct chall_ops *ops;
	struct chall_ctx *ctx;
	void *type_ctx;
	struct arena *arena;
	struct chall_req req; /* strings in arena */
	struct store_proof proof; /* filled by locate, strings in arena */
	chall_fn *fn;
	void *arg;
	void *priv; /* the solver's own */
};

struct chall_ctx {
	const struct certrepo_conf *conf;
	struct loop *loop;
	void *type_ctx[8]; /* by place in the table of chall.c */
};

/* End the step under way: called by solvers, from the loop only. */
void chall_done(struct chall *c, const struct err *err);
/* The same from within the step's own call: through the loop's next round. */
void chall_done_soon(struct chall *c, const struct err *err);

extern const struct chall_ops chall_dns01;
extern const struct chall_ops chall_http01;

#endif
