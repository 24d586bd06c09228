/* SPDX-License-Identifier: MIT */
#ifndef ARI_POLL_H
#define ARI_POLL_H

/*
 * One CA is asked when it wants its certificates renewed (RFC 9773), in a run
 * of the fetcher: those whose turn it is, the oldest question first, page by
 * page, many at a time over its one connection and at its pace; the answers are
 * committed by the page. Memory is that of a page and of what is in flight.
 *
 * A window that was to come and is said to have passed is an incident, a mass
 * revocation as a rule: then all others of the CA are asked about, too,
 * whenever their turn is.
 *
 * What a CA answers of one certificate concerns that one. When three answers in
 * a row are missing, the rest is left for the next run. None of it counts
 * against a name, or against the CA.
 */

#include "acme.h"
#include "batch.h"
#include "certrepo_conf.h"
#include "loop.h"
#include "store.h"

#define ARI_POLL_PAGE 200
/* In flight: libcurl takes no more than 100 to one connection. */
#define ARI_POLL_MOST	  90
#define ARI_POLL_STREAK	  3
#define ARI_POLL_MS	  (50 * 1000)	   /* of a run ... */
#define ARI_POLL_ALARM_MS (10 * 60 * 1000) /* ... with an incident */

struct ari_poll;

struct ari_env {
	struct loop *loop;
	struct store *store;
	struct batch *batch;
	int64_t days_left;
	int64_t begun; /* the run: turns are those of this instant */
	/* Not 0: a person gave these names. They alone are asked about, and
	 * whenever their turn is; no incident goes beyond. */
	const char *const *only;
	size_t n_only;
};

/* All borrowed. IS_DEFAULT: with the rows that name no CA. */
struct ari_poll *ari_poll_new(const struct ari_env *env, const char *ca_name,
			      bool is_default);
void ari_poll_free(struct ari_poll **p); /* forgets what is under way */

/* Is it anybody's turn? 1, 0, -1. */
int ari_poll_any(struct ari_poll *p, struct err *err) MUST_CHECK;
/* Go on: ACME has the directory of a CA that offers it, and lives until
 * ari_poll_busy() is false. At most MOST in flight. ERR_UNAVAILABLE: the store
 * is away, later once more. Calls back nobody; a timer wakes the loop. */
int ari_poll_step(struct ari_poll *p, struct acme *acme, size_t most,
		  struct err *err) MUST_CHECK;
/* No more questions: what was asked is waited for, and committed. */
void ari_poll_stop(struct ari_poll *p);
/* Nor is that waited for: what was answered is committed; what is not when this
 * is called again is given up, and asked in the next run. */
void ari_poll_leave(struct ari_poll *p);
/* There is more to ask, to hear or to commit. */
bool ari_poll_busy(const struct ari_poll *p);

/* What came of it, so far. */
struct ari_told {
	size_t asked, heard; /* ... and answered with a window */
	size_t due;	     /* of these are due now, and so in the store */
	size_t moved;	     /* windows of an incident, in the store */
	size_t sooner;	     /* ... that are still to come (ari_judge.h) */
	const char *name;    /* one of them */
	const char *url;     /* where the CA explains it, or NULL */
	bool broken_off;     /* the CA did not answer, or is slow */
	const char *detail;  /* the last trouble, or "" */
	int64_t retry_at;    /* when it wants to be asked again; or 0 */
};
void ari_poll_told(const struct ari_poll *p, struct ari_told *ret);

#endif
