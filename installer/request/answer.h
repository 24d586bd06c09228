/* SPDX-License-Identifier: MIT */
#ifndef ANSWER_H
#define ANSWER_H

/*
 * What became of what this host asked for; and what it asks for by itself,
 * when a key is older than max_key_age. What was not done is tried again by
 * the next run; no certificate waits for it.
 */

#include <stdio.h>
#include "host.h"

/* In an ordinary run, once all that the STORE has was dealt with: asks it, or
 * the one that requests go to (centre.h), only while something is undecided. A
 * next key that is in use is no next one any more. Tells people of what was
 * rejected. */
void answer_look(struct host *r, struct store *store);
/* Without asking anybody: what is undecided, rejected, or waits for its
 * certificate. False: something needs a person. */
bool answer_print(struct host *r, FILE *to);

#endif
