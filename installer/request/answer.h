/* SPDX-License-Identifier: MIT */
#ifndef ANSWER_H
#define ANSWER_H

/*
 * What became of what this host asked for; and what it asks for by itself,
 * when a key is older than max_key_age. What was not done is tried again by
 * the next run; no certificate waits for it.
 */

#include "host.h"

/* In an ordinary run, once all that the STORE has was dealt with: asks it, or
 * the one that requests go to (centre.h), only while something is undecided. A
 * next key that is in use is no next one any more. Tells people of what was
 * rejected. */
void answer_look(struct host *r, struct store *store);
/* Without asking anybody, into RET: what is undecided, rejected, or waits for
 * its certificate, and next keys of which nothing is asked for; a line of each,
 * or with JSON an object, separated by commas. False: something needs a
 * person. */
bool answer_show(struct host *r, bool json, struct sbuf *ret);

#endif
