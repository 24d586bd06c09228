/* SPDX-License-Identifier: MIT */
#ifndef NOTICE_HAND_H
#define NOTICE_HAND_H

/* The two ways to tell people, and how a message is handed to each. For
 * notice.c. */

#include "notice_text.h"

#include "outbox.h"

#define NOTICE_MESSAGE_MAX OUTBOX_MAIL_MAX

/* An owner gets a mail of his own, of what is his. */
enum notice_channel { NOTICE_MAIL, NOTICE_HOOK, NOTICE_OWNER, NOTICE_CHANNELS };
extern const char *const notice_hand_names[]; /* as the settings */

/* By which settings: those of FROM, or the default ones. */
const struct notify_conf *notice_hand_conf(const struct notice_from *from);
/* Is anybody to be told so? */
bool notice_hand_asked(const struct notice_from *from, enum notice_channel c);
/* The program that is run for it, in A; OWNER as of NOTICE_OWNER, else NULL. By
 * default sendmail, and to whom: what the mail itself says of that is not
 * asked. For an owner, what is configured gets his address in the place of
 * those of `mail', unless -t is among it: then it goes by the mail. */
const char *const *notice_hand_argv(const struct notice_from *from,
				    enum notice_channel c, const char *owner,
				    struct arena *a);
/* Not to the program, but to the outbox: notice_hand_outbox() is for that. */
bool notice_hand_waits(enum notice_channel c);
/* -1: it did not take it. STOP as of notice_send(). ERR_LIMIT: there is no room
 * in the outbox. */
int notice_hand_over(const struct notice_from *from, enum notice_channel c,
		     const char *owner, int stop,
		     const struct notice_line *lines, size_t n, int64_t now,
		     struct err *err) MUST_CHECK;

/* Those that wait in the outbox of FROM, of whom only state_dir and notify
 * matter, to those whom notify names now, whatever a mail says; those to
 * owners, to whom they were written. Each failure is
 * told by SAID, and word for word one that is too old then, or when nobody is
 * named any more; *ret_sent and *ret_failed are counts. -1: nothing of it could
 * be done. */
int notice_hand_outbox(const struct notice_from *from, int64_t now,
		       void (*said)(const char *line), size_t *ret_sent,
		       size_t *ret_failed, struct err *err) MUST_CHECK;

#endif
