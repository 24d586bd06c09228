/* SPDX-License-Identifier: MIT */
#ifndef X509_CHANGE_H
#define X509_CHANGE_H

/* What a host notices of a certificate that came by another profile of its
 * CA: the fetcher says it of the two it has, populate of what is to come.
 * Pure. */

#include "x509.h"

struct x509_traits {
	int64_t life; /* seconds; 0: not known */
	bool client_auth, has_cn;
};
struct x509_traits x509_traits_of(const struct x509_chain *chain);

/* What is lost from BEFORE to AFTER, for "the new certificate ...": "lives 45
 * days instead of 90 days, has no clientAuth (TLS client authentication), has
 * no CN"; the caller's. NULL: nothing, or a tenth of its life at most. */
char *x509_change_text(const struct x509_traits *before,
		       const struct x509_traits *after);

#endif
