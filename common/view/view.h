/* SPDX-License-Identifier: MIT */
#ifndef VIEW_H
#define VIEW_H

/*
 * A row as a person or a program wants to see it. The derived columns belong
 * to the certificate only while crt_sha256 is that of crt; a row a 2019
 * script wrote is read from the certificate itself.
 */

#include "certrepo_conf.h"
#include "store.h"
#include "store_offer.h"
#include "strlist.h"
#include "x509.h"

#define VIEW_ATTEMPTS 10

struct view {
	const struct store_cert *row;
	struct x509_csr *csr;	  /* NULL: csr_fault says why */
	struct x509_chain *chain; /* NULL: none, or crt_fault says why */
	struct err csr_fault, crt_fault;
	struct err installs_fault; /* kind not ERR_NONE: this account may not */
	bool stale;		   /* the columns were not those of crt */
	int64_t ts_expire, ts_not_before; /* 0: no certificate */
	struct store_attempts attempts;	  /* of the store, newest first */
	struct store_receipts installs;
	struct store_ca ca;	  /* name NULL: the fetcher never used it */
	struct store_order order; /* url NULL: none is under way */
	const struct store_offer *offer;  /* of that CA; NULL: not known */
	struct store_chains chains;	  /* which it was seen to give */
	int64_t days_left;		  /* of the configuration */
	const struct certrepo_ca *signer; /* NULL: not in the configuration */
	const char *fetcher; /* the command, see populate_fetcher(); or NULL */
};

/* Reads what the row holds; row is borrowed. Cannot fail. */
void view_make(const struct store_cert *row, struct view *ret);
void view_free(struct view *v); /* for AUTO too */

/* "enabled", "disabled", "held". */
const char *view_state(const struct store_cert *row);
/* Whole days until T, rounded down; negative once it has passed. */
int64_t view_days(int64_t t, int64_t now);
/* As text for a person, appended to out. HINT stands between a program's name
 * and what it is to do, in commands to be copied: "" or " -c FILE". */
void view_text(const struct view *v, const char *default_ca, int64_t now,
	       const char *hint, struct sbuf *out);
/* As one JSON object with a newline. Times are UTC seconds, null for never. */
void view_json(const struct view *v, const char *default_ca, int64_t now,
	       struct sbuf *out);
/* Since when an order waits for its CA, which takes its time; 0: none does. */
int64_t view_parked(const struct view *v);
/* Does the fetcher leave it alone? An instant that a wrong clock wrote it does
 * not believe. */
bool view_ca_rests(const struct store_ca *ca, int64_t now);
/* "    TIME  WHO SERVICE ENDPOINT: state, serial ...": one of what hosts said,
 * WHO is its host, or its name. */
void view_receipt_text(const struct store_receipt *r, const char *who,
		       struct sbuf *out);
/* Its members but host and name, without braces. */
void view_receipt_json(const struct store_receipt *r, struct sbuf *out);
/* What is known to be wrong with the row's request and CA, in sentences. */
void view_notes(const struct view *v, struct strlist *ret);
/* What the CA asks for, as the member "ari"; STALE: the row's columns are of
 * another certificate. */
void view_json_ari(const struct store_cert *row, bool stale, struct sbuf *out);
/* The members that list and show have in common besides, without braces. */
void view_json_common(const struct store_cert *row, int64_t ts_expire,
		      const char *default_ca, int64_t now, struct sbuf *out);

#endif
