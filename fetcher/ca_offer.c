/* SPDX-License-Identifier: MIT */
#include "ca_offer.h"
#include <string.h>

#define CAA_MAX ACME_URL_MAX /* characters, as the store keeps */
#define DAY	86400

/* MORE behind what is there, unless it does not fit. */
static void add(struct sbuf *s, const char *more, size_t max)
{
	if (s->len + strlen(more) <= max)
		sbuf_adds(s, more);
}

void ca_offer_text(const struct acme_offer *offer, int64_t now,
		   struct arena *arena, struct store_offer *ret)
{
	AUTO(sbuf_free) struct sbuf lines = SBUF_INIT(STORE_OFFER_TEXT_MAX + 1);
	AUTO(sbuf_free) struct sbuf caa = SBUF_INIT(CAA_MAX + 1);

	for (size_t i = 0; i < offer->n_profiles; i++)
		add(&lines,
		    arena_printf(arena, "%s\t%s\n", offer->profiles[i].name,
				 offer->profiles[i].text),
		    STORE_OFFER_TEXT_MAX);
	for (size_t i = 0; i < offer->n_caa; i++)
		add(&caa,
		    arena_printf(arena, "%s%s", i ? " " : "", offer->caa[i]),
		    CAA_MAX);
	*ret = (struct store_offer){
		.renewal_info =
			offer->renewal_info
				? arena_strdup(arena, offer->renewal_info)
				: "",
		.profiles = arena_strdup(arena, sbuf_str(&lines)),
		.caa = arena_strdup(arena, sbuf_str(&caa)),
		.ts = now,
	};
}

static bool same(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

/* Or written down by a wrong clock. */
static bool is_old(const struct store_offer *o, int64_t now)
{
	return o->ts > now || o->ts <= now - DAY;
}

bool ca_offer_differs(const struct store_offer *old,
		      const struct store_offer *new)
{
	return !same(old->renewal_info, new->renewal_info) ||
	       !same(old->profiles, new->profiles) ||
	       !same(old->caa, new->caa) || is_old(old, new->ts);
}

/* A proxy, or a fault of a day, may have left it out. */
const char *ca_offer_renewal_info(const struct store_offer *offer, int64_t now)
{
	const char *url = offer->renewal_info;

	return url && !*url && is_old(offer, now) ? NULL : url;
}
