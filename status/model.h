/* SPDX-License-Identifier: MIT */
#ifndef MODEL_H
#define MODEL_H

/*
 * The fleet as one run of certrepo-status knows it: what was read from the
 * store at one time, and what was made of it. load.h fills it, why.h judges,
 * filter.h chooses and sorts, and what writes it out only reads. 100,000 names,
 * 50,000 hosts and 300,000 receipts fit in 40 MiB: strings that many have in
 * common are interned and may be compared as pointers, and sentences are made
 * when they are shown.
 *
 * Strings are other people's words: they are cleaned where they are shown.
 * Instants are UTC seconds, 0 for never.
 */

#include <stdbool.h>
#include <stdint.h>
#include "arena.h"
#include "receipt_state.h"

/* Does somebody have to do something? */
enum status_need {
	STATUS_WELL,
	STATUS_WATCH, /* not now: it waits, or is tried again by itself */
	STATUS_ACT,   /* yes */
};

/* What why.h found. WHY is a row of its table; WHEN and SETTING and the like
 * are what its sentence has in it. */
struct status_verdict {
	uint16_t why;
	uint8_t need; /* enum status_need */
	int64_t when; /* the instant its sentence has; 0: none */
};

enum status_served {
	STATUS_UNSEEN,	 /* nobody said, or not of its endpoint */
	STATUS_CURRENT,	 /* it is what was issued last */
	STATUS_PREVIOUS, /* it is the one before */
	STATUS_OTHER,	 /* neither */
};

/* A receipt: what a host says of a certificate and an endpoint. */
struct status_receipt {
	uint32_t name, host;   /* places in names and hosts */
	const char *service;   /* interned */
	const char *endpoint;  /* interned; "" of its files */
	const char *protocol;  /* interned; NULL */
	const char *profile;   /* interned; NULL: not known */
	const char *needs;     /* interned; NULL: not known */
	const char *state;     /* interned, its word in the store */
	const char *detail;    /* kept where it is not well; NULL */
	int64_t ts, ts_expire; /* of the one seen */
	int64_t ts_window;     /* 0: none */
	uint8_t served;	       /* enum status_served */
	struct status_verdict verdict;
};

struct status_name {
	const char *name;
	const char *ca; /* interned; the default one's where the row names
			 * none */
	const char *issuer, *key_type, *owner, *fail_class; /* interned, NULL */
	int64_t ts_not_before, ts_not_after; /* 0: no certificate */
	int64_t ts_stored;		     /* 0: not known */
	int64_t ts_renew; /* when it next wants renewal, whatever hinders it;
			   * 0: not known or never */
	int64_t ts_attempt, ts_next_attempt;
	int64_t ts_lease; /* until when it is leased; 0: it is not */
	int64_t ts_key;
	uint32_t key_certs, n_names, count_fail;
	uint32_t receipt, n_receipts; /* in receipts, which are in order of
				       * name, host, service, endpoint */
	uint32_t n_hosts, n_served;   /* hosts that have it; that serve it as
				       * issued at all their endpoints */
	bool enabled, held, renew_asked, stale, has_crt;
	bool by_ari;			/* ts_renew is what the CA asks for */
	struct status_verdict renewal;	/* of the certificate itself */
	struct status_verdict delivery; /* of its hosts; STATUS_WELL: none, or
					 * all serve it */
	uint8_t need;			/* the worse of both */
};

struct status_host {
	const char *host;
	const char *version; /* interned; of its installer; NULL */
	int64_t ts_seen;     /* the newest receipt of its; 0: never */
	int64_t heartbeat;   /* seconds; 0: not known, taken as a day */
	uint32_t n_receipts, n_bad;
	bool account; /* it has one of its own */
	struct status_verdict verdict;
};

struct status_ca {
	const char *name, *directory; /* directory NULL: never used */
	int64_t backoff_until;
	const char *fail_class, *fail_detail; /* or NULL */
	uint32_t n_names;
	uint32_t renewals[3]; /* in the next 7, 30, 90 days, repeated ones
			       * counted */
	struct status_verdict verdict;
};

struct status_fetcher {
	const char *instance, *host, *version;
	int64_t ts_start, ts_end, ts_ok;
	int64_t status, n_ok, n_failed;
	const char *detail; /* or NULL */
	struct status_verdict verdict;
};

struct status_request { /* that waits for somebody */
	int64_t id, ts;
	const char *host, *name;
	bool new_key;
};

struct status_total { /* of attempts */
	int64_t day;  /* since 1970; 0: of days long past */
	const char *ca, *outcome;
	int64_t n;
};

struct status_model {
	struct arena *arena;
	int64_t now;
	const char *store;	   /* its name, for messages */
	struct status_name *names; /* in order of name */
	size_t n_names;
	struct status_host *hosts; /* in order of host */
	size_t n_hosts;
	struct status_receipt *receipts;
	size_t n_receipts;
	struct status_ca *cas; /* in order of name */
	size_t n_cas;
	struct status_fetcher *fetchers;
	size_t n_fetchers;
	struct status_request *requests; /* the oldest ones */
	size_t n_requests;
	uint64_t all_requests;	     /* how many there are */
	struct status_total *totals; /* in order of day, CA, outcome */
	size_t n_totals;
	struct status_verdict fetching; /* of all fetchers: does one run */
	uint64_t counts[3];		/* names by enum status_need */

	/* filter.h: which names, what needs somebody first, then by the time
	 * that is left; hosts alike. */
	uint32_t *order;
	size_t n_order;
	uint32_t *host_order;
	size_t n_host_order;
};

#endif
