/* SPDX-License-Identifier: MIT */
#ifndef WRONG_CLOCK_H
#define WRONG_CLOCK_H

/*
 * Instants that a wrong clock wrote, ours of yesterday or another instance's:
 * back-offs that no rule reaches (backoff.h), and leases longer than one can
 * be. Left alone they would stop their names for as long as that clock was
 * ahead, in silence.
 *
 * Which of two clocks is wrong only a third one tells: a clock that is behind
 * sees all the others' instants far ahead. So they are looked for at the
 * start, and put right once a CA was met whose clock agrees with ours (that
 * is what meeting it means, see acme.h).
 */

#include <stdbool.h>
#include "certrepo_conf.h"
#include "store.h"

/* Is there anything to put right? Reads two indexes. */
int wrong_clock_look(const struct certrepo_conf *conf, struct store *store,
		     int64_t now, bool *ret, struct err *err) MUST_CHECK;
/* Put it right, with a line in the log: the back-offs are over, the leases
 * nobody's. */
int wrong_clock_mend(const struct certrepo_conf *conf, struct store *store,
		     int64_t now, struct err *err) MUST_CHECK;

#endif
