/* SPDX-License-Identifier: MIT */
#ifndef FLEET_READ_H
#define FLEET_READ_H

/*
 * All of the store that a status needs, row by row, as it is at one moment,
 * and in nobody's way. No blob is read; of certs only an index is. A part that
 * this account may not read, or that cannot be read, is told, and the others go
 * on.
 */

#include "store.h"

enum fleet_part {
	FLEET_PART_SETTINGS,
	FLEET_PART_CAS,
	FLEET_PART_FETCHERS,
	FLEET_PART_NAMES,    /* certs */
	FLEET_PART_FACTS,    /* cert_facts */
	FLEET_PART_DETAILS,  /* certs: what is said of failures */
	FLEET_PART_HOSTS,    /* hosts */
	FLEET_PART_INSTALLS, /* installs */
	FLEET_PART_GRANTS,   /* host_names */
	FLEET_PART_REQUESTS, /* host_requests */
	FLEET_PART_TOTALS,   /* attempt_totals */
	FLEET_PARTS
};
/* "what hosts report (installs)", for people. */
const char *fleet_part_text(enum fleet_part part);

/* More of them than this are left, and said to be: a peer's are these. */
#define FLEET_NAMES_MAX	    2000000
#define FLEET_HOSTS_MAX	    500000
#define FLEET_INSTALLS_MAX  2000000 /* receipts in all */
#define FLEET_HOST_MOST	    4000    /* of one host; see RECEIPT_WAIT_MAX */
#define FLEET_DETAILS_MAX   5000
#define FLEET_REQUESTS_READ 1000
#define FLEET_TOTALS_MAX    100000

/* A row of certs, without what only store_get() has. */
struct fleet_name {
	const char *name;
	const char *ca_name, *fail_class, *owner; /* NULL */
	const char *crt_sha256;			  /* NULL */
	bool enabled, held, renew;
	int64_t ts_expire; /* 1 or less: it has no certificate */
	int64_t ts_not_before, ts_due, ts_next_attempt, ts_attempt, count_fail;
	int64_t lease_until;
	int64_t ts_ari; /* of this certificate; 0: none */
	bool stale;	/* another program wrote it, ts_not_before and the like
			 * are not of it */
};
struct fleet_fact {
	const char *name, *crt_sha256, *fingerprint;
	const char *old_fingerprint; /* NULL */
	int64_t ts_not_before, ts_not_after, ts_stored, ts_key, key_certs;
	const char *key_type, *issuer;
	int64_t n_names;
	bool client_auth;
};
/* A receipt; name "": the host itself. */
struct fleet_install {
	const char *host, *name, *service, *endpoint, *state;
	const char *protocol, *fingerprint, *detail, *version; /* NULL */
	const char *profile, *needs; /* NULL: an older installer wrote it */
	int64_t ts_expire, ts;
	int64_t heartbeat; /* 0: not known */
	int64_t ts_window; /* 0: none; -1: not known */
};
struct fleet_place { /* a row of hosts */
	const char *host;
	int64_t ts_added;
};
/* HOST, which has an account of its own, was granted NAME, which no host
 * reports; of one name or host, which HOST does not. */
struct fleet_grant {
	const char *host, *name;
	int64_t ts_added; /* its account */
	bool elsewhere;	  /* another host reports it */
};
struct fleet_ca {
	const char *name, *directory;
	int64_t backoff_until;
	const char *fail_class, *fail_detail; /* NULL */
};
struct fleet_total {
	int64_t day, n;
	const char *ca, *outcome;
};
struct fleet_pending {
	int64_t id, ts;
	const char *host, *name;
	bool new_key;
};
struct fleet_fetcher;
struct fleet_setting;

/*
 * Who takes it. What is given lives until the call returns. Each part comes
 * whole before the next one, in order of enum fleet_part, and its rows in order
 * of their key, but for HOSTS and the like of one name. All of it may come
 * again from the start (`begin'), when the database asked for that.
 */
struct fleet_taker {
	void *arg;
	void (*begin)(void *arg);
	void (*setting)(void *arg, const struct fleet_setting *s);
	void (*name)(void *arg, const struct fleet_name *n);
	void (*fact)(void *arg, const struct fleet_fact *f);
	void (*detail)(void *arg, const char *name, const char *detail);
	void (*place)(void *arg, const struct fleet_place *h);
	/* False: no more of this host. */
	bool (*install)(void *arg, const struct fleet_install *i);
	void (*grant)(void *arg, const struct fleet_grant *g);
	void (*ca)(void *arg, const struct fleet_ca *c);
	void (*fetcher)(void *arg, const struct fleet_fetcher *f);
	/* When the tables in which fetchers say that they run were made. */
	void (*made)(void *arg, int64_t t);
	void (*pending)(void *arg, const struct fleet_pending *p);
	void (*total)(void *arg, const struct fleet_total *t);
	/* A part is over; ERR_NONE: all of it was read. */
	void (*part)(void *arg, enum fleet_part part, const struct err *err);
	/* How many requests are pending in all. */
	void (*all_pending)(void *arg, uint64_t n);
};

/* Of all the fleet (both NULL), of one NAME and its hosts, or of one HOST, the
 * names it reports, and those it was granted: then by indexes, a few rows;
 * REQUESTS and TOTALS are left out, and of the hosts of a name what they say of
 * themselves and of that name comes. */
struct fleet_scope {
	const char *name, *host;
};
int fleet_read(struct store *s, const struct fleet_scope *scope,
	       const struct fleet_taker *to, struct err *err) MUST_CHECK;

#endif
