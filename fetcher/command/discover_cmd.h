/* SPDX-License-Identifier: MIT */
#ifndef DISCOVER_CMD_H
#define DISCOVER_CMD_H

/* certrepo-fetcher --discover and --advertise: look, or print, and change
 * nothing. */

#include <stdbool.h>
#include <stddef.h>
#include "certrepo_conf.h"

/* For whom no configuration is there: what it has of dns: where it says
 * nothing. */
void discover_cmd_defaults(struct arena *arena, struct certrepo_conf *ret);

/* What is found, and how: for each CA that is to be discovered, or below
 * DOMAINS, if there are any; without both, for what this host belongs to. To
 * stdout. The exit status: 0, each found its directory; 1, one did not; 69,
 * that is not sure. */
int discover_cmd(const struct certrepo_conf *conf, const char *const *domains,
		 size_t n);
/* The records for a directory's URL, DOMAIN may be NULL. The exit status. */
int discover_cmd_advertise(const char *url, const char *domain);

#endif
