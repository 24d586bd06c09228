/* SPDX-License-Identifier: MIT */
#ifndef WISH_H
#define WISH_H

/*
 * What is asked for in an order beside its names, a profile of the CA
 * (draft-ietf-acme-profiles) and the certificate that it replaces (RFC 9773
 * section 5), and what it means when the CA does not want that. Pure.
 */

#include "acme.h"
#include "certrepo_conf.h"
#include "reply.h"
#include "store.h"

struct wish {
	const struct store_cert *row;
	const struct certrepo_ca *ca;
	const struct x509_csr *csr;
	const char *profile; /* that was asked for, or NULL */
};

/* The row's, else the one that the configuration has for its CA; or NULL. */
const char *wish_profile(const struct store_cert *row,
			 const struct certrepo_ca *ca);
/* Nobody is asked for a profile that he does not offer. ERR_CONFIG. */
int wish_offered(const struct wish *w, const struct acme_offer *offer,
		 struct err *err) MUST_CHECK;

/* newOrder failed so, and named what it replaces: may it be that alone? Then
 * it is worth being sent again without. */
bool wish_without_replaces(const struct reply *r);

/*
 * What the CA refused, at newOrder (with PROBLEM, its type) or for a CSR that
 * was sent (FINALIZE; PROBLEM may be NULL), in the light of what was asked for:
 * *f becomes "config" when that is the profile; "bad-csr" that lasts when it is
 * a usage of its key which the CSR asks for, and was so the time before. What
 * is nobody's wish (limits, CAA and DNS, the account, a CA in trouble) stays.
 */
enum wish_step { WISH_ORDER, WISH_FINALIZE };
void wish_explain(const struct wish *w, enum wish_step step,
		  const char *problem, struct fail *f);

#endif
