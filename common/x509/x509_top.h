/* SPDX-License-Identifier: MIT */
#ifndef X509_TOP_H
#define X509_TOP_H

/* The upper end of a chain, by which one is told from another of the same
 * leaf (RFC 8555 section 7.4.2): its topmost certificate as hosts get it, a
 * root left aside, and who issued that. */

#include "arena.h"
#include "x509.h"

#define X509_TOP_ISSUER 200 /* of its issuer, at most */

struct x509_top {
	const char *issuer; /* its CN, or whole DN; printable ASCII */
	const char *dn[2];  /* the whole, as RFC 2253 has it, and the other way
			     * round, as openssl prints it */
	char sha256[ENC_SHA256_HEX]; /* "" when the leaf is all there is */
};
/* Strings in ARENA. */
void x509_top_of(const struct x509_chain *chain, struct arena *arena,
		 struct x509_top *ret);
/* Does TEXT mean it? An issuer's CN or DN, blanks, quotes and case aside, or a
 * SHA-256 in hexadecimal, colons aside. */
bool x509_top_is(const struct x509_top *top, const char *text);

#endif
