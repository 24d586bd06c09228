/* SPDX-License-Identifier: MIT */
#ifndef DUE_POLICY_H
#define DUE_POLICY_H

/*
 * The rule of what is due has one setting, days_left, and ts_due of every
 * row was computed by it. The state folder remembers with which value; when
 * the configuration has another, all rows are computed anew, once. So they are
 * when it remembers an older rule, or nothing: rows that lie later than theirs
 * are brought forward.
 */

#include "certrepo_conf.h"
#include "store.h"

/* The instance's lock is held. */
int due_policy_apply(const struct certrepo_conf *conf, struct store *store,
		     struct err *err) MUST_CHECK;

#endif
