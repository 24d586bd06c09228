/* SPDX-License-Identifier: MIT */
#ifndef NOTIFY_CONF_H
#define NOTIFY_CONF_H

/* The group notify of a configuration: who is told what needs a person, see
 * notice.h. */

#include "conf.h"

struct notify_conf {
	struct conf_src src;
	struct conf_strings mail; /* addresses */
	const char *from;	  /* NULL: sendmail's choice */
	struct conf_strings sendmail;
	struct conf_strings command;
	const char *user;
	int64_t timeout; /* seconds, of each */
	int64_t repeat;	 /* seconds */
};

extern const struct conf_schema notify_conf_schema;

/* An address, or a user that this host's mail server knows. It goes into the
 * header of a mail, and among the words of a command, as it is: no list, no
 * name beside it, no option, file or program. ERR_INPUT. */
#define NOTIFY_ADDRESS_MAX 254
int notify_conf_address(const char *address, struct err *err) MUST_CHECK;
/* What the table cannot say. N may be NULL. */
void notify_conf_check(const struct notify_conf *n, struct conf_errors *errs);

#endif
