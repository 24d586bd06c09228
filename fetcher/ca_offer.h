/* SPDX-License-Identifier: MIT */
#ifndef CA_OFFER_H
#define CA_OFFER_H

/* What a directory offers, as the store keeps it. Pure. */

#include "acme.h"
#include "store_offer.h"

/* Read at NOW; its strings in ARENA. What does not fit into the store is left
 * out, whole lines and words of it. */
void ca_offer_text(const struct acme_offer *offer, int64_t now,
		   struct arena *arena, struct store_offer *ret);
/* Is NEW to be written down? When it says another thing than OLD, or a day
 * later. */
bool ca_offer_differs(const struct store_offer *old,
		      const struct store_offer *new);

/* URL of its renewalInfo; "" when OFFER, of less than a day before NOW, says
 * that there is none; NULL: not known. */
const char *ca_offer_renewal_info(const struct store_offer *offer, int64_t now);

#endif
