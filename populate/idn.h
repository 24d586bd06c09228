/* SPDX-License-Identifier: MIT */
#ifndef IDN_H
#define IDN_H

/* Names that are not ASCII. A certificate has them as A-labels (RFC 5890),
 * and so has the store: nothing is converted in silence, but told. */

#include "arena.h"
#include "err.h"

/* NAME, in UTF-8, as IDNA 2008 writes it ("xn--..."); "*." before and a
 * "+label" behind stay. NULL: it is ASCII, or none that IDNA 2008 allows. */
const char *idn_alabel(struct arena *a, const char *name);
/* Adds to ERR what NAME is in A-labels, when it is told by idn_alabel(). NAME
 * may be NULL. */
void idn_tell(const char *name, struct err *err);

#endif
