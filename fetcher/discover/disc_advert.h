/* SPDX-License-Identifier: MIT */
#ifndef DISC_ADVERT_H
#define DISC_ADVERT_H

/* The records that advertise a directory (draft-tweedale-acme-discovery), as
 * lines of a zone file. Pure. */

#include "err.h"
#include "sbuf.h"

/* URL of the directory: https, with a name. DOMAIN, whose hosts are to find it;
 * NULL: that of the server, without its first label. The lines are added to
 * RET; what else a client has to be told to stands there as a comment.
 * ERR_USAGE. */
int disc_advert(const char *url, const char *domain, struct sbuf *ret,
		struct err *err) MUST_CHECK;

#endif
