/* SPDX-License-Identifier: MIT */
#ifndef CA_LIMITS_H
#define CA_LIMITS_H

/* What a CA is known to refuse in a CSR, told before an order is spent on it,
 * and what it takes and does not certify. Pure. */

#include "certrepo_conf.h"
#include "strlist.h"
#include "x509.h"

enum ca_usage { CA_USAGE_ISSUED, CA_USAGE_LEFT_OUT, CA_USAGE_REFUSED };

/* CSR is one that x509_csr_check() lets pass. ERR_INPUT: CA takes no such key,
 * not so many names, or no clientAuth; the sentence says what to do, and which
 * other CA of CONF would take it. A limit that is 0 is none. */
int ca_limits_check(const struct certrepo_conf *conf,
		    const struct certrepo_ca *ca, const struct x509_csr *csr,
		    struct err *err) MUST_CHECK;
/* Of a CSR that is enrolled only now: so, too, where CA takes it and leaves
 * clientAuth out, which whoever asks for it misses at a host. One that is there
 * already goes on. */
int ca_limits_check_new(const struct certrepo_conf *conf,
			const struct certrepo_ca *ca,
			const struct x509_csr *csr, struct err *err) MUST_CHECK;

/* What CA makes of the clientAuth of CSR; ISSUED when that asks for none. */
enum ca_usage ca_limits_usage(const struct certrepo_ca *ca,
			      const struct x509_csr *csr);
/* Appends a sentence when that is left out. */
void ca_limits_note(const struct certrepo_ca *ca, const struct x509_csr *csr,
		    struct strlist *ret);

#endif
