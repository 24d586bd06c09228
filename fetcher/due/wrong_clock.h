/* SPDX-License-Identifier: MIT */
#ifndef WRONG_CLOCK_H
#define WRONG_CLOCK_H

/*
 * Instants that a wrong clock wrote, ours of yesterday or another instance's:
 * back-offs and rests of CAs that no rule reaches (backoff.h), leases longer
 * than one can be, attempts that are still to come. Left alone they would stop
 * their names for as long as that clock was ahead, in silence; and when it is
 * ours that is behind, nothing is due by it, in silence, too.
 *
 * Which of two clocks is wrong only a third one tells: a clock that is behind
 * sees all the others' instants far ahead. So they are looked for at the
 * start, and put right once a CA was met whose clock agrees with ours (that
 * is what meeting it means, see acme.h).
 *
 * A certificate that begins later says the same, and stays as it is. A file in
 * the state folder holds when a CA last agreed nevertheless; that is believed
 * for a day.
 */

#include <stdbool.h>
#include "certrepo_conf.h"
#include "store.h"

/* Is there anything that a CA is to be asked about? Reads a page of each of
 * some indexes. */
int wrong_clock_look(const struct certrepo_conf *conf, struct store *store,
		     int64_t now, bool *ret, struct err *err) MUST_CHECK;
/* Put it right, with a line in the log: the back-offs and rests are over, the
 * leases nobody's, attempts are as of NOW, and with them what they left in
 * their rows and orders. */
int wrong_clock_mend(const struct certrepo_conf *conf, struct store *store,
		     int64_t now, struct err *err) MUST_CHECK;

#endif
