/* SPDX-License-Identifier: MIT */
#ifndef FLEET_FETCHERS_H
#define FLEET_FETCHERS_H

/* What fetchers leave for who looks at the fleet: that they run (table
 * fetchers), and what of their configuration a status goes by (table
 * settings). Texts are cut at what the store keeps, other bytes than printable
 * ASCII become '?'. */

#include "store.h"

struct fleet_fetcher {
	const char *instance, *host, *version;
	int64_t ts_start, ts_end;
	/* The last run of all names that came to its end with the store at
	 * hand, and one at least of the CAs that it needed. */
	int64_t ts_ok;
	int64_t status; /* exit status of the last run that ended */
	int64_t n_ok, n_failed;
	const char *detail; /* a sentence, or NULL */
};
/* A run begins: instance, host, version and ts_start of F; what is known of
 * the one before stays, but that it ended. */
int fleet_fetcher_start(struct store *s, const struct fleet_fetcher *f,
			struct err *err) MUST_CHECK;
/* It ended: all of F. ts_ok 0: the one before stays. */
int fleet_fetcher_end(struct store *s, const struct fleet_fetcher *f,
		      struct err *err) MUST_CHECK;
/* Other instances than this one, that did not start since BEFORE, are
 * forgotten. */
int fleet_fetchers_forget(struct store *s, const char *instance, int64_t before,
			  struct err *err) MUST_CHECK;

/* Names of settings; durations in seconds, lists with blanks between. */
#define FLEET_DEFAULT_CA       "default_ca"
#define FLEET_CAS	       "cas" /* the names of ca in certrepo.conf */
#define FLEET_DAYS_LEFT	       "days_left"
#define FLEET_COUNT_FAIL_LIMIT "count_fail_limit"
#define FLEET_DELIVER_WITHIN   "deliver_within" /* 0: the rule, deliver.h */
#define FLEET_ORDER_TIMEOUT    "order_timeout"

#define FLEET_SETTINGS_MAX 50 /* that are read */
#define FLEET_VALUE_MAX	   7000

struct fleet_setting {
	const char *name, *value;
	int64_t ts; /* when it was written */
};
struct fleet_settings {
	struct fleet_setting *v;
	size_t n;
};
/* Writes those of V that are not there, or say something else. ERR_LIMIT: a
 * value is longer than FLEET_VALUE_MAX. */
int fleet_settings_put(struct store *s, const struct fleet_setting *v, size_t n,
		       struct err *err) MUST_CHECK;
/* By name; strings in A. */
int fleet_settings_get(struct store *s, struct arena *a,
		       struct fleet_settings *ret, struct err *err) MUST_CHECK;
/* Of an answer; NULL: it has none of that name. */
const char *fleet_setting(const struct fleet_settings *l, const char *name);

#endif
