/* SPDX-License-Identifier: MIT */
#ifndef ONCE_A_DAY_H
#define ONCE_A_DAY_H

/*
 * What is said or done once a day however often the program runs: a file in
 * the state folder holds the second when that was last.
 */

#include <stdbool.h>
#include <stdint.h>

/* Was it done within the day before NOW? Not that we know of, when the file
 * makes no sense or cannot be read: nothing of importance depends on it. */
bool once_a_day_done(const char *dir, const char *file, int64_t now);
/* It is done, NOW. That it cannot be noted is a warning: it will be done again
 * too soon. */
void once_a_day_mark(const char *dir, const char *file, int64_t now);

#endif
