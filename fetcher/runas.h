/* SPDX-License-Identifier: MIT */
#ifndef RUNAS_H
#define RUNAS_H

/*
 * As whom the fetcher runs: the user whose its files are. One run as another,
 * root above all, would leave files that the next ones cannot read.
 */

#include <sys/types.h>
#include "certrepo_conf.h"

/* ERR_CONFIG, with the command that mends it, when what CONF names (state_dir
 * and what is in it, the SQLite file, account keys) belongs to another user,
 * or we may not write it, or not read a password or a TSIG key. One CA's
 * account key that we may not read concerns that CA alone. Changes nothing.
 * ARGV, which a NULL ends, is what was typed: it is repeated in the command. */
int runas_check(const struct certrepo_conf *conf, const char *const *argv,
		struct err *err) MUST_CHECK;

/* "runuser -u certrepo -- COMMAND", for root to copy; what is root's as it is.
 * In A. */
const char *runas_command(uid_t uid, const char *command, struct arena *a);

#endif
