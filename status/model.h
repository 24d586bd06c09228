/* SPDX-License-Identifier: MIT */
#ifndef MODEL_H
#define MODEL_H

/*
 * The fleet as one run of certrepo-status knows it: what was read from the
 * store at one time, and what was made of it. load.h fills it, verdict.h
 * judges, filter.h chooses and sorts, and what writes it out only reads.
 * 100,000 names, 50,000 hosts and 300,000 receipts fit in 50 MiB: strings that
 * many have in common are interned and may be compared as pointers, and
 * sentences are made when they are shown.
 *
 * Strings are other people's words: they are cleaned where they are shown.
 * Instants are UTC seconds, 0 for never.
 */

#include <stdbool.h>
#include <stdint.h>
#include "arena.h"
#include "fleet_read.h"
#include "receipt_state.h"

/* Does somebody have to do something? */
enum status_need {
	STATUS_WELL,
	STATUS_WATCH, /* not now: it waits, or is tried again by itself */
	STATUS_ACT,   /* yes */
};
#define STATUS_NEEDS 3

/* What verdict.h found. WHY is a row of the table of why.h; WHEN is the instant
 * its sentence has. Packed: there are half a million of them. */
struct status_verdict {
	int64_t when; /* 0: none */
	uint16_t why;
	uint8_t need;  /* enum status_need */
	uint8_t ended; /* and its certificate has expired */
} __attribute__((__packed__, __aligned__(4)));

enum status_served {
	STATUS_UNSEEN,	 /* nobody said, or not of its endpoint */
	STATUS_CURRENT,	 /* it is what was issued last */
	STATUS_PREVIOUS, /* it is the one before */
	STATUS_OTHER,	 /* neither */
	STATUS_UNKNOWN,	 /* it cannot be told: what was issued is not known */
};

/* What many receipts have in common. */
struct status_kind {
	const char *service;
	const char *protocol; /* NULL */
	const char *profile;  /* NULL: an older installer wrote it */
	const char *needs;    /* NULL: the same */
	const char *state;    /* its word in the store */
	int code;	      /* enum receipt_state; -1: none that we know */
	bool placeholder;     /* it said that this is what is there */
};

/* A receipt: what a host says of a certificate and an endpoint. */
struct status_receipt {
	uint32_t name, host;		/* places in names and hosts */
	const struct status_kind *kind; /* interned */
	const char *endpoint;		/* interned; "" of its files */
	const char *detail;		/* kept where it is not well; NULL */
	int64_t ts, ts_expire;		/* of the one seen */
	int64_t ts_window;		/* 0: none; -1: not known */
	struct status_verdict verdict;
	uint8_t served; /* enum status_served */
};

struct status_name {
	const char *name;
	const char *ca; /* interned; the default one's where the row names
			 * none; NULL: that is not known */
	const char *issuer, *key_type, *owner, *fail_class; /* interned, NULL */
	const char *fail_detail; /* NULL: none, or one of very many */
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
	/* A host that was granted it, where no host reports it; and since when
	 * one could have: the least of their accounts' age. */
	const char *may_read;
	int64_t ts_may_read;
	uint32_t n_hosts, n_served; /* hosts that have it; that serve it as
				     * issued at all their endpoints */
	bool enabled, held, renew_asked, has_crt;
	bool elsewhere; /* in a model of one host: others report it, which are
			 * not in it */
	bool stale;  /* what is known of the certificate is not of this one: of
		      * issuer, key, names, and what hosts serve */
	bool by_ari; /* ts_renew is what the CA asks for */
	bool client_auth;
	uint8_t rank; /* filter.h: of those that need somebody, which first */
	uint8_t need; /* the worse of both: */
	struct status_verdict renewal;	/* of the certificate itself */
	struct status_verdict delivery; /* of its hosts: the worst of its
					 * receipts; why 0: there are none */
};

struct status_host {
	const char *host;
	const char *version; /* interned; of its installer; NULL */
	int64_t ts_seen;     /* the newest receipt of its; 0: never */
	const char *failed;  /* what its last run did not do, its words; NULL */
	int64_t ts_added;    /* its account; 0: it has none of its own */
	int64_t heartbeat;   /* seconds; 0: not known, taken as a day */
	uint32_t n_receipts, n_bad; /* of names that are enrolled */
	uint32_t n_strange;	    /* of names that are not */
	bool too_many;		    /* it says more than is read of one host */
	bool account;		    /* it has one of its own */
	struct status_verdict verdict;
};

/* What a host may read, by an account of its own, and does not report. */
struct status_grant {
	uint32_t name; /* a place in names */
	const char *host;
	struct status_verdict verdict;
};

struct status_ca {
	const char *name, *directory; /* directory NULL: never used */
	int64_t backoff_until;
	const char *fail_class, *fail_detail; /* or NULL */
	uint32_t n_names;		      /* that are enabled */
	uint32_t renewals[3]; /* in the next 7, 30, 90 days, repeated ones
			       * counted */
	bool configured;      /* of certrepo.conf, as far as that is known */
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

/* What the fetcher wrote of its configuration. */
struct status_settings {
	bool known;		/* else the defaults are taken */
	const char *default_ca; /* NULL: not known */
	const char *cas;	/* names, blanks between; NULL: not known */
	int64_t days_left;	/* 0: the rule */
	int64_t count_fail_limit;
	int64_t deliver_within; /* 0: the rule */
	int64_t order_timeout;
};

struct status_model {
	struct arena *arena;
	int64_t now;
	const char *store; /* its name, for messages */
	struct status_settings set;
	/* Why a part of the store could not be read, a sentence; NULL: it was.
	 * What comes from it is unknown, not absent. */
	const char *unread[FLEET_PARTS];
	struct status_name *names; /* in order of name */
	size_t n_names;
	struct status_host *hosts; /* in order of host */
	size_t n_hosts;
	struct status_receipt *receipts;
	size_t n_receipts;
	struct status_grant *grants; /* of one name or host alone */
	size_t n_grants;
	struct status_ca *cas; /* in order of name */
	size_t n_cas;
	int64_t ts_made; /* the tables where fetchers say that they run */
	struct status_fetcher *fetchers;
	size_t n_fetchers;
	struct status_request *requests; /* the oldest ones */
	size_t n_requests;
	uint64_t all_requests;	     /* how many there are */
	struct status_total *totals; /* in order of day, CA, outcome */
	size_t n_totals;
	struct status_verdict fetching; /* of all fetchers: does one run */
	/* Of all there are, by enum status_need. */
	uint64_t counts[STATUS_NEEDS], host_counts[STATUS_NEEDS];
	bool whole; /* of the fleet, not of one name or host */

	/* filter.h: which names, what needs somebody first, then by the time
	 * that is left; hosts alike. */
	uint32_t *order;
	size_t n_order;
	uint32_t *host_order;
	size_t n_host_order;
	bool filtered; /* some are left out */
};

/* Exit status of a look at it: 1 when somebody has to do something, or a part
 * of it could not be read; else 0. Of what was chosen alone, when something was
 * left out. */
int model_exit(const struct status_model *m);
/* How many CAs need somebody. */
size_t model_cas_act(const struct status_model *m);
/* How many parts of the store could not be read. */
size_t model_unread(const struct status_model *m);
/* That of the name CA, which may be NULL; NULL: there is none. */
const struct status_ca *model_ca(const struct status_model *m, const char *ca);
/* Is T an instant that has passed, as far as clocks may be apart? Of one that
 * lies ahead, a wrong clock wrote it. */
bool model_past(const struct status_model *m, int64_t t);
void model_free(struct status_model *m); /* for AUTO */

#endif
