/* SPDX-License-Identifier: MIT */
#ifndef WHOSE_H
#define WHOSE_H

/*
 * Whose is what is now where a journal puts things: between two steps, or
 * while an unfinished one waits for the next run, a person may have mended the
 * service by hand. A file is known by its content, which takes the SHA-256 of
 * the new one and of the copy; a link by what it says or leads to.
 */

#include "journal.h"

enum whose {
	WHOSE_NOBODYS, /* nothing is there */
	WHOSE_OLD,     /* what was there before */
	WHOSE_NEW,     /* what we put there */
	WHOSE_THEIRS,  /* somebody else has, meanwhile */
};

/* What is at P, for op I of J. */
int whose_look(const char *state_dir, const struct journal *j, size_t i,
	       const struct place *p, enum whose *ret,
	       struct err *err) MUST_CHECK;
/* That O's is WHOSE_THEIRS: ERR_CONFLICT, -1. */
int whose_theirs(const struct journal_op *o, struct err *err);

#endif
