/* SPDX-License-Identifier: MIT */
#ifndef STATEDIR_H
#define STATEDIR_H

/*
 * The folder of what the installer remembers: journals, backups, states. It
 * obeys what lies there, so only root (or who runs this) may be able to write
 * to it and to all folders above it; else ERR_CONFIG names the folder and the
 * command that mends it.
 */

#include "err.h"
#include "paths.h"

#define STATEDIR_DEFAULT CERTREPO_STATE_DIR "-installer"
/* Where it was: beside a fetcher, in the fetcher's own folder. */
#define STATEDIR_OLD CERTREPO_STATE_DIR "/installer"

/* Nothing is made; a folder that is not there is fine. */
int statedir_check(const char *dir, struct err *err) MUST_CHECK;
/* Make DIR and what belongs in it. When DIR is not there and OLD (may be NULL)
 * is, OLD becomes DIR, if root alone could have written to it. Otherwise DIR
 * begins empty and a warning says how to go on; ERR_CONFIG when an unfinished
 * change of root's lies in OLD: that is for a person to decide. What others
 * have put there decides nothing. */
int statedir_make(const char *dir, const char *old, struct err *err) MUST_CHECK;

#endif
