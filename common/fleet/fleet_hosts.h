/* SPDX-License-Identifier: MIT */
#ifndef FLEET_HOSTS_H
#define FLEET_HOSTS_H

/*
 * Hosts that have an account of their own, and what each account may read and
 * say (tables hosts and host_names). An account that all hosts share has the
 * name "*" of the host "*"; whoever has it may do all that hosts may.
 */

#include "store.h"

#define FLEET_HOST_MAX	  255
#define FLEET_ACCOUNT_MAX 80 /* MariaDB's names of users */

struct fleet_host {
	const char *host, *account;
	int64_t ts_added;
	const char *comment; /* or NULL */
};

/* "web1.example.org": a host's name, [A-Za-z0-9._-], as installer.conf has it
 * in `host`. ERR_INPUT. */
int fleet_host_check(const char *host, struct err *err) MUST_CHECK;
/* 1, 0, -1. */
int fleet_host_get(struct store *s, const char *host, struct arena *a,
		   struct fleet_host *ret, struct err *err) MUST_CHECK;
/* Does ACCOUNT speak for HOST alone: is it that of its row in hosts, and not
 * one that is shared? Only then a rule may decide. 1, 0, -1. */
int fleet_host_is_its(struct store *s, const char *host, const char *account,
		      struct err *err) MUST_CHECK;
/* HOST may read NAME by its account, and say what it does with it; 1, 0: HOST
 * has none, -1. Twice is once. Part of the caller's transaction. */
int fleet_host_grant(struct store *s, const char *host, const char *name,
		     struct err *err) MUST_CHECK;

#endif
