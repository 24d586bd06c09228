/* SPDX-License-Identifier: MIT */
#ifndef WHY_H
#define WHY_H

/*
 * Why a certificate will or will not be renewed or installed today: one row of
 * a fixed table for each reason there is. Pure. verdict.h chooses the row.
 */

#include "model.h"
#include "sbuf.h"

enum why {
	WHY_NONE,
	/* of a certificate: its renewal */
	WHY_THIRD, /* renewed later, by the rule */
	WHY_HALF,
	WHY_DAYS_LEFT,
	WHY_ARI,
	WHY_BEFORE_ARI,
	WHY_DISABLED,
	WHY_HELD,
	WHY_LEASED,
	WHY_LEASE_LATE,
	WHY_PARKED,
	WHY_CA_RESTS,
	WHY_BACKOFF,
	WHY_BACKOFF_FREE, /* it is not held, however long that goes on */
	WHY_BACKOFF_FAR,
	WHY_POSTPONED,
	WHY_REPLACED,
	WHY_MISSING,
	WHY_DUE,
	WHY_DUE_DAYS_LEFT,
	WHY_DUE_ARI,
	WHY_OVERDUE,
	WHY_NO_FETCHER,
	WHY_NO_CA,
	WHY_FOREIGN,
	WHY_NOT_YET,
	/* of a certificate: its hosts */
	WHY_NO_HOST,
	WHY_NOT_REPORTED,
	WHY_HOSTS_UNREAD,
	/* of what a host may read */
	WHY_GRANTED,
	/* of a receipt */
	WHY_SERVED,
	WHY_INSTALLED,
	WHY_ACTIVATED,
	WHY_SERVES_OLD,
	WHY_NOT_SERVED,
	WHY_NOT_FETCHED,
	WHY_NOT_INSTALLED,
	WHY_WINDOW,
	WHY_WINDOW_PAST,
	WHY_WINDOW_UNKNOWN,
	WHY_OPERATOR,
	WHY_HELD_THERE,
	WHY_REFUSED,
	WHY_ROLLED_BACK,
	WHY_KEY,
	WHY_NOT_OURS,
	WHY_FAILED,
	WHY_DRIFT,
	WHY_SERVES_EXPIRED,
	WHY_PLACEHOLDER,
	WHY_STOPPED,
	WHY_NEEDS,
	WHY_OF_SILENT,
	WHY_STATE_UNKNOWN,
	WHY_AHEAD,
	WHY_UNTOLD,
	WHY_UNSEEN,
	/* of a host */
	WHY_HOST_WELL,
	WHY_HOST_SILENT,
	WHY_HOST_NEW,
	WHY_HOST_NEVER,
	WHY_HOST_BAD,
	WHY_HOST_FAILED,
	WHY_HOST_AHEAD,
	WHY_HOST_UNREAD,
	WHY_HOST_STRANGE,
	WHY_HOST_TOO_MANY,
	/* of a CA */
	WHY_CA_WELL,
	WHY_CA_REST,
	WHY_CA_ACCOUNT,
	WHY_CA_FAR,
	WHY_CA_UNUSED,
	WHY_CA_GONE,
	/* of fetchers, and of one */
	WHY_FETCH_WELL,
	WHY_FETCH_RUNS,
	WHY_FETCH_UNKNOWN,
	WHY_FETCH_NEVER,
	WHY_FETCH_UNREAD,
	WHY_FETCH_SILENT,
	WHY_FETCH_HANGS,
	WHY_FETCH_FAILS,
	WHY_FETCH_AHEAD,
	WHYS
};

/* One word of the state, for tables and filters: "ok", "expired", "held",
 * "failing", "not-served", "silent", ... */
const char *why_state(const struct status_verdict *v);
/* What it waits for, a few words: "a person", "its window", "the CA"; ""
 * where it waits for nothing. */
const char *why_waits_for(const struct status_verdict *v);
/* All the states there are, one after the other, for filters and for series
 * that name each; NULL at the end. */
const char *why_states(size_t i);
/* Of a certificate and its hosts, what is the worse: what its line says. */
const struct status_verdict *why_worse(const struct status_name *n);

/* A sentence, with the instant and the setting's name, appended to OUT. V is
 * N's renewal, or its delivery: then that of the receipt which has it. */
void why_name_text(const struct status_model *m, const struct status_name *n,
		   const struct status_verdict *v, struct sbuf *out);
void why_receipt_text(const struct status_model *m,
		      const struct status_receipt *r, struct sbuf *out);
void why_grant_text(const struct status_model *m, const struct status_grant *g,
		    struct sbuf *out);
void why_host_text(const struct status_model *m, const struct status_host *h,
		   struct sbuf *out);
void why_ca_text(const struct status_model *m, const struct status_ca *c,
		 struct sbuf *out);
void why_fetcher_text(const struct status_model *m,
		      const struct status_fetcher *f, struct sbuf *out);
void why_fetching_text(const struct status_model *m, struct sbuf *out);

#endif
