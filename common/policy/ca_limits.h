/* SPDX-License-Identifier: MIT */
#ifndef CA_LIMITS_H
#define CA_LIMITS_H

/* What a CA is known to refuse in a CSR, told before an order is spent on it.
 * Pure. */

#include "certrepo_conf.h"
#include "x509.h"

/* CSR is one that x509_csr_check() lets pass. ERR_INPUT: CA takes no such key,
 * not so many names, or no clientAuth; the sentence says what to do, and which
 * other CA of CONF would take it. A limit that is 0 is none. */
int ca_limits_check(const struct certrepo_conf *conf,
		    const struct certrepo_ca *ca, const struct x509_csr *csr,
		    struct err *err) MUST_CHECK;

#endif
