/* SPDX-License-Identifier: MIT */
#ifndef X509_SELF_H
#define X509_SELF_H

/*
 * A placeholder: a certificate of the host's key, signed by that key, so that
 * a service starts before a CA has issued one. Nobody trusts it.
 */

#include "x509.h"

/* The organization in its subject, which is its issuer, too. */
#define X509_SELF_MARK "certrepo placeholder"

struct x509_self {
	const struct x509_key *key; /* the private one */
	/* DNS names, wildcards among them, at least one; the first is the CN,
	 * too, where it fits in. Given twice, one stands there once. */
	const char *const *names;
	size_t n;
	int64_t from, until; /* Unix seconds */
};

/* One of a server, for clients as well, of no CA. ERR_INPUT: the key cannot
 * sign. */
int x509_self_make(const struct x509_self *s, struct x509_chain **ret,
		   struct err *err) MUST_CHECK;
/* The leaf is such a one, of whatever key. Whoever has the file and a key can
 * make one as well: nothing may be believed because of it. */
bool x509_self_is(const struct x509_chain *chain);

#endif
