/* SPDX-License-Identifier: MIT */
#ifndef PROVE_H
#define PROVE_H

/* Whether a change, or the way back from it, is really served: the
 * endpoints' word, compared with what the journal says there should be and
 * was before. Part of the transaction; txn.c is its only user. */

#include "journal.h"
#include "run.h"
#include "svcstate.h"

struct txn {
	struct run *run;
	const struct svc *svc;
	struct svcstate *state;
	struct journal *j;
	const char *path; /* of the journal */
	struct verify_seen *seen;
};

/* Every endpoint serves the new set, several times in a row, within the
 * service's verify_time; err names the first that does not. */
int prove_served(struct txn *t, struct err *err) MUST_CHECK;
/* Tell the service of the old set, start it if it died, and see that it
 * serves what it did before, or what the old files hold. */
int prove_back(struct txn *t, struct err *err) MUST_CHECK;

/* After prove_back(): every endpoint showed the old set; else *ret_which, in
 * the run's arena, is the first that did not, nor before. */
bool prove_shows_old(const struct txn *t, const char **ret_which);
/* Could none of the endpoints be reached before? */
bool prove_all_down(const struct txn *t);
/* After prove_served(): those that are not right could not be reached before
 * and still cannot. */
bool prove_only_down(const struct txn *t);

/* Receipts: of every certificate; of every endpoint as last seen. */
void prove_report(struct txn *t, const char *state, const char *detail);
void prove_report_endpoints(struct txn *t, bool back);

#endif
