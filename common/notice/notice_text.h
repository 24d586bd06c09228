/* SPDX-License-Identifier: MIT */
#ifndef NOTICE_TEXT_H
#define NOTICE_TEXT_H

/* The words of a mail, and the JSON a command gets. Pure. */

#include "notice.h"

enum notice_event {
	NOTICE_NEW,
	NOTICE_CHANGED, /* another sentence than was told */
	NOTICE_STILL,
	NOTICE_OVER,
	NOTICE_EVENTS
};

struct notice_line {
	enum notice_event event;
	struct notice what;
	int64_t since;
	const char *now; /* of what is over: what is so instead, or "" */
};

extern const char *const notice_topics[]; /* by enum notice_topic */

/* A whole message, header and body, for sendmail -t. OWNER: to him alone, who
 * owns all that it is about; NULL: to all in notify. */
void notice_text_mail(const struct notice_line *v, size_t n,
		      const struct notice_from *from, const char *owner,
		      int64_t now, struct sbuf *ret);
/* Its sections, without what is over, for who cannot be mailed. */
void notice_text_untold(const struct notice_line *v, size_t n, int64_t now,
			struct sbuf *ret);
/* {"host", "version", "time", "events": [{"event", "topic", "state",
 * "service", "name", "since", "text", "expires" and "todo" (where there
 * are any)}]} */
void notice_text_json(const struct notice_line *v, size_t n,
		      const struct notice_from *from, int64_t now,
		      struct sbuf *ret);

#endif
