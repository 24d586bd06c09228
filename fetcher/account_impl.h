/* SPDX-License-Identifier: MIT */
#ifndef ACCOUNT_IMPL_H
#define ACCOUNT_IMPL_H

/* What the account_*.c share. Nobody else includes this. */

#include "account.h"
#include "store.h"

struct account_opts {
	bool json;
};

static inline const struct account_opts *account_opts_of(
	const struct command_run *run)
{
	return run->own;
}

/* The CAs that WORDS name, all of the configuration when there are none. */
struct account_cas {
	const struct certrepo_ca **v; /* in run's arena */
	size_t n;
};
int account_cas(const struct command_run *run, struct account_cas *ret,
		struct err *err) MUST_CHECK;

/* The verbs, see struct command. WORDS begin behind the verb. */
int account_show(const struct command_run *run, int *ret_status,
		 struct err *err) MUST_CHECK;

#endif
