/* SPDX-License-Identifier: MIT */
#ifndef STOREWAY_H
#define STOREWAY_H

/*
 * By which way this host talks to a MariaDB (procedures, or the views), and
 * what that did not take of it: STATE_DIR/store. That the views serve is
 * remembered for a day, of this account and by this version, so that a run
 * asks once, and a right that is granted is noticed. May be lost.
 */

#include "host.h"

/* Before the first question. What cannot be read is not known. */
void storeway_recall(struct host *r, struct store *store);
/* After it was answered. */
void storeway_remember(struct host *r, const struct store *store);
/* The names of receipts that were not taken; said when it is new, or a day
 * old. Those whose request waits are left out, and of NAMES, too. */
void storeway_refused(struct host *r, struct strlist *names);

#endif
