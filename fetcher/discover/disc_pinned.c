/* SPDX-License-Identifier: MIT */
#include "disc_pinned.h"

#include <string.h>
#include "acme_parse.h"
#include "disc_pick.h"
#include "discover.h"

bool disc_pinned_ok(const struct certrepo_ca *ca,
		    const struct disc_parents *parents,
		    const struct store_pin *pin)
{
	struct disc_rule rule = { .allow = ca->discover_allow.v };
	size_t n = pin->discovered ? strcspn(pin->discovered, " ") : 0;

	if (n == 0 || !acme_parse_url_ok(pin->directory))
		return false;
	for (size_t i = 0; i < parents->n; i++) {
		rule.parent = parents->v[i].name;
		if (!parents->v[i].skip && strlen(rule.parent) == n &&
		    strncmp(rule.parent, pin->discovered, n) == 0)
			return disc_pick_url_ok(&rule, pin->directory);
	}
	return false;
}

int disc_pinned_directory(struct store *store, const struct certrepo_ca *ca,
			  struct arena *arena, const char **ret,
			  struct err *err)
{
	struct disc_parents parents;
	struct store_pin pin;
	int found;

	if (ca->directory && *ca->directory) {
		*ret = ca->directory;
		return 0;
	}
	found = store_pin_get(store, ca->name, arena, &pin, err);
	if (found == -1)
		return -1;
	discover_parents(ca->discover.v, ca->discover.n, arena, &parents);
	*ret = found && disc_pinned_ok(ca, &parents, &pin) ? pin.directory
							   : NULL;
	return 0;
}
