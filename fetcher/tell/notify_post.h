/* SPDX-License-Identifier: MIT */
#ifndef NOTIFY_POST_H
#define NOTIFY_POST_H

/* Mails that wait for sendmail, see outbox.h. */

#include "certrepo_conf.h"

#define NOTIFY_POST_LATE 600 /* seconds: whoever hands them over has run */

/* Hand them over; each failure is printed. CONF may be one that was refused, of
 * which state_dir is set, and NOTIFY what is good of it, or NULL. *ret_status
 * is the exit status. */
int notify_post(const char *state_dir, const struct notify_conf *notify,
		int64_t now, int *ret_status, struct err *err) MUST_CHECK;

/* At the end of a run. Where sendmail works, those that wait are handed over;
 * where it does not, -1 when they have waited for NOTIFY_POST_LATE: nobody
 * takes them. */
int notify_post_check(const struct certrepo_conf *conf, int64_t now,
		      struct err *err) MUST_CHECK;

#endif
