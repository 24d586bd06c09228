/* SPDX-License-Identifier: MIT */
#ifndef STATUS_CONF_H
#define STATUS_CONF_H

/*
 * What a status is configured by: certrepo.conf, of which it takes the store,
 * and, for a store in which no fetcher wrote its settings, those; or a file
 * that has the group `store' alone.
 */

#include "model.h"
#include "paths.h"
#include "store_conf.h"

#define STATUS_CONF_PATH CERTREPO_CONF_DIR "/status.conf"

struct status_conf {
	struct conf_src src;
	struct store_conf *store;
	struct status_settings set; /* known: false */
};
extern const struct conf_schema status_conf_schema;

/* That which is there: status.conf, or certrepo.conf. */
const char *status_conf_path(void);
int status_conf_load(const char *path, struct arena *arena,
		     struct status_conf *ret,
		     struct conf_errors *errs) MUST_CHECK;

#endif
