/* SPDX-License-Identifier: MIT */
#ifndef NOTICE_HAND_H
#define NOTICE_HAND_H

/* The two ways to tell people, and how a message is handed to each. For
 * notice.c. */

#include "notice_text.h"

#define NOTICE_MESSAGE_MAX (4u << 20)

enum notice_channel { NOTICE_MAIL, NOTICE_HOOK, NOTICE_CHANNELS };
extern const char *const notice_hand_names[]; /* as the settings */

/* Is anybody to be told so? */
bool notice_hand_asked(const struct notice_from *from, enum notice_channel c);
/* The program that is run for it. */
const char *const *notice_hand_argv(const struct notice_from *from,
				    enum notice_channel c);
/* -1: it did not take it. STOP as of notice_send(). */
int notice_hand_over(const struct notice_from *from, enum notice_channel c,
		     int stop, const struct notice_line *lines, size_t n,
		     int64_t now, struct err *err) MUST_CHECK;

#endif
