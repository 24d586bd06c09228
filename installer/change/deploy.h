/* SPDX-License-Identifier: MIT */
#ifndef DEPLOY_H
#define DEPLOY_H

/*
 * The file-system side of a transaction. Everything here may be repeated:
 * a step that was done already is left as it is. What the service reads only
 * ever changes by rename(2), in deploy_commit() and deploy_undo(). The folders
 * may be somebody else's, so all of it goes through place.h.
 */

#include "journal.h"
#include "svc.h"

/* Can C's files be put where they belong: the folder is there or can be
 * made, is not open to everyone, and nothing of another kind is in the way.
 * ERR_IO with a sentence. */
int deploy_check(const struct svc_cert *c, struct err *err) MUST_CHECK;

/* Fill a new folder of C, synced; O, of its link, gets next and ino, J->gen is
 * what it is remembered by. CONTENTS: one per file of C. */
int deploy_stage_generation(const char *state_dir, const struct journal *j,
			    const struct svc_cert *c,
			    const struct sbuf *contents, struct arena *arena,
			    struct journal_op *o, struct err *err) MUST_CHECK;
/* Stage CONTENT, of C's file K, beside O->path; O gets next and ino. */
int deploy_stage_file(const struct svc_cert *c, size_t k,
		      const struct sbuf *content, struct arena *arena,
		      struct journal_op *o, struct err *err) MUST_CHECK;
/* The same of PEM, a private key, in the place of the one at O->path, whose
 * owner, mode and ACL it gets. ERR_CONFLICT: that is not WAS (SHA-256) any
 * more. */
int deploy_stage_key(const struct sbuf *pem, const char *was,
		     struct arena *arena, struct journal_op *o,
		     struct err *err) MUST_CHECK;
/* The same of the copy of file I in the backup M; O gets sha256, too. */
int deploy_stage_copy(const char *state_dir, const struct journal *m, size_t i,
		      struct arena *arena, struct journal_op *o,
		      struct err *err) MUST_CHECK;

/* Is GEN, beside LINK, there: 1, *ret is its inode if it is a folder, else 0;
 * 0; -1. Of a link of somebody's to elsewhere nothing is asked: 1. */
int deploy_see_generation(const struct place *link, const char *gen,
			  uint64_t *ret, struct err *err) MUST_CHECK;
/* The same where it must be there to go back to: 0; ERR_CONFLICT. */
int deploy_need_generation(const struct place *link, const char *gen,
			   uint64_t *ret, struct err *err) MUST_CHECK;

/* Put the new set in place. ERR_CONFLICT, and nothing was done: what is there
 * is neither the old set nor the new one. */
int deploy_commit(const char *state_dir, const struct journal *j,
		  struct err *err) MUST_CHECK;

/* Why it does not help to try again. */
enum deploy_lost {
	DEPLOY_MAY,    /* it may */
	DEPLOY_GONE,   /* what was before is, or its folder */
	DEPLOY_THEIRS, /* somebody else has put something there meanwhile */
};

struct deploy_back {
	const char *state_dir;
	const struct journal *j;
	/* The service was just told: what changed since, did not change for the
	 * better. */
	bool at_work;
};

/* Put the old set back; where there was none, what we put there goes. Does as
 * much as it can, reports the first error. What somebody else has put there,
 * unless the service was just told, is left, as is a file whose copy is gone,
 * and with either all other files. */
int deploy_undo(const struct deploy_back *b, enum deploy_lost *ret_lost,
		struct err *err) MUST_CHECK;
/* Throw away what was staged and is not in place. What cannot be told is left,
 * and reported. */
int deploy_discard(const char *state_dir, const struct journal *j,
		   struct err *err) MUST_CHECK;

#endif
