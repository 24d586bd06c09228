/* SPDX-License-Identifier: MIT */
#include "chall_impl.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "arena.h"
#include "clock.h"
#include "dns_msg.h"
#include "enc.h"
#include "plain.h"

static const struct solver_ops *const solvers[] = {
	[SOLVER_RFC2136] = &solver_rfc2136,
	[SOLVER_WEBROOT] = &solver_webroot,
};

int chall_ctx_new(const struct certrepo_conf *conf, struct loop *loop,
		  struct chall_ctx **ret, struct err *err)
{
	struct chall_ctx *ctx = mem_alloc(sizeof(*ctx));

	ctx->conf = conf;
	ctx->loop = loop;
	*ret = ctx;
	return 0;
}

void chall_ctx_free(struct chall_ctx **ctx)
{
	if (!*ctx)
		return;
	for (size_t i = 0; i < ARRAY_LEN(solvers); i++)
		if ((*ctx)->solver_ctx[i])
			solvers[i]->ctx_free((*ctx)->solver_ctx[i]);
	free(*ctx);
	*ctx = NULL;
}

const struct certrepo_conf *chall_ctx_conf(const struct chall_ctx *ctx)
{
	return ctx->conf;
}

bool chall_token_ok(const char *token)
{
	size_t n = strlen(token);

	return n >= 1 && n <= CHALL_TOKEN_MAX &&
	       strspn(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			     "abcdefghijklmnopqrstuvwxyz0123456789_-") == n;
}

static struct chall *chall_alloc(struct chall_ctx *ctx, chall_fn *fn, void *arg)
{
	struct chall *c = mem_alloc(sizeof(*c));

	c->ctx = ctx;
	c->arena = arena_new();
	c->fn = fn;
	c->arg = arg;
	return c;
}

static int attach(struct chall *c, enum solver_kind kind, struct err *err)
{
	const struct solver_ops *ops = solvers[kind];

	if (!c->ctx->solver_ctx[kind] && ops->ctx_new &&
	    ops->ctx_new(c->ctx, &c->ctx->solver_ctx[kind], err) == -1)
		return -1;
	c->ops = ops;
	c->solver_ctx = c->ctx->solver_ctx[kind];
	return 0;
}

/* RFC 8555 section 8.1: the key authorization; 8.3: it is the file's content;
 * 8.4: its digest is the record's text. */
static void work_out(struct chall *c)
{
	const char *auth = arena_printf(c->arena, "%s.%s", c->req.token,
					c->req.thumbprint);
	AUTO(mem_free_str) char *text = NULL;
	unsigned char digest[ENC_SHA256_LEN];

	if (!c->req.type->in_dns) {
		c->place = arena_printf(c->arena, CHALL_WELL_KNOWN "%s",
					c->req.token);
		c->value = auth;
		return;
	}
	enc_sha256(auth, strlen(auth), digest);
	text = enc_b64url(digest, sizeof(digest));
	c->place =
		arena_printf(c->arena, "_acme-challenge.%s", c->req.identifier);
	c->value = arena_strdup(c->arena, text);
}

int chall_new(struct chall_ctx *ctx, const struct chall_req *req, chall_fn *fn,
	      void *arg, struct chall **ret, struct err *err)
{
	AUTO(chall_free) struct chall *c = chall_alloc(ctx, fn, arg);

	if (!chall_token_ok(req->token))
		return err_set(err, ERR_INPUT,
			       "the CA's token for %s is not base64url of at "
			       "most %d characters",
			       req->identifier, CHALL_TOKEN_MAX);
	if (attach(c, req->type->solver, err) == -1)
		return -1;
	c->req = (struct chall_req){
		.type = req->type,
		.name = arena_strdup(c->arena, req->name),
		.slot = req->slot,
		.owner = arena_strdup(c->arena, req->owner),
		.identifier = arena_strdup(c->arena, req->identifier),
		.token = arena_strdup(c->arena, req->token),
		.thumbprint = arena_strdup(c->arena, req->thumbprint),
		.webroot_path = arena_strdup(c->arena, req->webroot_path),
	};
	work_out(c);
	if (c->ops->init(c, err) == -1)
		return -1;
	*ret = TAKE(c);
	return 0;
}

int chall_from_proof(struct chall_ctx *ctx, const struct store_proof *proof,
		     chall_fn *fn, void *arg, struct chall **ret,
		     struct err *err)
{
	AUTO(chall_free) struct chall *c = chall_alloc(ctx, fn, arg);
	const struct proof_type *type = proof_type_find(proof->type);

