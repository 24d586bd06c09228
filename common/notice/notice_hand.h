/* SPDX-License-Identifier: MIT */
#ifndef NOTICE_HAND_H
#define NOTICE_HAND_H

/* The two ways to tell people, and how a message is handed to each. For
 * notice.c. */

#include "notice_text.h"

#include "outbox.h"

#define NOTICE_MESSAGE_MAX OUTBOX_MAIL_MAX

enum notice_channel { NOTICE_MAIL, NOTICE_HOOK, NOTICE_CHANNELS };
extern const char *const notice_hand_names[]; /* as the settings */

/* Is anybody to be told so? */
bool notice_hand_asked(const struct notice_from *from, enum notice_channel c);
/* The program that is run for it, in A. By default sendmail, and to whom: what
 * the mail itself says of that is not asked. */
const char *const *notice_hand_argv(const struct notice_from *from,
				    enum notice_channel c, struct arena *a);
/* Not to the program, but to the outbox: notice_hand_outbox() is for that. */
bool notice_hand_waits(enum notice_channel c);
/* -1: it did not take it. STOP as of notice_send(). */
int notice_hand_over(const struct notice_from *from, enum notice_channel c,
		     int stop, const struct notice_line *lines, size_t n,
		     int64_t now, struct err *err) MUST_CHECK;

/* Those that wait in the outbox of FROM, of whom only state_dir and notify
 * matter, to those whom notify names now, whatever a mail says. Each failure is
 * told by SAID, and word for word one that is too old then, or when nobody is
 * named any more; *ret_sent and *ret_failed are counts. -1: nothing of it could
 * be done. */
int notice_hand_outbox(const struct notice_from *from, int64_t now,
		       void (*said)(const char *line), size_t *ret_sent,
		       size_t *ret_failed, struct err *err) MUST_CHECK;

#endif
