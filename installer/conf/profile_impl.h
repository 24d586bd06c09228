/* SPDX-License-Identifier: MIT */
#ifndef PROFILE_IMPL_H
#define PROFILE_IMPL_H

/* What the parts of profile share: profile.c reads a profile, profile_argv.c
 * knows variables. */

#include "profile.h"

/* NAME's of VARS (struct profile_var), which may be NULL; NULL for none. */
const struct profile_var *profile_find_var(const struct conf_groups *vars,
					   const char *name);

#endif