	if (!type)
		return err_set(err, ERR_INPUT,
			       "the stored proof is of the unknown challenge "
			       "type %s",
			       proof->type);
	if (attach(c, type->solver, err) == -1)
		return -1;
	c->proof = (struct store_proof){
		.id = arena_strdup(c->arena, proof->id),
		.name = arena_strdup(c->arena, proof->name),
		.slot = proof->slot,
		.lease_owner = arena_strdup(c->arena, proof->lease_owner),
		.type = arena_strdup(c->arena, proof->type),
		.zone = arena_strdup(c->arena, proof->zone ? proof->zone : ""),
		.server = arena_strdup(c->arena,
				       proof->server ? proof->server : ""),
		.owner = arena_strdup(c->arena, proof->owner),
		.value = arena_strdup(c->arena, proof->value),
		.ts_created = proof->ts_created,
	};
	if (c->ops->init_proof(c, err) == -1)
		return -1;
	*ret = TAKE(c);
	return 0;
}

void chall_free(struct chall **c)
{
	if (!*c)
		return;
	loop_cancel(&(*c)->soon);
	if ((*c)->ops && (*c)->ops->fini)
		(*c)->ops->fini(*c);
	arena_free(&(*c)->arena);
	free(*c);
	*c = NULL;
}

static void begin(struct chall *c)
{
	assert(!c->busy);
	c->busy = true;
}

void chall_locate(struct chall *c)
{
	begin(c);
	c->ops->locate(c);
}

void chall_prepare(struct chall *c)
{
	begin(c);
	c->ops->prepare(c);
}

void chall_ready(struct chall *c)
{
	begin(c);
	c->ops->ready(c);
}

void chall_clean(struct chall *c)
{
	begin(c);
	c->ops->clean(c);
}

const char *chall_what(const struct store_proof *proof, struct arena *arena)
{
	const struct proof_type *type = proof_type_find(proof->type);
	char value[PLAIN_QUOTED], owner[PLAIN_QUOTED];

	if (!type || type->in_dns)
		return arena_printf(arena, "TXT %s at %s",
				    plain_quoted(proof->value, value),
				    dns_name_said(proof->owner, owner));
	return arena_printf(arena, "the file %s",
			    plain_quoted(proof->owner, owner));
}

const char *chall_by_hand(const struct certrepo_conf *conf,
			  const struct store_proof *proof, struct arena *arena)
{
	const struct proof_type *type = proof_type_find(proof->type);

	return type && solvers[type->solver]->by_hand
		       ? solvers[type->solver]->by_hand(conf, proof, arena)
		       : NULL;
}

const struct store_proof *chall_proof(const struct chall *c)
{
	return &c->proof;
}

int64_t chall_negative_ttl(const struct chall *c)
{
	return c->negative_ttl;
}

bool chall_saw_none(const struct chall *c)
{
	return c->saw_none;
}

void chall_set_proof(struct chall *c, const char *zone, const char *server,
		     const char *owner)
{
	const char *type = c->req.type->name;
	AUTO(mem_free_str)
	char *text = mem_printf("%s|%s|%s|%s", type, server, owner, c->value);
	char id[ENC_SHA256_HEX];

	c->proof = (struct store_proof){
		.id = arena_strdup(c->arena,
				   enc_sha256_hex(text, strlen(text), id)),
		.name = c->req.name,
		.slot = c->req.slot,
		.lease_owner = c->req.owner,
		.type = type,
		.zone = arena_strdup(c->arena, zone),
		.server = arena_strdup(c->arena, server),
		.owner = arena_strdup(c->arena, owner),
		.value = c->value,
		.ts_created = clock_now(),
	};
}

void chall_done(struct chall *c, const struct err *err)
{
	assert(c->busy);
	c->busy = false;
	c->fn(c, err, c->arg);
}

static void soon(void *arg)
{
	struct chall *c = arg;
	struct err err = c->soon_err; /* the callback may free c */

	c->soon = NULL;
	chall_done(c, err.kind == ERR_NONE ? NULL : &err);
}

void chall_done_soon(struct chall *c, const struct err *err)
{
	assert(c->busy && !c->soon);
	c->soon_err = err ? *err : (struct err) ERR_INIT;
	c->soon = loop_after(c->ctx->loop, 0, soon, c);
}
