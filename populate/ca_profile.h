/* SPDX-License-Identifier: MIT */
#ifndef CA_PROFILE_H
#define CA_PROFILE_H

/* The profile of its CA that a row is ordered by (draft-ietf-acme-profiles):
 * whether it may be, and what it changes. Pure. */

#include "certrepo_conf.h"
#include "store_offer.h"
#include "strlist.h"
#include "x509.h"

struct ca_profile_in {
	const struct certrepo_ca *ca;	 /* that will sign */
	const struct store_offer *offer; /* of it; NULL: not known */
	const char *row; /* the row's own; NULL: the configuration's */
	const struct x509_csr *csr;	       /* NULL: it cannot be read */
	const struct x509_chain *chain;	       /* what there is now, or NULL */
	const struct store_receipts *installs; /* of its hosts; NULL: */
	const char *installs_fault; /* why they cannot be read, or NULL */
	int64_t days_left;	    /* of the configuration */
	int64_t now;
};

/* ERR_INPUT: not one word of printable ASCII, or longer than the column. */
int ca_profile_word(const char *profile, struct err *err) MUST_CHECK;
/* The profile that counts; NULL: none is asked for, the CA chooses. */
const char *ca_profile_of(const struct ca_profile_in *in);
/* Whether the row's own may be asked for. ERR_INPUT: the CA does not offer it,
 * with what it does offer; the CSR has more names than it takes. What is not
 * known is no reason. */
int ca_profile_check(const struct ca_profile_in *in,
		     struct err *err) MUST_CHECK;
/* What the profile that counts means for this row, in sentences. */
void ca_profile_cost(const struct ca_profile_in *in, struct strlist *ret);

#endif
