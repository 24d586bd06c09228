/* SPDX-License-Identifier: MIT */
#ifndef STORE_NEAR_H
#define STORE_NEAR_H

/* For a person who wrote a name that is not there. */

#include "store.h"

/* "; is www.example.org meant?", or "" when no name is near NAME, or the store
 * does not say: who asks has a failure to tell already. Reads all names, page
 * by page. To be freed. */
char *store_near_text(struct store *s, const char *name);

#endif
