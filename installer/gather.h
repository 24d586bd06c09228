/* SPDX-License-Identifier: MIT */
#ifndef GATHER_H
#define GATHER_H

/* What there is of one service, on disk and in the store, judged. Reads
 * only. */

#include "plan.h"
#include "run.h"
#include "svcstate.h"

struct gather_cert {
	const struct svc_cert *svc;
	struct x509_chain *chain; /* the row's, NULL when there is none */
	char chain_digest[ENC_SHA256_HEX];
	struct sbuf *contents;	 /* of each file, once verdict is PLAN_PUT */
	struct x509_chain *disk; /* what is on disk, NULL: nothing; may be
				  * chain itself */
	char disk_digest[ENC_SHA256_HEX]; /* "" when not known */
	bool misfit; /* the host's key, read again, is not that of disk */
	enum plan_verdict verdict;
	char reason[600]; /* of what is not KEEP or PUT, a sentence */
};

struct gather {
	struct gather_cert *v;
	size_t n;
	struct arena *arena;
};

/* What the disk has, no more; the rest is empty. Free it. */
void gather_disk(const struct svc *s, struct gather *ret);
/* The same, and the rows of the store, and a verdict for each. The keys of
 * what stays are read again when their files changed. */
void gather_rows(struct run *r, const struct svc *s,
		 const struct store_host_certs *rows, struct svcstate *state,
		 struct gather *ret);
/* SHA-256 over what C's files hold now. */
void gather_digest(const struct svc_cert *c, char ret[ENC_SHA256_HEX]);
void gather_free(struct gather *g);

#endif
