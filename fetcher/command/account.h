/* SPDX-License-Identifier: MIT */
#ifndef ACCOUNT_H
#define ACCOUNT_H

/* "certrepo-fetcher account": our accounts at the CAs of the configuration. */

#include "command.h"

extern const struct command account_command;

#endif
