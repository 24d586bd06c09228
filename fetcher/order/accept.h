/* SPDX-License-Identifier: MIT */
#ifndef ACCEPT_H
#define ACCEPT_H

/*
 * What a CA issued, held against what was asked for. Nothing that fails
 * here is stored. Pure but for parsing.
 */

#include "enc.h"
#include "store.h"
#include "x509.h"

/* How far a CA's clock may be ahead of ours. */
#define ACCEPT_SKEW 3600

/* The columns of the row, strings its own. */
struct accept_cert {
	char *crt; /* the leaf, PEM */
	char *ca;  /* every intermediate in order, no root; may be "" */
	char md5_ca[ENC_MD5_HEX];
	char crt_sha256[ENC_SHA256_HEX];
	char fingerprint[ENC_SHA256_HEX];
	int64_t not_before, not_after;
	struct x509_chain *chain; /* all of it, as it was read */
};

/*
 * PEM is the CA's answer, leaf first. Refused (ERR_INPUT, a sentence) unless:
 * its key is the CSR's; its names are the CSR's, no more and no fewer; it is
 * valid at NOW; each certificate is signed by the next one; it fits the
 * store.
 */
int accept_check(const void *pem, size_t len, const struct x509_csr *csr,
		 int64_t now, struct accept_cert *ret,
		 struct err *err) MUST_CHECK;
/* Can it be read as certificates at all? */
bool accept_is_chain(const void *pem, size_t len);
void accept_free(struct accept_cert *c);

/* The derived columns of a row whose crt somebody else wrote. ret_* point
 * into ret. ERR_INPUT when crt is no certificate. */
struct accept_derived {
	char crt_sha256[ENC_SHA256_HEX];
	int64_t not_before, not_after;
};
int accept_derive(struct store_blob crt, struct accept_derived *ret,
		  struct err *err) MUST_CHECK;

#endif
