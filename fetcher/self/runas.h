/* SPDX-License-Identifier: MIT */
#ifndef RUNAS_H
#define RUNAS_H

/*
 * As whom the fetcher runs: the user whose its files are. One run as another
 * would leave files that the next ones cannot read.
 */

#include <sys/types.h>
#include "certrepo_conf.h"

/* Root becomes the user who owns state_dir of the file CONFIG, for good, where
 * that is there and another's; whatever else is wrong with the file, is said by
 * who loads it afterwards. So nobody has to, by su or runuser: these begin the
 * program as that user, whose other processes may then look into it, and root's
 * terminal is in its hands. ERR_IO. */
int runas_become(const char *config, struct err *err) MUST_CHECK;

/* ERR_CONFIG, with the command that mends it, when what CONF names (state_dir
 * and what is in it, the SQLite file, account keys) belongs to another user,
 * or we may not write it, or not read a password or a TSIG key. One CA's
 * account key that we may not read concerns that CA alone. Changes nothing.
 * ARGV, which a NULL ends, is what was typed: it is repeated in the command.
 * After runas_become(). */
int runas_check(const struct certrepo_conf *conf, const char *const *argv,
		struct err *err) MUST_CHECK;

/* Makes the folder of account keys that no setting names (certrepo_conf_keys),
 * for us alone, when a CA's is in it. After that check, where state_dir is.
 * Where it cannot be made, the CA whose key is to be in it says so. */
void runas_keys(const struct certrepo_conf *conf);

#endif
