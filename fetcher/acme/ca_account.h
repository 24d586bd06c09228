/* SPDX-License-Identifier: MIT */
#ifndef CA_ACCOUNT_H
#define CA_ACCOUNT_H

/* Our account at a CA, as far as our own files and settings say. */

#include "certrepo_conf.h"
#include "fail.h"
#include "store.h"

/* A digest, 64 characters, of what a new account is asked for with: its key,
 * contact, agree_tos, eab_alg and the key of eab_kid. As long as it is the
 * same, a CA that refused has no reason to think otherwise. A file that cannot
 * be used counts as that. The caller's. */
char *ca_account_asked(const struct certrepo_ca *ca);

/* No account can be made: there is no key yet, so none is to be found either,
 * and the key of eab_kid cannot be used. What is wrong, in *f. */
bool ca_account_fault(const struct certrepo_ca *ca, struct fail *f);

/* ROW is of the same eab_kid, or of none as we have none. */
bool ca_account_same_kid(const struct certrepo_ca *ca,
			 const struct store_ca *row);
/* ROW rests for a fault of the account: its account_key is ca_account_asked()
 * of then, NULL for a fault of ours. Has the CA heard nothing of what we would
 * say now? */
bool ca_account_mended(const struct certrepo_ca *ca,
		       const struct store_ca *row);

/* A binding is made with the account and stays: the eab_kid of the account at
 * URL, as ROW has it, where CA's is another; borrowed of ROW. NULL: it is the
 * same, or not known. */
const char *ca_account_bound(const struct certrepo_ca *ca,
			     const struct store_ca *row, const char *url);
void ca_account_warn(const struct certrepo_ca *ca, const char *bound);

#endif
