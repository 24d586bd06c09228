/* SPDX-License-Identifier: MIT */
#ifndef FLEET_HOSTS_H
#define FLEET_HOSTS_H

/*
 * Hosts that have an account of their own, and what each account may read and
 * say (tables hosts and host_names). An account that all hosts share has the
 * name "*" of the host "*"; whoever has it may do all that hosts may. The
 * accounts themselves are in fleet_account.h.
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
/* The same, but ERR_CONFLICT when a person took a row of this domain from HOST:
 * fleet_host_grant ends that, and this does not. */
int fleet_host_grant_by_rule(struct store *s, const char *host,
			     const char *name, struct err *err) MUST_CHECK;

/* --- by hand --- */

/* Names, in order. */
#define FLEET_NAMES_MAX 5000
struct fleet_names {
	struct fleet_name {
		const char *name;
		bool enrolled; /* false: there is no such certificate */
	} * v;
	size_t n;
};

/* The row of H, whose account is that of fleet_account_of(), and its NAMES.
 * 1: it is new; 0: it was there, and keeps its account, time and comment.
 * ERR_CONFLICT: it has another account, or that is another host's. */
int fleet_host_put(struct store *s, const struct fleet_host *h,
		   const char *const *names, size_t n,
		   struct err *err) MUST_CHECK;
/* What it may read. */
int fleet_host_names(struct store *s, const char *host, struct arena *a,
		     struct fleet_names *ret, struct err *err) MUST_CHECK;
/* No more, and what it said of NAME goes: 1; 0: it had no such right, and
 * nothing was done. That it was taken stays marked until a person grants a row
 * of this domain, or HOST is removed. */
int fleet_host_revoke(struct store *s, const char *host, const char *name,
		      struct err *err) MUST_CHECK;
/* What went. */
struct fleet_gone {
	int64_t rows, names, receipts, requests;
};
/* Its row, its names, its receipts, its requests that wait; any of them may
 * be missing. */
int fleet_host_remove(struct store *s, const char *host, struct fleet_gone *ret,
		      struct err *err) MUST_CHECK;
/* Its receipts alone; of any HOST that fits. */
int fleet_host_forget(struct store *s, const char *host, int64_t *ret,
		      struct err *err) MUST_CHECK;

/* What it said, newest first; `host` of each is HOST. */
int fleet_host_receipts(struct store *s, const char *host, struct arena *a,
			struct store_receipts *ret, struct err *err) MUST_CHECK;

/* Its requests that wait, oldest first, as one tells them. */
struct fleet_asks {
	struct fleet_ask {
		int64_t id;
		const char *name;
		int64_t ts;
		bool new_key;
	} * v;
	size_t n;
};
int fleet_host_asks(struct store *s, const char *host, struct arena *a,
		    struct fleet_asks *ret, struct err *err) MUST_CHECK;

/* A host that has an account, or receipts, or both. */
struct fleet_known {
	const char *host;
	const char *account; /* NULL: none of its own */
	int64_t ts_added;    /* 0 */
	int64_t n_names;     /* that it may read */
	int64_t n_receipts;
	int64_t ts_seen; /* the newest of them, by the host's clock; 0 */
};
/* All of them in order of name; lives until the callback returns. One that
 * returns -1 stops. Reads page by page, and keeps none. */
typedef int fleet_known_fn(const struct fleet_known *h, void *arg,
			   struct err *err);
int fleet_hosts_each(struct store *s, fleet_known_fn *fn, void *arg,
		     struct err *err) MUST_CHECK;

#endif
