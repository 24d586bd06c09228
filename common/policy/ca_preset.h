/* SPDX-License-Identifier: MIT */
#ifndef CA_PRESET_H
#define CA_PRESET_H

/*
 * What is known of a CA before it is asked, in a file NAME.conf: the settings
 * of its group in certrepo.conf(5), but for those of the account. The first
 * file of that name in preset_dir, which is the administrator's, and
 * shipped_preset_dir counts. What the configuration says of the CA wins over
 * it, a list as a whole.
 */

#include "certrepo_conf.h"
#include "strlist.h"

/* Each CA of CONF takes from its preset what it does not say. -1: at least one
 * error is in ERRS. Such a file has to be as a configuration file is: nobody
 * else may change it, nor its folder. */
int ca_preset_apply(const struct certrepo_conf *conf, struct arena *arena,
		    struct conf_errors *errs) MUST_CHECK;
/* One of them. DIRS ends in NULL; FROM is where it is asked for. */
int ca_preset_load(const char *const *dirs, const char *name,
		   const struct conf_src *from, struct arena *arena,
		   struct certrepo_ca *ret,
		   struct conf_errors *errs) MUST_CHECK;

#endif
