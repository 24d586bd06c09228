/* SPDX-License-Identifier: MIT */
#ifndef REQUESTED_H
#define REQUESTED_H

/*
 * What this host has asked for, and what became of it as far as it was told:
 * STATE_DIR/requests. May be lost: then a person asks anew.
 */

#include <stdbool.h>
#include <stdint.h>
#include "arena.h"
#include "err.h"
#include "fleet_requests.h"
#include "plain.h"

/* Beside FLEET_PENDING, FLEET_APPROVED and FLEET_REJECTED. */
#define REQUESTED_FAILED  "failed"  /* it could not be sent */
#define REQUESTED_PRINTED "printed" /* it was not sent */
#define REQUESTED_LIVE	  "live"    /* a certificate of the key is in place */

#define REQUESTED_MAX 2000

struct requested_one {
	const char *name;
	const char *key;     /* SHA-256 of its public half */
	bool new_key;	     /* the next one, beside one in use */
	const char *state;   /* see above */
	const char *reason;  /* or NULL */
	const char *as_name; /* or NULL */
	int64_t ts;	     /* when it was sent, or tried */
	const char *csr;     /* PEM, or NULL */
};

struct requested {
	struct requested_one *v;
	size_t n;
	bool dirty;
};

/* -1: it cannot be read, or is damaged; RET is empty. */
int requested_load(const char *state_dir, struct arena *arena,
		   struct requested *ret, struct err *err) MUST_CHECK;
/* Does nothing unless dirty. */
int requested_save(const char *state_dir, struct requested *r,
		   struct err *err) MUST_CHECK;
/* NULL: there is none. */
struct requested_one *requested_find(const struct requested *r,
				     const char *name, const char *key);
/* Is a first certificate of NAME asked for, and nobody has decided. Approved,
 * the store has it; where it does not, it was removed since. */
bool requested_waits(const struct requested *r, const char *name);
/* The last one for a first certificate of NAME, when it was rejected; NULL. */
const struct requested_one *requested_rejected(const struct requested *r,
					       const char *name);
/* Why ONE was, between quotes, in RET; or that nobody said. */
const char *requested_why(const struct requested_one *one,
			  char ret[PLAIN_QUOTED]);
/* ONE, in the place of what there was of its name and key, and, once a newer
 * one of a name is live, of those before. Strings are borrowed. */
void requested_put(struct requested *r, struct arena *arena,
		   const struct requested_one *one);
void requested_drop(struct requested *r, struct requested_one *one);

#endif
