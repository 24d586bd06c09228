/* SPDX-License-Identifier: MIT */
#ifndef NUM_H
#define NUM_H

/* Text to numbers, the whole text or an error (ERR_INPUT) that names it. */

#include <stdint.h>
#include <sys/types.h>
#include "err.h"

/* Decimal, optional '-', no blanks, min <= value <= max. */
int num_int(const char *s, int64_t min, int64_t max, int64_t *ret,
	    struct err *err) MUST_CHECK;
/* Seconds: "90", "90s", "15m", "2h", "30d", "1w". 0 <= value <= max. */
int num_duration(const char *s, int64_t max, int64_t *ret,
		 struct err *err) MUST_CHECK;
/* File mode, octal, "640" or "0640", at most 07777. */
int num_mode(const char *s, mode_t *ret, struct err *err) MUST_CHECK;

#endif
