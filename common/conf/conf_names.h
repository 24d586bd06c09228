/* SPDX-License-Identifier: MIT */
#ifndef CONF_NAMES_H
#define CONF_NAMES_H

#include "strlist.h"

/* The NAMEs of files NAME.conf in DIRS, which NULL ends: in order, each once. A
 * folder that cannot be read has none. */
void conf_names(const char *const *dirs, struct strlist *ret);

#endif
