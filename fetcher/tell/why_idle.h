/* SPDX-License-Identifier: MIT */
#ifndef WHY_IDLE_H
#define WHY_IDLE_H

/* Why a run had nothing to do, for somebody who looks. */

#include "store.h"

/* "nothing is due; 3 names wait, the next is www.example.org at
 * 2026-12-01T00:00:00Z; 1 is disabled"; with NAMES, of these only; and what is
 * on lease to others than SELF. To be freed. */
int why_idle_text(struct store *store, const char *self,
		  const char *const *names, size_t n, int64_t now, char **ret,
		  struct err *err) MUST_CHECK;

#endif
