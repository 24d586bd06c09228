/* SPDX-License-Identifier: MIT */
#ifndef ONCE_A_DAY_H
#define ONCE_A_DAY_H

/*
 * What is said or done once a day however often the program runs: a file in
 * the state folder holds the second when that was last.
 */

#include <stdbool.h>
#include <stdint.h>
#include "err.h"

/* Was it done within the day before NOW? 1, 0, -1. A file that makes no sense
 * counts as none. */
int once_a_day_done(const char *dir, const char *file, int64_t now,
		    struct err *err) MUST_CHECK;
/* It is done, NOW. */
int once_a_day_mark(const char *dir, const char *file, int64_t now,
		    struct err *err) MUST_CHECK;

#endif
