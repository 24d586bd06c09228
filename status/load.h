/* SPDX-License-Identifier: MIT */
#ifndef LOAD_H
#define LOAD_H

/* From the store to the model: reads (fleet_read.h), matches receipts and
 * names, judges (verdict.h), counts. */

#include "model.h"

/* What a host says of a placeholder that is served (installer/host/host.h). */
#define LOAD_PLACEHOLDER \
	"a placeholder, self-signed: no certificate from the store yet"

/* SCOPE as of fleet_read(). SET is taken where no fetcher wrote its settings.
 * RET has all of it in store order, order and
 * host_order are NULL: see filter.h. What could not be read is in RET->unread.
 * -1: the store is away, or not one for this program; RET is untouched. */
int load_model(struct store *s, const struct fleet_scope *scope,
	       const struct status_settings *set, int64_t now,
	       struct status_model *ret, struct err *err) MUST_CHECK;

#endif
