/* SPDX-License-Identifier: MIT */
#ifndef FLEET_FETCHERS_H
#define FLEET_FETCHERS_H

/* What fetchers leave for who looks at the fleet: that they run (table
 * fetchers), and what of their configuration a status goes by (table
 * settings). */

#include "store.h"

struct fleet_fetcher {
	const char *instance, *host, *version;
	int64_t ts_start, ts_end, ts_ok;
	int64_t status; /* exit status of the last run that ended */
	int64_t n_ok, n_failed;
	const char *detail; /* a sentence, or NULL */
};
/* The row as F has it now, in one statement. A later ts_ok stays. */
int fleet_fetcher_put(struct store *s, const struct fleet_fetcher *f,
		      struct err *err) MUST_CHECK;

/* Names of settings; durations in seconds, lists with blanks between. */
#define FLEET_DEFAULT_CA       "default_ca"
#define FLEET_CAS	       "cas" /* the names of ca in certrepo.conf */
#define FLEET_DAYS_LEFT	       "days_left"
#define FLEET_COUNT_FAIL_LIMIT "count_fail_limit"
#define FLEET_DELIVER_WITHIN   "deliver_within" /* 0: the rule */

struct fleet_setting {
	const char *name, *value;
	int64_t ts; /* when it was written */
};
struct fleet_settings {
	struct fleet_setting *v;
	size_t n;
};
/* Writes those that have changed. */
int fleet_settings_put(struct store *s, const struct fleet_setting *v, size_t n,
		       struct err *err) MUST_CHECK;
int fleet_settings_get(struct store *s, struct arena *a,
		       struct fleet_settings *ret, struct err *err) MUST_CHECK;
/* Of an answer; NULL: it has none of that name. */
const char *fleet_setting(const struct fleet_settings *l, const char *name);

#endif
