/* SPDX-License-Identifier: MIT */
#ifndef X509_ARI_H
#define X509_ARI_H

/* How a CA is asked about a certificate of its own (RFC 9773 section 4.1). */

#include "x509.h"

#define X509_ARI_MAX 200 /* characters */

/* Of the leaf: base64url of the authority key identifier's keyIdentifier, a
 * ".", base64url of the serial number's DER value (with the 00 before a high
 * bit). RET holds X509_ARI_MAX + 1. False: there is none, since it has no
 * keyIdentifier, or a longer one than anybody's. */
bool x509_ari_id(const struct x509_chain *chain, char *ret);

#endif
