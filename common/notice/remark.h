/* SPDX-License-Identifier: MIT */
#ifndef REMARK_H
#define REMARK_H

/*
 * What happened once in this run, and a person should read: a warning, which
 * nobody could find in the store afterwards. It is kept for who tells people at
 * the end of the run, or is put on stderr then, where cron reads it.
 */

#include <stddef.h>
#include "err.h"
#include "notice.h"

#define REMARK_MAX 100 /* that are kept; of more there is the warning alone */

struct remark {
	enum notice_topic topic; /* NOTICE_WINDOW ... NOTICE_NEXT */
	const char *ca;		 /* its name */
	const char *alike;	 /* as notice.alike */
	const char *text;
};

/* Warns: "CA NAME: TEXT". ALIKE: what makes it another matter than one of
 * before; digits count. */
void remark_warn(enum notice_topic topic, const char *ca, const char *alike,
		 const char *fmt, ...) PRINTF_LIKE(4, 5);
/* Those of this run, borrowed until remark_clear(). */
const struct remark *remark_all(size_t *ret_n);
/* They will not be told, and their warnings went to syslog alone: to stderr.
 * Then there are none. */
void remark_print(void);
void remark_clear(void);

#endif
