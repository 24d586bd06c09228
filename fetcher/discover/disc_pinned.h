/* SPDX-License-Identifier: MIT */
#ifndef DISC_PINNED_H
#define DISC_PINNED_H

/* The directory that the store has of a CA that is discovered. Whoever can
 * write there must not lead us, with our account and what it is bound by, to
 * where no answer of the DNS could: what is used was found below a domain that
 * is still to be looked at, and is in it or in one that is allowed. */

#include "certrepo_conf.h"
#include "disc_parents.h"
#include "store_pin.h"

/* Pure. PARENTS: those of CA. */
bool disc_pinned_ok(const struct certrepo_ca *ca,
		    const struct disc_parents *parents,
		    const struct store_pin *pin);

/* For who looks for none: the directory that CA has in the configuration, or
 * the one that was found; NULL: none was yet. In ARENA, or CA's. */
int disc_pinned_directory(struct store *store, const struct certrepo_ca *ca,
			  struct arena *arena, const char **ret,
			  struct err *err) MUST_CHECK;

#endif
