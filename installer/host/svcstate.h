/* SPDX-License-Identifier: MIT */
#ifndef SVCSTATE_H
#define SVCSTATE_H

/*
 * What the installer remembers of a service between runs, in
 * STATE_DIR/service/NAME. All of it may be lost without harm: the files and
 * what is served are the truth.
 */

#include <stdbool.h>
#include <stdint.h>
#include "arena.h"
#include "err.h"
#include "strlist.h"

/* So many of a certificate are kept away; then the one that was held first is
 * forgotten: it is the oldest, and a step back is refused anyway. */
#define SVCSTATE_HELD_MAX 16

struct svcstate_cert {
	const char *name;
	const char *fingerprint; /* last installed by us */
	int64_t not_before;
	/* A person went back from these: x509_chain_tbs(), a fingerprint, or
	 * judge_digest() of files. */
	const char *held[SVCSTATE_HELD_MAX];
	size_t n_held;
	/* x509_chain_tbs() of what had part in a step sideways; see plan.h */
	const char *stepped[SVCSTATE_HELD_MAX];
	size_t n_stepped;
};

/* What a warning speaks of: those of one kind replace each other. */
enum svcstate_about {
	SVCSTATE_CERTS,	   /* certificates that are refused and the like */
	SVCSTATE_SERVICE,  /* what came of a change, or keeps it away */
	SVCSTATE_ENDPOINT, /* what is served */
	SVCSTATE_LIFE,	   /* what will be wrong in time */
	SVCSTATE_ABOUTS
};

struct svcstate {
	const char *hold;	 /* digest of what failed, or NULL */
	const char *hold_reason; /* a sentence */
	struct {
		const char *digest; /* of the last warning, or NULL */
		int64_t at;
	} warned[SVCSTATE_ABOUTS];
	int64_t activate_count; /* activations in a row that did not help */
	int64_t activate_at;	/* the last of them */
	int64_t post_count;	/* tries in a row of the commands after a
				 * change that failed */
	int64_t post_at;
	const char *post_reason; /* a sentence */
	int64_t waiting;	 /* since when it waits to be restarted, or 0 */
	int64_t probed_at;
	const char *keys; /* digest of the keys' files that were seen to fit
			   * what is installed, or NULL */
	struct svcstate_cert *certs;
	size_t n_certs;
	bool dirty;  /* changed since it was read */
	bool unread; /* what is in the file is not known */
};

/* Nothing there: an empty state; so is a file that is damaged, which is said.
 * -1: it cannot be read, and is not to be replaced by what is not known: RET
 * is empty, and saving it does nothing. */
int svcstate_load(const char *state_dir, const char *service,
		  struct arena *arena, struct svcstate *ret,
		  struct err *err) MUST_CHECK;
/* Does nothing unless dirty. */
int svcstate_save(const char *state_dir, const char *service,
		  struct svcstate *s, struct err *err) MUST_CHECK;

/* NULL when never installed. */
const struct svcstate_cert *svcstate_cert(const struct svcstate *s,
					  const char *name);
void svcstate_set_cert(struct svcstate *s, struct arena *arena,
		       const char *name, const char *fingerprint,
		       int64_t not_before);
/* WHAT (see held) is not to be installed again unless forced; that ends. */
void svcstate_hold_cert(struct svcstate *s, struct arena *arena,
			const char *name, const char *what);
void svcstate_free_cert(struct svcstate *s, const char *name, const char *what);
/* TBS had part in a step sideways, and has none once more while what is there
 * is good. */
void svcstate_step(struct svcstate *s, struct arena *arena, const char *name,
		   const char *tbs);
bool svcstate_stepped(const struct svcstate_cert *c, const char *tbs);
/* C may be NULL. */
bool svcstate_holds(const struct svcstate_cert *c, const char *what);
/* Of certificates that are not in NAMES nothing is remembered any more. */
void svcstate_keep(struct svcstate *s, const struct strlist *names);
/* Nor of services that are not, when nothing was written of them since
 * BEFORE. */
void svcstate_sweep(const char *state_dir, const struct strlist *services,
		    int64_t before);
void svcstate_set_hold(struct svcstate *s, const char *digest,
		       const char *reason); /* borrowed; NULL: none */
void svcstate_set_activate(struct svcstate *s, int64_t count, int64_t at);
void svcstate_set_post(struct svcstate *s, int64_t count, int64_t at,
		       const char *reason); /* borrowed */
void svcstate_set_waiting(struct svcstate *s, int64_t since);
void svcstate_set_keys(struct svcstate *s, const char *digest); /* borrowed */
/* Is TEXT to be said now: it is new, or a day old. Remembers. */
bool svcstate_warn(struct svcstate *s, struct arena *arena,
		   enum svcstate_about about, const char *text, int64_t now);
/* All is well again: what is said next is new. True when it was not well.
 * What may come is another matter. */
bool svcstate_unwarn(struct svcstate *s);
/* The same of one kind. */
bool svcstate_unwarn_of(struct svcstate *s, enum svcstate_about about);

#endif
