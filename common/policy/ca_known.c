/* SPDX-License-Identifier: MIT */
#include "ca_known.h"
#include <string.h>
#include <strings.h>
#include "mem.h"

#define DAY	    86400
#define FEB_10_2027 1802217600
#define FEB_16_2028 1834272000

/* letsencrypt.org/docs/profiles (July 2026), and what it has announced of the
 * lives to come. From the newest to the oldest of a profile. */
static const struct {
	const char *host, *profile;
	int64_t since, life, max_names;
	bool cn, ended;
} facts[] = {
	{ "acme-v02.api.letsencrypt.org", "classic", FEB_16_2028, 45 * DAY, 100,
	  true, false },
	{ "acme-v02.api.letsencrypt.org", "classic", FEB_10_2027, 64 * DAY, 100,
	  true, false },
	{ "acme-v02.api.letsencrypt.org", "classic", 0, 90 * DAY, 100, true,
	  false },
	{ "acme-v02.api.letsencrypt.org", "tlsserver", 0, 45 * DAY, 25, false,
	  false },
	{ "acme-v02.api.letsencrypt.org", "shortlived", 0, 160 * 3600, 25,
	  false, false },
	{ "acme-v02.api.letsencrypt.org", "tlsclient", 0, 0, 0, false, true },
};

static bool of_host(const char *directory, const char *host)
{
	const char *at = strstr(directory, "://");
	size_t n = strlen(host);

	return at && strncasecmp(at + 3, host, n) == 0 &&
	       (at[3 + n] == '/' || at[3 + n] == ':');
}

bool ca_known_profile(const char *directory, const char *profile, int64_t now,
		      struct ca_known *ret)
{
	struct ca_known k = { .ended = false };

	for (size_t i = 0; directory && i < ARRAY_LEN(facts); i++) {
		if (!of_host(directory, facts[i].host) ||
		    strcmp(facts[i].profile, profile) != 0)
			continue;
		if (facts[i].since > now) {
			k.until = facts[i].since;
			k.then = facts[i].life;
			continue;
		}
		k.ended = facts[i].ended;
		k.life = facts[i].life;
		k.max_names = facts[i].max_names;
		k.cn = facts[i].cn;
		*ret = k;
		return true;
	}
	return false;
}
