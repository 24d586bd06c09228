/* SPDX-License-Identifier: MIT */
#ifndef PREPARE_H
#define PREPARE_H

/* What comes before a change: a part's journal, its backup, the new files
 * beside the old ones. Nothing that the service reads is touched here. */

#include "judge.h"
#include "prove.h"

/* Fill P->j for a change of its service, as SEEN shows it now. run, svc,
 * state and j of P are set; all strings live in the run's arena. */
void prepare_begin(struct txn_part *p, const struct judge *g,
		   const struct verify_seen *seen);
/* Name it: not as any backup there is. */
int prepare_name(struct txn_part *p, struct err *err) MUST_CHECK;

/* The steps that put what G has under PLAN_PUT into place, where that can be
 * done and its commands may be run. */
int prepare_install(struct txn_part *p, const struct judge *g,
		    struct err *err) MUST_CHECK;
/* The steps that go back to what the newest backup, *ret, replaced. ERR_INPUT
 * when there is none, when that was no certificate, or, unless forced, one that
 * has expired, or a placeholder. */
int prepare_back(struct txn_part *p, struct journal *ret,
		 struct err *err) MUST_CHECK;

/* The new files, synced, beside the old ones: of G; or of the backup M. */
int prepare_stage(struct txn_part *p, const struct judge *g,
		  struct err *err) MUST_CHECK;
int prepare_stage_back(struct txn_part *p, const struct journal *m,
		       struct err *err) MUST_CHECK;

/* What keeps the set before P's change from being served once it is back, in
 * the run's arena; NULL: nothing that is known. Its files are not those of the
 * service any more; the host's key is that of another certificate. */
const char *prepare_moved(const struct txn_part *p);
const char *prepare_unfit_back(const struct txn_part *p);
/* Is what P's change was to put there, with the host's key. */
bool prepare_fits(const struct txn_part *p);
/* Certificate NAME, which was not there before, stays, whatever becomes of the
 * others: as if it had been. */
void prepare_keep(struct txn_part *p, const char *name);

/* Once the old files that a person went back to are in place: what they hold,
 * which the backup does not say. ERR_INPUT: not the certificates it tells
 * of. */
int prepare_read_back(struct txn_part *p, struct err *err) MUST_CHECK;

#endif
