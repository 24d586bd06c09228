/* SPDX-License-Identifier: MIT */
#ifndef HOSTKEY_H
#define HOSTKEY_H

/*
 * What a host believes of a certificate from the store: nothing. It must
 * belong to the key the host has (or has pinned), be good for the names the
 * host serves, be valid now, and lead to an anchor the host trusts. Whoever
 * holds the database can only withhold.
 */

#include "requested.h"
#include "svc.h"
#include "x509.h"

/* The private key, or the pinned public one, of C. */
int hostkey_load(const struct svc_cert *c, struct x509_key **ret,
		 struct err *err) MUST_CHECK;

/* The same; when it is not there, ERR says which command makes it. */
int hostkey_load_or_say(const struct svc_cert *c, struct x509_key **ret,
			struct err *err) MUST_CHECK;

/* Where links lead to from C's private key, in ARENA; as it is called, when
 * that cannot be told. To compare. */
const char *hostkey_path(const struct svc_cert *c, struct arena *arena);
/* Is it a file of its own, which none of C's files is: one that is to be
 * replaced when the key is another. */
bool hostkey_apart(const struct svc_cert *c, struct arena *arena);
/* Put KEY where C's is to be, and nothing is: 0600, its owner we. ERR_CONFLICT:
 * something is there. ERR_IO: its folder is missing, or open to everyone. */
int hostkey_make(const struct svc_cert *c, const struct x509_key *key,
		 struct err *err) MUST_CHECK;
/* Remove what a hostkey_make() that was killed left beside it: a whole key. */
int hostkey_sweep(const struct svc_cert *c, struct err *err) MUST_CHECK;
/* May C's private key be replaced by another? DISK (may be NULL) is what is
 * installed. SHA-256 of its file, as it is now, in RET. ERR_INPUT: it holds
 * more than a key, or lies in somebody else's folder and is not that of
 * DISK, so that he may have put it there for the owner and mode that it
 * has. */
int hostkey_replaceable(const struct svc_cert *c, const struct x509_chain *disk,
			char ret[ENC_SHA256_HEX], struct err *err) MUST_CHECK;

/* One line of all that can be seen of C's key without reading it: another
 * line, maybe another key. */
void hostkey_look(const struct svc_cert *c, struct sbuf *ret);
/* Is there a file of it: 1, 0, -1. */
int hostkey_there(const struct svc_cert *c, struct err *err) MUST_CHECK;
/* Since when it is what it is (Unix seconds); -1 when that cannot be seen,
 * which hostkey_load() gives the reason of. */
int hostkey_since(const struct svc_cert *c, int64_t *ret) MUST_CHECK;
/* Is the key still there, closed to others, and CHAIN's, which is installed?
 * ASKED (may be NULL): what there is to do where a request of it waits.
 * ERR_CONFIG: it is open to others, whatever it is; else the service could not
 * read it either (not there, damaged), or it is another one. */
int hostkey_fits(const struct svc_cert *c, const struct x509_chain *chain,
		 const struct requested *asked, struct err *err) MUST_CHECK;

/* ERR_INPUT with a sentence that says what is wrong with CHAIN and what that
 * means; nothing else is ever returned for a bad certificate. ASKED as in
 * hostkey_fits(). SKEW: seconds that notBefore may lie in the future. */
int hostkey_vet(const struct svc_cert *c, const struct x509_chain *chain,
		const struct x509_key *key, const struct requested *asked,
		const struct x509_trust *trust, int64_t now, int64_t skew,
		struct err *err) MUST_CHECK;

#endif
