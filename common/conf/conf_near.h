/* SPDX-License-Identifier: MIT */
#ifndef CONF_NEAR_H
#define CONF_NEAR_H

/* Which name was meant by one that there is not. */

#include <stdbool.h>
#include <stddef.h>

/* So many letters of NAME may be others, and it is meant all the same. */
size_t conf_near_most(const char *name);
/* Is KNOWN as near to NAME as that, nearer than the best before it? *BEST,
 * which begins as the above says, is then less. */
bool conf_near(const char *name, const char *known, size_t *best);

#endif
