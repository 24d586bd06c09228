/* SPDX-License-Identifier: MIT */
#ifndef HELD_H
#define HELD_H

/*
 * Names that are held wait for a person, and no attempt speaks of them any
 * more: so each run does, but at most once a day, since it runs hourly and
 * cron mails whatever it says.
 */

#include "notify.h"
#include "store.h"

/* On stderr and in the log, as a run left it; not with `notify`, whose people
 * are told. The instance's lock is held. */
int held_report(const struct notify_from *from, struct store *store,
		int64_t now, struct err *err) MUST_CHECK;

/* "a.example.org (caa), b.example.org (config) and others": the first MOST of
 * them. The caller's. Pure. */
char *held_text(const struct store_helds *rows, size_t most);

#endif
