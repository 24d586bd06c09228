/* SPDX-License-Identifier: MIT */
#ifndef UPDATE_H
#define UPDATE_H

/*
 * Bring every wanted service up to date with the rows of the store. Services
 * that use one certificate change together, all or none, unless their
 * configuration says that one goes alone.
 */

#include "host.h"

/* With the store away: look at what is in place and what is served, and tell
 * of it. Until when all of it is valid, as the end of a sentence, in R's
 * arena; "": nothing is in place. */
const char *update_look(struct host *r);

void update_all(struct host *r, const struct store_host_certs *rows);

#endif
