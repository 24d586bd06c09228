/* SPDX-License-Identifier: MIT */
#ifndef ASKED_H
#define ASKED_H

/* Names that a person gave: why one of them is not ordered now. */

#include <stdbool.h>
#include "store.h"

enum asked {
	ASKED_FREE, /* nothing keeps it: it is not due, if it is not ordered */
	ASKED_GONE, /* there is none; it may have been removed meanwhile */
	ASKED_LEASED, /* another fetcher has it */
	ASKED_WAITS,  /* in back-off, parked, or held */
};

/* SELF is our identity, NULL when that is not known. *RET_TEXT: a sentence,
 * the caller's, NULL with ASKED_FREE. */
int asked_look(struct store *store, const char *self, const char *name,
	       int64_t now, enum asked *ret, char **ret_text,
	       struct err *err) MUST_CHECK;
/* The same, said on standard error. A store that is away says nothing here. */
enum asked asked_say(struct store *store, const char *self, const char *name,
		     int64_t now);

/* Of a name that the fetcher may not order: it is disabled, or not enrolled,
 * in a sentence for the caller to free. */
char *asked_not_enabled(struct store *store, const char *name);

#endif
