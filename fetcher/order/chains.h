/* SPDX-License-Identifier: MIT */
#ifndef CHAINS_H
#define CHAINS_H

/* Of which CAs the other chains (RFC 8555 section 7.4.2) were looked at, and
 * of which was said that the preferred one is not among them, in this run:
 * once in CHAINS_EACH, however many orders there are. */

#include <stdbool.h>
#include <stdint.h>
#include "certrepo_conf.h"

#define CHAINS_EACH 86400

struct chains;

struct chains *chains_new(void);
void chains_free(struct chains **c);
/* Is it time to, at NOW? Then it is done. False of NULL. */
bool chains_look(struct chains *c, const struct certrepo_ca *ca, int64_t now);
bool chains_say(struct chains *c, const struct certrepo_ca *ca, int64_t now);

#endif
