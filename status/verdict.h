/* SPDX-License-Identifier: MIT */
#ifndef VERDICT_H
#define VERDICT_H

/*
 * Which row of why.h is so of a certificate, a receipt, a host, a CA, a fetcher
 * at m->now, and whether somebody has to do something. Pure. An instant in the
 * store is believed as far ahead as its own rule reaches, and what is not known
 * is never well. In the order of the functions, each goes by those before it.
 */

#include "why.h"

/* A host is silent after twice its heartbeat (a day where it does not say) and
 * this. */
#define VERDICT_SILENT_MORE 3600
/* A fetcher is when it did not begin a run for so long: a daily one may come
 * two hours late. */
#define VERDICT_FETCH_MOST (26 * 3600)

/* What of a row only its own verdict needs. */
struct verdict_row {
	int64_t ts_due;
	bool foreign; /* another program wrote it */
};

/* F of m->fetchers; and m->fetching, of all of them. */
void verdict_fetcher(const struct status_model *m, struct status_fetcher *f);
void verdict_fetching(struct status_model *m);
void verdict_ca(const struct status_model *m, struct status_ca *c);
/* ts_renew, by_ari, and renewal. ARI: the instant in the CA's window; 0. */
void verdict_name(const struct status_model *m, struct status_name *n,
		  const struct verdict_row *row, int64_t ari);
/* Is H silent, or was it? Before its receipts, which it counts then. */
void verdict_host_seen(const struct status_model *m, struct status_host *h);
/* Its host's n_bad counts it, if it is. */
void verdict_receipt(const struct status_model *m, struct status_receipt *r);
/* When it was granted is not known, so that it is never late. */
void verdict_grant(struct status_grant *g);
/* delivery, n_hosts, n_served and need, from the receipts of N. */
void verdict_delivery(const struct status_model *m, struct status_name *n);
void verdict_host(const struct status_model *m, struct status_host *h);

/* The end of the time in which a host had to serve what N has; 0: nothing is
 * to be served. */
int64_t verdict_deadline(const struct status_model *m,
			 const struct status_name *n);

#endif
