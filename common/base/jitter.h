/* SPDX-License-Identifier: MIT */
#ifndef JITTER_H
#define JITTER_H

/*
 * A number that spreads what would otherwise happen at the same second. Not
 * for secrets: where the system has no random numbers, clock, process and
 * NAME make one, so that it is never the same for all.
 */

#include <stdint.h>

uint32_t jitter_number(const char *name);

/* --- pure, for tests --- */

uint32_t jitter_mix(int64_t now, int64_t mono_ms, int64_t pid,
		    const char *name);

#endif
