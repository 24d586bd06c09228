/* SPDX-License-Identifier: MIT */
#ifndef AUTHZ_H
#define AUTHZ_H

/*
 * One authorization of an order (RFC 8555 section 7.5), from its URL to a
 * valid one: fetch, choose a challenge, put the proof in place, tell the CA,
 * poll; and afterwards remove the proof, whatever the outcome. A table of
 * state functions; the order steps it, callbacks only wake the order.
 */

#include <stdbool.h>
#include "acme.h"
#include "batch.h"
#include "chall.h"
#include "fail.h"

/* What the authorizations of one order share. Borrowed, must outlive them. */
struct authz_job {
	struct loop *loop;
	struct batch *batch;
	struct chall_ctx *chall;
	struct acme *acme;
	const char *owner;	       /* the instance */
	const char *name;	       /* the row */
	const struct proof_type *type; /* the row wants */
	const char *webroot_path;
	const struct x509_ids *ids; /* of the CSR: what may be asked of us */
	void (*wake)(void *arg);    /* step me */
	void *arg;
	/* A proof row is gone, with what it stood for. */
	void (*proof_gone)(void *env, const char *id);
	void *env;
};

struct authz;

struct authz *authz_new(const struct authz_job *job, const char *url);
void authz_free(struct authz **a); /* leaves the proof where it is */

void authz_step(struct authz *a);
bool authz_valid(const struct authz *a);
bool authz_ended(const struct authz *a); /* nothing left to do or wait for */
/* Why it failed, or NULL. TERMINAL: the order cannot go on with it, now or
 * later. */
const struct fail *authz_fail(const struct authz *a, bool *ret_terminal);
/* What it waits for, for a person. */
const char *authz_waits_for(const struct authz *a, enum fail_class *ret);

/* The order has failed: stop, remove the proof; DEACTIVATE what is pending.
 * Ends by itself. */
void authz_give_up(struct authz *a, bool deactivate);
/* The program ends: as give_up, but a proof that the CA may be looking at
 * stays, for the next run to go on with. */
void authz_leave(struct authz *a);

/* --- pure, for tests --- */

/* The challenge for the row's wish: its place in the list, or -1 with err
 * saying what the CA offers. A wildcard and an address leave no choice
 * (proof_type_for). */
int authz_choose(const struct acme_authz *authz, const struct proof_type *want,
		 struct err *err);
/* Does what a CA says of a proof in the DNS mean that it found none? Servers in
 * trouble, and another value, are something else: no resolver keeps those for
 * as long. Its words choose, and no more. */
bool authz_absent(const struct fail *f);
/* The class of a solver's error. */
enum fail_class authz_class(enum err_kind kind, const struct proof_type *type);

#endif
