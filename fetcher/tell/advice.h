/* SPDX-License-Identifier: MIT */
#ifndef ADVICE_H
#define ADVICE_H

/* What a person can do about a name that fails. Pure. */

#include <stdbool.h>
#include "arena.h"

struct advice {
	const char *fail_class, *text;
	bool hurts; /* to try at once makes it worse */
	bool csr;   /* another CSR is wanted */
	bool ca;    /* another CA may help */
};

/* Of a class of failure, and what was said of it, or NULL. NULL: it is not one
 * of a name. */
const struct advice *advice_of(const char *fail_class, const char *detail);
/* What of our own sentence is to be copied: a DNS record, a command; NULL. */
const char *advice_paste(const char *detail, struct arena *a);

#endif
