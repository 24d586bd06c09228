/* SPDX-License-Identifier: MIT */

#include <unistd.h>
#include "paste.h"

/* Those that are shipped have their section. */
static const char *lines_of(const struct host *r, const struct svc *s)
{
	const char *profile = s->conf->profile;
	const char *path = arena_printf(r->arena, "%s/%s.conf",
					r->conf->shipped_profile_dir, profile);

	return access(path, F_OK) == 0
		       ? arena_printf(r->arena,
				      "paste the lines of "
				      "certrepo-profiles(7), %s, there",
				      profile)
		       : "name it there";
}

const char *paste_advice(const struct host *r, const struct svc *s, size_t cert)
{
	const char *file = s->certs[cert].leaf_path;

	if (!file)
		return "";
	return arena_printf(r->arena,
			    "; does the service's configuration name %s? If "
			    "not, %s, and reload it",
			    file, lines_of(r, s));
}
